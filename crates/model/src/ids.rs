//! Every id of the system, each with its own type, from one list.
//!
//! An id is a UUID of version 7 behind a type and prints as `prefix_` and 26 letters of
//! Crockford's base 32, so that it sorts by time, is safe in a URL and tells what it names.
//! Ids are made only by an [`Ids`](crate::Ids) source; nothing here reads a clock.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// An id that can be made from a UUID and named by its prefix.
pub trait Id: Sized + Copy + Eq + Ord + fmt::Display {
    /// The word in front of the underscore.
    const PREFIX: &'static str;
    /// Wraps a UUID.
    fn from_uuid(uuid: Uuid) -> Self;
    /// The UUID inside.
    fn uuid(self) -> Uuid;
}

/// Why a text is not an id of the kind that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {wanted} id; it should look like `{wanted}_` and 26 letters or digits")]
pub struct NotAnId {
    text: String,
    wanted: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl Id for $name {
            const PREFIX: &'static str = $prefix;
            fn from_uuid(uuid: Uuid) -> Self { Self(uuid) }
            fn uuid(self) -> Uuid { self.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write_id(f, $prefix, self.0) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write_id(f, $prefix, self.0) }
        }
        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> { read_id($prefix, text).map(Self) }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> { to.collect_str(self) }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A person, a service account or an agent: anything that can hold access.
    PersonId = "person";
    /// One employment, contract or assignment of a person.
    EngagementId = "engagement";
    /// An account in a connected system.
    AccountId = "account";
    /// A thing that can be held in a connected system: a group, a licence, a mailbox.
    EntitlementId = "entitlement";
    /// That a person should hold an entitlement, and why.
    GrantId = "grant";
    /// That somebody is let off a rule.
    ExceptionId = "exception";
    /// A fact that came in from a source.
    EventId = "event";
    /// A durable run.
    RunId = "run";
    /// A question that only a human can answer, such as an ambiguous correlation.
    CaseId = "case";
    /// Something that a human is asked to do.
    TaskId = "task";
    /// What somebody said about a task, or brought as evidence.
    TaskEntryId = "entry";
    /// That somebody stands in for somebody else.
    DeputyId = "deputy";
    /// Two people who turned out to be one, or one who turned out to be two.
    MergeId = "merge";
    /// Something that somebody else changed in a connected system.
    DriftId = "drift";
    /// An API token; the secret is another thing.
    TokenId = "token";
    /// A notification that waits to be delivered.
    NoticeId = "notice";
    /// A request at a door, as it appears in logs and answers.
    RequestId = "req";
    /// What would be done for a set of people.
    PlanId = "plan";
    /// People for whom a workflow is started together.
    SetId = "set";
    /// Removals that wait together for a human.
    HeldId = "held";
    /// Something that somebody would lose, or lost.
    RemovalId = "removal";
    /// A process of Tenure that takes part in the work.
    NodeId = "node";
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LETTERS: usize = 26;

fn write_id(f: &mut fmt::Formatter<'_>, prefix: &str, uuid: Uuid) -> fmt::Result {
    let number = uuid.as_u128();
    // In one piece: names of runs are written several times for each of them.
    let mut letters = [b'0'; LETTERS];
    for (place, letter) in letters.iter_mut().rev().enumerate() {
        let five = ((number >> (place * 5)) & 31) as usize;
        *letter = ALPHABET.get(five).copied().unwrap_or(b'0');
    }
    f.write_str(prefix)?;
    f.write_str("_")?;
    f.write_str(std::str::from_utf8(&letters).unwrap_or_default())
}

fn read_id(prefix: &'static str, text: &str) -> Result<Uuid, NotAnId> {
    let wrong = || NotAnId { text: text.chars().take(64).collect(), wanted: prefix };
    let letters = text
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'))
        .filter(|letters| letters.len() == LETTERS)
        .ok_or_else(wrong)?;
    let mut number: u128 = 0;
    for (place, letter) in letters.bytes().enumerate() {
        let five = ALPHABET.iter().position(|known| *known == letter).ok_or_else(wrong)?;
        // 26 letters hold 130 bits: the first may only use three of its five.
        if place == 0 && five > 7 {
            return Err(wrong());
        }
        number = (number << 5) | five as u128;
    }
    Ok(Uuid::from_u128(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text() {
        for number in [0, 1, u128::MAX, 0x0192_f0c1_7a3b_7000_8000_0000_0000_0001] {
            let id = PersonId::from_uuid(Uuid::from_u128(number));
            assert_eq!(id.to_string().parse::<PersonId>(), Ok(id));
        }
    }

    #[test]
    fn text_sorts_as_the_id_does() {
        let early = RunId::from_uuid(Uuid::from_u128(5));
        let late = RunId::from_uuid(Uuid::from_u128(5 << 64));
        assert!(early.to_string() < late.to_string());
    }

    #[test]
    fn another_kind_is_refused_with_a_hint() {
        let run = RunId::from_uuid(Uuid::from_u128(5)).to_string();
        let error = run.parse::<PersonId>().unwrap_err().to_string();
        assert!(error.contains("is not a person id"), "{error}");
        for bad in ["", "person_", "person_8zzzzzzzzzzzzzzzzzzzzzzzzz", "person_0000000000000000000000000U"] {
            assert!(bad.parse::<PersonId>().is_err(), "{bad}");
        }
    }
}
