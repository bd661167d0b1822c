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
use super::account::{Account, put};
use super::pack::{ActionLook, ActionPlan, Source};
use super::template::{Scope, quoted};
use crate::look::when_seen;

impl ActionPlan {
    /// What is said of it before anybody does it.
    pub(super) fn rule(&self) -> ActionRule {
        let unseen = self.seen.as_ref().err().cloned();
        ActionRule { about: self.about.clone(), takes: self.takes.clone(), undo: self.undo, unseen }
    }
}

/// Under which name it is kept what was given.
const GIVEN: &str = "with";

/// An act that may begin: how, for whom, and what fills its requests.
struct Ready<'a> {
    plan: &'a ActionPlan,
    account: Account,
    scope: Scope<'a>,
    /// What is given, as requests speak of it.
    with: Json,
}

impl Ready<'_> {
    /// Whether a look tells that nothing is left to do. That something is not so, or not wholly so, does not
    /// yet mean that all of it is taken back, unless one request did it, or the pack says how that looks.
    fn is_told(&self) -> bool {
        let back = self.plan.back.as_ref().is_some_and(|back| back.seen.is_some());
        back || matches!(self.plan.steps.as_slice(), [only] if only.each.is_none())
    }
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
        // What is taken back is what was given then, whatever became of it since.
        let with = match act.back.as_ref().and_then(|kept| kept.get(GIVEN)) {
            Some(given) => given.clone(),
            None => self.given(plan, act).await?,
        };
        let given = json!({ "id": account.id, "account": account.json, "with": with });
        let scope = self.scope_of(&account).with("quoted", quoted(&given, &plan.quotes)).with("with", with.clone());
        if act.back.is_none()
            && let Some(only) = plan.given.iter().find(|only| !only.holds(&with, &scope))
        {
            let message = format!(
                "`{}` is not for what is given here: `{}` is another",
                act.action,
                only.at.place(&scope).unwrap_or_default()
            );
            return Err(Refusal::new(RefusalClass::Invalid, message));
        }
        let scope = match &act.back {
            Some(kept) => scope.with("kept", kept.clone()).with("now", self.given_now(plan, act).await?),
            None => scope,
        };
        Ok(Ready { plan, account, scope, with })
    }

    /// Those accounts that it was given to, as they are now; nothing of those that are gone.
    async fn given_now(&self, plan: &ActionPlan, act: &Act) -> Result<Json, Refusal> {
        let mut now = Map::new();
        for (name, _) in plan.takes.iter().filter(|(_, parameter)| parameter.given == Given::Account) {
            if let Some(id) = act.with.get(name).and_then(Json::as_str)
                && let Some(found) = self.account(&NativeId::new(id)).await?
            {
                now.insert(name.clone(), self.as_given(&found));
            }
        }
        Ok(Json::Object(now))
    }

    async fn given(&self, plan: &ActionPlan, act: &Act) -> Result<Json, Refusal> {
        let mut with = Map::new();
        for (name, parameter) in &plan.takes {
            let value = match (parameter.given, act.with.get(name)) {
                (Given::Account, Some(Json::String(id))) => self.other(name, id).await?,
                (Given::Flag, None) => Json::from(false),
                (_, given) => given.cloned().unwrap_or_default(),
            };
            with.insert(name.clone(), value);
        }
        Ok(Json::Object(with))
    }

    /// Another account, as requests speak of it.
    async fn other(&self, name: &str, id: &str) -> Result<Json, Refusal> {
        let found = self.account(&NativeId::new(id)).await?.filter(|found| !self.is_deleted(found));
        let found = found.ok_or_else(|| {
            let message = format!("`{name}` is an account that is not there; name one that is");
            Refusal::new(RefusalClass::Invalid, message)
        })?;
        Ok(self.as_given(&found))
    }

    /// An account with what the pack describes of it, and with nothing else.
    fn as_given(&self, account: &Account) -> Json {
        let mut described = json!({});
        for attribute in self.pack.accounts.attributes.iter().filter(|attribute| !attribute.is_joined()) {
            if let Source::At(at) = &attribute.source
                && let Some(value) = account.json.pointer(at)
            {
                put(&mut described, at, value.clone());
            }
        }
        json!({ "id": account.id, "account": described })
    }

    /// Whether it is so, and what is kept to take it back with.
    async fn sight(&self, ready: &Ready<'_>) -> Result<Sight, Refusal> {
        let mut kept = Map::from_iter([(GIVEN.to_owned(), ready.with.clone())]);
        let Ok(look) = &ready.plan.seen else { return Ok(Sight { so: None, kept: keepable(kept.into())? }) };
        let (so, answer) = self.looked(look, ready).await?;
        let keep = |(name, at): (&String, &String)| (name.clone(), answer.pointer(at).cloned().unwrap_or_default());
        kept.extend(look.keep.iter().map(keep));
        Ok(Sight { so: Some(so), kept: keepable(kept.into())? })
    }

    async fn looked(&self, look: &ActionLook, ready: &Ready<'_>) -> Result<(bool, Json), Refusal> {
        let said = self.read(&self.call(&look.question.request, &ready.scope)?).await?;
        let answer = said.and_then(|said| said.json.pointer(&look.question.answer).cloned());
        // Where nothing is answered nothing is so.
        let so = answer.as_ref().is_some_and(|answer| {
            look.all.iter().all(|one| one.holds(answer, &ready.scope))
                && !look.none.iter().any(|one| one.holds(answer, &ready.scope))
        });
        Ok((so, answer.unwrap_or_default()))
    }

    /// Whether it is taken back, and not only for one look where a write is seen late: nobody comes back to
    /// what is taken for taken back.
    async fn is_back_for_good(&self, ready: &Ready<'_>) -> Result<bool, Refusal> {
        let is_back = self.has_come(ready, false).await? == Some(true);
        if !is_back || self.description.consistency_delay.is_zero() {
            return Ok(is_back);
        }
        tokio::time::sleep(self.description.consistency_delay).await;
        Ok(self.has_come(ready, false).await? == Some(true))
    }

    /// Whether it has come to what was wanted: that it is so, or that it is taken back.
    async fn has_come(&self, ready: &Ready<'_>, wanted: bool) -> Result<Option<bool>, Refusal> {
        match (&ready.plan.seen, ready.plan.back.as_ref().and_then(|back| back.seen.as_ref())) {
            // Where nothing is answered there is nothing left to take back.
            (_, Some(look)) if !wanted => {
                let (so, answer) = self.looked(look, ready).await?;
                Ok(Some(so || answer.is_null()))
            }
            (Ok(look), _) => Ok(Some(self.looked(look, ready).await?.0 == wanted)),
            (Err(_), _) => Ok(None),
        }
    }

    #[tracing::instrument(name = "connectors.rest.act", skip_all, fields(action = act.action, key = %operation.key))]
    async fn do_act(&self, act: &Act, operation: &Operation) -> Result<Sight, WriteFault> {
        let wanted = act.back.is_none();
        let ready = self.ready(act).await?;
        // This may take as long as a write is seen late, so nobody waits for it.
        if !wanted && ready.is_told() && self.is_back_for_good(&ready).await? {
            return Ok(Sight { so: Some(false), kept: json!({}) });
        }
        // Two of us who look and act must not both do it.
        let alone = self.whole_writes.lock().await;
        if let Ok(look) = &ready.plan.seen
            && wanted
        {
            let (so, answer) = self.looked(look, &ready).await?;
            if so {
                return Ok(Sight { so: Some(true), kept: json!({}) });
            }
            if let Some(bar) = look.bars.iter().find(|bar| bar.condition.holds(&answer, &ready.scope) == bar.when) {
                return Err(Refusal::new(RefusalClass::Invalid, bar.why.clone()).into());
            }
        }
        let steps = match &ready.plan.back {
            Some(back) if !wanted => &back.steps,
            Some(_) | None => &ready.plan.steps,
        };
        self.steps(steps, &ready.scope, &ready.account.json, &[]).await?;
        drop(alone);
        let sight = |so: Option<bool>| Sight { so: so.map(|_| wanted), kept: json!({}) };
        if ready.plan.seen.is_err() {
            return Ok(sight(None));
        }
        let look = || async { Ok(self.has_come(&ready, wanted).await?.filter(|come| *come)) };
        let doubt = |kind: DoubtKind, what: &str| {
            let message = format!("the service said yes to `{}`, {what}", act.summary());
            WriteFault::Doubt(Doubt::new(kind, message))
        };
        match when_seen(self.description.consistency_delay, look).await {
            Ok(Some(come)) => Ok(sight(Some(come))),
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
