//! What is shown below the options of `muster roster`.

pub(in crate::cli) const ROSTER: &str = "\
Examples:
  muster roster declare TUC-0412 'mon-fri 06:00-18:00;!2026-11-26'
  muster roster limits tucson day:12h:warn week-from-mon:40h:block --agency tucson
  muster roster exclude TUC-0412 --site tucson-001

Officers, with a token of theirs, declare for themselves; a coordinator (--agency) changes the
roster of the own agency; an operator changes everything. `muster import` reads whole files.";

pub(in crate::cli) const ROSTER_DECLARE: &str = "\
Examples:
  muster roster declare TUC-0412 always
  muster roster declare TUC-0412 'mon-fri 06:00-18:00;sat 08:00-12:00;!2026-11-26'

Times are local to the site of the work. It replaces what was declared before.";

pub(in crate::cli) const ROSTER_PREFER: &str = "\
Examples:
  muster roster prefer TUC-0412 --district 'Desert Unified' --notice 24h
  muster roster prefer TUC-0412 --near 32.22174,-110.92648 --within-metres 25000
  muster roster prefer TUC-0412 --quiet 22:00-06:00
  muster roster prefer TUC-0412        anything, at any hour

Preferences narrow who is pushed: the officer sees other work, and may accept it.";

pub(in crate::cli) const ROSTER_BIND: &str = "\
Examples:
  muster roster bind tucson            officers accept only what they prefer
  muster roster bind tucson --off      preferences narrow the push only";

pub(in crate::cli) const ROSTER_LIMITS: &str = "\
Examples:
  muster roster limits tucson week-from-mon:40h:block day:12h:warn rest:8h:block
  muster roster limits tucson 14-days:80h:block --from 2027-01-01T00:00
  muster roster limits tucson          no limits any more

Days are those of the site of the work. block: not eligible; warn: the award is flagged.";

pub(in crate::cli) const ROSTER_LIFT: &str = "\
Examples:
  muster roster lift TUC-0412 --vacancy vac_0193… --reason 'funeral detail'
  muster roster lift TUC-0412 --from 2026-12-01T00:00 --until 2026-12-03T00:00 --reason festival

Only the home agency lifts its limits. The award is flagged with its figures all the same.";

pub(in crate::cli) const ROSTER_CERTIFY: &str = "\
Examples:
  muster roster certify TUC-0412 azpost --until 2028-07-01T00:00
  muster roster revoke TUC-0412 ade-sso

Work that is held beyond the end of a certification is flagged for the coordinator; no slot is
taken away. Who comes to more by one is offered what is open.";

pub(in crate::cli) const ROSTER_APPROVE: &str = "\
Examples:
  muster roster approve TUC-0412 sso --agency tucson
  muster roster withdraw-approval TUC-0412 sso --agency tucson";

pub(in crate::cli) const ROSTER_SUSPEND: &str = "\
Examples:
  muster roster suspend TUC-0412 --agency tucson
  muster roster reinstate TUC-0412 --agency tucson

What a suspended officer holds is flagged and stays held: see `muster recall`.";

pub(in crate::cli) const ROSTER_END_PACT: &str = "\
Example:
  muster roster end-pact tucson pima-so

It ends now. `muster import pacts` makes them.";

pub(in crate::cli) const ROSTER_EXCLUDE: &str = "\
Examples:
  muster roster exclude TUC-0412 --site tucson-001
  muster roster exclude TUC-0412 --district 'Desert Unified' --lead tucson
  muster roster readmit TUC-0412 --site tucson-001";

pub(in crate::cli) const ROSTER_LAST_TIER: &str = "\
Examples:
  muster roster last-tier traffic-control --class community-service-officer --waive azpost
  muster roster approve-last-tier vac_0193… --by 'the chief'

A last tier comes after all others, for one vacancy at a time, with who approved it on record.";

pub(in crate::cli) const ROSTER_LADDER: &str = "\
Examples:
  muster roster ladder tucson 5:sergeant 16:commander
  muster roster ladder tucson 5:sergeant:every-5@2027-01-01.. --higher-fills
  muster roster ladder tucson          no ladder any more

Supervisors replace officers, they are not added. `post --slots N` takes the ladder's ranks.";
