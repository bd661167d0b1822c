//! Pure decisions with reasons: expressions, correlation, birthright, plans, brakes, the
//! words of notices, and authorization.
//!
//! Nothing here does IO, reads a clock, knows a database or a wire format: facts and the moment
//! come in, a decision and its reasons go out. This is the only crate that imports the
//! expression language and the authorization engine. Start at [`plan`] and [`authz`].

pub mod account;
pub mod authority;
pub mod authz;
pub mod brakes;
pub mod columns;
pub mod correlate;
pub mod counterfactual;
pub mod day;
pub mod drift;
pub mod entitlement_pattern;
pub mod expression;
pub mod feed;
pub mod generate;
pub mod group;
pub mod limits;
pub mod mapping;
pub mod notice;
pub mod plan;
pub mod role;
pub mod rule;
pub mod template;
mod transliterate;
mod words;

pub use account::{AccountTemplate, Deletion, Fill};
pub use authority::{Authorities, Authority};
pub use day::Day;
pub use entitlement_pattern::EntitlementPattern;
pub use expression::{BadExpression, Expression, Facts, Verdict};
pub use generate::Generator;
pub use group::Group;
pub use mapping::Mapping;
pub use notice::{Telling, Words};
pub use plan::{Action, Change, PersonFacts, Plan, Rules, Target, plan};
pub use role::{Birthright, Requestable, Risk, Role, RoleGrant};
pub use rule::{Effect, ExceptionTerms, Holding, Rule, Says};
pub use template::{BadTemplate, Form, Template};
