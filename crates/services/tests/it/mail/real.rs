//! A mail server by somebody else, with and without TLS, with and without signing in.

use base64::Engine as _;
use serde_json::json;
use tenure_connect::{Channel as _, RefusalClass, Sent};
use tenure_testkit::notices::{MailSink, Tls, secret as write_secret};

use super::{channel, letter, message, refused, secret};

#[tokio::test]
async fn a_mail_arrives_as_it_was_written_over_every_kind_of_line() {
    for (tls, word) in [(Tls::None, "none"), (Tls::Starttls, "starttls"), (Tls::Implicit, "implicit")] {
        let sink = MailSink::start(tls, &[]).await;
        let more = json!({ "tls": word, "caFile": sink.file("ca.crt"), "unsubscribe": "mailto:stop@example.org" });
        let channel = channel(&sink.server(), &more);
        let letter = letter(
            "\"Müller, Zoë\" <zoe@example.org>",
            "Zoë Müller: Zugang gelöscht – und noch ein paar Worte mehr, damit es lang wird",
        );
        for _ in 0..2 {
            assert!(matches!(channel.send(&message(letter.clone())).await, Sent::Done), "{word}");
        }
        let mails = sink.mails();
        assert_eq!(mails.len(), 2);
        let (mail, headers) = (&mails[0], &mails[0]["headers"]);
        assert_eq!((&mail["from"], &mail["to"][0]), (&json!("tenure@example.org"), &json!("zoe@example.org")));
        assert_eq!(headers["Subject"], letter.subject);
        assert_eq!(headers["To"], "\"Müller, Zoë\" <zoe@example.org>");
        assert_eq!(headers["From"], "Tenure – Test <tenure@example.org>");
        assert_eq!(headers["Date"], "Tue, 03 Nov 2026 09:05:07 +0000");
        assert_eq!(headers["Auto-Submitted"], "auto-generated");
        assert_eq!(headers["List-Unsubscribe"], "<mailto:stop@example.org>");
        assert_eq!(mail["text"].as_str().unwrap().replace("\r\n", "\n").trim_end(), letter.text.trim_end());
        assert_eq!(mail["html"].as_str().unwrap().trim_end(), letter.html.clone().unwrap());
        assert_eq!((&mail["defects"], &mail["tls"]), (&json!([]), &json!(tls != Tls::None)));
        assert!(mail["longest"].as_u64().unwrap() <= 78, "{mail}");
        assert_eq!(headers["Message-ID"], "<notice_01k9h3m5n7p9r1t3v5x7z9b1d3@example.org>");
        assert_eq!(mail["raw"], mails[1]["raw"], "a second try is the same mail");
    }
}

#[tokio::test]
async fn whoever_must_sign_in_does_so_in_either_way_and_a_wrong_password_is_no_fault_of_the_mail() {
    for marks in [&["wants-auth"][..], &["wants-auth", "no-plain"]] {
        let sink = MailSink::start(Tls::Starttls, marks).await;
        let with = |password: &str| {
            let auth = json!({ "user": "tenure", "password": secret(&sink.file(password)) });
            channel(&sink.server(), &json!({ "caFile": sink.file("ca.crt"), "auth": auth }))
        };
        let message = message(letter("ada@example.org", "Hi"));
        assert!(matches!(with("password").send(&message).await, Sent::Done), "{marks:?}");
        assert_eq!(sink.mails()[0]["user"], "tenure");
        write_secret(&sink.file("wrong"), "hunter2");
        let refusal = refused(&with("wrong"), "ada@example.org", "Hi").await;
        assert_eq!(refusal.class, RefusalClass::Auth, "{refusal}");
        assert!(!format!("{refusal:?}").contains("hunter2"), "{refusal:?}");
        let none = channel(&sink.server(), &json!({ "caFile": sink.file("ca.crt") }));
        assert_eq!(refused(&none, "ada@example.org", "Hi").await.class, RefusalClass::Auth);
    }
}

#[tokio::test]
async fn a_refusal_says_whether_the_mail_or_the_channel_is_at_fault() {
    let sink = MailSink::start(Tls::None, &[]).await;
    let channel = channel(&sink.server(), &json!({ "tls": "none" }));
    for (to, subject, class) in [
        ("gone@example.org", "Hi", RefusalClass::Gone),
        ("later@example.org", "Hi", RefusalClass::Maintenance),
        ("relay@example.org", "Hi", RefusalClass::Permission),
        ("ada@example.org", "unwanted", RefusalClass::Invalid),
        ("ada@example.org\r\nRCPT TO:<eve@example.org>", "Hi", RefusalClass::Invalid),
    ] {
        let refusal = refused(&channel, to, subject).await;
        assert_eq!(refusal.class, class, "{to}: {refusal}");
        assert!(!["gone@", "ada@", "eve@"].iter().any(|name| refusal.message.contains(name)), "no address: {refusal}");
    }
    assert!(sink.mails().is_empty());
}

#[tokio::test]
async fn a_subject_cannot_begin_another_header() {
    let sink = MailSink::start(Tls::None, &[]).await;
    let channel = channel(&sink.server(), &json!({ "tls": "none" }));
    let bad = "Hi\r\nBcc: eve@example.org\r\n\r\nanother body";
    assert!(matches!(channel.send(&message(letter("ada@example.org", bad))).await, Sent::Done));
    let mails = sink.mails();
    assert!(mails[0]["headers"].get("Bcc").is_none(), "{}", mails[0]);
    assert_eq!((&mails[0]["count"], &mails[0]["to"]), (&json!(8), &json!(["ada@example.org"])));
}

#[tokio::test]
async fn a_certificate_of_nobody_we_trust_ends_the_talk_before_anything_is_said() {
    let (sink, other) = (MailSink::start(Tls::Starttls, &[]).await, MailSink::start(Tls::Implicit, &[]).await);
    for (server, word) in [(&sink, "starttls"), (&other, "implicit")] {
        let stranger = if word == "starttls" { &other } else { &sink };
        let channel = channel(&server.server(), &json!({ "tls": word, "caFile": stranger.file("ca.crt") }));
        let refusal = refused(&channel, "ada@example.org", "Hi").await;
        assert_eq!(refusal.class, RefusalClass::Auth, "{refusal}");
        assert!(refusal.message.contains("caFile") && server.mails().is_empty(), "{refusal}");
    }
}

#[tokio::test]
async fn whoever_receives_a_signed_mail_can_verify_it() {
    let sink = MailSink::start(Tls::None, &[]).await;
    for (kind, options, head) in [("ed25519", "ed25519", "ed25519"), ("rsa", "RSA", "rsa")] {
        let (key, public) = keys(&sink, kind, options);
        std::fs::write(sink.file("dkim.txt"), format!("v=DKIM1; k={kind}; p={public}")).unwrap();
        let dkim = json!({ "domain": "example.org", "selector": "one", "key": secret(&key) });
        let channel = channel(&sink.server(), &json!({ "tls": "none", "dkim": dkim }));
        assert!(matches!(channel.send(&message(letter("ada@example.org", "Zoë")).clone()).await, Sent::Done));
        let mails = sink.mails();
        let mail = mails.last().unwrap();
        assert_eq!(mail["signed"], true, "{kind}: {}", mail["raw"]);
        assert!(mail["headers"]["DKIM-Signature"].as_str().unwrap().contains(&format!("a={head}-sha256")));
    }
}

/// A private key in a file, and the public one as the DNS would have it.
fn keys(sink: &MailSink, kind: &str, algorithm: &str) -> (std::path::PathBuf, String) {
    let (key, der) = (sink.file(&format!("{kind}.pem")), sink.file(&format!("{kind}.der")));
    let run = |arguments: &[&str]| {
        assert!(std::process::Command::new("openssl").args(arguments).output().unwrap().status.success());
    };
    run(&["genpkey", "-algorithm", algorithm, "-out", key.to_str().unwrap()]);
    run(&["pkey", "-in", key.to_str().unwrap(), "-pubout", "-outform", "DER", "-out", der.to_str().unwrap()]);
    write_secret(&key, &std::fs::read_to_string(&key).unwrap());
    let der = std::fs::read(der).unwrap();
    // RFC 8463 publishes the bare 32 bytes of an Ed25519 key.
    let bytes = if kind == "ed25519" { &der[der.len() - 32..] } else { &der[..] };
    (key, base64::engine::general_purpose::STANDARD.encode(bytes))
}
