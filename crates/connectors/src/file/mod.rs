//! Feeds: CSV, JSON, JSON lines and XLSX from a folder, over HTTP or over SFTP. It only reads.
//!
//! A feed is read whole before its first row is handed over, so a fault in its last line stops all
//! of it; nothing is used on a guess. What it is as a whole is weighed against the last good
//! reading ([`FeedFacts`]), and a feed that looks wrong is handed over as partial: who is new may
//! come in, and nobody's absence is believed. The settings are in [`config`]; the way of the bytes
//! is `source`, `decode`, a format, `survey`, `snapshot`.

mod cell;
mod changes;
pub mod config;
mod csv;
mod decode;
mod facts;
mod json;
mod memory;
mod problem;
mod read;
mod rows;
mod snapshot;
mod source;
mod spool;
mod survey;
mod xlsx;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tenure_connect::plan::Resolved;
use tenure_connect::{
    Artifact, AttributeRule, Batch, Change, ChangeFeed, ChangeToken, Changes, Checked, ClassDescription, Connector,
    Credential, Description, Desired, Expectation, Limits, Locator, ObjectClass, Operation, Outcome, Page, Query,
    Reach, Refusal, RefusalClass, Secrets, Shape, Verdict, limits, plan,
};
use tenure_model::{Clock, ConnectionName, Observed};

pub use config::{BadFileConfig, ColumnType, FileConfig, Format, From};
pub use decode::Charset;
pub use facts::{FeedFacts, SinceLastGood};

use read::Readings;
use source::Source;
use spool::Room;

/// A connector to one feed.
pub struct FileConnector {
    config: Arc<FileConfig>,
    source: Source,
    room: Arc<Room>,
    /// Where the last good reading is remembered.
    memory: PathBuf,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    description: Description,
    readings: Mutex<Readings>,
    /// Held while a feed is fetched and surveyed, so that two do not do so at once.
    surveying: tokio::sync::Mutex<()>,
}

impl FileConnector {
    /// Takes settings that make sense, the name of the connection and a folder of our own in which
    /// rows are kept while they are read; nothing is fetched and no folder made yet.
    pub fn new(
        config: FileConfig,
        name: &ConnectionName,
        folder: &Path,
        secrets: Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BadFileConfig> {
        config.check()?;
        let room = Arc::new(Room::new(folder.to_owned()));
        Ok(Self {
            source: Source::new(&config)?,
            memory: room.folder().join(format!("{name}.last")),
            room,
            secrets,
            clock,
            description: describe(&config),
            config: Arc::new(config),
            readings: Mutex::default(),
            surveying: tokio::sync::Mutex::default(),
        })
    }

    /// What the feed is as a whole, as it is now.
    pub async fn facts(&self) -> Result<FeedFacts, Refusal> {
        Ok(self.fresh().await?.facts.clone())
    }
}

impl fmt::Debug for FileConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileConnector").field("memory", &self.memory).finish_non_exhaustive()
    }
}

impl Connector for FileConnector {
    fn describe(&self) -> &Description {
        &self.description
    }

    async fn check(&self) -> Result<Checked, Refusal> {
        self.check_feed().await
    }

    async fn read(&self, query: &Query, page: &Page) -> Result<Batch, Refusal> {
        self.read_page(query, page).await
    }

    async fn get(&self, locator: &Locator) -> Result<Option<Observed>, Refusal> {
        self.observe(locator).await
    }

    async fn plan(&self, desired: &Desired) -> Result<Vec<Change>, Refusal> {
        if let Some(entitlement) = desired.entitlements().next() {
            return Err(plan::no_entitlement(entitlement));
        }
        let now = self.observe(desired.account()).await?;
        let changes = plan::changes(desired, now.as_ref(), &Resolved::new())?;
        if changes.is_empty() { Ok(changes) } else { Err(read_only()) }
    }

    async fn apply(&self, _: &Change, _: &Operation) -> Outcome {
        Outcome::Refused(read_only())
    }

    async fn changes(&self, class: ObjectClass, since: Option<&ChangeToken>) -> Result<Changes, Refusal> {
        self.changes_since(class, since).await
    }

    async fn verify(&self, expectation: &Expectation) -> Verdict {
        match self.observe(&expectation.account).await {
            Ok(found) => {
                let seen = found.unwrap_or_else(|| expectation.account.nothing_there(self.clock.now()));
                Verdict::over(expectation, seen)
            }
            Err(refusal) => Verdict::Undecided { refusal },
        }
    }
}

fn read_only() -> Refusal {
    let what = "a feed is only read; change it where it comes from, or name another connection as the target";
    Refusal::new(RefusalClass::Unsupported, what)
}

fn describe(config: &FileConfig) -> Description {
    let mut names = vec![config.key.clone()];
    let more = config.columns.iter().chain(config.name.as_ref()).chain(config.types.keys());
    for name in more.chain(config.status.as_ref().map(|status| &status.column)) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let rule = |name: &String| {
        let rule = AttributeRule { filterable: false, ..AttributeRule::read_only(name) };
        match config.types.get(name) {
            _ if *name == config.key => AttributeRule { filterable: true, ..rule }.unique(),
            Some(ColumnType::Number) => rule.of(Shape::Number),
            Some(ColumnType::Flag { .. }) => rule.of(Shape::Flag),
            Some(ColumnType::Date(_)) => rule.of(Shape::Date),
            Some(ColumnType::List(_)) => rule.many(),
            None => rule,
        }
    };
    let account = ClassDescription {
        class: ObjectClass::Account,
        native_name: "row".into(),
        id_attribute: config.key.clone(),
        naming_attribute: config.naming().to_owned(),
        attributes: names.iter().map(rule).collect(),
    };
    Description {
        classes: vec![account],
        limits: Limits {
            requests_at_once_max: 1,
            page_objects_max: limits::PAGE_OBJECTS_MAX,
            requests_per_second_max: None,
        },
        consistency_delay: Duration::ZERO,
        // No verb: a feed is a source and is only read.
        verbs: BTreeMap::new(),
        feeds: [(ObjectClass::Account, ChangeFeed::Imprecise)].into(),
        surface: surface(),
        credentials: credentials(&config.from),
        ..Description::new("file")
    }
}

/// A feed tells of accounts elsewhere; nobody signs in to it.
fn surface() -> BTreeMap<Artifact, Reach> {
    let reach = |artifact| match artifact {
        Artifact::Account => Reach::ListOnly { why: "a feed is only read; whoever writes it ends accounts".to_owned() },
        _ => Reach::NotThere,
    };
    Artifact::ALL.map(|artifact| (artifact, reach(artifact))).into()
}

fn credentials(from: &From) -> BTreeSet<Credential> {
    match from {
        From::Folder { .. } => [Credential::Nobody].into(),
        From::Http { .. } => [Credential::Nobody, Credential::Password, Credential::Token].into(),
        From::Sftp { .. } => [Credential::SshKey].into(),
    }
}
