//! The channel of webhooks against a receiver that verifies with the reference library.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use tenure_connect::{Channel as _, Content, Facts, FileSecrets, Message, RefusalClass, Secrets as _, Sent};
use tenure_model::SystemClock;
use tenure_services::hook::{HookChannel, Keys, Signed};
use tenure_testkit::notices::{self, HookPeer};

const OLD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEW: &str = "whsec_bmV3LWtleS1uZXcta2V5LW5ldy1rZXktbmV3LWtleSE=";

fn channel(peer: &HookPeer, keys: &[usize], allow: &[&str], url: &str) -> HookChannel {
    let keys: Vec<String> = keys.iter().map(|key| format!("file:{}", peer.key_file(*key).display())).collect();
    let config = json!({ "url": url, "keys": keys, "allowInternal": allow });
    HookChannel::new(serde_json::from_value(config).unwrap(), Arc::new(FileSecrets), Arc::new(SystemClock::new()))
        .unwrap()
}

fn message() -> Message {
    let body = json!({ "type": "run.sealed", "data": { "run": "run_1", "name": "Zoë" } }).to_string();
    let facts = Facts { kind: "run.sealed".to_owned(), body };
    let at = "2026-11-03T09:05:07Z".parse().unwrap();
    Message { id: "notice_01k9h3m5n7p9r1t3v5x7z9b1d3".to_owned(), at, content: Content::Facts(facts) }
}

#[tokio::test]
async fn the_reference_library_believes_us_with_each_key_while_keys_change() {
    let peer = HookPeer::start(&[OLD, NEW]).await;
    for (keys, believed) in
        [(&[0][..], json!([true, false])), (&[0, 1], json!([true, true])), (&[1], json!([false, true]))]
    {
        let sent = channel(&peer, keys, &["127.0.0.1"], &peer.url()).send(&message()).await;
        assert!(matches!(sent, Sent::Done), "{sent:?}");
        let call = peer.calls().pop().unwrap();
        assert_eq!(call["believed"], believed, "{keys:?}: {call}");
        assert_eq!(call["headers"]["webhook-id"], "notice_01k9h3m5n7p9r1t3v5x7z9b1d3");
        assert_eq!(serde_json::from_str::<Json>(call["body"].as_str().unwrap()).unwrap()["type"], "run.sealed");
    }
}

#[tokio::test]
async fn we_believe_the_reference_library() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    notices::secret(&path, OLD);
    let reference = format!("file:{}", path.display()).parse().unwrap();
    let keys = Keys::resolve(&[reference], &FileSecrets).unwrap();
    let body = "{\"event\": \"left\",  \"name\": \"Zoë\"}";
    let signatures = notices::sign(OLD, "msg_1", 1_700_000_000, body);
    let signed = Signed { id: "msg_1", timestamp: "1700000000", signatures: &signatures };
    let now = jiff::Timestamp::from_second(1_700_000_007).unwrap();
    assert!(keys.verify(&signed, body.as_bytes(), now));
    // The same JSON in other bytes is another body.
    assert!(!keys.verify(&signed, body.replace("  ", " ").as_bytes(), now));
    assert!(FileSecrets.resolve(&"file:/none".parse().unwrap()).is_err());
}

#[tokio::test]
async fn an_answer_says_when_to_come_again() {
    let peer = HookPeer::start(&[OLD]).await;
    let channel = channel(&peer, &[0], &["127.0.0.1"], &peer.url());
    for (answer, class, wait) in [
        ("429 retry-after=7", RefusalClass::Rate, Some(7)),
        ("500", RefusalClass::Maintenance, None),
        ("404", RefusalClass::Maintenance, None),
        ("401", RefusalClass::Auth, None),
        ("410", RefusalClass::Gone, None),
        ("302 location=http://169.254.169.254/latest/", RefusalClass::Maintenance, None),
    ] {
        peer.answer(answer);
        let Sent::Refused(refusal) = channel.send(&message()).await else { panic!("{answer}") };
        assert_eq!(
            (refusal.class, refusal.retry_after.map(|wait| wait.as_secs())),
            (class, wait),
            "{answer}: {refusal}"
        );
    }
    assert_eq!(peer.calls().len(), 6, "no redirect was followed");
}

#[tokio::test]
async fn a_name_that_points_into_an_inner_network_is_not_called() {
    let peer = HookPeer::start(&[OLD]).await;
    let url = peer.url().replace("127.0.0.1", "localhost");
    let Sent::Refused(refusal) = channel(&peer, &[0], &[], &url).send(&message()).await else {
        panic!("it was called")
    };
    assert_eq!(refusal.class, RefusalClass::Permission, "{refusal}");
    assert!(refusal.message.contains("allowInternal"), "{refusal}");
    assert!(peer.calls().is_empty());
    let sent = channel(&peer, &[0], &["127.0.0.0/8", "::1"], &url).send(&message()).await;
    assert!(matches!(sent, Sent::Done), "{sent:?}");
}
