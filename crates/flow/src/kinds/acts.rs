//! Steps that let a system do something for somebody's account besides keeping it, and the one that
//! sees who uses it.
//!
//! Their names, and what they take besides the system, are those that connectors know.

use super::Form::{Map, Moment, Names, Span, Template, Text};
use super::Reversibility::Exact;
use super::{How, Kind, PERSON, SYSTEMS, Takes, kind, may, must};

const SYSTEM: Takes = must("system", Text);
const TO: Takes = must("to", Names);
const NAME: Takes = may("name", Template);

const fn act(name: &'static str, takes: &'static [Takes], help: &'static str) -> Kind {
    kind(name, How::Act, Some(Exact), takes, help)
}

pub(super) const CALENDAR_SHARE: Kind =
    act("calendar/share", &[PERSON, SYSTEM, TO], "lets somebody else read and change a calendar");
pub(super) const CALENDAR_TRANSFER: Kind =
    act("calendar/transfer", &[PERSON, SYSTEM, TO], "gives a calendar, with its meetings, to somebody else");
pub(super) const CONNECTOR_ACT: Kind = act(
    "connector/act",
    &[PERSON, SYSTEM, must("action", Text), may("with", Map)],
    "lets a system do for somebody's account what its connection names so",
);
pub(super) const CONNECTOR_TAKE_BACK: Kind = kind(
    "connector/take-back",
    How::TakeBack,
    Some(super::Irreversible),
    &[must("step", Text)],
    "takes back what an earlier step let a system do, and puts back what stood there before",
);
pub(super) const DRIVE_ARCHIVE: Kind = act("drive/archive", &[PERSON, SYSTEM], "archives somebody's shared drive");
pub(super) const DRIVE_CREATE: Kind = act("drive/create", &[PERSON, SYSTEM, NAME], "makes a shared drive");
pub(super) const DRIVE_TRANSFER: Kind =
    act("drive/transfer", &[PERSON, SYSTEM, TO], "gives a shared drive to somebody else");
pub(super) const FOLDER_ARCHIVE: Kind = act("folder/archive", &[PERSON, SYSTEM], "archives somebody's home folder");
pub(super) const FOLDER_CREATE: Kind = act("folder/create", &[PERSON, SYSTEM, NAME], "makes a home folder");
pub(super) const FOLDER_TRANSFER: Kind =
    act("folder/transfer", &[PERSON, SYSTEM, TO], "gives what is in a home folder to somebody else");
pub(super) const MAILBOX_ARCHIVE: Kind = act("mailbox/archive", &[PERSON, SYSTEM], "archives somebody's mailbox");
pub(super) const MAILBOX_AUTO_REPLY: Kind =
    act("mailbox/auto-reply", &[PERSON, SYSTEM, must("message", Template)], "lets a mailbox answer with a message");
pub(super) const MAILBOX_CREATE: Kind = act("mailbox/create", &[PERSON, SYSTEM], "makes a mailbox");
pub(super) const MAILBOX_DELEGATE: Kind =
    act("mailbox/delegate", &[PERSON, SYSTEM, TO], "lets somebody else into a mailbox");
pub(super) const MAILBOX_FORWARD: Kind =
    act("mailbox/forward", &[PERSON, SYSTEM, TO], "sends mail on to somebody else, and keeps it");
pub(super) const MAILBOX_HOLD: Kind =
    act("mailbox/hold", &[PERSON, SYSTEM], "keeps everything in a mailbox from being deleted, as for a court");
pub(super) const REPORTS_TRANSFER: Kind =
    act("reports/transfer", &[PERSON, SYSTEM, TO], "gives those who report to somebody to somebody else");
pub(super) const SESSION_WATCH: Kind = kind(
    "session/watch",
    How::Effect,
    None,
    &[PERSON, SYSTEMS, may("for", Span), may("until", Moment), may("every", Span)],
    "sees who is signed in with somebody's account, for a time, and writes each session down",
);

#[cfg(test)]
mod tests {
    use tenure_model::{ACTIONS, Given};

    use super::super::KINDS;
    use super::*;

    #[test]
    fn what_connectors_know_is_what_steps_let_them_do() {
        let acts = KINDS.iter().filter(|kind| kind.how == How::Act && kind.name != "connector/act");
        let known: Vec<&str> = ACTIONS.iter().map(|action| action.name).collect();
        assert_eq!(acts.map(|kind| kind.name).collect::<Vec<_>>(), known);
        for action in ACTIONS {
            let kind = Kind::named(action.name).map_or(&[][..], |kind| kind.takes);
            let own: Vec<_> = kind.iter().filter(|takes| !["person", "system"].contains(&takes.name)).collect();
            assert_eq!(own.len(), action.takes.len(), "{}", action.name);
            for (takes, taken) in own.into_iter().zip(action.takes) {
                assert_eq!((takes.name, takes.needed), (taken.name, taken.needed), "{}", action.name);
                assert_eq!(takes.form == Names, taken.given == Given::Account, "{}", action.name);
            }
        }
    }
}
