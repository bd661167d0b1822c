//! Who stands in for whom: saying so, ending it, and looking at it. What it means for tasks is in
//! [`crate::tasks`].

pub mod add;
pub mod end;
pub mod list;

use tenure_model::Deputy;
use tenure_policy::authz::Thing;

/// A deputy as the policies see it.
fn thing(deputy: &Deputy) -> Thing {
    Thing::Deputy { whom: Some(deputy.whom.clone()), name: Some(deputy.name.clone()) }
}
