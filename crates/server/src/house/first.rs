//! With which version of the estate a house begins: the one in force, unless there is none yet.
//!
//! The folder is a way in, not the truth. One that differs from what is in force is told of, and
//! taken only by `tenure apply`, or where the settings say that it is taken at each start.

use std::path::Path;

use tenure_app::versions;
use tenure_store::estates::{self, EstateFile, EstateVersion};
use tenure_store::{Store, StoreError};

use super::estate;
use super::fault::HouseError;
use crate::config::{ApplyFolder, Config};

/// What a house begins with.
pub(super) struct First {
    /// The documents.
    pub(super) files: Vec<EstateFile>,
    /// The version that they are.
    pub(super) version: i64,
    /// Their hash.
    pub(super) hash: String,
    /// Why they are to be written as a new version, if they are not one yet.
    pub(super) reason: Option<&'static str>,
}

/// Finds out with which version to begin.
pub(super) async fn first(config: &Config, store: &Store) -> Result<First, HouseError> {
    let folder = folder(&config.estate_folder).await;
    let newest = store.read(|tx| Box::pin(async move { estates::newest(tx).await }));
    let newest: Option<EstateVersion> = newest.await.map_err(|error: StoreError| HouseError::from(error))?;
    let Some(newest) = newest else {
        let files = folder?;
        return Ok(of_folder(files, 1, "the folder of the first start"));
    };
    match (config.estate_apply, folder) {
        (ApplyFolder::AtStart, folder) => {
            let files = folder?;
            if versions::hash(&files) != newest.hash {
                return Ok(of_folder(files, newest.version + 1, "the folder at the start, as `estate.apply` says"));
            }
        }
        (ApplyFolder::ByHand, Ok(files)) if versions::hash(&files) != newest.hash => tracing::warn!(
            folder = %config.estate_folder.display(),
            in_force = newest.version,
            "the folder of the estate differs from the version in force, which goes on to hold; \
             `tenure plan` shows what the folder would change and `tenure apply` puts it into force"
        ),
        (ApplyFolder::ByHand, Ok(_)) => {}
        (ApplyFolder::ByHand, Err(error)) => tracing::warn!(
            error = &error as &dyn std::error::Error,
            in_force = newest.version,
            "the folder of the estate cannot be read; the version in force goes on to hold"
        ),
    }
    let version = newest.version;
    let files = store.read(move |tx| Box::pin(async move { estates::files(tx, version).await }));
    let files = files.await.map_err(|error: StoreError| HouseError::from(error))?;
    Ok(First { files, version, hash: newest.hash, reason: None })
}

fn of_folder(files: Vec<EstateFile>, version: i64, reason: &'static str) -> First {
    First { hash: versions::hash(&files), files, version, reason: Some(reason) }
}

async fn folder(path: &Path) -> Result<Vec<EstateFile>, HouseError> {
    let files = estate::load(path).await?;
    Ok(files.into_iter().map(|(path, text)| versions::file(path, text)).collect())
}
