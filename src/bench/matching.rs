//! The rows of `muster bench match`.

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use engine::index::{Footprint, Marks, naive};
use engine::model::{OfficerId, OfficerSet, ProgrammeId};
use engine::rules::{Candidate, Ground, eligibility};
use rayon::prelude::*;

use super::changes::changes;
use super::crowd::{Crowd, Flat, Size, Work};
use super::drive::Core;
use super::floor::median;
use super::report::{Beside, Report};
use super::{BenchError, folder_error};
use crate::cli::BenchMatchArgs;

/// Agencies of a crowd of a million: five thousand officers each, were they alike.
const OFFICERS_AN_AGENCY: u64 = 5_000;
/// Vacancies that are matched in turn.
const VACANCIES: u64 = 1_000;
/// Of them, so many are matched by those who examine everybody.
const FEW: usize = 20;
/// Vacancies matched on one core and on two.
const MANY: usize = 10_000;
/// Bytes of a page of memory.
const PAGE_BYTES: f64 = 4_096.0;

/// What is measured, and how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchPlan {
    /// Officers.
    pub officers: u64,
    /// From which everything is drawn.
    pub seed: u64,
    /// Rounds of a row; the median counts.
    pub rounds: u32,
    /// About how long one round takes.
    pub round: Duration,
    /// Where officers and vacancies are written for other programs.
    pub write: Option<PathBuf>,
}

impl MatchPlan {
    /// What the command line asks for.
    pub fn new(args: &BenchMatchArgs) -> MatchPlan {
        let (officers, rounds, round_ms) = match args.quick {
            true => (20_000, 3, 20),
            false => (1_000_000, 5, 200),
        };
        MatchPlan {
            officers: args.officers.map_or(officers, u64::from),
            seed: args.seed,
            rounds,
            round: Duration::from_millis(round_ms),
            write: args.write.clone(),
        }
    }
}

/// Measures the rows of `plan`; `progress` hears what is being measured.
pub(super) fn measure(
    plan: &MatchPlan,
    progress: &mut dyn FnMut(&str),
) -> Result<Report, BenchError> {
    progress("nothing yet: officers are made");
    let small = crowd(plan, plan.officers / 10);
    let before = resident_bytes();
    let crowd = crowd(plan, plan.officers);
    let all_bytes = resident_bytes() - before;
    let mut report = Report::new("match", Path::new(""));
    let mut bench = Bench {
        dense: Dense::of(&crowd.flat),
        plan,
        crowd: &crowd,
        report: &mut report,
    };
    progress("whether everybody finds the same");
    bench.check()?;
    progress("one vacancy");
    bench.one();
    progress("many vacancies on two cores");
    bench.many();
    progress("a tenth of the officers");
    bench.growth(&small);
    progress("memory");
    bench.memory(all_bytes);
    if let Some(folder) = &plan.write {
        progress("nothing: officers and vacancies are written");
        write(&crowd, folder)?;
    }
    progress("changes");
    report.beside.extend(changes(plan.seed, &crowd));
    Ok(report)
}

fn crowd(plan: &MatchPlan, officers: u64) -> Crowd {
    Crowd::new(Size {
        officers,
        agencies: (officers / OFFICERS_AN_AGENCY).max(2),
        vacancies: VACANCIES,
        seed: plan.seed,
    })
}

struct Bench<'a> {
    plan: &'a MatchPlan,
    crowd: &'a Crowd,
    dense: Dense,
    report: &'a mut Report,
}

impl Bench<'_> {
    /// Ends the bench if anybody finds somebody else than the others do.
    fn check(&mut self) -> Result<(), BenchError> {
        let (mut asked, mut found) = (0, 0);
        for (number, work) in self.crowd.work.iter().enumerate() {
            let marks = marks(self.crowd, work);
            let set = OfficerSet::from(&marks);
            let ground = ground(self.crowd, work);
            let state = &self.crowd.state;
            let roaring = one_by_one(self.crowd, work);
            let twin =
                (number < FEW).then(|| naive::eligible(ground, state.calendars(), &work.agencies));
            let flat = self.crowd.flat.iter().filter(|officer| work.suits(officer));
            let flat = (number < 10 * FEW).then(|| flat.map(|officer| officer.id).collect());
            let others = [Some(roaring), twin, flat];
            if let Some(other) = others.into_iter().flatten().find(|other| *other != set) {
                return Err(BenchError::Unexpected {
                    what: "who may take a vacancy",
                    count: 1,
                    first: format!("{} and {} officers of one", set.len(), other.len()),
                });
            }
            let counted = self.dense.count(work);
            found += marks.len();
            asked += self.dense.candidates(work);
            black_box(counted);
        }
        let work = self.crowd.work.len() as u64;
        self.report.notes.push(format!(
            "{} officers, {} agencies, seed {}; on average {} officers of the agencies asked, of whom \
             {} may come; the plane, the roaring sets, the naive twin and the scan find the same ones",
            self.crowd.flat.len(),
            self.crowd.state.roster().agencies.len(),
            self.plan.seed,
            asked / work,
            found / work,
        ));
        Ok(())
    }

    /// One vacancy on one core, beside the dense bound.
    fn one(&mut self) {
        let crowd = self.crowd;
        let all = &crowd.work[..];
        let few = &all[..FEW.min(all.len())];
        let state = &crowd.state;
        let (sets, dense) = (state.index().sets(), &self.dense);
        let mut ids: Vec<OfficerId> = Vec::new();
        let scan = |work: &Work| crowd.flat.iter().filter(|one| work.suits(one)).count();
        let twin =
            |work: &Work| naive::eligible(ground(crowd, work), state.calendars(), &work.agencies);
        let rows: [Row<'_>; 7] = [
            (
                "scan",
                "scan of everybody, eight bytes each",
                few,
                &mut |work| {
                    black_box(scan(work));
                },
            ),
            (
                "twin",
                "the naive twin: everybody's record",
                few,
                &mut |work| {
                    black_box(twin(work));
                },
            ),
            (
                "roaring",
                "roaring sets, without dates and hours",
                all,
                &mut |work| {
                    black_box(sets.candidates(ground(crowd, work), &work.agencies));
                },
            ),
            (
                "roaring-exact",
                "roaring sets, then one by one",
                few,
                &mut |work| {
                    black_box(one_by_one(crowd, work));
                },
            ),
            (
                "plane",
                "the hot plane, as a set of bits",
                all,
                &mut |work| {
                    black_box(marks(crowd, work));
                },
            ),
            ("plane-ids", "the same, ids written out", all, &mut |work| {
                ids = marks(crowd, work).officers();
                black_box(&ids);
            }),
            (
                "plane-offer",
                "the same, as an offer is logged",
                all,
                &mut |work| {
                    black_box(OfficerSet::from(&marks(crowd, work)));
                },
            ),
        ];
        for (row, what, works, each) in rows {
            let bound = &mut |work: &Work| {
                black_box(dense.count(work));
            };
            let [ours, floor] = side_by_side(self.plan, [(works, each), (all, bound)]);
            let floor = ("three rows of words, counted", floor);
            self.report
                .beside
                .push(Beside::new(row, what, "ns", ours, floor));
        }
    }

    /// Many vacancies on one core and on two.
    fn many(&mut self) {
        let crowd = self.crowd;
        let works: Vec<&Work> = crowd.work.iter().cycle().take(MANY).collect();
        let each = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let pool = pool.expect("two threads can be started");
            let times = (0..self.plan.rounds).map(|_| {
                let began = Instant::now();
                let found: u64 = pool.install(|| {
                    let works = works.par_iter();
                    works
                        .map(|work| OfficerSet::from(&marks(crowd, work)).len())
                        .sum()
                });
                black_box(found);
                began.elapsed().as_nanos() as f64 / MANY as f64
            });
            median(times.collect::<Vec<_>>().into_iter())
        };
        let (one, two) = (each(1), each(2));
        let what = "10,000 vacancies on two cores, each";
        let floor = ("the same on one core", one);
        self.report
            .beside
            .push(Beside::new("cores", what, "ns", two, floor));
    }

    /// The same work among a tenth of the officers, in agencies of the same size.
    fn growth(&mut self, small: &Crowd) {
        let crowd = self.crowd;
        let among = Dense::of(&small.flat);
        let asked = |dense: &Dense, work: &[Work]| {
            let asked: u64 = work.iter().map(|work| dense.candidates(work)).sum();
            asked as f64 / work.len() as f64 / 1e3
        };
        let large = asked(&self.dense, &crowd.work);
        let few = asked(&among, &small.work);
        let ours = &mut |work: &Work| {
            black_box(marks(crowd, work));
        };
        let floor = &mut |work: &Work| {
            black_box(marks(small, work));
        };
        let [ours, floor] = side_by_side(
            self.plan,
            [(&crowd.work[..], ours), (&small.work[..], floor)],
        );
        let what = "the hot plane, for 1,000 officers asked";
        let floor = ("among a tenth of all officers", floor / few);
        self.report
            .beside
            .push(Beside::new("growth", what, "ns", ours / large, floor));
    }

    /// Bytes for each officer, by part. What a part takes is seen by making it a second time.
    fn memory(&mut self, all_bytes: f64) {
        let state = &self.crowd.state;
        let officers = self.crowd.flat.len() as f64;
        // The first copy takes what was freed while the crowd was made.
        let _fills_up = grown_by(|| state.clone());
        let (whole, _whole) = grown_by(|| state.clone());
        let (records, _records) = grown_by(|| state.roster().officers.clone());
        let (roster, _roster) = grown_by(|| state.roster().clone());
        let (calendars, _calendars) = grown_by(|| state.calendars().clone());
        let (vacancies, _vacancies) = grown_by(|| state.vacancies().clone());
        let (index, _index) = grown_by(|| state.index().clone());
        let Footprint { sets, plane, days } = state.index().footprint();
        let around = index - (sets + plane + days) as f64;
        let deadlines = whole - roster - calendars - vacancies - index;
        let all = all_bytes - size_of::<Flat>() as f64 * officers;
        let saved = state.snapshot().map_or(0, |bytes| bytes.len()) as f64;
        let rows = [
            ("record", "record of each officer", records),
            ("codes", "numbers by badge and code", roster - records),
            ("calendar", "calendar", calendars),
            ("deadlines", "deadlines, and what else", deadlines),
            ("sets", "roaring sets, as written", sets as f64),
            ("plane", "hot plane", plane as f64),
            ("days", "booked and excepted days", days as f64),
            ("around", "around these three", around),
            ("vacancies", "vacancies that keep officers busy", vacancies),
            ("other", "freed, or room to grow", all - whole),
        ];
        let rows = rows.map(|(part, what, bytes)| (format!("memory-{part}"), what, bytes));
        let sum = ("memory".to_owned(), "all of it", all);
        for (row, what, bytes) in rows.into_iter().chain([sum]) {
            let floor = ("its snapshot, all of it", saved / officers);
            let row = Beside::new(&row, what, "B", bytes / officers, floor);
            self.report.beside.push(row);
        }
    }
}

/// A row's name, what it says, the work it is measured on, and what is done with each.
type Row<'a> = (&'a str, &'a str, &'a [Work], &'a mut dyn FnMut(&Work));

/// The work of one of two sides, and what is done with each.
type Side<'a> = (&'a [Work], &'a mut dyn FnMut(&Work));

/// Times a call for each of two lists of work in turn, in nanoseconds on the core.
fn side_by_side(plan: &MatchPlan, mut sides: [Side<'_>; 2]) -> [f64; 2] {
    let mut taken = [Vec::new(), Vec::new()];
    for _ in 0..plan.rounds {
        for ((works, each), taken) in sides.iter_mut().zip(&mut taken) {
            let (core, began) = (Core::own(), Instant::now());
            let mut calls = 0u64;
            while began.elapsed() < plan.round || calls == 0 {
                works.iter().for_each(&mut **each);
                calls += works.len() as u64;
            }
            let spent = core.spent().unwrap_or_else(|| began.elapsed());
            taken.push(spent.as_nanos() as f64 / calls as f64);
        }
    }
    taken.map(|taken| median(taken.into_iter()))
}

fn ground<'a>(crowd: &'a Crowd, work: &'a Work) -> Ground<'a> {
    let ground = crowd.state.ground(&work.row, crowd.now());
    ground.expect("work of the crowd is of one of its programmes")
}

fn marks(crowd: &Crowd, work: &Work) -> Marks {
    let state = &crowd.state;
    state
        .index()
        .marks(ground(crowd, work), state.calendars(), &work.agencies)
}

/// Who may take a vacancy, by the roaring sets and an examination of everybody in them.
fn one_by_one(crowd: &Crowd, work: &Work) -> OfficerSet {
    let (state, ground) = (&crowd.state, ground(crowd, work));
    let candidates = state.index().sets().candidates(ground, &work.agencies);
    let may_come = |id: &OfficerId| {
        let officer = state.roster().officers.find(*id);
        let calendar = state.calendars().find(*id);
        officer.is_some_and(|officer| {
            let id = *id;
            let who = Candidate {
                id,
                officer,
                calendar,
            };
            eligibility::check(ground, who).is_ok()
        })
    };
    candidates.iter().map(OfficerId).filter(may_come).collect()
}

/// The least that can be done: three rows of words for each agency asked, and a count. It knows no
/// date, hour or day, and cannot be kept up to date; it is what memory and instructions allow.
struct Dense {
    kinds: [Vec<u64>; 16],
    ready: Vec<u64>,
    /// The first word of each agency, and the one after its last.
    agencies: Vec<(usize, usize)>,
    sizes: Vec<u64>,
}

impl Dense {
    fn of(flat: &[Flat]) -> Dense {
        let agencies = flat.last().map_or(0, |last| usize::from(last.agency) + 1);
        let words = flat.last().map_or(0, |last| last.id.index() / 64 + 1);
        let mut dense = Dense {
            kinds: [(); 16].map(|()| vec![0; words]),
            ready: vec![0; words],
            agencies: vec![(usize::MAX, 0); agencies],
            sizes: vec![0; agencies],
        };
        for one in flat {
            let (word, bit) = (one.id.index() / 64, one.id.index() % 64);
            for (kind, row) in dense.kinds.iter_mut().enumerate() {
                row[word] |= u64::from(one.kinds >> kind & 1) << bit;
            }
            let is_ready = one.is_ready && one.approved & 1 == 1 && one.busy & 1 == 0;
            dense.ready[word] |= u64::from(is_ready) << bit;
            let (first, end) = &mut dense.agencies[usize::from(one.agency)];
            (*first, *end) = ((*first).min(word), (*end).max(word + 1));
            dense.sizes[usize::from(one.agency)] += 1;
        }
        dense
    }

    fn count(&self, work: &Work) -> u32 {
        let asked = work.kinds();
        let (one, other) = (asked.trailing_zeros(), 15 - asked.leading_zeros());
        let (one, other) = (&self.kinds[one as usize], &self.kinds[other as usize]);
        let mut counted = 0;
        for agency in &work.agencies {
            let (first, end) = self.agencies[agency.index()];
            let rows = one[first..end].iter().zip(&other[first..end]);
            let rows = rows.zip(&self.ready[first..end]);
            counted += rows
                .map(|((one, other), ready)| (one & other & ready).count_ones())
                .sum::<u32>();
        }
        counted
    }

    fn candidates(&self, work: &Work) -> u64 {
        work.agencies
            .iter()
            .map(|agency| self.sizes[agency.index()])
            .sum()
    }
}

/// What `make` takes, in bytes, as long as it is kept.
fn grown_by<T>(make: impl FnOnce() -> T) -> (f64, T) {
    let before = resident_bytes();
    let made = make();
    (resident_bytes() - before, made)
}

/// Resident memory of this process; 0 where the system does not say.
fn resident_bytes() -> f64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split_whitespace().nth(1);
    pages
        .and_then(|pages| pages.parse::<f64>().ok())
        .unwrap_or(0.0)
        * PAGE_BYTES
}

/// Writes officers and vacancies for other programs, which then find as many.
fn write(crowd: &Crowd, folder: &Path) -> Result<(), BenchError> {
    let mut officers = String::from("id,agency,kinds,approved,busy,ready\n");
    // Writing to a string cannot fail.
    for one in &crowd.flat {
        let Flat {
            id: OfficerId(id),
            agency,
            kinds,
            approved,
            busy,
            is_ready,
        } = one;
        let ready = u8::from(*is_ready);
        let _infallible = writeln!(officers, "{id},{agency},{kinds},{approved},{busy},{ready}");
    }
    let mut vacancies = String::from("id,agencies,kinds,programme,day,eligible\n");
    for (number, work) in crowd.work.iter().enumerate() {
        let agencies: Vec<String> = work.agencies.iter().map(|id| id.0.to_string()).collect();
        let (agencies, kinds) = (agencies.join(" "), work.kinds());
        let ProgrammeId(programme) = work.row.posting.programme;
        let (day, eligible) = (work.day, marks(crowd, work).len());
        let _infallible = writeln!(
            vacancies,
            "{number},{agencies},{kinds},{programme},{day},{eligible}"
        );
    }
    for (name, text) in [("officers.csv", officers), ("vacancies.csv", vacancies)] {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|cause| folder_error("write", &path, cause))?;
    }
    Ok(())
}
