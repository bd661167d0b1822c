//! What can be set about a peer, each with a value chosen for it on two cores.

use std::collections::BTreeMap;

use crate::trouble::{Result, Trouble};

/// Name, value and where the value comes from.
const DEFAULTS: &[(&str, &str, &str)] = &[
    ("dbos.processes", "2", "one for each core, sharing the port and the database"),
    ("restate.partitions", "4", "the server's default is 24, meant for more cores"),
    ("duroxide.workers", "32", "dispatchers of each kind; its default is 2"),
    ("duroxide.poll_ms", "5", "idle poll; its default is 100, which a run pays several times over"),
    ("graphile-worker.jobs", "64", "concurrent jobs; its default is 1"),
    ("graphile-worker.local_queue", "200", "its performance page: batching; its default is none"),
    ("graphile-worker.complete_ms", "0", "its performance page: completions in batches; its default is none"),
    ("graphile-worker.pool", "20", "database connections; its default is 10"),
];

/// The values in force.
#[derive(Debug, Clone)]
pub struct Settings(BTreeMap<&'static str, String>);

impl Settings {
    /// The defaults with `NAME=VALUE` over them.
    pub fn with(overrides: &[String]) -> Result<Self> {
        let mut values: BTreeMap<_, _> = DEFAULTS.iter().map(|(name, value, _)| (*name, (*value).to_owned())).collect();
        for wanted in overrides {
            let (name, value) = wanted.split_once('=').unwrap_or((wanted, ""));
            let known = values.get_mut(name).filter(|_| !value.is_empty());
            value.clone_into(known.ok_or_else(|| Trouble::new(unknown(wanted)))?);
        }
        Ok(Self(values))
    }

    /// The value of a known name.
    pub fn get(&self, name: &str) -> Result<&str> {
        self.0.get(name).map(String::as_str).ok_or_else(|| Trouble::new(unknown(name)))
    }

    /// The settings of one peer, for the head of the figures.
    pub fn of(&self, peer: &str) -> String {
        let own = self.0.iter().filter_map(|(name, value)| Some((name.strip_prefix(peer)?.strip_prefix('.')?, value)));
        own.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
    }
}

fn unknown(wanted: &str) -> String {
    let names: Vec<_> = DEFAULTS.iter().map(|(name, value, why)| format!("{name}={value} ({why})")).collect();
    format!("`{wanted}` is not a setting; there are: {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_known_or_refused() {
        let settings = Settings::with(&["restate.partitions=24".to_owned()]).unwrap();
        assert_eq!(settings.get("restate.partitions").unwrap(), "24");
        assert_eq!(settings.of("restate"), "partitions=24");
        assert_eq!(settings.of("duroxide"), "poll_ms=5 workers=32");
        for wrong in ["restate.partition=1", "restate.partitions", "restate.partitions="] {
            assert!(Settings::with(&[wrong.to_owned()]).unwrap_err().chain().contains(wrong));
        }
    }
}
