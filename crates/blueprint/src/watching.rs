//! How a connection is watched: `reconcile` and `drift` of `kind: Connection`.

use std::time::Duration;

use tenure_model::{DriftKind, DriftPolicy};
use tenure_policy::drift::Watching;

use crate::fields::{Fields, Notes, entries, text, word};
use crate::limits::{FOLLOW_MIN, READING_MIN, WATCHED_MAX};
use crate::problem::Code;
use crate::shape;
use crate::tree::{Node, Tree};

/// How often everything is read where the document says nothing.
const EVERY_USUAL: Duration = Duration::from_hours(24);
/// How often the system is asked what changed where the document says nothing.
const FOLLOW_USUAL: Duration = Duration::from_mins(1);

/// Reads both keys, or notes what is wrong with them.
pub(crate) fn read(fields: &Fields<'_>, notes: &mut Notes<'_>) -> Watching {
    let mut watching = Watching { every: Some(EVERY_USUAL), follow: Some(FOLLOW_USUAL), ..Watching::default() };
    if let Some(node) = fields.get("reconcile") {
        reconcile(node, &mut watching, notes);
    }
    if let Some(node) = fields.get("drift") {
        drift(node, &mut watching, notes);
    }
    watching
}

fn reconcile(node: &Node, watching: &mut Watching, notes: &mut Notes<'_>) {
    let Some(fields) = Fields::declared("reconcile", node, shape::RECONCILE, notes) else { return };
    if let Some(found) = fields.get("every") {
        watching.every = span("every", found, READING_MIN, notes);
    }
    if let Some(found) = fields.get("follow") {
        watching.follow = span("follow", found, FOLLOW_MIN, notes);
    }
    watching.last_sign_in =
        fields.get("lastSignIn").and_then(|found| text("lastSignIn", found, notes)).map(ToOwned::to_owned);
    let names = fields.list("watch", notes);
    if names.len() > WATCHED_MAX {
        let reason = format!("`watch` has {} attributes, the limit is {WATCHED_MAX}", names.len());
        notes.add(node.place, Code::TooLarge, reason, "watch only what matters");
    }
    let names = names.iter().filter_map(|item| text("watch", item, notes).map(ToOwned::to_owned));
    watching.attributes = names.collect();
}

/// One word for every kind, or a word for each.
fn drift(node: &Node, watching: &mut Watching, notes: &mut Notes<'_>) {
    let words = DriftPolicy::ALL.map(DriftPolicy::word);
    if let Tree::Text(_) = &node.tree {
        if let Some(policy) = word("drift", node, &words, DriftPolicy::from_word, notes) {
            watching.policies = DriftKind::ALL.map(|kind| (kind, policy)).into();
        }
        return;
    }
    if Fields::declared("drift", node, shape::DRIFT, notes).is_none() {
        return;
    }
    for entry in entries("drift", node, notes).unwrap_or_default() {
        let policy = word(&entry.key, &entry.value, &words, DriftPolicy::from_word, notes);
        if let (Some(kind), Some(policy)) = (DriftKind::from_word(&entry.key), policy) {
            watching.policies.insert(kind, policy);
        }
    }
}

/// A time such as `30s`, `15m`, `6h` or `1d`, or `never`.
fn span(key: &str, node: &Node, least: Duration, notes: &mut Notes<'_>) -> Option<Duration> {
    let said = text(key, node, notes)?.trim();
    if said == "never" {
        return None;
    }
    let found = seconds(said).map(Duration::from_secs).filter(|found| *found >= least);
    if found.is_none() {
        let hint = format!(
            "write a number and a unit, such as `30s`, `15m`, `6h` or `1d`, from {}s on, or `never`",
            least.as_secs()
        );
        notes.add(node.place, Code::BadValue, format!("`{key}` is not a time that can be kept"), hint);
    }
    found
}

fn seconds(said: &str) -> Option<u64> {
    let split = said.find(|letter: char| !letter.is_ascii_digit())?;
    let (number, unit) = said.split_at(split);
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}
