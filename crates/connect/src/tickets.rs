//! Tickets in the system in which those who are asked do their work.
//!
//! A ticket is opened once: it carries a key of ours by which it is found, so whoever does not
//! know what became of the opening looks first. What its state means is said by whoever describes
//! the system; a state that nobody described means nothing, least of all that something was done.

use futures::future::BoxFuture;
use jiff::Timestamp;
use tenure_model::{Name, NativeId};

use crate::outcome::WriteFault;
use crate::refusal::Refusal;

/// A ticket to be opened. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTicket {
    /// By which it is found.
    pub key: String,
    /// What is asked, in a line.
    pub title: String,
    /// How it is done.
    pub text: String,
    /// Which team is asked.
    pub team: Name,
    /// Until when it should be done.
    pub due_at: Option<Timestamp>,
}

/// What the state of a ticket means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It is being worked on, or will be.
    Open,
    /// What was asked is done.
    Done,
    /// It will not be done.
    Refused,
    /// Nobody described what this state means.
    Unclear,
}

/// A ticket as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenTicket {
    /// What the system calls it.
    pub id: NativeId,
    /// Where people see it.
    pub link: Option<String>,
    /// What the system calls its state.
    pub state: String,
    /// What that means.
    pub progress: Progress,
    /// Who has it, or closed it, as far as the system says.
    pub by: Option<String>,
    /// What was said in it last, if not by us.
    pub words: Option<String>,
}

/// A system that keeps tickets.
pub trait Tickets: Send + Sync {
    /// The ticket with this key. More than one is a refusal.
    fn find<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<SeenTicket>, Refusal>>;

    /// The ticket of this id, if it is there.
    fn get<'a>(&'a self, id: &'a NativeId) -> BoxFuture<'a, Result<Option<SeenTicket>, Refusal>>;

    /// Opens one, and says what the system calls it.
    fn open<'a>(&'a self, ticket: &'a NewTicket) -> BoxFuture<'a, Result<NativeId, WriteFault>>;

    /// Says something in it.
    fn comment<'a>(&'a self, id: &'a NativeId, text: &'a str) -> BoxFuture<'a, Result<(), WriteFault>>;

    /// Closes it, because nobody needs it any more.
    fn close<'a>(&'a self, id: &'a NativeId) -> BoxFuture<'a, Result<(), WriteFault>>;
}
