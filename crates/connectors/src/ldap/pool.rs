//! A few connections to one server, kept and renewed, and the requests made over them.

use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use ldap3::controls::RawControl;
use ldap3::exop::PasswordModify;
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, Mod, ResultEntry, Scope, SearchOptions};
use rustls::ClientConfig;
use tenure_connect::{Refusal, RefusalClass, SecretRef, SecretText, Secrets, WriteFault, trust};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::config::{BadLdapConfig, LdapConfig, Privacy};
use super::fault::{refused, unread, unwritten};
use super::write::NewEntry;
use crate::limits::{LDAP_CONNECTIONS_MAX, LDAP_DIAL_TIME_MAX, LDAP_REQUEST_TIME_MAX};

/// Connections of one connector, for one purpose.
pub(super) struct Pool {
    config: LdapConfig,
    privacy: Privacy,
    tls: Option<Arc<ClientConfig>>,
    secrets: Arc<dyn Secrets>,
    idle: Mutex<Vec<Ldap>>,
    permits: Arc<Semaphore>,
}

/// One connection, for as long as it is needed. It is closed when dropped, unless it is kept.
pub(super) struct Lease {
    ldap: Ldap,
    server: String,
    permit: OwnedSemaphorePermit,
    /// Whether it lay idle before, so that the line may be dead without anybody knowing.
    pub(super) rested: bool,
}

/// What to search.
pub(super) struct Search<'a> {
    pub(super) base: &'a str,
    pub(super) scope: Scope,
    pub(super) filter: &'a str,
    pub(super) attributes: Vec<&'a str>,
    /// The most entries wanted; 0 for no limit of ours.
    pub(super) entries_max: i32,
    pub(super) controls: Vec<RawControl>,
}

impl<'a> Search<'a> {
    /// For the one entry of this name.
    pub(super) fn entry(dn: &'a str, attributes: Vec<&'a str>) -> Self {
        let filter = "(objectClass=*)";
        Self { base: dn, scope: Scope::Base, filter, attributes, entries_max: 1, controls: Vec::new() }
    }
}

impl Pool {
    pub(super) fn new(config: LdapConfig, secrets: Arc<dyn Secrets>) -> Result<Self, BadLdapConfig> {
        let privacy = config.privacy()?;
        let tls = match privacy {
            Privacy::Plain => None,
            Privacy::Ldaps | Privacy::StartTls => {
                let tls = trust::client(config.ca_file.as_deref());
                Some(Arc::new(tls.map_err(|source| BadLdapConfig::Certificates { source })?))
            }
        };
        let permits = Arc::new(Semaphore::new(LDAP_CONNECTIONS_MAX));
        Ok(Self { config, privacy, tls, secrets, idle: Mutex::default(), permits })
    }

    pub(super) fn config(&self) -> &LdapConfig {
        &self.config
    }

    /// A secret that is about to be used.
    pub(super) fn secret(&self, reference: &SecretRef) -> Result<SecretText, Refusal> {
        self.secrets.resolve(reference).map_err(|cause| {
            let message = format!("the new password cannot be had from `{reference}`");
            Refusal::new(RefusalClass::Invalid, message).because(cause)
        })
    }

    /// A connection, if possible one that lay idle.
    pub(super) async fn lease(&self) -> Result<Lease, Refusal> {
        let permit = self.permit().await?;
        while let Some(mut ldap) = self.take_idle() {
            if !ldap.is_closed() {
                return Ok(Lease { ldap, server: self.config.url.clone(), permit, rested: true });
            }
        }
        self.dial(permit).await
    }

    /// A connection that nobody has used before.
    pub(super) async fn fresh(&self) -> Result<Lease, Refusal> {
        let permit = self.permit().await?;
        self.dial(permit).await
    }

    /// Keeps a connection for the next one who needs it, and only then lets the next one in.
    pub(super) fn keep(&self, lease: Lease) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(lease.ldap);
        drop(lease.permit);
    }

    fn take_idle(&self) -> Option<Ldap> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        let wait = timeout(LDAP_REQUEST_TIME_MAX, Arc::clone(&self.permits).acquire_owned()).await;
        let permit = wait.ok().and_then(Result::ok);
        permit.ok_or_else(|| {
            let server = &self.config.url;
            let message = format!("all {LDAP_CONNECTIONS_MAX} connections to `{server}` are busy; try again later");
            Refusal::new(RefusalClass::Rate, message)
        })
    }

    async fn dial(&self, permit: OwnedSemaphorePermit) -> Result<Lease, Refusal> {
        // Those in use and those that lie idle are never more than the limit together.
        let room = self.permits.available_permits();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).truncate(room);
        let server = self.config.url.clone();
        let ldap = timeout(LDAP_DIAL_TIME_MAX, self.sign_in())
            .await
            .unwrap_or_else(|elapsed| Err(unread("connecting", &server, LdapError::from(elapsed))))?;
        Ok(Lease { ldap, server, permit, rested: false })
    }

    async fn sign_in(&self) -> Result<Ldap, Refusal> {
        let (server, config) = (&self.config.url, &self.config);
        let password = self.secrets.resolve(&config.password).map_err(|cause| {
            let message = format!("the password for `{server}` cannot be had from `{}`", config.password);
            Refusal::new(RefusalClass::Auth, message).because(cause)
        })?;
        let mut settings = LdapConnSettings::new().set_starttls(self.privacy == Privacy::StartTls);
        if let Some(tls) = &self.tls {
            settings = settings.set_config(Arc::clone(tls));
        }
        let opened = LdapConnAsync::with_settings(settings, server).await;
        let (connection, mut ldap) = opened.map_err(|error| unread("connecting", server, error))?;
        tokio::spawn(async move {
            if let Err(error) = connection.drive().await {
                tracing::debug!(%error, "an LDAP connection ended");
            }
        });
        let bound = ldap.simple_bind(&config.bind_dn, password.expose()).await;
        let bound = bound.map_err(|error| unread("signing in", server, error))?;
        match bound.rc {
            0 => Ok(ldap),
            _ => Err(refused(&format!("signing in as `{}`", config.bind_dn), server, bound)),
        }
    }
}

impl Lease {
    /// Searches, and hands back the entries and the result, whose code the caller must look at.
    pub(super) async fn search(&mut self, search: Search<'_>) -> Result<(Vec<ResultEntry>, LdapResult), Refusal> {
        let options = SearchOptions::new().sizelimit(search.entries_max);
        let searching = self.ldap.with_controls(search.controls).with_search_options(options).search(
            search.base,
            search.scope,
            search.filter,
            search.attributes,
        );
        let found = match timeout(LDAP_REQUEST_TIME_MAX, searching).await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => return Err(unread("a search", &self.server, error)),
            Err(elapsed) => return Err(unread("a search", &self.server, elapsed.into())),
        };
        Ok((found.0, found.1))
    }

    /// Searches, and hands each message over as it comes, those between the entries too. None where
    /// somebody had enough; then the line is of no more use.
    pub(super) async fn stream(
        &mut self,
        search: Search<'_>,
        mut each: impl FnMut(ResultEntry) -> bool,
    ) -> Result<Option<LdapResult>, Refusal> {
        let server = self.server.clone();
        let failed = |error: LdapError| unread("a search", &server, error);
        let asking = self.ldap.with_controls(search.controls).streaming_search(
            search.base,
            search.scope,
            search.filter,
            search.attributes,
        );
        let mut messages =
            timeout(LDAP_REQUEST_TIME_MAX, asking).await.map_err(|late| failed(late.into()))?.map_err(failed)?;
        loop {
            let next = timeout(LDAP_REQUEST_TIME_MAX, messages.next()).await.map_err(|late| failed(late.into()))?;
            match next.map_err(failed)? {
                Some(message) => {
                    if !each(message) {
                        return Ok(None);
                    }
                }
                None => return Ok(Some(messages.finish().await)),
            }
        }
    }

    /// Changes an entry; hands back the result, whose code the caller must look at.
    pub(super) async fn modify<Bytes: AsRef<[u8]> + Eq + Hash>(
        &mut self,
        dn: &str,
        mods: Vec<Mod<Bytes>>,
    ) -> Result<LdapResult, WriteFault> {
        let sent = self.ldap.with_timeout(LDAP_REQUEST_TIME_MAX).modify(dn, mods).await;
        sent.map_err(|error| unwritten("a change", &self.server, error))
    }

    /// Adds an entry; hands back the result, whose code the caller must look at.
    pub(super) async fn add(&mut self, dn: &str, attributes: NewEntry) -> Result<LdapResult, WriteFault> {
        let sent = self.ldap.with_timeout(LDAP_REQUEST_TIME_MAX).add(dn, attributes).await;
        sent.map_err(|error| unwritten("a new entry", &self.server, error))
    }

    /// Takes an entry away; hands back the result, whose code the caller must look at.
    pub(super) async fn delete(&mut self, dn: &str) -> Result<LdapResult, WriteFault> {
        let sent = self.ldap.with_timeout(LDAP_REQUEST_TIME_MAX).delete(dn).await;
        sent.map_err(|error| unwritten("a deletion", &self.server, error))
    }

    /// Gives an entry another name, and another parent if there is one; hands back the result, whose
    /// code the caller must look at.
    pub(super) async fn rename(&mut self, dn: &str, rdn: &str, parent: Option<&str>) -> Result<LdapResult, WriteFault> {
        let sent = self.ldap.with_timeout(LDAP_REQUEST_TIME_MAX).modifydn(dn, rdn, true, parent).await;
        sent.map_err(|error| unwritten("a new name or place", &self.server, error))
    }

    /// Sets a password; hands back the result, whose code the caller must look at.
    pub(super) async fn set_password(&mut self, dn: &str, password: &str) -> Result<LdapResult, WriteFault> {
        let request = PasswordModify { user_id: Some(dn), old_pass: None, new_pass: Some(password) };
        let sent = self.ldap.with_timeout(LDAP_REQUEST_TIME_MAX).extended(request).await;
        sent.map(|answer| answer.1).map_err(|error| unwritten("a password", &self.server, error))
    }

    /// The refusal behind a result code.
    pub(super) fn refusal(&self, what: &str, result: LdapResult) -> Refusal {
        refused(what, &self.server, result)
    }
}
