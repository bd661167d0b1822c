//! Who may do what: the table, the files behind it, and what is refused.

use super::*;
use tenure_model::{ActorKind, Role, SeededIds, TaskKind, TokenId, new_id};

fn caller(roles: &[Role]) -> Actor {
    let kind = ActorKind::Caller { token: new_id(&SeededIds::new(1)), roles: roles.iter().copied().collect() };
    Actor { name: "ada".into(), kind }
}

static AUTHZ: std::sync::LazyLock<Authz> = std::sync::LazyLock::new(|| Authz::embedded().unwrap());

fn authz() -> &'static Authz {
    &AUTHZ
}

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/authz/table.txt");

#[test]
fn the_reviewed_table_is_the_true_one() {
    let reviewed = std::fs::read_to_string(TABLE).unwrap_or_default();
    let found = authz().table();
    assert!(reviewed == found, "authz/table.txt is out of date; review this and put it there:\n{found}");
}

#[test]
fn dropping_any_policy_file_changes_the_table() {
    let whole = authz().table();
    for left_out in POLICIES {
        let files: Vec<File> = POLICIES.into_iter().filter(|file| file.0 != left_out.0).collect();
        let less = Authz::load(SCHEMA, &files).unwrap().table();
        assert_ne!(whole, less, "{}", left_out.0);
    }
}

#[test]
fn every_policy_file_is_part_of_the_program() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/authz/policies");
    let mut found: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    found.sort();
    assert_eq!(found, POLICIES.map(|file| file.0.to_owned()));
}

#[test]
fn the_schema_knows_every_action_and_no_other() {
    let schema = &authz().schema;
    let groups = ["read", "work", "tokens"];
    let mut known: Vec<String> = schema
        .actions()
        .map(|uid| uid.id().unescaped().to_owned())
        .filter(|id| !groups.contains(&id.as_str()))
        .collect();
    known.sort();
    let mut wanted: Vec<String> = Action::ALL.iter().map(ToString::to_string).collect();
    wanted.sort();
    assert_eq!(known, wanted);
}

#[test]
fn no_role_means_no() {
    let nobody = caller(&[]);
    for action in Action::ALL {
        let thing = match action.thing() {
            ThingKind::Installation => Thing::Installation,
            ThingKind::Person => Thing::Person(None),
            ThingKind::Event => Thing::Event(None),
            ThingKind::Run => Thing::Run(None),
            ThingKind::Connection => Thing::Connection(None),
            ThingKind::Case => Thing::Case(None),
            ThingKind::Task => Thing::Task(TaskThing::all()),
            ThingKind::Deputy => Thing::Deputy { whom: None, name: None },
            ThingKind::Notice => Thing::Notice(None),
            ThingKind::Ledger => Thing::Ledger,
            ThingKind::Estate => Thing::Estate,
            ThingKind::Plan => Thing::Plan,
            ThingKind::Held => Thing::Held,
            ThingKind::Token => Thing::Token { id: None, roles: BTreeSet::new() },
        };
        assert_eq!(authz().authorize(&nobody, *action, &thing).allowed, *action == Action::WhoAmI, "{action}");
    }
}

#[test]
fn a_question_that_makes_no_sense_is_refused() {
    let owner = caller(&[Role::Owner]);
    assert_eq!(authz().authorize(&owner, Action::ReadRun, &Thing::Person(None)), Decision::refused());
}

#[test]
fn a_source_speaks_for_its_own_connection_only() {
    let kind = ActorKind::Source { token: new_id(&SeededIds::new(1)), connection: "hr".parse().unwrap() };
    let source = Actor { name: "hr".into(), kind };
    let ask = |thing| authz().authorize(&source, Action::PostEvent, &thing);
    let own = ask(Thing::Event(Some("hr".parse().unwrap())));
    assert_eq!(own.reasons, BTreeSet::from(["source-own-events".to_owned()]));
    assert!(own.allowed);
    assert!(!ask(Thing::Event(Some("ldap".parse().unwrap()))).allowed);
    assert!(!ask(Thing::Event(None)).allowed);
}

#[test]
fn an_admin_cannot_become_an_owner() {
    let admin = caller(&[Role::Admin]);
    let new = |role| Thing::Token { id: None, roles: BTreeSet::from([role]) };
    assert!(authz().authorize(&admin, Action::CreateToken, &new(Role::Operator)).allowed);
    assert!(!authz().authorize(&admin, Action::CreateToken, &new(Role::Owner)).allowed);
    let owners: TokenId = new_id(&SeededIds::new(9));
    let theirs = Thing::Token { id: Some(owners), roles: BTreeSet::from([Role::Owner]) };
    assert!(!authz().authorize(&admin, Action::RevokeToken, &theirs).allowed);
}

#[test]
fn bad_policies_are_not_loaded() {
    let load = |text: &str| Authz::load(SCHEMA, &[("x.cedar", text)]).unwrap_err().to_string();
    assert_eq!(load("permit (principal, action, resource"), "policy file `x.cedar` cannot be read");
    assert!(load("permit (principal, action, resource);").contains("has no `@id"));
    let unknown = "@id(\"x\") permit (principal, action == Action::\"Fly\", resource);";
    assert!(load(unknown).contains("do not fit the schema"));
}

#[test]
fn a_task_is_seen_and_done_by_those_whom_it_is_for_and_by_nobody_whom_it_bars() {
    let ask = |roles: &[Role], action, thing: &TaskThing| {
        authz().authorize(&caller(roles), action, &Thing::Task(thing.clone())).allowed
    };
    let of_ada = TaskThing::of("ada");
    let of_desk = TaskThing { role: Some(Role::HelpDesk), ..TaskThing::all() };
    for action in [Action::ListTasks, Action::ReadTask, Action::WorkTask] {
        assert!(ask(&[], action, &of_ada) && ask(&[Role::HelpDesk], action, &of_desk), "{action}");
        assert!(!ask(&[], action, &TaskThing::of("bob")) && !ask(&[Role::HelpDesk], action, &TaskThing::all()));
    }
    assert!(!ask(&[], Action::ReassignTask, &of_ada));
    let barred = TaskThing { barred: ["ada".to_owned()].into(), ..of_ada };
    assert!(!ask(&[], Action::WorkTask, &barred) && ask(&[], Action::ReadTask, &barred));
    assert!(!ask(&[Role::Owner], Action::WorkTask, &TaskThing { barred: barred.barred, ..TaskThing::all() }));
}

#[test]
fn an_operator_does_the_work_of_others_and_never_their_approvals() {
    let operator = caller(&[Role::Operator]);
    let may = |kind, action| {
        let task = TaskThing { kind, holders: ["bob".to_owned()].into(), ..TaskThing::all() };
        authz().authorize(&operator, action, &Thing::Task(task)).allowed
    };
    assert!(may(TaskKind::Work, Action::WorkTask) && may(TaskKind::Stuck, Action::WorkTask));
    for kind in [TaskKind::Approval, TaskKind::Look, TaskKind::Review] {
        assert!(!may(kind, Action::WorkTask) && may(kind, Action::ReassignTask) && may(kind, Action::ReadTask));
    }
}

#[test]
fn whoever_stands_in_does_what_is_asked_and_nothing_that_is_barred_on_either_side() {
    let ask = |roles: &[Role], action, barred: &[&str]| {
        let barred = barred.iter().map(|name| (*name).to_owned()).collect();
        let task = TaskThing { deputies: ["ada".to_owned()].into(), barred, ..TaskThing::of("bob") };
        authz().authorize(&caller(roles), action, &Thing::Task(task)).allowed
    };
    for action in [Action::ListTasks, Action::ReadTask, Action::WorkTask] {
        assert!(ask(&[], action, &[]) && ask(&[], action, &["carol"]), "{action}");
    }
    assert!(!ask(&[], Action::ReassignTask, &[]));
    for barred in ["ada", "bob"] {
        assert!(ask(&[], Action::ReadTask, &[barred]));
        for roles in [&[][..], &[Role::Operator], &[Role::Owner]] {
            assert!(!ask(roles, Action::WorkTask, &[barred]), "{roles:?} {barred}");
        }
    }
}

#[test]
fn everybody_names_their_own_deputy_and_nobody_makes_themselves_one() {
    let ask = |roles: &[Role], action, whom: &str, name: &str| {
        let deputy = Thing::Deputy { whom: Some(whom.to_owned()), name: Some(name.to_owned()) };
        authz().authorize(&caller(roles), action, &deputy).allowed
    };
    let worker: &[Role] = &[Role::Worker];
    for action in [Action::ListDeputies, Action::AddDeputy, Action::EndDeputy] {
        assert!(ask(worker, action, "ada", "carol"), "{action}");
        assert!(!ask(worker, action, "bob", "carol") && ask(&[Role::Operator], action, "bob", "carol"), "{action}");
    }
    assert!(ask(worker, Action::EndDeputy, "bob", "ada") && ask(worker, Action::ListDeputies, "bob", "ada"));
    for roles in [worker, &[Role::Operator], &[Role::Owner]] {
        assert!(!ask(roles, Action::AddDeputy, "bob", "ada"), "{roles:?} could say yes in the place of others");
    }
}
