//! Role, request and agency over real sessions: everybody asks everything, and hears exactly what
//! the table says (promise P9).

use client::Client;
use muster::embedded::DataFolder;
use protocol::{
    Afterwards, Amend, Ask, Brief, Day, DenialAsk, Direction, Grant, JobSay, JobsAsked, Mended,
    NewVacancy, Outcome, Publication, Rank, Read, Reading, RefusalCode, RequestId, Role,
    RosterChange, VacancyKey,
};

use super::{MESA, OFFICER, OTHER, Town, Visitor, config, token};
use crate::amend::{HOUR_US, PATIENCE, VACANCY, done, posted};

/// A vacancy that nobody accepts.
const DECLINED: VacancyKey = VacancyKey(70);

/// What somebody hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    /// They may: it is done, told, or refused for a reason that has nothing to do with who asks.
    May,
    /// They may not.
    MayNot,
    /// They may ask, and there is nothing for them.
    Nothing,
    /// They may ask, and it is not offered to them.
    NotTheirs,
}

use Heard::{May, MayNot, NotTheirs, Nothing};

/// Who asks, in the order of the table: an officer, an officer of another agency, the coordinators
/// of both agencies, the operator, and a watcher of the first agency's board.
const COLUMNS: usize = 6;

/// Those of its officers only.
const OFFICERS: [Heard; COLUMNS] = [May, May, MayNot, MayNot, MayNot, MayNot];
/// An officer to whom it is offered, and no other.
const OFFERED: [Heard; COLUMNS] = [May, NotTheirs, MayNot, MayNot, MayNot, MayNot];
/// The agency's coordinator, and the operator.
const DESK: [Heard; COLUMNS] = [MayNot, MayNot, May, MayNot, May, MayNot];
/// The agency's coordinator only.
const AGENCY: [Heard; COLUMNS] = [MayNot, MayNot, May, MayNot, MayNot, MayNot];
/// The agency's coordinator and the operator; another's coordinator is told that there is nothing.
const LISTED: [Heard; COLUMNS] = [MayNot, MayNot, May, Nothing, May, MayNot];
/// An officer about themselves, the agency's coordinator, and the operator.
const CONCERNED: [Heard; COLUMNS] = [May, MayNot, May, MayNot, May, MayNot];
/// The operator only.
const OPERATOR: [Heard; COLUMNS] = [MayNot, MayNot, MayNot, MayNot, May, MayNot];

/// The name of what is asked; a new variant does not compile before it is here, and the test fails
/// before it has a row in the table.
macro_rules! kinds {
    ($($all:ident, $name:ident, $type:ident: $($variant:ident)+;)+) => {$(
        const $all: &[&str] = &[$(concat!(stringify!($type), "::", stringify!($variant))),+];

        fn $name(value: &$type) -> &'static str {
            match value {
                $($type::$variant { .. } => {
                    concat!(stringify!($type), "::", stringify!($variant))
                }),+
            }
        }
    )+};
}

kinds! {
    ASKS, ask_kind, Ask: Accept Decline Release Punch Publish Cancel OpenNextTier Recall Roster Why
        Board Amend PublishAll Preview PutGrant Grant Afterwards Read ApproveLastTier Undo
        JoinStandby LeaveStandby Job Jobs Restaff Denial;
    AFTERWARDS, afterwards_kind, Afterwards: Reduce NoShow Correct Note Acknowledge Remind Say;
    READS, read_kind, Read: Attendance Orders Notes Messages Shifts;
    JOB_SAYS, job_kind, JobSay: Ask Permit Verify Approve Withdraw;
    JOBS_ASKED, jobs_kind, JobsAsked: One OfAgency;
    DENIALS, denial_kind, DenialAsk: Add Remove List;
}

/// What an ask is called, and what is inside it.
fn names(ask: &Ask) -> Vec<&'static str> {
    let inner = match ask {
        Ask::Afterwards(asked) => Some(afterwards_kind(asked)),
        Ask::Read(asked) => Some(read_kind(asked)),
        Ask::Job { say, .. } => Some(job_kind(say)),
        Ask::Jobs(asked) => Some(jobs_kind(asked)),
        Ask::Denial(asked) => Some(denial_kind(asked)),
        _ => None,
    };
    [ask_kind(ask)].into_iter().chain(inner).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_hears_exactly_what_their_role_and_agency_allow() {
    let folder = DataFolder::open(None).expect("a folder");
    let town = Town::found(&config(&folder)).await;
    let operator = town.operator();
    let changes = gilbert();
    done(&operator.client, 2, Ask::Roster { changes }).await;
    let start_us = muster::clock::now_us() + 48 * HOUR_US;
    // A slot is left, so that whoever has no right to it is not told that it is filled.
    let mut vacancy = posted(start_us);
    vacancy.slots.push(Rank::Officer);
    done(&operator.client, 3, Ask::Publish(vacancy)).await;
    let declined = NewVacancy {
        key: DECLINED,
        ..posted(start_us + 48 * HOUR_US)
    };
    done(&operator.client, 4, Ask::Publish(declined)).await;
    let visitors = visitors(&town, operator);
    let table = table(start_us);
    let mut id = 100;
    let mut wrong = Vec::new();
    for (ask, expected) in &table {
        let mut heard = Vec::new();
        for visitor in &visitors {
            id += 1;
            heard.push(hear(&visitor.client, id, ask).await);
        }
        let (heard, answers): (Vec<Heard>, Vec<Outcome>) = heard.into_iter().unzip();
        if heard != expected {
            wrong.push(format!(
                "{ask:?}\n{heard:?} instead of {expected:?}: {answers:#?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let seen: Vec<&str> = table.iter().flat_map(|(ask, _)| names(ask)).collect();
    for all in [ASKS, AFTERWARDS, READS, JOB_SAYS, JOBS_ASKED, DENIALS] {
        assert_eq!(missing(all, &seen), [""; 0], "in no row of the table");
    }
    assert_eq!(missing(&["Ask::Board", "Ask::New"], &seen), ["Ask::New"]);
    town.server.stop().await;
}

/// Whoever may not ask it hears the same, word for word, whether there is such a name or not: what
/// could be found out by asking is in the sentences too.
#[tokio::test(flavor = "multi_thread")]
async fn another_agency_does_not_learn_which_badges_and_vacancies_there_are() {
    const NOBODY: &str = "MES-9999";
    const NOTHING: VacancyKey = VacancyKey(99);
    let folder = DataFolder::open(None).expect("a folder");
    let town = Town::found(&config(&folder)).await;
    let operator = town.operator();
    let changes = gilbert();
    done(&operator.client, 2, Ask::Roster { changes }).await;
    let start_us = muster::clock::now_us() + 48 * HOUR_US;
    done(&operator.client, 3, Ask::Publish(posted(start_us))).await;
    let [_, _, own, curious, operator, _] = visitors(&town, operator);
    let mut id = 100;
    let mut ask_as = async |who: &Visitor, ask: &Ask| {
        id += 1;
        let Outcome::Refused(refused) = hear(&who.client, id, ask).await.1 else {
            panic!("{ask:?} is refused");
        };
        (refused.code, refused.sentence)
    };
    let known = naming(VACANCY, OFFICER).into_iter();
    let unknown = naming(VACANCY, NOBODY)
        .into_iter()
        .zip(naming(NOTHING, OFFICER));
    for (known, (nobody, nothing)) in known.zip(unknown) {
        let said = ask_as(&curious, &known).await;
        assert_eq!(said.0, RefusalCode::NotAllowed, "{known:?}");
        for unknown in [nobody, nothing] {
            assert_eq!(ask_as(&curious, &unknown).await, said, "{unknown:?}");
        }
    }
    // Whoever may ask it hears which name is wrong.
    let recall = |vacancy, badge: &str| Ask::Recall {
        vacancy,
        badge: badge.to_owned(),
    };
    let sentence = format!("there is no officer `{NOBODY}`");
    let told = (RefusalCode::Unknown, sentence);
    assert_eq!(ask_as(&own, &recall(VACANCY, NOBODY)).await, told);
    assert_eq!(ask_as(&operator, &recall(VACANCY, NOBODY)).await, told);
    let (code, _) = ask_as(&operator, &recall(NOTHING, OFFICER)).await;
    assert_eq!(code, RefusalCode::Unknown);
    let (code, _) = ask_as(&own, &recall(NOTHING, OFFICER)).await;
    assert_eq!(code, RefusalCode::NotAllowed, "it might be another's");
    town.server.stop().await;
}

/// Everything in which a coordinator names a vacancy, most of it with an officer.
fn naming(vacancy: VacancyKey, badge: &str) -> Vec<Ask> {
    let (badge, text) = (|| badge.to_owned(), || "Invented".to_owned());
    let amend = Amend {
        vacancy,
        segments: None,
        slots: None,
        post_orders: Some(text()),
        confirm_within_ms: 1_800_000,
    };
    let mut asks = vec![
        Ask::Why {
            badge: badge(),
            vacancy,
        },
        Ask::Recall {
            vacancy,
            badge: badge(),
        },
        Ask::Cancel {
            vacancy,
            reason: text(),
        },
        Ask::OpenNextTier { vacancy },
        Ask::ApproveLastTier {
            vacancy,
            approved_by: text(),
        },
        Ask::Amend(amend),
        Ask::Restaff { vacancy, slots: 2 },
        Ask::Read(Read::Attendance { vacancy }),
        Ask::Read(Read::Orders { vacancy }),
    ];
    let about = afterwards_of(vacancy, &badge());
    asks.extend(about.into_iter().map(|(ask, _)| ask));
    asks
}

fn missing<'a>(all: &[&'a str], seen: &[&str]) -> Vec<&'a str> {
    let is_missing = |name: &&&str| !seen.contains(*name);
    all.iter().filter(is_missing).copied().collect()
}

fn visitors(town: &Town, operator: Visitor) -> [Visitor; COLUMNS] {
    let come =
        |role, subject, agency| town.visit(token(&town.signing, role, subject, agency, None), None);
    let gilbert = Some("gilbert");
    [
        come(Role::Officer, OFFICER, MESA),
        come(Role::Officer, "GIL-0001", gilbert),
        come(Role::Coordinator, "desk", MESA),
        come(Role::Coordinator, "desk", gilbert),
        operator,
        come(Role::ReadOnly, "wall", MESA),
    ]
}

async fn hear(client: &Client, id: u128, ask: &Ask) -> (Heard, Outcome) {
    let outcome = client.ask_in(PATIENCE, RequestId(id), ask.clone()).await;
    let outcome = outcome.expect("it is answered");
    let heard = match &outcome {
        Outcome::Refused(refused) | Outcome::Lost(refused) => match refused.code {
            RefusalCode::NotAllowed => MayNot,
            RefusalCode::NotOffered | RefusalCode::NotEligible => NotTheirs,
            _ => May,
        },
        Outcome::Board { rows } if rows.is_empty() => Nothing,
        Outcome::Jobs { jobs } if jobs.is_empty() => Nothing,
        Outcome::Reading(reading) => match &**reading {
            Reading::Shifts { shifts, .. } if shifts.is_empty() => Nothing,
            _ => May,
        },
        _ => May,
    };
    (heard, outcome)
}

/// Another agency, which no pact joins to the first.
fn gilbert() -> Vec<RosterChange> {
    let text = str::to_owned;
    let agency = RosterChange::Agency {
        code: text("gilbert"),
        name: text("Invented"),
        agreement: None,
    };
    let officer = RosterChange::Officer {
        badge: text("GIL-0001"),
        agency: text("gilbert"),
        class: protocol::Class::PeaceOfficer,
        rank: Rank::Officer,
        certifications: Vec::new(),
        approvals: Vec::new(),
        availability: protocol::Availability::Always,
    };
    vec![agency, officer]
}

/// Every request with what each of the six hears. What changes nothing that later rows rest on
/// comes first; the vacancy is the first agency's, and its officer holds it from the first row on.
fn table(start_us: i64) -> Vec<(Ask, [Heard; COLUMNS])> {
    let vacancy = VACANCY;
    let accept = Ask::Accept { vacancy, round: 1 };
    let mut rows = vec![(accept, OFFERED)];
    rows.extend(questions(start_us));
    rows.extend(jobs());
    rows.extend(afterwards());
    rows.extend(changes(start_us));
    rows.extend(answers());
    rows
}

fn questions(start_us: i64) -> Vec<(Ask, [Heard; COLUMNS])> {
    let vacancy = VACANCY;
    let shifts = Read::Shifts {
        badge: OFFICER.to_owned(),
        past: false,
        from: 0,
    };
    let why = Ask::Why {
        badge: OFFICER.to_owned(),
        vacancy,
    };
    let grant = Ask::Grant {
        district: "invented".to_owned(),
    };
    vec![
        (Ask::Board, [MayNot, MayNot, May, Nothing, May, May]),
        (why, CONCERNED),
        (Ask::Read(Read::Attendance { vacancy }), CONCERNED),
        (Ask::Read(Read::Orders { vacancy }), CONCERNED),
        (Ask::Read(Read::Notes { vacancy, from: 0 }), CONCERNED),
        (Ask::Read(Read::Messages { vacancy, from: 0 }), CONCERNED),
        (Ask::Read(shifts), [May, MayNot, May, Nothing, May, MayNot]),
        (Ask::Preview(Box::new(publication(9, start_us))), DESK),
        (grant, DESK),
        (denial(DenialAsk::List { from: 0 }), OPERATOR),
    ]
}

fn jobs() -> Vec<(Ask, [Heard; COLUMNS])> {
    let (job, by, reason) = (
        || "J-1".to_owned(),
        || "chief".to_owned(),
        || "why".to_owned(),
    );
    let version = 1;
    let brief = Brief {
        lead: "mesa".to_owned(),
        programme: "sso".to_owned(),
        customer: "Invented".to_owned(),
        what: "Invented".to_owned(),
        attributes: Vec::new(),
        officers: 1,
    };
    let permit = JobSay::Permit {
        version,
        attribute: "parade".to_owned(),
        by: by(),
        reason: reason(),
    };
    let approve = JobSay::Approve {
        version,
        by: by(),
        reason: reason(),
    };
    let withdraw = JobSay::Withdraw {
        by: by(),
        reason: reason(),
    };
    let say = |say| Ask::Job {
        job: job(),
        say: Box::new(say),
    };
    let of_agency = JobsAsked::OfAgency {
        lead: "mesa".to_owned(),
        after: None,
    };
    vec![
        (say(JobSay::Ask(brief)), DESK),
        (Ask::Jobs(JobsAsked::One { job: job() }), LISTED),
        (Ask::Jobs(of_agency), DESK),
        (say(JobSay::Verify { version, by: by() }), DESK),
        (say(permit), AGENCY),
        (say(approve), AGENCY),
        (say(withdraw), AGENCY),
    ]
}

fn afterwards() -> Vec<(Ask, [Heard; COLUMNS])> {
    afterwards_of(VACANCY, OFFICER)
}

fn afterwards_of(vacancy: VacancyKey, badge: &str) -> Vec<(Ask, [Heard; COLUMNS])> {
    let (badge, text) = (|| badge.to_owned(), || "Invented".to_owned());
    let asked = [
        (
            Afterwards::Note {
                vacancy,
                badge: badge(),
                text: text(),
                attachments: Vec::new(),
            },
            CONCERNED,
        ),
        (
            Afterwards::Say {
                vacancy,
                badge: badge(),
                text: text(),
            },
            CONCERNED,
        ),
        (
            Afterwards::Acknowledge {
                vacancy,
                version: 1,
            },
            OFFICERS,
        ),
        (Afterwards::Remind { vacancy }, DESK),
        (
            Afterwards::NoShow {
                vacancy,
                badge: badge(),
                again: None,
            },
            DESK,
        ),
        (
            Afterwards::Correct {
                vacancy,
                badge: badge(),
                mended: Mended::Came,
                reason: text(),
            },
            DESK,
        ),
        (
            Afterwards::Reduce {
                vacancy,
                fewer: 9,
                slots: Vec::new(),
                reason: text(),
            },
            DESK,
        ),
    ];
    let asked = asked.into_iter();
    asked
        .map(|(one, heard)| (Ask::Afterwards(Box::new(one)), heard))
        .collect()
}

fn changes(start_us: i64) -> Vec<(Ask, [Heard; COLUMNS])> {
    let vacancy = VACANCY;
    let roster = |change| Ask::Roster {
        changes: vec![change],
    };
    let reinstated = RosterChange::Reinstated {
        badge: OTHER.to_owned(),
    };
    let declared = RosterChange::AvailabilityDeclared {
        badge: OFFICER.to_owned(),
        availability: protocol::Availability::Always,
    };
    let bound = RosterChange::PreferencesBind {
        agency: "mesa".to_owned(),
        bind: false,
    };
    let kind = RosterChange::Certification {
        code: "invented".to_owned(),
        name: "Invented".to_owned(),
    };
    let day = |day| Day {
        year: 2027,
        month: 1,
        day,
    };
    let grant = Grant {
        district: "invented".to_owned(),
        programme: "sso".to_owned(),
        first: day(1),
        last: day(2),
        budget_min: 1,
    };
    let amend = Amend {
        vacancy,
        segments: None,
        slots: None,
        post_orders: Some("Invented".to_owned()),
        confirm_within_ms: 1_800_000,
    };
    let later = start_us + 100 * HOUR_US;
    let all = vec![publication(12, later)];
    let approved_by = "chief".to_owned();
    let who = super::officer(OTHER);
    let add = super::deny(who.clone());
    vec![
        (roster(reinstated), DESK),
        (roster(bound), DESK),
        (roster(declared), CONCERNED),
        (roster(kind), OPERATOR),
        (Ask::Publish(named(11, later)), DESK),
        (Ask::PublishAll { vacancies: all }, DESK),
        (Ask::Amend(amend), DESK),
        (Ask::Restaff { vacancy, slots: 2 }, DESK),
        (Ask::OpenNextTier { vacancy }, DESK),
        (
            Ask::ApproveLastTier {
                vacancy,
                approved_by,
            },
            DESK,
        ),
        (add, OPERATOR),
        (denial(DenialAsk::Remove { who }), OPERATOR),
        (Ask::PutGrant(grant), OPERATOR),
    ]
}

/// What officers answer, and what ends the vacancy.
fn answers() -> Vec<(Ask, [Heard; COLUMNS])> {
    let vacancy = VACANCY;
    let punch = Ask::Punch {
        vacancy,
        direction: Direction::In,
        position: None,
    };
    let decline = Ask::Decline {
        vacancy: DECLINED,
        round: 1,
    };
    let recall = Ask::Recall {
        vacancy,
        badge: OFFICER.to_owned(),
    };
    let cancel = Ask::Cancel {
        vacancy,
        reason: "Invented".to_owned(),
    };
    vec![
        (punch, OFFICERS),
        (Ask::Undo { vacancy }, OFFICERS),
        (Ask::JoinStandby { vacancy }, OFFICERS),
        (Ask::LeaveStandby { vacancy }, OFFICERS),
        (decline, OFFERED),
        (recall, DESK),
        (Ask::Release { vacancy }, OFFICERS),
        (cancel, DESK),
    ]
}

fn denial(asked: DenialAsk) -> Ask {
    Ask::Denial(Box::new(asked))
}

fn publication(key: u128, start_us: i64) -> Publication {
    Publication {
        vacancy: named(key, start_us),
        terms: Vec::new(),
    }
}

fn named(key: u128, start_us: i64) -> NewVacancy {
    NewVacancy {
        key: VacancyKey(key),
        ..posted(start_us)
    }
}
