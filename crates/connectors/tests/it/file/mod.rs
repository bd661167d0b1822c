//! Feeds as they come, right and wrong, from real folders, web servers and SSH servers.

mod books;
mod conformance;
mod http;
mod sanity;
mod sftp;
mod speed;
mod texts;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tenure_connect::{AnyConnector, Completeness, FileSecrets, Page, Query};
use tenure_connectors::file::FileConnector;
use tenure_model::{Observed, SystemClock};

/// A folder for feeds, and one for what the connector keeps.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        // The real client speaks TLS with whatever provider is set for the process.
        drop(rustls::crypto::ring::default_provider().install_default());
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("in")).unwrap();
        Self { folder }
    }

    fn inbox(&self) -> PathBuf {
        self.folder.path().join("in")
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        std::fs::write(self.inbox().join(name), content).unwrap();
        self
    }

    /// A connector to this folder with CSV settings, changed by these.
    fn csv(&self, settings: Json) -> FileConnector {
        self.feed(json!({
            "from": { "kind": "folder", "path": self.inbox(), "files": "*.csv" }, "format": { "kind": "csv" }, "key": "id",
        }), settings)
    }

    fn feed(&self, mut base: Json, settings: Json) -> FileConnector {
        for (key, value) in settings.as_object().unwrap() {
            base[key] = value.clone();
        }
        let config = serde_json::from_value(base).unwrap();
        let (secrets, clock) = (Arc::new(FileSecrets), Arc::new(SystemClock::new()));
        FileConnector::new(config, &"hr".parse().unwrap(), &self.kept(), secrets, clock).unwrap()
    }

    fn kept(&self) -> PathBuf {
        self.folder.path().join("kept")
    }
}

/// Every row, page by page, and what the reading is worth.
async fn all(feed: &FileConnector) -> Result<(Vec<Observed>, Completeness), String> {
    let mut page = Page::first_of(2);
    let mut rows = Vec::new();
    loop {
        let batch = feed.read(&Query::accounts(), &page).await.map_err(|refusal| refusal.message)?;
        rows.extend(batch.objects.iter().filter_map(|seen| seen.account().cloned()));
        match batch.next {
            Some(next) => page = page.then(next),
            None => return Ok((rows, batch.completeness)),
        }
    }
}

async fn said(feed: &FileConnector) -> String {
    all(feed).await.unwrap_err()
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap()
}
