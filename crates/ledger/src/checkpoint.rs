//! Checkpoints: how long the log is and what its root is, signed, in the C2SP form.
//!
//! A log never signs two checkpoints that do not fit together. A log that was restored from a
//! backup cannot promise that any more, so it goes on under a new [`Origin`]: the next epoch.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::hash::Hash;
use crate::limits::TREE_SIZE_MAX;
use crate::note::{self, BadNote, PublicKey, SigningKey};
use crate::tree::TreeHead;

/// Which log this is, and which epoch of it: `id.example.org/ledger/e1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    log: String,
    epoch: u32,
}

/// Why a text is not an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an origin is a name without spaces and `+`, ending in an epoch such as `/e1`")]
pub struct NotAnOrigin;

impl Origin {
    /// The first epoch of a log.
    pub fn first(log: &str) -> Result<Self, NotAnOrigin> {
        format!("{log}/e1").parse()
    }
    /// The epoch after this one.
    pub fn next_epoch(&self) -> Self {
        Self { log: self.log.clone(), epoch: self.epoch.saturating_add(1) }
    }
    /// The log, whichever epoch.
    pub fn log(&self) -> &str {
        &self.log
    }
    /// The epoch, from 1.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/e{}", self.log, self.epoch)
    }
}

impl FromStr for Origin {
    type Err = NotAnOrigin;
    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        let (log, epoch) = text.rsplit_once("/e").ok_or(NotAnOrigin)?;
        let epoch = read_number(epoch).and_then(|epoch| u32::try_from(epoch).ok()).filter(|epoch| *epoch > 0);
        match epoch {
            Some(epoch) if !log.is_empty() && note::is_name(text) => Ok(Self { log: log.to_owned(), epoch }),
            Some(_) | None => Err(NotAnOrigin),
        }
    }
}

/// The length and root of a log at some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: Origin,
    /// Its size and root.
    pub head: TreeHead,
}

/// Why a checkpoint is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadCheckpoint {
    /// The note around it.
    #[error("the checkpoint is refused")]
    Note(#[from] BadNote),
    /// Signed, but not a checkpoint of ours.
    #[error("the signed text is not a checkpoint: it must be the origin, the size and the root, each on its line")]
    Form,
    /// Signed in another name.
    #[error("the checkpoint names another log than the key that signed it")]
    OtherOrigin,
    /// A key may only sign in its own name.
    #[error("the signing key belongs to another log or epoch")]
    OtherKey,
}

impl Checkpoint {
    /// The signed note. The key must carry the origin as its name.
    pub fn sign(&self, key: &SigningKey) -> Result<String, BadCheckpoint> {
        if key.public().name() != self.origin.to_string() {
            return Err(BadCheckpoint::OtherKey);
        }
        Ok(key.sign(&self.to_string()))
    }

    /// Reads a checkpoint that the pinned key signed, in its own name.
    pub fn open(signed: &str, pinned: &PublicKey) -> Result<Self, BadCheckpoint> {
        let checkpoint: Self = note::open(signed, pinned)?.parse()?;
        if checkpoint.origin.to_string() == pinned.name() { Ok(checkpoint) } else { Err(BadCheckpoint::OtherOrigin) }
    }
}

/// The text that is signed.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.head.size, BASE64.encode(self.head.root.as_bytes()))
    }
}

/// Strict: no extension lines, since this log writes none.
impl FromStr for Checkpoint {
    type Err = BadCheckpoint;
    fn from_str(text: &str) -> Result<Self, BadCheckpoint> {
        let mut lines = text.strip_suffix('\n').ok_or(BadCheckpoint::Form)?.split('\n');
        let (Some(origin), Some(size), Some(root), None) = (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(BadCheckpoint::Form);
        };
        let origin = origin.parse().map_err(|NotAnOrigin| BadCheckpoint::Form)?;
        let size = read_number(size).filter(|size| *size <= TREE_SIZE_MAX).ok_or(BadCheckpoint::Form)?;
        let root = BASE64.decode(root).map_err(|_| BadCheckpoint::Form)?;
        let root = Hash::try_from(root.as_slice()).map_err(|_| BadCheckpoint::Form)?;
        Ok(Self { origin, head: TreeHead { size, root } })
    }
}

/// Decimal digits in their one form: no sign, no zero in front.
fn read_number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    fn key(origin: &str) -> SigningKey {
        SigningKey::from_seed(origin, &Zeroizing::new([3; note::SEED_BYTES])).unwrap()
    }

    fn checkpoint(origin: &str) -> Checkpoint {
        Checkpoint { origin: origin.parse().unwrap(), head: TreeHead { size: 42, root: Hash::of(b"root") } }
    }

    #[test]
    fn a_checkpoint_survives_signing() {
        let key = key("id.example/ledger/e1");
        let signed = checkpoint("id.example/ledger/e1").sign(&key).unwrap();
        assert!(signed.starts_with("id.example/ledger/e1\n42\n"), "{signed}");
        assert_eq!(Checkpoint::open(&signed, key.public()), Ok(checkpoint("id.example/ledger/e1")));
    }

    #[test]
    fn a_key_signs_for_its_own_log_and_epoch_only() {
        let (first, second) = (key("id.example/ledger/e1"), key("id.example/ledger/e2"));
        assert_eq!(checkpoint("id.example/ledger/e2").sign(&first), Err(BadCheckpoint::OtherKey));
        let forged = first.sign(&checkpoint("id.example/ledger/e2").to_string());
        assert_eq!(Checkpoint::open(&forged, first.public()), Err(BadCheckpoint::OtherOrigin));
        assert_eq!(Checkpoint::open(&forged, second.public()), Err(BadCheckpoint::Note(BadNote::NotSigned)));
    }

    #[test]
    fn one_text_only() {
        let root = BASE64.encode(Hash::of(b"root").as_bytes());
        let key = key("a/e1");
        for (bad, why) in [
            (format!("a/e1\n042\n{root}\n"), "a zero in front"),
            (format!("a/e1\n+42\n{root}\n"), "a sign"),
            (format!("a/e1\n42\n{root}\nmore\n"), "an extension"),
            (format!("a/e1\n42\n{}\n", &root[..40]), "a short root"),
            (format!("a/e1\n{}\n{root}\n", u64::MAX), "too large"),
            (format!("a/e01\n42\n{root}\n"), "an epoch with a zero"),
            ("a/e1\n42\n".to_owned(), "no root"),
        ] {
            assert_eq!(Checkpoint::open(&key.sign(&bad), key.public()), Err(BadCheckpoint::Form), "{why}");
        }
        assert!(Checkpoint::open(&key.sign(&format!("a/e1\n42\n{root}\n")), key.public()).is_ok());
    }

    #[test]
    fn epochs_follow_each_other() {
        let first = Origin::first("id.example/ledger").unwrap();
        assert_eq!(first.next_epoch().to_string(), "id.example/ledger/e2");
        for bad in ["", "/e1", "a", "a/e0", "a b/e1", "a/e-1", "a/e99999999999"] {
            assert_eq!(bad.parse::<Origin>(), Err(NotAnOrigin), "{bad}");
        }
    }
}
