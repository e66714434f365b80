//! Records of work that is offered later, to whoever became eligible for it since.

use engine::core::{Considered, Event, Widened};
use engine::model::{AgencyId, OfficerId, Place, VacancyId, Widening, Withdrawn};

use crate::samples::{NINE, O, V, set};

pub(crate) fn all() -> Vec<(&'static str, Event)> {
    let (vacancy, round) = (VacancyId(8), 2);
    let mut who = Widening {
        officers: set(&[3, 1_025]),
        reinstated: [(OfficerId(4), NINE)].into(),
        agencies: [AgencyId(2), AgencyId(3)].into(),
        ..Widening::default()
    };
    who.freed.insert(O, vec![Withdrawn { vacancy, round }]);
    let widened = |who| Event::Widened(Box::new(Widened { from: NINE, who }));
    let after = Place {
        lead: AgencyId(2),
        start: NINE,
        vacancy: V,
    };
    let considered = |after| Event::Considered(Box::new(Considered { until: NINE, after }));
    let offered = |recipients, closes_at| Event::Offered {
        vacancy: V,
        recipients,
        closes_at,
    };
    vec![
        ("widened", widened(who)),
        ("offered-later", offered(set(&[3, 1_025]), None)),
        (
            "offered-to-nobody-with-a-window",
            offered(Default::default(), Some(NINE)),
        ),
        ("considered-in-part", considered(Some(after))),
        ("considered", considered(None)),
    ]
}
