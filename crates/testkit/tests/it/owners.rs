//! Whoever answers for documents and tokens is there, or somebody is asked for another one.

use serde_json::json;
use tenure_app::owners::look;
use tenure_app::tasks::close::close;
use tenure_app::tasks::list::{self, Wanted};
use tenure_app::tokens::create::create;
use tenure_model::{HumanTask, Role};
use tenure_store::tokens::Opens;

use crate::somebody::{HOUSE, Somebody};

const TEAMS: &str = r"apiVersion: tenure/v1
kind: Team
metadata: { name: keepers, owner: keepers }
spec: { members: [E1, E3] }
---
apiVersion: tenure/v1
kind: Team
metadata: { name: mixed, owner: mixed }
spec: { members: [E1, a-token-of-nobody] }
";

impl Somebody {
    async fn told(&self, id: &str, key: &str, kind: &str, more: serde_json::Value) {
        let mut body = more;
        body["id"] = id.into();
        body["type"] = kind.into();
        let mut person = body.get("person").cloned().unwrap_or_else(|| json!({}));
        person["employeeId"] = key.into();
        body["person"] = person;
        self.stepped.tell(body).await.unwrap();
    }

    /// What is asked about owners, by title.
    async fn owners(&self) -> Vec<HumanTask> {
        look(&self.stepped.house).await.unwrap();
        let open = list::list(&self.stepped.cx(), Wanted::default(), None, 100).await.unwrap();
        let mut asked: Vec<HumanTask> = open.into_iter().filter(|task| task.title.contains("answers for")).collect();
        asked.sort_by(|one, other| one.title.cmp(&other.title));
        asked
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_left_is_asked_after_until_everything_has_an_owner_who_is_there() {
    let theirs = HOUSE.replace("ldap, owner: it", "ldap, owner: E1").replace("staff, owner: it", "staff, owner: E1");
    let scene = Somebody::of(&format!("{theirs}{TEAMS}")).await;
    for (id, key) in [("h2", "E2"), ("h3", "E3")] {
        scene.told(id, key, "employment.started", json!({ "firstDay": "2025-01-01" })).await;
    }
    scene.told("m1", "E1", "person.changed", json!({ "person": { "manager": "E2" } })).await;
    let opens = Opens::Roles([Role::Worker].into());
    let token = create(&scene.stepped.cx(), "E1".to_owned(), opens, Some(30), [7; 32]).await.unwrap();
    assert_eq!(scene.owners().await, [], "who is there is asked after");

    scene.told("l1", "E1", "employment.ended", json!({ "lastDay": "2026-10-31" })).await;
    let asked = scene.owners().await;
    assert_eq!(asked.len(), 1, "a team of which somebody is there is asked after: {asked:#?}");
    assert_eq!(
        (asked[0].title.as_str(), asked[0].assignee.to_string().as_str()),
        ("`E1` has left, who answers for 3 things", "person:E2")
    );
    let lines: Vec<&str> = asked[0].instructions.lines().skip(1).collect();
    assert_eq!(lines[..2], ["- connection ldap", "- role staff"]);
    assert!(lines[2].starts_with(&format!("- token {}, good until", token.id)), "{lines:?}");
    assert_eq!(scene.owners().await, asked, "it is asked twice");

    scene.told("l3", "E3", "employment.ended", json!({ "lastDay": "2026-10-31" })).await;
    let both = scene.owners().await;
    assert_eq!(
        both.iter().map(|task| task.title.as_str()).collect::<Vec<_>>(),
        [
            "Nobody of the team `keepers` is there, which answers for one thing",
            "`E1` has left, who answers for 3 things",
        ]
    );
    assert_eq!(both[0].assignee.to_string(), "role:operator");

    // Who says that it is done is believed for a day, and not longer.
    close(&scene.stepped.worker("E2"), asked[0].id, None, None).await.unwrap();
    assert_eq!(scene.owners().await.len(), 1);
    scene.stepped.at("2026-11-03T10:00:00Z".parse().unwrap());
    let again = scene.owners().await;
    assert!(again.len() == 2 && again[1].id != asked[0].id, "{again:#?}");

    scene.told("b1", "E1", "employment.started", json!({ "firstDay": "2026-11-01", "engagement": "E1-again" })).await;
    assert_eq!(scene.owners().await, [], "somebody is asked for what has an owner");
}
