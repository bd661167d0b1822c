//! What a system does for an account besides keeping it: forward its mail, hand over its folders.
//!
//! Whoever has something done looks first, keeps what was seen, and acts; what was seen is what the
//! same action is taken back with. An action can be done twice with the same end. Where a system
//! cannot be looked at, that is said, and an act ends as the system says and no further.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;
use tenure_model::{ACTIONS, Given, KnownAction};

use crate::change::Operation;
use crate::description::{Description, Reversibility};
use crate::limits::{ACTION_KEPT_BYTES_MAX, ACTION_TEXT_BYTES_MAX};
use crate::locator::Locator;
use crate::outcome::WriteFault;
use crate::refusal::{Refusal, RefusalClass};

/// An action that a system knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActionRule {
    /// What it does, in a line.
    pub about: String,
    /// What it takes.
    pub takes: BTreeMap<String, Parameter>,
    /// How far it can be taken back.
    pub undo: Reversibility,
    /// Why nobody can look whether it is so; nothing where one can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unseen: Option<String>,
}

/// Something that an action takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parameter {
    /// What is given.
    pub given: Given,
    /// Whether it must be.
    pub needed: bool,
}

impl ActionRule {
    /// Whether it can be taken back.
    pub fn goes_back(&self) -> bool {
        self.undo != Reversibility::Irreversible
    }

    /// What is wrong with what an action of this name is given, what is missing first. Of a value that
    /// is not known yet only the name is looked at.
    pub fn misfits<'a>(
        &self,
        action: &str,
        given: impl IntoIterator<Item = (&'a str, Option<&'a Json>)>,
    ) -> Vec<Misfit> {
        let given: BTreeMap<&str, Option<&Json>> = given.into_iter().collect();
        let missing = self.takes.iter().filter(|(name, one)| one.needed && !given.contains_key(name.as_str()));
        let missing =
            missing.map(|(name, _)| Misfit { name: name.clone(), reason: format!("`{action}` needs `{name}`") });
        let wrong = given.iter().filter_map(|(name, value)| {
            let reason = match self.takes.get(*name) {
                None => Some(format!("`{action}` takes no `{name}`")),
                Some(one) => value.and_then(|value| misfit(one.given, action, name, value)),
            };
            Some(Misfit { name: (*name).to_owned(), reason: reason? })
        });
        missing.chain(wrong).collect()
    }
}

/// Something that an action is given, or is not, and cannot be done with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// The parameter.
    pub name: String,
    /// What is wrong.
    pub reason: String,
}

/// Why a value is not what is to be given, in a line.
fn misfit(wanted: Given, action: &str, name: &str, value: &Json) -> Option<String> {
    let fits = match (wanted, value) {
        (Given::Flag, Json::Bool(_)) => true,
        (Given::Text | Given::Account, Json::String(text)) if text.len() > ACTION_TEXT_BYTES_MAX => {
            return Some(format!("`{name}` of `{action}` is longer than {ACTION_TEXT_BYTES_MAX} bytes"));
        }
        (Given::Text | Given::Account, Json::String(text)) => !text.is_empty(),
        (_, _) => false,
    };
    (!fits).then(|| format!("`{name}` of `{action}` is to be {}, and is not", wanted.word()))
}

/// What is to be done for an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Act {
    /// For whose.
    pub account: Locator,
    /// What.
    pub action: String,
    /// With what; another account by its native id.
    #[serde(default)]
    pub with: BTreeMap<String, Json>,
    /// What stood there before, where it is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub back: Option<Json>,
}

/// That nothing stood there is something to put back too.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(from).map(Some)
}

impl Act {
    /// The same in a line for a human.
    pub fn summary(&self) -> String {
        let Self { account, action, back, .. } = self;
        let word = if back.is_some() { "take back " } else { "" };
        let with: Vec<String> = self.with.iter().map(|(name, value)| format!("{name} {value}")).collect();
        let with = if with.is_empty() { String::new() } else { format!(" ({})", with.join(", ")) };
        format!("{word}{action} of {account}{with}")
    }
}

/// What was seen of an action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sight {
    /// Whether it is so; nothing where nobody can look.
    pub so: Option<bool>,
    /// What stands there, as far as it is needed to take the action back.
    pub kept: Json,
}

/// A system that does something for its accounts. What it knows stands in its [`Description`].
pub trait Actions: Send + Sync {
    /// Whether it is so. Reads only.
    fn look<'a>(&'a self, act: &'a Act) -> BoxFuture<'a, Result<Sight, Refusal>>;

    /// Does it, or takes it back, and looks by another call whether it is so. What is so already is
    /// left alone.
    fn act<'a>(&'a self, act: &'a Act, operation: &'a Operation) -> BoxFuture<'a, Result<Sight, WriteFault>>;
}

impl Description {
    /// The rule of an action of this name; otherwise the refusal that says which there are.
    pub fn action(&self, name: &str) -> Result<&ActionRule, Refusal> {
        self.actions.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.actions.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
            self.unsupported(&format!("do `{name}`: what it does for accounts is {known}"))
        })
    }

    /// The rule of an action, if the connector can do this; otherwise the refusal that says why not.
    pub fn permits_act(&self, act: &Act) -> Result<&ActionRule, Refusal> {
        let name = &act.action;
        let rule = self.action(name)?;
        if act.back.is_some() && !rule.goes_back() {
            return Err(self.unsupported(&format!("take `{name}` back")));
        }
        let given = act.with.iter().map(|(name, value)| (name.as_str(), Some(value)));
        if let Some(misfit) = rule.misfits(name, given).into_iter().next() {
            return Err(Refusal::new(RefusalClass::Invalid, misfit.reason));
        }
        Ok(rule)
    }
}

/// Refuses to keep more than a journal should hold.
pub fn keepable(kept: Json) -> Result<Json, Refusal> {
    let bytes = kept.to_string().len();
    if bytes <= ACTION_KEPT_BYTES_MAX {
        return Ok(kept);
    }
    let message = format!(
        "what stands there has {bytes} bytes and would have to be kept to take this back; {ACTION_KEPT_BYTES_MAX} are kept at most"
    );
    Err(Refusal::new(RefusalClass::Invalid, message))
}

/// The rules of every action that goes by the same name everywhere, each of which can be taken back.
pub fn usual_rules() -> BTreeMap<String, ActionRule> {
    let rule = |known: &KnownAction| {
        let rule = ActionRule {
            about: known.name.to_owned(),
            takes: usual_parameters(known),
            undo: Reversibility::Exact,
            unseen: None,
        };
        (known.name.to_owned(), rule)
    };
    ACTIONS.iter().map(rule).collect()
}

/// What an action takes that goes by the same name everywhere.
pub fn usual_parameters(known: &KnownAction) -> BTreeMap<String, Parameter> {
    let one =
        |taken: &tenure_model::Taken| (taken.name.to_owned(), Parameter { given: taken.given, needed: taken.needed });
    known.takes.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn act(action: &str, with: Json) -> Act {
        let with = serde_json::from_value(with).unwrap_or_default();
        Act { account: Locator::attribute("uid", "ada"), action: action.to_owned(), with, back: None }
    }

    fn refused(description: &Description, act: &Act) -> String {
        description.permits_act(act).map_or_else(|refusal| refusal.message, |_| "permitted".to_owned())
    }

    #[test]
    fn an_act_is_held_against_what_the_action_takes() {
        let mut known = Description::new("shop");
        assert!(refused(&known, &act("mailbox/hold", json!({}))).contains("for accounts is nothing"));
        known.actions = usual_rules();
        let forward = |with: Json| refused(&known, &act("mailbox/forward", with));
        assert_eq!(forward(json!({ "to": "9" })), "permitted");
        assert_eq!(forward(json!({})), "`mailbox/forward` needs `to`");
        assert_eq!(forward(json!({ "to": "" })), "`to` of `mailbox/forward` is to be account, and is not");
        assert_eq!(forward(json!({ "to": true })), "`to` of `mailbox/forward` is to be account, and is not");
        assert_eq!(forward(json!({ "to": "9", "too": "8" })), "`mailbox/forward` takes no `too`");
        assert!(refused(&known, &act("mailbox/burn", json!({}))).contains("cannot do `mailbox/burn`"));
    }

    #[test]
    fn what_cannot_be_taken_back_is_not() {
        let mut known = Description::new("shop");
        known.actions = usual_rules();
        let back = Act { back: Some(json!({})), ..act("mailbox/hold", json!({})) };
        assert_eq!(refused(&known, &back), "permitted");
        for rule in known.actions.values_mut() {
            rule.undo = Reversibility::Irreversible;
        }
        assert!(refused(&known, &back).contains("cannot take `mailbox/hold` back"));
    }

    #[test]
    fn an_act_that_takes_back_stays_one_when_nothing_stood_there() {
        let back = Act { back: Some(Json::Null), ..act("mailbox/hold", json!({})) };
        let text = serde_json::to_string(&back).unwrap_or_default();
        assert_eq!(serde_json::from_str::<Act>(&text).ok(), Some(back), "{text}");
        let forth = act("mailbox/hold", json!({}));
        let text = serde_json::to_string(&forth).unwrap_or_default();
        assert_eq!(serde_json::from_str::<Act>(&text).ok(), Some(forth), "{text}");
    }

    #[test]
    fn a_rule_is_read_as_it_is_written() {
        let rules = usual_rules();
        let text = serde_json::to_string(&rules).unwrap_or_default();
        assert!(text.contains(r#""to":{"given":"account","needed":true}"#), "{text}");
        assert_eq!(serde_json::from_str::<BTreeMap<String, ActionRule>>(&text).ok(), Some(rules));
    }
}
