//! Writing: one change in one transaction, made only if it is not so already, and read back over
//! a conversation that never writes.
//!
//! Every write to an account holds a lock of its own name in the database until it is committed,
//! so an attempt whose answer was lost and the next one never overtake each other.

use tenure_connect::plan::{not_there, other_identity};
use tenure_connect::{Change, Expectation, Locator, Outcome, Refusal, RefusalClass, Verdict, Write, WriteFault};
use tenure_model::{AccountState, Attributes, NativeId, Observed, Value};

use super::SqlConnector;
use super::catalogue::Catalogue;
use super::config::{Entitlements, Scalar};
use super::dialect::{Datum, Dialect, Sql};
use super::pool::Lease;
use super::read::unmanaged;
use super::session::Mark;

/// A transaction that is under way.
struct Work<'a> {
    lease: &'a mut Lease,
    known: &'a Catalogue,
}

impl SqlConnector {
    /// Makes one change and reads it back.
    pub(super) async fn write(&self, change: &Change) -> Outcome {
        match self.send(change).await {
            Ok(()) => self.read_back(change).await,
            Err(fault) => fault.into(),
        }
    }

    async fn send(&self, change: &Change) -> Result<(), WriteFault> {
        let (mut lease, known) = self.ready().await?;
        let lock = lock_name(&self.config().accounts.table, &change.account);
        lease.mark("beginning a write", Mark::Begin).await.map_err(not_begun)?;
        let done = async {
            self.lock(&mut lease, &lock).await?;
            self.within(Work { lease: &mut lease, known: &known }, change).await
        };
        match done.await {
            Ok(()) => lease.mark("a change", Mark::Commit).await?,
            Err(fault) => {
                // If this fails as well the conversation ends here, and the database takes it back.
                if lease.mark("taking a write back", Mark::Rollback).await.is_ok() {
                    self.unlock(&mut lease, lock).await;
                    self.pool.keep(lease);
                }
                return Err(fault);
            }
        }
        self.unlock(&mut lease, lock).await;
        self.pool.keep(lease);
        Ok(())
    }

    /// Waits until nobody else writes to this account.
    async fn lock(&self, lease: &mut Lease, name: &str) -> Result<(), Refusal> {
        let sql = match self.pool.dialect() {
            // A transaction that may write is the only one already.
            Dialect::Sqlite => return Ok(()),
            Dialect::Postgres => lease
                .sql()
                .text("SELECT CAST(1 AS text) FROM pg_advisory_xact_lock(")
                .bind(Datum::Int(number_of(name)))
                .text(")"),
            Dialect::Mysql => {
                lease.sql().text("SELECT CAST(GET_LOCK(").bind(Datum::Text(name.to_owned())).text(", 10) AS CHAR)")
            }
        };
        let rows = lease.read("waiting for other writes to the account", sql).await?;
        match rows.first().and_then(|row| row.first()) {
            Some(Some(word)) if word == "1" => Ok(()),
            _ => {
                let what = "somebody else is writing to this account; it will be tried again";
                Err(Refusal::new(RefusalClass::Rate, what))
            }
        }
    }

    /// Lets others write again, where the end of the transaction does not.
    async fn unlock(&self, lease: &mut Lease, name: String) {
        if self.pool.dialect() == Dialect::Mysql {
            let sql = lease.sql().text("SELECT CAST(RELEASE_LOCK(").bind(Datum::Text(name)).text(") AS CHAR)");
            // If this fails the conversation has ended, and the lock with it.
            drop(lease.run(sql).await);
        }
    }

    async fn within(&self, mut work: Work<'_>, change: &Change) -> Result<(), WriteFault> {
        let found = self.find(work.lease, work.known, &change.account).await?;
        match (&change.write, found) {
            (Write::Create { attributes }, found) => {
                self.create(&mut work, &change.account, found.as_ref(), attributes).await
            }
            (Write::Delete, None) => Ok(()),
            (_, None) => Err(not_there(&change.account).into()),
            (Write::Set { attributes }, Some(seen)) => self.set(&mut work, &seen, attributes).await,
            (Write::Amend { attribute, add, remove }, Some(seen)) => {
                self.amend(&mut work, &seen, attribute, add, remove).await
            }
            (Write::Enable, Some(seen)) => self.turn(&mut work, &seen, AccountState::Active).await,
            (Write::Disable, Some(seen)) => self.turn(&mut work, &seen, AccountState::Disabled).await,
            (Write::Grant { entitlement, .. }, Some(seen)) => self.grant(&mut work, &seen, entitlement).await,
            (Write::Revoke { entitlement, .. }, Some(seen)) => self.revoke(&mut work, &seen, entitlement).await,
            (Write::Delete, Some(seen)) => self.delete(&mut work, &seen).await,
            (Write::SetPassword { secret, .. }, Some(seen)) => {
                let password = self.pool.secrets().resolve(secret).map_err(|cause| {
                    let what = format!("the new password cannot be had from `{secret}`");
                    Refusal::new(RefusalClass::Invalid, what).because(cause)
                })?;
                let statement = self.config().statements.set_pass.as_deref();
                let extra = [("password", Datum::Text(password.expose().to_owned()))];
                self.given(&mut work, "setting a password", statement, Some(&seen), &seen.attributes, &extra).await
            }
            (Write::Move { .. } | Write::End { .. } | Write::Restore, Some(_)) => {
                Err(self.description.unsupported(&format!("`{}`", change.write.verb())).into())
            }
        }
    }

    /// Makes the account, or brings the one that answers to the locator up to date. One that only
    /// has the same name is somebody else's and is left alone.
    async fn create(
        &self,
        work: &mut Work<'_>,
        account: &Locator,
        found: Option<&Observed>,
        attributes: &Attributes,
    ) -> Result<(), WriteFault> {
        if let Some(seen) = found {
            return self.set(work, seen, attributes).await;
        }
        let Locator::Attribute { name, value } = account else { return Err(not_there(account).into()) };
        let mut wanted = self.normal(work.known, attributes)?;
        // Without it nobody would find the account again, and the next attempt would make another.
        let identity = wanted.entry(name.clone()).or_insert_with(|| Value::from(value.as_str()));
        if identity.to_string() != *value {
            return Err(other_identity(account, name).into());
        }
        let wanted = self.normal(work.known, &wanted)?;
        let accounts = &self.config().accounts;
        let statement = self.config().statements.create.as_deref();
        if statement.is_some() {
            self.given(work, "creating an account", statement, None, &wanted, &[]).await?;
        } else {
            let mut cells: Vec<(&str, Datum)> = wanted
                .iter()
                .filter(|(name, value)| !accounts.lists.contains_key(*name) && **value != Value::Cleared)
                .map(|(name, value)| (name.as_str(), self.pool.dialect().datum(value)))
                .collect();
            if let Some(disable) = &accounts.disable {
                cells.push((&disable.column, self.scalar(work.known, &disable.column, &disable.enabled)?));
            }
            let sql = insert(work.lease.sql(), &accounts.table, cells);
            work.lease.write("creating an account", sql).await?;
        }
        let made = self.find(work.lease, work.known, account).await?;
        let made = made.ok_or_else(|| {
            let what = format!("what was made does not answer to `{account}`; a rule of the database changes it");
            Refusal::new(RefusalClass::Invalid, what)
        })?;
        self.set(work, &made, &wanted).await
    }

    async fn set(&self, work: &mut Work<'_>, seen: &Observed, attributes: &Attributes) -> Result<(), WriteFault> {
        let wanted = self.normal(work.known, attributes)?;
        let accounts = &self.config().accounts;
        let mut cells = Vec::new();
        for (name, value) in &wanted {
            let now = seen.attributes.get(name);
            if now == Some(value) || (now.is_none() && *value == Value::Cleared) {
                continue;
            }
            if accounts.lists.contains_key(name) {
                let before = tenure_connect::change::values(now.unwrap_or(&Value::Cleared)).to_vec();
                let after = tenure_connect::change::values(value).to_vec();
                let add: Vec<Value> = after.iter().filter(|value| !before.contains(value)).cloned().collect();
                let remove: Vec<Value> = before.iter().filter(|value| !after.contains(value)).cloned().collect();
                self.amend(work, seen, name, &add, &remove).await?;
            } else {
                cells.push((name.as_str(), self.pool.dialect().datum(value)));
            }
        }
        if cells.is_empty() { Ok(()) } else { self.update(work, seen, cells, "changing an account").await }
    }

    async fn update(
        &self,
        work: &mut Work<'_>,
        seen: &Observed,
        cells: Vec<(&str, Datum)>,
        what: &str,
    ) -> Result<(), WriteFault> {
        let accounts = &self.config().accounts;
        let mut sql = work.lease.sql().text("UPDATE ").table(&accounts.table).text(" SET ");
        for (place, (name, value)) in cells.into_iter().enumerate() {
            sql = sql.text(if place == 0 { "" } else { ", " }).column(name).text(" = ").bind(value);
        }
        let sql = sql.text(" WHERE ").column(&accounts.id).text(" = ").bind(self.id(work.known, seen)?);
        one(work.lease.write(what, sql).await?, what)
    }

    async fn amend(
        &self,
        work: &mut Work<'_>,
        seen: &Observed,
        attribute: &str,
        add: &[Value],
        remove: &[Value],
    ) -> Result<(), WriteFault> {
        let list = self.config().accounts.lists.get(attribute).ok_or_else(|| unmanaged(attribute))?;
        let now = seen.attributes.get(attribute).map(tenure_connect::change::values).unwrap_or_default().to_vec();
        let what = "changing the values of an account";
        let text = |value: &Value| Value::Text(value.to_string());
        for value in remove.iter().map(text).filter(|value| now.contains(value)) {
            let sql = work.lease.sql().text("DELETE FROM ").table(&list.table).text(" WHERE ").column(&list.account);
            let sql = sql.text(" = ").bind(self.id_in(work.known, &list.table, &list.account, seen)?);
            let sql = sql.text(" AND ").column(&list.value).text(" = ");
            let value = self.fitting(work.known, &list.table, &list.value, &value)?;
            work.lease.write(what, sql.bind(value)).await?;
        }
        for value in add.iter().map(text).filter(|value| !now.contains(value)) {
            let cells = vec![
                (list.account.as_str(), self.id_in(work.known, &list.table, &list.account, seen)?),
                (list.value.as_str(), self.fitting(work.known, &list.table, &list.value, &value)?),
            ];
            let sql = insert(work.lease.sql(), &list.table, cells);
            work.lease.write(what, sql).await?;
        }
        Ok(())
    }

    async fn turn(&self, work: &mut Work<'_>, seen: &Observed, wanted: AccountState) -> Result<(), WriteFault> {
        if seen.state == wanted {
            return Ok(());
        }
        let on = wanted == AccountState::Active;
        let statements = &self.config().statements;
        let statement = if on { &statements.enable } else { &statements.disable };
        let what = if on { "enabling an account" } else { "disabling an account" };
        if statement.is_some() {
            return self.given(work, what, statement.as_deref(), Some(seen), &seen.attributes, &[]).await;
        }
        let Some(disable) = &self.config().accounts.disable else {
            return Err(self.description.unsupported(what).into());
        };
        let scalar = if on { &disable.enabled } else { &disable.disabled };
        let value = self.scalar(work.known, &disable.column, scalar)?;
        self.update(work, seen, vec![(&disable.column, value)], what).await
    }

    fn entitlements(&self) -> Result<&Entitlements, Refusal> {
        let none = || self.description.unsupported("give or take anything; `entitlements` is not set");
        self.config().entitlements.as_ref().ok_or_else(none)
    }

    async fn grant(&self, work: &mut Work<'_>, seen: &Observed, id: &NativeId) -> Result<(), WriteFault> {
        let entitlements = self.entitlements()?;
        if seen.holds.contains(id) {
            return Ok(());
        }
        let members = &entitlements.members;
        let held = self.held_id(work.known, entitlements, id)?;
        let statement = self.config().statements.grant.as_deref();
        if statement.is_some() {
            let extra = [("entitlement", held)];
            return self.given(work, "giving something", statement, Some(seen), &seen.attributes, &extra).await;
        }
        let cells = vec![
            (members.account.as_str(), self.id_in(work.known, &members.table, &members.account, seen)?),
            (members.entitlement.as_str(), held),
        ];
        let sql = insert(work.lease.sql(), &members.table, cells);
        work.lease.write("giving something", sql).await.map(drop)
    }

    async fn revoke(&self, work: &mut Work<'_>, seen: &Observed, id: &NativeId) -> Result<(), WriteFault> {
        let entitlements = self.entitlements()?;
        if !seen.holds.contains(id) {
            return Ok(());
        }
        let members = &entitlements.members;
        let held = self.held_id(work.known, entitlements, id)?;
        let statement = self.config().statements.revoke.as_deref();
        if statement.is_some() {
            let extra = [("entitlement", held)];
            return self.given(work, "taking something away", statement, Some(seen), &seen.attributes, &extra).await;
        }
        let sql = work.lease.sql().text("DELETE FROM ").table(&members.table).text(" WHERE ").column(&members.account);
        let sql = sql.text(" = ").bind(self.id_in(work.known, &members.table, &members.account, seen)?);
        let sql = sql.text(" AND ").column(&members.entitlement).text(" = ").bind(held);
        work.lease.write("taking something away", sql).await.map(drop)
    }

    fn held_id(&self, known: &Catalogue, entitlements: &Entitlements, id: &NativeId) -> Result<Datum, Refusal> {
        let members = &entitlements.members;
        self.fitting(known, &members.table, &members.entitlement, &Value::from(id.as_str()))
    }

    /// Takes the account away, and what belongs to it before.
    async fn delete(&self, work: &mut Work<'_>, seen: &Observed) -> Result<(), WriteFault> {
        let what = "deleting an account";
        let statement = self.config().statements.delete.as_deref();
        if statement.is_some() {
            return self.given(work, what, statement, Some(seen), &seen.attributes, &[]).await;
        }
        let accounts = &self.config().accounts;
        let mut places: Vec<(&str, &str)> =
            accounts.lists.values().map(|list| (list.table.as_str(), list.account.as_str())).collect();
        let members = self.config().entitlements.as_ref().map(|held| &held.members);
        places.extend(members.map(|members| (members.table.as_str(), members.account.as_str())));
        for (table, column) in places {
            let sql = work.lease.sql().text("DELETE FROM ").table(table).text(" WHERE ").column(column).text(" = ");
            let sql = sql.bind(self.id_in(work.known, table, column, seen)?);
            work.lease.write(what, sql).await?;
        }
        let sql = work.lease.sql().text("DELETE FROM ").table(&accounts.table).text(" WHERE ").column(&accounts.id);
        let sql = sql.text(" = ").bind(self.id(work.known, seen)?);
        one(work.lease.write(what, sql).await?, what)
    }

    /// Runs a statement of the settings.
    async fn given(
        &self,
        work: &mut Work<'_>,
        what: &str,
        statement: Option<&str>,
        seen: Option<&Observed>,
        attributes: &Attributes,
        extra: &[(&str, Datum)],
    ) -> Result<(), WriteFault> {
        let statement = statement.ok_or_else(|| self.description.unsupported(what))?;
        let id = seen.map(|seen| self.id(work.known, seen)).transpose()?;
        let accounts = &self.config().accounts;
        let named = |name: &str| {
            if let Some((_, value)) = extra.iter().find(|(other, _)| *other == name) {
                return Some(value.clone());
            }
            match (name, &id) {
                ("id", Some(id)) => Some(id.clone()),
                _ if accounts.attributes.iter().any(|known| known == name) => {
                    Some(self.pool.dialect().datum(attributes.get(name).unwrap_or(&Value::Cleared)))
                }
                _ => None,
            }
        };
        let sql = Sql::given(self.pool.dialect(), statement, &named).map_err(|name| {
            let what = format!("the statement for {what} names `:{name}`, which is no attribute of this connection");
            Refusal::new(RefusalClass::Invalid, what)
        })?;
        work.lease.write(what, sql).await.map(drop)
    }

    /// The id of an account, on its way to the table of accounts.
    fn id(&self, known: &Catalogue, seen: &Observed) -> Result<Datum, Refusal> {
        let accounts = &self.config().accounts;
        self.id_in(known, &accounts.table, &accounts.id, seen)
    }

    /// The id of an account, on its way to a column of another table.
    fn id_in(&self, known: &Catalogue, table: &str, column: &str, seen: &Observed) -> Result<Datum, Refusal> {
        let id = seen.native_id.as_ref().map_or("", NativeId::as_str);
        self.fitting(known, table, column, &Value::from(id))
    }

    fn scalar(&self, known: &Catalogue, column: &str, scalar: &Scalar) -> Result<Datum, Refusal> {
        self.fitting(known, &self.config().accounts.table, column, &scalar.value())
    }

    /// A value on its way to a column, in the form that the column takes.
    fn fitting(&self, known: &Catalogue, table: &str, column: &str, value: &Value) -> Result<Datum, Refusal> {
        let normal = Dialect::normal(known.kind(table, column), value);
        let normal = normal.ok_or_else(|| {
            let what = format!("a value does not fit the column `{column}` of `{table}`; correct the settings");
            Refusal::new(RefusalClass::Invalid, what)
        })?;
        Ok(self.pool.dialect().datum(&normal))
    }

    async fn read_back(&self, change: &Change) -> Outcome {
        self.look_afresh(&Expectation::after(change)).await.end_of(change, "the database")
    }

    /// What a conversation that had no part in the write says.
    pub(super) async fn look_afresh(&self, expectation: &Expectation) -> Verdict {
        let looked = async {
            let (mut lease, known) = self.ready_in(&self.looks).await?;
            let attributes = self.normal(&known, &expectation.attributes)?;
            let found = self.find(&mut lease, &known, &expectation.account).await?;
            self.looks.keep(lease);
            Ok::<_, Refusal>((Expectation { attributes, ..expectation.clone() }, found))
        };
        match looked.await {
            Ok((expectation, found)) => {
                let seen = found.unwrap_or_else(|| expectation.account.nothing_there(self.clock.now()));
                Verdict::over(&expectation, seen)
            }
            Err(refusal) => Verdict::Undecided { refusal },
        }
    }
}

/// A transaction that could not even begin changed nothing.
fn not_begun(fault: WriteFault) -> WriteFault {
    match fault {
        WriteFault::Doubt(doubt) => WriteFault::Refused(Refusal::new(RefusalClass::Network, doubt.message)),
        refused @ WriteFault::Refused(_) => refused,
    }
}

fn insert(sql: Sql, table: &str, cells: Vec<(&str, Datum)>) -> Sql {
    let mut sql = sql.text("INSERT INTO ").table(table).text(" (");
    for (place, (name, _)) in cells.iter().enumerate() {
        sql = sql.text(if place == 0 { "" } else { ", " }).column(name);
    }
    sql.text(") VALUES ").bind_all(cells.into_iter().map(|(_, value)| value))
}

fn one(affected: u64, what: &str) -> Result<(), WriteFault> {
    if affected == 1 {
        return Ok(());
    }
    let message = format!("{what} would have touched {affected} rows and not one; nothing was changed");
    Err(Refusal::new(RefusalClass::Stale, message).into())
}

/// The name of the lock of an account: short enough for every database, and of nothing personal.
fn lock_name(table: &str, account: &Locator) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, format!("{table}\n{account}").as_bytes());
    let number = digest.as_ref().first_chunk().copied().map_or(0, u64::from_be_bytes);
    format!("tenure-{number:016x}")
}

fn number_of(name: &str) -> i64 {
    let digits = name.rsplit('-').next().unwrap_or_default();
    u64::from_str_radix(digits, 16).map_or(0, u64::cast_signed)
}
