//! The outbox of notices: written with what they tell of, delivered afterwards, at least once.

use jiff::Timestamp;
use tenure_model::NoticeId;

use crate::db::row::{Row, id};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::limits::page;

const TABLE: &str = "notice";

/// Something to be told to the outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Ours; whoever receives it can tell a repeat by it.
    pub id: NoticeId,
    /// By which way, such as `mail`.
    pub channel: String,
    /// What, as JSON.
    pub body: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When to try, or to try again.
    pub due: Timestamp,
    /// How often it was tried.
    pub attempts: i64,
}

/// How a notice that did not arrive stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// It will be tried, or tried again.
    Waiting,
    /// It is tried no more unless somebody says so.
    GivenUp,
}

impl Standing {
    /// Every standing.
    pub const ALL: [Self; 2] = [Self::Waiting, Self::GivenUp];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::GivenUp => "given-up",
        }
    }

    /// The standing of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.word() == word)
    }
}

/// A notice that did not arrive yet, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// The notice.
    pub notice: Notice,
    /// How it stands.
    pub standing: Standing,
    /// Why it did not arrive when it was last tried.
    pub reason: Option<String>,
}

/// How many notices of a channel did not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// Which channel.
    pub channel: String,
    /// How they stand.
    pub standing: Standing,
    /// How many.
    pub count: i64,
}

/// Writes a notice.
pub async fn insert(tx: &mut Tx, notice: &Notice) -> Result<(), StoreError> {
    let sql = "INSERT INTO notice (id, channel, body, created_at, state, due, attempts) \
         VALUES ($1, $2, $3, $4, 'waiting', $5, $6)";
    let values = [
        id(notice.id),
        (&notice.channel).into(),
        (&notice.body).into(),
        notice.created_at.into(),
        notice.due.into(),
        notice.attempts.into(),
    ];
    StoreError::unless_one(tx.execute(sql, &values).await?, TABLE, notice.id)
}

/// The channels for which something is due.
pub async fn due_channels(tx: &mut Tx, now: Timestamp) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT DISTINCT channel FROM notice WHERE state = 'waiting' AND due <= $1 ORDER BY channel";
    tx.query(sql, &[now.into()]).await?.iter().map(|row| row.of(TABLE).string("channel")).collect()
}

/// Takes what is due by a channel, the most overdue first. Nobody else gets it until `until`;
/// whoever has not said by then what became of it has died, and it is tried again.
pub async fn claim(
    tx: &mut Tx,
    channel: &str,
    now: Timestamp,
    until: Timestamp,
    limit: usize,
) -> Result<Vec<Notice>, StoreError> {
    let sql = format!(
        "UPDATE notice SET due = $2, attempts = attempts + 1 WHERE id IN \
         (SELECT id FROM notice WHERE state = 'waiting' AND channel = $4 AND due <= $1 ORDER BY due, id LIMIT $3{}) \
         RETURNING id, channel, body, created_at, due, attempts",
        tx.dialect().claim_lock()
    );
    let rows = tx.query(&sql, &[now.into(), until.into(), page(limit).into(), channel.into()]).await?;
    let mut notices: Vec<Notice> = rows.iter().map(read).collect::<Result<_, _>>()?;
    notices.sort_by_key(|notice| notice.id);
    Ok(notices)
}

/// Notes that a notice arrived; also one that was put aside while it was on its way.
pub async fn delivered(tx: &mut Tx, notice: NoticeId) -> Result<(), StoreError> {
    let sql = "UPDATE notice SET state = 'delivered', last_error = NULL WHERE id = $1 AND state <> 'delivered'";
    StoreError::unless_one(tx.execute(sql, &[id(notice)]).await?, TABLE, notice)
}

/// Notes that a notice did not arrive, and when to try again; never, if there is no such time.
/// What was put aside meanwhile stays so: then this says false.
pub async fn failed(tx: &mut Tx, notice: NoticeId, error: &str, next: Option<Timestamp>) -> Result<bool, StoreError> {
    let sql = "UPDATE notice SET state = $2, due = COALESCE($3, due), last_error = $4 \
         WHERE id = $1 AND state = 'waiting'";
    let standing = if next.is_some() { Standing::Waiting } else { Standing::GivenUp };
    let written = tx.execute(sql, &[id(notice), standing.word().into(), next.into(), error.into()]).await?;
    Ok(written == 1)
}

/// What did not arrive and was not put aside, the oldest first, from after the cursor.
pub async fn list_undelivered(
    tx: &mut Tx,
    standing: Option<Standing>,
    after: Option<NoticeId>,
    limit: usize,
) -> Result<Vec<Undelivered>, StoreError> {
    let sql = "SELECT id, channel, body, created_at, due, attempts, state, last_error FROM notice \
         WHERE state <> 'delivered' AND id > $1 AND ($2 = '' OR state = $2) \
         AND NOT EXISTS (SELECT 1 FROM notice_drop d WHERE d.notice = notice.id) ORDER BY id LIMIT $3";
    let after = after.unwrap_or(tenure_model::Id::from_uuid(uuid::Uuid::nil()));
    let standing = standing.map_or("", Standing::word);
    tx.query(sql, &[id(after), standing.into(), page(limit).into()]).await?.iter().map(read_undelivered).collect()
}

/// One that did not arrive and was not put aside.
pub async fn get_undelivered(tx: &mut Tx, notice: NoticeId) -> Result<Option<Undelivered>, StoreError> {
    let sql = "SELECT id, channel, body, created_at, due, attempts, state, last_error FROM notice \
         WHERE id = $1 AND state <> 'delivered' \
         AND NOT EXISTS (SELECT 1 FROM notice_drop d WHERE d.notice = notice.id)";
    tx.query_opt(sql, &[id(notice)]).await?.as_ref().map(read_undelivered).transpose()
}

/// Lets a notice be tried again now, as if it had never been.
pub async fn retry(tx: &mut Tx, notice: NoticeId, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE notice SET state = 'waiting', due = $2, attempts = 0 WHERE id = $1 AND state <> 'delivered' \
         AND NOT EXISTS (SELECT 1 FROM notice_drop d WHERE d.notice = notice.id)";
    StoreError::unless_one(tx.execute(sql, &[id(notice), now.into()]).await?, TABLE, notice)
}

/// Puts a notice aside for good.
pub async fn put_aside(
    tx: &mut Tx,
    notice: NoticeId,
    now: Timestamp,
    by: &str,
    reason: &str,
) -> Result<(), StoreError> {
    let sql = "UPDATE notice SET state = 'given-up' WHERE id = $1 AND state <> 'delivered'";
    StoreError::unless_one(tx.execute(sql, &[id(notice)]).await?, TABLE, notice)?;
    let sql = "INSERT INTO notice_drop (notice, at, by_whom, reason) VALUES ($1, $2, $3, $4)";
    let written = tx.execute(sql, &[id(notice), now.into(), by.into(), reason.into()]).await?;
    StoreError::unless_one(written, "notice_drop", notice)
}

/// How much did not arrive, by channel. Walks what did not arrive, and nothing else.
pub async fn count_undelivered(tx: &mut Tx) -> Result<Vec<Count>, StoreError> {
    let sql = "SELECT channel, state, count(*) AS notices FROM notice WHERE state <> 'delivered' \
         AND NOT EXISTS (SELECT 1 FROM notice_drop d WHERE d.notice = notice.id) \
         GROUP BY channel, state ORDER BY channel, state";
    let counts = tx.query(sql, &[]).await?;
    counts
        .iter()
        .map(|row| {
            let row = row.of(TABLE);
            let standing = row.word("state", Standing::from_word)?;
            Ok(Count { channel: row.string("channel")?, standing, count: row.int("notices")? })
        })
        .collect()
}

fn read(row: &Row) -> Result<Notice, StoreError> {
    let row = row.of(TABLE);
    Ok(Notice {
        id: row.id("id")?,
        channel: row.string("channel")?,
        body: row.string("body")?,
        created_at: row.time("created_at")?,
        due: row.time("due")?,
        attempts: row.int("attempts")?,
    })
}

fn read_undelivered(row: &Row) -> Result<Undelivered, StoreError> {
    let notice = read(row)?;
    let row = row.of(TABLE);
    let standing = row.word("state", Standing::from_word)?;
    Ok(Undelivered { notice, standing, reason: row.opt_text("last_error")?.map(str::to_owned) })
}
