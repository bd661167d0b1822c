//! What goes on in the background: the engine, the sealing of the ledger, the outbox, tasks that
//! time or the end of a run concerns, their tickets, readings of connected systems, schedules, what
//! brakes held and somebody answered, and looking for what another node put into force.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tenure_app::brakes::starts;
use tenure_app::flows::Flows;
use tenure_app::ledger::seal::Sealer;
use tenure_app::notices::deliver::{deliver, due_channels};
use tenure_app::owners;
use tenure_app::people::remerge::remerge;
use tenure_app::reconcile::turn;
use tenure_app::sources::read::{How, due, read};
use tenure_app::steps::Steps;
use tenure_app::tasks::succeed;
use tenure_app::tasks::tend::tend;
use tenure_app::tickets::follow as tickets;
use tenure_app::versions::follow::{Behind, follow};
use tenure_app::workflows::{awaits, schedule};
use tenure_app::{Cx, House};
use tenure_engine::{Engine, Parts, Performer};
use tenure_model::{Actor, ConnectionName};
use tenure_store::journal::{Attachment, StoreJournal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::open::Opened;

/// How often the ledger and the outbox are looked at.
const LOOK: Duration = Duration::from_millis(500);
/// After so many such looks it is looked whether a source or a schedule is due, or somebody is gone.
const READING_LOOKS: usize = 10;

/// After so many looks at tasks, which is every half minute, it is looked whether everything has an owner.
const OWNER_TURNS: usize = 6;

/// Everything that goes on in the background.
#[derive(Debug)]
pub struct Working {
    engine: Engine<Attachment>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Working {
    /// Starts everything.
    pub fn start(opened: &Opened, sealer: Sealer) -> Self {
        Self::start_with(opened, sealer, Steps::new(Arc::clone(&opened.house)))
    }

    /// The same with somebody who stands between the engine and the steps.
    pub fn start_with(opened: &Opened, sealer: Sealer, performer: impl Performer<Attachment = Attachment>) -> Self {
        let house = &opened.house;
        let parts = Parts {
            process: Arc::new(Flows),
            journal: Arc::new(StoreJournal::new(house.store.clone())),
            performer: Arc::new(performer),
            clock: Arc::clone(&house.clock),
            ids: Arc::clone(&house.ids),
            lease: tenure_engine::limits::LEASE,
            loops: tenure_engine::loops(),
        };
        let (engine, running) = tenure_engine::start(parts);
        // A house is opened once; a second engine in it would be a mistake of ours.
        drop(house.engine.set(engine.clone()));
        let (stop, stopped) = watch::channel(false);
        let tasks = vec![
            tokio::spawn(running),
            tokio::spawn(keep_sealing(Arc::clone(house), sealer, stopped.clone())),
            tokio::spawn(keep_tending(Arc::clone(house), stopped.clone())),
            tokio::spawn(keep_ticketing(Arc::clone(house), stopped.clone())),
            tokio::spawn(keep_delivering(Arc::clone(house), stopped.clone())),
            tokio::spawn(keep_following(Arc::clone(house), stopped.clone())),
            tokio::spawn(keep_feeding(Arc::clone(house), stopped.clone())),
            tokio::spawn(keep_reading(Arc::clone(house), stopped.clone())),
            tokio::spawn(keep_starting(Arc::clone(house), stopped.clone())),
            tokio::spawn(keep_merging(Arc::clone(house), stopped)),
        ];
        Self { engine, stop, tasks }
    }

    /// Lets work in hand come to its end, and stops.
    pub async fn stop(self, patience: Duration) {
        self.engine.stop();
        self.stop.send_replace(true);
        for task in self.tasks {
            if tokio::time::timeout(patience, task).await.is_err() {
                tracing::warn!("work in hand did not come to its end; it goes on at the next start");
            }
        }
    }
}

async fn keep_sealing(house: Arc<House>, mut sealer: Sealer, mut stopped: watch::Receiver<bool>) {
    loop {
        match sealer.seal(&house).await {
            Ok(count) if count >= tenure_app::limits::SEAL_BATCH => continue,
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the ledger was not sealed; trying again"),
        }
        if rest(&mut stopped).await {
            // What was written until the end is sealed too.
            if let Err(error) = sealer.seal(&house).await {
                tracing::warn!(%error, "the last entries are sealed at the next start");
            }
            return;
        }
    }
}

/// Reminds of tasks, withdraws them, and passes them on where whoever they are for is gone.
async fn keep_tending(house: Arc<House>, mut stopped: watch::Receiver<bool>) {
    let mut after = None;
    for turn in 0_usize.. {
        if turn.is_multiple_of(OWNER_TURNS)
            && let Err(error) = owners::look(&house).await
        {
            tracing::warn!(%error, "it was not looked whether everything has an owner; trying again");
        }
        match succeed::look(&house, after.take()).await {
            Ok(next) => after = next,
            Err(error) => tracing::warn!(%error, "tasks of those who left were not passed on; trying again"),
        }
        if let Err(error) = awaits::forget(&house).await {
            tracing::warn!(%error, "what runs waited for that are over was not forgotten; trying again");
        }
        for _ in 0..READING_LOOKS {
            while !*stopped.borrow() {
                match tend(&house).await {
                    Ok(count) if count >= tenure_app::limits::TASK_BATCH => {}
                    Ok(_) => break,
                    Err(error) => {
                        tracing::warn!(%error, "tasks were not seen to; trying again");
                        break;
                    }
                }
            }
            if rest(&mut stopped).await {
                return;
            }
        }
    }
}

/// Begins the periods of schedules, and what a brake held and somebody answered.
async fn keep_starting(house: Arc<House>, mut stopped: watch::Receiver<bool>) {
    loop {
        if let Err(error) = schedule::look(&house).await {
            tracing::warn!(%error, "it is not known whether a schedule is due; trying again");
        }
        if let Err(error) = starts::tidy(&house).await {
            tracing::warn!(%error, "how often workflows began long ago was not forgotten; trying again");
        }
        for _ in 0..READING_LOOKS {
            while !*stopped.borrow() {
                match starts::release(&house).await {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(error) => {
                        tracing::warn!(%error, "what was held did not begin; trying again");
                        break;
                    }
                }
            }
            if rest(&mut stopped).await {
                return;
            }
        }
    }
}

/// Each connection has a task of its own while tickets in it are due, so that none waits for another.
async fn keep_ticketing(house: Arc<House>, mut stopped: watch::Receiver<bool>) {
    let mut busy: BTreeMap<ConnectionName, JoinHandle<()>> = BTreeMap::new();
    loop {
        busy.retain(|_, task| !task.is_finished());
        match tickets::due_connections(&house).await {
            Ok(due) => {
                for name in due {
                    let task = || tokio::spawn(follow_tickets(Arc::clone(&house), name.clone(), stopped.clone()));
                    busy.entry(name.clone()).or_insert_with(task);
                }
            }
            Err(error) => tracing::warn!(%error, "it is not known which tickets are due; trying again"),
        }
        if rest(&mut stopped).await {
            futures::future::join_all(busy.into_values()).await;
            return;
        }
    }
}

/// Sees to the tickets of one connection until none is due.
async fn follow_tickets(house: Arc<House>, name: ConnectionName, stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        match tickets::follow(&house, &name).await {
            Ok(count) if count >= tenure_app::limits::TICKET_BATCH => {}
            Ok(_) => return,
            Err(error) => {
                tracing::warn!(%error, connection = %name, "what became of a ticket was not noted; it is looked for again");
                return;
            }
        }
    }
}

/// Takes over what another node put into force.
async fn keep_following(house: Arc<House>, mut stopped: watch::Receiver<bool>) {
    let mut told = 0;
    loop {
        match follow(&house).await {
            Ok(_) => {}
            // The same version is of no more use at the next look; it is told once.
            Err(Behind::Build { version, .. }) if version == told => {}
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "an older version of the estate goes on");
                if let Behind::Build { version, .. } = error {
                    told = version;
                }
            }
        }
        if rest(&mut stopped).await {
            return;
        }
    }
}

/// Each channel has a task of its own while something is due, so that none waits for another.
async fn keep_delivering(house: Arc<House>, mut stopped: watch::Receiver<bool>) {
    let mut busy: BTreeMap<String, JoinHandle<()>> = BTreeMap::new();
    loop {
        busy.retain(|_, task| !task.is_finished());
        match due_channels(&house).await {
            Ok(due) => {
                for channel in due {
                    let task = || tokio::spawn(empty(Arc::clone(&house), channel.clone(), stopped.clone()));
                    busy.entry(channel.clone()).or_insert_with(task);
                }
            }
            Err(error) => tracing::warn!(%error, "the outbox cannot be read; trying again"),
        }
        if rest(&mut stopped).await {
            futures::future::join_all(busy.into_values()).await;
            return;
        }
    }
}

/// Each source has a task of its own while its reading is due, so that none waits for another.
async fn keep_feeding(house: Arc<House>, mut stopped: watch::Receiver<bool>) {
    let cx = Cx::new(Arc::clone(&house), Actor::system("feed"));
    let mut busy: BTreeMap<ConnectionName, JoinHandle<()>> = BTreeMap::new();
    loop {
        busy.retain(|_, task| !task.is_finished());
        match due(&cx).await {
            Ok(due) => {
                for name in due {
                    let task = || tokio::spawn(read_source(cx.clone(), name.clone()));
                    busy.entry(name.clone()).or_insert_with(task);
                }
            }
            Err(error) => tracing::warn!(%error, "it is not known which sources are due; trying again"),
        }
        for _ in 0..READING_LOOKS {
            if rest(&mut stopped).await {
                // A reading that breaks off is taken up at the next start where it was.
                for task in busy.into_values() {
                    task.abort();
                }
                return;
            }
        }
    }
}

async fn read_source(cx: Cx, name: ConnectionName) {
    if let Err(error) = read(&cx, &name, How::Take).await {
        tracing::warn!(source = %name, %error, "a source was not read; trying again when it is due");
    }
}

/// Delivers what is due by one channel until nothing is.
async fn empty(house: Arc<House>, channel: String, stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        match deliver(&house, &channel).await {
            Ok(count) if count >= tenure_app::limits::NOTICE_BATCH => {}
            Ok(_) => return,
            Err(error) => {
                tracing::warn!(%error, channel, "what became of a notice was not noted; it may go out again");
                return;
            }
        }
    }
}

/// Each connection has a task of its own while it is read, so that none waits for another.
async fn keep_reading(house: Arc<House>, mut stopped: watch::Receiver<bool>) {
    let (began, holder) = (house.clock.now(), house.ids.uuid());
    let mut busy: BTreeMap<ConnectionName, JoinHandle<()>> = BTreeMap::new();
    loop {
        busy.retain(|_, task| !task.is_finished());
        match turn::due(&house, began).await {
            Ok(due) => {
                for (connection, due) in due {
                    let (house, name) = (Arc::clone(&house), connection.clone());
                    busy.entry(connection).or_insert_with(|| {
                        tokio::spawn(async move {
                            if let Err(error) = turn::turn(&house, &name, due, holder).await {
                                tracing::warn!(%error, connection = %name, "it was not read; trying again later");
                            }
                        })
                    });
                }
            }
            Err(error) => tracing::warn!(%error, "what is to be read is not known; trying again"),
        }
        if rest(&mut stopped).await {
            // A reading that is broken off is begun anew by whoever comes next.
            for task in busy.into_values() {
                task.abort();
            }
            return;
        }
    }
}

/// Waits for the next look. True when it is time to stop.
async fn rest(stopped: &mut watch::Receiver<bool>) -> bool {
    if *stopped.borrow() {
        return true;
    }
    tokio::select! {
        () = tokio::time::sleep(LOOK) => *stopped.borrow(),
        changed = stopped.changed() => changed.is_err() || *stopped.borrow(),
    }
}

/// Whenever other documents are in force, people who are known may come to something else by them.
async fn keep_merging(house: Arc<House>, mut stopped: watch::Receiver<bool>) {
    let mut seen = None;
    loop {
        let estate = house.estate();
        if !seen.as_ref().is_some_and(|seen| Arc::ptr_eq(seen, &estate)) {
            match remerge(&house).await {
                Ok(changed) => {
                    if let Some(changed) = changed {
                        tracing::info!(changed, "what is known of people was worked out anew");
                    }
                    seen = Some(estate);
                }
                Err(error) => tracing::warn!(%error, "what is known of people was not worked out anew; trying again"),
            }
        }
        if rest(&mut stopped).await {
            return;
        }
    }
}
