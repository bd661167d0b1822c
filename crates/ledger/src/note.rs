//! Signed notes in the C2SP form: a text, an empty line, and signature lines with names and key
//! ids; and the keys that sign and check them.
//!
//! It knows nothing of logs. A signature by a key that is not the pinned one is skipped, as the
//! form wants it; that the pinned one is there and right is what [`open`] insists on.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature, Signer as _};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::limits::{NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX, ORIGIN_BYTES_MAX};

const ED25519: u8 = 1;
const KEY_ID_BYTES: usize = 4;
const SIGNATURE_LINE_START: &str = "\u{2014} ";

/// How many bytes the secret of a signing key has.
pub const SEED_BYTES: usize = 32;

type KeyId = [u8; KEY_ID_BYTES];

/// Why a key is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// Not a name that may stand in a signature line.
    #[error("a key name has 1 to {ORIGIN_BYTES_MAX} bytes without spaces and `+`")]
    Name,
    /// Not `name+id+key`.
    #[error("a public key looks like `name+8 hexadecimal digits+base64`")]
    Form,
    /// The id is not the id of that key and name.
    #[error("the key id does not belong to the key and its name; copy the whole line again")]
    Id,
    /// Not a point that may check signatures.
    #[error("the key is not a usable Ed25519 public key")]
    Point,
}

/// Why a note is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadNote {
    /// Not of the form of a signed note.
    #[error("this is not a signed note")]
    Form,
    /// Larger than any note of ours.
    #[error("the note is larger than {NOTE_BYTES_MAX} bytes or has more than {NOTE_SIGNATURES_MAX} signatures")]
    TooLarge,
    /// Nobody we know signed it.
    #[error("the note is not signed by the pinned key; check that the key is the one this log had at that time")]
    NotSigned,
    /// Signed in the name of the pinned key, and wrong.
    #[error("the signature of the pinned key is wrong; the note was changed after it was signed")]
    WrongSignature,
}

/// A key that checks signatures made in one name.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    name: String,
    id: KeyId,
    key: ed25519_dalek::VerifyingKey,
}

impl PublicKey {
    fn new(name: &str, key: ed25519_dalek::VerifyingKey) -> Result<Self, BadKey> {
        if !is_name(name) {
            return Err(BadKey::Name);
        }
        if key.is_weak() {
            return Err(BadKey::Point);
        }
        Ok(Self { name: name.to_owned(), id: key_id(name, &key), key })
    }

    /// In whose name it signs.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn check(&self, text: &str, signature: &[u8]) -> Result<(), BadNote> {
        let signature = Signature::from_slice(signature).map_err(|_| BadNote::WrongSignature)?;
        // Strict: one signature per text and key, and no small-order points.
        self.key.verify_strict(text.as_bytes(), &signature).map_err(|_| BadNote::WrongSignature)
    }
}

/// The line that an auditor pins: `name+id+base64`.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{:08x}+", self.name, u32::from_be_bytes(self.id))?;
        f.write_str(&BASE64.encode([&[ED25519][..], self.key.as_bytes()].concat()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PublicKey {
    type Err = BadKey;
    fn from_str(line: &str) -> Result<Self, BadKey> {
        let mut parts = line.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(BadKey::Form);
        };
        let bytes = BASE64.decode(key).map_err(|_| BadKey::Form)?;
        let Some((&ED25519, key)) = bytes.split_first() else { return Err(BadKey::Form) };
        let key = key.try_into().map_err(|_| BadKey::Form)?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(key).map_err(|_| BadKey::Point)?;
        let key = Self::new(name, key)?;
        if format!("{:08x}", u32::from_be_bytes(key.id)) == id { Ok(key) } else { Err(BadKey::Id) }
    }
}

/// A key that signs in one name. Its secret is wiped when it is dropped and never printed.
pub struct SigningKey {
    public: PublicKey,
    secret: ed25519_dalek::SigningKey,
}

impl SigningKey {
    /// The key of this secret, which must be 32 bytes that nobody can guess.
    pub fn from_seed(name: &str, seed: &Zeroizing<[u8; SEED_BYTES]>) -> Result<Self, BadKey> {
        let secret = ed25519_dalek::SigningKey::from_bytes(seed);
        Ok(Self { public: PublicKey::new(name, secret.verifying_key())?, secret })
    }

    /// The key to publish.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a text, which must end with a newline, and returns the whole note.
    pub fn sign(&self, text: &str) -> String {
        let signature = self.secret.sign(text.as_bytes());
        let encoded = BASE64.encode([&self.public.id[..], &signature.to_bytes()].concat());
        format!("{text}\n{SIGNATURE_LINE_START}{} {encoded}\n", self.public.name)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("public", &self.public).finish_non_exhaustive()
    }
}

/// The text of a note that the pinned key signed.
pub fn open<'a>(note: &'a str, pinned: &PublicKey) -> Result<&'a str, BadNote> {
    if note.len() > NOTE_BYTES_MAX {
        return Err(BadNote::TooLarge);
    }
    let split = note.rfind("\n\n").ok_or(BadNote::Form)?;
    let (text, rest) = note.split_at_checked(split + 1).ok_or(BadNote::Form)?;
    let lines = rest.strip_prefix('\n').and_then(|rest| rest.strip_suffix('\n')).ok_or(BadNote::Form)?;
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(BadNote::Form);
    }
    if lines.split('\n').count() > NOTE_SIGNATURES_MAX {
        return Err(BadNote::TooLarge);
    }
    let mut signed = false;
    for line in lines.split('\n') {
        let (name, id, signature) = read_signature_line(line)?;
        if name == pinned.name && id == pinned.id {
            if signed {
                return Err(BadNote::Form);
            }
            pinned.check(text, &signature)?;
            signed = true;
        }
    }
    if signed { Ok(text) } else { Err(BadNote::NotSigned) }
}

fn read_signature_line(line: &str) -> Result<(&str, KeyId, Vec<u8>), BadNote> {
    let (name, encoded) =
        line.strip_prefix(SIGNATURE_LINE_START).and_then(|rest| rest.split_once(' ')).ok_or(BadNote::Form)?;
    let bytes = BASE64.decode(encoded).map_err(|_| BadNote::Form)?;
    let (id, signature) = bytes.split_first_chunk::<KEY_ID_BYTES>().ok_or(BadNote::Form)?;
    if !is_name(name) || signature.is_empty() {
        return Err(BadNote::Form);
    }
    Ok((name, *id, signature.to_vec()))
}

/// Whether a key may have this name.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= ORIGIN_BYTES_MAX
        && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

fn key_id(name: &str, key: &ed25519_dalek::VerifyingKey) -> KeyId {
    let hash: [u8; 32] =
        Sha256::new().chain_update(name).chain_update([b'\n', ED25519]).chain_update(key.as_bytes()).finalize().into();
    let [a, b, c, d, ..] = hash;
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, seed: u8) -> SigningKey {
        SigningKey::from_seed(name, &Zeroizing::new([seed; SEED_BYTES])).unwrap()
    }

    #[test]
    fn a_note_opens_with_its_key_only() {
        let ours = key("log.example/e1", 7);
        let note = ours.sign("first\n\nsecond\n");
        assert_eq!(open(&note, ours.public()), Ok("first\n\nsecond\n"));
        assert_eq!(open(&note, key("log.example/e1", 8).public()), Err(BadNote::NotSigned));
        assert_eq!(open(&note, key("log.example/e2", 7).public()), Err(BadNote::NotSigned));
    }

    #[test]
    fn a_witness_may_sign_too_and_nobody_may_sign_twice() {
        let (ours, witness) = (key("log.example/e1", 7), key("witness.example", 9));
        let note = ours.sign("text\n");
        let witnessed = format!("{note}{}", witness.sign("text\n").trim_start_matches("text\n\n"));
        assert_eq!(open(&witnessed, ours.public()), Ok("text\n"));
        assert_eq!(open(&witnessed, witness.public()), Ok("text\n"));
        let twice = format!("{note}{}", note.trim_start_matches("text\n\n"));
        assert_eq!(open(&twice, ours.public()), Err(BadNote::Form));
    }

    #[test]
    fn a_changed_text_is_refused() {
        let ours = key("log.example/e1", 7);
        let note = ours.sign("10\n").replace("10\n", "11\n");
        assert_eq!(open(&note, ours.public()), Err(BadNote::WrongSignature));
    }

    #[test]
    fn the_public_line_survives_and_its_id_is_checked() {
        let line = key("log.example/e1", 7).public().to_string();
        assert_eq!(line.parse::<PublicKey>().unwrap(), *key("log.example/e1", 7).public());
        assert_eq!(line.replace("/e1", "/e2").parse::<PublicKey>(), Err(BadKey::Id));
        for bad in ["", "log.example", "log.example+00000000", "a b+00000000+AQ==", "log+00000000+!!"] {
            assert!(bad.parse::<PublicKey>().is_err(), "{bad}");
        }
        // The neutral point checks every signature, so no key may be it.
        let mut neutral = vec![ED25519, 1];
        neutral.resize(33, 0);
        let line = format!("log+00000000+{}", BASE64.encode(neutral));
        assert_eq!(line.parse::<PublicKey>(), Err(BadKey::Point));
    }

    #[test]
    fn a_published_key_is_read() {
        // The key of the Go checksum database, as every Go tool pins it.
        let line = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
        assert_eq!(line.parse::<PublicKey>().unwrap().to_string(), line);
    }

    #[test]
    fn a_secret_is_not_printed() {
        let printed = format!("{:?}", key("log.example/e1", 7));
        assert!(
            printed.contains("log.example/e1") && !printed.contains("7, 7") && !printed.contains("0707"),
            "{printed}"
        );
    }
}
