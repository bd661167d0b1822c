//! What the fake does for its accounts: it keeps that it was done, and with what.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value as Json, json};

use super::world::find_in;
use super::{FakeTarget, Fault};
use crate::actions::{Act, Actions, Sight};
use crate::change::Operation;
use crate::connector::Connector as _;
use crate::outcome::{Doubt, DoubtKind, WriteFault};
use crate::plan::not_there;
use crate::refusal::Refusal;

impl Actions for FakeTarget {
    fn look<'a>(&'a self, act: &'a Act) -> BoxFuture<'a, Result<Sight, Refusal>> {
        async move { self.sight(act) }.boxed()
    }

    fn act<'a>(&'a self, act: &'a Act, operation: &'a Operation) -> BoxFuture<'a, Result<Sight, WriteFault>> {
        self.do_act(act, operation).boxed()
    }
}

impl FakeTarget {
    fn sight(&self, act: &Act) -> Result<Sight, Refusal> {
        self.describe().permits_act(act)?;
        let mut world = self.world();
        let accounts = world.read();
        let entry = find_in(accounts, &act.account)?.and_then(|id| accounts.get(&id));
        let done = entry.ok_or_else(|| not_there(&act.account))?.acts.get(&act.action);
        Ok(Sight { so: Some(done == Some(&act.with)), kept: done.map_or(Json::Null, |with| json!(with)) })
    }

    async fn do_act(&self, act: &Act, operation: &Operation) -> Result<Sight, WriteFault> {
        let (what, wanted) = (act.summary(), act.back.is_none());
        let sight = self.sight(act)?;
        if sight.so == Some(wanted) {
            return Ok(sight);
        }
        self.wait_at_the_door().await;
        let fault = self.world().next_fault();
        match &fault {
            Some(Fault::Refuse(refusal)) => return Err(refusal.clone().into()),
            Some(Fault::NoEffect | Fault::Lie) => self.world().writes += 1,
            Some(Fault::LoseResponse) | None => self.world().act(act, operation)?,
        }
        let doubt = |kind: DoubtKind, message: String| Err(WriteFault::Doubt(Doubt::new(kind, message)));
        match fault {
            Some(Fault::LoseResponse) => doubt(DoubtKind::LostResponse, format!("no answer came to `{what}`")),
            Some(Fault::Lie) => Ok(Sight { so: Some(wanted), kept: Json::Null }),
            Some(Fault::NoEffect | Fault::Refuse(_)) | None => match self.sight(act)? {
                sight if sight.so == Some(wanted) => Ok(sight),
                _ => doubt(DoubtKind::NotSeen, format!("the system said yes to `{what}`, and it is not so")),
            },
        }
    }
}
