//! What each door answers: to strangers, to known callers, to wrong paths, methods and bodies.

use tenure_model::Role;
use tenure_server::http::Known;

use crate::house::{House, Plan, caller};

fn post(path: &str, headers: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}

const JSON: &str = "content-type: application/json\r\n";

#[tokio::test]
async fn the_system_doors_answer() {
    let house = House::open().await;
    assert_eq!(house.get("/healthz").await.body, "ok\n");
    assert_eq!(house.get("/readyz").await.status, 200);
    assert!(house.get("/openapi.json").await.body.contains("\"postEvent\""));
    let shut = House::with(Plan { ready: false, ..Plan::default() }).await;
    let answer = shut.get("/readyz").await;
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains(r#""name":"database","ok":false,"found":"the database cannot write""#), "{answer:?}");
}

#[tokio::test]
async fn odd_paths_and_methods_are_refused_in_one_form() {
    let house = House::open().await;
    for path in [
        "/",
        "/v1",
        "/v1/whoami/",
        "//v1/whoami",
        "/v1/../healthz",
        "/v1/%2e%2e/healthz",
        "/V1/whoami",
        "/healthz/x",
        "/v1%2fwhoami",
        "/people/",
        "/people/a/b",
        "/%00",
        "/healthz%20",
        "/v1/whoami;a=b",
    ] {
        assert_eq!(house.get(path).await.problem(), (404, "TEN-E0107".into()), "{path}");
    }
    for path in ["/people/a%2fb", "/people/..%2f..", "/people/%ff", "/people/%F0%9F%92%A9"] {
        assert_eq!(house.get(path).await.problem(), (404, "TEN-E0107".into()), "{path}");
    }
    for method in ["PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"] {
        let request = format!("{method} /events HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let answer = house.raw_answer(&request).await;
        assert_eq!(answer.problem(), (405, "TEN-E0106".into()), "{method}");
        assert_eq!(answer.header("allow"), Some("post"), "{method}");
    }
}

#[tokio::test]
async fn no_token_no_door() {
    let house = House::open().await;
    let gone = house.keys.add(Known::Ended, 2);
    let gone = secrecy::ExposeSecret::expose_secret(&gone).to_owned();
    let secret = house.secret().to_owned();
    let cases = [
        (String::new(), "TEN-E0201"),
        ("authorization: Basic YTpi\r\n".into(), "TEN-E0201"),
        ("authorization: Bearer\r\n".into(), "TEN-E0201"),
        ("authorization: Bearer \r\n".into(), "TEN-E0201"),
        (format!("authorization: Bearer {secret}\r\nauthorization: Bearer {secret}\r\n"), "TEN-E0201"),
        (format!("authorization: Bearer {}\r\n", "x".repeat(5_000)), "TEN-E0201"),
        ("authorization: Bearer tnr_AAAA\r\n".into(), "TEN-E0202"),
        (format!("authorization: Bearer {secret}x\r\n"), "TEN-E0202"),
        (format!("authorization: Bearer {}\r\n", secret.to_lowercase()), "TEN-E0202"),
        (format!("authorization: Bearer {secret} {secret}\r\n"), "TEN-E0202"),
        (format!("authorization: Bearer {gone}\r\n"), "TEN-E0203"),
    ];
    for path in ["/v1/whoami", "/metrics"] {
        for (header, code) in &cases {
            let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{header}\r\n");
            let answer = house.raw_answer(&request).await;
            assert_eq!(answer.problem(), (401, (*code).to_owned()), "{header}");
            assert!(answer.header("www-authenticate").is_some_and(|value| value.starts_with("bearer")), "{answer:?}");
        }
    }
    let good =
        format!("GET /v1/whoami HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: bearer {secret}\r\n\r\n");
    let answer = house.raw_answer(&good).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains(r#""name":"ada""#), "{answer:?}");
    let query = format!("GET /v1/whoami?access_token={secret} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    assert_eq!(house.raw_answer(&query).await.status, 401);
}

#[tokio::test]
async fn what_is_no_token_is_looked_up_like_one() {
    let house = House::open().await;
    let request = "GET /v1/whoami HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer nonsense\r\n\r\n";
    assert_eq!(house.raw_answer(request).await.status, 401);
    assert_eq!(house.keys.looked_up.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_broken_store_lets_nobody_in() {
    let house = House::open().await;
    *house.keys.broken.lock().unwrap() = true;
    let header = format!("authorization: Bearer {}\r\n", house.secret());
    let answer = house.raw_answer(&post("/changes", &header, "")).await;
    assert_eq!(answer.problem(), (503, "TEN-E0401".into()));
}

#[tokio::test]
async fn who_may_never_do_it_is_sent_away_at_the_door() {
    let house = House::open().await;
    let auditor = house.keys.add(Known::As(caller("eve", Role::Auditor)), 3);
    let auditor = secrecy::ExposeSecret::expose_secret(&auditor).to_owned();
    let as_auditor = format!("authorization: Bearer {auditor}\r\n");
    assert_eq!(house.raw_answer(&post("/changes", &as_auditor, "")).await.problem(), (403, "TEN-E0204".into()));
    let as_owner = format!("authorization: Bearer {}\r\n", house.secret());
    assert_eq!(house.raw_answer(&post("/changes", &as_owner, "")).await.body, "ada");
}

#[tokio::test]
async fn bodies_are_json_of_the_right_size_and_shape() {
    let house = House::open().await;
    let good = r#"{"id":"hr-1","type":"person.changed","person":{"employeeId":"E1"}}"#;
    let utf8 = "content-type: Application/JSON; charset=\"UTF-8\"\r\n";
    assert_eq!(house.raw_answer(&post("/events", JSON, good)).await.status, 202);
    assert_eq!(house.raw_answer(&post("/events", utf8, good)).await.status, 202);
    let typo = good.replace("type", "typ");
    let cases = [
        ("", good, 415),
        ("content-type: text/plain\r\n", good, 415),
        ("content-type: application/jsonx\r\n", good, 415),
        ("content-type: application/json; charset=latin1\r\n", good, 415),
        (JSON, "", 400),
        (JSON, &good[..20], 400),
        (JSON, "{\"id\":1e", 400),
        (JSON, "[]", 422),
        (JSON, &typo, 422),
    ];
    for (headers, body, status) in cases {
        assert_eq!(house.raw_answer(&post("/events", headers, body)).await.problem().0, status, "{headers}{body}");
    }
    let answer = house.raw_answer(&post("/events", JSON, &typo)).await;
    assert!(answer.body.contains(r#""pointer":"/typ""#), "{answer:?}");
}

#[tokio::test]
async fn a_body_past_the_limit_is_refused_said_or_unsaid() {
    let house = House::with(Plan {
        settings: "listen = '127.0.0.1:0'\nlimits.body_bytes_max = 1024".into(),
        ..Plan::default()
    })
    .await;
    let said = "POST /events HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n{";
    assert_eq!(house.raw_answer(said).await.problem(), (413, "TEN-E0104".into()));
    let spaces = " ".repeat(2_000);
    let unsaid = format!(
        "POST /events HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n7d0\r\n{spaces}\r\n0\r\n\r\n"
    );
    assert_eq!(house.raw_answer(&unsaid).await.problem(), (413, "TEN-E0104".into()));
}

#[tokio::test]
async fn the_numbers_name_routes_and_never_paths() {
    let house = House::open().await;
    for path in ["/people/canary-one", "/canary-two"] {
        house.get(path).await;
    }
    let header = format!("authorization: Bearer {}\r\n", house.secret());
    let request = format!("GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{header}\r\n");
    let text = house.raw_answer(&request).await.body;
    assert!(
        text.contains(r#"tenure_http_requests_total{method="GET",route="/people/{person}",status="404"} 1"#),
        "{text}"
    );
    assert!(text.contains(r#"route="unmatched",status="404"} 1"#), "{text}");
    assert!(text.contains("tenure_build_info") && text.contains("tenure_http_requests_open 1"), "{text}");
    assert!(!text.contains("canary"), "{text}");
}

#[tokio::test]
async fn the_numbers_are_open_only_when_a_setting_says_so() {
    assert_eq!(House::open().await.get("/metrics").await.status, 401);
    let settings = "listen = '127.0.0.1:0'\nmetrics.access = 'open'".to_owned();
    let open = House::with(Plan { settings, ..Plan::default() }).await;
    assert!(open.get("/metrics").await.body.ends_with("# EOF\n"));
    assert_eq!(open.get("/v1/whoami").await.status, 401);
}
