//! What the database's own catalogue says of the tables that the settings name.

use std::collections::BTreeMap;

use tenure_connect::{Refusal, RefusalClass};

use super::SqlConnector;
use super::dialect::{Datum, Dialect, Kind, Sql};
use super::pool::Lease;

/// A table or view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Table {
    /// Its columns, and what each holds.
    pub(super) columns: BTreeMap<String, Kind>,
    /// The columns that alone are unique.
    pub(super) unique: Vec<String>,
    /// Whether it is a table, not a view.
    pub(super) is_table: bool,
    /// Whether the id of a deleted row may be given to a new one.
    pub(super) gives_ids_again: bool,
    /// Whether writes to it can be taken back while they are under way.
    pub(super) is_transactional: bool,
}

/// Every table that the settings name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Catalogue {
    pub(super) tables: BTreeMap<String, Table>,
}

impl Catalogue {
    /// What a column holds; text if it is not known.
    pub(super) fn kind(&self, table: &str, column: &str) -> Kind {
        self.tables.get(table).and_then(|table| table.columns.get(column)).copied().unwrap_or(Kind::Text)
    }
}

impl SqlConnector {
    /// Asks for every table that the settings name, and demands every column that they name.
    pub(super) async fn catalogue(&self, lease: &mut Lease) -> Result<Catalogue, Refusal> {
        let config = self.config();
        let accounts = &config.accounts;
        let mut needed: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let own = accounts.attributes.iter().chain([&accounts.id]).chain(&accounts.changed);
        let own = own.chain(accounts.disable.iter().map(|disable| &disable.column));
        needed.entry(&accounts.table).or_default().extend(own.map(String::as_str));
        for list in accounts.lists.values() {
            needed.entry(&list.table).or_default().extend([list.account.as_str(), list.value.as_str()]);
        }
        if let Some(held) = &config.entitlements {
            needed.entry(&held.table).or_default().extend([held.id.as_str(), held.name.as_str()]);
            let members = &held.members;
            let columns = [members.account.as_str(), members.entitlement.as_str()];
            needed.entry(&members.table).or_default().extend(columns);
        }
        let mut catalogue = Catalogue::default();
        for (name, columns) in needed {
            let table = self.table(lease, name).await?;
            if table.columns.is_empty() {
                let what = format!("there is no table or view `{name}` that we may see; correct the settings");
                return Err(Refusal::new(RefusalClass::Invalid, what));
            }
            if let Some(lost) = columns.iter().find(|column| !table.columns.contains_key(**column)) {
                let there: Vec<&str> = table.columns.keys().map(String::as_str).collect();
                let there = there.join("`, `");
                let what = format!("`{name}` has no column `{lost}`; it has `{there}`; correct the settings");
                return Err(Refusal::new(RefusalClass::Invalid, what));
            }
            catalogue.tables.insert(name.to_owned(), table);
        }
        Ok(catalogue)
    }

    async fn table(&self, lease: &mut Lease, name: &str) -> Result<Table, Refusal> {
        let dialect = self.pool.dialect();
        let (schema, plain) = match name.split_once('.') {
            Some((schema, plain)) => (Some(schema.to_owned()), plain.to_owned()),
            None => (None, name.to_owned()),
        };
        let mut table = Table { is_transactional: true, ..Table::default() };
        let what = "reading the catalogue";
        for row in lease.read(what, columns(lease.sql(), dialect, schema.clone(), &plain)).await? {
            let [Some(column), Some(kind)] = row.as_slice() else { continue };
            table.columns.insert(column.clone(), dialect.kind(kind));
        }
        for row in lease.read(what, uniques(lease.sql(), dialect, schema.clone(), &plain)).await? {
            table.unique.extend(row.into_iter().flatten());
        }
        if let [row, ..] = lease.read(what, nature(lease.sql(), dialect, schema, &plain)).await?.as_slice() {
            let word = |at: usize| row.get(at).and_then(Option::as_deref).unwrap_or_default();
            table.is_table = matches!(word(0), "BASE TABLE" | "table");
            let engine = word(1);
            // SQLite gives the number of the last row again, unless the table is made otherwise.
            table.gives_ids_again =
                dialect == Dialect::Sqlite && !engine.to_ascii_uppercase().contains("AUTOINCREMENT");
            // Of the engines of MariaDB only some can take a write back.
            table.is_transactional = dialect != Dialect::Mysql
                || !table.is_table
                || ["InnoDB", "RocksDB", "TokuDB", "NDB"].iter().any(|known| engine.eq_ignore_ascii_case(known));
        }
        Ok(table)
    }
}

fn schema_of(sql: Sql, dialect: Dialect, schema: Option<String>) -> Sql {
    match (schema, dialect) {
        (Some(schema), _) => sql.bind(Datum::Text(schema)),
        (None, Dialect::Mysql) => sql.text("DATABASE()"),
        (None, _) => sql.text("current_schema()"),
    }
}

fn columns(sql: Sql, dialect: Dialect, schema: Option<String>, table: &str) -> Sql {
    let name = Datum::Text(table.to_owned());
    match dialect {
        Dialect::Sqlite => sql.text("SELECT name, type FROM pragma_table_info(").bind(name).text(")"),
        Dialect::Postgres => {
            let sql = sql.text(
                "SELECT CAST(column_name AS text), CAST(data_type AS text) FROM information_schema.columns WHERE \
                 table_name = ",
            );
            schema_of(sql.bind(name).text(" AND table_schema = "), dialect, schema)
        }
        Dialect::Mysql => {
            let sql = sql.text(
                "SELECT CAST(column_name AS CHAR), CAST(column_type AS CHAR) FROM information_schema.columns WHERE \
                 table_name = ",
            );
            schema_of(sql.bind(name).text(" AND table_schema = "), dialect, schema)
        }
    }
}

fn uniques(sql: Sql, dialect: Dialect, schema: Option<String>, table: &str) -> Sql {
    let name = Datum::Text(table.to_owned());
    match dialect {
        Dialect::Sqlite => {
            // A single column that is the key is not an index where it is the row's own number.
            let sql = sql.text("SELECT max(c.name) FROM pragma_index_list(");
            let sql = sql.bind(name.clone());
            let sql = sql.text(
                ") l, pragma_index_info(l.name) c WHERE l.\"unique\" = 1 AND l.partial = 0 GROUP BY l.name HAVING \
                 count(*) = 1 UNION SELECT max(name) FROM pragma_table_info(",
            );
            sql.bind(name).text(") WHERE pk > 0 HAVING count(*) = 1")
        }
        Dialect::Postgres => {
            let sql = sql.text(
                "SELECT CAST(a.attname AS text) FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace \
                 n ON n.oid = t.relnamespace JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0] \
                 WHERE i.indisunique AND i.indnkeyatts = 1 AND i.indpred IS NULL AND i.indexprs IS NULL AND t.relname = ",
            );
            schema_of(sql.bind(name).text(" AND n.nspname = "), dialect, schema)
        }
        Dialect::Mysql => {
            let sql = sql.text(
                "SELECT CAST(max(column_name) AS CHAR) FROM information_schema.statistics WHERE non_unique = 0 AND \
                 table_name = ",
            );
            let sql = schema_of(sql.bind(name).text(" AND table_schema = "), dialect, schema);
            sql.text(" GROUP BY index_name HAVING count(*) = 1 AND max(sub_part) IS NULL")
        }
    }
}

fn nature(sql: Sql, dialect: Dialect, schema: Option<String>, table: &str) -> Sql {
    let name = Datum::Text(table.to_owned());
    match dialect {
        Dialect::Sqlite => sql.text("SELECT type, sql FROM sqlite_schema WHERE name = ").bind(name),
        Dialect::Postgres => {
            let sql = sql.text(
                "SELECT CAST(table_type AS text), CAST(NULL AS text) FROM information_schema.tables WHERE table_name = ",
            );
            schema_of(sql.bind(name).text(" AND table_schema = "), dialect, schema)
        }
        Dialect::Mysql => {
            let sql = sql.text(
                "SELECT CAST(table_type AS CHAR), CAST(engine AS CHAR) FROM information_schema.tables WHERE table_name = ",
            );
            schema_of(sql.bind(name).text(" AND table_schema = "), dialect, schema)
        }
    }
}
