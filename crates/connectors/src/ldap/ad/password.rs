//! Passwords as a domain controller takes them: in quotes, as UTF-16, over TLS alone.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ldap3::Mod;
use ring::rand::{SecureRandom as _, SystemRandom};
use tenure_connect::{Refusal, RefusalClass, SecretRef, WriteFault};

use crate::ldap::LdapConnector;
use crate::ldap::entry::Entry;
use crate::ldap::pool::Lease;

/// The attribute that takes a password and never gives one.
pub(in crate::ldap) const ATTRIBUTE: &str = "unicodePwd";

/// Set to this, its owner must choose another password at the next sign-in.
const MUST_CHANGE: &str = "0";

/// A password for a new account that nobody knows. A domain lets no account be usable without
/// one, and made in one request with it there is no moment in which it could be half made.
pub(in crate::ldap) fn nobodys() -> Result<Vec<u8>, Refusal> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| {
        Refusal::new(RefusalClass::Maintenance, "this machine gave no random bytes for a first password; try again")
    })?;
    // A rule of the domain may demand small and capital letters, digits and signs.
    Ok(in_quotes(&format!("aA1!{}", STANDARD.encode(bytes))))
}

fn in_quotes(password: &str) -> Vec<u8> {
    format!("\"{password}\"").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

impl LdapConnector {
    /// Sets a password as an administrator does, without knowing the old one.
    pub(in crate::ldap) async fn set_domain_password(
        &self,
        lease: &mut Lease,
        entry: &Entry,
        secret: &SecretRef,
        must_change: bool,
    ) -> Result<(), WriteFault> {
        let password = self.pool.secret(secret)?;
        let replace = |name: &str, value: Vec<u8>| Mod::Replace(name.as_bytes().to_vec(), HashSet::from([value]));
        let mut mods = vec![replace(ATTRIBUTE, in_quotes(password.expose()))];
        if must_change {
            mods.push(replace("pwdLastSet", MUST_CHANGE.as_bytes().to_vec()));
        }
        self.modify(lease, entry, mods, "setting the password").await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_goes_in_quotes_as_utf_16_with_the_low_byte_first() {
        assert_eq!(in_quotes("aé"), [0x22, 0, 0x61, 0, 0xe9, 0, 0x22, 0]);
    }

    #[test]
    fn the_first_password_is_another_one_each_time() {
        assert_ne!(nobodys().unwrap(), nobodys().unwrap());
        assert!(nobodys().unwrap().len() > 80);
    }
}
