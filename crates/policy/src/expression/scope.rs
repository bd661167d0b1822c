//! What an expression can see: subjects with their fields, and the day.

use std::collections::{BTreeSet, HashMap};

use jiff::civil::Date;
use tenure_model::{Attributes, Value};

use crate::limits::{LIST_ITEMS_MAX, TEXT_BYTES_MAX};

/// The fields of a subject, as the language has them.
pub type Bound = HashMap<String, cel::Value>;

mod sealed {
    /// Only this crate says what an expression can see.
    pub trait Sealed {}
    impl Sealed for super::super::Facts<'_> {}
    impl Sealed for super::Scopes<'_> {}
}

/// What an expression can see. Send and Sync, because a deep expression runs on another stack.
pub trait Scope: sealed::Sealed + Sync {
    /// The day that `today()` gives.
    fn today(&self) -> Date;
    /// Every subject with the wanted fields, or with all.
    #[doc(hidden)]
    fn bind(&self, wanted: Option<&BTreeSet<String>>) -> Result<Vec<(&str, Bound)>, String>;
}

/// Subjects by name, such as `worker`: what a source says of somebody.
#[derive(Debug, Clone)]
pub struct Scopes<'a> {
    subjects: Vec<(&'a str, &'a Attributes)>,
    today: Date,
}

impl<'a> Scopes<'a> {
    /// Nothing but the day.
    pub fn on(today: Date) -> Self {
        Self { subjects: Vec::new(), today }
    }

    /// The same with one more subject.
    #[must_use]
    pub fn with(mut self, name: &'a str, fields: &'a Attributes) -> Self {
        self.subjects.push((name, fields));
        self
    }
}

impl Scope for Scopes<'_> {
    fn today(&self) -> Date {
        self.today
    }

    fn bind(&self, wanted: Option<&BTreeSet<String>>) -> Result<Vec<(&str, Bound)>, String> {
        let mut bound = Vec::with_capacity(self.subjects.len());
        for (subject, fields) in &self.subjects {
            bound.push((*subject, bind_fields(subject, fields, wanted)?));
        }
        Ok(bound)
    }
}

/// The wanted fields of one subject. Only these are copied: a row has many more than are read.
pub(super) fn bind_fields(
    subject: &str,
    fields: &Attributes,
    wanted: Option<&BTreeSet<String>>,
) -> Result<Bound, String> {
    let mut bound = Bound::new();
    let mut take = |name: &str, value: &Value| {
        if let Some(value) = from_model(subject, name, value)? {
            bound.insert(name.to_owned(), value);
        }
        Ok::<_, String>(())
    };
    match wanted {
        None => fields.iter().try_for_each(|(name, value)| take(name, value))?,
        Some(paths) => {
            let of_it = paths.iter().filter_map(|path| path.strip_prefix(subject)?.strip_prefix('.'));
            for name in of_it {
                if let Some(value) = fields.get(name) {
                    take(name, value)?;
                }
            }
        }
    }
    Ok(bound)
}

/// A text for the language.
pub(super) fn text(text: impl Into<String>) -> cel::Value {
    cel::Value::from(text.into())
}

/// A value for the language. What a source cleared is as if it were not there.
pub(super) fn from_model(subject: &str, name: &str, value: &Value) -> Result<Option<cel::Value>, String> {
    Ok(Some(match value {
        Value::Text(words) if words.len() > TEXT_BYTES_MAX => {
            return Err(format!("{subject}.{name} has more than {TEXT_BYTES_MAX} bytes"));
        }
        Value::Text(words) => text(words.clone()),
        Value::Number(number) => cel::Value::Int(*number),
        Value::Flag(flag) => cel::Value::Bool(*flag),
        Value::Date(day) => text(day.to_string()),
        Value::Instant(moment) => text(moment.to_string()),
        Value::List(items) if items.len() > LIST_ITEMS_MAX => {
            return Err(format!("{subject}.{name} has more than {LIST_ITEMS_MAX} items"));
        }
        Value::List(items) => {
            let mut list = Vec::with_capacity(items.len());
            for item in items {
                list.extend(from_model(subject, name, item)?);
            }
            cel::Value::from(list)
        }
        Value::Cleared => return Ok(None),
    }))
}

/// A value of ours from one of the language.
pub(super) fn to_model(value: &cel::Value) -> Result<Value, String> {
    Ok(match value {
        cel::Value::String(words) => Value::Text(words.to_string()),
        cel::Value::Int(number) => Value::Number(*number),
        cel::Value::UInt(number) => Value::Number(i64::try_from(*number).map_err(|error| error.to_string())?),
        cel::Value::Bool(flag) => Value::Flag(*flag),
        cel::Value::Null => Value::Cleared,
        cel::Value::List(items) => Value::List(items.iter().map(to_model).collect::<Result<_, _>>()?),
        cel::Value::Float(_)
        | cel::Value::Map(_)
        | cel::Value::Function(..)
        | cel::Value::Bytes(_)
        | cel::Value::Opaque(_)
        | cel::Value::Struct(_) => {
            return Err("it gives neither text, a whole number, yes or no, nor a list of these".to_owned());
        }
    })
}
