//! What a connector was held against: recorded beside its page, and held to what is recorded.
//!
//! The suite test of every connector and peer calls [`hold`]. A suite that finds something else
//! than what is recorded in `docs/reference/connectors/held` is a failure; with `TENURE_HELD` set
//! to a folder, which is what `cargo xtask held` does, the record is left there instead.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::Zoned;
use tenure_connect::conformance::{Ending, Report};
use tenure_model::{Clock as _, SystemClock};
use tenure_server::catalogue::held::{Held, WAY};

/// The folder for records that are made anew, as an absolute path.
const FOLDER: &str = "TENURE_HELD";
/// Where those are that count.
const RECORDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/connectors/held");

/// What is installed for tests beside what Debian has, each with its version.
const PINS: [&str; 6] = [
    include_str!("../apps/aws-iam.txt"),
    include_str!("../apps/keystone.txt"),
    include_str!("../apps/pocketbase.txt"),
    include_str!("../apps/roundup.txt"),
    include_str!("../apps/synapse.txt"),
    include_str!("../scim/requirements.txt"),
];
const NODE_PINS: &str = include_str!("../scim/package-lock.json");

/// Who was on the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    name: &'static str,
    real: bool,
    version: Option<String>,
    by: Option<&'static str>,
}

impl Peer {
    /// The product itself.
    pub fn real(name: &'static str, version: Option<String>) -> Self {
        Self { name, real: true, version, by: None }
    }

    /// Something that behaves as the product is documented to; never the product.
    pub fn simulated(name: &'static str, version: Option<String>) -> Self {
        Self { name, real: false, version, by: None }
    }

    /// The same on one of several ways.
    #[must_use]
    pub fn by(self, way: &'static str) -> Self {
        Self { by: Some(way), ..self }
    }
}

/// Demands that no case failed and that the suite finds what is recorded of the connector, by the
/// name of its page; or records it.
#[expect(clippy::expect_used, reason = "a suite that finds something else is a test that failed")]
pub fn hold(page: &str, peer: &Peer, report: &Report) {
    assert!(report.is_green(), "`{page}` on {}: {report}", peer.name);
    let mut found = found(page, peer, report);
    let file = found.file();
    let kept = std::fs::read_to_string(Path::new(RECORDS).join(&file)).ok();
    let kept: Option<Held> = kept.and_then(|text| serde_json::from_str(&text).ok());
    if let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) {
        if let Some(kept) = kept {
            found = renewed(kept, found);
        }
        std::fs::write(folder.join(file), found.text().expect("JSON")).expect("a folder that may be written");
        return;
    }
    let differences = match kept {
        Some(kept) => kept.differences(&found),
        None => vec!["nothing is recorded".to_owned()],
    };
    assert!(
        differences.is_empty(),
        "docs/reference/connectors/held/{file} is not what the suite finds:\n  {}\nif that is right, run `{WAY}` and commit what it writes",
        differences.join("\n  ")
    );
}

/// What is kept, if that is what was found, or what was found.
fn renewed(kept: Held, found: Held) -> Held {
    let since = Held { since: kept.since, ..found.clone() };
    if since == kept { kept } else { found }
}

fn found(page: &str, peer: &Peer, report: &Report) -> Held {
    let mut excused = BTreeMap::new();
    let mut not_run: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, ending) in &report.cases {
        match ending {
            Ending::Passed | Ending::Failed { .. } => {}
            Ending::Excused { reason, .. } => {
                excused.insert((*name).to_owned(), reason.clone());
            }
            Ending::NotRun { why } => {
                not_run.entry(why.clone()).or_default().insert((*name).to_owned());
            }
        }
    }
    Held {
        connector: page.to_owned(),
        peer: peer.name.to_owned(),
        real: peer.real,
        version: peer.version.clone(),
        by: peer.by.map(str::to_owned),
        since: Zoned::new(SystemClock::new().now(), jiff::tz::TimeZone::UTC).date(),
        cases: report.cases.len(),
        passed: report.passed().len(),
        excused,
        not_run,
    }
}

/// The version of a Debian package that is installed, as those who made the product call it.
pub fn debian(package: &str) -> Option<String> {
    let asked = std::process::Command::new("dpkg-query").args(["-W", "-f=${Version}", package]).output();
    let answer = asked.ok().filter(|answer| answer.status.success())?;
    Some(upstream(&String::from_utf8(answer.stdout).ok()?))
}

/// A version without what Debian says of its own part in it.
fn upstream(version: &str) -> String {
    let version = version.split_once(':').map_or(version, |(_, rest)| rest);
    version.split(['-', '+', '~']).next().unwrap_or(version).to_owned()
}

/// The version of a package of Python that is pinned for tests.
pub fn python(package: &str) -> Option<String> {
    let lines = PINS.iter().flat_map(|pins| pins.lines());
    let mut versions = lines.filter_map(|line| line.strip_prefix(package)?.strip_prefix("=="));
    versions.next()?.split_whitespace().next().map(str::to_owned)
}

/// The version of a package of Node that is pinned for tests.
pub fn node(package: &str) -> Option<String> {
    let pins: serde_json::Value = serde_json::from_str(NODE_PINS).ok()?;
    pins.get("packages")?.get(format!("node_modules/{package}"))?.get("version")?.as_str().map(str::to_owned)
}

/// The version of SQLite that is built in.
pub fn sqlite() -> Option<String> {
    Some(rusqlite::version().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let excused = Ending::Excused { reason: "it has no clock".into(), how: "late".into() };
        let not_run = |why: &str| Ending::NotRun { why: why.into() };
        Report {
            cases: vec![
                ("passes", Ending::Passed),
                ("ends", not_run("`end` is not described")),
                ("is_excused", excused),
                ("ends_too", not_run("`end` is not described")),
            ],
            left: Vec::new(),
        }
    }

    #[test]
    fn a_record_holds_what_was_found_and_recording_it_again_changes_nothing() {
        let peer = Peer::real("nobody", Some("1".into()));
        let found = found("none", &peer, &report());
        assert_eq!((found.cases, found.passed, found.excused["is_excused"].as_str()), (4, 1, "it has no clock"));
        assert_eq!(found.not_run["`end` is not described"].len(), 2);
        let old = Held { since: jiff::civil::date(2020, 1, 1), ..found.clone() };
        assert_eq!(renewed(old.clone(), found.clone()), old);
        let newer = Held { version: Some("2".into()), ..found.clone() };
        assert_eq!(renewed(old, newer.clone()), newer);
    }

    #[test]
    #[should_panic(expected = "run `cargo xtask held`")]
    fn what_is_recorded_nowhere_is_a_failure_that_names_the_way_out() {
        hold("none", &Peer::real("nobody", None), &report());
    }

    #[test]
    #[should_panic(expected = "1 failed")]
    fn a_suite_with_a_failure_is_never_recorded() {
        let mut report = report();
        report.cases.push(("fails", Ending::Failed { how: "otherwise".into() }));
        hold("none", &Peer::real("nobody", None), &report);
    }

    #[test]
    fn versions_are_those_of_whoever_made_the_product() {
        for (debian, theirs) in [("2:4.17.12+dfsg-0+deb12u2", "4.17.12"), ("3.10.8-1.1", "3.10.8"), ("15", "15")] {
            assert_eq!(upstream(debian), theirs);
        }
        for version in [python("moto"), python("scim2-server"), node("scimmy"), sqlite()] {
            assert!(version.is_some_and(|version| version.starts_with(|first: char| first.is_ascii_digit())));
        }
        assert_eq!((python("scim2"), node("no such package")), (None, None));
    }
}
