//! The judgement of a run. What was heard is held against itself by the load generator's audit, and
//! against the log that is on the disk in the end: every answer is that of the record made for it,
//! and every device heard what the log has for its owner, each push once and in order, or a whole
//! state that was whole.

mod pushes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use engine::core::{Actor, Effect, Event as Happened, Record, Reply, State, react};
use engine::io::Storage;
use engine::model::{Collect, OfficerId, OfficerSet, Sequence, VacancyId};
use engine::replay::Replay;
use loadgen::audit::audit;
use loadgen::ledger::Answer;
use protocol::session::Event;
use protocol::{Ask, RefusalCode, RequestId, VacancyKey};

use super::Breach;
use super::books::ledger;
use super::denied::judge_denied;
use super::device::What;
use super::person::{Person, Wish, WishWhat};
use super::town::Town;

/// What was looked at.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Judged {
    pub(crate) answers: u64,
    /// Answers to requests that had to be asked on more than one connection.
    pub(crate) retries: u64,
    pub(crate) pushes: u64,
    pub(crate) resumed: u64,
    pub(crate) stated: u64,
    pub(crate) records: u64,
    pub(crate) logged: Logged,
    /// Whatever a denied officer heard of being so.
    pub(crate) turned_away: u64,
    /// Sessions that were told that the server stops.
    pub(crate) told_of_a_stop: u64,
}

/// What the log has, of what not every run has.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Logged {
    pub(crate) moved: u64,
    pub(crate) reconfirmed: u64,
    pub(crate) lapsed: u64,
    pub(crate) bids: u64,
    pub(crate) rankings: u64,
    pub(crate) lotteries: u64,
    pub(crate) fairness_windows: u64,
    pub(crate) standby: u64,
    pub(crate) kept: u64,
    pub(crate) passed: u64,
    pub(crate) denials: u64,
}

/// Everybody, when a run is over.
pub(crate) struct Cast<'a> {
    pub(crate) town: &'a Town,
    pub(crate) officers: &'a [&'a Person],
    pub(crate) desks: &'a [&'a Person],
    pub(crate) operator: &'a Person,
}

/// Judges a run by what was heard and by the log it left; all that is wrong with it, in words.
pub(crate) fn judge(cast: &Cast<'_>, storage: Arc<dyn Storage>) -> (Judged, Vec<Breach>) {
    let mut judged = Judged::default();
    let mut breaches = Vec::new();
    for device in 0..2 {
        let audit = audit(&ledger(cast, device));
        breaches.extend(audit.breaches().iter().map(ToString::to_string));
    }
    match History::read(cast, storage) {
        Ok(history) => {
            judged.records = history.records;
            judged.logged = history.logged;
            breaches.extend(history.breaches.iter().cloned());
            judge_answers(cast, &history, &mut judged, &mut breaches);
            pushes::judge_pushes(cast, &history, &mut judged, &mut breaches);
        }
        Err(why) => breaches.push(format!("the log cannot be read: {why}")),
    }
    judge_denied(cast, &mut judged, &mut breaches);
    (judged, breaches)
}

/// The log as it is in the end.
struct History {
    records: u64,
    logged: Logged,
    /// What the log should not have.
    breaches: Vec<Breach>,
    /// What each request led to, by who made it.
    replies: BTreeMap<(Actor, RequestId), Vec<Reply>>,
    /// What each officer had to be told, in order.
    told: BTreeMap<String, Vec<Told>>,
    /// What stood for an officer after a record, where a device was told a whole state then.
    stood: BTreeMap<(String, u64), Stood>,
    actors: BTreeMap<String, Actor>,
    /// Offers that a whole state left out: of whom, after which record.
    left_out: Vec<(String, u64, VacancyId)>,
}

/// Something that an officer had to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    sequence: u64,
    what: &'static str,
    vacancy: VacancyKey,
}

/// What stands for an officer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Stood {
    offers: BTreeSet<VacancyKey>,
    assignments: BTreeSet<VacancyKey>,
}

impl History {
    fn read(cast: &Cast<'_>, storage: Arc<dyn Storage>) -> Result<History, Breach> {
        let asked_for = whole_states(cast);
        let mut history = History {
            records: 0,
            logged: Logged::default(),
            breaches: Vec::new(),
            replies: BTreeMap::new(),
            told: BTreeMap::new(),
            stood: BTreeMap::new(),
            actors: BTreeMap::new(),
            left_out: Vec::new(),
        };
        let mut replay = Replay::from(storage, Sequence(1)).map_err(|error| error.to_string())?;
        while let Some(entry) = replay.advance().map_err(|error| error.to_string())? {
            let (state, record) = (replay.state(), &entry.record);
            history.records += 1;
            let asked = (record.by, RequestId(record.request.0));
            // Nobody asks for a draw either: the server reveals its seed by itself.
            let is_draw = |event: &Happened| matches!(event, Happened::Ranked(_));
            if record.by != Actor::Clock && !record.events.iter().any(is_draw) {
                history
                    .replies
                    .entry(asked)
                    .or_default()
                    .push(record.reply());
            }
            history.count(state, record);
            for effect in react(state, record) {
                history.tell(state, record.sequence.0, &effect);
            }
            for badge in asked_for.get(&record.sequence.0).into_iter().flatten() {
                history.left_out(state, (badge, record.sequence.0));
                let stood = stood(state, badge);
                history
                    .stood
                    .insert((badge.clone(), record.sequence.0), stood);
            }
        }
        history.judge_left_out(replay.state());
        let roster = replay.state().roster();
        for person in cast.officers {
            if let Some(officer) = roster.officer(&person.name) {
                history
                    .actors
                    .insert(person.name.clone(), Actor::Officer(officer));
            }
        }
        for desk in cast.desks {
            if let Some(agency) = roster.agency(&desk.name) {
                history
                    .actors
                    .insert(desk.name.clone(), Actor::Coordinator(agency));
            }
        }
        history
            .actors
            .insert(cast.operator.name.clone(), Actor::Operator);
        Ok(history)
    }

    /// Notes the offers that stand for somebody and are left out of a whole state, because they are
    /// about to be pushed.
    fn left_out(&mut self, state: &State, (badge, sequence): (&String, u64)) {
        let Some(officer) = state.roster().officer(badge) else {
            return;
        };
        let rows = state.vacancies().iter().filter(|(id, row)| {
            state.stands_for(row, officer, state.at()) && !state.is_told_of(*id, row, officer)
        });
        let noted = rows.map(|(id, _)| (badge.clone(), sequence, id));
        self.left_out.extend(noted);
    }

    /// They are pushed, unless they stand no more or the log ends before.
    fn judge_left_out(&mut self, state: &State) {
        let is_at_rest = state.next_deadline().is_none_or(|due| due > state.at());
        for (badge, sequence, id) in std::mem::take(&mut self.left_out) {
            let officer = state.roster().officer(&badge).expect("known before");
            let row = state.vacancy(id).expect("published before");
            let vacancy = VacancyKey(row.posting.key.0);
            let told = self.told.get(&badge).into_iter().flatten();
            let mut told = told.filter(|told| told.vacancy == vacancy && told.sequence > sequence);
            let stands = state.stands_for(row, officer, state.at());
            if is_at_rest && stands && !told.any(|told| told.what == "offered") {
                let breach = format!("{badge} was never told of {vacancy} after {sequence}");
                self.breaches.push(breach);
            }
        }
    }

    fn count(&mut self, state: &State, record: &Record) {
        let (logged, reply) = (&mut self.logged, record.reply());
        if let Actor::Officer(officer) = record.by
            && state.is_officer_denied(officer, record.at)
            && reply.is_ok()
        {
            let sequence = record.sequence.0;
            let breach = format!("a denied officer was heard in record {sequence}: {reply:?}");
            self.breaches.push(breach);
        }
        match reply {
            Ok(engine::core::Answer::Bid { .. }) => logged.bids += 1,
            Ok(engine::core::Answer::Standby { .. }) => logged.standby += 1,
            _ => {}
        }
        for event in record.events.iter() {
            let count = match event {
                Happened::Amended(amendment) if amendment.moved.is_some() => &mut logged.moved,
                Happened::Reconfirmed { .. } => &mut logged.reconfirmed,
                Happened::Lapsed(_) => &mut logged.lapsed,
                Happened::Ranked(ranking) => {
                    logged.lotteries += u64::from(ranking.seed.is_some());
                    logged.fairness_windows += u64::from(was_fair(state, ranking.vacancy));
                    &mut logged.rankings
                }
                Happened::SlotKept { .. } => &mut logged.kept,
                Happened::StandbyPassed { .. } => &mut logged.passed,
                Happened::Denied(_) => &mut logged.denials,
                _ => continue,
            };
            *count += 1;
        }
    }

    fn tell(&mut self, state: &State, sequence: u64, effect: &Effect) {
        let one = |officer: &OfficerId| [*officer].into_iter().collect::<OfficerSet>();
        let (what, vacancy, to) = match effect {
            Effect::Offer { vacancy, to, .. } => ("offered", *vacancy, to.clone()),
            Effect::Withdraw { vacancy, from, .. } => ("withdrawn", *vacancy, from.clone()),
            Effect::Overlap {
                officer, vacancy, ..
            } => ("overlapped", *vacancy, one(officer)),
            Effect::Assign { vacancy, officer } => ("assigned", *vacancy, one(officer)),
            Effect::Unassign {
                vacancy, officer, ..
            } => ("unassigned", *vacancy, one(officer)),
            Effect::ReadOrders { vacancy, to, .. } => ("read-orders", *vacancy, to.clone()),
            Effect::Amend { vacancy, to, .. } => ("amended", *vacancy, to.clone()),
            Effect::Lose {
                vacancy, missed, ..
            } => ("missed", *vacancy, one(&missed.officer)),
            Effect::Keep {
                vacancy, officer, ..
            } => ("kept", *vacancy, one(officer)),
            Effect::Pass { vacancy, officer } => ("passed", *vacancy, one(officer)),
            Effect::EndWait { vacancy, to, .. } => ("wait-ended", *vacancy, to.clone()),
            _ => return,
        };
        let Some(key) = key(state, vacancy) else {
            return;
        };
        for officer in to.iter() {
            let badge = state.roster().officers.find(officer).map(|one| &one.badge);
            let badge = badge.expect("an officer of the roster").to_string();
            self.told.entry(badge).or_default().push(Told {
                sequence,
                what,
                vacancy: key,
            });
        }
    }
}

fn key(state: &State, vacancy: VacancyId) -> Option<VacancyKey> {
    state
        .vacancy(vacancy)
        .map(|row| VacancyKey(row.posting.key.0))
}

/// Whether the accepts of a vacancy are collected for a while after it was offered.
fn was_fair(state: &State, vacancy: VacancyId) -> bool {
    let row = state.vacancy(vacancy);
    let rule = row.and_then(|row| row.terms.award());
    rule.is_some_and(|rule| matches!(rule.collect, Collect::Fairness { .. }))
}

/// After which records somebody was told a whole state.
fn whole_states(cast: &Cast<'_>) -> BTreeMap<u64, BTreeSet<String>> {
    let mut asked_for: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
    for person in cast.officers {
        for line in person.devices.iter().flat_map(|device| device.all()) {
            if let What::Heard(Event::Synced(cursor)) = line.what {
                let badges = asked_for.entry(cursor.sequence).or_default();
                badges.insert(person.name.clone());
            }
        }
    }
    asked_for
}

fn stood(state: &State, badge: &str) -> Stood {
    let mut stood = Stood::default();
    let Some(officer) = state.roster().officer(badge) else {
        return stood;
    };
    for (id, row) in state.vacancies().iter() {
        if state.is_told_of(id, row, officer) {
            stood.offers.insert(VacancyKey(row.posting.key.0));
        }
    }
    let calendar = state.calendars().find(officer);
    for booking in calendar.iter().flat_map(|calendar| calendar.bookings()) {
        stood.assignments.extend(key(state, booking.vacancy));
    }
    stood
}

/// Every answer is that of the one record made for its request.
fn judge_answers(
    cast: &Cast<'_>,
    history: &History,
    judged: &mut Judged,
    breaches: &mut Vec<Breach>,
) {
    let everybody = cast
        .officers
        .iter()
        .chain(cast.desks)
        .chain([&cast.operator]);
    let mut known = BTreeSet::new();
    for person in everybody {
        let Some(&actor) = history.actors.get(&person.name) else {
            breaches.push(format!("{} is not in the log's roster", person.name));
            continue;
        };
        for wish in &person.wishes {
            known.extend(wish.ids.iter().map(|id| (actor, *id)));
            judged.answers += u64::from(wish.answer.is_some());
            judged.retries += u64::from(was_asked_again(person, wish));
            let replies = wish
                .ids
                .iter()
                .filter_map(|id| history.replies.get(&(actor, *id)));
            let replies: Vec<&Reply> = replies.flatten().collect();
            let heard = wish.answer;
            let agrees = match (&replies[..], heard) {
                (_, None) => true,
                // A desk is not told whether there is no such vacancy or whether it is another's.
                ([], Some(Answer::Refused(RefusalCode::NotAllowed))) => {
                    matches!(wish.ask, Ask::Amend(_) | Ask::Cancel { .. })
                }
                ([], Some(Answer::Lost(code) | Answer::Refused(code))) => needs_no_record(code),
                // A question leaves no record; whoever is told a place has one.
                ([], Some(Answer::Told)) => wish.place.is_none(),
                ([reply], Some(heard)) => said(reply, wish.what) == (heard, wish.place),
                _ => false,
            };
            if let Some((later, _)) = wish.contradictions.first() {
                let (name, ask) = (&person.name, &wish.ask);
                breaches.push(format!("{name} heard {heard:?} and {later:?} to {ask:?}"));
            }
            if !agrees {
                breaches.push(format!(
                    "{} heard {heard:?} to {:?}, but the log has {replies:?}",
                    person.name, wish.ask
                ));
            }
        }
    }
    for asked in history
        .replies
        .keys()
        .filter(|asked| !known.contains(asked))
    {
        breaches.push(format!(
            "the log has an answer to {asked:?}, which nobody asked"
        ));
    }
}

/// Whether this is said of what stays so, or before anything else was looked at. Whatever could be
/// answered otherwise later is on record.
fn needs_no_record(refused: RefusalCode) -> bool {
    matches!(
        refused,
        RefusalCode::Filled
            | RefusalCode::Cancelled
            | RefusalCode::NoStandby
            | RefusalCode::Denied
            | RefusalCode::Invalid
            | RefusalCode::Unknown
    )
}

/// Whether an answer was waited for across the end of a connection.
fn was_asked_again(person: &Person, wish: &Wish) -> bool {
    let waited = wish.sent_us..wish.answered_us;
    let ends = person.devices.iter().flat_map(|device| device.all());
    let ends =
        ends.filter(|line| matches!(line.what, What::Heard(Event::Down { .. }) | What::Begun));
    let mut within = ends.filter(|line| waited.contains(&line.at_us));
    wish.answer.is_some() && within.next().is_some()
}

/// The answer that a reply is on the wire, and the place that comes with it.
fn said(reply: &Reply, what: WishWhat) -> (Answer, Option<u32>) {
    use engine::core::Answer as Good;
    let answer = match reply {
        Ok(Good::Won(receipt)) => Answer::Won {
            slot: receipt.slot,
            sequence: receipt.sequence.0,
            awarded_at_us: receipt.awarded_at.as_micros(),
        },
        Ok(Good::Done { sequence }) => Answer::Done {
            sequence: sequence.0,
        },
        Ok(Good::Bid { place, .. } | Good::Standby { place, .. }) => {
            return (Answer::Told, Some(*place));
        }
        Err(refused) => {
            let code = dispatcher::refused(refused, 0).code;
            match what {
                WishWhat::Accept => Answer::Lost(code),
                _ => Answer::Refused(code),
            }
        }
    };
    (answer, None)
}
