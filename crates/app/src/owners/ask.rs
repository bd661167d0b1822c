//! One question to a human about what somebody answers for. It is opened once, however often and on
//! however many nodes it is looked.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use tenure_model::{Assignee, HumanTask, TaskKind};
use tenure_policy::template::to_the_minute;
use tenure_store::{Tx, tasks};

use super::KEY;
use super::moved::Move;
use crate::cx::House;
use crate::error::AppError;
use crate::estate::hex;
use crate::limits::{
    MOVES_ASKED_FOR, OWNERS_ASKED_AGAIN_AFTER, OWNERS_REFUSED_FOR, TASK_INSTRUCTIONS_CHARS_MAX, TASK_TITLE_CHARS_MAX,
};
use crate::tasks::open::{Opening, open};

/// What is asked.
pub(super) struct Question {
    /// Who answers for it, or did.
    pub(super) owner: String,
    /// What is so of them, with the beginning of what is asked, in words.
    pub(super) title: String,
    /// Of whom it is asked.
    pub(super) assignee: Assignee,
    /// What they answer for, a line each.
    pub(super) lines: BTreeSet<String>,
    /// Why.
    pub(super) because: Because,
}

/// Why somebody is asked.
pub(super) enum Because {
    /// The owner is not there.
    Gone,
    /// The owner works somewhere else.
    Moved(Move),
}

impl Question {
    /// Before the keys of all questions about this owner.
    pub(super) fn head(&self) -> String {
        format!("{KEY}{}/", self.owner)
    }

    /// The key of the question. A move is one question whatever comes of what they answer for; of those who
    /// are gone it is another one as soon as it is about other things.
    fn key(&self) -> String {
        match &self.because {
            Because::Moved(moved) => format!("{}moved-{}", self.head(), moved.at.as_second()),
            Because::Gone => {
                let lines: Vec<&str> = self.lines.iter().map(String::as_str).collect();
                let hash = hex(&Sha256::digest(lines.join("\n").as_bytes()));
                format!("{}{}", self.head(), hash.get(..16).unwrap_or_default())
            }
        }
    }

    fn opening(self, key: String) -> Opening {
        let count = match self.lines.len() {
            1 => "one thing".to_owned(),
            count => format!("{count} things"),
        };
        let outcomes = match &self.because {
            Because::Gone => ["done", "refused"],
            Because::Moved(_) => ["keep", "handed-over"],
        };
        Opening {
            key,
            kind: TaskKind::Work,
            title: format!("{} {count}", self.title).chars().take(TASK_TITLE_CHARS_MAX).collect(),
            instructions: instructions(&self.because, &self.lines),
            assignee: self.assignee,
            barred: BTreeSet::new(),
            outcomes: outcomes.iter().filter_map(|word| word.parse().ok()).collect(),
            choices: Vec::new(),
            about: None,
            connection: None,
            due_at: None,
            waits: None,
        }
    }
}

/// Asks, unless it is asked already or was answered a while ago. Says under which key.
pub(super) async fn ask(house: &House, tx: &mut Tx, question: Question) -> Result<Option<String>, AppError> {
    let base = question.key();
    let (mut key, mut times) = (base.clone(), 1);
    while let Some(task) = tasks::by_key(tx, &key).await? {
        match when_again(&task, &question.because) {
            Some(again) if again <= house.clock.now() => {
                times += 1;
                key = format!("{base}/{times}");
            }
            Some(_) => return Ok(None),
            None => return Ok(Some(key)),
        }
    }
    if times == 1 && is_long_ago(&question.because, house.clock.now()) {
        return Ok(None);
    }
    open(house, tx, question.opening(key.clone())).await?;
    Ok(Some(key))
}

/// Whether nobody is asked about it any more who was not asked in time, such as when Tenure begins.
fn is_long_ago(because: &Because, now: Timestamp) -> bool {
    match because {
        Because::Gone => false,
        Because::Moved(moved) => now.duration_since(moved.known_at) > MOVES_ASKED_FOR,
    }
}

/// When it is asked again what was answered and is still so; none: it is being asked.
fn when_again(task: &HumanTask, because: &Because) -> Option<Timestamp> {
    let end = task.state.end()?;
    let pause: SignedDuration = match (&end.outcome, because) {
        (None, _) => SignedDuration::ZERO,
        // Who keeps it after a move keeps it until they move again.
        (Some(_), Because::Moved(_)) if task.ended_well() => SignedDuration::MAX,
        (Some(_), Because::Gone) if !task.ended_well() => OWNERS_REFUSED_FOR,
        (Some(_), Because::Moved(_) | Because::Gone) => OWNERS_ASKED_AGAIN_AFTER,
    };
    Some(end.at.checked_add(pause).unwrap_or(Timestamp::MAX))
}

fn instructions(because: &Because, lines: &BTreeSet<String>) -> String {
    let how = "Name another owner in each document (`owner` of its `metadata`) and put it into force; end a token \
               with `tenure token revoke`; give an agent or an account of a service to somebody else with \
               `tenure people sponsor`.";
    let mut text = match because {
        Because::Gone => format!("{how} This goes away by itself once all of it has an owner who is there."),
        Because::Moved(moved) => format!(
            "Since {}: {}. Say `keep` if it goes along, and nobody asks again before the next move. What does not \
             is for somebody else: {how} Then say `handed-over`, and to whom. This goes away by itself once \
             nothing of it is left.",
            to_the_minute(moved.at),
            moved.in_words()
        ),
    };
    for (place, line) in lines.iter().enumerate() {
        let more = format!("\n- {line}");
        if text.chars().count() + more.chars().count() + 40 > TASK_INSTRUCTIONS_CHARS_MAX {
            let rest = format!("\n- and {} more", lines.len() - place);
            text.push_str(&rest);
            break;
        }
        text.push_str(&more);
    }
    text
}
