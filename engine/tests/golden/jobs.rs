//! Records of what is said about jobs, and of staffing ladders.

use std::collections::BTreeSet;

use engine::core::{BelowLadder, Event, JobRefusal, Refusal};
use engine::model::{
    Against, AgencyId, Approval, Brief, Code, Interval, JobEffect, JobRule, JobRules, JobSaid,
    JobStep, Ladder, Objection, Permit, ProgrammeId, Rank, Required, Side, Step, Term, Terms,
    Verification,
};
use engine::rules::Clause;

use crate::samples::{NINE, O, V, year};

const A: AgencyId = AgencyId(3);

pub(crate) fn events() -> Vec<(&'static str, Event)> {
    let rules = |required, effects: &[JobEffect]| Event::JobRulesSet {
        agency: A,
        rules: Box::new(JobRules {
            required,
            verified: true,
            rules: effects.iter().map(|effect| rule(*effect)).collect(),
        }),
    };
    let step = |nth, rank, every| Step { nth, rank, every };
    let ladder = |steps, higher_fills, valid| Ladder {
        steps,
        higher_fills,
        valid,
    };
    let steps = vec![
        step(5, Rank::Sergeant, Some(5)),
        step(16, Rank::Commander, None),
    ];
    let two = vec![
        ladder(steps, false, year()),
        ladder(Vec::new(), true, Interval::ALWAYS),
    ];
    let ladders = |ladders| Event::LaddersSet { agency: A, ladders };
    let terms = vec![
        Term::Job {
            job: "J-12".into(),
            version: 2,
        },
        Term::HigherRanks { fill: true },
        // It is answered before anything is recorded, and its place is kept nevertheless.
        Term::ByLadder { slots: 5 },
    ];
    let terms = Terms::new(terms).expect("one of each kind");
    let mut events = vec![
        ("job-rules-set", rules(Required::Everything, &EFFECTS)),
        (
            "job-rules-set-programmes",
            rules(Required::Programmes(vec![ProgrammeId(1)]), &[]),
        ),
        ("job-rules-set-nothing", rules(Required::Nothing, &[])),
        ("ladders-set", ladders(two)),
        ("ladders-set-none", ladders(Vec::new())),
        (
            "termed-job",
            Event::Termed {
                vacancy: V,
                terms: Box::new(terms),
            },
        ),
        (
            "flagged-job-approved",
            Event::Flagged {
                vacancy: V,
                officer: O,
                clause: Clause::JobApproved,
            },
        ),
    ];
    let job = || code("J-12");
    let steps = said().into_iter().map(|(name, said)| {
        let step = JobStep { job: job(), said };
        (name, Event::Job(Box::new(step)))
    });
    events.extend(steps);
    events
}

/// Every effect of a rule.
const EFFECTS: [JobEffect; 5] = [
    JobEffect::Allow,
    JobEffect::Deny,
    JobEffect::DenyUnlessPermitted,
    JobEffect::Review,
    JobEffect::Officers { least: 2 },
];

/// Everything that stands against a job.
const AGAINST: [Against; 5] = [
    Against::Prohibited,
    Against::NotPermitted,
    Against::Review,
    Against::Unlisted,
    Against::TooFew { least: 3, asked: 2 },
];

fn said() -> Vec<(&'static str, JobSaid)> {
    let brief = Brief {
        lead: A,
        programme: ProgrammeId(1),
        customer: "Saguaro Hall".into(),
        what: "Doors at a wedding.".into(),
        attributes: vec![code("alcohol-served"), code("parade")],
        officers: 2,
    };
    let verified = |side| {
        JobSaid::Verified(Verification {
            side,
            by: "SAG-0001".into(),
            at: NINE,
        })
    };
    vec![
        (
            "job-asked",
            JobSaid::Asked {
                version: 2,
                brief: Box::new(brief),
                objections: objections(),
            },
        ),
        (
            "job-permitted",
            JobSaid::Permitted(Permit {
                attribute: code("alcohol-principal"),
                by: "the chief".into(),
                reason: "county fair".into(),
                at: NINE,
            }),
        ),
        ("job-verified-department", verified(Side::Department)),
        ("job-verified-operator", verified(Side::Operator)),
        (
            "job-approved",
            JobSaid::Approved(Approval {
                by: "the chief".into(),
                reason: "small hall".into(),
                at: NINE,
                reviewed: objections(),
            }),
        ),
        (
            "job-withdrawn",
            JobSaid::Withdrawn {
                by: "the chief".into(),
                reason: "a complaint".into(),
            },
        ),
    ]
}

pub(crate) fn refusals() -> Vec<Refusal> {
    let job = || code("J-12");
    let all = [
        JobRefusal::Required,
        JobRefusal::NotApproved { job: job() },
        JobRefusal::OtherWork { job: job() },
        JobRefusal::OtherVersion {
            job: job(),
            version: 2,
        },
        JobRefusal::NotVerified {
            job: job(),
            department: true,
            operator: false,
        },
        JobRefusal::SamePerson { job: job() },
        JobRefusal::NoPermit {
            job: job(),
            attribute: code("bodyguard"),
        },
        JobRefusal::Denied {
            job: job(),
            objections: objections(),
        },
        JobRefusal::NeedsReview {
            job: job(),
            objections: objections(),
        },
    ];
    let below = Refusal::BelowLadder(Box::new(BelowLadder {
        rank: Rank::Sergeant,
        slots: 5,
        asked: 1,
        named: 0,
    }));
    let all = all.into_iter().map(|one| Refusal::Job(Box::new(one)));
    all.chain([below]).collect()
}

/// The name of a refusal's variant. A new one does not compile before it is here.
pub(crate) fn refusal(refusal: &JobRefusal) -> &'static str {
    match refusal {
        JobRefusal::Required => "required",
        JobRefusal::NotApproved { .. } => "not-approved",
        JobRefusal::OtherWork { .. } => "other-work",
        JobRefusal::OtherVersion { .. } => "other-version",
        JobRefusal::NotVerified { .. } => "not-verified",
        JobRefusal::SamePerson { .. } => "same-person",
        JobRefusal::NoPermit { .. } => "no-permit",
        JobRefusal::Denied { .. } => "denied",
        JobRefusal::NeedsReview { .. } => "needs-review",
    }
}

#[test]
fn everything_inside_them_has_a_sample() {
    // Each match names every variant, so that a new one is given a number, and then a sample.
    let effect = |effect: &JobEffect| match effect {
        JobEffect::Allow => 0,
        JobEffect::Deny => 1,
        JobEffect::DenyUnlessPermitted => 2,
        JobEffect::Review => 3,
        JobEffect::Officers { .. } => 4,
    };
    let against = |against: &Against| match against {
        Against::Prohibited => 0,
        Against::NotPermitted => 1,
        Against::Review => 2,
        Against::Unlisted => 3,
        Against::TooFew { .. } => 4,
    };
    let said_of = |(_, said): &(&str, JobSaid)| match said {
        JobSaid::Asked { .. } => 0,
        JobSaid::Permitted(_) => 1,
        JobSaid::Verified(one) => match one.side {
            Side::Department => 2,
            Side::Operator => 3,
        },
        JobSaid::Approved(_) => 4,
        JobSaid::Withdrawn { .. } => 5,
    };
    let first = |count| (0..count).collect::<BTreeSet<u8>>();
    assert_eq!(
        EFFECTS.iter().map(effect).collect::<BTreeSet<_>>(),
        first(5)
    );
    assert_eq!(
        AGAINST.iter().map(against).collect::<BTreeSet<_>>(),
        first(5)
    );
    assert_eq!(
        said().iter().map(said_of).collect::<BTreeSet<_>>(),
        first(6)
    );
    let refused = refusals();
    let refused = refused.iter().filter_map(|one| match one {
        Refusal::Job(inner) => Some(refusal(inner)),
        _ => None,
    });
    assert_eq!(refused.collect::<BTreeSet<_>>().len(), 9);
}

fn objections() -> Vec<Objection> {
    let object = |against| Objection {
        attribute: code("alcohol-served"),
        against,
    };
    AGAINST.into_iter().map(object).collect()
}

fn rule(effect: JobEffect) -> JobRule {
    JobRule {
        attribute: code("alcohol-served"),
        effect,
        valid: year(),
    }
}

fn code(text: &str) -> Code {
    Code::parse(text).expect("a sample's code is one")
}
