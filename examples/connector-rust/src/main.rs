//! A connector to accounts in a JSON file.
//!
//! Make it yours: put your system in the place of the file, one method after the other, and say in
//! `description.json` what it can do. Without `settings.file` the accounts are in memory.

mod protocol;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use protocol::{Connector, Fault, Locator, Wanted, refused, serve};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const DESCRIPTION: &str = include_str!("../description.json");
/// What can be held: id and name.
const TEAMS: [(&str, &str); 2] = [("team-finance", "finance"), ("team-staff", "staff")];
/// The attributes, besides the id, which is given here.
const ATTRIBUTES: [&str; 4] = ["employeeNumber", "login", "displayName", "title"];
/// Those that nobody else may have.
const UNIQUE: [&str; 2] = ["employeeNumber", "login"];

fn main() -> std::io::Result<()> {
    serve(DESCRIPTION, Accounts::open)
}

/// All that is kept.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Kept {
    /// How many accounts there ever were: an id is never given twice.
    given: u64,
    accounts: BTreeMap<String, Account>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Account {
    disabled: bool,
    teams: BTreeSet<String>,
    attributes: BTreeMap<String, String>,
}

struct Accounts {
    file: Option<PathBuf>,
    kept: Kept,
}

impl Accounts {
    fn open(settings: &Value, _secrets: &Value) -> Result<Self, Fault> {
        let file = settings["file"].as_str().map(PathBuf::from);
        let kept = match &file {
            Some(file) if file.exists() => {
                let bytes = fs::read(file).map_err(|error| cannot("read", file, &error))?;
                serde_json::from_slice(&bytes).map_err(|error| cannot("read", file, &error))?
            }
            _ => Kept::default(),
        };
        Ok(Self { file, kept })
    }

    /// The id of the one account that a locator means.
    fn find(&self, locator: &Locator) -> Result<Option<String>, Fault> {
        Ok(match locator {
            Locator::Native(id) => self.kept.accounts.contains_key(id).then(|| id.clone()),
            Locator::Attribute { name, value } if name == "id" => self.find(&Locator::Native(value.clone()))?,
            Locator::Attribute { name, value } if ATTRIBUTES.contains(&name.as_str()) => {
                let mut found = self.kept.accounts.iter().filter(|(_, one)| one.attributes.get(name) == Some(value));
                let first = found.next().map(|(id, _)| id.clone());
                if found.next().is_some() {
                    return refused(
                        "invalid",
                        format!("more than one answers to `{name}`; correct the accounts there"),
                    );
                }
                first
            }
            Locator::Attribute { name, .. } => {
                return refused("invalid", format!("nobody is found by `{name}`; use one of the described attributes"));
            }
        })
    }

    fn see(&self, id: &str) -> Value {
        let account = &self.kept.accounts[id];
        let mut attributes = json!({ "id": { "text": id } });
        for (name, value) in &account.attributes {
            attributes[name] = json!({ "text": value });
        }
        let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        json!({
            "nativeId": id,
            "name": account.attributes.get("login"),
            "state": if account.disabled { "disabled" } else { "active" },
            "holds": account.teams,
            "attributes": attributes,
            "at": moment(seconds),
        })
    }

    /// Keeps what was changed: all of it, or nothing.
    fn keep(&mut self, kept: Kept) -> Result<(), Fault> {
        if let Some(file) = &self.file {
            let beside = file.with_extension("new");
            let text = serde_json::to_string(&kept).map_err(|error| cannot("write", file, &error))?;
            fs::write(&beside, text).map_err(|error| cannot("write", file, &error))?;
            // On a file system behind a network it may have been done although it failed.
            fs::rename(&beside, file).map_err(|error| Fault::Unknown(format!("`{}`: {error}", file.display())))?;
        }
        self.kept = kept;
        Ok(())
    }
}

impl Connector for Accounts {
    fn check(&self) -> Result<String, Fault> {
        Ok(self.file.as_ref().map_or("accounts in memory".to_owned(), |file| format!("accounts in {}", file.display())))
    }

    fn read(&self, wanted: &Wanted) -> Result<Value, Fault> {
        let accounts = wanted.class == "account";
        let all: Vec<(String, Value)> = if accounts {
            self.kept.accounts.keys().map(|id| (id.clone(), self.see(id))).collect()
        } else {
            let team = |(id, name)| (String::from(id), json!({ "nativeId": id, "kind": "group", "name": name }));
            TEAMS.map(team).into()
        };
        let expected = all.len();
        let found = match &wanted.only {
            Some(only) if accounts => self.find(only)?,
            Some(Locator::Native(id)) => Some(id.clone()),
            Some(Locator::Attribute { name, value }) if name == "name" => {
                Some(TEAMS.iter().find(|team| team.1 == value).map_or(String::new(), |team| team.0.to_owned()))
            }
            Some(Locator::Attribute { name, .. }) => {
                return refused("invalid", format!("no team is found by `{name}`; use `name`"));
            }
            None => None,
        };
        let after = match wanted.after.map(|token| token.strip_prefix("after:")) {
            Some(None) => return refused("stale", "the page token is not ours; read again from the start"),
            token => token.flatten().unwrap_or_default(),
        };
        let (mut objects, mut next) = (Vec::new(), None);
        for (id, seen) in all {
            let meant = if wanted.only.is_some() { found.as_ref() == Some(&id) } else { id.as_str() > after };
            if meant && objects.len() == wanted.size {
                next = objects.last().map(|(last, _): &(String, Value)| format!("after:{last}"));
                break;
            }
            if meant {
                objects.push((id, seen));
            }
        }
        let objects: Vec<Value> = objects.into_iter().map(|(_, seen)| json!({ wanted.class: seen })).collect();
        let completeness = if next.is_some() { "open" } else { "whole" };
        Ok(json!({
            "objects": objects,
            "next": next,
            "completeness": { "is": completeness },
            "expected": wanted.only.is_none().then_some(expected),
        }))
    }

    fn get(&self, account: &Locator) -> Result<Option<Value>, Fault> {
        Ok(self.find(account)?.map(|id| self.see(&id)))
    }

    fn apply(&mut self, locator: &Locator, write: &Value) -> Result<(), Fault> {
        let mut kept = self.kept.clone();
        let found = self.find(locator)?;
        let id = match (write["do"].as_str().unwrap_or_default(), found) {
            ("create", Some(id)) => id,
            ("create", None) => {
                let Locator::Attribute { name, value } = locator else {
                    return refused("gone", "an id is given by us and cannot be chosen");
                };
                kept.given += 1;
                let id = format!("{:08}", kept.given);
                kept.accounts.entry(id.clone()).or_default().attributes.insert(name.clone(), value.clone());
                id
            }
            ("delete", None) => return Ok(()),
            (_, Some(id)) => id,
            (_, None) => return refused("gone", "nobody answers to this locator; read again, or create the account"),
        };
        if write["do"] == "delete" {
            kept.accounts.remove(&id);
        } else {
            let account = kept.accounts.entry(id.clone()).or_default();
            change(account, write)?;
            check(&kept, &id)?;
            answers_to(&kept.accounts[&id], locator, write)?;
        }
        self.keep(kept)
    }
}

/// Makes a write on an account that is there.
fn change(account: &mut Account, write: &Value) -> Result<(), Fault> {
    match write["do"].as_str().unwrap_or_default() {
        "create" | "set" => {
            for (name, value) in write["attributes"].as_object().into_iter().flatten() {
                if !ATTRIBUTES.contains(&name.as_str()) {
                    return refused("invalid", format!("there is no attribute `{name}` to write"));
                }
                match (value["text"].as_str(), value.as_str()) {
                    (Some(text), _) => drop(account.attributes.insert(name.clone(), text.to_owned())),
                    (None, Some("cleared")) => drop(account.attributes.remove(name)),
                    (None, _) => return refused("invalid", "this connector keeps texts only"),
                }
            }
        }
        "enable" => account.disabled = false,
        "disable" => account.disabled = true,
        verb @ ("grant" | "revoke") => {
            let team = write["entitlement"].as_str().unwrap_or_default();
            if verb == "revoke" {
                account.teams.remove(team);
            } else if TEAMS.iter().any(|(id, _)| *id == team) {
                account.teams.insert(team.to_owned());
            } else {
                return refused("gone", "there is no such team; create it, or correct the rule that names it");
            }
        }
        other => return refused("unsupported", format!("this connector cannot `{other}`")),
    }
    Ok(())
}

/// What must hold of every account.
fn check(kept: &Kept, id: &str) -> Result<(), Fault> {
    let account = &kept.accounts[id];
    if account.attributes.get("login").is_none_or(String::is_empty) {
        return refused("invalid", "an account needs a `login`");
    }
    for name in UNIQUE {
        let value = account.attributes.get(name);
        let taken = |(other, one): (&String, &Account)| other != id && one.attributes.get(name) == value;
        if value.is_some() && kept.accounts.iter().any(taken) {
            return refused("exists", format!("the `{name}` belongs to somebody else; choose another"));
        }
    }
    Ok(())
}

/// Whoever is made must be found again by what they were made for.
fn answers_to(account: &Account, locator: &Locator, write: &Value) -> Result<(), Fault> {
    match locator {
        Locator::Attribute { name, value }
            if write["do"] == "create" && account.attributes.get(name) != Some(value) =>
        {
            refused("invalid", format!("attribute `{name}` has another value than the locator"))
        }
        _ => Ok(()),
    }
}

fn cannot(what: &str, file: &std::path::Path, error: &dyn std::fmt::Display) -> Fault {
    Fault::Refused("maintenance", format!("cannot {what} `{}`: {error}", file.display()))
}

/// A moment as RFC 3339 has it, from seconds since 1970.
fn moment(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Counted from 1 March of the year 0, so that the leap day comes last.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let (day, month) =
        (day_of_year - (153 * shifted + 2) / 5 + 1, if shifted < 10 { shifted + 3 } else { shifted - 9 });
    let year = era * 400 + year + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3_600, rest / 60 % 60, rest % 60)
}
