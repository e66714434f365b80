//! One run over several processes: who plays which part, and how their ledgers become one.
//!
//! Every process makes the whole plan from the same seed and the same moment, and plays its part
//! of it: every n-th officer and every n-th publication. Afterwards the ledgers are bound into one
//! and judged as if one process had kept them, so that a breach which none of them could see alone
//! is found.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io::{self, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use protocol::{BoardRow, NewVacancy, RosterChange};
use serde::{Deserialize, Serialize};

use crate::ledger::{DeskBook, Heard, HeardWhat, Ledger, OfficerBook, VacancyNo};
use crate::limits::SHARDS_MAX;
use crate::report::{Machine, Span};
use crate::storm::{Judged, Outcome, judge};
use crate::usage::{Generator, Usage};
use crate::world::{World, WorldError};

/// A part of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shard {
    /// Which part: below `of`.
    place: u32,
    /// How many parts there are; at least 1.
    of: u32,
}

/// What was said is no part of a run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no part of a run: say which of how many, such as 1/3 (at most {SHARDS_MAX})")]
pub struct NoShard(String);

impl Shard {
    /// Whether what has this place in the plan belongs to this part.
    pub fn has(self, place: usize) -> bool {
        place % self.of as usize == self.place as usize
    }

    /// Whether this is the part that does what is to be done once.
    pub fn is_first(self) -> bool {
        self.place == 0
    }

    /// The number of this part, from 0.
    pub fn place(self) -> u32 {
        self.place
    }
}

impl FromStr for Shard {
    type Err = NoShard;

    fn from_str(said: &str) -> Result<Shard, NoShard> {
        let numbers = said.split_once('/').and_then(|(which, of)| {
            let (which, of): (u32, u32) = (which.parse().ok()?, of.parse().ok()?);
            Some((which, of))
        });
        match numbers {
            Some((which, of)) if 1 <= which && which <= of && of <= SHARDS_MAX => Ok(Shard {
                place: which - 1,
                of,
            }),
            _ => Err(NoShard(said.to_owned())),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.place + 1, self.of)
    }
}

/// The ledger of one part with what is needed to judge it elsewhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// Which part.
    pub shard: Shard,
    /// The root seed.
    pub seed: u64,
    /// Names the whole plan.
    pub schedule: String,
    /// The commit that was measured.
    pub commit: String,
    /// The workload and its parameters.
    pub workload: String,
    /// Parts of the run that its report tells apart.
    pub spans: Vec<Span>,
    /// The world, as it was sent.
    pub changes: Vec<RosterChange>,
    /// What the whole plan publishes; [`VacancyNo`] counts places in this list.
    pub vacancies: Vec<NewVacancy>,
    /// Books of this part's officers.
    pub officers: Vec<OfficerBook>,
    /// Books of this part's desks.
    pub desks: Vec<DeskBook>,
    /// The board as this part saw it at its end.
    pub board: Vec<BoardRow>,
    /// The instant from which the plan counts, in microseconds of this part's clock.
    pub begun_us: u64,
    /// The instant at which the board was seen, counted likewise.
    pub left_us: u64,
    /// Planned publications and incidents of this part that never happened.
    pub dropped: u64,
    /// What it ran on.
    pub machine: Machine,
    /// What this part's process used.
    pub generator: Generator,
}

/// Why ledgers cannot be bound into one.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// A file cannot be read, or written.
    #[error("the ledger {} cannot be used ({because})", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        because: io::Error,
    },
    /// Ledgers of different runs.
    #[error(
        "the ledgers are not of one run: {one} and {other} differ in their plans; start every \
         part with the same words, seed and --at"
    )]
    OtherRun {
        /// One part.
        one: Shard,
        /// The other.
        other: Shard,
    },
    /// A part is there twice, or not at all.
    #[error("the ledgers are not all of one run, each once: {0}")]
    Parts(String),
    /// The world in them contradicts itself.
    #[error(transparent)]
    World(#[from] WorldError),
}

impl Kept {
    /// Reads a ledger that was written.
    ///
    /// # Errors
    /// [`MergeError::File`].
    pub fn read(path: &Path) -> Result<Kept, MergeError> {
        let read = || -> io::Result<Kept> {
            let file = BufReader::new(fs::File::open(path)?);
            Ok(serde_json::from_reader(file)?)
        };
        read().map_err(|because| MergeError::File {
            path: path.to_owned(),
            because,
        })
    }

    /// Writes the ledger.
    ///
    /// # Errors
    /// [`MergeError::File`].
    pub fn write(&self, path: &Path) -> Result<(), MergeError> {
        let write = || -> io::Result<()> {
            let mut file = BufWriter::new(fs::File::create(path)?);
            serde_json::to_writer(&mut file, self)?;
            file.flush()
        };
        write().map_err(|because| MergeError::File {
            path: path.to_owned(),
            because,
        })
    }

    /// Moves everything that was written down by so many microseconds.
    fn later(&mut self, by_us: u64) {
        let later = |us: &mut u64| {
            // Zero stands for what has not happened.
            if *us != 0 {
                *us += by_us;
            }
        };
        for book in &mut self.officers {
            book.heard.iter_mut().for_each(|one| one.at_us += by_us);
            for ask in &mut book.asks {
                ask.intended_us += by_us;
                ask.sent_us += by_us;
                later(&mut ask.answered_us);
            }
            let contradictions = book.contradictions.iter_mut();
            contradictions.for_each(|one| one.at_us += by_us);
        }
        for book in &mut self.desks {
            book.seen.iter_mut().for_each(|one| one.at_us += by_us);
            for ask in &mut book.asks {
                ask.intended_us += by_us;
                ask.sent_us += by_us;
                later(&mut ask.answered_us);
            }
            let contradictions = book.contradictions.iter_mut();
            contradictions.for_each(|one| one.at_us += by_us);
        }
        self.begun_us += by_us;
        self.left_us += by_us;
    }

    /// Notes that this part's officers were away from its end on, while others went on.
    fn take_leave(&mut self) {
        for book in &mut self.officers {
            book.heard.push(Heard {
                at_us: self.left_us,
                sequence: 0,
                step: 0,
                vacancy: VacancyNo::NONE,
                what: HeardWhat::Down,
            });
        }
    }
}

/// Binds the ledgers of all parts of one run into one, and judges that.
///
/// All parts began in the same instant, so that their clocks meet there. The board is that of the
/// part which left last.
///
/// # Errors
/// [`MergeError`].
pub fn merge(mut parts: Vec<Kept>) -> Result<Outcome, MergeError> {
    parts.sort_by_key(|part| part.shard.place);
    are_one_run(&parts)?;
    let begun_us = parts.iter().map(|part| part.begun_us).max().unwrap_or(0);
    for part in &mut parts {
        part.later(begun_us - part.begun_us);
    }
    parts.sort_by_key(|part| part.left_us);
    let Some(mut whole) = parts.pop() else {
        return Err(MergeError::Parts("there is none".to_owned()));
    };
    for mut part in parts {
        part.take_leave();
        whole.officers.append(&mut part.officers);
        whole.desks.append(&mut part.desks);
        whole.dropped += part.dropped;
        whole.generator = whole.generator.with(part.generator);
    }
    let world = World::from_changes(&whole.changes)?;
    let vacancies = whole.vacancies.iter().map(|one| world.facts(one));
    let vacancies = vacancies.collect::<Result<_, _>>()?;
    let heard: BTreeSet<&str> = whole
        .officers
        .iter()
        .map(|book| book.badge.as_str())
        .collect();
    let everyone = world.badges().all(|badge| heard.contains(badge));
    let ledger = Ledger {
        world,
        vacancies,
        officers: whole.officers,
        desks: whole.desks,
        board: Some(whole.board),
        begun_us,
        everyone,
    };
    let judged = Judged {
        seed: whole.seed,
        schedule: whole.schedule,
        commit: whole.commit,
        workload: whole.workload,
        spans: whole.spans,
        dropped: whole.dropped,
        // What a process used is in the report of the part that looked at it.
        usage: Usage::default(),
        generator: whole.generator,
        machine: whole.machine,
    };
    Ok(judge(&ledger, judged))
}

/// Whether these are the parts of one run, each of them once; they are in order.
fn are_one_run(parts: &[Kept]) -> Result<(), MergeError> {
    for pair in parts.windows(2) {
        let (one, other) = (&pair[0], &pair[1]);
        let alike = one.schedule == other.schedule
            && one.shard.of == other.shard.of
            && one.vacancies == other.vacancies;
        if !alike {
            return Err(MergeError::OtherRun {
                one: one.shard,
                other: other.shard,
            });
        }
    }
    let of = parts.first().map_or(0, |part| part.shard.of);
    let found: Vec<u32> = parts.iter().map(|part| part.shard.place).collect();
    if found == (0..of).collect::<Vec<u32>>() {
        return Ok(());
    }
    let told: Vec<String> = parts.iter().map(|part| part.shard.to_string()).collect();
    Err(MergeError::Parts(told.join(", ")))
}

#[cfg(test)]
mod tests {
    use protocol::Rank;

    use super::*;
    use crate::audit::BreachKind;
    use crate::behaviour::Mix;
    use crate::ledger::{Answer, OfficerAsk, OfficerAskWhat};
    use crate::pacer::{Pacer, Rate};
    use crate::storm::{Plan, StormOptions};

    const MONDAY_US: i64 = 1_795_442_400_000_000;

    fn plan(seed: u64) -> Plan {
        Plan::storm(&StormOptions {
            seed,
            officers: 40,
            vacancies: 101,
            pacer: Pacer::Constant(Rate::per_second(40.0).unwrap()),
            mix: Mix::default(),
            window_ms: 2_000,
            weeks: 1,
            monday_us: MONDAY_US,
            now_us: MONDAY_US - 86_400_000_000,
        })
    }

    fn shard(said: &str) -> Shard {
        said.parse().unwrap()
    }

    fn part(said: &str) -> Plan {
        plan(7).part(shard(said), MONDAY_US)
    }

    /// A ledger of a part in which nothing happened.
    fn kept(said: &str, seed: u64) -> Kept {
        let plan = plan(seed).part(shard(said), MONDAY_US);
        Kept {
            shard: shard(said),
            seed,
            schedule: plan.digest(),
            commit: String::new(),
            workload: plan.workload,
            spans: Vec::new(),
            changes: plan.changes,
            vacancies: plan
                .publications
                .into_iter()
                .map(|one| one.vacancy)
                .collect(),
            officers: plan
                .officers
                .into_iter()
                .map(|one| OfficerBook::new(one.badge))
                .collect(),
            desks: Vec::new(),
            board: Vec::new(),
            begun_us: 1_000,
            left_us: 9_000_000,
            dropped: 1,
            machine: Machine::default(),
            generator: Generator::default(),
        }
    }

    /// What somebody writes down who takes a slot and is told so.
    fn won(vacancy: usize, slot: u16, sequence: u64) -> OfficerAsk {
        OfficerAsk {
            vacancy: VacancyNo(u32::try_from(vacancy).unwrap()),
            round: 1,
            what: OfficerAskWhat::Accept,
            intended_us: 5_000,
            sent_us: 5_010,
            answered_us: 6_000,
            answer: Some(Answer::Won {
                slot,
                sequence,
                awarded_at_us: MONDAY_US - 80_000_000_000,
            }),
            busy: 0,
            interrupted: false,
        }
    }

    #[test]
    fn a_part_is_said_as_people_count() {
        assert_eq!(shard("2/3"), Shard { place: 1, of: 3 });
        assert_eq!(shard("2/3").to_string(), "2/3");
        for wrong in ["0/2", "3/2", "1", "1/65", "a/b", "1/2/3", ""] {
            let told = wrong.parse::<Shard>().unwrap_err().to_string();
            assert!(told.contains("such as 1/3"), "{told}");
        }
    }

    #[test]
    fn the_parts_of_a_seed_offer_together_what_one_process_offers() {
        let whole = plan(7);
        for of in [2, 3] {
            let parts: Vec<Plan> = (1..=of)
                .map(|which| part(&format!("{which}/{of}")))
                .collect();
            let mut published: Vec<_> = parts.iter().flat_map(Plan::own_publications).collect();
            published.sort_by_key(|(number, _)| *number);
            let all: Vec<_> = whole.own_publications().collect();
            assert_eq!(published, all);
            let mut officers: Vec<_> = parts.iter().flat_map(|part| &part.officers).collect();
            officers.sort_by_key(|one| one.number);
            assert_eq!(officers, whole.officers.iter().collect::<Vec<_>>());
            let mut incidents: Vec<_> = parts.iter().flat_map(|part| &part.incidents).collect();
            incidents.sort_by_key(|one| format!("{one:?}"));
            let mut all: Vec<_> = whole.incidents.iter().collect();
            all.sort_by_key(|one| format!("{one:?}"));
            assert_eq!(incidents, all);
            assert!(incidents.len() > 3, "a lapse, a recall and cancellations");
            for (part, other) in parts.iter().zip(parts.iter().skip(1)) {
                assert_eq!(part.digest(), whole.digest());
                assert_ne!(part.run, other.run, "requests of two parts have one name");
            }
        }
        assert_ne!(
            plan(8).part(shard("1/2"), MONDAY_US).digest(),
            whole.digest()
        );
    }

    #[test]
    fn a_double_fill_that_no_part_can_see_is_seen_in_the_whole() {
        let (mut one, mut other) = (kept("1/2", 7), kept("2/2", 7));
        let is_single = |vacancy: &NewVacancy| vacancy.slots == [Rank::Officer];
        let vacancy = one.vacancies.iter().position(is_single).unwrap();
        one.officers[0].asks.push(won(vacancy, 0, 70));
        other.officers[0].asks.push(won(vacancy, 0, 71));
        let fills = |outcome: &Outcome| outcome.report.audit.double_fills;
        let whole = merge(vec![other.clone(), one.clone()]).unwrap();
        assert_eq!(fills(&whole), 1);
        let mut breaches = whole.breaches.iter();
        let told = breaches
            .find(|one| one.kind == BreachKind::DoubleFill)
            .unwrap();
        for part in [&one, &other] {
            assert!(told.history.contains(&part.officers[0].badge), "{told}");
        }
        // Alone, each is as good as any other.
        for (mut alone, name) in [(one, "1/1"), (other, "1/1")] {
            alone.shard = shard(name);
            assert_eq!(fills(&merge(vec![alone]).unwrap()), 0);
        }
    }

    #[test]
    fn clocks_meet_where_all_parts_began() {
        let (mut one, mut other) = (kept("1/2", 7), kept("2/2", 7));
        (one.begun_us, other.begun_us) = (1_000, 501_000);
        one.officers[3].asks.push(won(0, 0, 70));
        other.officers[3].asks.push(won(2, 0, 90));
        other.officers[3].asks[0].intended_us += 500_000;
        other.officers[3].asks[0].answered_us += 500_000;
        let report = merge(vec![one, other]).unwrap().report;
        let accepts = &report.timeline.steps[0];
        assert_eq!((accepts.accepts, report.counts.accepts), (2, 2));
        assert_eq!(report.latency_us.accept_to_answer.max, 1_000);
        assert_eq!((report.counts.officers, report.counts.dropped), (40, 2));
    }

    #[test]
    fn only_all_parts_of_one_run_are_bound() {
        let told = |parts: Vec<Kept>| merge(parts).unwrap_err().to_string();
        let one = kept("1/2", 7);
        assert!(told(Vec::new()).contains("there is none") || told(Vec::new()).contains("not all"));
        assert!(told(vec![one.clone()]).contains("not all of one run"));
        assert!(told(vec![one.clone(), one.clone()]).contains("1/2, 1/2"));
        assert!(told(vec![one.clone(), kept("2/2", 8)]).contains("differ in their plans"));
        assert!(told(vec![one, kept("2/3", 7)]).contains("differ in their plans"));
    }

    #[test]
    fn a_ledger_survives_its_file() {
        let folder = std::env::temp_dir().join(format!("loadgen-ledger-{}", std::process::id()));
        let mut one = kept("1/2", 7);
        one.officers[0].asks.push(won(0, 0, 70));
        one.write(&folder).unwrap();
        let read = Kept::read(&folder);
        fs::remove_file(&folder).unwrap();
        assert_eq!(read.unwrap(), one);
        let gone = Kept::read(&folder).unwrap_err().to_string();
        assert!(gone.contains("loadgen-ledger-"), "{gone}");
    }
}
