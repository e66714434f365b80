//! Messages about jobs and staffing ladders.

use protocol::*;

use super::{NINE_US, new_vacancy, refused, vacancy};

pub(super) fn asks() -> Vec<(&'static str, Ask)> {
    let by = || "the chief".to_owned();
    let reason = || "county fair".to_owned();
    let said = [
        ("job-ask", JobSay::Ask(brief())),
        (
            "job-permit",
            JobSay::Permit {
                version: 2,
                attribute: "alcohol-principal".to_owned(),
                by: by(),
                reason: reason(),
            },
        ),
        (
            "job-verify",
            JobSay::Verify {
                version: 2,
                by: by(),
            },
        ),
        (
            "job-approve",
            JobSay::Approve {
                version: 2,
                by: by(),
                reason: reason(),
            },
        ),
        (
            "job-withdraw",
            JobSay::Withdraw {
                by: by(),
                reason: reason(),
            },
        ),
    ];
    let job = || "J-12".to_owned();
    let said = said.into_iter().map(|(name, say)| {
        let (job, say) = (job(), Box::new(say));
        (name, Ask::Job { job, say })
    });
    let asked = [
        ("jobs-one", JobsAsked::One { job: job() }),
        (
            "jobs-of-agency",
            JobsAsked::OfAgency {
                lead: "saguaro".to_owned(),
                after: Some(job()),
            },
        ),
    ];
    let asked = asked.map(|(name, asked)| (name, Ask::Jobs(asked)));
    let publication = Publication {
        vacancy: new_vacancy(),
        terms: vec![
            Term::Job { job: job() },
            Term::HigherRanks { fill: true },
            Term::ByLadder { slots: 5 },
        ],
    };
    let (vacancy, slots) = (vacancy(), 5);
    let others = [
        ("restaff", Ask::Restaff { vacancy, slots }),
        ("preview-staffed", Ask::Preview(Box::new(publication))),
    ];
    said.chain(asked).chain(others).collect()
}

pub(super) fn changes() -> Vec<(&'static str, RosterChange)> {
    let rule = |effect| JobRule {
        attribute: "alcohol-served".to_owned(),
        effect,
        from_us: Some(NINE_US),
        until_us: None,
    };
    let effects = [
        JobEffect::Allow,
        JobEffect::Deny,
        JobEffect::DenyUnlessPermitted,
        JobEffect::Review,
        JobEffect::Officers(2),
    ];
    let step = |nth, rank, every| LadderStep { nth, rank, every };
    let ladder = Ladder {
        steps: vec![
            step(5, Rank::Sergeant, Some(5)),
            step(16, Rank::Commander, None),
        ],
        higher_fills: true,
        from_us: None,
        until_us: Some(NINE_US),
    };
    let agency = || "saguaro".to_owned();
    vec![
        (
            "job-rules-set",
            RosterChange::JobRulesSet {
                agency: agency(),
                required: false,
                programmes: vec!["security".to_owned()],
                verified: true,
                rules: effects.map(rule).into(),
            },
        ),
        (
            "ladders-set",
            RosterChange::LaddersSet {
                agency: agency(),
                ladders: vec![ladder],
            },
        ),
    ]
}

pub(super) fn outcomes() -> Vec<(&'static str, Outcome)> {
    let note = |of: &str, reason: &str| JobNote {
        of: of.to_owned(),
        by: "SAG-0001".to_owned(),
        reason: reason.to_owned(),
        at_us: NINE_US,
    };
    let standing = |verdict| JobStanding {
        job: "J-12".to_owned(),
        version: 2,
        brief: brief(),
        verdict,
        objections: vec!["`alcohol-served` takes 3 officers and has 2".to_owned()],
        permits: vec![note("alcohol-principal", "county fair")],
        department: Some(note("", "")),
        operator: None,
        approval: Some(note("", "small hall")),
    };
    let verdicts = [Verdict::Allow, Verdict::NeedsReview, Verdict::Deny];
    let funnel = Funnel {
        tier: 0,
        agencies: vec!["saguaro".to_owned()],
        officers: 9,
        left: vec![("rank".to_owned(), 4)],
    };
    let refused = |code| Outcome::Refused(refused(code, None));
    vec![
        (
            "jobs",
            Outcome::Jobs {
                jobs: verdicts.map(standing).into(),
            },
        ),
        (
            "staffed",
            Outcome::Staffed {
                tiers: vec![funnel],
                slots: vec![Rank::Officer, Rank::Sergeant],
                higher_fills: true,
            },
        ),
        ("refused-job", refused(RefusalCode::Job)),
        ("refused-below-ladder", refused(RefusalCode::BelowLadder)),
    ]
}

fn brief() -> Brief {
    Brief {
        lead: "saguaro".to_owned(),
        programme: "security".to_owned(),
        customer: "Saguaro Hall".to_owned(),
        what: "Doors at a wedding.".to_owned(),
        attributes: vec!["alcohol-served".to_owned()],
        officers: 2,
    }
}
