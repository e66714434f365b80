//! Who hears of work later has a moment at which they do.

use super::{Unsound, hold};
use crate::core::state::{Deadline, Durable};
use crate::model::{OfficerId, Widening};

pub(super) fn check(durable: &Durable) -> Result<(), Unsound> {
    let is_officer = |officer: &OfficerId| durable.roster.officers.find(*officer).is_some();
    let is_known = |who: &Widening| {
        let mut agencies = who.agencies.iter();
        who.named().iter().all(|officer| is_officer(&officer))
            && agencies.all(|agency| durable.roster.agencies.find(*agency).is_some())
    };
    let mut widened = durable.widened.iter();
    let widened = widened.all(|(from, who)| {
        is_known(who) && durable.deadlines.contains(&(*from, Deadline::Widened))
    });
    hold(widened, "officers who would never hear of work")?;
    let offering = durable.offering.as_ref().is_none_or(|offering| {
        let due = (offering.since, Deadline::Offering);
        is_known(&offering.who) && durable.deadlines.contains(&due)
    });
    hold(offering, "officers who would hear of some work only")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AgencyId, Offering, Place, Timestamp, VacancyId};

    fn somebody() -> Widening {
        let mut who = Widening::default();
        who.officers.insert(OfficerId(7));
        who
    }

    #[test]
    fn who_would_never_hear_is_refused() {
        assert_eq!(check(&Durable::default()), Ok(()));
        let now = Timestamp(0);
        let mut nobody = Durable::default();
        nobody.widened.insert(now, Widening::default());
        assert!(check(&nobody).is_err(), "nothing falls due");
        nobody.deadlines.insert((now, Deadline::Widened));
        assert_eq!(check(&nobody), Ok(()));
        nobody.widened.insert(now, somebody());
        assert!(check(&nobody).is_err(), "nobody has this number");
    }

    #[test]
    fn who_would_hear_of_some_work_only_is_refused() {
        let after = Place {
            lead: AgencyId(0),
            start: Timestamp(0),
            vacancy: VacancyId(0),
        };
        let since = Timestamp(3);
        let who = Widening::default();
        let mut durable = Durable {
            offering: Some(Offering { who, after, since }),
            ..Durable::default()
        };
        assert!(check(&durable).is_err(), "nothing falls due");
        durable.deadlines.insert((since, Deadline::Offering));
        assert_eq!(check(&durable), Ok(()));
    }
}
