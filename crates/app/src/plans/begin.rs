//! The runs that work a plan out and put it into force: each step works for a while and, if there is
//! more, begins the next run. Their names follow from the plan, so that none is begun twice.

use serde_json::json;
use tenure_engine::journal::{Definition, Letter};
use tenure_model::PlanId;

use crate::cx::House;
use crate::runs::alone;

/// The graph that works a plan out.
pub(crate) fn making() -> Definition {
    alone::one_step("plan-make", "estate/plan")
}

/// The graph that puts a plan into force.
pub(crate) fn applying() -> Definition {
    alone::one_step("plan-apply", "estate/apply")
}

/// The letter that begins the part of this number.
pub(crate) fn letter(house: &House, plan: PlanId, definition: Definition, part: u64) -> Letter {
    let run = alone::named(&format!("{plan}/{}/{part}", definition.name));
    alone::letter(run, definition, json!({ "plan": plan, "part": part }), "plan", house.clock.now())
}
