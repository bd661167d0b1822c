//! Tokens of the API, for the wire. The secret is in the answer to its making and nowhere else.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::{ConnectionName, Role, TokenId};
use utoipa::ToSchema;

use crate::limits::{OWNER_NAME_BYTES_MAX, TOKEN_DAYS_DEFAULT, TOKEN_DAYS_MAX};
use crate::problem::{FieldError, quoted};

/// A token to be made: with roles, or for one source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenIn {
    /// Who will use it; this name goes into the ledger.
    pub name: String,
    /// What its owner may do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// The connection that a source may deliver events for; excludes roles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// How long it lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
}

/// What a new token may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenScope {
    /// What these roles may.
    Roles(BTreeSet<Role>),
    /// Deliver events of this connection.
    Source(ConnectionName),
}

/// A token to be made, once it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenParts {
    /// Who will use it.
    pub name: String,
    /// What it may do.
    pub scope: TokenScope,
    /// How many days it lives.
    pub days: u32,
}

impl TokenIn {
    /// The token that is wanted, or everything that is wrong with the wish.
    pub fn parts(&self) -> Result<TokenParts, Vec<FieldError>> {
        let mut errors = Vec::new();
        let plain = !self.name.trim().is_empty() && !self.name.chars().any(char::is_control);
        if !plain || self.name.len() > OWNER_NAME_BYTES_MAX {
            let reason = format!("a name has 1 to {OWNER_NAME_BYTES_MAX} bytes and no control characters");
            errors.push(FieldError::new("/name", reason));
        }
        let days = self.days.unwrap_or(TOKEN_DAYS_DEFAULT);
        if !(1..=TOKEN_DAYS_MAX).contains(&days) {
            errors.push(FieldError::new("/days", format!("`{days}` is not between 1 and {TOKEN_DAYS_MAX}")));
        }
        match self.scope() {
            Ok(scope) if errors.is_empty() => Ok(TokenParts { name: self.name.clone(), scope, days }),
            Ok(_) => Err(errors),
            Err(more) => {
                errors.extend(more);
                Err(errors)
            }
        }
    }

    fn scope(&self) -> Result<TokenScope, Vec<FieldError>> {
        match (&self.connection, self.roles.is_empty()) {
            (Some(_), false) => {
                Err(vec![FieldError::new("/connection", "a token has roles or a connection, not both")])
            }
            (None, true) => Err(vec![FieldError::new("/roles", "name at least one role, or a connection")]),
            (Some(connection), true) => match connection.parse() {
                Ok(connection) => Ok(TokenScope::Source(connection)),
                Err(error) => Err(vec![FieldError::new("/connection", format!("{error}"))]),
            },
            (None, false) => self.role_set().map(TokenScope::Roles),
        }
    }

    fn role_set(&self) -> Result<BTreeSet<Role>, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut roles = BTreeSet::new();
        for (place, word) in self.roles.iter().enumerate() {
            if let Some(role) = Role::from_word(word) {
                roles.insert(role);
            } else {
                let known: Vec<&str> = Role::ALL.into_iter().map(Role::word).collect();
                let reason = format!("{} is not a role; use one of {}", quoted(word), known.join(", "));
                errors.push(FieldError::new(format!("/roles/{place}"), reason));
            }
        }
        if errors.is_empty() { Ok(roles) } else { Err(errors) }
    }
}

/// A token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenView {
    /// Ours.
    #[schema(value_type = String)]
    pub id: TokenId,
    /// Who uses it.
    pub name: String,
    /// What its owner may do.
    pub roles: Vec<String>,
    /// The connection of a source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// When it was revoked, if it was.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub revoked_at: Option<Timestamp>,
}

/// A token that was just made, with its secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenCreated {
    /// The token.
    #[serde(flatten)]
    pub token: TokenView,
    /// What to send as the bearer token. It is shown now and never again.
    pub secret: String,
}

impl fmt::Debug for TokenCreated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCreated").field("token", &self.token).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(json: &str) -> Result<TokenParts, Vec<String>> {
        let parts = serde_json::from_str::<TokenIn>(json).unwrap().parts();
        parts.map_err(|errors| errors.into_iter().map(|error| error.pointer).collect())
    }

    #[test]
    fn a_token_has_roles_or_a_connection() {
        let roles = wish(r#"{"name":"ci","roles":["auditor"]}"#).unwrap();
        assert_eq!(roles.scope, TokenScope::Roles([Role::Auditor].into()));
        let source = wish(r#"{"name":"hr","connection":"hr","days":7}"#).unwrap();
        assert_eq!((source.scope, source.days), (TokenScope::Source("hr".parse().unwrap()), 7));
        assert_eq!(wish(r#"{"name":"x"}"#).unwrap_err(), ["/roles"]);
        assert_eq!(wish(r#"{"name":"x","roles":["auditor"],"connection":"hr"}"#).unwrap_err(), ["/connection"]);
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let bad = wish(r#"{"name":" ","roles":["owner","root"],"days":0}"#).unwrap_err();
        assert_eq!(bad, ["/name", "/days", "/roles/1"]);
    }

    #[test]
    fn the_secret_does_not_show_in_debug() {
        let view: TokenView = serde_json::from_str(
            r#"{"id":"token_00000000000000000000000000","name":"x","roles":[],"createdAt":"2026-01-01T00:00:00Z","expiresAt":"2026-01-02T00:00:00Z","revokedAt":null}"#,
        )
        .unwrap();
        let created = TokenCreated { token: view, secret: "tnr_canary".to_owned() };
        assert!(!format!("{created:?}").contains("canary"));
        assert!(serde_json::to_string(&created).unwrap().contains("tnr_canary"));
    }
}
