//! Secrets: referred to in documents, read at the moment of use, never shown.

use std::fmt;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::str::FromStr;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::limits::SECRET_BYTES_MAX;

/// A secret text. It shows nothing of itself and is wiped when it is dropped.
#[derive(Clone)]
pub struct SecretText(SecretString);

impl SecretText {
    /// Takes a text into keeping.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The text itself, for the one call that needs it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(hidden)")
    }
}

/// Where a secret is kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SecretRef {
    /// In a file.
    File(PathBuf),
    /// In a vault, under this path.
    Vault(String),
}

/// Why a text is not a reference to a secret. The text itself is not repeated, because it may be
/// the secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSecretRef {
    /// The environment of a process can be read by others and is inherited by its children.
    #[error("a secret cannot come from the environment; write it to a file and use `file:PATH`")]
    Environment,
    /// Not in any form that is known.
    #[error("this is not a reference to a secret; use `file:PATH` with an absolute path")]
    Form,
}

impl FromStr for SecretRef {
    type Err = BadSecretRef;
    fn from_str(text: &str) -> Result<Self, BadSecretRef> {
        match text.split_once(':') {
            Some(("env", _)) => Err(BadSecretRef::Environment),
            Some(("file", path)) if path.starts_with('/') => Ok(Self::File(PathBuf::from(path))),
            Some(("vault", path)) if !path.is_empty() => Ok(Self::Vault(path.to_owned())),
            Some(_) | None => Err(BadSecretRef::Form),
        }
    }
}

impl TryFrom<String> for SecretRef {
    type Error = BadSecretRef;
    fn try_from(text: String) -> Result<Self, BadSecretRef> {
        text.parse()
    }
}

impl From<SecretRef> for String {
    fn from(reference: SecretRef) -> Self {
        reference.to_string()
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Vault(path) => write!(f, "vault:{path}"),
        }
    }
}

/// Why a secret could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("the secret at `{reference}` cannot be read; check that the file is there and ours to read")]
    Unreadable {
        /// Where.
        reference: SecretRef,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Others on the machine can read it.
    #[error("the secret at `{reference}` can be read by everybody on this machine; use `chmod 600` on it")]
    Exposed {
        /// Where.
        reference: SecretRef,
    },
    /// There is nothing in it, too much, or no text.
    #[error("the secret at `{reference}` must be a text of 1 to {SECRET_BYTES_MAX} bytes")]
    Form {
        /// Where.
        reference: SecretRef,
    },
    /// No such store yet.
    #[error("the secret at `{reference}` is in a vault, which is not supported yet; use `file:PATH`")]
    NoVault {
        /// Where.
        reference: SecretRef,
    },
}

/// Who fetches secrets. A connector is handed one and asks at the moment of use.
pub trait Secrets: Send + Sync + fmt::Debug {
    /// The secret behind the reference.
    fn resolve(&self, reference: &SecretRef) -> Result<SecretText, SecretError>;
}

/// Secrets in files of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct FileSecrets;

impl Secrets for FileSecrets {
    fn resolve(&self, reference: &SecretRef) -> Result<SecretText, SecretError> {
        let reference = || reference.clone();
        let path = match reference() {
            SecretRef::File(path) => path,
            SecretRef::Vault(_) => return Err(SecretError::NoVault { reference: reference() }),
        };
        let unreadable = |source| SecretError::Unreadable { reference: reference(), source };
        let file = std::fs::File::open(path).map_err(unreadable)?;
        if file.metadata().map_err(unreadable)?.permissions().mode() & 0o007 != 0 {
            return Err(SecretError::Exposed { reference: reference() });
        }
        let mut bytes = Vec::new();
        file.take(SECRET_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        let form = || SecretError::Form { reference: reference() };
        if bytes.len() as u64 > SECRET_BYTES_MAX {
            return Err(form());
        }
        let text = String::from_utf8(bytes).map_err(|_| form())?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        if text.is_empty() { Err(form()) } else { Ok(SecretText::new(text)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str, mode: u32) -> (tempfile::TempDir, SecretRef) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        (folder, SecretRef::File(path))
    }

    #[test]
    fn a_reference_is_never_the_secret_itself() {
        assert_eq!("env:PASSWORD".parse::<SecretRef>(), Err(BadSecretRef::Environment));
        for bad in ["hunter2", "file:relative", "vault:", "", "http://x"] {
            let error = bad.parse::<SecretRef>().unwrap_err();
            assert!(bad.is_empty() || !error.to_string().contains(bad), "{error}");
        }
        assert_eq!("vault:kv/ldap".parse::<SecretRef>().unwrap().to_string(), "vault:kv/ldap");
    }

    #[test]
    fn a_secret_comes_from_its_file_without_the_newline_and_shows_nothing() {
        let (_folder, reference) = file("hunter2\n", 0o600);
        let secret = FileSecrets.resolve(&reference).unwrap();
        assert_eq!(secret.expose(), "hunter2");
        assert_eq!(format!("{secret:?}"), "SecretText(hidden)");
    }

    #[test]
    fn an_open_empty_or_absent_file_is_refused() {
        let (_folder, open) = file("hunter2", 0o644);
        assert!(FileSecrets.resolve(&open).unwrap_err().to_string().contains("chmod 600"));
        let (folder, empty) = file("\n", 0o600);
        assert!(matches!(FileSecrets.resolve(&empty), Err(SecretError::Form { .. })));
        let absent = SecretRef::File(folder.path().join("none"));
        assert!(matches!(FileSecrets.resolve(&absent), Err(SecretError::Unreadable { .. })));
        let vault = SecretRef::Vault("kv".into());
        assert!(FileSecrets.resolve(&vault).unwrap_err().to_string().contains("not supported yet"));
    }
}
