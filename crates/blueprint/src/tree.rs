//! YAML as a tree that remembers where everything stood.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};
use serde_saphyr::{Spanned, budget, options};

use crate::limits::{DEPTH_MAX, DOCUMENTS_PER_FILE_MAX, FILE_BYTES_MAX, NODES_MAX};
use crate::problem::{Code, Place, Problem};

/// A value and where it stood.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) tree: Tree,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tree {
    Null,
    Flag(bool),
    Number(i64),
    Fraction(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) place: Place,
    pub(crate) key: String,
    pub(crate) value: Node,
}

/// Reads the documents of a file, or says what keeps it from being strict YAML.
pub(crate) fn read(file: &str, text: &str) -> Result<Vec<Node>, Problem> {
    if text.len() > FILE_BYTES_MAX {
        let reason = format!("the file has {} bytes, the limit is {FILE_BYTES_MAX}", text.len());
        return Err(problem(file, Place { line: 1, column: 1 }, Code::TooLarge, reason, "split it into several files"));
    }
    let options = options! {
        budget: budget! {
            max_anchors: 0,
            max_aliases: 0,
            max_merge_keys: 0,
            max_depth: DEPTH_MAX,
            max_nodes: NODES_MAX,
            max_documents: DOCUMENTS_PER_FILE_MAX,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    };
    serde_saphyr::from_multiple_with_options::<Node>(text, options).map_err(|error| {
        let place =
            error.location().map_or(Place { line: 1, column: 1 }, |at| Place { line: at.line(), column: at.column() });
        let reason: String =
            error.without_snippet().to_string().lines().next().unwrap_or_default().chars().take(200).collect();
        let hint = "write plain YAML: each key once, no anchors, no aliases, no tags, at most 24 levels";
        problem(file, place, Code::NotYaml, reason, hint)
    })
}

fn problem(file: &str, place: Place, code: Code, reason: String, hint: &str) -> Problem {
    Problem { file: file.to_owned(), place, code, reason, hint: hint.to_owned() }
}

impl Node {
    /// What it is, for a message.
    pub(crate) fn what(&self) -> &'static str {
        match self.tree {
            Tree::Null => "nothing",
            Tree::Flag(_) => "yes or no",
            Tree::Number(_) => "a whole number",
            Tree::Fraction(_) => "a fraction",
            Tree::Text(_) => "text",
            Tree::List(_) => "a list",
            Tree::Map(_) => "keys and values",
        }
    }

    /// The value without its places.
    pub(crate) fn json(&self) -> serde_json::Value {
        match &self.tree {
            Tree::Null => serde_json::Value::Null,
            Tree::Flag(flag) => (*flag).into(),
            Tree::Number(number) => (*number).into(),
            Tree::Fraction(number) => (*number).into(),
            Tree::Text(text) => text.clone().into(),
            Tree::List(items) => items.iter().map(Node::json).collect(),
            Tree::Map(entries) => {
                serde_json::Value::Object(entries.iter().map(|entry| (entry.key.clone(), entry.value.json())).collect())
            }
        }
    }

    /// Where each part stands, by its JSON pointer.
    pub(crate) fn places(&self) -> Vec<(String, Place)> {
        let mut found = Vec::new();
        let mut open = vec![(String::new(), self)];
        while let Some((pointer, node)) = open.pop() {
            match &node.tree {
                Tree::List(items) => {
                    open.extend(items.iter().enumerate().map(|(at, item)| (format!("{pointer}/{at}"), item)));
                }
                Tree::Map(entries) => open.extend(entries.iter().map(|entry| {
                    (format!("{pointer}/{}", entry.key.replace('~', "~0").replace('/', "~1")), &entry.value)
                })),
                Tree::Null | Tree::Flag(_) | Tree::Number(_) | Tree::Fraction(_) | Tree::Text(_) => {}
            }
            found.push((pointer, node.place));
        }
        found
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Tree>::deserialize(from)?;
        let place = Place { line: spanned.referenced.line(), column: spanned.referenced.column() };
        Ok(Self { place, tree: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }
    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Tree, D::Error> {
        Tree::deserialize(from)
    }
    fn visit_bool<E>(self, flag: bool) -> Result<Tree, E> {
        Ok(Tree::Flag(flag))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Tree, E> {
        Ok(Tree::Number(number))
    }
    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Tree, E> {
        i64::try_from(number).map(Tree::Number).map_err(|_| E::custom("the number is too large"))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Tree, E> {
        Ok(Tree::Fraction(number))
    }
    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Text(text.to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Tree, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = from.next_element()? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Tree, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = from.next_entry::<Spanned<String>, Node>()? {
            let place = Place { line: key.referenced.line(), column: key.referenced.column() };
            entries.push(Entry { place, key: key.value, value });
        }
        Ok(Tree::Map(entries))
    }
}
