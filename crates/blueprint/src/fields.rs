//! Takes keys and values apart and notes everything that is wrong, instead of stopping at the
//! first thing.

use tenure_model::Name;
use tenure_policy::expression::words::nearest;
use tenure_policy::expression::{BadExpression, Expression, Schema};

use crate::limits::{TEXT_LENGTH_MAX, TITLE_LENGTH_MAX};
use crate::problem::{Code, Place, Problem};
use crate::shape::Field;
use crate::tree::{Entry, Node, Tree};

/// What is wrong with one file so far.
pub(crate) struct Notes<'a> {
    pub(crate) file: &'a str,
    pub(crate) problems: &'a mut Vec<Problem>,
}

impl Notes<'_> {
    /// Notes a problem.
    pub(crate) fn add(&mut self, place: Place, code: Code, reason: impl Into<String>, hint: impl Into<String>) {
        let (file, reason, hint) = (self.file.to_owned(), reason.into(), hint.into());
        self.problems.push(Problem { file, place, code, reason, hint });
    }

    fn wrong_type(&mut self, key: &str, node: &Node, wanted: &str) {
        self.add(node.place, Code::WrongType, format!("`{key}` is {}", node.what()), format!("write {wanted}"));
    }
}

/// The keys and values at one place. Keys that are not known were noted when it was made.
pub(crate) struct Fields<'n> {
    pub(crate) place: Place,
    entries: &'n [Entry],
}

impl<'n> Fields<'n> {
    /// Takes a value apart that must have keys, and only these.
    pub(crate) fn of(key: &str, node: &'n Node, known: &[&str], notes: &mut Notes<'_>) -> Option<Self> {
        let entries = entries(key, node, notes)?;
        for entry in entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            let hint = match nearest(&entry.key, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("`{key}` has {}", known.join(", ")),
            };
            notes.add(entry.place, Code::UnknownKey, format!("`{key}` has no key `{}`", short(&entry.key)), hint);
        }
        Some(Self { place: node.place, entries })
    }

    /// The same with keys that are declared: whatever is needed must be there too.
    pub(crate) fn declared(key: &str, node: &'n Node, known: &[Field], notes: &mut Notes<'_>) -> Option<Self> {
        let keys: Vec<&str> = known.iter().map(|field| field.key).collect();
        let fields = Self::of(key, node, &keys, notes)?;
        for field in known.iter().filter(|field| field.needed) {
            fields.need(field.key, notes);
        }
        Some(fields)
    }

    /// The value of a key, if there is one.
    pub(crate) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The value of a key that must be there.
    pub(crate) fn need(&self, key: &str, notes: &mut Notes<'_>) -> Option<&'n Node> {
        let found = self.get(key);
        if found.is_none() {
            notes.add(self.place, Code::MissingKey, format!("`{key}` is missing"), format!("add `{key}: …`"));
        }
        found
    }

    /// A short text that must be there.
    pub(crate) fn text(&self, key: &str, notes: &mut Notes<'_>) -> Option<&'n str> {
        text(key, self.need(key, notes)?, notes)
    }

    /// A name that must be there.
    pub(crate) fn name(&self, key: &str, notes: &mut Notes<'_>) -> Option<Name> {
        name_of(key, self.need(key, notes)?, notes)
    }

    /// One of several words, if the key is there.
    pub(crate) fn word<T>(
        &self,
        key: &str,
        words: &[&str],
        meant: impl Fn(&str) -> Option<T>,
        notes: &mut Notes<'_>,
    ) -> Option<T> {
        word(key, self.get(key)?, words, meant, notes)
    }

    /// An expression, if the key is there.
    pub(crate) fn expression(&self, key: &str, notes: &mut Notes<'_>) -> Option<Expression> {
        expression(key, self.get(key)?, notes)
    }

    /// The items of a list, if the key is there.
    pub(crate) fn list(&self, key: &str, notes: &mut Notes<'_>) -> &'n [Node] {
        match self.get(key) {
            None => &[],
            Some(node) => match &node.tree {
                Tree::List(items) => items,
                Tree::Null | Tree::Flag(_) | Tree::Number(_) | Tree::Fraction(_) | Tree::Text(_) | Tree::Map(_) => {
                    notes.wrong_type(key, node, "a list, such as `[a, b]`");
                    &[]
                }
            },
        }
    }
}

/// A value that must be a number of days, such as `14d`.
pub(crate) fn days(key: &str, node: &Node, days_max: u16, notes: &mut Notes<'_>) -> Option<u16> {
    let found = tenure_policy::day::days(text(key, node, notes)?).filter(|days| *days <= days_max);
    if found.is_none() {
        let hint = format!("write days, such as `14d`, up to {days_max}");
        notes.add(node.place, Code::BadValue, format!("`{key}` is not a number of days"), hint);
    }
    found
}

/// A whole number of something, from 1.
pub(crate) fn whole(key: &str, node: &Node, most: u32, what: &str, notes: &mut Notes<'_>) -> Option<u32> {
    let number = match &node.tree {
        Tree::Number(number) => u32::try_from(*number).ok().filter(|number| (1..=most).contains(number)),
        Tree::Null | Tree::Flag(_) | Tree::Fraction(_) | Tree::Text(_) | Tree::List(_) | Tree::Map(_) => None,
    };
    if number.is_none() {
        let hint = format!("write a whole number from 1 to {most}");
        notes.add(node.place, Code::BadValue, format!("`{key}` is not a number of {what}"), hint);
    }
    number
}

fn bad_name(node: &Node, error: &tenure_model::BadName, notes: &mut Notes<'_>) {
    let said = error.to_string();
    let (reason, hint) = said.split_once("; ").unwrap_or((&said, "use another name"));
    notes.add(node.place, Code::BadValue, reason, hint);
}

/// The keys and values of a value that must have some.
pub(crate) fn entries<'n>(key: &str, node: &'n Node, notes: &mut Notes<'_>) -> Option<&'n [Entry]> {
    match &node.tree {
        Tree::Map(entries) => Some(entries),
        Tree::Null | Tree::Flag(_) | Tree::Number(_) | Tree::Fraction(_) | Tree::Text(_) | Tree::List(_) => {
            notes.wrong_type(key, node, "keys and values, such as `key: value`");
            None
        }
    }
}

/// A value that must be a short text.
pub(crate) fn text<'n>(key: &str, node: &'n Node, notes: &mut Notes<'_>) -> Option<&'n str> {
    text_of(key, node, TITLE_LENGTH_MAX, notes)
}

/// A value that must be a text, perhaps of many lines.
pub(crate) fn long_text<'n>(key: &str, node: &'n Node, notes: &mut Notes<'_>) -> Option<&'n str> {
    text_of(key, node, TEXT_LENGTH_MAX, notes)
}

fn text_of<'n>(key: &str, node: &'n Node, length_max: usize, notes: &mut Notes<'_>) -> Option<&'n str> {
    let Tree::Text(words) = &node.tree else {
        notes.wrong_type(key, node, "text, in quotes if it looks like something else");
        return None;
    };
    let length = words.chars().count();
    if words.trim().is_empty() || length > length_max {
        let reason = format!("`{key}` has {length} characters");
        notes.add(node.place, Code::BadValue, reason, format!("write 1 to {length_max} of them"));
        return None;
    }
    Some(words)
}

/// A value that must be one of several words.
pub(crate) fn word<T>(
    key: &str,
    node: &Node,
    words: &[&str],
    meant: impl Fn(&str) -> Option<T>,
    notes: &mut Notes<'_>,
) -> Option<T> {
    let found = text(key, node, notes)?;
    let value = meant(found);
    if value.is_none() {
        let hint = match nearest(found, words.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("use one of {}", words.join(", ")),
        };
        notes.add(node.place, Code::BadValue, format!("`{key}` cannot be `{}`", short(found)), hint);
    }
    value
}

/// A value that must be an expression about a person. The plain values `true` and `false` are
/// expressions too.
pub(crate) fn expression(key: &str, node: &Node, notes: &mut Notes<'_>) -> Option<Expression> {
    expression_in(key, node, &Schema::policy(), notes)
}

/// A value that must be an expression about what this schema holds.
pub(crate) fn expression_in(key: &str, node: &Node, schema: &Schema, notes: &mut Notes<'_>) -> Option<Expression> {
    let source = match &node.tree {
        Tree::Text(source) => source.clone(),
        Tree::Flag(flag) => flag.to_string(),
        Tree::Null | Tree::Number(_) | Tree::Fraction(_) | Tree::List(_) | Tree::Map(_) => {
            notes.wrong_type(key, node, "an expression as text");
            return None;
        }
    };
    Expression::parse_in(&source, schema).map_err(|bad| bad_expression(key, node, &bad, notes)).ok()
}

/// Notes what is wrong with an expression.
pub(crate) fn bad_expression(key: &str, node: &Node, bad: &BadExpression, notes: &mut Notes<'_>) {
    let reason = format!("`{key}`: {} (character {})", bad.reason, bad.at);
    notes.add(node.place, Code::BadExpression, reason, bad.hint.clone());
}

/// A value that must be the name of a document.
pub(crate) fn name_of(key: &str, node: &Node, notes: &mut Notes<'_>) -> Option<Name> {
    let words = text(key, node, notes)?;
    words.parse().map_err(|error: tenure_model::BadName| bad_name(node, &error, notes)).ok()
}

/// A list of names of documents, each with its place.
pub(crate) fn names(key: &str, node: &Node, notes: &mut Notes<'_>) -> Vec<(Name, Place)> {
    let Tree::List(items) = &node.tree else {
        notes.wrong_type(key, node, "a list, such as `[a, b]`");
        return Vec::new();
    };
    items.iter().filter_map(|item| Some((name_of(key, item, notes)?, item.place))).collect()
}

/// A user's word, cut where it gets long.
pub(crate) fn short(text: &str) -> String {
    text.chars().take(64).collect()
}
