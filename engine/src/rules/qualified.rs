//! What an officer brings to a programme, whatever the vacancy: standing, class, certifications,
//! approval.

use crate::model::{Interval, Officer, Programme, ProgrammeId};

/// When `officer` may work `programme` as far as the officer's own record goes: not suspended, of
/// a class that is admitted, and while every certification and the approval are valid at once.
/// Nothing means never.
///
/// [`held_through`](super::tier::held_through) of this span says the same as of each validity by
/// itself.
pub fn qualified(id: ProgrammeId, programme: &Programme, officer: &Officer) -> Option<Interval> {
    if officer.suspended || !programme.classes.contains(&officer.class) {
        return None;
    }
    let certified = programme.certifications.iter();
    let certified = certified.map(|kind| officer.certifications.get(kind));
    let approved = programme.approval.then(|| officer.approvals.get(&id));
    let mut through = Interval::ALWAYS;
    for valid in certified.chain(approved) {
        let valid = valid?;
        through.start = through.start.max(valid.start);
        through.end = through.end.min(valid.end);
    }
    (through.start < through.end).then_some(through)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        AgencyId, Availability, CertificationId, Class, Code, Held, Rank, Timestamp,
    };

    const SSO: ProgrammeId = ProgrammeId(0);

    fn valid(start: i64, end: i64) -> Interval {
        let (start, end) = (Timestamp(start), Timestamp(end));
        Interval { start, end }
    }

    fn programme() -> Programme {
        Programme {
            code: Code::parse("sso").expect("a code"),
            name: "Invented".into(),
            certifications: vec![CertificationId(0), CertificationId(1)],
            classes: vec![Class::PeaceOfficer],
            approval: true,
        }
    }

    fn officer() -> Officer {
        Officer {
            badge: Code::parse("A-1").expect("a code"),
            home: AgencyId(0),
            class: Class::PeaceOfficer,
            rank: Rank::Officer,
            certifications: [
                (CertificationId(0), valid(0, 50)),
                (CertificationId(1), valid(10, 60)),
            ]
            .into_iter()
            .collect(),
            approvals: [(SSO, valid(5, 40))].into_iter().collect(),
            suspended: false,
            availability: Availability::Always,
        }
    }

    #[test]
    fn what_is_asked_is_asked_all_at_once() {
        let through = qualified(SSO, &programme(), &officer());
        assert_eq!(through, Some(valid(10, 40)));
        let mut apart = officer();
        apart.approvals.insert(SSO, valid(0, 10));
        assert_eq!(qualified(SSO, &programme(), &apart), None);
    }

    #[test]
    fn each_thing_that_is_missing_is_enough() {
        let lacks: [fn(&mut Officer); 4] = [
            |officer| officer.suspended = true,
            |officer| officer.class = Class::CommunityServiceOfficer,
            |officer| officer.certifications = Held::default(),
            |officer| officer.approvals = Held::default(),
        ];
        for lack in lacks {
            let mut officer = officer();
            lack(&mut officer);
            assert_eq!(qualified(SSO, &programme(), &officer), None);
        }
    }
}
