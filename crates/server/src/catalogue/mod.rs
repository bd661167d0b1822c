//! The catalogue of connectors: a page for each, and one that compares them.
//!
//! What is on a page comes from the description that the connector gives of itself, for a sample
//! connection that stands on the page too, and from what the suite of the contract found of it
//! ([`held`]). To add a connector, add its sample to [`SAMPLES`] and the name of its page to
//! `xtask/src/generated.rs`, hold it, and record that.

pub mod held;
mod page;

use std::path::Path;
use std::sync::Arc;

use tenure_blueprint as blueprint;
use tenure_connect::Description;
use tenure_model::{Clock, SystemClock};

use held::Held;

use crate::house::{HouseError, open};
use crate::packs;

/// The connection of a connector outside this program.
pub const PROCESS: &str = include_str!("samples/process.yaml");
/// What the example that it leads to says of itself.
const OUTSIDE: &str = include_str!("../../../../examples/connector-python/description.json");

/// A connection of every kind, by its connector.
const SAMPLES: [(&str, &str); 18] = [
    ("ad", include_str!("samples/ad.yaml")),
    ("file", include_str!("samples/file.yaml")),
    ("ldap", include_str!("samples/ldap.yaml")),
    ("manual", include_str!("samples/manual.yaml")),
    ("memory", include_str!("samples/memory.yaml")),
    ("process", PROCESS),
    ("rest-aws-iam", include_str!("samples/rest-aws-iam.yaml")),
    ("rest-dovecot", include_str!("samples/rest-dovecot.yaml")),
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
    /// What the suite found, on each peer.
    held: Vec<Held>,
}

/// Every page with the name of its file in `docs/reference/connectors`, from the records in this
/// folder.
pub fn pages(records: &Path) -> Result<Vec<(String, String)>, HouseError> {
    let entries = entries(records)?;
    let mut pages = vec![("README.md".to_owned(), page::matrix(&entries))];
    pages.extend(entries.iter().map(|entry| (format!("{}.md", entry.kind), page::of(entry))));
    Ok(pages)
}

fn entries(records: &Path) -> Result<Vec<Entry>, HouseError> {
    let mut records = held::read(records)?;
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
            let held = records.remove(kind);
            let held = held.ok_or_else(|| bad(format!("no suite is recorded for it; run `{}`", held::WAY)))?;
            entries.push(Entry { kind, sample, about, description, held });
        }
    }
    match records.into_keys().next() {
        Some(connection) => {
            Err(HouseError::Connection { connection, reason: "it is recorded, and has no page".to_owned() })
        }
        None => Ok(entries),
    }
}

#[cfg(test)]
mod tests {
    use tenure_connect::{Artifact, Reach, Verb};

    use super::*;

    /// Where the records are that the tests of every crate make.
    const RECORDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/connectors/held");

    #[test]
    fn every_connector_has_a_page_that_says_what_is_out_of_reach() {
        let pages = pages(Path::new(RECORDS)).unwrap();
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
    fn nobody_has_a_page_without_being_held_to_it() {
        let empty = tempfile::tempdir().unwrap();
        let error = pages(empty.path()).unwrap_err().to_string();
        assert!(error.contains("`ad`") && error.contains(held::WAY), "{error}");
        let stray = empty.path().join("nobody--nothing.json");
        let all = std::fs::read_dir(RECORDS).unwrap().map(|entry| entry.unwrap().path());
        for path in all {
            std::fs::copy(&path, empty.path().join(path.file_name().unwrap())).unwrap();
        }
        pages(empty.path()).unwrap();
        let text = r#"{"connector":"nobody","peer":"nothing","real":true,"since":"2026-11-28","cases":0,"passed":0,
                       "excused":{},"notRun":{}}"#;
        std::fs::write(stray, text).unwrap();
        let error = pages(empty.path()).unwrap_err().to_string();
        assert!(error.contains("`nobody`") && error.contains("no page"), "{error}");
    }

    #[test]
    fn what_only_stands_for_a_product_is_called_simulated_on_both_pages() {
        let pages = pages(Path::new(RECORDS)).unwrap();
        for (kind, name) in [("rest-microsoft-graph", "Microsoft Graph"), ("rest-aws-iam", "moto")] {
            let row = pages[0].1.lines().find(|line| line.contains(kind)).unwrap();
            assert!(row.contains("(simulated)"), "{row}");
            let page = &pages.iter().find(|(file, _)| *file == format!("{kind}.md")).unwrap().1;
            let line = page.lines().find(|line| line.starts_with("- **")).unwrap();
            assert!(line.contains(name) && line.contains("(simulated)"), "{line}");
        }
    }

    /// What is missing of this: whoever leaves is out, it is seen that they are, and where that
    /// cannot be, the description says why.
    fn gaps(entry: &Entry) -> Vec<String> {
        let Description { verbs, surface, .. } = &entry.description;
        let has = |verb| verbs.contains_key(&verb);
        let ends = |kind| surface.get(&kind).is_some_and(Reach::ends);
        let mut gaps = Vec::new();
        let mut demand = |so: bool, gap: String| gaps.extend((!so).then_some(gap));
        for kind in Artifact::ALL {
            let whole = match surface.get(&kind) {
                None => false,
                Some(reach) => reach.why().is_none_or(|why| why.split_whitespace().count() >= 3),
            };
            demand(whole, format!("`{kind}` is out of reach without a reason"));
        }
        demand(!has(Verb::Create) || has(Verb::Disable) || has(Verb::Delete), "who is made stays".to_owned());
        demand(!has(Verb::Create) || ends(Artifact::Account), "an account that is made cannot be ended".to_owned());
        demand(!has(Verb::Grant) || has(Verb::Revoke), "what is granted stays".to_owned());
        demand(!has(Verb::Grant) || ends(Artifact::Membership), "what is granted cannot be ended".to_owned());
        let seen = [
            (Verb::Create, "verify_denies_what_is_not_so"),
            (Verb::Create, "somebody_who_leaves_can_be_kept_out"),
            (Verb::Disable, "disable_twice_is_disabled"),
            (Verb::Delete, "delete_is_seen_as_gone"),
            (Verb::Revoke, "revoke_twice_is_not_held"),
            (Verb::End, "ending_leaves_nothing"),
        ];
        for held in &entry.held {
            for (verb, case) in seen.iter().filter(|(verb, _)| has(*verb)) {
                let without = format!("`{verb}` is not described");
                let not_run = held.not_run.iter().find(|(_, cases)| cases.contains(*case)).map(|(why, _)| why);
                // Each program outside describes itself; the page has the words of only one.
                // Where nobody can be made, a connector's own tests hold it on accounts that are there.
                let unmade = *verb == Verb::End && !has(Verb::Create);
                let needless = unmade || (entry.sample == PROCESS && not_run == Some(&without));
                let ran = needless || (not_run.is_none() && !held.excused.contains_key(*case));
                demand(ran, format!("`{verb}` was not seen to be done on {}: `{case}` did not run", held.peer));
            }
        }
        gaps
    }

    #[test]
    fn whoever_leaves_is_out_and_seen_to_be_or_the_description_says_why_not() {
        for entry in entries(Path::new(RECORDS)).unwrap() {
            assert_eq!(gaps(&entry), [""; 0], "{}", entry.kind);
        }
    }

    #[test]
    fn a_description_that_leaves_somebody_in_is_found() {
        type Spoil = fn(&mut Entry);
        let spoils: [(&str, Spoil); 6] = [
            ("`session` is out of reach without", |e| {
                e.description.surface.insert(Artifact::Session, Reach::out(" "));
            }),
            ("`key` is out of reach without", |e| {
                e.description.surface.remove(&Artifact::Key);
            }),
            ("who is made stays", |e| e.description.verbs.retain(|verb, _| *verb == Verb::Create)),
            ("what is granted stays", |e| {
                e.description.verbs.remove(&Verb::Revoke);
            }),
            ("an account that is made cannot be ended", |e| {
                e.description.surface.insert(Artifact::Account, Reach::ListOnly { why: "we only look at it".into() });
            }),
            ("`delete` was not seen to be done", |e| {
                e.held[0].excused.insert("delete_is_seen_as_gone".into(), "it takes a day".into());
            }),
        ];
        for (gap, spoil) in spoils {
            let mut entry =
                entries(Path::new(RECORDS)).unwrap().into_iter().find(|entry| entry.kind == "ldap").unwrap();
            spoil(&mut entry);
            let gaps = gaps(&entry);
            assert!(gaps.iter().any(|found| found.contains(gap)), "{gap}: {gaps:?}");
        }
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
