//! Whose word counts: `kind: Authority`.

use std::collections::{BTreeMap, BTreeSet};

use tenure_model::{ConnectionName, IdentityKind, Name};
use tenure_policy::Authority;
use tenure_policy::authority::{Others, Ownership};
use tenure_policy::expression::Kind;

use crate::document::Document;
use crate::fields::{Fields, Notes, entries, name_of, names, word};
use crate::mapping::is_attribute;
use crate::problem::{Code, Place};
use crate::tree::{Node, Tree};

/// A document, and where it names connections.
#[derive(Debug, Clone)]
pub(crate) struct PlacedAuthority {
    pub(crate) authority: Authority,
    pub(crate) place: Place,
    pub(crate) named: Vec<(Name, Place)>,
}

/// Events that may have owners.
const EVENTS: [&str; 9] = [
    "employment.converted",
    "employment.ended",
    "employment.rescinded",
    "employment.started",
    "employment.stated",
    "leave.ended",
    "leave.started",
    "person.changed",
    "person.transferred",
];

/// Reads the document, or notes why it cannot be read.
pub(crate) fn read(document: &Document<'_>, notes: &mut Notes<'_>) -> Option<PlacedAuthority> {
    let fields = Fields::of("spec", document.spec, &["for", "attributes", "others", "events"], notes)?;
    let mut named = Vec::new();
    let kinds = kinds("for", fields.get("for"), notes);
    let mut attributes = BTreeMap::new();
    if let Some(node) = fields.get("attributes") {
        for entry in entries("attributes", node, notes).unwrap_or_default() {
            if !is_attribute(&entry.key) {
                let reason = "this cannot be the name of an attribute";
                notes.add(entry.place, Code::BadValue, reason, "use letters and digits, such as `givenName`");
            } else if let Some(owned) = ownership(&entry.key, &entry.value, &mut named, notes) {
                attributes.insert(entry.key.clone(), owned);
            }
        }
    }
    let mut events = BTreeMap::new();
    if let Some(node) = fields.get("events") {
        for entry in entries("events", node, notes).unwrap_or_default() {
            if !EVENTS.contains(&entry.key.as_str()) {
                let hint = match tenure_policy::expression::words::nearest(&entry.key, EVENTS) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there are {}", EVENTS.join(", ")),
                };
                notes.add(
                    entry.place,
                    Code::BadValue,
                    format!("there is no event `{}`", crate::fields::short(&entry.key)),
                    hint,
                );
                continue;
            }
            events.insert(entry.key.clone(), owners(&entry.key, &entry.value, &mut named, notes));
        }
    }
    let meant = |word: &str| match word {
        "take" => Some(Others::Take),
        "refuse" => Some(Others::Refuse),
        _ => None,
    };
    let others = fields.word("others", &["take", "refuse"], meant, notes).unwrap_or_default();
    let (name, title, owner) = (document.name.clone(), document.title.clone(), document.owner.clone());
    let authority = Authority { name, title, owner, kinds, attributes, others, events };
    Some(PlacedAuthority { authority, place: document.place, named })
}

/// Kinds of identity; all of them if nothing is said.
pub(crate) fn kinds(key: &str, node: Option<&Node>, notes: &mut Notes<'_>) -> BTreeSet<IdentityKind> {
    let Some(node) = node else { return IdentityKind::ALL.into() };
    let words = IdentityKind::ALL.map(IdentityKind::word);
    match &node.tree {
        Tree::List(items) => {
            items.iter().filter_map(|item| word(key, item, &words, IdentityKind::from_word, notes)).collect()
        }
        Tree::Null | Tree::Flag(_) | Tree::Number(_) | Tree::Fraction(_) | Tree::Text(_) | Tree::Map(_) => {
            word(key, node, &words, IdentityKind::from_word, notes).into_iter().collect()
        }
    }
}

/// `[workday, ldap]`, or the same under `from` with a `type`.
fn ownership(key: &str, node: &Node, named: &mut Vec<(Name, Place)>, notes: &mut Notes<'_>) -> Option<Ownership> {
    if let Tree::Map(_) = &node.tree {
        let fields = Fields::of(key, node, &["from", "type"], notes)?;
        let from = fields.get("from").map(|found| owners(key, found, named, notes)).unwrap_or_default();
        let kind = fields.word("type", &Kind::WORDS, Kind::from_word, notes);
        return Some(Ownership { from, kind });
    }
    Some(Ownership { from: owners(key, node, named, notes), kind: None })
}

fn owners(key: &str, node: &Node, named: &mut Vec<(Name, Place)>, notes: &mut Notes<'_>) -> Vec<ConnectionName> {
    let found = match &node.tree {
        Tree::Text(_) => name_of(key, node, notes).into_iter().map(|name| (name, node.place)).collect(),
        _ => names(key, node, notes),
    };
    named.extend(found.iter().cloned());
    let mut owners: Vec<ConnectionName> = Vec::new();
    for (name, place) in found {
        if owners.contains(&name) {
            notes.add(place, Code::Duplicate, format!("`{name}` stands twice in `{key}`"), "name each once");
        } else {
            owners.push(name);
        }
    }
    owners
}
