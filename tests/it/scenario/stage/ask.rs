//! From a scenario's line to a command.

use engine::core::{Actor, Amend, Body, Command, NewSegment, NewVacancy};
use engine::io::Clock;
use engine::model::{Direction, OfficerId, Rank, RequestId, Timestamp, VacancyId, VacancyKey};

use super::super::words::{Words, duration_ms, minute, rank, weekday};
use super::afterwards::VERBS;
use super::roster::{position, roster_change};
use super::{Stage, publication};

impl Stage {
    pub(super) fn command(&mut self, words: &Words<'_>) -> Command {
        self.requests += 1;
        let request = match words.named("request") {
            Some(name) => RequestId(
                name.bytes()
                    .fold(1 << 64, |sum, b| (sum << 4) ^ u128::from(b)),
            ),
            None => RequestId(self.requests),
        };
        let by = |stage: &Stage| stage.asker(words);
        let answer = |stage: &Stage, body: fn(VacancyId, u32) -> Body| {
            let vacancy = stage.vacancy(words.word(1));
            let current = stage.state().vacancy(vacancy).map_or(1, |row| row.round);
            let round = words
                .named("round")
                .map_or(current, |n| n.parse().expect("a number"));
            (
                Actor::Officer(stage.officer(words.word(2))),
                body(vacancy, round),
            )
        };
        let (by, body) = match words.word(0) {
            "publish" => {
                let body = self.publish(words);
                (by(self), body)
            }
            "publish-each" => {
                let body = Body::PublishAll(self.publish_each(words));
                (by(self), body)
            }
            "grant-made" => (by(self), Body::Grant(publication::grant(words))),
            "accept" => answer(self, |vacancy, round| Body::Accept { vacancy, round }),
            "decline" => answer(self, |vacancy, round| Body::Decline { vacancy, round }),
            "release" => answer(self, |vacancy, _| Body::Release { vacancy }),
            "punch-in" | "punch-out" => self.punch(words),
            "recall" => {
                let (vacancy, officer) = (self.vacancy(words.word(1)), self.officer(words.word(2)));
                (by(self), Body::Recall { vacancy, officer })
            }
            "cancel" => {
                let reason = words.words_from(2).join(" ");
                (
                    by(self),
                    Body::Cancel {
                        vacancy: self.vacancy(words.word(1)),
                        reason,
                    },
                )
            }
            "open-next-tier" => (
                by(self),
                Body::OpenNextTier {
                    vacancy: self.vacancy(words.word(1)),
                },
            ),
            "undo" => answer(self, |vacancy, _| Body::Undo { vacancy }),
            "standby" => answer(self, |vacancy, _| Body::JoinStandby { vacancy }),
            "leave-standby" => answer(self, |vacancy, _| Body::LeaveStandby { vacancy }),
            "reveal" => (by(self), self.reveal(words)),
            "amend" => (by(self), Body::Amend(Box::new(self.amendment(words)))),
            "approve-last-tier" => (
                by(self),
                Body::ApproveLastTier {
                    vacancy: self.vacancy(words.word(1)),
                    approved_by: words.words_from(2).join(" "),
                },
            ),
            "job" => self.job(words, by(self)),
            "deny" | "admit" => (by(self), self.denial(words)),
            "restaff" => (
                by(self),
                Body::Restaff {
                    vacancy: self.vacancy(words.word(1)),
                    slots: words.word(2).parse().expect("a number"),
                },
            ),
            verb if VERBS.contains(&verb) => self.afterwards(words, by(self)),
            _ => (by(self), Body::Roster(vec![roster_change(self, words)])),
        };
        Command { request, by, body }
    }

    /// Whom `by=` names.
    pub(super) fn asker(&self, words: &Words<'_>) -> Actor {
        match words.named("by") {
            Some("operator") | None => Actor::Operator,
            Some(who) => match self.state().roster().agency(who) {
                Some(agency) => Actor::Coordinator(agency),
                None => Actor::Officer(self.officer(who)),
            },
        }
    }

    fn punch(&self, words: &Words<'_>) -> (Actor, Body) {
        let direction = if words.word(0) == "punch-in" {
            Direction::In
        } else {
            Direction::Out
        };
        let position = words.named("at").map(position);
        let vacancy = self.vacancy(words.word(1));
        let body = Body::Punch {
            vacancy,
            direction,
            position,
        };
        (Actor::Officer(self.officer(words.word(2))), body)
    }

    pub(super) fn new_vacancy(&mut self, words: &Words<'_>) -> NewVacancy {
        let name = words.word(1).to_owned();
        let number = self.vacancies.len() as u128 + 1;
        let key = *self.vacancies.entry(name).or_insert(VacancyKey(number));
        let sites = words.list("site");
        NewVacancy {
            key,
            lead: words.need("lead").to_owned(),
            programme: words.named("programme").unwrap_or("sso").to_owned(),
            segments: self.segments(&sites, words.words_from(2)),
            slots: match words.named("count") {
                Some(_) => Vec::new(),
                None => slots(words).unwrap_or_else(|| vec![Rank::Officer]),
            },
            windows_ms: words.list("window").into_iter().map(duration_ms).collect(),
            post_orders: String::new(),
        }
    }

    /// What is not said stays: without hours the sites change, without sites the hours.
    fn amendment(&self, words: &Words<'_>) -> Amend {
        let vacancy = self.vacancy(words.word(1));
        let row = self.state().vacancy(vacancy);
        let posted = row.map(|row| row.posting.segments.as_slice());
        let posted = posted.unwrap_or_default();
        let codes = posted.iter().map(|segment| {
            let site = self.state().roster().sites.find(segment.site);
            site.map_or("?", |site| site.code.as_str())
        });
        let (sites, spans) = (words.list("site"), words.words_from(2));
        let segments = match (sites.as_slice(), spans) {
            ([], []) => None,
            ([], spans) => Some(self.segments(&codes.collect::<Vec<_>>(), spans)),
            (sites, []) => {
                let moved = posted.iter().zip(sites).map(|(segment, site)| NewSegment {
                    site: (*site).to_owned(),
                    start: segment.span.start,
                    end: segment.span.end,
                });
                Some(moved.collect())
            }
            (sites, spans) => Some(self.segments(sites, spans)),
        };
        Amend {
            vacancy,
            segments,
            slots: slots(words),
            post_orders: words.named("orders").map(str::to_owned),
            confirm_within_ms: words.named("within").map_or(30 * 60_000, duration_ms),
        }
    }

    /// Work of `DAY HH:MM-HH:MM` each, at one site after another; the last one repeats.
    fn segments(&self, sites: &[&str], spans: &[&str]) -> Vec<NewSegment> {
        let segment = |(site, span): (&&str, &[&str])| {
            let id = self.state().roster().site(site);
            let zone = id.and_then(|id| self.state().roster().sites.find(id));
            let zone = zone.map_or("America/Phoenix", |site| &site.zone);
            let (from, until) = span[1].split_once('-').expect("`hh:mm-hh:mm`");
            let (start, mut end) = (
                self.local(span[0], from, zone),
                self.local(span[0], until, zone),
            );
            if end <= start {
                // A night is not always as long as the clocks say, so the next day's clock ends it.
                end = self.local_after(1, span[0], until, zone);
            }
            NewSegment {
                site: (*site).to_owned(),
                start,
                end,
            }
        };
        let repeated = sites
            .iter()
            .chain(std::iter::repeat(sites.last().expect("`site=`")));
        repeated.zip(spans.chunks(2)).map(segment).collect()
    }

    /// The moment that a line names, in Phoenix.
    pub(super) fn moment(&self, words: &Words<'_>) -> Timestamp {
        self.local(words.word(1), words.word(2), "America/Phoenix")
    }

    /// The next such day and hour in `zone`, or that date's.
    pub(super) fn local(&self, day: &str, hour: &str, zone: &str) -> Timestamp {
        self.local_after(0, day, hour, zone)
    }

    /// The same so many days later.
    fn local_after(&self, days: i64, day: &str, hour: &str, zone: &str) -> Timestamp {
        let zone = jiff::tz::TimeZoneDatabase::bundled()
            .get(zone)
            .expect("a known zone");
        let now = jiff::Timestamp::from_microsecond(self.clock.now().as_micros());
        let mut date = zone.to_datetime(now.expect("a time in range")).date();
        match day.parse::<jiff::civil::Date>() {
            Ok(given) => date = given,
            Err(_) => {
                let wanted = weekday(day) as i8;
                while date.weekday().to_monday_zero_offset() != wanted {
                    date = date.tomorrow().expect("a date in range");
                }
            }
        }
        date = date
            .checked_add(jiff::Span::new().days(days))
            .expect("a date in range");
        let (hours, minutes) = (minute(hour) / 60, minute(hour) % 60);
        let (date, hours) = if hours == 24 {
            (date.tomorrow().expect("a date in range"), 0)
        } else {
            (date, hours)
        };
        let at = date.at(hours as i8, minutes as i8, 0, 0);
        Timestamp(
            zone.to_timestamp(at)
                .expect("a time in range")
                .as_microsecond(),
        )
    }

    pub(super) fn vacancy(&self, name: &str) -> VacancyId {
        let key = self
            .vacancies
            .get(name)
            .unwrap_or_else(|| panic!("no vacancy `{name}` yet"));
        self.state()
            .vacancy_id(*key)
            .unwrap_or(VacancyId(u32::MAX - 1))
    }

    pub(super) fn officer(&self, badge: &str) -> OfficerId {
        let found = self.state().roster().officer(badge);
        found.unwrap_or_else(|| panic!("no officer or agency `{badge}`"))
    }
}

/// The slots that a line asks for, if it says.
fn slots(words: &Words<'_>) -> Option<Vec<Rank>> {
    match (words.named("ranks"), words.named("slots")) {
        (Some(ranks), _) => Some(ranks.split(',').map(rank).collect()),
        (None, Some(count)) => Some(vec![Rank::Officer; count.parse().expect("a number")]),
        (None, None) => None,
    }
}
