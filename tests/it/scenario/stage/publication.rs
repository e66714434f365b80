//! Lines about publishing: terms, many at once, what it would find, and what pays for it.

use engine::core::{Body, Event, NewGrant, NewSegment, NewVacancy, Publication, State};
use engine::io::Clock;
use engine::model::{AgencyId, Date, Rank, Term, Timestamp, VacancyKey};
use engine::rules::{Candidate, Clause, Ground, eligibility};

use jiff::civil::Weekday;
use muster::publication::{Hours, Pattern, key};

use super::super::words::{Words, duration_ms, weekday};
use super::provisions::buffer;
use super::say::line;
use super::{Stage, jobs};

const HOUR_MIN: u64 = 60;
const MINUTE_US: u128 = 60_000_000;

impl Stage {
    /// A vacancy without terms is published alone, as ever.
    pub(super) fn publish(&mut self, words: &Words<'_>) -> Body {
        let Publication { vacancy, terms } = self.publication(words);
        match terms.is_empty() {
            true => Body::Publish(Box::new(vacancy)),
            false => Body::PublishAll(vec![Publication { vacancy, terms }]),
        }
    }

    pub(super) fn publication(&mut self, words: &Words<'_>) -> Publication {
        let vacancy = self.new_vacancy(words);
        let mut terms = Vec::new();
        if words.named("opens-before").is_some() {
            let distances = words.list("opens-before").into_iter();
            let before_ms = distances.map(duration_ms).collect();
            terms.push(Term::OpensBefore { before_ms });
        }
        if let Some(reason) = words.named("beyond-grant") {
            let reason = reason.into();
            terms.push(Term::BeyondGrant { reason });
        }
        terms.extend(buffer(words));
        terms.extend(jobs::terms(words));
        terms.extend(Stage::on_terms(words));
        terms.extend(self.award_terms(words));
        Publication { vacancy, terms }
    }

    /// A vacancy for each day of a pattern, as the command line plans it: `v-2026-11-23` and so on.
    /// The same work has the same key, whatever it is called.
    pub(super) fn publish_each(&mut self, words: &Words<'_>) -> Vec<Publication> {
        let roster = self.state().roster();
        let sites = words.list("site");
        let times = words.words_from(3);
        let hours = sites.iter().zip(times).map(|(site, hours)| {
            let id = roster.site(site).expect("a site of the scenario");
            let zone = &roster.sites.find(id).expect("a site that is there").zone;
            let (start, end) = hours.split_once('-').expect("`hh:mm-hh:mm`");
            Hours {
                site: (*site).to_owned(),
                zone: jiff::tz::TimeZone::get(zone).expect("a known zone"),
                start: start.parse().expect("a time"),
                end: end.parse().expect("a time"),
            }
        });
        let day = |text: &str| -> jiff::civil::Date { text.parse().expect("a date") };
        let weekdays = words.word(2).split(',').map(|name| {
            let offset = i8::try_from(weekday(name)).expect("seven days");
            Weekday::from_monday_zero_offset(offset).expect("a day of the week")
        });
        let pattern = Pattern {
            weekdays: weekdays.collect(),
            from: day(words.need("from")),
            until: day(words.need("until")),
            hours: hours.collect(),
        };
        let holidays = words.list("holidays").into_iter();
        let holidays = holidays.map(|date| (day(date), "holiday".to_owned()));
        let plan = pattern
            .plan(&holidays.collect())
            .expect("a pattern with days");
        let lead = words.need("lead");
        let publications = plan.days.into_iter().map(|(date, segments)| {
            let key = VacancyKey(key(lead, "sso", &segments).0);
            let name = format!("{}-{date}", words.word(1));
            self.vacancies.insert(name, key);
            let segment = |segment: protocol::NewSegment| NewSegment {
                site: segment.site,
                start: Timestamp(segment.start_us),
                end: Timestamp(segment.end_us),
            };
            plain(NewVacancy {
                key,
                lead: lead.to_owned(),
                programme: "sso".to_owned(),
                segments: segments.into_iter().map(segment).collect(),
                slots: vec![Rank::Officer],
                windows_ms: Vec::new(),
                post_orders: String::new(),
            })
        });
        publications.collect()
    }

    /// When a vacancy's work starts and ends, in the time of its sites.
    pub(super) fn times(&self, words: &Words<'_>, output: &mut String) {
        let row = self.state().vacancy(self.vacancy(words.word(1)));
        let row = row.expect("the vacancy was published");
        for segment in &row.posting.segments {
            let site = self.state().roster().sites.find(segment.site);
            let (name, start) = (words.word(1), segment.span.start.as_micros());
            let site = site.map_or("?", |site| site.code.as_str());
            let start = jiff::Timestamp::from_microsecond(start).expect("a time in range");
            for day in &segment.local {
                let (date, from, until) =
                    (day.date, day.window.from_minute, day.window.until_minute);
                let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
                let (from, until) = (clock(from), clock(until));
                line(
                    output,
                    format_args!("{name} {site} {date} {from}-{until} ({start})"),
                );
            }
        }
    }

    /// Says what publishing would find. The name is not kept: nothing was published.
    pub(super) fn preview(&mut self, words: &Words<'_>, output: &mut String) {
        let before = self.vacancies.clone();
        let mut publication = self.publication(words);
        self.vacancies = before;
        publication.vacancy.key = VacancyKey(u128::MAX);
        let at = self.state().at().max(self.clock.now());
        let preview = match self.state().preview(&publication, at) {
            Ok(preview) => preview,
            Err(refusal) => {
                return line(output, format_args!("refused preview \"{refusal}\""));
            }
        };
        if words.named("count").is_some() {
            line(
                output,
                format_args!("slots={}", jobs::ranks(&preview.slots)),
            );
        }
        if preview.higher_fills {
            line(output, format_args!("a higher rank fills a lower slot"));
        }
        for funnel in &preview.tiers {
            let agencies = funnel.agencies.iter().map(|id| {
                let agency = self.state().roster().agencies.find(*id);
                agency.map_or("?", |agency| agency.code.as_str())
            });
            let agencies = agencies.collect::<Vec<_>>().join(",");
            let (tier, officers, eligible) = (funnel.tier, funnel.officers, funnel.eligible());
            line(
                output,
                format_args!("tier {tier} of={agencies} officers={officers} eligible={eligible}"),
            );
            let mut before = officers;
            for (clause, left) in &funnel.left {
                if *left < before {
                    let (clause, fewer) = (self.clause_of_many(*clause), before - left);
                    line(output, format_args!("  -{fewer} {clause}"));
                }
                before = *left;
            }
        }
    }

    /// A clause that excludes some officers, each by figures of their own.
    fn clause_of_many(&self, clause: Clause) -> String {
        match clause {
            Clause::Hours { period, .. } => format!("hours:{}", dispatcher::period(period)),
            Clause::Rest { .. } => "rest".to_owned(),
            clause => self.clause(clause),
        }
    }

    /// Says how the grant of a district stands.
    pub(super) fn grant_of(&self, words: &Words<'_>, output: &mut String) {
        let district = words.word(1);
        let Some(fund) = self.state().grants().find(district) else {
            return line(output, format_args!("no grant of {district}"));
        };
        let (committed, drawn) = (fund.taken.committed_us, fund.taken.drawn_us);
        let (committed, drawn) = (committed / MINUTE_US, drawn / MINUTE_US);
        let budget = fund.grant.budget_min;
        let said =
            format_args!("{district} budget={budget}m committed={committed}m drawn={drawn}m");
        line(output, said);
    }

    /// What was published beyond a grant is on record with its reason.
    pub(super) fn say_terms(&self, event: &Event, output: &mut String) {
        let Event::Termed { vacancy, terms } = event else {
            return;
        };
        if let Some(reason) = terms.beyond_grant() {
            let name = self.name(*vacancy);
            line(output, format_args!("beyond-grant {name} \"{reason}\""));
        }
    }
}

/// How many officers `agencies` have, and how many are left after each clause, by explaining
/// everybody one by one.
pub(super) fn funnel(
    state: &State,
    ground: Ground<'_>,
    agencies: &[AgencyId],
) -> (u64, Vec<(Clause, u64)>) {
    let officers = state.roster().officers.iter();
    let asked = officers.filter(|(_, officer)| agencies.contains(&officer.home));
    let explained = asked.map(|(id, officer)| {
        let calendar = state.calendars().find(id);
        let who = Candidate {
            id,
            officer,
            calendar,
        };
        eligibility::explain(ground, who)
    });
    let explained: Vec<Vec<(Clause, bool)>> = explained.collect();
    let clauses = eligibility::clauses(ground).enumerate();
    let left = clauses.map(|(place, clause)| {
        let up_to = |answers: &&Vec<(Clause, bool)>| answers[..=place].iter().all(|one| one.1);
        (clause, explained.iter().filter(up_to).count() as u64)
    });
    let mut left: Vec<(Clause, u64)> = left.collect();
    // What home agencies add is told apart by its kind: preferences, periods by their order, rest.
    let general = left.len();
    let first = explained.iter().filter_map(|answers| {
        let failing = answers.iter().position(|(_, holds)| !holds)?;
        let clause = answers[failing].0.without_figures();
        (failing >= general).then_some(clause)
    });
    let mut first: Vec<Clause> = first.collect();
    first.sort_unstable();
    for excluded in first.chunk_by(|one, other| one == other) {
        let before = left.last().map_or(0, |(_, left)| *left);
        left.push((excluded[0], before - excluded.len() as u64));
    }
    (explained.len() as u64, left)
}

pub(super) fn plain(vacancy: NewVacancy) -> Publication {
    Publication {
        vacancy,
        terms: Vec::new(),
    }
}

/// `grant-made DISTRICT from=DATE until=DATE hours=N [programme=P]`.
pub(super) fn grant(words: &Words<'_>) -> NewGrant {
    let hours: u64 = words.need("hours").parse().expect("a number");
    NewGrant {
        district: words.word(1).to_owned(),
        programme: words.named("programme").unwrap_or("sso").to_owned(),
        first: date(words.need("from")),
        last: date(words.need("until")),
        budget_min: hours * HOUR_MIN,
    }
}

fn date(text: &str) -> Date {
    let date: jiff::civil::Date = text
        .parse()
        .unwrap_or_else(|_| panic!("`{text}` is no date"));
    Date {
        year: date.year(),
        month: date.month() as u8,
        day: date.day() as u8,
    }
}
