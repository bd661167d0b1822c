//! Who stands in for whom: from a moment until a moment, by name.
//!
//! A deputy stands in for one person and for nobody for whom that person stands in: there are no
//! chains, because whoever looks asks for the deputies of a name and never again for theirs.

use jiff::Timestamp;

use crate::exception::Ended;
use crate::ids::DeputyId;
use crate::transition::BadTransition;

/// That somebody stands in for somebody else. It ends by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deputy {
    /// Ours.
    pub id: DeputyId,
    /// For whom, by the name under which they act.
    pub whom: String,
    /// Who stands in, by the name under which they act.
    pub name: String,
    /// Since when.
    pub valid_from: Timestamp,
    /// Until when.
    pub valid_until: Timestamp,
    /// Why.
    pub reason: String,
    /// Who said so.
    pub by: String,
    /// When somebody ended it before its time, and who.
    pub ended: Option<Ended>,
    /// Goes up with every change.
    pub version: i64,
}

impl Deputy {
    /// How it stands at this moment, in a word.
    pub fn word(&self, now: Timestamp) -> &'static str {
        if self.ended.is_some() {
            "ended"
        } else if now < self.valid_from {
            "planned"
        } else if now < self.valid_until {
            "in-force"
        } else {
            "over"
        }
    }

    /// Whether they stand in now.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.word(now) == "in-force"
    }

    /// Ends it now, also before it began.
    pub fn end(self, by: &str, now: Timestamp) -> Result<Self, BadTransition> {
        if self.ended.is_some() || self.valid_until <= now {
            return Err(BadTransition::new("deputy", self.word(now), "ended"));
        }
        let ended = Some(Ended { at: now, by: by.to_owned() });
        Ok(Self { ended, version: self.version + 1, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{SeededIds, new_id};
    use jiff::ToSpan as _;

    #[test]
    fn a_deputy_stands_in_from_a_moment_until_a_moment_and_is_ended_once() {
        let from: Timestamp = "2026-11-27T12:00:00Z".parse().unwrap();
        let one = Deputy {
            id: new_id(&SeededIds::new(1)),
            whom: "bob".into(),
            name: "carol".into(),
            valid_from: from,
            valid_until: from + 24.hours(),
            reason: "on leave".into(),
            by: "bob".into(),
            ended: None,
            version: 1,
        };
        let words = [from - 1.second(), from, one.valid_until].map(|now| one.word(now));
        assert_eq!(words, ["planned", "in-force", "over"]);
        assert!(one.clone().end("bob", from - 1.hour()).is_ok(), "what has not begun cannot be called off");
        assert!(one.clone().end("bob", one.valid_until).is_err());
        let ended = one.end("bob", from + 1.hour()).unwrap();
        assert_eq!((ended.holds(from + 2.hours()), ended.version), (false, 2));
        assert!(ended.end("bob", from + 2.hours()).is_err());
    }
}
