//! Lists in pages: by index, by cursor, or all at once.
//!
//! A list by index can lose an object that moves between two pages. So each page after the first
//! begins with the last object of the one before, and a reading in which that is another one is
//! given up; one in which the number of objects changed is not called whole.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tenure_connect::{Completeness, PageToken, Refusal, RefusalClass};

use super::ScimConnector;
use super::path::field;
use super::profile::Paging;
use super::resource::Resource;
use crate::http::{Answer, Call};
use crate::limits::{SCIM_READINGS_OPEN_MAX, SCIM_SCAN_OBJECTS_MAX};

/// What is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Users.
    Users,
    /// Groups.
    Groups,
}

impl Kind {
    /// Where they are.
    pub(super) fn endpoint(self) -> &'static str {
        match self {
            Self::Users => "Users",
            Self::Groups => "Groups",
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) kind: Kind,
    pub(super) filter: Option<String>,
    /// A part of the query that keeps the answer small.
    pub(super) only: Option<(&'static str, String)>,
    /// How many objects are wanted.
    pub(super) size: u32,
}

/// Where a reading goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Mark {
    /// At this index; the object before it had this id.
    Index { next: u64, last: String, total: Option<u64>, moved: bool },
    /// At this cursor.
    Cursor(String),
    /// In an answer that we keep, from this place on.
    Kept { reading: u64, from: usize },
}

/// A page.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) resources: Vec<Resource>,
    pub(super) next: Option<Mark>,
    pub(super) completeness: Completeness,
    pub(super) total: Option<u64>,
}

/// Answers that held more than was asked for.
#[derive(Default)]
pub(super) struct Readings {
    last: u64,
    open: BTreeMap<u64, Vec<Resource>>,
}

struct Answered {
    resources: Vec<Resource>,
    total: Option<u64>,
    start: Option<u64>,
    cursor: Option<String>,
}

impl Mark {
    /// As a token.
    pub(super) fn token(&self) -> PageToken {
        PageToken::new(serde_json::to_string(self).unwrap_or_default())
    }

    /// From a token.
    pub(super) fn parse(token: &PageToken) -> Result<Self, Refusal> {
        serde_json::from_str(token.as_str()).map_err(|_| over())
    }
}

impl ScimConnector {
    /// The page at the mark, or the first.
    pub(super) async fn list(&self, ask: &Ask, mark: Option<&Mark>) -> Result<Listed, Refusal> {
        let able = self.able().await?;
        let size = ask.size.min(able.page_objects_max).max(1);
        match (able.paging, mark) {
            (_, Some(Mark::Kept { reading, from })) => self.list_kept(*reading, *from, size),
            (_, Some(Mark::Cursor(cursor))) => self.list_by_cursor(ask, size, cursor).await,
            (Paging::Cursor, None) => self.list_by_cursor(ask, size, "").await,
            (Paging::Index, None) => self.list_first(ask, size).await,
            (Paging::None, None) => {
                let answered = self.ask(ask, &[]).await?;
                Ok(self.list_rest(answered, size))
            }
            (_, Some(Mark::Index { next, last, total, moved })) => {
                let before = Before { next: *next, last, total: *total, moved: *moved };
                self.list_next(ask, size.min(able.page_objects_max.saturating_sub(1)).max(1), before).await
            }
        }
    }

    /// Everything that fits, from every page. It must be whole, or nothing can be said about what
    /// is not in it.
    pub(super) async fn scan(&self, ask: &Ask, mut each: impl FnMut(Resource)) -> Result<(), Refusal> {
        let (mut mark, mut seen) = (None, 0);
        loop {
            let listed = self.list(ask, mark.as_ref()).await?;
            seen += listed.resources.len();
            listed.resources.into_iter().for_each(&mut each);
            match (listed.next, listed.completeness) {
                (Some(_), _) if seen > SCIM_SCAN_OBJECTS_MAX => {
                    let message = format!(
                        "`{}` has more than {SCIM_SCAN_OBJECTS_MAX} objects and cannot be asked for one of them; choose \
                         an attribute or a `profile` by which it can",
                        self.http.url()
                    );
                    return Err(Refusal::new(RefusalClass::Unsupported, message));
                }
                (Some(next), _) => mark = Some(next),
                (None, Completeness::Partial { why }) => return Err(Refusal::new(RefusalClass::Stale, why)),
                (None, Completeness::Open | Completeness::Whole) => return Ok(()),
            }
        }
    }

    async fn list_first(&self, ask: &Ask, size: u32) -> Result<Listed, Refusal> {
        let answered = self.ask(ask, &[("startIndex", "1".to_owned()), ("count", size.to_string())]).await?;
        // A server that gives more than it was asked for gives everything.
        if answered.resources.len() > size as usize {
            return Ok(self.list_rest(answered, size));
        }
        Ok(after(answered, 1, &Before { next: 1, last: "", total: None, moved: false }))
    }

    async fn list_next(&self, ask: &Ask, size: u32, before: Before<'_>) -> Result<Listed, Refusal> {
        let start = before.next.saturating_sub(1).max(1);
        let count = size.saturating_add(1);
        let mut answered = self.ask(ask, &[("startIndex", start.to_string()), ("count", count.to_string())]).await?;
        let overlap = answered.resources.first().is_some_and(|first| first.id.as_str() == before.last);
        if !overlap || answered.start.is_some_and(|said| said != start) {
            let message = format!(
                "objects of `{}` moved between two pages, so some may have been missed; read again from the first page",
                self.http.url()
            );
            return Err(Refusal::new(RefusalClass::Stale, message));
        }
        answered.resources.remove(0);
        Ok(after(answered, before.next, &before))
    }

    async fn list_by_cursor(&self, ask: &Ask, size: u32, cursor: &str) -> Result<Listed, Refusal> {
        let answered = self.ask(ask, &[("cursor", cursor.to_owned()), ("count", size.to_string())]).await?;
        let next = answered.cursor.map(Mark::Cursor);
        let completeness = if next.is_some() { Completeness::Open } else { Completeness::Whole };
        Ok(Listed { resources: answered.resources, next, completeness, total: answered.total })
    }

    /// The first part of an answer that held everything; the rest is kept.
    fn list_rest(&self, answered: Answered, size: u32) -> Listed {
        let mut resources = answered.resources;
        if let Some(total) = answered.total.filter(|total| *total > resources.len() as u64) {
            let why = format!(
                "`{}` says that there are {total} objects, gave {} and has no pages; raise its limit",
                self.http.url(),
                resources.len()
            );
            return Listed { resources, next: None, completeness: Completeness::Partial { why }, total: Some(total) };
        }
        let total = Some(resources.len() as u64);
        let rest = resources.split_off((size as usize).min(resources.len()));
        if rest.is_empty() {
            return Listed { resources, next: None, completeness: Completeness::Whole, total };
        }
        let mut readings = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
        while readings.open.len() >= SCIM_READINGS_OPEN_MAX && readings.open.pop_first().is_some() {}
        readings.last += 1;
        let reading = readings.last;
        readings.open.insert(reading, rest);
        let next = Some(Mark::Kept { reading, from: 0 });
        Listed { resources, next, completeness: Completeness::Open, total }
    }

    fn list_kept(&self, reading: u64, from: usize, size: u32) -> Result<Listed, Refusal> {
        let mut readings = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = readings.open.get(&reading).ok_or_else(over)?;
        let resources: Vec<Resource> = kept.iter().skip(from).take(size as usize).cloned().collect();
        let reached = from + resources.len();
        let total = None;
        if reached < kept.len() {
            let next = Some(Mark::Kept { reading, from: reached });
            return Ok(Listed { resources, next, completeness: Completeness::Open, total });
        }
        readings.open.remove(&reading);
        Ok(Listed { resources, next: None, completeness: Completeness::Whole, total })
    }

    /// One list, as the server gives it. One that stumbles over the choice of attributes gets the
    /// question without it, now and from then on.
    async fn ask(&self, ask: &Ask, place: &[(&'static str, String)]) -> Result<Answered, Refusal> {
        let choose = ask.only.as_ref().filter(|_| !self.choiceless.load(Ordering::Relaxed));
        let mut call = Call::get([ask.kind.endpoint()]);
        call.ask(ask.filter.as_ref().map(|filter| ("filter", filter.clone())));
        call.ask(place.iter().cloned());
        let plain = call.clone();
        call.ask(choose.cloned());
        let answer = self.http.read(&call).await?;
        if answer.status != 400 || choose.is_none() {
            return self.answered(ask, &call, &answer);
        }
        let answer = self.http.read(&plain).await?;
        let answered = self.answered(ask, &plain, &answer)?;
        self.choiceless.store(true, Ordering::Relaxed);
        Ok(answered)
    }

    fn answered(&self, ask: &Ask, call: &Call, answer: &Answer) -> Result<Answered, Refusal> {
        if answer.status == 400 && ask.filter.is_some() {
            let message = format!("`{}` cannot be asked by this filter", self.http.url());
            return Err(Refusal::new(RefusalClass::Unsupported, message).because(self.refusal(call, answer)));
        }
        match answered(answer).filter(|_| answer.is_good()) {
            Some(answered) => answered,
            None => Err(self.refusal(call, answer)),
        }
    }
}

/// What was read before this page.
struct Before<'a> {
    next: u64,
    last: &'a str,
    total: Option<u64>,
    moved: bool,
}

/// What a page by index means, which begins at this index.
fn after(answered: Answered, start: u64, before: &Before<'_>) -> Listed {
    let resources = answered.resources;
    let next = start + resources.len() as u64;
    let total = answered.total;
    let moved = before.moved || (before.total.is_some() && before.total != total);
    let more = total.is_none_or(|total| next <= total) && !resources.is_empty();
    let last = resources.last().map(|last| last.id.as_str().to_owned());
    if let (true, Some(last)) = (more, last) {
        let next = Some(Mark::Index { next, last, total, moved });
        return Listed { resources, next, completeness: Completeness::Open, total };
    }
    let why = match total {
        Some(total) if next <= total => {
            Some(format!("the server says that there are {total} objects and gave {}; read again", next - 1))
        }
        _ if moved => Some("the number of objects changed while they were read; read again".to_owned()),
        _ => None,
    };
    let completeness = why.map_or(Completeness::Whole, |why| Completeness::Partial { why });
    Listed { resources, next: None, completeness, total }
}

/// What a list says; nothing if it is not one.
fn answered(answer: &Answer) -> Option<Result<Answered, Refusal>> {
    let json = answer.json()?;
    let number = |name: &str| field(json, name).and_then(Json::as_u64);
    let total = number("totalResults");
    let resources = match field(json, "Resources") {
        Some(Json::Array(resources)) => resources.clone(),
        // RFC 7644, 3.4.2: it may be left out where nothing was found.
        None | Some(Json::Null) if total.is_some() => Vec::new(),
        _ => return None,
    };
    let resources: Result<Vec<Resource>, Refusal> = resources.into_iter().map(Resource::take).collect();
    let cursor = field(json, "nextCursor").and_then(Json::as_str).filter(|cursor| !cursor.is_empty());
    let (start, cursor) = (number("startIndex"), cursor.map(str::to_owned));
    Some(resources.map(|resources| Answered { resources, total, start, cursor }))
}

fn over() -> Refusal {
    Refusal::new(RefusalClass::Stale, "this reading is no longer open; read again from the first page")
}
