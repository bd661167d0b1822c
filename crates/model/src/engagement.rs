//! One employment, contract or assignment: from a day, until a day, in the worker's own zone.
//!
//! A person may have several at once. The state is decided by facts (dates, leave, withdrawal)
//! and by the moment that is asked about; it is never stored beside them.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::ids::{EngagementId, PersonId};
use crate::name::ConnectionName;
use crate::person::IdentityKind;

/// A time zone by its IANA name. Parsing refuses what the zone database does not know.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(String);

/// Why a text is not a zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a known time zone; use an IANA name such as `Europe/Berlin`")]
pub struct UnknownZone(String);

/// No zone is farther from UTC than this, nor begins a day later than this after its midnight.
const FARTHEST_ZONE_SECONDS: i64 = 2 * 86_400;

impl Zone {
    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self("UTC".to_owned())
    }
    /// The IANA name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// The rules of the zone. A name that a newer zone database dropped counts as UTC.
    pub fn rules(&self) -> TimeZone {
        TimeZone::get(&self.0).unwrap_or(TimeZone::UTC)
    }
    /// The first moment of a day in this zone, which is not midnight everywhere.
    pub fn start_of(&self, day: Date) -> Timestamp {
        day.to_zoned(self.rules())
            .and_then(|midnight| midnight.start_of_day())
            .map_or(Timestamp::MAX, |start| start.timestamp())
    }
    /// The first moment after a day in this zone.
    pub fn end_of(&self, day: Date) -> Timestamp {
        day.checked_add(1.day()).map_or(Timestamp::MAX, |next| self.start_of(next))
    }
    /// Whether a day has begun here. The rules of the zone are asked only where a zone could matter.
    pub fn has_begun(&self, day: Date, now: Timestamp) -> bool {
        let Ok(midnight) = Offset::UTC.to_timestamp(day.to_datetime(Time::midnight())) else {
            return self.start_of(day) <= now;
        };
        match now.as_second() - midnight.as_second() {
            since if since > FARTHEST_ZONE_SECONDS => true,
            since if since < -FARTHEST_ZONE_SECONDS => false,
            _ => self.start_of(day) <= now,
        }
    }
    /// Whether a day is over here.
    pub fn has_ended(&self, day: Date, now: Timestamp) -> bool {
        day.checked_add(1.day()).is_ok_and(|next| self.has_begun(next, now))
    }
}

impl FromStr for Zone {
    type Err = UnknownZone;
    fn from_str(text: &str) -> Result<Self, UnknownZone> {
        match TimeZone::get(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(_) => Err(UnknownZone(text.chars().take(64).collect())),
        }
    }
}

impl TryFrom<String> for Zone {
    type Error = UnknownZone;
    fn try_from(text: String) -> Result<Self, UnknownZone> {
        text.parse()
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.0
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an engagement comes to at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EngagementState {
    /// The first day has not come.
    Planned,
    /// Between the first and the last day.
    Active,
    /// Within a leave.
    OnLeave,
    /// The last day is over.
    Ended,
    /// Withdrawn before it began: the person never came.
    Rescinded,
}

impl EngagementState {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Active => "active",
            Self::OnLeave => "on leave",
            Self::Ended => "ended",
            Self::Rescinded => "rescinded",
        }
    }
}

impl fmt::Display for EngagementState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// A leave, from a day, until a day or open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Leave {
    /// The first day away.
    pub from: Date,
    /// The last day away.
    pub until: Option<Date>,
}

/// One employment, contract or assignment: one spell from a first to a last day. Whoever comes back
/// under the same key has another one, and what was is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Engagement {
    /// Ours.
    pub id: EngagementId,
    /// Whose.
    pub person: PersonId,
    /// As what.
    pub kind: IdentityKind,
    /// The source that says so.
    pub source: ConnectionName,
    /// What that source calls it, such as an employee number.
    pub key: String,
    /// Which of the spells under this key, from 1, in the order of their days.
    pub spell: i64,
    /// Where the days below begin and end.
    pub zone: Zone,
    /// The first day.
    pub first_day: Date,
    /// The last day, if one is known.
    pub last_day: Option<Date>,
    /// The leaves that are known, in the order of their days.
    pub leaves: Vec<Leave>,
    /// After a transfer, the last day on which what the old place gave is kept.
    pub handover: Option<Date>,
    /// Whether it counts first when several run.
    pub primary: bool,
    /// Withdrawn before it began.
    pub rescinded: bool,
    /// Access ends at this moment, whatever the last day is.
    pub cut_at: Option<Timestamp>,
    /// Goes up with every change.
    pub version: i64,
}

impl Engagement {
    /// What it comes to at this moment.
    pub fn state_at(&self, now: Timestamp) -> EngagementState {
        if self.rescinded {
            return EngagementState::Rescinded;
        }
        let is_cut = self.cut_at.is_some_and(|cut| cut <= now);
        if is_cut || self.last_day.is_some_and(|day| self.zone.has_ended(day, now)) {
            return EngagementState::Ended;
        }
        if !self.zone.has_begun(self.first_day, now) {
            return EngagementState::Planned;
        }
        let away = |leave: &Leave| {
            self.zone.has_begun(leave.from, now) && !leave.until.is_some_and(|day| self.zone.has_ended(day, now))
        };
        if self.leaves.iter().any(away) { EngagementState::OnLeave } else { EngagementState::Active }
    }

    /// The moment at which access of this engagement stops, if it is known.
    pub fn ends_at(&self) -> Option<Timestamp> {
        let day = self.last_day.map(|day| self.zone.end_of(day));
        self.cut_at.into_iter().chain(day).min()
    }

    /// The moment until which what an old place gave is kept, after a transfer.
    pub fn handed_over_at(&self) -> Option<Timestamp> {
        self.handover.map(|day| self.zone.end_of(day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{SeededIds, new_id};
    use jiff::civil::date;

    fn engagement(zone: &str) -> Engagement {
        let ids = SeededIds::new(1);
        Engagement {
            id: new_id(&ids),
            person: new_id(&ids),
            kind: IdentityKind::Employee,
            source: "hr".parse().unwrap(),
            key: "E1042".into(),
            spell: 1,
            zone: zone.parse().unwrap(),
            first_day: date(2024, 3, 1),
            last_day: None,
            leaves: Vec::new(),
            handover: None,
            primary: false,
            rescinded: false,
            cut_at: None,
            version: 1,
        }
    }

    #[test]
    fn the_last_day_ends_in_the_workers_own_zone() {
        let melbourne = Engagement { last_day: Some(date(2026, 11, 30)), ..engagement("Australia/Melbourne") };
        // Midnight in Melbourne (UTC+11 in November).
        let midnight: Timestamp = "2026-11-30T13:00:00Z".parse().unwrap();
        assert_eq!(melbourne.ends_at(), Some(midnight));
        assert_eq!(melbourne.state_at(midnight - 1.second()), EngagementState::Active);
        assert_eq!(melbourne.state_at(midnight), EngagementState::Ended);
    }

    #[test]
    fn a_day_may_not_begin_at_midnight() {
        let cairo: Zone = "Africa/Cairo".parse().unwrap();
        assert_eq!(cairo.start_of(date(2026, 4, 24)).to_string(), "2026-04-23T22:00:00Z");
        let apia: Zone = "Pacific/Apia".parse().unwrap();
        assert!(apia.start_of(date(2011, 12, 30)) <= apia.start_of(date(2011, 12, 31)));
    }

    #[test]
    fn a_day_begins_and_ends_when_the_rules_of_its_zone_say_so() {
        let zones = ["UTC", "Pacific/Kiritimati", "Pacific/Apia", "Etc/GMT+12", "Africa/Cairo", "America/New_York"];
        for zone in zones.map(|name| name.parse::<Zone>().unwrap()) {
            for day in [date(2026, 4, 24), date(2011, 12, 30), date(2026, 11, 29), Date::MIN, Date::MAX] {
                let hours = (-60..=60).map(|hours: i64| zone.start_of(day).saturating_add(hours.hours()).unwrap());
                let edge = [zone.start_of(day), zone.end_of(day)];
                let near = edge.iter().filter_map(|at| at.checked_sub(1.nanosecond()).ok());
                for now in hours.chain(near).chain(edge) {
                    let exact = (zone.start_of(day) <= now, zone.end_of(day) <= now && day < Date::MAX);
                    assert_eq!((zone.has_begun(day, now), zone.has_ended(day, now)), exact, "{day} {zone} {now}");
                }
            }
        }
    }

    #[test]
    fn a_cut_does_not_wait_for_the_last_day() {
        let now = "2025-01-01T00:00:00Z".parse().unwrap();
        let cut = Engagement { last_day: Some(date(2026, 11, 30)), cut_at: Some(now), ..engagement("UTC") };
        assert_eq!(cut.state_at(now), EngagementState::Ended);
        assert_eq!(cut.ends_at(), Some(now));
    }

    #[test]
    fn leaves_cover_their_days_only() {
        let away = Engagement {
            leaves: vec![
                Leave { from: date(2025, 2, 1), until: Some(date(2025, 2, 10)) },
                Leave { from: date(2025, 6, 1), until: None },
            ],
            ..engagement("UTC")
        };
        for (moment, state) in [
            ("2025-01-31T23:59:59Z", EngagementState::Active),
            ("2025-02-10T23:59:59Z", EngagementState::OnLeave),
            ("2025-02-11T00:00:00Z", EngagementState::Active),
            ("2025-06-01T00:00:00Z", EngagementState::OnLeave),
            ("2031-01-01T00:00:00Z", EngagementState::OnLeave),
        ] {
            assert_eq!(away.state_at(moment.parse().unwrap()), state, "{moment}");
        }
    }
}
