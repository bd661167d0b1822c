//! A transaction, in which every statement of the store runs.
//!
//! It counts values against places, refuses what the two databases would take differently, and
//! once a statement has failed it takes no further one and cannot be committed: PostgreSQL has it
//! so, and SQLite is held to the same.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use super::dialect::{Dialect, places};
use super::postgres::{self, Client};
use super::row::{Param, Row};
use super::sqlite;
use crate::error::StoreError;
use crate::limits::{LIST_MAX, PARAMETERS_MAX};

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
    spoiled: bool,
}

impl Tx {
    pub(super) fn new(link: Link, texts: Texts) -> Self {
        let dialect = match &link {
            Link::Sqlite(_) => Dialect::Sqlite,
            Link::Postgres(_) => Dialect::Postgres,
        };
        Self { link, dialect, texts, spoiled: false }
    }

    pub(super) fn link(&mut self) -> &mut Link {
        &mut self.link
    }

    /// Forgets the job before.
    pub(super) fn renew(&mut self) {
        self.spoiled = false;
    }

    /// Fails if a statement failed and the job went on as if it had not.
    pub(super) fn sound(&self) -> Result<(), StoreError> {
        if self.spoiled {
            return Err(StoreError::statement("commit", "a statement of this transaction had failed before"));
        }
        Ok(())
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Runs a statement and says how many rows it changed.
    pub async fn execute(&mut self, sql: &str, params: &[Param]) -> Result<u64, StoreError> {
        let text = places(self.dialect, sql);
        self.run_execute(&text, params).await
    }

    /// Runs a statement and hands out its rows.
    pub async fn query(&mut self, sql: &str, params: &[Param]) -> Result<Vec<Row>, StoreError> {
        let text = places(self.dialect, sql);
        self.run_query(&text, params).await
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
        for (text, part) in self.chunks(head, width, tail, values)? {
            written += self.run_execute(&text, part).await?;
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
        for (text, part) in self.chunks(head, width, tail, values)? {
            rows.append(&mut self.run_query(&text, part).await?);
        }
        Ok(rows)
    }

    /// Asks with a list: `head IN (…) tail`. The places of `fixed` come before those of the list.
    /// A long list is asked in pieces, so an order holds within a piece only.
    pub async fn query_in(
        &mut self,
        head: &'static str,
        fixed: &[Param],
        list: &[Param],
        tail: &'static str,
    ) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        for piece in list.chunks(LIST_MAX) {
            let (text, values) = self.list(head, fixed, piece, tail);
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
        for piece in list.chunks(LIST_MAX) {
            let (text, values) = self.list(head, fixed, piece, tail);
            changed += self.run_execute(&text, &values).await?;
        }
        Ok(changed)
    }

    /// Runs a statement without values that is not kept prepared: for the schema.
    pub(crate) async fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        self.ready(sql, &[])?;
        let ended = match &mut self.link {
            Link::Sqlite(connection) => sqlite::batch(connection, sql),
            Link::Postgres(client) => postgres::batch(client, sql).await,
        };
        self.note(ended)
    }

    async fn run_execute(&mut self, text: &str, params: &[Param]) -> Result<u64, StoreError> {
        self.ready(text, params)?;
        let ended = match &mut self.link {
            Link::Sqlite(connection) => sqlite::execute(connection, text, params),
            Link::Postgres(client) => postgres::execute(client, text, params).await,
        };
        self.note(ended)
    }

    async fn run_query(&mut self, text: &str, params: &[Param]) -> Result<Vec<Row>, StoreError> {
        self.ready(text, params)?;
        let ended = match &mut self.link {
            Link::Sqlite(connection) => sqlite::query(connection, text, params),
            Link::Postgres(client) => postgres::query(client, text, params).await,
        };
        self.note(ended)
    }

    fn ready(&mut self, text: &str, params: &[Param]) -> Result<(), StoreError> {
        if self.spoiled {
            return Err(StoreError::statement(head_of(text), "a statement of this transaction had failed before"));
        }
        // PostgreSQL refuses such a text and SQLite cuts it in some of its functions.
        if params.iter().any(|param| matches!(param, Param::Text(text) if text.contains('\0'))) {
            return self.note(Err(StoreError::refused("a text holds the character of code zero")));
        }
        Ok(())
    }

    fn note<T>(&mut self, ended: Result<T, StoreError>) -> Result<T, StoreError> {
        self.spoiled |= ended.is_err();
        ended
    }

    /// Cuts values into pieces of a power of two of rows, so that few statements are prepared.
    #[expect(clippy::type_complexity, reason = "a pair of text and values, used twice, right here")]
    fn chunks<'v>(
        &mut self,
        head: &'static str,
        width: usize,
        tail: &'static str,
        values: &'v [Param],
    ) -> Result<Vec<(Arc<str>, &'v [Param])>, StoreError> {
        if width == 0 || !values.len().is_multiple_of(width) {
            let reason = format!("{} values do not make rows of {width}", values.len());
            return self.note(Err(StoreError::statement(head_of(head), reason)));
        }
        let rows_max = self.dialect.chunk_rows_max().min(PARAMETERS_MAX / width).max(1);
        let mut pieces = Vec::new();
        let mut rest = values;
        while !rest.is_empty() {
            let count = power_below((rest.len() / width).min(rows_max));
            let (piece, after) = rest.split_at(count * width);
            pieces.push((self.text(Shape { head, tail, width, count, kind: Kind::Rows }), piece));
            rest = after;
        }
        Ok(pieces)
    }

    /// Fills a list up to a power of two with its last value: asking twice for it changes nothing.
    fn list(
        &mut self,
        head: &'static str,
        fixed: &[Param],
        piece: &[Param],
        tail: &'static str,
    ) -> (Arc<str>, Vec<Param>) {
        let count = piece.len().next_power_of_two();
        let filler = piece.last().into_iter().cycle();
        let values = fixed.iter().chain(piece).chain(filler.take(count - piece.len())).cloned().collect();
        (self.text(Shape { head, tail, width: fixed.len(), count, kind: Kind::List }), values)
    }

    fn text(&self, shape: Shape) -> Arc<str> {
        let mut texts = self.texts.0.lock().unwrap_or_else(PoisonError::into_inner);
        texts.entry(shape).or_insert_with(|| write_text(self.dialect, shape).into()).clone()
    }
}

fn write_text(dialect: Dialect, shape: Shape) -> String {
    let mut sql = places(dialect, shape.head);
    match shape.kind {
        Kind::Rows => {
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
        assert_eq!(write_text(Dialect::Sqlite, rows), "INSERT INTO t (a, b) VALUES (?1, ?2), (?3, ?4) ");
        let list = Shape {
            head: "SELECT a FROM t WHERE b = $1 AND a",
            tail: "ORDER BY a",
            width: 1,
            count: 2,
            kind: Kind::List,
        };
        assert_eq!(write_text(Dialect::Postgres, list), "SELECT a FROM t WHERE b = $1 AND a IN ($2, $3) ORDER BY a");
    }

    #[test]
    fn pieces_are_powers_of_two() {
        let pieces: Vec<usize> = [1, 2, 3, 7, 8, 700].map(power_below).into();
        assert_eq!(pieces, [1, 2, 2, 4, 8, 512]);
    }
}
