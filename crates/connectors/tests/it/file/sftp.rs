//! Feeds over SFTP, from a real OpenSSH server.

use serde_json::{Value as Json, json};
use tenure_connect::{AnyConnector, Completeness, Refusal, RefusalClass};
use tenure_connectors::file::FileConnector;
use tenure_testkit::sshd::Sshd;

use super::{Place, all};

pub fn from(sshd: &Sshd, place: &Place, identity: &str, known: &str) -> Json {
    json!({
        "kind": "sftp", "host": "127.0.0.1", "port": sshd.port(), "user": Sshd::user(),
        "identity": format!("file:{}", sshd.file(identity).display()), "knownHosts": sshd.file(known),
        "path": place.inbox(), "files": "hr \"*.csv",
    })
}

fn feed(place: &Place, from: Json) -> FileConnector {
    place.csv(json!({ "from": from }))
}

async fn refusal(place: &Place, from: Json) -> Refusal {
    feed(place, from).check().await.unwrap_err()
}

#[tokio::test]
async fn a_feed_with_an_awkward_name_comes_over_whole() {
    let (sshd, place) = (Sshd::start().await, Place::new());
    let rows = (0..50_000).map(|number| format!("E{number},somebody\n")).collect::<Vec<_>>().concat();
    place.put("hr \"1$(id).csv", format!("id,name\n{rows}")).put("other.csv", "x");
    let feed = feed(&place, from(&sshd, &place, "client", "known_hosts"));
    let facts = feed.facts().await.unwrap();
    assert_eq!(facts.rows, 50_000);
    // Unchanged on the server, so it is the same reading; then it is another.
    assert_eq!(feed.facts().await.unwrap(), facts);
    place.put("hr \"2.csv", "id,name\nE1,x\n");
    let names: Vec<_> = all(&feed).await.unwrap().0;
    assert_eq!(names.len(), 1);
    assert_eq!(all(&feed).await.unwrap().1, Completeness::Whole);
}

#[tokio::test]
async fn control_files_are_fetched_too() {
    let (sshd, place) = (Sshd::start().await, Place::new());
    place.put("hr \"1.csv", "id,name\nE1,x\n").put("hr \"1.csv.ctl", "1");
    let mut settings = json!({ "from": from(&sshd, &place, "client", "known_hosts") });
    settings["whole"] = json!({ "kind": "control", "suffix": ".ctl" });
    assert_eq!(place.csv(settings).facts().await.unwrap().rows, 1);
}

#[tokio::test]
async fn a_host_whose_key_is_unknown_or_another_is_not_spoken_to() {
    let (sshd, place) = (Sshd::start().await, Place::new());
    place.put("hr \"1.csv", "id\nE1\n");
    for known in ["no_hosts", "wrong_hosts"] {
        let refused = refusal(&place, from(&sshd, &place, "client", known)).await;
        assert_eq!(refused.class, RefusalClass::Invalid, "{refused}");
        assert!(refused.message.contains("from.knownHosts"), "{refused}");
    }
}

#[tokio::test]
async fn wrong_keys_folders_and_hosts_are_told_apart() {
    let (sshd, place) = (Sshd::start().await, Place::new());
    place.put("hr \"1.csv", "id\nE1\n");
    let refused = refusal(&place, from(&sshd, &place, "stranger", "known_hosts")).await;
    assert_eq!(refused.class, RefusalClass::Auth, "{refused}");
    let mut elsewhere = from(&sshd, &place, "client", "known_hosts");
    elsewhere["path"] = json!("/no/such/folder");
    let refused = refusal(&place, elsewhere).await;
    assert_eq!((refused.class, refused.message.contains("/no/such/folder")), (RefusalClass::Gone, true), "{refused}");
    let gone = from(&sshd, &place, "client", "known_hosts");
    let mut nobody = gone.clone();
    nobody["files"] = json!("payroll-*.csv");
    let refused = refusal(&place, nobody).await;
    assert!(refused.message.contains("there is no file `payroll-*.csv` in"), "{refused}");
    let mut known = gone.clone();
    known["port"] = json!(std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
    let refused = refusal(&place, known).await;
    assert_eq!(refused.class, RefusalClass::Network, "{refused}");
    assert!(refused.retry());
}

#[tokio::test]
async fn what_could_be_an_option_of_the_client_is_no_setting() {
    let place = Place::new();
    for (key, value) in [("host", "-oProxyCommand=id"), ("user", "-lx"), ("host", "a b"), ("knownHosts", "relative")] {
        let mut settings = json!({
            "kind": "sftp", "host": "h", "user": "u", "identity": "file:/k", "knownHosts": "/k", "path": "/", "files": "*",
        });
        settings[key] = json!(value);
        let settings = json!({ "from": settings, "format": { "kind": "csv" }, "key": "id" });
        let config = serde_json::from_value(settings).unwrap();
        let (secrets, clock) =
            (std::sync::Arc::new(tenure_connect::FileSecrets), std::sync::Arc::new(tenure_model::SystemClock::new()));
        let made = FileConnector::new(config, &"hr".parse().unwrap(), &place.kept(), secrets, clock);
        assert!(made.is_err(), "{key}: {value}");
    }
}
