//! The settings of a connector outside this program, and the description that lies beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use tenure_connect::limits::PAGE_OBJECTS_MAX;
use tenure_connect::{Description, SecretRef};

use crate::limits::{
    PROCESS_CALL_SECONDS_MAX, PROCESS_CALL_SECONDS_USUAL, PROCESS_CALLS_AT_ONCE_MAX, PROCESS_DESCRIPTION_BYTES_MAX,
    PROCESS_IDLE_MINUTES_MAX, PROCESS_IDLE_MINUTES_USUAL, PROCESS_MEMORY_MIB_MAX, PROCESS_MEMORY_MIB_USUAL,
    PROCESS_MESSAGE_MIB_MAX, PROCESS_MESSAGE_MIB_USUAL,
};

/// A connector outside this program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProcessConfig {
    /// Where it is; an absolute path, and the folder that it works in.
    pub folder: PathBuf,
    /// The program; a relative path is one below `folder`.
    pub program: PathBuf,
    /// What it is started with. Everybody on the machine can read it, so it holds no secret.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// The file with its description; a relative path is one below `folder`.
    #[serde(default = "description_usual")]
    pub description: PathBuf,
    /// The names of those variables of our own environment that it gets. It gets no others.
    #[serde(default)]
    pub environment: BTreeSet<String>,
    /// Settings of its own, handed over when it starts.
    #[serde(default)]
    pub settings: Map<String, Json>,
    /// Secrets of its own by name, read and handed over when it starts.
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretRef>,
    /// What it may take.
    #[serde(default)]
    pub limits: ProcessLimits,
}

/// What a connector outside this program may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ProcessLimits {
    /// How long one call may take; then it is ended.
    pub call_seconds: u64,
    /// The longest message from it.
    pub message_mib: u32,
    /// How much memory of its own each of its processes may have.
    pub memory_mib: u64,
    /// After how many minutes without a call it is ended; the next call starts it again.
    pub idle_minutes: u64,
}

impl Default for ProcessLimits {
    fn default() -> Self {
        Self {
            call_seconds: PROCESS_CALL_SECONDS_USUAL,
            message_mib: PROCESS_MESSAGE_MIB_USUAL,
            memory_mib: PROCESS_MEMORY_MIB_USUAL,
            idle_minutes: PROCESS_IDLE_MINUTES_USUAL,
        }
    }
}

fn description_usual() -> PathBuf {
    "description.json".into()
}

/// Why settings of this kind make no sense.
#[derive(Debug, thiserror::Error)]
pub enum BadProcessConfig {
    /// A folder that depends on where we were started.
    #[error("`folder` is `{0}`; write an absolute path")]
    Folder(String),
    /// A name that no variable can have.
    #[error("`{0}` in `environment` is no name of a variable; write names only, values are taken from our environment")]
    Variable(String),
    /// Text that cannot be handed to a program.
    #[error("an entry of `arguments` holds a null byte, which no program can be started with; take it out")]
    Argument,
    /// A limit that is not one.
    #[error("`limits.{name}` must be from 1 to {most}")]
    Limit {
        /// Which.
        name: &'static str,
        /// The most.
        most: u64,
    },
    /// No description.
    #[error("the description `{path}` cannot be read ({why}); it is the one that the program gives of itself")]
    Unread {
        /// Where.
        path: String,
        /// Why, in words.
        why: String,
    },
    /// A description that the contract does not allow.
    #[error("the description `{path}` is of no use: {why}")]
    Description {
        /// Where.
        path: String,
        /// Why, in words.
        why: String,
    },
}

impl ProcessConfig {
    /// Whether the settings make sense by themselves.
    pub(super) fn check(&self) -> Result<(), BadProcessConfig> {
        if !self.folder.is_absolute() {
            return Err(BadProcessConfig::Folder(self.folder.display().to_string()));
        }
        if let Some(name) = self.environment.iter().find(|name| name.is_empty() || name.contains(['=', '\0'])) {
            return Err(BadProcessConfig::Variable(name.clone()));
        }
        if self.arguments.iter().any(|argument| argument.contains('\0')) {
            return Err(BadProcessConfig::Argument);
        }
        let limits = &self.limits;
        for (name, now, most) in [
            ("callSeconds", limits.call_seconds, PROCESS_CALL_SECONDS_MAX),
            ("messageMib", limits.message_mib.into(), PROCESS_MESSAGE_MIB_MAX.into()),
            ("memoryMib", limits.memory_mib, PROCESS_MEMORY_MIB_MAX),
            ("idleMinutes", limits.idle_minutes, PROCESS_IDLE_MINUTES_MAX),
        ] {
            if now == 0 || now > most {
                return Err(BadProcessConfig::Limit { name, most });
            }
        }
        Ok(())
    }

    /// The program.
    pub(super) fn program(&self) -> PathBuf {
        self.folder.join(&self.program)
    }

    /// Reads the description, which is known before anything of the connector runs.
    pub(super) fn read_description(&self) -> Result<Description, BadProcessConfig> {
        let path = self.folder.join(&self.description);
        let bytes = read(&path)
            .map_err(|error| BadProcessConfig::Unread { path: path.display().to_string(), why: error.to_string() })?;
        let bad = |why: String| BadProcessConfig::Description { path: path.display().to_string(), why };
        let description: Description = serde_json::from_slice(&bytes).map_err(|error| bad(error.to_string()))?;
        let limits = &description.limits;
        let sound = (1..=PAGE_OBJECTS_MAX).contains(&limits.page_objects_max)
            && (1..=PROCESS_CALLS_AT_ONCE_MAX).contains(&limits.requests_at_once_max)
            && limits.requests_per_second_max != Some(0);
        if !sound {
            return Err(bad(format!(
                "`limits` must allow 1 to {PAGE_OBJECTS_MAX} objects in a page and 1 to {PROCESS_CALLS_AT_ONCE_MAX} requests at once"
            )));
        }
        Ok(description)
    }
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(PROCESS_DESCRIPTION_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn config(more: Json) -> ProcessConfig {
        let mut settings = json!({ "folder": "/opt/badges", "program": "badges" });
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(settings).unwrap()
    }

    #[test]
    fn what_depends_on_chance_or_has_no_bound_is_refused() {
        assert!(config(json!({})).check().is_ok());
        for (bad, named) in [
            (json!({ "folder": "badges" }), "absolute"),
            (json!({ "environment": ["A=b"] }), "`A=b`"),
            (json!({ "arguments": ["a\u{0}b"] }), "null byte"),
            (json!({ "limits": { "callSeconds": 0 } }), "limits.callSeconds"),
            (json!({ "limits": { "memoryMib": u64::MAX } }), "limits.memoryMib"),
        ] {
            let error = config(bad).check().unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
        assert!(serde_json::from_value::<ProcessConfig>(json!({ "folder": "/", "program": "x", "env": {} })).is_err());
    }

    #[test]
    fn a_description_that_is_not_there_is_named() {
        let error = config(json!({})).read_description().unwrap_err().to_string();
        assert!(error.contains("/opt/badges/description.json"), "{error}");
    }
}
