//! A request: as a connector words it, and as it goes over the line.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Response, Url};
use serde_json::Value as Json;
use tenure_connect::{Refusal, RefusalClass};

use super::auth::encoded;

/// A request.
#[derive(Debug, Clone)]
pub struct Call {
    /// What is done.
    pub method: Method,
    /// The segments of the path below the server's address; they are encoded here.
    pub path: Vec<String>,
    /// The query.
    pub query: Vec<(String, String)>,
    /// Headers of its own.
    pub headers: Vec<(String, String)>,
    /// The version that the object must still have.
    pub if_match: Option<String>,
    /// What is sent.
    pub body: Option<Json>,
    /// What is sent as a form; only where there is no body.
    pub form: Vec<(String, String)>,
}

impl Call {
    /// A request to read.
    pub fn get<'a>(path: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(Method::GET, path)
    }

    /// A request of this method.
    pub fn new<'a>(method: Method, path: impl IntoIterator<Item = &'a str>) -> Self {
        let path = path.into_iter().map(str::to_owned).collect();
        Self { method, path, query: Vec::new(), headers: Vec::new(), if_match: None, body: None, form: Vec::new() }
    }

    /// With one more part of the query.
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Takes more parts of the query.
    pub fn ask<N: Into<String>>(&mut self, parts: impl IntoIterator<Item = (N, String)>) {
        self.query.extend(parts.into_iter().map(|(name, value)| (name.into(), value)));
    }

    /// With this body.
    pub fn sending(self, body: Json) -> Self {
        Self { body: Some(body), ..self }
    }

    /// Only if the object still has this version.
    pub fn only_if(self, version: Option<String>) -> Self {
        Self { if_match: version, ..self }
    }

    /// The request for a human: what and where, without query and body. Where every request goes to
    /// the same place, the method that is called says what.
    pub(super) fn name(&self) -> String {
        let called = self.body.as_ref().filter(|body| body.get("jsonrpc").is_some());
        let called = called.and_then(|body| body.get("method")?.as_str()).map(|method| format!(" {method}"));
        format!("{} /{}{}", self.method, self.path.join("/"), called.unwrap_or_default())
    }

    fn locate(&self, base: &Url) -> Result<Url, Refusal> {
        let mut url = base.clone();
        let bad = || Refusal::new(RefusalClass::Invalid, format!("`{}` cannot be part of an address", self.name()));
        // These two would be swallowed, and the request would go to the parent.
        if self.path.iter().any(|segment| matches!(segment.as_str(), "" | "." | "..")) {
            return Err(bad());
        }
        url.path_segments_mut().map_err(|()| bad())?.pop_if_empty().extend(&self.path);
        // Browsers leave these as they are, and in a path they have no place (RFC 3986).
        if url.path().contains(['|', '[', ']']) {
            let path = url.path().replace('|', "%7C").replace('[', "%5B").replace(']', "%5D");
            url.set_path(&path);
        }
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        Ok(url)
    }
}

/// A request as it goes over the line, so that it can be signed.
pub(super) struct Outgoing {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Outgoing {
    /// The request to the server at this address.
    pub(super) fn of(base: &Url, call: &Call, media_type: &str) -> Result<Self, Refusal> {
        let url = call.locate(base)?;
        let mut outgoing = Self { method: call.method.clone(), url, headers: HeaderMap::new(), body: Vec::new() };
        outgoing.say("accept", &format!("{media_type}, application/json"))?;
        if let Some(version) = &call.if_match {
            outgoing.say("if-match", version)?;
        }
        if let Some(body) = &call.body {
            outgoing.say("content-type", media_type)?;
            outgoing.body = body.to_string().into_bytes();
        } else if !call.form.is_empty() {
            outgoing.say("content-type", "application/x-www-form-urlencoded")?;
            outgoing.body = encoded(&call.form).into_bytes();
        }
        for (name, value) in &call.headers {
            outgoing.say(name, value)?;
        }
        Ok(outgoing)
    }

    /// Puts a header in, in the place of one of that name.
    pub(super) fn say(&mut self, name: &str, value: &str) -> Result<(), Refusal> {
        let value = HeaderValue::from_str(value);
        self.say_marked(name, value.map_err(|_| unsayable(name))?)
    }

    /// The same with a value that is made already, perhaps marked as a secret.
    pub(super) fn say_marked(&mut self, name: &str, value: HeaderValue) -> Result<(), Refusal> {
        let name: HeaderName = name.parse().map_err(|_| unsayable(name))?;
        self.headers.insert(name, value);
        Ok(())
    }

    /// Sends it.
    pub(super) async fn send(self, client: &Client) -> Result<Response, reqwest::Error> {
        client.request(self.method, self.url).headers(self.headers).body(self.body).send().await
    }
}

fn unsayable(name: &str) -> Refusal {
    Refusal::new(RefusalClass::Invalid, format!("what is to go into the header `{name}` cannot stand in one"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_a_path_stays_in_its_segment() {
        let base: Url = "https://x/base/".parse().unwrap();
        let url = |segment| Call::get(["Users", segment]).locate(&base).map(|url| url.path().to_owned());
        assert_eq!(url("a/b?c#d|[e]%7C").unwrap(), "/base/Users/a%2Fb%3Fc%23d%7C%5Be%5D%257C");
        assert_eq!(url("|%2e%2e").unwrap(), "/base/Users/%7C%252e%252e");
        assert!(["", ".", ".."].into_iter().all(|segment| url(segment).is_err()));
    }
}
