//! What is done with the shared drives of an account. The far end is in `drives.sh`.
//!
//! A drive is a folder right under one that the settings name, and belongs to whoever owns it. What
//! is done to several is done to all of them or to none; they are kept by name and number, so that
//! another drive of the same name never passes for one of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;
use tenure_connect::actions::keepable;
use tenure_connect::{Act, Refusal, Sight};

use super::actions::{Errand, Facts};
use super::folders::{demand_plain_login, folder_name};
use super::snapshot::{Account, Snapshot};
use super::write::{Request, invalid};

/// What is to be done with drives.
pub(super) struct DriveErrand {
    account: Account,
    root: String,
    what: What,
}

enum What {
    Create {
        name: String,
    },
    /// Where others are in the primary group of the account, the drives stay with that group.
    Transfer {
        to: Box<Account>,
        is_shared: bool,
    },
    Archive {
        folder: String,
    },
}

/// What stood there before, as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// Whether what would be made was there already.
    #[serde(default)]
    made: bool,
    /// The numbers of the drives, by their names.
    #[serde(default)]
    drives: BTreeMap<String, String>,
    /// Whether others were in the group of the account.
    #[serde(default, rename = "shared")]
    is_shared: bool,
}

impl DriveErrand {
    /// To make one.
    pub(super) fn create(account: Account, root: &str, name: Option<&str>) -> Result<Self, Refusal> {
        let missing = || invalid("a drive needs a name of its own, under which others look for it; give `name`");
        let name = folder_name(name.ok_or_else(missing)?)?;
        if name.starts_with('.') {
            return Err(invalid("`name` must be one name of a folder, and those of drives begin with no dot"));
        }
        Ok(Self { account, root: root.to_owned(), what: What::Create { name } })
    }

    /// To give all of them to another account.
    pub(super) fn transfer(snapshot: &Snapshot, account: Account, root: &str, to: Account) -> Self {
        let is_shared = snapshot.shares_group(&account);
        Self { account, root: root.to_owned(), what: What::Transfer { to: Box::new(to), is_shared } }
    }

    /// To pack all of them.
    pub(super) fn archive(account: Account, root: &str, folder: &str) -> Result<Self, Refusal> {
        demand_plain_login(&account)?;
        Ok(Self { account, root: root.to_owned(), what: What::Archive { folder: folder.to_owned() } })
    }
}

impl Errand for DriveErrand {
    fn look(&self) -> Request {
        let uid = self.account.uid.to_string();
        match &self.what {
            What::Create { name } => Request::of("see_drive", &[&uid, &self.root, name]),
            What::Transfer { .. } => Request::of("see_drives", &[&uid, &self.root, "", ""]),
            What::Archive { folder } => {
                Request::of("see_drives", &[&uid, &self.root, folder, &format!("{}-{uid}+", self.account.login)])
            }
        }
    }

    fn request(&self, act: &Act) -> Result<Option<Request>, Refusal> {
        let kept = kept(act)?;
        let (account, root) = (&self.account, self.root.as_str());
        let (uid, gid) = (account.uid.to_string(), account.gid.to_string());
        let ask = |verb, more: &[&str]| Request::to(verb, account, &[&[uid.as_str(), &gid, root], more].concat());
        Ok(Some(match (&self.what, kept) {
            (What::Create { .. }, Some(Kept { made: true, .. })) => return Ok(None),
            (What::Create { name }, Some(_)) => ask("drive_uncreate", &[name]),
            (What::Create { name }, None) => ask("drive_create", &[name]),
            (_, Some(kept)) if kept.drives.is_empty() => return Ok(None),
            (What::Transfer { to, is_shared }, kept) => {
                let verb = if kept.is_some() { "drive_return" } else { "drive_transfer" };
                let stays = kept.as_ref().map_or(*is_shared, |kept| kept.is_shared);
                let group = if stays { account.gid } else { to.gid };
                let mut request = ask(verb, &[]);
                request.add(to.line.clone());
                request.add(to.uid.to_string().into_bytes());
                request.add(group.to_string().into_bytes());
                for (name, number) in kept.unwrap_or_default().drives {
                    request.add(number.into_bytes());
                    request.add(name.into_bytes());
                }
                request
            }
            (What::Archive { folder }, None) => ask("drive_archive", &[folder]),
            (What::Archive { folder }, Some(kept)) => {
                let mut request = ask("drive_restore", &[folder]);
                for name in kept.drives.into_keys() {
                    request.add(name.into_bytes());
                }
                request
            }
        }))
    }

    fn sight(&self, facts: &Facts) -> Result<Sight, Refusal> {
        let drives = drives(facts);
        if drives.keys().any(|name| name.contains(char::REPLACEMENT_CHARACTER)) {
            return Err(invalid("a drive of the account has a name that is no UTF-8; give it a plain one"));
        }
        let (so, kept) = match &self.what {
            What::Create { .. } => {
                let made = facts.number("at").is_some();
                (made, Kept { made, ..Kept::default() })
            }
            What::Transfer { is_shared, .. } => {
                (is_settled(facts) && drives.is_empty(), Kept { drives, is_shared: *is_shared, ..Kept::default() })
            }
            What::Archive { .. } => (is_settled(facts) && drives.is_empty(), Kept { drives, ..Kept::default() }),
        };
        Ok(Sight { so: Some(so), kept: keepable(json!(kept))? })
    }

    /// Every drive is to be where it was; one that was packed has another number when it comes back.
    fn has_ended(&self, act: &Act, sight: &Sight, facts: &Facts) -> bool {
        let kept = match kept(act) {
            Ok(Some(kept)) => kept,
            Ok(None) => return sight.so == Some(true),
            Err(_) => return false,
        };
        let now = drives(facts);
        match &self.what {
            What::Create { .. } => sight.so == Some(false),
            What::Transfer { .. } => {
                is_settled(facts) && kept.drives.iter().all(|drive| now.get(drive.0) == Some(drive.1))
            }
            What::Archive { .. } => {
                let packed = |name: &String| facts.every("archive.").any(|(_, packed)| packed == name);
                is_settled(facts) && kept.drives.keys().all(|name| now.contains_key(name) && !packed(name))
            }
        }
    }
}

fn kept(act: &Act) -> Result<Option<Kept>, Refusal> {
    let strange =
        |cause| invalid("what was kept of the drives is not what we keep; take it back by hand").because(cause);
    act.back.clone().map(serde_json::from_value).transpose().map_err(strange)
}

/// The drives of the account, also those that were left on their way: their numbers, by their names.
fn drives(facts: &Facts) -> BTreeMap<String, String> {
    facts.every("drive.").map(|(number, name)| (name.to_owned(), number.to_owned())).collect()
}

/// Whether no drive was left on its way.
fn is_settled(facts: &Facts) -> bool {
    facts.every("half.").next().is_none()
}
