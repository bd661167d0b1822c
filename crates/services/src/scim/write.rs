//! Writing: one change, sent only if it is not so already, and read back by another request.
//!
//! Every write begins with a look, so an attempt after a lost answer finds what the first one did
//! and sends nothing. A name that is taken is only ours if the locator says so.

use reqwest::Method;
use tenure_connect::change::values;
use tenure_connect::plan::{not_there, other_identity};
use tenure_connect::{Change, Expectation, Locator, Outcome, Refusal, RefusalClass, SecretRef, Write, WriteFault};
use tenure_model::{AccountState, Attributes, NativeId, Value};

use super::ScimConnector;
use super::body::{self, Sent};
use super::config::{Disable, Managed};
use super::fault::kind;
use super::groups::Turn;
use super::page::Kind;
use super::path::{Path, normal};
use super::profile::{OneOfSeveral, UserChange};
use super::resource::Resource;
use crate::http::{Answer, Call};
use crate::limits::SCIM_REPLANS_MAX;

impl ScimConnector {
    /// Makes one change and reads it back.
    pub(super) async fn write(&self, change: &Change) -> Outcome {
        match self.send(change).await {
            Ok(id) => self.read_back(change, id.as_ref()).await,
            Err(fault) => fault.into(),
        }
    }

    /// Sends the change; hands back the id of the account, if it is known.
    async fn send(&self, change: &Change) -> Result<Option<NativeId>, WriteFault> {
        let user = match (self.find(&change.account).await?, &change.write) {
            (user, Write::Create { attributes }) => return self.create(&change.account, user, attributes).await,
            (None, Write::Delete) => return Ok(None),
            (None, _) => return Err(not_there(&change.account).into()),
            (Some(user), _) => user,
        };
        match &change.write {
            Write::Create { .. } => {}
            Write::Set { attributes } => self.set(&change.account, &user.id, attributes).await?,
            Write::Enable => self.turn_active(&change.account, &user.id, AccountState::Active).await?,
            Write::Disable => match self.config.disable {
                Disable::Deactivate => self.turn_active(&change.account, &user.id, AccountState::Disabled).await?,
                Disable::Delete => self.delete(&user.id).await?,
            },
            Write::Grant { entitlement, .. } => self.turn(&user, entitlement, Turn::Join).await?,
            Write::Revoke { entitlement, .. } => self.turn(&user, entitlement, Turn::Leave).await?,
            Write::SetPassword { secret, must_change: false } => {
                self.set_password(&change.account, &user.id, secret).await?;
            }
            Write::SetPassword { must_change: true, .. } => {
                let what = "make somebody choose another password, of which SCIM knows nothing";
                return Err(self.description.unsupported(what).into());
            }
            Write::Delete => self.delete(&user.id).await?,
            Write::Amend { attribute, add, remove } => {
                self.amend(&change.account, &user.id, attribute, add, remove).await?;
            }
            Write::Move { .. } | Write::End { .. } | Write::Restore => {
                return Err(self.description.unsupported(&format!("`{}`", change.write.verb())).into());
            }
        }
        Ok(Some(user.id))
    }

    /// Makes the account, or brings the one that answers to the locator up to date. One that only
    /// has the same name is somebody else's and is left alone.
    async fn create(
        &self,
        account: &Locator,
        user: Option<Resource>,
        attributes: &Attributes,
    ) -> Result<Option<NativeId>, WriteFault> {
        if let Some(user) = user {
            self.set(account, &user.id, attributes).await?;
            return Ok(Some(user.id));
        }
        let Locator::Attribute { name, value } = account else { return Err(not_there(account).into()) };
        let wanted = self.new_attributes(account, name, value, attributes)?;
        self.is_unclaimed(account, &wanted, None).await?;
        let call = Call::new(Method::POST, ["Users"]).sending(body::new_user(&wanted, self.profile().active));
        let answer = self.send_write(&call).await?;
        match answer.status {
            200..=299 => Ok(answer.json().and_then(|json| Resource::take(json.clone()).ok()).map(|user| user.id)),
            // Somebody else may have made the same account since we looked.
            _ if taken(&answer) => match self.find(account).await? {
                Some(user) => {
                    self.set(account, &user.id, attributes).await?;
                    Ok(Some(user.id))
                }
                None => Err(self.refusal(&call, &answer).into()),
            },
            _ => Err(self.refusal(&call, &answer).into()),
        }
    }

    /// The attributes of a new account, with the one by which it is found again.
    fn new_attributes(
        &self,
        account: &Locator,
        name: &str,
        value: &str,
        attributes: &Attributes,
    ) -> Result<Vec<(&Managed, Value)>, Refusal> {
        let key = self.managed(name).ok_or_else(|| super::read::unmanaged(name))?;
        let mut wanted = self.normal(attributes)?;
        wanted.retain(|(_, value)| *value != Value::Cleared);
        match wanted.iter().find(|(managed, _)| *managed == key) {
            None => wanted.push((key, Value::from(value))),
            Some((_, given)) if given.as_text() == Some(value) => {}
            Some(_) => return Err(other_identity(account, name)),
        }
        Ok(wanted)
    }

    /// Gives the attributes that differ their values.
    async fn set(&self, account: &Locator, id: &NativeId, attributes: &Attributes) -> Result<(), WriteFault> {
        let wanted = self.normal(attributes)?;
        let able = self.able().await?;
        for (managed, _) in &wanted {
            self.may_write(managed)?;
        }
        self.is_unclaimed(account, &wanted, Some(id)).await?;
        self.replan(account, id, |now| {
            let differs = |(managed, value): &(&Managed, Value)| {
                let current = managed.path.read(&now.json);
                current.as_ref() != Some(value) && !(current.is_none() && *value == Value::Cleared)
            };
            let missing: Vec<(&Managed, Value)> = wanted.iter().filter(|one| differs(one)).cloned().collect();
            if missing.is_empty() {
                return None;
            }
            // What is put in the place of something that was read must not undo another's work.
            let whole = able.user_change != UserChange::Paths
                || (able.one_of_several == OneOfSeveral::All
                    && missing.iter().any(|(managed, _)| managed.path.of_type.is_some()));
            let sent = body::attributes(self.profile(), able, &now.json, &missing);
            Some((sent, now.version().filter(|_| whole && able.versions)))
        })
        .await
    }

    /// Adds values to a list and takes others away; the rest of it stays.
    async fn amend(
        &self,
        account: &Locator,
        id: &NativeId,
        attribute: &str,
        add: &[Value],
        remove: &[Value],
    ) -> Result<(), WriteFault> {
        let managed = self.managed(attribute).ok_or_else(|| super::read::unmanaged(attribute))?;
        if !managed.path.is_list() {
            let message = format!("attribute `{attribute}` has one value; set it instead");
            return Err(Refusal::new(RefusalClass::Invalid, message).into());
        }
        self.may_write(managed)?;
        let able = self.able().await?;
        self.replan(account, id, |now| {
            let current = managed.path.read(&now.json);
            let mut wanted = current.as_ref().map(values).unwrap_or_default().to_vec();
            wanted.retain(|value| !remove.contains(value));
            wanted.extend(add.iter().filter(|value| !wanted.contains(value)).cloned().collect::<Vec<_>>());
            let wanted = normal(&Value::List(wanted)).unwrap_or(Value::Cleared);
            if current.as_ref().unwrap_or(&Value::Cleared) == &wanted {
                return None;
            }
            let sent = body::attributes(self.profile(), able, &now.json, &[(managed, wanted)]);
            Some((sent, now.version().filter(|_| able.versions)))
        })
        .await
    }

    /// Demands that nobody else goes by these identities. Services do not see to that themselves:
    /// to most of them an `externalId` is only a note.
    async fn is_unclaimed(
        &self,
        account: &Locator,
        wanted: &[(&Managed, Value)],
        own: Option<&NativeId>,
    ) -> Result<(), Refusal> {
        for (managed, value) in wanted.iter().filter(|(managed, _)| managed.path.is_exact()) {
            let Some(text) = value.as_text() else { continue };
            let identity = Locator::attribute(&managed.name, text);
            // The account itself was looked for by this a moment ago.
            if identity != *account
                && let Some(other) = self.find(&identity).await?
                && Some(&other.id) != own
            {
                let message = format!("another account goes by `{identity}` already; correct it at its source");
                return Err(Refusal::new(RefusalClass::Exists, message));
            }
        }
        Ok(())
    }

    fn may_write(&self, managed: &Managed) -> Result<(), Refusal> {
        let rules = self.able.get().map(|able| &able.attributes);
        let rule = rules.and_then(|rules| rules.get(&managed.path.wire().to_ascii_lowercase()));
        match rule.map(|rule| rule.mutability.as_str()) {
            Some("readOnly") => {
                let message = format!("attribute `{}` is for the service alone to write; take it out", managed.name);
                Err(Refusal::new(RefusalClass::Invalid, message))
            }
            _ => Ok(()),
        }
    }

    /// Makes the account usable or not.
    async fn turn_active(&self, account: &Locator, id: &NativeId, wanted: AccountState) -> Result<(), WriteFault> {
        let able = self.able().await?;
        self.replan(account, id, |now| {
            if now.state() == wanted {
                return None;
            }
            let sent = body::active(self.profile(), able, &now.json, wanted == AccountState::Active);
            let whole = able.user_change == UserChange::Whole;
            Some((sent, now.version().filter(|_| whole && able.versions)))
        })
        .await
    }

    /// Gives the account a password, which is read now and kept nowhere.
    async fn set_password(&self, account: &Locator, id: &NativeId, secret: &SecretRef) -> Result<(), WriteFault> {
        let password = self.secrets.resolve(secret).map_err(|cause| {
            let message = format!("the password for `{account}` cannot be had from `{secret}`");
            Refusal::new(RefusalClass::Invalid, message).because(cause)
        })?;
        let Some(path) = Path::parse("password") else { return Ok(()) };
        let managed = Managed { name: "password".to_owned(), path };
        let able = self.able().await?;
        self.replan(account, id, |now| {
            let wanted = [(&managed, Value::from(password.expose()))];
            Some((body::attributes(self.profile(), able, &now.json, &wanted), None))
        })
        .await
    }

    /// Reads the user, works out what to send and sends it, anew if the user changed under our
    /// hands.
    async fn replan(
        &self,
        account: &Locator,
        id: &NativeId,
        plan: impl Fn(&Resource) -> Option<(Sent, Option<String>)>,
    ) -> Result<(), WriteFault> {
        // Where a server cannot tell that a user changed, at least we do not undo our own work.
        let whole = self.able().await?.user_change == UserChange::Whole;
        let _alone = if whole { Some(self.whole_writes.lock().await) } else { None };
        for _ in 0..SCIM_REPLANS_MAX {
            let Some(now) = self.user(id).await? else { return Err(not_there(account).into()) };
            let Some((sent, version)) = plan(&now) else { return Ok(()) };
            let (method, body) = match sent {
                Sent::Patch(body) => (Method::PATCH, body),
                Sent::Put(body) => (Method::PUT, body),
            };
            let call = Call::new(method, [Kind::Users.endpoint(), id.as_str()]).sending(body).only_if(version);
            let answer = self.send_write(&call).await?;
            match answer.status {
                200..=299 => return Ok(()),
                404 | 410 => return Err(not_there(account).into()),
                412 => tracing::debug!("a user changed under our hands"),
                _ => return Err(self.refusal(&call, &answer).into()),
            }
        }
        let message = format!("`{account}` changed {SCIM_REPLANS_MAX} times while it was written; plan it anew");
        Err(Refusal::new(RefusalClass::Stale, message).into())
    }

    /// Takes the account away. Where nobody is, that is done already.
    async fn delete(&self, id: &NativeId) -> Result<(), WriteFault> {
        let call = Call::new(Method::DELETE, [Kind::Users.endpoint(), id.as_str()]);
        let answer = self.send_write(&call).await?;
        match answer.status {
            200..=299 | 404 | 410 => Ok(()),
            _ => Err(self.refusal(&call, &answer).into()),
        }
    }

    async fn read_back(&self, change: &Change, id: Option<&NativeId>) -> Outcome {
        self.verify_by_another_request(&Expectation::after(change), id).await.end_of(change, "the server")
    }
}

/// Whether the server says that something of that name is there already. Some say so with 400.
fn taken(answer: &Answer) -> bool {
    answer.status == 409 || kind(answer) == Some("uniqueness")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Body;

    #[test]
    fn a_taken_name_is_known_by_status_or_word() {
        let answer = |status, body: serde_json::Value| Answer {
            status,
            retry_after: None,
            headers: reqwest::header::HeaderMap::new(),
            body: Body::Json(body),
        };
        assert!(taken(&answer(409, serde_json::json!({}))));
        assert!(taken(&answer(400, serde_json::json!({"scimType": "uniqueness"}))));
        assert!(!taken(&answer(400, serde_json::json!({"scimType": "invalidValue"}))));
    }
}
