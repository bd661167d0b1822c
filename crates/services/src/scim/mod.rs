//! SCIM 2.0 services (RFC 7643, RFC 7644, RFC 9865), and those that nearly are.
//!
//! Accounts are users and entitlements are groups, known by their `id`. What a target can be asked
//! is data: a [`profile`] declares it and the server's own word narrows it. Every write is looked
//! for before it is sent and read back by another request; a lost answer ends `unknown`. It never
//! turns certificate verification off and never reads an attribute that the settings do not name.
//! The settings are in [`config`]; the verbs are in `read`, `write`, `groups` and `verify`.

mod body;
pub mod config;
mod fault;
mod filter;
mod groups;
mod learned;
mod page;
mod path;
pub mod profile;
mod read;
mod resource;
mod verify;
mod write;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use tenure_connect::{
    Artifact, AttributeRule, Batch, Change, Checked, ClassDescription, Connector, Credential, Description, Desired,
    Discovery, Expectation, Filter, Limits, Locator, ObjectClass, Operation, Outcome, Page, PushDown, Query, Reach,
    Refusal, Reversibility, Secrets, Verb, Verdict, limits,
};
use tenure_model::{Clock, Observed};
use tokio::sync::OnceCell;

pub use config::{BadScimConfig, Disable, People, ScimConfig};
pub use profile::{Profile, ProfileName};

use crate::http::{Auth, HttpClient};
use crate::limits::HTTP_REQUESTS_AT_ONCE_MAX;
use config::{Managed, USER_NAME};
use learned::Able;
use page::Readings;
use profile::{Delete, Filters, Inactive};

/// A connector to one SCIM service.
pub struct ScimConnector {
    config: ScimConfig,
    managed: Vec<Managed>,
    projection: String,
    http: HttpClient,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    description: Description,
    able: OnceCell<Able>,
    readings: Mutex<Readings>,
    /// Whether the server stumbled over the choice of attributes.
    choiceless: AtomicBool,
    /// Whether the server refused a filter over a whole reading.
    unfiltered: AtomicBool,
    /// Held while a whole user or group is read, changed and put back.
    whole_writes: tokio::sync::Mutex<()>,
}

impl ScimConnector {
    /// Takes settings that make sense; nothing is sent to the server yet.
    pub fn new(config: ScimConfig, secrets: Arc<dyn Secrets>, clock: Arc<dyn Clock>) -> Result<Self, BadScimConfig> {
        let managed = config.managed()?;
        let http = HttpClient::new(config.http(), Arc::clone(&secrets), Arc::clone(&clock))?;
        let projection = read::projection(&managed, &Able::declared(config.profile.profile()));
        let description = describe(&config, &managed);
        Ok(Self {
            config,
            managed,
            projection,
            http,
            secrets,
            clock,
            description,
            able: OnceCell::new(),
            readings: Mutex::default(),
            choiceless: AtomicBool::new(false),
            unfiltered: AtomicBool::new(false),
            whole_writes: tokio::sync::Mutex::default(),
        })
    }

    fn profile(&self) -> &'static Profile {
        self.config.profile.profile()
    }
}

impl fmt::Debug for ScimConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScimConnector").field("url", &self.http.url()).finish_non_exhaustive()
    }
}

impl Connector for ScimConnector {
    fn describe(&self) -> &Description {
        &self.description
    }

    async fn check(&self) -> Result<Checked, Refusal> {
        self.check_service().await
    }

    async fn read(&self, query: &Query, page: &Page) -> Result<Batch, Refusal> {
        self.read_page(query, page).await
    }

    async fn get(&self, locator: &Locator) -> Result<Option<Observed>, Refusal> {
        self.observe(locator).await
    }

    async fn plan(&self, desired: &Desired) -> Result<Vec<Change>, Refusal> {
        self.plan_changes(desired).await
    }

    #[tracing::instrument(name = "connectors.scim.apply", skip_all, fields(key = %operation.key, generation = operation.generation))]
    async fn apply(&self, change: &Change, operation: &Operation) -> Outcome {
        self.write(change).await
    }

    fn push_down(&self, filter: &Filter) -> PushDown {
        PushDown::split(filter, &|part| filter::takes(self.profile().user_filters, &self.managed, part))
    }

    async fn discover(&self) -> Result<Discovery, Refusal> {
        self.discover_service().await
    }

    #[tracing::instrument(name = "connectors.scim.verify", skip_all)]
    async fn verify(&self, expectation: &Expectation) -> Verdict {
        self.verify_by_another_request(expectation, None).await
    }
}

fn describe(config: &ScimConfig, managed: &[Managed]) -> Description {
    let profile = config.profile.profile();
    let rule = |managed: &Managed| AttributeRule {
        filterable: profile.user_filters.take(&managed.path.wire()) && !managed.path.is_exact(),
        many: managed.path.is_list(),
        required: managed.name.eq_ignore_ascii_case(USER_NAME),
        unique: managed.name.eq_ignore_ascii_case(USER_NAME) || managed.path.is_exact(),
        ..AttributeRule::open(&managed.name)
    };
    let mut attributes: Vec<AttributeRule> = managed.iter().map(rule).collect();
    attributes.push(AttributeRule { filterable: false, ..AttributeRule::read_only("id") }.unique());
    let account = ClassDescription {
        class: ObjectClass::Account,
        native_name: "User".into(),
        id_attribute: "id".into(),
        naming_attribute: USER_NAME.into(),
        attributes,
    };
    let group = ClassDescription {
        class: ObjectClass::Entitlement,
        native_name: "Group".into(),
        id_attribute: "id".into(),
        naming_attribute: "displayName".into(),
        attributes: vec![
            AttributeRule {
                filterable: profile.group_filters != Filters::None,
                ..AttributeRule::read_only("displayName")
            },
            AttributeRule { filterable: false, ..AttributeRule::read_only("id") }.unique(),
        ],
    };
    let disable = match (config.disable, profile.inactive, profile.delete) {
        (Disable::Deactivate, Inactive::Keeps, _) | (Disable::Delete, _, Delete::Deactivates) => Reversibility::Exact,
        (Disable::Deactivate, Inactive::Vanishes, _) | (Disable::Delete, _, Delete::Removes) => Reversibility::Lossy,
    };
    // A created user can be deleted again, but the next one has another `id`.
    let mut verbs = BTreeMap::from([
        (Verb::Create, Reversibility::Lossy),
        (Verb::Set, Reversibility::Exact),
        (Verb::SetPassword, Reversibility::Irreversible),
        (Verb::Enable, Reversibility::Exact),
        (Verb::Disable, disable),
        (Verb::Grant, Reversibility::Exact),
        (Verb::Revoke, Reversibility::Exact),
    ]);
    if managed.iter().any(|managed| managed.path.is_list()) {
        verbs.insert(Verb::Amend, Reversibility::Exact);
    }
    // Where DELETE only makes inactive, nobody could ever see the account gone.
    if profile.delete == Delete::Removes {
        verbs.insert(Verb::Delete, Reversibility::Lossy);
    }
    Description {
        classes: vec![account, group],
        limits: Limits {
            requests_at_once_max: u32::try_from(HTTP_REQUESTS_AT_ONCE_MAX).unwrap_or(u32::MAX),
            page_objects_max: profile.page_objects_max.min(limits::PAGE_OBJECTS_MAX),
            requests_per_second_max: profile.writes_per_second_max,
        },
        consistency_delay: config.consistency_delay(),
        verbs,
        surface: surface(),
        credentials: [credential(&config.auth)].into(),
        ..Description::new("scim")
    }
}

fn credential(auth: &Auth) -> Credential {
    match auth {
        Auth::Bearer { .. } => Credential::Token,
        Auth::Basic { .. } => Credential::Password,
        Auth::ClientCredentials { .. } => Credential::ClientCredentials,
    }
}

/// SCIM knows accounts and groups, and nothing of what was signed in with them.
fn surface() -> BTreeMap<Artifact, Reach> {
    let reach = |artifact| match artifact {
        Artifact::Account | Artifact::Membership => Reach::Whole,
        Artifact::Session | Artifact::Token | Artifact::AppPassword | Artifact::Key => {
            Reach::out("SCIM has no word for it; the service's own interface has to be asked")
        }
        Artifact::License => Reach::out("what a seat costs and when it is freed is decided by the service"),
        Artifact::Ownership => Reach::out("SCIM does not say who owns what; move it before the account is deleted"),
    };
    Artifact::ALL.map(|artifact| (artifact, reach(artifact))).into()
}
