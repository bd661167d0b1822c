//! The key that signs the ledger: made once, kept in the data folder, readable by nobody else.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use tenure_ledger::{Origin, SigningKey};
use tenure_model::Ids;
use zeroize::Zeroizing;

use super::fault::HouseError;

const SEED_BYTES: usize = 32;

/// Reads the key of this log, or makes it.
pub fn ledger_key(folder: &Path, origin: &Origin, ids: &dyn Ids) -> Result<SigningKey, HouseError> {
    let path = folder.join("ledger.key");
    let fault = |what: &str, source: Box<dyn std::error::Error + Send + Sync>| HouseError::File {
        path: path.display().to_string(),
        what: what.to_owned(),
        source,
    };
    let mut seed = Zeroizing::new([0u8; SEED_BYTES]);
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
        Ok(mut file) => {
            ids.secret(seed.as_mut());
            let kept = file.write_all(seed.as_ref()).and_then(|()| file.sync_all());
            kept.map_err(|source| fault("the key of the ledger cannot be kept", Box::new(source)))?;
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let unreadable = |source: std::io::Error| fault("the key of the ledger cannot be read", Box::new(source));
            let mut file = File::open(&path).map_err(unreadable)?;
            if file.metadata().map_err(unreadable)?.permissions().mode() & 0o077 != 0 {
                let open = "others on this machine can read it".to_owned();
                return Err(fault("refused; use `chmod 600` on it", open.into()));
            }
            file.read_exact(seed.as_mut()).map_err(unreadable)?;
        }
        Err(error) => {
            return Err(fault(
                "the key of the ledger cannot be kept; set `data.folder` to a folder of ours",
                Box::new(error),
            ));
        }
    }
    let key = SigningKey::from_seed(&origin.to_string(), &seed);
    key.map_err(|error| fault("the key of the ledger is of no use", Box::new(error)))
}
