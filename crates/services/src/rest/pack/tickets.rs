//! What a pack says of tickets: how one is opened, found, looked at and closed, and which of the
//! states that the service knows mean that something is done.

use super::reader::{At, Fields};
use super::request::{Around, REQUEST_KEYS};
use super::{Condition, Lookup, Pointer, Request};
use crate::rest::template::Template;

/// Tickets of a service.
#[derive(Debug, Clone)]
pub(in crate::rest) struct TicketPlan {
    pub(in crate::rest) native: String,
    pub(in crate::rest) id: Pointer,
    /// Where people see one.
    pub(in crate::rest) link: Option<Template>,
    /// Where it stands what the service calls the state.
    pub(in crate::rest) state: Pointer,
    pub(in crate::rest) open: Vec<Condition>,
    pub(in crate::rest) done: Vec<Condition>,
    pub(in crate::rest) refused: Vec<Condition>,
    /// Where it stands who has it; the first place at which there is something counts.
    pub(in crate::rest) by: Vec<Pointer>,
    pub(in crate::rest) words: Option<Words>,
    pub(in crate::rest) get: Lookup,
    pub(in crate::rest) find: Lookup,
    pub(in crate::rest) key: Mark,
    pub(in crate::rest) opening: Vec<Request>,
    /// Where the answer to the last request of the opening has the id.
    pub(in crate::rest) opened: Pointer,
    pub(in crate::rest) commenting: Vec<Request>,
    pub(in crate::rest) closing: Vec<Request>,
}

/// How our key stands in a ticket. What a search finds is held against it.
#[derive(Debug, Clone)]
pub(in crate::rest) struct Mark {
    pub(in crate::rest) at: Pointer,
    pub(in crate::rest) how: Stands,
}

/// How a text stands at a place.
#[derive(Debug, Clone)]
pub(in crate::rest) enum Stands {
    /// It is all that is there.
    Is(Template),
    /// It is a part of it.
    Has(Template),
}

/// How it is asked what was said last.
#[derive(Debug, Clone)]
pub(in crate::rest) struct Words {
    /// Where the ticket lists what was said; its last element is the `item` of the question.
    pub(in crate::rest) last: Option<Pointer>,
    pub(in crate::rest) request: Request,
    /// Where it stands in the answer: one, or a list of which the last counts.
    pub(in crate::rest) answer: Pointer,
    pub(in crate::rest) text: Pointer,
    pub(in crate::rest) leave: Vec<Condition>,
}

const KEYS: [&str; 15] = [
    "native",
    "id",
    "link",
    "state",
    "openIf",
    "doneIf",
    "refusedIf",
    "by",
    "words",
    "get",
    "find",
    "key",
    "open",
    "comment",
    "close",
];

/// Reads it.
pub(super) fn tickets(at: &At<'_>, around: Around<'_>) -> Option<TicketPlan> {
    let fields = at.fields(&KEYS)?;
    let states = |key| {
        let found = around.conditions(&fields, key);
        if found.is_empty() {
            let hint = format!("add `{key}: [{{ at: …, is: … }}]`; a state that nobody describes means nothing");
            at.bad::<()>(format!("nothing says which tickets are meant by `{key}`"), hint);
        }
        found
    };
    let (open, done) = (states("openIf"), states("doneIf"));
    let on_ticket = around.with(&["id", "ticket"]);
    let link = fields.get("link").map(|at| on_ticket.template(&at));
    let get = fields.need("get").and_then(|at| around.with(&["id"]).lookup(&at));
    let find = fields.need("find").and_then(|at| around.with(&["key"]).lookup(&at));
    let key = fields.need("key").and_then(|at| mark(&at, around));
    let opening = fields.need("open").and_then(|at| {
        let holes = ["key", "title", "text", "team", "due", "answers"];
        let id = at.map()?.pointer("id");
        Some((writing(&at, around.with(&holes), &["id"])?, id?))
    });
    let commenting = fields.need("comment");
    let commenting = commenting.and_then(|at| writing(&at, around.with(&["id", "ticket", "text", "answers"]), &[]));
    let closing = fields.need("close").and_then(|at| writing(&at, around.with(&["id", "ticket", "answers"]), &[]));
    let words = fields.get("words").map(|at| words(&at, around));
    let (id, state) = (fields.pointer("id"), fields.pointer("state"));
    let (opening, opened) = opening?;
    Some(TicketPlan {
        native: fields.maybe_text("native").unwrap_or_else(|| "ticket".to_owned()),
        id: id?,
        link: link.map_or(Some(None), |link| link.map(Some))?,
        state: state?,
        open,
        done,
        refused: around.conditions(&fields, "refusedIf"),
        by: places(&fields, "by"),
        words: words.map_or(Some(None), |words| words.map(Some))?,
        get: get?,
        find: find?,
        key: key?,
        opening,
        opened,
        commenting: commenting?,
        closing: closing?,
    })
}

/// One place, or several.
fn places(fields: &Fields<'_>, key: &str) -> Vec<Pointer> {
    match fields.get(key) {
        Some(at) if at.json.is_array() => fields.list(key).iter().filter_map(At::pointer).collect(),
        Some(at) => at.pointer().into_iter().collect(),
        None => Vec::new(),
    }
}

fn mark(at: &At<'_>, around: Around<'_>) -> Option<Mark> {
    let fields = at.fields(&["at", "is", "has"])?;
    let around = around.with(&["key"]);
    let (is, has) = (around.maybe_template(&fields, "is"), around.maybe_template(&fields, "has"));
    let how = match (is, has) {
        (Some(text), None) => Stands::Is(text),
        (None, Some(text)) => Stands::Has(text),
        _ => return at.bad("nothing says how our key is known", "write `is` or `has`, such as `has: \"[{key}]\"`"),
    };
    let (Stands::Is(text) | Stands::Has(text)) = &how;
    if !text.holes().any(|hole| hole.name == "key") {
        return at.bad("it would fit every ticket", "put `{key}` into it");
    }
    Some(Mark { at: fields.pointer("at")?, how })
}

/// One request, or several of which each knows the answers to those before it.
fn writing(at: &At<'_>, around: Around<'_>, more: &[&str]) -> Option<Vec<Request>> {
    let Some(steps) = at.map()?.get("steps") else {
        let keys: Vec<&str> = REQUEST_KEYS.into_iter().chain(more.iter().copied()).collect();
        return Some(vec![around.request(&at.fields(&keys)?)?]);
    };
    let keys: Vec<&str> = ["steps"].into_iter().chain(more.iter().copied()).collect();
    at.fields(&keys)?;
    let steps = steps.list()?;
    if steps.is_empty() {
        return at.bad("there is no step", "add one");
    }
    steps.iter().map(|at| around.request(&at.fields(&REQUEST_KEYS)?)).collect()
}

fn words(at: &At<'_>, around: Around<'_>) -> Option<Words> {
    let own = ["last", "answer", "text", "leaveOut"];
    let keys: Vec<&str> = REQUEST_KEYS.into_iter().chain(own).collect();
    let fields = at.fields(&keys)?;
    let last = fields.maybe_pointer("last");
    let holes: &[&str] = if last.is_some() { &["id", "ticket", "item"] } else { &["id", "ticket"] };
    Some(Words {
        last,
        request: around.with(holes).request(&fields)?,
        answer: fields.maybe_pointer("answer").unwrap_or_default(),
        text: fields.pointer("text")?,
        leave: around.conditions(&fields, "leaveOut"),
    })
}
