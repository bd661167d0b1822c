//! Reading: one account, pages of them, and the plan that is made from what was read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use tenure_connect::plan::{self, Resolved};
use tenure_connect::{
    Batch, Change, Checked, Completeness, Desired, Locator, ObjectClass, Page, Query, Refusal, RefusalClass, Seen,
};
use tenure_model::{Attributes, NativeId, Observed, Value};

use super::ScimConnector;
use super::config::{Managed, USER_NAME};
use super::filter::{equals, has_escapes, takes, text};
use super::learned::Able;
use super::page::{Ask, Kind, Mark};
use super::path::normal;
use super::profile::{Membership, Projection};
use super::resource::Resource;
use crate::http::Call;

impl ScimConnector {
    /// Whether the service answers, lets us in, and has users.
    pub(super) async fn check_service(&self) -> Result<Checked, Refusal> {
        let able = self.able().await?;
        self.list(&self.users(None, 1), None).await?;
        let versions = if able.versions { ", with versions" } else { "" };
        let peer = format!("the SCIM service at {}, read {:?}{versions}", self.http.url(), able.paging);
        Ok(Checked { peer: peer.replace("Index", "by index").replace("Cursor", "by cursor").replace("None", "whole") })
    }

    /// The account as it is now.
    pub(super) async fn observe(&self, locator: &Locator) -> Result<Option<Observed>, Refusal> {
        match self.find(locator).await? {
            Some(user) => Ok(Some(self.observed(&user).await?)),
            None => Ok(None),
        }
    }

    /// The user with this id, with everything on it.
    pub(super) async fn user(&self, id: &NativeId) -> Result<Option<Resource>, Refusal> {
        self.object(Kind::Users, id).await
    }

    /// The object with this id.
    pub(super) async fn object(&self, kind: Kind, id: &NativeId) -> Result<Option<Resource>, Refusal> {
        if matches!(id.as_str(), "" | "." | "..") {
            return Ok(None);
        }
        let call = Call::get([kind.endpoint(), id.as_str()]);
        let answer = self.http.read(&call).await?;
        match (answer.status, answer.json()) {
            (404 | 410, _) => Ok(None),
            (200..=299, Some(json)) => {
                let found = Resource::take(json.clone())?;
                // Some servers take a name for an id.
                Ok(Some(found).filter(|found| found.id == *id))
            }
            _ => Err(self.refusal(&call, &answer)),
        }
    }

    /// The one account that answers to the locator.
    pub(super) async fn find(&self, locator: &Locator) -> Result<Option<Resource>, Refusal> {
        let (name, value) = match locator {
            Locator::Native(id) => return self.user(id).await,
            Locator::Attribute { name, value } => (name, value),
        };
        let managed = self.managed(name).ok_or_else(|| unmanaged(name))?;
        let able = self.able().await?;
        let wire = managed.path.wire();
        let fits = |user: &Resource| match managed.path.read(&user.json) {
            Some(Value::Text(text)) => able.same_text(&managed.path, &text, value),
            Some(Value::List(texts)) => {
                texts.iter().filter_map(Value::as_text).any(|text| able.same_text(&managed.path, text, value))
            }
            _ => false,
        };
        let filter = able.user_filters.take(&wire).then(|| equals(&wire, value));
        let found = self.matching(self.users(None, able.page_objects_max), filter, fits).await?;
        only_one(found, locator, "account")
    }

    /// The objects that fit, at most two. The server is asked by a filter; one that takes no
    /// notice of it is read from end to end.
    pub(super) async fn matching(
        &self,
        ask: Ask,
        filter: Option<String>,
        fits: impl Fn(&Resource) -> bool,
    ) -> Result<Vec<Resource>, Refusal> {
        if let Some(filter) = filter {
            // Some servers do not undo the escapes of a text and find nothing; then that proves nothing.
            let escaped = has_escapes(&filter);
            let narrow = Ask { filter: Some(filter), size: 2, ..ask.clone() };
            match self.list(&narrow, None).await {
                Ok(listed) if escaped && listed.resources.is_empty() => {}
                Ok(listed) if listed.resources.iter().all(&fits) => return Ok(listed.resources),
                Err(refusal) if refusal.class != RefusalClass::Unsupported => return Err(refusal),
                Ok(_) | Err(_) => tracing::debug!(server = self.http.url(), "a filter was not heeded"),
            }
        }
        let mut found = Vec::new();
        self.scan(&ask, |object| {
            if found.len() < 2 && fits(&object) {
                found.push(object);
            }
        })
        .await?;
        Ok(found)
    }

    /// What a user means, with the groups that it is in.
    #[tracing::instrument(name = "connectors.scim.observe", skip_all)]
    pub(super) async fn observed(&self, user: &Resource) -> Result<Observed, Refusal> {
        let holds = self.holds(user).await?;
        Ok(self.seen_user(user, holds))
    }

    fn seen_user(&self, user: &Resource, holds: BTreeSet<NativeId>) -> Observed {
        let value = |managed: &Managed| Some((managed.name.clone(), managed.path.read(&user.json)?));
        Observed {
            native_id: Some(user.id.clone()),
            name: user.text(USER_NAME).unwrap_or(user.id.as_str()).to_owned(),
            state: user.state(),
            holds,
            attributes: self.managed.iter().filter_map(value).collect(),
            at: self.clock.now(),
        }
    }

    /// The attribute as the settings name it.
    pub(super) fn managed(&self, name: &str) -> Option<&Managed> {
        self.managed.iter().find(|known| known.name.eq_ignore_ascii_case(name))
    }

    /// Attributes in our spelling and in the form in which they are read back.
    pub(super) fn normal(&self, attributes: &Attributes) -> Result<Vec<(&Managed, Value)>, Refusal> {
        let one = |(name, value): (&String, &Value)| {
            let known = self.managed(name).ok_or_else(|| unmanaged(name))?;
            let value = normal(value).ok_or_else(|| {
                let message = format!("attribute `{name}` has an empty value; SCIM has none, so clear it");
                Refusal::new(RefusalClass::Invalid, message)
            })?;
            Ok((known, value))
        };
        attributes.iter().map(one).collect()
    }

    /// The same as a map.
    pub(super) fn normal_map(&self, attributes: &Attributes) -> Result<Attributes, Refusal> {
        Ok(self.normal(attributes)?.into_iter().map(|(managed, value)| (managed.name.clone(), value)).collect())
    }

    /// The writes that would make it so.
    pub(super) async fn plan_changes(&self, desired: &Desired) -> Result<Vec<Change>, Refusal> {
        let desired = desired.with_attributes(|attributes| self.normal_map(attributes))?;
        let now = self.observe(desired.account()).await?;
        let mut resolved = Resolved::new();
        for locator in desired.entitlements() {
            if let Some(group) = self.group(locator).await? {
                resolved.insert(locator.clone(), group);
            }
        }
        plan::changes(&desired, now.as_ref(), &resolved)
    }

    /// A page of accounts or groups.
    pub(super) async fn read_page(&self, query: &Query, page: &Page) -> Result<Batch, Refusal> {
        if let Some(locator) = &query.only {
            let objects = match query.class {
                ObjectClass::Account => self.observe(locator).await?.map(Seen::Account),
                ObjectClass::Entitlement => self.group(locator).await?.map(Seen::Entitlement),
            };
            let objects: Vec<Seen> = objects.into_iter().collect();
            let expected = Some(objects.len() as u64);
            return Ok(Batch { objects, next: None, completeness: Completeness::Whole, expected });
        }
        let mark = page.after().map(Mark::parse).transpose()?;
        let ask = match query.class {
            ObjectClass::Account => self.users(self.pushed(query).await?, page.size()),
            ObjectClass::Entitlement => Self::groups(None, page.size()),
        };
        let listed = match self.list(&ask, mark.as_ref()).await {
            // From now on everything is read, here and on the pages that follow.
            Err(refusal) if refusal.class == RefusalClass::Unsupported && ask.filter.is_some() => {
                self.unfiltered.store(true, Ordering::Relaxed);
                self.list(&Ask { filter: None, ..ask }, mark.as_ref()).await?
            }
            listed => listed?,
        };
        let objects = match query.class {
            ObjectClass::Account => {
                // A server that took no notice of the filter has given too many.
                let wanted = |seen: &Seen| match (&query.filter, seen) {
                    (Some(filter), Seen::Account(user)) => filter.matches(&user.attributes),
                    _ => true,
                };
                self.seen_users(&listed.resources).await?.into_iter().filter(wanted).collect()
            }
            ObjectClass::Entitlement => listed.resources.iter().map(Self::seen_group).map(Seen::Entitlement).collect(),
        };
        let next = listed.next.as_ref().map(Mark::token);
        Ok(Batch { objects, next, completeness: listed.completeness, expected: listed.total })
    }

    /// The filter of a query as the server is asked it. What the schema says to be compared exactly
    /// is not asked, because the filter has no regard to case.
    async fn pushed(&self, query: &Query) -> Result<Option<String>, Refusal> {
        let asked = query.filter.as_ref().filter(|_| !self.unfiltered.load(Ordering::Relaxed));
        let Some(filter) = asked else { return Ok(None) };
        let able = self.able().await?;
        let exact = |managed: &&Managed| !able.same_text(&managed.path, "a", "A");
        let known: Vec<Managed> = self.managed.iter().filter(|one| !exact(one)).cloned().collect();
        Ok(takes(able.user_filters, &known, filter).then(|| text(&known, filter)).flatten())
    }

    /// Users with their groups. Asking for the groups of each would be a request for each, so
    /// where groups list their members they are read once.
    async fn seen_users(&self, users: &[Resource]) -> Result<Vec<Seen>, Refusal> {
        let able = self.able().await?;
        let by_group = matches!(able.membership, Membership::Scan | Membership::Filter("members.value"));
        let mut held = if by_group && !users.is_empty() { self.members().await? } else { BTreeMap::new() };
        let mut seen = Vec::with_capacity(users.len());
        for user in users {
            let holds = if by_group { held.remove(&user.id).unwrap_or_default() } else { self.holds(user).await? };
            seen.push(Seen::Account(self.seen_user(user, holds)));
        }
        Ok(seen)
    }

    /// A question for users that wants no more of them than is managed.
    pub(super) fn users(&self, filter: Option<String>, size: u32) -> Ask {
        let only = match self.profile().projection {
            Projection::Attributes => Some(("attributes", self.projection.clone())),
            Projection::None => None,
        };
        Ask { kind: Kind::Users, filter, only, size }
    }

    /// A question for groups without their members.
    pub(super) fn groups(filter: Option<String>, size: u32) -> Ask {
        Ask { kind: Kind::Groups, filter, only: Some(("excludedAttributes", "members".to_owned())), size }
    }
}

/// The one object, if there is one; two are a refusal.
pub(super) fn only_one(mut found: Vec<Resource>, locator: &Locator, what: &str) -> Result<Option<Resource>, Refusal> {
    if found.len() > 1 {
        let message = format!("more than one {what} answers to `{locator}`; use an attribute that is unique");
        return Err(Refusal::new(RefusalClass::Invalid, message));
    }
    Ok(found.pop())
}

/// What the server is asked for of each user.
pub(super) fn projection(managed: &[Managed], able: &Able) -> String {
    let own = ["id", "userName", "active", "meta"].map(str::to_owned);
    let groups = (able.membership == Membership::OfUser).then(|| "groups".to_owned());
    let names: BTreeSet<String> = managed.iter().map(|one| one.path.whole()).chain(own).chain(groups).collect();
    names.into_iter().collect::<Vec<_>>().join(",")
}

pub(super) fn unmanaged(name: &str) -> Refusal {
    Refusal::new(
        RefusalClass::Invalid,
        format!("`{name}` is not among the attributes of this connection; add it to `people.attributes`"),
    )
}
