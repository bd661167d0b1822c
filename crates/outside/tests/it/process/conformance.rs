//! The conformance suite of the contract, through the protocol.

use std::path::{Path, PathBuf};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::Value as Json;
use tenure_connect::conformance::{Fixture, Options, Report, Witness, run_with};
use tenure_connect::{Locator, SecretRef};
use tenure_testkit::held::{self, Peer};
use tenure_testkit::plants::troubles_are_found;

use super::{attributes, connector, python};

/// Every row of the database, read past the connector.
struct Rows(PathBuf);

impl Witness for Rows {
    fn mark(&self) -> BoxFuture<'_, String> {
        async {
            let database = rusqlite::Connection::open(&self.0).unwrap();
            let text = |sql: &str| -> Vec<String> {
                let mut statement = database.prepare(sql).unwrap();
                statement.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
            };
            let accounts = text(
                "SELECT concat_ws('|', id, employeeNumber, login, displayName, title, active) FROM account ORDER BY id",
            );
            format!("{accounts:?} {:?}", text("SELECT team || account FROM member ORDER BY 1"))
        }
        .boxed()
    }
}

fn fixture(witness: &dyn Witness) -> Fixture<'_> {
    Fixture {
        identifying_attribute: "employeeNumber",
        attributes: &attributes,
        free_attribute: Some("title"),
        naming_attribute: "login",
        entitlements: [Locator::attribute("name", "staff"), Locator::attribute("name", "finance")],
        witness,
    }
}

/// Runs the suite against a connector like the examples, whose accounts `witness` looks at.
pub async fn suite(settings: Json, witness: &dyn Witness, folder: &Path) -> Report {
    let secret = folder.join("password");
    std::fs::write(&secret, "correct horse battery").unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let options = Options { password: Some(SecretRef::File(secret)), ..Options::default() };
    run_with(&connector(settings), &fixture(witness), &options).await
}

#[tokio::test]
async fn the_example_in_python_passes_the_suite() {
    let folder = tempfile::tempdir().unwrap();
    let report = suite(python(&folder), &Rows(folder.path().join("accounts.db")), folder.path()).await;
    held::hold("process", &Peer::real("our own example in Python", None), &report);
    assert!(report.left.is_empty(), "{report}");
}

/// All that the example in Rust keeps, read past it.
struct Kept(PathBuf);

impl Witness for Kept {
    fn mark(&self) -> BoxFuture<'_, String> {
        async { std::fs::read_to_string(&self.0).unwrap_or_default() }.boxed()
    }
}

mod slow {
    use serde_json::json;

    use super::super::example;
    use super::*;

    /// Builds the example as its reader would, and gives the folder with the program.
    fn build() -> PathBuf {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("connector-rust");
        let mut cargo = std::process::Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--locked", "--target-dir"]).arg(&target);
        assert!(cargo.current_dir(example("connector-rust")).status().unwrap().success());
        target.join("debug/connector")
    }

    #[tokio::test]
    async fn every_trouble_that_is_planted_turns_it_red() {
        let folder = tempfile::tempdir().unwrap();
        let rows = Rows(folder.path().join("accounts.db"));
        let make = || connector(python(&folder));
        troubles_are_found(make, &fixture(&rows), &Options::default(), &[]).await;
    }

    #[tokio::test]
    async fn the_example_in_rust_passes_the_suite() {
        let (program, folder) = (build(), tempfile::tempdir().unwrap());
        let file = folder.path().join("accounts.json");
        let settings = json!({
            "folder": example("connector-rust"), "program": program, "settings": { "file": file },
        });
        let report = suite(settings, &Kept(file), folder.path()).await;
        held::hold("process", &Peer::real("our own example in Rust", None), &report);
        assert!(report.left.is_empty(), "{report}");
    }
}
