//! The settings of a system that only humans reach.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Deserialize;
use tenure_connect::desk::ATTESTED_BY;
use tenure_model::Assignee;

use crate::limits::{
    MANUAL_ATTRIBUTES_MAX, MANUAL_ENTITLEMENTS_MAX, MANUAL_HOURS_MAX, MANUAL_HOURS_USUAL,
    MANUAL_INSTRUCTIONS_CHARS_MAX, MANUAL_NAME_CHARS_MAX,
};

/// The attribute under which the description shows the native id.
pub(super) const ID_ATTRIBUTE: &str = "id";

/// The settings of a system that only humans reach.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ManualConfig {
    /// What people call the system.
    pub system: String,
    /// Whoever does it.
    pub r#for: Assignee,
    /// How many hours they have.
    #[serde(default = "hours")]
    pub within_hours: u32,
    /// Whoever looks afterwards whether it is so; never the one who did it. With none, whoever
    /// did it says so, and that is all there is.
    #[serde(default)]
    pub look: Option<LookConfig>,
    /// The attribute that names an account and is given once, such as `employeeId`.
    pub identify: String,
    /// The other attributes that an account can have.
    #[serde(default)]
    pub attributes: Vec<String>,
    /// What an account can hold.
    #[serde(default)]
    pub entitlements: Vec<ManualEntitlement>,
    /// How it is done. `{{ system }}`, `{{ account }}` and `{{ change }}` are filled in.
    #[serde(default)]
    pub instructions: String,
}

/// Whoever looks afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LookConfig {
    /// Who.
    pub r#for: Assignee,
    /// How many hours they have.
    #[serde(default = "hours")]
    pub within_hours: u32,
}

/// Something that an account can hold.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ManualEntitlement {
    /// Its id, which does not change.
    pub id: String,
    /// What people call it; as the id if none.
    #[serde(default)]
    pub name: Option<String>,
}

/// Why settings are of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{setting}`: {reason}")]
pub struct BadManualConfig {
    /// Which setting.
    pub setting: &'static str,
    /// What is wrong, and what would be right.
    pub reason: String,
}

fn hours() -> u32 {
    MANUAL_HOURS_USUAL
}

/// So many hours.
pub(super) fn span(hours: u32) -> Duration {
    Duration::from_hours(u64::from(hours))
}

impl ManualConfig {
    /// Nothing if the settings make sense.
    pub fn check(&self) -> Result<(), BadManualConfig> {
        let bad = |setting, reason: String| Err(BadManualConfig { setting, reason });
        let fits = |text: &str| !text.trim().is_empty() && text.chars().count() <= MANUAL_NAME_CHARS_MAX;
        let hours = [self.within_hours].into_iter().chain(self.look.iter().map(|look| look.within_hours));
        if !fits(&self.system) {
            return bad(
                "system",
                format!("say what people call the system, in 1 to {MANUAL_NAME_CHARS_MAX} characters"),
            );
        }
        if hours.into_iter().any(|hours| hours == 0 || hours > MANUAL_HOURS_MAX) {
            return bad("withinHours", format!("give them 1 to {MANUAL_HOURS_MAX} hours"));
        }
        let mut names = BTreeSet::from([ATTESTED_BY, ID_ATTRIBUTE]);
        let attributes = [&self.identify].into_iter().chain(&self.attributes);
        for name in attributes {
            if !fits(name) || !names.insert(name) {
                return bad("attributes", format!("`{name}` is named twice, has no letters, or is kept for ourselves"));
            }
        }
        if self.attributes.len() > MANUAL_ATTRIBUTES_MAX || self.entitlements.len() > MANUAL_ENTITLEMENTS_MAX {
            let most = format!("{MANUAL_ATTRIBUTES_MAX} attributes and {MANUAL_ENTITLEMENTS_MAX} entitlements");
            return bad("entitlements", format!("a system that humans keep has at most {most}"));
        }
        let mut ids = BTreeSet::new();
        if let Some(one) = self.entitlements.iter().find(|one| !fits(&one.id) || !ids.insert(one.id.as_str())) {
            return bad("entitlements", format!("the id `{}` is there twice, or has no letters", one.id));
        }
        if self.instructions.chars().count() > MANUAL_INSTRUCTIONS_CHARS_MAX {
            return bad("instructions", format!("write at most {MANUAL_INSTRUCTIONS_CHARS_MAX} characters"));
        }
        Ok(())
    }
}
