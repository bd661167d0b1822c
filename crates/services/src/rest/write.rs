//! Writing: one change, sent only if it is not so already, and read back by another request.
//!
//! Every write begins with a look, so an attempt after a lost answer finds what the first one did
//! and sends nothing. A name that is taken is only ours if the locator says so.

use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::{Value as Json, json};
use tenure_connect::change::values;
use tenure_connect::plan::{no_entitlement, not_there, other_identity};
use tenure_connect::{
    Change, Doubt, DoubtKind, Expectation, Locator, Outcome, Refusal, RefusalClass, SecretRef, Verb, Write, WriteFault,
};
use tenure_model::{AccountState, Attributes, NativeId, Value};
use tokio::sync::MutexGuard;

use super::RestConnector;
use super::account::{Account, id_at, items};
use super::pack::{Attribute, Each, Give, Operation, Source, Step};
use super::template::Scope;
use crate::look::when_seen;

impl RestConnector {
    /// Makes one change and reads it back.
    pub(super) async fn write(&self, change: &Change) -> Outcome {
        match self.send_change(change).await {
            Ok(id) => {
                let verdict = self.verify_by_another_request(&Expectation::after(change), id.as_ref()).await;
                verdict.end_of(change, "the service")
            }
            Err(fault) => fault.into(),
        }
    }

    /// Sends the change; hands back the id of the account, if it is known.
    async fn send_change(&self, change: &Change) -> Result<Option<NativeId>, WriteFault> {
        if let Write::Create { attributes } = &change.write {
            let _alone = self.making.lock().await;
            return self.create(&change.account, attributes).await;
        }
        let account = match (self.find(&change.account).await?, &change.write) {
            (None, Write::Delete) => return Ok(None),
            (None, _) => return Err(not_there(&change.account).into()),
            (Some(account), _) => account,
        };
        if self.is_deleted(&account) {
            match &change.write {
                Write::Restore => {}
                Write::Delete | Write::Disable => return Ok(Some(account.id)),
                _ => return Err(deleted(&change.account, RefusalClass::Gone).into()),
            }
        }
        match &change.write {
            Write::Set { attributes } => {
                for (attribute, _) in self.normal(attributes)? {
                    attribute.may_change()?;
                }
                self.set(&change.account, account.clone(), attributes).await?;
            }
            Write::Amend { attribute, add, remove } => {
                self.amend(&change.account, account.clone(), attribute, add, remove).await?;
            }
            Write::Enable => self.turn(Verb::Enable, AccountState::Active, &account).await?,
            Write::Disable => self.turn(Verb::Disable, AccountState::Disabled, &account).await?,
            Write::Restore => self.turn(Verb::Restore, AccountState::Active, &account).await?,
            Write::Grant { entitlement, .. } => self.hold(Verb::Grant, entitlement, &account).await?,
            Write::Revoke { entitlement, .. } => self.hold(Verb::Revoke, entitlement, &account).await?,
            Write::SetPassword { secret, must_change } => {
                self.set_password(&change.account, secret, *must_change, &account).await?;
            }
            Write::End { artifact } => self.end_artifacts(*artifact, &account).await?,
            Write::Delete => {
                let done = self.perform(self.operation(Verb::Delete)?, &account).await;
                so_already(done, RefusalClass::Gone)?;
            }
            Write::Create { .. } | Write::Move { .. } => {
                return Err(self.description.unsupported(&format!("`{}`", change.write.verb())).into());
            }
        }
        Ok(Some(account.id))
    }

    fn operation(&self, verb: Verb) -> Result<&Operation, Refusal> {
        self.pack.operations.get(&verb).ok_or_else(|| self.description.unsupported(&format!("`{verb}`")))
    }

    /// What fills requests about this account.
    pub(super) fn scope_of(&self, account: &Account) -> Scope<'_> {
        let scope = self.scope().with("id", account.id.as_str()).with("account", account.json.clone());
        scope.with("object", account.object_with(&[]))
    }

    async fn perform(&self, operation: &Operation, account: &Account) -> Result<(), WriteFault> {
        self.steps(&operation.steps, &self.scope_of(account), &account.json, &[]).await
    }

    /// Makes steps, one after the other. `given` is what a step for each attribute is made for.
    pub(super) async fn steps(
        &self,
        steps: &[Step],
        scope: &Scope<'_>,
        account: &Json,
        given: &[(&Attribute, Value)],
    ) -> Result<(), WriteFault> {
        let mut done = 0_usize;
        for step in steps {
            let mut items = self.each(step, scope, account, given).await.map_err(|no| halfway(no.into(), done))?;
            items.retain(|item| step.only.iter().all(|only| item.as_ref().is_some_and(|item| only.holds(item, scope))));
            for item in items {
                let scope = item.into_iter().fold(scope.clone(), |scope, item| scope.with("item", item));
                let call = self.call(&step.request, &scope).map_err(|no| halfway(no.into(), done))?;
                self.write_once(&call, &step.accept).await.map_err(|fault| halfway(fault, done))?;
                done += 1;
            }
        }
        Ok(())
    }

    /// Makes the account, or brings the one that answers to the locator up to date. One that only
    /// has the same name is somebody else's and is left alone.
    async fn create(&self, account: &Locator, attributes: &Attributes) -> Result<Option<NativeId>, WriteFault> {
        let operation = self.operation(Verb::Create)?;
        if let Some(found) = self.find(account).await? {
            if self.is_deleted(&found) {
                return Err(deleted(account, RefusalClass::Exists).into());
            }
            return self.bring_up_to_date(account, found, attributes).await;
        }
        let wanted = self.new_attributes(account, attributes)?;
        self.is_unclaimed(account, &wanted, None).await?;
        let mut fields = json!({});
        self.pack.accounts.attributes.iter().for_each(|attribute| attribute.write_usual(&mut fields));
        for (attribute, value) in wanted.iter().filter(|(attribute, _)| !attribute.is_joined()) {
            attribute.write(&mut fields, value);
        }
        let scope = self.scope().with("attributes", fields).with("random", random()?);
        let Some((first, rest)) = operation.steps.split_first() else { return Ok(None) };
        let said = match self.write_once(&self.call(&first.request, &scope)?, &first.accept).await {
            Ok(said) => said,
            // Somebody else may have made the same account since we looked.
            Err(WriteFault::Refused(refusal)) if refusal.class == RefusalClass::Exists => {
                let ours = when_seen(self.description.consistency_delay, || self.find(account)).await?;
                return match ours.filter(|found| !self.is_deleted(found)) {
                    Some(found) => self.bring_up_to_date(account, found, attributes).await,
                    None => Err(refusal.into()),
                };
            }
            Err(fault) => return Err(fault),
        };
        let id = operation.id.as_ref().and_then(|at| id_at(&said.json, at));
        if rest.is_empty() {
            return Ok(id);
        }
        let made = match &id {
            Some(id) => self.account(id).await?,
            None => self.find(account).await?,
        };
        let made = made.ok_or_else(|| not_there(account))?;
        self.steps(
            rest,
            &self.scope_of(&made).with("attributes", json!({})).with("random", random()?),
            &made.json,
            &wanted,
        )
        .await?;
        Ok(Some(made.id))
    }

    async fn bring_up_to_date(
        &self,
        locator: &Locator,
        found: Account,
        attributes: &Attributes,
    ) -> Result<Option<NativeId>, WriteFault> {
        let id = found.id.clone();
        let now = self.observed(&found);
        if now.state == AccountState::SoftDeleted {
            let message = format!("whoever goes by `{locator}` was deleted and keeps the name; use another one");
            return Err(Refusal::new(RefusalClass::Exists, message).into());
        }
        let now = now.attributes;
        let differs = |(name, value): &(&String, &Value)| now.get(*name) != Some(value);
        let wanted = self.normal_map(attributes)?;
        let wanted = wanted.iter().filter(differs).map(|(name, value)| (name.clone(), value.clone())).collect();
        self.set(locator, found, &wanted).await?;
        Ok(Some(id))
    }

    /// The attributes of a new account, with the one by which it is found again.
    fn new_attributes(&self, account: &Locator, attributes: &Attributes) -> Result<Vec<(&Attribute, Value)>, Refusal> {
        let Locator::Attribute { name, value } = account else { return Err(not_there(account)) };
        let key = self.pack.attribute(name).ok_or_else(|| self.undescribed(name))?;
        let mut wanted = self.normal(attributes)?;
        wanted.retain(|(_, value)| *value != Value::Cleared);
        match wanted.iter().find(|(known, _)| known.name == key.name) {
            None => wanted.push((key, key.normal(&Value::from(value.as_str()))?)),
            Some((_, given)) if given.to_string() == *value => {}
            Some(_) => return Err(other_identity(account, name)),
        }
        for (attribute, _) in &wanted {
            if attribute.give == Give::Never {
                attribute.may_change()?;
            }
        }
        let given = |known: &Attribute| wanted.iter().any(|(one, _)| one.name == known.name);
        match self.pack.accounts.attributes.iter().find(|known| known.required && !given(known)) {
            Some(missing) => {
                let message = format!("no account can be without `{}`; give it one at its source", missing.name);
                Err(Refusal::new(RefusalClass::Invalid, message))
            }
            None => Ok(wanted),
        }
    }

    /// Gives the attributes that differ their values.
    async fn set(&self, locator: &Locator, account: Account, attributes: &Attributes) -> Result<(), WriteFault> {
        let wanted = self.normal(attributes)?;
        let differs = |(attribute, value): &(&Attribute, Value)| {
            let current = attribute.read(&account.json);
            current.as_ref() != Some(value) && !(current.is_none() && *value == Value::Cleared)
        };
        let given: Vec<(&Attribute, Value)> = wanted.into_iter().filter(differs).collect();
        if given.is_empty() {
            return Ok(());
        }
        for (attribute, _) in &given {
            attribute.may_change()?;
        }
        self.is_unclaimed(locator, &given, Some(&account.id)).await?;
        let operation = self.operation(Verb::Set)?;
        let _alone = self.whole_writes.lock().await;
        // What goes back whole must be what is there now, not what was there before we waited.
        let account = self.account(&account.id).await?.ok_or_else(|| not_there(locator))?;
        let mut fields = json!({});
        // What is among others has requests of its own: a list sent with some of it would be all.
        for (attribute, value) in given.iter().filter(|(attribute, _)| !is_among(attribute)) {
            attribute.write(&mut fields, value);
        }
        let scope = self.scope_of(&account).with("attributes", fields).with("object", account.object_with(&given));
        self.steps(&operation.steps, &scope, &account.json, &given).await
    }

    /// Adds values to a list and takes others away; the rest of it stays.
    async fn amend(
        &self,
        locator: &Locator,
        account: Account,
        name: &str,
        add: &[Value],
        remove: &[Value],
    ) -> Result<(), WriteFault> {
        let attribute = self.pack.attribute(name).ok_or_else(|| self.undescribed(name))?;
        if !attribute.many {
            let message = format!("attribute `{name}` has one value; set it instead");
            return Err(Refusal::new(RefusalClass::Invalid, message).into());
        }
        let mut wanted = attribute.read(&account.json).as_ref().map(values).unwrap_or_default().to_vec();
        wanted.retain(|value| !remove.contains(value));
        wanted.extend(add.iter().cloned());
        let wanted = [(name.to_owned(), Value::List(wanted))].into();
        self.set(locator, account, &wanted).await
    }

    /// Demands that nobody else goes by these identities. Services do not always see to that.
    async fn is_unclaimed(
        &self,
        account: &Locator,
        wanted: &[(&Attribute, Value)],
        own: Option<&NativeId>,
    ) -> Result<(), Refusal> {
        for (attribute, value) in wanted.iter().filter(|(attribute, _)| attribute.unique) {
            let identity = Locator::attribute(&attribute.name, value.to_string());
            // The account itself was looked for by this a moment ago.
            if *value != Value::Cleared
                && identity != *account
                && let Some(other) = self.find(&identity).await?
                && Some(&other.id) != own
                && !self.is_deleted(&other)
            {
                let message = format!("another account goes by `{identity}` already; correct it at its source");
                return Err(Refusal::new(RefusalClass::Exists, message));
            }
        }
        Ok(())
    }

    /// Makes the account usable or not.
    async fn turn(&self, verb: Verb, wanted: AccountState, account: &Account) -> Result<(), WriteFault> {
        let operation = self.operation(verb)?;
        let _alone = self.whole_writes.lock().await;
        let Some(account) = self.account(&account.id).await? else {
            return Err(not_there(&Locator::Native(account.id.clone())).into());
        };
        let so = match verb {
            Verb::Restore => !self.is_deleted(&account),
            _ => self.observed(&account).state == wanted,
        };
        if so { Ok(()) } else { self.perform(operation, &account).await }
    }

    pub(super) fn is_deleted(&self, account: &Account) -> bool {
        self.observed(account).state == AccountState::SoftDeleted
    }

    /// Gives the entitlement or takes it away.
    async fn hold(&self, verb: Verb, entitlement: &NativeId, account: &Account) -> Result<(), WriteFault> {
        let operation = self.operation(verb)?;
        let (_alone, account) = &self.alone(operation, account).await?;
        if account.holds(&self.pack, &self.scope()).contains(entitlement) == (verb == Verb::Grant) {
            return Ok(());
        }
        let locator = Locator::Native(entitlement.clone());
        if verb == Verb::Grant && self.entitlement(&locator).await?.is_none() {
            return Err(no_entitlement(&locator).into());
        }
        let scope = self.scope_of(account).with("entitlement", entitlement.as_str());
        let done = self.steps(&operation.steps, &scope, &account.json, &[]).await;
        so_already(done, if verb == Verb::Grant { RefusalClass::Exists } else { RefusalClass::Gone })
    }

    /// Gives the account a password, which is read now and kept nowhere.
    async fn set_password(
        &self,
        locator: &Locator,
        secret: &SecretRef,
        must_change: bool,
        account: &Account,
    ) -> Result<(), WriteFault> {
        let operation = self.operation(Verb::SetPassword)?;
        if must_change && !operation.demands_change {
            let what = "make somebody choose another password, of which its pack knows nothing";
            return Err(self.description.unsupported(what).into());
        }
        let password = self.secrets.resolve(secret).map_err(|cause| {
            let message = format!("the password for `{locator}` cannot be had from `{secret}`");
            Refusal::new(RefusalClass::Invalid, message).because(cause)
        })?;
        let (_alone, account) = &self.alone(operation, account).await?;
        if operation.only_if_active && self.observed(account).state != AccountState::Active {
            let message =
                format!("another password would let `{locator}` in, who is kept out; enable the account first");
            return Err(Refusal::new(RefusalClass::Invalid, message).into());
        }
        let scope = self.scope_of(account).with("password", password.expose()).with("mustChange", must_change);
        self.steps(&operation.steps, &scope, &account.json, &[]).await
    }

    /// Holds others back and looks again, where what is sent holds what was read or depends on it.
    async fn alone(
        &self,
        operation: &Operation,
        account: &Account,
    ) -> Result<(Option<MutexGuard<'_, ()>>, Account), Refusal> {
        if !operation.puts_back() && !operation.only_if_active {
            return Ok((None, account.clone()));
        }
        let alone = self.whole_writes.lock().await;
        let now = self.account(&account.id).await?.ok_or_else(|| not_there(&Locator::Native(account.id.clone())))?;
        Ok((Some(alone), now))
    }

    /// For what a step is made: once for nothing in particular, or once for each of several things.
    async fn each(
        &self,
        step: &Step,
        scope: &Scope<'_>,
        account: &Json,
        given: &[(&Attribute, Value)],
    ) -> Result<Vec<Option<Json>>, Refusal> {
        let item = |(attribute, value): &(&Attribute, Value)| {
            let key = match &attribute.source {
                Source::At(pointer) => pointer,
                Source::Among { is, .. } => is,
            };
            Some(json!({ "name": attribute.name, "key": key, "value": attribute.wire(value) }))
        };
        let parts = given.iter().filter(|(attribute, _)| is_among(attribute));
        Ok(match &step.each {
            None => vec![None],
            Some(Each::Given) => parts.filter(|(_, value)| *value != Value::Cleared).map(item).collect(),
            Some(Each::Cleared) => parts.filter(|(_, value)| *value == Value::Cleared).map(item).collect(),
            Some(Each::Of(pointer)) => items(account, pointer).iter().cloned().map(Some).collect(),
            Some(Each::Found(lookup)) => self.looked_up(lookup, scope).await?.into_iter().map(Some).collect(),
            Some(Each::Put(list)) => items(&list.json(scope)?, "").iter().cloned().map(Some).collect(),
        })
    }
}

/// A text that nobody can guess, with a letter of each kind in it for whoever insists. The rest are
/// digits: what has the name of its owner in it is refused by some, now and then.
fn random() -> Result<String, Refusal> {
    let mut bytes = [0; 40];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Refusal::new(RefusalClass::Maintenance, "this machine gives no random numbers now"))?;
    let digits: String = bytes.iter().map(|byte| char::from(b'0' + byte % 10)).collect();
    let (one, two) = digits.split_at(digits.len() / 2);
    Ok(format!("x{one}X{two}!"))
}

/// A refusal says that nothing was changed, which after the first step is no longer so.
pub(super) fn halfway(fault: WriteFault, done: usize) -> WriteFault {
    match fault {
        WriteFault::Refused(refusal) if done > 0 => {
            let message = format!("{refusal}; what came before it was done, so read before anything else");
            WriteFault::Doubt(Doubt::new(DoubtKind::NotSeen, message))
        }
        fault => fault,
    }
}

/// Where the service says that it is so already, the look afterwards decides: what we were shown
/// before the write may have been older than that.
pub(super) fn so_already(done: Result<(), WriteFault>, class: RefusalClass) -> Result<(), WriteFault> {
    match done {
        Err(WriteFault::Refused(refusal)) if refusal.class == class => Ok(()),
        done => done,
    }
}

pub(super) fn deleted(account: &Locator, class: RefusalClass) -> Refusal {
    Refusal::new(class, format!("`{account}` was deleted and can be brought back; restore it first"))
}

fn is_among(attribute: &Attribute) -> bool {
    matches!(attribute.source, Source::Among { .. })
}
