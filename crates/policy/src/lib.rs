//! Pure decisions with reasons: expressions, correlation, birthright, plans, brakes and
//! authorization.
//!
//! Nothing here does IO, reads a clock, knows a database or a wire format: facts and the moment
//! come in, a decision and its reasons go out. This is the only crate that imports the
//! expression language and the authorization engine. Start at [`plan`] and [`authz`].

pub mod account;
pub mod authz;
pub mod brakes;
pub mod correlate;
pub mod expression;
pub mod limits;
pub mod plan;
pub mod role;
mod transliterate;

pub use account::AccountTemplate;
pub use expression::{BadExpression, Expression, Facts, Verdict};
pub use plan::{Action, Change, PersonFacts, Plan, Rules, Target, plan};
pub use role::{Birthright, Role, RoleGrant};
