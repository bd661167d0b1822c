//! `POST /v1/tasks/{task}/evidence`: brings evidence of what was done.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tenure_api::{EvidenceIn, FieldError, TaskEntryView};
use tenure_app::tasks::add::{Addition, add};
use tenure_model::TaskId;

use crate::http::v1::{Doors, tasks};
use crate::http::{Caller, Json, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(task): Place<TaskId>,
    Json(evidence): Json<EvidenceIn>,
) -> Result<(StatusCode, Answer<TaskEntryView>), Refusal> {
    let addition = addition(evidence).map_err(|error| Refusal::fields(vec![error]))?;
    let added = add(&doors.cx(actor), task, addition).await?;
    Ok((StatusCode::CREATED, Answer(tasks::entry(added))))
}

fn addition(evidence: EvidenceIn) -> Result<Addition, FieldError> {
    let EvidenceIn { reference, sha256, content, media_type } = evidence;
    match (content, sha256) {
        (Some(_), Some(_)) => {
            Err(FieldError::new("/sha256", "what is kept here is hashed here; send the content alone"))
        }
        (Some(content), None) => {
            let content = STANDARD.decode(content);
            let content = content.map_err(|_| FieldError::new("/content", "this is not base64"))?;
            let media_type = media_type.unwrap_or_else(|| "application/octet-stream".to_owned());
            Ok(Addition::File { name: reference, media_type, content })
        }
        (None, sha256) => {
            let hash = sha256.map(|digits| hash(&digits)).transpose()?;
            Ok(Addition::Reference { place: reference, hash })
        }
    }
}

fn hash(digits: &str) -> Result<[u8; 32], FieldError> {
    let bad = || FieldError::new("/sha256", "write 64 hexadecimal digits, as `sha256sum` does");
    let plain = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let pairs = digits.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    });
    let bytes: Option<Vec<u8>> = pairs.collect();
    bytes.filter(|_| plain).and_then(|bytes| bytes.try_into().ok()).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(sha256: Option<&str>, content: Option<&str>) -> EvidenceIn {
        let owned = |text: Option<&str>| text.map(ToOwned::to_owned);
        EvidenceIn { reference: "form 7".into(), sha256: owned(sha256), content: owned(content), media_type: None }
    }

    #[test]
    fn evidence_is_kept_here_or_elsewhere_and_never_half() {
        assert!(
            matches!(addition(evidence(None, Some("aGk="))), Ok(Addition::File { content, .. }) if content == b"hi")
        );
        let digits = "ab".repeat(32);
        let kept = addition(evidence(Some(&digits), None)).unwrap();
        assert_eq!(kept, Addition::Reference { place: "form 7".into(), hash: Some([0xab; 32]) });
        for (sha256, content, pointer) in [
            (Some(digits.as_str()), Some("aGk="), "/sha256"),
            (None, Some("?"), "/content"),
            (Some("abc"), None, "/sha256"),
            (Some("é".repeat(32).as_str()), None, "/sha256"),
        ] {
            assert_eq!(addition(evidence(sha256, content)).unwrap_err().pointer, pointer);
        }
    }
}
