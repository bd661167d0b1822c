//! The engine under fire: a child process that is killed and paused, and a referee outside.
//!
//! The child is the real thing: the runner, the store's journal on a real database, workflow
//! graphs. The referee owns the world in which effects happen ([`target`]), starts runs, notes
//! which starts were acknowledged, kills and pauses, and in the end holds what the database says
//! against what happened ([`verdict`]). Start at [`referee::run`].

pub mod child;
pub mod limits;
pub mod referee;
pub mod target;
pub mod verdict;
pub mod work;

use tenure_store::{DatabaseUrl, Store, StoreLimits};

/// Whatever stops a trial before there is a verdict.
pub type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// A defect in how the child acts in the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    /// None: the intent first, then the effect under the key of the intent, then the result.
    None,
    /// The effect has no name that was written down before it.
    EffectThenRecord,
    /// The result is written before the effect is there.
    RecordThenEffect,
    /// Before each effect the lease is looked up, and the target is told nothing.
    LeaseCheckOnly,
}

impl Plant {
    /// Every choice.
    pub const ALL: [Self; 4] = [Self::None, Self::EffectThenRecord, Self::RecordThenEffect, Self::LeaseCheckOnly];

    /// The word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::EffectThenRecord => "effect-then-record",
            Self::RecordThenEffect => "record-then-effect",
            Self::LeaseCheckOnly => "lease-check-only",
        }
    }

    /// The choice of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plant| plant.word() == word)
    }
}

/// Opens the database of a trial.
pub(crate) async fn open(address: &str) -> Result<Store, Trouble> {
    let address: DatabaseUrl = address.parse()?;
    Ok(Store::open(&address, StoreLimits::default()).await?)
}
