//! Which crate imports which, held against `xtask/walls.toml`.
//!
//! It reads what cargo says about our own packages and nothing else, so it works before anything
//! compiles. Versions, licences and duplicates are [`crate::deny`]'s business.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::machine::{self, Workspace};
use crate::metadata::{Dependency, Metadata, Package};
use crate::trouble::{Because, Result, Trouble};

/// The table, as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    crates: BTreeMap<String, Room>,
    #[serde(default)]
    only: Vec<Wall>,
    #[serde(default)]
    never: Vec<Wall>,
}

/// What one of our crates may import of ours.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Room {
    may: BTreeSet<String>,
    #[serde(default)]
    tests_may: BTreeSet<String>,
    #[serde(default = "yes")]
    testkit: bool,
    #[serde(default)]
    planned: bool,
    why: String,
}

/// Outside crates that are kept in, or out of, some of ours.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wall {
    crates: BTreeSet<String>,
    within: BTreeSet<String>,
    why: String,
}

const fn yes() -> bool {
    true
}

/// Fails with every breach and its reason; with `plant`, first proves that breaches are seen.
pub fn run(workspace: &Workspace, plant: bool) -> Result<()> {
    let table: Table =
        toml::from_str(&workspace.read("xtask/walls.toml")?).because(|| "cannot read `xtask/walls.toml`".to_owned())?;
    let ours = Metadata::ours(workspace)?.packages;
    if plant {
        plant_each(&table, &ours)?;
    }
    let breaches = breaches(&table, &ours);
    for breach in &breaches {
        machine::complain(breach);
    }
    if !breaches.is_empty() {
        return Err(Trouble::new(format!("walls: {} forbidden imports", breaches.len())));
    }
    let planned = table.crates.values().filter(|room| room.planned).count();
    let edges: usize = ours.iter().map(|package| imports(package, false).count()).sum();
    machine::say(&format!(
        "walls: {} crates and {edges} imports stand as the table says; {planned} crates planned",
        ours.len()
    ));
    Ok(())
}

/// Every breach as a sentence with its reason.
fn breaches(table: &Table, ours: &[Package]) -> Vec<String> {
    let mut found = strangers(table, ours);
    for package in ours {
        let Some(room) = table.crates.get(folder(&package.name)) else { continue };
        found.extend(package.dependencies.iter().filter_map(|dependency| inside(package, room, dependency)));
        found.extend(package.dependencies.iter().filter_map(|dependency| outside(package, table, dependency)));
    }
    found
}

/// Crates without a row, and rows without a crate.
fn strangers(table: &Table, ours: &[Package]) -> Vec<String> {
    let names: BTreeSet<&str> = ours.iter().map(|package| folder(&package.name)).collect();
    let rowless = names
        .iter()
        .filter(|name| !table.crates.contains_key(**name))
        .map(|name| format!("`{name}` has no row in xtask/walls.toml; a new crate is a decision record and a row"));
    let empty =
        table.crates.iter().filter(|(name, room)| !names.contains(name.as_str()) && !room.planned).map(|(name, _)| {
            format!("xtask/walls.toml has a row `{name}`, but there is no such crate; remove the row")
        });
    rowless.chain(empty).collect()
}

/// The breach of an import of one of ours, if it is one.
fn inside(package: &Package, room: &Room, dependency: &Dependency) -> Option<String> {
    let wanted = ours_by_name(&dependency.name)?;
    let for_tests = dependency.kind.as_deref() == Some("dev");
    let open = room.may.contains(wanted)
        || (for_tests && (room.tests_may.contains(wanted) || (room.testkit && wanted == "testkit")));
    if open {
        return None;
    }
    let tests = if for_tests { " in its tests" } else { "" };
    Some(format!("`{}` must not import `{wanted}`{tests}: {}", folder(&package.name), room.why))
}

/// The breach of an import of an outside crate, if it is one.
fn outside(package: &Package, table: &Table, dependency: &Dependency) -> Option<String> {
    if dependency.kind.as_deref() == Some("dev") {
        return None;
    }
    let (name, wanted) = (folder(&package.name), dependency.name.as_str());
    let kept_in = table.only.iter().find(|wall| wall.crates.contains(wanted) && !wall.within.contains(name));
    let kept_out = table.never.iter().find(|wall| wall.crates.contains(wanted) && wall.within.contains(name));
    kept_in.or(kept_out).map(|wall| format!("`{name}` must not import `{wanted}`: {}", wall.why))
}

/// Adds each kind of forbidden import to the real packages and fails if one is not reported.
fn plant_each(table: &Table, ours: &[Package]) -> Result<()> {
    let plants = [
        ("tenure-model", "tenure-store", None),
        ("tenure-model", "tenure-testkit", Some("dev")),
        ("tenure-app", "rusqlite", None),
        ("tenure-policy", "tokio", None),
    ];
    for (package, wanted, kind) in plants {
        let mut planted = ours.to_vec();
        let Some(room) = planted.iter_mut().find(|candidate| candidate.name == package) else { continue };
        room.dependencies.push(Dependency { name: wanted.to_owned(), kind: kind.map(str::to_owned) });
        let caught = breaches(table, &planted);
        let needle = format!("`{}` must not import `{}`", folder(package), folder(wanted));
        let sentence = caught.iter().find(|breach| breach.starts_with(&needle));
        let sentence =
            sentence.ok_or_else(|| Trouble::new(format!("walls: planted {package} → {wanted}, and nobody saw it")))?;
        machine::say(&format!("planted and caught: {sentence}"));
    }
    Ok(())
}

/// The longest chain of imports between our crates, counted in steps.
pub fn depth(ours: &[Package]) -> usize {
    let names: Vec<&str> = ours.iter().map(|package| package.name.as_str()).collect();
    let mut depths: BTreeMap<&str, usize> = names.iter().map(|name| (*name, 0)).collect();
    // Cargo allows no cycles, so as many rounds as there are crates always suffice.
    for _ in &names {
        for package in ours {
            let below =
                imports(package, false).filter_map(|wanted| depths.get(wanted)).max().map_or(0, |deepest| deepest + 1);
            depths.insert(package.name.as_str(), below);
        }
    }
    depths.into_iter().filter(|(name, _)| !is_tooling(name)).map(|(_, depth)| depth).max().unwrap_or(0)
}

/// Is it one of the packages that do not ship?
pub fn is_tooling(name: &str) -> bool {
    matches!(folder(name), "testkit" | "xtask" | "e2e")
}

fn imports(package: &Package, tests_too: bool) -> impl Iterator<Item = &str> {
    package
        .dependencies
        .iter()
        .filter(move |dependency| tests_too || dependency.kind.is_none())
        .map(|dependency| dependency.name.as_str())
        .filter(|name| ours_by_name(name).is_some())
}

fn ours_by_name(name: &str) -> Option<&str> {
    if name == "xtask" { Some(name) } else { name.strip_prefix("tenure-") }
}

/// The short name that the table uses.
fn folder(name: &str) -> &str {
    name.strip_prefix("tenure-").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = r#"
        [crates.model]
        may = []
        testkit = false
        why = "model depends on nobody"
        [crates.app]
        may = ["model"]
        why = "app asks the contract"
        [crates.testkit]
        may = ["model", "app"]
        why = "testkit is below nobody"
        [[only]]
        crates = ["rusqlite"]
        within = ["store"]
        why = "SQL is in store"
        [[never]]
        crates = ["tokio"]
        within = ["model"]
        why = "model has no async"
    "#;

    fn check(model: &[(&str, Option<&str>)], app: &[(&str, Option<&str>)]) -> Vec<String> {
        let package = |name: &str, wants: &[(&str, Option<&str>)]| {
            let dependencies: Vec<_> =
                wants.iter().map(|(name, kind)| serde_json::json!({ "name": name, "kind": kind })).collect();
            serde_json::json!({ "name": name, "dependencies": dependencies })
        };
        let metadata = serde_json::json!({
            "packages": [package("tenure-model", model), package("tenure-app", app), package("tenure-testkit", &[])],
            "target_directory": "target",
        });
        let metadata: Metadata = serde_json::from_value(metadata).unwrap();
        breaches(&toml::from_str(TABLE).unwrap(), &metadata.packages)
    }

    #[test]
    fn allowed_imports_are_silent() {
        let app = [("tenure-model", None), ("tenure-testkit", Some("dev")), ("serde", None), ("tokio", None)];
        assert!(check(&[("serde", None)], &app).is_empty());
    }

    #[test]
    fn a_forbidden_room_is_reported_with_its_reason() {
        assert_eq!(check(&[("tenure-app", None)], &[]), ["`model` must not import `app`: model depends on nobody"]);
    }

    #[test]
    fn testkit_is_for_tests_and_not_for_model() {
        let found = check(&[("tenure-testkit", Some("dev"))], &[("tenure-testkit", None)]);
        assert_eq!(
            found,
            [
                "`model` must not import `testkit` in its tests: model depends on nobody",
                "`app` must not import `testkit`: app asks the contract"
            ]
        );
    }

    #[test]
    fn outside_crates_are_kept_in_and_out() {
        let found = check(&[("tokio", None)], &[("rusqlite", None), ("rusqlite", Some("dev"))]);
        assert_eq!(
            found,
            [
                "`model` must not import `tokio`: model has no async",
                "`app` must not import `rusqlite`: SQL is in store"
            ]
        );
    }

    #[test]
    fn a_build_dependency_is_no_way_round() {
        assert_eq!(check(&[], &[("rusqlite", Some("build"))]).len(), 1);
    }

    #[test]
    fn a_crate_without_a_row_and_a_row_without_a_crate_are_reported() {
        let table: Table = toml::from_str("[crates.gone]\nmay = []\nwhy = \"w\"").unwrap();
        let package = Package {
            name: "tenure-new".to_owned(),
            version: String::new(),
            license: None,
            dependencies: Vec::new(),
            targets: Vec::new(),
        };
        let found = breaches(&table, &[package]);
        assert!(found[0].starts_with("`new` has no row") && found[1].contains("a row `gone`"), "{found:?}");
    }
}
