//! The settings of a feed: where it comes from, how it is written, and what is expected of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tenure_connect::SecretRef;
use tenure_outside::openssh;

use super::decode::Charset;
use crate::limits::FILE_COLUMNS_MAX;

/// A feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FileConfig {
    /// Where it comes from.
    pub from: From,
    /// How it is written.
    pub format: Format,
    /// The column that identifies a row; no two rows have the same.
    pub key: String,
    /// The column that names an account to a human; the key if none.
    #[serde(default)]
    pub name: Option<String>,
    /// The columns that are read; all if none. A missing one is an error.
    #[serde(default)]
    pub columns: Vec<String>,
    /// Columns that are more than text.
    #[serde(default)]
    pub types: BTreeMap<String, ColumnType>,
    /// What an empty cell means.
    #[serde(default)]
    pub blank: Blank,
    /// The column that says whether an account is usable; all are if none.
    #[serde(default)]
    pub status: Option<Status>,
    /// Whether the feed holds everybody, or only what changed.
    #[serde(default)]
    pub delta: Option<Delta>,
    /// How the feed says that it is whole.
    #[serde(default)]
    pub whole: Option<Whole>,
    /// Rows that may be wrong before the feed is refused; they are set aside and named.
    #[serde(default)]
    pub bad_rows_max: u64,
    /// What is expected of the feed as a whole.
    #[serde(default)]
    pub expect: Expect,
}

/// Where a feed comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum From {
    /// A folder of this machine.
    Folder {
        /// Its absolute path.
        path: PathBuf,
        /// Which files, such as `hr-*.csv`.
        files: String,
        /// Which of them.
        #[serde(default)]
        pick: Pick,
    },
    /// A web server.
    Http {
        /// The address; `https`, or `http` on this machine.
        url: String,
        /// How we show who we are.
        #[serde(default)]
        auth: Option<HttpAuth>,
    },
    /// An SSH server.
    Sftp {
        /// The host.
        host: String,
        /// The port.
        #[serde(default = "ssh_port")]
        port: u16,
        /// Who we are there.
        user: String,
        /// Our private key, as `file:PATH`.
        identity: SecretRef,
        /// The keys of the server that are believed, as OpenSSH writes them.
        known_hosts: PathBuf,
        /// The folder on the server.
        path: String,
        /// Which files, such as `hr-*.csv`.
        files: String,
        /// Which of them.
        #[serde(default)]
        pick: Pick,
    },
}

fn ssh_port() -> u16 {
    22
}

/// Which of the files that fit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pick {
    /// The one that was changed last; of several, the one that comes last by name.
    #[default]
    Newest,
    /// The one that comes last by name, as with a date in the name.
    Last,
    /// All of them, in the order of their names.
    All,
}

/// How we show who we are to a web server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum HttpAuth {
    /// By a token.
    Bearer {
        /// It.
        token: SecretRef,
    },
    /// By a password.
    Basic {
        /// Whose.
        user: String,
        /// It.
        password: SecretRef,
    },
}

/// How a feed is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Format {
    /// Values with a delimiter between them.
    Csv {
        /// One of `,`, `;`, `|` and the tabulator, or any other ASCII sign; found out if none.
        #[serde(default)]
        delimiter: Option<char>,
        /// How letters are written; UTF-8, or what a byte order mark says, if none.
        #[serde(default)]
        charset: Option<Charset>,
    },
    /// One JSON document.
    Json {
        /// The way to the list of rows, such as `data.items`; the document itself if none.
        #[serde(default)]
        records: Option<String>,
        /// How letters are written.
        #[serde(default)]
        charset: Option<Charset>,
    },
    /// A JSON document on each line.
    JsonLines {
        /// How letters are written.
        #[serde(default)]
        charset: Option<Charset>,
    },
    /// An Excel workbook.
    Xlsx {
        /// The sheet; the first if none.
        #[serde(default)]
        sheet: Option<String>,
    },
}

impl Format {
    /// The word for it in messages.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Csv { .. } => "CSV",
            Self::Json { .. } => "JSON",
            Self::JsonLines { .. } => "JSON lines",
            Self::Xlsx { .. } => "XLSX",
        }
    }
}

/// What a cell holds that is more than text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnType {
    /// A whole number.
    Number,
    /// Yes or no, as one of these words, without regard to case.
    Flag {
        /// The words for yes.
        yes: Vec<String>,
        /// The words for no.
        no: Vec<String>,
    },
    /// A day in this form, such as `%d.%m.%Y`.
    Date(String),
    /// Several texts with this between them.
    List(String),
}

/// What an empty cell means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blank {
    /// That there is no value any more.
    #[default]
    Cleared,
    /// Nothing.
    Absent,
}

/// How a row says whether an account is usable. A word in neither list leaves it unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Status {
    /// The column.
    pub column: String,
    /// The words for usable.
    pub active: BTreeSet<String>,
    /// The words for not usable.
    pub disabled: BTreeSet<String>,
}

/// How a row of a delta says what happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Delta {
    /// The column.
    pub column: String,
    /// The words for new and changed.
    pub upsert: BTreeSet<String>,
    /// The words for gone.
    pub delete: BTreeSet<String>,
}

/// How a feed says that it is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Whole {
    /// By its last row, which begins with this text and holds the number of rows in this field.
    Trailer {
        /// How it begins.
        starts: String,
        /// Which field holds the number, counted from 1.
        field: usize,
    },
    /// By a file beside it, with the same name and this at its end, that holds the number of rows.
    Control {
        /// Such as `.ctl`.
        suffix: String,
    },
}

/// What is expected of a feed as a whole, in whole percent. What is not met does not stop what is
/// new, but absence is then no fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Expect {
    /// The fewest rows. A feed with fewer is refused.
    pub rows_min: u64,
    /// How many of the keys of the last good reading may be missing.
    pub keys_lost_percent_max: u64,
    /// How many of the rows of the last good reading may have changed.
    pub rows_changed_percent_max: u64,
    /// By how much a column may be emptier than in the last good reading, in percent of the rows.
    pub fill_lost_percent_max: u64,
    /// The mark of a feed that looks wrong and that a human found to be right.
    pub accept: Option<String>,
}

impl Default for Expect {
    fn default() -> Self {
        Self {
            rows_min: 1,
            keys_lost_percent_max: 10,
            rows_changed_percent_max: 50,
            fill_lost_percent_max: 20,
            accept: None,
        }
    }
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadFileConfig {
    /// Something must be there.
    #[error("`{place}` is empty; it is needed")]
    Empty {
        /// Where.
        place: &'static str,
    },
    /// A path that depends on where we were started.
    #[error("`{path}` in `{place}` is not an absolute path; write it from `/`")]
    Path {
        /// As it was given.
        path: String,
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
    /// There is no way out of this machine.
    #[error("no calls can be made over HTTP")]
    Http {
        /// Why.
        #[source]
        source: reqwest::Error,
    },
}

impl FileConfig {
    /// The column that names an account.
    pub(super) fn naming(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.key)
    }

    /// Demands that the settings make sense together.
    pub(super) fn check(&self) -> Result<(), BadFileConfig> {
        if self.key.is_empty() {
            return Err(BadFileConfig::Empty { place: "key" });
        }
        if self.columns.len() > FILE_COLUMNS_MAX {
            let reason = format!("names more than {FILE_COLUMNS_MAX} columns; name those that are needed");
            return Err(BadFileConfig::Value { place: "columns", reason });
        }
        self.check_from()?;
        self.check_format()?;
        if let Some(Whole::Trailer { starts, field }) = &self.whole
            && (starts.is_empty() || *field < 1)
        {
            let reason = "needs the text that the trailer starts with and a field from 1 on".to_owned();
            return Err(BadFileConfig::Value { place: "whole", reason });
        }
        if let Some(Whole::Control { suffix }) = &self.whole
            && (suffix.is_empty() || matches!(self.from, From::Http { .. }))
        {
            let reason = "needs a suffix, and a folder or SFTP to look in".to_owned();
            return Err(BadFileConfig::Value { place: "whole", reason });
        }
        Ok(())
    }

    fn check_from(&self) -> Result<(), BadFileConfig> {
        let absolute = |path: &PathBuf, place| {
            let bad = || BadFileConfig::Path { path: path.display().to_string(), place };
            path.is_absolute().then_some(()).ok_or_else(bad)
        };
        match &self.from {
            From::Folder { path, files, .. } => {
                check_files(files)?;
                absolute(path, "from.path")
            }
            From::Http { url, .. } => check_url(url),
            From::Sftp { host, user, identity, known_hosts, path, files, .. } => {
                check_files(files)?;
                absolute(known_hosts, "from.knownHosts")?;
                // These become arguments of a program, where a leading dash would be an option.
                for (place, text) in [("from.host", host), ("from.user", user)] {
                    if !openssh::is_plain(text) {
                        let reason = "must be letters, digits, dots, colons and dashes".to_owned();
                        return Err(BadFileConfig::Value { place, reason });
                    }
                }
                if path.is_empty() {
                    return Err(BadFileConfig::Empty { place: "from.path" });
                }
                match identity {
                    SecretRef::File(_) => Ok(()),
                    SecretRef::Vault(_) => {
                        let reason = "must be a file, because the SSH client reads it itself; use `file:PATH`";
                        Err(BadFileConfig::Value { place: "from.identity", reason: reason.to_owned() })
                    }
                }
            }
        }
    }

    fn check_format(&self) -> Result<(), BadFileConfig> {
        if let Format::Csv { delimiter: Some(sign), .. } = &self.format
            && (!sign.is_ascii() || matches!(sign, '"' | '\r' | '\n' | '\0'))
        {
            let reason = format!("cannot be {sign:?}; use an ASCII sign such as `;`");
            return Err(BadFileConfig::Value { place: "format.delimiter", reason });
        }
        let empty_list =
            self.types.values().any(|kind| matches!(kind, ColumnType::List(between) if between.is_empty()));
        if empty_list {
            let reason = "has a list with nothing between its values; write `list: \";\"`".to_owned();
            return Err(BadFileConfig::Value { place: "types", reason });
        }
        Ok(())
    }
}

fn check_files(files: &str) -> Result<(), BadFileConfig> {
    if files.is_empty() || files.contains('/') {
        let reason = "must be the name of files in the folder, such as `hr-*.csv`, without `/`".to_owned();
        return Err(BadFileConfig::Value { place: "from.files", reason });
    }
    Ok(())
}

fn check_url(text: &str) -> Result<(), BadFileConfig> {
    let bad = |reason: &str| BadFileConfig::Value { place: "from.url", reason: reason.to_owned() };
    let url: reqwest::Url = text.parse().map_err(|_| bad("is not a URL; write it from `https://`"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("holds a name or password; use `from.auth`"));
    }
    let clear = || bad("would cross the network in the clear; use `https://`");
    super::source::http::may_be_called(&url).then_some(()).ok_or_else(clear)
}
