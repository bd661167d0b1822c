//! From what the LDAP client and server say to refusals and doubts.

use ldap3::{LdapError, LdapResult};
use tenure_connect::{Doubt, DoubtKind, Refusal, RefusalClass, WriteFault};

use super::ad::codes;

/// The refusal behind a result code. The server's own words go to the cause, because they may
/// quote values.
pub(super) fn refused(what: &str, server: &str, result: LdapResult) -> Refusal {
    use RefusalClass::{Auth, Exists, Gone, Invalid, Maintenance, Permission, Rate, Stale, Unsupported};
    let by_code = match result.rc {
        3 | 11 => (Rate, "a time or work limit of the server was reached; raise it for our bind DN"),
        4 => (Rate, "a size limit of the server was reached; raise it for our bind DN"),
        8 | 13 => (Auth, "the server wants an encrypted connection; use `ldaps://` or `startTls: true`"),
        7 | 48 | 49 => (Auth, "the bind DN or password is wrong; correct `bindDn` or the secret behind `password`"),
        50 => (Permission, "our bind DN may not do this; give it the right on the server"),
        32 => (Gone, "the entry or its parent is not there; check `baseDn` and the containers"),
        68 => (Exists, "an entry of that name is there already; choose another name"),
        122 => (Stale, "the entry changed in the meantime; read it again"),
        51 | 52 | 80 | 1 => (Maintenance, "the server cannot serve now; look into its log if it stays so"),
        10 | 12 | 71 => (Unsupported, "the server points to another server or lacks an extension; connect to that one"),
        16 | 17 => (Invalid, "the entry or the schema has no such attribute; check the object classes"),
        19 | 21 | 34 => (Invalid, "the server does not accept a value; correct it at its source"),
        53 => (Invalid, "a rule of the server forbids it; see its log"),
        64 | 65 | 67 | 69 => (Invalid, "the schema forbids it; check the object classes and required attributes"),
        _ => (Invalid, "the server gave a code that says no more; see its log"),
    };
    let (class, why) = codes::meaning(&result).unwrap_or(by_code);
    let code = result.rc;
    Refusal::new(class, format!("{what} was refused by `{server}` with code {code}: {why}")).because(result)
}

/// The refusal for a read or a connection that failed: nothing was written.
pub(super) fn unread(what: &str, server: &str, error: LdapError) -> Refusal {
    if let LdapError::LdapResult { result } = error {
        return refused(what, server, result);
    }
    if is_certificate(&error) {
        let way = "set `caFile` to the certificate that signed it, and use the host name that is in it";
        let message = format!("{what} failed: the certificate of `{server}` was not accepted; {way}");
        return Refusal::new(RefusalClass::Invalid, message).because(error);
    }
    let message = format!("{what} failed: `{server}` did not answer; check that it is up and can be reached");
    Refusal::new(RefusalClass::Network, message).because(error)
}

/// A write that failed under way. Only a request that never left is a refusal.
pub(super) fn unwritten(what: &str, server: &str, error: LdapError) -> WriteFault {
    match error {
        LdapError::OpSend { .. } | LdapError::AddNoValues => WriteFault::Refused(unread(what, server, error)),
        LdapError::LdapResult { result } => WriteFault::Refused(refused(what, server, result)),
        _ => {
            tracing::warn!(error = %error, server, "no answer to a write");
            WriteFault::Doubt(Doubt::new(
                DoubtKind::LostResponse,
                format!("{what} was sent to `{server}` and no answer came; read before anything else"),
            ))
        }
    }
}

fn is_certificate(error: &LdapError) -> bool {
    match error {
        LdapError::Rustls { .. } | LdapError::DNSName { .. } => true,
        LdapError::Io { source } => {
            source.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(rc: u32) -> LdapResult {
        LdapResult { rc, matched: String::new(), text: "mail: ada@example.org".into(), refs: vec![], ctrls: vec![] }
    }

    #[test]
    fn a_code_becomes_a_class_and_the_servers_words_stay_in_the_cause() {
        for (code, class) in [
            (68, RefusalClass::Exists),
            (32, RefusalClass::Gone),
            (50, RefusalClass::Permission),
            (49, RefusalClass::Auth),
            (51, RefusalClass::Maintenance),
            (65, RefusalClass::Invalid),
        ] {
            let refusal = refused("adding", "ldap://h", result(code));
            assert_eq!(refusal.class, class, "{code}");
            assert!(!refusal.message.contains("ada@"), "{refusal}");
            assert!(std::error::Error::source(&refusal).unwrap().to_string().contains("ada@"));
        }
    }

    #[test]
    fn a_broken_line_is_a_doubt_for_a_write_and_a_refusal_for_a_read() {
        let broken = || LdapError::from(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
        assert!(matches!(unwritten("adding", "ldap://h", broken()), WriteFault::Doubt(_)));
        assert!(unread("reading", "ldap://h", broken()).retry());
    }
}
