//! Signing a mail for whoever receives it (RFC 6376), with RSA or Ed25519 (RFC 8463).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use tenure_connect::{Refusal, RefusalClass, Secrets};

use super::config::{MailDkim, Settings};
use super::message::Built;

/// A private key of either kind.
enum Key {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

/// The bytes of the message, signed if the settings say so.
pub(super) fn sign(
    settings: &Settings,
    secrets: &dyn Secrets,
    built: Built,
    at: Timestamp,
) -> Result<Vec<u8>, Refusal> {
    let Some(dkim) = &settings.dkim else { return Ok(built.bytes()) };
    let no = |what: &str| {
        Refusal::new(
            RefusalClass::Auth,
            format!("the key of `dkim` {what}; it is a private key, RSA or Ed25519, as PKCS#8 in PEM"),
        )
    };
    let secret = secrets.resolve(&dkim.key).map_err(|cause| no("cannot be had").because(cause))?;
    let key = Key::read(secret.expose()).ok_or_else(|| no("cannot be read"))?;
    let unsigned = header(dkim, key.algorithm(), &built, at);
    let mut signed: String = built.headers.iter().map(|(name, value)| relaxed(name, value) + "\r\n").collect();
    signed.push_str(&relaxed("DKIM-Signature", &unsigned));
    let signature = key.sign(signed.as_bytes()).ok_or_else(|| no("cannot sign"))?;
    let mut bytes = format!("DKIM-Signature: {unsigned}{}\r\n", folded(&signature)).into_bytes();
    bytes.extend(built.bytes());
    Ok(bytes)
}

impl Key {
    fn read(pem: &str) -> Option<Self> {
        let lines = pem.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
        let der = STANDARD.decode(lines.collect::<String>()).ok()?;
        let ed25519 = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).map(Self::Ed25519);
        ed25519.or_else(|_| RsaKeyPair::from_pkcs8(&der).map(|pair| Self::Rsa(Box::new(pair)))).ok()
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "rsa-sha256",
            Self::Ed25519(_) => "ed25519-sha256",
        }
    }

    fn sign(&self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::Ed25519(pair) => Some(STANDARD.encode(pair.sign(digest(&SHA256, bytes).as_ref()))),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                // The random bytes only hide the time that it takes; the signature is always the same.
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), bytes, &mut signature).ok()?;
                Some(STANDARD.encode(signature))
            }
        }
    }
}

/// The value of the header, up to where the signature goes.
fn header(dkim: &MailDkim, algorithm: &str, built: &Built, at: Timestamp) -> String {
    let names: Vec<String> = built.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    // The sender is named once more than it is there, so that nobody can add a second one.
    let names = format!("{}:from", names.join(":"));
    let body = STANDARD.encode(digest(&SHA256, &relaxed_body(&built.body)));
    let names = names.replace(":content-type", ":\r\n content-type");
    format!(
        "v=1; a={algorithm}; c=relaxed/relaxed; d={}; s={};\r\n t={}; h={names};\r\n bh={body};\r\n b=",
        dkim.domain,
        dkim.selector,
        at.as_second()
    )
}

/// A header in the form that is signed: small name, blanks folded to one.
fn relaxed(name: &str, value: &str) -> String {
    let words: Vec<&str> = value.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()).collect();
    format!("{}:{}", name.to_ascii_lowercase(), words.join(" "))
}

/// The body in the form that is signed: blanks folded to one, none at the end of a line, no empty
/// lines at the end.
fn relaxed_body(body: &str) -> Vec<u8> {
    let mut text = String::with_capacity(body.len());
    for line in body.split("\r\n") {
        let mut blank = false;
        for letter in line.trim_end_matches([' ', '\t']).chars() {
            match letter {
                ' ' | '\t' => blank = true,
                letter => {
                    if std::mem::take(&mut blank) {
                        text.push(' ');
                    }
                    text.push(letter);
                }
            }
        }
        text.push_str("\r\n");
    }
    let end = text.trim_end_matches("\r\n").len();
    text.truncate(end);
    if !text.is_empty() {
        text.push_str("\r\n");
    }
    text.into_bytes()
}

/// A long text over several lines of a header.
fn folded(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(70).map(|chunk| chunk.iter().collect::<String>()).collect::<Vec<_>>().join("\r\n ")
}
