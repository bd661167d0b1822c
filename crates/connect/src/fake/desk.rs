//! Humans in memory: they do what they are asked at once, or wait until a test speaks for them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tenure_model::{Clock, ConnectionName, NativeId};

use crate::desk::{Answer, Attestation, Desk, Request, Said};
use crate::refusal::Refusal;

/// Humans in memory. They are no people: what they say proves nothing but that the way to them works.
#[derive(Clone)]
pub struct FakeDesk {
    clock: Arc<dyn Clock>,
    at_once: bool,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    requests: Vec<Request>,
    said: BTreeMap<String, Said>,
    attested: Vec<Attestation>,
}

impl FakeDesk {
    /// Whoever is asked says yes at once, under the name `nobody (rehearsal)`.
    pub fn obedient(clock: Arc<dyn Clock>) -> Self {
        Self { clock, at_once: true, kept: Arc::default() }
    }

    /// Nobody says anything until [`FakeDesk::say`].
    pub fn silent(clock: Arc<dyn Clock>) -> Self {
        Self { at_once: false, ..Self::obedient(clock) }
    }

    /// What was asked, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.kept().requests.clone()
    }

    /// Somebody says something about what was asked as the number `place`, from 0.
    pub fn say(&self, place: usize, yes: bool, by: &str, comment: Option<&str>) {
        let at = self.clock.now();
        let comment = comment.map(ToOwned::to_owned);
        let mut kept = self.kept();
        if let Some(key) = kept.requests.get(place).map(|request| request.key.clone()) {
            kept.said.insert(key, Said { task: place.to_string(), yes, by: by.to_owned(), via: None, at, comment });
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, request: &Request) -> Answer {
        let mut kept = self.kept();
        let known = kept.requests.iter().position(|known| known.key == request.key);
        let place = known.unwrap_or_else(|| {
            kept.requests.push(request.clone());
            kept.requests.len() - 1
        });
        let task = place.to_string();
        match kept.said.get(&request.key) {
            Some(said) => Answer::Said(said.clone()),
            None if self.at_once => {
                let (by, at) = ("nobody (rehearsal)".to_owned(), self.clock.now());
                let said = Said { task, yes: true, by, via: None, at, comment: None };
                kept.said.insert(request.key.clone(), said.clone());
                Answer::Said(said)
            }
            None => Answer::Asked { task },
        }
    }
}

impl Desk for FakeDesk {
    fn ask<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Answer, Refusal>> {
        let answer = self.answer(request);
        async move { Ok(answer) }.boxed()
    }

    fn attest(&self, attestation: Attestation) -> BoxFuture<'_, Result<(), Refusal>> {
        let mut kept = self.kept();
        if !kept.attested.iter().any(|known| known.key == attestation.key) {
            kept.attested.push(attestation);
        }
        drop(kept);
        async move { Ok(()) }.boxed()
    }

    fn attested<'a>(
        &'a self,
        connection: &'a ConnectionName,
        account: Option<&'a NativeId>,
    ) -> BoxFuture<'a, Result<Vec<Attestation>, Refusal>> {
        let fits =
            |one: &&Attestation| one.connection == *connection && account.is_none_or(|account| one.account == *account);
        let found: Vec<Attestation> = self.kept().attested.iter().filter(fits).cloned().collect();
        async move { Ok(found) }.boxed()
    }
}
