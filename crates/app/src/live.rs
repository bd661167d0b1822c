//! What is in force now: one version of the estate, ready for use, with the ways to what it names.
//!
//! A version is never changed, only replaced as a whole: whoever began to look at one goes on with
//! it. How documents become an estate and how a connected system is reached is not known here;
//! a [`Builder`] knows it, and the same one builds what is only planned.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use tenure_connect::{AnyConnector, Channel};
use tenure_model::{ConnectionName, Name};
use tenure_policy::Rules;
use tenure_store::estates::EstateFile;

use crate::cx::House;
use crate::estate::Estate;

/// An estate with the ways to what it names.
#[derive(Clone)]
pub struct Built {
    /// What is configured.
    pub estate: Arc<Estate>,
    /// Ways to the connected systems.
    pub connectors: BTreeMap<ConnectionName, Arc<dyn AnyConnector>>,
    /// The ways by which notices go out, besides our log.
    pub channels: BTreeMap<Name, Arc<dyn Channel>>,
    /// What else the doors made of the documents; only they know what it is.
    pub for_doors: Arc<dyn Any + Send + Sync>,
}

/// Why documents do not become an estate: every problem, each with place, reason and way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the documents have {} problems:\n{}", .0.len(), .0.join("\n"))]
pub struct CannotBuild(pub Vec<String>);

/// Turns documents into an estate. Nothing is written anywhere by it, and no system is asked.
pub trait Builder: Send + Sync + fmt::Debug {
    /// Builds it. Ways to systems that are the same as `before` are kept, with all they learnt.
    fn build(&self, files: Vec<EstateFile>, before: Option<&Built>) -> Result<Built, CannotBuild>;
}

/// For houses whose estate never changes.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoBuilder;

impl Builder for NoBuilder {
    fn build(&self, _: Vec<EstateFile>, _: Option<&Built>) -> Result<Built, CannotBuild> {
        Err(CannotBuild(vec!["this house was opened without a way to read documents".to_owned()]))
    }
}

/// A version of the estate, ready for use.
pub struct InForce {
    /// Its number; 0 for one that was never stored.
    pub version: i64,
    /// The hash of its documents.
    pub hash: String,
    /// What it came to.
    pub built: Built,
    /// Its rules with the names that systems use, once they were asked.
    pub(crate) resolved: RwLock<Option<Arc<Rules>>>,
    /// The rules that are in the database under this hash, so that a thousand plans hash them once.
    pub(crate) kept: RwLock<Option<(Arc<Rules>, [u8; 32])>>,
}

impl InForce {
    /// This version.
    pub fn new(version: i64, hash: String, built: Built) -> Self {
        Self { version, hash, built, resolved: RwLock::default(), kept: RwLock::default() }
    }
}

/// The version in force, and whoever builds the next one.
pub struct Live {
    now: RwLock<Arc<InForce>>,
    builder: Arc<dyn Builder>,
}

impl Live {
    /// Begins with this version.
    pub fn new(first: InForce, builder: Arc<dyn Builder>) -> Self {
        Self { now: RwLock::new(Arc::new(first)), builder }
    }

    /// An estate that never changes.
    pub fn fixed(
        estate: Estate,
        connectors: BTreeMap<ConnectionName, Arc<dyn AnyConnector>>,
        channels: BTreeMap<Name, Arc<dyn Channel>>,
    ) -> Self {
        let built = Built { estate: Arc::new(estate), connectors, channels, for_doors: Arc::new(()) };
        Self::new(InForce::new(0, String::new(), built), Arc::new(NoBuilder))
    }

    /// The version in force.
    pub fn now(&self) -> Arc<InForce> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whoever builds the next one.
    pub fn builder(&self) -> Arc<dyn Builder> {
        Arc::clone(&self.builder)
    }

    /// Puts a version into force, unless a newer one is already.
    pub(crate) fn put(&self, next: InForce) {
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        if next.version > now.version {
            *now = Arc::new(next);
        }
    }
}

impl House {
    /// What is configured.
    pub fn estate(&self) -> Arc<Estate> {
        Arc::clone(&self.live.now().built.estate)
    }

    /// The way to a connected system.
    pub fn connector(&self, connection: &ConnectionName) -> Option<Arc<dyn AnyConnector>> {
        self.live.now().built.connectors.get(connection).cloned()
    }
}

impl fmt::Debug for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Built").field("connectors", &self.connectors.keys()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("version", &self.now().version).finish_non_exhaustive()
    }
}
