//! Looking whether something is so, over a connection that never writes.

use ldap3::Scope;
use tenure_connect::{Expectation, Refusal, Verdict};
use tenure_model::{AccountState, Observed};

use super::LdapConnector;
use super::dn::all;
use super::entry::Entry;
use super::pool::{Lease, Search};

impl LdapConnector {
    /// The verdict over what such a connection shows.
    pub(super) async fn verify_past_the_write(&self, expectation: &Expectation) -> Verdict {
        let expectation = match self.expectation_in_our_form(expectation) {
            Ok(expectation) => expectation,
            Err(refusal) => return Verdict::Undecided { refusal },
        };
        match self.look_afresh(&expectation).await {
            Ok(seen) => Verdict::over(&expectation, seen),
            Err(refusal) => Verdict::Undecided { refusal },
        }
    }

    fn expectation_in_our_form(&self, expectation: &Expectation) -> Result<Expectation, Refusal> {
        Ok(Expectation { attributes: self.normal(&expectation.attributes)?, ..expectation.clone() })
    }

    /// What such a connection shows of the account. Where usability matters, the server is also
    /// asked by a filter whether the lock is on; if the two looks disagree, nobody knows.
    async fn look_afresh(&self, expectation: &Expectation) -> Result<Observed, Refusal> {
        let (mut lease, entry) = self.find_over(&self.looks, &expectation.account).await?;
        let Some(entry) = entry else {
            self.looks.keep(lease);
            return Ok(expectation.account.nothing_there(self.clock.now()));
        };
        let mut seen = self.observed(&mut lease, &entry).await?;
        if expectation.usability.is_some() {
            let asked = self.state_by_filter(&mut lease, &entry).await?;
            if asked != seen.state {
                seen.state = AccountState::Unknown;
            }
        }
        self.looks.keep(lease);
        Ok(seen)
    }

    async fn state_by_filter(&self, lease: &mut Lease, entry: &Entry) -> Result<AccountState, Refusal> {
        let filter = all(&[self.dialect().id_filter(entry.id.as_str()), self.config().disable.filter()]);
        let base = self.config().people_dn();
        let search = Search {
            base: &base,
            scope: Scope::Subtree,
            filter: &filter,
            attributes: vec!["1.1"],
            entries_max: 1,
            controls: Vec::new(),
        };
        let (found, result) = lease.search(search).await?;
        match (result.rc, found.is_empty()) {
            (0, false) => Ok(AccountState::Disabled),
            (0, true) => Ok(AccountState::Active),
            _ => Err(lease.refusal("asking for the lock", result)),
        }
    }
}
