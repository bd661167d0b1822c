//! Every setting of the server: declared once in [`settings`], read once at the start.
//!
//! Later places win: the default, the file `tenure.toml`, the environment, the command line.
//! Below this module nobody reads the environment; what is needed is handed down.

mod settings;
mod table;
mod value;

pub use settings::{ApplyFolder, Config, MetricsAccess};
pub use table::{Setting, reference};
pub use value::{LogFormat, Names, Nets, Seconds, SettingValue, Whole};

use std::collections::BTreeMap;
use std::path::Path;

use tenure_api::Code;

use crate::limits::CONFIG_BYTES_MAX;

/// What has to be said to listen beyond this machine without TLS.
pub const CLEAR_PHRASE: &str = "i-understand-that-tokens-travel-in-clear";

/// What environment variables of settings begin with.
pub const ENV_PREFIX: &str = "TENURE_";

/// Variables of the command line, which are not settings of the server; `cli` tests that all of its own are here.
const NOT_SETTINGS: [&str; 5] =
    ["TENURE_BENCH_POSTGRES", "TENURE_CONFIG", "TENURE_CONTEXTS", "TENURE_SERVER", "TENURE_TOKEN"];

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the settings in `{path}`; make it readable or name another with `--config`")]
    Unreadable {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("`{path}` is not TOML; correct the place that the cause names")]
    NotToml {
        /// Which file.
        path: String,
        /// Where and why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// There is no such setting.
    #[error("{place}: there is no setting `{key}`{hint}")]
    Unknown {
        /// Where it was found.
        place: String,
        /// What it was called.
        key: String,
        /// What it may have meant.
        hint: String,
    },
    /// The value is of no use.
    #[error("{place}: `{key}` {reason}")]
    BadValue {
        /// Where it was found.
        place: String,
        /// Which setting.
        key: String,
        /// What is wrong, never with the words of a secret.
        reason: String,
    },
    /// Listening beyond this machine without TLS.
    #[error(
        "refused to listen on `{address}` without TLS, because tokens would travel in clear; set `tls.certificate` and `tls.key`, listen on 127.0.0.1, or set `unsafe.listen_without_tls` to `{CLEAR_PHRASE}`"
    )]
    OpenWithoutTls {
        /// The address.
        address: std::net::SocketAddr,
    },
}

impl ConfigError {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::Unknown { .. } => Code::UnknownSetting,
            Self::Unreadable { .. } | Self::NotToml { .. } | Self::BadValue { .. } => Code::BadSetting,
            Self::OpenWithoutTls { .. } => Code::OpenWithoutTls,
        }
    }
}

/// A value with the place where it was found.
#[derive(Clone)]
struct Found {
    text: String,
    place: String,
}

/// What was found for each setting. Its values may be secrets, so it has no `Debug`.
#[derive(Clone, Default)]
pub struct Sources {
    found: BTreeMap<&'static str, Found>,
}

impl Sources {
    /// Nothing but defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a file of settings. A file that is not there is an error only when it was named.
    pub fn file(self, path: &Path, named: Named) -> Result<Self, ConfigError> {
        let shown = path.display().to_string();
        match read_limited(path) {
            Ok(text) => self.toml(&text, &shown),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && named == Named::ByDefault => Ok(self),
            Err(source) => Err(ConfigError::Unreadable { path: shown, source }),
        }
    }

    /// Reads settings in TOML.
    pub fn toml(mut self, text: &str, path: &str) -> Result<Self, ConfigError> {
        let table: toml::Table = text
            .parse()
            .map_err(|source| ConfigError::NotToml { path: path.to_owned(), source: Box::new(strip(source)) })?;
        let mut open: Vec<(String, toml::Value)> = table.into_iter().collect();
        while let Some((key, value)) = open.pop() {
            match value {
                toml::Value::Table(inner) => {
                    open.extend(inner.into_iter().map(|(name, value)| (format!("{key}.{name}"), value)));
                }
                toml::Value::String(text) => self.set(&key, text, path)?,
                toml::Value::Integer(number) => self.set(&key, number.to_string(), path)?,
                toml::Value::Boolean(flag) => self.set(&key, flag.to_string(), path)?,
                toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Array(_) => {
                    let reason = "is neither a text nor a whole number".to_owned();
                    return Err(ConfigError::BadValue { place: path.to_owned(), key, reason });
                }
            }
        }
        Ok(self)
    }

    /// Reads the environment of the process.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn environment(self) -> Result<Self, ConfigError> {
        self.variables(std::env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            name.starts_with(ENV_PREFIX).then_some((name, value.to_string_lossy().into_owned()))
        }))
    }

    /// Reads these variables.
    pub fn variables(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        for (name, value) in variables {
            if !name.starts_with(ENV_PREFIX) || NOT_SETTINGS.contains(&name.as_str()) {
                continue;
            }
            let setting = Config::SETTINGS.iter().find(|setting| setting.variable() == name);
            let Some(setting) = setting else {
                let known: Vec<String> = Config::SETTINGS.iter().map(Setting::variable).collect();
                let hint = did_you_mean(&name, known.iter().map(String::as_str));
                return Err(ConfigError::Unknown { place: "environment".to_owned(), key: name, hint });
            };
            self.found.insert(setting.key, Found { text: value, place: format!("environment variable {name}") });
        }
        Ok(self)
    }

    /// Takes a setting of the command line.
    pub fn flag(mut self, key: &str, value: &str) -> Result<Self, ConfigError> {
        self.set(key, value.to_owned(), "command line")?;
        Ok(self)
    }

    /// The settings, once everything was read.
    pub fn config(&self) -> Result<Config, ConfigError> {
        let config = Config::read(self)?;
        config.check()?;
        Ok(config)
    }

    fn set(&mut self, key: &str, text: String, place: &str) -> Result<(), ConfigError> {
        let Some(setting) = Config::SETTINGS.iter().find(|setting| setting.key == key) else {
            let hint = did_you_mean(key, Config::SETTINGS.iter().map(|setting| setting.key));
            return Err(ConfigError::Unknown { place: place.to_owned(), key: key.to_owned(), hint });
        };
        self.found.insert(setting.key, Found { text, place: place.to_owned() });
        Ok(())
    }

    /// One setting, from the last place that names it.
    fn value<T: SettingValue>(&self, key: &'static str, default: &str, secret: bool) -> Result<T, ConfigError> {
        let found = self.found.get(key);
        let text = found.map_or(default, |found| found.text.as_str());
        T::read(text).map_err(|reason| ConfigError::BadValue {
            place: found.map_or_else(|| "default".to_owned(), |found| found.place.clone()),
            key: key.to_owned(),
            reason: if secret { "cannot be used (its value is a secret and not shown)".to_owned() } else { reason },
        })
    }
}

/// Whether the user named a file or it is where it always is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// The user said which.
    ByUser,
    /// It is where it always is, or not at all.
    ByDefault,
}

/// The error without the line that it quotes, which may hold a secret.
fn strip(mut error: toml::de::Error) -> toml::de::Error {
    error.set_input(None);
    error
}

fn read_limited(path: &Path) -> std::io::Result<String> {
    use std::io::Read as _;
    let mut text = String::new();
    std::fs::File::open(path)?.take(CONFIG_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

fn did_you_mean<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let nearest = known.map(|name| (distance(word, name), name)).min();
    match nearest {
        Some((steps, name)) if steps <= crate::limits::SLIP_DISTANCE_MAX => format!("; did you mean `{name}`?"),
        Some(_) | None => "; the reference of the configuration lists all settings".to_owned(),
    }
}

/// How many letters have to be changed, added or taken away to come from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, letter) in from.chars().enumerate() {
        let mut next = vec![line + 1];
        for (place, other) in to.iter().enumerate() {
            let (above, left) = (row.get(place + 1).copied(), next.last().copied());
            let swap = row.get(place).copied().unwrap_or(usize::MAX - 1) + usize::from(letter != *other);
            let step = above.into_iter().chain(left).min().unwrap_or(usize::MAX - 1) + 1;
            next.push(swap.min(step));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests;
