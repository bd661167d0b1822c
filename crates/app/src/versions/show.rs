//! What a version of the estate says.

use tenure_policy::authz::{Action, Thing};
use tenure_store::StoreError;
use tenure_store::estates::{self, EstateFile, EstateVersion};

use crate::cx::Cx;
use crate::error::AppError;
use crate::owners::succession::{self, Succession};

/// A version of the estate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Which.
    pub version: EstateVersion,
    /// Its files, by their paths.
    pub files: Vec<EstateFile>,
    /// Of the one in force: what has come to the successors of its owners.
    pub succession: Succession,
}

/// A version with its files; the one in force, unless another is named.
pub async fn show(cx: &Cx, version: Option<i64>) -> Result<Shown, AppError> {
    cx.allow(Action::ReadEstate, &Thing::Estate)?;
    let job = cx.house.store.read(move |tx| {
        Box::pin(async move {
            let (found, succession) = match version {
                Some(version) => (estates::get(tx, version).await?, Succession::new()),
                None => (estates::newest(tx).await?, succession::read(tx).await?),
            };
            match found {
                None => Ok::<_, StoreError>(None),
                Some(version) => {
                    let files = estates::files(tx, version.version).await?;
                    Ok(Some(Shown { version, files, succession }))
                }
            }
        })
    });
    let found = job.await?;
    found.ok_or_else(|| {
        AppError::no("version of the estate", version.map_or("in force".to_owned(), |it| it.to_string()))
    })
}
