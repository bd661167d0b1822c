//! What the outside can be told, and what can be said of it.
//!
//! A notice carries ids and moments. What is known of a person is read when it is delivered, so
//! that the outbox keeps no personal data.

use std::fmt;

/// What a field of a notice holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// A text.
    Text,
    /// A moment.
    Instant,
}

/// A kind of notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeKind {
    /// A question waits for a human.
    CaseOpened,
    /// A reading of a connected system found what somebody else changed.
    DriftFound,
    /// A source could not be read.
    FeedFailed,
    /// Something of a reading of a source is withheld until a human has looked.
    FeedHeld,
    /// A run came to its end, and its record is sealed.
    RunSealed,
    /// A human is asked to do something.
    TaskOpened,
    /// Something that a human was asked to do is to be done soon.
    TaskDue,
    /// Something that a human was asked to do should be done by now.
    TaskOverdue,
    /// The ticket of something that a human was asked to do needs somebody to look at it.
    TaskTicket,
    /// A step of a workflow tells somebody something.
    WorkflowTold,
    /// A brake withholds something until people say yes.
    HeldOpened,
    /// A document has come to the successor that it names, because its owner has left.
    OwnerSucceeded,
}

impl NoticeKind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::CaseOpened,
        Self::DriftFound,
        Self::FeedFailed,
        Self::FeedHeld,
        Self::RunSealed,
        Self::TaskOpened,
        Self::TaskDue,
        Self::TaskOverdue,
        Self::TaskTicket,
        Self::WorkflowTold,
        Self::HeldOpened,
        Self::OwnerSucceeded,
    ];

    /// The word for it in documents and on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::CaseOpened => "case.opened",
            Self::DriftFound => "drift.found",
            Self::FeedFailed => "feed.failed",
            Self::FeedHeld => "feed.held",
            Self::RunSealed => "run.sealed",
            Self::TaskOpened => "task.opened",
            Self::TaskDue => "task.due",
            Self::TaskOverdue => "task.overdue",
            Self::TaskTicket => "task.ticket",
            Self::WorkflowTold => "workflow.told",
            Self::HeldOpened => "held.opened",
            Self::OwnerSucceeded => "owner.succeeded",
        }
    }

    /// The kind of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// What such a notice says, besides what is known of its person.
    pub fn fields(self) -> &'static [(&'static str, FieldType)] {
        match self {
            Self::CaseOpened => &[
                ("at", FieldType::Instant),
                ("case", FieldType::Text),
                ("connection", FieldType::Text),
                ("event", FieldType::Text),
            ],
            Self::DriftFound => &[
                ("asked", FieldType::Text),
                ("at", FieldType::Instant),
                ("connection", FieldType::Text),
                ("found", FieldType::Text),
                ("held", FieldType::Text),
                ("orphans", FieldType::Text),
                ("restored", FieldType::Text),
            ],
            Self::FeedFailed | Self::FeedHeld => &[
                ("at", FieldType::Instant),
                ("connection", FieldType::Text),
                ("reading", FieldType::Text),
                ("why", FieldType::Text),
            ],
            Self::RunSealed => &[("at", FieldType::Instant), ("run", FieldType::Text)],
            Self::TaskOpened | Self::TaskDue | Self::TaskOverdue => &[
                ("at", FieldType::Instant),
                ("task", FieldType::Text),
                ("kind", FieldType::Text),
                ("for", FieldType::Text),
                ("insteadOf", FieldType::Text),
                ("due", FieldType::Text),
                ("link", FieldType::Text),
            ],
            Self::TaskTicket => &[
                ("at", FieldType::Instant),
                ("task", FieldType::Text),
                ("kind", FieldType::Text),
                ("for", FieldType::Text),
                ("due", FieldType::Text),
                ("connection", FieldType::Text),
            ],
            Self::WorkflowTold => &[("at", FieldType::Instant), ("run", FieldType::Text), ("step", FieldType::Text)],
            Self::HeldOpened => &[
                ("at", FieldType::Instant),
                ("because", FieldType::Text),
                ("brake", FieldType::Text),
                ("held", FieldType::Text),
            ],
            Self::OwnerSucceeded => {
                &[("at", FieldType::Instant), ("document", FieldType::Text), ("for", FieldType::Text)]
            }
        }
    }

    /// Whether it may be that it names no person, though it can.
    pub fn may_lack_person(self) -> bool {
        matches!(self, Self::TaskOpened | Self::TaskDue | Self::TaskOverdue | Self::OwnerSucceeded)
    }

    /// Whether it names one person of whom more is known: whom it is about, or, of a task, who is asked.
    /// Of a task it need not: a team is asked, or somebody whom no source knows.
    pub fn is_of_person(self) -> bool {
        match self {
            Self::CaseOpened
            | Self::DriftFound
            | Self::FeedFailed
            | Self::FeedHeld
            | Self::TaskTicket
            | Self::HeldOpened => false,
            Self::RunSealed
            | Self::WorkflowTold
            | Self::TaskOpened
            | Self::TaskDue
            | Self::TaskOverdue
            | Self::OwnerSucceeded => true,
        }
    }
}

impl fmt::Display for NoticeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
