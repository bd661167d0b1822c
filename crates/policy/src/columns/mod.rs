//! Everybody at once: who has what by which rule, and what changes when a rule, a person or the
//! day changes.
//!
//! Each attribute is a column of small numbers ([`people`]), each part of a condition a question
//! that is answered once for each different value by the evaluator that decides about one person
//! ([`questions`]), each rule a formula over such questions ([`formula`]) with the set of people
//! whom it fits ([`index`]). Nothing here is a second opinion: a test holds it equal to
//! [`Expression::verdict`] and to [`crate::plan()`]. It loads nothing and knows no clock; whoever
//! has the facts hands them in.
//!
//! [`Expression::verdict`]: crate::Expression::verdict

mod bits;
mod cedar;
mod change;
mod column;
mod difference;
mod formula;
mod index;
mod mine;
mod people;
mod questions;
mod sets;
mod spread;
mod terms;

pub use bits::Bits;
pub use cedar::{BadCedar, CedarRules, Decided, NoDecision};
pub use difference::{Delta, Difference};
pub use index::{Edit, Index, Intake};
pub use mine::Proposal;
pub use people::NotKept;
pub use terms::{EntitlementName, Terms, of_role, of_role_among, terms_of};

#[cfg(test)]
mod tests;
