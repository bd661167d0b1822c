//! Whoever answers for documents and tokens is there, or somebody is asked for another one.

use serde_json::json;
use tenure_app::owners::look;
use tenure_app::people::sponsor::sponsor;
use tenure_app::people::why::why;
use tenure_app::tasks::close::close;
use tenure_app::tasks::list::{self, Wanted};
use tenure_app::tokens::create::create;
use tenure_model::{HumanTask, Role};
use tenure_store::tokens::Opens;
use tenure_store::{StoreError, ledger, notices, people};

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

    async fn changed(&self, id: &str, key: &str, person: serde_json::Value) {
        self.told(id, key, "person.changed", json!({ "person": person })).await;
    }

    /// How often the ledger says this.
    async fn recorded(&self, what: &str) -> usize {
        let job = self.stepped.house.store.read(|tx| Box::pin(async move { ledger::unsealed(tx, 1_000).await }));
        let drafts = job.await.map_err(|error: StoreError| error).unwrap();
        drafts.iter().filter(|draft| draft.body.contains(&format!("\"{what}\""))).count()
    }

    /// How many notices say this.
    async fn told_of(&self, what: &str) -> usize {
        let job = self
            .stepped
            .house
            .store
            .read(|tx| Box::pin(async move { notices::list_undelivered(tx, None, None, 1_000).await }));
        let found = job.await.map_err(|error: StoreError| error).unwrap();
        found.iter().filter(|one| one.notice.body.contains(what)).count()
    }

    async fn token(&self, seed: u8) -> String {
        let opens = Opens::Roles([Role::Worker].into());
        create(&self.stepped.cx(), "E1".to_owned(), opens, Some(90), [seed; 32]).await.unwrap().id.to_string()
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

/// Everything that the house has is of E1, who works in Sales under E2; E3 is there as well.
async fn house_of_e1(besides: &str) -> Somebody {
    let theirs = HOUSE.replace("ldap, owner: it", "ldap, owner: E1").replace("staff, owner: it", "staff, owner: E1");
    let scene = Somebody::of(&format!("{theirs}{besides}")).await;
    for (id, key) in [("h2", "E2"), ("h3", "E3")] {
        scene.told(id, key, "employment.started", json!({ "firstDay": "2025-01-01" })).await;
    }
    scene.changed("p1", "E1", json!({ "department": "Sales", "title": "Clerk", "manager": "E2" })).await;
    assert_eq!(scene.owners().await, [], "what becomes known is taken for a move");
    scene
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_moved_is_asked_once_what_goes_along() {
    let scene = house_of_e1(TEAMS).await;
    let old = scene.token(7).await;
    scene.stepped.at("2026-11-20T09:00:00Z".parse().unwrap());
    scene.changed("p2", "E1", json!({ "department": "Finance", "phone": "7" })).await;
    let new = scene.token(8).await;
    let asked = scene.owners().await;
    assert_eq!(asked.len(), 1, "a team is asked after whose member moved: {asked:#?}");
    assert_eq!(
        (asked[0].title.as_str(), asked[0].assignee.to_string().as_str()),
        ("`E1` works somewhere else now, who answers for 3 things", "person:E1")
    );
    let text = &asked[0].instructions;
    let said = "Since 2026-11-20 09:00 UTC: department is `Finance` and was `Sales`. Say `keep`";
    assert!(text.starts_with(said) && !text.contains("phone"), "{text}");
    assert!(text.contains("- connection ldap\n- role staff\n") && text.contains(&old), "{text}");
    assert!(!text.contains(&new), "what they got after they moved is asked about: {text}");

    // The rest of the same move is no other one, and neither is another look, here or on another node.
    scene.stepped.at("2026-11-23T09:00:00Z".parse().unwrap());
    scene.changed("p3", "E1", json!({ "title": "Controller", "manager": "E3" })).await;
    let (one, two) = tokio::join!(look(&scene.stepped.house), look(&scene.stepped.house));
    assert_eq!((one.unwrap(), two.unwrap()), (1, 1));
    assert_eq!(scene.owners().await, asked, "one move is asked about twice");

    close(&scene.stepped.worker("E1"), asked[0].id, None, None).await.unwrap();
    scene.stepped.at("2027-01-15T09:00:00Z".parse().unwrap());
    assert_eq!(scene.owners().await, [], "who keeps it is asked again");

    scene.changed("p4", "E1", json!({ "department": "Legal", "manager": "E2" })).await;
    let again = scene.owners().await;
    assert_eq!(again.len(), 1, "who moved again is not asked");
    assert!(again[0].id != asked[0].id && again[0].instructions.contains("manager is `E2` and was `E3`"), "{again:#?}");
    // Said and not done: the documents name them still.
    let handed = ("handed-over".parse().ok(), Some("to the keepers".to_owned()));
    close(&scene.stepped.worker("E1"), again[0].id, handed.0, handed.1).await.unwrap();
    assert_eq!(scene.owners().await, []);
    scene.stepped.at("2027-01-16T10:00:00Z".parse().unwrap());
    assert_eq!(scene.owners().await.len(), 1, "what was only said is believed for ever");
    scene.changed("p5", "E1", json!({ "department": "Finance", "manager": "E3" })).await;
    assert_eq!(scene.owners().await, [], "who is back where they were is asked");
    assert!(scene.recorded("task.closed").await >= 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_manager_is_a_move_unless_the_one_before_has_left() {
    let scene = house_of_e1("").await;
    scene.stepped.at("2026-11-20T09:00:00Z".parse().unwrap());
    scene.told("l2", "E2", "employment.ended", json!({ "lastDay": "2026-11-18" })).await;
    scene.changed("p2", "E1", json!({ "manager": "E3" })).await;
    assert_eq!(scene.owners().await, [], "whose manager is replaced is taken for somebody who moved");
    // A transfer says so itself, of whatever it speaks, and from its day on.
    let transfer = json!({ "person": { "site": "Lyon" }, "from": "2026-12-10" });
    scene.changed("p3", "E1", json!({ "site": "Paris" })).await;
    scene.told("t1", "E1", "person.transferred", transfer).await;
    assert_eq!(scene.owners().await, [], "who will move is asked before");
    scene.stepped.at("2026-12-10T09:00:00Z".parse().unwrap());
    let asked = scene.owners().await;
    assert!(asked.len() == 1 && asked[0].instructions.contains("site is `Lyon` and was `Paris`"), "{asked:#?}");
    // Who leaves then is not asked themselves any more.
    scene.told("l1", "E1", "employment.ended", json!({ "lastDay": "2026-12-09" })).await;
    let asked = scene.owners().await;
    assert_eq!(
        asked.iter().map(|task| task.title.as_str()).collect::<Vec<_>>(),
        ["`E1` has left, who answers for 2 things"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_names_a_successor_is_theirs_once_the_owner_has_left() {
    let scene = house_of_e1(
        &TEAMS
            .replace("keepers, owner: keepers", "keepers, owner: E1, successor: E3")
            .replace("mixed, owner: mixed", "mixed, owner: E3, successor: E1"),
    )
    .await;
    let succeeded = || async { (scene.recorded("owner.succeeded").await, scene.told_of("owner.succeeded").await) };
    assert_eq!(succeeded().await, (0, 0));
    scene.told("l1", "E1", "employment.ended", json!({ "lastDay": "2026-10-31" })).await;
    let (one, two) = tokio::join!(look(&scene.stepped.house), look(&scene.stepped.house));
    one.and(two).unwrap();
    let asked = scene.owners().await;
    assert_eq!(asked.len(), 1);
    assert!(asked[0].title.ends_with("2 things") && !asked[0].instructions.contains("keepers"), "{asked:#?}");
    assert_eq!(succeeded().await, (1, 1), "it is told or recorded more or less than once");
    // The successor is an owner like any other, from then on.
    scene.changed("q1", "E3", json!({ "department": "Sales" })).await;
    scene.stepped.at("2026-11-20T09:00:00Z".parse().unwrap());
    scene.changed("q2", "E3", json!({ "department": "Legal" })).await;
    let asked = scene.owners().await;
    assert_eq!(asked[1].title, "`E3` works somewhere else now, who answers for 2 things", "{asked:#?}");
    assert!(asked[1].instructions.contains("\n- team keepers\n- team mixed, for which `E1` is named to come after"));
    // When neither is there somebody is asked, and it ends.
    scene.told("l3", "E3", "employment.ended", json!({ "lastDay": "2026-11-19" })).await;
    let asked = scene.owners().await;
    let gone = "team keepers, and its successor `E3` is not there either";
    assert!(asked.iter().any(|task| task.instructions.contains(gone)), "{asked:#?}");
    assert_eq!(scene.recorded("owner.succession-ended").await, 1);
    assert_eq!(succeeded().await, (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_and_the_estate_name_whoever_answers_now() {
    let theirs = HOUSE.replace("staff, owner: it", "staff, owner: E3, successor: keepers");
    let scene = Somebody::of(&format!("{theirs}{TEAMS}")).await;
    scene.told("h3", "E3", "employment.started", json!({ "firstDay": "2025-01-01" })).await;
    let says = || async {
        let why = why(&scene.stepped.cx(), "E1".to_owned(), Some("group/staff".to_owned()), None).await.unwrap();
        why.because.iter().flat_map(|one| &one.chain).map(|link| link.says.clone()).collect::<Vec<_>>().join("\n")
    };
    assert!(says().await.contains("; owner E3"), "{}", says().await);
    scene.told("l3", "E3", "employment.ended", json!({ "lastDay": "2026-10-31" })).await;
    look(&scene.stepped.house).await.unwrap();
    assert!(says().await.contains("; owner keepers, who comes after E3"), "{}", says().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_and_accounts_of_services_always_have_somebody() {
    let scene = house_of_e1(TEAMS).await;
    let agent = json!({ "firstDay": "2025-01-01", "kind": "ai-agent", "person": { "displayName": "Reporter" } });
    scene.told("a1", "A1", "employment.started", agent).await;
    let asked = scene.owners().await;
    assert_eq!(asked.len(), 1);
    assert_eq!(
        (asked[0].title.as_str(), asked[0].assignee.to_string().as_str()),
        ("Nobody is named who answers for one thing", "role:operator")
    );
    assert!(asked[0].instructions.contains("- ai-agent Reporter (person_"), "{asked:#?}");
    let cx = scene.stepped.cx();
    let to = |whom: &str| sponsor(&cx, "A1".to_owned(), whom.to_owned(), "runs it".to_owned());
    to("A1").await.unwrap_err();
    to("E1").await.unwrap();
    assert_eq!(scene.owners().await, []);
    scene.told("l1", "E1", "employment.ended", json!({ "lastDay": "2026-10-31" })).await;
    let asked = scene.owners().await;
    assert!(asked.len() == 1 && asked[0].instructions.contains("- ai-agent Reporter (person_"), "{asked:#?}");
    assert_eq!(asked[0].assignee.to_string(), "person:E2");
    to("E1").await.unwrap_err();
    to("E3").await.unwrap();
    let asked = scene.owners().await;
    assert!(asked.len() == 1 && !asked[0].instructions.contains("Reporter"), "{asked:#?}");
    // What has ended needs nobody.
    scene.told("a2", "A1", "employment.ended", json!({ "lastDay": "2026-10-31" })).await;
    scene.told("l3", "E3", "employment.ended", json!({ "lastDay": "2026-10-31" })).await;
    assert!(!scene.owners().await.iter().any(|task| task.instructions.contains("Reporter")));
    let job = scene.stepped.house.store.read(|tx| Box::pin(async move { people::sponsored(tx, None, 10).await }));
    assert_eq!(job.await.map_err(|error: StoreError| error).unwrap().len(), 1);
}
