//! Where somebody stands in their life with the organisation, in one word for a human.

use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use crate::engagement::{Engagement, EngagementState};

/// After so many days somebody who left is only kept for the record.
const ARCHIVED_AFTER_DAYS: i64 = 365;

/// Where somebody stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// There never was an engagement.
    Unknown,
    /// Nothing has begun yet.
    Planned,
    /// There, with no end in sight.
    Active,
    /// Away, and coming back.
    OnLeave,
    /// There, and the end is known.
    Leaving,
    /// Every engagement is over.
    Left,
    /// Every engagement has been over for a year.
    Archived,
}

impl Stage {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Planned => "planned",
            Self::Active => "active",
            Self::OnLeave => "on-leave",
            Self::Leaving => "leaving",
            Self::Left => "left",
            Self::Archived => "archived",
        }
    }
}

/// Where somebody with these engagements stands at this moment.
pub fn stage(engagements: &[Engagement], now: Timestamp) -> Stage {
    let of = |wanted: EngagementState| engagements.iter().filter(move |known| known.state_at(now) == wanted);
    let goes_on = |known: &Engagement| known.ends_at().is_none() || follows(engagements, known, now);
    if of(EngagementState::Active).next().is_some() {
        let stays = of(EngagementState::Active).chain(of(EngagementState::OnLeave)).any(goes_on);
        return if stays { Stage::Active } else { Stage::Leaving };
    }
    if of(EngagementState::OnLeave).next().is_some() {
        return Stage::OnLeave;
    }
    if of(EngagementState::Planned).next().is_some() {
        return Stage::Planned;
    }
    match of(EngagementState::Ended).filter_map(Engagement::ends_at).max() {
        None => Stage::Unknown,
        Some(end) if end.checked_add((ARCHIVED_AFTER_DAYS * 24).hours()).is_ok_and(|then| then <= now) => {
            Stage::Archived
        }
        Some(_) => Stage::Left,
    }
}

/// Whether another engagement begins no later than this one ends.
fn follows(engagements: &[Engagement], known: &Engagement, now: Timestamp) -> bool {
    let end = known.ends_at().unwrap_or(Timestamp::MAX);
    engagements
        .iter()
        .any(|other| other.state_at(now) == EngagementState::Planned && other.zone.start_of(other.first_day) <= end)
}
