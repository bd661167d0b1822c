//! Looking whether something is so, by a request that had no part in the write.

use tenure_connect::{Expectation, Locator, Refusal, RefusalClass, Verdict};
use tenure_model::{AccountState, NativeId, Observed};

use super::ScimConnector;
use super::filter::equals;
use super::profile::Filters;
use super::resource::Resource;
use crate::look::until_seen;

impl ScimConnector {
    /// The verdict over what the server shows. Where writes are seen late, it looks again until
    /// the declared delay is over.
    pub(super) async fn verify_by_another_request(
        &self,
        expectation: &Expectation,
        known: Option<&NativeId>,
    ) -> Verdict {
        let expectation = match self.normal_map(&expectation.attributes) {
            Ok(attributes) => Expectation { attributes, ..expectation.clone() },
            Err(refusal) => return Verdict::Undecided { refusal },
        };
        let look = || self.look(&expectation.account, known);
        until_seen(&expectation, self.description.consistency_delay, look).await
    }

    /// What the server shows of the account now, asked for by its id: lists and filters may be
    /// answered from an index that is behind.
    async fn look(&self, account: &Locator, known: Option<&NativeId>) -> Result<Observed, Refusal> {
        let id = match (known, account) {
            (Some(id), _) | (None, Locator::Native(id)) => Some(id.clone()),
            (None, Locator::Attribute { .. }) => self.find(account).await?.map(|user: Resource| user.id),
        };
        let Some(id) = id else { return Ok(account.nothing_there(self.clock.now())) };
        match self.user(&id).await? {
            Some(user) => self.observed(&user).await,
            None => self.second_opinion(id).await,
        }
    }

    /// What to make of an id that leads nowhere. That somebody is gone is believed only if the list
    /// says so too, where it can be asked; if the two disagree, nobody knows.
    async fn second_opinion(&self, id: NativeId) -> Result<Observed, Refusal> {
        let gone = Locator::Native(id.clone()).nothing_there(self.clock.now());
        if self.able().await?.user_filters != Filters::Any {
            return Ok(gone);
        }
        match self.list(&self.users(Some(equals("id", id.as_str())), 1), None).await {
            Ok(listed) if listed.resources.iter().any(|user| user.id == id) => {
                Ok(Observed { state: AccountState::Unknown, ..gone })
            }
            Err(refusal) if refusal.class != RefusalClass::Unsupported => Err(refusal),
            Ok(_) | Err(_) => Ok(gone),
        }
    }
}
