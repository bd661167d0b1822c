//! Signatures of webhooks as the Standard Webhooks specification has them: HMAC-SHA256 over
//! `id.timestamp.body`, several keys at once while they are changed.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use jiff::Timestamp;
use ring::hmac;
use tenure_connect::{SecretError, SecretRef, Secrets};

use crate::limits::{HOOK_AGE_MAX, HOOK_ID_BYTES_MAX, HOOK_SIGNATURES_MAX};

/// What stands before a key.
const PREFIX: &str = "whsec_";
/// What stands before a signature of this kind.
const VERSION: &str = "v1,";
/// How many bytes a key has.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadKey {
    /// It cannot be had.
    #[error("the key cannot be had from its reference")]
    Secret(#[from] SecretError),
    /// It is none.
    #[error("the key at `{0}` is none; it is `whsec_` and 24 to 64 bytes as base64")]
    Form(SecretRef),
}

/// The keys of one webhook.
pub struct Keys(Vec<hmac::Key>);

impl Keys {
    /// Fetches keys.
    pub fn resolve(references: &[SecretRef], secrets: &dyn Secrets) -> Result<Self, BadKey> {
        let key = |reference: &SecretRef| {
            let secret = secrets.resolve(reference)?;
            let text = secret.expose().trim();
            let coded = text.strip_prefix(PREFIX).unwrap_or(text).trim_end_matches('=');
            let bytes = STANDARD_NO_PAD.decode(coded).ok().filter(|bytes| KEY_BYTES.contains(&bytes.len()));
            let bytes = bytes.ok_or_else(|| BadKey::Form(reference.clone()))?;
            Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
        };
        references.iter().map(key).collect::<Result<_, BadKey>>().map(Self)
    }

    /// Keys that nobody has: what is signed with them does not exist.
    pub fn unknown(bytes: &[u8; 32]) -> Self {
        Self(vec![hmac::Key::new(hmac::HMAC_SHA256, bytes)])
    }

    /// The header that proves that this comes from us: a signature by each key.
    pub fn sign(&self, id: &str, at: Timestamp, body: &[u8]) -> String {
        let sign = |key| {
            let tag = message(key, id, &at.as_second().to_string(), body).sign();
            format!("{VERSION}{}", STANDARD.encode(tag))
        };
        self.0.iter().map(sign).collect::<Vec<_>>().join(" ")
    }

    /// Whether this was signed with one of the keys, a short while ago. Every key and signature is
    /// looked at, whatever was found before, so that the time tells nothing.
    pub fn verify(&self, headers: &Signed<'_>, body: &[u8], now: Timestamp) -> bool {
        let in_time = headers.moment().is_some_and(|at| (now.duration_since(at)).unsigned_abs() <= HOOK_AGE_MAX);
        let mut found = false;
        for signature in headers.signatures.split(' ').take(HOOK_SIGNATURES_MAX) {
            let tag = signature.strip_prefix(VERSION).and_then(|coded| STANDARD.decode(coded).ok()).unwrap_or_default();
            for key in &self.0 {
                found |= message(key, headers.id, headers.timestamp, body).is(&tag);
            }
        }
        found && in_time && headers.has_plain_id()
    }
}

/// The three headers of a signed webhook, as they came.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// `webhook-id`.
    pub id: &'a str,
    /// `webhook-timestamp`.
    pub timestamp: &'a str,
    /// `webhook-signature`.
    pub signatures: &'a str,
}

impl Signed<'_> {
    /// A dot in an id would let its end be taken for a timestamp.
    fn has_plain_id(&self) -> bool {
        let plain = self.id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'.');
        !self.id.is_empty() && self.id.len() <= HOOK_ID_BYTES_MAX && plain
    }

    /// Only plain digits are a timestamp.
    fn moment(&self) -> Option<Timestamp> {
        let digits = self.timestamp.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = digits.then(|| self.timestamp.parse::<i64>().ok()).flatten()?;
        Timestamp::from_second(seconds).ok()
    }
}

/// What is signed.
struct Message<'k>(&'k hmac::Key, Vec<u8>);

fn message<'k>(key: &'k hmac::Key, id: &str, timestamp: &str, body: &[u8]) -> Message<'k> {
    Message(key, [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat())
}

impl Message<'_> {
    fn sign(&self) -> hmac::Tag {
        hmac::sign(self.0, &self.1)
    }

    fn is(&self, tag: &[u8]) -> bool {
        hmac::verify(self.0, &self.1, tag).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(byte: u8) -> Keys {
        Keys::unknown(&[byte; 32])
    }

    #[test]
    fn only_what_was_signed_a_short_while_ago_is_believed() {
        let at = Timestamp::from_second(1_700_000_000).unwrap();
        let both = [keys(1).sign("msg_1", at, b"{}"), keys(2).sign("msg_1", at, b"{}")].join(" ");
        let good = Signed { id: "msg_1", timestamp: "1700000000", signatures: &both };
        assert!(keys(1).verify(&good, b"{}", at) && keys(2).verify(&good, b"{}", at));
        assert!(!keys(3).verify(&good, b"{}", at), "another key");
        assert!(!keys(1).verify(&good, b"{} ", at), "another body");
        assert!(!keys(1).verify(&Signed { id: "msg_2", ..good }, b"{}", at), "another id");
        for moment in ["1699999999", " 1700000000", "+1700000000", "1700000000.0", "", "99999999999999999999"] {
            assert!(!keys(1).verify(&Signed { timestamp: moment, ..good }, b"{}", at), "{moment}");
        }
        let shift = |seconds: i64| Timestamp::from_second(1_700_000_000 + seconds).unwrap();
        assert!(keys(1).verify(&good, b"{}", shift(300)) && keys(1).verify(&good, b"{}", shift(-300)));
        assert!(!keys(1).verify(&good, b"{}", shift(301)) && !keys(1).verify(&good, b"{}", shift(-301)));
        let v1a = both.replace("v1,", "v1a,");
        let bare = both.replace("v1,", "");
        let late = format!("{}{both}", "v1,AAAA ".repeat(HOOK_SIGNATURES_MAX));
        for signatures in ["", "v1,", "v1,%%%", &v1a, &bare, &late] {
            assert!(!keys(1).verify(&Signed { signatures, ..good }, b"{}", at), "{signatures}");
        }
    }

    #[test]
    fn an_id_with_a_dot_is_none() {
        let at = Timestamp::from_second(1_700_000_000).unwrap();
        // `a.1700000000` and `1700000000` would sign the same bytes as `a` with another body.
        let signature = keys(1).sign("a.1", at, b"x");
        assert!(!keys(1).verify(&Signed { id: "a.1", timestamp: "1700000000", signatures: &signature }, b"x", at));
    }
}
