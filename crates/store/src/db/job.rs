//! A job on its way through a thread that owns a SQLite connection.
//!
//! The thread knows jobs only as [`Job`]: run it, then, once the fate of the group is known,
//! answer it. The typed half is [`Work`].

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::oneshot;

use super::tx::Tx;
use crate::error::StoreError;

/// What a job may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// What became of a job before its group is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Keep,
    Undo,
}

pub(super) trait Job: Send {
    fn access(&self) -> Access;
    /// Runs it within the transaction that is open.
    fn run(&mut self, tx: &mut Tx) -> Fate;
    /// Tells the caller, who may have gone.
    fn answer(self: Box<Self>, group: Result<(), StoreError>);
}

pub(super) struct Work<T, E, F> {
    access: Access,
    job: Option<F>,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Work<T, E, F> {
    pub(super) fn new(access: Access, job: F) -> (Self, oneshot::Receiver<Result<T, E>>) {
        let (reply, answer) = oneshot::channel();
        (Self { access, job: Some(job), result: None, reply }, answer)
    }
}

impl<T, E, F> Job for Work<T, E, F>
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    fn access(&self) -> Access {
        self.access
    }

    fn run(&mut self, tx: &mut Tx) -> Fate {
        let Some(job) = self.job.take() else { return Fate::Undo };
        let ended = catch_unwind(AssertUnwindSafe(|| job(tx).now_or_never()));
        let result = match ended {
            Err(panic) => Err(StoreError::Panicked(words_of(&*panic)).into()),
            Ok(None) => Err(StoreError::AwaitedInTransaction.into()),
            Ok(Some(result)) => result.and_then(|value| tx.sound().map(|()| value).map_err(E::from)),
        };
        let fate = if result.is_ok() { Fate::Keep } else { Fate::Undo };
        self.result = Some(result);
        fate
    }

    fn answer(self: Box<Self>, group: Result<(), StoreError>) {
        let result = match (self.result, group) {
            (Some(Err(own)), _) => Err(own),
            (_, Err(group)) => Err(E::from(group)),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(E::from(StoreError::gone("the job was never run"))),
        };
        if self.reply.send(result).is_err() {
            tracing::debug!("a transaction ended after its caller had stopped waiting");
        }
    }
}

/// What a panic said, if it said it in words.
pub(super) fn words_of(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned())
}
