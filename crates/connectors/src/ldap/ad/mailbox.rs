//! Addresses of a mailbox. Exchange takes the one that begins with `SMTP:` for the primary one and
//! those that begin with `smtp:` for others, and goes astray where there are two primary ones.

use tenure_connect::{Refusal, RefusalClass};
use tenure_model::{Attributes, Value};

const ADDRESSES: &str = "proxyAddresses";
const PRIMARY: &str = "SMTP:";

/// Demands that at most one address is the primary one.
pub(in crate::ldap) fn demand_one_primary(attributes: &Attributes) -> Result<(), Refusal> {
    let Some((name, Value::List(addresses))) = attributes.iter().find(|(name, _)| name.eq_ignore_ascii_case(ADDRESSES))
    else {
        return Ok(());
    };
    let is_primary = |value: &&Value| value.as_text().is_some_and(|text| text.starts_with(PRIMARY));
    match addresses.iter().filter(is_primary).count() {
        0 | 1 => Ok(()),
        many => {
            let message =
                format!("`{name}` has {many} primary addresses; write `{PRIMARY}` before one, `smtp:` before others");
            Err(Refusal::new(RefusalClass::Invalid, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_has_one_primary_address() {
        let all = |addresses: &[&str]| -> Attributes {
            let list = addresses.iter().map(|address| Value::from(*address)).collect();
            [("proxyAddresses".to_owned(), Value::List(list))].into()
        };
        demand_one_primary(&all(&["SMTP:a@x", "smtp:b@x"])).unwrap();
        demand_one_primary(&all(&["smtp:a@x", "x500:/o=x"])).unwrap();
        let refused = demand_one_primary(&all(&["SMTP:a@x", "SMTP:b@x"])).unwrap_err();
        assert!(refused.message.contains("2 primary") && !refused.message.contains("a@x"), "{refused}");
    }
}
