//! The slot and the tables whose changes it keeps: whether they are fit for it, and how far behind
//! it is. It is made by whoever runs the database; nothing here makes or drops one.

use std::collections::BTreeSet;

use tenure_connect::{Refusal, RefusalClass};

use super::super::SqlConnector;
use super::super::config::Database;
use super::super::dialect::{Datum, Sql};
use super::super::fault::SqlError;
use super::super::pool::Lease;
use super::lines::{Entry, Watched, place, place_text, silent};

/// How many bytes are a MiB.
const MIB: u64 = 1 << 20;

/// Where the slot and the log are.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Slot {
    /// Before this place the slot has let the log go.
    pub(super) kept_from: u64,
    /// So far the log was safe when it was looked at.
    pub(super) end: u64,
    /// How many bytes of the log are kept because of it.
    behind: u64,
    /// Whether the server is about to give it up, because it keeps too much.
    is_endangered: bool,
}

impl SqlConnector {
    /// What `check` says of the slot, once it may be read and the tables are fit for it.
    pub(in super::super) async fn slot_words(&self, lease: &mut Lease, name: &str) -> Result<String, Refusal> {
        self.watched(lease).await?;
        let slot = self.slot(lease, name).await?.map_err(unusable)?;
        let sql = lease.sql().text("SELECT count(*)::text FROM pg_logical_slot_peek_changes(");
        let sql = sql.bind(Datum::Text(name.to_owned())).text(", '0/1', 1)");
        self.of_slot(lease, "looking into the slot", sql).await?;
        let endangered = if slot.is_endangered { ", and the server is about to give it up" } else { "" };
        let behind = slot.behind.div_ceil(MIB);
        Ok(format!("the slot `{name}` keeps {behind} MiB of log{endangered}"))
    }

    /// The slot, or why it is of no use and what is to be done.
    pub(super) async fn slot(&self, lease: &mut Lease, name: &str) -> Result<Result<Slot, String>, Refusal> {
        let sql = lease
            .sql()
            .text(
                "SELECT s.slot_type::text, s.plugin::text, (s.database = current_database())::text, \
                 s.confirmed_flush_lsn::text, s.restart_lsn::text, to_jsonb(s) ->> 'wal_status', \
                 pg_current_wal_flush_lsn()::text, current_setting('wal_level') \
                 FROM (SELECT 1) one LEFT JOIN pg_replication_slots s ON s.slot_name = ",
            )
            .bind(Datum::Text(name.to_owned()));
        let rows = self.of_slot(lease, "looking for the slot", sql).await?;
        Ok(rows.into_iter().next().map_or_else(|| Err(no_slot(name, "logical")), |row| read_slot(name, &row)))
    }

    /// Lets the log before a place go.
    pub(super) async fn let_go(&self, lease: &mut Lease, name: &str, before: u64) -> Result<(), Refusal> {
        let sql = lease.sql().text("SELECT end_lsn::text FROM pg_replication_slot_advance(");
        let sql = sql.bind(Datum::Text(name.to_owned())).text(", ");
        let sql = sql.bind(Datum::Text(place_text(before))).text("::pg_lsn)");
        self.of_slot(lease, "letting the log go", sql).await.map(drop)
    }

    /// The next lines of the log, always whole transactions; about so many. They stay in it.
    pub(super) async fn peek(&self, lease: &mut Lease, name: &str, most: u32) -> Result<Vec<Entry>, Refusal> {
        let sql = lease.sql().text("SELECT lsn::text, xid::text, data FROM pg_logical_slot_peek_changes(");
        let sql = sql.bind(Datum::Text(name.to_owned())).text(&format!(", NULL, {most}, 'skip-empty-xacts', '1')"));
        let rows = self.of_slot(lease, "reading the log", sql).await?;
        let entry = |row: Vec<Option<String>>| {
            let mut cells = row.into_iter().flatten();
            Some(Entry { at: place(&cells.next()?)?, transaction: cells.next()?, said: cells.next()? })
        };
        Ok(rows.into_iter().filter_map(entry).collect())
    }

    /// Transactions that write and are not over, those among them whose commit is in the log already
    /// and is still waited for.
    pub(super) async fn open(&self, lease: &mut Lease) -> Result<BTreeSet<String>, Refusal> {
        let sql = lease.sql().text(
            "SELECT transactionid::text FROM pg_locks WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock' AND \
             granted ORDER BY 1",
        );
        let rows = lease.read("looking for open transactions", sql).await?;
        Ok(rows.into_iter().flatten().flatten().collect())
    }

    /// The tables of the settings that say something about accounts, all of them such that the log
    /// names their rows.
    pub(super) async fn watched(&self, lease: &mut Lease) -> Result<Vec<Watched>, Refusal> {
        let accounts = &self.config().accounts;
        let mut wanted = vec![(accounts.table.as_str(), accounts.id.as_str())];
        wanted.extend(accounts.lists.values().map(|list| (list.table.as_str(), list.account.as_str())));
        let members = self.config().entitlements.as_ref().map(|held| &held.members);
        wanted.extend(members.map(|members| (members.table.as_str(), members.account.as_str())));
        let mut watched = Vec::with_capacity(wanted.len());
        for (table, column) in wanted {
            let quoted = self.pool.dialect().table(table);
            let sql = lease.sql().text(
                "SELECT format('%I.%I', n.nspname, c.relname), c.relkind::text, c.relpersistence::text, \
                 (c.relreplident = 'f' OR EXISTS (SELECT 1 FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid \
                 AND a.attnum = ANY (i.indkey) WHERE i.indrelid = c.oid AND ((c.relreplident = 'd' AND i.indisprimary) \
                 OR (c.relreplident = 'i' AND i.indisreplident)) AND a.attname = ",
            );
            let sql = sql.bind(Datum::Text(column.to_owned()));
            let sql = sql.text(
                "))::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass(",
            );
            let sql = sql.bind(Datum::Text(quoted)).text(")");
            let rows = lease.read("looking at the tables", sql).await?;
            let row = rows.into_iter().next().unwrap_or_default();
            let name = in_log(table, &row).map_err(unusable)?;
            watched.push(Watched { table: name, column: column.to_owned() });
        }
        Ok(watched)
    }

    async fn of_slot(&self, lease: &mut Lease, what: &str, sql: Sql) -> Result<Vec<Vec<Option<String>>>, Refusal> {
        match lease.run(sql).await {
            Ok(done) => Ok(done.rows),
            Err(SqlError::Said { code, words }) if code == "42501" => {
                let user = match &self.config().database {
                    Database::Postgresql(server) => server.user.as_str(),
                    Database::Mariadb(_) | Database::Mysql(_) | Database::Sqlite { .. } => "",
                };
                let said = format!(
                    "{what} is not allowed to `{user}`; run `ALTER ROLE {user} REPLICATION`, or give it the role that \
                     your provider has for that"
                );
                Err(Refusal::new(RefusalClass::Permission, said).because(std::io::Error::other(words)))
            }
            Err(error) => Err(lease.refusal(what, error)),
        }
    }
}

pub(super) fn unusable(why: String) -> Refusal {
    Refusal::new(RefusalClass::Invalid, why)
}

fn no_slot(name: &str, wal_level: &str) -> String {
    let first = match wal_level {
        "logical" => "",
        _ => "set `wal_level = logical` in the server, which has too little in its log as it is, start it anew, and ",
    };
    format!(
        "there is no logical slot `{name}`; {first}make it once with `SELECT \
         pg_create_logical_replication_slot('{name}', 'test_decoding')`"
    )
}

fn read_slot(name: &str, row: &[Option<String>]) -> Result<Slot, String> {
    let cell = |at: usize| row.get(at).and_then(Option::as_deref).unwrap_or_default();
    let again = "make another with `SELECT pg_create_logical_replication_slot('…', 'test_decoding')`";
    match (cell(0), cell(1), cell(2)) {
        ("", ..) => return Err(no_slot(name, cell(7))),
        ("logical", "test_decoding", "true") => {}
        ("logical", "test_decoding", _) => return Err(format!("the slot `{name}` is of another database; {again}")),
        ("logical", plugin, _) => {
            return Err(format!(
                "the slot `{name}` speaks `{plugin}`, and only `test_decoding` is understood; {again}"
            ));
        }
        _ => return Err(format!("the slot `{name}` is a physical one, which names no rows; {again}")),
    }
    let (kept_from, oldest) = (place(cell(3)), place(cell(4)));
    let (Some(kept_from), Some(oldest), Some(end), true) = (kept_from, oldest, place(cell(6)), cell(5) != "lost")
    else {
        return Err(format!(
            "the slot `{name}` was given up by the server, because it kept more than `max_slot_wal_keep_size`; drop it \
             with `SELECT pg_drop_replication_slot('{name}')` and make it again"
        ));
    };
    Ok(Slot { kept_from, end, behind: end.saturating_sub(oldest), is_endangered: cell(5) == "unreserved" })
}

/// The name of a table in the log, or why the log does not tell what we need of it.
fn in_log(table: &str, row: &[Option<String>]) -> Result<String, String> {
    let cell = |at: usize| row.get(at).and_then(Option::as_deref).unwrap_or_default();
    let instead = "name another, or take `accounts.slot` out and name a column in `accounts.changed`";
    match (cell(1), cell(2), cell(3)) {
        ("r", "p", "true") => Ok(cell(0).to_owned()),
        ("r", "p", _) => Err(silent(cell(0))),
        ("r", ..) => Err(format!("`{table}` is not in the log, because it is unlogged or temporary; {instead}")),
        ("p", ..) => Err(format!("`{table}` is partitioned, and the log speaks of its parts only; {instead}")),
        _ => Err(format!("`{table}` is no table, and the log speaks of tables only; {instead}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> Vec<Option<String>> {
        cells.iter().map(|cell| (!cell.is_empty()).then(|| (*cell).to_owned())).collect()
    }

    #[test]
    fn a_slot_that_is_of_no_use_is_told_with_what_is_to_be_done() {
        let good = ["logical", "test_decoding", "true", "0/20", "0/10", "reserved", "0/30", "logical"];
        let slot = read_slot("s", &row(&good)).unwrap();
        assert_eq!(slot, Slot { kept_from: 0x20, end: 0x30, behind: 0x20, is_endangered: false });
        for (at, cell, says) in [
            (0, "", "there is no logical slot `s`; make it once"),
            (0, "physical", "is a physical one"),
            (1, "pgoutput", "speaks `pgoutput`"),
            (2, "false", "is of another database"),
            (4, "", "was given up by the server"),
            (5, "lost", "drop it"),
        ] {
            let mut cells = good;
            cells[at] = cell;
            let why = read_slot("s", &row(&cells)).unwrap_err();
            assert!(why.contains(says), "{why}");
        }
        let poor = ["", "", "", "", "", "", "0/30", "replica"];
        assert!(read_slot("s", &row(&poor)).unwrap_err().contains("set `wal_level = logical`"));
    }

    #[test]
    fn a_table_that_the_log_does_not_tell_of_is_refused() {
        assert_eq!(in_log("people", &row(&["public.people", "r", "p", "true"])).unwrap(), "public.people");
        for (cells, says) in [
            (["public.people", "r", "p", "false"], "REPLICA IDENTITY FULL"),
            (["public.people", "r", "u", "true"], "unlogged"),
            (["public.people", "p", "p", "true"], "partitioned"),
            (["public.people", "v", "p", "false"], "no table"),
        ] {
            assert!(in_log("people", &row(&cells)).unwrap_err().contains(says), "{says}");
        }
    }
}
