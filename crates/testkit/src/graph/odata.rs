//! How Graph is asked: `$select`, `$filter`, `$top`, pages with opaque tokens, and moments.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Url;
use serde_json::{Map, Value as Json, json};

use super::problem::{Answered, Problem};
use crate::wire::Request;

/// The most that comes on a page.
const TOP_MAX: usize = 999;
/// How much comes where nobody says.
const TOP_USUAL: usize = 100;

/// A request, taken apart.
#[derive(Debug)]
pub(super) struct Asked {
    url: Url,
    segments: Vec<String>,
    /// Whether what is asked may be answered from an index that lags behind.
    eventual: bool,
}

/// What can be asked of objects of one type.
pub(super) struct Type {
    pub(super) name: &'static str,
    pub(super) properties: &'static [&'static str],
    /// What is shown where nobody selects.
    pub(super) usual: &'static [&'static str],
    /// What can be filtered by without an index.
    pub(super) filtered: &'static [&'static str],
}

impl Asked {
    pub(super) fn of(request: &Request) -> Answered<Self> {
        let host = request.header("host").unwrap_or("localhost");
        let bad = || Problem::bad("The address is not one.");
        let url: Url = format!("http://{host}{}", request.target).parse().map_err(|_| bad())?;
        let segments = url.path_segments().ok_or_else(bad)?.map(decoded).collect();
        let eventual = request.header("consistencylevel").is_some_and(|level| level.eq_ignore_ascii_case("eventual"));
        Ok(Self { url, segments, eventual })
    }

    /// The path below the version, or all of it.
    pub(super) fn path(&self) -> Vec<&str> {
        let all = self.segments.iter().map(String::as_str);
        all.skip_while(|segment| *segment == "v1.0").collect()
    }

    pub(super) fn said(&self, name: &str) -> Option<String> {
        self.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// This address with another token, which stands for everything else in it.
    fn onward(&self, name: &str, token: &Json) -> String {
        let mut url = self.url.clone();
        let others = self.url.query_pairs().filter(|(key, _)| key != "$skiptoken");
        let others: Vec<(String, String)> = others.map(|(key, value)| (key.into_owned(), value.into_owned())).collect();
        url.query_pairs_mut().clear().extend_pairs(others).append_pair(name, &sealed(token));
        url.into()
    }

    pub(super) fn token(&self, name: &str) -> Answered<Option<Json>> {
        let Some(text) = self.said(name) else { return Ok(None) };
        let opened = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        opened.map(Some).ok_or_else(|| Problem::bad("Badly formed token."))
    }

    fn top(&self) -> Answered<usize> {
        let Some(text) = self.said("$top") else { return Ok(TOP_USUAL) };
        text.parse().ok().filter(|top| (1..=TOP_MAX).contains(top)).ok_or_else(|| {
            Problem::bad(format!("Invalid page size specified: '{text}'. Must be between 1 and {TOP_MAX} inclusive."))
        })
    }

    /// This address with nothing but a token, which stands for everything else.
    pub(super) fn bare(&self, name: &str, token: &Json) -> String {
        let plain = self.url.as_str().split('?').next().unwrap_or_default();
        format!("{plain}?{name}={}", sealed(token))
    }

    /// An object with what was selected of it.
    pub(super) fn shown(&self, object: &Json, kind: &Type) -> Answered<Json> {
        Self::selected(object, kind, self.said("$select").as_deref())
    }

    /// An object with these properties, or with the usual ones.
    pub(super) fn selected(object: &Json, kind: &Type, selected: Option<&str>) -> Answered<Json> {
        let names: Vec<&str> = match selected {
            Some(names) => names.split(',').map(str::trim).collect(),
            None => kind.usual.to_vec(),
        };
        let mut shown = Map::new();
        if let Some(sort) = object.get("@odata.type") {
            shown.insert("@odata.type".to_owned(), sort.clone());
        }
        // An id is shown whether it was selected or not.
        for name in names.into_iter().chain(["id"]) {
            if !kind.properties.contains(&name) {
                let message =
                    format!("Could not find a property named '{name}' on type 'microsoft.graph.{}'.", kind.name);
                return Err(Problem::bad(message));
            }
            shown.insert(name.to_owned(), object.get(name).cloned().unwrap_or(Json::Null));
        }
        Ok(Json::Object(shown))
    }

    /// A page of these, in order of their ids.
    pub(super) fn page<'d>(&self, all: impl Iterator<Item = &'d Json>, kind: &Type) -> Answered<Json> {
        let filter = self.filter(kind)?;
        let fits = |object: &&Json| filter.as_ref().is_none_or(|(name, value)| is(object, name, value));
        let found: Vec<&Json> = all.filter(fits).collect();
        let (top, after) = (self.top()?, self.token("$skiptoken")?);
        let after = after.as_ref().and_then(|token| token["after"].as_str()).unwrap_or_default();
        let count = found.len();
        let mut rest = found.into_iter().filter(|object| id(object) > after).peekable();
        let mut page = Vec::new();
        while page.len() < top
            && let Some(object) = rest.next()
        {
            page.push(object);
        }
        let shown: Vec<Json> = page.iter().map(|object| self.shown(object, kind)).collect::<Answered<_>>()?;
        let mut said = json!({ "@odata.context": format!("$metadata#{}s", kind.name), "value": shown });
        // Without the header that allows for a lag the number is left away, and nobody is told.
        if self.said("$count").as_deref() == Some("true") && self.eventual && after.is_empty() {
            said["@odata.count"] = count.into();
        }
        if let (Some(last), true) = (page.last(), rest.peek().is_some()) {
            said["@odata.nextLink"] = self.onward("$skiptoken", &json!({ "after": id(last) })).into();
        }
        Ok(said)
    }

    /// The one comparison that is understood: `name eq 'value'`, with quotes written twice.
    fn filter(&self, kind: &Type) -> Answered<Option<(String, String)>> {
        let Some(text) = self.said("$filter") else { return Ok(None) };
        let parts = text.split_once(" eq '").and_then(|(name, value)| Some((name, value.strip_suffix('\'')?)));
        let clause = parts.filter(|(_, value)| !value.replace("''", "").contains('\''));
        let (name, value) = clause.ok_or_else(|| Problem::bad("Invalid filter clause"))?;
        if !kind.filtered.contains(&name) {
            let message = format!("Unsupported or invalid query filter clause specified for property '{name}'.");
            return Err(Problem::unsupported_query(message));
        }
        Ok(Some((name.to_owned(), value.replace("''", "'"))))
    }
}

pub(super) fn id(object: &Json) -> &str {
    object["id"].as_str().unwrap_or_default()
}

/// Whether a property has this value. Graph compares texts in any case of the letters.
pub(super) fn is(object: &Json, name: &str, value: &str) -> bool {
    object[name].as_str().is_some_and(|text| text.to_lowercase() == value.to_lowercase())
}

fn sealed(token: &Json) -> String {
    URL_SAFE_NO_PAD.encode(token.to_string())
}

fn decoded(segment: &str) -> String {
    let read = Url::parse(&format!("http://x/?s={}", segment.replace('+', "%2B").replace('&', "%26")));
    read.ok().and_then(|url| Some(url.query_pairs().next()?.1.into_owned())).unwrap_or_default()
}
