//! What a connector was held against, written down where somebody asked for it.
//!
//! The suites of the contract call [`note`]; with `TENURE_HELD` set to a folder it leaves a file
//! there for each connector and peer, from which the catalogue is made. Without it nothing is
//! written.

use std::path::PathBuf;

use jiff::Zoned;
use serde_json::{Value as Json, json};
use tenure_connect::conformance::{Ending, Report};
use tenure_model::{Clock as _, SystemClock};

/// The folder for results, as an absolute path.
const FOLDER: &str = "TENURE_HELD";

/// Who was on the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer<'a> {
    /// The product itself: its name and version.
    Real(&'a str),
    /// Something that behaves as the product is documented to; never the product.
    Simulated(&'a str),
}

impl Peer<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Real(name) | Self::Simulated(name) => name,
        }
    }
}

/// Writes down what the suite found of a connector, by the name of its page in the catalogue.
#[expect(clippy::expect_used, reason = "a result that cannot be written was not written")]
pub fn note(page: &str, peer: Peer<'_>, report: &Report) {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let text = serde_json::to_string_pretty(&result(page, peer, report)).expect("JSON");
    let name = format!("{page}--{}.json", slug(peer.name()));
    std::fs::write(folder.join(name), text + "\n").expect("a folder that may be written");
}

fn result(page: &str, peer: Peer<'_>, report: &Report) -> Json {
    let day = Zoned::new(SystemClock::new().now(), jiff::tz::TimeZone::UTC).date();
    let of = |fits: fn(&Ending) -> Option<&String>| -> Json {
        let found = report
            .cases
            .iter()
            .filter_map(|(name, ending)| Some(((*name).to_owned(), Json::from(fits(ending)?.as_str()))));
        found.collect::<serde_json::Map<_, _>>().into()
    };
    json!({
        "connector": page,
        "peer": peer.name(),
        "real": matches!(peer, Peer::Real(_)),
        "day": day,
        "cases": report.cases.len(),
        "passed": report.passed().len(),
        "failed": of(|ending| match ending { Ending::Failed { how } => Some(how), _ => None }),
        "excused": of(|ending| match ending { Ending::Excused { reason, .. } => Some(reason), _ => None }),
        "notRun": of(|ending| match ending { Ending::NotRun { why } => Some(why), _ => None }),
    })
}

fn slug(name: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    let all: String = name.chars().map(plain).collect();
    all.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

/// The version of a Debian package that is installed, for the name of a peer.
pub fn debian(package: &str) -> String {
    let asked = std::process::Command::new("dpkg-query").args(["-W", "-f=${Version}", package]).output();
    let version = asked.ok().filter(|answer| answer.status.success());
    version
        .and_then(|answer| String::from_utf8(answer.stdout).ok())
        .unwrap_or_else(|| "of an unknown version".to_owned())
}
