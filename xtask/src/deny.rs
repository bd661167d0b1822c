//! What comes from outside: licences, banned crates, duplicates, sources, how many there are.
//!
//! `deny.toml` is written for cargo-deny, which also asks for security advisories. Where it is
//! not installed we check the rest ourselves from the same file, and say that advisories were not.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::limits::LOCKED_PACKAGES_MAX;
use crate::machine::{self, Workspace};
use crate::metadata::{Metadata, Package};
use crate::spdx;
use crate::trouble::{Because, Result, Trouble};

/// The parts of `deny.toml` that we read ourselves.
#[derive(Debug, Deserialize)]
struct Rules {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Debug, Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Named>,
    skip: Vec<Named>,
}

/// A crate, perhaps with the beginning of a version (`base64@0.23`), and why it stands there.
#[derive(Debug, Deserialize)]
struct Named {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

/// Cargo.lock.
#[derive(Debug, Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Debug, Deserialize)]
struct Locked {
    name: String,
    version: String,
    source: Option<String>,
}

/// Runs cargo-deny where it is installed, and our own checks everywhere.
pub fn run(workspace: &Workspace) -> Result<()> {
    let rules: Rules =
        toml::from_str(&workspace.read("deny.toml")?).because(|| "cannot read `deny.toml`".to_owned())?;
    let lock: Lock =
        toml::from_str(&workspace.read("Cargo.lock")?).because(|| "cannot read `Cargo.lock`".to_owned())?;
    let mut faults = lock_faults(&rules.bans, &lock.package);
    let packages = Metadata::all(workspace)?.packages;
    faults.extend(packages.iter().filter_map(|package| licence_fault(&rules.licenses, package)));
    faults.extend(unlisted(&Metadata::ours(workspace)?.packages, &workspace.read("docs/dependencies.md")?));
    for fault in &faults {
        machine::complain(fault);
    }
    machine::say(&format!("deny: {} locked packages of at most {LOCKED_PACKAGES_MAX}", lock.package.len()));
    machine::say(&format!("deny: licences of {} packages read (those built on this kind of machine)", packages.len()));
    if machine::answers("cargo", &["deny", "--version"]) {
        machine::run(&mut workspace.cargo(["deny", "--locked", "check"]))?;
    } else {
        machine::say("deny: security advisories were NOT checked, because cargo-deny is not installed");
    }
    if faults.is_empty() { Ok(()) } else { Err(Trouble::new(format!("deny: {} faults", faults.len()))) }
}

/// What Cargo.lock alone shows.
fn lock_faults(bans: &Bans, locked: &[Locked]) -> Vec<String> {
    let banned = locked.iter().filter_map(|package| {
        let ban = bans.deny.iter().find(|ban| ban.name == package.name)?;
        Some(format!("`{}` is banned: {}", package.name, ban.reason))
    });
    let foreign = locked.iter().filter_map(|package| {
        let source = package.source.as_deref()?;
        (!source.starts_with("registry+"))
            .then(|| format!("`{}` comes from `{source}`, not from a registry", package.name))
    });
    let many = (locked.len() > LOCKED_PACKAGES_MAX)
        .then(|| format!("Cargo.lock has {} packages; the most is {LOCKED_PACKAGES_MAX}", locked.len()));
    banned.chain(foreign).chain(many).chain(duplicate_faults(&bans.skip, locked)).collect()
}

/// Crates that are there in several versions without a reason, and reasons nobody needs any more.
fn duplicate_faults(skip: &[Named], locked: &[Locked]) -> Vec<String> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in locked {
        versions.entry(&package.name).or_default().push(&package.version);
    }
    let several = versions.iter().filter(|(_, versions)| versions.len() > 1);
    let faults = several.filter_map(|(name, versions)| {
        let unexplained =
            versions.iter().filter(|version| !skip.iter().any(|named| named.covers(name, version))).count();
        (unexplained > 1).then(|| {
            format!(
                "`{name}` is there in versions {}; bring them together or give a reason in deny.toml",
                versions.join(" and ")
            )
        })
    });
    let idle = skip.iter().filter(|named| {
        let there = |package: &&Locked| named.covers(&package.name, &package.version);
        !locked
            .iter()
            .any(|package| there(&package) && versions.get(package.name.as_str()).is_some_and(|all| all.len() > 1))
    });
    faults
        .chain(
            idle.map(|named| {
                format!("deny.toml explains the duplicate `{}`, which is gone; remove the line", named.name)
            }),
        )
        .collect()
}

impl Named {
    /// `base64@0.23` covers 0.23.0 and 0.23.1, not 0.230.0.
    fn covers(&self, name: &str, version: &str) -> bool {
        let Some((wanted, beginning)) = self.name.split_once('@') else { return self.name == name };
        let rest = version.strip_prefix(beginning);
        wanted == name && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '+']))
    }
}

fn licence_fault(licenses: &Licenses, package: &Package) -> Option<String> {
    let Some(expression) = package.license.as_deref() else {
        return Some(format!("`{}` {} names no licence", package.name, package.version));
    };
    let accepted = spdx::accepts(expression, &licenses.allow);
    (!accepted).then(|| {
        format!("`{}` {} is under `{expression}`, which deny.toml does not allow", package.name, package.version)
    })
}

/// Direct dependencies without a line in docs/dependencies.md.
fn unlisted(ours: &[Package], page: &str) -> Vec<String> {
    let wanted: BTreeSet<&str> = ours
        .iter()
        .flat_map(|package| &package.dependencies)
        .map(|dependency| dependency.name.as_str())
        .filter(|name| !name.starts_with("tenure-"))
        .collect();
    let missing = wanted.iter().filter(|name| !page.contains(&format!("`{name}`")));
    missing
        .map(|name| format!("`{name}` has no line in docs/dependencies.md; a new dependency is a decision"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(packages: &[(&str, &str)]) -> Vec<Locked> {
        let package = |(name, version): &(&str, &str)| Locked {
            name: (*name).to_owned(),
            version: (*version).to_owned(),
            source: Some("registry+https://example.org/index".to_owned()),
        };
        packages.iter().map(package).collect()
    }

    fn named(name: &str) -> Named {
        Named { name: name.to_owned(), reason: "because".to_owned() }
    }

    fn check(deny: &[&str], skip: &[&str], packages: &[(&str, &str)]) -> Vec<String> {
        let bans = Bans {
            deny: deny.iter().map(|name| named(name)).collect(),
            skip: skip.iter().map(|name| named(name)).collect(),
        };
        lock_faults(&bans, &locked(packages))
    }

    #[test]
    fn a_banned_crate_is_reported_with_its_reason() {
        assert_eq!(check(&["openssl-sys"], &[], &[("openssl-sys", "0.9.1")]), ["`openssl-sys` is banned: because"]);
    }

    #[test]
    fn a_duplicate_needs_a_reason_and_a_reason_needs_a_duplicate() {
        let both = [("base64", "0.22.1"), ("base64", "0.23.1")];
        assert_eq!(check(&[], &[], &both).len(), 1);
        assert!(check(&[], &["base64@0.22"], &both).is_empty());
        assert!(check(&[], &["base64@0.2"], &both).len() == 2, "0.2 is not the beginning of 0.22");
        assert_eq!(
            check(&[], &["base64@0.22"], &both[..1]),
            ["deny.toml explains the duplicate `base64@0.22`, which is gone; remove the line"]
        );
    }

    #[test]
    fn too_many_packages_and_a_foreign_source_are_reported() {
        let names: Vec<String> = (0..=LOCKED_PACKAGES_MAX).map(|number| format!("crate-{number}")).collect();
        let packages: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1.0.0")).collect();
        assert_eq!(check(&[], &[], &packages).len(), 1);
        assert!(check(&[], &[], &packages[1..]).is_empty());
        let mut foreign = locked(&[("a", "1.0.0")]);
        foreign[0].source = Some("git+https://example.org/a".to_owned());
        assert_eq!(lock_faults(&Bans { deny: Vec::new(), skip: Vec::new() }, &foreign).len(), 1);
    }

    #[test]
    fn a_direct_dependency_needs_its_line() {
        let package = serde_json::json!({
            "name": "tenure-app",
            "dependencies": [{ "name": "serde" }, { "name": "left-pad" }, { "name": "tenure-model" }],
        });
        let package: Package = serde_json::from_value(package).unwrap();
        let faults = unlisted(&[package], "| `serde` | values in and out |");
        assert!(faults.len() == 1 && faults[0].starts_with("`left-pad`"), "{faults:?}");
    }
}
