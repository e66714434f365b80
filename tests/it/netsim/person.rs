//! Somebody with devices: an officer who hears and decides, or a desk with errands. What they want
//! they want under an id that was chosen before, until it is answered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use client::Ended;
use loadgen::ledger::{Answer, VacancyNo};
use loadgen::seed::{SplitMix64, derive};
use protocol::session::{Event, Standing};
use protocol::{
    Ask, Bearer, BoardRow, DenialAsk, DenialReason, GoAway, News, Outcome, RefusalCode, RequestId,
    RosterChange,
};
use tokio::time::Instant;

use super::Planted;
use super::device::{Device, Line, Stage, What};
use super::town::{Errand, TROUBLE, millis};

/// When to ask again what nobody could say, in milliseconds.
const UNAVAILABLE_RETRY_MS: u64 = 200;

/// Somebody with devices.
pub(crate) struct Person {
    stage: Arc<Stage>,
    pub(crate) name: String,
    pub(crate) devices: Vec<Device>,
    pub(crate) wishes: Vec<Wish>,
    by_id: BTreeMap<RequestId, usize>,
    first_id: u128,
    /// The latest round of each vacancy that was decided on.
    decided: BTreeMap<VacancyNo, u32>,
    standing: BTreeMap<VacancyNo, u32>,
    held: BTreeSet<VacancyNo>,
    due: BTreeMap<(Instant, u64), Act>,
    acts: u64,
    dice: SplitMix64,
    pub(crate) board: Option<Vec<BoardRow>>,
    pub(crate) crashes: u64,
    pub(crate) cuts: u64,
    /// Requests that were asked on two devices.
    pub(crate) asked_twice: u64,
}

/// Something somebody wants.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) ask: Ask,
    pub(crate) what: WishWhat,
    pub(crate) vacancy: VacancyNo,
    pub(crate) round: u32,
    /// Under which ids it was asked: one, unless a bug is planted.
    pub(crate) ids: Vec<RequestId>,
    /// From which devices.
    pub(crate) from: BTreeSet<usize>,
    pub(crate) sent_us: u64,
    pub(crate) answered_us: u64,
    pub(crate) answer: Option<Answer>,
    /// The place among bids or on the standby list that came with it.
    pub(crate) place: Option<u32>,
    /// Later answers that were another one, and when.
    pub(crate) contradictions: Vec<(Answer, u64)>,
    pub(crate) repeats: u64,
    pub(crate) busy: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WishWhat {
    Accept,
    Decline,
    Release,
    Join,
    Leave,
    Publish,
    Cancel,
    Amend,
    /// Of the officer of this number, who is let in again.
    Deny(usize),
    Admit(usize),
    Roster,
    Board,
}

/// Something to be done at a time.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    Accept(VacancyNo, u32),
    Decline(VacancyNo, u32),
    Release(VacancyNo),
    Join(VacancyNo),
    Leave(VacancyNo),
    /// Asks again under the same id.
    Again(usize),
    Errand(Errand),
    Cut(usize),
    Crash(usize),
    Start(usize),
}

impl Person {
    /// Number `number` of the run's people, with nothing to do yet.
    pub(crate) fn new(stage: &Arc<Stage>, name: &str, number: u8, devices: Vec<Device>) -> Person {
        Person {
            stage: Arc::clone(stage),
            name: name.to_owned(),
            devices,
            wishes: Vec::new(),
            by_id: BTreeMap::new(),
            first_id: u128::from(number) << 64 | 1,
            decided: BTreeMap::new(),
            standing: BTreeMap::new(),
            held: BTreeSet::new(),
            due: BTreeMap::new(),
            acts: 0,
            dice: SplitMix64::new(derive(stage.seed, name)),
            board: None,
            crashes: 0,
            cuts: 0,
            asked_twice: 0,
        }
    }

    pub(crate) fn start(&mut self) {
        for device in &mut self.devices {
            device.start();
        }
    }

    /// Plans the mishaps of an officer's devices.
    pub(crate) fn plan_mishaps(&mut self) {
        let end_ms = u64::try_from(TROUBLE.as_millis()).expect("half a minute");
        for device in 0..self.devices.len() {
            if self.dice.chance(400) {
                let at = millis(&mut self.dice, 1_000, end_ms);
                self.plan(at, Act::Crash(device));
            }
            for _ in 0..self.dice.below(5) {
                let at = millis(&mut self.dice, 1_000, end_ms);
                self.plan(at, Act::Cut(device));
            }
        }
    }

    pub(crate) fn plan(&mut self, after: Duration, act: Act) {
        self.acts += 1;
        self.due.insert((Instant::now() + after, self.acts), act);
    }

    /// Reads what the devices heard, does what is due, and says when the next thing is.
    pub(crate) fn step(&mut self) -> Option<Instant> {
        for device in 0..self.devices.len() {
            for Line { at_us, what } in self.devices[device].read() {
                match what {
                    What::Heard(event) => self.hear(device, event, at_us),
                    // Its owner tries again until they are let in.
                    What::Ended(Ended::Refused(GoAway::Denied)) => {
                        let after = millis(&mut self.dice, 500, 2_000);
                        self.plan(after, Act::Start(device));
                    }
                    What::Begun | What::Cut | What::Ended(_) => {}
                }
            }
        }
        while let Some(first) = self.due.first_entry()
            && first.key().0 <= Instant::now()
        {
            let act = first.remove();
            self.act(act);
        }
        self.due.keys().next().map(|(at, _)| *at)
    }

    /// What is left to do or to hear of, as words; none if nothing is.
    pub(crate) fn unrest(&self) -> Option<String> {
        let name = &self.name;
        if let Some(wish) = self.wishes.iter().find(|wish| wish.answer.is_none()) {
            return Some(format!("{name} waits for the answer to {:?}", wish.ask));
        }
        if let Some(act) = self.due.values().next() {
            return Some(format!("{name} still means to do {act:?}"));
        }
        let off = self
            .devices
            .iter()
            .find(|one| one.has_ended() || !one.is_on());
        off.map(|device| format!("the device {} of {name} is off", device.address()))
    }

    /// How many connections of all devices ended.
    pub(crate) fn connections_lost(&self) -> usize {
        let lines = self.devices.iter().flat_map(Device::all);
        let is_end = |line: &Line| matches!(line.what, What::Heard(Event::Down { .. }));
        lines.filter(is_end).count()
    }

    pub(crate) fn wish_for_board(&mut self) {
        self.wish(0, WishWhat::Board, VacancyNo::NONE, 0, Ask::Board);
    }

    pub(crate) fn wish_for_roster(&mut self, changes: Vec<RosterChange>) {
        let ask = Ask::Roster { changes };
        self.wish(0, WishWhat::Roster, VacancyNo::NONE, 0, ask);
    }

    fn hear(&mut self, device: usize, event: Event, at_us: u64) {
        match event {
            Event::News(push) => self.hear_news(&push.news),
            Event::Gone { vacancy, standing } => {
                if let Some(vacancy) = self.stage.town.number(vacancy) {
                    match standing {
                        Standing::Offer => drop(self.standing.remove(&vacancy)),
                        Standing::Assignment => drop(self.held.remove(&vacancy)),
                    }
                }
            }
            Event::Answered { id, outcome } => self.hear_answer(device, id, outcome, at_us),
            Event::Up(_) | Event::Synced(_) | Event::Down { .. } => {}
        }
    }

    fn hear_news(&mut self, news: &News) {
        let number = |key| self.stage.town.number(key);
        match news {
            News::Offered(offer) => {
                if let Some(vacancy) = number(offer.vacancy) {
                    self.standing.insert(vacancy, offer.round);
                    self.decide(vacancy, offer.round);
                }
            }
            News::Withdrawn { vacancy, .. } => {
                if let Some(vacancy) = number(*vacancy) {
                    self.standing.remove(&vacancy);
                }
            }
            News::Overlapped { vacancies, .. } => {
                let gone: Vec<_> = vacancies.iter().copied().filter_map(number).collect();
                for vacancy in gone {
                    self.standing.remove(&vacancy);
                    // It may be offered again in the same round, and is thought about again.
                    self.decided.remove(&vacancy);
                }
            }
            News::Assigned(assignment) => {
                if let Some(vacancy) = number(assignment.receipt.vacancy) {
                    self.standing.remove(&vacancy);
                    self.held.insert(vacancy);
                }
            }
            News::Amended(amended) if amended.confirm_by_us.is_some() => {
                if let Some(vacancy) = number(amended.vacancy) {
                    self.standing.insert(vacancy, amended.round);
                    self.decide(vacancy, amended.round);
                }
            }
            News::Unassigned { vacancy, .. } => {
                if let Some(vacancy) = number(*vacancy) {
                    self.held.remove(&vacancy);
                }
            }
            _ => {}
        }
    }

    /// Makes up their mind, once for each round.
    fn decide(&mut self, vacancy: VacancyNo, round: u32) {
        if self
            .decided
            .get(&vacancy)
            .is_some_and(|known| *known >= round)
        {
            return;
        }
        self.decided.insert(vacancy, round);
        let act = match self.dice.below(10) {
            0..7 => Act::Accept(vacancy, round),
            7..9 => Act::Decline(vacancy, round),
            _ => return,
        };
        let after = millis(&mut self.dice, 20, 2_500);
        self.plan(after, act);
    }

    fn hear_answer(&mut self, device: usize, id: RequestId, outcome: Outcome, at_us: u64) {
        let Some(&place) = self.by_id.get(&id) else {
            return;
        };
        let in_line = match outcome {
            Outcome::Bid { place, .. } | Outcome::Standby { place } => Some(place),
            _ => None,
        };
        let Some(answer) = Answer::read(&outcome) else {
            let retry_ms = match outcome {
                Outcome::Busy { retry_after_ms } => u64::from(retry_after_ms),
                _ => UNAVAILABLE_RETRY_MS,
            };
            let wish = &mut self.wishes[place];
            wish.busy = wish.busy.saturating_add(1);
            self.plan(Duration::from_millis(retry_ms), Act::Again(place));
            return;
        };
        if let Outcome::Board { rows } = outcome {
            self.board = Some(rows);
        }
        let wish = &mut self.wishes[place];
        if let Some(first) = wish.answer {
            wish.repeats += 1;
            if (first, wish.place) != (answer, in_line) {
                wish.contradictions.push((answer, at_us));
            }
            return;
        }
        wish.from.remove(&device);
        (wish.answer, wish.answered_us, wish.place) = (Some(answer), at_us, in_line);
        let (vacancy, what) = (wish.vacancy, wish.what);
        self.go_on(vacancy, what, answer);
    }

    /// What they mean to do because of an answer.
    fn go_on(&mut self, vacancy: VacancyNo, what: WishWhat, answer: Answer) {
        let stage = Arc::clone(&self.stage);
        let town = &stage.town;
        match (what, answer) {
            (WishWhat::Accept, Answer::Won { .. }) => {
                let permille = if town.has_standby(vacancy) { 700 } else { 250 };
                if self.dice.chance(permille) {
                    let after = millis(&mut self.dice, 300, 4_000);
                    self.plan(after, Act::Release(vacancy));
                }
            }
            (WishWhat::Accept, Answer::Lost(RefusalCode::Filled)) if town.has_standby(vacancy) => {
                let after = millis(&mut self.dice, 10, 300);
                self.plan(after, Act::Join(vacancy));
            }
            (WishWhat::Join, Answer::Told) if self.dice.chance(150) => {
                let after = millis(&mut self.dice, 300, 4_000);
                self.plan(after, Act::Leave(vacancy));
            }
            (WishWhat::Deny(officer), _) => {
                let lasts = town.denied.lasts;
                self.plan(lasts, Act::Errand(Errand::Admit(officer)));
            }
            _ => {}
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Accept(vacancy, round) => {
                if self.standing.get(&vacancy) == Some(&round) {
                    let key = self.stage.town.facts[vacancy.index()].key;
                    let ask = Ask::Accept {
                        vacancy: key,
                        round,
                    };
                    let device = self.any_device();
                    let place = self.wish(device, WishWhat::Accept, vacancy, round, ask);
                    // Somebody with two devices in their hands.
                    if self.devices.len() > 1 && self.dice.chance(400) {
                        self.asked_twice += 1;
                        self.ask(place, 1 - device);
                    }
                }
            }
            Act::Decline(vacancy, round) => {
                if self.standing.get(&vacancy) == Some(&round) {
                    let key = self.stage.town.facts[vacancy.index()].key;
                    let ask = Ask::Decline {
                        vacancy: key,
                        round,
                    };
                    let device = self.any_device();
                    self.wish(device, WishWhat::Decline, vacancy, round, ask);
                }
            }
            Act::Release(vacancy) => {
                if self.held.contains(&vacancy) {
                    let key = self.stage.town.facts[vacancy.index()].key;
                    let device = self.any_device();
                    let ask = Ask::Release { vacancy: key };
                    self.wish(device, WishWhat::Release, vacancy, 0, ask);
                }
            }
            Act::Join(vacancy) => {
                let key = self.stage.town.facts[vacancy.index()].key;
                let device = self.any_device();
                let ask = Ask::JoinStandby { vacancy: key };
                self.wish(device, WishWhat::Join, vacancy, 0, ask);
            }
            Act::Leave(vacancy) => {
                let key = self.stage.town.facts[vacancy.index()].key;
                let device = self.any_device();
                let ask = Ask::LeaveStandby { vacancy: key };
                self.wish(device, WishWhat::Leave, vacancy, 0, ask);
            }
            Act::Again(place) => {
                for device in self.wishes[place].from.clone() {
                    self.ask(place, device);
                }
            }
            Act::Errand(errand) => self.run_errand(&errand),
            Act::Cut(device) => {
                self.cuts += 1;
                self.devices[device].cut();
            }
            Act::Crash(device) => {
                self.crashes += 1;
                self.devices[device].crash();
                let after = millis(&mut self.dice, 100, 3_000);
                self.plan(after, Act::Start(device));
            }
            Act::Start(device) => self.start_again(device),
        }
    }

    fn run_errand(&mut self, errand: &Errand) {
        let town = &self.stage.town;
        match *errand {
            Errand::Publish(vacancy) => {
                let publication = town.vacancies[vacancy.index()].clone();
                let ask = match publication.terms[..] {
                    [] => Ask::Publish(publication.vacancy),
                    _ => Ask::PublishAll {
                        vacancies: vec![publication],
                    },
                };
                self.wish(0, WishWhat::Publish, vacancy, 0, ask);
            }
            Errand::Cancel(vacancy) => {
                let ask = Ask::Cancel {
                    vacancy: town.facts[vacancy.index()].key,
                    reason: "Invented: the school is closed.".to_owned(),
                };
                self.wish(0, WishWhat::Cancel, vacancy, 0, ask);
            }
            Errand::Amend(vacancy) => {
                let ask = Ask::Amend(town.amendments[&vacancy].clone());
                self.wish(0, WishWhat::Amend, vacancy, 0, ask);
            }
            Errand::Deny(officer) => {
                let ask = DenialAsk::Add {
                    who: self.denied(officer),
                    reason: DenialReason::Other,
                    until_us: None,
                };
                let ask = Ask::Denial(Box::new(ask));
                self.wish(0, WishWhat::Deny(officer), VacancyNo::NONE, 0, ask);
            }
            Errand::Admit(officer) => {
                let who = self.denied(officer);
                let ask = Ask::Denial(Box::new(DenialAsk::Remove { who }));
                self.wish(0, WishWhat::Admit(officer), VacancyNo::NONE, 0, ask);
            }
        }
    }

    fn denied(&self, officer: usize) -> Bearer {
        let officers = &self.stage.town.officers;
        let officer = match self.stage.planted {
            Planted::DeniesAnother => (officer + 1) % officers.len(),
            _ => officer,
        };
        let badge = officers[officer].badge.clone();
        Bearer::Officer { badge }
    }

    /// A new process asks again what its owner has written down as unanswered.
    fn start_again(&mut self, device: usize) {
        if self.devices[device].is_on() && !self.devices[device].has_ended() {
            return;
        }
        self.devices[device].crash();
        self.devices[device].start();
        for place in 0..self.wishes.len() {
            let wish = &mut self.wishes[place];
            if wish.answer.is_some() || !wish.from.contains(&device) {
                continue;
            }
            if self.stage.planted == Planted::NewIdAfterCrash {
                let id = RequestId(wish.ids[0].0 | 1 << 48);
                wish.ids.push(id);
                self.by_id.insert(id, place);
            }
            self.ask(place, device);
        }
    }

    fn wish(
        &mut self,
        device: usize,
        what: WishWhat,
        vacancy: VacancyNo,
        round: u32,
        ask: Ask,
    ) -> usize {
        let place = self.wishes.len();
        let id = RequestId(self.first_id + (place as u128) * 2);
        self.by_id.insert(id, place);
        self.wishes.push(Wish {
            ask,
            what,
            vacancy,
            round,
            ids: vec![id],
            from: BTreeSet::new(),
            sent_us: self.stage.now_us(),
            answered_us: 0,
            answer: None,
            place: None,
            contradictions: Vec::new(),
            repeats: 0,
            busy: 0,
        });
        self.ask(place, device);
        place
    }

    fn ask(&mut self, place: usize, device: usize) {
        let wish = &mut self.wishes[place];
        wish.from.insert(device);
        let id = *wish.ids.last().expect("a wish has an id");
        self.stage
            .network
            .note(format_args!("{} asks {id:?} {:?}", self.name, wish.ask));
        self.devices[device].post(id, wish.ask.clone());
    }

    fn any_device(&mut self) -> usize {
        let devices = self.devices.len() as u64;
        usize::try_from(self.dice.below(devices)).expect("one of two")
    }
}
