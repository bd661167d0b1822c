//! The settings of a SCIM connection, and what is refused among them.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::path::Path;
use super::profile::ProfileName;
use crate::http::{Auth, BadHttpConfig, HttpConfig, Speech};
use crate::limits::HTTP_REQUEST_TIME_MAX;

/// How to reach a SCIM service, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScimConfig {
    /// Where it is: the address below which there are `/Users` and `/Groups`.
    pub url: String,
    /// What kind of service it is.
    #[serde(default)]
    pub profile: ProfileName,
    /// How to sign in.
    pub auth: Auth,
    /// Certificates to trust, in PEM; those of the machine if none.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Let secrets and personal data cross the network in the clear.
    #[serde(default)]
    pub allow_plain: bool,
    /// How accounts look.
    #[serde(default)]
    pub people: People,
    /// What to do with an account that nobody may use.
    #[serde(default)]
    pub disable: Disable,
    /// For how many seconds a write may not be seen; what the profile says if none.
    #[serde(default)]
    pub seen_after_seconds: Option<u64>,
    /// How many seconds one request may take.
    #[serde(default)]
    pub request_seconds_max: Option<u64>,
}

/// How accounts look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct People {
    /// The attributes that are read and written; no other is touched.
    pub attributes: Vec<String>,
}

impl Default for People {
    fn default() -> Self {
        let attributes = [
            "userName",
            "externalId",
            "name.formatted",
            "name.familyName",
            "name.givenName",
            "displayName",
            "title",
            "userType",
            "preferredLanguage",
            "locale",
            "timezone",
            "emails[type eq \"work\"].value",
            "phoneNumbers[type eq \"work\"].value",
            "employeeNumber",
            "costCenter",
            "organization",
            "division",
            "department",
            "manager",
        ];
        Self { attributes: attributes.map(str::to_owned).into() }
    }
}

/// What to do with an account that nobody may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disable {
    /// Make it inactive, and keep everything on it.
    #[default]
    Deactivate,
    /// Delete it, where the service knows no inactive accounts.
    Delete,
}

/// Attributes that hold secrets, which must never be read.
const SECRET_NAMES: [&str; 2] = ["password", "x509Certificates"];
/// Attributes that only the service writes, or that have verbs of their own.
const OWN_NAMES: [&str; 5] = ["id", "meta", "schemas", "groups", "active"];

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadScimConfig {
    /// The address, the line or the certificates.
    #[error(transparent)]
    Http(#[from] BadHttpConfig),
    /// The name of an attribute.
    #[error(
        "`{name}` in `people.attributes` is not the path of an attribute; use forms such as `userName`, `name.givenName`, `emails[type eq \"work\"].value` or `URN:name`"
    )]
    Path {
        /// As it was given.
        name: String,
    },
    /// A secret among the attributes.
    #[error("`{name}` in `people.attributes` holds a secret, which is never read; take it out")]
    Secret {
        /// As it was given.
        name: String,
    },
    /// An attribute that cannot be set.
    #[error("`{name}` in `people.attributes` is not for us to set; take it out")]
    Own {
        /// As it was given.
        name: String,
    },
}

/// An attribute that is read and written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Managed {
    /// As the settings name it.
    pub(super) name: String,
    /// Where it is.
    pub(super) path: Path,
}

/// The attribute that names an account.
pub(super) const USER_NAME: &str = "userName";

impl ScimConfig {
    /// How to reach the service.
    pub(super) fn http(&self) -> HttpConfig {
        HttpConfig {
            url: self.url.clone(),
            ca_file: self.ca_file.clone(),
            allow_plain: self.allow_plain,
            auth: self.auth.clone().into(),
            request_time_max: self.request_seconds_max.map_or(HTTP_REQUEST_TIME_MAX, Duration::from_secs),
            media_type: "application/scim+json",
            speaks: Speech::Json,
        }
    }

    /// How long a write may not be seen.
    pub(super) fn consistency_delay(&self) -> Duration {
        self.seen_after_seconds.map_or(self.profile.profile().consistency_delay, Duration::from_secs)
    }

    /// The attributes that are read and written; the name of an account is always among them.
    pub(super) fn managed(&self) -> Result<Vec<Managed>, BadScimConfig> {
        let mut managed: Vec<Managed> = Vec::new();
        for name in self.people.attributes.iter().map(String::as_str).chain([USER_NAME]) {
            let Some(path) = Path::parse(name) else { return Err(BadScimConfig::Path { name: name.to_owned() }) };
            let is = |known: &&str| path.schema.is_none() && known.eq_ignore_ascii_case(&path.name);
            if SECRET_NAMES.iter().any(is) {
                return Err(BadScimConfig::Secret { name: name.to_owned() });
            }
            if OWN_NAMES.iter().any(is) {
                return Err(BadScimConfig::Own { name: name.to_owned() });
            }
            if !managed.iter().any(|known| known.name.eq_ignore_ascii_case(name) || known.path == path) {
                managed.push(Managed { name: name.to_owned(), path });
            }
        }
        Ok(managed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn config(attributes: &[&str]) -> ScimConfig {
        serde_json::from_value(json!({
            "url": "https://scim.example.org/v2", "auth": {"kind": "bearer", "token": "file:/none"},
            "people": {"attributes": attributes},
        }))
        .unwrap()
    }

    #[test]
    fn the_name_is_always_managed_and_only_once() {
        let names = |attributes: &[&str]| {
            let managed = config(attributes).managed().unwrap();
            managed.into_iter().map(|one| one.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&["title"]), ["title", "userName"]);
        assert_eq!(names(&["username", "title", "TITLE"]), ["username", "title"]);
    }

    #[test]
    fn secrets_and_what_is_not_ours_are_refused() {
        for (bad, word) in
            [("password", "secret"), ("groups", "not for us"), ("active", "not for us"), ("a b", "not the path")]
        {
            let error = config(&[bad]).managed().unwrap_err().to_string();
            assert!(error.contains(word) && error.contains(bad), "{error}");
        }
    }

    #[test]
    fn a_misspelt_setting_is_refused() {
        let misspelt = json!({"url": "https://x/", "auth": {"kind": "bearer", "token": "file:/none"}, "profil": "aws"});
        assert!(serde_json::from_value::<ScimConfig>(misspelt).is_err());
        let secret = json!({"url": "https://x/", "auth": {"kind": "bearer", "token": "hunter2"}});
        let error = serde_json::from_value::<ScimConfig>(secret).unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
