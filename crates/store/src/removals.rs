//! What the brakes let go, and what they hold: the memory of every window, and the sets that wait for
//! a human.
//!
//! A row is one thing that one person would lose. It is held by a set, or was let go at a moment; once
//! a step takes it, it is that step's for good, so that asking twice counts once.

use jiff::Timestamp;
use tenure_model::{AccountId, ConnectionName, HeldId, PersonId, PlanId, RemovalId};

use crate::db::row::{Param, Row, id, opt_id};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::limits::{of_owner, page};

const TABLE: &str = "removal";
const SETS: &str = "held_set";

/// Something that somebody would lose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// Ours.
    pub id: RemovalId,
    /// Who.
    pub person: PersonId,
    /// Where.
    pub connection: ConnectionName,
    /// What kind of thing, in a word of policy.
    pub kind: String,
    /// On which account.
    pub account: AccountId,
    /// Which entitlement or attribute; nothing for the account itself.
    pub what: String,
    /// Whether it lets its holder rule over others.
    pub privileged: bool,
    /// Whether it is urgent.
    pub urgent: bool,
    /// Since when it is known.
    pub at: Timestamp,
    /// Which set holds it, or held it.
    pub held: Option<HeldId>,
    /// When it was let go.
    pub let_at: Option<Timestamp>,
    /// Until when it may still be taken; none for what was taken at once.
    pub good_until: Option<Timestamp>,
    /// Which step took it.
    pub taken_by: Option<String>,
}

/// Removals that wait together for a human.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldSet {
    /// Ours.
    pub id: HeldId,
    /// The family of the brake.
    pub family: String,
    /// The brake that held first, as JSON.
    pub brake: String,
    /// The plan that it came from, if it came from one.
    pub plan: Option<PlanId>,
    /// Who asked for what is held.
    pub asked_by: String,
    /// Since when it waits.
    pub opened_at: Timestamp,
    /// Where it stands.
    pub state: HeldState,
    /// How many different people must say yes.
    pub yes_needed: u16,
    /// When it was answered for good.
    pub closed_at: Option<Timestamp>,
}

/// Where a held set stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HeldState {
    /// It waits.
    Open,
    /// Enough people said yes.
    Approved,
    /// Somebody said no.
    Refused,
}

impl HeldState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Open, Self::Approved, Self::Refused];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approved => "approved",
            Self::Refused => "refused",
        }
    }

    /// The state of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// What somebody said of a held set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldAnswer {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Whether they said yes.
    pub yes: bool,
    /// How many removals they saw.
    pub size: i64,
    /// Why.
    pub reason: String,
}

/// How much a set holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HeldSize {
    /// Of how many people.
    pub people: i64,
    /// How many removals.
    pub removals: i64,
}

/// Nobody else counts removals at these connections until the transaction ends.
pub async fn take_turn(tx: &mut Tx, connections: &[ConnectionName]) -> Result<(), StoreError> {
    // In one order for everybody, so that nobody waits for somebody who waits for them.
    let mut sorted = connections.to_vec();
    sorted.sort();
    sorted.dedup();
    let sql = "INSERT INTO removal_turn (connection, turns) VALUES ($1, 1) \
         ON CONFLICT (connection) DO UPDATE SET turns = removal_turn.turns + 1";
    for connection in &sorted {
        StoreError::unless_one(tx.execute(sql, &[connection.as_str().into()]).await?, "removal_turn", connection)?;
    }
    Ok(())
}

/// Writes removals.
pub async fn insert(tx: &mut Tx, removals: &[Removal]) -> Result<(), StoreError> {
    let values: Vec<Param> = removals.iter().flat_map(values).collect();
    let head = "INSERT INTO removal (id, person, connection, kind, account, what, privileged, urgent, at, held, \
         let_at, good_until, taken_by)";
    let written = tx.insert_many(head, 13, "", &values).await?;
    if written == removals.len() as u64 { Ok(()) } else { StoreError::unless_one(written, TABLE, removals.len()) }
}

/// Everything about this person that is held, can still be taken, or was taken by this step.
pub async fn of_person(tx: &mut Tx, person: PersonId, step: &str, now: Timestamp) -> Result<Vec<Removal>, StoreError> {
    let sql = "SELECT r.id, r.person, r.connection, r.kind, r.account, r.what, r.privileged, r.urgent, r.at, r.held, \
         r.let_at, r.good_until, r.taken_by FROM removal r LEFT JOIN held_set h ON h.id = r.held \
         WHERE r.person = $1 AND (r.taken_by = $2 OR (r.taken_by IS NULL AND r.let_at IS NOT NULL AND r.good_until > $3) \
         OR (r.let_at IS NULL AND h.state = 'open')) ORDER BY r.id LIMIT $4";
    let values = [id(person), step.into(), now.into(), of_owner().into()];
    tx.query(sql, &values).await?.iter().map(read).collect()
}

/// What was let go is this step's now.
pub async fn taken(tx: &mut Tx, removals: &[RemovalId], step: &str) -> Result<(), StoreError> {
    let sql = "UPDATE removal SET taken_by = $2 WHERE id = $1 AND taken_by IS NULL AND let_at IS NOT NULL";
    for removal in removals {
        StoreError::unless_one(tx.execute(sql, &[id(*removal), step.into()]).await?, TABLE, *removal)?;
    }
    Ok(())
}

/// What a count is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counting<'a> {
    /// Where.
    pub connection: &'a ConnectionName,
    /// Only this kind.
    pub kind: Option<&'a str>,
    /// Only this entitlement or attribute.
    pub what: Option<&'a str>,
    /// Only what lets its holder rule over others.
    pub privileged: bool,
    /// Only what is urgent, or only what is not.
    pub urgent: bool,
    /// Let go after this moment.
    pub since: Timestamp,
    /// Not this person.
    pub but: Option<PersonId>,
    /// Counting ends there: more is not needed.
    pub most: u64,
}

/// How many people lost something.
pub async fn count_people(tx: &mut Tx, of: Counting<'_>) -> Result<u64, StoreError> {
    let sql = "SELECT count(*) AS people FROM (SELECT DISTINCT person FROM removal WHERE connection = $1 \
         AND let_at > $2 AND urgent = $3 AND privileged >= $4 AND (kind = $5 OR $5 = '') AND (what = $6 OR $6 = '*') \
         AND person <> $7 LIMIT $8) counted";
    let nobody = tenure_model::Id::from_uuid(uuid::Uuid::nil());
    let values = [
        of.connection.as_str().into(),
        of.since.into(),
        of.urgent.into(),
        of.privileged.into(),
        of.kind.unwrap_or_default().into(),
        of.what.unwrap_or("*").into(),
        id(of.but.unwrap_or(nobody)),
        i64::try_from(of.most).unwrap_or(i64::MAX).into(),
    ];
    tx.query_one(sql, &values).await?.of(TABLE).small("people")
}

/// Accounts from which something was let go since then, at a connection.
pub async fn accounts_since(
    tx: &mut Tx,
    connection: &ConnectionName,
    since: Timestamp,
) -> Result<Vec<AccountId>, StoreError> {
    let sql = "SELECT DISTINCT account FROM removal WHERE connection = $1 AND let_at > $2 ORDER BY account LIMIT $3";
    let values = [connection.as_str().into(), since.into(), of_owner().into()];
    tx.query(sql, &values).await?.iter().map(|row| row.of(TABLE).id("account")).collect()
}

/// Forgets what was let go before this moment: no window reaches so far.
pub async fn forget(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM removal WHERE let_at < $1 AND held IS NULL", &[before.into()]).await
}

/// Opens a set, or finds the one that is open under this name. Says whether it is new.
pub async fn open_set(tx: &mut Tx, set: &HeldSet, open_as: &str) -> Result<(HeldId, bool), StoreError> {
    let sql = "INSERT INTO held_set (id, family, brake, plan, asked_by, opened_at, state, open_as, yes_needed) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (open_as) DO NOTHING";
    let values = [
        id(set.id),
        (&set.family).into(),
        (&set.brake).into(),
        opt_id(set.plan),
        (&set.asked_by).into(),
        set.opened_at.into(),
        set.state.word().into(),
        open_as.into(),
        set.yes_needed.into(),
    ];
    if tx.execute(sql, &values).await? == 1 {
        return Ok((set.id, true));
    }
    let row = tx.query_one("SELECT id FROM held_set WHERE open_as = $1", &[open_as.into()]).await?;
    Ok((row.of(SETS).id("id")?, false))
}

/// One set.
pub async fn set(tx: &mut Tx, held: HeldId) -> Result<Option<HeldSet>, StoreError> {
    let sql = "SELECT id, family, brake, plan, asked_by, opened_at, state, yes_needed, closed_at FROM held_set \
         WHERE id = $1";
    tx.query_opt(sql, &[id(held)]).await?.as_ref().map(read_set).transpose()
}

/// Sets, the newest first, from before the cursor, perhaps only those that stand so.
pub async fn sets(
    tx: &mut Tx,
    state: Option<HeldState>,
    before: Option<HeldId>,
    limit: usize,
) -> Result<Vec<HeldSet>, StoreError> {
    let sql = "SELECT id, family, brake, plan, asked_by, opened_at, state, yes_needed, closed_at FROM held_set \
         WHERE id < $1 AND (state = $2 OR $2 = '') ORDER BY id DESC LIMIT $3";
    let last = tenure_model::Id::from_uuid(uuid::Uuid::max());
    let values = [id(before.unwrap_or(last)), state.map_or("", HeldState::word).into(), page(limit).into()];
    tx.query(sql, &values).await?.iter().map(read_set).collect()
}

/// How much a set holds.
pub async fn size(tx: &mut Tx, held: HeldId) -> Result<HeldSize, StoreError> {
    let sql = "SELECT count(DISTINCT person) AS people, count(*) AS removals FROM removal WHERE held = $1";
    let row = tx.query_one(sql, &[id(held)]).await?;
    let row = row.of(TABLE);
    Ok(HeldSize { people: row.int("people")?, removals: row.int("removals")? })
}

/// What a set holds, by person, from after the cursor.
pub async fn of_set(
    tx: &mut Tx,
    held: HeldId,
    after: Option<(PersonId, RemovalId)>,
    limit: usize,
) -> Result<Vec<Removal>, StoreError> {
    let sql = "SELECT id, person, connection, kind, account, what, privileged, urgent, at, held, let_at, good_until, \
         taken_by FROM removal WHERE held = $1 AND (person, id) > ($2, $3) ORDER BY person, id LIMIT $4";
    let nil = uuid::Uuid::nil();
    let (person, removal) = after.unwrap_or((tenure_model::Id::from_uuid(nil), tenure_model::Id::from_uuid(nil)));
    let values = [id(held), id(person), id(removal), page(limit).into()];
    tx.query(sql, &values).await?.iter().map(read).collect()
}

/// What people said of a set, in the order in which they said it.
pub async fn answers(tx: &mut Tx, held: HeldId) -> Result<Vec<HeldAnswer>, StoreError> {
    let sql = "SELECT by_whom, at, answer, size, reason FROM held_answer WHERE held = $1 ORDER BY at, by_whom LIMIT $2";
    let rows = tx.query(sql, &[id(held), of_owner().into()]).await?;
    let read = |row: &Row| {
        let row = row.of("held_answer");
        Ok(HeldAnswer {
            by: row.string("by_whom")?,
            at: row.time("at")?,
            yes: row.text("answer")? == "yes",
            size: row.int("size")?,
            reason: row.string("reason")?,
        })
    };
    rows.iter().map(read).collect()
}

/// Writes what somebody said. Who says it again says it anew.
pub async fn answer(tx: &mut Tx, held: HeldId, said: &HeldAnswer) -> Result<(), StoreError> {
    let sql = "INSERT INTO held_answer (held, by_whom, at, answer, size, reason) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (held, by_whom) DO UPDATE SET at = excluded.at, answer = excluded.answer, size = excluded.size, \
         reason = excluded.reason";
    let values = [
        id(held),
        (&said.by).into(),
        said.at.into(),
        if said.yes { "yes" } else { "no" }.into(),
        said.size.into(),
        (&said.reason).into(),
    ];
    StoreError::unless_one(tx.execute(sql, &values).await?, "held_answer", held)
}

/// Closes a set. One that is closed already is a conflict: the first answer holds.
pub async fn close(tx: &mut Tx, held: HeldId, state: HeldState, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE held_set SET state = $2, closed_at = $3, open_as = NULL WHERE id = $1 AND state = 'open'";
    let values = [id(held), state.word().into(), now.into()];
    StoreError::unless_one(tx.execute(sql, &values).await?, SETS, held)
}

/// Lets everything go that a set holds, for so long.
pub async fn let_go(tx: &mut Tx, held: HeldId, now: Timestamp, until: Timestamp) -> Result<u64, StoreError> {
    let sql = "UPDATE removal SET let_at = $2, good_until = $3 WHERE held = $1 AND let_at IS NULL";
    tx.execute(sql, &[id(held), now.into(), until.into()]).await
}

fn values(removal: &Removal) -> [Param; 13] {
    [
        id(removal.id),
        id(removal.person),
        removal.connection.as_str().into(),
        (&removal.kind).into(),
        id(removal.account),
        (&removal.what).into(),
        removal.privileged.into(),
        removal.urgent.into(),
        removal.at.into(),
        opt_id(removal.held),
        removal.let_at.map_or(Param::Null, Param::from),
        removal.good_until.map_or(Param::Null, Param::from),
        removal.taken_by.as_ref().map_or(Param::Null, Param::from),
    ]
}

fn read(row: &Row) -> Result<Removal, StoreError> {
    let row = row.of(TABLE);
    Ok(Removal {
        id: row.id("id")?,
        person: row.id("person")?,
        connection: row.parsed("connection")?,
        kind: row.string("kind")?,
        account: row.id("account")?,
        what: row.string("what")?,
        privileged: row.flag("privileged")?,
        urgent: row.flag("urgent")?,
        at: row.time("at")?,
        held: row.opt_id("held")?,
        let_at: row.opt_time("let_at")?,
        good_until: row.opt_time("good_until")?,
        taken_by: row.opt_text("taken_by")?.map(str::to_owned),
    })
}

fn read_set(row: &Row) -> Result<HeldSet, StoreError> {
    let row = row.of(SETS);
    Ok(HeldSet {
        id: row.id("id")?,
        family: row.string("family")?,
        brake: row.string("brake")?,
        plan: row.opt_id("plan")?,
        asked_by: row.string("asked_by")?,
        opened_at: row.time("opened_at")?,
        state: row.word("state", HeldState::from_word)?,
        yes_needed: row.small("yes_needed")?,
        closed_at: row.opt_time("closed_at")?,
    })
}
