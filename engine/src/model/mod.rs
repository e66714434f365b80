//! The words of the trade as types: what is known, without any rule about it.

mod agency;
mod attendance;
mod award;
mod calendar;
mod denial;
mod exceptions;
mod grant;
mod held;
mod ids;
mod job;
mod journal;
mod officer;
mod officer_set;
mod pact;
mod provision;
mod roster;
mod site;
mod staffing;
mod table;
mod term;
mod time;
mod vacancy;
mod weekly;
mod widening;

pub use agency::{Agency, Agreement};
pub use attendance::{
    Acknowledged, Attendance, Author, Correction, Direction, Mended, NoShow, Punch,
};
pub use award::{AwardRule, Awarding, Bid, Collect, Criterion, Kept, Promise, Seed};
pub use calendar::{Booking, Calendar};
pub use denial::{Bearer, Denial, DenialReason, Denied};
pub use exceptions::Exceptions;
pub use grant::Grant;
pub use held::Held;
pub use ids::{
    AgencyId, AgreementId, CertificationId, Code, CodeError, OfficerId, ProgrammeId, RequestId,
    Sequence, SiteId, VacancyId, VacancyKey,
};
pub use job::{
    Against, Approval, Brief, Job, JobEffect, JobRule, JobRules, JobSaid, JobStep, Objection,
    Permit, Required, Side, Verification,
};
pub use journal::{Attachment, Journal, Message, Note};
pub use officer::{
    Availability, Certification, Class, Date, LocalSpan, Officer, Programme, Rank, Window,
};
pub use officer_set::OfficerSet;
pub use pact::Pact;
pub use provision::{
    Beyond, LastTier, Lift, Limit, Measure, Period, Preferences, Provisions, Quiet, Reach,
};
pub use roster::Roster;
pub use site::{Position, Site, SiteKind};
pub use staffing::{Ladder, Step};
pub use table::{Dense, Table};
pub use term::{Clothing, Term, Terms};
pub use time::{Interval, Timestamp};
pub use vacancy::{Holder, Lost, Moved, Posting, Segment, Slot, Standing, Vacancy};
pub use weekly::Weekly;
pub use widening::{Offering, Place, Widening, Withdrawn};
