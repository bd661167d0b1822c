//! What a server answers: a number of three digits, perhaps a number of three parts, and words.

use std::fmt;

use tenure_connect::RefusalClass;

use super::line::Line;
use crate::limits::MAIL_REPLY_LINES_MAX;

/// A reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: u16,
    /// Its lines without their numbers. They may quote addresses and are for no error.
    pub(super) lines: Vec<String>,
}

/// What was asked, because the same number means different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// To be let in.
    Hello,
    /// To accept who we are.
    SignIn,
    /// To take a mail from us.
    Sender,
    /// To take it for somebody.
    Recipient,
    /// To take its text.
    Data,
}

impl Asked {
    /// The word for it on the line.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Hello => "EHLO",
            Self::SignIn => "AUTH",
            Self::Sender => "MAIL FROM",
            Self::Recipient => "RCPT TO",
            Self::Data => "DATA",
        }
    }
}

impl Reply {
    /// Reads one. None if what comes is no reply.
    pub(super) async fn read(line: &mut Line) -> std::io::Result<Option<Self>> {
        let mut lines = Vec::new();
        let mut code = None;
        while lines.len() < MAIL_REPLY_LINES_MAX {
            let text = String::from_utf8_lossy(&line.read().await?).into_owned();
            let Some((number, more, words)) = parse(&text) else { return Ok(None) };
            if *code.get_or_insert(number) != number {
                return Ok(None);
            }
            lines.push(words);
            if !more {
                return Ok(Some(Self { code: number, lines }));
            }
        }
        Ok(None)
    }

    /// Whether the server did what was asked.
    pub(super) fn is_good(&self) -> bool {
        (200..400).contains(&self.code)
    }

    /// The number of three parts (RFC 3463), if it begins with one.
    fn enhanced(&self) -> Option<&str> {
        let first = self.lines.first()?.split(' ').next()?;
        let digits = |part: &str| !part.is_empty() && part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit());
        (first.split('.').count() == 3 && first.split('.').all(digits)).then_some(first)
    }

    /// What kind of no it is, and what to do about it.
    pub(super) fn meaning(&self, asked: Asked) -> (RefusalClass, &'static str) {
        use RefusalClass::{Auth, Gone, Invalid, Maintenance, Permission, Unsupported};
        let of_policy = self.enhanced().is_some_and(|number| number.starts_with("5.7."));
        match (asked, self.code) {
            (_, 400..=499) => (Maintenance, "it cannot take it now; it is tried again"),
            (_, 530 | 534 | 535 | 538) | (Asked::SignIn, _) => {
                (Auth, "it does not accept our credentials; correct `auth` or the secret behind it")
            }
            (Asked::Hello, _) => {
                (Permission, "it does not let us in; allow this machine there, or name another server")
            }
            (Asked::Sender, 552) | (Asked::Data, 552 | 554) if !of_policy => {
                (Invalid, "it does not take this mail, perhaps for its size or its text")
            }
            (Asked::Sender, _) => (Permission, "it takes no mail from our `from`; allow it there, or change it"),
            (Asked::Recipient, _) if of_policy => {
                (Permission, "it does not pass mail on for us; sign in with `auth`, or allow this machine there")
            }
            (Asked::Recipient, 550 | 551 | 553) => (Gone, "there is no such mailbox; correct the address"),
            (_, 500..=504) => (Unsupported, "it does not understand us; check that `server` is one that takes mail"),
            (_, _) => (Invalid, "it does not take this mail"),
        }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        self.enhanced().map_or(Ok(()), |number| write!(f, " {number}"))
    }
}

/// The number, whether more follows, and the words.
fn parse(line: &str) -> Option<(u16, bool, String)> {
    let (digits, rest) = line.split_at_checked(3)?;
    let code = digits.parse().ok().filter(|code| (200..600).contains(code))?;
    let more = match rest.chars().next() {
        None | Some(' ') => false,
        Some('-') => true,
        Some(_) => return None,
    };
    Some((code, more, rest.chars().skip(1).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(asked: Asked, line: &str) -> RefusalClass {
        let (code, _, words) = parse(line).unwrap();
        Reply { code, lines: vec![words] }.meaning(asked).0
    }

    #[test]
    fn a_line_is_a_reply_or_it_is_not() {
        assert_eq!(parse("250-SIZE 100"), Some((250, true, "SIZE 100".to_owned())));
        assert_eq!(parse("250"), Some((250, false, String::new())));
        for bad in ["", "25", "2500 x", "abc x", "99 x", "600 x", "HTTP/1.1 400 Bad Request", "é50 x"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_our_fault_is_told_from_what_is_wrong_with_the_mail() {
        use RefusalClass::{Auth, Gone, Invalid, Maintenance, Permission, Unsupported};
        for (asked, line, wanted) in [
            (Asked::Recipient, "450 4.2.1 greylisted", Maintenance),
            (Asked::Recipient, "421 shutting down", Maintenance),
            (Asked::Recipient, "550 5.1.1 no such user", Gone),
            (Asked::Recipient, "554 5.7.1 relay access denied", Permission),
            (Asked::Recipient, "550 5.7.1 relay access denied", Permission),
            (Asked::Sender, "530 5.7.0 authentication required", Auth),
            (Asked::Sender, "553 5.1.8 sender rejected", Permission),
            (Asked::SignIn, "535 5.7.8 bad credentials", Auth),
            (Asked::Data, "552 5.3.4 too big", Invalid),
            (Asked::Data, "554 5.6.0 looks like spam", Invalid),
            (Asked::Hello, "554 go away", Permission),
            (Asked::Data, "502 unknown command", Unsupported),
        ] {
            assert_eq!(meaning(asked, line), wanted, "{line}");
        }
    }

    #[test]
    fn only_numbers_of_a_reply_are_shown() {
        let reply = Reply { code: 550, lines: vec!["5.1.1 <ada@example.org> is not here".to_owned()] };
        assert_eq!(reply.to_string(), "550 5.1.1");
    }
}
