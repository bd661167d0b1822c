//! Everybody at once: what another rule would change, who has something, and who may ask.

use serde_json::{Value as Json, json};

use crate::real::{Real, read};

fn joiner(key: &str, name: &str, department: &str) -> Json {
    json!({ "id": format!("start-{key}"), "type": "employment.started", "firstDay": "2026-11-01",
            "person": { "employeeId": key, "displayName": name, "department": department } })
}

async fn post(real: &Real, event: &Json) {
    let answer = real.ask("source", "POST", "/v1/connections/hr/events", event).await;
    assert!(answer.status < 300, "{}", answer.body);
}

async fn company() -> Real {
    let real = Real::open().await;
    for (key, name, department) in [("E1", "Ada", "Finance"), ("E2", "Bo", "Sales"), ("E3", "Cy", "Sales")] {
        post(&real, &joiner(key, name, department)).await;
    }
    real
}

fn staff(when: &str) -> Json {
    let document = format!(
        "apiVersion: tenure/v1\nkind: Role\nmetadata: {{ name: staff, owner: it }}\nspec:\n  \
         birthright: {{ when: \"{when}\" }}\n  grants: [{{ connection: ldap, entitlement: group/staff }}]\n"
    );
    json!({ "document": document })
}

async fn what_if(real: &Real, body: &Json) -> Json {
    let answer = real.ask("policy-author", "POST", "/v1/whatif/rule", body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    read(&answer)
}

fn names(told: &Json) -> Vec<String> {
    let name = |change: &Json| format!("{} {}", change["change"].as_str().unwrap(), change["displayName"]);
    told["changes"].as_array().unwrap().iter().map(name).collect()
}

#[tokio::test]
async fn an_edit_tells_who_would_lose_what_and_follows_every_event() {
    let real = company().await;
    let mut narrower = staff("person.department == 'Finance'");
    let told = what_if(&real, &narrower).await;
    assert_eq!((&told["people"], &told["peopleGaining"], &told["peopleLosing"]), (&json!(3), &json!(0), &json!(2)));
    let staff_group = json!({ "connection": "ldap", "entitlement": "group/staff", "gain": 0, "lose": 2, "after": 1 });
    assert_eq!(told["entitlements"], json!([staff_group]));
    assert_eq!(names(&told), ["lose \"Bo\"", "lose \"Cy\""]);
    // Page by page.
    narrower["limit"] = json!(1);
    let first = what_if(&real, &narrower).await;
    assert_eq!((names(&first), &first["next"]), (vec!["lose \"Bo\"".to_owned()], &json!(1)));
    narrower["skip"] = json!(1);
    let second = what_if(&real, &narrower).await;
    assert_eq!((names(&second), second.get("next")), (vec!["lose \"Cy\"".to_owned()], None));
    // A mover and somebody new, after everybody was loaded.
    let moved =
        json!({ "id": "m1", "type": "person.changed", "person": { "employeeId": "E2", "department": "Finance" } });
    post(&real, &moved).await;
    post(&real, &joiner("E4", "Di", "Sales")).await;
    let told = what_if(&real, &staff("person.department == 'Finance'")).await;
    assert_eq!((names(&told), &told["people"]), (vec!["lose \"Cy\"".to_owned(), "lose \"Di\"".to_owned()], &json!(4)));
    // The same role and no role.
    assert_eq!(what_if(&real, &staff("person.kind == 'employee'")).await["entitlements"], json!([]));
    assert_eq!(what_if(&real, &json!({ "without": ["staff"] })).await["peopleLosing"], 4);
    // A leaver has nothing to lose once the last day is over, and the days alone tell.
    let left =
        json!({ "id": "l1", "type": "employment.ended", "lastDay": "2026-11-21", "person": { "employeeId": "E3" } });
    post(&real, &left).await;
    assert_eq!(what_if(&real, &json!({ "without": ["staff"] })).await["peopleLosing"], 4);
    real.clock.advance(crate::real::DAY * 3);
    assert_eq!(what_if(&real, &json!({ "without": ["staff"] })).await["peopleLosing"], 3);
    real.stop().await;
}

#[tokio::test]
async fn who_has_something_is_listed_with_the_roles_that_give_it() {
    let real = company().await;
    let path = "/v1/access/who?connection=ldap&entitlement=group/staff";
    let all = read(&real.get("policy-author", path).await);
    let items = all["items"].as_array().unwrap();
    let told: Vec<&str> = items.iter().map(|item| item["displayName"].as_str().unwrap()).collect();
    assert_eq!(told, ["Ada", "Bo", "Cy"]);
    assert!(items.iter().all(|item| item["roles"] == json!(["staff"]) && item["held"] == json!(false)), "{all}");
    let first = read(&real.get("auditor", &format!("{path}&limit=2")).await);
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let after = first["next"].as_str().unwrap();
    let second = read(&real.get("auditor", &format!("{path}&limit=2&after={after}")).await);
    assert_eq!((second["items"][0]["displayName"].as_str(), second.get("next")), (Some("Cy"), None));
    let mined = read(&real.get("policy-author", "/v1/access/mine?connection=ldap&entitlement=group/staff").await);
    assert_eq!(mined, json!({ "holders": 0, "proposals": [] }));
    real.stop().await;
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_with_the_reason() {
    let real = company().await;
    let ask = async |who: &str, body: &Json| real.ask(who, "POST", "/v1/whatif/rule", body).await;
    let fine = staff("true");
    assert_eq!(ask("help-desk", &fine).await.status, 403);
    assert_eq!(ask("source", &fine).await.status, 403);
    assert_eq!(real.with("", "POST", "/v1/whatif/rule", &fine).await.status, 401);
    let mut unknown = fine.clone();
    unknown["dokument"] = json!("x");
    for (body, words) in [
        (unknown, "dokument"),
        (json!({ "document": "kind: [" }), "document:1"),
        (staff("persn.department == 'x'"), "did you mean `person`"),
        (json!({ "document": "" }), "no document of kind Role"),
        (json!({ "without": ["nobody"] }), "there is no role `nobody`"),
        (
            json!({ "document": fine["document"].as_str().unwrap().replace("group/staff", "group/staf") }),
            "no entitlement `group/staf`",
        ),
        (json!({ "document": fine["document"], "limit": 0 }), "not between 1 and"),
    ] {
        let answer = ask("policy-author", &body).await;
        assert_eq!(answer.status, 422, "{words}: {}", answer.body);
        assert!(answer.body.contains(words), "{words}: {}", answer.body);
    }
    let whole = ask("policy-author", &staff("size(person) > 3")).await;
    assert_eq!(whole.status, 409);
    assert!(whole.body.contains("looks at a person as a whole"), "{}", whole.body);
    for (path, status) in [
        ("/v1/access/who?connection=ldap&entitlement=group/nothing", 404),
        ("/v1/access/who?connection=nowhere&entitlement=group/staff", 404),
        ("/v1/access/who?connection=ldap", 400),
        ("/v1/access/mine?connection=ldap&entitlement=", 400),
    ] {
        assert_eq!(real.get("policy-author", path).await.status, status, "{path}");
    }
    real.stop().await;
}
