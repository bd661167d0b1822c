//! Taking over what another node, or a run of this one, put into force.

use tenure_store::{StoreError, estates};

use crate::cx::House;
use crate::live::{CannotBuild, InForce};

/// Why this node goes on with an older version.
#[derive(Debug, thiserror::Error)]
pub enum Behind {
    /// The database did not answer.
    #[error("the versions of the estate cannot be read")]
    Store(#[from] StoreError),
    /// This program cannot use what was put into force.
    #[error("version {version} of the estate cannot be used here; use the program that put it into force")]
    Build {
        /// Which version.
        version: i64,
        /// What is wrong with it.
        #[source]
        source: CannotBuild,
    },
}

/// Looks whether a newer version is in force and takes it. Says which one, if there was one.
pub async fn follow(house: &House) -> Result<Option<i64>, Behind> {
    let have = house.live.now();
    let known = have.version;
    let job = house.store.read(move |tx| {
        Box::pin(async move {
            match estates::newest(tx).await?.filter(|newest| newest.version > known) {
                None => Ok::<_, StoreError>(None),
                Some(newest) => {
                    let files = estates::files(tx, newest.version).await?;
                    Ok(Some((newest, files)))
                }
            }
        })
    });
    let Some((newest, files)) = job.await? else { return Ok(None) };
    let built = house.live.builder().build(files, Some(&have.built));
    let built = built.map_err(|source| Behind::Build { version: newest.version, source })?;
    tracing::info!(version = newest.version, by = newest.by, "another version of the estate is in force");
    house.live.put(InForce::new(newest.version, newest.hash, built));
    Ok(Some(newest.version))
}
