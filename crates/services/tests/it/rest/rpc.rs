//! JSON-RPC: what an error means that comes as a good answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tenure_connect::{AnyConnector as _, Change, Outcome, RefusalClass, Write};
use tenure_services::rest::Pack;
use tenure_testkit::act::{apply, done};
use tenure_testkit::wire::{Peer, Reply, Request};

use super::*;

/// A service that knows `ada`, and says this to whoever wants to disable her.
async fn peer(error: Json) -> Peer {
    let disabled = Arc::new(AtomicBool::new(false));
    Peer::start(move |request: &Request| {
        let asked: Json = serde_json::from_slice(&request.body).unwrap();
        assert_eq!((&asked["jsonrpc"], request.target.as_str()), (&json!("2.0"), "/rpc"));
        let result = match asked["method"].as_str() {
            Some("people.disable") if !error.is_null() => {
                let answer = json!({ "jsonrpc": "2.0", "id": asked["id"], "error": error });
                return Reply::new(200, answer.to_string());
            }
            Some("people.disable") => {
                disabled.store(true, Ordering::SeqCst);
                json!(true)
            }
            _ => json!([{ "id": 7, "name": "ada", "off": disabled.load(Ordering::SeqCst) }]),
        };
        // Some send both, with a nothing for the one that it is not.
        Reply::new(200, json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result, "error": null }).to_string())
    })
    .await
}

fn asking(peer: &Peer) -> (tempfile::TempDir, RestConnector) {
    drop(rustls::crypto::ring::default_provider().install_default());
    let none = ["session", "token", "app-password", "key", "license", "ownership"].map(|kind| (kind, json!("none")));
    let pack = Pack::check(&json!({
        "speaks": { "as": "json-rpc", "path": "/rpc" },
        "secrets": { "token": "a token" },
        "auth": { "kind": "bearer", "token": "token" },
        "errors": [{ "at": "/error/data", "has": "stop it", "means": "rate" }],
        "accounts": {
            "id": "/id", "name": "name", "list": { "call": "people.list", "items": "" },
            "attributes": { "name": { "at": "/name", "unique": true } },
            "disabledIf": [{ "at": "/off", "is": true }],
        },
        "operations": { "disable": { "undo": "lossy", "call": "people.disable", "params": ["{id}"] } },
        "artifacts": none.into_iter().collect::<std::collections::BTreeMap<_, _>>(),
    }));
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("token");
    std::fs::write(&secret, "t").unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let config =
        json!({ "pack": "people", "url": peer.url(), "secrets": { "token": format!("file:{}", secret.display()) } });
    let config: RestConfig = serde_json::from_value(config).unwrap();
    let rest = RestConnector::new(config, pack.unwrap(), Arc::new(FileSecrets), Arc::new(SystemClock::new()));
    (folder, rest.unwrap())
}

fn disable() -> Change {
    Change::new(Locator::attribute("name", "ada"), Write::Disable)
}

#[tokio::test]
async fn an_error_in_a_good_answer_is_a_no_of_its_kind() {
    for (code, data, class) in [
        (-32602, "no such field", RefusalClass::Invalid),
        (-32601, "no such method", RefusalClass::Unsupported),
        (-32602, "Stop it, please", RefusalClass::Rate),
        (-32603, "stop it", RefusalClass::Rate),
    ] {
        let peer = peer(json!({ "code": code, "message": "ada is in it", "data": data })).await;
        let (_folder, rest) = asking(&peer);
        let Outcome::Refused(refusal) = apply(&rest, &disable()).await else { panic!("{data}: not refused") };
        assert_eq!(refusal.class, class, "{refusal}");
        assert!(refusal.message.contains("people.disable") && !refusal.message.contains("ada"), "{refusal}");
    }
}

#[tokio::test]
async fn what_broke_within_is_not_known_and_never_done() {
    let peer = peer(json!({ "code": -32603, "message": "Internal error" })).await;
    let (_folder, rest) = asking(&peer);
    let outcome = apply(&rest, &disable()).await;
    assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
}

#[tokio::test]
async fn a_nothing_for_an_error_is_none() {
    let peer = peer(Json::Null).await;
    let (_folder, rest) = asking(&peer);
    done(&rest, &disable()).await;
    assert_eq!(rest.get(&disable().account).await.unwrap().unwrap().state, tenure_model::AccountState::Disabled);
}
