//! Servers that say something else than a mail server should.

use serde_json::json;
use tenure_connect::{Channel as _, RefusalClass, Sent};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use super::{channel, letter, message, refused};

/// A server that says these lines, one after each line that it hears. An empty one is skipped; it
/// hangs up after the last. Gives its address and what it heard.
async fn server(says: &'static [&'static str]) -> (String, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let heard = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (reading, mut writing) = stream.into_split();
        let (mut lines, mut heard) = (BufReader::new(reading).lines(), Vec::new());
        for (number, say) in says.iter().enumerate() {
            if number > 0 {
                let Ok(Some(line)) = lines.next_line().await else { return heard };
                heard.push(line);
            }
            // Whoever is sent nonsense may have hung up.
            drop(writing.write_all(say.as_bytes()).await);
        }
        heard
    });
    (address, heard)
}

#[tokio::test]
async fn what_is_no_mail_server_is_told_as_such_and_hears_nothing_of_the_mail() {
    let endless: &'static str = Box::leak("x".repeat(100_000).into_boxed_str());
    let many: &'static str = Box::leak(format!("220-{}220 end\r\n", "x\r\n220-".repeat(1_000)).into_boxed_str());
    for says in [
        ["HTTP/1.1 400 Bad Request\r\n\r\n", ""],
        [endless, ""],
        [many, ""],
        ["220 hi\r\n", "250-one\r\n550 two\r\n"],
        ["220 hi\r\n", "abc\r\n"],
        ["\0\0\0\0\r\n", ""],
        ["", ""],
    ] {
        let (address, heard) = server(Box::leak(Box::new(says))).await;
        let channel = channel(&address, &json!({ "tls": "none" }));
        let refusal = refused(&channel, "ada@example.org", "Hi").await;
        assert_eq!(refusal.class, RefusalClass::Network, "{says:?}: {refusal}");
        drop(channel);
        let heard = heard.await.unwrap();
        assert!(heard.iter().all(|line| line.is_empty() || line.starts_with("EHLO")), "{heard:?}");
    }
}

#[tokio::test]
async fn nothing_is_said_in_the_clear_to_a_server_without_tls() {
    // The second offers it and says something more before TLS begins: somebody in between did.
    for says in [
        &["220 hi\r\n", "250 SIZE 1000\r\n"][..],
        &["220 hi\r\n", "250-hi\r\n250 STARTTLS\r\n", "220 go\r\n250-AUTH PLAIN\r\n250 ok\r\n"],
        &["220 hi\r\n", "250-hi\r\n250 STARTTLS\r\n", "454 not now\r\n"],
    ] {
        let (address, heard) = server(says).await;
        let channel = channel(&address, &json!({ "tls": "starttls" }));
        let refusal = refused(&channel, "ada@example.org", "Hi").await;
        assert!(matches!(refusal.class, RefusalClass::Auth | RefusalClass::Maintenance), "{refusal}");
        let heard = heard.await.unwrap();
        assert!(!heard.iter().any(|line| line.starts_with("MAIL") || line.starts_with("AUTH")), "{heard:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_after_the_last_dot_is_unknown_and_before_it_a_refusal() {
    const TALK: [&str; 5] = ["220 hi\r\n", "250 hi\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"];
    for length in 1..=TALK.len() {
        let (address, heard) = server(&TALK[..length]).await;
        let sent = channel(&address, &json!({ "tls": "none" })).send(&message(letter("ada@example.org", "Hi"))).await;
        let whole = length == TALK.len();
        assert_eq!(matches!(sent, Sent::Unknown(_)), whole, "after {length}: {sent:?}");
        drop(heard.await);
    }
}

#[tokio::test]
async fn a_mail_that_is_too_large_is_not_begun() {
    let (address, heard) = server(&["220 hi\r\n", "250-hi\r\n250 SIZE 500\r\n", "250 ok\r\n"]).await;
    let refusal = refused(&channel(&address, &json!({ "tls": "none" })), "ada@example.org", "Hi").await;
    assert_eq!(refusal.class, RefusalClass::Invalid, "{refusal}");
    assert_eq!(heard.await.unwrap().len(), 1);
}
