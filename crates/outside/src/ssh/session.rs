//! One line to a host: the same script at its far end for as long as it lasts, requests and
//! answers over it, one after the other.

use std::sync::Arc;
use std::time::Duration;

use tenure_connect::{Refusal, RefusalClass};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::config::SshConfig;
use crate::limits::{
    SSH_ANSWER_BYTES_MAX, SSH_ANSWER_TIME_MAX, SSH_DIAL_TIME_MAX, SSH_GREETING_BYTES_MAX, SSH_IDLE_TIME_MAX,
    SSH_WORDS_CHARS_MAX,
};
use crate::openssh::{Client, Host, Remote};

/// What runs at the far end.
const SCRIPT: &str = concat!(include_str!("folders.sh"), include_str!("drives.sh"), include_str!("script.sh"));
/// Its first words.
const GREETING: &[u8] = b"tenure-hosts 1";

/// A line of an answer. What stands in `/etc/passwd` need not be UTF-8.
pub(super) type Line = Vec<u8>;

/// How a request can fail.
#[derive(Debug)]
pub(super) enum Fault {
    /// The host said no.
    No {
        /// In one word.
        word: String,
        /// What the tool said that failed.
        said: String,
    },
    /// No answer came, and nobody knows what became of the request.
    Lost(Refusal),
}

/// A line that is open.
pub(super) struct Session {
    client: Client,
    host: String,
}

/// A text as one word of a POSIX shell. Nothing in it means anything to the shell.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

impl Session {
    /// Opens one. Nothing was asked yet.
    pub(super) async fn open(config: &SshConfig) -> Result<Self, Refusal> {
        let there = config.there();
        let become_root = if config.sudo { "exec sudo -n -- " } else { "exec " };
        let line = format!("{become_root}/bin/sh -c {}", quoted(SCRIPT));
        let mut session = Self { client: there.start(Remote::Shell(&line))?, host: config.host.clone() };
        match timeout(SSH_DIAL_TIME_MAX * 2, session.greeting()).await {
            Ok(Ok(())) => Ok(session),
            // The client knows better why the line broke.
            Ok(Err(broken)) if broken.class == RefusalClass::Network => Err(session.complaint(there, broken).await),
            Ok(Err(strange)) => Err(strange),
            Err(_) => Err(session.silent()),
        }
    }

    /// Reads past whatever the shell of the account says by itself.
    async fn greeting(&mut self) -> Result<(), Refusal> {
        let mut room = SSH_GREETING_BYTES_MAX;
        while self.line(&mut room).await? != GREETING {}
        Ok(())
    }

    async fn complaint(&mut self, there: Host<'_>, broken: Refusal) -> Refusal {
        let (refusal, text) = there.complaint(&mut self.client).await;
        let host = &self.host;
        let class_and_what = if text.contains("a password is required") || text.contains("not in the sudoers") {
            let way = "let `user` run `/bin/sh` as root without a password there";
            (RefusalClass::Permission, format!("`sudo` on `{host}` does not let us become root; {way}"))
        } else if text.contains("sudo") && text.contains("not found") {
            let way = "install it, or sign in as root without `sudo: true`";
            (RefusalClass::Unsupported, format!("`{host}` has no `sudo`; {way}"))
        } else {
            return refusal.unwrap_or(broken);
        };
        Refusal::new(class_and_what.0, class_and_what.1).because(std::io::Error::other(text))
    }

    fn silent(&self) -> Refusal {
        Refusal::new(RefusalClass::Network, format!("`{}` did not answer in time; look at its load", self.host))
    }

    fn broken(&self) -> Refusal {
        let what = format!("`{}` could not be reached, or the line broke; look whether it is up", self.host);
        Refusal::new(RefusalClass::Network, what)
    }

    fn strange(&self) -> Refusal {
        let what = format!(
            "`{}` answers what our script never says; use an account whose shell is a POSIX shell and says nothing by itself",
            self.host
        );
        Refusal::new(RefusalClass::Invalid, what)
    }

    /// One line, within what room is left.
    async fn line(&mut self, room: &mut usize) -> Result<Line, Refusal> {
        let mut line = Vec::new();
        loop {
            let broken = self.broken();
            let chunk = self.client.output.fill_buf().await.map_err(|error| broken.clone().because(error))?;
            if chunk.is_empty() {
                return Err(broken);
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let piece = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
            if piece.len() >= *room {
                return Err(self.strange());
            }
            *room -= piece.len() + 1;
            line.extend_from_slice(piece);
            let taken = piece.len() + usize::from(end.is_some());
            self.client.output.consume(taken);
            if end.is_some() {
                return Ok(line);
            }
        }
    }

    /// Asks once. After [`Fault::Lost`] the line is of no more use.
    pub(super) async fn ask(&mut self, verb: &str, arguments: &[&[u8]]) -> Result<Vec<Line>, Fault> {
        self.ask_within(SSH_ANSWER_TIME_MAX, verb, arguments).await
    }

    /// The same for what may take longer.
    pub(super) async fn ask_within(
        &mut self,
        time_max: Duration,
        verb: &str,
        arguments: &[&[u8]],
    ) -> Result<Vec<Line>, Fault> {
        let mut request = format!("{verb}\n{}\n", arguments.len()).into_bytes();
        for argument in arguments {
            if argument.contains(&b'\n') || argument.contains(&0) {
                return Err(Fault::No { word: "line".to_owned(), said: String::new() });
            }
            request.extend_from_slice(argument);
            request.push(b'\n');
        }
        request.extend_from_slice(b"go\n");
        let exchange = async {
            let written = async {
                self.client.input.write_all(&request).await?;
                self.client.input.flush().await
            };
            written.await.map_err(|error| self.broken().because(error))?;
            self.answer().await
        };
        match timeout(time_max, exchange).await {
            Ok(Ok(Ok(lines))) => Ok(lines),
            Ok(Ok(Err((word, said)))) => Err(Fault::No { word, said }),
            Ok(Err(refusal)) => Err(Fault::Lost(refusal)),
            Err(_) => Err(Fault::Lost(self.silent())),
        }
    }

    async fn answer(&mut self) -> Result<Result<Vec<Line>, (String, String)>, Refusal> {
        let mut room = SSH_ANSWER_BYTES_MAX;
        let mut lines = Vec::new();
        loop {
            let line = self.line(&mut room).await?;
            if let Some(fact) = line.strip_prefix(b"= ") {
                lines.push(fact.to_vec());
            } else if line == b". ok" {
                return Ok(Ok(lines));
            } else if let Some(word) = line.strip_prefix(b". no ") {
                return Ok(Err((String::from_utf8_lossy(word).into_owned(), said(&lines))));
            } else {
                return Err(self.strange());
            }
        }
    }
}

/// What a tool said, as the end of a sentence.
fn said(lines: &[Line]) -> String {
    let said = lines.iter().filter_map(|line| line.strip_prefix(b"said "));
    let said: Vec<_> = said.map(|line| String::from_utf8_lossy(line)).collect();
    let clean = |sign: char| if sign.is_control() { ' ' } else { sign };
    said.join("; ").chars().map(clean).take(SSH_WORDS_CHARS_MAX).collect()
}

/// A place for one line, which is opened when it is needed and closed when nobody needs it.
#[derive(Default)]
pub(super) struct Slot {
    session: Option<Session>,
    uses: u64,
}

impl Slot {
    /// Hands the line out, if there is one.
    pub(super) fn take(&mut self) -> Option<Session> {
        self.uses = self.uses.wrapping_add(1);
        self.session.take()
    }

    /// Takes the line back, to keep it for a while.
    pub(super) fn keep(&mut self, session: Session, slot: &Arc<Mutex<Self>>) {
        self.session = Some(session);
        let (uses, slot) = (self.uses, Arc::downgrade(slot));
        tokio::spawn(async move {
            tokio::time::sleep(SSH_IDLE_TIME_MAX).await;
            let Some(slot) = slot.upgrade() else { return };
            let mut slot = slot.lock().await;
            if slot.uses == uses {
                slot.session = None;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::process::Command;

    fn heard(text: &str) -> String {
        let line = format!("printf %s {}", quoted(text));
        let output = Command::new("/bin/sh").args(["-c", &line]).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn a_shell_hears_the_script_as_it_stands() {
        assert_eq!(heard(SCRIPT), SCRIPT);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_shell_hears_every_text_as_it_stands(text in "[^\0]*|['\"\\\\$`! \n;&|<>()*?~#-]{0,40}") {
            prop_assert_eq!(heard(&text), text);
        }
    }

    #[test]
    fn what_a_tool_says_is_one_line_with_an_end() {
        let lines = [b"said one".to_vec(), b"p ada".to_vec(), b"said two\x1b[2J".to_vec(), vec![b'x'; 9_000]];
        assert_eq!(said(&lines), "one; two [2J");
        let long = [[b"said ".to_vec(), vec![b'x'; 9_000]].concat()];
        assert_eq!(said(&long).len(), SSH_WORDS_CHARS_MAX);
    }
}
