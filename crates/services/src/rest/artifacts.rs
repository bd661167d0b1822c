//! Sessions, tokens and keys: listed, and ended.

use jiff::Timestamp;
use serde_json::Value as Json;
use tenure_connect::plan::not_there;
use tenure_connect::{Artifact, Locator, Refusal, RefusalClass, SeenArtifact, WriteFault};

use super::RestConnector;
use super::account::{Account, id_at, items};
use super::pack::{ArtifactList, ArtifactPlan, Pointer, Reached};
use super::template::scalar;
use super::write::so_already;
use crate::limits::REST_ARTIFACTS_MAX;

impl RestConnector {
    /// Everything of one kind that is on the account.
    pub(super) async fn list_artifacts(&self, locator: &Locator, kind: Artifact) -> Result<Vec<SeenArtifact>, Refusal> {
        let account = || async {
            let found = self.find(locator).await?;
            found.ok_or_else(|| not_there(locator))
        };
        match (kind, self.pack.artifacts.get(&kind)) {
            (Artifact::Account, _) => {
                let found = self.find(locator).await?;
                let seen = found.map(|account| self.observed(&account)).filter(|seen| seen.state.may_be_usable());
                Ok(seen.into_iter().filter_map(|seen| Some(plain(kind, seen.native_id?, seen.name))).collect())
            }
            (Artifact::Membership, _) if self.pack.accounts.holds.is_some() => {
                let holds = account().await?.holds(&self.pack, &self.scope());
                Ok(holds.into_iter().map(|id| plain(kind, id.clone(), id.to_string())).collect())
            }
            (_, Some(ArtifactPlan::Reached(reached))) if reached.list.is_some() => {
                let account = account().await?;
                let found = self.found(reached, &account).await?;
                let list = reached.list.as_ref();
                Ok(found.iter().filter_map(|item| list?.seen(kind, item)).collect())
            }
            _ => Err(self.description.unsupported(&format!("list the {kind}s of an account"))),
        }
    }

    async fn found(&self, reached: &Reached, account: &Account) -> Result<Vec<Json>, Refusal> {
        let Some(list) = &reached.list else { return Ok(Vec::new()) };
        let call = self.call(&list.request, &self.scope_of(account))?;
        let Some(said) = self.read(&call).await? else { return Ok(Vec::new()) };
        let left = |item: &Json| list.leave.iter().any(|leave| leave.holds(item, &self.scope()));
        let found: Vec<Json> = items(&said.json, &list.items).iter().filter(|item| !left(item)).cloned().collect();
        if found.len() > REST_ARTIFACTS_MAX {
            let message = format!("there are more than {REST_ARTIFACTS_MAX} on one account, which are not listed");
            return Err(Refusal::new(RefusalClass::Unsupported, message));
        }
        Ok(found)
    }

    /// Ends everything of one kind: each that is listed, or all at once where nothing is.
    pub(super) async fn end_artifacts(&self, kind: Artifact, account: &Account) -> Result<(), WriteFault> {
        let Some(ArtifactPlan::Reached(reached)) = self.pack.artifacts.get(&kind) else {
            return Err(self.description.unsupported(&format!("end every {kind}")).into());
        };
        let scope = self.scope_of(account);
        if reached.list.is_none() {
            return self.steps(&reached.end, &scope, &account.json, &[]).await;
        }
        for item in self.found(reached, account).await? {
            let done = self.steps(&reached.end, &scope.clone().with("item", item), &account.json, &[]).await;
            so_already(done, RefusalClass::Gone)?;
        }
        Ok(())
    }
}

impl ArtifactList {
    fn seen(&self, kind: Artifact, item: &Json) -> Option<SeenArtifact> {
        let native_id = id_at(item, &self.id)?;
        let name = self.name.as_ref().and_then(|at| item.pointer(at)).and_then(scalar);
        let moment = |at: &Option<Pointer>| moment(item.pointer(at.as_ref()?)?);
        let (made_at, used_at, ends_at) = (moment(&self.made_at), moment(&self.used_at), moment(&self.ends_at));
        let name = name.unwrap_or_else(|| native_id.to_string());
        Some(SeenArtifact { kind, native_id, name, made_at, used_at, ends_at })
    }
}

fn plain(kind: Artifact, native_id: tenure_model::NativeId, name: String) -> SeenArtifact {
    SeenArtifact { kind, native_id, name, made_at: None, used_at: None, ends_at: None }
}

/// A moment in any of the usual forms: a text with a zone, or seconds or milliseconds since 1970,
/// which some write as text too.
fn moment(json: &Json) -> Option<Timestamp> {
    match json {
        Json::String(text) => match text.parse::<i64>() {
            Ok(number) => moment(&number.into()),
            Err(_) => text.parse().ok(),
        },
        Json::Number(number) => {
            let number = number.as_i64().filter(|number| *number > 0)?;
            let read = if number > 100_000_000_000 { Timestamp::from_millisecond } else { Timestamp::from_second };
            read(number).ok()
        }
        _ => None,
    }
}
