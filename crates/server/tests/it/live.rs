//! The estate in force: a folder is a way in and not the truth, and every node follows.

use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use tenure_app::versions::follow::{Behind, follow};
use tenure_app::versions::take::take;
use tenure_app::versions::{self, file};
use tenure_app::{AppError, CannotBuild, InForce};
use tenure_model::{Actor, Name};
use tenure_server::config::{Config, Sources};
use tenure_server::house::{Opened, open};
use tenure_store::estates::{self, EstateFile, EstateVersion};
use tenure_store::{StoreError, journal};

const HR: &str = "apiVersion: tenure/v1\nkind: Connection\nmetadata: { name: hr }\nspec:\n  connector: events\n  direction: source\n";
const LDAP: &str = "apiVersion: tenure/v1\nkind: Connection\nmetadata: { name: ldap }\nspec:\n  connector: memory\n  \
                    direction: target\n  account:\n    match: uid\n    set: { uid: person.employeeId }\n  \
                    entitlements: { group/staff: group-staff }\n";

fn role(name: &str) -> String {
    format!(
        "apiVersion: tenure/v1\nkind: Role\nmetadata: {{ name: {name}, owner: it }}\nspec:\n  \
         birthright: {{ when: 'true' }}\n  grants: [{{ connection: ldap, entitlement: group/staff }}]\n"
    )
}

/// A folder of documents and a database beside it.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir_all(place.estate()).unwrap();
        place.write("hr.yaml", HR);
        place.write("ldap.yaml", LDAP);
        place
    }

    fn estate(&self) -> std::path::PathBuf {
        self.0.path().join("estate")
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.estate().join(name), text).unwrap();
    }

    fn config(&self, apply: &str) -> Config {
        let path = |name: &Path| self.0.path().join(name).display().to_string();
        Sources::new()
            .flag("database.url", &format!("sqlite:{}", path("tenure.db".as_ref())))
            .unwrap()
            .flag("estate.folder", &path("estate".as_ref()))
            .unwrap()
            .flag("data.folder", &path("data".as_ref()))
            .unwrap()
            .flag("estate.apply", apply)
            .unwrap()
            .config()
            .unwrap()
    }

    pub async fn open(&self, apply: &str) -> Opened {
        open(&self.config(apply)).await.unwrap()
    }
}

fn roles(opened: &Opened) -> Vec<String> {
    opened.house.estate().rules.roles.iter().map(|role| role.name.to_string()).collect()
}

fn in_force(opened: &Opened) -> Arc<InForce> {
    opened.house.live.now()
}

/// Puts a version into force as somebody else would, past this house.
pub async fn put(opened: &Opened, version: i64, files: Vec<EstateFile>) -> Result<(), AppError> {
    let house = Arc::clone(&opened.house);
    let built = house.live.builder().build(files.clone(), None);
    let definitions = built.map(|built| built.estate.definitions()).unwrap_or_default();
    let (hash, at) = (versions::hash(&files), house.clock.now());
    let row = EstateVersion { version, hash, at, by: "ada".to_owned(), reason: "a test".to_owned() };
    let own = Arc::clone(&house);
    let actor = Actor::system("ada");
    house.store.write(move |tx| Box::pin(async move { take(&own, tx, &actor, &row, &files, definitions).await })).await
}

pub async fn files(opened: &Opened, version: i64) -> Vec<EstateFile> {
    let job = opened.house.store.read(move |tx| Box::pin(async move { estates::files(tx, version).await }));
    job.await.map_err(|error: StoreError| error).unwrap()
}

#[tokio::test]
async fn a_folder_is_taken_at_the_first_start_and_afterwards_only_when_somebody_says_so() {
    let place = Place::new();
    let first = place.open("by-hand").await;
    assert_eq!((in_force(&first).version, roles(&first)), (1, Vec::new()));
    place.write("staff.yaml", &role("staff"));
    let second = place.open("by-hand").await;
    assert_eq!((in_force(&second).version, roles(&second)), (1, Vec::new()), "the folder was taken unasked");
    let third = place.open("at-start").await;
    assert_eq!((in_force(&third).version, roles(&third)), (2, vec!["staff".to_owned()]));
    let again = place.open("at-start").await;
    assert_eq!(in_force(&again).version, 2, "the same folder is no new version");
    assert_eq!(files(&again, 1).await.len(), 2, "what was in force before is still there");
}

#[tokio::test]
async fn a_folder_that_is_gone_or_wrong_does_not_end_what_is_in_force() {
    let place = Place::new();
    place.write("staff.yaml", &role("staff"));
    drop(place.open("by-hand").await);
    std::fs::remove_dir_all(place.estate()).unwrap();
    assert_eq!(roles(&place.open("by-hand").await), ["staff"]);
    assert!(open(&place.config("at-start")).await.is_err(), "an absent folder is no estate");
}

#[tokio::test]
async fn what_one_node_puts_into_force_another_follows_with_the_ways_that_it_has() {
    let place = Place::new();
    let opened = place.open("by-hand").await;
    let before = opened.house.connector(&"ldap".parse().unwrap()).unwrap();
    let mut next = files(&opened, 1).await;
    next.push(file("staff.yaml".to_owned(), role("staff")));
    put(&opened, 2, next.clone()).await.unwrap();
    assert_eq!(roles(&opened), Vec::<String>::new());
    assert_eq!(follow(&opened.house).await.unwrap(), Some(2));
    assert_eq!(follow(&opened.house).await.unwrap(), None);
    assert_eq!(roles(&opened), ["staff"]);
    let after = opened.house.connector(&"ldap".parse().unwrap()).unwrap();
    assert!(Arc::ptr_eq(&before, &after), "a system whose settings are the same was connected anew");
    let rules = opened.house.resolved_rules().await.unwrap();
    assert_eq!(rules.roles.len(), 1, "the rules of before are still in force");
    let late = put(&opened, 2, next).await;
    assert!(matches!(late, Err(AppError::Store(StoreError::Conflict { .. }))), "two versions of one number: {late:?}");
}

#[tokio::test]
async fn a_version_that_this_program_cannot_use_leaves_the_one_before_in_force() {
    let place = Place::new();
    let opened = place.open("by-hand").await;
    put(&opened, 2, vec![file("new.yaml".to_owned(), "kind: Novelty\n".to_owned())]).await.unwrap();
    let error = follow(&opened.house).await.unwrap_err();
    assert!(matches!(error, Behind::Build { version: 2, .. }), "{error}");
    assert_eq!(in_force(&opened).version, 1);
}

const BURN: &str = "apiVersion: tenure/v1\nkind: Workflow\nmetadata: { name: burn, owner: it }\nspec:\n  trigger: { demand: true }\n  \
                    steps:\n    - { id: a, use: connector/act, with: { system: ldap, action: mailbox/burn } }\n";

#[tokio::test]
async fn what_a_connection_cannot_do_is_no_new_version_and_ends_none_that_is_in_force() {
    let place = Place::new();
    let opened = place.open("by-hand").await;
    let mut next = files(&opened, 1).await;
    next.push(file("burn.yaml".to_owned(), BURN.to_owned()));
    let CannotBuild(problems) = opened.house.live.builder().build(next.clone(), None).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].starts_with("burn.yaml:7:"), "{problems:?}");
    assert!(
        problems[0].contains("connection `ldap` does no `mailbox/burn`; what it does for accounts is `calendar/share`")
    );
    // It was put into force when the connection could do it.
    put(&opened, 2, next).await.unwrap();
    assert_eq!(in_force(&place.open("by-hand").await).version, 2, "the house does not stand any more");

    let place = Place::new();
    place.write("burn.yaml", BURN);
    let refused = open(&place.config("by-hand")).await.unwrap_err().to_string();
    assert!(refused.contains("burn.yaml:7:"), "{refused}");
}

#[tokio::test]
async fn workflows_of_a_version_can_be_started_as_soon_as_it_is_in_force() {
    let place = Place::new();
    let opened = place.open("by-hand").await;
    let mut next = files(&opened, 1).await;
    let flow = "apiVersion: tenure/v1\nkind: Workflow\nmetadata: { name: ask }\nspec:\n  steps:\n    \
                - { id: ask, use: core/wait-for, with: { signal: go }, ends: [received] }\n";
    next.push(file("ask.yaml".to_owned(), flow.to_owned()));
    put(&opened, 2, next).await.unwrap();
    follow(&opened.house).await.unwrap();
    let name: Name = "ask".parse().unwrap();
    let hash = opened.house.estate().workflows[&name].definition.hash.clone();
    let job = opened.house.store.read(move |tx| Box::pin(async move { journal::definition(tx, hash).await }));
    assert!(job.await.map_err(|error: StoreError| error).unwrap().is_some());
}
