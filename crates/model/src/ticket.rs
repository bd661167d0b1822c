//! A task that is also a ticket in the system in which whoever is asked does their work: how far
//! the two know of each other.
//!
//! The task is ours and the ticket theirs. A ticket says how the work went; it never says yes in
//! the place of somebody whom we know by name, so only tasks of kind [`Work`](crate::TaskKind) have one.

use jiff::Timestamp;

use crate::ids::TaskId;
use crate::name::{ConnectionName, NativeId};

/// How a ticket stands between us and the other system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TicketState {
    /// It is to be opened; perhaps it is open, and the answer was lost.
    Wanted,
    /// It is open, and looked at now and then.
    Open,
    /// Its task came to its end here, so it is to be closed there.
    Closing,
    /// Nothing is to be done about it any more.
    Over,
}

impl TicketState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Wanted, Self::Open, Self::Closing, Self::Over];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Wanted => "wanted",
            Self::Open => "open",
            Self::Closing => "closing",
            Self::Over => "over",
        }
    }

    /// The state of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// A ticket, as far as we know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskTicket {
    /// Stands in the ticket, so that it is found by it: the id of the task, or that with a number
    /// for a task that was given back to a team which had a ticket before.
    pub key: String,
    /// Of which task.
    pub task: TaskId,
    /// In which system.
    pub connection: ConnectionName,
    /// What the system calls it.
    pub native_id: Option<NativeId>,
    /// Where people see it.
    pub link: Option<String>,
    /// How it stands.
    pub state: TicketState,
    /// What the system calls the state that it was last seen in.
    pub seen: Option<String>,
    /// What is to be said in it next.
    pub say: Option<String>,
    /// What is in the way.
    pub note: Option<String>,
    /// How often something was tried in vain in a row. Zero as long as nobody has begun.
    pub tries: i64,
    /// When it is looked at next; never when it is over.
    pub due_at: Option<Timestamp>,
    /// Since when it is wanted.
    pub wanted_at: Timestamp,
    /// Goes up with every change.
    pub version: i64,
}

impl TaskTicket {
    /// A ticket that is to be opened.
    pub fn wanted(task: TaskId, number: usize, connection: ConnectionName, now: Timestamp) -> Self {
        let key = if number == 1 { task.to_string() } else { format!("{task}.{number}") };
        Self {
            key,
            task,
            connection,
            native_id: None,
            link: None,
            state: TicketState::Wanted,
            seen: None,
            say: None,
            note: None,
            tries: 0,
            due_at: Some(now),
            wanted_at: now,
            version: 1,
        }
    }

    /// Its task came to its end here. A ticket that nobody began to open needs nothing more.
    #[must_use]
    pub fn let_go(self, why: &str, now: Timestamp) -> Self {
        match self.state {
            TicketState::Wanted if self.tries == 0 => self.over(),
            TicketState::Wanted | TicketState::Open => Self {
                state: TicketState::Closing,
                say: Some(why.to_owned()),
                note: None,
                due_at: Some(now),
                version: self.version + 1,
                ..self
            },
            TicketState::Closing | TicketState::Over => self,
        }
    }

    /// Something is to be said in it, if there is still time for that.
    #[must_use]
    pub fn reminded(self, words: &str, now: Timestamp) -> Self {
        match self.state {
            TicketState::Open => {
                Self { say: Some(words.to_owned()), due_at: Some(now), version: self.version + 1, ..self }
            }
            TicketState::Wanted | TicketState::Closing | TicketState::Over => self,
        }
    }

    /// It was seen, in this state of theirs; it is looked at again at that moment.
    #[must_use]
    pub fn seen(self, id: NativeId, link: Option<String>, state: String, next: Timestamp) -> Self {
        let own = if self.state == TicketState::Wanted { TicketState::Open } else { self.state };
        Self {
            native_id: Some(id),
            link,
            state: own,
            seen: Some(state),
            note: None,
            tries: 0,
            due_at: Some(next),
            version: self.version + 1,
            ..self
        }
    }

    /// What was to be said in it was said.
    #[must_use]
    pub fn told(self) -> Self {
        Self { say: None, ..self }
    }

    /// Something is in the way; it is tried again at that moment.
    #[must_use]
    pub fn stuck(self, note: String, next: Timestamp) -> Self {
        Self { note: Some(note), due_at: Some(next), version: self.version + 1, ..self }
    }

    /// It came to its end there, in this state of theirs.
    #[must_use]
    pub fn ended(self, id: NativeId, link: Option<String>, state: String) -> Self {
        Self { native_id: Some(id), link, seen: Some(state), ..self.over() }
    }

    /// Nothing is to be done about it any more.
    #[must_use]
    pub fn over(self) -> Self {
        Self { state: TicketState::Over, say: None, note: None, due_at: None, version: self.version + 1, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{SeededIds, new_id};

    fn wanted() -> TaskTicket {
        let task = new_id(&SeededIds::new(1));
        TaskTicket::wanted(task, 1, "desk".parse().unwrap(), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn each_ticket_of_a_task_has_a_key_of_its_own() {
        let first = wanted();
        let second = TaskTicket::wanted(first.task, 2, first.connection.clone(), Timestamp::UNIX_EPOCH);
        assert_eq!((first.key.clone(), second.key), (first.task.to_string(), format!("{}.2", first.key)));
    }

    #[test]
    fn what_may_have_been_opened_is_closed_and_never_forgotten() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(wanted().let_go("x", now).state, TicketState::Over);
        let begun = TaskTicket { tries: 1, ..wanted() };
        let closing = begun.let_go("withdrawn", now);
        assert_eq!((closing.state, closing.say.as_deref()), (TicketState::Closing, Some("withdrawn")));
        let seen = closing.seen(NativeId::new("7"), None, "unread".into(), now);
        assert_eq!(seen.state, TicketState::Closing, "what is to be closed is not followed again");
    }
}
