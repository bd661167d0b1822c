//! Tickets at the pace of their system.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tenure_model::NativeId;

use super::{Governed, Lane};
use crate::connector::Connector as _;
use crate::outcome::WriteFault;
use crate::refusal::Refusal;
use crate::tickets::{NewTicket, SeenTicket, Tickets};

impl Governed {
    fn inner_tickets(&self) -> Result<&dyn Tickets, Refusal> {
        self.inner.tickets().ok_or_else(|| self.describe().unsupported("keep tickets"))
    }
}

impl Tickets for Governed {
    fn find<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<SeenTicket>, Refusal>> {
        async move { self.reading(Lane::Ordinary, self.inner_tickets()?.find(key)).await }.boxed()
    }

    fn get<'a>(&'a self, id: &'a NativeId) -> BoxFuture<'a, Result<Option<SeenTicket>, Refusal>> {
        async move { self.reading(Lane::Ordinary, self.inner_tickets()?.get(id)).await }.boxed()
    }

    fn open<'a>(&'a self, ticket: &'a NewTicket) -> BoxFuture<'a, Result<NativeId, WriteFault>> {
        async move { self.writing(self.inner_tickets()?.open(ticket)).await }.boxed()
    }

    fn comment<'a>(&'a self, id: &'a NativeId, text: &'a str) -> BoxFuture<'a, Result<(), WriteFault>> {
        async move { self.writing(self.inner_tickets()?.comment(id, text)).await }.boxed()
    }

    fn close<'a>(&'a self, id: &'a NativeId) -> BoxFuture<'a, Result<(), WriteFault>> {
        async move { self.writing(self.inner_tickets()?.close(id)).await }.boxed()
    }
}
