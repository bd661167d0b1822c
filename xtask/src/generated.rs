//! Files that are made from the code, committed, and never edited by hand.
//!
//! A [`Producer`] is a program of ours that writes a known set of files into a folder it is
//! given. To add a generated file, let the producer write it and name it in [`PRODUCERS`].

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::machine::{self, Workspace};
use crate::metadata::Metadata;
use crate::trouble::{Because, Result, Trouble};

/// A program that writes files, and the files it writes.
struct Producer {
    package: &'static str,
    program: &'static str,
    /// What is said to the program, before the folder.
    arguments: &'static [&'static str],
    /// Where its files are committed.
    home: &'static str,
    files: &'static [&'static str],
}

/// Everything that is generated.
const PRODUCERS: &[Producer] = &[
    Producer {
        package: "tenure-cli",
        program: "tenure",
        arguments: &["gen", "--into"],
        home: "docs/reference",
        files: &["access.md", "cli.md", "config.md", "errors.md", "openapi.json", "steps.md"],
    },
    Producer {
        package: "tenure-cli",
        program: "tenure",
        arguments: &["gen", "--connectors", "docs/reference/connectors/held", "--into"],
        home: "docs/reference/connectors",
        files: &[
            "README.md",
            "ad.md",
            "file.md",
            "ldap.md",
            "manual.md",
            "memory.md",
            "process.md",
            "rest-aws-iam.md",
            "rest-dovecot.md",
            "rest-keystone.md",
            "rest-microsoft-graph.md",
            "rest-pocketbase.md",
            "rest-rabbitmq.md",
            "rest-roundup.md",
            "rest-synapse.md",
            "rest-zabbix.md",
            "scim.md",
            "sql.md",
            "ssh.md",
        ],
    },
    Producer {
        package: "tenure-cli",
        program: "tenure",
        arguments: &["gen", "--schemas", "--into"],
        home: "docs/reference/schemas",
        files: &[
            "approval.json",
            "authority.json",
            "brake.json",
            "calendar.json",
            "channel.json",
            "connection.json",
            "generator.json",
            "group.json",
            "mapping.json",
            "notice.json",
            "pack.json",
            "role.json",
            "rule.json",
            "scenario.json",
            "team.json",
            "workflow.json",
        ],
    },
];

/// Papers beside the generated files that are written by hand.
const BY_HAND: &[&str] = &["README.md", "connector-protocol.md"];

/// Writes every generated file, or with `check` names each that is not as it would be written.
pub fn run(workspace: &Workspace, check: bool) -> Result<()> {
    let ours = Metadata::ours(workspace)?;
    let mut faults = Vec::new();
    for producer in PRODUCERS {
        let home = workspace.path(producer.home);
        let is_there = |package: &crate::metadata::Package| {
            package.name == producer.package && package.has_program(producer.program)
        };
        if !ours.packages.iter().any(is_there) {
            faults.extend(without_program(producer, &home));
            continue;
        }
        let fresh = PathBuf::from(&ours.target_directory).join("xtask-gen");
        produce(workspace, producer, &fresh)?;
        faults.extend(undeclared(producer, &fresh)?);
        if check {
            faults.extend(differences(producer, &fresh, &home));
        } else {
            copy(producer, &fresh, &home)?;
        }
    }
    for fault in &faults {
        machine::complain(fault);
    }
    if faults.is_empty() { Ok(()) } else { Err(Trouble::new(format!("gen: {} files to look at", faults.len()))) }
}

/// Nothing can be compared: fine before the first file is committed, a fault from then on.
fn without_program(producer: &Producer, home: &Path) -> Option<String> {
    let sentence =
        format!("`{}` builds no program `{}` that could write {}", producer.package, producer.program, producer.home);
    if home.exists() {
        return Some(sentence);
    }
    machine::say(&format!("gen: {sentence}; nothing is committed there either"));
    None
}

fn produce(workspace: &Workspace, producer: &Producer, into: &Path) -> Result<()> {
    if into.exists() {
        fs::remove_dir_all(into).because(|| format!("cannot empty `{}`", into.display()))?;
    }
    fs::create_dir_all(into).because(|| format!("cannot make `{}`", into.display()))?;
    let mut command =
        workspace.cargo(["run", "--quiet", "--package", producer.package, "--bin", producer.program, "--"]);
    machine::run(command.args(producer.arguments).arg(into))
}

/// Files written but not named in the list, and named but not written.
fn undeclared(producer: &Producer, fresh: &Path) -> Result<Vec<String>> {
    let written = names(fresh)?;
    let named: BTreeSet<String> = producer.files.iter().map(|file| (*file).to_owned()).collect();
    let extra = written
        .difference(&named)
        .map(|file| format!("`{file}` was generated but is not named in xtask/src/generated.rs"));
    let missing = named
        .difference(&written)
        .map(|file| format!("`{file}` should be generated by `{}` but was not", producer.program));
    Ok(extra.chain(missing).collect())
}

/// Each committed file that is not byte for byte what was just generated.
fn differences(producer: &Producer, fresh: &Path, home: &Path) -> Vec<String> {
    let named = producer.files.iter().map(|file| (*file).to_owned());
    let stray = names(home).unwrap_or_default().into_iter().filter(|file| !BY_HAND.contains(&file.as_str()));
    let all: BTreeSet<String> = named.chain(stray).collect();
    all.iter()
        .filter_map(|file| difference(&fresh.join(file), &home.join(file), &format!("{}/{file}", producer.home)))
        .collect()
}

fn difference(fresh: &Path, committed: &Path, name: &str) -> Option<String> {
    let (fresh, committed) = (fs::read(fresh).ok(), fs::read(committed).ok());
    match (fresh, committed) {
        (Some(fresh), Some(committed)) if fresh == committed => None,
        (Some(fresh), Some(committed)) => {
            let line = 1 + fresh
                .split(|byte| *byte == b'\n')
                .zip(committed.split(|byte| *byte == b'\n'))
                .take_while(|(a, b)| a == b)
                .count();
            Some(format!("`{name}` differs from line {line} on; run `cargo xtask gen` and commit it"))
        }
        (Some(_), None) => Some(format!("`{name}` is not committed; run `cargo xtask gen` and commit it")),
        (None, Some(_)) => Some(format!("`{name}` is committed, but nothing generates it; remove it")),
        (None, None) => None,
    }
}

fn copy(producer: &Producer, fresh: &Path, home: &Path) -> Result<()> {
    fs::create_dir_all(home).because(|| format!("cannot make `{}`", home.display()))?;
    for file in producer.files {
        let (from, to) = (fresh.join(file), home.join(file));
        if from.exists() && difference(&from, &to, file).is_some() {
            fs::copy(&from, &to).because(|| format!("cannot write `{}`", to.display()))?;
            machine::say(&format!("gen: wrote {}/{file}", producer.home));
        }
    }
    Ok(())
}

/// The files of a folder.
pub fn names(folder: &Path) -> Result<BTreeSet<String>> {
    let entries = fs::read_dir(folder).because(|| format!("cannot list `{}`", folder.display()))?;
    entries
        // A folder within is the home of another producer.
        .filter(|entry| entry.as_ref().map_or(true, |entry| entry.path().is_file()))
        .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
        .collect::<std::io::Result<_>>()
        .because(|| format!("cannot list `{}`", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRODUCER: Producer =
        Producer { package: "p", program: "p", arguments: &[], home: "home", files: &["a.md", "b.md"] };

    /// Two folders of this test's own, below the system's folder for temporary files.
    fn folders(name: &str, fresh: &[(&str, &str)], home: &[(&str, &str)]) -> (PathBuf, PathBuf) {
        let root = std::env::temp_dir().join(format!("tenure-xtask-gen-{}-{name}", std::process::id()));
        let both = (root.join("fresh"), root.join("home"));
        for (folder, files) in [(&both.0, fresh), (&both.1, home)] {
            fs::create_dir_all(folder).unwrap();
            for (file, text) in files {
                fs::write(folder.join(file), text).unwrap();
            }
        }
        both
    }

    fn check(name: &str, fresh: &[(&str, &str)], home: &[(&str, &str)]) -> Vec<String> {
        let (fresh, home) = folders(name, fresh, home);
        let faults = differences(&PRODUCER, &fresh, &home);
        fs::remove_dir_all(fresh.parent().unwrap()).unwrap();
        faults
    }

    #[test]
    fn equal_files_are_silent() {
        let both = [("a.md", "one\n"), ("b.md", "two\n")];
        assert!(check("equal", &both, &both).is_empty());
    }

    #[test]
    fn a_changed_byte_a_missing_and_a_stray_file_are_named() {
        let fresh = [("a.md", "one\ntwo\n"), ("b.md", "x")];
        let home = [("a.md", "one\ntwo \n"), ("old.md", "x")];
        let faults = check("unequal", &fresh, &home);
        assert!(faults[0].starts_with("`home/a.md` differs from line 2 on"), "{faults:?}");
        assert!(faults[1].starts_with("`home/b.md` is not committed"), "{faults:?}");
        assert!(faults[2].starts_with("`home/old.md` is committed, but nothing generates it"), "{faults:?}");
        assert_eq!(faults.len(), 3);
    }

    #[test]
    fn a_file_that_is_written_but_not_named_is_a_fault() {
        let (fresh, _) = folders("undeclared", &[("a.md", ""), ("c.md", "")], &[]);
        let faults = undeclared(&PRODUCER, &fresh).unwrap();
        fs::remove_dir_all(fresh.parent().unwrap()).unwrap();
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].starts_with("`c.md` was generated but"), "{faults:?}");
    }
}
