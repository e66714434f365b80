//! What is said about jobs becomes state.

use crate::core::state::State;
use crate::model::{Brief, Job, JobSaid, JobStep};

pub(super) fn apply(state: &mut State, step: &JobStep) {
    let jobs = &mut state.durable.jobs;
    let row = match &step.said {
        JobSaid::Asked { version, brief, .. } => {
            let job = Job::new(Brief::clone(brief), *version);
            jobs.insert(step.job.clone(), job);
            return;
        }
        _ => jobs.get_mut(&step.job),
    };
    let row = row.expect("the log asks for a job before it says anything about it");
    match &step.said {
        JobSaid::Asked { .. } => {}
        JobSaid::Permitted(permit) => row.permits.push(permit.clone()),
        JobSaid::Verified(verification) => row.verifications.push(verification.clone()),
        JobSaid::Approved(approval) => row.approval = Some(approval.clone()),
        JobSaid::Withdrawn { .. } => row.approval = None,
    }
}
