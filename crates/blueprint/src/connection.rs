//! A connected system: `kind: Connection`. How it is watched is read in [`watching`](crate::watching).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tenure_model::{ConnectionName, IdentityKind, NativeId, Strength};
use tenure_policy::drift::Watching;
use tenure_policy::{AccountTemplate, Deletion, Fill, Target};

use crate::document::Document;
use crate::feed::{self, Feed};
use crate::fields::{Fields, Notes, days, entries, expression, text, whole, word};
use crate::limits::{AT_ONCE_MAX, DELETION_DAYS_MAX, PER_SECOND_MAX};
use crate::problem::Code;
use crate::secrets;
use crate::shape;
use crate::tree::{Node, Tree};
use crate::watching;

/// Which way facts and access go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Facts come from it.
    Source,
    /// Accounts are made in it.
    Target,
    /// Both.
    Both,
}

impl Direction {
    const WORDS: [&'static str; 3] = ["source", "target", "both"];

    fn from_word(word: &str) -> Option<Self> {
        match word {
            "source" => Some(Self::Source),
            "target" => Some(Self::Target),
            "both" => Some(Self::Both),
            _ => None,
        }
    }

    /// Whether accounts are made in it.
    pub fn takes_accounts(self) -> bool {
        match self {
            Self::Target | Self::Both => true,
            Self::Source => false,
        }
    }
}

/// Past these shares nothing is written and a human is asked; in hundredths of a percent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Guard {
    /// So many may disappear from a full read.
    pub disappear_max: Option<u64>,
    /// So many may change at once.
    pub change_max: Option<u64>,
}

/// How fast a system may be asked; what is not said is as its connector says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PaceWanted {
    /// Requests in a second.
    pub per_second: Option<u32>,
    /// Requests at the same time.
    pub at_once: Option<u32>,
}

/// A connected system.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// The name of the document.
    pub name: ConnectionName,
    /// What to call it on a screen.
    pub title: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Which connector speaks to it, such as `ldap`.
    pub connector: String,
    /// Which way facts and access go.
    pub direction: Direction,
    /// For which kinds of identity it has the last word.
    pub authority: BTreeSet<IdentityKind>,
    /// What its connector needs; only the connector understands it. It holds no secret.
    pub config: serde_json::Value,
    /// What a new account looks like.
    pub account: AccountTemplate,
    /// When the account of somebody who left is deleted.
    pub deletion: Option<Deletion>,
    /// What the system calls the entitlements that roles name.
    pub entitlements: BTreeMap<String, NativeId>,
    /// When to stop and ask.
    pub guard: Guard,
    /// How fast it may be asked.
    pub pace: PaceWanted,
    /// How often it is read, and what is done about what others changed there.
    pub watching: Watching,
    /// How it is read, if facts come from it.
    pub feed: Option<Feed>,
}

impl Connection {
    /// What policy needs of it, if accounts are made in it.
    pub fn target(&self) -> Option<Target> {
        let target = || Target {
            template: self.account.clone(),
            entitlements: self.entitlements.clone(),
            deletion: self.deletion.clone(),
            ..Target::default()
        };
        self.direction.takes_accounts().then(target)
    }
}

/// Reads the document, or notes why it cannot be read.
pub(crate) fn read(document: &Document<'_>, notes: &mut Notes<'_>) -> Option<Connection> {
    let fields = Fields::declared("spec", document.spec, shape::CONNECTION, notes)?;
    let connector = fields.get("connector").and_then(|found| text("connector", found, notes)).map(ToOwned::to_owned);
    let direction = fields.word("direction", &Direction::WORDS, Direction::from_word, notes);
    only_read(connector.as_deref(), direction, &fields, notes);
    let kinds = IdentityKind::ALL.map(IdentityKind::word);
    let authority = fields.list("authority", notes).iter();
    let authority =
        authority.filter_map(|item| word("authority", item, &kinds, IdentityKind::from_word, notes)).collect();
    let config = fields.get("config");
    if let Some(config) = config {
        entries("config", config, notes);
        secrets::check("config", config, notes);
    }
    let (account, deletion) = fields.get("account").and_then(|found| account(found, notes)).unwrap_or_default();
    let entitlements = fields.get("entitlements").map(|found| entitlements(found, notes)).unwrap_or_default();
    let guard = fields.get("guard").map(|found| guard(found, notes)).unwrap_or_default();
    let pace = fields.get("pace").map(|found| pace(found, notes)).unwrap_or_default();
    let watching = Watching { disappear_max: guard.disappear_max, ..watching::read(&fields, notes) };
    Some(Connection {
        name: document.name.clone(),
        title: document.title.clone(),
        owner: document.owner.clone(),
        connector: connector?,
        direction: direction?,
        authority,
        config: config.map_or_else(|| serde_json::json!({}), Node::json),
        account,
        deletion,
        entitlements,
        guard,
        pace,
        watching,
        feed: fields.get("feed").and_then(|found| feed::read(found, direction, notes)),
    })
}

/// Connectors that only read, so that no accounts can be made through them.
const ONLY_READ: [&str; 3] = ["events", "file", "webhook"];

fn only_read(connector: Option<&str>, direction: Option<Direction>, fields: &Fields<'_>, notes: &mut Notes<'_>) {
    let reads = connector.filter(|name| ONLY_READ.contains(name));
    if let (Some(name), Some(true), Some(node)) =
        (reads, direction.map(Direction::takes_accounts), fields.get("direction"))
    {
        let reason = format!("connector `{name}` only reads, so no accounts are made through it");
        notes.add(node.place, Code::BadValue, reason, "write `direction: source`");
    }
}

fn account(node: &Node, notes: &mut Notes<'_>) -> Option<(AccountTemplate, Option<Deletion>)> {
    let fields = Fields::declared("account", node, shape::ACCOUNT, notes)?;
    let matched_by = fields.get("match").and_then(|found| text("match", found, notes)).map(ToOwned::to_owned);
    let mut template = AccountTemplate { matched_by, ..AccountTemplate::default() };
    for entry in entries("set", fields.get("set")?, notes)? {
        if let Some(fill) = fill(&entry.key, &entry.value, notes) {
            template.set.insert(entry.key.clone(), fill);
        }
    }
    if let Some(name) = template.matched_by.as_ref().filter(|name| !template.set.contains_key(*name)) {
        let reason = format!("`match` names `{name}`, which `set` does not fill");
        notes.add(node.place, Code::NamesNothing, reason, format!("add `{name}: …` to `set`"));
    }
    let deletion = fields.get("delete").and_then(|found| deletion(found, notes));
    Some((template, deletion))
}

/// An expression, or one with its strength.
fn fill(key: &str, node: &Node, notes: &mut Notes<'_>) -> Option<Fill> {
    let Tree::Map(_) = &node.tree else { return expression(key, node, notes).map(Fill::from) };
    let fields = Fields::declared(key, node, shape::FILL, notes)?;
    let value = fields.expression("value", notes);
    let words = Strength::ALL.map(Strength::word);
    let strength = match fields.get("strength") {
        Some(_) => Some(fields.word("strength", &words, Strength::from_word, notes)?),
        None => None,
    };
    Some(Fill { value: value?, strength })
}

fn deletion(node: &Node, notes: &mut Notes<'_>) -> Option<Deletion> {
    let fields = Fields::declared("delete", node, shape::DELETION, notes)?;
    let after_days = fields.get("after").and_then(|found| days("after", found, DELETION_DAYS_MAX, notes));
    let approval = fields.get("approval").and_then(|found| text("approval", found, notes)).map(ToOwned::to_owned);
    Some(Deletion { after_days: after_days?, approval: approval? })
}

fn entitlements(node: &Node, notes: &mut Notes<'_>) -> BTreeMap<String, NativeId> {
    let mut known = BTreeMap::new();
    for entry in entries("entitlements", node, notes).unwrap_or_default() {
        if let Some(native) = text(&entry.key, &entry.value, notes) {
            known.insert(entry.key.clone(), NativeId::new(native));
        }
    }
    known
}

fn guard(node: &Node, notes: &mut Notes<'_>) -> Guard {
    let Some(fields) = Fields::declared("guard", node, shape::GUARD, notes) else {
        return Guard::default();
    };
    let mut share = |key| fields.get(key).and_then(|found| share(key, found, notes));
    Guard { disappear_max: share("maxDisappear"), change_max: share("maxChange") }
}

fn pace(node: &Node, notes: &mut Notes<'_>) -> PaceWanted {
    let Some(fields) = Fields::declared("pace", node, shape::PACE, notes) else {
        return PaceWanted::default();
    };
    let mut whole = |key, most| fields.get(key).and_then(|found| whole(key, found, most, "requests", notes));
    PaceWanted { per_second: whole("perSecond", PER_SECOND_MAX), at_once: whole("atOnce", AT_ONCE_MAX) }
}

/// A share such as `2%`, in hundredths of a percent.
pub(crate) fn share(key: &str, node: &Node, notes: &mut Notes<'_>) -> Option<u64> {
    let percent = match &node.tree {
        Tree::Text(text) => text.strip_suffix('%').and_then(|number| number.trim().parse::<u64>().ok()),
        Tree::Null | Tree::Flag(_) | Tree::Number(_) | Tree::Fraction(_) | Tree::List(_) | Tree::Map(_) => None,
    };
    let good = percent.filter(|percent| *percent <= 100);
    if good.is_none() {
        let reason = format!("`{key}` is not a share");
        notes.add(node.place, Code::BadValue, reason, "write a whole number, such as `2%`");
    }
    good.map(|percent| percent * 100)
}
