//! A small company on disk: settings, estate and a folder for data, against a real directory.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::postgresql::Postgresql;
use crate::scim::ScimServer;
use crate::slapd::Slapd;

/// A company whose house can be opened again and again.
#[derive(Debug)]
pub struct Company {
    folder: TempDir,
}

impl Company {
    /// A company with an HR source, this directory and the sample roles, on this database.
    #[expect(clippy::expect_used, reason = "a test without a template must stop")]
    pub fn new(database: &str, slapd: &Slapd) -> Self {
        let ldap = sample("connections/ldap.yaml");
        let account = ldap.find("  account:").and_then(|place| ldap.get(place..)).expect("a template");
        let head = format!(
            "apiVersion: tenure/v1\nkind: Connection\nmetadata: {{ name: ldap }}\nspec:\n  connector: ldap\n  \
             direction: target\n{}",
            slapd.config()
        );
        Self::with(database, &(head + account), &sample("roles/staff.yaml"))
    }

    /// The same with a SCIM service in the place of the directory.
    pub fn with_scim(database: &str, server: &ScimServer) -> Self {
        let target = format!(
            "apiVersion: tenure/v1\nkind: Connection\nmetadata: {{ name: scim }}\nspec:\n  connector: scim\n  \
             direction: target\n  config:\n    url: {}\n    auth:\n      kind: bearer\n      token: {{ secret: \"file:{}\" }}\n  \
             account:\n    match: externalId\n    set:\n      externalId: person.employeeId\n      userName: person.email\n      \
             name.givenName: person.givenName\n      name.familyName: person.familyName\n      \
             'emails[type eq \"work\"].value': person.email\n  \
             entitlements:\n    group/staff: staff\n    group/finance: finance\n",
            server.url(),
            server.token_file().display()
        );
        Self::with(database, &target, &sample("roles/staff.yaml").replace("ldap", "scim"))
    }

    /// The same with the table `users` of a PostgreSQL in the place of the directory.
    pub fn with_database(database: &str, server: &Postgresql) -> Self {
        let target = format!(
            "apiVersion: tenure/v1\nkind: Connection\nmetadata: {{ name: shop }}\nspec:\n  connector: sql\n  \
             direction: target\n{}    accounts:\n      table: users\n      id: id\n      name: username\n      attributes: [username, employee_no, \
             email]\n      disable: {{ column: active, disabled: false, enabled: true }}\n  account:\n    match: \
             employee_no\n    set:\n      employee_no: person.employeeId\n      username: person.email\n      email: \
             person.email\n  entitlements:\n    group/staff: staff\n    group/finance: finance\n",
            server.config()
        );
        Self::with(database, &target, &sample("roles/staff.yaml").replace("ldap", "shop"))
    }

    /// The same with a directory in memory, whose document has these further lines.
    pub fn with_watched(database: &str, lines: &str) -> Self {
        let ldap = sample("connections/ldap.yaml");
        let account = ldap.find("  account:").and_then(|place| ldap.get(place..)).unwrap_or_default();
        let head = format!(
            "apiVersion: tenure/v1\nkind: Connection\nmetadata: {{ name: ldap }}\nspec:\n  connector: memory\n  \
             direction: target\n  config: {{}}\n{lines}"
        );
        Self::with(database, &format!("{head}{account}"), &sample("roles/staff.yaml"))
    }

    /// The same with a directory in memory, and further documents.
    pub fn with_memory(database: &str, documents: &str) -> Self {
        let ldap = sample("connections/ldap.yaml");
        let account = ldap.find("  account:").and_then(|place| ldap.get(place..)).unwrap_or_default();
        let head = "apiVersion: tenure/v1\nkind: Connection\nmetadata: { name: ldap }\nspec:\n  connector: memory\n  \
                    direction: target\n  config: {}\n";
        Self::with(database, &format!("{head}{account}\n---\n{documents}"), &sample("roles/staff.yaml"))
    }

    /// A company with an HR source, this target and these roles.
    #[expect(clippy::expect_used, reason = "a test without a folder must stop")]
    fn with(database: &str, target: &str, roles: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let estate = folder.path().join("estate");
        for part in ["connections", "roles"] {
            std::fs::create_dir_all(estate.join(part)).expect("a folder");
        }
        let write = |path: PathBuf, text: &str| std::fs::write(path, text).expect("a file");
        write(estate.join("connections/hr.yaml"), &sample("connections/hr.yaml"));
        write(estate.join("connections/target.yaml"), target);
        write(estate.join("roles/staff.yaml"), roles);
        let path = |name: &str| folder.path().join(name).display().to_string();
        let database = if database == "sqlite" { format!("sqlite:{}", path("tenure.db")) } else { database.to_owned() };
        let settings = format!(
            "listen = \"127.0.0.1:0\"\n[database]\nurl = \"{database}\"\n[estate]\nfolder = \"{}\"\n[data]\nfolder = \"{}\"\n\
             [log]\nlevel = \"warn\"\n",
            path("estate"),
            path("keys")
        );
        write(folder.path().join("tenure.toml"), &settings);
        Self { folder }
    }

    /// The settings.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("tenure.toml")
    }

    /// A place for a file of the test.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// A file of the sample estate.
#[expect(clippy::expect_used, reason = "a test without the sample must stop")]
fn sample(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/first-estate");
    std::fs::read_to_string(root.join(path)).expect("the sample estate")
}
