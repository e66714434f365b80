//! The model's publications: all of a command's vacancies, or none.

use engine::core::{Invalid, Kind, Refusal};
use engine::model::{Rank, Standing};

use super::cast::{HalfHour, Notice};
use super::flat::{Flat, Flaw, Said, Slot, Vacancy};

impl Flat {
    /// Publishes every one of `notices`, or none.
    pub(super) fn publish_all(
        &mut self,
        notices: &[Notice],
        at: HalfHour,
    ) -> Result<Said, Refusal> {
        let before = self.clone();
        for (place, notice) in notices.iter().enumerate() {
            let is_twice = notices[..place].iter().any(|other| other.key == notice.key);
            let staffed = self.staffed(notice);
            let fits = match is_twice {
                true => Err(self.taken(notice.key)),
                false if at >= notice.start() => Err(Refusal::Invalid(Invalid::InThePast)),
                false => {
                    let above = self.above_ladder(&staffed);
                    above.and_then(|()| before.unused(notice.key))
                }
            };
            if let Err(refusal) = fits {
                if self.flaw != Flaw::HalfAPublication {
                    *self = before;
                }
                return Err(refusal);
            }
            self.put_up(&staffed, at);
        }
        self.done()
    }

    /// Refuses a key that a vacancy has.
    pub(super) fn unused(&self, key: u128) -> Result<(), Refusal> {
        if self.vacancies.iter().any(|row| row.notice.key == key) {
            return Err(self.taken(key));
        }
        Ok(())
    }

    fn taken(&self, key: u128) -> Refusal {
        Refusal::AlreadyExists {
            kind: Kind::Vacancy,
            code: format!("{key:032x}").into(),
        }
    }

    pub(super) fn put_up(&mut self, notice: &Notice, at: HalfHour) {
        let slot = |&rank: &Rank| Slot { rank, holder: None };
        self.vacancies.push(Vacancy {
            slots: notice.slots.iter().map(slot).collect(),
            notice: notice.clone(),
            standing: Standing::Open,
            round: 1,
            closed_round: 0,
            filled_at: None,
            tier: 0,
            tier_closes_at: None,
            offered_at: at,
            offered: Vec::new(),
            declined: Vec::new(),
            returned: Vec::new(),
            punches: 0,
            came: Vec::new(),
            no_shows: Vec::new(),
            lost: Vec::new(),
        });
        self.open_from(self.vacancies.len() - 1, 0, at, false);
    }
}
