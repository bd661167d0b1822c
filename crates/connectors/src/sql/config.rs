//! The settings of a database: how to reach it, and which tables hold what.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tenure_connect::SecretRef;
use tenure_model::{EntitlementKind, Value};

use crate::limits::{SQL_ATTRIBUTES_MAX, SQL_IDENTIFIER_LENGTH_MAX};

/// A database and what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SqlConfig {
    /// How to reach it.
    pub database: Database,
    /// Where accounts are.
    pub accounts: Accounts,
    /// What they can hold, if anything.
    #[serde(default)]
    pub entitlements: Option<Entitlements>,
    /// Writes that are more than a change of a row.
    #[serde(default)]
    pub statements: Statements,
    /// Only read.
    #[serde(default)]
    pub read_only: bool,
}

/// How to reach a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Database {
    /// PostgreSQL.
    Postgresql(Server),
    /// MariaDB.
    Mariadb(Server),
    /// MySQL, which is spoken to as MariaDB is.
    Mysql(Server),
    /// A file of SQLite on this machine.
    Sqlite {
        /// Its absolute path.
        file: PathBuf,
    },
}

/// A database behind a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Server {
    /// The host, as its certificate names it.
    pub host: String,
    /// The port; the usual one of its kind if none.
    #[serde(default)]
    pub port: Option<u16>,
    /// The database.
    pub database: String,
    /// Who we are.
    pub user: String,
    /// Our password.
    pub password: SecretRef,
    /// Certificates to trust, in PEM; those of the machine if none.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Let passwords and personal data cross the network in the clear.
    #[serde(default)]
    pub allow_plain: bool,
}

impl Server {
    /// Whether TLS is spoken: always, unless it is this machine without a certificate to trust, or
    /// the settings say that it may go in the clear.
    pub(super) fn is_private(&self) -> bool {
        let loopback = self.host == "localhost" || self.host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        self.ca_file.is_some() || !(loopback || self.allow_plain)
    }
}

/// Where accounts are: one row each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Accounts {
    /// The table or view, such as `users` or `hr.users`.
    pub table: String,
    /// The column with the id that never changes.
    pub id: String,
    /// The column that names an account to a human.
    pub name: String,
    /// The columns that are read and written; no other is touched.
    pub attributes: Vec<String>,
    /// Attributes with several values, each in a table of its own.
    #[serde(default)]
    pub lists: BTreeMap<String, ListTable>,
    /// How an account is made unusable.
    #[serde(default)]
    pub disable: Option<Disable>,
    /// Whether accounts may be deleted.
    #[serde(default)]
    pub delete: bool,
    /// The column that grows with every change of a row, such as `updated_at` or a version.
    #[serde(default)]
    pub changed: Option<String>,
    /// The logical slot of PostgreSQL that keeps what changed, deletions too; `changed` is not
    /// needed then. It is made once by whoever runs the database, with `test_decoding`.
    #[serde(default)]
    pub slot: Option<String>,
}

/// Where the values of an attribute are: one row each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListTable {
    /// The table.
    pub table: String,
    /// The column with the id of the account.
    pub account: String,
    /// The column with the value.
    pub value: String,
}

/// How an account is made unusable: a column with one of two values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Disable {
    /// The column.
    pub column: String,
    /// Its value for not usable.
    pub disabled: Scalar,
    /// Its value for usable.
    pub enabled: Scalar,
}

/// A value in the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// Yes or no.
    Flag(bool),
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
}

impl Scalar {
    /// As a value of an attribute.
    pub(super) fn value(&self) -> Value {
        match self {
            Self::Flag(flag) => Value::Flag(*flag),
            Self::Number(number) => Value::Number(*number),
            Self::Text(text) => Value::from(text.as_str()),
        }
    }
}

/// What accounts can hold: one row each, and one for each holder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entitlements {
    /// The table or view.
    pub table: String,
    /// The column with the id that never changes.
    pub id: String,
    /// The column with the name.
    pub name: String,
    /// What kind of thing it is.
    #[serde(default = "role")]
    pub kind: EntitlementKind,
    /// Who holds what.
    pub members: Members,
}

fn role() -> EntitlementKind {
    EntitlementKind::Role
}

/// Who holds what: one row for each holder of each thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Members {
    /// The table.
    pub table: String,
    /// The column with the id of the account.
    pub account: String,
    /// The column with the id of what is held.
    pub entitlement: String,
}

/// Statements that take the place of a change of rows. Values are named `:id`, `:entitlement`,
/// `:password` or by their attribute, such as `:mail`, and always bound, never put into the text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Statements {
    /// Makes an account.
    pub create: Option<String>,
    /// Makes it usable.
    pub enable: Option<String>,
    /// Makes it unusable.
    pub disable: Option<String>,
    /// Gives it something to hold.
    pub grant: Option<String>,
    /// Takes that away.
    pub revoke: Option<String>,
    /// Takes the account away.
    pub delete: Option<String>,
    /// Gives it a password. The key is short because a document that names a whole password is held
    /// to hold one.
    pub set_pass: Option<String>,
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadSqlConfig {
    /// A name that no table or column has.
    #[error("`{name}` in `{place}` is not the name of a table or column")]
    Name {
        /// As it was given.
        name: String,
        /// Where.
        place: &'static str,
    },
    /// A value with another meaning or none.
    #[error("`{place}` {reason}")]
    Value {
        /// Where.
        place: &'static str,
        /// What is wrong and the way out.
        reason: String,
    },
    /// The certificates to trust.
    #[error("no certificates to trust could be read; set `caFile` to a PEM file that we may read")]
    Certificates {
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl SqlConfig {
    /// The settings with the naming column among the attributes, and without the column of the
    /// lock, which only enabling and disabling may touch.
    pub(super) fn settled(mut self) -> Self {
        let accounts = &mut self.accounts;
        if !accounts.attributes.contains(&accounts.name) {
            accounts.attributes.push(accounts.name.clone());
        }
        if let Some(disable) = &accounts.disable {
            accounts.attributes.retain(|name| *name != disable.column);
        }
        self
    }

    /// Demands that the settings make sense together.
    pub(super) fn check(&self) -> Result<(), BadSqlConfig> {
        let accounts = &self.accounts;
        let mut names =
            vec![("accounts.table", &accounts.table), ("accounts.id", &accounts.id), ("accounts.name", &accounts.name)];
        names.extend(accounts.attributes.iter().map(|name| ("accounts.attributes", name)));
        names.extend(accounts.changed.iter().map(|name| ("accounts.changed", name)));
        names.extend(accounts.disable.iter().map(|disable| ("accounts.disable.column", &disable.column)));
        for list in accounts.lists.values() {
            names.extend([&list.table, &list.account, &list.value].map(|name| ("accounts.lists", name)));
        }
        if let Some(held) = &self.entitlements {
            names.extend([&held.table, &held.id, &held.name].map(|name| ("entitlements", name)));
            let members = [&held.members.table, &held.members.account, &held.members.entitlement];
            names.extend(members.map(|name| ("entitlements.members", name)));
        }
        if let Some((place, name)) = names.into_iter().find(|(_, name)| !is_name(name)) {
            return Err(BadSqlConfig::Name { name: name.clone(), place });
        }
        let bad = |place, reason: &str| Err(BadSqlConfig::Value { place, reason: reason.to_owned() });
        if accounts.attributes.len() + accounts.lists.len() > SQL_ATTRIBUTES_MAX {
            return bad("accounts.attributes", "names too many columns; name those that are needed");
        }
        if accounts.attributes.iter().any(|name| accounts.lists.contains_key(name)) {
            return bad("accounts.lists", "has the name of a column in `accounts.attributes`; use another name");
        }
        if let Some(slot) = &accounts.slot {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            if slot.is_empty() || slot.len() > 63 || !slot.bytes().all(plain) {
                return bad("accounts.slot", "is not the name of a slot: small letters, digits and `_`, up to 63");
            }
            if !matches!(self.database, Database::Postgresql(_)) {
                return bad("accounts.slot", "is for PostgreSQL; name a column in `accounts.changed` instead");
            }
        }
        match &self.database {
            Database::Sqlite { file } if !file.is_absolute() => {
                bad("database.file", "is not an absolute path; write it from `/`")
            }
            Database::Sqlite { .. } => Ok(()),
            Database::Postgresql(server) | Database::Mariadb(server) | Database::Mysql(server) => {
                let empty = server.host.is_empty() || server.user.is_empty() || server.database.is_empty();
                if empty { bad("database", "needs a host, a database and a user") } else { Ok(()) }
            }
        }
    }
}

/// Whether a name can be that of a table or column: each part of it a text without signs that no
/// quoting takes. What is quoted and what is there is checked besides.
fn is_name(name: &str) -> bool {
    name.len() <= SQL_IDENTIFIER_LENGTH_MAX
        && name.split('.').all(|part| !part.is_empty() && !part.chars().any(char::is_control))
}
