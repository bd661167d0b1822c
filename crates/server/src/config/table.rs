//! What is known of a setting besides its value, and the page made of it.

use std::fmt::Write as _;

use super::{Config, ENV_PREFIX};

/// One setting, as it was declared.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Its name in the file and on the command line.
    pub key: &'static str,
    /// What kind of value it takes, in words.
    pub kind: fn() -> String,
    /// The value when nobody says; empty for none.
    pub default: &'static str,
    /// What it does.
    pub about: &'static str,
    /// The version that has it first.
    pub since: &'static str,
    /// Whether its value must never be shown.
    pub secret: bool,
}

impl Setting {
    /// Its name in the environment.
    pub fn variable(&self) -> String {
        format!("{ENV_PREFIX}{}", self.key.replace('.', "_").to_uppercase())
    }
}

/// The page of the reference that lists every setting.
pub fn reference() -> String {
    let mut page = String::from(
        "# Configuration\n\nSettings come from `tenure.toml`, from the environment and from the command line; \
         the later place wins. A setting that does not exist is an error.\n",
    );
    for setting in Config::SETTINGS {
        let default = if setting.default.is_empty() { "none".to_owned() } else { format!("`{}`", setting.default) };
        let secret = if setting.secret { " · secret: never shown" } else { "" };
        let _ = write!(
            page,
            "\n## `{}`\n\n{}\n\nTakes {} · default {} · `{}` · since {}{}\n",
            setting.key,
            setting.about.trim(),
            (setting.kind)(),
            default,
            setting.variable(),
            setting.since,
            secret
        );
    }
    page
}

/// Declares settings: the type that holds them, and the table that describes them.
macro_rules! settings {
    ($($(#[doc = $about:literal])+ $field:ident: $kind:ty = $key:literal, $default:literal, $since:literal, $secret:literal;)*) => {
        /// The settings of the server.
        #[derive(Debug, Clone)]
        pub struct Config {
            $($(#[doc = $about])+ pub $field: $kind,)*
        }

        impl Config {
            /// Every setting, in the order of the reference.
            pub const SETTINGS: &[$crate::config::Setting] = &[$($crate::config::Setting {
                key: $key,
                kind: <$kind as $crate::config::SettingValue>::kind,
                default: $default,
                about: concat!($($about),+),
                since: $since,
                secret: $secret,
            },)*];

            pub(super) fn read(sources: &$crate::config::Sources) -> Result<Self, $crate::config::ConfigError> {
                $(let $field = sources.value::<$kind>($key, $default, $secret)?;)*
                Ok(Self { $($field,)* })
            }
        }
    };
}
pub(super) use settings;
