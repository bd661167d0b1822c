//! A letter as the bytes that go over the line.
//!
//! Everything in it follows from the letter, its id and its moment, so that a second try sends
//! the same bytes: whoever gets both sees one mail.

use jiff::Timestamp;
use tenure_connect::{Letter, Message};

use super::address::Address;
use super::config::Settings;
use super::encode::{header, phrase, quoted_printable};

/// A message: header lines in order, and the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Built {
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

impl Built {
    /// The bytes that go over the line.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let lines = self.headers.iter().flat_map(|(name, value)| [name, ": ", value.as_str(), "\r\n"]);
        lines.chain(["\r\n", self.body.as_str()]).collect::<String>().into_bytes()
    }
}

/// Writes the message.
pub(super) fn build(settings: &Settings, message: &Message, letter: &Letter, to: &Address) -> Built {
    let mut headers = vec![
        ("From", shown(&settings.from)),
        ("To", shown(to)),
        ("Subject", header(&letter.subject)),
        ("Date", date(message.at)),
        ("Message-ID", format!("<{}@{}>", message.id, settings.from.domain())),
        // Nobody's holiday answer comes back to us.
        ("Auto-Submitted", "auto-generated".to_owned()),
        ("MIME-Version", "1.0".to_owned()),
    ];
    if let Some(reply_to) = &settings.reply_to {
        headers.push(("Reply-To", shown(reply_to)));
    }
    if let Some(unsubscribe) = &settings.unsubscribe {
        headers.push(("List-Unsubscribe", format!("<{unsubscribe}>")));
    }
    let text = quoted_printable(&letter.text);
    let Some(html) = &letter.html else {
        headers.push(("Content-Type", "text/plain; charset=utf-8".to_owned()));
        headers.push(("Content-Transfer-Encoding", "quoted-printable".to_owned()));
        return Built { headers, body: text };
    };
    // `=_` cannot stand in quoted-printable, so no text can hold the border.
    let border = format!("=_{}", message.id);
    headers.push(("Content-Type", format!("multipart/alternative;\r\n boundary=\"{border}\"")));
    let part = |kind: &str, body: &str| {
        format!(
            "--{border}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{body}"
        )
    };
    let body = format!("{}{}--{border}--\r\n", part("text/plain", &text), part("text/html", &quoted_printable(html)));
    Built { headers, body }
}

fn shown(address: &Address) -> String {
    match address.name() {
        Some(name) => format!("{}\r\n <{}>", phrase(name), address.mailbox()),
        None => address.mailbox().to_owned(),
    }
}

/// A moment as mail writes it.
fn date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_connect::Content;

    #[test]
    fn the_same_message_is_the_same_bytes() {
        let config = serde_json::json!({ "server": "127.0.0.1:25", "tls": "none", "from": "Tenure <t@example.org>",
            "unsubscribe": "mailto:stop@example.org" });
        let settings = Settings::new(serde_json::from_value(config).unwrap()).unwrap();
        let letter =
            Letter { to: "a@b".into(), subject: "Hi".into(), text: "Zoë".into(), html: Some("<p>Zoë".into()) };
        let at = "2026-11-03T09:05:07Z".parse().unwrap();
        let message = Message { id: "notice_1".into(), at, content: Content::Letter(letter.clone()) };
        let build = || build(&settings, &message, &letter, &"a@b".parse().unwrap()).bytes();
        assert_eq!(build(), build());
        let text = String::from_utf8(build()).unwrap();
        assert_eq!(
            text,
            "From: Tenure\r\n <t@example.org>\r\nTo: a@b\r\nSubject: Hi\r\nDate: Tue, 03 Nov 2026 09:05:07 +0000\r\n\
             Message-ID: <notice_1@example.org>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n\
             List-Unsubscribe: <mailto:stop@example.org>\r\n\
             Content-Type: multipart/alternative;\r\n boundary=\"=_notice_1\"\r\n\r\n\
             --=_notice_1\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
             Zo=C3=AB\r\n--=_notice_1\r\nContent-Type: text/html; charset=utf-8\r\n\
             Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>Zo=C3=AB\r\n--=_notice_1--\r\n"
        );
    }
}
