//! The connector protocol of Tenure, version 1: JSON-RPC 2.0, one message on each line.
//!
//! There is nothing to change here. What a connector does is in `main.rs`; what is said over the
//! pipes is explained in `docs/reference/connector-protocol.md`.

use std::io::{self, BufRead as _, Write as _};

use serde::Deserialize;
use serde_json::{Value, json};

const PROTOCOL: u32 = 1;

/// Why something was not done.
pub enum Fault {
    /// A definite no: the system is as it was before. The class is a word of the protocol.
    Refused(&'static str, String),
    /// A write was sent, and nobody knows whether it was made.
    Unknown(String),
    /// This program broke.
    Broken(String),
}

pub fn refused<T>(class: &'static str, message: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Refused(class, message.into()))
}

/// Who is meant.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Locator {
    Native(String),
    Attribute { name: String, value: String },
}

/// Which objects, and how many at once.
pub struct Wanted<'a> {
    pub class: &'a str,
    pub only: Option<Locator>,
    pub size: usize,
    pub after: Option<&'a str>,
}

/// What a connector does. Answers have the form of the protocol.
pub trait Connector {
    /// Who answers, in words.
    fn check(&self) -> Result<String, Fault>;
    fn read(&self, wanted: &Wanted) -> Result<Value, Fault>;
    fn get(&self, account: &Locator) -> Result<Option<Value>, Fault>;
    /// Makes a write. It can come twice, and must end the same.
    fn apply(&mut self, account: &Locator, write: &Value) -> Result<(), Fault>;
}

/// Answers until the input ends. `begin` is given `settings` and `secrets`.
pub fn serve<C: Connector>(description: &str, begin: fn(&Value, &Value) -> Result<C, Fault>) -> io::Result<()> {
    let description: Value = serde_json::from_str(description)?;
    let mut connector = None;
    for line in io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let (method, params) = (request["method"].as_str().unwrap_or_default(), &request["params"]);
        let done = match (method, &mut connector) {
            ("initialize", _) => begin(&params["settings"], &params["secrets"]).map(|begun| {
                connector = Some(begun);
                json!({ "protocol": PROTOCOL, "description": description })
            }),
            (_, Some(connector)) => call(connector, method, params),
            (_, None) => Err(Fault::Broken(format!("`{method}` came before `initialize`"))),
        };
        let mut answer = match done {
            Ok(result) => json!({ "result": result }),
            Err(Fault::Unknown(why)) => json!({ "result": { "end": "unknown", "message": why } }),
            Err(Fault::Refused(class, why)) => {
                json!({ "error": { "code": -32000, "message": why, "data": { "class": class } } })
            }
            Err(Fault::Broken(why)) => json!({ "error": { "code": -32603, "message": why } }),
        };
        answer["jsonrpc"] = "2.0".into();
        answer["id"] = request["id"].clone();
        let mut out = io::stdout().lock();
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

fn call(connector: &mut impl Connector, method: &str, params: &Value) -> Result<Value, Fault> {
    match method {
        "check" => Ok(json!({ "peer": connector.check()? })),
        "read" => {
            let (query, page) = (&params["query"], &params["page"]);
            connector.read(&Wanted {
                class: query["class"].as_str().unwrap_or_default(),
                only: Option::<Locator>::deserialize(&query["only"]).map_err(broken)?,
                size: page["size"].as_u64().unwrap_or_default().try_into().unwrap_or(usize::MAX),
                after: page["after"].as_str(),
            })
        }
        "get" => Ok(json!({ "account": connector.get(&locator(&params["account"])?)? })),
        "apply" => {
            let change = &params["change"];
            connector.apply(&locator(&change["account"])?, &change["write"])?;
            Ok(json!({ "end": "done" }))
        }
        other => refused("unsupported", format!("this connector does not know `{other}`")),
    }
}

fn locator(value: &Value) -> Result<Locator, Fault> {
    Locator::deserialize(value).map_err(broken)
}

fn broken(error: serde_json::Error) -> Fault {
    Fault::Broken(format!("a message is not of the protocol: {error}"))
}
