//! TLS: the handshake, what it refuses, and keys that are of no use.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tenure_api::Code;
use tenure_server::config::{Config, Sources};
use tenure_server::listen::{Listener, Patience};

use crate::house::{House, LONG, Plan};

fn keys(mode: u32) -> (TempDir, String) {
    let folder = TempDir::new().unwrap();
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(folder.path().join("cert.pem"), pair.cert.pem()).unwrap();
    let key = folder.path().join("key.pem");
    fs::write(&key, pair.signing_key.serialize_pem()).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
    let settings = settings(folder.path());
    (folder, settings)
}

fn settings(folder: &Path) -> String {
    let folder = folder.display();
    format!("listen = '127.0.0.1:0'\ntls.certificate = '{folder}/cert.pem'\ntls.key = '{folder}/key.pem'")
}

fn config(settings: &str) -> Config {
    Sources::new().toml(settings, "test").unwrap().config().unwrap()
}

fn client(folder: &Path) -> reqwest::Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    let certificate = reqwest::Certificate::from_pem(&fs::read(folder.join("cert.pem")).unwrap()).unwrap();
    reqwest::Client::builder().tls_certs_only([certificate]).build().unwrap()
}

#[tokio::test]
async fn a_client_that_trusts_the_certificate_gets_an_answer() {
    let (folder, settings) = keys(0o600);
    let house = House::with(Plan { settings, ..Plan::default() }).await;
    let url = format!("https://localhost:{}/healthz", house.address.port());
    let answer = client(folder.path()).get(&url).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "ok\n");
    let (other, _) = keys(0o600);
    assert!(client(other.path()).get(&url).send().await.is_err(), "another certificate is not to be trusted");
    let plain = house.get("/healthz").await;
    assert_ne!(plain.status, 200, "clear text at a TLS port");
}

#[tokio::test]
async fn who_does_not_shake_hands_is_cut() {
    let (_folder, settings) = keys(0o600);
    let patience = Patience { head: LONG, handshake: Duration::from_millis(50), drain: LONG };
    let house = House::with(Plan { settings, patience, ..Plan::default() }).await;
    assert_eq!(house.raw(b"").await, "");
}

#[tokio::test]
async fn keys_that_are_open_missing_or_strange_are_refused() {
    let (_folder, open) = keys(0o644);
    let error = Listener::bind(&config(&open)).await.unwrap_err();
    assert_eq!(error.code(), Code::BadKeyFile);
    assert!(error.to_string().contains("chmod 600"), "{error}");
    let (folder, good) = keys(0o600);
    let key = fs::read(folder.path().join("key.pem")).unwrap();
    for (file, content) in [("key.pem", &b"canary"[..]), ("cert.pem", b""), ("cert.pem", &key)] {
        let before = fs::read(folder.path().join(file)).unwrap();
        fs::write(folder.path().join(file), content).unwrap();
        let error = Listener::bind(&config(&good)).await.unwrap_err();
        assert_eq!(error.code(), Code::BadKeyFile, "{file}");
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
        fs::write(folder.path().join(file), before).unwrap();
    }
    assert!(Listener::bind(&config(&good)).await.is_ok());
    let (another, _) = keys(0o600);
    fs::copy(another.path().join("key.pem"), folder.path().join("key.pem")).unwrap();
    assert!(Listener::bind(&config(&good)).await.is_err(), "the key of another certificate");
}

#[tokio::test]
async fn a_port_in_use_is_said_with_its_number() {
    let first = Listener::bind(&config("listen = '127.0.0.1:0'")).await.unwrap();
    let taken = first.address();
    let error = Listener::bind(&config(&format!("listen = '{taken}'"))).await.unwrap_err();
    assert_eq!(error.code(), Code::CannotListen);
    assert!(error.to_string().contains(&taken.to_string()), "{error}");
}
