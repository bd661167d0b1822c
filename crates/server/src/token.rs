//! Bearer tokens: how they look, how they are made, and the only form in which they are kept.
//!
//! A token is `tnr_` and 32 random bytes in URL-safe base 64. What is stored is its SHA-256: the
//! bytes are as many as the hash has, so there is nothing to gain from a slow one.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use tenure_model::Ids;
use zeroize::Zeroize as _;

/// What a token begins with, so that a scanner of leaked secrets can know it.
pub const PREFIX: &str = "tnr_";

/// The SHA-256 of a token, by which it is looked up.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of what a caller presented, whatever it is.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }
    /// The bytes, for the store.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// Makes a token: the secret to show once, and the hash to keep.
pub fn issue(ids: &dyn Ids) -> (SecretString, TokenHash) {
    let mut bytes = [0u8; 32];
    ids.secret(&mut bytes);
    let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
    bytes.zeroize();
    let hash = TokenHash::of(&text);
    (SecretString::from(text), hash)
}

/// Whether this could be a token at all.
pub fn looks_right(text: &str) -> bool {
    text.strip_prefix(PREFIX).and_then(|rest| URL_SAFE_NO_PAD.decode(rest).ok()).is_some_and(|bytes| bytes.len() == 32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;
    use tenure_model::SeededIds;

    #[test]
    fn a_token_is_found_again_by_its_hash_only() {
        let ids = SeededIds::new(1);
        let (secret, hash) = issue(&ids);
        assert!(looks_right(secret.expose_secret()), "{}", secret.expose_secret());
        assert_eq!(TokenHash::of(secret.expose_secret()), hash);
        assert_ne!(issue(&ids).1, hash);
        assert!(!format!("{secret:?}{hash:?}").contains(&secret.expose_secret()[4..]));
    }

    #[test]
    fn what_is_no_token_is_known_as_such() {
        for text in ["", "tnr_", "tnr_AAAA", "tnr_!", "abc", "TNR_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            assert!(!looks_right(text), "{text}");
        }
    }
}
