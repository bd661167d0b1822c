//! LDAP directories: OpenLDAP, 389 Directory Server and others that keep to the RFCs.
//!
//! Accounts are known by `entryUUID`. Every write is read back over a connection that was not
//! there before it; a line that breaks under a write ends `unknown`. It never turns certificate
//! verification off and never reads an attribute that the settings do not name. The settings are
//! in [`config`]; the verbs are in `read`, `write`, `groups` and `verify`.

pub mod config;
mod dn;
mod entry;
mod fault;
mod feed;
mod groups;
mod lock;
mod place;
mod pool;
mod read;
mod verify;
mod write;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tenure_connect::{
    Artifact, AttributeRule, Batch, Change, ChangeFeed, ChangeToken, Changes, Checked, ClassDescription, Connector,
    Credential, Description, Desired, Expectation, Filter, Limits, Locator, ObjectClass, Operation, Outcome, Page,
    PushDown, Query, Reach, Refusal, Reversibility, Secrets, Verb, Verdict, limits,
};
use tenure_model::{Clock, Observed};

pub use config::{BadLdapConfig, Disable, Groups, LdapConfig, People};

use crate::limits::LDAP_CONNECTIONS_MAX;
use pool::Pool;
use read::Readings;

/// A connector to one LDAP directory.
pub struct LdapConnector {
    pool: Pool,
    clock: Arc<dyn Clock>,
    description: Description,
    readings: Mutex<Readings>,
}

impl LdapConnector {
    /// Takes settings that make sense; nothing is sent to the server yet.
    pub fn new(config: LdapConfig, secrets: Arc<dyn Secrets>, clock: Arc<dyn Clock>) -> Result<Self, BadLdapConfig> {
        let config = config.settled();
        let description = describe(&config);
        let pool = Pool::new(config, secrets)?;
        Ok(Self { pool, clock, description, readings: Mutex::default() })
    }

    fn config(&self) -> &LdapConfig {
        self.pool.config()
    }
}

impl fmt::Debug for LdapConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LdapConnector").field("url", &self.config().url).finish_non_exhaustive()
    }
}

impl Connector for LdapConnector {
    fn describe(&self) -> &Description {
        &self.description
    }

    async fn check(&self) -> Result<Checked, Refusal> {
        self.check_server().await
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

    #[tracing::instrument(name = "connectors.ldap.apply", skip_all, fields(key = %operation.key, generation = operation.generation))]
    async fn apply(&self, change: &Change, operation: &Operation) -> Outcome {
        self.write(change).await
    }

    #[tracing::instrument(name = "connectors.ldap.verify", skip_all)]
    async fn verify(&self, expectation: &Expectation) -> Verdict {
        self.verify_past_the_write(expectation).await
    }

    async fn changes(&self, class: ObjectClass, since: Option<&ChangeToken>) -> Result<Changes, Refusal> {
        match class {
            ObjectClass::Account => self.changed_since(since).await,
            ObjectClass::Entitlement => Err(self.description.unsupported("tell what changed of groups")),
        }
    }

    fn push_down(&self, filter: &Filter) -> PushDown {
        PushDown::split(filter, &|part| self.ldap_filter(part).is_some())
    }
}

/// Object classes whose entries must have `cn` and `sn`.
const PERSON_CLASSES: [&str; 3] = ["person", "organizationalPerson", "inetOrgPerson"];

/// Attributes of the usual schemas that can have several values and mostly do.
const MANY_ATTRIBUTES: [&str; 6] =
    ["mail", "mailAlternateAddress", "telephoneNumber", "mobile", "departmentNumber", "labeledURI"];

fn describe(config: &LdapConfig) -> Description {
    let people = &config.people;
    let is_one_of = |name: &String, names: &[&str]| names.iter().any(|one| one.eq_ignore_ascii_case(name));
    let person = people.object_classes.iter().any(|class| is_one_of(class, &PERSON_CLASSES));
    let rule = |name: &String| {
        if name.eq_ignore_ascii_case(&people.rdn) {
            return AttributeRule::placing(name).required().unique();
        }
        let rule = AttributeRule::open(name);
        let rule = if is_one_of(name, &MANY_ATTRIBUTES) { rule.many() } else { rule };
        if person && is_one_of(name, &["cn", "sn"]) { rule.required() } else { rule }
    };
    let mut attributes: Vec<AttributeRule> = people.attributes.iter().map(rule).collect();
    attributes.push(AttributeRule::read_only(entry::ENTRY_UUID));
    let account = ClassDescription {
        class: ObjectClass::Account,
        native_name: people.object_classes.first().cloned().unwrap_or_default(),
        id_attribute: entry::ENTRY_UUID.into(),
        naming_attribute: people.rdn.clone(),
        attributes,
    };
    let group = ClassDescription {
        class: ObjectClass::Entitlement,
        native_name: config.groups.object_class.clone(),
        id_attribute: entry::ENTRY_UUID.into(),
        naming_attribute: config.groups.rdn.clone(),
        attributes: vec![
            AttributeRule::read_only(&config.groups.rdn),
            AttributeRule::read_only(entry::ENTRY_UUID).unique(),
        ],
    };
    // A created account can be deleted again, but the next one has another `entryUUID`.
    let verbs = BTreeMap::from([
        (Verb::Create, Reversibility::Lossy),
        (Verb::Set, Reversibility::Exact),
        (Verb::Enable, Reversibility::Exact),
        (Verb::Disable, Reversibility::Exact),
        (Verb::Grant, Reversibility::Exact),
        (Verb::Revoke, Reversibility::Exact),
        (Verb::Amend, Reversibility::Exact),
        (Verb::Move, Reversibility::Exact),
        (Verb::SetPassword, Reversibility::Irreversible),
        (Verb::Delete, Reversibility::Lossy),
    ]);
    let requests = u32::try_from(LDAP_CONNECTIONS_MAX).unwrap_or(u32::MAX);
    Description {
        classes: vec![account, group],
        limits: Limits {
            requests_at_once_max: requests,
            page_objects_max: limits::PAGE_OBJECTS_MAX,
            requests_per_second_max: None,
        },
        consistency_delay: Duration::ZERO,
        verbs,
        surface: surface(),
        feeds: [(ObjectClass::Account, ChangeFeed::Imprecise)].into(),
        credentials: [Credential::Password].into(),
        ..Description::new("ldap")
    }
}

/// A directory knows who may sign in and not who has; what was signed in with it lives elsewhere.
fn surface() -> BTreeMap<Artifact, Reach> {
    let reach = |artifact| match artifact {
        Artifact::Account | Artifact::Membership => Reach::Whole,
        Artifact::Session | Artifact::Token => {
            Reach::out("programs that sign people in against a directory keep their own sessions and tokens")
        }
        Artifact::Key => Reach::out("keys on an entry, such as `sshPublicKey`, are attributes and not listed yet"),
        Artifact::AppPassword | Artifact::License | Artifact::Ownership => Reach::NotThere,
    };
    Artifact::ALL.map(|artifact| (artifact, reach(artifact))).into()
}
