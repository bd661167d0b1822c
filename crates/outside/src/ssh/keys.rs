//! Keys that let somebody in, as `authorized_keys` has them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ring::digest::{SHA256, digest};
use tenure_connect::{Artifact, SeenArtifact};
use tenure_model::NativeId;

use super::session::Line;

/// The lines of the files that may let somebody in. What we cannot read, the server may be able to.
pub(super) fn lines(answer: &[Line]) -> Vec<Line> {
    let lines = answer.iter().filter_map(|line| line.strip_prefix(b"k "));
    let lines = lines.filter(|line| !matches!(line.trim_ascii_start().first(), None | Some(b'#')));
    lines.map(<[u8]>::to_vec).collect()
}

/// The keys in them, each once.
pub(super) fn seen(lines: &[Line]) -> Vec<SeenArtifact> {
    let keys = lines.iter().map(|line| {
        let key = seen_one(line);
        (key.native_id.as_str().to_owned(), key)
    });
    keys.collect::<BTreeMap<_, _>>().into_values().collect()
}

fn seen_one(line: &[u8]) -> SeenArtifact {
    let text = String::from_utf8_lossy(line);
    let words: Vec<&str> = text.split_whitespace().collect();
    // Options come first, and may have blanks in them; the key is the first word that is one.
    let found = words.windows(2).enumerate().find_map(|(place, pair)| {
        let [kind, body] = pair else { return None };
        let blob = STANDARD.decode(body).ok().filter(|blob| names_itself(blob, kind))?;
        Some((place, (*kind).to_owned(), blob))
    });
    let (native_id, name) = match found {
        Some((place, kind, blob)) => {
            let comment = words.get(place + 2..).unwrap_or_default().join(" ");
            (format!("SHA256:{}", hash(&blob)), format!("{kind} {comment}").trim_end().to_owned())
        }
        None => (format!("line:{}", hash(line)), "a line that is no key that we know".to_owned()),
    };
    let name = name.chars().filter(|sign| !sign.is_control()).collect();
    let native_id = NativeId::new(native_id);
    SeenArtifact { kind: Artifact::Key, native_id, name, made_at: None, used_at: None, ends_at: None }
}

/// Whether the body of a key says of itself that it is of this kind.
fn names_itself(blob: &[u8], kind: &str) -> bool {
    let Some((length, rest)) = blob.split_first_chunk::<4>() else { return false };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    rest.get(..length) == Some(kind.as_bytes())
}

fn hash(bytes: &[u8]) -> String {
    STANDARD_NO_PAD.encode(digest(&SHA256, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key that was made for this test, and its fingerprint as `ssh-keygen -lf` gives it.
    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

    fn of(text: &str) -> Vec<(String, String)> {
        let answer: Vec<Line> = text.lines().map(|line| format!("k {line}").into_bytes()).collect();
        let seen = seen(&lines(&answer));
        seen.into_iter().map(|key| (key.native_id.as_str().to_owned(), key.name)).collect()
    }

    #[test]
    fn keys_are_known_by_their_fingerprint_with_and_without_options() {
        let text = format!(
            "# mine\n\n{KEY} ada@laptop and more\nfrom=\"10.0.0.0/8\",command=\"echo ssh-rsa AAAA\" {KEY} ada\n  {KEY}"
        );
        let keys = of(&text);
        assert_eq!(keys.len(), 1, "{keys:?}");
        assert!(keys[0].0.starts_with("SHA256:") && keys[0].1.starts_with("ssh-ed25519"), "{keys:?}");
    }

    #[test]
    fn a_line_that_is_no_key_is_not_passed_over() {
        let keys = of("ssh-ed25519 AAAA\nssh-rsa not-base64 ada\n\tsk-new@example.org AAAA");
        assert_eq!(keys.len(), 3, "{keys:?}");
        assert!(keys.iter().all(|(id, _)| id.starts_with("line:")), "{keys:?}");
    }
}
