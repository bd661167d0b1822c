//! A connector around another that misbehaves as real systems do, by a seed.
//!
//! Each [`Trouble`] is one that was met in the field. With [`Chaos::always`] it strikes whenever it
//! can; with [`Chaos::seeded`] one time in three, the same ones for the same seed. The conformance
//! suite has to find each of them, or to come through where the contract says that a caller does:
//! [`Trouble::SURVIVED`] lists those.

mod connector;
mod mischief;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tenure_model::Observed;

use crate::connector::Connector;
use crate::description::Description;
use crate::locator::Locator;

pub(crate) use mischief::pretended;

/// One time in so many does a seeded trouble strike.
const ODDS: u64 = 3;

/// How long a slow system takes.
const SLOW: Duration = Duration::from_millis(200);

/// How a system misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// The write happens and its answer is lost.
    LostResponse,
    /// The write is delivered twice.
    DoubleDelivery,
    /// It asks to come back later.
    RateLimit,
    /// It is down for a moment.
    Maintenance,
    /// Every answer takes its time.
    Slow,
    /// No answer ever comes.
    Hang,
    /// A page lacks some of its objects, and the reading calls itself whole.
    PartialPage,
    /// The second page is never to be had.
    PageTwoFails,
    /// The second page is the first one again.
    RepeatedPage,
    /// There is always another page.
    EndlessPages,
    /// The count is not that of what is read.
    WrongCount,
    /// Reads show the account as it was before its last write.
    StaleReads,
    /// The first look after a write shows the account as it was before.
    Eventual,
    /// It says yes, and nothing happens.
    EmptySuccess,
    /// An account that is there is not found.
    HiddenAccount,
    /// An account has another native id each time.
    OtherId,
    /// Values come back cut short.
    Garbled,
    /// Attributes appear under another name.
    SchemaDrift,
    /// A change of one attribute clears another.
    Overwrite,
    /// A second try of the same write is refused.
    OnlyOnce,
    /// A lock that is set is lifted by the next change.
    LostLock,
    /// Whatever is asked for is said to be so.
    BlindVerify,
    /// A wrong locator finds somebody anyway.
    Wildcard,
    /// Making a plan makes a change.
    EagerPlan,
    /// What it should refuse, it says to try again.
    WrongClass,
}

impl Trouble {
    /// Every trouble.
    pub const ALL: [Self; 25] = [
        Self::LostResponse,
        Self::DoubleDelivery,
        Self::RateLimit,
        Self::Maintenance,
        Self::Slow,
        Self::Hang,
        Self::PartialPage,
        Self::PageTwoFails,
        Self::RepeatedPage,
        Self::EndlessPages,
        Self::WrongCount,
        Self::StaleReads,
        Self::Eventual,
        Self::EmptySuccess,
        Self::HiddenAccount,
        Self::OtherId,
        Self::Garbled,
        Self::SchemaDrift,
        Self::Overwrite,
        Self::OnlyOnce,
        Self::LostLock,
        Self::BlindVerify,
        Self::Wildcard,
        Self::EagerPlan,
        Self::WrongClass,
    ];

    /// Those that a patient caller comes through: they pass by themselves, or end in a doubt that
    /// a look resolves.
    pub const SURVIVED: [Self; 5] =
        [Self::LostResponse, Self::DoubleDelivery, Self::RateLimit, Self::Maintenance, Self::Slow];

    /// Whether a patient caller comes through.
    pub fn is_survived(self) -> bool {
        Self::SURVIVED.contains(&self)
    }

    /// The case of the suite that names it best; none where a patient caller comes through.
    pub fn found_by(self) -> Option<&'static str> {
        match self {
            Self::LostResponse | Self::DoubleDelivery | Self::RateLimit | Self::Maintenance | Self::Slow => None,
            Self::Hang => Some("an_unknown_account_is_none"),
            // Where nobody can be made, only another size of pages shows who is missing.
            Self::PartialPage => Some("pages_of_every_size_hold_the_same"),
            Self::PageTwoFails | Self::RepeatedPage | Self::EndlessPages => {
                Some("every_page_together_is_everything_once")
            }
            Self::WrongCount => Some("the_expected_count_is_true"),
            Self::StaleReads | Self::Eventual | Self::EmptySuccess | Self::HiddenAccount | Self::Garbled => {
                Some("create_is_seen")
            }
            Self::OtherId => Some("the_native_id_stays_the_same"),
            Self::SchemaDrift => Some("only_described_attributes_are_read"),
            Self::Overwrite => Some("set_touches_no_other_attribute"),
            Self::OnlyOnce => Some("create_twice_is_one_account"),
            Self::LostLock => Some("a_change_of_attributes_leaves_the_lock"),
            Self::BlindVerify => Some("verify_denies_what_is_not_so"),
            Self::Wildcard => Some("a_wildcard_finds_nobody"),
            Self::EagerPlan => Some("planning_writes_nothing"),
            Self::WrongClass => Some("a_name_that_is_taken_is_refused"),
        }
    }
}

/// A connector that misbehaves.
pub struct Chaos<C> {
    inner: C,
    description: Description,
    trouble: Trouble,
    state: Mutex<State>,
}

struct State {
    /// None where the trouble strikes always.
    dice: Option<Dice>,
    /// How each account was before its last write; none where it was not there.
    before: BTreeMap<Locator, Option<Observed>>,
    struck: u64,
}

impl<C: Connector> Chaos<C> {
    /// With a trouble that strikes whenever it can.
    pub fn always(inner: C, trouble: Trouble) -> Self {
        Self::new(inner, trouble, None)
    }

    /// With a trouble that strikes now and then, at the same places for the same seed.
    pub fn seeded(inner: C, trouble: Trouble, seed: u64) -> Self {
        Self::new(inner, trouble, Some(Dice::new(seed)))
    }

    fn new(inner: C, trouble: Trouble, dice: Option<Dice>) -> Self {
        let description = inner.describe().clone();
        Self { inner, description, trouble, state: Mutex::new(State { dice, before: BTreeMap::new(), struck: 0 }) }
    }

    /// How often it struck.
    pub fn struck(&self) -> u64 {
        self.state().struck
    }

    /// What is behind it.
    pub fn inner(&self) -> &C {
        &self.inner
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this trouble is the one on order, and strikes now.
    fn strikes(&self, trouble: Trouble) -> bool {
        if self.trouble != trouble {
            return false;
        }
        let mut state = self.state();
        let now = state.dice.as_mut().is_none_or(|dice| dice.roll(ODDS) == 0);
        state.struck += u64::from(now);
        now
    }
}

impl<C: fmt::Debug> fmt::Debug for Chaos<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chaos").field("trouble", &self.trouble).field("inner", &self.inner).finish_non_exhaustive()
    }
}

/// Numbers that look random and are the same for the same seed.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below the sides.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).checked_rem(sides).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_rolls_the_same_numbers() {
        let rolls = |seed| {
            let mut dice = Dice::new(seed);
            (0..32).map(|_| dice.roll(6)).collect::<Vec<_>>()
        };
        assert_eq!(rolls(7), rolls(7));
        assert_ne!(rolls(7), rolls(8));
        assert!(rolls(7).iter().all(|roll| *roll < 6));
    }
}
