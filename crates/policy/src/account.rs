//! How an account of a connection is named and filled.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tenure_model::{Attributes, Value};

use crate::expression::{Expression, Facts, NoValue};
use crate::limits::ACCOUNT_NAMES_TRIED_MAX;

/// What a new account looks like: an expression for each attribute.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountTemplate {
    /// The attribute by which an account is recognised as somebody's, such as `employeeNumber`.
    pub matched_by: Option<String>,
    /// Attribute by attribute.
    pub set: BTreeMap<String, Expression>,
}

impl AccountTemplate {
    /// The attribute by which accounts name their person, and the attribute of people that it holds
    /// as it stands. Nothing where it is worked out from several, so that it cannot be looked up.
    pub fn matched_key(&self) -> Option<(String, String)> {
        let by = self.matched_by.as_ref()?;
        let key = self.set.get(by)?.text().trim().strip_prefix("person.")?;
        let plain = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        plain.then(|| (by.clone(), key.to_owned()))
    }

    /// The attributes for this person. What is not known is left out and told; what cannot be
    /// worked out stops it, because half an account is worse than none.
    pub fn fill(&self, facts: &Facts<'_>) -> Result<Filled, NoValue> {
        let mut filled = Filled::default();
        for (name, expression) in &self.set {
            match expression.value(facts) {
                Ok(Value::Cleared) => {}
                Ok(value) => {
                    filled.attributes.insert(name.clone(), value);
                }
                Err(NoValue::NotKnown { path }) => filled.left_out.push(format!("{name}, because {path} is not known")),
                Err(broken @ NoValue::Broken { .. }) => return Err(broken),
            }
        }
        Ok(filled)
    }
}

/// A filled template.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Filled {
    /// What is known.
    pub attributes: Attributes,
    /// What was left out, and why.
    pub left_out: Vec<String>,
}

/// Names to try for a new account, in order: `alovelace`, `alovelace2`, `alovelace3` … Whether one
/// is free only the connected system knows, so the caller asks it.
pub fn candidates(base: &str) -> impl Iterator<Item = String> {
    let base = base.to_owned();
    (1..=ACCOUNT_NAMES_TRIED_MAX).map(move |number| match number {
        1 => base.clone(),
        more => format!("{base}{more}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_tried_in_order_and_not_for_ever() {
        let names: Vec<String> = candidates("ada").collect();
        assert_eq!(&names[..3], ["ada", "ada2", "ada3"]);
        assert_eq!(names.len(), ACCOUNT_NAMES_TRIED_MAX);
    }
}
