//! What a version of the estate says.

use tenure_policy::authz::{Action, Thing};
use tenure_store::StoreError;
use tenure_store::estates::{self, EstateFile, EstateVersion};

use crate::cx::Cx;
use crate::error::AppError;

/// A version with its files; the one in force, unless another is named.
pub async fn show(cx: &Cx, version: Option<i64>) -> Result<(EstateVersion, Vec<EstateFile>), AppError> {
    cx.allow(Action::ReadEstate, &Thing::Estate)?;
    let job = cx.house.store.read(move |tx| {
        Box::pin(async move {
            let found = match version {
                Some(version) => estates::get(tx, version).await?,
                None => estates::newest(tx).await?,
            };
            match found {
                None => Ok::<_, StoreError>(None),
                Some(found) => {
                    let files = estates::files(tx, found.version).await?;
                    Ok(Some((found, files)))
                }
            }
        })
    });
    let found = job.await?;
    found.ok_or_else(|| {
        AppError::no("version of the estate", version.map_or("in force".to_owned(), |it| it.to_string()))
    })
}
