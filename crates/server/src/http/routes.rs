//! The only way to mount a handler: by the name of its operation in the list of `api`.
//!
//! Method, path, who may and the description come from the list, so a route cannot be there
//! without its row; and a row without a route is an error when the server starts.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, delete, get, post};
use tenure_api::{Access, Method, Operation};

use super::edge::{Edge, surround};
use super::gate::{Gate, Guard, guard, visit};
use super::refusal::{nowhere, wrong_method};

/// Why the doors cannot be put together. A fault of ours, found when the server starts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MountError {
    /// A handler for something that is not in the list.
    #[error("there is no operation `{0}` in the list")]
    NotInTheList(String),
    /// Two handlers for one operation.
    #[error("the operation `{0}` is mounted twice")]
    Twice(String),
    /// Operations without a handler.
    #[error("nothing is mounted for {}", .0.join(", "))]
    Missing(Vec<String>),
}

/// The doors while they are put together.
#[derive(Debug)]
pub struct Routes<S> {
    operations: &'static [Operation],
    gate: Arc<dyn Gate>,
    mounted: BTreeSet<&'static str>,
    router: Router<S>,
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// Nothing is mounted yet of this list.
    pub fn of(operations: &'static [Operation], gate: Arc<dyn Gate>) -> Self {
        Self { operations, gate, mounted: BTreeSet::new(), router: Router::new() }
    }

    /// Mounts the handler of an operation.
    pub fn mount<H, T>(self, id: &str, handler: H) -> Result<Self, MountError>
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.place(id, handler, |operation| operation.access)
    }

    /// Mounts the handler of an operation that a setting opened to everybody on this machine.
    pub(super) fn mount_open<H, T>(self, id: &str, handler: H) -> Result<Self, MountError>
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.place(id, handler, |_| Access::Public)
    }

    fn place<H, T>(
        mut self,
        id: &str,
        handler: H,
        access: impl FnOnce(&Operation) -> Access,
    ) -> Result<Self, MountError>
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let operation = self.operations.iter().find(|operation| operation.id == id);
        let operation = operation.ok_or_else(|| MountError::NotInTheList(id.to_owned()))?;
        if !self.mounted.insert(operation.id) {
            return Err(MountError::Twice(id.to_owned()));
        }
        let guarded = self.guarded(operation.method, access(operation), handler);
        self.router = self.router.route(operation.path, guarded);
        Ok(self)
    }

    /// The router, if every operation of the list has its handler.
    pub fn finish(self, edge: Edge, state: S) -> Result<Router, MountError> {
        let missing: Vec<String> = self
            .operations
            .iter()
            .filter(|operation| !self.mounted.contains(operation.id))
            .map(|operation| operation.id.to_owned())
            .collect();
        if !missing.is_empty() {
            return Err(MountError::Missing(missing));
        }
        let router = self.router.fallback(nowhere).method_not_allowed_fallback(wrong_method);
        Ok(router.layer(from_fn_with_state(edge, surround)).with_state(state))
    }

    fn guarded<H, T>(&self, method: Method, access: Access, handler: H) -> MethodRouter<S>
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let bare = match method {
            Method::Get => get(handler),
            Method::Post => post(handler),
            Method::Delete => delete(handler),
        };
        match access {
            Access::Public | Access::Signed => bare,
            Access::Page(action) => {
                bare.route_layer(from_fn_with_state(Guard { gate: self.gate.clone(), action }, visit))
            }
            Access::Action(action) => {
                bare.route_layer(from_fn_with_state(Guard { gate: self.gate.clone(), action }, guard))
            }
        }
    }
}
