//! A scenario as it is written: who and what there is, what happens, and what must come of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value as Json;
use tenure_model::{ConnectionName, IdentityKind};

/// A workflow, tried out.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scenario {
    /// Who and what there is.
    pub given: Given,
    /// What happens: one thing, or several in their order.
    #[serde(deserialize_with = "one_or_many")]
    pub when: Vec<Happening>,
    /// The workflows that are in force; every other is left out.
    #[serde(deserialize_with = "one_or_many")]
    pub run: Vec<String>,
    /// What goes wrong.
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// What humans answer.
    #[serde(default)]
    pub answers: Vec<Answer>,
    /// What must come of it.
    #[serde(deserialize_with = "one_or_many")]
    pub then: Vec<Then>,
}

/// Who and what there is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Given {
    /// When it begins.
    pub at: Option<Timestamp>,
    /// People by their `employeeId`.
    #[serde(default)]
    pub people: BTreeMap<String, Someone>,
    /// Connected systems by name; those of the estate are there too, as fakes.
    #[serde(default)]
    pub systems: BTreeMap<ConnectionName, System>,
}

/// Somebody.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Someone {
    /// What they are.
    #[serde(default = "employee")]
    pub kind: IdentityKind,
    /// Their first day; without one they have no engagement.
    pub first_day: Option<Date>,
    /// Their last day.
    pub last_day: Option<Date>,
    /// Where they work.
    #[serde(default = "utc")]
    pub zone: String,
    /// Who answers for them, by key.
    pub sponsor: Option<String>,
    /// Everything else that is known of them.
    #[serde(flatten)]
    pub attributes: BTreeMap<String, Json>,
}

fn employee() -> IdentityKind {
    IdentityKind::Employee
}

fn utc() -> String {
    "UTC".to_owned()
}

/// A connected system.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct System {
    /// Groups that it has.
    #[serde(default)]
    pub groups: BTreeSet<String>,
    /// Licences that it has.
    #[serde(default)]
    pub licences: BTreeSet<String>,
    /// Accounts that are there already, by the key of their person.
    #[serde(default)]
    pub accounts: BTreeMap<String, Held>,
}

/// An account that is there already.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Held {
    /// Groups that it is in.
    #[serde(default)]
    pub groups: BTreeSet<String>,
    /// Licences that it has.
    #[serde(default)]
    pub licences: BTreeSet<String>,
    /// Sessions that are open.
    #[serde(default)]
    pub sessions: usize,
    /// Refresh tokens.
    #[serde(default)]
    pub tokens: usize,
    /// App passwords.
    #[serde(default)]
    pub app_passwords: usize,
    /// Keys.
    #[serde(default)]
    pub keys: usize,
    /// Whether it is locked.
    #[serde(default)]
    pub disabled: bool,
    /// When its owner last signed in, as the system tells.
    pub last_sign_in: Option<Timestamp>,
}

/// Something that happens.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Happening {
    /// When; at the beginning if not said.
    pub at: Option<Timestamp>,
    /// To whom, by key.
    pub person: String,
    /// An event of a source.
    pub event: Option<String>,
    /// The first day that it tells.
    pub first_day: Option<Date>,
    /// The last day that it tells.
    pub last_day: Option<Date>,
    /// Whether access must end now.
    #[serde(default)]
    pub urgent: bool,
    /// What it says of the person.
    #[serde(default)]
    pub set: BTreeMap<String, Json>,
    /// Where the person works.
    #[serde(default = "utc")]
    pub zone: String,
    /// They sign in at this system, which tells when.
    pub sign_in: Option<ConnectionName>,
    /// A workflow that is started by hand.
    pub start: Option<String>,
    /// With what.
    #[serde(default)]
    pub input: serde_json::Map<String, Json>,
}

/// Something that goes wrong.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// At which system.
    pub system: ConnectionName,
    /// So many writes are refused for the moment.
    #[serde(default)]
    pub fail: usize,
    /// So many writes happen, and their answer is lost.
    #[serde(default)]
    pub lose_answers: usize,
    /// Every write is refused for good.
    #[serde(default)]
    pub refuse: bool,
    /// So many writes are said to be done and are not.
    #[serde(default)]
    pub lie: usize,
}

/// What a human answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Answer {
    /// When; as soon as it is asked if not said.
    pub at: Option<Timestamp>,
    /// To which step, or to which signal.
    pub step: String,
    /// The answer.
    pub outcome: String,
    /// Which of the things that are asked about, by name.
    #[serde(default)]
    pub choose: Vec<String>,
    /// Who.
    #[serde(default = "somebody")]
    pub by: String,
}

fn somebody() -> String {
    "somebody".to_owned()
}

/// What must come of it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Then {
    /// When; once nothing more happens if not said.
    pub at: Option<Timestamp>,
    /// About whom, by key; whom it first happened to if not said.
    pub person: Option<String>,
    /// The state of their account, by system: `active`, `disabled`, `absent`, …
    #[serde(default)]
    pub accounts: BTreeMap<String, String>,
    /// The groups and licences of their account, by system: exactly these.
    #[serde(default)]
    pub holds: BTreeMap<String, BTreeSet<String>>,
    /// Attributes of their account, by system.
    #[serde(default)]
    pub attributes: BTreeMap<String, BTreeMap<String, Json>>,
    /// What a system does for their account: exactly this, as `mailbox/forward → e2` where it is for
    /// somebody else.
    #[serde(default)]
    pub acts: BTreeMap<String, BTreeSet<String>>,
    /// Open sessions in all systems together.
    pub sessions: Option<usize>,
    /// Refresh tokens in all systems together.
    pub tokens: Option<usize>,
    /// App passwords in all systems together.
    pub app_passwords: Option<usize>,
    /// Keys in all systems together.
    pub keys: Option<usize>,
    /// How steps of the workflow ended, by their ids; `waits` or `blocked` for those that did not.
    #[serde(default)]
    pub steps: BTreeMap<String, String>,
    /// How the run stands: `done`, `waiting`, `blocked`, `failed`, `cancelled`, or `none`.
    pub run: Option<String>,
    /// Of which workflow, where several are in force.
    pub workflow: Option<String>,
    /// Who was told what so far, as `notice → address`, in any order.
    pub told: Option<Vec<String>>,
    /// Writes that reached a system so far.
    #[serde(default)]
    pub writes: BTreeMap<String, u64>,
    /// Who answers for them now, by key.
    pub sponsor: Option<String>,
}

fn one_or_many<'de, D: serde::Deserializer<'de>, T: serde::de::DeserializeOwned>(from: D) -> Result<Vec<T>, D::Error> {
    use serde::de::Error as _;
    let value = Json::deserialize(from)?;
    let items = match value {
        Json::Array(items) => items,
        one => vec![one],
    };
    items.into_iter().map(|item| serde_json::from_value(item).map_err(D::Error::custom)).collect()
}
