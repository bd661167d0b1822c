//! Connections whose source sends webhooks: who is believed, and what a body means.
//!
//! Keys are read when a webhook comes, so that they can be changed while the server runs.

mod mapping;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value as Json;
use tenure_api::{EventIn, Problem};
use tenure_blueprint::Connection;
use tenure_connect::{SecretRef, Secrets};
use tenure_model::Ids;
use tenure_services::hook::{Keys, Signed};
use tenure_services::limits::HOOK_KEYS_MAX;

pub use mapping::{BadMapping, Mapping};

/// The connector that such a connection names.
pub const CONNECTOR: &str = "webhook";

/// The settings of such a connection.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HookSettings {
    /// The keys that are believed; two while one takes the place of the other.
    pub keys: Vec<SecretRef>,
    /// What a body means.
    pub event: Mapping,
}

/// Why the settings of such a connection are of no use.
#[derive(Debug, thiserror::Error)]
pub enum BadHook {
    /// They cannot be read.
    #[error("its `config` is of no use to the connector `{CONNECTOR}`: {0}")]
    Settings(#[from] serde_json::Error),
    /// How many keys.
    #[error("`keys` names {0} keys; name 1 to {HOOK_KEYS_MAX}")]
    Keys(usize),
    /// What a body means.
    #[error(transparent)]
    Mapping(#[from] BadMapping),
}

/// One connection that takes webhooks.
#[derive(Debug, Clone)]
pub struct Hook {
    keys: Vec<SecretRef>,
    mapping: Mapping,
}

/// What a body means.
#[derive(Debug, Clone, PartialEq)]
pub enum Mapped {
    /// An event of ours.
    Event(Box<EventIn>),
    /// Nothing that we want to know.
    Ignored,
}

impl Hook {
    /// Takes settings that make sense.
    pub fn new(settings: Json) -> Result<Self, BadHook> {
        let HookSettings { keys, event } = serde_json::from_value(settings)?;
        if keys.is_empty() || keys.len() > HOOK_KEYS_MAX {
            return Err(BadHook::Keys(keys.len()));
        }
        event.check()?;
        Ok(Self { keys, mapping: event })
    }

    /// The event that a body tells of, under the id that the sender gave it.
    pub fn event(&self, id: &str, person_key: &str, body: &[u8]) -> Result<Mapped, Box<Problem>> {
        let json: Json = serde_json::from_slice(body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let detail = format!("reading stopped at line {line}, column {column}");
            Box::new(Problem::new(tenure_api::Code::NotJson).detail(detail))
        })?;
        self.mapping.event(id, person_key, &json)
    }
}

/// Every connection that takes webhooks.
#[derive(Debug)]
pub struct Hooks {
    known: BTreeMap<String, Hook>,
    secrets: Arc<dyn Secrets>,
    /// A key that nobody has, for names that are not there.
    decoy: [u8; 32],
}

impl Hooks {
    /// Those of an estate.
    pub fn new(known: BTreeMap<String, Hook>, secrets: Arc<dyn Secrets>, ids: &dyn Ids) -> Self {
        let mut decoy = [0; 32];
        for half in decoy.chunks_mut(16) {
            half.copy_from_slice(ids.uuid().as_bytes());
        }
        Self { known, secrets, decoy }
    }

    /// Whether a connection takes webhooks.
    pub fn is_one(connection: &Connection) -> bool {
        connection.connector == CONNECTOR
    }

    /// The connection of this name, if this was signed with a key of it. The same is done for
    /// every name, so that the time tells nobody which ones are there.
    pub fn believed(&self, name: &str, signed: &Signed<'_>, body: &[u8], now: Timestamp) -> Option<&Hook> {
        let found = self.known.get(name);
        let read = found.or_else(|| self.known.values().next());
        let keys = read.map(|hook| Keys::resolve(&hook.keys, self.secrets.as_ref()));
        let keys = match (found, keys) {
            (Some(_), Some(Ok(keys))) => keys,
            (Some(_), Some(Err(error))) => {
                tracing::error!(
                    connection = name,
                    error = &error as &dyn std::error::Error,
                    "no webhook can be believed"
                );
                Keys::unknown(&self.decoy)
            }
            (Some(_) | None, _) => Keys::unknown(&self.decoy),
        };
        if keys.verify(signed, body, now) { found } else { None }
    }
}
