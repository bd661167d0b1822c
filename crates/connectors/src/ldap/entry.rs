//! An LDAP entry as values. Parses what the server sent without trusting its form.

use std::collections::BTreeMap;

use ldap3::ResultEntry;
use tenure_connect::{Refusal, RefusalClass};
use tenure_model::{NativeId, Value};

use super::form;

/// An entry: its DN, its native id, and its texts by attribute in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) dn: String,
    pub(super) id: NativeId,
    texts: BTreeMap<String, Vec<String>>,
}

impl Entry {
    /// Reads what the server sent, known by this attribute. Values that are no text are left out.
    pub(super) fn parse(raw: ResultEntry, id_attribute: &str) -> Result<Self, Refusal> {
        let (dn, texts) = texts(raw).ok_or_else(|| malformed("an entry that cannot be read"))?;
        let id = texts.get(&id_attribute.to_ascii_lowercase()).and_then(|values| values.first()).map(NativeId::new);
        let id = id.ok_or_else(|| {
            malformed(&format!("an entry without `{id_attribute}`, which our bind DN must be able to read"))
        })?;
        Ok(Self { dn, id, texts })
    }

    /// The values of an attribute.
    pub(super) fn values(&self, name: &str) -> &[String] {
        self.texts.get(&name.to_ascii_lowercase()).map_or(&[], Vec::as_slice)
    }

    /// The first value of an attribute.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.values(name).first().map(String::as_str)
    }

    /// Every attribute that was sent, by its name in lower case.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.texts.iter().map(|(name, values)| (name.as_str(), values.as_slice()))
    }
}

/// The values of one attribute of an entry that need not have a native id.
pub(super) fn values(raw: ResultEntry, name: &str) -> Vec<String> {
    texts(raw).and_then(|(_, mut texts)| texts.remove(&name.to_ascii_lowercase())).unwrap_or_default()
}

pub(super) fn malformed(what: &str) -> Refusal {
    Refusal::new(RefusalClass::Invalid, format!("the server sent {what}"))
}

fn texts(raw: ResultEntry) -> Option<(String, BTreeMap<String, Vec<String>>)> {
    let mut parts = raw.0.match_id(4)?.expect_constructed()?.into_iter();
    let dn = String::from_utf8(parts.next()?.expect_primitive()?).ok()?;
    let mut texts = BTreeMap::new();
    for attribute in parts.next()?.expect_constructed()? {
        let mut parts = attribute.expect_constructed()?.into_iter();
        let name = String::from_utf8(parts.next()?.expect_primitive()?).ok()?.to_ascii_lowercase();
        let values = parts.next()?.expect_constructed()?.into_iter();
        let values: Option<Vec<Vec<u8>>> = values.map(ldap3::asn1::StructureTag::expect_primitive).collect();
        let values = values?;
        let values = values.into_iter().filter_map(|bytes| form::text(&name, bytes)).collect();
        texts.insert(name, values);
    }
    Some((dn, texts))
}

/// One text, or several in a fixed order, because a directory has none.
pub(super) fn value_of(mut texts: Vec<String>) -> Option<Value> {
    texts.sort();
    texts.dedup();
    match texts.len() {
        0 => None,
        1 => texts.pop().map(Value::Text),
        _ => Some(Value::List(texts.into_iter().map(Value::Text).collect())),
    }
}

/// The texts that a value is written as. None where the directory cannot hold it.
pub(super) fn texts_of(value: &Value) -> Option<Vec<String>> {
    let texts = match value {
        Value::Cleared => Vec::new(),
        Value::List(items) => items.iter().map(texts_of).collect::<Option<Vec<_>>>()?.into_iter().flatten().collect(),
        Value::Flag(flag) => vec![if *flag { "TRUE" } else { "FALSE" }.to_owned()],
        Value::Instant(moment) => vec![moment.strftime("%Y%m%d%H%M%SZ").to_string()],
        Value::Text(_) | Value::Number(_) | Value::Date(_) => vec![value.to_string()],
    };
    (!texts.iter().any(String::is_empty)).then_some(texts)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An entry as if a server had sent it, known by its first value.
    pub(in crate::ldap) fn entry(dn: &str, texts: &[(&str, &[&str])]) -> Entry {
        let owned = |values: &[&str]| values.iter().map(|text| (*text).to_owned()).collect();
        let texts: BTreeMap<String, Vec<String>> =
            texts.iter().map(|(name, values)| (name.to_ascii_lowercase(), owned(values))).collect();
        Entry { dn: dn.to_owned(), id: NativeId::new(texts.values().next().unwrap()[0].clone()), texts }
    }

    #[test]
    fn values_compare_as_a_directory_means_them() {
        let several = Value::List(vec!["b".into(), "a".into(), "b".into()]);
        let texts = texts_of(&several).unwrap();
        assert_eq!(value_of(texts), Some(Value::List(vec!["a".into(), "b".into()])));
        assert_eq!(value_of(texts_of(&Value::Flag(true)).unwrap()), Some("TRUE".into()));
        assert_eq!(value_of(texts_of(&Value::Cleared).unwrap()), None);
        assert_eq!(texts_of(&Value::from("")), None);
    }
}
