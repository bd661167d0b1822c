//! The numbers of a house for the metrics. What comes from the database is kept for a while, so
//! that a scraper in a hurry costs nothing.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tenure_app::House;
use tenure_app::numbers::{Numbers, numbers};
use tenure_app::reconcile::show::{Freshness, freshness};
use tenure_engine::Gauges;
use tenure_engine::journal::RunStatus;
use tenure_store::notices::Count;

use crate::http::metrics::Metrics;
use crate::limits::NUMBERS_KEPT;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabels {
    status: &'static str,
}

/// The channels are those of the estate, and of notices that were written for one that is gone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NoticeLabels {
    channel: String,
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ConnectionLabels {
    connection: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DriftLabels {
    connection: String,
    kind: &'static str,
}

#[derive(Debug, Clone, Default)]
struct Shown {
    partitions: Gauge,
    under_way: Gauge,
    waiting: Gauge,
    journal_answers: Gauge,
    commits: Counter,
    arrivals: Counter,
    effects: Counter,
    runs: Family<StatusLabels, Gauge>,
    notices: Family<NoticeLabels, Gauge>,
    entries: Gauge,
    truth_age: Family<ConnectionLabels, Gauge>,
    orphans: Family<ConnectionLabels, Gauge>,
    drift: Family<DriftLabels, Gauge>,
    /// When the database was last asked.
    asked: Arc<Mutex<Option<Duration>>>,
}

/// Adds the numbers of this house.
pub(super) fn register(metrics: &Metrics, house: &Arc<House>) {
    let shown = Shown::default();
    metrics.register(|registry| shown.register(registry));
    let house = Arc::clone(house);
    metrics.refresh_by(move || {
        let (shown, house) = (shown.clone(), Arc::clone(&house));
        async move { shown.refresh(&house).await }.boxed()
    });
}

impl Shown {
    fn register(&self, registry: &mut Registry) {
        registry.register("engine_partitions", "partitions that this node works on", self.partitions.clone());
        registry.register("engine_effects_under_way", "effects under way", self.under_way.clone());
        registry.register("engine_effects_waiting", "effects that wait for a free place", self.waiting.clone());
        registry.register(
            "engine_journal_answers",
            "1 if the journal answered last time",
            self.journal_answers.clone(),
        );
        registry.register("engine_commits", "commits of the engine", self.commits.clone());
        registry.register("engine_arrivals", "messages, timers and results taken in", self.arrivals.clone());
        registry.register("engine_effects", "effects that ended", self.effects.clone());
        registry.register("runs", "runs by status", self.runs.clone());
        let undelivered = "notices that did not arrive, by channel and state";
        registry.register("notices_undelivered", undelivered, self.notices.clone());
        let age = "seconds since when what is known of a system was true there";
        registry.register("truth_age_seconds", age, self.truth_age.clone());
        registry.register("orphan_accounts", "accounts of nobody, at the last whole reading", self.orphans.clone());
        registry.register("drift_open", "what somebody else changed and nobody settled", self.drift.clone());
        registry.register("ledger_entries", "sealed entries of the ledger", self.entries.clone());
    }

    async fn refresh(&self, house: &House) {
        if let Some(engine) = house.engine.get() {
            self.show_engine(&engine.gauges());
        }
        if !self.is_due(house.clock.elapsed()) {
            return;
        }
        match numbers(house).await {
            Ok(found) => self.show_numbers(&found),
            // The numbers of before stay; that the database is away is told elsewhere.
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "runs cannot be counted"),
        }
        match freshness(house).await {
            Ok(found) => self.show_freshness(&found),
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "drift cannot be counted"),
        }
    }

    fn show_freshness(&self, found: &Freshness) {
        for (family, numbers) in [(&self.truth_age, &found.age_seconds), (&self.orphans, &found.orphans)] {
            for (connection, number) in numbers {
                family.get_or_create(&ConnectionLabels { connection: connection.to_string() }).set(*number);
            }
        }
        self.drift.clear();
        for count in &found.open {
            let labels = DriftLabels { connection: count.connection.to_string(), kind: count.kind.word() };
            self.drift.get_or_create(&labels).set(count.count);
        }
    }

    /// Whether the database is to be asked again; if so, others are held off.
    fn is_due(&self, now: Duration) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let due = asked.is_none_or(|last| now.saturating_sub(last) >= NUMBERS_KEPT);
        if due {
            *asked = Some(now);
        }
        due
    }

    fn show_engine(&self, gauges: &Gauges) {
        self.partitions.set(whole(gauges.partitions));
        self.under_way.set(whole(gauges.under_way));
        self.waiting.set(whole(gauges.waiting));
        self.journal_answers.set(i64::from(gauges.journal_answers));
        // These only grow, so the newest value is the counter.
        for (counter, value) in
            [(&self.commits, gauges.commits), (&self.arrivals, gauges.arrivals), (&self.effects, gauges.effects)]
        {
            counter.inner().fetch_max(value, Ordering::Relaxed);
        }
    }

    fn show_numbers(&self, found: &Numbers) {
        for status in RunStatus::ALL {
            let count = found.runs.get(&status).copied().unwrap_or(0);
            self.runs.get_or_create(&StatusLabels { status: status.word() }).set(count);
        }
        // A channel for which all arrived is told as nothing and not as what it was.
        self.notices.clear();
        for Count { channel, standing, count } in &found.notices {
            let labels = NoticeLabels { channel: channel.clone(), state: standing.word() };
            self.notices.get_or_create(&labels).set(*count);
        }
        self.entries.set(found.entries);
    }
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
