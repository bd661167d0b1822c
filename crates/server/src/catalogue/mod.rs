//! The catalogue of connectors: a page for each, and one that compares them.
//!
//! Everything on a page comes from the description that the connector gives of itself, for a
//! sample connection that stands on the page too. To add a connector, add its sample to
//! [`SAMPLES`] and the name of its page to `xtask/src/generated.rs`.

mod page;

use std::path::Path;
use std::sync::Arc;

use tenure_blueprint as blueprint;
use tenure_connect::Description;
use tenure_model::{Clock, SystemClock};

use crate::house::{HouseError, open};
use crate::packs;

/// The connection of a connector outside this program.
pub const PROCESS: &str = include_str!("samples/process.yaml");
/// What the example that it leads to says of itself.
const OUTSIDE: &str = include_str!("../../../../examples/connector-python/description.json");

/// A connection of every kind, by its connector.
const SAMPLES: [(&str, &str); 17] = [
    ("ad", include_str!("samples/ad.yaml")),
    ("file", include_str!("samples/file.yaml")),
    ("ldap", include_str!("samples/ldap.yaml")),
    ("manual", include_str!("samples/manual.yaml")),
    ("memory", include_str!("samples/memory.yaml")),
    ("process", PROCESS),
    ("rest-aws-iam", include_str!("samples/rest-aws-iam.yaml")),
    ("rest-keystone", include_str!("samples/rest-keystone.yaml")),
    ("rest-microsoft-graph", include_str!("samples/rest-microsoft-graph.yaml")),
    ("rest-pocketbase", include_str!("samples/rest-pocketbase.yaml")),
    ("rest-rabbitmq", include_str!("samples/rest-rabbitmq.yaml")),
    ("rest-roundup", include_str!("samples/rest-roundup.yaml")),
    ("rest-synapse", include_str!("samples/rest-synapse.yaml")),
    ("rest-zabbix", include_str!("samples/rest-zabbix.yaml")),
    ("scim", include_str!("samples/scim.yaml")),
    ("sql", include_str!("samples/sql.yaml")),
    ("ssh", include_str!("samples/ssh.yaml")),
];

/// A connector and the sample that it was described by.
struct Entry {
    kind: &'static str,
    sample: &'static str,
    /// What its pack says of itself, if it has one.
    about: Option<String>,
    description: Description,
}

/// Every page with the name of its file in `docs/reference/connectors`.
pub fn pages() -> Result<Vec<(String, String)>, HouseError> {
    let entries = entries()?;
    let mut pages = vec![("README.md".to_owned(), page::matrix(&entries))];
    pages.extend(entries.iter().map(|entry| (format!("{}.md", entry.kind), page::of(entry))));
    Ok(pages)
}

fn entries() -> Result<Vec<Entry>, HouseError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    // No connector opens anything before it is asked something.
    let folders = open::Folders {
        estate: Path::new("/etc/tenure/estate"),
        data: Path::new("/var/lib/tenure"),
        packs: None,
        desk: None,
    };
    let mut entries = Vec::new();
    for (kind, sample) in SAMPLES {
        let bad = |reason: String| HouseError::Connection { connection: kind.to_owned(), reason };
        let read = blueprint::Estate::read(vec![(format!("{kind}.yaml"), sample.to_owned())]);
        let read =
            read.map_err(|problems| bad(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))?;
        for connection in read.connections.values() {
            let description = if sample == PROCESS {
                serde_json::from_str(OUTSIDE).map_err(|error| bad(error.to_string()))?
            } else {
                let connector = open::connector(connection, folders, &clock)?;
                connector.ok_or_else(|| bad("it has no connector".to_owned()))?.describe().clone()
            };
            let pack = kind.strip_prefix("rest-").and_then(|name| packs::named(name, None).ok());
            let about = pack.and_then(|pack| pack.about().map(str::to_owned));
            entries.push(Entry { kind, sample, about, description });
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_connector_has_a_page_that_says_what_is_out_of_reach() {
        let pages = pages().unwrap();
        assert_eq!(pages.len(), SAMPLES.len() + 1);
        let (name, matrix) = &pages[0];
        assert_eq!(name, "README.md");
        for (kind, _) in SAMPLES {
            assert!(matrix.contains(&format!("[`{kind}`]({kind}.md)")), "{matrix}");
        }
        let ldap = &pages[3].1;
        assert!(ldap.contains("| session | no |") && ldap.contains("keep their own sessions"), "{ldap}");
    }

    #[test]
    fn a_sample_holds_no_secret() {
        for (kind, sample) in SAMPLES {
            for line in sample.lines().filter(|line| line.to_lowercase().contains("password:")) {
                assert!(line.contains("secret:"), "{kind}: {line}");
            }
        }
    }
}
