//! How a password is proved without being sent: by hashes mixed with what the server gave us.

use ring::digest::{Context, Digest, SHA1_FOR_LEGACY_USE_ONLY, SHA256};

/// The old way, with SHA-1, which MariaDB still has as its usual one.
pub(super) const NATIVE: &str = "mysql_native_password";
/// The way of MySQL since version 8.
pub(super) const CACHING: &str = "caching_sha2_password";

/// The proof in one of the ways; none if we do not know it.
pub(super) fn proof(method: &str, password: &str, nonce: &[u8]) -> Option<Vec<u8>> {
    if password.is_empty() && matches!(method, NATIVE | CACHING) {
        return Some(Vec::new());
    }
    let password = password.as_bytes();
    match method {
        NATIVE => {
            let hash = |parts: &[&[u8]]| digest(Context::new(&SHA1_FOR_LEGACY_USE_ONLY), parts);
            let once = hash(&[password]);
            let twice = hash(&[once.as_ref()]);
            Some(mixed(&once, &hash(&[nonce, twice.as_ref()])))
        }
        CACHING => {
            let hash = |parts: &[&[u8]]| digest(Context::new(&SHA256), parts);
            let once = hash(&[password]);
            let twice = hash(&[once.as_ref()]);
            Some(mixed(&once, &hash(&[twice.as_ref(), nonce])))
        }
        _ => None,
    }
}

fn digest(mut context: Context, parts: &[&[u8]]) -> Digest {
    for part in parts {
        context.update(part);
    }
    context.finish()
}

fn mixed(one: &Digest, other: &Digest) -> Vec<u8> {
    one.as_ref().iter().zip(other.as_ref()).map(|(one, other)| one ^ other).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a server does: it keeps the password hashed twice, takes its part out of the proof,
    /// and hashes what is left once more.
    #[test]
    fn a_server_that_keeps_the_password_hashed_twice_accepts_the_proof() {
        let nonce = b"0123456789abcdefghij";
        for (method, algorithm) in [(NATIVE, &SHA1_FOR_LEGACY_USE_ONLY), (CACHING, &SHA256)] {
            let hash = |parts: &[&[u8]]| digest(Context::new(algorithm), parts);
            let twice = hash(&[hash(&[b"only-for-tests"]).as_ref()]);
            let parts: [&[u8]; 2] = if method == NATIVE { [nonce, twice.as_ref()] } else { [twice.as_ref(), nonce] };
            let mask = hash(&parts);
            let given = proof(method, "only-for-tests", nonce).unwrap();
            let once: Vec<u8> = given.iter().zip(mask.as_ref()).map(|(one, other)| one ^ other).collect();
            assert_eq!(hash(&[&once]).as_ref(), twice.as_ref(), "{method}");
        }
        assert_eq!(proof("mysql_clear_password", "x", nonce), None);
    }

    #[test]
    fn the_proof_is_the_one_of_the_published_examples() {
        // SHA-1 of SHA-1 of `password`, as `SELECT PASSWORD('password')` shows it.
        let once = digest(Context::new(&SHA1_FOR_LEGACY_USE_ONLY), &[b"password"]);
        let twice = digest(Context::new(&SHA1_FOR_LEGACY_USE_ONLY), &[once.as_ref()]);
        let words: String = twice.as_ref().iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().concat();
        assert_eq!(words, "2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19");
    }
}
