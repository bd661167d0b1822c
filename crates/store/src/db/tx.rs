//! A transaction, in which every statement of the store runs.
//!
//! It counts values against places, refuses what the two databases would take differently, and
//! once a statement has failed it takes no further one and cannot be committed: PostgreSQL has it
//! so, and SQLite is held to the same.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use super::dialect::{Dialect, places};
use super::postgres::{self, Client};
use super::row::{Param, Row};
use super::sqlite;
use crate::error::StoreError;
use crate::limits::{CHUNK_ROWS_MAX, LIST_MAX, PARAMETERS_MAX};

/// Statements whose text depends on a number of rows, made once per number.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts(Arc<Mutex<HashMap<Shape, Arc<str>>>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Shape {
    head: &'static str,
    tail: &'static str,
    width: usize,
    count: usize,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    /// `VALUES (…), (…)`.
    Rows,
    /// `IN (…)`, after so many other values as the width says.
    List,
}

pub(super) enum Link {
    Sqlite(Box<rusqlite::Connection>),
    Postgres(Client),
}

/// A transaction.
pub struct Tx {
    link: Link,
    dialect: Dialect,
    texts: Texts,
    /// The first statement that failed.
    spoiled: Option<StoreError>,
}

impl Tx {
    pub(super) fn new(link: Link, texts: Texts) -> Self {
        let dialect = match &link {
            Link::Sqlite(_) => Dialect::Sqlite,
            Link::Postgres(_) => Dialect::Postgres,
        };
        Self { link, dialect, texts, spoiled: None }
    }

    pub(super) fn link(&mut self) -> &mut Link {
        &mut self.link
    }

    /// Forgets the job before.
    pub(super) fn renew(&mut self) {
        self.spoiled = None;
    }

    /// Fails if a statement failed and the job went on as if it had not.
    pub(super) fn sound(&self) -> Result<(), StoreError> {
        match &self.spoiled {
            Some(error) => Err(failed_before("commit", error)),
            None => Ok(()),
        }
    }

    /// Why the first statement failed that did.
    pub(super) fn spoiled(&self) -> Option<&StoreError> {
        self.spoiled.as_ref()
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Runs a statement and says how many rows it changed.
    pub async fn execute(&mut self, sql: &str, params: &[Param]) -> Result<u64, StoreError> {
        let text = places(self.dialect, sql);
        self.run_execute(&text, &Values::Flat(Cow::Borrowed(params))).await
    }

    /// Runs a statement and hands out its rows.
    pub async fn query(&mut self, sql: &str, params: &[Param]) -> Result<Vec<Row>, StoreError> {
        let text = places(self.dialect, sql);
        self.run_query(&text, &Values::Flat(Cow::Borrowed(params))).await
    }

    /// Runs a statement that has one row or none.
    pub async fn query_opt(&mut self, sql: &str, params: &[Param]) -> Result<Option<Row>, StoreError> {
        let mut rows = self.query(sql, params).await?;
        if rows.len() > 1 {
            return self.note(Err(StoreError::statement(head_of(sql), format!("{} rows instead of one", rows.len()))));
        }
        Ok(rows.pop())
    }

    /// Runs a statement that has one row.
    pub async fn query_one(&mut self, sql: &str, params: &[Param]) -> Result<Row, StoreError> {
        match self.query_opt(sql, params).await? {
            Some(row) => Ok(row),
            None => self.note(Err(StoreError::statement(head_of(sql), "no row instead of one"))),
        }
    }

    /// Writes rows of so many values each: `head VALUES (…), (…) tail`. Says how many were written.
    pub async fn insert_many(
        &mut self,
        head: &'static str,
        width: usize,
        tail: &'static str,
        values: &[Param],
    ) -> Result<u64, StoreError> {
        let mut written = 0;
        for (text, part) in self.rows(head, width, tail, values).await? {
            written += self.run_execute(&text, &part).await?;
        }
        Ok(written)
    }

    /// The same for a statement that ends in `RETURNING …`.
    pub async fn query_many(
        &mut self,
        head: &'static str,
        width: usize,
        tail: &'static str,
        values: &[Param],
    ) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        for (text, part) in self.rows(head, width, tail, values).await? {
            rows.append(&mut self.run_query(&text, &part).await?);
        }
        Ok(rows)
    }

    /// Asks with a list: `head IN (…) tail`. The places of `fixed` come before those of the list.
    /// A long list may be asked in pieces, so an order holds within a piece only.
    pub async fn query_in(
        &mut self,
        head: &'static str,
        fixed: &[Param],
        list: &[Param],
        tail: &'static str,
    ) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        for (text, values) in self.lists(head, fixed, list, tail).await? {
            rows.append(&mut self.run_query(&text, &values).await?);
        }
        Ok(rows)
    }

    /// The same for a statement that changes rows.
    pub async fn execute_in(
        &mut self,
        head: &'static str,
        fixed: &[Param],
        list: &[Param],
        tail: &'static str,
    ) -> Result<u64, StoreError> {
        let mut changed = 0;
        for (text, values) in self.lists(head, fixed, list, tail).await? {
            changed += self.run_execute(&text, &values).await?;
        }
        Ok(changed)
    }

    /// Runs several statements one after the other, on PostgreSQL without waiting for the answer
    /// to one before the next is sent. Says how many rows each changed.
    pub(crate) async fn write_all(&mut self, writes: Vec<Write>) -> Result<Vec<u64>, StoreError> {
        let mut pieces: Vec<(usize, Piece<'_>)> = Vec::with_capacity(writes.len());
        for (place, write) in writes.iter().enumerate() {
            let parts = match write {
                Write::Rows { head, width, tail, values } => self.rows(head, *width, tail, values).await?,
                Write::List { head, fixed, list } => self.lists(head, fixed, list, "").await?,
            };
            pieces.extend(parts.into_iter().map(|part| (place, part)));
        }
        let mut changed = vec![0; writes.len()];
        let mut counts = Vec::with_capacity(pieces.len());
        if self.dialect == Dialect::Sqlite {
            for (_, (text, values)) in &pieces {
                counts.push(self.run_execute(text, values).await?);
            }
        } else {
            for (_, (text, values)) in &pieces {
                self.ready(text, values)?;
            }
            if let Link::Postgres(client) = &self.link {
                let all = pieces.iter().map(|(_, (text, values))| (&**text, values));
                let ended = postgres::execute_all(client, all).await;
                counts = self.note(ended)?;
            }
        }
        for ((place, _), count) in pieces.iter().zip(counts) {
            if let Some(sum) = changed.get_mut(*place) {
                *sum += count;
            }
        }
        Ok(changed)
    }

    /// Runs a statement without values that is not kept prepared: for the schema.
    pub(crate) async fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        self.ready(sql, &Values::Flat(Cow::Borrowed(&[])))?;
        let ended = match &mut self.link {
            Link::Sqlite(connection) => sqlite::batch(connection, sql),
            Link::Postgres(client) => postgres::batch(client, sql).await,
        };
        self.note(ended)
    }

    async fn run_execute(&mut self, text: &str, values: &Values<'_>) -> Result<u64, StoreError> {
        self.ready(text, values)?;
        let ended = match &mut self.link {
            Link::Sqlite(connection) => sqlite::execute(connection, text, values.flat()),
            Link::Postgres(client) => postgres::execute(client, text, values).await,
        };
        self.note(ended)
    }

    async fn run_query(&mut self, text: &str, values: &Values<'_>) -> Result<Vec<Row>, StoreError> {
        self.ready(text, values)?;
        let ended = match &mut self.link {
            Link::Sqlite(connection) => sqlite::query(connection, text, values.flat()),
            Link::Postgres(client) => postgres::query(client, text, values).await,
        };
        self.note(ended)
    }

    fn ready(&mut self, text: &str, values: &Values<'_>) -> Result<(), StoreError> {
        let ready = checked(text, self.spoiled.as_ref(), values);
        self.note(ready)
    }

    fn note<T>(&mut self, ended: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &ended {
            self.spoiled.get_or_insert_with(|| error.clone());
        }
        ended
    }

    /// The statements that write these rows. SQLite takes them in pieces of a power of two, so that
    /// few statements are prepared; PostgreSQL takes each column as one array, whatever its length.
    async fn rows<'v>(
        &mut self,
        head: &'static str,
        width: usize,
        tail: &'static str,
        values: &'v [Param],
    ) -> Result<Vec<Piece<'v>>, StoreError> {
        if width == 0 || !values.len().is_multiple_of(width) {
            let reason = format!("{} values do not make rows of {width}", values.len());
            return self.note(Err(StoreError::statement(head_of(head), reason)));
        }
        let mut pieces = Vec::new();
        if values.is_empty() {
            return Ok(pieces);
        }
        if self.dialect == Dialect::Postgres {
            let text = self.array_text(Shape { head, tail, width, count: 1, kind: Kind::Rows }).await?;
            let column = |place| values.iter().skip(place).step_by(width).collect();
            pieces.push((text, Values::Arrays { fixed: Vec::new(), arrays: (0..width).map(column).collect() }));
            return Ok(pieces);
        }
        let rows_max = CHUNK_ROWS_MAX.min(PARAMETERS_MAX / width).max(1);
        let mut rest = values;
        while !rest.is_empty() {
            let count = power_below((rest.len() / width).min(rows_max));
            let (piece, after) = rest.split_at(count * width);
            let text = self.text(Shape { head, tail, width, count, kind: Kind::Rows });
            pieces.push((text, Values::Flat(Cow::Borrowed(piece))));
            rest = after;
        }
        Ok(pieces)
    }

    /// The statements that ask with this list. For SQLite a list is filled up to a power of two
    /// with its last value: asking twice for it changes nothing.
    async fn lists<'v>(
        &mut self,
        head: &'static str,
        fixed: &'v [Param],
        list: &'v [Param],
        tail: &'static str,
    ) -> Result<Vec<Piece<'v>>, StoreError> {
        let mut pieces = Vec::new();
        if list.is_empty() {
            return Ok(pieces);
        }
        let width = fixed.len();
        if self.dialect == Dialect::Postgres {
            let text = self.array_text(Shape { head, tail, width, count: 1, kind: Kind::List }).await?;
            let arrays = vec![list.iter().collect()];
            pieces.push((text, Values::Arrays { fixed: fixed.iter().collect(), arrays }));
            return Ok(pieces);
        }
        for piece in list.chunks(LIST_MAX) {
            let count = piece.len().next_power_of_two();
            let filler = piece.last().into_iter().cycle();
            let values = fixed.iter().chain(piece).chain(filler.take(count - piece.len())).cloned().collect();
            let text = self.text(Shape { head, tail, width, count, kind: Kind::List });
            pieces.push((text, Values::Flat(Cow::Owned(values))));
        }
        Ok(pieces)
    }

    fn text(&self, shape: Shape) -> Arc<str> {
        let mut texts = self.texts.0.lock().unwrap_or_else(PoisonError::into_inner);
        texts.entry(shape).or_insert_with(|| write_text(self.dialect, shape).into()).clone()
    }

    /// The statement with arrays in the place of rows or of a list. The server is asked once what
    /// types the places of the plain form have.
    async fn array_text(&mut self, plain: Shape) -> Result<Arc<str>, StoreError> {
        let shape = Shape { count: 0, ..plain };
        let known = self.texts.0.lock().unwrap_or_else(PoisonError::into_inner).get(&shape).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let text = write_text(self.dialect, plain);
        let types = match &self.link {
            Link::Postgres(client) => postgres::types(client, &text).await,
            Link::Sqlite(_) => Err(StoreError::statement(head_of(&text), "SQLite has no arrays")),
        };
        let types = self.note(types)?;
        let text: Arc<str> = write_arrays(shape, &types).into();
        self.texts.0.lock().unwrap_or_else(PoisonError::into_inner).insert(shape, text.clone());
        Ok(text)
    }
}

/// A statement and what goes into its places.
type Piece<'v> = (Arc<str>, Values<'v>);

/// What goes into the places of a statement.
pub(super) enum Values<'v> {
    /// One value for each place.
    Flat(Cow<'v, [Param]>),
    /// Single values, then arrays.
    Arrays { fixed: Vec<&'v Param>, arrays: Vec<Vec<&'v Param>> },
}

impl Values<'_> {
    fn flat(&self) -> &[Param] {
        match self {
            Self::Flat(values) => values,
            Self::Arrays { .. } => &[],
        }
    }

    fn all(&self) -> impl Iterator<Item = &Param> {
        let flat = self.flat().iter();
        let (fixed, arrays): (&[&Param], &[Vec<&Param>]) = match self {
            Self::Flat(_) => (&[], &[]),
            Self::Arrays { fixed, arrays } => (fixed, arrays),
        };
        flat.chain(fixed.iter().copied()).chain(arrays.iter().flatten().copied())
    }
}

/// A statement among several that are run together.
pub(crate) enum Write {
    /// `head VALUES (…), (…) tail`, with so many values each.
    Rows { head: &'static str, width: usize, tail: &'static str, values: Vec<Param> },
    /// `head IN (…)`. The places of `fixed` come before those of the list.
    List { head: &'static str, fixed: Vec<Param>, list: Vec<Param> },
}

fn checked(text: &str, spoiled: Option<&StoreError>, values: &Values<'_>) -> Result<(), StoreError> {
    if let Some(error) = spoiled {
        return Err(failed_before(head_of(text), error));
    }
    // PostgreSQL refuses such a text and SQLite cuts it in some of its functions.
    if values.all().any(|value| matches!(value, Param::Text(text) if text.contains('\0'))) {
        return Err(StoreError::refused("a text holds the character of code zero"));
    }
    Ok(())
}

fn failed_before(what: impl Into<String>, error: &StoreError) -> StoreError {
    StoreError::statement(what, format!("a statement of this transaction had failed before: {error}"))
}

/// The form with arrays: places of single values keep their numbers.
fn write_arrays(shape: Shape, types: &[String]) -> String {
    let mut sql = places(Dialect::Postgres, shape.head);
    let array = |place: usize| format!("${place}::{}[]", types.get(place - 1).map_or("text", String::as_str));
    match shape.kind {
        Kind::Rows => {
            let arrays: Vec<String> = (1..=shape.width).map(array).collect();
            sql = format!("{sql} SELECT * FROM unnest({})", arrays.join(", "));
        }
        Kind::List => sql = format!("{sql} = ANY({})", array(shape.width + 1)),
    }
    sql.push(' ');
    sql.push_str(&places(Dialect::Postgres, shape.tail));
    sql
}

fn write_text(dialect: Dialect, shape: Shape) -> String {
    let mut sql = places(dialect, shape.head);
    match shape.kind {
        Kind::Rows => {
            sql = dialect.without_undo(&sql);
            sql.push_str(" VALUES ");
            for row in 0..shape.count {
                sql.push_str(if row == 0 { "(" } else { ", (" });
                write_places(dialect, &mut sql, row * shape.width, shape.width);
                sql.push(')');
            }
        }
        Kind::List => {
            sql.push_str(" IN (");
            write_places(dialect, &mut sql, shape.width, shape.count);
            sql.push(')');
        }
    }
    // Writing to a string cannot fail.
    write!(sql, " {}", places(dialect, shape.tail)).unwrap_or_default();
    sql
}

fn write_places(dialect: Dialect, sql: &mut String, before: usize, count: usize) {
    for place in 0..count {
        if place > 0 {
            sql.push_str(", ");
        }
        dialect.place(sql, before + place + 1);
    }
}

fn power_below(count: usize) -> usize {
    1 << count.max(1).ilog2()
}

/// The beginning of a statement, for messages.
pub(super) fn head_of(sql: &str) -> String {
    sql.chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_lists_are_written_in_both_dialects() {
        let rows = Shape { head: "INSERT INTO t (a, b)", tail: "", width: 2, count: 2, kind: Kind::Rows };
        assert_eq!(write_text(Dialect::Sqlite, rows), "INSERT OR FAIL INTO t (a, b) VALUES (?1, ?2), (?3, ?4) ");
        let list = Shape {
            head: "SELECT a FROM t WHERE b = $1 AND a",
            tail: "ORDER BY a",
            width: 1,
            count: 2,
            kind: Kind::List,
        };
        assert_eq!(write_text(Dialect::Postgres, list), "SELECT a FROM t WHERE b = $1 AND a IN ($2, $3) ORDER BY a");
        let types = ["int8".to_owned(), "text".to_owned()];
        assert_eq!(write_arrays(rows, &types), "INSERT INTO t (a, b) SELECT * FROM unnest($1::int8[], $2::text[]) ",);
        assert_eq!(write_arrays(list, &types), "SELECT a FROM t WHERE b = $1 AND a = ANY($2::text[]) ORDER BY a");
    }

    #[test]
    fn pieces_are_powers_of_two() {
        let pieces: Vec<usize> = [1, 2, 3, 7, 8, 700].map(power_below).into();
        assert_eq!(pieces, [1, 2, 2, 4, 8, 512]);
    }
}
