//! Reading: accounts, groups, and what lets somebody in besides.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use tenure_connect::plan::{self, Resolved};
use tenure_connect::{
    Artifact, Batch, Change, Checked, Completeness, Desired, Expectation, Locator, ObjectClass, Page, PageToken, Query,
    Refusal, RefusalClass, Seen, SeenArtifact, SeenEntitlement, Verdict,
};
use tenure_model::{Attributes, EntitlementKind, NativeId, Observed, Value};

use super::SshConnector;
use super::gecos::Field;
use super::keys;
use super::session::{Fault, Line, Session, Slot};
use super::snapshot::{Account, Group, Snapshot};

/// What is held by whoever is named by a line of sudoers; no group can be called so.
pub(super) const SUDOERS: &str = "line of sudoers";

impl SshConnector {
    /// A line to the host on which nothing is under way, and what is there now. A line that lay
    /// idle may be dead without anybody knowing, so it is replaced once.
    pub(super) async fn look_over(&self, slot: &mut Slot) -> Result<(Session, Snapshot), Refusal> {
        if let Some(mut session) = slot.take() {
            match session.ask("look", &[]).await {
                Ok(lines) => return Ok((session, Snapshot::read(&lines, &self.config))),
                Err(Fault::No { word, said }) => return Err(self.refused("look", &word, &said)),
                Err(Fault::Lost(_)) => {}
            }
        }
        let mut session = self.open().await?;
        let lines = self.read_over(&mut session, "look", &[]).await?;
        Ok((session, Snapshot::read(&lines, &self.config)))
    }

    /// A new line to a host that has what it takes.
    async fn open(&self) -> Result<Session, Refusal> {
        let mut session = Session::open(&self.config).await?;
        let host = &self.config.host;
        let mut missing = Vec::new();
        for line in self.read_over(&mut session, "ready", &[]).await? {
            let text = String::from_utf8_lossy(&line).into_owned();
            match text.split_once(' ') {
                Some(("missing", tool)) => missing.push(tool.to_owned()),
                Some(("uid", "0")) => {}
                _ => {
                    let way = "sign in as root, or set `sudo: true`";
                    let what =
                        format!("we are not root on `{host}`, and nobody else may read all of its accounts; {way}");
                    return Err(Refusal::new(RefusalClass::Permission, what));
                }
            }
        }
        if missing.is_empty() {
            return Ok(session);
        }
        missing.dedup();
        let missing = missing.join("`, `");
        let way = "install shadow's tools and util-linux; hosts that keep accounts with other tools, such as those of BusyBox, are not managed";
        Err(Refusal::new(RefusalClass::Unsupported, format!("`{host}` lacks `{missing}`; {way}")))
    }

    async fn read_over(&self, session: &mut Session, verb: &str, arguments: &[&[u8]]) -> Result<Vec<Line>, Refusal> {
        session.ask(verb, arguments).await.map_err(|fault| match fault {
            Fault::No { word, said } => self.refused(verb, &word, &said),
            Fault::Lost(refusal) => refusal,
        })
    }

    /// What is there now.
    async fn snapshot(&self) -> Result<Snapshot, Refusal> {
        let mut slot = self.looker.lock().await;
        let (session, snapshot) = self.look_over(&mut slot).await?;
        slot.keep(session, &self.looker);
        Ok(snapshot)
    }

    /// Whether we get in, become root, and find what we work with.
    pub(super) async fn check_host(&self) -> Result<Checked, Refusal> {
        let mut slot = self.looker.lock().await;
        drop(slot.take());
        let mut session = self.open().await?;
        let facts = self.read_over(&mut session, "facts", &[]).await?;
        let lines = self.read_over(&mut session, "look", &[]).await?;
        slot.keep(session, &self.looker);
        let snapshot = Snapshot::read(&lines, &self.config);
        let facts: Vec<_> = facts.iter().map(|fact| String::from_utf8_lossy(fact)).collect();
        let system = facts.iter().find_map(|fact| fact.strip_prefix("os ")).unwrap_or("a host").trim_matches('"');
        let mut besides = Vec::new();
        for fact in facts.iter().filter_map(|fact| fact.strip_prefix("sshd ")) {
            let words: Vec<&str> = fact.split_whitespace().collect();
            match words.as_slice() {
                ["authorizedkeysfile", files @ ..] => self.demand_key_files(files)?,
                [] | [_] | [_, "none"] => {}
                [setting, ..] => besides.push(*setting),
            }
        }
        let people = snapshot.accounts.iter().filter(|account| snapshot.is_person(account, &self.config)).count();
        let (host, uids) = (&self.config.host, snapshot.uids);
        let (first, last) = (uids.first, uids.last);
        let mut peer = format!("{system} at {host}; {people} people have a uid from {first} to {last}");
        if !besides.is_empty() {
            let others = besides.join("` and `");
            peer.extend(["; its SSH server also lets keys in by `", others.as_str(), "`, which we do not end"]);
        }
        Ok(Checked { peer: peer.chars().filter(|sign| !sign.is_control()).collect() })
    }

    /// Demands that we look for keys wherever the server does.
    fn demand_key_files(&self, files: &[&str]) -> Result<(), Refusal> {
        let known = |file: &str| file == "none" || self.config.authorized_keys.iter().any(|known| known == file);
        let Some(other) = files.iter().find(|file| !known(file)) else { return Ok(()) };
        let host = &self.config.host;
        let what = format!("the SSH server of `{host}` takes keys from `{other}` too; add it to `authorizedKeys`");
        Err(Refusal::new(RefusalClass::Invalid, what))
    }

    /// The one account that answers to the locator. One that nobody may touch is refused.
    pub(super) fn find<'a>(&self, snapshot: &'a Snapshot, locator: &Locator) -> Result<Option<&'a Account>, Refusal> {
        let fits = |account: &&Account| match locator {
            Locator::Native(id) => Ok::<_, Refusal>(account.uid.to_string() == id.as_str()),
            Locator::Attribute { name, value } => {
                let now = attribute(account, name).ok_or_else(|| unmanaged(name))?;
                Ok(now.is_some_and(|now| now.to_string() == *value))
            }
        };
        let mut found = Vec::new();
        for account in &snapshot.accounts {
            if fits(&account)? {
                found.push(account);
            }
        }
        let host = &self.config.host;
        if let [first, _, ..] = found.as_slice() {
            let what = format!(
                "more than one account of `{host}` answers to `{locator}`, `{}` among them; let each have its own",
                first.login
            );
            return Err(Refusal::new(RefusalClass::Invalid, what));
        }
        match found.pop() {
            Some(account) if !snapshot.is_person(account, &self.config) => {
                let what = format!(
                    "`{}` on `{host}` is an account of the system, our own, or protected by the settings; it is never touched",
                    account.login
                );
                Err(Refusal::new(RefusalClass::Permission, what))
            }
            found => Ok(found),
        }
    }

    pub(super) fn observed(&self, snapshot: &Snapshot, account: &Account) -> Observed {
        let mut holds: BTreeSet<NativeId> =
            snapshot.groups_of(account).map(|group| NativeId::new(group.name.as_str())).collect();
        if snapshot.is_in_sudoers(account) {
            holds.insert(NativeId::new(SUDOERS));
        }
        let names = ["login", "uid", "home", "shell"].into_iter().chain(Field::ALL.map(Field::attribute));
        let attributes: Attributes =
            names.filter_map(|name| Some((name.to_owned(), attribute(account, name)??))).collect();
        Observed {
            native_id: Some(NativeId::new(account.uid.to_string())),
            name: account.login.clone(),
            state: snapshot.state(account),
            holds,
            attributes,
            at: self.clock.now(),
        }
    }

    /// The account as it is now.
    pub(super) async fn observe(&self, locator: &Locator) -> Result<Option<Observed>, Refusal> {
        let snapshot = self.snapshot().await?;
        Ok(self.find(&snapshot, locator)?.map(|account| self.observed(&snapshot, account)))
    }

    pub(super) async fn look_afresh(&self, expectation: &Expectation) -> Verdict {
        match self.observe(&expectation.account).await {
            Ok(Some(seen)) => Verdict::over(expectation, seen),
            Ok(None) => Verdict::over(expectation, expectation.account.nothing_there(self.clock.now())),
            Err(refusal) => Verdict::Undecided { refusal },
        }
    }

    pub(super) async fn plan_changes(&self, desired: &Desired) -> Result<Vec<Change>, Refusal> {
        let desired = desired.with_attributes(super::write::normal)?;
        let snapshot = self.snapshot().await?;
        let now = self.find(&snapshot, desired.account())?.map(|account| self.observed(&snapshot, account));
        let mut resolved = Resolved::new();
        for locator in desired.entitlements() {
            if let Some(found) = self.entitlement(&snapshot, locator)? {
                resolved.insert(locator.clone(), found);
            }
        }
        plan::changes(&desired, now.as_ref(), &resolved)
    }

    fn seen_group(&self, snapshot: &Snapshot, group: &Group) -> SeenEntitlement {
        let kind =
            if snapshot.is_privileged(group, &self.config) { EntitlementKind::Role } else { EntitlementKind::Group };
        SeenEntitlement { native_id: NativeId::new(group.name.as_str()), kind, name: group.name.clone() }
    }

    /// What can be held, in the order in which it is read.
    fn held(&self, snapshot: &Snapshot) -> BTreeMap<String, Vec<SeenEntitlement>> {
        let mut held: BTreeMap<String, Vec<SeenEntitlement>> = BTreeMap::new();
        for group in snapshot.open_groups() {
            held.entry(group.name.clone()).or_default().push(self.seen_group(snapshot, group));
        }
        let native_id = NativeId::new(SUDOERS);
        let sudoers = SeenEntitlement { native_id, kind: EntitlementKind::Role, name: SUDOERS.to_owned() };
        held.insert(SUDOERS.to_owned(), vec![sudoers]);
        held
    }

    fn entitlement(&self, snapshot: &Snapshot, locator: &Locator) -> Result<Option<SeenEntitlement>, Refusal> {
        let fits = |seen: &SeenEntitlement| match locator {
            Locator::Native(id) => seen.native_id == *id,
            Locator::Attribute { value, .. } => seen.name == *value,
        };
        match locator {
            Locator::Attribute { name, .. } if name != "name" => Err(unmanaged(name)),
            _ => Ok(self.held(snapshot).into_values().flatten().find(fits)),
        }
    }

    /// A page of accounts or of groups, in one order.
    pub(super) async fn read_page(&self, query: &Query, page: &Page) -> Result<Batch, Refusal> {
        let after = after(page)?;
        let snapshot = self.snapshot().await?;
        if let Some(locator) = &query.only {
            let found = match query.class {
                ObjectClass::Account => {
                    self.find(&snapshot, locator)?.map(|account| Seen::Account(self.observed(&snapshot, account)))
                }
                ObjectClass::Entitlement => self.entitlement(&snapshot, locator)?.map(Seen::Entitlement),
            };
            let objects = found.into_iter().collect();
            return Ok(Batch { objects, next: None, completeness: Completeness::Whole, expected: None });
        }
        let mut all: BTreeMap<String, Vec<Seen>> = BTreeMap::new();
        match query.class {
            ObjectClass::Account => {
                for account in snapshot.accounts.iter().filter(|one| snapshot.is_person(one, &self.config)) {
                    let seen = Seen::Account(self.observed(&snapshot, account));
                    all.entry(format!("{:010}", account.uid)).or_default().push(seen);
                }
            }
            ObjectClass::Entitlement => {
                let held = self.held(&snapshot).into_iter();
                all = held.map(|(key, seen)| (key, seen.into_iter().map(Seen::Entitlement).collect())).collect();
            }
        }
        Ok(paged(all, after, page.size(), &snapshot.strange))
    }

    /// Everything of one kind that is on the account.
    pub(super) async fn list(&self, locator: &Locator, kind: Artifact) -> Result<Vec<SeenArtifact>, Refusal> {
        let mut slot = self.looker.lock().await;
        let (mut session, snapshot) = self.look_over(&mut slot).await?;
        let listed = match self.find(&snapshot, locator) {
            Err(refusal) => Err(refusal),
            Ok(None) => Ok(Vec::new()),
            Ok(Some(account)) if kind == Artifact::Key => {
                self.key_lines(&mut session, account).await.map(|places| keys::seen(&all_lines(places)))
            }
            Ok(Some(account)) => {
                let uid = account.uid.to_string();
                self.read_over(&mut session, "sessions", &[uid.as_bytes()]).await.map(|lines| sessions(&lines))
            }
        };
        slot.keep(session, &self.looker);
        listed
    }

    /// The lines that let somebody in, by the files that they are in: those of the home folder,
    /// and those that root keeps elsewhere.
    pub(super) async fn key_lines(
        &self,
        session: &mut Session,
        account: &Account,
    ) -> Result<Vec<(KeyFiles, Vec<Line>)>, Refusal> {
        let mut found = Vec::new();
        for files in KeyFiles::of(&self.config.authorized_keys, account) {
            let mut arguments = files.owner();
            arguments.extend(files.paths.iter().map(|path| path.clone().into_bytes()));
            let arguments: Vec<&[u8]> = arguments.iter().map(Vec::as_slice).collect();
            let lines = self.read_over(session, "keys", &arguments).await?;
            found.push((files, keys::lines(&lines)));
        }
        Ok(found)
    }
}

fn all_lines(places: Vec<(KeyFiles, Vec<Line>)>) -> Vec<Line> {
    places.into_iter().flat_map(|(_, lines)| lines).collect()
}

/// Files of keys, and with whose rights they are read and written.
pub(super) struct KeyFiles {
    uid: u32,
    gid: u32,
    pub(super) paths: Vec<String>,
}

impl KeyFiles {
    fn of(patterns: &[String], account: &Account) -> Vec<Self> {
        let own = |pattern: &&String| !pattern.starts_with('/');
        let (own, others): (Vec<&String>, Vec<&String>) = patterns.iter().partition(own);
        let home = account.home.trim_end_matches('/');
        let paths = |patterns: Vec<&String>| -> Vec<String> {
            let path = |pattern: &String| match expanded(pattern, account) {
                path if path.starts_with('/') => path,
                path => format!("{home}/{path}"),
            };
            patterns.into_iter().map(path).collect()
        };
        let own = Self { uid: account.uid, gid: account.gid, paths: paths(own) };
        // A folder that the settings name by itself is root's, and only root writes there.
        let others = Self { uid: 0, gid: 0, paths: paths(others) };
        [own, others].into_iter().filter(|files| !files.paths.is_empty()).collect()
    }

    /// Whose rights they are, as arguments.
    pub(super) fn owner(&self) -> Vec<Vec<u8>> {
        vec![self.uid.to_string().into_bytes(), self.gid.to_string().into_bytes()]
    }
}

fn expanded(pattern: &str, account: &Account) -> String {
    let mut path = String::new();
    let mut signs = pattern.chars();
    while let Some(sign) = signs.next() {
        match (sign, if sign == '%' { signs.next() } else { None }) {
            ('%', Some('h')) => path += account.home.trim_end_matches('/'),
            ('%', Some('u')) => path += &account.login,
            ('%', Some('U')) => path += &account.uid.to_string(),
            _ => path.push(sign),
        }
    }
    path
}

/// The sessions that processes belong to.
fn sessions(lines: &[Line]) -> Vec<SeenArtifact> {
    let mut all: BTreeMap<String, (i64, Vec<String>)> = BTreeMap::new();
    for line in lines {
        let text = String::from_utf8_lossy(line);
        let mut words = text.trim_start_matches("t ").splitn(4, ' ');
        let (Some(_), Some(session), begun, name) = (words.next(), words.next(), words.next(), words.next()) else {
            continue;
        };
        let begun = begun.and_then(|begun| begun.parse().ok()).unwrap_or(i64::MAX);
        let (earliest, names) = all.entry(session.to_owned()).or_insert((i64::MAX, Vec::new()));
        *earliest = begun.min(*earliest);
        names.push(name.unwrap_or("?").to_owned());
    }
    let seen = |(session, (begun, names)): (String, (i64, Vec<String>))| SeenArtifact {
        kind: Artifact::Session,
        native_id: NativeId::new(session),
        name: names.join(", "),
        made_at: Timestamp::from_second(begun).ok(),
        used_at: None,
        ends_at: None,
    };
    all.into_iter().map(seen).collect()
}

/// The value of an attribute, if there is one; nothing if there is no such attribute.
#[expect(clippy::option_option, reason = "no such attribute and no value are two answers")]
pub(super) fn attribute(account: &Account, name: &str) -> Option<Option<Value>> {
    let text = |text: &String| (!text.is_empty()).then(|| Value::from(text.as_str()));
    Some(match name {
        "login" => text(&account.login),
        "uid" => Some(Value::Number(account.uid.into())),
        "home" => text(&account.home),
        "shell" => text(&account.shell),
        name => account.gecos.get(Field::of(name)?).map(Value::from),
    })
}

pub(super) fn unmanaged(name: &str) -> Refusal {
    let what = format!("`{name}` is no attribute of an account on a host; its page in the catalogue names them");
    Refusal::new(RefusalClass::Invalid, what)
}

fn after(page: &Page) -> Result<Option<&str>, Refusal> {
    let Some(token) = page.after() else { return Ok(None) };
    token.as_str().strip_prefix("after-").map(Some).ok_or_else(|| {
        Refusal::new(RefusalClass::Invalid, "this page does not follow one that we gave; begin the reading again")
    })
}

/// A page of what is known by a key. Two things under one key are left out, and so is the claim
/// that this was everything.
fn paged(all: BTreeMap<String, Vec<Seen>>, after: Option<&str>, size: u32, strange: &[String]) -> Batch {
    let double = all.iter().find(|(_, seen)| seen.len() > 1).map(|(key, _)| key.clone());
    let total = all.len();
    let follows = |(key, _): &(String, Vec<Seen>)| after.is_none_or(|after| key.as_str() > after);
    let mut rest = all.into_iter().filter(follows).peekable();
    let mut objects = Vec::new();
    let mut last = None;
    while objects.len() < size as usize
        && let Some((key, mut seen)) = rest.next()
    {
        last = Some(key);
        if seen.len() == 1 {
            objects.append(&mut seen);
        }
    }
    let next = rest.peek().and(last).map(|key| PageToken::new(format!("after-{key}")));
    let expected = (after.is_none() && double.is_none()).then_some(u64::try_from(total).unwrap_or(u64::MAX));
    let completeness = match (&next, double, strange.first()) {
        (Some(_), _, _) => Completeness::Open,
        (None, Some(key), _) => {
            let key = key.trim_start_matches('0');
            Completeness::Partial { why: format!("`{key}` stands for more than one; let each have its own") }
        }
        (None, None, Some(line)) => {
            Completeness::Partial { why: format!("the line that begins with `{line}` makes no sense; correct it") }
        }
        (None, None, None) => Completeness::Whole,
    };
    Batch { objects, next, completeness, expected }
}
