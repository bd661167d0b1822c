//! The estate: a folder of documents, with the workflows that ship with the product beneath it.
//!
//! A document of the folder with the name of a shipped workflow takes its place.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tenure_app::estate::{Connection, Estate};
use tenure_app::sources::{Absent, Feed};
use tenure_app::workflows::compile::workflows;
use tenure_blueprint as blueprint;
use tenure_policy::feed::Guard;

use super::acts;
use super::fault::HouseError;
use crate::packs;

/// Workflows that ship with the product.
const SHIPPED: [(&str, &str); 3] = [
    ("templates/workflows/joiner.yaml", include_str!("../../../../templates/workflows/joiner.yaml")),
    ("templates/workflows/leaver.yaml", include_str!("../../../../templates/workflows/leaver.yaml")),
    ("templates/workflows/mover.yaml", include_str!("../../../../templates/workflows/mover.yaml")),
];

/// Folders within folders that are read.
const DEPTH_MAX: usize = 8;
/// Documents that are read.
const FILES_MAX: usize = 10_000;

/// The documents as they were read, and what they come to.
#[derive(Debug)]
pub struct Read {
    /// The documents.
    pub documents: blueprint::Estate,
    /// What they come to.
    pub estate: Estate,
}

/// Reads a folder. Every problem of every file is told at once.
pub async fn read(folder: &Path) -> Result<Read, HouseError> {
    let files = load(folder).await?;
    compile(&folder.display().to_string(), files)
}

/// The documents of a folder as texts, by their paths below it.
pub async fn load(folder: &Path) -> Result<Vec<(String, String)>, HouseError> {
    let place = folder.to_owned();
    tokio::task::spawn_blocking(move || files(&place)).await.map_err(|error| HouseError::File {
        path: folder.display().to_string(),
        what: "reading it broke off".to_owned(),
        source: Box::new(error),
    })?
}

/// What these documents come to, together with the shipped workflows.
pub fn compile(folder: &str, files: Vec<(String, String)>) -> Result<Read, HouseError> {
    let bad = |problems: Vec<blueprint::Problem>| HouseError::Estate {
        folder: folder.to_owned(),
        problems: problems.iter().map(ToString::to_string).collect(),
    };
    let documents = blueprint::Estate::read(files).map_err(bad)?;
    let problems = of_packs(&documents);
    if !problems.is_empty() {
        return Err(bad(problems));
    }
    let shipped = SHIPPED.map(|(path, text)| (path.to_owned(), text.to_owned())).to_vec();
    let shipped = blueprint::Estate::read(shipped).map_err(bad)?;
    let mut estate = Estate { rules: documents.rules(), owners: owners(&documents), ..Estate::default() };
    estate.successors =
        documents.successors.iter().map(|((kind, name), to)| (document(*kind, name), to.clone())).collect();
    estate.workflows = workflows(&shipped, &documents).map_err(bad)?;
    estate.brakes = documents.brakes.clone();
    let (mappings, generators) = (documents.mappings.values().cloned(), documents.generators.clone());
    estate = estate.with_people(mappings, documents.authorities.clone(), generators);
    estate.notices = documents.notices.clone();
    estate.teams = documents.teams.iter().map(|(name, team)| (name.clone(), team.members.clone())).collect();
    let tickets = documents.teams.iter().filter_map(|(name, team)| Some((name.clone(), team.tickets.clone()?)));
    estate.tickets = tickets.collect();
    estate.connections = documents.connections.iter().map(|(name, known)| (name.clone(), connection(known))).collect();
    Ok(Read { documents, estate })
}

/// What each owner answers for.
fn owners(documents: &blueprint::Estate) -> BTreeMap<String, BTreeSet<String>> {
    let mut owners: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for ((kind, name), owner) in &documents.owners {
        owners.entry(owner.clone()).or_default().insert(document(*kind, name));
    }
    owners
}

/// A document in words, such as `role finance`.
fn document(kind: blueprint::Kind, name: &tenure_model::Name) -> String {
    format!("{} {name}", kind.word().to_lowercase())
}

/// Everything that is wrong with these documents of a folder, workflows and packs among them.
pub fn problems(folder: &Path, files: Vec<(String, String)>) -> Vec<blueprint::Problem> {
    let documents = match blueprint::Estate::read(files) {
        Ok(documents) => documents,
        Err(problems) => return problems,
    };
    let mut found = of_packs(&documents);
    let shipped = SHIPPED.map(|(path, text)| (path.to_owned(), text.to_owned())).to_vec();
    match blueprint::Estate::read(shipped) {
        Ok(shipped) => found.extend(workflows(&shipped, &documents).err().unwrap_or_default()),
        Err(problems) => found.extend(problems),
    }
    if found.is_empty() {
        found = of_actions(folder, &documents);
    }
    found
}

/// What workflows of these documents ask of connections that cannot do it, as far as it is known from
/// the documents and this folder of theirs.
pub fn of_actions(folder: &Path, documents: &blueprint::Estate) -> Vec<blueprint::Problem> {
    acts::problems_here(folder, documents)
}

/// What is wrong with packs, and with what is wanted of them.
fn of_packs(documents: &blueprint::Estate) -> Vec<blueprint::Problem> {
    let mut found: Vec<_> = documents.packs.values().filter_map(|pack| packs::compile(pack).err()).flatten().collect();
    for team in documents.teams.values() {
        let Some(connection) = team.tickets.as_ref().and_then(|name| documents.connections.get(name)) else { continue };
        if keeps_tickets(connection, &documents.packs) {
            continue;
        }
        let (file, place) =
            documents.places.get(&(blueprint::Kind::Team, team.name.clone())).cloned().unwrap_or_default();
        found.push(blueprint::Problem {
            file,
            place,
            code: blueprint::Code::BadValue,
            reason: format!("`tickets` is `{}`, a connection that keeps no tickets", connection.name),
            hint: "name one with `connector: rest` whose pack has `tickets`, such as `roundup`".to_owned(),
        });
    }
    found
}

/// Whether the pack of a connection describes tickets. One that cannot be read is told elsewhere.
fn keeps_tickets(connection: &blueprint::Connection, own: &BTreeMap<tenure_model::Name, blueprint::Written>) -> bool {
    let pack = connection.config.get("pack").and_then(serde_json::Value::as_str);
    let pack = pack.filter(|_| connection.connector == "rest").map(|name| packs::named(name, Some(own)));
    pack.is_some_and(|pack| pack.map_or(true, |pack| pack.tickets().is_some()))
}

fn connection(known: &blueprint::Connection) -> Connection {
    let is_target = known.direction.takes_accounts();
    Connection {
        title: known.title.clone(),
        connector: known.connector.clone(),
        is_source: known.direction != blueprint::Direction::Target,
        is_target,
        person_key: known
            .config
            .get("personKey")
            .and_then(serde_json::Value::as_str)
            .unwrap_or(tenure_api::wire::event::PERSON_KEY)
            .to_owned(),
        watching: known.watching.clone(),
        feed: known.feed.as_ref().map_or_else(Feed::default, |feed| feed_of(feed, known.guard)),
    }
}

fn feed_of(feed: &blueprint::Feed, guard: blueprint::Guard) -> Feed {
    let usual = Guard::default();
    Feed {
        every_minutes: feed.every_minutes,
        columns: feed.columns.clone(),
        absent: if feed.keeps_absent { Absent::Keep } else { Absent::End },
        guard: Guard {
            disappear_max: guard.disappear_max.unwrap_or(usual.disappear_max),
            change_max: guard.change_max.unwrap_or(usual.change_max),
            ..usual
        },
    }
}

fn files(folder: &Path) -> Result<Vec<(String, String)>, HouseError> {
    let mut found = BTreeMap::new();
    walk(folder, folder, 0, &mut found)?;
    Ok(found.into_iter().collect())
}

fn walk(root: &Path, folder: &Path, depth: usize, found: &mut BTreeMap<String, String>) -> Result<(), HouseError> {
    let unreadable = |path: &Path, source: std::io::Error| HouseError::File {
        path: path.display().to_string(),
        what: "cannot be read; make it readable, or set `estate.folder` to the folder of your documents".to_owned(),
        source: Box::new(source),
    };
    for entry in std::fs::read_dir(folder).map_err(|source| unreadable(folder, source))? {
        let path = entry.map_err(|source| unreadable(folder, source))?.path();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        let yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if hidden || found.len() >= FILES_MAX {
            continue;
        }
        if path.is_dir() && depth < DEPTH_MAX {
            walk(root, &path, depth + 1, found)?;
        } else if yaml {
            let text = std::fs::read_to_string(&path).map_err(|source| unreadable(&path, source))?;
            found.insert(path.strip_prefix(root).unwrap_or(&path).display().to_string(), text);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_team_cannot_have_its_tickets_where_none_are_kept() {
        let documents = |connector: &str| {
            let text = format!(
                "apiVersion: tenure/v1\nkind: Connection\nmetadata: {{ name: desk }}\nspec: {{ {connector}, direction: target }}\n\
                 ---\napiVersion: tenure/v1\nkind: Team\nmetadata: {{ name: us }}\nspec: {{ members: [bob], tickets: desk }}\n"
            );
            vec![("desk.yaml".to_owned(), text)]
        };
        for (connector, told) in [
            ("connector: memory", true),
            ("connector: rest, config: { pack: pocketbase }", true),
            ("connector: rest, config: { pack: roundup }", false),
        ] {
            let found: Vec<String> =
                problems(Path::new("."), documents(connector)).iter().map(ToString::to_string).collect();
            let said = found.iter().any(|problem| {
                problem.starts_with("desk.yaml:6:")
                    && problem.contains("`tickets` is `desk`, a connection that keeps no")
            });
            assert_eq!(said, told, "{connector}: {found:?}");
            assert_eq!(compile("here", documents(connector)).is_err(), told, "{connector}");
        }
    }

    #[test]
    fn the_examples_and_the_templates_read_well() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        for folder in ["examples/first-estate", "examples/feeds-and-databases", "examples/who-has-what", "templates"] {
            let root = format!("{root}/{folder}");
            let files = files(Path::new(&root)).unwrap();
            assert!(!files.is_empty(), "{folder}");
            let found: Vec<String> = problems(Path::new(&root), files).iter().map(ToString::to_string).collect();
            assert_eq!(found, [""; 0], "{folder}");
        }
    }
}
