//! The place of an account below the base, as an attribute that a move changes.

use tenure_connect::{Refusal, RefusalClass};
use tenure_model::{Attributes, Value};

use super::LdapConnector;
use super::config::LdapConfig;
use super::dn::{canonical, is_within, parent};

/// The name of that attribute. No usual schema has one of this name.
pub(super) const CONTAINER: &str = "container";

/// Where an entry is, relative to the base; none if directly below it.
pub(super) fn of(dn: &str, base: &str) -> Option<Value> {
    let (parent, base) = (canonical(parent(dn))?, canonical(base)?);
    parent.strip_suffix(&base)?.strip_suffix(',').map(Value::from)
}

impl LdapConfig {
    /// The DN of the place that is meant.
    fn place(&self, relative: &str) -> Result<String, Refusal> {
        let dn = if relative.is_empty() { self.base_dn.clone() } else { format!("{relative},{}", self.base_dn) };
        if is_within(&dn, &self.people_dn()) {
            return Ok(dn);
        }
        let people = self.people_dn();
        let message = format!("`{dn}` is not within `{people}`, where accounts are; correct `{CONTAINER}`");
        Err(Refusal::new(RefusalClass::Invalid, message))
    }
}

impl LdapConnector {
    /// A place in the one spelling in which places are compared.
    pub(super) fn normal_container(&self, value: &Value) -> Result<Value, Refusal> {
        let relative = match value {
            Value::Cleared => String::new(),
            Value::Text(text) => canonical(text).ok_or_else(|| malformed(text))?,
            Value::Number(_) | Value::Flag(_) | Value::Date(_) | Value::Instant(_) | Value::List(_) => {
                return Err(malformed(&value.to_string()));
            }
        };
        self.config().place(&relative)?;
        Ok(if relative.is_empty() { Value::Cleared } else { Value::Text(relative) })
    }

    /// The DN under which an account with these attributes is to be; `usual` where they say nothing.
    pub(super) fn parent_for(&self, attributes: &Attributes, usual: &str) -> Result<String, Refusal> {
        match attributes.get(CONTAINER) {
            None => Ok(usual.to_owned()),
            Some(value) => self.config().place(value.as_text().unwrap_or_default()),
        }
    }
}

fn malformed(text: &str) -> Refusal {
    let message = format!("`{text}` is no place; write `{CONTAINER}` as a DN relative to the base, such as `ou=staff`");
    Refusal::new(RefusalClass::Invalid, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_what_lies_between_an_entry_and_the_base() {
        assert_eq!(of("CN=Ada,OU=Sales,OU=Staff,DC=x", "dc=X"), Some("ou=sales,ou=staff".into()));
        assert_eq!(of("cn=ada\\,x,dc=x", "dc=x"), None);
        assert_eq!(of("cn=ada,ou=xdc=x", "dc=x"), None);
    }
}
