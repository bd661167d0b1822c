//! What comes in to be taken into a turn.

use tenure_model::{Ending, RunId};

use crate::journal::{InboxRow, TimerRow};
use crate::message::Start;

/// Something that came in.
#[derive(Debug)]
pub enum Arrival<A> {
    /// A letter from the inbox.
    Letter(InboxRow),
    /// A run that somebody here asks for; it is in no inbox.
    Begin(Box<Begin<A>>),
    /// A timer that is due.
    Timer(TimerRow),
    /// An effect that came to an end.
    Ended {
        /// Of which run.
        run: RunId,
        /// Of which node.
        node: String,
        /// Which attempt.
        attempt: u32,
        /// Whether it took back what the node did.
        undo: bool,
        /// How.
        ending: Ending,
        /// What is to be written with it.
        attachments: Vec<A>,
    },
}

/// A new run, brought by hand: whoever brings it is answered when it is written.
#[derive(Debug)]
pub struct Begin<A> {
    /// An id that was never given to any run.
    pub run: RunId,
    /// What it is to be.
    pub start: Start,
    /// What is to be written with it.
    pub attachments: Vec<A>,
}
