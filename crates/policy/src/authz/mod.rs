//! The one place where it is decided who may do what in Tenure itself.
//!
//! The code asks the literal question (actor, action, thing); the answer is only in the policy
//! files under `authz/policies`, checked against `authz/schema.cedarschema` when they are loaded.
//! Whatever is not permitted, not known or cannot be asked is refused. Every match over an enum
//! here names every case, so that a new one cannot slip through.

#![deny(clippy::wildcard_enum_match_arm)]

mod action;
mod table;
mod thing;

use std::collections::BTreeSet;
use std::str::FromStr;

use cedar_policy::{Authorizer, Context, Entities, PolicyId, PolicySet, Request, Schema, ValidationMode, Validator};
use tenure_model::Actor;

pub use action::{Action, ThingKind};
pub use thing::{TaskThing, Thing};

/// A policy file that is part of the program.
type File = (&'static str, &'static str);

const SCHEMA: &str = include_str!("../../authz/schema.cedarschema");
const POLICIES: [File; 11] = [
    ("admin.cedar", include_str!("../../authz/policies/admin.cedar")),
    ("auditor.cedar", include_str!("../../authz/policies/auditor.cedar")),
    ("connector-admin.cedar", include_str!("../../authz/policies/connector-admin.cedar")),
    ("everybody.cedar", include_str!("../../authz/policies/everybody.cedar")),
    ("help-desk.cedar", include_str!("../../authz/policies/help-desk.cedar")),
    ("operator.cedar", include_str!("../../authz/policies/operator.cedar")),
    ("owner.cedar", include_str!("../../authz/policies/owner.cedar")),
    ("policy-approver.cedar", include_str!("../../authz/policies/policy-approver.cedar")),
    ("policy-author.cedar", include_str!("../../authz/policies/policy-author.cedar")),
    ("source.cedar", include_str!("../../authz/policies/source.cedar")),
    ("system.cedar", include_str!("../../authz/policies/system.cedar")),
];

/// The answer to a question, with the policies that decided it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether it may be done.
    pub allowed: bool,
    /// The ids of the policies that said so. Empty when nothing permits it.
    pub reasons: BTreeSet<String>,
}

/// To what somebody may do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// To nothing at all.
    Nothing,
    /// To what is their own.
    Own,
    /// To whatever there is, but for what a policy forbids by name.
    Everything,
}

impl Extent {
    /// The word for it in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Nothing => "no",
            Self::Own => "own",
            Self::Everything => "yes",
        }
    }
}

impl Decision {
    fn refused() -> Self {
        Self { allowed: false, reasons: BTreeSet::new() }
    }
}

/// Why policies were not loaded.
#[derive(Debug, thiserror::Error)]
pub enum BadPolicies {
    /// The schema cannot be read.
    #[error("the schema of the policies cannot be read")]
    Schema(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A file cannot be read.
    #[error("policy file `{file}` cannot be read")]
    File {
        /// Which.
        file: String,
        /// The cause.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A policy has no name, so that no decision could name it.
    #[error("a policy in `{file}` has no `@id(\"…\")`; give it one")]
    NoId {
        /// In which file.
        file: String,
    },
    /// A policy does not fit the schema.
    #[error("the policies do not fit the schema: {0}")]
    Unfit(String),
}

/// The policies in force.
#[derive(Debug)]
pub struct Authz {
    authorizer: Authorizer,
    policies: PolicySet,
    schema: Schema,
}

impl Authz {
    /// The policies that are part of the program.
    pub fn embedded() -> Result<Self, BadPolicies> {
        Self::load(SCHEMA, &POLICIES)
    }

    fn load(schema: &str, files: &[(&str, &str)]) -> Result<Self, BadPolicies> {
        let (schema, warnings) =
            Schema::from_cedarschema_str(schema).map_err(|error| BadPolicies::Schema(Box::new(error)))?;
        drop(warnings);
        let mut policies = PolicySet::new();
        for (file, text) in files {
            add_file(&mut policies, file, text)?;
        }
        let result = Validator::new(schema.clone()).validate(&policies, ValidationMode::Strict);
        let complaints: Vec<String> = result.validation_errors().map(ToString::to_string).collect();
        if !complaints.is_empty() {
            return Err(BadPolicies::Unfit(complaints.join("; ")));
        }
        Ok(Self { authorizer: Authorizer::new(), policies, schema })
    }

    /// Whether this actor may do this to that thing.
    pub fn authorize(&self, actor: &Actor, action: Action, thing: &Thing) -> Decision {
        self.ask(actor, action, thing).unwrap_or_else(Decision::refused)
    }

    fn ask(&self, actor: &Actor, action: Action, thing: &Thing) -> Option<Decision> {
        let principal = thing::actor_entity(actor)?;
        let resource = thing.entity()?;
        let verb = thing::uid("Action", action.word())?;
        // The schema refuses an action on a kind of thing or by a kind of actor that it is not for.
        let request = Request::new(principal.uid(), verb, resource.uid(), Context::empty(), Some(&self.schema)).ok()?;
        let entities = Entities::from_entities([principal, resource], Some(&self.schema)).ok()?;
        let answer = self.authorizer.is_authorized(&request, &self.policies, &entities);
        let allowed = match answer.decision() {
            cedar_policy::Decision::Allow => true,
            cedar_policy::Decision::Deny => false,
        };
        // A policy that could not be worked out might have been one that forbids.
        if answer.diagnostics().errors().next().is_some() {
            return None;
        }
        Some(Decision { allowed, reasons: answer.diagnostics().reason().map(ToString::to_string).collect() })
    }

    /// To what this actor may do this. For tables, and to send away early who may do it to nothing.
    pub fn extent(&self, actor: &Actor, action: Action) -> Extent {
        table::extent(self, actor, action)
    }

    /// The truth table of every action and role, as stable text for reviewing.
    pub fn table(&self) -> String {
        table::table(self)
    }
}

fn add_file(policies: &mut PolicySet, file: &str, text: &str) -> Result<(), BadPolicies> {
    let bad = |cause: Box<dyn std::error::Error + Send + Sync>| BadPolicies::File { file: file.to_owned(), cause };
    let parsed = PolicySet::from_str(text).map_err(|error| bad(Box::new(error)))?;
    for policy in parsed.policies() {
        let id = policy.annotation("id").filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| BadPolicies::NoId { file: file.to_owned() })?;
        policies.add(policy.new_id(PolicyId::new(id))).map_err(|error| bad(Box::new(error)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
