//! A host's accounts and groups, as they were at one moment.

use std::collections::{BTreeMap, BTreeSet};

use tenure_model::AccountState;

use super::config::{SshConfig, Uids};
use super::gecos::Gecos;
use super::session::Line;

/// What Debian and Red Hat take for the uids of people where nothing says otherwise.
const USUAL: Uids = Uids { first: 1_000, last: 60_000 };

/// A host's accounts and groups.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// The uids of people.
    pub(super) uids: Uids,
    /// Every account, also those of the system.
    pub(super) accounts: Vec<Account>,
    /// Every group.
    pub(super) groups: Vec<Group>,
    /// Uids that once were somebody's.
    pub(super) retired: BTreeSet<u32>,
    /// Lines that make no sense, by their first words.
    pub(super) strange: Vec<String>,
    sudoers: BTreeSet<String>,
    shadows: BTreeMap<String, Shadow>,
    today: i64,
}

/// An account as `/etc/passwd` has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) login: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) gecos: Gecos,
    pub(super) home: String,
    pub(super) shell: String,
    /// The line itself, by which a write knows that nothing changed.
    pub(super) line: Line,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) gid: u32,
    pub(super) members: BTreeSet<String>,
}

/// What `/etc/shadow` says, without anything of the password.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shadow {
    lock: String,
    expires: String,
}

impl Snapshot {
    /// What the host answered.
    pub(super) fn read(lines: &[Line], config: &SshConfig) -> Self {
        let mut snapshot = Self {
            uids: USUAL,
            accounts: Vec::new(),
            groups: Vec::new(),
            retired: BTreeSet::new(),
            strange: Vec::new(),
            sudoers: BTreeSet::new(),
            shadows: BTreeMap::new(),
            today: 0,
        };
        for line in lines {
            let text = String::from_utf8_lossy(line);
            let (kind, rest) = text.split_once(' ').unwrap_or((&text, ""));
            if snapshot.take(kind, rest, line).is_none() {
                snapshot.strange.push(rest.chars().take(16).filter(|sign| !sign.is_control()).collect());
            }
        }
        if let Some(uids) = config.uids {
            snapshot.uids = uids;
        }
        snapshot
    }

    fn take(&mut self, kind: &str, rest: &str, line: &[u8]) -> Option<()> {
        match kind {
            "day" => self.today = rest.parse().ok()?,
            "UID_MIN" => self.uids.first = rest.parse().ok()?,
            "UID_MAX" => self.uids.last = rest.parse().ok()?,
            // Lines that begin so call accounts in from elsewhere, and none of them is ours.
            "p" | "s" | "g" if rest.starts_with(['+', '-']) => {}
            "p" => self.accounts.push(Account::read(rest, line.get(2..)?)?),
            "s" => {
                let mut parts = rest.split(':').map(str::to_owned);
                let (login, lock, expires) = (parts.next()?, parts.next()?, parts.next()?);
                self.shadows.insert(login, Shadow { lock, expires });
            }
            "g" => self.groups.push(Group::read(rest)?),
            "r" => {
                let words = rest.split(|sign: char| sign == ',' || sign.is_whitespace());
                self.sudoers.extend(words.filter(|word| !word.is_empty()).map(str::to_owned));
            }
            "x" => {
                self.retired.insert(rest.parse().ok()?);
            }
            _ => return None,
        }
        Some(())
    }

    /// Whether an account is a person's, and not the system's, our own, or one of the protected.
    pub(super) fn is_person(&self, account: &Account, config: &SshConfig) -> bool {
        (self.uids.first..=self.uids.last).contains(&account.uid) && !config.protects(&account.login)
    }

    /// The state that an account is in.
    pub(super) fn state(&self, account: &Account) -> AccountState {
        match self.shadows.get(&account.login).map(|shadow| shadow.expires.as_str()) {
            None | Some("") => AccountState::Active,
            // Some programs take 0 for never and some for the first day of all.
            Some("0") => AccountState::Unknown,
            Some(day) => match day.parse::<i64>() {
                Ok(day) if day < 0 => AccountState::Active,
                Ok(day) if self.today > day => AccountState::Disabled,
                Ok(_) => AccountState::Active,
                Err(_) => AccountState::Unknown,
            },
        }
    }

    /// The groups that an account is in, other than the one that is its alone.
    pub(super) fn groups_of(&self, account: &Account) -> impl Iterator<Item = &Group> {
        self.groups.iter().filter(|group| {
            let primary = group.gid == account.gid && !is_own(group, account);
            primary || group.members.contains(&account.login)
        })
    }

    /// Whether others are in the primary group of an account.
    pub(super) fn shares_group(&self, account: &Account) -> bool {
        let gid = account.gid;
        let member = |group: &Group| group.gid == gid && group.members.iter().any(|member| *member != account.login);
        let mut others = self.accounts.iter().filter(|other| other.login != account.login);
        others.any(|other| other.gid == gid) || self.groups.iter().any(member)
    }

    /// Whether a line of sudoers names the account itself.
    pub(super) fn is_in_sudoers(&self, account: &Account) -> bool {
        self.sudoers.contains(&account.login) || self.sudoers.contains(&format!("#{}", account.uid))
    }

    /// Whether members of the group can do what root can.
    pub(super) fn is_privileged(&self, group: &Group, config: &SshConfig) -> bool {
        group.gid == 0
            || config.privileged.contains(&group.name)
            || self.sudoers.contains(&format!("%{}", group.name))
            || self.sudoers.contains(&format!("%#{}", group.gid))
    }

    /// Groups that somebody could be put into: not those that belong to one account alone.
    pub(super) fn open_groups(&self) -> impl Iterator<Item = &Group> {
        let mine: BTreeSet<(&str, u32)> =
            self.accounts.iter().map(|account| (account.login.as_str(), account.gid)).collect();
        self.groups.iter().filter(move |group| !mine.contains(&(group.name.as_str(), group.gid)))
    }

    /// A uid that nobody has and nobody had, above everybody where there is room.
    pub(super) fn free_uid(&self) -> Option<u32> {
        let Uids { first, last } = self.uids;
        let mut taken = self.retired.clone();
        taken.extend(self.accounts.iter().map(|account| account.uid));
        let top = taken.range(first..=last).next_back().map_or(first, |uid| uid.saturating_add(1));
        if top <= last { Some(top) } else { (first..=last).find(|uid| !taken.contains(uid)) }
    }

    /// Everything about one account that a write could have changed.
    pub(super) fn mark(&self, login: &str) -> String {
        let account = self.accounts.iter().find(|account| account.login == login);
        let groups: Vec<_> = self.groups.iter().filter(|group| group.members.contains(login)).map(|g| g.gid).collect();
        format!("{account:?} {groups:?} {:?}", self.shadows.get(login))
    }

    /// Whether the password of an account is kept from being used.
    pub(super) fn is_locked(&self, account: &Account) -> bool {
        self.shadows.get(&account.login).is_some_and(|shadow| matches!(shadow.lock.as_str(), "locked" | "bare"))
    }
}

fn is_own(group: &Group, account: &Account) -> bool {
    group.name == account.login
}

impl Account {
    fn read(text: &str, line: &[u8]) -> Option<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let [login, uid, gid, gecos, home, shell] = parts.as_slice() else { return None };
        Some(Self {
            login: (*login).to_owned(),
            uid: uid.parse().ok()?,
            gid: gid.parse().ok()?,
            gecos: Gecos::read(gecos),
            home: (*home).to_owned(),
            shell: (*shell).to_owned(),
            line: line.to_vec(),
        })
    }
}

impl Group {
    fn read(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let [name, gid, members] = parts.as_slice() else { return None };
        let members = members.split(',').filter(|member| !member.is_empty()).map(str::to_owned).collect();
        Some(Self { name: (*name).to_owned(), gid: gid.parse().ok()?, members })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> SshConfig {
        serde_json::from_value(serde_json::json!({
            "host": "h", "user": "tenure", "identity": "file:/k", "knownHosts": "/k", "protected": ["glass"],
        }))
        .unwrap()
    }

    fn snapshot() -> Snapshot {
        let text = "day 20000\nUID_MIN 1000\nUID_MAX 1005\n\
                    p root:0:0:root:/root:/bin/sh\np ada:1001:1001:Ada,,,,E1:/home/ada:/bin/sh\n\
                    p bob:1003:27:Bob:/home/bob:/bin/sh\np tenure:1000:1000::/home/tenure:/bin/sh\n\
                    p glass:1004:1004::/:/bin/sh\np broken:x:1:::\np +::::::\n\
                    s root:set:\ns ada:set:\ns bob:locked:1\n\
                    g sudo:27:\ng ada:1001:\ng wheel:10:ada\ng staff:50:bob\n\
                    r %staff ALL\nr bob, carl ALL\nx 1002";
        let lines: Vec<Line> = text.lines().map(|line| line.trim().as_bytes().to_vec()).collect();
        Snapshot::read(&lines, &config())
    }

    fn account<'a>(snapshot: &'a Snapshot, login: &str) -> &'a Account {
        snapshot.accounts.iter().find(|account| account.login == login).unwrap()
    }

    #[test]
    fn only_people_are_people() {
        let (snapshot, config) = (snapshot(), config());
        let people = snapshot.accounts.iter().filter(|account| snapshot.is_person(account, &config));
        assert_eq!(people.map(|account| account.login.as_str()).collect::<Vec<_>>(), ["ada", "bob"]);
        assert_eq!(snapshot.strange, ["broken:x:1:::"]);
    }

    #[test]
    fn who_expired_is_disabled_and_a_locked_password_alone_is_not() {
        let mut snapshot = snapshot();
        let (ada, bob) = (account(&snapshot, "ada").clone(), account(&snapshot, "bob").clone());
        assert_eq!(snapshot.state(&ada), AccountState::Active);
        assert_eq!(snapshot.state(&bob), AccountState::Disabled);
        for (expires, state) in [
            ("", AccountState::Active),
            ("19999", AccountState::Disabled),
            // The day itself is still theirs.
            ("20000", AccountState::Active),
            ("-1", AccountState::Active),
            ("0", AccountState::Unknown),
            ("soon", AccountState::Unknown),
        ] {
            let shadow = Shadow { lock: "locked".to_owned(), expires: expires.to_owned() };
            snapshot.shadows.insert("ada".to_owned(), shadow);
            assert_eq!(snapshot.state(&ada), state, "{expires}");
        }
    }

    #[test]
    fn what_an_account_holds_is_what_others_hold_too() {
        let snapshot = snapshot();
        let held = |login: &str| -> Vec<&str> {
            snapshot.groups_of(account(&snapshot, login)).map(|group| group.name.as_str()).collect()
        };
        assert_eq!((held("ada"), held("bob")), (vec!["wheel"], vec!["sudo", "staff"]));
        let open: Vec<_> = snapshot.open_groups().map(|group| group.name.as_str()).collect();
        assert_eq!(open, ["sudo", "wheel", "staff"]);
        assert!(snapshot.open_groups().all(|group| snapshot.is_privileged(group, &config())));
        assert!(
            snapshot.is_in_sudoers(account(&snapshot, "bob")) && !snapshot.is_in_sudoers(account(&snapshot, "ada"))
        );
    }

    #[test]
    fn a_group_is_shared_once_another_is_in_it() {
        let mut snapshot = snapshot();
        let (ada, bob) = (account(&snapshot, "ada").clone(), account(&snapshot, "bob").clone());
        assert!(!snapshot.shares_group(&ada) && !snapshot.shares_group(&bob));
        for group in &mut snapshot.groups {
            group.members.insert("bob".to_owned());
        }
        assert!(snapshot.shares_group(&ada) && !snapshot.shares_group(&bob));
        snapshot.accounts.push(Account { login: "carl".to_owned(), ..bob.clone() });
        assert!(snapshot.shares_group(&bob));
    }

    #[test]
    fn a_uid_is_never_given_twice() {
        let mut snapshot = snapshot();
        assert_eq!(snapshot.free_uid(), Some(1005));
        snapshot.retired.extend([1005]);
        assert_eq!(snapshot.free_uid(), None);
        snapshot.retired.remove(&1002);
        assert_eq!(snapshot.free_uid(), Some(1002));
    }
}
