//! Saying something about a task, and bringing evidence.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use tenure_ledger::{DetailKey, Hash, Word};
use tenure_model::{TaskEntryId, TaskId, new_id};
use tenure_policy::authz::Action;
use tenure_store::tasks::{self, TaskEntry};

use super::{Found, entry_by, find};
use crate::cx::Cx;
use crate::error::AppError;
use crate::{limits, record};

/// What is added to a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addition {
    /// Words.
    Comment(String),
    /// Something that shows that it was done, kept elsewhere.
    Reference {
        /// Where it is, such as the number of a form.
        place: String,
        /// Its SHA-256.
        hash: Option<[u8; 32]>,
    },
    /// Something that shows that it was done, kept here.
    File {
        /// What it is called.
        name: String,
        /// What it is, such as `image/png`.
        media_type: String,
        /// Its bytes.
        content: Vec<u8>,
    },
}

impl Addition {
    fn words(&self) -> &str {
        match self {
            Self::Comment(words) | Self::Reference { place: words, .. } | Self::File { name: words, .. } => words,
        }
    }

    fn told(&self) -> &'static str {
        match self {
            Self::Comment(_) => "task.commented",
            Self::Reference { .. } | Self::File { .. } => "task.evidence",
        }
    }

    fn hash(&self) -> Option<[u8; 32]> {
        match self {
            Self::Comment(_) => None,
            Self::Reference { hash, .. } => *hash,
            Self::File { content, .. } => Some(Sha256::digest(content).into()),
        }
    }
}

/// Adds it. Also to a task that is over: what comes late is worth keeping too.
pub async fn add(cx: &Cx, task: TaskId, addition: Addition) -> Result<TaskEntry, AppError> {
    check(&addition)?;
    let own = cx.clone();
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            let house = Arc::clone(&own.house);
            let found = find(&own, tx, task, Action::WorkTask).await?;
            if tasks::count_entries(tx, task).await? >= limits::TASK_ENTRIES_MAX {
                let most = limits::TASK_ENTRIES_MAX;
                return Err(AppError::Conflict(format!(
                    "`{task}` has {most} comments and pieces of evidence, the most"
                )));
            }
            let made = written(&own, task, &addition);
            let content = match &addition {
                Addition::File { content, .. } => Some(content.as_slice()),
                Addition::Comment(_) | Addition::Reference { .. } => None,
            };
            tasks::add(tx, &made, content).await?;
            record::write(tx, house.ids.as_ref(), &told(&own, &found, &addition)).await?;
            Ok(made)
        })
    });
    job.await
}

fn written(cx: &Cx, task: TaskId, addition: &Addition) -> TaskEntry {
    let id: TaskEntryId = new_id(cx.house.ids.as_ref());
    let media_type = match addition {
        Addition::File { media_type, .. } => Some(media_type.clone()),
        Addition::Comment(_) | Addition::Reference { .. } => None,
    };
    let (at, by, body) = (cx.house.clock.now(), cx.actor.name.clone(), addition.words().to_owned());
    TaskEntry { id, task, at, by, body, hash: addition.hash(), media_type }
}

fn told(cx: &Cx, found: &Found, addition: &Addition) -> tenure_ledger::Entry {
    let entry = entry_by(cx, addition.told(), &found.task, found.deputy.as_ref());
    let entry = entry.with(DetailKey::Payload, Hash::of(addition.words().as_bytes()));
    match addition.hash() {
        Some(hash) => entry
            .with(DetailKey::EvidenceKind, Word::or_hash("brought-by-hand"))
            .with(DetailKey::Evidence, Hash::from_bytes(hash)),
        None => entry,
    }
}

fn check(addition: &Addition) -> Result<(), AppError> {
    let words = addition.words();
    if words.trim().is_empty() || words.chars().count() > limits::TASK_ENTRY_CHARS_MAX {
        let pointer = match addition {
            Addition::Comment(_) => "/text",
            Addition::Reference { .. } | Addition::File { .. } => "/reference",
        };
        let reason = format!("write 1 to {} characters", limits::TASK_ENTRY_CHARS_MAX);
        return Err(AppError::Invalid { pointer, reason });
    }
    match addition {
        Addition::File { content, .. } if content.is_empty() || content.len() > limits::TASK_EVIDENCE_BYTES_MAX => {
            let most = limits::TASK_EVIDENCE_BYTES_MAX;
            let reason = format!(
                "evidence that is kept here has 1 to {most} bytes; keep more elsewhere, and say where and give its `sha256`"
            );
            Err(AppError::Invalid { pointer: "/content", reason })
        }
        Addition::File { media_type, .. } if !is_media_type(media_type) => {
            let reason = "write a media type, such as `image/png`".to_owned();
            Err(AppError::Invalid { pointer: "/mediaType", reason })
        }
        Addition::File { .. } | Addition::Comment(_) | Addition::Reference { .. } => Ok(()),
    }
}

fn is_media_type(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    text.len() <= 100 && text.split_once('/').is_some_and(|(kind, form)| plain(kind) && plain(form))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_is_two_plain_words() {
        assert!(is_media_type("image/png") && is_media_type("application/vnd.ms-excel"));
        for bad in
            ["", "png", "image/", "/png", "text/html; charset=utf-8", "a/b\r\nx: y", &format!("a/{}", "b".repeat(99))]
        {
            assert!(!is_media_type(bad), "{bad}");
        }
    }

    #[test]
    fn what_is_too_much_is_refused_with_its_place() {
        let pointer = |addition: Addition| match check(&addition).unwrap_err() {
            AppError::Invalid { pointer, .. } => pointer,
            other => panic!("{other}"),
        };
        let file = |content: Vec<u8>, media_type: &str| Addition::File {
            name: "badge.png".into(),
            media_type: media_type.into(),
            content,
        };
        assert_eq!(pointer(Addition::Comment(" ".into())), "/text");
        assert_eq!(pointer(Addition::Reference { place: String::new(), hash: None }), "/reference");
        assert_eq!(pointer(file(vec![0; limits::TASK_EVIDENCE_BYTES_MAX + 1], "image/png")), "/content");
        assert_eq!(pointer(file(vec![0], "picture")), "/mediaType");
        assert!(check(&file(vec![0; limits::TASK_EVIDENCE_BYTES_MAX], "image/png")).is_ok());
    }
}
