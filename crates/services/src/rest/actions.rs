//! What a service does for its accounts besides keeping them, as its pack describes it.
//!
//! A look comes before each act and after it. What is so already is left alone, so that an attempt
//! after a lost answer finds what the first one did and sends nothing.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Map, Value as Json, json};
use tenure_connect::actions::keepable;
use tenure_connect::plan::not_there;
use tenure_connect::{Act, ActionRule, Actions, Doubt, DoubtKind, Operation, Refusal, RefusalClass, Sight, WriteFault};
use tenure_model::{Given, NativeId};

use super::RestConnector;
use super::account::Account;
use super::pack::ActionPlan;
use super::template::Scope;
use crate::look::when_seen;

impl ActionPlan {
    /// What is said of it before anybody does it.
    pub(super) fn rule(&self) -> ActionRule {
        let unseen = self.seen.as_ref().err().cloned();
        ActionRule { about: self.about.clone(), takes: self.takes.clone(), undo: self.undo, unseen }
    }
}

/// An act that may begin: how, for whom, and what fills its requests.
struct Ready<'a> {
    plan: &'a ActionPlan,
    account: Account,
    scope: Scope<'a>,
}

impl RestConnector {
    async fn ready(&self, act: &Act) -> Result<Ready<'_>, Refusal> {
        self.description.permits_act(act)?;
        let unknown = || self.description.unsupported(&format!("do `{}`", act.action));
        let plan = self.pack.actions.get(&act.action).ok_or_else(unknown)?;
        let account = self.find(&act.account).await?.ok_or_else(|| not_there(&act.account))?;
        if self.is_deleted(&account) {
            return Err(super::write::deleted(&act.account, RefusalClass::Gone));
        }
        let mut with = Map::new();
        for (name, parameter) in &plan.takes {
            let value = match (parameter.given, act.with.get(name)) {
                (Given::Account, Some(Json::String(id))) => self.other(name, id).await?,
                (Given::Flag, None) => Json::from(false),
                (_, given) => given.cloned().unwrap_or_default(),
            };
            with.insert(name.clone(), value);
        }
        let scope = self.scope_of(&account).with("with", with);
        let scope = scope.with("kept", act.back.clone().unwrap_or_default());
        Ok(Ready { plan, account, scope })
    }

    /// Another account, as requests speak of it.
    async fn other(&self, name: &str, id: &str) -> Result<Json, Refusal> {
        let found = self.account(&NativeId::new(id)).await?.filter(|found| !self.is_deleted(found));
        let found = found.ok_or_else(|| {
            let message = format!("`{name}` is an account that is not there; name one that is");
            Refusal::new(RefusalClass::Invalid, message)
        })?;
        Ok(json!({ "id": found.id, "account": found.json }))
    }

    async fn sight(&self, ready: &Ready<'_>) -> Result<Sight, Refusal> {
        let Ok(look) = &ready.plan.seen else { return Ok(Sight { so: None, kept: json!({}) }) };
        let said = self.read(&self.call(&look.question.request, &ready.scope)?).await?;
        let answer = said.and_then(|said| said.json.pointer(&look.question.answer).cloned()).unwrap_or_default();
        let so = look.all.iter().all(|one| one.holds(&answer, &ready.scope))
            && !look.none.iter().any(|one| one.holds(&answer, &ready.scope));
        let keep = |(name, at): (&String, &String)| (name.clone(), answer.pointer(at).cloned().unwrap_or_default());
        Ok(Sight { so: Some(so), kept: keepable(look.keep.iter().map(keep).collect())? })
    }

    #[tracing::instrument(name = "connectors.rest.act", skip_all, fields(action = act.action, key = %operation.key))]
    async fn do_act(&self, act: &Act, operation: &Operation) -> Result<Sight, WriteFault> {
        let wanted = act.back.is_none();
        let ready = self.ready(act).await?;
        let steps = if wanted { &ready.plan.steps } else { &ready.plan.back };
        // Two of us who look and act must not both do it.
        let alone = self.whole_writes.lock().await;
        let before = self.sight(&ready).await?;
        if before.so == Some(wanted) {
            return Ok(before);
        }
        self.steps(steps, &ready.scope, &ready.account.json, &[]).await?;
        drop(alone);
        if before.so.is_none() {
            return Ok(before);
        }
        let look = || async { Ok(self.sight(&ready).await?.so.filter(|so| *so == wanted)) };
        let doubt = |kind: DoubtKind, what: &str| {
            let message = format!("the service said yes to `{}`, {what}", act.summary());
            WriteFault::Doubt(Doubt::new(kind, message))
        };
        match when_seen(self.description.consistency_delay, look).await {
            Ok(Some(so)) => Ok(Sight { so: Some(so), kept: before.kept }),
            Ok(None) => Err(doubt(DoubtKind::NotSeen, "and it is not so")),
            Err(refusal) => Err(doubt(DoubtKind::NotReadBack, &format!("and could not be looked at: {refusal}"))),
        }
    }
}

impl Actions for RestConnector {
    fn look<'a>(&'a self, act: &'a Act) -> BoxFuture<'a, Result<Sight, Refusal>> {
        async move { self.sight(&self.ready(act).await?).await }.boxed()
    }

    fn act<'a>(&'a self, act: &'a Act, operation: &'a Operation) -> BoxFuture<'a, Result<Sight, WriteFault>> {
        self.do_act(act, operation).boxed()
    }
}
