//! What the suites of the contract found of each connector, as it is kept beside its page.
//!
//! The tests make these records (`cargo xtask held`), and the same tests fail once they find
//! something else. No connector has a page without one. A record holds no moment but the day on
//! which this was first found, so recording again changes nothing where nothing changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::house::HouseError;

/// What makes the records anew.
pub const WAY: &str = "cargo xtask held";

/// What the suite found of one connector on one peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Held {
    /// The connector, by the name of its page.
    pub connector: String,
    /// Who was on the other side.
    pub peer: String,
    /// Whether that is the product itself, and not something that stands for it.
    pub real: bool,
    /// Which version of it, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Which of several ways to it was taken, if there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The day on which this was first found.
    pub since: Date,
    /// How many cases the suite has.
    pub cases: usize,
    /// How many of them passed; none failed, or there would be no record.
    pub passed: usize,
    /// The cases that cannot pass, each with the reason that the connector declares.
    pub excused: BTreeMap<String, String>,
    /// The cases that do not concern the connector, by the reason.
    pub not_run: BTreeMap<String, BTreeSet<String>>,
}

impl Held {
    /// The name of the file in which this is kept; the version is not in it.
    pub fn file(&self) -> String {
        let parts = [Some(&self.connector), Some(&self.peer), self.by.as_ref()];
        let parts: Vec<String> = parts.into_iter().flatten().map(|part| slug(part)).collect();
        format!("{}.json", parts.join("--"))
    }

    /// What is in the file.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    /// The peer as a reader should know it.
    pub fn peer_in_words(&self) -> String {
        let version = self.version.iter().map(|version| format!(" {version}"));
        let by = self.by.iter().map(|by| format!(", {by}"));
        let simulated = (!self.real).then(|| " (simulated)".to_owned());
        [self.peer.clone()].into_iter().chain(version).chain(by).chain(simulated).collect()
    }

    /// How many cases ended how, in one line.
    pub fn summary(&self) -> String {
        let not_run: usize = self.not_run.values().map(BTreeSet::len).sum();
        let excused = self.excused.len();
        format!("{} cases: {} passed, {excused} excused, {not_run} not run", self.cases, self.passed)
    }

    /// In which ways another run of the same suite came to something else, a line each. A version
    /// that moved on is no difference: what it does is.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let mut found = Vec::new();
        for (what, then, now) in [("cases", self.cases, now.cases), ("passed", self.passed, now.passed)] {
            if then != now {
                found.push(format!("{what}: {then} are recorded, {now} were found"));
            }
        }
        if self.real != now.real {
            found.push(format!("whether the peer is real: {} is recorded", self.real));
        }
        let (then, now) = (self.endings(), now.endings());
        found.extend(then.difference(&now).map(|ending| format!("recorded and no longer so: {ending}")));
        found.extend(now.difference(&then).map(|ending| format!("so and not recorded: {ending}")));
        found
    }

    fn endings(&self) -> BTreeSet<String> {
        let excused = self.excused.iter().map(|(case, reason)| format!("`{case}` is excused: {reason}"));
        let not_run = self.not_run.iter().flat_map(|(why, cases)| cases.iter().map(move |case| (case, why)));
        excused.chain(not_run.map(|(case, why)| format!("`{case}` is not run: {why}"))).collect()
    }
}

/// Every record of a folder, by connector: those on real peers first.
pub(super) fn read(folder: &Path) -> Result<BTreeMap<String, Vec<Held>>, HouseError> {
    let bad = |path: &Path, what: &str, source| HouseError::File {
        path: path.display().to_string(),
        what: format!("{what}; `{WAY}` makes the records anew"),
        source,
    };
    let entries = fs::read_dir(folder).map_err(|error| bad(folder, "cannot be listed", error.into()))?;
    let mut records: BTreeMap<String, Vec<Held>> = BTreeMap::new();
    for entry in entries {
        let path = entry.map_err(|error| bad(folder, "cannot be listed", error.into()))?.path();
        let text = fs::read_to_string(&path).map_err(|error| bad(&path, "cannot be read", error.into()))?;
        let held: Held = serde_json::from_str(&text).map_err(|error| bad(&path, "is no record", error.into()))?;
        if path.file_name().is_none_or(|name| *name != *held.file()) {
            return Err(bad(&path, "has another name than its content", format!("it is `{}`", held.file()).into()));
        }
        records.entry(held.connector.clone()).or_default().push(held);
    }
    for held in records.values_mut() {
        held.sort_by_key(|held| (!held.real, held.file()));
    }
    Ok(records)
}

fn slug(name: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    let all: String = name.chars().map(plain).collect();
    all.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held() -> Held {
        Held {
            connector: "ldap".into(),
            peer: "OpenLDAP (slapd)".into(),
            real: true,
            version: Some("2.5.13".into()),
            by: None,
            since: jiff::civil::date(2026, 11, 28),
            cases: 10,
            passed: 8,
            excused: [("a_case".to_owned(), "it has no clock".to_owned())].into(),
            not_run: [("`end` is not described".to_owned(), ["ending".to_owned()].into())].into(),
        }
    }

    #[test]
    fn a_record_is_kept_under_its_peer_and_read_back_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (one, way) = (held(), Held { by: Some("by a slot".into()), ..held() });
        assert_eq!(one.file(), "ldap--openldap-slapd.json");
        assert_eq!(way.file(), "ldap--openldap-slapd--by-a-slot.json");
        for held in [&way, &one] {
            fs::write(folder.path().join(held.file()), held.text().unwrap()).unwrap();
        }
        let read = super::read(folder.path()).unwrap();
        assert_eq!(read["ldap"], [way, one.clone()]);
        fs::write(folder.path().join("ldap--another.json"), one.text().unwrap()).unwrap();
        let error = super::read(folder.path()).unwrap_err();
        assert!(error.to_string().contains("another name") && error.to_string().contains(WAY), "{error}");
    }

    #[test]
    fn a_peer_that_only_stands_for_another_is_called_so() {
        assert_eq!(held().peer_in_words(), "OpenLDAP (slapd) 2.5.13");
        let stands = Held { real: false, by: Some("in parts".into()), ..held() };
        assert_eq!(stands.peer_in_words(), "OpenLDAP (slapd) 2.5.13, in parts (simulated)");
    }

    type Change = fn(&mut Held);

    #[test]
    fn what_was_found_otherwise_is_told_and_a_newer_version_or_day_is_not() {
        let newer = Held { version: Some("2.6".into()), since: jiff::civil::date(2027, 1, 1), ..held() };
        assert!(held().differences(&newer).is_empty());
        let changes: [(&str, Change); 6] = [
            ("cases: 10 are recorded, 11 were found", |held| held.cases = 11),
            ("passed: 8 are recorded, 7 were found", |held| held.passed = 7),
            ("real", |held| held.real = false),
            ("recorded and no longer so: `a_case` is excused", |held| held.excused.clear()),
            ("so and not recorded: `a_case` is excused: because", |held| {
                held.excused.insert("a_case".into(), "because".into());
            }),
            ("so and not recorded: `ending` is not run: no time", |held| {
                held.not_run = [("no time".to_owned(), ["ending".to_owned()].into())].into();
            }),
        ];
        for (told, change) in changes {
            let mut now = held();
            change(&mut now);
            let differences = held().differences(&now);
            assert!(differences.iter().any(|difference| difference.contains(told)), "{told}: {differences:?}");
        }
    }
}
