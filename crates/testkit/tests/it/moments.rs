//! Dates that come: on a clock that is moved by hand, with the real engine and a directory in
//! memory. An account is open or not at exactly the moment that the facts say, where the person
//! works.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value as Json, json};
use tenure_model::AccountState;
use tenure_testkit::databases::{self, Database};
use tenure_testkit::stepped::{Stepped, Workflows};

fn sample(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/first-estate");
    std::fs::read_to_string(root.join(path)).unwrap()
}

/// The sample company, with rights from seven days before the first day.
fn estate() -> Vec<(&'static str, String)> {
    let ldap = sample("connections/ldap.yaml");
    let account = &ldap[ldap.find("  account:").unwrap()..];
    let head = "apiVersion: tenure/v1\nkind: Connection\nmetadata: { name: ldap }\nspec:\n  connector: memory\n  \
                direction: target\n  config: {}\n";
    vec![
        ("connections/hr.yaml", sample("connections/hr.yaml")),
        ("connections/ldap.yaml", format!("{head}{account}")),
        ("roles/staff.yaml", sample("roles/staff.yaml").replace("firstDay - 3d", "firstDay - 7d")),
    ]
}

struct Company {
    stepped: Stepped,
    sent: std::cell::Cell<usize>,
}

impl Company {
    async fn at(moment: &str) -> Self {
        Self::on(&Database::sqlite(), moment).await
    }

    async fn on(database: &Database, moment: &str) -> Self {
        let now = moment.parse().unwrap();
        let stepped = Stepped::with(database, &estate(), now, Workflows::Shipped, |_| BTreeMap::new()).await.unwrap();
        Self { stepped: stepped.run(), sent: std::cell::Cell::new(0) }
    }

    async fn told(&self, kind: &str, rest: Json) {
        self.sent.set(self.sent.get() + 1);
        let mut body = json!({ "id": format!("e{}", self.sent.get()), "type": kind, "person": { "employeeId": "E1" } });
        for (name, value) in rest.as_object().unwrap() {
            if name == "person" {
                body["person"].as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
            } else {
                body[name] = value.clone();
            }
        }
        self.stepped.tell(body).await.unwrap();
    }

    async fn hired(&self, first_day: &str, zone: &str) {
        let person =
            json!({ "givenName": "Zoe", "familyName": "Mueller", "email": "z@example.org", "department": "Sales" });
        self.told("employment.started", json!({ "firstDay": first_day, "zone": zone, "person": person })).await;
    }

    fn state(&self) -> Option<AccountState> {
        self.stepped.directory.account("zmueller").map(|account| account.state)
    }

    async fn comes_to(&self, wanted: Option<AccountState>) {
        let came = self.stepped.comes_to(async || self.state() == wanted).await;
        assert!(came, "{:?} and not {wanted:?}", self.state());
    }

    /// The engine has had its time, and nothing came of it.
    async fn stays(&self, wanted: Option<AccountState>) {
        for _ in 0..20 {
            self.stepped.house.nudge();
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        assert_eq!(self.state(), wanted);
    }
}

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

async fn transfer(company: &Company) {
    let holds = |company: &Company, group: &str| {
        let account = company.stepped.directory.account("zmueller");
        account.is_some_and(|account| account.holds.iter().any(|held| held.as_str().contains(group)))
    };
    company.hired("2025-01-01", "UTC").await;
    company.told("person.changed", json!({ "person": { "department": "Finance" } })).await;
    assert!(company.stepped.comes_to(async || holds(company, "finance")).await);
    let to_sales = json!({ "from": "2026-11-10", "keepUntil": "2026-11-30", "person": { "department": "Sales" } });
    company.told("person.transferred", to_sales).await;
    company.stepped.at(moment("2026-11-10T00:01:00Z"));
    let department = async || {
        let told = tenure_app::people::story::story(&company.stepped.cx(), "E1".to_owned(), None, None).await;
        told.unwrap().person.text("department").unwrap_or_default().to_owned()
    };
    assert!(company.stepped.comes_to(async || department().await == "Sales").await);
    company.stays(Some(AccountState::Active)).await;
    // The role has 14 days of grace of its own; the named day counts.
    company.stepped.at(moment("2026-11-30T23:59:00Z"));
    company.stays(Some(AccountState::Active)).await;
    assert!(holds(company, "finance"));
    company.stepped.at(moment("2026-12-01T00:01:00Z"));
    assert!(company.stepped.comes_to(async || !holds(company, "finance")).await);
}

mod slow {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_leaver_is_disabled_at_midnight_where_they_work() {
        // The last one on the night on which the clocks change; each with its midnight in UTC.
        for (zone, last_day, midnight) in [
            ("Australia/Melbourne", "2026-11-30", "2026-11-30T13:00:00Z"),
            ("Pacific/Apia", "2026-11-30", "2026-11-30T11:00:00Z"),
            ("Europe/Berlin", "2026-03-28", "2026-03-28T23:00:00Z"),
            ("Europe/Berlin", "2026-10-25", "2026-10-25T23:00:00Z"),
            ("America/New_York", "2026-11-01", "2026-11-02T05:00:00Z"),
        ] {
            let company = Company::at("2026-02-01T12:00:00Z").await;
            company.hired("2025-01-01", zone).await;
            company.comes_to(Some(AccountState::Active)).await;
            company.told("employment.ended", json!({ "lastDay": last_day })).await;
            company.stays(Some(AccountState::Active)).await;
            company.stepped.at(moment(midnight) - 1.minute());
            company.stays(Some(AccountState::Active)).await;
            company.stepped.at(moment(midnight) + 1.minute());
            company.comes_to(Some(AccountState::Disabled)).await;
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_rehire_one_hour_before_a_parked_end_is_not_disabled() {
        let company = Company::at("2026-11-01T12:00:00Z").await;
        company.hired("2025-01-01", "UTC").await;
        company.comes_to(Some(AccountState::Active)).await;
        company.told("employment.ended", json!({ "lastDay": "2026-11-30" })).await;
        company.stays(Some(AccountState::Active)).await;
        company.stepped.at(moment("2026-11-30T23:00:00Z"));
        company.told("employment.started", json!({ "firstDay": "2026-12-01", "zone": "UTC" })).await;
        company.stays(Some(AccountState::Active)).await;
        for later in ["2026-12-01T00:01:00Z", "2026-12-02T00:00:00Z", "2027-03-01T00:00:00Z"] {
            company.stepped.at(moment(later));
            company.stays(Some(AccountState::Active)).await;
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_hire_that_is_told_late_is_not_missed() {
        // The first day was three days ago, and rights begin seven days before it.
        let company = Company::at("2026-11-27T12:00:00Z").await;
        company.hired("2026-11-24", "Europe/Berlin").await;
        company.comes_to(Some(AccountState::Active)).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_moved_end_moves_its_timer_and_a_withdrawn_one_cancels_it() {
        let company = Company::at("2026-11-01T12:00:00Z").await;
        company.hired("2025-01-01", "UTC").await;
        company.comes_to(Some(AccountState::Active)).await;
        company.told("employment.ended", json!({ "lastDay": "2026-11-10" })).await;
        company.stays(Some(AccountState::Active)).await;
        company.told("employment.ended", json!({ "lastDay": "2026-11-20" })).await;
        company.stepped.at(moment("2026-11-11T00:01:00Z"));
        company.stays(Some(AccountState::Active)).await;
        company.told("employment.stated", json!({ "lastDay": null })).await;
        company.stepped.at(moment("2026-11-21T00:01:00Z"));
        company.stays(Some(AccountState::Active)).await;
        company.told("employment.ended", json!({ "lastDay": "2026-11-25" })).await;
        company.stays(Some(AccountState::Active)).await;
        company.stepped.at(moment("2026-11-26T00:01:00Z"));
        company.comes_to(Some(AccountState::Disabled)).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_transfer_comes_with_its_day_and_what_was_is_kept_until_the_named_one() {
        for database in databases::each().await {
            transfer(&Company::on(&database, "2026-11-01T12:00:00Z").await).await;
        }
    }
}
