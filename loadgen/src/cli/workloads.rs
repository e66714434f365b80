//! What may be said of each workload, and the plan that it means.

use std::path::PathBuf;
use std::time::Duration;

use super::load::LoadArgs;
use super::words::{rate, schedule, share, speed, time};
use super::{CliError, examples};
use crate::behaviour::Mix;
use crate::limits::{OFFICERS_MAX, VACANCIES_MAX};
use crate::pacer::{Extent, Pacer, Rate, schedule as instants};
use crate::seed::derive;
use crate::storm::{Backoff, Plan, Recorded, StormOptions, next_monday_us};

/// Officers, for every workload that has some.
#[derive(Debug, Clone, clap::Args)]
pub struct CrowdArgs {
    /// Simulated officers, each on a QUIC session of its own
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(15..=OFFICERS_MAX as u64))]
    pub officers: u64,
    /// How long each tier is asked before the next
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "2s")]
    pub window: Duration,
    /// Weights of eager, considered, silent, decline, drop, release, deaf
    #[arg(long, value_name = "MIX", default_value_t = Mix::default())]
    pub behaviour: Mix,
}

/// What may be said of a storm.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = examples::STORM)]
pub struct StormArgs {
    #[command(flatten)]
    /// Who.
    pub crowd: CrowdArgs,
    /// Vacancies to publish at most [default: 200, or the whole schedule]
    #[arg(long, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=VACANCIES_MAX as u64))]
    pub vacancies: Option<u64>,
    /// Publish at this rate, such as 40/s or 2400/m
    #[arg(long, value_parser = rate, conflicts_with = "over")]
    pub rate: Option<Rate>,
    /// Publish them evenly within this time; 0s: all at once [default: 5s]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub over: Option<Duration>,
    /// constant:40/s, poisson:40/s, ramp:10/s..80/s:20s, burst or file:PATH
    #[arg(long, value_parser = schedule, conflicts_with_all = ["rate", "over"])]
    pub schedule: Option<Pacer>,
    #[command(flatten)]
    /// Where to, and what for.
    pub load: LoadArgs,
}

/// What may be said of races.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = examples::RACE)]
pub struct RaceArgs {
    /// Officers who take every vacancy in the moment of hearing
    #[arg(long, value_name = "N", default_value_t = 64)]
    #[arg(value_parser = clap::value_parser!(u64).range(2..=OFFICERS_MAX as u64))]
    pub officers: u64,
    /// Vacancies, one after the other, with one slot each
    #[arg(long, value_name = "N", default_value_t = 100)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=RACES_MAX))]
    pub rounds: u64,
    /// How far apart they are published
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "100ms")]
    pub every: Duration,
    #[command(flatten)]
    /// Where to, and what for.
    pub load: LoadArgs,
}

/// Races, or broadcasts, of one run: each has an hour of its own in the calendar.
const RACES_MAX: u64 = 5_000;

/// What may be said of broadcasts.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = examples::BROADCAST)]
pub struct BroadcastArgs {
    /// Officers who hear of every vacancy and answer none
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(2..=OFFICERS_MAX as u64))]
    pub officers: u64,
    /// Vacancies, one after the other
    #[arg(long, value_name = "N", default_value_t = 15)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=RACES_MAX))]
    pub rounds: u64,
    /// How far apart they are published
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "1s")]
    pub every: Duration,
    #[command(flatten)]
    /// Where to, and what for.
    pub load: LoadArgs,
}

/// What may be said of a search for the knee.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = examples::RAMP)]
pub struct RampArgs {
    #[command(flatten)]
    /// Who.
    pub crowd: CrowdArgs,
    /// Accepts are answered in time if their p99.9 stays below this
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "50ms")]
    pub bound: Duration,
    /// The first rate of publications; it doubles until the bound is left
    #[arg(long, value_parser = rate, default_value = "20/s")]
    pub from: Rate,
    /// No higher rate is tried
    #[arg(long, value_parser = rate, default_value = "2000/s")]
    pub to: Rate,
    /// How long each rate is tried
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "4s")]
    pub step: Duration,
    #[command(flatten)]
    /// Where to, and what for.
    pub load: LoadArgs,
}

/// What may be said of a reconnection.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = examples::RECONNECT)]
pub struct ReconnectArgs {
    #[command(flatten)]
    /// Who.
    pub crowd: CrowdArgs,
    /// Publish at this rate meanwhile
    #[arg(long, value_parser = rate, default_value = "20/s")]
    pub rate: Rate,
    /// How long to watch after all connections were cut
    #[arg(long = "for", value_name = "TIME", value_parser = time, default_value = "8s")]
    pub lasting: Duration,
    /// All sessions wait the same times before they come back
    #[arg(long)]
    pub no_jitter: bool,
    #[command(flatten)]
    /// Where to, and what for.
    pub load: LoadArgs,
}

/// What may be said of slow readers.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = examples::SLOW_READERS)]
pub struct SlowReadersArgs {
    /// Which officers leave everything unread
    #[arg(long, value_parser = share, default_value = "20%")]
    pub share: f64,
    #[command(flatten)]
    /// The storm that they sleep through.
    pub storm: StormArgs,
}

/// What may be said of idle sessions.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = examples::IDLE)]
pub struct IdleArgs {
    /// Sessions that stand and do nothing
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(15..=OFFICERS_MAX as u64))]
    pub officers: u64,
    /// How long they stand
    #[arg(long = "for", value_name = "TIME", value_parser = time, default_value = "30s")]
    pub lasting: Duration,
    #[command(flatten)]
    /// Where to, and what for.
    pub load: LoadArgs,
}

/// What may be said of a soak.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = examples::SOAK)]
pub struct SoakArgs {
    #[command(flatten)]
    /// Who.
    pub crowd: CrowdArgs,
    /// Publish at this rate
    #[arg(long, value_parser = rate, default_value = "5/s")]
    pub rate: Rate,
    /// For this long
    #[arg(long = "for", value_name = "TIME", value_parser = time, default_value = "10m")]
    pub lasting: Duration,
    #[command(flatten)]
    /// Where to, and what for.
    pub load: LoadArgs,
}

/// What may be said of a replay.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = examples::REPLAY)]
pub struct ReplayArgs {
    /// The log whose publications are offered again: the folder `log` of a data folder
    #[arg(value_name = "LOG")]
    pub log: PathBuf,
    /// How much faster than they were recorded
    #[arg(long, value_parser = speed, default_value = "1x")]
    pub speed: f64,
    #[command(flatten)]
    /// Who.
    pub crowd: CrowdArgs,
    #[command(flatten)]
    /// Where to, and what for.
    pub load: LoadArgs,
}

impl CrowdArgs {
    /// A storm of these officers at this moment (microseconds since the epoch).
    ///
    /// # Errors
    /// [`CliError::Clock`].
    pub fn options(
        &self,
        (seed, now_us): (u64, i64),
        vacancies: u64,
        pacer: Pacer,
    ) -> Result<StormOptions, CliError> {
        Ok(StormOptions {
            mix: self.behaviour,
            window_ms: u64::try_from(self.window.as_millis()).unwrap_or(u64::MAX),
            ..options(self.officers, (seed, now_us), vacancies, pacer)?
        })
    }
}

impl StormArgs {
    /// The storm that was asked for, at this moment (microseconds since the epoch).
    ///
    /// # Errors
    /// [`CliError::Clock`].
    pub fn options(&self, now_us: i64) -> Result<StormOptions, CliError> {
        const VACANCIES: u64 = 200;
        let seed = self.load.seed;
        let pacer = self.pacer(self.vacancies.unwrap_or(VACANCIES));
        let vacancies = match (self.vacancies, &pacer) {
            (Some(vacancies), _) => vacancies,
            (None, Pacer::Ramp { .. } | Pacer::Replay(_)) => VACANCIES_MAX as u64,
            (None, Pacer::Constant(_) | Pacer::Poisson { .. } | Pacer::Burst { .. }) => VACANCIES,
        };
        let planned = instants(&pacer, Extent::Hits(vacancies)).len() as u64;
        self.crowd.options((seed, now_us), planned, pacer)
    }

    fn pacer(&self, vacancies: u64) -> Pacer {
        const OVER: Duration = Duration::from_secs(5);
        match &self.schedule {
            Some(Pacer::Poisson { rate, .. }) => {
                let seed = derive(self.load.seed, "arrivals");
                return Pacer::Poisson { rate: *rate, seed };
            }
            Some(pacer) => return pacer.clone(),
            None => {}
        }
        let over = self.over.unwrap_or(OVER);
        let evenly = Rate::per_second(vacancies as f64 / over.as_secs_f64());
        match self.rate.or(evenly) {
            Some(rate) => Pacer::Constant(rate),
            None => Pacer::Burst { hits: vacancies },
        }
    }
}

impl RaceArgs {
    /// The races that were asked for.
    ///
    /// # Errors
    /// [`CliError::Clock`].
    pub fn plan(&self, now_us: i64) -> Result<Plan, CliError> {
        let pacer = every(self.every, self.rounds);
        let options = options(self.officers, (self.load.seed, now_us), self.rounds, pacer)?;
        Ok(Plan::races(&options))
    }
}

impl BroadcastArgs {
    /// The broadcasts that were asked for.
    ///
    /// # Errors
    /// [`CliError::Clock`].
    pub fn plan(&self, now_us: i64) -> Result<Plan, CliError> {
        let pacer = every(self.every, self.rounds);
        let options = options(self.officers, (self.load.seed, now_us), self.rounds, pacer)?;
        Ok(Plan::broadcasts(&options))
    }
}

/// One hit in each such time; all at once if it is none.
fn every(time: Duration, hits: u64) -> Pacer {
    match Rate::per_second(1.0 / time.as_secs_f64()) {
        Some(rate) => Pacer::Constant(rate),
        None => Pacer::Burst { hits },
    }
}

impl ReconnectArgs {
    /// The reconnection that was asked for.
    ///
    /// # Errors
    /// [`CliError::Clock`].
    pub fn plan(&self, now_us: i64) -> Result<Plan, CliError> {
        let lasts = Plan::reconnection_lasts(self.lasting);
        let vacancies = hits(self.rate, lasts);
        let pacer = Pacer::Constant(self.rate);
        let seeded = (self.load.seed, now_us);
        let options = self.crowd.options(seeded, vacancies, pacer)?;
        let mut plan = Plan::reconnection(&options, self.lasting);
        if self.no_jitter {
            plan.backoff = Backoff::Together;
            plan.workload.push_str(" --no-jitter");
        }
        Ok(plan)
    }
}

impl SlowReadersArgs {
    /// The storm with slow readers that was asked for.
    ///
    /// # Errors
    /// [`CliError::Clock`].
    pub fn plan(&self, now_us: i64) -> Result<Plan, CliError> {
        let mut plan = Plan::storm(&self.storm.options(now_us)?);
        let permille = (self.share * 1_000.0).round().min(1_000.0);
        plan.deafen(permille as u16);
        let storm = plan.workload.trim_start_matches("storm ");
        plan.workload = format!("slow-readers --share {}% {storm}", permille / 10.0);
        Ok(plan)
    }
}

impl IdleArgs {
    /// The idle sessions that were asked for.
    ///
    /// # Errors
    /// [`CliError::Clock`].
    pub fn plan(&self, now_us: i64) -> Result<Plan, CliError> {
        let pacer = Pacer::Burst { hits: 0 };
        let options = options(self.officers, (self.load.seed, now_us), 0, pacer)?;
        Ok(Plan::idle(&options, self.lasting))
    }
}

impl SoakArgs {
    /// The soak that was asked for: its work lies in as many weeks as keep officers free.
    ///
    /// # Errors
    /// [`CliError::Clock`].
    pub fn plan(&self, now_us: i64) -> Result<Plan, CliError> {
        /// Slots that an officer fills in one week, about.
        const SLOTS_PER_OFFICER_AND_WEEK: u64 = 2;
        let vacancies = hits(self.rate, self.lasting);
        let seeded = (self.load.seed, now_us);
        let pacer = Pacer::Constant(self.rate);
        let mut options = self.crowd.options(seeded, vacancies, pacer)?;
        let per_week = self.crowd.officers * SLOTS_PER_OFFICER_AND_WEEK;
        options.weeks = vacancies.div_ceil(per_week).clamp(1, WEEKS_MAX);
        let mut plan = Plan::storm(&options);
        plan.workload = plan.workload.replacen("storm", "soak", 1);
        Ok(plan)
    }
}

/// Weeks ahead for which work is published at most.
const WEEKS_MAX: u64 = 26;

impl ReplayArgs {
    /// The replay of these publications.
    ///
    /// # Errors
    /// [`CliError::Clock`].
    pub fn plan(&self, now_us: i64, recorded: &[Recorded]) -> Result<Plan, CliError> {
        let pacer = Pacer::Burst { hits: 0 };
        let options = self.crowd.options((self.load.seed, now_us), 0, pacer)?;
        Ok(Plan::replay(&options, recorded, self.speed))
    }
}

fn options(
    officers: u64,
    (seed, now_us): (u64, i64),
    vacancies: u64,
    pacer: Pacer,
) -> Result<StormOptions, CliError> {
    const WINDOW_MS: u64 = 2_000;
    Ok(StormOptions {
        seed,
        officers: usize::try_from(officers).unwrap_or(OFFICERS_MAX),
        vacancies: usize::try_from(vacancies).unwrap_or(VACANCIES_MAX),
        pacer,
        mix: Mix::default(),
        window_ms: WINDOW_MS,
        weeks: 1,
        monday_us: next_monday_us(now_us).ok_or(CliError::Clock)?,
        now_us,
    })
}

/// How many publications this rate makes in this time, within the limit.
fn hits(rate: Rate, lasting: Duration) -> u64 {
    let hits = (rate.as_per_second() * lasting.as_secs_f64()).ceil();
    (hits as u64).clamp(1, VACANCIES_MAX as u64)
}
