//! What is recorded of those who hear of work later.

use rkyv::{Archive, Deserialize, Serialize};

use crate::model::{Place, Timestamp, Widening};

/// Officers who may come to more than before.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Widened {
    /// From when on.
    pub from: Timestamp,
    /// Who.
    pub who: Widening,
}

/// How far those who may come to more were offered what is open.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Considered {
    /// Whoever may come to more by then, if nobody was under way.
    pub until: Timestamp,
    /// The last vacancy that was considered; none if no further one is left.
    pub after: Option<Place>,
}
