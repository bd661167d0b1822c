//! From what databases say to refusals and doubts.

use tenure_connect::{Doubt, DoubtKind, Refusal, RefusalClass, WriteFault};

/// Why a statement was not answered.
pub(super) enum SqlError {
    /// The database said no.
    Said {
        /// Its code: an SQLSTATE, or a number of MariaDB or SQLite.
        code: String,
        /// What it said, which may quote values.
        words: String,
    },
    /// The line broke, or nothing came.
    Lost(String),
    /// What came is not what was asked for.
    Strange(&'static str),
}

impl SqlError {
    /// The refusal for a read, a connection or a write that was taken back. The database's own
    /// words go to the cause.
    pub(super) fn refusal(self, what: &str, server: &str) -> Refusal {
        match self {
            Self::Said { code, words } => {
                let (class, why) = meaning(&code);
                let message = format!("{what} was refused by `{server}` with code {code}: {why}");
                Refusal::new(class, message).because(std::io::Error::other(words))
            }
            Self::Lost(words) => {
                let message =
                    format!("{what} failed: `{server}` did not answer; check that it is up and can be reached");
                Refusal::new(RefusalClass::Network, message).because(std::io::Error::other(words))
            }
            Self::Strange(why) => Refusal::new(RefusalClass::Unsupported, format!("{what} failed: `{server}` {why}")),
        }
    }

    /// A write that failed under way. A no of the database is one; a line that broke is a doubt.
    pub(super) fn fault(self, what: &str, server: &str) -> WriteFault {
        match self {
            Self::Lost(words) => {
                tracing::warn!(error = %words, server, "no answer to a write");
                let message = format!("{what} was sent to `{server}` and no answer came; read before anything else");
                WriteFault::Doubt(Doubt::new(DoubtKind::LostResponse, message))
            }
            other => WriteFault::Refused(other.refusal(what, server)),
        }
    }

    /// Whether the database only says that a value cannot be in the column it is compared with.
    pub(super) fn is_no_such_value(&self) -> bool {
        matches!(self, Self::Said { code, .. } if code == "22P02" || code == "22003" || code == "22007" || code == "22008")
    }
}

/// What a code means. SQLSTATEs have five signs, numbers of MariaDB four, of SQLite an `S` before.
fn meaning(code: &str) -> (RefusalClass, &'static str) {
    use RefusalClass::{Auth, Exists, Gone, Invalid, Maintenance, Permission, Rate};
    match code {
        "23505" | "1062" | "1586" | "S2067" | "S1555" => {
            (Exists, "something with the same value in a unique column is there already")
        }
        "28000" | "28P01" | "1045" | "1698" => (Auth, "the user or password is wrong; correct `user` or the secret"),
        "42501" | "1044" | "1142" | "1143" | "1227" | "1370" | "S3" | "S8" | "S23" => {
            (Permission, "our user may not do this; give it the right in the database")
        }
        "3D000" | "1049" => (Invalid, "there is no such database; correct `database.database`"),
        "42P01" | "42703" | "1146" | "1054" => (Invalid, "there is no such table or column; correct the settings"),
        "40001" | "40P01" | "55P03" | "1205" | "1213" | "S5" | "S6" | "S517" => {
            (Rate, "somebody else was writing there; it will be tried again")
        }
        "55006" => (Rate, "somebody else reads that slot; give each connection a slot of its own"),
        "53300" | "1040" | "1203" | "1226" => (Rate, "it has no connection left for us; raise its limit"),
        "57P01" | "57P02" | "57P03" | "57014" | "25006" | "1053" | "1290" | "1317" | "1836" | "S10" | "S13" => {
            (Maintenance, "it cannot serve or be written to now")
        }
        "S14" => (Gone, "the file cannot be opened; correct `database.file`"),
        "S26" | "S11" => (Invalid, "the file is no database, or a damaged one"),
        "23503" | "1451" | "1452" | "S787" => (Invalid, "another table does not allow it by a foreign key"),
        _ if code.starts_with("53") || code.starts_with("58") => (Maintenance, "it lacks something to work with"),
        _ => (Invalid, "it does not accept a value or the statement; its own words are in our log"),
    }
}
