//! The look at a whole reading of a source, before the first fact of it is believed.
//!
//! A feed that is cut off, shifted, emptied, written with another charset or sent again from
//! yesterday looks like hundreds of people who leave or move at once. [`weigh`] counts what a
//! reading would come to beside what was known before, and says what of it is withheld until a
//! human has looked; additions and honest changes go on. [`row`] says what one row means.

pub mod row;
pub mod weigh;

use serde::{Deserialize, Serialize};
use tenure_model::{IdentityKind, Zone};

pub use row::{Quarantined, RowFacts};
pub use weigh::{Ceiling, ColumnFacts, Reading, Reason, Verdict, Withheld, weigh};

/// Which columns of a feed speak of the engagement. All others are attributes of the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Columns {
    /// The first day; the day on which somebody is first read if no column says it.
    pub first_day: Option<String>,
    /// The last day.
    pub last_day: Option<String>,
    /// The first day of the present or next leave.
    pub leave_from: Option<String>,
    /// Its last day.
    pub leave_until: Option<String>,
    /// As what.
    pub kind: Option<String>,
    /// Where the days begin and end.
    pub zone: Option<String>,
    /// What the source calls the engagement, if somebody has several rows.
    pub engagement: Option<String>,
    /// The kind of everybody whose row says none.
    pub kind_usual: IdentityKind,
    /// The zone of everybody whose row says none.
    pub zone_usual: Zone,
}

impl Default for Columns {
    fn default() -> Self {
        Self {
            first_day: None,
            last_day: None,
            leave_from: None,
            leave_until: None,
            kind: None,
            zone: None,
            engagement: None,
            kind_usual: IdentityKind::Employee,
            zone_usual: Zone::utc(),
        }
    }
}

/// Past these shares of those who are known, a human is asked; in hundredths of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Guard {
    /// So many may disappear or end at once.
    pub disappear_max: u64,
    /// So many may change in one column at once.
    pub change_max: u64,
    /// So many people may be concerned, whatever the share.
    pub people_max: u64,
}

impl Default for Guard {
    fn default() -> Self {
        Self { disappear_max: 500, change_max: 5_000, people_max: 5 }
    }
}

impl Guard {
    fn disappear(&self, known: u64) -> u64 {
        self.people_max.max(known.saturating_mul(self.disappear_max) / 10_000)
    }

    fn change(&self, known: u64) -> u64 {
        self.people_max.max(known.saturating_mul(self.change_max) / 10_000)
    }
}
