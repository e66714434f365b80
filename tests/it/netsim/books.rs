//! What was heard, as the books that the load generator's audit reads: of vacancies that are
//! published, raced for and cancelled. What became of the others is held against the log alone.

use loadgen::ledger::{
    Contradiction, DeskAsk, DeskAskWhat, DeskBook, Heard, HeardWhat, Ledger, OfficerAsk,
    OfficerAskWhat, OfficerBook, VacancyNo,
};
use protocol::session::Event;
use protocol::{BoardRow, Cursor, News, Push, VacancyKey};

use super::device::{Line, What};
use super::judge::Cast;
use super::person::{Person, Wish, WishWhat};
use super::town::Town;

/// What everybody heard on their first devices, or on their second ones, as the load generator's
/// audit wants it. An officer's asks stand in both books.
pub(crate) fn ledger(cast: &Cast<'_>, device: usize) -> Ledger {
    let with_device = cast
        .officers
        .iter()
        .filter(|one| one.devices.len() > device);
    Ledger {
        world: cast.town.world.clone(),
        vacancies: cast.town.facts.clone(),
        officers: with_device
            .map(|one| officer_book(cast.town, one, device))
            .collect(),
        desks: cast
            .desks
            .iter()
            .map(|desk| desk_book(cast.town, desk))
            .collect(),
        board: Some(board(cast)),
        begun_us: 0,
        everyone: false,
    }
}

fn board(cast: &Cast<'_>) -> Vec<BoardRow> {
    let rows = cast.operator.board.iter().flatten();
    let plain = rows.filter(|row| plain(cast.town, row.vacancy).is_some());
    plain.cloned().collect()
}

/// The place in the plan of a vacancy whose course the audit knows.
fn plain(town: &Town, key: VacancyKey) -> Option<VacancyNo> {
    town.number(key).filter(|number| town.is_plain(*number))
}

fn officer_book(town: &Town, person: &Person, device: usize) -> OfficerBook {
    let mut book = OfficerBook::new(person.name.clone());
    for line in person.devices[device].all() {
        book.heard.extend(heard(town, line));
    }
    for wish in person
        .wishes
        .iter()
        .filter(|wish| town.is_plain(wish.vacancy))
    {
        let what = match wish.what {
            WishWhat::Accept => OfficerAskWhat::Accept,
            WishWhat::Decline => OfficerAskWhat::Decline,
            _ => OfficerAskWhat::Release,
        };
        book.contradictions
            .extend(contradictions(book.asks.len(), wish));
        book.repeats += wish.repeats;
        book.asks.push(OfficerAsk {
            vacancy: wish.vacancy,
            round: wish.round,
            what,
            intended_us: wish.sent_us,
            sent_us: wish.sent_us,
            answered_us: wish.answered_us,
            answer: wish.answer,
            busy: wish.busy,
            interrupted: false,
        });
    }
    book
}

fn contradictions(ask: usize, wish: &Wish) -> impl Iterator<Item = Contradiction> {
    wish.contradictions
        .iter()
        .map(move |&(later, at_us)| Contradiction { ask, later, at_us })
}

fn desk_book(town: &Town, desk: &Person) -> DeskBook {
    let mut book = DeskBook {
        name: desk.name.clone(),
        ..DeskBook::default()
    };
    for wish in desk
        .wishes
        .iter()
        .filter(|wish| town.is_plain(wish.vacancy))
    {
        book.contradictions
            .extend(contradictions(book.asks.len(), wish));
        book.repeats += wish.repeats;
        book.asks.push(DeskAsk {
            what: match wish.what {
                WishWhat::Cancel => DeskAskWhat::Cancel(wish.vacancy),
                _ => DeskAskWhat::Publish(wish.vacancy),
            },
            intended_us: wish.sent_us,
            sent_us: wish.sent_us,
            answered_us: wish.answered_us,
            answer: wish.answer,
            busy: wish.busy,
        });
    }
    book
}

/// A line as the audit has it; one push may withdraw several offers.
fn heard(town: &Town, line: Line) -> Vec<Heard> {
    let note = |cursor: Cursor, vacancy, what| Heard {
        at_us: line.at_us,
        sequence: cursor.sequence,
        step: cursor.step,
        vacancy,
        what,
    };
    let nowhere = |what| vec![note(Cursor::default(), VacancyNo::NONE, what)];
    let event = match line.what {
        What::Begun | What::Ended(_) => return Vec::new(),
        What::Cut => return nowhere(HeardWhat::Dropped),
        What::Heard(event) => event,
    };
    let Push { cursor, news } = match event {
        Event::Up(welcome) => {
            let resumed = welcome.resumed;
            return nowhere(HeardWhat::Up { resumed });
        }
        Event::Synced(cursor) => return vec![note(cursor, VacancyNo::NONE, HeardWhat::Synced)],
        Event::Down { .. } => return nowhere(HeardWhat::Down),
        Event::Gone { .. } | Event::Answered { .. } => return Vec::new(),
        Event::News(push) => push,
    };
    let of = |vacancy, what| {
        let number = plain(town, vacancy);
        number
            .map(|number| note(cursor, number, what))
            .into_iter()
            .collect()
    };
    match news {
        News::Offered(offer) => of(
            offer.vacancy,
            HeardWhat::Offered {
                round: offer.round,
                tier: offer.tier,
                offered_at_us: offer.offered_at_us,
            },
        ),
        News::Withdrawn { vacancy, because } => of(vacancy, HeardWhat::Withdrawn(because)),
        News::Assigned(assignment) => of(
            assignment.receipt.vacancy,
            HeardWhat::Assigned {
                slot: assignment.receipt.slot,
                awarded: assignment.receipt.sequence,
            },
        ),
        News::Unassigned { vacancy, because } => of(vacancy, HeardWhat::Unassigned(because)),
        News::Overlapped { vacancies, .. } => vacancies
            .into_iter()
            .flat_map(|vacancy| of(vacancy, HeardWhat::Overlapped))
            .collect(),
        _ => Vec::new(),
    }
}
