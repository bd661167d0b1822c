//! What is different between two estates, by meaning: documents, and within them the parts.
//!
//! Spaces, comments, the order of keys and the file in which a document stands mean nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tenure_model::Name;

use crate::document::{self, Kind};
use crate::fields::Notes;
use crate::problem::Place;
use crate::tree::{self, Node};

/// What happened to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It is not there any more.
    Removed,
    /// It says something else.
    Changed,
    /// It is new.
    Added,
}

/// A document that is different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentDifference {
    /// What happened to it.
    pub fate: Fate,
    /// What it describes, such as `Role`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// In which file it stands, or stood.
    pub file: String,
    /// In which line the first difference is, or the document begins.
    pub line: u64,
    /// The parts that are different; none for a document that is new or gone.
    pub parts: Vec<PartDifference>,
}

/// A part of a document that is different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartDifference {
    /// Which part, as people write it: `birthright.grace`.
    pub path: String,
    /// What it was; none if it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Json>,
    /// What it is; none if it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Json>,
}

/// What is different between two estates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// The documents that mean something else; what is gone comes first.
    pub documents: Vec<DocumentDifference>,
    /// How many are only written otherwise.
    pub reformatted: usize,
    /// How many are the same.
    pub unchanged: usize,
}

/// A document with its place, for lists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    /// What it describes, such as `Role`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What to call it on a screen.
    pub title: String,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Who answers for it once the owner has left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<String>,
    /// In which file it stands.
    pub file: String,
    /// In which line it begins.
    pub line: u64,
    /// What it says.
    pub spec: Json,
}

/// Every document of these files whose envelope is right, by kind and name.
pub fn listed(files: &[(String, String)]) -> Vec<Listed> {
    let known = known(files).into_iter();
    known
        .map(|((kind, name), one)| Listed {
            kind: kind.word().to_owned(),
            name: name.to_string(),
            title: one.title,
            owner: one.owner,
            successor: one.successor,
            file: one.file,
            line: one.place.line,
            spec: one.spec,
        })
        .collect()
}

/// What is different between two estates. What cannot be read is not compared: whoever asks has
/// read both before.
pub fn difference(before: &[(String, String)], after: &[(String, String)]) -> Difference {
    let (mut old, new) = (known(before), known(after));
    let texts = |files: &[(String, String)]| -> BTreeMap<String, String> { files.iter().cloned().collect() };
    let (old_texts, new_texts) = (texts(before), texts(after));
    let mut found = Difference::default();
    for (key, now) in &new {
        match old.remove(key) {
            None => found.documents.push(whole(Fate::Added, key, now)),
            Some(was) if was.meaning() == now.meaning() => {
                let same = was.file == now.file && old_texts.get(&was.file) == new_texts.get(&now.file);
                if same { found.unchanged += 1 } else { found.reformatted += 1 }
            }
            Some(was) => found.documents.push(changed(key, &was, now)),
        }
    }
    found.documents.extend(old.iter().map(|(key, was)| whole(Fate::Removed, key, was)));
    found
        .documents
        .sort_by(|left, right| (left.fate, &left.kind, &left.name).cmp(&(right.fate, &right.kind, &right.name)));
    found
}

struct Known {
    title: String,
    owner: Option<String>,
    successor: Option<String>,
    file: String,
    place: Place,
    spec: Json,
    places: BTreeMap<String, Place>,
}

impl Known {
    fn meaning(&self) -> (&str, Option<&String>, Option<&String>, &Json) {
        (&self.title, self.owner.as_ref(), self.successor.as_ref(), &self.spec)
    }
}

fn known(files: &[(String, String)]) -> BTreeMap<(Kind, Name), Known> {
    let mut known = BTreeMap::new();
    for (file, text) in files {
        let nodes: Vec<Node> = tree::read(file, text).unwrap_or_default();
        for node in &nodes {
            let mut problems = Vec::new();
            let mut notes = Notes { file, problems: &mut problems };
            let Some(document) = document::open(node, &mut notes) else { continue };
            let one = Known {
                title: document.title.clone(),
                owner: document.owner.clone(),
                successor: document.successor.clone(),
                file: file.clone(),
                place: document.place,
                spec: document.spec.json(),
                places: document.spec.places().into_iter().collect(),
            };
            known.insert((document.kind, document.name.clone()), one);
        }
    }
    known
}

fn whole(fate: Fate, (kind, name): &(Kind, Name), one: &Known) -> DocumentDifference {
    DocumentDifference {
        fate,
        kind: kind.word().to_owned(),
        name: name.to_string(),
        file: one.file.clone(),
        line: one.place.line,
        parts: Vec::new(),
    }
}

fn changed(key: &(Kind, Name), was: &Known, now: &Known) -> DocumentDifference {
    let mut parts = Vec::new();
    let mut line = None;
    let text = |text: &str| Some(Json::from(text));
    if was.title != now.title {
        parts.push(PartDifference { path: "title".to_owned(), before: text(&was.title), after: text(&now.title) });
    }
    let who = [("owner", &was.owner, &now.owner), ("successor", &was.successor, &now.successor)];
    for (path, before, after) in who.into_iter().filter(|(_, before, after)| before != after) {
        let json = |word: &Option<String>| word.as_deref().map(Json::from);
        parts.push(PartDifference { path: path.to_owned(), before: json(before), after: json(after) });
    }
    walk("", Some(&was.spec), Some(&now.spec), &mut |pointer, before, after| {
        line = line.or_else(|| nearest(now, pointer));
        let path = pointer.trim_start_matches('/').replace('/', ".");
        parts.push(PartDifference { path, before: before.cloned(), after: after.cloned() });
    });
    DocumentDifference { line: line.unwrap_or(now.place.line), parts, ..whole(Fate::Changed, key, now) }
}

/// The line of a part, or of the nearest one around it.
fn nearest(now: &Known, pointer: &str) -> Option<u64> {
    let mut pointer = pointer;
    loop {
        if let Some(place) = now.places.get(pointer) {
            return Some(place.line);
        }
        pointer = pointer.get(..pointer.rfind('/')?)?;
    }
}

/// Tells every difference, the smallest parts of maps and the items of lists.
fn walk<'j>(
    pointer: &str,
    before: Option<&'j Json>,
    after: Option<&'j Json>,
    tell: &mut impl FnMut(&str, Option<&'j Json>, Option<&'j Json>),
) {
    match (before, after) {
        (before, after) if before == after => {}
        (Some(Json::Object(was)), Some(Json::Object(now))) => {
            let keys = was.keys().chain(now.keys().filter(|key| !was.contains_key(*key)));
            for key in keys {
                walk(&format!("{pointer}/{key}"), was.get(key), now.get(key), tell);
            }
        }
        (Some(Json::Array(was)), Some(Json::Array(now))) => {
            let gone: Vec<&Json> = was.iter().filter(|item| !now.contains(item)).collect();
            let new: Vec<&Json> = now.iter().filter(|item| !was.contains(item)).collect();
            if gone.is_empty() && new.is_empty() {
                tell(pointer, before, after);
            }
            for item in gone {
                tell(pointer, Some(item), None);
            }
            for item in new {
                tell(pointer, None, Some(item));
            }
        }
        (before, after) => tell(pointer, before, after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn role(rest: &str) -> (String, String) {
        let text = format!("apiVersion: tenure/v1\nkind: Role\nmetadata: {{ name: staff, owner: it }}\nspec:\n{rest}");
        ("roles/staff.yaml".to_owned(), text)
    }

    fn of(before: &str, after: &str) -> Difference {
        difference(&[role(before)], &[role(after)])
    }

    #[test]
    fn what_means_the_same_is_no_difference() {
        let plain = "  birthright: { when: a, grace: 7d }\n  grants: []\n";
        let other = "  # a comment\n  grants: [ ]\n  birthright:\n    grace: 7d\n    when: a\n";
        assert_eq!(of(plain, plain), Difference { unchanged: 1, ..Difference::default() });
        assert_eq!(of(plain, other), Difference { reformatted: 1, ..Difference::default() });
        let elsewhere = ("other.yaml".to_owned(), role(plain).1);
        assert_eq!(difference(&[role(plain)], &[elsewhere]).reformatted, 1);
    }

    #[test]
    fn a_part_is_named_with_its_line_and_an_item_by_itself() {
        let before = "  birthright: { when: a, grace: 7d }\n  grants:\n    - { connection: sap }\n";
        let after =
            "  birthright: { when: a, grace: 14d }\n  grants:\n    - { connection: sap }\n    - { connection: git }\n";
        let found = of(before, after);
        let [one] = found.documents.as_slice() else { panic!("{found:?}") };
        assert_eq!((one.fate, one.file.as_str(), one.line), (Fate::Changed, "roles/staff.yaml", 5));
        let part = |path: &str, before: Json, after: Json| PartDifference {
            path: path.to_owned(),
            before: Some(before).filter(|value| !value.is_null()),
            after: Some(after).filter(|value| !value.is_null()),
        };
        let wanted = [
            part("birthright.grace", json!("7d"), json!("14d")),
            part("grants", Json::Null, json!({ "connection": "git" })),
        ];
        assert_eq!(one.parts, wanted);
    }

    #[test]
    fn what_is_gone_comes_first() {
        let other = |name: &str| {
            let (file, text) = role("  grants: []\n");
            (format!("{name}{file}"), text.replace("staff", name))
        };
        let found = difference(&[other("a"), other("b")], &[other("b"), other("c")]);
        let fates: Vec<(Fate, &str)> = found.documents.iter().map(|one| (one.fate, one.name.as_str())).collect();
        assert_eq!(fates, [(Fate::Removed, "a"), (Fate::Added, "c")]);
        assert_eq!(found.unchanged, 1);
    }
}
