//! What documents look like, said once: the keys of each kind in their order, what may stand
//! there, and what for. The readers take their keys from here, `fmt` its order and the editors'
//! schemas their content, so that none of them knows a key that the others do not.

use crate::document::Kind;
use crate::limits::{
    AT_ONCE_MAX, DAYS_MAX, DELETION_DAYS_MAX, GRANTS_PER_ROLE_MAX, HOLDERS_MAX, INCLUDES_MAX, MEMBERS_MAX,
    NAMES_PER_RULE_MAX, PER_SECOND_MAX, RECIPIENTS_MAX, STEPS_MAX, TEXT_LENGTH_MAX, TITLE_LENGTH_MAX, WATCHED_MAX,
};

/// What may stand somewhere.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    /// Text of at most so many characters.
    Text(usize),
    /// The name of a document.
    Name,
    /// A condition or mapping.
    Expression,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A number of days, such as `14d`.
    Days(u16),
    /// The first or the last day, or some days before or after it.
    Day,
    /// A share, such as `2%`.
    Share,
    /// A whole number from the first to the second.
    Whole(u32, u32),
    /// `role/NAME` or `CONNECTION:ENTITLEMENT`.
    Holding,
    /// These keys.
    Fields(&'static [Field]),
    /// So many items at most, all alike.
    List(usize, &'static Form),
    /// Any keys, with values that are all alike.
    Map(&'static Form),
    /// One of several.
    Either(&'static [Form]),
    /// Whatever whoever reads it understands.
    Anything,
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) key: &'static str,
    pub(crate) form: Form,
    pub(crate) needed: bool,
    /// What it is for, in half a sentence.
    pub(crate) says: &'static str,
}

const fn need(key: &'static str, form: Form, says: &'static str) -> Field {
    Field { key, form, needed: true, says }
}

const fn may(key: &'static str, form: Form, says: &'static str) -> Field {
    Field { key, form, needed: false, says }
}

const TEXT: Form = Form::Text(TITLE_LENGTH_MAX);
const LONG: Form = Form::Text(TEXT_LENGTH_MAX);
const DAYS: Form = Form::Days(DAYS_MAX);

/// The body of a document of this kind.
pub(crate) fn spec(kind: Kind) -> Form {
    match kind {
        Kind::Channel => Form::Fields(CHANNEL),
        Kind::Connection => Form::Fields(CONNECTION),
        Kind::Group => Form::Fields(GROUP),
        Kind::Notice => Form::Fields(NOTICE),
        Kind::Role => Form::Fields(ROLE),
        Kind::Rule => Form::Fields(RULE),
        Kind::Team => Form::Fields(TEAM),
        // What these mean is not this crate's to say.
        Kind::Approval
        | Kind::Authority
        | Kind::Brake
        | Kind::Calendar
        | Kind::Generator
        | Kind::Mapping
        | Kind::Scenario
        | Kind::Workflow
        | Kind::Pack => Form::Anything,
    }
}

/// What helps with the body of a document of this kind, also where another crate reads it.
pub(crate) fn sketch(kind: Kind) -> Form {
    match kind {
        Kind::Workflow => Form::Fields(WORKFLOW),
        other => spec(other),
    }
}

const WORKFLOW: &[Field] = &[
    may("trigger", Form::Fields(TRIGGER), "what starts it"),
    may("triggers", Form::List(STEPS_MAX, &Form::Fields(TRIGGER)), "what starts it, where several things do"),
    may("lane", Form::Word(&["person", "own"]), "with whom its runs queue up"),
    may(
        "breaker",
        Form::Fields(BREAKER),
        "how often it may begin before a human is asked; 10,000 times within 1h if nothing is said",
    ),
    may("cancelOn", Form::Either(&[TEXT, Form::List(STEPS_MAX, &TEXT)]), "events that end an open run of it"),
    may("calendar", Form::Name, "by which calendar its working time is counted"),
    may("inputs", Form::Map(&Form::Anything), "what it must be given"),
    may("output", Form::Anything, "what it gives back"),
    may("outputs", Form::Anything, "what it gives back"),
    may("tests", Form::Anything, "scenarios that it must pass"),
    need("steps", Form::List(STEPS_MAX, &Form::Anything), "what is done"),
];

const TRIGGER: &[Field] = &[
    may(
        "event",
        TEXT,
        "an event about a person, such as `employment.ended`, `drift.found`, `access.gained`, `risk.raised`, `request.approved` or `custom.badge-lost`",
    ),
    may("source", Form::Name, "only from this connection"),
    may(
        "changed",
        Form::List(STEPS_MAX, &TEXT),
        "only if one of these changed: attributes, parts of an account, or entitlements",
    ),
    may("date", TEXT, "a moment of the person, such as `person.lastDay - 7d 09:00`"),
    may("missed", TEXT, "how late a date may become known and still start it, such as `30d`"),
    may("every", TEXT, "again and again, such as `6h`, `1d` or `1w`, for everybody for whom `when` holds"),
    may("at", TEXT, "when a day of `every` begins, such as `06:00 Europe/Berlin`; midnight in UTC if nothing is said"),
    may("demand", Form::Anything, "only when somebody asks for it"),
    may("when", Form::Expression, "only for those of whom this holds"),
];

const BREAKER: &[Field] = &[
    need("starts", Form::Whole(1, 10_000_000), "so many times"),
    need("within", TEXT, "within so long, such as `1h`"),
];

pub(crate) const ENVELOPE: &[Field] = &[
    need("apiVersion", Form::Word(&["tenure/v1"]), "the version of the language"),
    need("kind", Form::Anything, "what the document describes"),
    need("metadata", Form::Fields(METADATA), "what it is called and whose it is"),
    need("spec", Form::Anything, "what it says"),
];

pub(crate) const METADATA: &[Field] = &[
    need("name", Form::Name, "its name, by which others speak of it"),
    may("title", TEXT, "what to call it on a screen"),
    may("owner", TEXT, "who answers for it: a person or a team"),
    may("successor", TEXT, "who answers for it as soon as the owner has left: a person or a team"),
    may("managedBy", Form::Word(&["git", "console"]), "where it is written; the other place only shows it"),
];

pub(crate) const CHANNEL: &[Field] = &[
    need("via", Form::Word(&["log", "mail", "webhook"]), "by what it goes"),
    may("config", Form::Map(&Form::Anything), "what it needs; secrets only as references"),
];

pub(crate) const NOTICE: &[Field] = &[
    need("on", Form::Anything, "what is told"),
    need("channel", Form::Name, "by which channel"),
    may("to", Form::List(RECIPIENTS_MAX, &LONG), "to which addresses"),
    may("message", Form::Fields(MESSAGE), "in which words"),
];

pub(crate) const MESSAGE: &[Field] = &[
    need("subject", LONG, "the subject, in one line"),
    need("text", LONG, "the message as plain text"),
    may("html", LONG, "the same for readers that show HTML"),
];

pub(crate) const CONNECTION: &[Field] = &[
    need("connector", TEXT, "which connector speaks to it, such as `ldap`"),
    need("direction", Form::Word(&["source", "target", "both"]), "which way facts and access go"),
    may("authority", Form::List(6, &Form::Anything), "for which kinds of identity it has the last word"),
    may("config", Form::Map(&Form::Anything), "what its connector needs; secrets only as references"),
    may("feed", Form::Fields(FEED), "how it is read, if it is a source"),
    may("account", Form::Fields(ACCOUNT), "what an account of it looks like"),
    may("entitlements", Form::Map(&TEXT), "what it calls the entitlements that roles name"),
    may("guard", Form::Fields(GUARD), "past what nothing is written and a human is asked"),
    may("pace", Form::Fields(PACE), "how fast it may be asked; a fifth is kept for what takes access away"),
    may("reconcile", Form::Fields(RECONCILE), "how often it is read, and what of it is watched"),
    may(
        "drift",
        Form::Either(&[Form::Word(DRIFT_POLICIES), Form::Fields(DRIFT)]),
        "what is done about what others changed there",
    ),
];

pub(crate) const PACE: &[Field] = &[
    may("perSecond", Form::Whole(1, PER_SECOND_MAX), "so many requests in a second; as many as it takes if none"),
    may("atOnce", Form::Whole(1, AT_ONCE_MAX), "so many at the same time; what its connector says if none"),
];

pub(crate) const RECONCILE: &[Field] = &[
    may("every", TEXT, "how often everything is read, such as `6h`, or `never`; `1d` if none"),
    may("follow", TEXT, "how often it is asked what changed, where it can tell; `1m` if none"),
    may("watch", Form::List(WATCHED_MAX, &TEXT), "attributes to watch besides those of new accounts"),
    may("lastSignIn", TEXT, "the attribute that says when somebody last signed in, such as `lastLogonTimestamp`"),
];

const DRIFT_POLICIES: &[&str] = &["report", "ask", "restore"];
const POLICY: Form = Form::Word(DRIFT_POLICIES);

pub(crate) const DRIFT: &[Field] = &[
    may("attribute", POLICY, "an attribute that is watched was changed"),
    may("membership", POLICY, "it holds more or less"),
    may("state", POLICY, "it was disabled, or suspended"),
    may("missing", POLICY, "it is gone"),
    may("resurrected", POLICY, "what was ended can be used again"),
    may("orphan", POLICY, "an account of nobody appeared"),
];

/// Whoever has no column for it names none.
pub(crate) const FEED: &[Field] = &[
    may("every", TEXT, "how often it is read, such as `6h`; only when somebody asks if none"),
    may("absent", Form::Word(&["end", "keep"]), "what becomes of somebody who is not in it any more; `end` if none"),
    may("firstDay", TEXT, "the column with the first day"),
    may("lastDay", TEXT, "the column with the last day"),
    may("leaveFrom", TEXT, "the column with the first day of a leave"),
    may("leaveUntil", TEXT, "the column with its last day"),
    may("kind", TEXT, "the column that says as what somebody is there"),
    may("zone", TEXT, "the column with the time zone"),
    may("engagement", TEXT, "the column with what the source calls the engagement, if somebody has several rows"),
    may("usualKind", Form::Anything, "as what everybody is there whose row says nothing; `employee` if none"),
    may("usualZone", TEXT, "the zone of everybody whose row says none; `UTC` if none"),
];

pub(crate) const ACCOUNT: &[Field] = &[
    may("match", TEXT, "the attribute by which an account is recognised; it is never changed"),
    need("set", Form::Map(&Form::Either(&[Form::Expression, Form::Fields(FILL)])), "what each attribute is"),
    may("delete", Form::Fields(DELETION), "when the account of somebody who left is deleted; without it, never"),
];

pub(crate) const FILL: &[Field] = &[
    need("value", Form::Expression, "the value"),
    may("strength", Form::Word(&["authority", "default", "initial"]), "always ours, given while empty, or given once"),
];

pub(crate) const DELETION: &[Field] = &[
    need("after", Form::Days(DELETION_DAYS_MAX), "so long after the last day"),
    need("approval", TEXT, "the approval that each deletion needs"),
];

pub(crate) const GUARD: &[Field] = &[
    may("maxDisappear", Form::Share, "so many may disappear from a full read"),
    may("maxChange", Form::Share, "so many may change at once"),
];

pub(crate) const GROUP: &[Field] = &[
    need("when", Form::Expression, "who is in it"),
    may("except", Form::Expression, "who is not, though the condition holds"),
];

pub(crate) const ROLE: &[Field] = &[
    may("birthright", Form::Fields(BIRTHRIGHT), "who has it without asking"),
    may("requestable", Form::Fields(REQUESTABLE), "on what terms somebody may ask for it"),
    may("includes", Form::List(INCLUDES_MAX, &Form::Name), "roles whose grants are inside it"),
    may("grants", Form::List(GRANTS_PER_ROLE_MAX, &Form::Fields(GRANT)), "what it gives"),
    may("risk", Form::Word(&["low", "medium", "high", "critical"]), "how much harm it can do"),
    may("review", TEXT, "how often its holders are looked at, such as `every 6 months`"),
];

pub(crate) const BIRTHRIGHT: &[Field] = &[
    need("when", Form::Expression, "the condition"),
    may("except", Form::Expression, "who does not have it, though the condition holds"),
    may("from", Form::Day, "the day on which it begins; the first day if none"),
    may("until", Form::Day, "the last day on which it is given; the last day if none"),
    may("grace", DAYS, "how long it is kept after the condition stops to hold"),
];

pub(crate) const REQUESTABLE: &[Field] =
    &[need("approval", TEXT, "the approval that it needs"), may("maxTime", DAYS, "for how long at most")];

pub(crate) const GRANT: &[Field] = &[
    need("connection", Form::Name, "where"),
    need("entitlement", TEXT, "what, such as `group/staff` or `group/site-{person.site}`"),
    may("when", Form::Expression, "only for those who fit this too"),
];

/// The keys of a rule; which of them a rule needs depends on its type.
pub(crate) const RULE: &[Field] = &[
    need("type", Form::Word(&["conflict", "limit", "prerequisite"]), "what it says"),
    may("never", Form::List(NAMES_PER_RULE_MAX, &Form::Holding), "of a conflict: no two of these together"),
    may("of", Form::Holding, "of a limit or a prerequisite: what it is about"),
    may("holders", Form::Whole(1, HOLDERS_MAX), "of a limit: how many may hold it"),
    may("needs", Form::List(NAMES_PER_RULE_MAX, &Form::Holding), "of a prerequisite: what has to be held too"),
    may("effect", Form::Word(&["block", "hold", "warn"]), "what happens to what would break it; `hold` if none"),
    may("exception", Form::Fields(EXCEPTION), "who may be let off it"),
    need("because", TEXT, "why there is such a rule, for whoever is stopped by it"),
];

pub(crate) const TEAM: &[Field] = &[
    need("members", Form::List(MEMBERS_MAX, &TEXT), "the names under which its members act, or the ids of people"),
    may("tickets", Form::Name, "the connection in which its work is a ticket too"),
];

pub(crate) const EXCEPTION: &[Field] = &[
    need("approval", TEXT, "the approval that it needs"),
    need("maxTime", DAYS, "for how long at most; it ends by itself"),
];
