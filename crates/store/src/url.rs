//! Where the database is: `sqlite:PATH`, `sqlite::memory:` or `postgres://…`.
//!
//! The password of a server never appears in what this prints.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where the database is.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file.
    SqliteFile(PathBuf),
    /// Nothing but memory: for tests and for looking around.
    SqliteMemory,
    /// A server.
    Postgres(Box<tokio_postgres::Config>),
}

/// Why a text does not name a database. The text is not repeated: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadDatabaseUrl {
    /// Neither of the two kinds.
    #[error("a database is named `sqlite:PATH`, `sqlite::memory:` or `postgres://USER@HOST/NAME`")]
    Kind,
    /// No path after `sqlite:`.
    #[error("`sqlite:` is followed by the path of a file")]
    Path,
    /// Not a URL that the driver understands.
    #[error("the address after `postgres:` cannot be read; it looks like `postgres://USER:PASSWORD@HOST:PORT/NAME`")]
    Address,
}

impl FromStr for DatabaseUrl {
    type Err = BadDatabaseUrl;
    fn from_str(text: &str) -> Result<Self, BadDatabaseUrl> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return text.parse().map(|config| Self::Postgres(Box::new(config))).map_err(|_| BadDatabaseUrl::Address);
        }
        match text.strip_prefix("sqlite:") {
            None => Err(BadDatabaseUrl::Kind),
            Some(":memory:") => Ok(Self::SqliteMemory),
            Some("" | "//") => Err(BadDatabaseUrl::Path),
            Some(path) => Ok(Self::SqliteFile(PathBuf::from(path.strip_prefix("//").unwrap_or(path)))),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SqliteFile(path) => write!(f, "sqlite:{}", path.display()),
            Self::SqliteMemory => f.write_str("sqlite::memory:"),
            Self::Postgres(config) => {
                write!(f, "postgres://{}", config.get_user().unwrap_or(""))?;
                for (place, host) in config.get_hosts().iter().enumerate() {
                    f.write_str(if place == 0 { "@" } else { "," })?;
                    match host {
                        tokio_postgres::config::Host::Tcp(name) => f.write_str(name)?,
                        #[cfg(unix)]
                        tokio_postgres::config::Host::Unix(path) => write!(f, "{}", path.display())?,
                    }
                    if let Some(port) = config.get_ports().get(place) {
                        write!(f, ":{port}")?;
                    }
                }
                write!(f, "/{}", config.get_dbname().unwrap_or(""))
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_kinds_are_understood_and_the_rest_is_refused() {
        assert_eq!("sqlite::memory:".parse(), Ok(DatabaseUrl::SqliteMemory));
        assert_eq!("sqlite:a/b.db".parse(), Ok(DatabaseUrl::SqliteFile("a/b.db".into())));
        assert_eq!("sqlite:///a/b.db".parse(), Ok(DatabaseUrl::SqliteFile("/a/b.db".into())));
        for bad in ["", "sqlite", "sqlite:", "mysql://x", "postgres://h:port/x"] {
            assert!(bad.parse::<DatabaseUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let url: DatabaseUrl = "postgres://ada:hush-hush@db.example:5433/tenure".parse().unwrap();
        assert_eq!(
            format!("{url} {url:?}"),
            "postgres://ada@db.example:5433/tenure postgres://ada@db.example:5433/tenure"
        );
        let error = "postgres://ada:hush-hush@db:port/x".parse::<DatabaseUrl>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
    }
}
