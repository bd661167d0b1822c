//! The walk with a death at each of its points, on both databases, against a real directory.

use std::path::Path;

use serde_json::{Value as Json, json};
use tenure_app::Point;
use tenure_server::house::{BootstrapOptions, bootstrap_token};
use tenure_testkit::company::Company;
use tenure_testkit::databases::{self, Database};
use tenure_testkit::running::Running;
use tenure_testkit::slapd::{BASE_DN, Slapd};

const HOUSE: &str = env!("CARGO_BIN_EXE_house");
const EVENTS: &str = "/v1/connections/hr/events";

fn joiner() -> Json {
    json!({ "id": "hr-1", "type": "employment.started", "firstDay": "2024-03-01", "zone": "Europe/Berlin",
        "person": { "employeeId": "E1042", "givenName": "Ada", "familyName": "Lovelace", "email": "ada@example.org", "department": "Finance" } })
}

fn leaver() -> Json {
    json!({ "id": "hr-991", "type": "employment.ended", "person": { "employeeId": "E1042" }, "lastDay": "2024-11-30" })
}

mod slow {
    use super::*;

    #[tokio::test]
    async fn the_walk_survives_a_death_at_each_point() {
        for point in Point::ALL {
            for database in databases::each().await {
                survive(point, &database).await;
            }
        }
    }
}

async fn survive(point: Point, database: &Database) {
    let place = format!("{} on {}", point.word(), database.kind);
    let slapd = Slapd::start().await;
    let company = Company::new(&database.url, &slapd);
    let options = BootstrapOptions { config: Some(company.config()), ..BootstrapOptions::default() };
    let token = bootstrap_token(options).await.unwrap().secret;
    let armed = company.path("armed");
    let mut first = Running::start(Path::new(HOUSE), &company.config(), &token, Some((point.word(), &armed)));
    let (status, joined) = first.post(EVENTS, &joiner()).await.unwrap();
    assert_eq!(status, 202, "{place}: {joined}");
    first.until_done(&joined).await;
    let entry = slapd.search(BASE_DN, "(employeeNumber=E1042)", &["memberOf", "pwdAccountLockedTime"]);
    assert!(entry.contains("cn=finance"), "{place}: {entry}");
    assert!(!entry.contains("pwdAccountLockedTime"), "{place}: {entry}");

    std::fs::write(&armed, "").unwrap();
    // It may die before it answers; the source sends again, as sources do.
    drop(first.post(EVENTS, &leaver()).await);
    assert!(!first.until_dead().await.success(), "{place}: it did not die");

    let second = Running::start(Path::new(HOUSE), &company.config(), &token, None);
    let (status, answer) = second.post(EVENTS, &leaver()).await.unwrap();
    assert!(matches!(status, 200 | 202), "{place}: {status} {answer}");
    second.until_done(&answer).await;
    check(&second, &slapd, &place).await;
}

/// However it went: one event, one run, one locked account, and a record without a gap.
async fn check(house: &Running, slapd: &Slapd, place: &str) {
    let entry = slapd.search(BASE_DN, "(employeeNumber=E1042)", &["memberOf", "pwdAccountLockedTime"]);
    assert!(entry.contains("pwdAccountLockedTime: 000001010000Z"), "{place}: {entry}");
    assert_eq!(entry.matches("dn: ").count(), 1, "{place}: {entry}");
    let (_, events) = house.get("/v1/events").await.unwrap();
    assert_eq!(events["items"].as_array().unwrap().len(), 2, "{place}: {events}");
    let (_, runs) = house.get("/v1/runs?workflow=leaver").await.unwrap();
    assert_eq!(runs["items"].as_array().unwrap().len(), 1, "{place}: {runs}");
    assert_eq!(runs["items"][0]["status"], "done", "{place}: {runs}");
    let (_, person) = house.get("/v1/people/E1042").await.unwrap();
    assert_eq!(person["accounts"].as_array().unwrap().len(), 1, "{place}: {person}");
    assert_eq!(person["accounts"][0]["state"], "disabled", "{place}: {person}");
}
