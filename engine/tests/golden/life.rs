//! Records of what a vacancy goes through beside the race: its terms, and what happens afterwards.

use engine::core::Event;
use engine::model::{Term, Terms};

use crate::samples::V;

pub(crate) fn terms() -> Vec<(&'static str, Event)> {
    let terms = vec![Term::Buffer {
        before_ms: 1_800_000,
        after_ms: 900_000,
    }];
    let terms = Terms::new(terms).expect("one of a kind");
    let terms = Box::new(terms);
    vec![("termed", Event::Termed { vacancy: V, terms })]
}
