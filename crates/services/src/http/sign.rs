//! Signatures: over a request, as AWS and others ask for it, and under an assertion (RFC 7523).
//!
//! What is signed is exactly what goes over the line; nothing may change a request after this.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use reqwest::Url;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use ring::{digest, hmac as mac};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;
use tenure_connect::{Refusal, RefusalClass, SecretRef, SecretText};

use super::auth::marked;
use super::call::Outgoing;
use crate::limits::HTTP_ASSERTION_LIFE;

/// Signature Version 4 of AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigV4 {
    /// The id of the key.
    pub key_id: SecretRef,
    /// The key.
    pub secret: SecretRef,
    /// Of which region.
    pub region: String,
    /// Of which service.
    pub service: String,
}

/// An assertion that we sign, for which tokens are given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// Where tokens are fetched.
    pub endpoint: String,
    /// Who we are.
    pub issuer: String,
    /// In whose name; ourselves if none.
    pub subject: Option<String>,
    /// For whom the assertion is; the endpoint if none.
    pub audience: Option<String>,
    /// What the token is for.
    pub scope: Option<String>,
    /// Our key: PKCS #8 in PEM, RSA or P-256.
    pub key: SecretRef,
}

/// A keyed hash over parts of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hmac {
    /// The header that it goes into.
    pub header: String,
    /// What stands before it.
    pub prefix: String,
    /// The key.
    pub secret: SecretRef,
    /// What it is over, a line each.
    pub over: Vec<Part>,
    /// The header that says when; needed where the moment is signed.
    pub date_header: Option<String>,
}

/// A part of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Its method.
    Method,
    /// Its path.
    Path,
    /// Its query.
    Query,
    /// The moment, in seconds.
    Date,
    /// Its body.
    Body,
}

/// Signs with a keyed hash.
pub(super) fn hmac(way: &Hmac, secret: &SecretText, now: Timestamp, outgoing: &mut Outgoing) -> Result<(), Refusal> {
    let date = now.as_second().to_string();
    let part = |part: &Part| match part {
        Part::Method => outgoing.method.as_str().as_bytes().to_vec(),
        Part::Path => outgoing.url.path().as_bytes().to_vec(),
        Part::Query => outgoing.url.query().unwrap_or_default().as_bytes().to_vec(),
        Part::Date => date.as_bytes().to_vec(),
        Part::Body => outgoing.body.clone(),
    };
    let over = way.over.iter().map(part).collect::<Vec<_>>().join(&b'\n');
    let key = mac::Key::new(mac::HMAC_SHA256, secret.expose().as_bytes());
    let signature = hex(mac::sign(&key, &over).as_ref());
    if let Some(name) = &way.date_header {
        outgoing.say(name, &date)?;
    }
    outgoing.say_marked(&way.header, marked(&format!("{}{signature}", way.prefix))?)
}

/// Signs as AWS asks for it.
pub(super) fn sigv4(
    way: &SigV4,
    key_id: &SecretText,
    secret: &SecretText,
    now: Timestamp,
    outgoing: &mut Outgoing,
) -> Result<(), Refusal> {
    let moment = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let (day, _) = moment.split_at(8);
    let scope = format!("{day}/{}/{}/aws4_request", way.region, way.service);
    outgoing.say("x-amz-date", &moment)?;
    let (names, canonical) = canonical(outgoing, &moment);
    let to_sign = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{}", digest_of(canonical.as_bytes()));
    let mut key = format!("AWS4{}", secret.expose()).into_bytes();
    for part in [day, &way.region, &way.service, "aws4_request", &to_sign] {
        key = mac::sign(&mac::Key::new(mac::HMAC_SHA256, &key), part.as_bytes()).as_ref().to_vec();
    }
    let credential = format!("{}/{scope}", key_id.expose());
    let signature = hex(&key);
    let header = format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}");
    outgoing.say_marked("authorization", marked(&header)?)
}

/// The names of the headers that are signed, and the request in the one form that both sides sign.
fn canonical(outgoing: &Outgoing, moment: &str) -> (String, String) {
    let Outgoing { method, url, headers, body } = outgoing;
    let kind = headers.get("content-type").and_then(|value| value.to_str().ok());
    let mut said: Vec<(&str, String)> = kind.map(|kind| ("content-type", kind.to_owned())).into_iter().collect();
    said.extend([("host", host(url)), ("x-amz-date", moment.to_owned())]);
    let names = said.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let lines: String = said.iter().flat_map(|(name, value)| [name, ":", value, "\n"].map(str::to_owned)).collect();
    // Every service but S3 wants the path encoded once more than it goes over the line.
    let path: Vec<String> = url.path().split('/').map(escaped).collect();
    let mut query: Vec<(String, String)> =
        url.query_pairs().map(|(name, value)| (escaped(&name), escaped(&value))).collect();
    query.sort();
    let query = query.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    (names.clone(), format!("{method}\n{}\n{query}\n{lines}\n{names}\n{}", path.join("/"), digest_of(body)))
}

fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Everything but unreserved characters in per cent (RFC 3986).
fn escaped(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

fn digest_of(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|half| char::from_digit(half.into(), 16).unwrap_or_default());
    bytes.iter().flat_map(digits).collect()
}

/// The form that asks for a token with an assertion, signed now.
pub(super) fn assertion_form(
    way: &Assertion,
    key: &SecretText,
    now: Timestamp,
) -> Result<Vec<(&'static str, String)>, Refusal> {
    let bad = || Refusal::new(RefusalClass::Auth, "the key to sign with is no RSA or P-256 key in PKCS #8 and PEM");
    let der = PrivatePkcs8KeyDer::from_pem_slice(key.expose().as_bytes()).map_err(|_| bad())?;
    let der = der.secret_pkcs8_der();
    let random = SystemRandom::new();
    let rsa = RsaKeyPair::from_pkcs8(der).ok();
    let seconds = now.as_second();
    let mut claims = json!({
        "iss": way.issuer, "sub": way.subject.as_ref().unwrap_or(&way.issuer),
        "aud": way.audience.as_ref().unwrap_or(&way.endpoint),
        "iat": seconds, "exp": seconds.saturating_add(HTTP_ASSERTION_LIFE.as_secs().cast_signed()),
    });
    if let (Some(scope), Some(fields)) = (&way.scope, claims.as_object_mut()) {
        fields.insert("scope".to_owned(), scope.as_str().into());
    }
    let head = json!({ "alg": if rsa.is_some() { "RS256" } else { "ES256" }, "typ": "JWT" });
    let [head, claims] = [head, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let over = format!("{head}.{claims}");
    let signature = if let Some(pair) = rsa {
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &random, over.as_bytes(), &mut signature).map_err(|_| bad())?;
        signature
    } else {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &random).map_err(|_| bad())?;
        pair.sign(&random, over.as_bytes()).map_err(|_| bad())?.as_ref().to_vec()
    };
    let assertion = format!("{over}.{}", URL_SAFE_NO_PAD.encode(signature));
    let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned();
    Ok(vec![("grant_type", grant), ("assertion", assertion)])
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use reqwest::Method;
    use reqwest::header::HeaderMap;
    use ring::signature::{ECDSA_P256_SHA256_FIXED, KeyPair as _, UnparsedPublicKey};

    use super::*;

    fn reference(name: &str) -> SecretRef {
        format!("file:/{name}").parse().unwrap()
    }

    fn signed(url: &str, service: &str, kind: Option<&str>) -> String {
        let url: Url = url.parse().unwrap();
        let mut outgoing = Outgoing { method: Method::GET, url, headers: HeaderMap::new(), body: Vec::new() };
        if let Some(kind) = kind {
            outgoing.say("content-type", kind).unwrap();
        }
        let (region, service) = ("us-east-1".to_owned(), service.to_owned());
        let way = SigV4 { key_id: reference("id"), secret: reference("key"), region, service };
        let (id, key) = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        let now = "2015-08-30T12:36:00Z".parse().unwrap();
        sigv4(&way, &SecretText::new(id), &SecretText::new(key), now, &mut outgoing).unwrap();
        let header = outgoing.headers.get("authorization").unwrap();
        assert!(header.is_sensitive());
        header.to_str().unwrap().rsplit_once("Signature=").unwrap().1.to_owned()
    }

    /// The examples that AWS publishes for those who write this themselves.
    #[test]
    fn the_published_examples_of_aws_are_signed_as_published() {
        assert_eq!(
            signed("https://example.amazonaws.com/", "service", None),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        );
        let form = "application/x-www-form-urlencoded; charset=utf-8";
        assert_eq!(
            signed("https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08", "iam", Some(form)),
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
    }

    #[test]
    fn an_assertion_is_signed_with_our_key_and_ends_soon() {
        let random = SystemRandom::new();
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.as_ref(), &random).unwrap();
        let pem =
            format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()));
        let way = Assertion {
            endpoint: "https://sso.example/token".into(),
            issuer: "tenure".into(),
            subject: None,
            audience: None,
            scope: Some("people".into()),
            key: reference("key"),
        };
        let form = assertion_form(&way, &SecretText::new(pem), Timestamp::UNIX_EPOCH).unwrap();
        let (over, signature) = form[1].1.rsplit_once('.').unwrap();
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref());
        key.verify(over.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        let claims: serde_json::Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(over.split_once('.').unwrap().1).unwrap()).unwrap();
        let wanted = json!({
            "iss": "tenure", "sub": "tenure", "aud": "https://sso.example/token", "scope": "people", "iat": 0, "exp": 300,
        });
        assert_eq!(claims, wanted);
        assert!(assertion_form(&way, &SecretText::new("no key"), Timestamp::UNIX_EPOCH).is_err());
    }

    /// The second case of RFC 4231.
    #[test]
    fn a_keyed_hash_is_the_published_one() {
        let url = "https://x.example/".parse().unwrap();
        let body = b"what do ya want for nothing?".to_vec();
        let mut outgoing = Outgoing { method: Method::POST, url, headers: HeaderMap::new(), body };
        let way = Hmac {
            header: "x-signature".into(),
            prefix: "v1=".into(),
            secret: reference("key"),
            over: vec![Part::Body],
            date_header: None,
        };
        hmac(&way, &SecretText::new("Jefe"), Timestamp::UNIX_EPOCH, &mut outgoing).unwrap();
        assert_eq!(
            outgoing.headers.get("x-signature").unwrap(),
            "v1=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
