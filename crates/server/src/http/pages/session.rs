//! Who sits at the browser: a token in a cookie that no script can read, that goes to pages of tasks
//! alone, and that no other site can make the browser send with a form.

use axum::http::{HeaderMap, Uri, header};

use crate::limits::{SESSION_SECONDS, TOKEN_BYTES_MAX};

const NAME: &str = "tenure_token";

/// The cookie that is no more.
pub(super) const END: &str = "tenure_token=; Path=/tasks; HttpOnly; SameSite=Lax; Max-Age=0";

/// The cookie of somebody who signed in. `Lax`, because a link in a mail comes from another site.
pub(super) fn begin(token: &str, by_tls: bool) -> String {
    let secure = if by_tls { "; Secure" } else { "" };
    format!("{NAME}={token}; Path=/tasks; HttpOnly; SameSite=Lax; Max-Age={SESSION_SECONDS}{secure}")
}

/// The one token among the cookies. Of two neither is the one.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut own = pairs.filter(|(name, _)| *name == NAME).map(|(_, token)| token);
    match (own.next(), own.next()) {
        (Some(token), None) if token.len() <= TOKEN_BYTES_MAX => Some(token),
        _ => None,
    }
}

/// Whether a form was sent by a page of ours. Every browser says so in one of the two ways; who says
/// neither is none.
pub(crate) fn is_ours(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let origin = text("origin").and_then(|origin| origin.parse::<Uri>().ok());
    let from = origin.as_ref().and_then(Uri::authority);
    from.zip(text("host")).is_some_and(|(from, host)| from.as_str().eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn there_is_one_token_or_none() {
        let found = |pairs: &[(&'static str, &str)]| token(&headers(pairs)).map(ToOwned::to_owned);
        assert_eq!(found(&[("cookie", "a=1; tenure_token=x; b=2")]).as_deref(), Some("x"));
        assert_eq!(found(&[("cookie", "tenure_token=x; tenure_token=y")]), None);
        assert_eq!(found(&[("cookie", "tenure_token=x"), ("cookie", "tenure_token=y")]), None);
        assert_eq!(found(&[("cookie", "xtenure_token=x")]), None);
        assert_eq!(found(&[("cookie", &format!("tenure_token={}", "x".repeat(TOKEN_BYTES_MAX + 1)))]), None);
    }

    #[test]
    fn a_form_of_another_site_is_not_ours() {
        for ours in [
            [("sec-fetch-site", "same-origin"), ("host", "tenure.example.org")],
            [("origin", "https://tenure.example.org"), ("host", "tenure.example.org")],
            [("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")],
        ] {
            assert!(is_ours(&headers(&ours)), "{ours:?}");
        }
        for other in [
            vec![
                ("sec-fetch-site", "cross-site"),
                ("origin", "https://tenure.example.org"),
                ("host", "tenure.example.org"),
            ],
            vec![("sec-fetch-site", "same-site"), ("host", "tenure.example.org")],
            vec![("origin", "https://evil.example.org"), ("host", "tenure.example.org")],
            vec![("origin", "https://tenure.example.org.evil.net"), ("host", "tenure.example.org")],
            vec![("origin", "https://tenure.example.org:8443"), ("host", "tenure.example.org")],
            vec![("origin", "null"), ("host", "tenure.example.org")],
            vec![("host", "tenure.example.org")],
            vec![],
        ] {
            assert!(!is_ours(&headers(&other)), "{other:?}");
        }
    }
}
