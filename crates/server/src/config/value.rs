//! What kinds of values settings take, and how each is read from text.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use tenure_api::problem::quoted;
use tenure_services::hook::{BadNet, Net};

/// A value that can be read from the text of a setting.
pub trait SettingValue: Sized {
    /// What it takes, in words that follow "takes".
    fn kind() -> String;
    /// Reads it, or says what is wrong in words that follow the name of the setting.
    fn read(text: &str) -> Result<Self, String>;
}

impl SettingValue for String {
    fn kind() -> String {
        "a text".to_owned()
    }
    fn read(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl SettingValue for SecretString {
    fn kind() -> String {
        "a text".to_owned()
    }
    fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("is empty".to_owned()) } else { Ok(Self::from(text)) }
    }
}

impl SettingValue for PathBuf {
    fn kind() -> String {
        "a path".to_owned()
    }
    fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("is empty; give it a path".to_owned()) } else { Ok(Self::from(text)) }
    }
}

impl SettingValue for SocketAddr {
    fn kind() -> String {
        "an address and a port".to_owned()
    }
    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| format!("is {}, which is not an address such as `127.0.0.1:8080`", quoted(text)))
    }
}

/// Addresses of inner networks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nets(pub Vec<Net>);

impl SettingValue for Nets {
    fn kind() -> String {
        "addresses such as `10.1.0.0/16`, with commas between them".to_owned()
    }
    fn read(text: &str) -> Result<Self, String> {
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        let nets = words.map(|word| word.parse().map_err(|bad: BadNet| format!("does not fit: {bad}")));
        nets.collect::<Result<_, _>>().map(Self)
    }
}

/// Names of attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names(pub BTreeSet<String>);

impl SettingValue for Names {
    fn kind() -> String {
        "names of attributes such as `department`, with commas between them".to_owned()
    }
    fn read(text: &str) -> Result<Self, String> {
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        let names = words.map(|word| {
            let fits = word.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '_' || sign == '-');
            if fits { Ok(word.to_owned()) } else { Err(format!("has {}, which names no attribute", quoted(word))) }
        });
        names.collect::<Result<_, _>>().map(Self)
    }
}

impl<T: SettingValue> SettingValue for Option<T> {
    fn kind() -> String {
        T::kind()
    }
    fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() { Ok(None) } else { T::read(text).map(Some) }
    }
}

/// A whole number between two bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole<const MIN: u32, const MAX: u32>(u32);

impl<const MIN: u32, const MAX: u32> Whole<MIN, MAX> {
    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
    /// The number, for sizes.
    pub fn size(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl<const MIN: u32, const MAX: u32> SettingValue for Whole<MIN, MAX> {
    fn kind() -> String {
        format!("a whole number from {MIN} to {MAX}")
    }
    fn read(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(number) if (MIN..=MAX).contains(&number) => Ok(Self(number)),
            Ok(_) | Err(_) => Err(format!("is {}, which is not a whole number from {MIN} to {MAX}", quoted(text))),
        }
    }
}

/// A time in whole seconds between two bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seconds<const MIN: u32, const MAX: u32>(u32);

impl<const MIN: u32, const MAX: u32> Seconds<MIN, MAX> {
    /// The time.
    pub fn get(self) -> Duration {
        Duration::from_secs(u64::from(self.0))
    }
}

impl<const MIN: u32, const MAX: u32> SettingValue for Seconds<MIN, MAX> {
    fn kind() -> String {
        format!("seconds from {MIN} to {MAX}")
    }
    fn read(text: &str) -> Result<Self, String> {
        Whole::<MIN, MAX>::read(text).map(|whole| Self(whole.get()))
    }
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

impl SettingValue for LogFormat {
    fn kind() -> String {
        "`text` or `json`".to_owned()
    }
    fn read(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            other => Err(format!("is {}; use `text` or `json`", quoted(other))),
        }
    }
}
