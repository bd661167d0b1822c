//! A day that a document speaks of: the first or the last one, or some days before or after it.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tenure_model::Engagement;

use crate::limits::DAY_OFFSET_MAX;

/// An end of an engagement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Edge {
    /// The first day.
    FirstDay,
    /// The last day. Not every engagement has one.
    LastDay,
}

impl Edge {
    fn word(self) -> &'static str {
        match self {
            Self::FirstDay => "person.firstDay",
            Self::LastDay => "person.lastDay",
        }
    }
}

/// A day relative to an engagement, such as `person.firstDay - 3d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    /// Counted from here.
    pub edge: Edge,
    /// So many days after it; before it if negative.
    pub days: i16,
}

/// Why a text is not such a day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a day that is known; write `person.firstDay` or `person.lastDay`, or days before or after it, such as `person.firstDay - 3d`"
)]
pub struct UnknownDay(String);

impl Day {
    /// The first day itself.
    pub const FIRST: Self = Self { edge: Edge::FirstDay, days: 0 };
    /// The last day itself.
    pub const LAST: Self = Self { edge: Edge::LastDay, days: 0 };

    /// The day in this engagement, if it has one.
    pub fn of(self, engagement: &Engagement) -> Option<Date> {
        let edge = match self.edge {
            Edge::FirstDay => engagement.first_day,
            Edge::LastDay => engagement.last_day?,
        };
        Some(edge.saturating_add(i64::from(self.days).days()))
    }

    /// When it begins, where the person works.
    pub fn begins(self, engagement: &Engagement) -> Option<Timestamp> {
        self.of(engagement).map(|day| engagement.zone.start_of(day))
    }

    /// When it is over, where the person works.
    pub fn is_over_at(self, engagement: &Engagement) -> Option<Timestamp> {
        self.of(engagement).map(|day| engagement.zone.end_of(day))
    }

    /// Whether it comes after the last day.
    pub fn outlasts(self) -> bool {
        self.edge == Edge::LastDay && self.days > 0
    }
}

impl FromStr for Day {
    type Err = UnknownDay;
    fn from_str(text: &str) -> Result<Self, UnknownDay> {
        let unknown = || UnknownDay(text.chars().take(64).collect());
        let said = text.trim();
        let (edge, rest) = [Edge::FirstDay, Edge::LastDay]
            .into_iter()
            .find_map(|edge| Some((edge, said.strip_prefix(edge.word())?.trim())))
            .ok_or_else(unknown)?;
        if rest.is_empty() {
            return Ok(Self { edge, days: 0 });
        }
        let (sign, span) = match (rest.strip_prefix('-'), rest.strip_prefix('+')) {
            (Some(span), _) => (-1, span.trim()),
            (_, Some(span)) => (1, span.trim()),
            (None, None) => return Err(unknown()),
        };
        let days = days(span).and_then(|days| i16::try_from(days).ok());
        let days = days.filter(|days| *days <= DAY_OFFSET_MAX).ok_or_else(unknown)?;
        Ok(Self { edge, days: sign * days })
    }
}

/// A number of days such as `14d`.
pub fn days(span: &str) -> Option<u16> {
    let number = span.strip_suffix('d')?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse().ok().filter(|_| digits)
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.edge.word())?;
        match self.days {
            0 => Ok(()),
            days if days < 0 => write!(f, " - {}d", -i32::from(days)),
            days => write!(f, " + {days}d"),
        }
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        crate::words::parsed(from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_and_written_alike() {
        for text in ["person.firstDay", "person.lastDay", "person.firstDay - 3d", "person.lastDay + 30d"] {
            assert_eq!(text.parse::<Day>().unwrap().to_string(), text);
        }
        assert_eq!(" person.lastDay+2d ".parse(), Ok(Day { edge: Edge::LastDay, days: 2 }));
        for bad in [
            "",
            "yesterday",
            "person.firstDay 3d",
            "person.firstDay - 3",
            "person.lastDay + -1d",
            "person.lastDay - 99999d",
        ] {
            assert!(bad.parse::<Day>().is_err(), "{bad}");
        }
    }
}
