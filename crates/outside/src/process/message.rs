//! The messages of the protocol, each on a line of its own: JSON-RPC 2.0, version [`PROTOCOL`] of
//! what is said with it. The page for those who write a connector is
//! `docs/reference/connector-protocol.md`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};
use tenure_connect::{
    Artifact, Change, ChangeToken, Description, Locator, ObjectClass, Operation, Page, Query, RefusalClass,
    SeenArtifact,
};
use tenure_model::Observed;

/// The version of the protocol that we speak.
pub(super) const PROTOCOL: u32 = 1;

/// What we ask.
#[derive(Serialize)]
#[serde(tag = "method", content = "params", rename_all = "camelCase")]
pub(super) enum Ask<'a> {
    Initialize(Hello<'a>),
    Check {},
    Read { query: &'a Query, page: &'a Page },
    Get { account: &'a Locator, fresh: bool },
    Apply(Writing<'a>),
    Artifacts { account: &'a Locator, kind: Artifact },
    Changes(Since<'a>),
    Discover {},
}

impl Ask<'_> {
    /// What it is called in messages.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Initialize(_) => "initialize",
            Self::Check {} => "check",
            Self::Read { .. } => "read",
            Self::Get { .. } => "get",
            Self::Apply(_) => "apply",
            Self::Artifacts { .. } => "artifacts",
            Self::Changes(_) => "changes",
            Self::Discover {} => "discover",
        }
    }

    /// The line for it.
    pub(super) fn line(&self, id: u64) -> Result<Vec<u8>, serde_json::Error> {
        #[derive(Serialize)]
        struct Request<'a> {
            jsonrpc: &'static str,
            id: u64,
            #[serde(flatten)]
            ask: &'a Ask<'a>,
        }
        let mut line = serde_json::to_vec(&Request { jsonrpc: "2.0", id, ask: self })?;
        line.push(b'\n');
        Ok(line)
    }
}

/// What a connector gets to know when it starts.
#[derive(Serialize)]
pub(super) struct Hello<'a> {
    pub(super) protocol: u32,
    pub(super) settings: &'a Map<String, Json>,
    pub(super) secrets: BTreeMap<&'a str, &'a str>,
}

/// A write.
#[derive(Serialize)]
pub(super) struct Writing<'a> {
    pub(super) change: &'a Change,
    pub(super) operation: &'a Operation,
    /// The password itself, where one is to be set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) password: Option<&'a str>,
}

/// From when on changes are to be told.
#[derive(Serialize)]
pub(super) struct Since<'a> {
    pub(super) class: ObjectClass,
    pub(super) since: Option<&'a ChangeToken>,
}

/// What it answers to the first message, besides the version of the protocol.
#[derive(Deserialize)]
pub(super) struct Introduction {
    pub(super) description: Description,
}

/// One account, or none.
#[derive(Deserialize)]
pub(super) struct Found {
    /// Has to be said: an answer without it says nothing, and not that nobody is there.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(super) account: Option<Observed>,
}

/// Artifacts.
#[derive(Deserialize)]
pub(super) struct Listed {
    pub(super) artifacts: Vec<SeenArtifact>,
}

/// How a write ended, as the connector says. Whether it is so is looked at afterwards.
#[derive(Deserialize)]
#[serde(tag = "end", rename_all = "kebab-case")]
pub(super) enum Ended {
    Done,
    Unknown { message: String },
}

/// Why a connector says no.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Fault {
    pub(super) code: i64,
    pub(super) message: String,
    #[serde(default)]
    data: Option<Json>,
}

/// The part of a fault that makes a refusal of it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Refused {
    pub(super) class: RefusalClass,
    #[serde(default)]
    pub(super) retry_after: Option<Duration>,
}

impl Fault {
    /// The refusal in it; none where the connector broke instead.
    pub(super) fn refused(&self) -> Option<Refused> {
        serde_json::from_value(self.data.clone()?).ok()
    }
}

/// What came over its standard output.
pub(super) enum Heard {
    Answer { id: u64, result: Result<Box<RawValue>, Fault> },
    Notice { method: String, params: Option<Box<RawValue>> },
}

#[derive(Deserialize)]
struct Line {
    jsonrpc: String,
    id: Option<u64>,
    result: Option<Box<RawValue>>,
    error: Option<Fault>,
    method: Option<String>,
    params: Option<Box<RawValue>>,
}

/// Reads a line; none if it is no message of this protocol.
pub(super) fn heard(line: &[u8]) -> Option<Heard> {
    let line: Line = serde_json::from_slice(line).ok()?;
    if line.jsonrpc != "2.0" {
        return None;
    }
    match (line.id, line.result, line.error, line.method) {
        (Some(id), Some(result), None, None) => Some(Heard::Answer { id, result: Ok(result) }),
        (Some(id), None, Some(fault), None) => Some(Heard::Answer { id, result: Err(fault) }),
        (None, None, None, Some(method)) => Some(Heard::Notice { method, params: line.params }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_one_line_with_its_parameters_by_name() {
        let ask = Ask::Get { account: &Locator::attribute("login", "a\nb"), fresh: true };
        let line = String::from_utf8(ask.line(7).unwrap()).unwrap();
        let wanted = r#"{"jsonrpc":"2.0","id":7,"method":"get","params":{"account":{"attribute":{"name":"login","value":"a\nb"}},"fresh":true}}"#;
        assert_eq!(line, format!("{wanted}\n"));
        assert!(Ask::Check {}.line(1).unwrap().ends_with(b"\"method\":\"check\",\"params\":{}}\n"));
    }

    #[test]
    fn only_messages_of_the_protocol_are_heard() {
        for bad in [
            "",
            "hello",
            "[]",
            r#"{"id":1,"result":{}}"#,
            r#"{"jsonrpc":"1.0","id":1,"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":"1","result":{}}"#,
            r#"{"jsonrpc":"2.0","id":1}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"get","params":{}}"#,
        ] {
            assert!(heard(bad.as_bytes()).is_none(), "{bad}");
        }
        let fault = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"no","data":{"class":"gone"}}}"#;
        let Some(Heard::Answer { result: Err(fault), .. }) = heard(fault.as_bytes()) else { panic!("not heard") };
        assert_eq!(fault.refused().unwrap().class, RefusalClass::Gone);
    }
}
