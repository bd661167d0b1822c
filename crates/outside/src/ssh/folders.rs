//! What is done with the home folder of an account. The far end is in `folders.sh`.
//!
//! Where several live in one home folder, none of them has it moved or packed. What is done with
//! drives is in `drives`, and how either is asked for and looked at in `actions`.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tenure_connect::actions::keepable;
use tenure_connect::{Act, Refusal, Sight};

use super::actions::{Errand, Facts};
use super::snapshot::{Account, Snapshot};
use super::write::{Request, invalid};
use crate::limits::SSH_FOLDER_NAME_BYTES_MAX;

/// What stood there before, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// The number of the home folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    home: Option<String>,
    /// Whether what would be made was there already.
    #[serde(default)]
    made: bool,
}

/// Which folders it is about.
enum What {
    Create { name: String },
    Transfer { to: Account },
    Archive { folder: String },
}

/// What is to be done with a home folder.
pub(super) struct FolderErrand {
    account: Account,
    what: What,
}

impl FolderErrand {
    /// To make a folder in it, or itself where it is missing.
    pub(super) fn create(account: Account, name: Option<&str>) -> Result<Self, Refusal> {
        let name = name.map(folder_name).transpose()?.unwrap_or_default();
        Ok(Self { account, what: What::Create { name } })
    }

    /// To hand it over.
    pub(super) fn transfer(snapshot: &Snapshot, account: Account, to: Account) -> Result<Self, Refusal> {
        demand_own_home(snapshot, &account)?;
        Ok(Self { account, what: What::Transfer { to } })
    }

    /// To pack it.
    pub(super) fn archive(snapshot: &Snapshot, account: Account, folder: &str) -> Result<Self, Refusal> {
        demand_own_home(snapshot, &account)?;
        Ok(Self { account, what: What::Archive { folder: folder.to_owned() } })
    }
}

impl Errand for FolderErrand {
    fn look(&self) -> Request {
        let (account, uid) = (&self.account, self.account.uid.to_string());
        let home = home(account);
        match &self.what {
            What::Create { name } => Request::of("see_create", &[&uid, home, name]),
            What::Transfer { to } => {
                let place = format!("from-{}", account.login);
                Request::of("see_transfer", &[&uid, home, &to.uid.to_string(), self::home(to), &place])
            }
            What::Archive { folder } => {
                let name = format!("{}-{uid}", account.login);
                Request::of("see_archive", &[&uid, home, folder, &name])
            }
        }
    }

    fn request(&self, act: &Act) -> Result<Option<Request>, Refusal> {
        let kept: Option<Kept> = act.back.clone().map(serde_json::from_value).transpose().map_err(|cause| {
            invalid("what was kept of the folders is not what we keep; take it back by hand").because(cause)
        })?;
        let (account, uid, gid) = (&self.account, self.account.uid.to_string(), self.account.gid.to_string());
        let home = home(account);
        let ask = |verb, arguments: &[&str]| Ok(Some(Request::to(verb, account, arguments)));
        match (&self.what, kept) {
            (What::Create { .. }, Some(Kept { made: true, .. })) => Ok(None),
            (What::Create { name }, Some(kept)) => {
                let word = if kept.home.is_some() { "yes" } else { "no" };
                ask("folder_uncreate", &[&uid, &gid, home, name, word])
            }
            (What::Create { name }, None) => ask("folder_create", &[&uid, &gid, home, name]),
            (What::Archive { folder }, None) => ask("folder_archive", &[&uid, home, folder]),
            (What::Archive { folder }, Some(_)) => ask("folder_restore", &[&uid, home, folder]),
            (What::Transfer { to }, kept) => {
                let verb = if kept.is_some() { "folder_return" } else { "folder_transfer" };
                let mut request = Request::to(verb, account, &[&uid, &gid, home]);
                request.add(to.line.clone());
                for argument in [to.uid.to_string(), to.gid.to_string(), self::home(to).to_owned()] {
                    request.add(argument.into_bytes());
                }
                if let Some(kept) = kept {
                    let which = || invalid("what was kept names no folder that could come back; look for it by hand");
                    request.add(kept.home.ok_or_else(which)?.into_bytes());
                }
                Ok(Some(request))
            }
        }
    }

    /// The home folder is to be where it was.
    fn has_ended(&self, act: &Act, sight: &Sight, facts: &Facts) -> bool {
        let Some(kept) = &act.back else { return sight.so == Some(true) };
        let home = facts.number("home");
        // A home folder that was made since then is not the one that went away.
        let is_back = match &self.what {
            What::Create { .. } => true,
            What::Transfer { .. } => home.is_some() && home.as_deref() == kept.get("home").and_then(Json::as_str),
            What::Archive { .. } => home.is_some() && facts.word("at").is_none(),
        };
        let whole = matches!(self.what, What::Create { .. }) || !facts.has("half");
        sight.so == Some(false) && is_back && whole
    }

    fn sight(&self, facts: &Facts) -> Result<Sight, Refusal> {
        let (home, at) = (facts.number("home"), facts.number("at"));
        let left = facts.word("home") == Some("none") && !facts.has("half");
        let (so, kept) = match &self.what {
            What::Create { name } => {
                let so = if name.is_empty() { home.is_some() } else { at.is_some() };
                (so, Kept { home, made: so })
            }
            What::Transfer { to } => {
                let gift = at.as_ref().map(|number| format!("{} {number}", to.uid));
                let so = left && gift.is_some() && gift.as_deref() == facts.word("gift");
                (so, Kept { home: home.or(at.filter(|_| so)), made: false })
            }
            What::Archive { .. } => (left && facts.word("at").is_some(), Kept { home, made: false }),
        };
        Ok(Sight { so: Some(so), kept: keepable(json!(kept))? })
    }
}

/// Demands that nobody else lives in the home folder, and that its account can name a file.
fn demand_own_home(snapshot: &Snapshot, account: &Account) -> Result<(), Refusal> {
    demand_plain_login(account)?;
    let home = home(account);
    let inside = |other: &str| other == home || other.strip_prefix(home).is_some_and(|rest| rest.starts_with('/'));
    let mut others = snapshot.accounts.iter().filter(|other| other.login != account.login);
    match others.find(|other| inside(self::home(other))) {
        None => Ok(()),
        Some(other) => {
            let login = &other.login;
            Err(invalid(&format!("`{login}` lives in the same home folder; give each account its own first")))
        }
    }
}

/// Demands that a file can be called after an account.
pub(super) fn demand_plain_login(account: &Account) -> Result<(), Refusal> {
    let login = &account.login;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if login.bytes().all(plain) && !login.starts_with(['-', '.']) {
        return Ok(());
    }
    Err(invalid(&format!("no file can be called after `{login}`; its folder is for somebody's hands")))
}

fn home(account: &Account) -> &str {
    account.home.trim_end_matches('/')
}

/// A name that stands for one folder and nothing else.
pub(super) fn folder_name(text: &str) -> Result<String, Refusal> {
    let plain = |sign: char| sign.is_alphanumeric() || " ._-+@,()".contains(sign);
    let fits = text.len() <= SSH_FOLDER_NAME_BYTES_MAX
        && text.chars().all(plain)
        && !matches!(text, "" | "." | "..")
        && !text.starts_with(['-', ' '])
        && !text.ends_with(' ');
    if fits {
        return Ok(text.to_owned());
    }
    let what = format!(
        "`name` must be one name of a folder: at most {SSH_FOLDER_NAME_BYTES_MAX} bytes of letters, digits and `._-+@,()`, without a slash"
    );
    Err(invalid(&what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_connect::RefusalClass;

    #[test]
    fn names_that_mean_something_else_are_none() {
        for good in ["reports", ".config", "Übergabe 2026", "a+b@c,(d)_e-f"] {
            assert_eq!(folder_name(good).ok().as_deref(), Some(good));
        }
        let long = "a".repeat(SSH_FOLDER_NAME_BYTES_MAX + 1);
        for bad in [
            "",
            ".",
            "..",
            "a/b",
            "/etc",
            "-rf",
            " a",
            "a ",
            "a\nb",
            "a\0",
            "a\u{202e}b",
            "$(id)",
            "`id`",
            "a;b",
            "*",
            "~",
            "a\\b",
            "a'b",
            &long,
        ] {
            let refusal = folder_name(bad).expect_err(bad);
            assert!(refusal.class == RefusalClass::Invalid && refusal.message.contains("`name` must be"), "{refusal}");
        }
    }
}
