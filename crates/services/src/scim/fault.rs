//! From SCIM errors (RFC 7644, 3.12) to refusals and doubts.

use tenure_connect::{Doubt, DoubtKind, Refusal, RefusalClass, WriteFault};

use super::ScimConnector;
use super::path::field;
use crate::http::{Answer, Call};

/// The words that a server may use for what is wrong, and what we make of them.
const KINDS: [(&str, RefusalClass, &str); 13] = [
    ("uniqueness", RefusalClass::Exists, "a value that must be unique is taken"),
    ("mutability", RefusalClass::Invalid, "the attribute cannot be changed there"),
    ("invalidFilter", RefusalClass::Unsupported, "it cannot be asked in this way; choose the `profile` that fits"),
    ("invalidPath", RefusalClass::Unsupported, "it does not know the path; choose the `profile` that fits"),
    ("noTarget", RefusalClass::Unsupported, "the path leads nowhere; choose the `profile` that fits"),
    ("invalidSyntax", RefusalClass::Invalid, "it does not understand the form of the request"),
    ("invalidValue", RefusalClass::Invalid, "it does not accept a value, or misses one; correct it at its source"),
    ("invalidVers", RefusalClass::Unsupported, "it speaks another version of SCIM"),
    ("tooMany", RefusalClass::Invalid, "it was too much at once"),
    ("sensitive", RefusalClass::Invalid, "it keeps secrets out of addresses"),
    ("invalidCursor", RefusalClass::Stale, "the reading is no longer open; read again from the first page"),
    ("expiredCursor", RefusalClass::Stale, "the reading is no longer open; read again from the first page"),
    ("invalidCount", RefusalClass::Invalid, "it does not give pages of this size"),
];

/// What kind of error the server says it is.
pub(super) fn kind(answer: &Answer) -> Option<&'static str> {
    let said = field(answer.json()?, "scimType")?.as_str()?;
    KINDS.iter().find(|(word, ..)| word.eq_ignore_ascii_case(said)).map(|(word, ..)| *word)
}

impl ScimConnector {
    /// The refusal that an answer means.
    pub(super) fn refusal(&self, call: &Call, answer: &Answer) -> Refusal {
        let refusal = self.http.refusal(call, answer);
        let known = kind(answer).and_then(|said| KINDS.iter().find(|(word, ..)| *word == said));
        match known {
            Some((word, class, why)) => {
                let message = format!("{}; it says `{word}`: {why}", refusal.message);
                let wait = refusal.retry_after;
                let refusal = Refusal::new(*class, message).because(refusal);
                match wait {
                    Some(wait) => refusal.after(wait),
                    None => refusal,
                }
            }
            None => refusal,
        }
    }

    /// Sends a write. An answer comes back only if it is known what became of it: a server that
    /// failed on the way may have written, whatever it says.
    pub(super) async fn send_write(&self, call: &Call) -> Result<Answer, WriteFault> {
        let answer = match self.http.send(call).await {
            Ok(answer) => answer,
            Err(fault) => return Err(fault.as_write().map_or_else(WriteFault::Doubt, WriteFault::Refused)),
        };
        match answer.status {
            408 | 500 | 502..=599 => {
                let refusal = self.refusal(call, &answer);
                tracing::warn!(status = answer.status, server = self.http.url(), "a write ended in doubt");
                let message = format!("{refusal}; it may have been done, so read before anything else");
                Err(WriteFault::Doubt(Doubt::new(DoubtKind::LostResponse, message)))
            }
            _ => Ok(answer),
        }
    }
}
