//! The sections of who hears of work later.

use rkyv::rancor::{self, Source};
use rkyv::util::AlignedVec;

use super::Unreadable;
use crate::core::state::Durable;
use crate::model::{Offering, Timestamp, Widening};

pub(super) const WIDENED: u32 = 80;
const OFFERING: u32 = 81;

type Widened = Vec<(Timestamp, Widening)>;

/// Adds the sections that are not empty.
pub(super) fn save(
    durable: &Durable,
    sections: &mut Vec<(u32, AlignedVec)>,
) -> Result<(), rancor::Error> {
    let widened = durable.widened.iter();
    let widened: Widened = widened.map(|(from, who)| (*from, who.clone())).collect();
    if !widened.is_empty() {
        sections.push((WIDENED, rkyv::to_bytes::<rancor::Error>(&widened)?));
    }
    if let Some(offering) = &durable.offering {
        sections.push((OFFERING, rkyv::to_bytes::<rancor::Error>(offering)?));
    }
    Ok(())
}

/// Writes what the section of this number says into `durable`.
pub(super) fn restore(
    durable: &mut Durable,
    number: u32,
    section: &[u8],
) -> Result<(), rancor::Error> {
    match number {
        WIDENED => {
            let widened = rkyv::from_bytes::<Widened, rancor::Error>(section)?;
            durable.widened.extend(widened);
        }
        OFFERING => {
            let offering = rkyv::from_bytes::<Offering, rancor::Error>(section)?;
            durable.offering = Some(offering);
        }
        number => return Err(rancor::Error::new(Unreadable::Unknown(number))),
    }
    Ok(())
}
