//! How a pack says to sign in.

use super::reader::{At, Fields};
use super::request::{Around, REQUEST_KEYS};
use super::{AuthPlan, TokenPlace};
use crate::http::{Part, SecretPlace, SendIn};

#[derive(Clone, Copy)]
enum Kind {
    Basic,
    Bearer,
    Header,
    Session,
    ClientCredentials,
    Assertion,
    SigV4,
    Hmac,
}

const KINDS: [(&str, Kind); 8] = [
    ("basic", Kind::Basic),
    ("bearer", Kind::Bearer),
    ("header", Kind::Header),
    ("session", Kind::Session),
    ("client-credentials", Kind::ClientCredentials),
    ("assertion", Kind::Assertion),
    ("aws-sigv4", Kind::SigV4),
    ("hmac", Kind::Hmac),
];

impl Around<'_> {
    /// How to sign in.
    pub(super) fn auth(&self, at: &At<'_>) -> Option<AuthPlan> {
        let kind = at.map()?.need("kind")?.word(&KINDS)?;
        let keys: &[&str] = match kind {
            Kind::Basic => &["kind", "user", "password"],
            Kind::Bearer => &["kind", "token"],
            Kind::Header => &["kind", "name", "prefix", "secret"],
            Kind::Session => &["kind", "login", "token", "send"],
            Kind::ClientCredentials => &["kind", "endpoint", "clientId", "secret", "scope", "sendIn"],
            Kind::Assertion => &["kind", "endpoint", "issuer", "subject", "audience", "scope", "key"],
            Kind::SigV4 => &["kind", "keyId", "secret", "region", "service"],
            Kind::Hmac => &["kind", "header", "prefix", "secret", "over", "dateHeader"],
        };
        let fields = at.fields(keys)?;
        let need = |key: &str| self.template(&fields.need(key)?);
        let maybe = |key: &str| self.maybe_template(&fields, key);
        let prefix = || fields.maybe_text("prefix").unwrap_or_default();
        Some(match kind {
            Kind::Basic => AuthPlan::Basic { user: need("user")?, password: self.secret(&fields, "password")? },
            Kind::Bearer => AuthPlan::Bearer { token: self.secret(&fields, "token")? },
            Kind::Header => AuthPlan::Header {
                name: fields.text("name")?,
                prefix: prefix(),
                secret: self.secret(&fields, "secret")?,
            },
            Kind::Session => self.session(&fields)?,
            Kind::ClientCredentials => AuthPlan::ClientCredentials {
                endpoint: need("endpoint")?,
                client_id: need("clientId")?,
                secret: self.secret(&fields, "secret")?,
                scope: maybe("scope"),
                send_in: match fields.get("sendIn") {
                    Some(at) => at.word(&[("header", SecretPlace::Header), ("form", SecretPlace::Form)])?,
                    None => SecretPlace::Header,
                },
            },
            Kind::Assertion => AuthPlan::Assertion {
                endpoint: need("endpoint")?,
                issuer: need("issuer")?,
                subject: maybe("subject"),
                audience: maybe("audience"),
                scope: maybe("scope"),
                key: self.secret(&fields, "key")?,
            },
            Kind::SigV4 => AuthPlan::SigV4 {
                key_id: self.secret(&fields, "keyId")?,
                secret: self.secret(&fields, "secret")?,
                region: need("region")?,
                service: fields.text("service")?,
            },
            Kind::Hmac => AuthPlan::Hmac {
                header: fields.text("header")?,
                prefix: prefix(),
                secret: self.secret(&fields, "secret")?,
                over: fields.need("over")?.list()?.iter().filter_map(part).collect(),
                date_header: fields.maybe_text("dateHeader"),
            },
        })
    }

    /// The name of a secret that the pack declares.
    fn secret(&self, fields: &Fields<'_>, key: &str) -> Option<String> {
        let at = fields.need(key)?;
        let name = at.text()?;
        if self.secrets.contains_key(name) {
            return Some(name.to_owned());
        }
        at.bad(format!("there is no secret `{name}`"), format!("add `{name}: what it is` to `secrets`"))
    }

    fn session(&self, fields: &Fields<'_>) -> Option<AuthPlan> {
        let login = fields.need("login")?.fields(&REQUEST_KEYS)?;
        let login = self.with(&["secret"]).request(&login);
        let token = fields.need("token")?.fields(&["header", "at", "cookie"])?;
        let token = match (token.maybe_text("header"), token.maybe_pointer("at"), token.flag("cookie")) {
            (Some(name), None, false) => TokenPlace::Header(name),
            (None, Some(at), false) => TokenPlace::At(at),
            (None, None, true) => TokenPlace::Cookie,
            _ => return token.at().bad("`token` must say one place", "write `header`, `at`, or `cookie: true`"),
        };
        let send = fields.need("send")?.fields(&["header", "prefix", "body", "cookie"])?;
        let send = match (send.maybe_text("header"), send.maybe_text("body"), send.flag("cookie")) {
            (Some(name), None, false) => SendIn::Header { name, prefix: send.maybe_text("prefix").unwrap_or_default() },
            (None, Some(name), false) => SendIn::Body { name },
            (None, None, true) => SendIn::Cookie,
            _ => return send.at().bad("`send` must say one place", "write `header`, `body`, or `cookie: true`"),
        };
        Some(AuthPlan::Session { login: login?, token, send })
    }
}

fn part(at: &At<'_>) -> Option<Part> {
    let words = [
        ("method", Part::Method),
        ("path", Part::Path),
        ("query", Part::Query),
        ("date", Part::Date),
        ("body", Part::Body),
    ];
    at.word(&words)
}
