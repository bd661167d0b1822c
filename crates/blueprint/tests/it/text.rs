//! Documents as text: laid out, edited, put right, and told of to editors.

use proptest::prelude::*;
use serde_json::{Value, json};
use tenure_blueprint::edit::{Edit, edit, splice};
use tenure_blueprint::{Code, Estate, Kind, format, lint, repair, schemas};

const WORKFLOW: &str = "\
# Who leaves, leaves.
apiVersion: tenure/v1
kind: Workflow
metadata: { name: leaver, title: Leaver }
spec:
  # HR is the authority for the last working day.
  trigger: { event: employment.ended }
  steps:
    - { id: align, use: access/align }   # what is to be done

    # Works council asked for 5 days, not 3.
    - id: wait
      use: core/wait-for
      with: { signal: approve, days: 5 }
    - id: settle
      use: access/settle
      note: |
        first
          second
";

fn formatted(text: &str) -> String {
    format("a.yaml", text).unwrap_or_else(|problem| panic!("{problem}\n{text}"))
}

#[test]
fn what_is_laid_out_twice_is_as_what_is_laid_out_once() {
    let ugly = "\
spec:
    grants:
    -   {connection:   ldap,entitlement: group/staff}   # all of them
    - connection: ldap
      # only some
      entitlement: group/vpn


    birthright:
         grace: 14d
         when: person.kind == \"employee\"
metadata:   {owner: us, name: staff}


kind: Role
apiVersion: tenure/v1
# the end
---
# another
apiVersion: tenure/v1
kind: Group
metadata: { name: g, owner: us }
spec:
  when: >-
    person.a == 1 &&
    person.b == 2
";
    let wanted = "\
apiVersion: tenure/v1
kind: Role
metadata: { owner: us, name: staff }
spec:
  birthright:
    when: person.kind == \"employee\"
    grace: 14d
  grants:
    - { connection: ldap, entitlement: group/staff }  # all of them
    - connection: ldap
      # only some
      entitlement: group/vpn
# the end
---
# another
apiVersion: tenure/v1
kind: Group
metadata: { name: g, owner: us }
spec:
  when: >-
    person.a == 1 &&
    person.b == 2
";
    let once = formatted(ugly);
    assert_eq!(once, wanted, "{once}");
    assert_eq!(formatted(&once), once);
    assert_eq!(formatted(WORKFLOW), WORKFLOW.replace("}   # what", "}  # what"));
}

#[test]
fn every_document_of_this_repository_can_be_laid_out_and_means_the_same() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let mut count = 0;
    for folder in ["examples", "templates", "crates/server/src/catalogue/samples"] {
        let mut open = vec![std::path::PathBuf::from(format!("{root}/{folder}"))];
        while let Some(next) = open.pop() {
            if next.is_dir() {
                open.extend(std::fs::read_dir(&next).unwrap().map(|entry| entry.unwrap().path()));
            } else if next.extension().is_some_and(|kind| kind == "yaml") {
                let text = std::fs::read_to_string(&next).unwrap();
                let once = formatted(&text);
                assert_eq!(formatted(&once), once, "{}", next.display());
                count += 1;
            }
        }
    }
    assert!(count > 10, "{count}");
}

#[test]
fn an_edit_changes_its_place_and_nothing_else() {
    let at = |at: &str| at.to_owned();
    for (asked, wanted) in [
        (
            Edit::Set { at: at("/spec/steps/1/with/days"), value: json!(7) },
            WORKFLOW.replace("days: 5 }", "days: 7 }"),
        ),
        (
            Edit::Insert { into: at("/spec/steps"), key: at("1"), value: json!({ "id": "new", "use": "a/b" }) },
            WORKFLOW.replace("    # Works", "    - { id: new, use: a/b }\n    # Works"),
        ),
        (
            Edit::Insert { into: at("/spec/trigger"), key: at("source"), value: json!("hr: yes") },
            WORKFLOW.replace("employment.ended }", "employment.ended, source: \"hr: yes\" }"),
        ),
        (
            Edit::Remove { at: at("/spec/steps/1") },
            WORKFLOW.replace(
                "    # Works council asked for 5 days, not 3.\n    - id: wait\n      use: core/wait-for\n      with: { signal: approve, days: 5 }\n",
                "",
            ),
        ),
        (Edit::Remove { at: at("/metadata/title") }, WORKFLOW.replace(", title: Leaver", "")),
    ] {
        let edited = edit(WORKFLOW, 0, &asked).unwrap_or_else(|error| panic!("{asked:?}: {error}"));
        assert_eq!(edited.text, wanted, "{asked:?}");
        assert_eq!(splice(&edited.text, &edited.undo).as_deref(), Some(WORKFLOW));
    }
    for bad in [
        Edit::Set { at: at("/spec/nothing"), value: json!(1) },
        Edit::Set { at: at("/spec/steps"), value: json!([]) },
        Edit::Insert { into: at("/spec"), key: at("steps"), value: json!(1) },
        Edit::Insert { into: at("/spec/steps"), key: at("9"), value: json!(1) },
        Edit::Remove { at: at("/spec/steps/9") },
        Edit::Move { list: at("/spec/steps"), from: 0, to: 9 },
    ] {
        assert!(edit(WORKFLOW, 0, &bad).is_err(), "{bad:?}");
    }
}

/// A document with comments everywhere, and the pointers of its parts.
fn documents() -> impl Strategy<Value = String> {
    let word = "[a-z]{1,6}";
    let item = prop_oneof![
        (word, word).prop_map(|(a, b)| format!("- {{ id: {a}, use: {b} }}")),
        (word, word).prop_map(|(a, b)| format!("- id: {a}  # why\n      use: {b}")),
        word.prop_map(|a| format!("# above\n    - {a}")),
    ];
    (proptest::collection::vec(item, 1..6), word, any::<bool>()).prop_map(|(items, title, end)| {
        let items: Vec<String> = items.iter().map(|item| format!("    {item}")).collect();
        let end = if end { "\n" } else { "" };
        format!("# head\nkind: Workflow   # kept\nmetadata: {{ name: a, title: {title} }}\nspec:\n  # list\n  steps:\n{}{end}", items.join("\n"))
    })
}

fn edits() -> impl Strategy<Value = Edit> {
    let value = prop_oneof![
        "[a-z:# ']{0,8}".prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        Just(json!(true)),
        Just(json!(["a", "b c"])),
        Just(json!({ "k": "v", "no": "yes" })),
        Just(json!({})),
    ];
    let at = prop_oneof![
        Just("/metadata/title".to_owned()),
        Just("/metadata".to_owned()),
        Just("/kind".to_owned()),
        Just("/spec/steps".to_owned()),
        (0..7usize).prop_map(|at| format!("/spec/steps/{at}")),
        (0..7usize).prop_map(|at| format!("/spec/steps/{at}/use")),
    ];
    prop_oneof![
        (at.clone(), value.clone()).prop_map(|(at, value)| Edit::Set { at, value }),
        (at.clone(), prop_oneof!["[a-z]{1,4}", "[0-6]"], value).prop_map(|(into, key, value)| Edit::Insert {
            into,
            key,
            value
        }),
        at.prop_map(|at| Edit::Remove { at }),
        (0..7usize, 0..7usize).prop_map(|(from, to)| Edit::Move { list: "/spec/steps".to_owned(), from, to }),
    ]
}

/// An edit changes few lines next to each other, and can be undone to the byte.
fn leaves_the_rest_alone(text: &str, asked: &Edit) -> Result<(), TestCaseError> {
    let Ok(edited) = edit(text, 0, asked) else { return Ok(()) };
    let undone = splice(&edited.text, &edited.undo);
    prop_assert_eq!(undone.as_deref(), Some(text));
    let (mut before, mut after): (Vec<&str>, Vec<&str>) = (text.lines().collect(), edited.text.lines().collect());
    let first = before.iter().zip(&after).take_while(|(left, right)| left == right).count();
    before.drain(..first);
    after.drain(..first);
    let last = before.iter().rev().zip(after.iter().rev()).take_while(|(left, right)| left == right).count();
    let (gone, come) = (before.len() - last, after.len() - last);
    // An item and its comment have three lines at most, and a move passes five others.
    let moves = matches!(asked, Edit::Move { .. });
    let allowed = if moves { 18 } else { 3 };
    prop_assert!(gone <= allowed && come <= allowed, "{} lines went, {} came\n{}\n{}", gone, come, text, edited.text);
    let comments = |text: &str| text.matches('#').count();
    prop_assert!(!moves || comments(text) == comments(&edited.text));
    Ok(())
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn edits_leave_the_rest_alone_and_can_be_undone(text in documents(), asked in edits()) {
        leaves_the_rest_alone(&text, &asked)?;
    }
}

proptest! {
    #![proptest_config(cases(10_000))]

    #[test]
    #[ignore = "takes a minute"]
    fn ten_thousand_edits_leave_the_rest_alone_and_can_be_undone(text in documents(), asked in edits()) {
        leaves_the_rest_alone(&text, &asked)?;
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn layout_is_stable_for_any_of_them(text in documents()) {
        let once = formatted(&text);
        prop_assert_eq!(formatted(&once), once.clone());
        prop_assert_eq!(text.matches('#').count(), once.matches('#').count());
    }
}

const COMPANY: &str = "\
apiVersion: tenure/v1
kind: Connection
metadata: { name: ldap, owner: us }
spec:
  connector: ldap
  direction: target
  entitlements: { group/staff: staff, group/vpn: vpn }
---
apiVersion: tenure/v1
kind: Group
metadata: { name: engineers, owner: us }
spec: { when: person.department == \"Engineering\" }
---
apiVersion: tenure/v1
kind: Role
metadata: { name: staff, owner: us }
spec:
  birthright: { when: 'person.kind == \"employee\" && inGroup(\"engineers\")' }
  requestable: { approval: two-step }
  grants:
    - { connection: ldap, entitlement: group/staff }
";

fn problems(text: &str) -> Vec<tenure_blueprint::Problem> {
    Estate::read(vec![("a.yaml".into(), text.into())]).err().unwrap_or_default()
}

#[test]
fn ten_kinds_of_slips_are_put_right() {
    assert_eq!(problems(COMPANY), []);
    for (right, wrong) in [
        ("connector:", "conector:"),
        ("direction: target", "direction: targt"),
        ("kind: Group", "kind: Grup"),
        ("tenure/v1\nkind: Role", "tenure/v2\nkind: Role"),
        ("connection: ldap", "connection: ldp"),
        ("entitlement: group/staff }", "entitlement: group/staf }"),
        ("inGroup(\\\"engineers\\\")", "inGroup(\\\"enginers\\\")"),
        ("person.kind ==", "persn.kind =="),
        ("inGroup(", "inGruop("),
        ("birthright:", "birthrigth:"),
        ("approval:", "aproval:"),
        ("{ when: person.department", "{ wen: person.department"),
    ] {
        let (right, wrong) = (right.replace("\\\"", "\""), wrong.replace("\\\"", "\""));
        let text = COMPANY.replacen(&right, &wrong, 1);
        assert_ne!(text, COMPANY, "{right}");
        let mut fixed = text.clone();
        for problem in problems(&text) {
            if let Some(one) = repair(&fixed, &problem) {
                fixed = splice(&fixed, &[one]).unwrap();
            }
        }
        assert_eq!(fixed, COMPANY, "{wrong}: {:?}", problems(&text));
    }
}

#[test]
fn what_names_nothing_goes_in_circles_or_contradicts_is_told() {
    let role = |name: &str, spec: &str| {
        format!("---\napiVersion: tenure/v1\nkind: Role\nmetadata: {{ name: {name}, owner: us }}\nspec: {{ {spec} }}\n")
    };
    let rule = |spec: &str| {
        format!(
            "---\napiVersion: tenure/v1\nkind: Rule\nmetadata: {{ name: r, owner: us }}\nspec: {{ because: so, {spec} }}\n"
        )
    };
    let grants = "grants: [{ connection: ldap, entitlement: group/vpn }]";
    for (more, code, words) in [
        (role("a", "includes: [b]") + &role("b", "includes: [a]"), Code::Loop, "a → b → a"),
        (role("a", "includes: [stff]"), Code::NamesNothing, "no role `stff`"),
        (
            role("a", "grants: [{ connection: ldap, entitlement: 'team/{person.site}' }]"),
            Code::NamesNothing,
            "of such a name",
        ),
        (role("a", &format!("{grants}, birthright: {{ when: 'inGroup(\"x\")' }}")), Code::NamesNothing, "no group `x`"),
        (
            role(
                "a",
                &format!("{grants}, birthright: {{ when: true, from: person.lastDay, until: person.lastDay - 1d }}"),
            ),
            Code::BadValue,
            "before it begins",
        ),
        (rule("type: conflict, never: [role/staff, role/nobody]"), Code::NamesNothing, "no role `nobody`"),
        (rule("type: conflict, never: [role/staff]"), Code::BadValue, "fewer than two"),
        (rule("type: conflict, never: [role/staff, staff]"), Code::BadValue, "nothing that can be held"),
        (rule("type: limit, of: role/staff"), Code::MissingKey, "`holders` is missing"),
        (rule("type: limit, of: role/staff, holders: 0"), Code::BadValue, "not a number of people"),
        (rule("type: limit, of: role/staff, holders: 2, never: []"), Code::UnknownKey, "has no `never`"),
        (rule("type: prerequisite, of: role/staff, needs: [role/staff]"), Code::BadValue, "names nothing"),
        (
            rule("type: limit, of: role/staff, holders: 2, effect: block, exception: { approval: x, maxTime: 3d }"),
            Code::BadValue,
            "makes no sense",
        ),
        (
            role("a", &format!("includes: [staff], {grants}"))
                + &rule("type: conflict, never: [role/staff, 'ldap:group/vpn']"),
            Code::Contradiction,
            "role a gives both",
        ),
    ] {
        let found = problems(&format!("{COMPANY}{more}"));
        assert!(found.iter().any(|one| one.code == code && one.reason.contains(words)), "{more}\n{found:#?}");
    }
}

#[test]
fn what_is_allowed_and_seldom_meant_is_told_on_request() {
    let more = "\
---
apiVersion: tenure/v1
kind: Connection
metadata: { name: app }
spec: { connector: sql, direction: target, entitlements: { a: a } }
---
apiVersion: tenure/v1
kind: Role
metadata: { name: nobody, owner: us }
spec: { grants: [{ connection: app, entitlement: a }, { connection: app, entitlement: a }] }
---
apiVersion: tenure/v1
kind: Role
metadata: { name: everybody, owner: us }
spec: { birthright: { when: true }, grants: [{ connection: app, entitlement: a, when: person.departmen == 'x' }] }
---
apiVersion: tenure/v1
kind: Role
metadata: { name: finance, owner: us }
spec: { birthright: { when: person.department == 'Finance' }, grants: [{ connection: app, entitlement: a }] }
---
apiVersion: tenure/v1
kind: Group
metadata: { name: idle, owner: us }
spec: { when: true }
";
    let estate = Estate::read(vec![("a.yaml".into(), format!("{COMPANY}{more}"))]).unwrap();
    let codes: Vec<Code> = lint(&estate).iter().map(|problem| problem.code).collect();
    let mut sorted = codes.clone();
    sorted.sort();
    let wanted =
        [Code::Unowned, Code::Unreachable, Code::Unreachable, Code::TooBroad, Code::GivenTwice, Code::Misspelt];
    assert_eq!(sorted, wanted, "{:#?}", lint(&estate));
    let clean = Estate::read(vec![("a.yaml".into(), COMPANY.into())]).unwrap();
    assert_eq!(lint(&clean), []);
}

#[test]
fn every_kind_has_a_schema_that_knows_what_the_reader_knows() {
    let schemas = schemas();
    assert_eq!(schemas.len(), Kind::ALL.len());
    for (file, text) in &schemas {
        let schema: Value = serde_json::from_str(text).unwrap();
        assert_eq!(schema["additionalProperties"], json!(false), "{file}");
        assert_eq!(schema["required"], json!(["apiVersion", "kind", "metadata", "spec"]), "{file}");
    }
    let role: Value = serde_json::from_str(&schemas.iter().find(|(file, _)| file == "role.json").unwrap().1).unwrap();
    let mut keys: Vec<&String> = role["properties"]["spec"]["properties"].as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(keys, ["birthright", "grants", "includes", "requestable", "review", "risk"]);
    assert_eq!(role["properties"]["spec"]["properties"]["birthright"]["required"], json!(["when"]));
}

#[test]
fn a_successor_is_somebody_else_who_comes_after_an_owner() {
    let team = |metadata: &str| {
        format!("apiVersion: tenure/v1\nkind: Team\nmetadata: {{ name: us, {metadata} }}\nspec: {{ members: [bob] }}\n")
    };
    let files = |text: &str| vec![("a.yaml".to_owned(), text.to_owned())];
    let good = team("owner: ada, successor: them");
    let estate = Estate::read(files(&good)).unwrap();
    assert_eq!(estate.successors.values().collect::<Vec<_>>(), ["them"]);
    for (metadata, code) in [("successor: them", Code::MissingKey), ("owner: ada, successor: ada", Code::BadValue)] {
        let found = problems(&team(metadata));
        assert_eq!(found.iter().map(|problem| problem.code).collect::<Vec<_>>(), [code], "{found:#?}");
    }
    let found = tenure_blueprint::diff::difference(&files(&team("owner: ada")), &files(&good));
    let parts: Vec<&str> = found.documents.iter().flat_map(|one| &one.parts).map(|part| part.path.as_str()).collect();
    assert_eq!(parts, ["successor"]);
}
