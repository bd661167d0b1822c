//! The channel of mail against a real server, read by somebody else's parser, and against servers
//! that behave badly.

mod broken;
mod real;

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use tenure_connect::{Channel as _, Content, FileSecrets, Letter, Message, Refusal, Sent};
use tenure_services::mail::MailChannel;

/// A channel with these settings besides the server.
pub fn channel(server: &str, more: &Json) -> MailChannel {
    let mut config = json!({ "server": server, "from": "Tenure – Test <tenure@example.org>" });
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    MailChannel::new(serde_json::from_value(config).unwrap(), Arc::new(FileSecrets)).unwrap()
}

pub fn letter(to: &str, subject: &str) -> Letter {
    let text =
        "Zoë Müller is gone.\n.\n.. this line too\nFrom here on: =3D trailing \n".to_owned() + &"long ".repeat(300);
    Letter { to: to.to_owned(), subject: subject.to_owned(), text, html: Some("<p>Zoë &amp; co.</p>".to_owned()) }
}

pub fn message(letter: Letter) -> Message {
    let at = "2026-11-03T09:05:07Z".parse().unwrap();
    Message { id: "notice_01k9h3m5n7p9r1t3v5x7z9b1d3".to_owned(), at, content: Content::Letter(letter) }
}

pub async fn refused(channel: &MailChannel, to: &str, subject: &str) -> Refusal {
    match channel.send(&message(letter(to, subject))).await {
        Sent::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

pub fn secret(path: &Path) -> Json {
    format!("file:{}", path.display()).into()
}
