//! Reading: one account, pages of them, and the plan that is made from what was read.

use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::Value as Json;
use tenure_connect::plan::{self, Resolved};
use tenure_connect::{
    Batch, Change, Checked, Completeness, Desired, Locator, ObjectClass, Page, Query, Refusal, RefusalClass, Seen,
    SeenEntitlement,
};
use tenure_model::{Attributes, NativeId, Observed, Value};

use super::RestConnector;
use super::account::{Account, WITH, id_at, items};
use super::pack::{Attribute, Entitlements, Joined, Lookup};
use super::page::{Listed, Mark};
use super::template::{Scope, scalar};
use crate::limits::HTTP_REQUESTS_AT_ONCE_MAX;

impl RestConnector {
    /// Whether the service answers, lets us in, and has accounts.
    pub(super) async fn check_service(&self) -> Result<Checked, Refusal> {
        if let Some(check) = &self.pack.check {
            self.must_read(&self.call(check, &self.scope())?).await?;
        } else {
            self.list(&self.pack.accounts.list, &self.pack.accounts.id, 1, None, &self.scope()).await?;
        }
        let peer = format!("the service of pack `{}` at {}", self.name, self.http.url());
        Ok(Checked {
            peer: match self.check_tickets().await? {
                Some(native) => format!("{peer}; a ticket there is called `{native}`, and can be looked for"),
                None => peer,
            },
        })
    }

    /// The account as it is now.
    pub(super) async fn observe(&self, locator: &Locator) -> Result<Option<Observed>, Refusal> {
        Ok(self.find(locator).await?.map(|account| self.observed(&account)))
    }

    pub(super) fn observed(&self, account: &Account) -> Observed {
        account.observed(&self.pack, &self.scope(), self.clock.now())
    }

    /// The one account that answers to the locator.
    pub(super) async fn find(&self, locator: &Locator) -> Result<Option<Account>, Refusal> {
        match locator {
            Locator::Native(id) => self.account(id).await,
            Locator::Attribute { name, value } => {
                let attribute = self.pack.attribute(name).ok_or_else(|| self.undescribed(name))?;
                let mut found = self.answering(attribute, value).await?;
                if found.len() > 1 {
                    let message =
                        format!("more than one account answers to `{locator}`; use an attribute that is unique");
                    return Err(Refusal::new(RefusalClass::Invalid, message));
                }
                Ok(found.pop())
            }
        }
    }

    /// The account with this id, with everything that belongs to it.
    pub(super) async fn account(&self, id: &NativeId) -> Result<Option<Account>, Refusal> {
        // These would be swallowed by a path, and the question would be another one.
        if matches!(id.as_str(), "" | "." | "..") {
            return Ok(None);
        }
        let accounts = &self.pack.accounts;
        let mut found = Vec::new();
        let fits = |json: &Json| id_at(json, &accounts.id).as_ref() == Some(id);
        match accounts.get.as_ref().filter(|get| get.can_ask(id.as_str())) {
            Some(get) => found = self.looked_up(get, &self.scope().with("id", id.as_str())).await?,
            None => {
                self.scan(&accounts.list, &accounts.id, &self.scope(), |json| {
                    if fits(&json) {
                        found.push(json);
                    }
                })
                .await?;
            }
        }
        // Some services take a name for an id.
        match found.into_iter().find(fits) {
            Some(json) => self.joined(json).await.map(Some),
            None => self.deleted(id).await?.map(|json| Account::take(&self.pack, json)).transpose(),
        }
    }

    /// The account with this id among those that can be brought back.
    async fn deleted(&self, id: &NativeId) -> Result<Option<Json>, Refusal> {
        let accounts = &self.pack.accounts;
        let Some(bin) = &accounts.bin else { return Ok(None) };
        let mut found = Vec::new();
        match &bin.get {
            Some(get) => found = self.looked_up(get, &self.scope().with("id", id.as_str())).await?,
            None => self.scan(&bin.list, &accounts.id, &self.scope(), |json| found.push(json)).await?,
        }
        Ok(found.into_iter().find(|json| id_at(json, &accounts.id).as_ref() == Some(id)))
    }

    /// Whoever answers to this value. The service is asked where it can be; what it says is held
    /// against the value in any case.
    async fn answering(&self, attribute: &Attribute, value: &str) -> Result<Vec<Account>, Refusal> {
        let accounts = &self.pack.accounts;
        let mut found = Vec::new();
        if let Some(find) = attribute.find.as_ref().filter(|find| find.can_ask(value)) {
            found = self.looked_up(find, &self.scope().with("value", find.written(value))).await?;
            if let Some(at) = &find.id {
                let named = found.iter().filter_map(|one| id_at(one, at)).collect::<Vec<_>>();
                let named = futures::future::try_join_all(named.iter().map(|id| self.account(id))).await?;
                return Ok(named.into_iter().flatten().filter(|account| attribute.is(&account.json, value)).collect());
            }
        } else {
            self.scan(&accounts.list, &accounts.id, &self.scope(), |json| {
                if attribute.is_joined() || accounts.list.partial || attribute.is(&json, value) {
                    found.push(json);
                }
            })
            .await?;
        }
        let is = |account: &Account| attribute.is(&account.json, value);
        let answering: Vec<Account> = self.accounts(found).await?.into_iter().filter(is).collect();
        let Some(bin) = accounts.bin.as_ref().filter(|_| answering.is_empty()) else { return Ok(answering) };
        let mut found = Vec::new();
        self.scan(&bin.list, &accounts.id, &self.scope(), |json| found.push(json)).await?;
        let deleted = found.into_iter().map(|json| Account::take(&self.pack, json));
        let deleted: Vec<Account> = deleted.collect::<Result<_, _>>()?;
        Ok(deleted.into_iter().filter(is).collect())
    }

    /// What a question for one has for an answer: nothing, one or several.
    pub(super) async fn looked_up(&self, lookup: &Lookup, scope: &Scope<'_>) -> Result<Vec<Json>, Refusal> {
        let call = self.call(&lookup.request, scope)?;
        Ok(match self.read(&call).await? {
            Some(said) => items(&said.json, &lookup.answer).to_vec(),
            None => Vec::new(),
        })
    }

    /// Accounts whole, with everything that belongs to them, in the same order.
    async fn accounts(&self, found: Vec<Json>) -> Result<Vec<Account>, Refusal> {
        let whole = |json: Json| async move {
            match (self.pack.accounts.list.partial, &self.pack.accounts.get) {
                (true, Some(_)) => self.account(&Account::take(&self.pack, json)?.id).await,
                _ => self.joined(json).await.map(Some),
            }
        };
        let all = futures::stream::iter(found.into_iter().map(whole)).buffered(HTTP_REQUESTS_AT_ONCE_MAX);
        let all: Vec<Option<Account>> = all.try_collect().await?;
        Ok(all.into_iter().flatten().collect())
    }

    /// An account with the other answers that belong to it.
    async fn joined(&self, json: Json) -> Result<Account, Refusal> {
        let mut account = Account::take(&self.pack, json)?;
        let mut with = serde_json::Map::new();
        for join in &self.pack.accounts.with {
            let scope = self.scope().with("id", account.id.as_str()).with("account", account.json.clone());
            with.insert(join.name.clone(), self.belonging(&join.what, &scope).await?);
        }
        if let Some(fields) = account.json.as_object_mut().filter(|_| !with.is_empty()) {
            fields.insert(WITH.to_owned(), Json::Object(with));
        }
        Ok(account)
    }

    async fn belonging(&self, what: &Joined, scope: &Scope<'_>) -> Result<Json, Refusal> {
        match what {
            Joined::One(one) => {
                let said = self.read(&self.call(&one.request, scope)?).await?;
                Ok(said.and_then(|said| said.json.pointer(&one.answer).cloned()).unwrap_or(Json::Null))
            }
            Joined::All(list) => {
                let mut all = Vec::new();
                let there = self.scan_if_there(list, "", scope, |one| all.push(one)).await?;
                Ok(if there { Json::Array(all) } else { Json::Null })
            }
        }
    }

    pub(super) fn undescribed(&self, name: &str) -> Refusal {
        let message =
            format!("pack `{}` describes no attribute `{name}`; correct the name, or add it there", self.name);
        Refusal::new(RefusalClass::Invalid, message)
    }

    /// Attributes in the form in which they are read back.
    pub(super) fn normal(&self, attributes: &Attributes) -> Result<Vec<(&Attribute, Value)>, Refusal> {
        let one = |(name, value): (&String, &Value)| {
            let known = self.pack.attribute(name).ok_or_else(|| self.undescribed(name))?;
            Ok((known, known.normal(value)?))
        };
        attributes.iter().map(one).collect()
    }

    /// The same as a map.
    pub(super) fn normal_map(&self, attributes: &Attributes) -> Result<Attributes, Refusal> {
        Ok(self.normal(attributes)?.into_iter().map(|(known, value)| (known.name.clone(), value)).collect())
    }

    /// The writes that would make it so.
    pub(super) async fn plan_changes(&self, desired: &Desired) -> Result<Vec<Change>, Refusal> {
        let desired = desired.with_attributes(|attributes| self.normal_map(attributes))?;
        let now = self.observe(desired.account()).await?;
        let mut resolved = Resolved::new();
        for locator in desired.entitlements() {
            if let Some(found) = self.entitlement(locator).await? {
                resolved.insert(locator.clone(), found);
            }
        }
        plan::changes(&desired, now.as_ref(), &resolved)
    }

    /// The one entitlement that answers to the locator.
    pub(super) async fn entitlement(&self, locator: &Locator) -> Result<Option<SeenEntitlement>, Refusal> {
        let Some(known) = &self.pack.entitlements else { return Ok(None) };
        let mut found = Vec::new();
        match (locator, &known.get) {
            (Locator::Native(id), Some(get)) => {
                if !matches!(id.as_str(), "" | "." | "..") {
                    found = self.looked_up(get, &self.scope().with("id", id.as_str())).await?;
                }
                found.retain(|json| id_at(json, &known.id).as_ref() == Some(id));
            }
            _ => {
                self.scan(&known.list, &known.id, &self.scope(), |json| {
                    if answers(known, locator, &json) {
                        found.push(json);
                    }
                })
                .await?;
            }
        }
        if found.len() > 1 {
            let message = format!("more than one entitlement answers to `{locator}`; name it by its id");
            return Err(Refusal::new(RefusalClass::Invalid, message));
        }
        Ok(found.pop().and_then(|json| seen_entitlement(known, &json)))
    }

    /// A page of accounts or entitlements.
    pub(super) async fn read_page(&self, query: &Query, page: &Page) -> Result<Batch, Refusal> {
        if let Some(locator) = &query.only {
            let objects = match query.class {
                ObjectClass::Account => self.observe(locator).await?.map(Seen::Account),
                ObjectClass::Entitlement => self.entitlement(locator).await?.map(Seen::Entitlement),
            };
            let objects: Vec<Seen> = objects.into_iter().collect();
            let expected = Some(objects.len() as u64);
            return Ok(Batch { objects, next: None, completeness: Completeness::Whole, expected });
        }
        let mark = page.after().map(Mark::parse).transpose()?;
        let (listed, objects) = match query.class {
            ObjectClass::Account => {
                let accounts = &self.pack.accounts;
                let mut listed =
                    self.list(&accounts.list, &accounts.id, page.size(), mark.as_ref(), &self.scope()).await?;
                let found = self.accounts(std::mem::take(&mut listed.objects)).await?;
                (listed, found.iter().map(|account| Seen::Account(self.observed(account))).collect())
            }
            ObjectClass::Entitlement => {
                let Some(known) = &self.pack.entitlements else {
                    return Err(self.description.unsupported("read entitlements"));
                };
                let listed = self.list(&known.list, &known.id, page.size(), mark.as_ref(), &self.scope()).await?;
                let seen = listed.objects.iter().filter_map(|json| seen_entitlement(known, json));
                let seen: Vec<Seen> = seen.map(Seen::Entitlement).collect();
                (listed, seen)
            }
        };
        let Listed { next, completeness, total, .. } = listed;
        Ok(Batch { objects, next: next.as_ref().map(Mark::token), completeness, expected: total })
    }
}

impl Lookup {
    /// Whether a value can be asked for without being taken for something else.
    pub(super) fn can_ask(&self, value: &str) -> bool {
        !matches!(value, "" | "." | "..") && !value.contains(|letter| self.not_with.contains(letter))
    }

    /// The value as it is written into the question.
    pub(super) fn written(&self, value: &str) -> String {
        let times = |letter| 1 + usize::from(self.twice.contains(letter));
        value.chars().flat_map(|letter| std::iter::repeat_n(letter, times(letter))).collect()
    }
}

fn answers(known: &Entitlements, locator: &Locator, json: &Json) -> bool {
    match locator {
        Locator::Native(id) => id_at(json, &known.id).as_ref() == Some(id),
        Locator::Attribute { name, value } => {
            let pointer = [(&known.name_name, &known.name), (&known.id_name, &known.id)];
            let pointer = pointer.into_iter().find(|(known, _)| *known == name).map(|(_, pointer)| pointer);
            // Entitlements have no such attribute, so none can answer to it.
            pointer.and_then(|at| json.pointer(at)).and_then(scalar).as_ref() == Some(value)
        }
    }
}

fn seen_entitlement(known: &Entitlements, json: &Json) -> Option<SeenEntitlement> {
    let native_id = id_at(json, &known.id)?;
    let name = json.pointer(&known.name).and_then(scalar).unwrap_or_else(|| native_id.to_string());
    Some(SeenEntitlement { native_id, kind: known.kind, name })
}
