//! Feeds over HTTP, with limits on size, time and redirects. Only https is spoken beyond this
//! machine, and a redirect to another host is not followed: it would be sent what was not meant
//! for it.

use std::io::{Seek as _, SeekFrom, Write as _};

use reqwest::header::{ETAG, IF_NONE_MATCH, LAST_MODIFIED};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use tenure_connect::{Refusal, RefusalClass, SecretRef, SecretText, Secrets};
use tokio::time::timeout;

use super::super::config::HttpAuth;
use super::super::spool::Room;
use super::{Fed, Fetched, too_large};
use crate::limits::{FILE_BYTES_MAX, FILE_HTTP_PIECE_TIME_MAX, FILE_HTTP_REDIRECTS_MAX, FILE_HTTP_TIME_MAX};

/// Whether this address may be called at all.
pub(in super::super) fn may_be_called(url: &Url) -> bool {
    let loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    url.has_host() && (url.scheme() == "https" || (url.scheme() == "http" && loopback))
}

/// A client with our limits.
pub(in super::super) struct Web {
    client: Client,
}

impl Web {
    /// A client with its own pool of connections. The TLS provider must be installed.
    pub(super) fn new() -> Result<Self, reqwest::Error> {
        let policy = redirect::Policy::custom(|attempt| {
            let first = attempt.previous().first();
            let same = first.is_some_and(|first| first.origin() == attempt.url().origin());
            if same && attempt.previous().len() <= FILE_HTTP_REDIRECTS_MAX { attempt.follow() } else { attempt.stop() }
        });
        let client = Client::builder()
            .redirect(policy)
            .timeout(FILE_HTTP_TIME_MAX)
            .read_timeout(FILE_HTTP_PIECE_TIME_MAX)
            .connect_timeout(FILE_HTTP_PIECE_TIME_MAX)
            .build()?;
        Ok(Self { client })
    }

    /// Fetches the feed into a file of our own, unless it still has this stamp.
    pub(super) async fn fetch(
        &self,
        url: &str,
        auth: Option<&HttpAuth>,
        secrets: &dyn Secrets,
        room: &Room,
        known: Option<&str>,
    ) -> Result<Option<Fetched>, Refusal> {
        let address: Url = url.parse().map_err(|_| invalid(url, "is not a URL"))?;
        if !may_be_called(&address) {
            return Err(invalid(url, "would cross the network in the clear"));
        }
        let mut request = self.client.get(address.clone());
        request = match auth {
            None => request,
            Some(HttpAuth::Bearer { token }) => request.bearer_auth(secret(secrets, token)?.expose()),
            Some(HttpAuth::Basic { user, password }) => {
                request.basic_auth(user, Some(secret(secrets, password)?.expose()))
            }
        };
        if let Some(tag) = known.and_then(|stamp| stamp.strip_prefix("etag ")) {
            request = request.header(IF_NONE_MATCH, tag);
        }
        let response = request.send().await.map_err(|error| unanswered(url, error))?;
        if response.status() == StatusCode::NOT_MODIFIED && known.is_some() {
            return Ok(None);
        }
        answered(url, &response)?;
        let stamp = stamp(&response);
        if stamp.is_some() && stamp.as_deref() == known {
            return Ok(None);
        }
        let path = address.path_segments().and_then(|mut parts| parts.next_back().map(str::to_owned));
        let name = path.filter(|name| !name.is_empty()).unwrap_or_else(|| "feed".to_owned());
        let content = store(url, &name, response, room).await?;
        Ok(Some(Fetched { stamp, files: vec![Fed { name, content, declared: None, shared: false }] }))
    }
}

async fn store(url: &str, name: &str, mut response: Response, room: &Room) -> Result<std::fs::File, Refusal> {
    let promised = response.content_length();
    if promised.is_some_and(|bytes| bytes > FILE_BYTES_MAX) {
        return Err(too_large(name));
    }
    let unkept = |error: std::io::Error| {
        Refusal::new(RefusalClass::Maintenance, "the feed cannot be kept; look at the free space of the data folder")
            .because(error)
    };
    let mut file = room.file().map_err(unkept)?;
    let mut bytes = 0;
    let whole = async {
        while let Some(piece) = response.chunk().await.map_err(|error| broken(url, error))? {
            bytes += piece.len() as u64;
            if bytes > FILE_BYTES_MAX {
                return Err(too_large(name));
            }
            // To a file of this machine, which is written to memory first.
            file.write_all(&piece).map_err(unkept)?;
        }
        Ok(())
    };
    timeout(FILE_HTTP_TIME_MAX, whole).await.unwrap_or_else(|_| Err(invalid(url, "takes too long to answer")))?;
    if promised.is_some_and(|promised| promised != bytes) {
        return Err(Refusal::new(RefusalClass::Network, format!("`{}` sent less than it said", shown(url))));
    }
    file.seek(SeekFrom::Start(0)).map_err(unkept)?;
    Ok(file)
}

fn stamp(response: &Response) -> Option<String> {
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let tag = header(ETAG).map(|tag| format!("etag {tag}"));
    tag.or_else(|| header(LAST_MODIFIED).map(|time| format!("{time} {:?}", response.content_length())))
}

fn answered(url: &str, response: &Response) -> Result<(), Refusal> {
    let status = response.status();
    if status == StatusCode::OK {
        return Ok(());
    }
    let (class, way) = match status.as_u16() {
        401 => (RefusalClass::Auth, "correct `from.auth`"),
        403 => (RefusalClass::Permission, "give us the right to read it"),
        404 | 410 => (RefusalClass::Gone, "correct `from.url`, or have the feed written there"),
        429 => (RefusalClass::Rate, "it wants to be asked more slowly"),
        300..=399 => {
            (RefusalClass::Invalid, "it sends us elsewhere, perhaps to sign in; write the address of the feed itself")
        }
        500..=599 => (RefusalClass::Maintenance, "it cannot serve now"),
        _ => (RefusalClass::Invalid, "it does not hand the feed over"),
    };
    let wait = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    let refusal = Refusal::new(class, format!("`{}` answered with {}: {way}", shown(url), status.as_u16()));
    Err(match wait {
        Some(seconds) => refusal.after(std::time::Duration::from_secs(seconds)),
        None => refusal,
    })
}

fn secret(secrets: &dyn Secrets, reference: &SecretRef) -> Result<SecretText, Refusal> {
    secrets.resolve(reference).map_err(|cause| {
        let message = format!("the secret for the feed cannot be had from `{reference}`");
        Refusal::new(RefusalClass::Auth, message).because(cause)
    })
}

/// An address without what stands behind `?`, which may be a secret.
fn shown(url: &str) -> &str {
    url.split_once('?').map_or(url, |(front, _)| front)
}

fn invalid(url: &str, what: &str) -> Refusal {
    Refusal::new(RefusalClass::Invalid, format!("`{}` {what}; correct `from.url`", shown(url)))
}

fn unanswered(url: &str, error: reqwest::Error) -> Refusal {
    let url = shown(url);
    let message =
        format!("`{url}` did not answer; check that it is up, can be reached, and has a certificate we trust");
    Refusal::new(RefusalClass::Network, message).because(error.without_url())
}

fn broken(url: &str, error: reqwest::Error) -> Refusal {
    let message = format!("`{}` stopped in the middle of the feed; nothing of it is used", shown(url));
    Refusal::new(RefusalClass::Network, message).because(error.without_url())
}
