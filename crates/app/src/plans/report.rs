//! What a plan comes to for a set of people, in a few lines: by documents, by what is gained and lost,
//! and by what a brake withholds. The form is a promise: whoever reads it finds its name in `schema`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tenure_blueprint::diff::Difference;
use tenure_model::{ConnectionName, Name, Value};
use tenure_policy::brakes::{Brake, Held, Removal};

use crate::estate::hex;
use crate::limits::{REPORT_FINDINGS_MAX, REPORT_NAMES_MAX, REPORT_PAIRS_KEPT_MAX, REPORT_PAIRS_MAX};
use crate::plans::outcome::{Outcome, Write};
use crate::plans::simulate::Happens;
use crate::plans::values::ValueChange;

/// The name of this form.
pub const SCHEMA: &str = "tenure.plan/1";

/// What a plan comes to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The name of this form.
    pub schema: String,
    /// What is different in the documents.
    pub documents: Difference,
    /// What else would be known of people, attribute by attribute.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<ValueLine>,
    /// What people gain, lose and keep, the losses first.
    pub lines: Vec<Line>,
    /// What a brake would withhold.
    pub held: Vec<HeldLine>,
    /// Bounds that were asked for and are passed, each a sentence.
    pub over: Vec<String>,
    /// What a human should know, and for how many people.
    pub findings: Vec<(String, u64)>,
    /// How many people were looked at.
    pub looked_at: u64,
    /// How many people it touches.
    pub people: u64,
    /// How many writes there would be.
    pub writes: u64,
    /// In how many systems.
    pub systems: u64,
    /// How many of the writes take something away.
    pub removals: u64,
    /// How many people would be asked something.
    pub questions: u64,
    /// How many notices would go out.
    pub notices: u64,
    /// How many timers would be set.
    pub timers: u64,
}

/// One line about people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// What happens to them.
    pub effect: Effect,
    /// Where.
    pub connection: ConnectionName,
    /// What; nothing for the account itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub entitlement: String,
    /// Because of which role, if it is because of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Name>,
    /// By how many days, for what is kept longer or shorter; until when, in days from now, for what ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<i64>,
    /// How many people.
    pub people: u64,
    /// Some of them, by name, if they are few.
    pub names: Vec<String>,
}

/// One attribute of which something else would be known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ValueLine {
    /// Which.
    pub attribute: String,
    /// Whose word counts for these people, if anybody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<ConnectionName>,
    /// Whose word would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<ConnectionName>,
    /// It comes with the next reading of this source, and not at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with_reading: Option<ConnectionName>,
    /// Of how many people.
    pub people: u64,
    /// From what to what, for the most people first; of many only some.
    pub pairs: Vec<ValuePair>,
}

/// From what to what a value changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ValuePair {
    /// What is known; nothing if there is no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What would be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Of how many people.
    pub people: u64,
    /// Some of them, by name, if they are few.
    pub names: Vec<String>,
}

/// What happens to people, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Nobody can use their account any more.
    LockedOut,
    /// They lose something.
    Lose,
    /// They lose something at a later moment.
    LoseLater,
    /// They keep something for less time.
    KeepShorter,
    /// They keep something for more time.
    KeepLonger,
    /// They get an account.
    Account,
    /// Their account can be used again.
    Enabled,
    /// They gain something.
    Gain,
    /// A write that is none of these.
    Other,
}

/// What a brake would withhold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldLine {
    /// Which brake.
    pub brake: Brake,
    /// The same as a sentence.
    pub sentence: String,
    /// Of how many people something is withheld.
    pub people: u64,
    /// How many removals are withheld.
    pub removals: u64,
    /// Some of the people, by name, if they are few.
    pub names: Vec<String>,
}

type ValueKey = (String, Option<ConnectionName>, Option<ConnectionName>, Option<ConnectionName>);
type Pairs = BTreeMap<(Option<String>, Option<String>), (u64, BTreeSet<String>)>;

type Key = (Effect, ConnectionName, String, Option<Name>, Option<i64>);

/// Adds up outcomes, one person after the other.
#[derive(Debug)]
pub(crate) struct Tally {
    now: Timestamp,
    lines: BTreeMap<Key, (u64, BTreeSet<String>)>,
    values: BTreeMap<ValueKey, (u64, Pairs)>,
    findings: BTreeMap<String, u64>,
    systems: BTreeSet<ConnectionName>,
    names: Vec<String>,
    /// Everything that would be taken away, for the brakes, with the place of the name of its person.
    pub(crate) removals: Vec<Removal>,
    named: Vec<usize>,
    report: Report,
    digest: Sha256,
}

impl Tally {
    pub(crate) fn new(now: Timestamp) -> Self {
        let report = Report { schema: SCHEMA.to_owned(), ..Report::default() };
        Self {
            now,
            lines: BTreeMap::new(),
            values: BTreeMap::new(),
            findings: BTreeMap::new(),
            systems: BTreeSet::new(),
            names: Vec::new(),
            removals: Vec::new(),
            named: Vec::new(),
            report,
            digest: Sha256::new(),
        }
    }

    pub(crate) fn add(&mut self, outcome: &Outcome, digest: &str) {
        self.digest.update(digest.as_bytes());
        self.report.people += 1;
        for value in &outcome.values {
            self.value(value, &outcome.name);
        }
        for write in &outcome.changes {
            self.report.writes += 1;
            self.systems.insert(write.connection.clone());
            self.write(write, &outcome.name);
        }
        for end in &outcome.ends {
            let (effect, days) = match (end.before, end.after) {
                (None, Some(after)) => (Effect::LoseLater, days(self.now, after)),
                (Some(before), None) => (Effect::KeepLonger, days(self.now, before)),
                (Some(before), Some(after)) if after < before => (Effect::KeepShorter, days(after, before)),
                (Some(before), Some(after)) => (Effect::KeepLonger, days(before, after)),
                (None, None) => (Effect::Other, 0),
            };
            let key = (effect, end.connection.clone(), end.entitlement.clone(), end.role.clone(), Some(days));
            self.line(key, &outcome.name);
        }
        for happens in &outcome.happens {
            match happens {
                Happens::Asked { .. } => self.report.questions += 1,
                Happens::Told { .. } => self.report.notices += 1,
                Happens::Waits { .. } | Happens::Again { .. } => self.report.timers += 1,
                Happens::Does { .. } => {}
            }
        }
        for finding in &outcome.findings {
            // Each person has findings of their own; what is kept of many is bounded.
            if self.findings.len() < REPORT_FINDINGS_MAX || self.findings.contains_key(finding) {
                *self.findings.entry(finding.clone()).or_default() += 1;
            }
        }
        if !outcome.removals.is_empty() {
            self.names.push(outcome.name.clone());
            self.named.extend(outcome.removals.iter().map(|_| self.names.len() - 1));
            self.removals.extend(outcome.removals.iter().cloned());
        }
    }

    fn write(&mut self, write: &Write, name: &str) {
        let effect = match write.change.as_str() {
            "disable-account" => Effect::LockedOut,
            "remove-entitlement" => Effect::Lose,
            "create-account" => Effect::Account,
            "enable-account" => Effect::Enabled,
            "add-entitlement" => Effect::Gain,
            _ => Effect::Other,
        };
        self.report.removals += u64::from(matches!(effect, Effect::LockedOut | Effect::Lose));
        let only = if let [only] = write.roles.as_slice() { Some(only.clone()) } else { None };
        if !matches!(effect, Effect::Gain | Effect::Lose) {
            self.line((effect, write.connection.clone(), String::new(), only, None), name);
        }
        let gained = if effect == Effect::Account { Effect::Gain } else { effect };
        if matches!(gained, Effect::Gain | Effect::Lose) {
            for entitlement in &write.entitlements {
                let role = write.role_of.get(entitlement).cloned();
                self.line((gained, write.connection.clone(), entitlement.clone(), role, None), name);
            }
        }
    }

    /// What a human should know besides, and of how many things.
    pub(crate) fn note(&mut self, notes: &BTreeMap<String, u64>) {
        self.findings.extend(notes.iter().map(|(note, count)| (note.clone(), *count)));
    }

    fn value(&mut self, value: &ValueChange, name: &str) {
        let key = (value.attribute.clone(), value.from.clone(), value.by.clone(), value.with_reading.clone());
        let (people, pairs) = self.values.entry(key).or_default();
        *people += 1;
        let text = |value: &Option<Value>| value.as_ref().map(ToString::to_string);
        let pair = (text(&value.before), text(&value.after));
        // Where everybody has another value, such as an address, some of them show what happens.
        if pairs.len() < REPORT_PAIRS_KEPT_MAX || pairs.contains_key(&pair) {
            let (people, names) = pairs.entry(pair).or_default();
            *people += 1;
            if names.len() <= REPORT_NAMES_MAX {
                names.insert(name.to_owned());
            }
        }
    }

    fn line(&mut self, key: Key, name: &str) {
        let (people, names) = self.lines.entry(key).or_default();
        *people += 1;
        if names.len() <= REPORT_NAMES_MAX {
            names.insert(name.to_owned());
        }
    }

    /// The hash of everything that was added.
    pub(crate) fn digest(&self) -> String {
        hex(&self.digest.clone().finalize())
    }

    pub(crate) fn report(mut self, documents: Difference, looked_at: u64, held: &[Held]) -> Report {
        self.report.held = held.iter().map(|held| self.held_line(held)).collect();
        self.report.systems = self.systems.len() as u64;
        self.report.documents = documents;
        self.report.looked_at = looked_at;
        self.report.findings = self.findings.into_iter().collect();
        self.report.values = self.values.into_iter().map(value_line).collect();
        self.report.lines = self
            .lines
            .into_iter()
            .map(|((effect, connection, entitlement, role, days), (people, names))| Line {
                effect,
                connection,
                entitlement,
                role,
                days,
                people,
                names: few(names),
            })
            .collect();
        self.report
    }

    fn held_line(&self, held: &Held) -> HeldLine {
        let people: BTreeSet<_> = held.removals.iter().filter_map(|at| Some(self.removals.get(*at)?.person)).collect();
        let names = held.removals.iter().filter_map(|at| self.names.get(*self.named.get(*at)?)).take(100).cloned();
        HeldLine {
            brake: held.brake.clone(),
            sentence: held.brake.sentence(),
            people: people.len() as u64,
            removals: held.removals.len() as u64,
            names: few(names.collect()),
        }
    }
}

fn value_line(((attribute, from, by, with_reading), (people, pairs)): (ValueKey, (u64, Pairs))) -> ValueLine {
    let pair = |((before, after), (people, names))| ValuePair { before, after, people, names: few(names) };
    let mut pairs: Vec<ValuePair> = pairs.into_iter().map(pair).collect();
    pairs.sort_by_key(|pair| std::cmp::Reverse(pair.people));
    pairs.truncate(REPORT_PAIRS_MAX);
    ValueLine { attribute, from, by, with_reading, people, pairs }
}

fn few(names: BTreeSet<String>) -> Vec<String> {
    if names.len() > REPORT_NAMES_MAX { Vec::new() } else { names.into_iter().collect() }
}

fn days(from: Timestamp, until: Timestamp) -> i64 {
    let seconds = until.as_second() - from.as_second();
    (seconds + 43_200).div_euclid(86_400)
}
