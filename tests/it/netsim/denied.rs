//! Whether whoever was denied was away: from when their sessions must have ended, and what was on its
//! way to them must have arrived, until the operator lets them in again.

use super::Breach;
use super::device::{Line, What};
use super::judge::{Cast, Judged};
use super::person::WishWhat;
use client::Ended;
use protocol::GoAway;
use protocol::session::Event;

/// From the answer to the denial until nothing more can be heard, in microseconds: a second until
/// sessions have ended, and the longest that a datagram stays away.
const GRACE_US: u64 = 4_000_000;

pub(super) fn judge_denied(cast: &Cast<'_>, judged: &mut Judged, breaches: &mut Vec<Breach>) {
    for device in cast.officers.iter().flat_map(|officer| &officer.devices) {
        let lines = device.all();
        judged.turned_away += lines.iter().filter(|line| is_turned_away(line)).count() as u64;
    }
    let operator = &cast.operator.wishes;
    let of = |what| operator.iter().find(|wish| wish.what == what);
    for denial in operator {
        let WishWhat::Deny(number) = denial.what else {
            continue;
        };
        let Some(admission) = of(WishWhat::Admit(number)) else {
            breaches.push(format!("officer {number} was denied for ever"));
            continue;
        };
        let away_us = denial.answered_us + GRACE_US..admission.sent_us;
        let denied = cast.officers[number];
        let lines = denied.devices.iter().flat_map(|device| device.all());
        let mut heard = lines.filter(|line| away_us.contains(&line.at_us) && is_in(line));
        if let Some(heard) = heard.next() {
            let name = &denied.name;
            breaches.push(format!("{name} is denied and is told {:?}", heard.what));
        }
    }
}

/// Whether somebody hears this only while they have a session.
fn is_in(line: &Line) -> bool {
    matches!(
        line.what,
        What::Heard(Event::Up(_) | Event::News(_) | Event::Synced(_) | Event::Answered { .. })
    )
}

fn is_turned_away(line: &Line) -> bool {
    matches!(line.what, What::Ended(Ended::Refused(GoAway::Denied)))
}
