//! Whoever keeps a connector outside this program running: starts it when it is needed, hands
//! over settings and secrets, starts it again after a fall, and waits longer after each.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tenure_connect::{Allowance, Description, Refusal, RefusalClass, SecretText, Secrets};
use tenure_model::Clock;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::timeout;

use super::child::{Child, End, Miss};
use super::config::ProcessConfig;
use super::message::{Ask, Fault, Hello, Introduction, PROTOCOL};
use super::words::Words;
use crate::limits::{PROCESS_REST_FIRST, PROCESS_REST_MAX, PROCESS_START_TIME_MAX};

/// JSON-RPC's code for a method that is not there.
const NO_SUCH_METHOD: i64 = -32601;

pub(super) struct Host {
    config: ProcessConfig,
    description: Description,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    words: Arc<Words>,
    slot: Mutex<Slot>,
    /// The same child, for whoever may not wait.
    current: std::sync::Mutex<Option<Arc<Child>>>,
    permits: Semaphore,
}

#[derive(Default)]
struct Slot {
    running: Option<Arc<Child>>,
    failures: u32,
    /// Until when on the clock it is not started again.
    rests_until: Duration,
}

/// Why a call brought nothing.
pub(super) enum CallFault {
    /// The connector never heard of it, or said a definite no.
    Refused(Refusal),
    /// It heard of it, perhaps, and nobody knows what it did.
    Lost(String),
}

impl CallFault {
    /// For a call that only reads: nothing is in doubt.
    pub(super) fn refusal(self) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal,
            Self::Lost(message) => Refusal::new(RefusalClass::Network, message),
        }
    }
}

impl Host {
    pub(super) fn new(
        config: ProcessConfig,
        description: Description,
        secrets: Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let words = Arc::new(Words::new(config.program().display().to_string(), Arc::clone(&clock)));
        let at_once = usize::try_from(description.limits.requests_at_once_max).unwrap_or(usize::MAX);
        Self {
            config,
            description,
            secrets,
            clock,
            words,
            slot: Mutex::default(),
            current: std::sync::Mutex::default(),
            permits: Semaphore::new(at_once.min(Semaphore::MAX_PERMITS)),
        }
    }

    pub(super) fn description(&self) -> &Description {
        &self.description
    }

    /// What it is called in messages.
    pub(super) fn name(&self) -> &str {
        self.words.name()
    }

    /// The time now.
    pub(super) fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// What the connector last said of the pace of its system.
    pub(super) fn allowance(&self) -> Option<Allowance> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?.allowance()
    }

    /// The secret behind the reference, which the connector is about to be handed.
    pub(super) fn secret(&self, reference: &tenure_connect::SecretRef) -> Result<SecretText, Refusal> {
        let secret = self.secrets.resolve(reference).map_err(|cause| {
            let message = format!("the secret for `{}` cannot be had from `{reference}`", self.name());
            Refusal::new(RefusalClass::Auth, message).because(cause)
        })?;
        self.words.hide(&secret);
        Ok(secret)
    }

    /// A text of the connector's own, as it may be shown.
    pub(super) fn clean(&self, text: &str) -> String {
        self.words.clean(text)
    }

    /// Makes a call.
    pub(super) async fn call<T: DeserializeOwned>(&self, ask: &Ask<'_>) -> Result<T, CallFault> {
        let time_max = Duration::from_secs(self.config.limits.call_seconds);
        let permit = timeout(time_max, self.permits.acquire()).await;
        let _permit = permit.ok().and_then(Result::ok).ok_or_else(|| {
            let message = format!("`{}` is busy with as many calls as it takes; try again later", self.name());
            CallFault::Refused(Refusal::new(RefusalClass::Rate, message))
        })?;
        let child = self.running().await.map_err(CallFault::Refused)?;
        let answer = child.ask(ask, time_max).await.map_err(|miss| self.fault(ask, miss))?;
        self.parsed(ask, &answer)
    }

    fn parsed<T: DeserializeOwned>(&self, ask: &Ask<'_>, answer: &RawValue) -> Result<T, CallFault> {
        serde_json::from_str(answer.get()).map_err(|error| {
            // The cause may quote a value, so only its place is told.
            let (name, what, place) = (self.name(), ask.word(), error.column());
            CallFault::Lost(format!(
                "`{name}` answered `{what}` with what it must not (at letter {place} of the result)"
            ))
        })
    }

    fn fault(&self, ask: &Ask<'_>, miss: Miss) -> CallFault {
        let name = self.name();
        match miss {
            Miss::NotSent(why) => {
                CallFault::Refused(Refusal::new(RefusalClass::Network, format!("`{name}` {why}; try again later")))
            }
            Miss::NoAnswer(why) => CallFault::Lost(format!("`{name}` {why}")),
            Miss::Said(fault) => self.said(ask, &fault),
        }
    }

    /// A no with a class is a refusal. One without is what is left of a connector that broke.
    fn said(&self, ask: &Ask<'_>, fault: &Fault) -> CallFault {
        let words = self.clean(&fault.message);
        if let Some(refused) = fault.refused() {
            let mut refusal = Refusal::new(refused.class, words);
            refusal.retry_after = refused.retry_after;
            return CallFault::Refused(refusal);
        }
        let (name, what, code) = (self.name(), ask.word(), fault.code);
        if code == NO_SUCH_METHOD {
            let message = format!("`{name}` does not know `{what}`, which its description promises");
            return CallFault::Refused(Refusal::new(RefusalClass::Unsupported, message));
        }
        CallFault::Lost(format!("`{name}` broke over `{what}` with code {code}: {words}"))
    }

    /// The running connector, started if it is not.
    async fn running(&self) -> Result<Arc<Child>, Refusal> {
        let mut slot = self.slot.lock().await;
        if let Some(child) = &slot.running {
            match child.end() {
                None => return Ok(Arc::clone(child)),
                Some((End::Idle, _)) => slot.failures = 0,
                Some((End::Fell(why), useful)) => {
                    tracing::warn!(connector = self.name(), %why, "a connector fell");
                    slot.failures = if useful { 0 } else { slot.failures };
                    slot.failed(self.clock.elapsed());
                }
            }
            slot.running = None;
        }
        let wait = slot.rests_until.saturating_sub(self.clock.elapsed());
        if !wait.is_zero() {
            let message =
                format!("`{}` fell several times, so it is left alone for a while; its log says why", self.name());
            return Err(Refusal::new(RefusalClass::Maintenance, message).after(wait));
        }
        match self.start().await {
            Ok(child) => {
                let child = Arc::new(child);
                slot.running = Some(Arc::clone(&child));
                *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&child));
                Ok(child)
            }
            Err(refusal) => {
                slot.failed(self.clock.elapsed());
                Err(refusal)
            }
        }
    }

    async fn start(&self) -> Result<Child, Refusal> {
        let name = self.name();
        let mut secrets = BTreeMap::new();
        for (key, reference) in &self.config.secrets {
            secrets.insert(key.as_str(), self.secret(reference)?);
        }
        let child = Child::start(&self.config, &self.words)
            .map_err(|why| Refusal::new(RefusalClass::Unsupported, format!("`{name}` does not start: {why}")))?;
        let secrets = secrets.iter().map(|(key, secret)| (*key, secret.expose())).collect();
        let hello = Ask::Initialize(Hello { protocol: PROTOCOL, settings: &self.config.settings, secrets });
        let answer =
            child.ask(&hello, PROCESS_START_TIME_MAX).await.map_err(|miss| match self.fault(&hello, miss) {
                CallFault::Refused(refusal) => refusal,
                CallFault::Lost(why) => {
                    Refusal::new(RefusalClass::Maintenance, format!("{why}; it was started and is not ready"))
                }
            })?;
        // A later version may look otherwise, so its number is read before anything else.
        let protocol = serde_json::from_str::<serde_json::Value>(answer.get()).ok();
        let protocol = protocol.as_ref().and_then(|said| said.get("protocol")).and_then(serde_json::Value::as_u64);
        if protocol != Some(PROTOCOL.into()) {
            let theirs = protocol.map_or_else(|| "none".to_owned(), |version| version.to_string());
            let message = format!(
                "`{name}` speaks version {theirs} of the protocol, and we speak {PROTOCOL}; take a release of it that does"
            );
            return Err(Refusal::new(RefusalClass::Unsupported, message));
        }
        let said: Introduction = self.parsed(&hello, &answer).map_err(CallFault::refusal)?;
        match difference(&said.description, &self.description) {
            None => Ok(child),
            Some(part) => {
                let file = self.config.folder.join(&self.config.description);
                let message = format!(
                    "`{name}` says of itself something else than `{}`: `{part}` differs; bring the file up to date, then restart us",
                    file.display()
                );
                Err(Refusal::new(RefusalClass::Invalid, message))
            }
        }
    }
}

impl Slot {
    /// The first fall may be chance; from the second in a row on there is a pause.
    fn failed(&mut self, now: Duration) {
        self.failures = self.failures.saturating_add(1);
        if let Some(doublings) = self.failures.checked_sub(2) {
            let rest = PROCESS_REST_FIRST.saturating_mul(1 << doublings.min(16));
            self.rests_until = now + rest.min(PROCESS_REST_MAX);
        }
    }
}

/// The first part in which the description of a running connector is not the one in its file.
fn difference(running: &Description, file: &Description) -> Option<String> {
    if running == file {
        return None;
    }
    let (running, file) = (serde_json::to_value(running).ok()?, serde_json::to_value(file).ok()?);
    let parts = file.as_object()?.iter().find(|(name, part)| running.get(name.as_str()) != Some(part));
    Some(parts.map_or_else(|| "description".to_owned(), |(name, _)| name.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_begins_with_the_second_fall_doubles_and_has_an_end() {
        let mut slot = Slot::default();
        let mut rests = Vec::new();
        for _ in 0..12 {
            slot.failed(Duration::ZERO);
            rests.push(slot.rests_until);
        }
        assert_eq!(rests[..4], [0, 500, 1_000, 2_000].map(Duration::from_millis));
        assert_eq!(rests[11], PROCESS_REST_MAX);
    }

    #[test]
    fn the_part_that_differs_is_named() {
        let (one, mut other) = (Description::new("badges"), Description::new("badges"));
        assert_eq!(difference(&one, &other), None);
        other.consistency_delay = Duration::from_secs(1);
        assert_eq!(difference(&one, &other).unwrap(), "consistencyDelay");
    }
}
