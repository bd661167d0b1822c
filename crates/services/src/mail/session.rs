//! One talk with a mail server: hello, TLS, sign-in, one message, goodbye.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tenure_connect::{Refusal, RefusalClass, SecretText, Secrets};
use tokio::time::timeout;

use super::config::{MailAuth, MailTls, Settings};
use super::line::Line;
use super::reply::{Asked, Reply};
use crate::limits::{MAIL_DIAL_TIME_MAX, MAIL_QUIT_TIME_MAX};

/// How a talk can end badly.
#[derive(Debug)]
pub(super) enum Fault {
    /// The server said no, or we would not go on.
    Refused(Refusal),
    /// The line broke.
    Broken(Refusal),
}

impl Fault {
    /// Nothing came in time.
    pub(super) fn too_slow(what: &str) -> Self {
        Self::Broken(Refusal::new(RefusalClass::Network, format!("{what}; check that it is up and not overloaded")))
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        let said = "the line broke off; check that this is a mail server and what stands in between";
        Self::Broken(Refusal::new(RefusalClass::Network, said).because(error))
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A talk that is under way.
pub(super) struct Session {
    line: Line,
    /// What the server says it can do, in capitals.
    features: Vec<String>,
}

impl Session {
    /// Connects, makes the line safe, and says hello.
    pub(super) async fn open(settings: &Settings) -> Result<Self, Fault> {
        let dialled = timeout(MAIL_DIAL_TIME_MAX, Line::plain(settings)).await;
        let line = match dialled {
            Ok(Ok(line)) => line,
            Ok(Err(error)) => return Err(nobody().because(error).into()),
            Err(_) => return Err(nobody().into()),
        };
        let line = if settings.tls == MailTls::Implicit { secure(line, settings).await? } else { line };
        let mut session = Self { line, features: Vec::new() };
        let greeting = session.reply().await?;
        good(greeting, Asked::Hello)?;
        session.hello(settings).await?;
        if settings.tls != MailTls::Starttls {
            return Ok(session);
        }
        if session.feature("STARTTLS").is_none() {
            let said =
                "it offers no STARTTLS, and nothing is said in the clear; use `tls: implicit`, or correct `server`";
            return Err(Refusal::new(RefusalClass::Auth, said).into());
        }
        let ready = session.ask("STARTTLS").await?;
        good(ready, Asked::Hello)?;
        let mut session = Self { line: secure(session.line, settings).await?, features: Vec::new() };
        // What was offered before TLS may have been put there by somebody in between.
        session.hello(settings).await?;
        Ok(session)
    }

    async fn hello(&mut self, settings: &Settings) -> Result<(), Fault> {
        let reply = good(self.ask(&format!("EHLO {}", settings.hello)).await?, Asked::Hello)?;
        self.features = reply.lines.iter().skip(1).map(|line| line.to_ascii_uppercase()).collect();
        Ok(())
    }

    /// Signs in, if the settings say how.
    pub(super) async fn sign_in(&mut self, settings: &Settings, secrets: &dyn Secrets) -> Result<(), Fault> {
        let Some(MailAuth { user, password }) = &settings.auth else { return Ok(()) };
        let secret = secrets.resolve(password).map_err(|cause| {
            let said = format!("the password cannot be had from `{password}`");
            Refusal::new(RefusalClass::Auth, said).because(cause)
        })?;
        let ways = self.feature("AUTH").unwrap_or_default().to_owned();
        let offers = |way: &str| ways.split(' ').any(|offered| offered == way);
        let reply = if offers("PLAIN") {
            let proof = SecretText::new(STANDARD.encode(format!("\0{user}\0{}", secret.expose())));
            self.ask(&format!("AUTH PLAIN {}", proof.expose())).await?
        } else if offers("LOGIN") {
            good(self.ask("AUTH LOGIN").await?, Asked::SignIn)?;
            good(self.ask(&STANDARD.encode(user)).await?, Asked::SignIn)?;
            self.ask(&STANDARD.encode(secret.expose())).await?
        } else {
            let said = "it offers neither of the ways to sign in that we know, PLAIN and LOGIN; leave out `auth` if none is needed";
            return Err(Refusal::new(RefusalClass::Auth, said).into());
        };
        good(reply, Asked::SignIn)?;
        Ok(())
    }

    /// Says from whom and to whom, and that a text follows.
    pub(super) async fn begin(&mut self, from: &str, to: &str, bytes: usize) -> Result<(), Fault> {
        let most = self.feature("SIZE").and_then(|most| most.trim().parse::<usize>().ok()).filter(|most| *most > 0);
        if let Some(most) = most.filter(|most| *most < bytes) {
            let said = format!("it takes {most} bytes at most and the mail has {bytes}; shorten it");
            return Err(Refusal::new(RefusalClass::Invalid, said).into());
        }
        good(self.ask(&format!("MAIL FROM:<{from}>")).await?, Asked::Sender)?;
        good(self.ask(&format!("RCPT TO:<{to}>")).await?, Asked::Recipient)?;
        let ready = good(self.ask("DATA").await?, Asked::Data)?;
        if ready.code == 354 { Ok(()) } else { Err(nonsense().into()) }
    }

    /// Sends the text and waits until the server has taken it over.
    pub(super) async fn finish(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.line.write(&stuffed(bytes)).await?;
        // It has the text; what it says of it cannot be read.
        let reply = Reply::read(&mut self.line).await?.ok_or_else(|| Fault::Broken(nonsense()))?;
        good(reply, Asked::Data).map(drop)
    }

    /// Says goodbye; the message is delivered whether or not the server hears it.
    pub(super) async fn quit(mut self) {
        if !matches!(timeout(MAIL_QUIT_TIME_MAX, self.ask("QUIT")).await, Ok(Ok(_))) {
            tracing::debug!("the server did not say goodbye");
        }
    }

    async fn ask(&mut self, words: &str) -> Result<Reply, Fault> {
        self.line.write(format!("{words}\r\n").as_bytes()).await?;
        self.reply().await
    }

    async fn reply(&mut self) -> Result<Reply, Fault> {
        Reply::read(&mut self.line).await?.ok_or_else(|| nonsense().into())
    }

    /// What follows a word in what the server can do.
    fn feature(&self, word: &str) -> Option<&str> {
        self.features.iter().find_map(|line| {
            let (first, rest) = line.split_once([' ', '=']).unwrap_or((line, ""));
            (first == word).then_some(rest)
        })
    }
}

/// The reply, if it is a yes.
fn good(reply: Reply, asked: Asked) -> Result<Reply, Fault> {
    if reply.is_good() {
        return Ok(reply);
    }
    let (class, way) = reply.meaning(asked);
    let refusal = Refusal::new(class, format!("`{}` was refused with {reply}: {way}", asked.word()));
    Err(Fault::Refused(refusal.because(Said(reply.lines.join(" ")))))
}

async fn secure(line: Line, settings: &Settings) -> Result<Line, Fault> {
    line.secured(settings).await.map_err(|error| {
        let said = "TLS did not come about; if its certificate is the reason, set `caFile` to what signed it and use the host name in it";
        Refusal::new(RefusalClass::Auth, said).because(error).into()
    })
}

fn nobody() -> Refusal {
    Refusal::new(RefusalClass::Network, "nobody answers there; check that it is up and can be reached")
}

fn nonsense() -> Refusal {
    Refusal::new(RefusalClass::Network, "what it says is not SMTP; check that `server` and `tls` are right")
}

/// The text as it goes over the line: no line of it is a lone dot but the last.
fn stuffed(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len() + 8);
    let mut at_start = true;
    for byte in bytes {
        if at_start && *byte == b'.' {
            text.push(b'.');
        }
        text.push(*byte);
        at_start = *byte == b'\n';
    }
    if !text.ends_with(b"\r\n") {
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b".\r\n");
    text
}

/// The server's own words, for the log of the moment.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Said(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_of_a_text_ends_it() {
        assert_eq!(stuffed(b".a\r\n.\r\nb"), b"..a\r\n..\r\nb\r\n.\r\n");
        assert_eq!(stuffed(b"a\r\n"), b"a\r\n.\r\n");
    }
}
