//! Reading everybody, page by page. While one page is looked at, the server is asked for the next.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use ldap3::{LdapResult, ResultEntry, Scope};
use tenure_connect::{Batch, Completeness, ObjectClass, Page, PageToken, Query, Refusal, RefusalClass, Seen};
use tokio::task::JoinHandle;

use super::LdapConnector;
use super::memberships::Memberships;
use super::pool::{Lease, Search};
use super::read::{next_cookie, paged};
use crate::limits::LDAP_READINGS_OPEN_MAX;

/// Readings that are under way. A server ties a cursor to its connection, so each holds one.
#[derive(Default)]
pub(super) struct Readings {
    last: u64,
    open: BTreeMap<u64, Reading>,
}

/// A reading that is under way: its next page, which is asked for already, and the groups of
/// everybody as they were when it began.
struct Reading {
    wanted: Arc<Wanted>,
    ahead: Ahead,
    memberships: Option<Arc<Memberships>>,
}

/// What every page of a reading asks for.
struct Wanted {
    base: String,
    filter: String,
    attributes: Vec<String>,
    size: i32,
}

/// What came of asking for a page, and the connection that it came by.
type Fetched = (Lease, Result<(Vec<ResultEntry>, LdapResult), Refusal>);

/// A reading as far as it has come: what it asks for, the groups of everybody, and a page.
type Begun = (Arc<Wanted>, Option<Arc<Memberships>>, Fetched);

/// A page that is on its way. It is given up when dropped, and its connection with it.
struct Ahead(JoinHandle<Fetched>);

impl Drop for Ahead {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn fetch(mut lease: Lease, wanted: Arc<Wanted>, cookie: Vec<u8>) -> Fetched {
    let search = Search {
        base: &wanted.base,
        scope: Scope::Subtree,
        filter: &wanted.filter,
        attributes: wanted.attributes.iter().map(String::as_str).collect(),
        entries_max: 0,
        controls: vec![paged(wanted.size, cookie)],
    };
    let found = lease.search(search).await;
    (lease, found)
}

impl LdapConnector {
    /// A page of accounts or groups. The first one opens a connection, which the reading keeps.
    pub(super) async fn read_page(&self, query: &Query, page: &Page) -> Result<Batch, Refusal> {
        let (wanted, memberships, (mut lease, found)) = match page.after() {
            None => self.begin(query, page).await?,
            Some(token) => self.go_on(token).await?,
        };
        let (mut found, result) = found?;
        let mut objects = Vec::with_capacity(found.len());
        // Without the groups of everybody the connection is needed for those of each.
        if query.class == ObjectClass::Account && memberships.is_none() {
            for raw in std::mem::take(&mut found) {
                objects.push(Seen::Account(self.observed(&mut lease, &self.parse(raw)?).await?));
            }
        }
        let (next, completeness) = match (result.rc, next_cookie(&result.ctrls)) {
            (0, Some(cookie)) => {
                let ahead = Ahead(tokio::spawn(fetch(lease, Arc::clone(&wanted), cookie)));
                let reading = Reading { wanted, ahead, memberships: memberships.clone() };
                (Some(self.put_reading(reading)), Completeness::Open)
            }
            (0, None) => {
                self.pool.keep(lease);
                (None, Completeness::Whole)
            }
            (code @ (3 | 4 | 11), _) => {
                let why = format!("the server stopped with code {code}; raise the limit of our bind DN");
                (None, Completeness::Partial { why })
            }
            _ => return Err(lease.refusal("reading a page", result)),
        };
        for raw in found {
            let entry = self.parse(raw)?;
            objects.push(match &memberships {
                Some(known) => Seen::Account(self.with_groups(&entry, known.of(&entry, &self.member(&entry)?))),
                None => Seen::Entitlement(self.seen_group(&entry)),
            });
        }
        Ok(Batch { objects, next, completeness, expected: None })
    }

    /// The first page of a reading. One of everybody knows the groups of everybody.
    async fn begin(&self, query: &Query, page: &Page) -> Result<Begun, Refusal> {
        let (base, filter, attributes) = self.within(query)?;
        let attributes = attributes.into_iter().map(str::to_owned).collect();
        let size = i32::try_from(page.size()).unwrap_or(i32::MAX);
        let wanted = Arc::new(Wanted { base, filter, attributes, size });
        let mut lease = self.pool.fresh().await?;
        let everybody = query.class == ObjectClass::Account && query.only.is_none();
        let memberships = if everybody { Some(self.memberships(&mut lease).await?) } else { None };
        let fetched = fetch(lease, Arc::clone(&wanted), Vec::new()).await;
        Ok((wanted, memberships, fetched))
    }

    /// The next page, which is on its way already.
    async fn go_on(&self, token: &PageToken) -> Result<Begun, Refusal> {
        let Reading { wanted, mut ahead, memberships } = self.take_reading(token)?;
        let fetched = (&mut ahead.0).await.map_err(|cause| {
            Refusal::new(RefusalClass::Stale, "the reading broke off; read again from the first page").because(cause)
        })?;
        Ok((wanted, memberships, fetched))
    }

    fn take_reading(&self, token: &PageToken) -> Result<Reading, Refusal> {
        let mut readings = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
        let reading = token.as_str().parse::<u64>().ok().and_then(|number| readings.open.remove(&number));
        reading.ok_or_else(|| {
            Refusal::new(RefusalClass::Stale, "this reading is no longer open; read again from the first page")
        })
    }

    fn put_reading(&self, reading: Reading) -> PageToken {
        let mut readings = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
        while readings.open.len() >= LDAP_READINGS_OPEN_MAX && readings.open.pop_first().is_some() {}
        readings.last += 1;
        let number = readings.last;
        readings.open.insert(number, reading);
        PageToken::new(number.to_string())
    }
}
