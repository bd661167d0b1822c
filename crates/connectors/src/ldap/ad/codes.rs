//! What Windows means by its own error numbers, which a domain controller writes into its words.

use ldap3::LdapResult;
use tenure_connect::RefusalClass;
use tenure_connect::RefusalClass::{Auth, Exists, Gone, Invalid, Permission};

type Meaning = (RefusalClass, &'static str);

/// What a number in the server's words says more than its code.
pub(in crate::ldap) fn meaning(result: &LdapResult) -> Option<Meaning> {
    match result.rc {
        0 => None,
        49 => of_a_sign_in(number_after(&result.text, "data ")?),
        _ => of_a_request(leading_number(&result.text)?),
    }
}

/// The number at the very beginning, as in `0000052D: SvcErr: DSID-031A12D2, …`.
fn leading_number(text: &str) -> Option<u32> {
    let (number, _) = text.split_once(':')?;
    (number.len() == 8).then(|| u32::from_str_radix(number, 16).ok())?
}

/// The number in `80090308: LdapErr: DSID-0C090447, comment: …, data 52e, v3839`.
fn number_after(text: &str, word: &str) -> Option<u32> {
    let (_, rest) = text.split_once(word)?;
    let digits: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
    u32::from_str_radix(&digits, 16).ok()
}

fn of_a_sign_in(number: u32) -> Option<Meaning> {
    let why = match number {
        0x525 => "there is no such user; correct `bindDn`",
        0x52e => "the name or the password is wrong; correct `bindDn` or the secret behind `password`",
        0x530 => "our user may not sign in at this hour; change its logon hours",
        0x531 => "our user may not sign in from here; change its list of workstations",
        0x532 => "our password has expired; set another, put it behind `password`, and let it not expire",
        0x533 => "our user is disabled; enable it",
        0x701 => "our user has expired; change its `accountExpires`",
        0x773 => "our user must choose another password first; set one that need not be changed",
        0x775 => "our user is locked after wrong passwords; unlock it and look who tries them",
        _ => return None,
    };
    Some((Auth, why))
}

fn of_a_request(number: u32) -> Option<Meaning> {
    Some(match number {
        0x5 | 0x2098 => (Permission, "our user may not do this; delegate the right to it on this container"),
        0x524 => (Exists, "another object has that `sAMAccountName`; choose another name"),
        0x525 | 0x208d | 0x2030 => (Gone, "the object is not there; check `baseDn` and the containers"),
        0x52d => (
            Invalid,
            "the password does not meet the rules of the domain (length, kinds of characters, age, earlier ones), \
             or the account has none yet; set one that does",
        ),
        0x55b => (Invalid, "the domain itself needs this account or group; leave it alone"),
        0x55e => (Invalid, "it is the primary group of the account; give the account another primary group first"),
        0x2071 => (Exists, "an object of that name is there already; choose another name"),
        0x2077 => (Invalid, "only the domain controller writes this attribute; take it out of what is set"),
        0x2082 => (Invalid, "a value is longer or greater than the schema lets it be; correct it at its source"),
        0x2089 => (Gone, "the container is not there; create it, or correct `container`"),
        0x21c8 => (Exists, "another account has that `userPrincipalName`; choose another"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(rc: u32, text: &str) -> Option<Meaning> {
        meaning(&LdapResult { rc, matched: String::new(), text: text.to_owned(), refs: vec![], ctrls: vec![] })
    }

    #[test]
    fn a_number_of_windows_says_more_than_the_code() {
        let sign_in = "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data ";
        for (data, word) in [("533, v3839", "disabled"), ("775, v1db1\0", "locked"), ("52e, v3839", "wrong")] {
            let (class, why) = said(49, &format!("{sign_in}{data}")).unwrap();
            assert!(class == Auth && why.contains(word), "{why}");
        }
        assert_eq!(said(49, &format!("{sign_in}0, v1")), None);
        let password = said(53, "0000052D: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM), data 0");
        assert_eq!(password.unwrap().0, Invalid);
        assert_eq!(said(68, "00000524: UpdErr: DSID-031A11E2, problem 6005 (ENTRY_EXISTS), data 0").unwrap().0, Exists);
        assert_eq!(said(50, "00002098: SecErr: DSID-03150BB9").unwrap().0, Permission);
    }

    #[test]
    fn other_words_say_nothing() {
        for text in ["", ":", "no such entry: cn=x", "0000: x", "deadbeef: x", "zzzzzzzz: x"] {
            assert_eq!(said(53, text), None, "{text}");
        }
        assert_eq!(said(0, "0000052D: x"), None);
    }
}
