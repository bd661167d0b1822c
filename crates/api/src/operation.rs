//! What an operation of HTTP is: its path, who may call it, what it takes and what it gives.

use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::codes::Code;
use crate::wire::page::Page;

/// A method of HTTP that the API uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Reads.
    Get,
    /// Makes or does.
    Post,
    /// Takes away.
    Delete,
}

impl Method {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody who reaches the port; it tells nothing about people.
    Public,
    /// Somebody who signs what they send with a key that the estate names; the door checks it.
    Signed,
    /// Somebody at a browser who signed in and whose policies allow this action; others are asked to.
    Page(&'static str),
    /// Somebody with a token whose policies allow this action.
    Action(&'static str),
}

/// A value in the query.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
}

/// A body of a request or of an answer.
#[derive(Clone, Copy)]
pub struct Body {
    /// The media type.
    pub media_type: &'static str,
    /// The name of its schema; none for text.
    pub schema: Option<fn() -> Named>,
}

/// A schema with its name and those that it names.
pub type Named = (String, RefOr<Schema>, Vec<(String, RefOr<Schema>)>);

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.media_type)
    }
}

/// One operation.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// Its name, which is also that of its handler, its span and its function in clients.
    pub id: &'static str,
    /// The method.
    pub method: Method,
    /// The path, with `{names}` of its variables.
    pub path: &'static str,
    /// Who may.
    pub access: Access,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// What the query may hold.
    pub query: &'static [Param],
    /// What it takes.
    pub takes: Option<Body>,
    /// The status when it went well.
    pub status: u16,
    /// What it gives.
    pub gives: Option<Body>,
    /// What can go wrong besides what can go wrong everywhere.
    pub codes: &'static [Code],
}

pub(crate) const fn json<T: ToSchema + PartialSchema>() -> Body {
    Body { media_type: "application/json", schema: Some(named::<T>) }
}

/// A page of these. A container has no name of its own, so what it contains is named here.
pub(crate) const fn page<T: ToSchema + PartialSchema>() -> Body {
    Body { media_type: "application/json", schema: Some(named_page::<T>) }
}

pub(crate) const fn text(media_type: &'static str) -> Body {
    Body { media_type, schema: None }
}

fn named_page<T: ToSchema + PartialSchema>() -> Named {
    let (name, itself, mut more) = named::<Page<T>>();
    let (item, schema, inner) = named::<T>();
    more.extend(inner);
    more.push((item, schema));
    (name, itself, more)
}

fn named<T: ToSchema + PartialSchema>() -> Named {
    let mut more = Vec::new();
    T::schemas(&mut more);
    // The name of a generic schema without this is the same for every page.
    (T::name().into_owned(), T::schema(), more)
}
pub(crate) const MINE: Param = Param { name: "mine", about: "`true`: only what is of whoever asks" };

pub(crate) const AFTER: Param = Param { name: "after", about: "`next` of the page before" };
pub(crate) const LIMIT: Param = Param { name: "limit", about: "how many items at most" };
pub(crate) const PAGE: &[Param] = &[AFTER, LIMIT];
pub(crate) const CONNECTION: Param = Param { name: "connection", about: "at which connection" };
pub(crate) const ENTITLEMENT: Param = Param { name: "entitlement", about: "what, such as `group/finance`" };

pub(crate) const fn read(
    id: &'static str,
    path: &'static str,
    action: &'static str,
    summary: &'static str,
) -> Operation {
    let access = Access::Action(action);
    let (query, takes, codes): (&[Param], Option<Body>, &[Code]) = (&[], None, &[]);
    Operation { id, method: Method::Get, path, access, summary, query, takes, status: 200, gives: None, codes }
}

/// One that lists these, a page at a time.
pub(crate) const fn list<T: ToSchema + PartialSchema>(
    id: &'static str,
    path: &'static str,
    action: &'static str,
    summary: &'static str,
) -> Operation {
    Operation { query: PAGE, gives: Some(page::<T>()), codes: &[Code::BadCursor], ..read(id, path, action, summary) }
}

pub(crate) const fn act(
    id: &'static str,
    path: &'static str,
    action: &'static str,
    summary: &'static str,
) -> Operation {
    Operation { method: Method::Post, ..read(id, path, action, summary) }
}

pub(crate) const fn public(id: &'static str, path: &'static str, summary: &'static str) -> Operation {
    Operation { access: Access::Public, ..read(id, path, "", summary) }
}
