//! Denials name whoever is known and stay in bounds.

use super::{Unsound, hold, is_expressible};
use crate::core::state::Durable;
use crate::limits::{DENIALS_MAX, NAME_LEN_MAX};
use crate::model::Bearer;

pub(super) fn check(durable: &Durable) -> Result<(), Unsound> {
    let roster = &durable.roster;
    let is_known = |bearer: &Bearer| match bearer {
        Bearer::Officer(id) => roster.officers.find(*id).is_some(),
        Bearer::Subject { agency, name } => {
            agency.is_none_or(|id| roster.agencies.find(id).is_some())
                && (1..=NAME_LEN_MAX).contains(&name.len())
        }
        Bearer::SigningKey(_) | Bearer::Device(_) => true,
    };
    let denials = &durable.denials;
    let sound = denials
        .iter()
        .all(|(bearer, denial)| is_known(bearer) && is_expressible(denial.since));
    hold(sound && denials.len() <= DENIALS_MAX, "a denial")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AgencyId, Denial, DenialReason, OfficerId, Timestamp};

    #[test]
    fn a_denial_of_nobody_who_is_known_is_refused() {
        let nobody = [
            Bearer::Officer(OfficerId(0)),
            Bearer::Subject {
                agency: Some(AgencyId(0)),
                name: "dispatch".into(),
            },
            Bearer::Subject {
                agency: None,
                name: "".into(),
            },
        ];
        let denial = Denial {
            reason: DenialReason::Left,
            since: Timestamp(0),
            until: None,
        };
        assert_eq!(check(&Durable::default()), Ok(()));
        for bearer in nobody {
            let mut durable = Durable::default();
            durable.denials.insert(bearer, denial);
            let error = check(&durable).expect_err("it names nobody");
            assert!(error.to_string().contains("a denial"), "{error}");
        }
    }
}
