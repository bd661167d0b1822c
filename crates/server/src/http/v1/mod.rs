//! Version 1 of the HTTP API: one folder a noun, one file a verb. A handler reads its request,
//! makes one call into `app` and shows what came back; the shapes are those of `api`.

mod access;
mod cases;
mod connections;
mod deputies;
mod drift;
mod estate;
mod events;
mod exceptions;
mod held;
mod hooks;
mod ledger;
mod merges;
mod notices;
mod numbers;
mod people;
mod plans;
mod reviews;
mod runs;
mod sets;
mod tasks;
mod tokens;
mod whatif;
mod workflows;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use tenure_api::OPERATIONS;
use tenure_app::{Cx, House};
use tenure_ledger::PublicKey;
use tenure_model::{Actor, ConnectionName};
use tokio::sync::Semaphore;

use super::cursor::Wanted;
use super::edge::{Edge, EdgeLimits};
use super::metrics::Metrics;
use super::pages;
use super::refusal::Refusal;
use super::routes::{MountError, Routes};
use super::system::{self, Readiness};
use crate::config::Config;
use crate::gate::HouseGate;
use crate::house::ForDoors;
use crate::limits::{PAGE_ITEMS_MAX, WATCHES_MAX};
use connections::Looked;

/// What every handler of version 1 is given.
#[derive(Debug, Clone)]
pub(super) struct Doors {
    house: Arc<House>,
    /// The key that checkpoints must be signed with.
    pinned: Arc<PublicKey>,
    page_items_max: u32,
    /// What the last look at each connection found, since the process began.
    looked: Arc<Mutex<BTreeMap<ConnectionName, Looked>>>,
    watches: Arc<Semaphore>,
    by_tls: bool,
}

impl Doors {
    pub(in crate::http) fn house(&self) -> Arc<House> {
        Arc::clone(&self.house)
    }

    /// Whether a browser comes by TLS, to us or to what stands before us.
    pub(in crate::http) fn by_tls(&self) -> bool {
        self.by_tls
    }

    pub(in crate::http) fn cx(&self, actor: Actor) -> Cx {
        Cx::new(Arc::clone(&self.house), actor)
    }

    fn wanted<T: serde::de::DeserializeOwned + serde::Serialize>(
        &self,
        list: &'static str,
        after: Option<String>,
        limit: Option<u32>,
    ) -> Result<Wanted<T>, Refusal> {
        Wanted::of(list, after, limit, self.page_items_max)
    }

    /// What the version in force has for the doors alone; none in a house without documents.
    fn for_doors(&self) -> Option<Arc<ForDoors>> {
        Arc::clone(&self.house.live.now().built.for_doors).downcast().ok()
    }

    fn note(&self, connection: &ConnectionName, looked: Looked) {
        self.looked.lock().unwrap_or_else(PoisonError::into_inner).insert(connection.clone(), looked);
    }

    fn looked(&self, connection: &ConnectionName) -> Option<Looked> {
        self.looked.lock().unwrap_or_else(PoisonError::into_inner).get(connection).cloned()
    }
}

/// Every operation of the list, for this house.
pub fn router(
    house: Arc<House>,
    metrics: Metrics,
    readiness: Readiness,
    config: &Config,
    pinned: PublicKey,
) -> Result<Router, MountError> {
    let gate = Arc::new(HouseGate::new(Arc::clone(&house)));
    let (clock, ids) = (Arc::clone(&house.clock), Arc::clone(&house.ids));
    let edge = Edge::new(clock, ids, metrics.clone(), EdgeLimits::from(config));
    numbers::register(&metrics, &house);
    let doors = Doors {
        house,
        pinned: Arc::new(pinned),
        page_items_max: u32::try_from(config.page_items_max.size()).unwrap_or(PAGE_ITEMS_MAX).min(PAGE_ITEMS_MAX),
        looked: Arc::default(),
        watches: Arc::new(Semaphore::new(WATCHES_MAX)),
        by_tls: config.by_tls(),
    };
    let routes = system::mount(Routes::of(OPERATIONS, gate), metrics, readiness, config.metrics_access)?;
    mount_work(mount_facts(routes)?)?.finish(edge, doors)
}

/// People, systems, and what is said of them.
fn mount_facts(routes: Routes<Doors>) -> Result<Routes<Doors>, MountError> {
    routes
        .mount("listPeople", people::list::handler)?
        .mount("readPerson", people::show::handler)?
        .mount("listAccounts", people::accounts::handler)?
        .mount("readWhy", people::why::handler)?
        .mount("readStory", people::story::handler)?
        .mount("planPerson", people::plan::handler)?
        .mount("listHolders", access::who::handler)?
        .mount("mineRules", access::mine::handler)?
        .mount("whatIfRule", whatif::rule::handler)?
        .mount("mergePeople", people::merge::handler)?
        .mount("splitPerson", people::split::handler)?
        .mount("namePerson", people::name::handler)?
        .mount("sponsorPerson", people::sponsor::handler)?
        .mount("listMerges", merges::list::handler)?
        .mount("undoMerge", merges::undo::handler)?
        .mount("listEvents", events::list::handler)?
        .mount("readEvent", events::show::handler)?
        .mount("postEvent", connections::post_event::handler)?
        .mount("receiveHook", hooks::receive::handler)?
        .mount("listConnections", connections::list::handler)?
        .mount("readConnection", connections::show::handler)?
        .mount("checkConnection", connections::check::handler)?
        .mount("whatIfPerson", people::whatif::handler)?
        .mount("rehearse", people::rehearse::handler)?
        .mount("makePlan", plans::make::handler)?
        .mount("listPlans", plans::list::handler)?
        .mount("readPlan", plans::show::handler)?
        .mount("listPlanPeople", plans::people::handler)?
        .mount("applyPlan", plans::apply::handler)?
        .mount("listHeld", held::list::handler)?
        .mount("readHeld", held::show::handler)?
        .mount("listRemovals", held::removals::handler)?
        .mount("listHeldStarts", held::starts::handler)?
        .mount("approveHeld", held::approve::handler)?
        .mount("refuseHeld", held::refuse::handler)?
        .mount("readEstate", estate::show::handler)?
        .mount("listVersions", estate::versions::handler)?
        .mount("readVersion", estate::version::handler)?
        .mount("listReadings", drift::reading::list)?
        .mount("readReading", drift::reading::handler)?
        .mount("reconcile", drift::reconcile::handler)?
        .mount("listDrift", drift::list::handler)?
        .mount("readDrift", drift::show::handler)?
        .mount("restoreDrift", drift::restore::handler)?
        .mount("acceptDrift", drift::accept::handler)?
        .mount("listOrphans", drift::orphans::handler)?
        .mount("settleOrphan", drift::settle::handler)?
        .mount("compareConnection", drift::gaps::handler)?
        .mount("readSource", connections::read::handler)?
        .mount("listSourceReadings", connections::readings::handler)?
        .mount("acceptReading", connections::accept_reading::handler)?
        .mount("rejectReading", connections::reject_reading::handler)
}

/// Runs, questions to humans, and the record.
fn mount_work(routes: Routes<Doors>) -> Result<Routes<Doors>, MountError> {
    routes
        .mount("listReviews", reviews::list::handler)?
        .mount("readReview", reviews::show::handler)?
        .mount("makeSet", sets::make::handler)?
        .mount("listSets", sets::list::handler)?
        .mount("readSet", sets::show::handler)?
        .mount("listSetPeople", sets::people::handler)?
        .mount("startSet", sets::start::handler)?
        .mount("cancelSet", sets::cancel::handler)?
        .mount("redraftWorkflow", workflows::redraft::handler)?
        .mount("listRuns", runs::list::handler)?
        .mount("startRun", runs::start::handler)?
        .mount("readRun", runs::show::handler)?
        .mount("replayRun", runs::replay::handler)?
        .mount("watchRun", runs::watch::handler)?
        .mount("retryRun", runs::retry::handler)?
        .mount("cancelRun", runs::cancel::handler)?
        .mount("signalRun", runs::signal::handler)?
        .mount("skipRun", runs::skip::handler)?
        .mount("lookAtUndo", runs::undo::look_handler)?
        .mount("undoRun", runs::undo::handler)?
        .mount("editRun", runs::edit::handler)?
        .mount("checkMigration", runs::migrate::check_handler)?
        .mount("migrateRun", runs::migrate::handler)?
        .mount("listCases", cases::list::handler)?
        .mount("readCase", cases::show::handler)?
        .mount("resolveCase", cases::resolve::handler)?
        .mount("showTasksPage", pages::inbox::show)?
        .mount("comeOrGo", pages::inbox::come_or_go)?
        .mount("showTaskPage", pages::task::show)?
        .mount("answerTaskPage", pages::task::answer)?
        .mount("listTasks", tasks::list::handler)?
        .mount("readTask", tasks::show::handler)?
        .mount("claimTask", tasks::claim::handler)?
        .mount("closeTask", tasks::close::handler)?
        .mount("commentTask", tasks::comment::handler)?
        .mount("addEvidence", tasks::evidence::handler)?
        .mount("readEvidence", tasks::show_evidence::handler)?
        .mount("reassignTask", tasks::reassign::handler)?
        .mount("listDeputies", deputies::list::handler)?
        .mount("addDeputy", deputies::add::handler)?
        .mount("endDeputy", deputies::end::handler)?
        .mount("listExceptions", exceptions::list::handler)?
        .mount("grantException", exceptions::grant::handler)?
        .mount("endException", exceptions::end::handler)?
        .mount("listNotices", notices::list::handler)?
        .mount("retryNotice", notices::retry::handler)?
        .mount("dropNotice", notices::drop::handler)?
        .mount("listLedger", ledger::list::handler)?
        .mount("readCheckpoint", ledger::checkpoint::handler)?
        .mount("readEntry", ledger::show::handler)?
        .mount("listTokens", tokens::list::handler)?
        .mount("createToken", tokens::create::handler)?
        .mount("revokeToken", tokens::revoke::handler)
}
