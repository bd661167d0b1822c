//! That somebody is let off a rule, by whom and until when.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{ExceptionId, PersonId};
use crate::name::Name;
use crate::transition::BadTransition;

/// That one person is let off one rule for a time. It ends by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Exception {
    /// Ours.
    pub id: ExceptionId,
    /// The rule document.
    pub rule: Name,
    /// Who is let off.
    pub person: PersonId,
    /// Who said so. Never the person itself.
    pub approved_by: String,
    /// Why.
    pub because: String,
    /// Since when.
    pub valid_from: Timestamp,
    /// Until when.
    pub valid_until: Timestamp,
    /// When somebody ended it before its time, and who.
    pub ended: Option<Ended>,
    /// Goes up with every change.
    pub version: i64,
}

/// That an exception was ended before its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
}

impl Exception {
    /// Until when it holds, if it holds now.
    pub fn holds_until(&self, now: Timestamp) -> Option<Timestamp> {
        let runs = self.ended.is_none() && self.valid_from <= now && now < self.valid_until;
        runs.then_some(self.valid_until)
    }

    /// Ends it now.
    pub fn end(self, by: &str, now: Timestamp) -> Result<Self, BadTransition> {
        if self.holds_until(now).is_none() {
            return Err(BadTransition::new("exception", "over", "ended"));
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
    fn an_exception_holds_from_its_beginning_to_its_end_and_is_ended_once() {
        let ids = SeededIds::new(1);
        let start: Timestamp = "2026-11-27T12:00:00Z".parse().unwrap();
        let one = Exception {
            id: new_id(&ids),
            rule: "sod".parse().unwrap(),
            person: new_id(&ids),
            approved_by: "cfo".into(),
            because: "year end".into(),
            valid_from: start,
            valid_until: start + 24.hours(),
            ended: None,
            version: 1,
        };
        assert_eq!(one.holds_until(start - 1.second()), None);
        assert_eq!(one.holds_until(start), Some(one.valid_until));
        assert_eq!(one.holds_until(one.valid_until), None);
        let ended = one.end("cfo", start + 1.hour()).unwrap();
        assert_eq!((ended.holds_until(start + 2.hours()), ended.version), (None, 2));
        assert!(ended.end("cfo", start + 2.hours()).is_err());
    }
}
