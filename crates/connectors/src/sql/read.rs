//! Reading: one account, pages of them, and the plan that is made from what was read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tenure_connect::plan::{self, Resolved};
use tenure_connect::{
    Batch, Change, Checked, Completeness, Desired, Locator, ObjectClass, Page, PageToken, Query, Refusal, RefusalClass,
    Seen, SeenEntitlement,
};
use tenure_model::{AccountState, Attributes, NativeId, Observed, Value};

use super::SqlConnector;
use super::catalogue::Catalogue;
use super::config::Entitlements;
use super::dialect::{Dialect, Kind, Sql};
use super::pool::{Lease, Pool};

/// A row of accounts as it was read: the id, the lock, the column that grows, then the attributes.
type Row = Vec<Option<String>>;

impl SqlConnector {
    /// Whether the database answers, lets us in, and has what the settings speak of.
    pub(super) async fn check_database(&self) -> Result<Checked, Refusal> {
        let mut lease = self.pool.fresh().await?;
        let catalogue = self.catalogue(&mut lease).await?;
        let accounts = &self.config().accounts;
        let mut words = Vec::new();
        if let Some(table) = catalogue.tables.get(&accounts.table) {
            if table.is_table && !table.unique.contains(&accounts.id) {
                let what = format!(
                    "`{}` of `{}` is not unique, so it identifies nobody; name another column as `accounts.id`, or make \
                     it unique",
                    accounts.id, accounts.table
                );
                return Err(Refusal::new(RefusalClass::Invalid, what));
            }
            let number = table.columns.get(&accounts.id) == Some(&Kind::Number);
            if accounts.delete && number && table.gives_ids_again {
                let what = format!(
                    "`{}` gives the `{}` of a deleted row to a new one, which would then be taken for the old; declare \
                     it AUTOINCREMENT, or take `delete` out",
                    accounts.table, accounts.id
                );
                return Err(Refusal::new(RefusalClass::Invalid, what));
            }
            words.push(if table.is_table { "a table" } else { "a view, whose ids are believed to be unique" });
        }
        let half = catalogue.tables.iter().find(|(_, table)| !table.is_transactional);
        if let Some((name, _)) = half.filter(|_| !self.config().read_only) {
            let what = format!(
                "a write to `{name}` cannot be taken back half-way; have it kept in InnoDB, or write `readOnly: true`"
            );
            return Err(Refusal::new(RefusalClass::Unsupported, what));
        }
        let sql = lease.sql().text("SELECT ").text_of(&accounts.id).text(" FROM ").table(&accounts.table);
        lease.read("looking at accounts", sql.text(" WHERE 1 = 0")).await?;
        let slot = match &accounts.slot {
            Some(name) => format!("; {}", self.slot_words(&mut lease, name).await?),
            None => String::new(),
        };
        self.pool.keep(lease);
        *self.known.write().await = Some(Arc::new(catalogue));
        let private = if self.is_private() { "over TLS" } else { "on this machine" };
        let (server, table, words) = (self.pool.server(), &accounts.table, words.join(", "));
        Ok(Checked { peer: format!("the database at {server}, {private}; `{table}` is {words}{slot}") })
    }

    /// The catalogue as it was first seen, or at the last check.
    pub(super) async fn known(&self, lease: &mut Lease) -> Result<Arc<Catalogue>, Refusal> {
        if let Some(known) = self.known.read().await.as_ref() {
            return Ok(Arc::clone(known));
        }
        let known = Arc::new(self.catalogue(lease).await?);
        *self.known.write().await = Some(Arc::clone(&known));
        Ok(known)
    }

    /// A conversation that is known to work, and the catalogue. One that lay idle and turns out to
    /// be dead is replaced once.
    pub(super) async fn ready(&self) -> Result<(Lease, Arc<Catalogue>), Refusal> {
        self.ready_in(&self.pool).await
    }

    /// The same from either pool.
    pub(super) async fn ready_in(&self, pool: &Pool) -> Result<(Lease, Arc<Catalogue>), Refusal> {
        let mut lease = pool.lease().await?;
        if lease.rested {
            let sql = lease.sql().text("SELECT CAST(1 AS CHAR)");
            if lease.read("a look", sql).await.is_err() {
                drop(lease);
                lease = pool.fresh().await?;
            }
        }
        let known = self.known(&mut lease).await?;
        Ok((lease, known))
    }

    /// The account as it is now.
    pub(super) async fn observe(&self, locator: &Locator) -> Result<Option<Observed>, Refusal> {
        let (mut lease, known) = self.ready().await?;
        let found = self.find(&mut lease, &known, locator).await?;
        self.pool.keep(lease);
        Ok(found)
    }

    /// The one account that answers to the locator.
    #[tracing::instrument(name = "connectors.sql.find", skip_all)]
    pub(super) async fn find(
        &self,
        lease: &mut Lease,
        known: &Catalogue,
        locator: &Locator,
    ) -> Result<Option<Observed>, Refusal> {
        let accounts = &self.config().accounts;
        let (name, wanted) = match locator {
            Locator::Native(id) => (accounts.id.as_str(), id.as_str()),
            Locator::Attribute { name, value } if accounts.attributes.contains(name) => (name.as_str(), value.as_str()),
            Locator::Attribute { name, .. } => return Err(unmanaged(name)),
        };
        let kind = known.kind(&accounts.table, name);
        // A number that is no number, or a text with a letter that no text of SQL has, is nobody's.
        let Some(value) = Dialect::normal(kind, &Value::from(wanted)).filter(|_| !wanted.contains('\0')) else {
            return Ok(None);
        };
        let value = self.pool.dialect().datum(&value);
        let sql = self.select(lease.sql()).text(" WHERE ").column(name).text(" = ").bind(value);
        let rows = match lease.run(sql).await {
            Ok(done) => done.rows,
            Err(error) if error.is_no_such_value() => return Ok(None),
            Err(error) => return Err(lease.refusal("a search for an account", error)),
        };
        let mut found = self.observed(lease, known, rows).await?;
        if name != accounts.id && kind == Kind::Text {
            // A column may be compared without regard to case, accents or blanks at the end; an
            // account that only looks alike is a stranger's.
            found.retain(|seen| seen.attributes.get(name).and_then(Value::as_text) == Some(wanted));
        }
        if found.len() > 1 {
            let what = format!("more than one account answers to `{locator}`; use a column that is unique");
            return Err(Refusal::new(RefusalClass::Invalid, what));
        }
        Ok(found.pop())
    }

    /// The front of every statement that reads accounts.
    pub(super) fn select(&self, sql: Sql) -> Sql {
        let accounts = &self.config().accounts;
        let mut sql = sql.text("SELECT ").text_of(&accounts.id);
        let lock = accounts.disable.as_ref().map_or(&accounts.id, |disable| &disable.column);
        sql = sql.text(", ").text_of(lock);
        sql = sql.text(", ").text_of(accounts.changed.as_ref().unwrap_or(&accounts.id));
        for name in &accounts.attributes {
            sql = sql.text(", ").text_of(name);
        }
        sql.text(" FROM ").table(&accounts.table)
    }

    /// What rows mean, with what stands in other tables.
    pub(super) async fn observed(
        &self,
        lease: &mut Lease,
        known: &Catalogue,
        rows: Vec<Row>,
    ) -> Result<Vec<Observed>, Refusal> {
        let accounts = &self.config().accounts;
        let ids: Vec<String> = rows.iter().filter_map(|row| row.first().cloned().flatten()).collect();
        let mut lists = Vec::new();
        for (name, list) in &accounts.lists {
            let columns = (list.account.as_str(), list.value.as_str());
            lists.push((name, self.pairs(lease, known, &list.table, columns, &ids).await?));
        }
        let mut held = BTreeMap::new();
        if let Some(entitlements) = &self.config().entitlements {
            let members = &entitlements.members;
            let columns = (members.account.as_str(), members.entitlement.as_str());
            held = self.pairs(lease, known, &members.table, columns, &ids).await?;
        }
        let at = self.clock.now();
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let mut cells = row.into_iter();
            let (Some(Some(id)), lock) = (cells.next(), cells.next().flatten()) else {
                return Err(no_id(&accounts.table, &accounts.id));
            };
            let mut attributes = Attributes::new();
            for (name, cell) in accounts.attributes.iter().zip(cells.skip(1)) {
                if let Some(text) = cell {
                    let kind = known.kind(&accounts.table, name);
                    attributes.insert(name.clone(), Dialect::value(kind, text));
                }
            }
            for (name, values) in &lists {
                if let Some(values) = values.get(&id) {
                    let values = values.iter().map(|text| Value::from(text.as_str())).collect();
                    attributes.insert((*name).clone(), Value::List(values));
                }
            }
            let name = attributes.get(&accounts.name).map_or_else(|| id.clone(), ToString::to_string);
            let holds = held.get(&id).into_iter().flatten().map(NativeId::new).collect();
            let state = self.state(known, lock);
            found.push(Observed { native_id: Some(NativeId::new(id)), name, state, holds, attributes, at });
        }
        Ok(found)
    }

    /// What the column of the lock says.
    fn state(&self, known: &Catalogue, lock: Option<String>) -> AccountState {
        let accounts = &self.config().accounts;
        let Some(disable) = &accounts.disable else { return AccountState::Active };
        let kind = known.kind(&accounts.table, &disable.column);
        let now = lock.map(|text| Dialect::value(kind, text));
        let is = |scalar: &super::config::Scalar| now.is_some() && now == Dialect::normal(kind, &scalar.value());
        match (is(&disable.enabled), is(&disable.disabled)) {
            (true, false) => AccountState::Active,
            (false, true) => AccountState::Disabled,
            _ => AccountState::Unknown,
        }
    }

    /// The second of two columns by the first, for these accounts.
    async fn pairs(
        &self,
        lease: &mut Lease,
        known: &Catalogue,
        table: &str,
        (account, value): (&str, &str),
        ids: &[String],
    ) -> Result<BTreeMap<String, BTreeSet<String>>, Refusal> {
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let kind = known.kind(table, account);
        let dialect = self.pool.dialect();
        let ids = ids.iter().filter_map(|id| Dialect::normal(kind, &Value::from(id.as_str())));
        let ids = ids.map(|id| dialect.datum(&id));
        let sql = lease.sql().text("SELECT ").text_of(account).text(", ").text_of(value).text(" FROM ").table(table);
        let sql = sql.text(" WHERE ").column(account).text(" IN ").bind_all(ids);
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for row in lease.read("reading what belongs to accounts", sql).await? {
            if let [Some(account), Some(value)] = row.as_slice() {
                found.entry(account.clone()).or_default().insert(value.clone());
            }
        }
        Ok(found)
    }

    /// A page of accounts or of what can be held, in the order of their ids.
    pub(super) async fn read_page(&self, query: &Query, page: &Page) -> Result<Batch, Refusal> {
        let (mut lease, known) = self.ready().await?;
        let batch = match (query.class, &query.only) {
            (ObjectClass::Account, Some(locator)) => {
                whole(self.find(&mut lease, &known, locator).await?.map(Seen::Account).into_iter().collect())
            }
            (ObjectClass::Account, None) => self.accounts(&mut lease, &known, page).await?,
            (ObjectClass::Entitlement, only) => self.held(&mut lease, &known, only.as_ref(), page).await?,
        };
        self.pool.keep(lease);
        Ok(batch)
    }

    async fn accounts(&self, lease: &mut Lease, known: &Catalogue, page: &Page) -> Result<Batch, Refusal> {
        let accounts = &self.config().accounts;
        let mut expected = None;
        let sql = self.select(lease.sql());
        if page.after().is_none() {
            let count = self.pool.dialect();
            let text = if count == Dialect::Mysql {
                "SELECT CAST(count(*) AS CHAR) FROM "
            } else {
                "SELECT CAST(count(*) AS text) FROM "
            };
            let rows = lease.read("counting accounts", lease.sql().text(text).table(&accounts.table)).await?;
            expected = rows.first().and_then(|row| row.first()?.as_ref()?.parse().ok());
        }
        let sql = self.after(sql, known, &accounts.table, &accounts.id, page)?;
        let rows = lease.read("reading accounts", sql).await?;
        let found = self.observed(lease, known, rows).await?;
        let next = next(page, found.iter().map(|seen| seen.native_id.as_ref().map_or("", NativeId::as_str)));
        let completeness = if next.is_some() { Completeness::Open } else { Completeness::Whole };
        Ok(Batch { objects: found.into_iter().map(Seen::Account).collect(), next, completeness, expected })
    }

    /// Where a page begins and how long it is.
    fn after(&self, sql: Sql, known: &Catalogue, table: &str, id: &str, page: &Page) -> Result<Sql, Refusal> {
        let mut sql = sql;
        if let Some(token) = page.after() {
            // Only a token that we made is one; any text could be somebody's id.
            let last = serde_json::from_str::<(String,)>(token.as_str()).ok();
            let value = last.and_then(|(last,)| Dialect::normal(known.kind(table, id), &Value::from(last)));
            let value = value.ok_or_else(|| {
                Refusal::new(RefusalClass::Stale, "this reading is no longer open; read again from the first page")
            })?;
            sql = sql.text(" WHERE ").column(id).text(" > ").bind(self.pool.dialect().datum(&value));
        }
        Ok(sql.text(" ORDER BY ").column(id).text(&format!(" LIMIT {}", page.size())))
    }

    async fn held(
        &self,
        lease: &mut Lease,
        known: &Catalogue,
        only: Option<&Locator>,
        page: &Page,
    ) -> Result<Batch, Refusal> {
        let Some(entitlements) = &self.config().entitlements else { return Ok(whole(Vec::new())) };
        if let Some(locator) = only {
            let found = self.entitlement(lease, known, entitlements, locator).await?;
            return Ok(whole(found.into_iter().map(Seen::Entitlement).collect()));
        }
        let sql = lease.sql().text("SELECT ").text_of(&entitlements.id).text(", ").text_of(&entitlements.name);
        let sql = sql.text(" FROM ").table(&entitlements.table);
        let sql = self.after(sql, known, &entitlements.table, &entitlements.id, page)?;
        let rows = lease.read("reading what can be held", sql).await?;
        let found: Vec<SeenEntitlement> = rows.iter().filter_map(|row| seen(entitlements, row)).collect();
        let next = next(page, found.iter().map(|seen| seen.native_id.as_str()));
        let completeness = if next.is_some() { Completeness::Open } else { Completeness::Whole };
        Ok(Batch { objects: found.into_iter().map(Seen::Entitlement).collect(), next, completeness, expected: None })
    }

    async fn entitlement(
        &self,
        lease: &mut Lease,
        known: &Catalogue,
        entitlements: &Entitlements,
        locator: &Locator,
    ) -> Result<Option<SeenEntitlement>, Refusal> {
        let (name, wanted) = match locator {
            Locator::Native(id) => (&entitlements.id, id.as_str()),
            Locator::Attribute { name, value } if *name == entitlements.name => (name, value.as_str()),
            // Nothing is called by a column that we do not know.
            Locator::Attribute { .. } => return Ok(None),
        };
        let kind = known.kind(&entitlements.table, name);
        let Some(value) = Dialect::normal(kind, &Value::from(wanted)) else { return Ok(None) };
        let sql = lease.sql().text("SELECT ").text_of(&entitlements.id).text(", ").text_of(&entitlements.name);
        let sql = sql.text(" FROM ").table(&entitlements.table).text(" WHERE ").column(name).text(" = ");
        let sql = sql.bind(self.pool.dialect().datum(&value));
        let rows = match lease.run(sql).await {
            Ok(done) => done.rows,
            Err(error) if error.is_no_such_value() => return Ok(None),
            Err(error) => return Err(lease.refusal("looking for an entitlement", error)),
        };
        let exact = |row: &&Row| *name == entitlements.id || row.get(1).and_then(Option::as_deref) == Some(wanted);
        let found: Vec<SeenEntitlement> = rows.iter().filter(exact).filter_map(|row| seen(entitlements, row)).collect();
        if found.len() > 1 {
            let what = format!("more than one entitlement answers to `{locator}`; use its id");
            return Err(Refusal::new(RefusalClass::Invalid, what));
        }
        Ok(found.into_iter().next())
    }

    /// The writes that would make it so.
    pub(super) async fn plan_changes(&self, desired: &Desired) -> Result<Vec<Change>, Refusal> {
        let (mut lease, known) = self.ready().await?;
        let now = self.find(&mut lease, &known, desired.account()).await?;
        let mut resolved = Resolved::new();
        for locator in desired.entitlements() {
            if let Some(entitlements) = &self.config().entitlements
                && let Some(found) = self.entitlement(&mut lease, &known, entitlements, locator).await?
            {
                resolved.insert(locator.clone(), found);
            }
        }
        self.pool.keep(lease);
        let desired = desired.with_attributes(|attributes| {
            let mut normal = self.normal(&known, attributes)?;
            // A new account must be found again by the very text of its locator.
            if let (None, Locator::Attribute { name, .. }) = (&now, desired.account())
                && let Some(given) = attributes.get(name)
            {
                normal.insert(name.clone(), Value::Text(given.to_string()));
            }
            Ok(normal)
        })?;
        plan::changes(&desired, now.as_ref(), &resolved)
    }

    /// Attributes in the form in which they are read back.
    pub(super) fn normal(&self, known: &Catalogue, attributes: &Attributes) -> Result<Attributes, Refusal> {
        let accounts = &self.config().accounts;
        let one = |(name, value): (&String, &Value)| {
            if accounts.lists.contains_key(name) {
                return Ok((name.clone(), list(value)));
            }
            if !accounts.attributes.contains(name) {
                return Err(unmanaged(name));
            }
            let kind = known.kind(&accounts.table, name);
            let normal = Dialect::normal(kind, value).ok_or_else(|| {
                let what = format!("the value of `{name}` does not fit its column; correct the mapping of it");
                Refusal::new(RefusalClass::Invalid, what)
            })?;
            Ok((name.clone(), normal))
        };
        attributes.iter().map(one).collect()
    }
}

/// Several values in the order in which they are read back; none is cleared.
fn list(value: &Value) -> Value {
    let texts: BTreeSet<String> = match value {
        Value::List(values) => values.iter().map(ToString::to_string).collect(),
        Value::Cleared => BTreeSet::new(),
        one => [one.to_string()].into(),
    };
    if texts.is_empty() { Value::Cleared } else { Value::List(texts.into_iter().map(Value::Text).collect()) }
}

fn seen(entitlements: &Entitlements, row: &Row) -> Option<SeenEntitlement> {
    let id = row.first().cloned().flatten()?;
    let name = row.get(1).cloned().flatten().unwrap_or_else(|| id.clone());
    Some(SeenEntitlement { native_id: NativeId::new(id), kind: entitlements.kind, name })
}

fn next<'a>(page: &Page, ids: impl Iterator<Item = &'a str>) -> Option<PageToken> {
    let ids: Vec<&str> = ids.collect();
    // A page that is not full is the last one.
    let last = ids.last().filter(|_| ids.len() >= page.size() as usize)?;
    serde_json::to_string(&[last]).ok().map(PageToken::new)
}

fn whole(objects: Vec<Seen>) -> Batch {
    Batch { objects, next: None, completeness: Completeness::Whole, expected: None }
}

fn no_id(table: &str, id: &str) -> Refusal {
    let what = format!("`{table}` has a row without `{id}`; a column that identifies rows is never empty");
    Refusal::new(RefusalClass::Invalid, what)
}

pub(super) fn unmanaged(name: &str) -> Refusal {
    Refusal::new(
        RefusalClass::Invalid,
        format!("`{name}` is not among the attributes of this connection; add it to `accounts.attributes`"),
    )
}
