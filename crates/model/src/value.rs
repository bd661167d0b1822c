//! Values of attributes.
//!
//! A small closed set: what every source can say and every target can take. A missing attribute
//! is absent from the map; an attribute that a source cleared on purpose is [`Value::Cleared`].
//! The two must never be confused: the first says nothing, the second says "no longer".

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Attributes by name, in a fixed order.
pub type Attributes = BTreeMap<String, Value>;

/// A value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// A day, without a zone.
    Date(Date),
    /// A moment.
    Instant(Timestamp),
    /// Several values.
    List(Vec<Value>),
    /// The source says that there is no value any more.
    Cleared,
}

impl Value {
    /// The text, if this is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(_) | Self::Flag(_) | Self::Date(_) | Self::Instant(_) | Self::List(_) | Self::Cleared => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Date(date) => write!(f, "{date}"),
            Self::Instant(moment) => write!(f, "{moment}"),
            Self::List(items) => {
                for (place, item) in items.iter().enumerate() {
                    let comma = if place == 0 { "" } else { ", " };
                    write!(f, "{comma}{item}")?;
                }
                Ok(())
            }
            Self::Cleared => Ok(()),
        }
    }
}
