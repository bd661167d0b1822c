//! The same rules as Cedar policies: a permit for each rule and each entitlement that it gives,
//! in words that another engine reads, decides by and explains.
//!
//! What Cedar can say is said in it: known or not, text, numbers, days, flags, lists of texts.
//! What it cannot say (functions over texts, walks over lists, attributes whose values are of
//! several kinds) goes into the context as the words of the question, answered by the evaluator
//! of expressions: `context.holds.contains("size(person.groups) > 3")`. That something is neither
//! true nor false is in neither set. Decisions are made from a person's facts and never from the
//! columns, so that each can be held against the other.

mod entity;
mod schema;
mod text;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::str::FromStr as _;

use cedar_policy::{Authorizer, Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator};
use jiff::Timestamp;

use super::index::Index;
use super::terms::EntitlementName;
use crate::expression::{Atom, with_room};
use crate::plan::PersonFacts;
pub(super) use schema::Kind;

/// Why rules could not be made into policies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCedar {
    /// The schema that was made is not one. A fault of ours.
    #[error("the schema of the rules cannot be read: {0}")]
    Schema(String),
    /// A policy that was made is not one. A fault of ours.
    #[error("the policy of role `{role}` for `{entitlement}` cannot be read: {reason}")]
    Policy {
        /// Of which role.
        role: String,
        /// For what.
        entitlement: String,
        /// What is wrong.
        reason: String,
    },
    /// The policies do not fit the schema. A fault of ours.
    #[error("the policies of the rules do not fit their schema: {0}")]
    Unfit(String),
}

/// Why no decision could be made about somebody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoDecision {
    /// A value is of another kind than everybody's was when the policies were made.
    #[error("{path} is of another kind than the policies were made for; make them again")]
    Kind {
        /// Which.
        path: String,
    },
    /// The question could not be put.
    #[error("the question could not be put: {0}")]
    Asked(String),
}

/// What Cedar says of one person and one entitlement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Whether a rule gives it.
    pub given: bool,
    /// The policies that said so.
    pub by: BTreeSet<String>,
}

/// Rules as policies, ready to decide.
#[derive(Debug)]
pub struct CedarRules {
    authorizer: Authorizer,
    schema: String,
    texts: Vec<String>,
    /// By entitlement only what speaks of it: a decision does not look at a thousand others.
    of: HashMap<EntitlementName, OfEntitlement>,
    kinds: BTreeMap<String, Kind>,
}

/// The policies that give one entitlement, and what they look at.
#[derive(Debug, Default)]
pub(super) struct OfEntitlement {
    policies: PolicySet,
    /// Attributes that are looked at in Cedar.
    attributes: BTreeSet<String>,
    /// Attributes that the rules read at all.
    reads: BTreeSet<String>,
    /// What is answered beforehand.
    asked: BTreeMap<String, Atom>,
}

impl Index {
    /// The rules as Cedar policies, typed by what everybody's values are now.
    pub fn cedar(&self) -> Result<CedarRules, BadCedar> {
        with_room(|| self.make_cedar()).unwrap_or_else(|reason| Err(BadCedar::Unfit(reason.to_owned())))
    }

    fn make_cedar(&self) -> Result<CedarRules, BadCedar> {
        let kinds = schema::kinds(&self.people);
        let schema_text = schema::text(&kinds);
        let schema = Schema::from_str(&schema_text).map_err(|error| BadCedar::Schema(error.to_string()))?;
        let mut made = CedarRules {
            authorizer: Authorizer::new(),
            schema: schema_text,
            texts: Vec::new(),
            of: HashMap::new(),
            kinds,
        };
        let mut everything = PolicySet::new();
        for (number, clause) in self.clauses.iter().enumerate() {
            let Some(clause) = clause else { continue };
            for name in clause.gives.iter().filter_map(|given| self.entitlements.get(*given)) {
                let id = format!("{} {name} {number}", clause.terms.role);
                let of = made.of.entry(name.clone()).or_default();
                let text = text::policy(&id, clause, name, &self.questions, &made.kinds, of);
                let bad = |reason: String| BadCedar::Policy {
                    role: clause.terms.role.to_string(),
                    entitlement: name.to_string(),
                    reason,
                };
                let policy = Policy::parse(Some(PolicyId::new(&id)), &text).map_err(|error| bad(error.to_string()))?;
                everything.add(policy.clone()).map_err(|error| bad(error.to_string()))?;
                of.policies.add(policy).map_err(|error| bad(error.to_string()))?;
                made.texts.push(text);
            }
        }
        let result = Validator::new(schema).validate(&everything, ValidationMode::Strict);
        let complaints: Vec<String> = result.validation_errors().take(3).map(ToString::to_string).collect();
        if complaints.is_empty() { Ok(made) } else { Err(BadCedar::Unfit(complaints.join("; "))) }
    }
}

impl CedarRules {
    /// The schema.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// Every policy, one after the other.
    pub fn text(&self) -> String {
        self.texts.join("\n")
    }

    /// How many policies there are, and of how many parts of conditions the answer is worked out
    /// beforehand because Cedar cannot say them.
    pub fn counts(&self) -> (usize, usize) {
        let beforehand: BTreeSet<&String> = self.of.values().flat_map(|of| of.asked.keys()).collect();
        (self.texts.len(), beforehand.len())
    }

    /// Whether somebody has an entitlement by a rule, and by which.
    pub fn decide(
        &self,
        facts: &PersonFacts,
        entitlement: &EntitlementName,
        now: Timestamp,
    ) -> Result<Decided, NoDecision> {
        let Some(of) = self.of.get(entitlement) else {
            return Ok(Decided { given: false, by: BTreeSet::new() });
        };
        let (request, entities) = entity::question(facts, of, &self.kinds, entitlement, now)?;
        let answer = self.authorizer.is_authorized(&request, &of.policies, &entities);
        if let Some(error) = answer.diagnostics().errors().next() {
            return Err(NoDecision::Asked(error.to_string()));
        }
        let given = answer.decision() == cedar_policy::Decision::Allow;
        Ok(Decided { given, by: answer.diagnostics().reason().map(ToString::to_string).collect() })
    }
}
