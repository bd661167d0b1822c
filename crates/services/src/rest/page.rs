//! Pages: how one follows another, and what a reading is worth at its end.

use reqwest::Url;
use serde_json::Value as Json;
use tenure_connect::{Completeness, PageToken, Refusal, RefusalClass};

use super::RestConnector;
use super::account::{id_at, items};
use super::ask::Said;
use super::pack::{List, Speaks, Style, What};
use super::template::{Scope, scalar};
use crate::http::Call;
use crate::limits::{REST_PAGE_NUMBER_MAX, REST_SCAN_OBJECTS_MAX};

/// Where a reading goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    /// How many came before.
    seen: u64,
    /// How many of the page there were handed out already, by a service that sends more than we ask.
    skip: usize,
    /// A number, a cursor, an address or an id, by the style.
    at: String,
}

/// A page of what was listed.
pub(super) struct Listed {
    pub(super) objects: Vec<Json>,
    pub(super) next: Option<Mark>,
    pub(super) completeness: Completeness,
    pub(super) total: Option<u64>,
}

impl Mark {
    /// How our tokens begin.
    const SIGN: &'static str = "r1.";

    /// The mark as a token.
    pub(super) fn token(&self) -> PageToken {
        PageToken::new(format!("{}{}.{}.{}", Self::SIGN, self.seen, self.skip, self.at))
    }

    /// Reads a token.
    pub(super) fn parse(token: &PageToken) -> Result<Self, Refusal> {
        let mark = |text: &str| {
            let mut parts = text.splitn(3, '.');
            let (seen, skip) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            Some(Self { seen, skip, at: parts.next()?.to_owned() })
        };
        token.as_str().strip_prefix(Self::SIGN).and_then(mark).ok_or_else(foreign)
    }

    fn number(&self) -> Result<u64, Refusal> {
        self.at.parse().ok().filter(|number| *number <= REST_PAGE_NUMBER_MAX).ok_or_else(foreign)
    }
}

fn foreign() -> Refusal {
    Refusal::new(RefusalClass::Invalid, "the page token is not one of ours; read again from the first page")
}

impl RestConnector {
    /// One page of what must be there.
    pub(super) async fn list(
        &self,
        list: &List,
        id: &str,
        size: u32,
        mark: Option<&Mark>,
        scope: &Scope<'_>,
    ) -> Result<Listed, Refusal> {
        self.list_if_there(list, id, size, mark, scope).await?.ok_or_else(|| self.not_known())
    }

    /// One page; none where there is no such list.
    async fn list_if_there(
        &self,
        list: &List,
        id: &str,
        size: u32,
        mark: Option<&Mark>,
        scope: &Scope<'_>,
    ) -> Result<Option<Listed>, Refusal> {
        let size = size.min(list.size_max).max(1);
        let mut call = self.call(&list.request, scope)?;
        let sized = |name: &Option<String>, call: &mut Call| {
            if let Some(name) = name {
                say(&self.pack.speaks, list, call, name, size.into());
            }
        };
        match (&list.style, mark) {
            (Style::Whole, _) => {}
            (Style::Page { number, size: name, first } | Style::Offset { start: number, size: name, first }, mark) => {
                let at = mark.map(Mark::number).transpose()?.unwrap_or(*first);
                say(&self.pack.speaks, list, &mut call, number, at.into());
                sized(&Some(name.clone()), &mut call);
            }
            (Style::Cursor { send, size, .. }, mark) => {
                if let Some(mark) = mark.filter(|mark| !mark.at.is_empty()) {
                    say(&self.pack.speaks, list, &mut call, send, mark.at.as_str().into());
                }
                sized(size, &mut call);
            }
            (Style::Link { .. }, Some(mark)) if !mark.at.is_empty() => self.follow(&mark.at, &mut call)?,
            (Style::Link { size, .. }, _) => sized(size, &mut call),
        }
        let Some(said) = self.read(&call).await? else { return Ok(None) };
        if said.json.pointer(&list.items).is_none() {
            let message = format!(
                "the answer of `{}` has nothing at `{}`, where the pack expects a list; check `url`, or correct the pack",
                self.http.url(),
                list.items
            );
            return Err(Refusal::new(RefusalClass::Invalid, message));
        }
        self.page(list, id, size, mark, said).map(Some)
    }

    fn page(&self, list: &List, id: &str, size: u32, mark: Option<&Mark>, said: Said) -> Result<Listed, Refusal> {
        let mut objects = items(&said.json, &list.items).to_vec();
        let came = objects.len() as u64;
        let skip = mark.map_or(0, |mark| mark.skip);
        objects.drain(..skip.min(objects.len()));
        let more = objects.len() > size as usize;
        let total = list.total.as_ref().and_then(|at| scalar(said.json.pointer(at)?)?.parse::<u64>().ok());
        let before = mark.map_or(0, |mark| mark.seen);
        let seen = before.saturating_add(objects.len() as u64);
        let next = match &list.style {
            Style::Whole => return Ok(self.part_of_whole(list, id, size, mark, &said, objects)),
            _ if more => {
                objects.truncate(size as usize);
                let at = mark.map_or_else(|| list.style.first(), |mark| mark.at.clone());
                let seen = before.saturating_add(size.into());
                return Ok(self.listed(
                    list,
                    objects,
                    Some(Mark { seen, skip: skip + size as usize, at }),
                    total,
                    &said,
                ));
            }
            Style::Page { first, .. } | Style::Offset { first, .. } => {
                let at = mark.map(Mark::number).transpose()?.unwrap_or(*first);
                let step = if matches!(list.style, Style::Page { .. }) { 1 } else { came };
                let full = came >= size.into() && total.is_none_or(|total| seen < total);
                full.then(|| at.saturating_add(step).to_string())
            }
            Style::Cursor { next, .. } | Style::Link { next: Some(next), .. } => {
                said.json.pointer(next).and_then(scalar).filter(|next| !next.is_empty())
            }
            Style::Link { next: None, .. } => linked(&said),
        };
        let next = next.map(|at| Mark { seen, skip: 0, at });
        if next.is_some() && next.as_ref() == mark {
            return Err(Refusal::new(RefusalClass::Invalid, "the service gives the same page again and again"));
        }
        let mut listed = self.listed(list, objects, next, total, &said);
        if let (None, Some(total)) = (&listed.next, total.filter(|total| *total > seen)) {
            let why = format!("the service says that there are {total}, and gave {seen}");
            listed.completeness = Completeness::Partial { why };
        }
        Ok(listed)
    }

    fn listed(
        &self,
        list: &List,
        mut objects: Vec<Json>,
        next: Option<Mark>,
        total: Option<u64>,
        said: &Said,
    ) -> Listed {
        let completeness = if next.is_some() { Completeness::Open } else { self.end(list, said) };
        // What is left out is not counted by us, so the service's count would not fit.
        let counted = list.leave.is_empty();
        objects.retain(|one| !list.leave.iter().any(|leave| leave.holds(one, &self.scope())));
        Listed { objects, next, completeness, total: total.filter(|_| counted) }
    }

    fn end(&self, list: &List, said: &Said) -> Completeness {
        if list.cut.as_ref().is_some_and(|cut| cut.holds(&said.json, &self.scope())) {
            return Completeness::Partial { why: "the service says that its list was cut off".to_owned() };
        }
        Completeness::Whole
    }

    /// A page of a list that always comes as a whole: what follows the last id, in order of ids.
    fn part_of_whole(
        &self,
        list: &List,
        id: &str,
        size: u32,
        mark: Option<&Mark>,
        said: &Said,
        mut objects: Vec<Json>,
    ) -> Listed {
        objects.retain(|one| !list.leave.iter().any(|leave| leave.holds(one, &self.scope())));
        let total = objects.len() as u64;
        let key = |one: &Json| id_at(one, id).map(|id| id.to_string());
        objects.sort_by_key(key);
        objects.retain(|one| mark.is_none_or(|mark| key(one).as_ref() > Some(&mark.at)));
        let more = objects.len() > size as usize;
        objects.truncate(size as usize);
        let seen = mark.map_or(0, |mark| mark.seen).saturating_add(objects.len() as u64);
        let next = objects.last().and_then(key).filter(|_| more).map(|at| Mark { seen, skip: 0, at });
        let completeness = if next.is_some() { Completeness::Open } else { self.end(list, said) };
        Listed { objects, next, completeness, total: Some(total) }
    }

    /// Turns a call to where an address of the service itself leads. Any other is not followed.
    pub(super) fn follow(&self, text: &str, call: &mut Call) -> Result<(), Refusal> {
        let elsewhere = || {
            let message = "the service says that its next page is at another address, which is not followed";
            Refusal::new(RefusalClass::Invalid, message)
        };
        let base: Url = self.http.url().parse().map_err(|_| elsewhere())?;
        let url = base.join(text).map_err(|_| elsewhere())?;
        let below = url.path().strip_prefix(base.path().trim_end_matches('/'));
        let rest = below.filter(|rest| rest.starts_with('/') && url.origin() == base.origin()).ok_or_else(elsewhere)?;
        let path: Option<Vec<String>> = rest.split('/').skip(1).map(decoded).collect();
        call.path = path.ok_or_else(elsewhere)?;
        call.query = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        Ok(())
    }

    /// Goes through all of a list that must be there.
    pub(super) async fn scan(
        &self,
        list: &List,
        id: &str,
        scope: &Scope<'_>,
        take: impl FnMut(Json),
    ) -> Result<(), Refusal> {
        if self.scan_if_there(list, id, scope, take).await? { Ok(()) } else { Err(self.not_known()) }
    }

    /// Goes through all of a list; says whether there is one.
    pub(super) async fn scan_if_there(
        &self,
        list: &List,
        id: &str,
        scope: &Scope<'_>,
        mut take: impl FnMut(Json),
    ) -> Result<bool, Refusal> {
        let mut mark = None;
        let mut looked = 0;
        loop {
            let listed = self.list_if_there(list, id, list.size_max, mark.as_ref(), scope).await?;
            let Some(listed) = listed else { return Ok(false) };
            looked += listed.objects.len();
            listed.objects.into_iter().for_each(&mut take);
            match (listed.next, listed.completeness) {
                (_, Completeness::Partial { why }) => {
                    return Err(Refusal::new(RefusalClass::Maintenance, format!("a list came in part: {why}")));
                }
                (None, _) => return Ok(true),
                (Some(next), _) if looked < REST_SCAN_OBJECTS_MAX => mark = Some(next),
                (Some(_), _) => {
                    let message = format!("more than {REST_SCAN_OBJECTS_MAX} would have to be looked through");
                    return Err(Refusal::new(RefusalClass::Unsupported, message));
                }
            }
        }
    }
}

impl Style {
    /// Where a reading begins.
    fn first(&self) -> String {
        match self {
            Self::Page { first, .. } | Self::Offset { first, .. } => first.to_string(),
            Self::Whole | Self::Cursor { .. } | Self::Link { .. } => String::new(),
        }
    }
}

/// Puts a word about paging where requests of this kind carry their words.
fn say(speaks: &Speaks, list: &List, call: &mut Call, name: &str, value: Json) {
    match (speaks, &list.request.what, &mut call.body) {
        (Speaks::JsonRpc { .. }, What::Call(_), Some(body)) => {
            if let Some(params) = body.get_mut("params").and_then(Json::as_object_mut) {
                params.insert(name.to_owned(), value);
            }
        }
        (Speaks::QueryXml, _, _) => call.form.extend(scalar(&value).map(|text| (name.to_owned(), text))),
        _ => call.query.extend(scalar(&value).map(|text| (name.to_owned(), text))),
    }
}

/// The next address of a `Link` header (RFC 8288).
fn linked(said: &Said) -> Option<String> {
    let header = said.answer.header("link")?;
    let next = header.split(',').find(|link| link.contains("rel=\"next\"") || link.contains("rel=next"))?;
    Some(next.split_once('<')?.1.split_once('>')?.0.to_owned())
}

/// A segment of a path without its per cents.
fn decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => u8::from_str_radix(std::str::from_utf8(&[rest.next()?, rest.next()?]).ok()?, 16).ok()?,
            plain => plain,
        });
    }
    String::from_utf8(bytes).ok()
}
