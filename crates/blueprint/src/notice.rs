//! Ways out (`kind: Channel`) and what goes by them (`kind: Notice`).

use serde::Serialize;
use tenure_model::{Name, NoticeKind};
use tenure_policy::{Form, Telling, Template, Words, notice};

use crate::document::Document;
use crate::fields::{Fields, Notes, entries, long_text, name_of};
use crate::limits::RECIPIENTS_MAX;
use crate::problem::{Code, Place};
use crate::secrets;
use crate::shape;
use crate::tree::Node;

/// By what a channel goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// Our own log.
    Log,
    /// Mail, handed to a server.
    Mail,
    /// Signed calls to a URL.
    Webhook,
}

impl Via {
    const WORDS: [&'static str; 3] = ["log", "mail", "webhook"];

    fn from_word(word: &str) -> Option<Self> {
        match word {
            "log" => Some(Self::Log),
            "mail" => Some(Self::Mail),
            "webhook" => Some(Self::Webhook),
            _ => None,
        }
    }
}

/// A way out.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Channel {
    /// The name of the document.
    pub name: Name,
    /// What to call it on a screen.
    pub title: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// By what it goes.
    pub via: Via,
    /// What it needs; only the channel understands it. It holds no secret.
    pub config: serde_json::Value,
}

/// Reads a channel, or notes why it cannot be read.
pub(crate) fn channel(document: &Document<'_>, notes: &mut Notes<'_>) -> Option<Channel> {
    let fields = Fields::declared("spec", document.spec, shape::CHANNEL, notes)?;
    let via = fields.word("via", &Via::WORDS, Via::from_word, notes);
    let config = fields.get("config");
    if let Some(config) = config {
        entries("config", config, notes);
        secrets::check("config", config, notes);
    }
    Some(Channel {
        name: document.name.clone(),
        title: document.title.clone(),
        owner: document.owner.clone(),
        via: via?,
        config: config.map_or_else(|| serde_json::json!({}), Node::json),
    })
}

/// A notice, and where it names its channel.
#[derive(Debug, Clone)]
pub(crate) struct PlacedTelling {
    pub(crate) telling: Telling,
    pub(crate) channel: Place,
}

/// Reads what is told, or notes why it cannot be read.
pub(crate) fn telling(document: &Document<'_>, notes: &mut Notes<'_>) -> Option<PlacedTelling> {
    let fields = Fields::declared("spec", document.spec, shape::NOTICE, notes)?;
    let on = fields.word("on", &NoticeKind::ALL.map(NoticeKind::word), NoticeKind::from_word, notes);
    let channel = fields.get("channel").and_then(|found| name_of("channel", found, notes));
    let items = fields.list("to", notes);
    if items.len() > RECIPIENTS_MAX {
        let reason = format!("`to` has {} addresses", items.len());
        notes.add(
            document.place,
            Code::TooLarge,
            reason,
            format!("name at most {RECIPIENTS_MAX}, or a list's address"),
        );
    }
    let to: Vec<Template> = items.iter().filter_map(|item| template("to", item, Form::Line, notes)).collect();
    let words = match fields.get("message") {
        Some(node) => Some(words(node, notes)?),
        None => None,
    };
    let place = fields.get("channel").map_or(document.place, |node| node.place);
    let telling = Telling { name: document.name.clone(), on: on?, channel: channel?, to, words };
    if let Some(stray) = telling.stray() {
        let reason = format!("a notice of `{}` has no `{stray}`", telling.on);
        notes.add(document.place, Code::NamesNothing, reason, format!("it has {}", notice::names(telling.on)));
    }
    if let Some(name) = telling.unsure() {
        let reason = format!("a notice of `{}` may be for a team, and then `{name}` is not known", telling.on);
        let hint = format!("write `{{{{ {name} or \"…\" }}}}`, or send it to `{{{{ person.email }}}}` alone");
        notes.add(document.place, Code::NamesNothing, reason, hint);
    }
    Some(PlacedTelling { telling, channel: place })
}

/// What a channel carries must be said, and nothing else.
pub(crate) fn check(placed: &PlacedTelling, via: Via, notes: &mut Notes<'_>) {
    let telling = &placed.telling;
    let (has_words, has_addresses) = (telling.words.is_some(), !telling.to.is_empty());
    match via {
        Via::Mail if !has_words || !has_addresses => {
            let reason = format!("channel `{}` sends mail, which needs `to` and `message`", telling.channel);
            notes.add(
                placed.channel,
                Code::MissingKey,
                reason,
                "add `to: [address]` and `message: { subject: …, text: … }`",
            );
        }
        Via::Log | Via::Webhook if has_words || has_addresses => {
            let reason = format!("channel `{}` carries facts, not words to somebody", telling.channel);
            notes.add(
                placed.channel,
                Code::UnknownKey,
                reason,
                "leave out `to` and `message`, or name a channel of mail",
            );
        }
        Via::Mail | Via::Log | Via::Webhook => {}
    }
}

fn words(node: &Node, notes: &mut Notes<'_>) -> Option<Words> {
    let fields = Fields::declared("message", node, shape::MESSAGE, notes)?;
    let subject = fields.get("subject");
    let subject = subject.and_then(|node| template("subject", node, Form::Line, notes));
    let text = fields.get("text");
    let text = text.and_then(|node| template("text", node, Form::Plain, notes));
    let html = match fields.get("html") {
        Some(node) => Some(template("html", node, Form::Html, notes)?),
        None => None,
    };
    Some(Words { subject: subject?, text: text?, html })
}

fn template(key: &str, node: &Node, form: Form, notes: &mut Notes<'_>) -> Option<Template> {
    let source = long_text(key, node, notes)?;
    let read = Template::parse(source, form);
    read.map_err(|bad| notes.add(node.place, Code::BadExpression, format!("`{key}`: {}", bad.reason), bad.hint)).ok()
}
