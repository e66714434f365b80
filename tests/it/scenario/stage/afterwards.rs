//! What follows an award: its lines, and what is said of it.

use engine::core::{Actor, Afterwards, Again, Body, Event, NewNote, Reduce};
use engine::io::Clock;
use engine::model::{
    Attachment, Author, Clothing, Direction, Mended, Term, Timestamp, VacancyId, VacancyKey,
};
use engine::rules::attendance::{self, Status};

use super::super::words::Words;
use super::Stage;
use super::say::{line, phoenix};

/// The verbs that are read here.
pub(super) const VERBS: [&str; 7] = [
    "reduce",
    "no-show",
    "correct",
    "note",
    "acknowledge",
    "remind",
    "say",
];

impl Stage {
    pub(super) fn afterwards(&mut self, words: &Words<'_>, by: Actor) -> (Actor, Body) {
        let vacancy = self.vacancy(words.word(1));
        let text = |from| words.words_from(from).join(" ");
        let number = |name: &str| {
            let said = words.named(name);
            said.map(|number| number.parse().expect("a number"))
        };
        let asked = match words.word(0) {
            "reduce" => Afterwards::Reduce(Reduce {
                vacancy,
                fewer: number("fewer").map_or(0, |n: u32| n as u16),
                slots: words
                    .list("named")
                    .iter()
                    .map(|n| n.parse().expect("a number"))
                    .collect(),
                reason: text(2),
            }),
            "no-show" => Afterwards::NoShow {
                vacancy,
                officer: self.officer(words.word(2)),
                again: words.named("again").map(|name| Again {
                    key: self.new_key(name),
                    from: self.day_and_hour(words.need("from")),
                }),
            },
            "correct" => {
                let to = || self.day_and_hour(words.need("to"));
                let mended = match words.word(3) {
                    "moved" => Mended::Moved {
                        punch: number("punch").expect("`punch=`"),
                        to: to(),
                    },
                    "struck" => Mended::Struck {
                        punch: number("punch").expect("`punch=`"),
                    },
                    "missed-in" => Mended::Missed {
                        direction: Direction::In,
                        to: to(),
                    },
                    "missed-out" => Mended::Missed {
                        direction: Direction::Out,
                        to: to(),
                    },
                    "withdrawn" => Mended::Withdrawn {
                        correction: number("correction").expect("`correction=`"),
                    },
                    "came" => Mended::Came,
                    other => panic!("`{other}` is no correction"),
                };
                Afterwards::Correct {
                    vacancy,
                    officer: self.officer(words.word(2)),
                    mended,
                    reason: text(4),
                }
            }
            "note" => Afterwards::Note(NewNote {
                vacancy,
                officer: self.officer(words.word(2)),
                text: text(3),
                attachments: words.list("attach").into_iter().map(attachment).collect(),
            }),
            "acknowledge" => {
                let version = number("version").expect("`version=`");
                let officer = self.officer(words.word(2));
                let asked = Afterwards::Acknowledge { vacancy, version };
                return (Actor::Officer(officer), Body::Afterwards(Box::new(asked)));
            }
            "remind" => Afterwards::Remind { vacancy },
            _ => Afterwards::Say {
                vacancy,
                officer: self.officer(words.word(2)),
                text: text(3),
            },
        };
        (by, Body::Afterwards(Box::new(asked)))
    }

    /// A vacancy with the clothes and the car that a line asks for, if it asks for any.
    pub(super) fn on_terms(words: &Words<'_>) -> Vec<Term> {
        let clothing = words.named("clothing").map(|worn| match worn {
            "uniform" => Term::Clothing(Clothing::Uniform),
            "civilian" => Term::Clothing(Clothing::Civilian),
            _ => panic!("`{worn}` is nothing to wear"),
        });
        let car = words.named("car").map(|car| match car {
            "marked" => Term::MarkedCar,
            _ => panic!("`{car}` is no car"),
        });
        clothing.into_iter().chain(car).collect()
    }

    fn new_key(&mut self, name: &str) -> VacancyKey {
        let number = self.vacancies.len() as u128 + 1;
        *self
            .vacancies
            .entry(name.to_owned())
            .or_insert(VacancyKey(number))
    }

    /// `mon/09:00`, in Phoenix.
    fn day_and_hour(&self, text: &str) -> Timestamp {
        let (day, hour) = text.split_once('/').expect("`day/hh:mm`");
        self.local(day, hour, "America/Phoenix")
    }

    /// `attendance V`: what punches and corrections say together, and who has read the orders.
    pub(super) fn attendance(&self, words: &Words<'_>, output: &mut String) {
        let (id, state) = (self.vacancy(words.word(1)), self.state());
        let row = state.vacancy(id).expect("the vacancy was published");
        let known = state.attendance(id);
        let corrections = known.map_or(&[][..], |known| &known.corrections);
        let at = state.at().max(self.clock.now());
        for holder in row.holders() {
            let officer = holder.officer;
            let spells = attendance::spells(state.punches(id), corrections, officer);
            let end = |at: Option<Timestamp>| at.map_or_else(|| "?".to_owned(), phoenix);
            let said = spells
                .iter()
                .map(|s| format!(" {}-{}", end(s.from), end(s.until)));
            let status = attendance::status(row, (state.punches(id), known), officer, at);
            let status = status_name(status.expect("a holder has a status"));
            let minutes = attendance::worked_us(&spells) / 60_000_000;
            let read = known.and_then(|known| known.acknowledged.get(&officer));
            let read = read.map_or(0, |read| read.version);
            let (badge, said) = (self.badge(officer), said.collect::<String>());
            let orders = format!("orders={read}/{}", state.orders_version(id));
            line(
                output,
                format_args!("{badge} {status} minutes={minutes} {orders}{said}"),
            );
        }
    }

    /// `shifts B`: the officer's shifts, in the order of publication.
    pub(super) fn shifts(&self, words: &Words<'_>, output: &mut String) {
        let at = self.state().at().max(self.clock.now());
        for (id, status) in self.state().shifts(self.officer(words.word(1)), at) {
            line(
                output,
                format_args!("{} {}", self.name(id), status_name(status)),
            );
        }
    }

    /// `read V by=X`: the notes and messages that X may read.
    pub(super) fn read(&self, words: &Words<'_>, by: Actor, output: &mut String) {
        let Some(readable) = self.state().read(by, self.vacancy(words.word(1))) else {
            return line(
                output,
                format_args!("nothing that {} may read", words.need("by")),
            );
        };
        for (number, note) in readable.notes {
            let (badge, by) = (self.badge(note.officer), self.author(note.by));
            let files = note.attachments.len();
            line(
                output,
                format_args!(
                    "note {number} about {badge} by {by}: \"{}\" files={files}",
                    note.text
                ),
            );
        }
        for (number, message) in readable.messages {
            let (badge, by) = (self.badge(message.officer), self.author(message.by));
            line(
                output,
                format_args!(
                    "message {number} with {badge} by {by}: \"{}\"",
                    message.text
                ),
            );
        }
    }

    pub(super) fn say_afterwards(&self, vacancy: &str, event: &Event, output: &mut String) {
        match event {
            Event::Reduced(reduction) => {
                let slots = reduction.removed.iter().map(|slot| slot.slot.to_string());
                let slots = slots.collect::<Vec<_>>().join(",");
                let hours = reduction.scheduled.iter();
                let hours = hours.map(|s| format!("{}-{}", phoenix(s.start), phoenix(s.end)));
                let hours = hours.collect::<Vec<_>>().join(",");
                let said = format_args!(
                    "reduced {vacancy} slots={slots} scheduled={hours} \"{}\"",
                    reduction.reason
                );
                line(output, said);
            }
            Event::NoShow {
                slot,
                officer,
                again,
                ..
            } => {
                let badge = self.badge(*officer);
                let again =
                    again.map_or_else(String::new, |id| format!(" again={}", self.name(id)));
                line(
                    output,
                    format_args!("no-show {vacancy} slot={slot} {badge}{again}"),
                );
            }
            Event::Corrected { correction, .. } => {
                let (badge, by) = (self.badge(correction.officer), self.author(correction.by));
                let said = format_args!(
                    "corrected {vacancy} {badge} by={by} \"{}\"",
                    correction.reason
                );
                line(output, said);
            }
            Event::Acknowledged {
                officer, version, ..
            } => {
                let badge = self.badge(*officer);
                line(
                    output,
                    format_args!("acknowledged {vacancy} {badge} version={version}"),
                );
            }
            Event::Termed { terms, .. } => {
                let names = terms.iter().filter_map(|term| match term {
                    Term::Clothing(Clothing::Uniform) => Some("uniform"),
                    Term::Clothing(Clothing::Civilian) => Some("civilian"),
                    Term::MarkedCar => Some("marked-car"),
                    _ => None,
                });
                let names = names.collect::<Vec<_>>().join(",");
                if !names.is_empty() {
                    line(output, format_args!("asks {vacancy} {names}"));
                }
            }
            Event::Shelved { .. } => line(output, format_args!("shelved {vacancy}")),
            // These are said by their effects or by the reply.
            _ => {}
        }
    }

    pub(super) fn say_written(
        &self,
        (vacancy, event): (VacancyId, &Event),
        officer: engine::model::OfficerId,
        agencies: &[engine::model::AgencyId],
        output: &mut String,
    ) {
        let code = |id: &engine::model::AgencyId| {
            let row = self.state().roster().agencies.find(*id);
            row.map_or("?", |row| row.code.as_str())
        };
        let to: Vec<&str> = agencies.iter().map(code).collect();
        let (what, by) = match event {
            Event::Noted { note, .. } => ("noted", note.by),
            Event::Said { message, .. } => ("said", message.by),
            other => panic!("nothing was written: {other:?}"),
        };
        let (vacancy, badge, by) = (self.name(vacancy), self.badge(officer), self.author(by));
        let to = to.join(",");
        line(
            output,
            format_args!("{what} {vacancy} by={by} to={badge},{to}"),
        );
    }

    fn author(&self, by: Author) -> String {
        match by {
            Author::Officer(officer) => self.badge(officer),
            Author::Coordinator(agency) => {
                let row = self.state().roster().agencies.find(agency);
                row.map_or_else(|| "?".to_owned(), |row| row.code.to_string())
            }
            Author::Operator => "operator".to_owned(),
        }
    }
}

fn status_name(status: Status) -> &'static str {
    match status {
        Status::Scheduled => "scheduled",
        Status::NotSeen => "not-seen",
        Status::OnDuty => "on-duty",
        Status::Done => "done",
        Status::NoShow => "no-show",
        Status::Released => "released",
        Status::Lost => "lost",
    }
}

/// `name:size:type/subtype`; what it hashes to is the same in every scenario.
fn attachment(text: &str) -> Attachment {
    let mut parts = text.split(':');
    let mut part = || parts.next().expect("`name:size:type/subtype`");
    Attachment {
        sha256: [7; 32],
        name: part().into(),
        size: part().parse().expect("a number"),
        media_type: part().into(),
    }
}
