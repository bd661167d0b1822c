//! A user or a group as the server sent it. Nothing is believed of it but what is asked for.

use serde_json::Value as Json;
use tenure_connect::{Refusal, RefusalClass};
use tenure_model::{AccountState, NativeId};

use super::path::field;

/// A user or a group.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Resource {
    /// What the server calls it.
    pub(super) id: NativeId,
    /// All of it.
    pub(super) json: Json,
}

impl Resource {
    /// Takes what the server sent; it must at least have an id.
    pub(super) fn take(json: Json) -> Result<Self, Refusal> {
        let id = match field(&json, "id") {
            Some(Json::String(id)) if !id.is_empty() => Some(NativeId::new(id)),
            Some(Json::Number(id)) => Some(NativeId::new(id.to_string())),
            _ => None,
        };
        match id {
            Some(id) => Ok(Self { id, json }),
            None => Err(Refusal::new(
                RefusalClass::Invalid,
                "the server sent an object without an `id`; check that `url` is the address of a SCIM service",
            )),
        }
    }

    /// A text of it.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        field(&self.json, name).and_then(Json::as_str).filter(|text| !text.is_empty())
    }

    /// The version that it has now (RFC 7644, 3.14).
    pub(super) fn version(&self) -> Option<String> {
        let version = field(field(&self.json, "meta")?, "version")?.as_str()?;
        Some(version.to_owned()).filter(|version| !version.is_empty())
    }

    /// Whether somebody can sign in. What does not say that it is inactive is taken to be active:
    /// the mistake is then seen as an account too many, and never as one too few.
    pub(super) fn state(&self) -> AccountState {
        let inactive = match field(&self.json, "active") {
            Some(Json::Bool(active)) => !active,
            // Servers made for Entra keep what it sends them, which is a text.
            Some(Json::String(text)) => text.eq_ignore_ascii_case("false"),
            _ => false,
        };
        if inactive { AccountState::Disabled } else { AccountState::Active }
    }

    /// The ids in one of its lists of references: the groups of a user, the members of a group.
    pub(super) fn references(&self, list: &str) -> impl Iterator<Item = NativeId> {
        let elements = field(&self.json, list).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        let one = |element: &Json| field(element, "value").and_then(Json::as_str).map(NativeId::new);
        // What comes by way of another group cannot be given or taken here.
        let direct = |element: &&Json| {
            !field(element, "type").and_then(Json::as_str).is_some_and(|kind| kind.eq_ignore_ascii_case("indirect"))
        };
        elements.iter().filter(direct).filter_map(one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn active_is_understood_in_every_form() {
        let state = |json: Json| Resource::take(json).unwrap().state();
        for inactive in [json!(false), json!("False"), json!("false")] {
            assert_eq!(state(json!({"id": "7", "active": inactive})), AccountState::Disabled);
        }
        for active in [json!({"id": "7", "active": true}), json!({"id": "7", "active": "True"}), json!({"id": "7"})] {
            assert_eq!(state(active), AccountState::Active);
        }
    }

    #[test]
    fn an_object_without_an_id_is_refused() {
        for bad in [json!({}), json!({"id": ""}), json!({"id": null}), json!([]), json!("x")] {
            assert!(Resource::take(bad).is_err());
        }
        assert_eq!(Resource::take(json!({"id": 7})).unwrap().id, NativeId::new("7"));
    }

    #[test]
    fn only_direct_groups_count() {
        let user = json!({"id": "7", "groups": [{"value": "a"}, {"value": "b", "type": "indirect"}, {"display": "c"}]});
        assert_eq!(Resource::take(user).unwrap().references("groups").collect::<Vec<_>>(), [NativeId::new("a")]);
    }
}
