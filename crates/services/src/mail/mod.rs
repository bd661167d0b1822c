//! Mail: a [`Channel`] that hands letters to a server over SMTP.
//!
//! It verifies the server's certificate always, signs in only where nobody can listen, and sends
//! the same bytes under the same Message-ID however often it is asked for the same message. What
//! a reply means for the next try is decided by its class; an answer lost after the last dot is
//! unknown. Next: [`config`], `message`, `session`.

mod address;
pub mod config;
mod dkim;
mod encode;
mod line;
mod message;
mod reply;
mod session;

use std::fmt;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tenure_connect::{Channel, Content, Doubt, DoubtKind, Letter, Message, Refusal, RefusalClass, Secrets, Sent};
use tokio::time::timeout;

pub use address::{Address, BadAddress};
pub use config::{BadMailConfig, MailAuth, MailConfig, MailTls};

use crate::limits::{MAIL_DOUBT_TIME_MAX, MAIL_TIME_MAX};
use config::Settings;
use session::{Fault, Session};

/// A way out by mail.
pub struct MailChannel {
    settings: Settings,
    secrets: Arc<dyn Secrets>,
}

impl fmt::Debug for MailChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailChannel").field("server", &self.settings.server).finish_non_exhaustive()
    }
}

impl MailChannel {
    /// Takes settings that make sense; nothing is sent yet.
    pub fn new(config: MailConfig, secrets: Arc<dyn Secrets>) -> Result<Self, BadMailConfig> {
        Ok(Self { settings: Settings::new(config)?, secrets })
    }

    #[tracing::instrument(name = "connectors.mail.send", skip_all, fields(id = message.id))]
    async fn hand_over(&self, message: &Message, letter: &Letter) -> Sent {
        let to = match letter.to.parse::<Address>() {
            Ok(to) => to,
            Err(bad) => return Sent::Refused(Refusal::new(RefusalClass::Invalid, bad.to_string())),
        };
        let built = message::build(&self.settings, message, letter, &to);
        let signed = match dkim::sign(&self.settings, self.secrets.as_ref(), built, message.at) {
            Ok(signed) => signed,
            Err(refusal) => return Sent::Refused(refusal),
        };
        // Two limits, because what happens when they pass differs: before the last dot the server
        // has nothing, after it nobody knows.
        let prepared = timeout(MAIL_TIME_MAX, self.prepare(&to, &signed));
        let mut session = match prepared.await {
            Ok(Ok(session)) => session,
            Ok(Err(fault)) => return Sent::Refused(self.refusal(fault)),
            Err(_) => return Sent::Refused(self.refusal(Fault::too_slow("the server takes too long"))),
        };
        match timeout(MAIL_DOUBT_TIME_MAX, session.finish(&signed)).await {
            Ok(Ok(())) => {
                session.quit().await;
                Sent::Done
            }
            Ok(Err(Fault::Refused(refusal))) => Sent::Refused(self.named(refusal)),
            Ok(Err(Fault::Broken(_))) | Err(_) => Sent::Unknown(Doubt::new(
                DoubtKind::LostResponse,
                format!("`{}` was sent the whole message and gave no answer", self.settings.server),
            )),
        }
    }

    async fn prepare(&self, to: &Address, bytes: &[u8]) -> Result<Session, Fault> {
        let mut session = Session::open(&self.settings).await?;
        session.sign_in(&self.settings, self.secrets.as_ref()).await?;
        session.begin(self.settings.from.mailbox(), to.mailbox(), bytes.len()).await?;
        Ok(session)
    }

    fn refusal(&self, fault: Fault) -> Refusal {
        match fault {
            Fault::Refused(refusal) | Fault::Broken(refusal) => self.named(refusal),
        }
    }

    fn named(&self, mut refusal: Refusal) -> Refusal {
        refusal.message = format!("`{}`: {}", self.settings.server, refusal.message);
        refusal
    }
}

impl Channel for MailChannel {
    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Sent> {
        async move {
            match &message.content {
                Content::Letter(letter) => self.hand_over(message, letter).await,
                Content::Facts(_) => Sent::Refused(Refusal::new(
                    RefusalClass::Unsupported,
                    "facts are not sent by mail; give the notice `to` and `message`",
                )),
            }
        }
        .boxed()
    }
}
