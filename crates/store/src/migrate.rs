//! The schema: forward only, every statement safe to run twice, each file recorded with a hash of
//! its content.
//!
//! A file is written once for both databases; `{{text}}` and its like become what the dialect
//! calls them. A database that another release changed in another way is refused, not repaired.

use crate::db::Store;
use crate::db::dialect::Dialect;
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::limits::MIGRATION_TRIES_MAX;

/// One file of the schema.
#[derive(Debug, Clone, Copy)]
struct Migration {
    version: i64,
    name: &'static str,
    text: &'static str,
}

const MIGRATIONS: [Migration; 26] = [
    Migration { version: 1, name: "people", text: include_str!("../migrations/0001_people.sql") },
    Migration { version: 2, name: "access", text: include_str!("../migrations/0002_access.sql") },
    Migration { version: 3, name: "events", text: include_str!("../migrations/0003_events.sql") },
    Migration { version: 4, name: "journal", text: include_str!("../migrations/0004_journal.sql") },
    Migration { version: 5, name: "ledger", text: include_str!("../migrations/0005_ledger.sql") },
    Migration { version: 6, name: "doors", text: include_str!("../migrations/0006_doors.sql") },
    Migration { version: 7, name: "run_active", text: include_str!("../migrations/0007_run_active.sql") },
    Migration { version: 8, name: "outbox", text: include_str!("../migrations/0008_outbox.sql") },
    Migration { version: 9, name: "estate", text: include_str!("../migrations/0009_estate.sql") },
    Migration { version: 10, name: "tasks", text: include_str!("../migrations/0010_tasks.sql") },
    Migration { version: 11, name: "identity", text: include_str!("../migrations/0011_identity.sql") },
    Migration { version: 12, name: "plans", text: include_str!("../migrations/0012_plans.sql") },
    Migration { version: 13, name: "rules", text: include_str!("../migrations/0013_rules.sql") },
    Migration { version: 14, name: "drift", text: include_str!("../migrations/0014_drift.sql") },
    Migration { version: 15, name: "decision", text: include_str!("../migrations/0015_decision.sql") },
    Migration { version: 16, name: "attestations", text: include_str!("../migrations/0016_attestations.sql") },
    Migration { version: 17, name: "facts", text: include_str!("../migrations/0017_facts.sql") },
    Migration { version: 18, name: "starts", text: include_str!("../migrations/0018_starts.sql") },
    Migration { version: 19, name: "tickets", text: include_str!("../migrations/0019_tickets.sql") },
    Migration { version: 20, name: "deputies", text: include_str!("../migrations/0020_deputies.sql") },
    Migration { version: 21, name: "sets", text: include_str!("../migrations/0021_sets.sql") },
    Migration { version: 22, name: "awaits", text: include_str!("../migrations/0022_awaits.sql") },
    Migration { version: 23, name: "choices", text: include_str!("../migrations/0023_choices.sql") },
    Migration { version: 24, name: "sponsored", text: include_str!("../migrations/0024_sponsored.sql") },
    Migration { version: 25, name: "run_journal", text: include_str!("../migrations/0025_run_journal.sql") },
    Migration { version: 26, name: "run_record", text: include_str!("../migrations/0026_run_record.sql") },
];

/// The version of the schema that this program knows.
pub const SCHEMA_VERSION: i64 = 26;

/// A migration that was applied just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Its number.
    pub version: i64,
    /// Its name.
    pub name: &'static str,
}

/// Why the schema was not brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The program is older than the database.
    #[error("the database has schema {found} and this program knows {known}; use the newer program")]
    Newer {
        /// What the database has.
        found: i64,
        /// What the program knows.
        known: i64,
    },
    /// A recorded migration is not the one that this program has under that number.
    #[error(
        "migration {version} `{name}` was applied in another form than this program has; use the program that made this database"
    )]
    Changed {
        /// Its number.
        version: i64,
        /// Its name.
        name: String,
    },
    /// The database did not do it.
    #[error("the schema could not be brought up to date")]
    Store(#[from] StoreError),
}

impl Store {
    /// Brings the schema up to date. Several nodes may do so at once: they take turns.
    pub async fn migrate(&self) -> Result<Vec<Applied>, MigrateError> {
        self.migrate_to(SCHEMA_VERSION).await
    }

    /// The same, up to a version: for tests of one migration.
    pub async fn migrate_to(&self, last: i64) -> Result<Vec<Applied>, MigrateError> {
        self.make_first_tables().await?;
        let mut applied = Vec::new();
        while let Some(step) = self.write(move |tx| Box::pin(next_step(tx, last))).await? {
            tracing::info!(version = step.version, name = step.name, "the schema was migrated");
            applied.push(step);
        }
        Ok(applied)
    }

    /// The version of the schema in the database; 0 if there is none yet. Refuses what this
    /// program does not know.
    pub async fn schema_version(&self) -> Result<i64, MigrateError> {
        self.read(|tx| {
            Box::pin(async move {
                let found = tx.query_one(tx.dialect().table_count(), &["migration".into()]).await?;
                if found.of("migration").int("tables")? == 0 {
                    return Ok(0);
                }
                check(&recorded(tx).await?)
            })
        })
        .await
    }

    /// Two nodes may try this at once, and PostgreSQL then tells one of them that there is such a
    /// table already in spite of `IF NOT EXISTS`.
    async fn make_first_tables(&self) -> Result<(), StoreError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.write(|tx| Box::pin(first_tables(tx))).await {
                Err(StoreError::Duplicate(_) | StoreError::Busy(_)) if tries < MIGRATION_TRIES_MAX => {}
                ended => return ended,
            }
        }
    }
}

async fn first_tables(tx: &mut Tx) -> Result<(), StoreError> {
    let migration = "CREATE TABLE IF NOT EXISTS migration \
         (version {{int}} NOT NULL PRIMARY KEY, name {{text}} NOT NULL, hash {{text}} NOT NULL)";
    let turn = "CREATE TABLE IF NOT EXISTS migration_turn (id {{int}} NOT NULL PRIMARY KEY, turns {{int}} NOT NULL)";
    for statement in [migration, turn] {
        let sql = in_dialect(tx.dialect(), statement);
        tx.batch(&sql).await?;
    }
    tx.execute("INSERT INTO migration_turn (id, turns) VALUES (1, 0) ON CONFLICT (id) DO NOTHING", &[]).await?;
    Ok(())
}

async fn next_step(tx: &mut Tx, last: i64) -> Result<Option<Applied>, MigrateError> {
    if let Some(sql) = tx.dialect().no_time_limit() {
        tx.batch(sql).await?;
    }
    // Whoever comes second waits here until the first has committed.
    let turns = tx.execute("UPDATE migration_turn SET turns = turns + 1 WHERE id = 1", &[]).await?;
    StoreError::unless_one(turns, "migration_turn", 1)?;
    let known = recorded(tx).await?;
    check(&known)?;
    let next = MIGRATIONS
        .iter()
        .filter(|migration| migration.version <= last)
        .find(|migration| known.iter().all(|(version, _, _)| *version != migration.version));
    let Some(migration) = next else { return Ok(None) };
    for statement in statements(migration.text) {
        let sql = in_dialect(tx.dialect(), &statement);
        tx.batch(&sql).await?;
    }
    let values = [migration.version.into(), migration.name.into(), hash(migration.text).into()];
    let written = tx.execute("INSERT INTO migration (version, name, hash) VALUES ($1, $2, $3)", &values).await?;
    StoreError::unless_one(written, "migration", migration.version)?;
    Ok(Some(Applied { version: migration.version, name: migration.name }))
}

async fn recorded(tx: &mut Tx) -> Result<Vec<(i64, String, String)>, StoreError> {
    let rows = tx.query("SELECT version, name, hash FROM migration ORDER BY version", &[]).await?;
    rows.iter()
        .map(|row| {
            let row = row.of("migration");
            Ok((row.int("version")?, row.string("name")?, row.string("hash")?))
        })
        .collect()
}

/// The newest version, if every recorded one is what this program knows.
fn check(recorded: &[(i64, String, String)]) -> Result<i64, MigrateError> {
    for (version, name, found) in recorded {
        let Some(known) = MIGRATIONS.iter().find(|migration| migration.version == *version) else {
            return Err(MigrateError::Newer { found: *version, known: SCHEMA_VERSION });
        };
        if *found != hash(known.text) {
            return Err(MigrateError::Changed { version: *version, name: name.clone() });
        }
    }
    Ok(recorded.last().map_or(0, |(version, _, _)| *version))
}

/// Cuts a file into its statements. Comments stand on lines of their own, and no text of a
/// statement holds a semicolon.
fn statements(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
    lines.join("\n").split(';').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn in_dialect(dialect: Dialect, statement: &str) -> String {
    // What follows the brackets of a table stands after its `STRICT`.
    let ends = ["{{clustered}}", "{{roomy}}"];
    let end = ends.into_iter().find(|end| statement.ends_with(end)).unwrap_or("");
    let body = statement.strip_suffix(end).unwrap_or(statement);
    let strict = if body.starts_with("CREATE TABLE") { dialect.table_end() } else { "" };
    let whole = format!("{body}{strict}{end}");
    dialect.tokens().iter().fold(whole, |sql, (token, word)| sql.replace(token, word))
}

/// FNV-1a, which is enough to notice an edited file; nobody gains by forging one.
fn hash(text: &str) -> String {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_holes_and_no_token_is_left() {
        for (place, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(migration.version, i64::try_from(place).unwrap() + 1);
            for dialect in [Dialect::Sqlite, Dialect::Postgres] {
                for statement in statements(migration.text) {
                    let sql = in_dialect(dialect, &statement);
                    assert!(!sql.contains("{{"), "{sql}");
                    assert!(
                        ["IF NOT EXISTS", "IF EXISTS", "DO NOTHING"].iter().any(|word| sql.contains(word)),
                        "not safe to run twice: {sql}"
                    );
                }
            }
        }
        assert_eq!(MIGRATIONS.len(), usize::try_from(SCHEMA_VERSION).unwrap());
    }

    #[test]
    fn every_table_of_sqlite_is_strict() {
        let made = in_dialect(Dialect::Sqlite, "CREATE TABLE t (a {{int}}){{clustered}}");
        assert_eq!(made, "CREATE TABLE t (a INTEGER) STRICT, WITHOUT ROWID");
        assert_eq!(
            in_dialect(Dialect::Postgres, "CREATE TABLE t (a {{int}}){{clustered}}"),
            "CREATE TABLE t (a BIGINT)"
        );
    }
}
