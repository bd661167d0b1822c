//! Asking: from a request of the pack to a call, and from an answer to what it means.

use reqwest::Method;
use serde_json::{Value as Json, json};
use tenure_connect::{Doubt, DoubtKind, Refusal, RefusalClass, WriteFault};

use super::RestConnector;
use super::pack::{ErrorRule, Meaning, Request, Speaks, What};
use super::template::{Scope, Template, scalar};
use crate::http::{Answer, Call, class_of};

/// JSON-RPC 2.0: there is no such method.
const RPC_NO_METHOD: i64 = -32601;
/// JSON-RPC 2.0: something broke within, nobody knows when.
const RPC_BROKE: i64 = -32603;

/// What was answered to a good question.
pub(super) struct Said {
    /// The answer itself.
    pub(super) answer: Answer,
    /// What it holds, without the envelope of the protocol.
    pub(super) json: Json,
}

/// The call that a request becomes.
pub(super) fn call(
    request: &Request,
    speaks: &Speaks,
    headers: &[(String, Template)],
    scope: &Scope<'_>,
) -> Result<Call, Refusal> {
    let body = request.body.as_ref().map(|shape| shape.fill(scope)).transpose()?;
    let mut call = match &request.what {
        What::Path { method, path } => {
            let path: Vec<String> = path.iter().map(|segment| segment.text(scope)).collect::<Result<_, _>>()?;
            Call::new(method.clone(), path.iter().map(String::as_str))
        }
        What::Call(_) => {
            let Speaks::JsonRpc { path } = speaks else { return Err(unspoken()) };
            Call::new(Method::POST, path.iter().map(String::as_str))
        }
    };
    match (&request.what, speaks) {
        (What::Call(method), _) => {
            let params = body.unwrap_or_else(|| json!({}));
            call.body = Some(json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }));
        }
        (_, Speaks::QueryXml) => flatten("", &body.unwrap_or(Json::Null), &mut call.form),
        (_, Speaks::Rest | Speaks::JsonRpc { .. }) => call.body = body,
    }
    for (name, template) in &request.query {
        call.query.push((name.clone(), template.text(scope)?));
    }
    for (name, template) in headers.iter().chain(&request.headers) {
        call.headers.push((name.clone(), template.text(scope)?));
    }
    Ok(call)
}

fn unspoken() -> Refusal {
    Refusal::new(RefusalClass::Invalid, "the pack calls a method and does not speak JSON-RPC")
}

/// A tree as a form, in the way of Amazon: `Tags.member.1.Key`.
fn flatten(name: &str, json: &Json, form: &mut Vec<(String, String)>) {
    let below = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
    match json {
        Json::Object(fields) => fields.iter().for_each(|(key, value)| flatten(&below(key), value, form)),
        Json::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                flatten(&below(&format!("member.{}", place + 1)), item, form);
            }
        }
        _ => form.extend(scalar(json).map(|text| (name.to_owned(), text))),
    }
}

impl ErrorRule {
    fn fits(&self, answer: &Answer) -> bool {
        if !self.status.is_empty() && !self.status.contains(&answer.status) {
            return false;
        }
        let Some(pointer) = &self.at else { return true };
        let Some(said) = answer.json().and_then(|json| json.pointer(pointer)) else { return false };
        let text = scalar(said).unwrap_or_else(|| said.to_string());
        let is = self.is.as_ref().is_none_or(|wanted| *wanted == text);
        is && self.has.as_ref().is_none_or(|part| text.to_lowercase().contains(part.as_str()))
    }
}

impl RestConnector {
    /// What fills requests everywhere.
    pub(super) fn scope(&self) -> Scope<'_> {
        Scope::new(&self.settings).with("url", self.http.url()).with("fields", self.fields.as_str())
    }

    pub(super) fn call(&self, request: &Request, scope: &Scope<'_>) -> Result<Call, Refusal> {
        call(request, &self.pack.speaks, &self.pack.headers, scope)
    }

    /// Asks something that changes nothing. What is not there is none.
    pub(super) async fn read(&self, call: &Call) -> Result<Option<Said>, Refusal> {
        let mut answer = self.http.read(call).await?;
        if self.is_unknown(&answer).await? && self.http.renew().await {
            answer = self.http.read(call).await?;
            self.must_be_known().await?;
        }
        match self.meaning(&answer) {
            Some(Meaning::No(RefusalClass::Gone)) => Ok(None),
            Some(_) => Err(self.refusal(call, &answer)),
            None => self.said(call, answer).map(Some),
        }
    }

    /// Whether the service did not know us when it answered. Where it answers guests too, with less
    /// or with nothing, only another question tells.
    async fn is_unknown(&self, answer: &Answer) -> Result<bool, Refusal> {
        if self.meaning(answer) == Some(Meaning::No(RefusalClass::Auth)) {
            return Ok(true);
        }
        Ok(self.guest_check().await?.is_err())
    }

    /// Refuses unless the service knows us. What it shows to guests must not be taken for all.
    async fn must_be_known(&self) -> Result<(), Refusal> {
        self.guest_check().await?
    }

    async fn guest_check(&self) -> Result<Result<(), Refusal>, Refusal> {
        let Some(check) = self.pack.check.as_ref().filter(|_| self.pack.answers_guests) else { return Ok(Ok(())) };
        let call = self.call(check, &self.scope())?;
        let answer = self.http.read(&call).await?;
        Ok(match self.meaning(&answer) {
            None => Ok(()),
            Some(_) => Err(self.refusal(&call, &answer)),
        })
    }

    /// Asks for what must be there.
    pub(super) async fn must_read(&self, call: &Call) -> Result<Said, Refusal> {
        self.read(call).await?.ok_or_else(|| self.not_known())
    }

    /// The refusal where something is missing that must be there.
    pub(super) fn not_known(&self) -> Refusal {
        let url = self.http.url();
        let message = format!("`{url}` does not know what the pack asks it for; check `url` and the settings");
        Refusal::new(RefusalClass::Invalid, message)
    }

    /// Sends a write. An answer comes back only if it is known what became of it: a server that
    /// failed on the way may have written, whatever it says.
    pub(super) async fn write_once(&self, call: &Call, accept: &[u16]) -> Result<Said, WriteFault> {
        let mut answer = self.send(call).await?;
        if self.meaning(&answer) == Some(Meaning::No(RefusalClass::Auth)) && self.http.renew().await {
            answer = self.send(call).await?;
        }
        if accept.contains(&answer.status) {
            return Ok(Said { answer, json: Json::Null });
        }
        let ruled = self.pack.errors.iter().any(|rule| rule.fits(&answer));
        let broke = self.rpc_error(&answer) == Some(RPC_BROKE);
        let unclear = (broke || matches!(answer.status, 408 | 500 | 502..=599)) && !ruled;
        match self.meaning(&answer) {
            None => Ok(self.said(call, answer.clone()).unwrap_or(Said { answer, json: Json::Null })),
            Some(Meaning::No(_)) if !unclear => Err(self.refusal(call, &answer).into()),
            Some(_) => {
                tracing::warn!(status = answer.status, server = self.http.url(), "a write ended in doubt");
                let refusal = self.refusal(call, &answer);
                let message = format!("{refusal}; it may have been done, so read before anything else");
                Err(WriteFault::Doubt(Doubt::new(DoubtKind::LostResponse, message)))
            }
        }
    }

    async fn send(&self, call: &Call) -> Result<Answer, WriteFault> {
        let sent = self.http.send(call).await;
        sent.map_err(|fault| fault.as_write().map_or_else(WriteFault::Doubt, WriteFault::Refused))
    }

    /// What kind of no an answer is; none where it is a yes. The pack has the first word.
    fn meaning(&self, answer: &Answer) -> Option<Meaning> {
        if let Some(rule) = self.pack.errors.iter().find(|rule| rule.fits(answer)) {
            return Some(rule.means);
        }
        let in_body = self.rpc_error(answer).map(|code| match code {
            RPC_NO_METHOD => RefusalClass::Unsupported,
            RPC_BROKE => RefusalClass::Maintenance,
            _ => RefusalClass::Invalid,
        });
        class_of(answer.status).or(in_body).map(Meaning::No)
    }

    /// The code of an error that came as an answer of JSON-RPC; zero if it has none.
    fn rpc_error(&self, answer: &Answer) -> Option<i64> {
        let speaks = matches!(self.pack.speaks, Speaks::JsonRpc { .. });
        let error = answer.json().filter(|_| speaks)?.get("error").filter(|error| !error.is_null())?;
        Some(error.get("code").and_then(Json::as_i64).unwrap_or_default())
    }

    /// The refusal that an answer means, in the class that the pack gives it.
    fn refusal(&self, call: &Call, answer: &Answer) -> Refusal {
        let plain = self.http.refusal(call, answer);
        let class = match self.meaning(answer) {
            Some(Meaning::No(class)) => class,
            // A question that was not answered can be asked again.
            Some(Meaning::Unknown) => RefusalClass::Maintenance,
            None => return plain,
        };
        if class == plain.class {
            return plain;
        }
        let message = format!("{}; the pack takes that for `{class}`", plain.message);
        let wait = plain.retry_after;
        let refusal = Refusal::new(class, message).because(plain);
        match wait {
            Some(wait) => refusal.after(wait),
            None => refusal,
        }
    }

    fn said(&self, call: &Call, answer: Answer) -> Result<Said, Refusal> {
        let json = match (&self.pack.speaks, answer.json()) {
            (Speaks::JsonRpc { .. }, Some(json)) => json.get("result").cloned(),
            (_, Some(json)) => Some(json.clone()),
            (_, None) => None,
        };
        match json {
            Some(json) => Ok(Said { answer, json }),
            None => Err(self.refusal(call, &answer)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_becomes_the_form_that_amazon_reads() {
        let mut form = Vec::new();
        flatten("", &json!({"Action": "TagUser", "Tags": [{"Key": "a"}, {"Key": "b"}], "None": null}), &mut form);
        let form: Vec<String> = form.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(form, ["Action=TagUser", "Tags.member.1.Key=a", "Tags.member.2.Key=b"]);
    }
}
