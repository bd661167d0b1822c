//! Keeps secrets out of documents: only references to them may stand there.

use crate::fields::{Notes, short};
use crate::problem::Code;
use crate::tree::{Node, Tree};

/// Parts of keys whose values are secret.
const SECRET_WORDS: [&str; 9] =
    ["password", "passwd", "passphrase", "secret", "token", "apikey", "privatekey", "credential", "accesskey"];
const HINT: &str = "put it into a file that only the service can read, and write `{ secret: \"file:/path\" }`";

/// Notes every secret in this value. The secret itself is never repeated.
pub(crate) fn check(key: &str, node: &Node, notes: &mut Notes<'_>) {
    match &node.tree {
        Tree::Map(entries) => {
            for entry in entries {
                if entry.key == "secret" {
                    reference(key, &entry.value, notes);
                } else {
                    check(&entry.key, &entry.value, notes);
                }
            }
        }
        Tree::List(items) => items.iter().for_each(|item| check(key, item, notes)),
        Tree::Text(_) | Tree::Number(_) | Tree::Fraction(_) if is_secret(key) => {
            notes.add(node.place, Code::PlainSecret, format!("`{}` holds a secret as plain text", short(key)), HINT);
        }
        Tree::Text(text) if has_password(text) => {
            let reason = format!("the address in `{}` holds a password", short(key));
            notes.add(node.place, Code::PlainSecret, reason, HINT);
        }
        Tree::Null | Tree::Flag(_) | Tree::Number(_) | Tree::Fraction(_) | Tree::Text(_) => {}
    }
}

/// A reference to a secret: a file by its path.
fn reference(key: &str, node: &Node, notes: &mut Notes<'_>) {
    let good = match &node.tree {
        Tree::Text(text) => text.strip_prefix("file:").is_some_and(|path| !path.trim().is_empty()),
        Tree::Null | Tree::Flag(_) | Tree::Number(_) | Tree::Fraction(_) | Tree::List(_) | Tree::Map(_) => false,
    };
    if !good {
        let reason = format!("`{}` has a `secret` that is not a reference", short(key));
        notes.add(node.place, Code::PlainSecret, reason, HINT);
    }
}

fn is_secret(key: &str) -> bool {
    let plain: String = key.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>().to_lowercase();
    SECRET_WORDS.iter().any(|word| plain.contains(word))
}

/// Whether an address says `user:password@`.
fn has_password(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
}
