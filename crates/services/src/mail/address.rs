//! A mail address, perhaps with a name before it: `Tenure <tenure@example.org>`.
//!
//! Only what every server takes: ASCII, no quotes in the local part, no comments, no routes. That
//! also keeps every sign out that could end a command or a header.

use std::fmt;
use std::str::FromStr;

use crate::limits::{MAIL_ADDRESS_BYTES_MAX, MAIL_NAME_CHARS_MAX};

/// A mail address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    name: Option<String>,
    mailbox: String,
}

/// Why a text is no address. The text itself is personal and is not repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the address {reason}; write it as `name@example.org` or `Name <name@example.org>`")]
pub struct BadAddress {
    reason: &'static str,
}

impl Address {
    /// The address alone.
    pub fn mailbox(&self) -> &str {
        &self.mailbox
    }

    /// The name before it.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// What stands after the `@`.
    pub fn domain(&self) -> &str {
        self.mailbox.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} <{}>", self.mailbox),
            None => f.write_str(&self.mailbox),
        }
    }
}

impl FromStr for Address {
    type Err = BadAddress;
    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let bad = |reason| BadAddress { reason };
        let text = text.trim();
        let (name, mailbox) = match text.strip_suffix('>') {
            None => (None, text),
            Some(whole) => {
                let (name, mailbox) = whole.rsplit_once('<').ok_or_else(|| bad("has a `>` and no `<`"))?;
                (Some(name.trim().trim_matches('"').trim()), mailbox)
            }
        };
        if name.is_some_and(|name| name.chars().count() > MAIL_NAME_CHARS_MAX || name.chars().any(char::is_control)) {
            return Err(bad("has a name that is too long or holds a control character"));
        }
        let (local, domain) = mailbox.rsplit_once('@').ok_or_else(|| bad("has no `@`"))?;
        if mailbox.len() > MAIL_ADDRESS_BYTES_MAX || local.len() > 64 {
            return Err(bad("is too long"));
        }
        let dots = |part: &str| part.split('.').any(str::is_empty);
        let atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte);
        if dots(local) || !local.bytes().all(atom) {
            return Err(bad("has something before the `@` that not every server takes"));
        }
        let label = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
        if dots(domain) || !domain.bytes().all(label) {
            return Err(bad("has no plain domain after the `@`; write a domain of other letters as `xn--…`"));
        }
        let name = name.filter(|name| !name.is_empty()).map(str::to_owned);
        Ok(Self { name, mailbox: mailbox.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_with_and_without_a_name() {
        let one: Address = "\"Müller, Zoë\" <zoe.m+x@mail.example.org>".parse().unwrap();
        assert_eq!((one.name(), one.mailbox()), (Some("Müller, Zoë"), "zoe.m+x@mail.example.org"));
        assert_eq!(one.domain(), "mail.example.org");
        let two: Address = " <a@b>".parse().unwrap();
        assert_eq!((two.name(), two.mailbox()), (None, "a@b"));
    }

    #[test]
    fn nothing_that_could_end_a_command_is_an_address() {
        for bad in [
            "",
            "a",
            "@b",
            "a@",
            "a b@c",
            "a@b c",
            "a@b\r\nRCPT TO:<eve@example.org>",
            "a@b>\r\nDATA",
            "a@b,c@d",
            "<a@b> <c@d>x",
            "a@b>",
            "a..b@c",
            "a@.c",
            "\"a b\"@c",
            "zoë@example.org",
            "a@exämple.org",
            "x\r\nBcc: eve@example.org <a@b>",
            "a@b\0",
        ] {
            let said = bad.parse::<Address>().err().map(|error| error.to_string());
            assert!(said.is_some_and(|said| !said.contains("eve@")), "{bad:?}");
        }
        assert!(format!("{}@b", "a".repeat(65)).parse::<Address>().is_err());
    }
}
