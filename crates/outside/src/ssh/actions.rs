//! Actions: what is done with the home folder of an account. The far end is in `folders.sh`.
//!
//! Where a folder stands is looked at by root over another line than the one it is moved over, and
//! nothing is taken for done because a tool said so.

use std::collections::BTreeMap;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tenure_connect::actions::{keepable, usual_parameters};
use tenure_connect::plan::not_there;
use tenure_connect::{
    Act, ActionRule, Actions, Doubt, DoubtKind, Locator, Operation, Refusal, RefusalClass, Reversibility, Sight,
    WriteFault,
};
use tenure_model::KnownAction;

use super::SshConnector;
use super::config::SshConfig;
use super::session::{Fault, Line, Session};
use super::snapshot::{Account, Snapshot};
use super::write::{Request, Sent, invalid};
use crate::limits::{SSH_FOLDER_NAME_BYTES_MAX, SSH_FOLDER_TIME_MAX, SSH_TRIES_MAX};

const CREATE: &str = "folder/create";
const TRANSFER: &str = "folder/transfer";
const ARCHIVE: &str = "folder/archive";

/// What is done for accounts. Archives are only made where the settings say where they go.
pub(super) fn rules(config: &SshConfig) -> BTreeMap<String, ActionRule> {
    let known = [
        (CREATE, "makes a folder in the home folder, or the home folder where there is none", Reversibility::Exact),
        (TRANSFER, "moves the home folder into that of another account, who owns it then", Reversibility::Lossy),
        (ARCHIVE, "packs the home folder into one file, and removes it", Reversibility::Exact),
    ];
    let there = known.into_iter().filter(|(name, ..)| *name != ARCHIVE || config.archive.is_some());
    let rule = |(name, about, undo): (&str, &str, Reversibility)| {
        let takes = KnownAction::named(name).map(usual_parameters).unwrap_or_default();
        (name.to_owned(), ActionRule { about: about.to_owned(), takes, undo, unseen: None })
    };
    there.map(rule).collect()
}

impl Actions for SshConnector {
    fn look<'a>(&'a self, act: &'a Act) -> BoxFuture<'a, Result<Sight, Refusal>> {
        async move { Ok(self.look_at(act).await?.0) }.boxed()
    }

    fn act<'a>(&'a self, act: &'a Act, _: &'a Operation) -> BoxFuture<'a, Result<Sight, WriteFault>> {
        self.do_act(act).boxed()
    }
}

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

/// An act, as a host is asked for it.
struct Errand {
    account: Account,
    what: What,
}

/// What a host says of folders, by its words.
#[derive(PartialEq, Eq)]
struct Facts(BTreeMap<String, String>);

impl SshConnector {
    /// What is seen, and whether that is where the act ends.
    async fn look_at(&self, act: &Act) -> Result<(Sight, bool), Refusal> {
        self.description.permits_act(act)?;
        let mut slot = self.looker.lock().await;
        let (mut session, snapshot) = self.look_over(&mut slot).await?;
        let seen = match self.errand(&snapshot, act) {
            Ok(errand) => self.see(&mut session, &errand).await.and_then(|facts| {
                let sight = errand.sight(&facts)?;
                let ended = errand.has_ended(act, &sight, &facts);
                Ok((sight, ended))
            }),
            Err(refusal) => Err(refusal),
        };
        slot.keep(session, &self.looker);
        seen
    }

    /// Has it done over a line of its own, for it may be long, and looks over another.
    async fn do_act(&self, act: &Act) -> Result<Sight, WriteFault> {
        self.description.permits_act(act)?;
        let mut slot = self.folders.lock().await;
        for _ in 0..SSH_TRIES_MAX {
            let (mut session, snapshot) = self.look_over(&mut slot).await?;
            let sent = self.send_act(&mut session, &snapshot, act).await;
            if !matches!(sent, Err(Sent::Fault(WriteFault::Doubt(_)))) {
                slot.keep(session, &self.folders);
            }
            match sent {
                Ok(Some(sight)) => return Ok(sight),
                Ok(None) => return self.read_back(act).await,
                Err(Sent::Fault(fault)) => return Err(fault),
                Err(Sent::Stale) => {}
            }
        }
        Err(self.too_fast().into())
    }

    /// Asks for it once. What is so already is seen at once, and left alone.
    async fn send_act(&self, session: &mut Session, snapshot: &Snapshot, act: &Act) -> Result<Option<Sight>, Sent> {
        let errand = self.errand(snapshot, act)?;
        let before = self.see(session, &errand).await?;
        let sight = errand.sight(&before)?;
        let request = errand.request(act)?.filter(|_| !errand.has_ended(act, &sight, &before));
        let Some(request) = request else { return Ok(Some(sight)) };
        let doubt = |kind, what: String| Sent::Fault(WriteFault::Doubt(Doubt::new(kind, what)));
        match session.ask_within(SSH_FOLDER_TIME_MAX, request.verb, &request.lines()).await {
            Ok(_) => Ok(None),
            Err(Fault::Lost(refusal)) => {
                let what = format!("{refusal}; nobody knows whether `{}` is so", act.summary());
                Err(doubt(DoubtKind::LostResponse, what))
            }
            Err(Fault::No { word, .. }) if word == "stale" => Err(Sent::Stale),
            Err(Fault::No { word, said }) => {
                let refusal = self.denied(request.verb, &word, &said);
                let untouched = self.see(session, &errand).await.is_ok_and(|now| now == before);
                if untouched {
                    return Err(refusal.into());
                }
                Err(doubt(DoubtKind::NotSeen, format!("{refusal}; it may be done in part")))
            }
        }
    }

    async fn read_back(&self, act: &Act) -> Result<Sight, WriteFault> {
        let what = act.summary();
        let doubt = |kind, what: String| Err(WriteFault::Doubt(Doubt::new(kind, what)));
        match self.look_at(act).await {
            Ok((sight, true)) => Ok(sight),
            Ok((_, false)) => {
                let host = &self.config.host;
                doubt(DoubtKind::NotSeen, format!("`{host}` said yes to `{what}`, and it is not so"))
            }
            Err(refusal) => {
                let what = format!("`{what}` was done, and cannot be looked at: {refusal}");
                doubt(DoubtKind::NotReadBack, what)
            }
        }
    }

    async fn see(&self, session: &mut Session, errand: &Errand) -> Result<Facts, Refusal> {
        let request = errand.look();
        match session.ask(request.verb, &request.lines()).await {
            Ok(lines) => Ok(Facts::read(&lines)),
            Err(Fault::No { word, said }) => Err(self.denied(request.verb, &word, &said)),
            Err(Fault::Lost(refusal)) => Err(refusal),
        }
    }

    /// Which folders an act is about.
    fn errand(&self, snapshot: &Snapshot, act: &Act) -> Result<Errand, Refusal> {
        let account = self.find(snapshot, &act.account)?.ok_or_else(|| not_there(&act.account))?;
        let text = |name: &str| act.with.get(name).and_then(Json::as_str);
        let what = match (act.action.as_str(), &self.config.archive) {
            (CREATE, _) => What::Create { name: text("name").map(folder_name).transpose()?.unwrap_or_default() },
            (TRANSFER, _) => {
                let to = Locator::native(text("to").unwrap_or_default());
                let missing =
                    || invalid("`to` is an account that is not there; name one that is, or move the folder by hand");
                let other = self.find(snapshot, &to)?.ok_or_else(missing)?;
                if other.uid == account.uid {
                    return Err(invalid("`to` is the account itself; name another one that its folder goes to"));
                }
                What::Transfer { to: other.clone() }
            }
            (ARCHIVE, Some(folder)) => What::Archive { folder: folder.clone() },
            (other, _) => return Err(self.description.unsupported(&format!("do `{other}`"))),
        };
        if !matches!(what, What::Create { .. }) {
            demand_own_home(snapshot, account)?;
        }
        Ok(Errand { account: account.clone(), what })
    }

    /// What a no of the host to an act means.
    fn denied(&self, verb: &str, word: &str, said: &str) -> Refusal {
        let host = &self.config.host;
        if let Some(tool) = word.strip_prefix("missing ") {
            let what = format!("`{host}` lacks `{tool}`; install GNU's tar, find and coreutils");
            return Refusal::new(RefusalClass::Unsupported, what);
        }
        let Some((_, class, what)) = NOES.iter().find(|(known, ..)| *known == word) else {
            return self.refused(verb, word, said);
        };
        let refusal = Refusal::new(*class, format!("`{host}`: {what}"));
        if said.is_empty() { refusal } else { refusal.because(std::io::Error::other(said.to_owned())) }
    }
}

/// What a host says no with, and what it means.
const NOES: [(&str, RefusalClass, &str); 26] = {
    use RefusalClass::{Exists, Invalid, Maintenance, Rate};
    [
        ("busy", Rate, "folders are being moved or packed there; it is tried again"),
        ("running", Maintenance, "something still runs for this account; end its sessions first"),
        ("held", Maintenance, "somebody has something open in the folder; end what does, and try again"),
        ("unmoved", Maintenance, "the folder could not be moved to its place; look who else works on it"),
        (
            "odd",
            Invalid,
            "the path of the home folder has other signs than letters, digits and `._@+-`; give it a plain one",
        ),
        (
            "unrooted",
            Invalid,
            "somebody else than root may write above that folder, or nothing is there; let root own every folder above it",
        ),
        (
            "strange",
            Invalid,
            "what stands in place of the home folder is a link, or not the account's own; put it right there",
        ),
        ("missing", Invalid, "the account has no home folder; `folder/create` makes one"),
        ("mounted", Invalid, "something is mounted in the home folder; unmount it first"),
        ("device", Invalid, "there is a device file in the home folder; take it away first"),
        (
            "setuid",
            Invalid,
            "there is a program in the home folder that runs with its owner's rights; take that bit (`chmod a-s`) from it first",
        ),
        (
            "linked",
            Invalid,
            "a file of the home folder has another name outside it, and would change there too; take one of both names away (`find -links +1`)",
        ),
        ("unsearched", Invalid, "the home folder could not be looked through; look at its file system"),
        ("apart", Invalid, "the folders are not on one file system, and copies could be led astray; move them by hand"),
        ("den", Invalid, "`.tenure` beside the home folder is not root's alone; take it away"),
        ("vault", Invalid, "the folder of archives is not root's alone; give it to root, with mode 700"),
        (
            "gone",
            Invalid,
            "what was made of the home folder is not there any more, so nothing can be taken back; look who moved it",
        ),
        (
            "filled",
            Invalid,
            "the folder is not empty any more, and what is in it is nobody's to lose; move it away first",
        ),
        ("taken", Exists, "something of that name is there already; move it away first"),
        ("archived", Exists, "there is an archive of this account already; move it to another folder first"),
        (
            "unmade",
            Invalid,
            "the folder could not be made with the rights of the account; look at its quota and the mode of its home folder",
        ),
        (
            "unkept",
            Maintenance,
            "it cannot be written down where the folder goes; look at the space of `/var/lib/tenure`",
        ),
        (
            "unpacked",
            Maintenance,
            "what was packed is not what is in the folder, or could not be written; nothing was lost, look at the space there",
        ),
        (
            "unfinished",
            Maintenance,
            "the folder is packed, and could not be removed wholly from `.tenure` beside its place; look at its file system",
        ),
        (
            "half",
            Maintenance,
            "something else is done to this folder by halves, which is in `.tenure` beside it; let that be done again first",
        ),
        (
            "stuck",
            Maintenance,
            "the folder is in `.tenure` beside its place, and could not be put back; let it be done again",
        ),
    ]
};

/// Demands that nobody else lives in the home folder, and that its account can name a file.
fn demand_own_home(snapshot: &Snapshot, account: &Account) -> Result<(), Refusal> {
    let (home, login) = (home(account), &account.login);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if !login.bytes().all(plain) || login.starts_with(['-', '.']) {
        return Err(invalid(&format!("no file can be called after `{login}`; its folder is for somebody's hands")));
    }
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

fn home(account: &Account) -> &str {
    account.home.trim_end_matches('/')
}

/// A name that stands for one folder and nothing else.
fn folder_name(text: &str) -> Result<String, Refusal> {
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

impl Errand {
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

    /// What is to be asked; nothing where nothing is to be taken back.
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

    /// Whether nothing is left to do. What was taken back by halves is not so any more, and has not
    /// ended either: the home folder is to be where it was.
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

    /// Whether it is so, and what is kept of it.
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

impl Facts {
    fn read(lines: &[Line]) -> Self {
        let text = |line: &Line| String::from_utf8_lossy(line).into_owned();
        let pair = |line: String| line.split_once(' ').map(|(key, value)| (key.to_owned(), value.to_owned()));
        Self(lines.iter().map(text).filter_map(pair).collect())
    }

    fn word(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// The number of a folder that is the account's own.
    fn number(&self, key: &str) -> Option<String> {
        let word = self.word(key)?;
        word.bytes().all(|byte| byte.is_ascii_digit()).then(|| word.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn every_no_has_a_meaning_and_a_way_out() {
        let script = include_str!("folders.sh");
        let known = |word: &str| NOES.iter().any(|(known, ..)| *known == word);
        let code = script.lines().filter(|line| !line.trim_start().starts_with('#'));
        let words: Vec<&str> = code.flat_map(|line| line.split(['[', ' ', ';', '"', '}'])).collect();
        let said = words.windows(2).filter(|pair| pair[0] == "no" && pair[1] != "missing").map(|pair| pair[1]);
        let flaws = words.iter().filter_map(|word| word.strip_prefix("flaw="));
        let strange: Vec<&str> =
            said.chain(flaws).filter(|word| word.starts_with(char::is_alphabetic) && !known(word)).collect();
        assert!(strange.is_empty(), "{strange:?}");
        for (word, _, what) in NOES {
            assert!(what.contains(';') && script.contains(word), "{word}: {what}");
        }
    }
}
