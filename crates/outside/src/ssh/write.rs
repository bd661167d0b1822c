//! Writing: one change, made under the host's own lock and only to an account that still is as it
//! was looked at, and read back over another line.

use tenure_connect::plan::{no_entitlement, not_there, other_identity};
use tenure_connect::{
    AnyConnector, Artifact, Change, Doubt, DoubtKind, Expectation, Locator, Outcome, Refusal, RefusalClass, Write,
    WriteFault,
};
use tenure_model::{AccountState, Attributes, NativeId, Value};

use super::SshConnector;
use super::gecos::{Field, Gecos};
use super::read::{SUDOERS, attribute, unmanaged};
use super::session::{Fault, Session};
use super::snapshot::{Account, Group, Snapshot};
use crate::limits::{SSH_COMMENT_BYTES_MAX, SSH_LOGIN_LENGTH_MAX, SSH_PATH_LENGTH_MAX, SSH_TRIES_MAX};

/// What a host is asked to do.
pub(super) struct Request {
    pub(super) verb: &'static str,
    arguments: Vec<Vec<u8>>,
}

impl Request {
    pub(super) fn of(verb: &'static str, arguments: &[&str]) -> Self {
        Self { verb, arguments: arguments.iter().map(|argument| argument.as_bytes().to_vec()).collect() }
    }

    /// To an account as it was looked at.
    pub(super) fn to(verb: &'static str, account: &Account, arguments: &[&str]) -> Self {
        let mut request = Self::of(verb, &[&account.login]);
        request.arguments.push(account.line.clone());
        request.arguments.extend(arguments.iter().map(|argument| argument.as_bytes().to_vec()));
        request
    }

    /// With one more.
    pub(super) fn add(&mut self, argument: Vec<u8>) {
        self.arguments.push(argument);
    }

    /// What is handed over, line by line.
    pub(super) fn lines(&self) -> Vec<&[u8]> {
        self.arguments.iter().map(Vec::as_slice).collect()
    }
}

impl SshConnector {
    /// Makes one change and reads it back.
    pub(super) async fn write(&self, change: &Change) -> Outcome {
        match self.send(change).await {
            Ok(()) => {
                let verdict = AnyConnector::verify(self, &Expectation::after(change)).await;
                verdict.end_of(change, &self.config.host)
            }
            Err(fault) => fault.into(),
        }
    }

    async fn send(&self, change: &Change) -> Result<(), WriteFault> {
        let mut slot = self.writer.lock().await;
        for _ in 0..SSH_TRIES_MAX {
            let (mut session, snapshot) = self.look_over(&mut slot).await?;
            let requests = match self.requests(&mut session, &snapshot, change).await {
                Ok(requests) => requests,
                Err(refusal) => {
                    slot.keep(session, &self.writer);
                    return Err(refusal.into());
                }
            };
            let sent = self.send_all(&mut session, &snapshot, change, &requests).await;
            if !matches!(sent, Err(Sent::Fault(WriteFault::Doubt(_)))) {
                slot.keep(session, &self.writer);
            }
            match sent {
                Ok(()) => return Ok(()),
                Err(Sent::Fault(fault)) => return Err(fault),
                Err(Sent::Stale) => {}
            }
        }
        Err(self.too_fast().into())
    }

    pub(super) fn too_fast(&self) -> Refusal {
        let host = &self.config.host;
        let what = format!("accounts of `{host}` change faster than we can write to them; it is tried again later");
        Refusal::new(RefusalClass::Rate, what)
    }

    async fn send_all(
        &self,
        session: &mut Session,
        before: &Snapshot,
        change: &Change,
        requests: &[Request],
    ) -> Result<(), Sent> {
        for (place, request) in requests.iter().enumerate() {
            match session.ask(request.verb, &request.lines()).await {
                Ok(_) => {}
                Err(Fault::Lost(refusal)) => {
                    let what = format!("{refusal}; nobody knows whether `{}` is so", change.summary);
                    return Err(Sent::Fault(WriteFault::Doubt(Doubt::new(DoubtKind::LostResponse, what))));
                }
                Err(Fault::No { word, .. }) if word == "stale" && place == 0 => return Err(Sent::Stale),
                Err(Fault::No { word, said }) => {
                    let refusal = self.refused(request.verb, &word, &said);
                    let whole = place == 0 && self.is_untouched(session, before, request, &word).await;
                    let doubt = |refusal| Doubt::new(DoubtKind::NotSeen, format!("{refusal}; it may be done in part"));
                    return Err(Sent::Fault(if whole { refusal.into() } else { WriteFault::Doubt(doubt(refusal)) }));
                }
            }
        }
        Ok(())
    }

    /// Whether nothing changed although a tool was started.
    async fn is_untouched(&self, session: &mut Session, before: &Snapshot, request: &Request, word: &str) -> bool {
        if !word.starts_with("failed") && !matches!(word, "alive" | "unkept") {
            return true;
        }
        // What these change is not in the lists of accounts and groups.
        if matches!(request.verb, "password" | "unkey" | "quiet") {
            return false;
        }
        let login = request.arguments.first().map(|login| String::from_utf8_lossy(login)).unwrap_or_default();
        match session.ask("look", &[]).await {
            Ok(lines) => Snapshot::read(&lines, &self.config).mark(&login) == before.mark(&login),
            Err(_) => false,
        }
    }

    /// What a no of the host means.
    pub(super) fn refused(&self, verb: &str, word: &str, said: &str) -> Refusal {
        let host = &self.config.host;
        let new = |class, what: String| Refusal::new(class, what);
        let refusal = match word {
            "busy" => {
                new(RefusalClass::Rate, format!("somebody else is writing to accounts of `{host}`; it is tried again"))
            }
            "exists" => {
                new(RefusalClass::Exists, format!("`{host}` knows an account of this login already; choose another"))
            }
            "uid" => {
                let way = "leave `uid` to the host, or widen its range";
                new(RefusalClass::Exists, format!("the uid is or was somebody else's on `{host}`; {way}"))
            }
            "home" => {
                let way = "move it away first, so that nobody gets what was somebody else's";
                new(RefusalClass::Exists, format!("the home folder is there already on `{host}`; {way}"))
            }
            "shell" => {
                new(RefusalClass::Invalid, format!("there is no such `shell` on `{host}`; name one that is there"))
            }
            "line" => {
                new(RefusalClass::Invalid, "a value holds the end of a line, which no account can have".to_owned())
            }
            "unread" => {
                new(RefusalClass::Unsupported, format!("`{host}` keeps no `/etc/shadow`; only such hosts are managed"))
            }
            "alive" => {
                let way = "look for processes that cannot be killed";
                new(RefusalClass::Maintenance, format!("something still runs on `{host}` for this account; {way}"))
            }
            "unkept" => {
                let way = "look at the space and rights of `/var/lib/tenure`";
                new(RefusalClass::Maintenance, format!("`{host}` cannot keep the uid from being given again; {way}"))
            }
            "failed useradd 9" => new(
                RefusalClass::Exists,
                format!("`{host}` knows a group or an account of this login already; choose another"),
            ),
            word => {
                let tool = word.strip_prefix("failed ").unwrap_or(word);
                let what = format!("`{host}` did not `{verb}` the account: `{tool}` ended so; look at its log");
                new(RefusalClass::Invalid, what)
            }
        };
        if said.is_empty() { refusal } else { refusal.because(std::io::Error::other(said.to_owned())) }
    }

    /// What the host is to be asked; nothing where it is so already.
    async fn requests(
        &self,
        session: &mut Session,
        snapshot: &Snapshot,
        change: &Change,
    ) -> Result<Vec<Request>, Refusal> {
        let found = self.find(snapshot, &change.account)?;
        let account = match (&change.write, found) {
            (Write::Create { attributes }, None) => return self.create(snapshot, &change.account, attributes),
            (Write::Delete, None) => return Ok(Vec::new()),
            (_, None) => return Err(not_there(&change.account)),
            (_, Some(account)) => account,
        };
        let active = snapshot.state(account) == AccountState::Active;
        let request = match &change.write {
            Write::Create { attributes } | Write::Set { attributes } => self.set(snapshot, account, attributes)?,
            Write::Enable => (!active).then(|| Request::to("unlock", account, &[])),
            Write::Disable => {
                let disabled = snapshot.state(account) == AccountState::Disabled;
                (!disabled).then(|| Request::to("lock", account, &[]))
            }
            Write::Grant { entitlement, .. } => grant(snapshot, account, entitlement)?,
            Write::Revoke { entitlement, .. } => revoke(snapshot, account, entitlement)?,
            Write::SetPassword { secret, must_change } => {
                let password = self.secrets.resolve(secret).map_err(|cause| {
                    let what = format!("the new password cannot be had from `{secret}`");
                    Refusal::new(RefusalClass::Invalid, what).because(cause)
                })?;
                let word = |yes: bool| if yes { "yes" } else { "no" };
                let locked = snapshot.is_locked(account) && !active;
                Some(Request::to("password", account, &[password.expose(), word(*must_change), word(locked)]))
            }
            Write::End { artifact: Artifact::Session } => Some(Request::of("quiet", &[&account.uid.to_string()])),
            Write::End { artifact: Artifact::Key } => return self.without_keys(session, account).await,
            Write::Delete => Some(Request::to("delete", account, &[&account.uid.to_string(), self.config.home.word()])),
            Write::Amend { .. } | Write::Move { .. } | Write::End { .. } | Write::Restore => {
                return Err(self.description.unsupported(&format!("`{}`", change.write.verb())));
            }
        };
        Ok(request.into_iter().collect())
    }

    /// Takes out, one by one, the lines that are there now.
    async fn without_keys(&self, session: &mut Session, account: &Account) -> Result<Vec<Request>, Refusal> {
        let mut requests = Vec::new();
        for (files, lines) in self.key_lines(session, account).await? {
            if lines.is_empty() {
                continue;
            }
            let mut arguments = files.owner();
            arguments.push(files.paths.len().to_string().into_bytes());
            arguments.extend(files.paths.into_iter().map(String::into_bytes));
            arguments.extend(lines);
            requests.push(Request { verb: "unkey", arguments });
        }
        Ok(requests)
    }

    fn create(&self, snapshot: &Snapshot, locator: &Locator, attributes: &Attributes) -> Result<Vec<Request>, Refusal> {
        let Locator::Attribute { name, value } = locator else { return Err(not_there(locator)) };
        let mut wanted = normal(attributes)?;
        // Without it nobody would find the account again, and the next attempt would make another.
        let identity = wanted.entry(name.clone()).or_insert_with(|| Value::from(value.as_str()));
        if identity.to_string() != *value {
            return Err(other_identity(locator, name));
        }
        let mut wanted = normal(&wanted)?;
        wanted.retain(|_, value| *value != Value::Cleared);
        let text = |name: &str| wanted.get(name).and_then(Value::as_text);
        let login = text("login").ok_or_else(|| invalid("`login` is missing; the mapping must give one"))?;
        let is_login = |other: &str| other == login;
        if snapshot.accounts.iter().any(|account| is_login(&account.login))
            || snapshot.groups.iter().any(|group| is_login(&group.name))
        {
            return Err(self.refused("create", "failed useradd 9", ""));
        }
        let mut gecos = Gecos::default();
        for field in Field::ALL {
            gecos.put(field, text(field.attribute()));
        }
        self.demand_unique(snapshot, None, &gecos)?;
        let comment = comment(&gecos)?;
        let (first, last) = if let Some(Value::Number(uid)) = wanted.get("uid") {
            (uid.to_string(), uid.to_string())
        } else {
            let full = || self.refused("create", "uid", "");
            (snapshot.free_uid().ok_or_else(full)?.to_string(), snapshot.uids.last.to_string())
        };
        let (shell, home) = (text("shell").unwrap_or_default(), text("home").unwrap_or_default());
        self.demand_person(snapshot, login, &first)?;
        Ok(vec![Request::of("create", &[login, &comment, shell, home, &first, &last])])
    }

    /// Demands that a new account is one that we may touch afterwards.
    fn demand_person(&self, snapshot: &Snapshot, login: &str, uid: &str) -> Result<(), Refusal> {
        let uids = snapshot.uids;
        let fits = uid.parse().is_ok_and(|uid| (uids.first..=uids.last).contains(&uid));
        if fits && !self.config.protects(login) {
            return Ok(());
        }
        let (first, last) = (uids.first, uids.last);
        let what = format!(
            "`{login}` with uid {uid} would be no person's account; people have uids from {first} to {last}, and `protected` names none of them"
        );
        Err(Refusal::new(RefusalClass::Permission, what))
    }

    /// Demands that nobody else has the value that says whose an account is.
    fn demand_unique(&self, snapshot: &Snapshot, account: Option<&Account>, gecos: &Gecos) -> Result<(), Refusal> {
        let field = self.config.person_field;
        let Some(value) = gecos.get(field) else { return Ok(()) };
        let mut others = snapshot.accounts.iter().filter(|other| account.is_none_or(|mine| mine.login != other.login));
        match others.find(|other| other.gecos.get(field).as_ref() == Some(&value)) {
            None => Ok(()),
            Some(other) => {
                let what =
                    format!("`{}` has the same `{}`, which says whose an account is", other.login, field.attribute());
                Err(Refusal::new(RefusalClass::Exists, what))
            }
        }
    }

    fn set(&self, snapshot: &Snapshot, account: &Account, attributes: &Attributes) -> Result<Option<Request>, Refusal> {
        let wanted = normal(attributes)?;
        let mut gecos = account.gecos.clone();
        let mut shell = "";
        for (name, value) in &wanted {
            let now = attribute(account, name).ok_or_else(|| unmanaged(name))?;
            if now.as_ref() == Some(value) || (now.is_none() && *value == Value::Cleared) {
                continue;
            }
            match (Field::of(name), name.as_str(), value.as_text()) {
                (Some(field), _, text) => gecos.put(field, text),
                (None, "shell", Some(text)) => shell = text,
                _ => return Err(invalid(&format!("`{name}` is given once, when an account is made, and stays"))),
            }
        }
        if gecos == account.gecos && shell.is_empty() {
            return Ok(None);
        }
        self.demand_unique(snapshot, Some(account), &gecos)?;
        Ok(Some(Request::to("change", account, &[&comment(&gecos)?, shell])))
    }
}

/// How sending ended other than well.
pub(super) enum Sent {
    Stale,
    Fault(WriteFault),
}

impl From<Refusal> for Sent {
    fn from(refusal: Refusal) -> Self {
        Self::Fault(refusal.into())
    }
}

pub(super) fn invalid(what: &str) -> Refusal {
    Refusal::new(RefusalClass::Invalid, what)
}

fn grant(snapshot: &Snapshot, account: &Account, id: &NativeId) -> Result<Option<Request>, Refusal> {
    let group = group(snapshot, id)?;
    let held = snapshot.groups_of(account).any(|held| held == group);
    Ok((!held).then(|| Request::to("join", account, &[&group.name, &group.gid.to_string()])))
}

fn revoke(snapshot: &Snapshot, account: &Account, id: &NativeId) -> Result<Option<Request>, Refusal> {
    let group = group(snapshot, id)?;
    if group.gid == account.gid {
        let what = format!(
            "`{}` is the primary group of `{}`, which nobody can be without; give it another with `usermod -g` on the host",
            group.name, account.login
        );
        return Err(invalid(&what));
    }
    let held = group.members.contains(&account.login);
    Ok(held.then(|| Request::to("leave", account, &[&group.name, &group.gid.to_string()])))
}

fn group<'a>(snapshot: &'a Snapshot, id: &NativeId) -> Result<&'a Group, Refusal> {
    if id.as_str() == SUDOERS {
        let what = "a line of sudoers is written by whoever keeps that file; change it there, or use a group";
        return Err(Refusal::new(RefusalClass::Permission, what));
    }
    let mut found = snapshot.groups.iter().filter(|group| group.name == id.as_str());
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(no_entitlement(&Locator::Native(id.clone()))),
        (Some(_), Some(_)) => {
            Err(invalid(&format!("more than one group is called `{id}`; let each have its own name")))
        }
    }
}

fn comment(gecos: &Gecos) -> Result<String, Refusal> {
    let text = gecos.text();
    if text.len() <= SSH_COMMENT_BYTES_MAX {
        return Ok(text);
    }
    let what =
        format!("the comment of the account would be longer than {SSH_COMMENT_BYTES_MAX} bytes; shorten a value");
    Err(invalid(&what))
}

/// Attributes in the form in which they are read back.
pub(super) fn normal(attributes: &Attributes) -> Result<Attributes, Refusal> {
    let one = |(name, value): (&String, &Value)| Ok((name.clone(), normal_value(name, value)?));
    attributes.iter().map(one).collect()
}

fn normal_value(name: &str, value: &Value) -> Result<Value, Refusal> {
    let text = match value {
        Value::Cleared => return Ok(Value::Cleared),
        Value::List(_) => return Err(invalid(&format!("`{name}` has one value; the mapping gives several"))),
        one @ (Value::Text(_) | Value::Number(_) | Value::Flag(_) | Value::Date(_) | Value::Instant(_)) => {
            one.to_string()
        }
    };
    let fits = match name {
        "uid" => {
            let uid: Option<u32> = text.parse().ok();
            let way = "`uid` is no number of an account; leave it out, and the host gives one";
            return uid.map(|uid| Value::Number(uid.into())).ok_or_else(|| invalid(way));
        }
        "login" => is_login(&text),
        "home" | "shell" => is_path(&text),
        name if Field::of(name).is_some() => !text.is_empty(),
        name => return Err(unmanaged(name)),
    };
    if fits { Ok(Value::Text(text)) } else { Err(invalid(&misfit(name))) }
}

fn misfit(name: &str) -> String {
    match name {
        "login" => format!(
            "`login` must be at most {SSH_LOGIN_LENGTH_MAX} of `a` to `z`, `0` to `9`, `_`, `-` and `.`, and begin with a letter or `_`"
        ),
        "home" | "shell" => format!("`{name}` must be an absolute path without `..`, `:` and control letters"),
        _ => format!("`{name}` is empty; leave it out, or clear it"),
    }
}

fn is_login(text: &str) -> bool {
    let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let rest = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.".contains(&byte);
    first && text.len() <= SSH_LOGIN_LENGTH_MAX && text.bytes().all(rest)
}

fn is_path(text: &str) -> bool {
    let plain = |sign: char| !sign.is_control() && sign != ':';
    text.starts_with('/')
        && text.len() <= SSH_PATH_LENGTH_MAX
        && text.chars().all(plain)
        && !text.split('/').any(|part| part == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths_that_could_mean_something_else_are_none() {
        for good in ["ada", "_apt", "ada.lovelace-2"] {
            assert!(is_login(good), "{good}");
        }
        for bad in ["", "-x", "Ada", "a b", "a:b", "1st", "ådá", "$(id)", "a/b", "a,b", &"a".repeat(33)] {
            assert!(!is_login(bad), "{bad}");
        }
        for bad in ["", "home/ada", "/home/../etc", "/home/a:b", "/home/a\nb"] {
            assert!(!is_path(bad), "{bad}");
        }
        assert!(is_path("/srv/people/ada"));
    }
}
