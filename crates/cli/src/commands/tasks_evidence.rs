//! Evidence of what was done by hand: brought with a task, and fetched again.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tenure_model::{TaskEntryId, TaskId};

use crate::context::Cx;
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::limits::EVIDENCE_BYTES_MAX;
use crate::output::cannot_write;
use crate::places;

/// What a file is by the end of its name; anything else is bytes.
const MEDIA_TYPES: [(&str, &str); 7] = [
    ("csv", "text/csv"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("log", "text/plain"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("txt", "text/plain"),
];

/// Evidence that is brought.
#[derive(Debug)]
pub struct Bring(Value);

impl Bring {
    /// A small file.
    pub fn file(path: &Path) -> Result<Self, CliError> {
        let cannot_read = |why: String| {
            CliError::new(Exit::Failed, code::CANNOT_READ, format!("cannot read `{}`", path.display())).cause(why).hint(
                "name a file that is there, or say where the evidence is with `tenure tasks evidence --reference`",
            )
        };
        let content = std::fs::read(path).map_err(|error| cannot_read(error.to_string()))?;
        if content.len() > EVIDENCE_BYTES_MAX {
            let why = format!("it has {} bytes, and {EVIDENCE_BYTES_MAX} are kept with a task", content.len());
            return Err(cannot_read(why));
        }
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
        let known = MEDIA_TYPES.iter().find(|(known, _)| *known == ending);
        let media_type = known.map_or("application/octet-stream", |(_, media_type)| media_type);
        let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.display().to_string());
        Ok(Self(json!({ "reference": name, "content": STANDARD.encode(content), "mediaType": media_type })))
    }

    /// Where it is kept.
    pub fn reference(place: String, sha256: Option<String>) -> Self {
        let mut body = json!({ "reference": place });
        if let (Some(digits), Some(fields)) = (sha256, body.as_object_mut()) {
            fields.insert("sha256".to_owned(), Value::from(digits));
        }
        Self(body)
    }

    /// Nobody said what.
    pub fn nothing() -> CliError {
        CliError::new(Exit::Usage, code::USAGE, "there is nothing to bring")
            .hint("name a file with --file, a place with --reference, or fetch what was brought with --fetch")
    }

    /// Brings it.
    pub async fn send(self, cx: &Cx, task: TaskId) -> Result<Value, CliError> {
        cx.client()?.send(&places::ADD_EVIDENCE.of(&[&task]), &self.0).await
    }
}

/// Evidence that is fetched.
#[derive(Debug)]
pub struct Fetch<'a> {
    /// Of which task.
    pub task: TaskId,
    /// Which piece.
    pub entry: TaskEntryId,
    /// Where it is written; a file that is there is not written over.
    pub to: &'a Path,
}

impl Fetch<'_> {
    /// Fetches it.
    pub async fn run(self, cx: &Cx) -> Result<(), CliError> {
        let found = cx.client()?.ask(&places::READ_EVIDENCE.of(&[&self.task, &self.entry])).await?;
        let content = found.get("content").and_then(Value::as_str).unwrap_or_default();
        let content = STANDARD.decode(content).map_err(|error| {
            CliError::new(Exit::Failed, code::NOT_TENURE, "the evidence came in a form that is not known")
                .caused_by(&error)
        })?;
        write_new(self.to, &content).map_err(|error| cannot_write(self.to, &error))?;
        cx.output.say(&format!("{} bytes are in `{}`", content.len(), self.to.display()));
        Ok(())
    }
}

fn write_new(path: &Path, content: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut file = std::fs::File::create_new(path)?;
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_name_says_and_never_too_large() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Badge.PNG");
        std::fs::write(&path, b"hi").unwrap();
        let brought = Bring::file(&path).unwrap().0;
        assert_eq!(brought, json!({ "reference": "Badge.PNG", "content": "aGk=", "mediaType": "image/png" }));
        std::fs::write(&path, vec![0; EVIDENCE_BYTES_MAX + 1]).unwrap();
        let refused = Bring::file(&path).unwrap_err();
        assert!(refused.causes[0].contains("are kept with a task"), "{refused:?}");
        assert!(write_new(&path, b"x").is_err(), "a file was written over");
    }
}
