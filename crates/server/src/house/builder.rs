//! How documents become an estate of this house: compiled, with ways to the systems they name.
//!
//! Building opens no socket and writes nothing. A way to a system whose settings are the same as
//! before is kept, so that what it learnt of that system, its pace among it, stays.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tenure_app::desk::HouseDesk;
use tenure_app::{Builder, Built, CannotBuild};
use tenure_blueprint::{self as blueprint, Connection};
use tenure_connect::fake::FakeTarget;
use tenure_connect::{AnyConnector, Channel, Description, Desk, Governed, Pace};
use tenure_model::{Clock, ConnectionName, Ids, Name, NativeId};
use tenure_store::estates::EstateFile;

use super::acts;
use super::estate::compile;
use super::fault::HouseError;
use super::open::{self, Folders};
use crate::config::Config;
use crate::hooks::Hooks;

/// The connector that is a directory in the memory of this process.
const MEMORY: &str = "memory";

/// Builds with the folders, the clock and the ids of this house.
pub(crate) struct DocumentBuilder {
    estate_folder: PathBuf,
    data_folder: PathBuf,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    /// Directories in memory live as long as the process, whatever becomes of their documents.
    memories: Mutex<BTreeMap<ConnectionName, FakeTarget>>,
    /// Where humans are asked.
    desk: Arc<HouseDesk>,
}

/// What the doors and the next build need of the documents.
#[derive(Debug)]
pub(crate) struct ForDoors {
    /// The documents as they were read.
    pub(crate) documents: blueprint::Estate,
    /// The connections that take webhooks.
    pub(crate) hooks: Hooks,
}

impl DocumentBuilder {
    /// For the house of these settings.
    pub(crate) fn new(config: &Config, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        let (estate_folder, data_folder) = (config.estate_folder.clone(), config.data_folder.clone());
        Self { estate_folder, data_folder, clock, ids, memories: Mutex::default(), desk: HouseDesk::new() }
    }

    /// Where humans are asked; it stands nowhere until it is told in which house.
    pub(crate) fn desk(&self) -> Arc<HouseDesk> {
        Arc::clone(&self.desk)
    }

    /// Builds an estate of documents that are not in force yet, of which more is asked: what was in force
    /// before must not keep the house from standing, whatever a connector has come to say since then.
    pub(crate) fn make_new(&self, files: Vec<EstateFile>, before: Option<&Built>) -> Result<Built, HouseError> {
        let built = self.make(files, before)?;
        let Ok(doors) = Arc::clone(&built.for_doors).downcast::<ForDoors>() else { return Ok(built) };
        let describe = |connection: &Connection| {
            let way = built.connectors.get(&connection.name);
            Some(way.map_or_else(|| Description::new(&connection.connector), |way| way.describe().clone()))
        };
        let problems = acts::problems(&doors.documents, &describe);
        if problems.is_empty() {
            return Ok(built);
        }
        let (folder, problems) = (self.estate_folder.display(), problems.iter().map(ToString::to_string));
        Err(HouseError::Estate { folder: folder.to_string(), problems: problems.collect() })
    }

    /// Builds an estate of these documents.
    pub(crate) fn make(&self, files: Vec<EstateFile>, before: Option<&Built>) -> Result<Built, HouseError> {
        let name = self.estate_folder.display().to_string();
        let read = compile(&name, files.into_iter().map(|file| (file.path, file.text)).collect())?;
        let known = before.and_then(|built| Arc::clone(&built.for_doors).downcast::<ForDoors>().ok());
        let known = before.zip(known.as_deref());
        let connectors = self.connectors(&read.documents, known)?;
        let channels = self.channels(&read.documents, known)?;
        let hooks = open::hooks(&read.documents.connections, &self.estate_folder, self.ids.as_ref())?;
        let for_doors = Arc::new(ForDoors { documents: read.documents, hooks });
        Ok(Built { estate: Arc::new(read.estate), connectors, channels, for_doors })
    }

    fn connectors(
        &self,
        documents: &blueprint::Estate,
        before: Option<(&Built, &ForDoors)>,
    ) -> Result<BTreeMap<ConnectionName, Arc<dyn AnyConnector>>, HouseError> {
        let desk: Arc<dyn Desk> = self.desk();
        let (estate, data) = (self.estate_folder.as_path(), self.data_folder.as_path());
        let folders = Folders { estate, data, packs: Some(&documents.packs), desk: Some(&desk) };
        let mut connectors = BTreeMap::new();
        for (name, connection) in &documents.connections {
            let memory = (connection.connector == MEMORY).then(|| self.memory(connection));
            let kept = before.and_then(|(built, doors)| {
                let same = same_system(connection, doors.documents.connections.get(name)?)
                    && doors.documents.packs == documents.packs;
                if same { built.connectors.get(name).cloned() } else { None }
            });
            let way = match (kept, memory) {
                (Some(kept), _) => Some(kept),
                (None, Some(memory)) => Some(Arc::new(memory) as Arc<dyn AnyConnector>),
                (None, None) => {
                    open::connector(connection, folders, &self.clock)?.map(|way| self.governed(way, connection))
                }
            };
            connectors.extend(way.map(|way| (name.clone(), way)));
        }
        Ok(connectors)
    }

    fn governed(&self, way: Arc<dyn AnyConnector>, connection: &Connection) -> Arc<dyn AnyConnector> {
        let pace = Pace::of(way.describe()).with(connection.pace.per_second, connection.pace.at_once);
        Arc::new(Governed::at(way, Arc::clone(&self.clock), pace))
    }

    fn memory(&self, connection: &Connection) -> FakeTarget {
        let groups = connection.entitlements.values().map(NativeId::as_str);
        let mut memories = self.memories.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = memories.entry(connection.name.clone()).or_insert_with(|| FakeTarget::new(Arc::clone(&self.clock)));
        kept.clone().with_groups(groups)
    }

    fn channels(
        &self,
        documents: &blueprint::Estate,
        before: Option<(&Built, &ForDoors)>,
    ) -> Result<BTreeMap<Name, Arc<dyn Channel>>, HouseError> {
        let mut channels = BTreeMap::new();
        for (name, channel) in &documents.channels {
            let kept = before.and_then(|(built, doors)| {
                let same = doors.documents.channels.get(name)? == channel;
                if same { built.channels.get(name).cloned() } else { None }
            });
            let way = match kept {
                Some(kept) => kept,
                None => open::channel(channel, name, &self.estate_folder, &self.clock)?,
            };
            channels.insert(name.clone(), way);
        }
        Ok(channels)
    }
}

/// Whether two documents lead to one system in one way; what accounts in it look like is not part of that.
fn same_system(one: &Connection, other: &Connection) -> bool {
    one.connector == other.connector && one.config == other.config && one.pace == other.pace
}

impl Builder for DocumentBuilder {
    fn build(&self, files: Vec<EstateFile>, before: Option<&Built>) -> Result<Built, CannotBuild> {
        self.make_new(files, before).map_err(|error| match error {
            HouseError::Estate { problems, .. } => CannotBuild(problems),
            other => CannotBuild(vec![other.to_string()]),
        })
    }
}

impl std::fmt::Debug for DocumentBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DocumentBuilder").field("estate", &self.estate_folder).finish_non_exhaustive()
    }
}
