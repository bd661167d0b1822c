//! Putting into the outbox what is to be told, in the transaction of what it tells of.
//!
//! There is a row for each document of the estate that asks for it, and for each address in it,
//! so that what one channel or one address does not take holds up nobody else.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::{Name, NoticeKind, PersonId, new_id};
use tenure_policy::Telling;
use tenure_store::notices::Notice;

use crate::cx::House;

/// Where a notice goes that no document asks for.
pub(crate) const LOG: &str = "log";

/// What a row of the outbox holds. Nothing of it is personal but the id of the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// What kind of notice.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it happened.
    pub at: Timestamp,
    /// What it says, by the names of its fields.
    #[serde(default)]
    pub data: BTreeMap<String, String>,
    /// Whom it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// Which document asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Name>,
    /// To whom, as the document says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// The rows of the outbox for something that happened now.
pub(crate) fn of(
    house: &House,
    kind: NoticeKind,
    data: BTreeMap<String, String>,
    person: Option<PersonId>,
) -> Vec<Notice> {
    let at = house.clock.now();
    let told = Told { kind: kind.word().to_owned(), at, data, person, notice: None, to: None };
    let mut notices = Vec::new();
    for telling in house.estate().notices.values().filter(|telling| telling.on == kind) {
        let told = Told { notice: Some(telling.name.clone()), ..told.clone() };
        if telling.words.is_none() {
            notices.push(row(house, telling.channel.as_str(), &told));
        }
        for to in telling.to_whom(person.is_some()) {
            let told = Told { to: Some(to.source().to_owned()), ..told.clone() };
            notices.push(row(house, telling.channel.as_str(), &told));
        }
    }
    if notices.is_empty() {
        notices.push(row(house, LOG, &told));
    }
    notices
}

/// The rows of one notice of the estate: to whom it says itself, or to these addresses.
pub(crate) fn by(
    house: &House,
    telling: &Telling,
    data: BTreeMap<String, String>,
    person: Option<PersonId>,
    addresses: &BTreeSet<String>,
) -> Vec<Notice> {
    let kind = telling.on.word().to_owned();
    let told = Told { kind, at: house.clock.now(), data, person, notice: Some(telling.name.clone()), to: None };
    if telling.words.is_none() {
        return vec![row(house, telling.channel.as_str(), &told)];
    }
    let own = telling.to.iter().map(|to| to.source().to_owned());
    let to: BTreeSet<String> = if addresses.is_empty() { own.collect() } else { addresses.clone() };
    to.into_iter().map(|to| row(house, telling.channel.as_str(), &Told { to: Some(to), ..told.clone() })).collect()
}

fn row(house: &House, channel: &str, told: &Told) -> Notice {
    // Texts by names cannot fail to be written.
    let body = serde_json::to_string(told).unwrap_or_default();
    let (id, channel) = (new_id(house.ids.as_ref()), channel.to_owned());
    Notice { id, channel, body, created_at: told.at, due: told.at, attempts: 0 }
}
