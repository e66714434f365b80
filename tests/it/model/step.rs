//! Random steps of a sequence. A step names what it is about relative to what there is (the
//! newest vacancy, its second holder, the round before), so that it still makes sense when steps
//! before it are dropped to find the shortest sequence.

use engine::model::{Period, Rank};
use loadgen::seed::SplitMix64;

use super::cast::{
    AGENCIES, ALWAYS, Availability, By, CERTIFICATIONS, Change, DAY, HalfHour, Notice, OFFICERS,
    PROGRAMMES, Pact, SITES, Span,
};
use super::provisions::{Cap, Provide};
use super::staffing;

/// Steps of one sequence.
const STEPS: (u64, u64) = (20, 60);
/// How far back the vacancies are that most steps are about.
const RECENT: u64 = 4;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Asked and settled together, in this order.
    Together(Vec<Wish>),
    /// The clock moves on.
    Wait(HalfHour),
    /// The clock is set back, as wall clocks are.
    SetBack(HalfHour),
    /// The engine is closed and opened again from its log.
    Restart,
}

/// Something to ask, before it is known what there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) by: Asker,
    pub(crate) what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asker {
    /// Who would ordinarily ask this: the officer, the lead, the home agency.
    Proper,
    Exactly(By),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// A vacancy that starts so long after now; its key is a new one, or the newest again.
    Publish {
        notice: Notice,
        same_key: bool,
    },
    /// Several vacancies of one lead; the keys of two may be the same.
    PublishAll {
        notices: Vec<Notice>,
        same_key: bool,
    },
    Accept {
        back: u64,
        officer: Who,
        round: i64,
    },
    Decline {
        back: u64,
        officer: Who,
        round: i64,
    },
    Release {
        back: u64,
        officer: Who,
    },
    Punch {
        back: u64,
        officer: Who,
        off_the_map: bool,
    },
    Recall {
        back: u64,
        officer: Who,
    },
    Cancel {
        back: u64,
    },
    NextTier {
        back: u64,
    },
    Reduce {
        back: u64,
        fewer: usize,
        named: Vec<usize>,
    },
    /// The rest of the work starts so long after now, if it is published again.
    NoShow {
        back: u64,
        officer: Who,
        again: Option<HalfHour>,
    },
    Roster(Vec<Change>),
    /// An officer may not come in, for so long or for ever.
    Deny {
        officer: usize,
        lasting: Option<HalfHour>,
    },
    Admit {
        officer: usize,
    },
    /// What was asked so many requests ago, under the same id.
    Again {
        back: usize,
    },
    /// Something else, under an id that was used so many requests ago.
    Reuse {
        back: usize,
        what: Box<What>,
    },
}

/// An officer, whoever holds a slot of the vacancy, or whoever it is open to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Asked(usize),
    /// Somebody who holds a slot of another vacancy.
    Busy(usize),
    Holder(usize),
    Exactly(usize),
}

/// The steps of the sequence of this seed.
pub(crate) fn sequence(seed: u64) -> Vec<Step> {
    let mut dice = SplitMix64::new(seed);
    let count = dice.between(STEPS.0, STEPS.1);
    // Something to do, and somebody to ask when nobody at home is there.
    let mut steps = vec![
        Step::Together(vec![Wish {
            by: Asker::Proper,
            what: What::Roster(vec![
                Change::Pact(pact(&mut dice)),
                Change::Pact(pact(&mut dice)),
            ]),
        }]),
        Step::Together(vec![wish(&mut dice, 0)]),
    ];
    steps.extend((0..count).map(|_| step(&mut dice)));
    steps
}

fn step(dice: &mut SplitMix64) -> Step {
    match dice.pick(&[800, 80, 15, 25]) {
        0 => {
            let count = if dice.chance(200) {
                dice.between(2, 4)
            } else {
                1
            };
            let kind = |dice: &mut SplitMix64| dice.pick(&WEIGHTS);
            Step::Together(
                (0..count)
                    .map(|_| {
                        let kind = kind(dice);
                        wish(dice, kind)
                    })
                    .collect(),
            )
        }
        1 if dice.chance(150) => Step::Wait(dice.between(DAY as u64, 2 * DAY as u64) as i64),
        1 => Step::Wait(dice.between(1, 8) as i64),
        2 => Step::SetBack(dice.between(1, 4) as i64),
        _ => Step::Restart,
    }
}

/// How often each kind of wish is made, in the order of the arms of [`what`].
const WEIGHTS: [u32; 16] = [
    130, 360, 110, 90, 60, 35, 15, 25, 110, 70, 15, 60, 75, 10, 14, 14,
];

fn wish(dice: &mut SplitMix64, kind: usize) -> Wish {
    let by = match dice.pick(&[940, 20, 25, 15]) {
        0 => Asker::Proper,
        1 => Asker::Exactly(By::Operator),
        2 => Asker::Exactly(By::Agency(below(dice, AGENCIES.len()))),
        _ => Asker::Exactly(By::Officer(below(dice, OFFICERS.len()))),
    };
    Wish {
        by,
        what: what(dice, kind),
    }
}

fn what(dice: &mut SplitMix64, kind: usize) -> What {
    let back = dice.below(RECENT);
    let officer = below(dice, OFFICERS.len());
    // Mostly the round that stands, sometimes one before or one to come.
    let round = [0, 0, 0, 0, 0, -1, -1, 1][below(dice, 8)];
    let asked = match dice.pick(&[600, 150, 250]) {
        0 => Who::Asked(below(dice, 4)),
        1 => Who::Busy(below(dice, 4)),
        _ => Who::Exactly(officer),
    };
    let who = match dice.chance(800) {
        true => Who::Holder(below(dice, 2)),
        false => Who::Exactly(officer),
    };
    match kind {
        0 => What::Publish {
            notice: notice(dice),
            same_key: dice.chance(40),
        },
        1 => What::Accept {
            back: rarely_unknown(dice, back),
            officer: asked,
            round,
        },
        2 => What::Decline {
            back,
            officer: asked,
            round,
        },
        3 => What::Release {
            back: rarely_unknown(dice, back),
            officer: who,
        },
        4 => What::Punch {
            back,
            officer: who,
            off_the_map: dice.chance(200),
        },
        5 => What::Recall { back, officer: who },
        6 => What::Cancel {
            back: rarely_unknown(dice, back),
        },
        7 => What::NextTier { back },
        8 => {
            let count = if dice.chance(250) { 2 } else { 1 };
            What::Roster((0..count).map(|_| change(dice)).collect())
        }
        9 => What::Again {
            back: below(dice, 8),
        },
        11 => What::Reduce {
            back: rarely_unknown(dice, back),
            fewer: [1, 1, 1, 0, 2][below(dice, 5)],
            named: match below(dice, 4) {
                0 => vec![below(dice, 3)],
                1 if dice.chance(100) => vec![0, 0],
                _ => Vec::new(),
            },
        },
        13 => {
            let first = notice(dice);
            let mut notices = vec![first; 2];
            for more in notices.iter_mut().skip(1) {
                let lead = more.lead;
                *more = Notice {
                    lead,
                    ..notice(dice)
                };
            }
            What::PublishAll {
                notices,
                same_key: dice.chance(150),
            }
        }
        14 => What::Deny {
            officer,
            lasting: dice.chance(600).then(|| dice.between(1, 12) as i64),
        },
        15 => What::Admit { officer },
        12 => What::NoShow {
            back: rarely_unknown(dice, back),
            officer: who,
            again: dice.chance(500).then(|| dice.below(8) as i64),
        },
        _ => {
            let kind = [1, 2, 3, 8][below(dice, 4)];
            What::Reuse {
                back: below(dice, 8),
                what: Box::new(what(dice, kind)),
            }
        }
    }
}

/// A vacancy that was never published, once in a while.
fn rarely_unknown(dice: &mut SplitMix64, back: u64) -> u64 {
    if dice.chance(15) { u64::MAX } else { back }
}

fn notice(dice: &mut SplitMix64) -> Notice {
    let start = dice.between(4, 40) as i64;
    let first = (
        below(dice, SITES.len()),
        (start, start + dice.between(2, 16) as i64),
    );
    let mut segments = vec![first];
    if dice.chance(250) {
        let start = first.1.1 + dice.below(6) as i64;
        segments.push((
            below(dice, SITES.len()),
            (start, start + dice.between(1, 8) as i64),
        ));
    }
    let mut slots = match below(dice, 6) {
        0..=2 => vec![Rank::Officer],
        3 => vec![Rank::Officer, Rank::Officer],
        4 => vec![Rank::Officer, Rank::Sergeant],
        _ => vec![Rank::Sergeant],
    };
    let windows = match below(dice, 4) {
        0 => vec![],
        1 => vec![0],
        2 => vec![dice.between(1, 8) as i64],
        _ => vec![dice.between(1, 8) as i64, dice.below(4) as i64],
    };
    Notice {
        key: 0,
        lead: [0, 0, 1, 2][below(dice, 4)],
        programme: below(dice, PROGRAMMES.len()),
        segments,
        staffed: staffing::draw(dice, &mut slots),
        slots,
        windows,
        around: match dice.chance(250) {
            true => (dice.below(4) as i64, dice.below(4) as i64),
            false => (0, 0),
        },
    }
}

fn change(dice: &mut SplitMix64) -> Change {
    let officer = below(dice, OFFICERS.len());
    let certification = below(dice, CERTIFICATIONS);
    let programme = below(dice, PROGRAMMES.len());
    let (site, lead, backup) = (
        below(dice, SITES.len()),
        below(dice, AGENCIES.len()),
        below(dice, AGENCIES.len()),
    );
    match dice.pick(&[14, 8, 10, 16, 10, 14, 16, 18, 6, 8, 8, 2, 70]) {
        0 => Change::Grant {
            officer,
            certification,
            valid: validity(dice),
        },
        1 => Change::Revoke {
            officer,
            certification,
        },
        2 => Change::Approve {
            officer,
            programme,
            valid: validity(dice),
        },
        3 => Change::Withdraw { officer, programme },
        4 => Change::Suspend { officer },
        5 => Change::Reinstate { officer },
        6 => Change::Declare {
            officer,
            availability: availability(dice),
        },
        7 => Change::Pact(pact(dice)),
        8 => Change::EndPact { lead, backup },
        9 => Change::Exclude { site, officer },
        10 => Change::Readmit { site, officer },
        11 => Change::Nobody,
        _ => Change::Provide(provide(dice)),
    }
}

fn provide(dice: &mut SplitMix64) -> Provide {
    let (officer, site) = (below(dice, OFFICERS.len()), below(dice, SITES.len()));
    let home = below(dice, AGENCIES.len());
    match dice.pick(&[65, 16, 25, 10, 8, 30]) {
        0 => {
            let count = dice.below(3) as usize;
            let limits = (0..count).map(|_| cap(dice)).collect();
            Provide::Limits { home, limits }
        }
        1 => Provide::Lift {
            officer,
            dates: validity(dice),
        },
        2 => Provide::Prefer {
            officer,
            district: dice.chance(600).then_some(site),
            notice: match dice.chance(400) {
                true => dice.below(20) as i64,
                false => 0,
            },
        },
        3 => Provide::Bind {
            home,
            bind: dice.chance(700),
        },
        4 => staffing::draw_ladder(dice, home),
        _ => Provide::Unwanted {
            site,
            officer,
            wants: dice.chance(400),
        },
    }
}

fn cap(dice: &mut SplitMix64) -> Cap {
    let (period, bound) = match below(dice, 4) {
        0 => (Some(Period::Day), dice.between(6, 24)),
        1 => {
            let starts_on = dice.below(7) as u8;
            (Some(Period::Week { starts_on }), dice.between(10, 40))
        }
        2 => {
            let days = dice.between(1, 4) as u8;
            (Some(Period::Days(days)), dice.between(8, 30))
        }
        _ => (None, dice.between(1, 24)),
    };
    Cap {
        period,
        bound: bound as i64,
        blocks: dice.chance(600),
        valid: validity(dice),
    }
}

fn pact(dice: &mut SplitMix64) -> Pact {
    // Tier 0 is the lead's own and is refused.
    let lowest = u64::from(!dice.chance(30));
    Pact {
        lead: [0, 0, 1, 2][below(dice, 4)],
        backup: below(dice, AGENCIES.len()),
        tier: dice.between(lowest, 3) as u8,
        valid: validity(dice),
        cover: [None, None, Some(0), Some(1)][below(dice, 4)],
    }
}

/// Mostly without dates, otherwise about as long as a sequence.
fn validity(dice: &mut SplitMix64) -> Span {
    if dice.chance(500) {
        return ALWAYS;
    }
    let start = dice.below(60) as i64;
    (
        if dice.chance(700) { 0 } else { start },
        start + dice.between(1, 120) as i64,
    )
}

fn availability(dice: &mut SplitMix64) -> Option<Availability> {
    if dice.chance(300) {
        return None;
    }
    let window = |dice: &mut SplitMix64| {
        let from = dice.below(24) as i64;
        (from, from + dice.between(4, 24) as i64)
    };
    let mut weekly = Vec::new();
    for weekday in 0..7 {
        if dice.chance(800) {
            weekly.push((weekday, window(dice)));
        }
        if dice.chance(300) {
            weekly.push((weekday, window(dice)));
        }
    }
    let mut exceptions = Vec::new();
    for day in 0..4 {
        if dice.chance(200) {
            let windows = if dice.chance(300) {
                vec![]
            } else {
                vec![window(dice)]
            };
            exceptions.push((day, windows));
        }
    }
    Some(Availability { weekly, exceptions })
}

fn below(dice: &mut SplitMix64, bound: usize) -> usize {
    dice.below(bound as u64) as usize
}
