//! What a connector outside this program says in words: on its standard error and in its
//! messages. Secrets that it was handed are taken out, and there is an end to how much.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tenure_connect::SecretText;
use tenure_model::Clock;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::ChildStderr;

use crate::limits::{
    PROCESS_HIDDEN_LENGTH_MIN, PROCESS_HIDDEN_MAX, PROCESS_LINE_BYTES_MAX, PROCESS_LINES_A_MINUTE_MAX,
    PROCESS_WORDS_CHARS_MAX,
};

/// What stands where a secret stood.
const HIDDEN: &str = "[hidden]";
const MINUTE: Duration = Duration::from_mins(1);

/// The words of one connector.
pub(super) struct Words {
    /// What the connector is called in messages.
    name: String,
    clock: Arc<dyn Clock>,
    hidden: Mutex<VecDeque<SecretText>>,
    last: Mutex<String>,
}

impl Words {
    pub(super) fn new(name: String, clock: Arc<dyn Clock>) -> Self {
        Self { name, clock, hidden: Mutex::default(), last: Mutex::default() }
    }

    /// What the connector is called.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Remembers a secret that the connector is about to be handed.
    pub(super) fn hide(&self, secret: &SecretText) {
        let mut hidden = held(&self.hidden);
        for line in secret.expose().lines().filter(|line| line.len() >= PROCESS_HIDDEN_LENGTH_MIN) {
            if hidden.iter().any(|known| known.expose() == line) {
                continue;
            }
            if hidden.len() == PROCESS_HIDDEN_MAX {
                hidden.pop_front();
            }
            hidden.push_back(SecretText::new(line));
        }
    }

    /// The text without secrets and without an end that never comes.
    pub(super) fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in held(&self.hidden).iter() {
            if text.contains(secret.expose()) {
                text = text.replace(secret.expose(), HIDDEN);
            }
        }
        let printable = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
        printable.take(PROCESS_WORDS_CHARS_MAX).collect()
    }

    /// The last line that it wrote, as the end of a sentence.
    pub(super) fn last(&self) -> String {
        let last = held(&self.last);
        if last.is_empty() { String::new() } else { format!("; the last it wrote was `{last}`") }
    }

    /// Hands its standard error on to our log until it ends. What is too much is read and dropped,
    /// so that a connector never waits for us.
    pub(super) async fn listen(self: Arc<Self>, errors: ChildStderr) {
        let mut errors = BufReader::new(errors);
        let mut line = Vec::new();
        let (mut minute, mut lines) = (self.clock.elapsed(), 0);
        loop {
            let Ok(chunk) = errors.fill_buf().await else { return };
            if chunk.is_empty() {
                break;
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let (piece, used) = chunk.split_at_checked(end.unwrap_or(chunk.len())).unwrap_or((chunk, &[]));
            let room = PROCESS_LINE_BYTES_MAX.saturating_sub(line.len());
            line.extend(piece.iter().take(room));
            let taken = piece.len() + usize::from(!used.is_empty());
            errors.consume(taken);
            if end.is_none() {
                continue;
            }
            if self.clock.elapsed().saturating_sub(minute) >= MINUTE {
                (minute, lines) = (self.clock.elapsed(), 0);
            }
            lines += 1;
            self.tell(&std::mem::take(&mut line), lines);
        }
        if !line.is_empty() {
            self.tell(&line, lines + 1);
        }
    }

    fn tell(&self, line: &[u8], lines: u32) {
        let line = self.clean(String::from_utf8_lossy(line).trim_end());
        if line.is_empty() {
            return;
        }
        let connector = &self.name;
        if lines <= PROCESS_LINES_A_MINUTE_MAX {
            tracing::info!(%connector, %line, "a connector wrote");
        } else if lines == PROCESS_LINES_A_MINUTE_MAX + 1 {
            tracing::warn!(%connector, "a connector writes more than {PROCESS_LINES_A_MINUTE_MAX} lines a minute; the rest of this minute is left out");
        }
        *held(&self.last) = line;
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_model::SystemClock;

    #[test]
    fn secrets_control_letters_and_endless_texts_do_not_pass() {
        let words = Words::new("badges".into(), Arc::new(SystemClock::new()));
        words.hide(&SecretText::new("hunter22\nsecond line"));
        words.hide(&SecretText::new("abc"));
        assert_eq!(words.clean("no hunter22 and\u{1b}[2J second line, abc"), "no [hidden] and [2J [hidden], abc");
        assert_eq!(words.clean(&"x".repeat(10_000)).len(), PROCESS_WORDS_CHARS_MAX);
    }

    #[test]
    fn only_so_many_secrets_are_remembered_and_the_newest_always() {
        let words = Words::new("badges".into(), Arc::new(SystemClock::new()));
        for number in 0..=PROCESS_HIDDEN_MAX {
            words.hide(&SecretText::new(format!("secret-{number}-end")));
        }
        assert_eq!(words.clean("secret-0-end"), "secret-0-end");
        assert_eq!(words.clean(&format!("secret-{PROCESS_HIDDEN_MAX}-end")), HIDDEN);
    }
}
