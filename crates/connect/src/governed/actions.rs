//! Actions at the pace of their system.

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::{Governed, Lane};
use crate::actions::{Act, Actions, Sight};
use crate::change::Operation;
use crate::connector::Connector as _;
use crate::outcome::WriteFault;
use crate::refusal::Refusal;

impl Governed {
    fn inner_actions(&self) -> Result<&dyn Actions, Refusal> {
        self.inner.actions().ok_or_else(|| self.describe().unsupported("do anything for its accounts"))
    }
}

impl Actions for Governed {
    fn look<'a>(&'a self, act: &'a Act) -> BoxFuture<'a, Result<Sight, Refusal>> {
        async move { self.reading(Lane::Ordinary, self.inner_actions()?.look(act)).await }.boxed()
    }

    fn act<'a>(&'a self, act: &'a Act, operation: &'a Operation) -> BoxFuture<'a, Result<Sight, WriteFault>> {
        async move { self.writing(self.inner_actions()?.act(act, operation)).await }.boxed()
    }
}
