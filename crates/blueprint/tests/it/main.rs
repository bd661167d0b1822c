//! Documents as people write them, right and wrong.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail")]

mod cases;
mod people;
mod text;

use tenure_blueprint::{Code, Direction, Estate, Problem};

const CONNECTION: &str = "apiVersion: tenure/v1
kind: Connection
metadata: { name: ldap }
spec:
  connector: ldap
  direction: target
  entitlements: { group/staff: cn=staff }
";

fn read(text: &str) -> Result<Estate, Vec<Problem>> {
    Estate::read(vec![("a.yaml".into(), text.into())])
}

/// Every problem as one line.
fn problems(text: &str) -> Vec<String> {
    read(text).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

fn role(spec: &str) -> String {
    format!("{CONNECTION}---\napiVersion: tenure/v1\nkind: Role\nmetadata: {{ name: staff, owner: us }}\nspec:\n{spec}")
}

/// A connection with one more line in its spec; the line is the eighth of the file.
fn with(line: &str) -> String {
    format!("{CONNECTION}  {line}\n")
}

#[test]
fn the_first_estate_loads() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/first-estate");
    let files = ["connections/hr.yaml", "connections/ldap.yaml", "roles/staff.yaml"];
    let files = files.map(|file| (file.to_owned(), std::fs::read_to_string(format!("{root}/{file}")).unwrap()));
    let estate = Estate::read(files.into()).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(estate.connections.len(), 2);
    let rules = estate.rules();
    assert_eq!(rules.targets.len(), 1);
    let staff = rules.roles.iter().find(|role| role.name.as_str() == "staff").unwrap();
    assert_eq!(staff.birthright.as_ref().unwrap().from.to_string(), "person.firstDay - 3d");
    let finance = rules.roles.iter().find(|role| role.name.as_str() == "finance").unwrap();
    assert_eq!(finance.birthright.as_ref().unwrap().grace_days, 14);
    let ldap = &estate.connections[&"ldap".parse().unwrap()];
    assert_eq!(ldap.direction, Direction::Target);
    assert_eq!(ldap.config["password"]["secret"], "file:secrets/ldap-password");
    assert_eq!(ldap.account.matched_by.as_deref(), Some("employeeNumber"));
    let hr = &estate.connections[&"hr".parse().unwrap()];
    assert_eq!((hr.guard.disappear_max, hr.guard.change_max), (Some(200), Some(1_500)));
}

#[test]
fn slips_are_told_with_their_place_and_what_was_meant() {
    for (text, wanted) in [
        (with("conector: x"), "a.yaml:8:3: TEN-E2003 `spec` has no key `conector`; did you mean `connector`?"),
        (
            CONNECTION.replace("target", "targt"),
            "a.yaml:6:14: TEN-E2006 `direction` cannot be `targt`; did you mean `target`?",
        ),
        (
            CONNECTION.replace("connector: ldap", "connector: file"),
            "a.yaml:6:14: TEN-E2006 connector `file` only reads, so no accounts are made through it; write `direction: \
             source`",
        ),
        (
            CONNECTION.replace("  direction: target\n", ""),
            "a.yaml:5:3: TEN-E2004 `direction` is missing; add `direction: …`",
        ),
        (
            CONNECTION.replace("Connection", "Conection"),
            "a.yaml:2:7: TEN-E2006 `kind` cannot be `Conection`; did you mean `Connection`?",
        ),
        (
            CONNECTION.replace("tenure/v1", "tenure/v2"),
            "a.yaml:1:13: TEN-E2007 `apiVersion` is `tenure/v2`; write `tenure/v1`",
        ),
        (
            CONNECTION.replace("name: ldap", "name: LDAP"),
            "a.yaml:3:19: TEN-E2006 `LDAP` is not a name; use 1 to 63 lower-case letters, digits and dashes, starting \
             with a letter",
        ),
        (
            with("guard: { maxChange: 2 }"),
            "a.yaml:8:23: TEN-E2006 `maxChange` is not a share; write a whole number, such as `2%`",
        ),
        (
            with("pace: { perSecond: 0 }"),
            "a.yaml:8:22: TEN-E2006 `perSecond` is not a number of requests; write a whole number from 1 to 100000",
        ),
        (with("authority: employee"), "a.yaml:8:14: TEN-E2005 `authority` is text; write a list, such as `[a, b]`"),
        (
            with("account: { match: id, set: { uid: person.x } }"),
            "a.yaml:8:12: TEN-E2010 `match` names `id`, which `set` does not fill; add `id: …` to `set`",
        ),
        (
            with("account: { set: { uid: lowr(person.x) } }"),
            "a.yaml:8:26: TEN-E2008 `uid`: there is no function `lowr` (character 0); did you mean `lower`?",
        ),
        (
            role("  grants: [{ connection: ldp, entitlement: group/staff }]\n"),
            "a.yaml:13:12: TEN-E2010 there is no connection `ldp`; did you mean `ldap`?",
        ),
        (
            role("  grants: [{ connection: ldap, entitlement: group/stuff }]\n"),
            "a.yaml:13:12: TEN-E2010 connection `ldap` has no entitlement `group/stuff`; did you mean `group/staff`?",
        ),
        (
            role("  birthright: { when: true, from: yesterday }\n  grants: []\n"),
            "a.yaml:13:35: TEN-E2006 `from` is not a day that is known; write `person.firstDay` or \
             `person.lastDay`, or days before or after it, such as `person.firstDay - 3d`",
        ),
    ] {
        assert_eq!(problems(&text), [wanted], "{text}");
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let text = role("  birthright: { when: persn.x == 1, grace: 14 }\n  grants: [{ connection: ldap }]\n  rsk: high\n");
    let codes: Vec<Code> = read(&text).unwrap_err().iter().map(|problem| problem.code).collect();
    assert_eq!(codes, [Code::BadExpression, Code::WrongType, Code::MissingKey, Code::UnknownKey]);
}

#[test]
fn a_condition_that_cannot_be_read_never_turns_into_none() {
    let text = role("  grants: [{ connection: ldap, entitlement: group/staff, when: 'persn.x' }]\n");
    assert_eq!(read(&text).unwrap_err()[0].code, Code::BadExpression);
}

#[test]
fn secrets_never_stand_in_documents_nor_in_what_is_said_of_them() {
    for config in [
        "config: { bindPassword: hunter2 }",
        "config: { nested: [{ api_key: hunter2 }] }",
        "config: { password: { secret: hunter2 } }",
        "config: { password: { secret: 'file:' } }",
        "config: { url: 'ldap://cn=x:hunter2@host/' }",
        "config: { clientSecret: [hunter2] }",
        "config: { token: 123456 }",
    ] {
        let found = problems(&with(config));
        assert!(found[0].contains("TEN-E2009"), "{config}: {found:?}");
        assert!(!found[0].contains("hunter2") && !found[0].contains("123456"), "{found:?}");
    }
    assert!(read(&with("config: { password: { secret: 'file:/run/x' }, url: 'ldap://host' }")).is_ok());
}

#[test]
fn yaml_is_strict() {
    for text in [
        with("connector: twice"),
        with("config: &a { x: 1 }"),
        with("config: { x: *a }"),
        with("config: { <<: { x: 1 } }"),
        with("config: !!python/object:os.system { x: 1 }"),
        with("config: { x: [ }"),
        "a:\n\tb: 1\n".to_owned(),
        format!("{}{}", "[".repeat(200), "]".repeat(200)),
        with(&format!("config: {{ x: {}1{} }}", "[".repeat(30), "]".repeat(30))),
    ] {
        let found = read(&text).unwrap_err();
        assert!(found.iter().all(|problem| problem.code == Code::NotYaml), "{text}: {found:?}");
        assert!(found[0].place.line >= 1);
    }
    let large = with(&format!("config: {{ x: '{}' }}", "x".repeat(300_000)));
    assert_eq!(read(&large).unwrap_err()[0].code, Code::TooLarge);
}

#[test]
fn documents_need_their_own_names() {
    let found = problems(&format!("{CONNECTION}---\n{CONNECTION}"));
    assert_eq!(
        found,
        ["a.yaml:9:1: TEN-E2011 there is a Connection `ldap` already; see a.yaml:1, and rename one of them"]
    );
}

#[test]
fn a_workflow_keeps_what_was_written_and_where() {
    let text = "apiVersion: tenure/v1\nkind: Workflow\nmetadata: { name: leaver }\nspec:\n  steps:\n    - { id: a, use: b/c }\n";
    let estate = read(text).unwrap();
    let workflow = &estate.workflows[&"leaver".parse().unwrap()];
    assert_eq!(workflow.spec["steps"][0]["use"], "b/c");
    let place = workflow.places["/steps/0/use"];
    assert_eq!((place.line, place.column), (6, 21));
}

#[test]
fn nothing_is_an_empty_estate_and_rubbish_is_not() {
    assert_eq!(Estate::read(Vec::new()), Ok(Estate::default()));
    assert_eq!(read("---\n"), Ok(Estate::default()));
    for rubbish in ["7", "[]", "a", "{}", "spec: 1"] {
        assert!(read(rubbish).is_err(), "{rubbish}");
    }
}

#[test]
fn brakes_are_on_without_a_document_and_a_bound_takes_the_place_of_its_name() {
    let paper = include_str!("../../../../docs/howto/plan-and-apply.md");
    let text = paper.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let limits = read(text).unwrap_or_else(|problems| panic!("{problems:#?}")).brakes;
    let hours = |name: &str| -> Vec<u32> {
        let bound = limits.bounds.iter().find(|bound| bound.name == name).unwrap();
        bound.windows.iter().map(|window| window.hours).collect()
    };
    assert_eq!((hours("usual"), hours("urgent"), hours("swept")), (vec![1, 720], vec![1, 24, 720], vec![1]));
    assert_eq!((limits.admins.len(), limits.privileged.len()), (1, 1));
    assert_eq!(limits.protected.people.keys().collect::<Vec<_>>(), ["ceo@example.org", "e1"]);
    assert_eq!(Estate::read(Vec::new()).unwrap().brakes.bounds.len(), 3);
    for (from, to, said) in [
        ("within: 1h", "within: 1w", "`within` is not a span of time"),
        ("people: 10", "people: ten", "`people` is not a number of people"),
        ("losing: attribute", "losing: atribute", "did you mean `attribute`?"),
        ("    because: the board and break glass\n", "", "`because` is missing"),
        ("share: 1%", "share: 1", "`share` is not a share"),
    ] {
        let found = problems(&text.replacen(from, to, 1));
        assert!(found.iter().any(|problem| problem.contains(said)), "{said}: {found:?}");
    }
}

#[test]
fn a_team_has_its_tickets_in_a_connection_that_is_there() {
    let team = |tickets: &str| {
        format!(
            "{CONNECTION}---\napiVersion: tenure/v1\nkind: Team\nmetadata: {{ name: desk }}\nspec: {{ members: [bob], tickets: {tickets} }}\n"
        )
    };
    let known = read(&team("ldap")).unwrap();
    assert_eq!(known.teams.values().next().unwrap().tickets.as_ref().unwrap().as_str(), "ldap");
    let told = problems(&team("ldapp"));
    assert_eq!(told.len(), 1, "{told:?}");
    for part in ["a.yaml:12:", "there is no connection `ldapp`", "did you mean `ldap`?"] {
        assert!(told[0].contains(part), "{part}: {}", told[0]);
    }
}
