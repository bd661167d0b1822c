//! The estate and its versions.

pub(super) mod show;
pub(super) mod version;
pub(super) mod versions;

use tenure_api::{EstateFileView, EstateView, SucceededView, VersionView};
use tenure_app::owners::succession::Passed;
use tenure_app::versions::show::Shown;
use tenure_store::estates::EstateVersion;

fn view(version: EstateVersion) -> VersionView {
    let EstateVersion { version, hash, at, by, reason } = version;
    VersionView { version, hash, at, by, reason }
}

fn with_files(shown: Shown) -> EstateView {
    let files = shown.files.into_iter().map(|file| EstateFileView { path: file.path, text: file.text }).collect();
    let one = |(document, Passed { passing, since }): (String, Passed)| {
        let (owner, by) = (passing.owner, passing.to);
        SucceededView { document, owner, by, since }
    };
    EstateView { version: view(shown.version), files, succeeded: shown.succession.into_iter().map(one).collect() }
}
