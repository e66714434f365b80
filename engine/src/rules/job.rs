//! Whether an agency takes a job (rules 14 and 15): what its rules, which are data, have against it.

use crate::model::{Against, Code, Job, JobEffect, JobRule, Objection, Permit, Side, Timestamp};

/// What becomes of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing stands against it.
    Allow,
    /// It may be approved by whoever says why.
    NeedsReview,
    /// It cannot be approved.
    Deny,
}

/// The verdict over a job against which `objections` stand.
pub fn verdict(objections: &[Objection]) -> Verdict {
    let denies = |objection: &Objection| match objection.against {
        Against::Prohibited | Against::NotPermitted => true,
        Against::Review | Against::Unlisted | Against::TooFew { .. } => false,
    };
    match objections {
        [] => Verdict::Allow,
        some if some.iter().any(denies) => Verdict::Deny,
        _ => Verdict::NeedsReview,
    }
}

/// What `rules` have at `at` against work with `attributes` for `officers` officers at a time, of
/// which `permits` are permitted; in the order of the attributes.
pub fn objections(
    rules: &[JobRule],
    (attributes, officers): (&[Code], u16),
    permits: &[Permit],
    at: Timestamp,
) -> Vec<Objection> {
    let mut found = Vec::new();
    for attribute in attributes {
        let object = |against| Objection {
            attribute: attribute.clone(),
            against,
        };
        let of = |rule: &&JobRule| rule.attribute == *attribute && rule.valid.contains(at);
        let mut listed = rules.iter().filter(of).peekable();
        if listed.peek().is_none() {
            found.push(object(Against::Unlisted));
        }
        let is_permitted = || permits.iter().any(|permit| permit.attribute == *attribute);
        let against = listed.filter_map(|rule| match rule.effect {
            JobEffect::Allow => None,
            JobEffect::Deny => Some(Against::Prohibited),
            JobEffect::DenyUnlessPermitted if is_permitted() => None,
            JobEffect::DenyUnlessPermitted => Some(Against::NotPermitted),
            JobEffect::Review => Some(Against::Review),
            JobEffect::Officers { least } if officers >= least => None,
            JobEffect::Officers { least } => Some(Against::TooFew {
                least,
                asked: officers,
            }),
        });
        found.extend(against.map(object));
    }
    found
}

/// Those of `objections` that the approval of `job` did not review: what is prohibited never is.
pub fn unreviewed(job: &Job, objections: Vec<Objection>) -> Vec<Objection> {
    let reviewed = job.approval.as_ref().map_or(&[][..], |row| &row.reviewed);
    let is_open = |objection: &Objection| !reviewed.contains(objection);
    objections.into_iter().filter(is_open).collect()
}

/// Whose verification of `job` is missing (rule 17).
pub fn unverified(job: &Job) -> Vec<Side> {
    let sides = [Side::Department, Side::Operator].into_iter();
    sides
        .filter(|side| job.verified_by(*side).is_none())
        .collect()
}

/// Whether both names are one person's, as far as names tell: whoever verifies for both sides under
/// one name has verified once.
pub fn is_same_person(one: &str, other: &str) -> bool {
    let words = |name: &str| -> Vec<String> {
        let words = name.split_whitespace();
        words.map(str::to_lowercase).collect()
    };
    words(one) == words(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AgencyId, Approval, Brief, Interval, ProgrammeId, Verification};

    const NOW: Timestamp = Timestamp(5);

    fn code(text: &str) -> Code {
        Code::parse(text).expect("a code")
    }

    fn rule(attribute: &str, effect: JobEffect) -> JobRule {
        JobRule {
            attribute: code(attribute),
            effect,
            valid: Interval::ALWAYS,
        }
    }

    /// Samples from what the departments of Tucson and Amarillo publish.
    fn rules() -> Vec<JobRule> {
        vec![
            rule("armed-private-security", JobEffect::Deny),
            rule("alcohol-principal", JobEffect::DenyUnlessPermitted),
            rule("undignified", JobEffect::Review),
            rule("alcohol-served", JobEffect::Officers { least: 2 }),
            rule("parade", JobEffect::Allow),
        ]
    }

    fn against(attributes: &[&str], officers: u16, permits: &[Permit]) -> Vec<Against> {
        let attributes: Vec<Code> = attributes.iter().map(|text| code(text)).collect();
        let found = objections(&rules(), (&attributes, officers), permits, NOW);
        found.into_iter().map(|one| one.against).collect()
    }

    fn permit(attribute: &str) -> Permit {
        Permit {
            attribute: code(attribute),
            by: "chief".into(),
            reason: "expressly".into(),
            at: NOW,
        }
    }

    fn said(attributes: &[&str], officers: u16, permits: &[Permit]) -> Verdict {
        let attributes: Vec<Code> = attributes.iter().map(|text| code(text)).collect();
        verdict(&objections(&rules(), (&attributes, officers), permits, NOW))
    }

    #[test]
    fn a_verdict_is_allow_deny_or_needs_review() {
        let permitted = [permit("alcohol-principal")];
        let senseless = [permit("armed-private-security")];
        let table: [(&[&str], u16, &[Permit], Verdict); 9] = [
            (&[], 1, &[], Verdict::Allow),
            (&["parade"], 1, &[], Verdict::Allow),
            (&["armed-private-security"], 1, &[], Verdict::Deny),
            (&["armed-private-security"], 1, &senseless, Verdict::Deny),
            (&["alcohol-principal"], 1, &[], Verdict::Deny),
            (&["alcohol-principal"], 1, &permitted, Verdict::Allow),
            (&["undignified"], 1, &[], Verdict::NeedsReview),
            (&["never-heard-of"], 1, &[], Verdict::NeedsReview),
            (&["undignified", "alcohol-principal"], 1, &[], Verdict::Deny),
        ];
        for (attributes, officers, permits, expected) in table {
            let verdict = said(attributes, officers, permits);
            assert_eq!(verdict, expected, "{attributes:?}");
        }
    }

    #[test]
    fn too_few_officers_need_a_review_and_enough_need_none() {
        let few = Against::TooFew { least: 2, asked: 1 };
        assert_eq!(against(&["alcohol-served"], 1, &[]), [few]);
        assert_eq!(said(&["alcohol-served"], 1, &[]), Verdict::NeedsReview);
        assert_eq!(said(&["alcohol-served"], 2, &[]), Verdict::Allow);
    }

    #[test]
    fn a_rule_holds_inside_its_dates() {
        let dated = JobRule {
            valid: Interval {
                start: Timestamp(10),
                end: Timestamp(20),
            },
            ..rule("raffle", JobEffect::Deny)
        };
        let raffle = [code("raffle")];
        let at = |at| {
            objections(
                std::slice::from_ref(&dated),
                (&raffle, 1),
                &[],
                Timestamp(at),
            )
        };
        assert_eq!(at(9)[0].against, Against::Unlisted);
        assert_eq!(at(10)[0].against, Against::Prohibited);
        assert_eq!(at(20)[0].against, Against::Unlisted);
    }

    #[test]
    fn an_approval_covers_what_was_reviewed_and_nothing_else() {
        let brief = Brief {
            lead: AgencyId(0),
            programme: ProgrammeId(0),
            customer: "Invented".into(),
            what: "Invented".into(),
            attributes: vec![code("alcohol-served")],
            officers: 1,
        };
        let mut job = Job::new(brief, 1);
        let few = |asked| Objection {
            attribute: code("alcohol-served"),
            against: Against::TooFew { least: 3, asked },
        };
        assert_eq!(unreviewed(&job, vec![few(2)]), [few(2)]);
        job.approval = Some(Approval {
            by: "chief".into(),
            reason: "small".into(),
            at: NOW,
            reviewed: vec![few(2)],
        });
        assert_eq!(unreviewed(&job, vec![few(2)]), []);
        assert_eq!(unreviewed(&job, vec![few(1)]), [few(1)]);
    }

    #[test]
    fn both_sides_verify_and_they_are_two_people() {
        let brief = Brief {
            lead: AgencyId(0),
            programme: ProgrammeId(0),
            customer: "Invented".into(),
            what: "Invented".into(),
            attributes: Vec::new(),
            officers: 1,
        };
        let mut job = Job::new(brief, 1);
        assert_eq!(unverified(&job), [Side::Department, Side::Operator]);
        job.verifications.push(Verification {
            side: Side::Operator,
            by: "OPS-1".into(),
            at: NOW,
        });
        assert_eq!(unverified(&job), [Side::Department]);
        assert!(is_same_person("OPS-1", " ops-1 "));
        assert!(!is_same_person("OPS-1", "OPS-2"));
    }
}
