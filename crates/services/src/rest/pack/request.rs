//! Requests of a pack, and where in the answers things are.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::reader::{At, Fields};
use super::{Condition, Each, Feed, Join, Joined, List, Lookup, Request, Setting, Speaks, Step, Style, What};
use crate::limits::REST_PAGE_USUAL;
use crate::rest::template::{Hole, Shape, Template};

/// What may stand in the holes here.
#[derive(Clone, Copy)]
pub(super) struct Around<'p> {
    pub(super) speaks: &'p Speaks,
    pub(super) settings: &'p BTreeMap<String, Setting>,
    pub(super) secrets: &'p BTreeMap<String, String>,
    pub(super) holes: &'p [&'p str],
    /// Whether it is known already where the service is and what is read of it.
    pub(super) asking: bool,
}

/// What may stand in the holes of every question.
const EVERYWHERE: [&str; 2] = ["url", "fields"];

/// Keys that make a request, besides others.
pub(super) const REQUEST_KEYS: [&str; 7] = ["request", "call", "query", "headers", "body", "params", "form"];

impl<'p> Around<'p> {
    /// The same with other holes.
    pub(super) fn with(self, holes: &'p [&'p str]) -> Self {
        Self { holes, ..self }
    }

    fn here(&self) -> impl Iterator<Item = &'p str> {
        let everywhere = EVERYWHERE.iter().filter(|_| self.asking);
        self.holes.iter().chain(everywhere).copied()
    }

    fn check<'h>(&self, at: &At<'_>, holes: impl IntoIterator<Item = &'h Hole>) -> Option<()> {
        let mut good = Some(());
        for hole in holes {
            let known = match hole.name.split_once('.') {
                Some(("setting", name)) => self.settings.contains_key(name),
                Some(("secret", name)) => self.holes.contains(&"secret") && self.secrets.contains_key(name),
                Some(_) => false,
                None => hole.name != "secret" && self.here().any(|here| here == hole.name),
            };
            if !known {
                let here: Vec<String> = self.here().map(|name| format!("{{{name}}}, ")).collect();
                let hint = format!("here there are {}and {{setting.NAME}} of `settings`", here.concat());
                good = at.bad(format!("`{{{}}}` is not known here", hole.name), hint);
            }
        }
        good
    }

    pub(super) fn template(&self, at: &At<'_>) -> Option<Template> {
        let parsed = Template::parse(at.text()?);
        let template = parsed.map_err(|why| at.bad::<()>(why, "close it, or write it twice if it is meant")).ok()?;
        self.check(at, template.holes())?;
        Some(template)
    }

    pub(super) fn maybe_template(&self, fields: &Fields<'_>, key: &str) -> Option<Template> {
        self.template(&fields.get(key)?)
    }

    pub(super) fn shape(&self, at: &At<'_>) -> Option<Shape> {
        let shape =
            Shape::parse(at.json).map_err(|why| at.bad::<()>(why, "close it, or write it twice if it is meant"));
        let shape = shape.ok()?;
        self.check(at, shape.holes())?;
        Some(shape)
    }

    pub(super) fn templates(&self, fields: &Fields<'_>, key: &str) -> Vec<(String, Template)> {
        let Some(map) = fields.get(key).and_then(|at| at.map()) else { return Vec::new() };
        map.each().filter_map(|(name, at)| Some((name.to_owned(), self.template(&at)?))).collect()
    }

    /// The request that stands among these keys.
    pub(super) fn request(&self, fields: &Fields<'_>) -> Option<Request> {
        let (wanted, body_key) = match self.speaks {
            Speaks::Rest => ("request", "body"),
            Speaks::JsonRpc { .. } => ("call", "params"),
            Speaks::QueryXml => ("request", "form"),
        };
        for key in REQUEST_KEYS.iter().filter(|key| !["query", "headers", wanted, body_key].contains(key)) {
            if let Some(at) = fields.get(key) {
                let hint = format!("write `{wanted}` and `{body_key}`");
                at.bad::<()>(format!("`{key}` does not go with what `speaks` says"), hint);
            }
        }
        let at = fields.need(wanted)?;
        let what = match self.speaks {
            Speaks::JsonRpc { .. } => What::Call(at.text()?.to_owned()),
            Speaks::Rest | Speaks::QueryXml => self.path(&at)?,
        };
        let body = match fields.get(body_key) {
            Some(at) => Some(self.shape(&at)?),
            None => None,
        };
        let (query, headers) = (self.templates(fields, "query"), self.templates(fields, "headers"));
        Some(Request { what, query, headers, body })
    }

    /// A method and a path. What stands in a hole is one segment, or a part of one.
    fn path(&self, at: &At<'_>) -> Option<What> {
        let text = at.text()?;
        let parts = text.split_once(' ').and_then(|(method, path)| {
            let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];
            let method = methods.contains(&method).then(|| method.parse::<reqwest::Method>().ok())??;
            Some((method, path.strip_prefix('/')?))
        });
        let Some((method, path)) = parts else {
            return at.bad(
                format!("`{text}` is not a request"),
                "write it as `GET /path/{id}`, with the query under `query`",
            );
        };
        if path.contains(['?', '#']) {
            return at.bad(format!("`{text}` has a query in its path"), "put it under `query`");
        }
        let mut segments = Vec::new();
        for segment in outside_holes(path) {
            let template =
                Template::parse(&segment).map_err(|why| at.bad::<()>(why, "close it, or write it twice")).ok()?;
            self.check(at, template.holes())?;
            segments.push(template);
        }
        Some(What::Path { method, path: segments })
    }

    /// How one is looked for.
    pub(super) fn lookup(&self, at: &At<'_>) -> Option<Lookup> {
        let keys: Vec<&str> = REQUEST_KEYS.into_iter().chain(["answer", "id", "notWith", "twice"]).collect();
        let fields = at.fields(&keys)?;
        Some(Lookup {
            request: self.request(&fields)?,
            answer: fields.maybe_pointer("answer").unwrap_or_default(),
            id: fields.maybe_pointer("id"),
            not_with: fields.maybe_text("notWith").unwrap_or_default(),
            twice: fields.maybe_text("twice").unwrap_or_default(),
        })
    }

    /// Another answer that belongs to an account.
    pub(super) fn join(&self, name: &str, at: &At<'_>) -> Option<Join> {
        let what = match at.map()?.get("items") {
            None => Joined::One(Box::new(self.lookup(at)?)),
            Some(items) => match self.list(at)? {
                list if list.style == Style::Whole => {
                    return items.bad("nothing says how it comes in pages", "describe `paging`, or write `answer`");
                }
                list => Joined::All(Box::new(list)),
            },
        };
        Some(Join { name: name.to_owned(), what })
    }

    /// What tells what changed.
    pub(super) fn feed(&self, at: &At<'_>) -> Option<Feed> {
        let own = ["start", "items", "next", "later", "goneIf"];
        let keys: Vec<&str> = REQUEST_KEYS.into_iter().chain(own).collect();
        let fields = at.fields(&keys)?;
        Some(Feed {
            request: self.request(&fields)?,
            start: self.templates(&fields, "start"),
            items: fields.pointer("items")?,
            next: fields.pointer("next")?,
            later: fields.pointer("later")?,
            gone: self.conditions(&fields, "goneIf"),
        })
    }

    /// How many are read.
    pub(super) fn list(&self, at: &At<'_>) -> Option<List> {
        let keys: Vec<&str> =
            REQUEST_KEYS.into_iter().chain(["items", "partial", "leaveOut", "paging", "total", "cutOff"]).collect();
        let fields = at.fields(&keys)?;
        let request = self.request(&fields);
        let items = fields.pointer("items");
        let (style, size_max) = match fields.get("paging") {
            Some(at) => paging(&at)?,
            None => (Style::Whole, REST_PAGE_USUAL),
        };
        Some(List {
            request: request?,
            items: items?,
            partial: fields.flag("partial"),
            leave: self.conditions(&fields, "leaveOut"),
            style,
            size_max,
            total: fields.maybe_pointer("total"),
            cut: fields.get("cutOff").and_then(|at| self.condition(&at)),
        })
    }

    pub(super) fn conditions(&self, fields: &Fields<'_>, key: &str) -> Vec<Condition> {
        fields.list(key).iter().filter_map(|at| self.condition(at)).collect()
    }

    fn condition(&self, at: &At<'_>) -> Option<Condition> {
        self.with(&[]).saying(at)
    }

    /// Conditions that may speak of what fills holes here.
    pub(super) fn told(&self, fields: &Fields<'_>, key: &str) -> Option<Vec<Condition>> {
        fields.list(key).iter().map(|at| self.saying(at)).collect()
    }

    pub(super) fn saying(&self, at: &At<'_>) -> Option<Condition> {
        let fields = at.fields(&["in", "at", "is", "has", "among", "and"])?;
        let is = match fields.get("is") {
            Some(at) => Some(self.shape(&at)?),
            None => None,
        };
        let has = match fields.get("has") {
            Some(at) => Some(self.template(&at)?),
            None => None,
        };
        let among = match fields.get("among") {
            Some(at) => Some(self.template(&at)?),
            None => None,
        };
        if [is.is_some(), has.is_some(), among.is_some()].into_iter().filter(|said| *said).count() > 1 {
            return at.bad("it says several things of what is there", "keep one of `is`, `has` and `among`");
        }
        let (within, and) = (fields.maybe_pointer("in"), self.told(&fields, "and")?);
        let at = fields.need("at")?;
        at.pointer()?;
        Some(Condition { within, at: self.template(&at)?, is, has, among, and })
    }

    /// The steps of a write: one, or a list of them.
    pub(super) fn one_or_several(&self, at: &At<'_>) -> Option<Vec<Step>> {
        if at.json.is_array() {
            return at.list()?.iter().map(|at| self.step(at, &[])).collect();
        }
        Some(vec![self.step(at, &[])?])
    }

    /// One request of a write.
    pub(super) fn step(&self, at: &At<'_>, more: &[&str]) -> Option<Step> {
        let keys: Vec<&str> =
            REQUEST_KEYS.into_iter().chain(["each", "onlyIf", "accept"]).chain(more.iter().copied()).collect();
        let fields = at.fields(&keys)?;
        let each = match fields.get("each") {
            None => None,
            Some(at) if at.json.is_object() => Some(Each::Found(Box::new(self.lookup(&at)?))),
            Some(at) => Some(match at.text()? {
                "given" => Each::Given,
                "cleared" => Each::Cleared,
                text if text.starts_with('{') => Each::Put(self.template(&at)?),
                _ => Each::Of(at.pointer()?),
            }),
        };
        let accept = fields.list("accept").iter().filter_map(|at| u16::try_from(at.number()?).ok()).collect();
        let holes: Vec<&str> = self.holes.iter().copied().chain(each.is_some().then_some("item")).collect();
        let request = Around { holes: &holes, ..*self }.request(&fields)?;
        let only = self.told(&fields, "onlyIf")?;
        if let (None, Some(at)) = (&each, fields.get("onlyIf")) {
            return at.bad("there is nothing of which only some are meant", "add `each`, or leave it out");
        }
        Some(Step { request, each, only, accept })
    }
}

/// The segments of a path; what stands in braces may have slashes of its own.
fn outside_holes(path: &str) -> Vec<String> {
    let mut segments = vec![String::new()];
    let mut depth = 0_usize;
    for letter in path.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            '/' if depth == 0 => {
                segments.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = segments.last_mut() {
            last.push(letter);
        }
    }
    segments.retain(|segment| !segment.is_empty());
    segments
}

#[derive(Clone, Copy)]
enum By {
    Page,
    Offset,
    Cursor,
    Link,
}

fn paging(at: &At<'_>) -> Option<(Style, u32)> {
    let fields = at.fields(&["by", "number", "start", "send", "size", "sizeMax", "first", "next"])?;
    let words = [("page", By::Page), ("offset", By::Offset), ("cursor", By::Cursor), ("link", By::Link)];
    let style = match fields.need("by")?.word(&words)? {
        By::Page => Style::Page {
            number: fields.text("number")?,
            size: fields.text("size")?,
            first: fields.number("first").unwrap_or(1),
        },
        By::Offset => Style::Offset {
            start: fields.text("start")?,
            size: fields.text("size")?,
            first: fields.number("first").unwrap_or(0),
        },
        By::Cursor => {
            Style::Cursor { next: fields.pointer("next")?, send: fields.text("send")?, size: fields.maybe_text("size") }
        }
        By::Link => Style::Link { next: fields.maybe_pointer("next"), size: fields.maybe_text("size") },
    };
    let size_max = fields.number("sizeMax").and_then(|most| u32::try_from(most).ok()).filter(|most| *most > 0);
    Some((style, size_max.unwrap_or(REST_PAGE_USUAL)))
}

/// A constant, for what is compared or sent as it stands.
pub(super) fn constant(at: Option<At<'_>>) -> Json {
    at.map_or(Json::Null, |at| at.json.clone())
}
