//! What an expression can see: one person, one engagement and the day.

use std::collections::{BTreeSet, HashMap};

use cel::Context;
use jiff::Timestamp;
use jiff::civil::Date;
use tenure_model::{Engagement, Person, Standing, Value};

use crate::limits::{LIST_ITEMS_MAX, TEXT_BYTES_MAX};

/// What an expression can see.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Of whom it speaks.
    pub person: &'a Person,
    /// The engagement that counts now, if there is one.
    pub engagement: Option<&'a Engagement>,
    /// What all engagements come to.
    pub standing: Standing,
    /// The moment.
    pub now: Timestamp,
}

type Fields = HashMap<String, cel::Value>;

impl Facts<'_> {
    /// The day, where the person works.
    pub fn today(&self) -> Date {
        let zone = self.engagement.map_or(jiff::tz::TimeZone::UTC, |engagement| engagement.zone.rules());
        self.now.to_zoned(zone).date()
    }

    /// Makes `person` and `engagement` known, with only the wanted paths if they are given.
    pub(super) fn bind(&self, context: &mut Context<'_, '_>, wanted: Option<&BTreeSet<String>>) -> Result<(), String> {
        let wants = |path: &str| wanted.is_none_or(|paths| paths.contains(path));
        let mut person = Fields::new();
        for (name, value) in &self.person.attributes {
            if wants(&format!("person.{name}"))
                && let Some(value) = from_model(name, value)?
            {
                person.insert(name.clone(), value);
            }
        }
        // What Tenure itself knows comes last, so that no source can say otherwise.
        let mut engagement = Fields::new();
        for (path, words) in self.own() {
            match path.split_once('.') {
                Some(("person", field)) => person.insert(field.to_owned(), text(words)),
                Some((_, field)) => engagement.insert(field.to_owned(), text(words)),
                None => None,
            };
        }
        context.add_variable_from_value("person", person);
        context.add_variable_from_value("engagement", engagement);
        Ok(())
    }

    /// What Tenure itself knows, by path. It stands above whatever a source says of the same name.
    pub(crate) fn own(&self) -> Vec<(&'static str, String)> {
        let mut own = vec![
            ("person.id", self.person.id.to_string()),
            ("person.kind", self.person.kind.word().to_owned()),
            ("person.displayName", self.person.display_name.clone()),
            ("person.standing", standing_word(self.standing).to_owned()),
        ];
        let Some(known) = self.engagement else { return own };
        own.extend([
            ("person.firstDay", known.first_day.to_string()),
            ("engagement.firstDay", known.first_day.to_string()),
            ("engagement.key", known.key.clone()),
            ("engagement.kind", known.kind.word().to_owned()),
            ("engagement.source", known.source.to_string()),
            ("engagement.state", known.state_at(self.now).to_string()),
            ("engagement.zone", known.zone.to_string()),
        ]);
        if let Some(day) = known.last_day {
            own.extend([("person.lastDay", day.to_string()), ("engagement.lastDay", day.to_string())]);
        }
        own
    }
}

fn standing_word(standing: Standing) -> &'static str {
    match standing {
        Standing::Planned => "planned",
        Standing::Active => "active",
        Standing::OnLeave => "on-leave",
        Standing::Left => "left",
        Standing::None => "none",
    }
}

fn text(text: impl Into<String>) -> cel::Value {
    cel::Value::from(text.into())
}

/// A value for the language. What a source cleared is as if it were not there.
pub(super) fn from_model(name: &str, value: &Value) -> Result<Option<cel::Value>, String> {
    Ok(Some(match value {
        Value::Text(words) if words.len() > TEXT_BYTES_MAX => {
            return Err(format!("person.{name} has more than {TEXT_BYTES_MAX} bytes"));
        }
        Value::Text(words) => text(words.clone()),
        Value::Number(number) => cel::Value::Int(*number),
        Value::Flag(flag) => cel::Value::Bool(*flag),
        Value::Date(day) => text(day.to_string()),
        Value::Instant(moment) => text(moment.to_string()),
        Value::List(items) if items.len() > LIST_ITEMS_MAX => {
            return Err(format!("person.{name} has more than {LIST_ITEMS_MAX} items"));
        }
        Value::List(items) => {
            let mut list = Vec::with_capacity(items.len());
            for item in items {
                list.extend(from_model(name, item)?);
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
