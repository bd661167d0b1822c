//! Points of the walk, for tests that count them or stop there.

use std::fmt::Debug;

/// A point that a walk passes, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Point {
    /// Everything of the intake is decided; nothing is written.
    BeforeIntake,
    /// The intake is written, and nobody has heard of it.
    AfterIntake,
    /// The intent of an effect is written, and nothing was done.
    BeforeEffect,
    /// The effect is in the world, and nothing of it is written.
    AfterEffect,
    /// The result is written, and the run goes on to prove it.
    BeforeSeal,
    /// A notice was claimed and not delivered.
    BeforeNotice,
    /// A notice was delivered, and nobody noted it.
    AfterNotice,
}

impl Point {
    /// Every point, in the order of the walk.
    pub const ALL: [Self; 7] = [
        Self::BeforeIntake,
        Self::AfterIntake,
        Self::BeforeEffect,
        Self::AfterEffect,
        Self::BeforeSeal,
        Self::BeforeNotice,
        Self::AfterNotice,
    ];

    /// The word for it on a command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::BeforeIntake => "before-intake",
            Self::AfterIntake => "after-intake",
            Self::BeforeEffect => "before-effect",
            Self::AfterEffect => "after-effect",
            Self::BeforeSeal => "before-seal",
            Self::BeforeNotice => "before-notice",
            Self::AfterNotice => "after-notice",
        }
    }
}

/// Is told whenever the walk passes a point.
pub trait Probe: Send + Sync + Debug {
    /// The walk is here.
    fn at(&self, point: Point);
}

/// Does nothing: what the product uses.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProbe;

impl Probe for NoProbe {
    fn at(&self, _: Point) {}
}
