//! The estate and its versions.

pub(super) mod show;
pub(super) mod version;
pub(super) mod versions;

use tenure_api::{EstateFileView, EstateView, VersionView};
use tenure_store::estates::{EstateFile, EstateVersion};

fn view(version: EstateVersion) -> VersionView {
    let EstateVersion { version, hash, at, by, reason } = version;
    VersionView { version, hash, at, by, reason }
}

fn with_files((version, files): (EstateVersion, Vec<EstateFile>)) -> EstateView {
    let files = files.into_iter().map(|file| EstateFileView { path: file.path, text: file.text }).collect();
    EstateView { version: view(version), files }
}
