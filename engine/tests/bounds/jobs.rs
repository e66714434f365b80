//! Bounds of jobs, and of what agencies say about them.

use engine::core::Event;
use engine::core::{JobAct, JobRefusal, JobSay, NewBrief, NewJobRule, NewProvision};
use engine::limits::{JOB_ATTRIBUTES_MAX, JOB_RULES_MAX, JOBS_MAX, NAME_LEN_MAX, NOTE_LEN_MAX};
use engine::model::{Code, JobEffect, JobStep};

use super::*;

fn rules(rules: Vec<NewJobRule>) -> Body {
    Body::Roster(vec![RosterChange::Provided(NewProvision::JobRules {
        agency: "chandler".into(),
        required: false,
        programmes: vec![],
        verified: false,
        rules,
    })])
}

fn rule(attribute: &str, effect: JobEffect, valid: Interval) -> NewJobRule {
    let attribute = attribute.into();
    NewJobRule {
        attribute,
        effect,
        valid,
    }
}

fn asked(change: impl FnOnce(&mut NewBrief)) -> Body {
    let mut new = NewBrief {
        lead: "chandler".into(),
        programme: "sso".into(),
        customer: "Invented".into(),
        what: "Invented".into(),
        attributes: vec![],
        officers: 1,
    };
    change(&mut new);
    said(JobSay::Ask(new))
}

fn permitted(attribute: &str) -> Body {
    said(JobSay::Permit {
        version: 1,
        attribute: attribute.into(),
        by: "chief".into(),
        reason: "Invented".into(),
    })
}

fn said(say: JobSay) -> Body {
    let job = "J-1".into();
    Body::Job(Box::new(JobAct { job, say }))
}

#[test]
fn what_a_customer_asks_for_has_its_bounds() {
    let attributes = |count: usize| {
        let each = (0..count).map(|number| format!("kind-{number}"));
        asked(|new| new.attributes = each.collect())
    };
    let customer = |length| asked(|new| new.customer = "x".repeat(length));
    let what = |length| asked(|new| new.what = "x".repeat(length));
    let officers = |officers: usize| {
        let officers = u16::try_from(officers).expect("a few hundred");
        asked(|new| new.officers = officers)
    };
    let no = Some(Invalid::Job);
    check(vec![
        ("most attributes", attributes(JOB_ATTRIBUTES_MAX), None),
        ("one more", attributes(JOB_ATTRIBUTES_MAX + 1), no.clone()),
        ("the longest customer", customer(NAME_LEN_MAX), None),
        ("a longer one", customer(NAME_LEN_MAX + 1), no.clone()),
        ("no customer", customer(0), no.clone()),
        ("the longest work", what(NOTE_LEN_MAX), None),
        ("longer work", what(NOTE_LEN_MAX + 1), no.clone()),
        ("nothing to do", what(0), no.clone()),
        ("most officers", officers(SLOTS_MAX), None),
        ("one officer more", officers(SLOTS_MAX + 1), no.clone()),
        ("nobody", officers(0), no),
    ]);
}

#[test]
fn job_rules_are_so_many_and_ask_for_somebody() {
    let allow = || rule("parade", JobEffect::Allow, Interval::ALWAYS);
    let many = |count| rules((0..count).map(|_| allow()).collect());
    let least = |least| {
        let effect = JobEffect::Officers { least };
        rules(vec![rule("parade", effect, Interval::ALWAYS)])
    };
    let no = Some(Invalid::JobRules);
    check(vec![
        ("most rules", many(JOB_RULES_MAX), None),
        ("one more", many(JOB_RULES_MAX + 1), no.clone()),
        ("one officer", least(1), None),
        ("no officer", least(0), no),
    ]);
}

#[test]
fn a_permit_is_of_a_rule_that_is_not_over_and_is_given_once() {
    let mut state = town();
    let until = |end: i64| Interval {
        start: Timestamp(NOW.0 - 1),
        end: Timestamp(NOW.0 + end),
    };
    let unless = |attribute, end| rule(attribute, JobEffect::DenyUnlessPermitted, until(end));
    let said = vec![unless("over", 0), unless("last", 1), unless("other", 1)];
    settle(&mut state, rules(said));
    let attributes = ["over", "last", "other"].map(String::from).to_vec();
    let ask = asked(|new| new.attributes = attributes);
    settle_as(&mut state, Actor::Operator, NOW, ask);
    let lead = state.roster().agency("chandler").expect("it was added");
    let by = Actor::Coordinator(lead);
    let code = |text| Code::parse(text).expect("it is a code");
    let (job, attribute) = (code("J-1"), code("over"));
    let none = Refusal::Job(Box::new(JobRefusal::NoPermit { job, attribute }));
    assert_eq!(
        judge_as(&state, by, NOW, permitted("over")).err(),
        Some(none)
    );
    settle_as(&mut state, by, NOW, permitted("last"));
    let again = judge_as(&state, by, NOW, permitted("last")).err();
    assert_eq!(again, Some(Refusal::Unchanged));
    settle_as(&mut state, by, NOW, permitted("other"));
}

/// What was asked for once is asked for under other codes, in one record for all.
#[test]
fn an_installation_holds_so_many_jobs() {
    let mut state = town();
    let Ok(Outcome::New(first)) = judge(&state, asked(|_| ())) else {
        panic!("a job may be asked for")
    };
    let [Event::Job(step)] = &*first else {
        panic!("it is all that happens")
    };
    let as_job = |number: usize| {
        let job = Code::parse(&format!("K-{number}")).expect("a short code");
        let said = step.said.clone();
        Event::Job(Box::new(JobStep { job, said }))
    };
    let events: Vec<Event> = (1..JOBS_MAX).map(as_job).collect();
    record(&mut state, Actor::Operator, NOW, events.into());
    assert!(
        judge(&state, asked(|_| ())).is_ok(),
        "the last there may be"
    );
    settle(&mut state, asked(|_| ()));
    assert_eq!(state.jobs().len(), JOBS_MAX);
    let (kind, limit) = (Kind::Job, JOBS_MAX as u64);
    let act = JobAct {
        job: "J-2".into(),
        say: match asked(|_| ()) {
            Body::Job(act) => act.say,
            other => unreachable!("a job is asked for: {other:?}"),
        },
    };
    let refused = judge(&state, Body::Job(Box::new(act))).err();
    assert_eq!(refused, Some(Refusal::LimitReached { kind, limit }));
    // Another version of one that is there is none more.
    assert!(judge(&state, asked(|new| new.officers = 2)).is_ok());
}
