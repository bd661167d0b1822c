//! Filters in the language of the server.

use tenure_connect::Filter;
use tenure_model::Value;

use super::LdapConnector;
use super::container::CONTAINER;
use super::dn::equals;
use super::form::Form;

impl LdapConnector {
    /// The filter as the server understands it; none where it would not mean the same. A server
    /// compares most texts without case, as a [`Filter`] does; nothing is pushed down that it
    /// would answer with less.
    pub(super) fn ldap_filter(&self, filter: &Filter) -> Option<String> {
        let known = |attribute: &str| {
            let known = self.config().attribute(attribute)?;
            (known != CONTAINER && Form::of(self.dialect(), known) == Form::Text).then_some(known)
        };
        let each = |parts: &[Filter]| parts.iter().map(|part| self.ldap_filter(part)).collect::<Option<String>>();
        match filter {
            Filter::Equals { attribute, value: Value::Text(text) } if !text.is_empty() => {
                Some(equals(known(attribute)?, text))
            }
            Filter::StartsWith { attribute, text } if !text.is_empty() => {
                Some(format!("({}={}*)", known(attribute)?, ldap3::ldap_escape(text.as_str())))
            }
            Filter::Present { attribute } => Some(format!("({}=*)", known(attribute)?)),
            Filter::All(parts) if !parts.is_empty() => Some(format!("(&{})", each(parts)?)),
            Filter::Any(parts) if !parts.is_empty() => Some(format!("(|{})", each(parts)?)),
            // In a directory "not equal" leaves out whoever has no value at all.
            Filter::Equals { .. } | Filter::StartsWith { .. } | Filter::All(_) | Filter::Any(_) | Filter::Not(_) => {
                None
            }
        }
    }
}
