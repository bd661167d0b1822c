//! Actions: what is done with the folders of an account. Which those are, and what the host is asked
//! for, is in `folders` and `drives`.
//!
//! Where a folder stands is looked at by root over another line than the one it is moved over, and
//! nothing is taken for done because a tool said so.

use std::collections::BTreeMap;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::Value as Json;
use tenure_connect::actions::usual_parameters;
use tenure_connect::plan::not_there;
use tenure_connect::{
    Act, ActionRule, Actions, Doubt, DoubtKind, Locator, Operation, Refusal, RefusalClass, Reversibility, Sight,
    WriteFault,
};
use tenure_model::KnownAction;

use super::SshConnector;
use super::config::SshConfig;
use super::drives::DriveErrand;
use super::folders::FolderErrand;
use super::session::{Fault, Line, Session};
use super::snapshot::{Account, Snapshot};
use super::write::{Request, Sent, invalid};
use crate::limits::{SSH_FOLDER_TIME_MAX, SSH_TRIES_MAX};

/// What is done for accounts. Archives are only made where the settings say where they go, and drives
/// are only where they say where those are.
pub(super) fn rules(config: &SshConfig) -> BTreeMap<String, ActionRule> {
    use Reversibility::{Exact, Lossy};
    let (drives, archive) = (config.drives.is_some(), config.archive.is_some());
    let known = [
        ("drive/archive", "packs each drive of the account into one file, and removes it", Exact, drives && archive),
        ("drive/create", "makes a shared drive that is the account's", Exact, drives),
        ("drive/transfer", "gives every drive of the account to another account", Lossy, drives),
        ("folder/archive", "packs the home folder into one file, and removes it", Exact, archive),
        ("folder/create", "makes a folder in the home folder, or the home folder where there is none", Exact, true),
        ("folder/transfer", "moves the home folder into that of another account, who owns it then", Lossy, true),
    ];
    let rule = |(name, about, undo, _): (&str, &str, Reversibility, bool)| {
        let takes = KnownAction::named(name).map(usual_parameters).unwrap_or_default();
        (name.to_owned(), ActionRule { about: about.to_owned(), takes, undo, unseen: None })
    };
    known.into_iter().filter(|(.., there)| *there).map(rule).collect()
}

impl Actions for SshConnector {
    fn look<'a>(&'a self, act: &'a Act) -> BoxFuture<'a, Result<Sight, Refusal>> {
        async move { Ok(self.look_at(act).await?.0) }.boxed()
    }

    fn act<'a>(&'a self, act: &'a Act, _: &'a Operation) -> BoxFuture<'a, Result<Sight, WriteFault>> {
        self.do_act(act).boxed()
    }
}

/// An act, as a host is asked for it, and what its answers mean.
pub(super) trait Errand: Send + Sync {
    /// What the host is asked to look.
    fn look(&self) -> Request;

    /// What it is to be asked for; nothing where nothing is to be taken back.
    fn request(&self, act: &Act) -> Result<Option<Request>, Refusal>;

    /// Whether it is so, and what is kept of it.
    fn sight(&self, facts: &Facts) -> Result<Sight, Refusal>;

    /// Whether nothing is left to do. What was taken back by halves is not so any more, and has not
    /// ended either.
    fn has_ended(&self, act: &Act, sight: &Sight, facts: &Facts) -> bool;
}

/// What a host says of folders, by its words.
#[derive(PartialEq, Eq)]
pub(super) struct Facts(BTreeMap<String, String>);

impl SshConnector {
    /// What is seen, and whether that is where the act ends.
    async fn look_at(&self, act: &Act) -> Result<(Sight, bool), Refusal> {
        self.description.permits_act(act)?;
        let mut slot = self.looker.lock().await;
        let (mut session, snapshot) = self.look_over(&mut slot).await?;
        let seen = match self.errand(&snapshot, act) {
            Ok(errand) => self.see(&mut session, &*errand).await.and_then(|facts| {
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
        let before = self.see(session, &*errand).await?;
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
                let untouched = self.see(session, &*errand).await.is_ok_and(|now| now == before);
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

    async fn see(&self, session: &mut Session, errand: &dyn Errand) -> Result<Facts, Refusal> {
        let request = errand.look();
        match session.ask(request.verb, &request.lines()).await {
            Ok(lines) => Ok(Facts::read(&lines)),
            Err(Fault::No { word, said }) => Err(self.denied(request.verb, &word, &said)),
            Err(Fault::Lost(refusal)) => Err(refusal),
        }
    }

    /// Which folders an act is about.
    fn errand(&self, snapshot: &Snapshot, act: &Act) -> Result<Box<dyn Errand>, Refusal> {
        let account = self.find(snapshot, &act.account)?.ok_or_else(|| not_there(&act.account))?.clone();
        let name = text(act, "name");
        let (drives, archive) = (self.config.drives.as_deref(), self.config.archive.as_deref());
        let other = || self.other(snapshot, act, &account);
        Ok(match (act.action.as_str(), drives, archive) {
            ("folder/create", ..) => Box::new(FolderErrand::create(account, name)?),
            ("folder/transfer", ..) => {
                let to = other()?;
                Box::new(FolderErrand::transfer(snapshot, account, to)?)
            }
            ("folder/archive", _, Some(archive)) => Box::new(FolderErrand::archive(snapshot, account, archive)?),
            ("drive/create", Some(root), _) => Box::new(DriveErrand::create(account, root, name)?),
            ("drive/transfer", Some(root), _) => {
                let to = other()?;
                Box::new(DriveErrand::transfer(snapshot, account, root, to))
            }
            ("drive/archive", Some(root), Some(archive)) => Box::new(DriveErrand::archive(account, root, archive)?),
            (other, ..) => return Err(self.description.unsupported(&format!("do `{other}`"))),
        })
    }

    /// The account that something goes to.
    fn other(&self, snapshot: &Snapshot, act: &Act, account: &Account) -> Result<Account, Refusal> {
        let to = Locator::native(text(act, "to").unwrap_or_default());
        let missing = || invalid("`to` is an account that is not there; name one that is, or move the folder by hand");
        let other = self.find(snapshot, &to)?.ok_or_else(missing)?;
        if other.uid == account.uid {
            return Err(invalid("`to` is the account itself; name another one that its folder goes to"));
        }
        Ok(other.clone())
    }

    /// What a no of the host to an act means.
    fn denied(&self, verb: &str, word: &str, said: &str) -> Refusal {
        let host = &self.config.host;
        let refusal = if let Some(tool) = word.strip_prefix("missing ") {
            let what = format!("`{host}` lacks `{tool}`; install GNU's tar, find and coreutils");
            return Refusal::new(RefusalClass::Unsupported, what);
        } else if let Some(drives) = word.strip_prefix("unfit ") {
            unfit(host, drives)
        } else if let Some((class, what)) = meaning(word) {
            Refusal::new(class, format!("`{host}`: {what}"))
        } else {
            return self.refused(verb, word, said);
        };
        if said.is_empty() { refusal } else { refusal.because(std::io::Error::other(said.to_owned())) }
    }
}

fn text<'a>(act: &'a Act, name: &str) -> Option<&'a str> {
    act.with.get(name).and_then(Json::as_str)
}

/// Why nothing is done with several drives: a word and a name for each that something is wrong with.
fn unfit(host: &str, drives: &str) -> Refusal {
    let pairs = drives.split('/').filter_map(|drive| drive.split_once(' '));
    let (mut class, mut reasons) = (RefusalClass::Maintenance, Vec::new());
    for (word, name) in pairs {
        let (why, what) = meaning(word).unwrap_or((RefusalClass::Invalid, word));
        if why != RefusalClass::Maintenance {
            class = why;
        }
        reasons.push(format!("the drive `{name}`: {what}"));
    }
    Refusal::new(class, format!("`{host}`: no drive was touched, because of {}", reasons.join(", and of ")))
}

fn meaning(word: &str) -> Option<(RefusalClass, &'static str)> {
    NOES.iter().find(|(known, ..)| *known == word).map(|(_, class, what)| (*class, *what))
}

/// What a host says no with, and what it means.
const NOES: [(&str, RefusalClass, &str); 29] = {
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
        ("mounted", Invalid, "something is mounted in the folder; unmount it first"),
        ("device", Invalid, "there is a device file in the folder; take it away first"),
        (
            "setuid",
            Invalid,
            "there is a program in the folder that runs with its owner's rights; take that bit (`chmod a-s`) from it first",
        ),
        (
            "linked",
            Invalid,
            "a file of the folder has another name outside it, and would change there too; take one of both names away (`find -links +1`)",
        ),
        (
            "fixed",
            Invalid,
            "something in the folder can neither change hands nor be removed; look for what is immutable there (`lsattr -R`)",
        ),
        (
            "oddname",
            Invalid,
            "a drive of the account has a name with control letters or with one of `*?[]` and the backslash; give it a plain one",
        ),
        ("lived", Invalid, "an account has its home folder among the drives; keep both apart"),
        ("unsearched", Invalid, "the folder could not be looked through; look at its file system"),
        ("apart", Invalid, "the folders are not on one file system, and copies could be led astray; move them by hand"),
        ("den", Invalid, "`.tenure` beside the folder is not root's alone; take it away"),
        ("vault", Invalid, "the folder of archives is not root's alone; give it to root, with mode 700"),
        ("gone", Invalid, "what was made of it is not there any more, so nothing can be taken back; look who moved it"),
        (
            "filled",
            Invalid,
            "the folder is not empty any more, and what is in it is nobody's to lose; move it away first",
        ),
        ("taken", Exists, "something of that name is there already; move it away first"),
        ("archived", Exists, "there is an archive of it already; move it to another folder first"),
        (
            "unmade",
            Invalid,
            "the folder could not be made; look at the quota of the account, and at the mode of the folder above it",
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

impl Facts {
    fn read(lines: &[Line]) -> Self {
        let text = |line: &Line| String::from_utf8_lossy(line).into_owned();
        let pair = |line: String| line.split_once(' ').map(|(key, value)| (key.to_owned(), value.to_owned()));
        Self(lines.iter().map(text).filter_map(pair).collect())
    }

    pub(super) fn word(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// What is said by words that begin so.
    pub(super) fn every(&self, beginning: &str) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(move |(key, value)| Some((key.strip_prefix(beginning)?, value.as_str())))
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// The number of a folder that is the account's own.
    pub(super) fn number(&self, key: &str) -> Option<String> {
        let word = self.word(key)?;
        word.bytes().all(|byte| byte.is_ascii_digit()).then(|| word.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_no_has_a_meaning_and_a_way_out() {
        let script = concat!(include_str!("folders.sh"), include_str!("drives.sh"));
        let known = |word: &str| NOES.iter().any(|(known, ..)| *known == word);
        let code = script.lines().filter(|line| !line.trim_start().starts_with('#'));
        let words: Vec<&str> = code.flat_map(|line| line.split(['[', ' ', ';', '"', '}'])).collect();
        let said = words
            .windows(2)
            .filter(|pair| pair[0] == "no" && !matches!(pair[1], "missing" | "unfit"))
            .map(|pair| pair[1]);
        let flaws = words.iter().filter_map(|word| word.strip_prefix("flaw="));
        let strange: Vec<&str> =
            said.chain(flaws).filter(|word| word.starts_with(char::is_alphabetic) && !known(word)).collect();
        assert!(strange.is_empty(), "{strange:?}");
        for (word, _, what) in NOES {
            assert!(what.contains(';') && script.contains(word), "{word}: {what}");
        }
    }
}
