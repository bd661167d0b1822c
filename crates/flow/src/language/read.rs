//! What is written: the body of a workflow document, taken apart with everything that is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Map, Value as Json};
use tenure_policy::expression::words::nearest;

use super::fault::{FaultKind, Faults};
use super::{Breaker, Input, InputKind, Lane, Trigger, too_many, trigger};
use crate::graph::{Compensate, Edge, Join, OnError, Then};
use crate::kinds::{How, KINDS, Kind};
use crate::limits::{BREAKER_STARTS_MAX, BREAKER_WITHIN_MAX, BREAKER_WITHIN_MIN};
use crate::moment::Span;

/// A workflow as it is written.
#[derive(Debug)]
pub(crate) struct Workflow {
    pub triggers: Vec<Trigger>,
    pub lane: Option<Lane>,
    pub inputs: BTreeMap<String, Input>,
    pub output: Option<Json>,
    pub cancel_on: BTreeSet<String>,
    pub calendar: Option<String>,
    pub breaker: Option<Breaker>,
    pub steps: Vec<Written>,
}

/// A step as it is written.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    /// Where it stands.
    pub at: String,
    pub id: String,
    pub kind: &'static Kind,
    pub after: Vec<Edge>,
    pub join: Join,
    pub when: Option<Json>,
    pub with: Json,
    pub each: Option<Each>,
    pub on_error: OnError,
    pub timeout: Option<Span>,
    /// How it is taken back.
    pub compensate: Undo,
    /// Outcomes on which the run may end.
    pub ends: BTreeSet<String>,
}

/// How a step is taken back.
#[derive(Debug, Clone)]
pub(crate) enum Undo {
    /// As its kind says.
    Usual,
    /// Not at all, because the author says so.
    Nothing,
    /// As the author says.
    By(Compensate),
}

/// That a step is done for every item of a list.
#[derive(Debug, Clone)]
pub(crate) struct Each {
    pub over: Json,
    pub at_once: u64,
    pub failures_max: u64,
}

const KEYS: [&str; 11] =
    ["breaker", "calendar", "cancelOn", "inputs", "lane", "output", "outputs", "steps", "tests", "trigger", "triggers"];
const STEP_KEYS: [&str; 13] = [
    "after",
    "compensate",
    "ends",
    "forEach",
    "id",
    "join",
    "onError",
    "timeout",
    "title",
    "use",
    "when",
    "with",
    "note",
];

/// Takes the body of a document apart.
pub(super) fn workflow(spec: &Json, faults: &mut Faults) -> Option<Workflow> {
    let Some(fields) = spec.as_object() else {
        faults.add("", FaultKind::WrongType, "the body of a workflow is not keys and values", "write `steps:`");
        return None;
    };
    unknown(fields, "", &KEYS, faults);
    let triggers = trigger::read(spec, faults);
    let lane = match fields.get("lane").map(|lane| lane.as_str().unwrap_or_default()) {
        None => None,
        Some("person") => Some(Lane::Person),
        Some("own") => Some(Lane::Own),
        Some(_) => {
            faults.add(
                "/lane",
                FaultKind::BadValue,
                "`lane` is neither `person` nor `own`",
                "leave it out, or write one of the two",
            );
            None
        }
    };
    let items = match fields.get("steps") {
        Some(Json::Array(items)) if !items.is_empty() => items.as_slice(),
        Some(Json::Array(_)) | None => {
            faults.add("", FaultKind::MissingKey, "it has no `steps`", "add at least one step");
            return None;
        }
        Some(_) => {
            faults.add("/steps", FaultKind::WrongType, "`steps` is not a list", "write `- { id: …, use: … }`");
            return None;
        }
    };
    if let Some(reason) = too_many(items.len()) {
        faults.add("/steps", FaultKind::TooLarge, reason, "move a part of it into a workflow of its own");
        return None;
    }
    let steps = items.iter().enumerate().filter_map(|(place, item)| step(&format!("/steps/{place}"), item, faults));
    let steps: Vec<Written> = steps.collect();
    Some(Workflow {
        triggers,
        lane,
        inputs: inputs(fields.get("inputs"), faults),
        output: fields.get("outputs").or(fields.get("output")).cloned(),
        cancel_on: words("/cancelOn", fields.get("cancelOn"), faults).into_iter().collect(),
        calendar: fields.get("calendar").and_then(Json::as_str).map(ToOwned::to_owned),
        breaker: breaker(fields.get("breaker"), faults),
        steps,
    })
}

/// How often it may begin: `{ starts: 500, within: 1h }`.
fn breaker(written: Option<&Json>, faults: &mut Faults) -> Option<Breaker> {
    let written = written?;
    let Some(fields) = written.as_object() else {
        let hint = "write `{ starts: 500, within: 1h }`";
        faults.add("/breaker", FaultKind::WrongType, "`breaker` is not keys and values", hint);
        return None;
    };
    unknown(fields, "/breaker", &["starts", "within"], faults);
    let starts = fields.get("starts").and_then(Json::as_u64).filter(|count| (1..=BREAKER_STARTS_MAX).contains(count));
    if starts.is_none() {
        let hint = format!("write a whole number from 1 to {BREAKER_STARTS_MAX}");
        faults.add("/breaker/starts", FaultKind::BadValue, "`starts` says how often it may begin", hint);
    }
    let within = fields.get("within").and_then(Json::as_str).and_then(|text| text.parse().ok());
    let within = match within {
        Some(Span::Exact(span)) => Some(span),
        Some(Span::Days(days)) => Some(Duration::from_hours(24) * days),
        Some(Span::WorkingDays(_) | Span::WorkingMinutes(_)) | None => None,
    };
    let within = within.filter(|span| (BREAKER_WITHIN_MIN..=BREAKER_WITHIN_MAX).contains(span));
    if within.is_none() {
        let (least, most) = (Span::Exact(BREAKER_WITHIN_MIN), BREAKER_WITHIN_MAX.as_secs() / 86_400);
        let hint = format!("write a length of time from `{least}` to `{most}d`, such as `1h`");
        faults.add("/breaker/within", FaultKind::BadValue, "`within` says in how long", hint);
    }
    Some(Breaker { starts: starts?, within: within? })
}

fn unknown(fields: &Map<String, Json>, at: &str, known: &[&str], faults: &mut Faults) {
    for key in fields.keys().filter(|key| !known.contains(&key.as_str())) {
        let hint = match nearest(key, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", known.join(", ")),
        };
        faults.add(&format!("{at}/{key}"), FaultKind::UnknownKey, format!("`{key}` is not known here"), hint);
    }
}

fn inputs(written: Option<&Json>, faults: &mut Faults) -> BTreeMap<String, Input> {
    let mut found = BTreeMap::new();
    for (name, body) in written.and_then(Json::as_object).into_iter().flatten() {
        let at = format!("/inputs/{name}");
        let (word, default) = match body {
            Json::String(word) => (Some(word.as_str()), None),
            body => (body.get("type").and_then(Json::as_str), body.get("default").cloned()),
        };
        let kind = match word {
            Some("text") => InputKind::Text,
            Some("number") => InputKind::Number,
            Some("flag") => InputKind::Flag,
            Some("date") => InputKind::Date,
            Some("list") => InputKind::List,
            Some("secret") => InputKind::Secret,
            _ => {
                let hint = "write `text`, `number`, `flag`, `date`, `list` or `secret`";
                faults.add(&at, FaultKind::BadValue, format!("input `{name}` has no known type"), hint);
                continue;
            }
        };
        found.insert(name.clone(), Input { kind, default });
    }
    found
}

fn step(at: &str, item: &Json, faults: &mut Faults) -> Option<Written> {
    let Some(fields) = item.as_object() else {
        faults.add(at, FaultKind::WrongType, "a step is not keys and values", "write `{ id: …, use: … }`");
        return None;
    };
    unknown(fields, at, &STEP_KEYS, faults);
    let id = id(at, fields, faults)?;
    let kind = kind(at, &id, fields, faults)?;
    let after = words(&format!("{at}/after"), fields.get("after"), faults);
    let after = after.into_iter().filter_map(|word| match Edge::try_from(word) {
        Ok(edge) => Some(edge),
        Err(reason) => {
            faults.add(&format!("{at}/after"), FaultKind::BadValue, reason, "write `step` or `step.outcome`");
            None
        }
    });
    let after = after.collect();
    Some(Written {
        at: at.to_owned(),
        id,
        kind,
        after,
        join: join(at, fields.get("join"), faults),
        when: fields.get("when").filter(|when| !when.is_null()).cloned(),
        with: fields.get("with").cloned().unwrap_or(Json::Null),
        each: each(at, fields.get("forEach"), faults),
        on_error: on_error(at, fields.get("onError"), faults),
        timeout: span(&format!("{at}/timeout"), fields.get("timeout"), faults),
        compensate: compensate(at, fields.get("compensate"), faults),
        ends: words(&format!("{at}/ends"), fields.get("ends"), faults).into_iter().collect(),
    })
}

fn id(at: &str, fields: &Map<String, Json>, faults: &mut Faults) -> Option<String> {
    let Some(id) = fields.get("id").and_then(Json::as_str) else {
        faults.add(at, FaultKind::MissingKey, "a step has no `id`", "give it a short name, such as `disable`");
        return None;
    };
    let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if id.is_empty() || id.len() > ID_CHARS_MAX || !plain {
        let reason = format!("`{}` cannot name a step", id.chars().take(60).collect::<String>());
        faults.add(
            &format!("{at}/id"),
            FaultKind::BadValue,
            reason,
            format!("use 1 to {ID_CHARS_MAX} letters, digits and dashes"),
        );
        return None;
    }
    Some(id.to_owned())
}

/// So short that what is put in front of it still makes an id.
const ID_CHARS_MAX: usize = 48;

fn kind(at: &str, id: &str, fields: &Map<String, Json>, faults: &mut Faults) -> Option<&'static Kind> {
    let Some(word) = fields.get("use").and_then(Json::as_str) else {
        faults.add(
            at,
            FaultKind::MissingKey,
            format!("step `{id}` has no `use`"),
            "say what it does, such as `accounts/disable`",
        );
        return None;
    };
    let found = Kind::named(word);
    if found.is_none() {
        let hint = match nearest(word, KINDS.iter().map(|kind| kind.name)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`docs/reference/steps.md` lists every kind of step".to_owned(),
        };
        faults.add(&format!("{at}/use"), FaultKind::NamesNothing, format!("there is no step `{word}`"), hint);
    }
    found
}

fn join(at: &str, written: Option<&Json>, faults: &mut Faults) -> Join {
    match written {
        None => Join::default(),
        Some(Json::Number(count)) => Join::AtLeast(count.as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(0)),
        Some(other) => serde_json::from_value(other.clone()).unwrap_or_else(|_| {
            let hint = "write `all`, `any`, `all-that-come`, or how many are needed";
            faults.add(&format!("{at}/join"), FaultKind::BadValue, "`join` is not known", hint);
            Join::default()
        }),
    }
}

fn each(at: &str, written: Option<&Json>, faults: &mut Faults) -> Option<Each> {
    let written = written?;
    let at = format!("{at}/forEach");
    let Some(fields) = written.as_object() else {
        let over = Json::Object([("=".to_owned(), written.clone())].into_iter().collect());
        if written.is_string() {
            return Some(Each { over, at_once: 1, failures_max: 0 });
        }
        faults.add(
            &at,
            FaultKind::WrongType,
            "`forEach` is neither an expression nor keys and values",
            "write `{ over: input.people, atOnce: 5 }`",
        );
        return None;
    };
    unknown(fields, &at, &["over", "atOnce", "failuresMax"], faults);
    let Some(over) = fields.get("over") else {
        faults.add(
            &at,
            FaultKind::MissingKey,
            "`forEach` has no `over`",
            "say over which list, such as `over: input.people`",
        );
        return None;
    };
    let over = match over {
        Json::String(text) => Json::Object([("=".to_owned(), text.clone().into())].into_iter().collect()),
        other => other.clone(),
    };
    let number = |name: &str, otherwise| fields.get(name).and_then(Json::as_u64).unwrap_or(otherwise);
    Some(Each { over, at_once: number("atOnce", 1), failures_max: number("failuresMax", 0) })
}

fn on_error(at: &str, written: Option<&Json>, faults: &mut Faults) -> OnError {
    let mut on_error = OnError::default();
    let at = format!("{at}/onError");
    match written {
        None => {}
        Some(Json::String(word)) => then(&at, word, &mut on_error, faults),
        Some(Json::Object(fields)) => {
            unknown(fields, &at, &["retry", "backoff", "then", "ask", "pauseMs", "pauseMsMax"], faults);
            if let Some(retry) = fields.get("retry") {
                match retry.as_u64().and_then(|count| u32::try_from(count).ok()) {
                    Some(count) => on_error.retry = count,
                    None => faults.add(
                        &format!("{at}/retry"),
                        FaultKind::WrongType,
                        "`retry` is not a number of times",
                        "write a whole number",
                    ),
                }
            }
            let number = |name: &str| fields.get(name).and_then(Json::as_u64);
            on_error.pause_ms = number("pauseMs").unwrap_or(on_error.pause_ms);
            on_error.pause_ms_max = number("pauseMsMax").unwrap_or(on_error.pause_ms_max);
            if let Some(text) = fields.get("backoff") {
                match text.as_str().and_then(backoff) {
                    Some((least, most)) => (on_error.pause_ms, on_error.pause_ms_max) = (least, most),
                    None => faults.add(
                        &format!("{at}/backoff"),
                        FaultKind::BadValue,
                        "`backoff` is no pair of pauses",
                        "write `2m..1h`: the first pause and the longest",
                    ),
                }
            }
            if let Some(word) = fields.get("then") {
                then(&format!("{at}/then"), word.as_str().unwrap_or_default(), &mut on_error, faults);
            }
            if let Some(who) = fields.get("ask") {
                ask(&format!("{at}/ask"), who, &mut on_error, faults);
            }
        }
        Some(_) => faults.add(
            &at,
            FaultKind::WrongType,
            "`onError` is neither a word nor keys and values",
            "write `{ retry: 8, backoff: 2m..1h, then: ask TEAM }`",
        ),
    }
    on_error
}

fn then(at: &str, word: &str, on_error: &mut OnError, faults: &mut Faults) {
    on_error.then = match word.split_once(' ').map_or((word, None), |(verb, who)| (verb, Some(who.trim()))) {
        ("ask", who) => {
            on_error.ask = who.map(ToOwned::to_owned);
            Then::Ask
        }
        ("skip", None) => Then::Skip,
        ("compensate", None) => Then::Compensate,
        ("fail", None) => Then::Fail,
        _ => {
            let reason = format!("`{word}` is not something that can come then");
            return faults.add(at, FaultKind::BadValue, reason, "write `ask TEAM`, `skip`, `compensate` or `fail`");
        }
    };
}

/// Who is asked at last, whatever comes before that.
fn ask(at: &str, who: &Json, on_error: &mut OnError, faults: &mut Faults) {
    match who.as_str().map(str::trim).filter(|who| !who.is_empty()) {
        None => faults.add(at, FaultKind::WrongType, "`ask` names nobody", "write the name of a team"),
        Some(_) if on_error.ask.is_some() => {
            faults.add(at, FaultKind::BadValue, "`then` and `ask` both say who is asked", "say it once");
        }
        Some(who) => on_error.ask = Some(who.to_owned()),
    }
}

fn backoff(text: &str) -> Option<(u64, u64)> {
    let exact = |text: &str| match text.parse() {
        Ok(Span::Exact(span)) => u64::try_from(span.as_millis()).ok(),
        Ok(Span::Days(days)) => u64::try_from(Duration::from_secs(u64::from(days) * 86_400).as_millis()).ok(),
        Ok(Span::WorkingDays(_) | Span::WorkingMinutes(_)) | Err(_) => None,
    };
    let (least, most) = text.split_once("..").unwrap_or((text, text));
    let (least, most) = (exact(least)?, exact(most)?);
    (least > 0 && least <= most).then_some((least, most))
}

fn span(at: &str, written: Option<&Json>, faults: &mut Faults) -> Option<Span> {
    let text = written?.as_str().unwrap_or_default();
    match text.parse::<Span>() {
        Ok(span) if span.is_of_work() => {
            faults.add(
                at,
                FaultKind::BadValue,
                "a time-out is not counted in working time",
                "write it in `m`, `h` or `d`",
            );
            None
        }
        Ok(span) => Some(span),
        Err(bad) => {
            faults.add(at, FaultKind::BadValue, bad, "write it as text");
            None
        }
    }
}

fn compensate(at: &str, written: Option<&Json>, faults: &mut Faults) -> Undo {
    match written {
        None => Undo::Usual,
        Some(Json::String(word)) if word == "none" => Undo::Nothing,
        Some(other) => serde_json::from_value(other.clone()).map_or_else(
            |error| {
                let hint = "write `none`, or `{ use: …, with: … }`";
                faults.add(&format!("{at}/compensate"), FaultKind::BadValue, error, hint);
                Undo::Usual
            },
            Undo::By,
        ),
    }
}

/// A word or a list of words.
pub(super) fn words(at: &str, written: Option<&Json>, faults: &mut Faults) -> Vec<String> {
    let texts: Option<Vec<String>> = match written {
        None => Some(Vec::new()),
        Some(Json::String(word)) => Some(vec![word.clone()]),
        Some(Json::Array(items)) => items.iter().map(|item| item.as_str().map(ToOwned::to_owned)).collect(),
        Some(_) => None,
    };
    texts.unwrap_or_else(|| {
        faults.add(
            at,
            FaultKind::WrongType,
            "this is neither a word nor a list of words",
            "write one word, or `[a, b]`",
        );
        Vec::new()
    })
}

impl Workflow {
    /// Whether some step looks at what somebody holds, which takes days and must not hold up what changes it.
    pub fn reviews(&self) -> bool {
        self.steps.iter().any(|step| step.kind.how == How::Review)
    }

    /// Whether some step changes what somebody can do in a system.
    pub fn changes_access(&self) -> bool {
        self.steps
            .iter()
            .any(|step| matches!(step.kind.how, How::Changes(_) | How::Align) || step.kind.name.starts_with("access/"))
    }
}

impl Written {
    /// Every outcome that this step can have.
    pub fn outcomes(&self) -> BTreeSet<String> {
        let given = |name: &str| self.with.get(name);
        let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<BTreeSet<_>>();
        let mut all = if self.each.is_some() {
            own(&["done"])
        } else {
            match self.kind.name {
                "core/decide" => super::values::decide_outcomes(&self.with),
                "core/wait-for" if given("within").is_none() && given("timeoutMs").is_none() => own(&["received"]),
                "lifecycle/wait-for" if given("within").is_none() => own(&["came"]),
                "approval/ask" if given("within").is_none() && given("approval").is_none() => {
                    own(&["approved", "denied"])
                }
                "access/ensure" if self.needs_approval() => {
                    let late = given("within").or(given("approval")).is_some();
                    own(if late { &["done", "denied", "timeout"] } else { &["done", "denied"] })
                }
                "human/task" => {
                    let said = given("outcomes").map(super::values::plain_words).filter(|words| !words.is_empty());
                    let usual = super::ask::usual(given("kind").and_then(Json::as_str));
                    said.map_or_else(|| own(&usual), |words| words.into_iter().collect())
                }
                _ => own(self.kind.outcomes),
            }
        };
        if self.timeout.is_some() {
            all.insert("timeout".to_owned());
        }
        all
    }

    /// Whether it does only what somebody said yes to.
    pub fn needs_approval(&self) -> bool {
        self.kind.how == How::Align && ["approval", "by"].iter().any(|name| self.with.get(name).is_some())
    }

    /// Whether each of its outcomes must lead somewhere.
    pub fn asks(&self) -> bool {
        (self.each.is_none() && (self.kind.asks || self.needs_approval())) || self.timeout.is_some()
    }

    /// Whether time may pass until it is over, so that what was known of somebody may be old then.
    pub fn waits(&self) -> bool {
        self.kind.waits() || self.needs_approval() || self.each.is_some() || self.timeout.is_some()
    }

    /// Every outcome that an edge may name.
    pub fn nameable(&self) -> BTreeSet<String> {
        let mut all = self.outcomes();
        if !matches!(self.kind.how, How::Graph)
            || self.each.is_some()
            || self.kind.name == "core/run"
            || self.kind.name == "core/each"
        {
            all.insert("failed".to_owned());
        }
        all.insert("skipped".to_owned());
        all
    }
}
