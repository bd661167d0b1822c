//! Who is told what by which channel, as the estate says it.

use jiff::Timestamp;
use tenure_model::{Attributes, FieldType, Name, NoticeKind, Person, Value};

use crate::template::{Form, NotKnown, Template};

/// What stands before the name of what is known of a person.
const PERSON: &str = "person.";

/// That notices of a kind go by a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telling {
    /// The name of the document.
    pub name: Name,
    /// What is told.
    pub on: NoticeKind,
    /// By which channel.
    pub channel: Name,
    /// To whom, by a channel that has addresses.
    pub to: Vec<Template>,
    /// In which words, by a channel that carries words.
    pub words: Option<Words>,
}

/// The words of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The subject.
    pub subject: Template,
    /// The text.
    pub text: Template,
    /// The same as HTML.
    pub html: Option<Template>,
}

/// Words with their values filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// The subject.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
}

impl Words {
    /// The words with these values.
    pub fn fill(&self, values: &Attributes) -> Result<Filled, NotKnown> {
        Ok(Filled {
            subject: self.subject.fill(values, Form::Line)?,
            text: self.text.fill(values, Form::Plain)?,
            html: self.html.as_ref().map(|html| html.fill(values, Form::Html)).transpose()?,
        })
    }
}

impl Telling {
    /// Every template of it.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        self.to.iter().chain(self.in_words())
    }

    fn in_words(&self) -> impl Iterator<Item = &Template> {
        self.words.iter().flat_map(|words| [&words.subject, &words.text].into_iter().chain(&words.html))
    }

    /// To whom it goes: all of them, or those that can be told without a person of whom more is known.
    pub fn to_whom(&self, person: bool) -> impl Iterator<Item = &Template> {
        self.to.iter().filter(move |to| person || !to.needs().any(|name| name.starts_with(PERSON)))
    }

    /// A name in the words that need not be known to all to whom it goes, and has nothing in its place.
    pub fn unsure(&self) -> Option<&str> {
        let without = self.on.may_lack_person() && self.to_whom(false).next().is_some();
        self.in_words().flat_map(Template::needs).find(|name| without && name.starts_with(PERSON))
    }

    /// A name that no notice of this kind has, if a template uses one.
    pub fn stray(&self) -> Option<&str> {
        self.templates().flat_map(Template::names).find(|name| !has(self.on, name))
    }

    /// Values to look at the words with: each placeholder stands for itself.
    pub fn sample(&self) -> Attributes {
        let names = self.templates().flat_map(Template::names);
        names.map(|name| (name.to_owned(), sample(self.on, name))).collect()
    }
}

fn has(kind: NoticeKind, name: &str) -> bool {
    let of_person = name.strip_prefix(PERSON).is_some_and(|attribute| !attribute.is_empty());
    (kind.is_of_person() && of_person) || kind.fields().iter().any(|(field, _)| *field == name)
}

fn sample(kind: NoticeKind, name: &str) -> Value {
    match kind.fields().iter().find(|(field, _)| *field == name) {
        Some((_, FieldType::Instant)) => Value::Instant(Timestamp::UNIX_EPOCH),
        Some((_, FieldType::Text)) | None => Value::Text(format!("[{name}]")),
    }
}

/// What is known of a person, under the names that templates use.
pub fn of_person(person: &Person) -> Attributes {
    let mut values: Attributes =
        person.attributes.iter().map(|(name, value)| (format!("{PERSON}{name}"), value.clone())).collect();
    values.insert(format!("{PERSON}id"), Value::Text(person.id.to_string()));
    values.insert(format!("{PERSON}name"), Value::Text(person.display_name.clone()));
    values
}

/// The names that a notice of this kind has, for a human.
pub fn names(kind: NoticeKind) -> String {
    let fields = kind.fields().iter().map(|(name, _)| *name);
    let person: &[&str] = if kind.is_of_person() { &["person.id", "person.name", "person.<attribute>"] } else { &[] };
    fields.chain(person.iter().copied()).collect::<Vec<_>>().join(", ")
}
