//! What changed by content synchronization (RFC 4533), asked for once and not listened to.
//!
//! A server that keeps a log of its session names what vanished. One that does not names
//! everything that is still there; then only somebody who knows who was there before could tell.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ldap3::asn1::{StructureTag, TagClass, Types};
use ldap3::{ResultEntry, Scope};
use tenure_connect::{Refusal, RefusalClass};
use tenure_model::NativeId;

use super::{Answer, Found, not_ours, too_many};
use crate::ldap::LdapConnector;
use crate::ldap::ber::{self, Part};
use crate::ldap::config::ChangeSource;
use crate::ldap::form;
use crate::ldap::pool::{Lease, Search};
use crate::ldap::read::root;

const REQUEST_OID: &str = "1.3.6.1.4.1.4203.1.9.1.1";
const STATE_OID: &str = "1.3.6.1.4.1.4203.1.9.1.2";
const DONE_OID: &str = "1.3.6.1.4.1.4203.1.9.1.3";
const INFO_OID: &[u8] = b"1.3.6.1.4.1.4203.1.9.1.4";
/// "Refresh once", in the request.
const REFRESH_ONLY: u8 = 1;
/// The server's code for a cookie that it can do nothing with.
const REFRESH_REQUIRED: u32 = 4096;
/// The server's code for what it offers elsewhere and not here.
const NOT_HERE: u32 = 12;
const NOBODY: &str = "(!(objectClass=*))";

/// What is heard while the server refreshes us.
#[derive(Debug, Default)]
struct Heard {
    found: Found,
    cookie: Option<Vec<u8>>,
    /// It named what is still there, so what vanished is what it did not name.
    by_presence: bool,
    malformed: bool,
    count: usize,
}

impl LdapConnector {
    /// Whether it is offered for people. A server announces what it offers for any of its databases.
    pub(super) async fn synchronizes(&self, lease: &mut Lease) -> Result<bool, Refusal> {
        if !root(lease, "supportedControl").await?.iter().any(|oid| oid == REQUEST_OID) {
            return Ok(false);
        }
        let base = self.config().people_dn();
        match lease.stream(refreshing(&base, NOBODY, None), |_| true).await? {
            Some(result) if result.rc == 0 => Ok(true),
            Some(result) if result.rc == NOT_HERE => Ok(false),
            Some(result) => Err(lease.refusal("asking for synchronization", result)),
            None => Ok(false),
        }
    }

    pub(super) async fn sync_now(&self, lease: &mut Lease) -> Result<String, Refusal> {
        // Everybody is named once, because a cookie is only good for the question that it answers.
        let mut heard = Heard::default();
        let asked = self.refresh(lease, None, |message| heard.cookie_of(&message)).await?;
        match asked.ok().and_then(|controls| done_cookie(&controls)).or(heard.cookie) {
            Some(cookie) => self.sealed(&cookie),
            None => Err(self.unsynchronized()),
        }
    }

    /// A cookie as a token, with a digest of it and of the question that it answers: a server may
    /// take one that it does not know, or one of another question, and then leave out who vanished.
    fn sealed(&self, cookie: &[u8]) -> Result<String, Refusal> {
        let question = format!("{}\n{}\n", self.config().people_dn(), self.account_filter(None)?);
        let digest = ring::digest::digest(&ring::digest::SHA256, &[question.as_bytes(), cookie].concat());
        Ok(format!("{}:{}", STANDARD.encode(cookie), STANDARD.encode(digest)))
    }

    pub(super) async fn sync_since(&self, lease: &mut Lease, since: &str) -> Result<Answer, Refusal> {
        let Some(cookie) = since.split_once(':').and_then(|(cookie, _)| STANDARD.decode(cookie).ok()) else {
            return Ok(Err(not_ours()));
        };
        if self.sealed(&cookie)? != since {
            return Ok(Err(not_ours()));
        }
        let mut heard = Heard::default();
        let asked = self.refresh(lease, Some(cookie), |message| heard.take(message)).await?;
        if heard.malformed {
            return Err(self.unsynchronized());
        }
        if let Some(why) = too_many(heard.count) {
            return Ok(Err(why));
        }
        let controls = match asked {
            Ok(controls) => controls,
            Err(why) => return Ok(Err(why)),
        };
        if heard.by_presence && self.config().changes == ChangeSource::Syncrepl {
            let why = "the server kept no log of what vanished; give it a session log (`syncprov-sessionlog`)";
            return Ok(Err(why.to_owned()));
        }
        let next = match done_cookie(&controls).or(heard.cookie) {
            Some(cookie) => self.sealed(&cookie)?,
            None => since.to_owned(),
        };
        Ok(Ok(Found { next, ..heard.found }))
    }

    /// Asks once. `Err` within says why everything has to be read again.
    async fn refresh(
        &self,
        lease: &mut Lease,
        cookie: Option<Vec<u8>>,
        each: impl FnMut(ResultEntry) -> bool,
    ) -> Result<Result<Vec<ldap3::controls::Control>, String>, Refusal> {
        let (base, filter) = (self.config().people_dn(), self.account_filter(None)?);
        match lease.stream(refreshing(&base, &filter, cookie), each).await? {
            None => Ok(Ok(Vec::new())),
            Some(result) if result.rc == 0 => Ok(Ok(result.ctrls)),
            Some(result) if result.rc == REFRESH_REQUIRED => {
                Ok(Err("the server does not remember that moment".to_owned()))
            }
            Some(result) => Err(lease.refusal("asking what changed", result)),
        }
    }

    fn unsynchronized(&self) -> Refusal {
        let server = &self.config().url;
        let message = format!("`{server}` does not synchronize as RFC 4533 says; set `changes: timestamps`");
        Refusal::new(RefusalClass::Unsupported, message)
    }
}

fn refreshing<'a>(base: &'a str, filter: &'a str, cookie: Option<Vec<u8>>) -> Search<'a> {
    let mut parts = vec![Part::Choice(REFRESH_ONLY)];
    parts.extend(cookie.map(Part::Octets));
    let controls = vec![ber::demand(REQUEST_OID, parts)];
    Search { base, scope: Scope::Subtree, filter, attributes: vec!["1.1"], entries_max: 0, controls }
}

impl Heard {
    /// Takes a message in; whether more may come.
    fn take(&mut self, message: ResultEntry) -> bool {
        self.count += 1;
        let known = if message.is_intermediate() {
            self.take_information(message.0)
        } else if message.is_ref() {
            Some(())
        } else {
            self.take_entry(&message)
        };
        self.malformed |= known.is_none();
        !self.malformed && too_many(self.count).is_none()
    }

    fn take_entry(&mut self, message: &ResultEntry) -> Option<()> {
        let mut parts = ber::control(&message.1, STATE_OID)?.into_iter();
        let state = ber::number(&parts.next()?)?;
        let id = uuid(&parts.next()?.expect_primitive()?)?;
        if let Some(cookie) = parts.next() {
            self.cookie = cookie.expect_primitive();
        }
        match state {
            // Still there and as it was.
            0 => self.by_presence = true,
            1 | 2 => drop(self.found.changed.insert(id)),
            3 => drop(self.found.gone.insert(id)),
            _ => return None,
        }
        Some(())
    }

    /// Only its cookie.
    fn cookie_of(&mut self, message: &ResultEntry) -> bool {
        if message.is_intermediate() {
            self.malformed |= self.take_information(message.0.clone()).is_none();
        }
        !self.malformed
    }

    fn take_information(&mut self, message: StructureTag) -> Option<()> {
        let mut parts = message.expect_constructed()?.into_iter();
        let (name, value) = (parts.next()?.expect_primitive()?, parts.next()?.expect_primitive()?);
        if name != INFO_OID {
            return Some(());
        }
        let (_, choice) = ldap3::asn1::parse_tag(&value).ok()?;
        if choice.class != TagClass::Context {
            return None;
        }
        match choice.id {
            0 => self.cookie = Some(choice.expect_primitive()?),
            1 => self.take_cookie(choice.expect_constructed()?),
            2 => {
                self.by_presence = true;
                self.take_cookie(choice.expect_constructed()?);
            }
            3 => self.take_ids(choice.expect_constructed()?)?,
            _ => return None,
        }
        Some(())
    }

    fn take_cookie(&mut self, parts: Vec<StructureTag>) {
        let cookie = parts.into_iter().find(|part| ber::is(part, Types::OctetString));
        self.cookie = cookie.and_then(StructureTag::expect_primitive).or(self.cookie.take());
    }

    /// A set of ids: of what vanished, or of what is still there.
    fn take_ids(&mut self, parts: Vec<StructureTag>) -> Option<()> {
        let mut vanished = false;
        for part in parts {
            if ber::is(&part, Types::Boolean) {
                vanished = part.expect_primitive()?.first() != Some(&0);
            } else if ber::is(&part, Types::OctetString) {
                self.cookie = part.expect_primitive();
            } else if vanished {
                for id in part.expect_constructed()? {
                    self.found.gone.insert(uuid(&id.expect_primitive()?)?);
                    self.count += 1;
                }
            } else {
                self.by_presence = true;
            }
        }
        Some(())
    }
}

fn done_cookie(controls: &[ldap3::controls::Control]) -> Option<Vec<u8>> {
    let parts = ber::control(controls, DONE_OID)?;
    parts.into_iter().find(|part| ber::is(part, Types::OctetString))?.expect_primitive()
}

/// A UUID as the directory shows it.
fn uuid(bytes: &[u8]) -> Option<NativeId> {
    form::uuid_text(bytes).map(NativeId::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_has_sixteen_bytes() {
        let bytes: Vec<u8> = (0..16).collect();
        assert_eq!(uuid(&bytes).unwrap().as_str(), "00010203-0405-0607-0809-0a0b0c0d0e0f");
        assert_eq!((uuid(&bytes[1..]), uuid(&[])), (None, None));
        assert_eq!(uuid(&[&bytes[..], &[1]].concat()), None);
    }
}
