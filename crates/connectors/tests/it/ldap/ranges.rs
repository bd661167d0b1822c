//! Big groups whose members come in pieces, as Active Directory hands them out. Neither OpenLDAP
//! nor Samba does so; this is a server of a few lines that says what a domain controller says.

use std::os::unix::fs::PermissionsExt as _;

use tenure_connect::{AnyConnector, Page, Query, Refusal};
use tenure_model::Observed;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::connector;

/// An element of BER shorter than 64 KiB.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82], &length[..], content].concat()
}

fn text(text: &str) -> Vec<u8> {
    element(0x04, text.as_bytes())
}

fn entry(dn: &str, attributes: &[(&str, &[&str])]) -> Vec<u8> {
    let attribute = |(name, values): &(&str, &[&str])| {
        let values: Vec<u8> = values.iter().flat_map(|value| text(value)).collect();
        element(0x30, &[text(name), element(0x31, &values)].concat())
    };
    let attributes: Vec<u8> = attributes.iter().flat_map(attribute).collect();
    element(0x64, &[text(dn), element(0x30, &attributes)].concat())
}

/// What is answered to a request before the word that all went well.
fn answer(request: &[u8], second: &str) -> Option<Vec<u8>> {
    let asks = |word: &str| request.windows(word.len()).any(|window| window == word.as_bytes());
    let group = |name, members: &[&str]| {
        let id = ("entryUUID", &["28b0f7a5-fff5-4013-ac63-be35b821e511"][..]);
        entry("cn=big,ou=groups,dc=x", &[id, ("cn", &["big"]), (name, members)])
    };
    if asks("member;range=2-*") {
        Some(group(second, &["uid=ada,ou=people,dc=x"]))
    } else if asks("ou=groups") {
        Some(group("member;range=0-1", &["uid=b,ou=people,dc=x", "uid=c,ou=people,dc=x"]))
    } else if asks("ou=people") {
        let id = ("entryUUID", &["5b0cf6a4-6b0f-4ef5-9f5e-5a0f6a1f7f01"][..]);
        Some(entry("uid=ada,ou=people,dc=x", &[id, ("uid", &["ada"])]))
    } else {
        None
    }
}

async fn serve(mut line: TcpStream, second: &str) {
    let mut request = vec![0u8; 65_536];
    while let Ok(length @ 1..) = line.read(&mut request).await {
        // The number of the message stands behind the length of the whole.
        let start = if request[1] < 0x80 { 2 } else { 2 + usize::from(request[1] & 0x7f) };
        let number = &request[start..start + 2 + usize::from(request[start + 1])];
        let operation = request[start + number.len()];
        let done = match operation {
            0x60 => 0x61,
            0x63 => 0x65,
            _ => return,
        };
        let found = if operation == 0x63 { answer(&request[..length], second) } else { None };
        let success = element(done, &[&[0x0a, 1, 0][..], &text(""), &text("")].concat());
        let messages = found.into_iter().chain([success]);
        let bytes: Vec<u8> = messages.flat_map(|message| element(0x30, &[number, &message].concat())).collect();
        if line.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

/// Everybody, read from a server that calls its second piece by this name.
async fn everybody(second: &'static str) -> Result<Vec<Observed>, Refusal> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        while let Ok((line, _)) = listener.accept().await {
            tokio::spawn(serve(line, second));
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, "any").unwrap();
    std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).unwrap();
    let settings = serde_json::json!({
        "url": format!("ldap://{address}"),
        "bindDn": "cn=tenure",
        "password": format!("file:{}", password.display()),
        "baseDn": "dc=x",
    });
    let ldap = connector(serde_json::from_value(settings).unwrap());
    let batch = ldap.read(&Query::accounts(), &Page::first()).await;
    server.abort();
    Ok(batch?.objects.iter().map(|seen| seen.account().unwrap().clone()).collect())
}

#[tokio::test]
async fn a_member_in_the_last_piece_of_a_big_group_is_found() {
    let found = everybody("member;range=2-*").await.unwrap();
    assert_eq!((found.len(), found[0].holds.len()), (1, 1), "{found:?}");
}

#[tokio::test]
async fn pieces_that_lead_nowhere_are_an_error_and_no_smaller_group() {
    for second in ["member;range=0-0", "member", "member;range=2-1", "member;range=2-7"] {
        let refused = everybody(second).await.unwrap_err();
        assert!(refused.message.contains("does not go on where the last one ended"), "{second}: {refused}");
    }
}
