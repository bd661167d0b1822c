//! Accounts on Linux hosts, over SSH.
//!
//! One script of ours runs at the far end of a line and answers requests; what we send besides are
//! values, and nothing that is put together from values is ever run. Accounts are known by their
//! uid, which is never given twice. Root, the account that we sign in as, accounts of the system
//! and those that the settings protect are never touched. A write happens under a lock of the
//! host, and is read back over another line; a line that breaks under it ends `unknown`. The
//! settings are in [`config`], the far end in `script.sh`, `folders.sh` and `drives.sh`, the verbs in
//! `read` and `write`, and what is done with home folders and drives in `actions`.

mod actions;
pub mod config;
mod drives;
mod folders;
pub mod gecos;
mod keys;
mod read;
mod session;
mod snapshot;
mod write;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use tenure_connect::{
    Actions, Artifact, AttributeRule, Batch, Change, Checked, ClassDescription, Connector, Credential, Description,
    Desired, Expectation, Limits, Locator, ObjectClass, Operation, Outcome, Page, Query, Reach, Refusal, Reversibility,
    Secrets, SeenArtifact, Shape, Verb, Verdict, limits,
};
use tenure_model::{Clock, Observed};
use tokio::sync::Mutex;

pub use config::{BadSshConfig, SshConfig};

use gecos::Field;
use session::Slot;

/// A connector to one host.
pub struct SshConnector {
    config: SshConfig,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    description: Description,
    /// The line that writes go over.
    writer: Arc<Mutex<Slot>>,
    /// The line that everything is looked at over.
    looker: Arc<Mutex<Slot>>,
    /// The line that folders are moved over, which may be long: nobody else waits for it.
    folders: Arc<Mutex<Slot>>,
}

impl SshConnector {
    /// Takes settings that make sense; nothing is started yet.
    pub fn new(config: SshConfig, secrets: Arc<dyn Secrets>, clock: Arc<dyn Clock>) -> Result<Self, BadSshConfig> {
        config.check()?;
        let description = describe(&config);
        let (writer, looker, folders) = (Arc::default(), Arc::default(), Arc::default());
        Ok(Self { config, secrets, clock, description, writer, looker, folders })
    }
}

impl fmt::Debug for SshConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SshConnector").field("host", &self.config.host).finish_non_exhaustive()
    }
}

impl Connector for SshConnector {
    fn describe(&self) -> &Description {
        &self.description
    }

    async fn check(&self) -> Result<Checked, Refusal> {
        self.check_host().await
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

    #[tracing::instrument(name = "connectors.ssh.apply", skip_all, fields(key = %operation.key, generation = operation.generation))]
    async fn apply(&self, change: &Change, operation: &Operation) -> Outcome {
        self.write(change).await
    }

    #[tracing::instrument(name = "connectors.ssh.verify", skip_all)]
    async fn verify(&self, expectation: &Expectation) -> Verdict {
        self.look_afresh(expectation).await
    }

    fn actions(&self) -> Option<&dyn Actions> {
        Some(self)
    }

    async fn artifacts(&self, account: &Locator, kind: Artifact) -> Result<Vec<SeenArtifact>, Refusal> {
        match kind {
            Artifact::Key | Artifact::Session => self.list(account, kind).await,
            Artifact::Account
            | Artifact::Membership
            | Artifact::Token
            | Artifact::AppPassword
            | Artifact::License
            | Artifact::Ownership => Err(self.description.unsupported(&format!("list the {kind}s of an account"))),
        }
    }
}

fn describe(config: &SshConfig) -> Description {
    let field = |field: Field| {
        let rule = AttributeRule::open(field.attribute());
        if field == config.person_field { rule.unique() } else { rule }
    };
    let mut attributes = vec![
        AttributeRule::create_only("login").required().unique(),
        AttributeRule::create_only("uid").of(Shape::Number).unique(),
    ];
    attributes.extend(Field::ALL.map(field));
    attributes.extend([AttributeRule::create_only("home"), AttributeRule::open("shell")]);
    if config.read_only {
        attributes =
            attributes.into_iter().map(|rule| AttributeRule { write: false, create_only: false, ..rule }).collect();
    }
    let accounts = ClassDescription {
        class: ObjectClass::Account,
        native_name: "passwd".to_owned(),
        id_attribute: "uid".to_owned(),
        naming_attribute: "login".to_owned(),
        attributes,
    };
    let groups = ClassDescription {
        class: ObjectClass::Entitlement,
        native_name: "group".to_owned(),
        id_attribute: "name".to_owned(),
        naming_attribute: "name".to_owned(),
        attributes: vec![AttributeRule::read_only("name").unique()],
    };
    Description {
        classes: vec![accounts, groups],
        limits: Limits {
            requests_at_once_max: 2,
            page_objects_max: limits::PAGE_OBJECTS_MAX,
            requests_per_second_max: None,
        },
        actions: if config.read_only { BTreeMap::new() } else { actions::rules(config) },
        verbs: if config.read_only { BTreeMap::new() } else { verbs() },
        surface: surface(config),
        credentials: [Credential::SshKey].into(),
        ..Description::new("ssh")
    }
}

/// A date that an account was to expire on is lost when it is disabled. A deleted account can be
/// made again, but with another uid and without its home folder.
fn verbs() -> BTreeMap<Verb, Reversibility> {
    [
        (Verb::Create, Reversibility::Lossy),
        (Verb::Set, Reversibility::Exact),
        (Verb::SetPassword, Reversibility::Irreversible),
        (Verb::Enable, Reversibility::Exact),
        (Verb::Disable, Reversibility::Lossy),
        (Verb::Grant, Reversibility::Exact),
        (Verb::Revoke, Reversibility::Exact),
        (Verb::End, Reversibility::Irreversible),
        (Verb::Delete, Reversibility::Irreversible),
    ]
    .into()
}

fn surface(config: &SshConfig) -> BTreeMap<Artifact, Reach> {
    let ours = || {
        let why = "this connection only reads".to_owned();
        if config.read_only { Reach::ListOnly { why } } else { Reach::Whole }
    };
    let reach = |artifact| match artifact {
        Artifact::Account | Artifact::Membership | Artifact::Session | Artifact::Key => ours(),
        Artifact::Token => Reach::out("tickets and tokens in a home folder end at whoever issued them"),
        Artifact::Ownership => Reach::out("files outside the home folder keep the uid, which nobody gets again"),
        Artifact::AppPassword | Artifact::License => Reach::NotThere,
    };
    Artifact::ALL.map(|artifact| (artifact, reach(artifact))).into()
}
