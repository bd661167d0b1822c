//! What surrounds every request: ids, panics, time limits, slow and greedy clients, the end.

use std::time::Duration;

use tenure_server::http::{EdgeLimits, MountError, Routes};
use tenure_server::listen::{Ended, Patience};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::house::{Answer, House, Keys, LONG, Plan, read_all};

const SHORT: Duration = Duration::from_millis(50);

fn with_id(id: &str) -> String {
    format!("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{id}\r\n")
}

fn limits() -> EdgeLimits {
    EdgeLimits { body_bytes_max: 1_024, body_timeout: LONG, request_timeout: LONG, requests_max: 8 }
}

#[tokio::test]
async fn a_request_id_is_kept_when_it_is_one() {
    let house = House::open().await;
    let kept = house.raw_answer(&with_id("x-request-id: build-7.a_b\r\n")).await;
    assert_eq!(kept.header("x-request-id"), Some("build-7.a_b"));
    let long = format!("x-request-id: {}\r\n", "a".repeat(65));
    for hostile in [
        "",
        "x-request-id: \r\n",
        "x-request-id: a b\r\n",
        "x-request-id: <script>\r\n",
        "x-request-id: a\tb\r\n",
        "x-request-id: caf\u{e9}\r\n",
        "x-request-id: tnr_secret\r\n",
        "x-request-id: a\r\nx-request-id: b\r\n",
        &long,
    ] {
        let answer = house.raw_answer(&with_id(hostile)).await;
        assert_eq!(answer.status, 200, "{hostile}");
        assert!(answer.header("x-request-id").unwrap().starts_with("req_"), "{hostile}: {answer:?}");
    }
}

#[tokio::test]
async fn every_answer_has_the_headers_that_browsers_heed() {
    let house = House::open().await;
    for path in ["/healthz", "/nowhere", "/panics"] {
        let answer = house.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert!(answer.header("content-security-policy").is_some(), "{path}");
    }
}

#[tokio::test]
async fn a_panic_is_an_answer_and_the_server_lives_on() {
    let house = House::open().await;
    let answer = house.get("/panics").await;
    assert_eq!(answer.problem(), (500, "TEN-E0111".into()));
    assert!(!answer.body.contains("planted"), "{answer:?}");
    assert_eq!(house.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_handler_that_hangs_is_given_up() {
    let limits = EdgeLimits { request_timeout: SHORT, ..limits() };
    let house = House::with(Plan { limits: Some(limits), ..Plan::default() }).await;
    assert_eq!(house.get("/hangs").await.problem(), (503, "TEN-E0108".into()));
}

#[tokio::test]
async fn a_body_that_never_comes_is_given_up() {
    let limits = EdgeLimits { body_timeout: SHORT, ..limits() };
    let house = House::with(Plan { limits: Some(limits), ..Plan::default() }).await;
    let head = "POST /events HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{";
    assert_eq!(house.raw_answer(head).await.problem(), (408, "TEN-E0109".into()));
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut() {
    let patience = Patience { head: SHORT, handshake: LONG, drain: LONG };
    let house = House::with(Plan { patience, ..Plan::default() }).await;
    let said = house.raw(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ").await;
    assert!(said.is_empty() || Answer::read(&said).status == 408, "{said}");
}

#[tokio::test]
async fn a_huge_head_is_refused() {
    let house = House::open().await;
    let wide = format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx-wide: {}\r\n\r\n", "a".repeat(100_000));
    assert_eq!(house.raw_answer(&wide).await.status, 431);
    let many = format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{}\r\n", "x-a: b\r\n".repeat(500));
    assert_eq!(house.raw_answer(&many).await.status, 431);
    assert_eq!(house.raw_answer("\0\0\0\r\n\r\n").await.status, 400);
}

#[tokio::test]
async fn when_all_hands_are_full_the_next_is_sent_away() {
    let limits = EdgeLimits { requests_max: 1, ..limits() };
    let house = House::with(Plan { limits: Some(limits), ..Plan::default() }).await;
    let first = async { house.get("/waits").await };
    let second = async {
        house.entered.notified().await;
        let answer = house.get("/healthz").await;
        house.go.notify_one();
        answer
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!(second.problem(), (503, "TEN-E0110".into()));
    assert_eq!(second.header("retry-after"), Some("1"));
    assert_eq!(first.body, "done");
    assert_eq!(house.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_request_in_work_is_finished_before_the_end() {
    let mut house = House::open().await;
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    stream.write_all(b"GET /waits HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    house.entered.notified().await;
    let idle = TcpStream::connect(house.address).await.unwrap();
    house.stop();
    let address = house.address;
    let refused = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, refused).await.expect("still takes connections");
    house.go.notify_one();
    let answer = Answer::read(&read_all(&mut stream).await);
    assert_eq!((answer.status, answer.body.as_str()), (200, "done"));
    drop(idle);
    assert_eq!(house.ended().await, Ended::Drained);
}

#[tokio::test]
async fn who_does_not_finish_is_cut_in_the_end() {
    let patience = Patience { head: LONG, handshake: LONG, drain: SHORT };
    let mut house = House::with(Plan { patience, ..Plan::default() }).await;
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    stream.write_all(b"GET /hangs HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut other = TcpStream::connect(house.address).await.unwrap();
    other.write_all(b"GET /waits HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    house.entered.notified().await;
    house.stop();
    assert!(matches!(house.ended().await, Ended::Cut(1..)));
}

#[tokio::test]
async fn connections_past_the_limit_wait_for_a_place() {
    let settings = "listen = '127.0.0.1:0'\nlimits.connections_max = 1".to_owned();
    let house = House::with(Plan { settings, ..Plan::default() }).await;
    let first = TcpStream::connect(house.address).await.unwrap();
    let second = house.get("/healthz");
    let mut second = std::pin::pin!(second);
    assert!(tokio::time::timeout(SHORT, &mut second).await.is_err(), "there is one place only");
    drop(first);
    assert_eq!(second.await.status, 200);
}

#[test]
fn only_what_is_in_the_list_is_mounted_and_all_of_it() {
    let routes = || Routes::<()>::of(&tenure_api::OPERATIONS[..2], std::sync::Arc::new(Keys::default()));
    let twice = routes().mount("getHealthz", || async {}).unwrap().mount("getHealthz", || async {});
    assert_eq!(twice.unwrap_err(), MountError::Twice("getHealthz".into()));
    assert_eq!(routes().mount("secret", || async {}).unwrap_err(), MountError::NotInTheList("secret".into()));
    let clock = std::sync::Arc::new(tenure_model::SystemClock::new());
    let ids = std::sync::Arc::new(tenure_model::SeededIds::new(1));
    let edge = tenure_server::http::Edge::new(clock, ids, tenure_server::http::metrics::Metrics::new(), limits());
    let missing = routes().mount("getHealthz", || async {}).unwrap().finish(edge, ()).unwrap_err();
    assert_eq!(missing.to_string(), "nothing is mounted for getReadyz");
}
