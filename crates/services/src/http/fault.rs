//! From statuses and broken lines to refusals and doubts.

use tenure_connect::{Doubt, DoubtKind, Refusal, RefusalClass};

use super::answer::Answer;

/// How a request can fail before there is an answer.
#[derive(Debug)]
pub enum Fault {
    /// It was never sent.
    Refused(Refusal),
    /// It was sent, and no answer came.
    Lost(Refusal),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Fault {
    /// For a request that changes nothing, a lost answer is no more than a refusal.
    pub fn as_read(self) -> Refusal {
        match self {
            Self::Refused(refusal) | Self::Lost(refusal) => refusal,
        }
    }

    /// For a request that writes, a lost answer is a doubt.
    pub fn as_write(self) -> Result<Refusal, Doubt> {
        match self {
            Self::Refused(refusal) => Ok(refusal),
            Self::Lost(refusal) => Err(Doubt::new(
                DoubtKind::LostResponse,
                format!("{}; it may have been done, so read before anything else", refusal.message),
            )),
        }
    }
}

/// What kind of no a status is; none where it is a yes.
pub fn class_of(status: u16) -> Option<RefusalClass> {
    use RefusalClass::{Auth, Exists, Gone, Invalid, Maintenance, Permission, Rate, Stale, Unsupported};
    match status {
        200..=299 => None,
        401 | 407 => Some(Auth),
        403 => Some(Permission),
        404 | 410 => Some(Gone),
        405 | 501 => Some(Unsupported),
        409 => Some(Exists),
        412 => Some(Stale),
        425 | 429 => Some(Rate),
        408 | 500..=599 => Some(Maintenance),
        _ => Some(Invalid),
    }
}

/// The refusal that an answer means. Only the status goes into the message; the server's own
/// words may quote values and go to the cause.
pub(super) fn refused(what: &str, server: &str, answer: &Answer) -> Refusal {
    let status = answer.status;
    let class = class_of(status).unwrap_or(RefusalClass::Invalid);
    let why = match (status, answer.body.complaint()) {
        (200..=299, Some(complaint)) => {
            let said = format!("`{what}` was answered by `{server}` with {complaint}");
            let class = if matches!(answer.body, super::Body::Broken) { RefusalClass::Network } else { class };
            return Refusal::new(class, said);
        }
        (300..=399, _) => "it points to another address, and redirects are not followed; set `url` to the right one",
        (401, _) => "it does not accept our credentials; correct `auth` or the secret behind it",
        (403, _) => "our credentials do not allow this; give them the right in the system",
        (404 | 410, _) => "there is no such thing; check `url` if it should be there",
        (405 | 501, _) => "it cannot do this; choose the `profile` that fits the system",
        (409, _) => "something of that name is there already",
        (412, _) => "the object changed in the meantime; read it again",
        (413, _) => "it was too much at once",
        (425 | 429, _) => "it wants to be asked more slowly",
        (408 | 500..=599, _) => "it cannot serve now; look into its log if it stays so",
        _ => "it does not accept a value or the form of the request; its own words are in our log",
    };
    let refusal = Refusal::new(class, format!("`{what}` was refused by `{server}` with {status}: {why}"));
    let refusal = match answer.json() {
        Some(json) => refusal.because(Said(json.to_string())),
        None => refusal,
    };
    match answer.retry_after {
        Some(wait) => refusal.after(wait),
        None => refusal,
    }
}

/// A request to which no answer came. Only one that found no line is known not to have been sent.
pub(super) fn unanswered(what: &str, server: &str, error: reqwest::Error) -> Fault {
    let error = error.without_url();
    if error.is_connect() {
        if is_certificate(&error) {
            let way = "set `caFile` to the certificate that signed it, and use the host name that is in it";
            let message = format!("`{what}` failed: the certificate of `{server}` was not accepted; {way}");
            return Refusal::new(RefusalClass::Invalid, message).because(error).into();
        }
        let message = format!("`{what}` failed: nobody answers at `{server}`; check that it is up and can be reached");
        return Refusal::new(RefusalClass::Network, message).because(error).into();
    }
    if error.is_builder() {
        return Refusal::new(RefusalClass::Invalid, format!("`{what}` cannot be sent to `{server}`"))
            .because(error)
            .into();
    }
    let message = format!("`{what}` was sent to `{server}` and no answer came");
    Fault::Lost(Refusal::new(RefusalClass::Network, message).because(error))
}

fn is_certificate(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(rustls::Error::InvalidCertificate(_)) = error.downcast_ref::<rustls::Error>() {
            return true;
        }
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(inner) = inner
            && is_certificate(inner)
        {
            return true;
        }
        next = error.source();
    }
    false
}

/// The server's own words, for the log of the moment.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Said(String);

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::time::Duration;

    use reqwest::header::HeaderMap;

    use super::super::Body;
    use super::*;

    fn answer(status: u16, body: Body) -> Answer {
        Answer { status, retry_after: Some(Duration::from_secs(3)), headers: HeaderMap::new(), body }
    }

    #[test]
    fn a_status_becomes_a_class_and_the_servers_words_stay_in_the_cause() {
        let said = Body::Json(serde_json::json!({"detail": "ada@example.org is taken"}));
        for (status, class) in [
            (302, RefusalClass::Invalid),
            (400, RefusalClass::Invalid),
            (401, RefusalClass::Auth),
            (404, RefusalClass::Gone),
            (409, RefusalClass::Exists),
            (412, RefusalClass::Stale),
            (429, RefusalClass::Rate),
            (501, RefusalClass::Unsupported),
            (503, RefusalClass::Maintenance),
        ] {
            let refusal = refused("PATCH /Users/7", "https://x", &answer(status, said.clone()));
            assert_eq!((refusal.class, refusal.retry_after), (class, Some(Duration::from_secs(3))), "{status}");
            assert!(!refusal.message.contains("ada@"), "{refusal}");
            assert!(refusal.source().unwrap().to_string().contains("ada@"));
        }
    }

    #[test]
    fn a_page_instead_of_json_is_named_as_such() {
        let refusal = refused("GET /Users", "https://x", &answer(200, Body::Page));
        assert!(refusal.message.contains("a web page where JSON was expected"), "{refusal}");
        assert_eq!(refusal.class, RefusalClass::Invalid);
        assert!(refused("GET /Users", "https://x", &answer(200, Body::Broken)).retry());
    }

    #[test]
    fn a_lost_answer_is_a_doubt_only_for_a_write() {
        let lost = || Fault::Lost(Refusal::new(RefusalClass::Network, "no answer came"));
        assert!(lost().as_read().retry());
        assert!(matches!(lost().as_write(), Err(doubt) if doubt.kind == DoubtKind::LostResponse));
        assert!(Fault::from(Refusal::new(RefusalClass::Network, "nobody")).as_write().is_ok());
    }
}
