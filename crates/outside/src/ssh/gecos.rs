//! The comment of an account, in which five things about somebody are kept apart by commas.
//!
//! A value may hold any letter: what would end a value, a field or a line is written as `%` and
//! two digits, as in a URL. A comment that somebody else wrote is read as it stands.

use serde::{Deserialize, Serialize};

/// A part of a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Field {
    /// The name of whoever it is.
    FullName,
    /// Where they sit.
    Room,
    /// Their telephone at work.
    WorkPhone,
    /// Their telephone at home.
    HomePhone,
    /// Whatever else; only root changes it.
    Other,
}

impl Field {
    /// Every part, in the order in which they stand.
    pub(super) const ALL: [Self; 5] = [Self::FullName, Self::Room, Self::WorkPhone, Self::HomePhone, Self::Other];

    /// The attribute that it is.
    pub(super) fn attribute(self) -> &'static str {
        match self {
            Self::FullName => "fullName",
            Self::Room => "room",
            Self::WorkPhone => "workPhone",
            Self::HomePhone => "homePhone",
            Self::Other => "other",
        }
    }

    /// The part that is this attribute.
    pub(super) fn of(attribute: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.attribute() == attribute)
    }

    fn place(self) -> usize {
        self as usize
    }
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Gecos([String; 5]);

impl Gecos {
    /// What a comment says.
    pub(super) fn read(text: &str) -> Self {
        let mut parts = text.splitn(Field::ALL.len(), ',').map(str::to_owned);
        Self(std::array::from_fn(|_| parts.next().unwrap_or_default()))
    }

    /// The value of a part, if it has one.
    pub(super) fn get(&self, field: Field) -> Option<String> {
        let raw = self.0.get(field.place()).filter(|raw| !raw.is_empty())?;
        Some(plain(raw))
    }

    /// Gives a part a value, or none. One that it has already is left as it was written.
    pub(super) fn put(&mut self, field: Field, value: Option<&str>) {
        if self.get(field).as_deref() != value
            && let Some(raw) = self.0.get_mut(field.place())
        {
            *raw = value.map(masked).unwrap_or_default();
        }
    }

    /// The comment as it is written.
    pub(super) fn text(&self) -> String {
        self.0.join(",").trim_end_matches(',').to_owned()
    }
}

fn masked(value: &str) -> String {
    let mask = |sign: char| {
        let meant = sign.is_ascii_control() || matches!(sign, '%' | ',' | ':');
        if meant { format!("%{:02X}", u32::from(sign)) } else { sign.to_string() }
    };
    value.chars().map(mask).collect()
}

fn plain(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        let code = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(code) = code.filter(|code| code.is_ascii_control() || b"%,:".contains(code)) {
            text.push(char::from(code));
            rest = after.get(2..).unwrap_or_default();
        } else {
            text.push('%');
            rest = after;
        }
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_comment_of_somebody_else_is_read_as_it_stands_and_kept() {
        let mut gecos = Gecos::read("Ada, Countess,100%,,+44,a,b");
        assert_eq!(gecos.get(Field::FullName).as_deref(), Some("Ada"));
        assert_eq!(gecos.get(Field::WorkPhone).as_deref(), Some("100%"));
        assert_eq!(gecos.get(Field::HomePhone), None);
        assert_eq!(gecos.get(Field::Other).as_deref(), Some("+44,a,b"));
        gecos.put(Field::Room, Some("B:2"));
        gecos.put(Field::WorkPhone, Some("100%"));
        assert_eq!(gecos.text(), "Ada,B%3A2,100%,,+44,a,b");
        gecos.put(Field::Other, None);
        assert_eq!(gecos.text(), "Ada,B%3A2,100%");
    }

    proptest! {
        #[test]
        fn every_text_comes_back_and_never_ends_a_field_or_a_line(values in proptest::collection::vec(".*", 5)) {
            let mut gecos = Gecos::default();
            for (field, value) in Field::ALL.into_iter().zip(&values) {
                gecos.put(field, Some(value.as_str()).filter(|value| !value.is_empty()));
            }
            let text = gecos.text();
            prop_assert!(!text.contains([':', '\n', '\r', '\0']));
            let back = Gecos::read(&text);
            for (field, value) in Field::ALL.into_iter().zip(&values) {
                prop_assert_eq!(back.get(field).unwrap_or_default(), value.as_str());
            }
        }
    }
}
