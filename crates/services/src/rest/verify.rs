//! Looking whether something is so, by a request that had no part in the write.

use tenure_connect::{Expectation, Locator, Refusal, Verdict};
use tenure_model::{AccountState, NativeId, Observed};

use super::RestConnector;
use super::account::{id_at, items};
use crate::look::until_seen;

impl RestConnector {
    /// The verdict over what the service shows. Where writes are seen late, it looks again until
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

    /// What the service shows of the account now, asked for by its id.
    async fn look(&self, account: &Locator, known: Option<&NativeId>) -> Result<Observed, Refusal> {
        let id = match (known, account) {
            (Some(id), _) | (None, Locator::Native(id)) => id.clone(),
            (None, Locator::Attribute { .. }) => match self.find(account).await? {
                Some(found) => return Ok(self.observed(&found)),
                None => return Ok(account.nothing_there(self.clock.now())),
            },
        };
        match self.account(&id).await? {
            Some(found) => Ok(self.observed(&found)),
            None => self.second_opinion(id).await,
        }
    }

    /// What to make of an id that leads nowhere. That somebody is gone is believed only if another
    /// question says so too; if the two disagree, nobody knows.
    async fn second_opinion(&self, id: NativeId) -> Result<Observed, Refusal> {
        let accounts = &self.pack.accounts;
        let mut there = false;
        if let Some(gone) = accounts.gone.as_ref().filter(|gone| gone.can_ask(id.as_str())) {
            let call = self.call(&gone.request, &self.scope().with("id", gone.written(id.as_str())))?;
            let said = self.read(&call).await?;
            there = said.is_some_and(|said| {
                items(&said.json, &gone.answer).iter().any(|one| id_at(one, &accounts.id).as_ref() == Some(&id))
            });
        } else if accounts.get.is_some() {
            self.scan(&accounts.list, &accounts.id, &self.scope(), |one| {
                there |= id_at(&one, &accounts.id).as_ref() == Some(&id);
            })
            .await?;
        }
        let gone = Locator::Native(id).nothing_there(self.clock.now());
        Ok(if there { Observed { state: AccountState::Unknown, ..gone } } else { gone })
    }
}
