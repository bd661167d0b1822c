//! Who moved is asked about what the documents named them for before that, and not about what came later.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::date;
use tenure_app::events::accept::accept;
use tenure_app::owners::look;
use tenure_app::plans::Asked;
use tenure_app::tasks::list::{self, Wanted};
use tenure_model::{Actor, EventKind, HumanTask, IdentityKind, PersonKey, Value, Zone};
use tenure_store::plans::PlanState;

use super::free;
use super::world::{World, base, role};

const HR: &str = "apiVersion: tenure/v1
kind: Connection
metadata: { name: hr, owner: it }
spec: { connector: events, direction: source, authority: [employee] }
";

/// The company, with the owners of two roles.
fn documents(finance: &str, lab: &str) -> Vec<(String, String)> {
    let mut files = base();
    files.push(("hr.yaml".to_owned(), HR.to_owned()));
    for (name, owner) in [("finance", finance), ("lab", lab)] {
        let (path, text) = role(name, "person.department == \"Nowhere\"", 0, &[("git", name)]);
        files.push((path, text.replace("owner: it", &format!("owner: {owner}"))));
    }
    files
}

async fn tell(world: &World, id: &str, kind: EventKind) {
    let cx = tenure_app::Cx::new(world.house.clone(), Actor::system("test"));
    let subject = PersonKey { attribute: "employeeId".to_owned(), value: "E1".to_owned() };
    accept(&cx, "hr".parse().unwrap(), id.to_owned(), subject, kind).await.unwrap();
}

async fn asked(world: &World) -> Vec<HumanTask> {
    look(&world.house).await.unwrap();
    list::list(&world.owner(), Wanted::default(), None, 100).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_named_after_they_moved_is_not_asked() {
    let world = World::with(documents("E1", "it"), free(), |_| BTreeMap::new()).await;
    world.start();
    let works = |department: &str| [("department".to_owned(), Value::Text(department.to_owned()))].into();
    let (first_day, kind, zone) = (date(2024, 3, 1), IdentityKind::Employee, Zone::utc());
    tell(&world, "e1", EventKind::EmploymentStarted { kind, first_day, zone, attributes: works("Sales") }).await;
    world.clock.advance(Duration::from_hours(1));
    tell(&world, "e2", EventKind::PersonChanged { attributes: works("Support") }).await;
    world.clock.advance(Duration::from_hours(1));
    let put = async |files: Vec<(String, String)>| {
        let (row, _) = world.plan_of(files, Asked::default()).await;
        assert_eq!(world.apply(row.id).await.0.state, PlanState::Applied);
    };
    put(documents("E1", "E1")).await;
    let found = asked(&world).await;
    assert_eq!(found.len(), 1);
    assert!(found[0].title.ends_with("one thing"), "{found:?}");
    assert!(found[0].instructions.ends_with("\n- role finance"), "{found:?}");
    put(documents("it", "E1")).await;
    assert_eq!(asked(&world).await, [], "nothing is left of it, and it is asked");
}
