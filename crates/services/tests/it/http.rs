//! The HTTP client beneath connectors: who it talks to, how it signs in, what it never says.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tenure_connect::{FileSecrets, Refusal, RefusalClass};
use tenure_model::SystemClock;
use tenure_services::http::{Auth, Call, HttpClient, HttpConfig, SecretPlace, Speech};
use tenure_testkit::wire::{Peer, Reply, Request};

const SECRET: &str = "hunter2-is-a-secret";

fn secret(folder: &Path) -> tenure_connect::SecretRef {
    let path = folder.join("secret");
    std::fs::write(&path, SECRET).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    format!("file:{}", path.display()).parse().unwrap()
}

fn client(url: &str, auth: Auth, ca_file: Option<PathBuf>) -> HttpClient {
    drop(rustls::crypto::ring::default_provider().install_default());
    let config = HttpConfig {
        url: url.to_owned(),
        ca_file,
        allow_plain: false,
        auth: auth.into(),
        speaks: Speech::Json,
        request_time_max: Duration::from_secs(5),
        media_type: "application/json",
    };
    HttpClient::new(config, Arc::new(FileSecrets), Arc::new(SystemClock::new())).unwrap()
}

fn everything(refusal: &Refusal) -> String {
    let mut text = format!("{refusal} {refusal:?}");
    let mut next = std::error::Error::source(refusal);
    while let Some(cause) = next {
        text = format!("{text} {cause} {cause:?}");
        next = cause.source();
    }
    text
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_takes_no_secret_along() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = Peer::start(|_| Reply::new(200, "{}")).await;
    let to = elsewhere.url();
    let peer = Peer::start(move |_| Reply::new(302, "").with("location", to.clone())).await;
    let http = client(&peer.url(), Auth::Bearer { token: secret(folder.path()) }, None);
    let call = Call::get(["Users"]);
    let answer = http.read(&call).await.unwrap();
    let refusal = http.refusal(&call, &answer);
    assert!(refusal.message.contains("redirects are not followed"), "{refusal}");
    assert!(elsewhere.asked().is_empty());
    assert_eq!(peer.asked()[0].header("authorization"), Some(format!("Bearer {SECRET}").as_str()));
}

#[tokio::test]
async fn a_token_is_fetched_once_and_again_when_it_is_no_longer_taken() {
    let folder = tempfile::tempdir().unwrap();
    let count = Arc::new(AtomicU64::new(0));
    let given = Arc::clone(&count);
    let peer = Peer::start(move |request: &Request| match request.target.as_str() {
        "/token" => {
            let number = given.fetch_add(1, Ordering::Relaxed) + 1;
            Reply::new(200, format!("{{\"access_token\":\"t{number}\",\"token_type\":\"Bearer\",\"expires_in\":3600}}"))
        }
        // The first token was revoked behind our back.
        _ if request.header("authorization") == Some("Bearer t1") && given.load(Ordering::Relaxed) == 1 => {
            if request.target.contains("revoked") { Reply::new(401, "{}") } else { Reply::new(200, "{\"a\":1}") }
        }
        _ => Reply::new(200, "{\"a\":2}"),
    })
    .await;
    let auth = |send_in| Auth::ClientCredentials {
        endpoint: format!("{}/token", peer.url()),
        client_id: "tenure".to_owned(),
        client_secret: secret(folder.path()),
        scope: Some("scim write".to_owned()),
        send_in,
    };
    let http = client(&peer.url(), auth(SecretPlace::Header), None);
    for _ in 0..3 {
        assert_eq!(http.read(&Call::get(["Users"])).await.unwrap().json().unwrap()["a"], 1);
    }
    assert_eq!(count.load(Ordering::Relaxed), 1);
    assert_eq!(http.read(&Call::get(["Users", "revoked"])).await.unwrap().json().unwrap()["a"], 2);
    assert_eq!(count.load(Ordering::Relaxed), 2);
    let form = &peer.asked()[0];
    assert_eq!(form.body, b"grant_type=client_credentials&scope=scim+write");
    assert!(form.header("authorization").unwrap().starts_with("Basic "));

    client(&peer.url(), auth(SecretPlace::Form), None).read(&Call::get(["Users"])).await.unwrap();
    let form = peer.asked().into_iter().rfind(|request| request.target == "/token").unwrap();
    assert!(String::from_utf8_lossy(&form.body).contains(&format!("client_secret={SECRET}")));
}

#[tokio::test]
async fn wrong_credentials_are_named_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let peer = Peer::start(|request: &Request| match request.target.as_str() {
        "/token" => Reply::new(401, "{\"error\":\"invalid_client\"}"),
        _ => Reply::new(401, "<html>sign in</html>"),
    })
    .await;
    let fetched = Auth::ClientCredentials {
        endpoint: format!("{}/token", peer.url()),
        client_id: "tenure".to_owned(),
        client_secret: secret(folder.path()),
        scope: None,
        send_in: SecretPlace::Header,
    };
    let basic = Auth::Basic { user: "tenure".to_owned(), password: secret(folder.path()) };
    let bearer = Auth::Bearer { token: secret(folder.path()) };
    for auth in [fetched, basic, bearer] {
        let http = client(&peer.url(), auth, None);
        assert!(!format!("{http:?}").contains(SECRET));
        let call = Call::get(["Users"]).with("filter", "userName eq \"ada\"");
        let refusal = match http.read(&call).await {
            Ok(answer) => http.refusal(&call, &answer),
            Err(refusal) => refusal,
        };
        assert_eq!(refusal.class, RefusalClass::Auth);
        let told = everything(&refusal);
        assert!(!told.contains(SECRET) && !told.contains("ada"), "{told}");
    }
    let missing = Auth::Bearer { token: "file:/no/such/secret".parse().unwrap() };
    let refusal = client(&peer.url(), missing, None).read(&Call::get(["Users"])).await.unwrap_err();
    assert!(refusal.message.contains("/no/such/secret"), "{refusal}");
}

#[tokio::test]
async fn a_path_cannot_be_left() {
    let folder = tempfile::tempdir().unwrap();
    let peer = Peer::start(|_| Reply::new(200, "{}")).await;
    let http = client(&format!("{}/scim/v2/", peer.url()), Auth::Bearer { token: secret(folder.path()) }, None);
    for id in ["../../admin", "a/b", "a?b=c", "a#b", "%2e%2e"] {
        http.read(&Call::get(["Users", id])).await.unwrap();
    }
    let asked: Vec<String> = peer.asked().into_iter().map(|request| request.target).collect();
    assert_eq!(
        asked,
        ["..%2F..%2Fadmin", "a%2Fb", "a%3Fb=c", "a%23b", "%252e%252e"].map(|id| format!("/scim/v2/Users/{id}"))
    );
    for id in ["", ".", ".."] {
        assert_eq!(http.read(&Call::get(["Users", id])).await.unwrap_err().class, RefusalClass::Invalid);
    }
}

#[tokio::test]
async fn more_than_the_limit_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let long = "x".repeat(tenure_services::limits::HTTP_BODY_BYTES_MAX + 1);
    let peer = Peer::start(move |_| Reply::new(200, long.clone())).await;
    let http = client(&peer.url(), Auth::Bearer { token: secret(folder.path()) }, None);
    let call = Call::get(["Users"]);
    let answer = http.read(&call).await.unwrap();
    assert!(http.refusal(&call, &answer).message.contains("more than we read"), "{answer:?}");
}

/// A server with a certificate of its own making; it is stopped when the value is dropped.
struct TlsServer {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl TlsServer {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let openssl = |arguments: &str| {
            let made = Command::new("openssl").current_dir(folder.path()).args(arguments.split(' ')).output().unwrap();
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        };
        std::fs::write(folder.path().join("san"), "subjectAltName=IP:127.0.0.1\n").unwrap();
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        openssl(&format!("req -x509 {key} -days 2 -subj /CN=authority -keyout ca.key -out ca"));
        openssl(&format!("req {key} -subj /CN=localhost -keyout key -out csr"));
        openssl("x509 -req -in csr -CA ca -CAkey ca.key -CAcreateserial -days 2 -extfile san -out cert");
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new("openssl")
            .current_dir(folder.path())
            .args(["s_server", "-quiet", "-www", "-cert", "cert", "-key", "key", "-accept"])
            .arg(format!("127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let ready = async {
            while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), ready).await.unwrap();
        Self { child, port, folder }
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused_and_a_known_one_is_not() {
    let (server, other) = (TlsServer::start().await, TlsServer::start().await);
    let url = format!("https://127.0.0.1:{}", server.port);
    let bearer = || Auth::Bearer { token: secret(server.folder.path()) };
    for ca_file in [None, Some(other.folder.path().join("ca"))] {
        let refusal = client(&url, bearer(), ca_file).read(&Call::get(["Users"])).await.unwrap_err();
        assert_eq!(refusal.class, RefusalClass::Invalid);
        assert!(refusal.message.contains("caFile"), "{refusal}");
    }
    let http = client(&url, bearer(), Some(server.folder.path().join("ca")));
    let call = Call::get(["Users"]);
    let answer = http.read(&call).await.unwrap();
    assert!(http.refusal(&call, &answer).message.contains("a web page where JSON was expected"), "{answer:?}");
}
