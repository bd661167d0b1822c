//! What goes wrong on the way to a host, and on it.

use serde_json::{Value as Json, json};
use tenure_connect::{AnyConnector, Expectation, Outcome, Page, Query, Refusal, RefusalClass, Write};
use tenure_model::AccountState;
use tenure_testkit::host::{Host, Misstep, Trouble};

use super::{ada, apply, attributes, connector, done, made};
use tenure_connect::Change;

async fn refusal(host: &Host, more: Json) -> Refusal {
    connector(host, &more).check().await.unwrap_err()
}

#[tokio::test]
async fn who_we_are_and_whom_we_believe_is_told_apart() {
    let host = Host::start().await;
    let stranger = format!("file:{}", host.file("stranger").display());
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (more, class, word) in [
        (json!({ "knownHosts": host.file("wrong_hosts") }), RefusalClass::Invalid, "knownHosts"),
        (json!({ "identity": stranger }), RefusalClass::Auth, "`identity`"),
        (json!({ "user": "nobody-here" }), RefusalClass::Auth, "`user`"),
        (json!({ "sudo": false }), RefusalClass::Permission, "`sudo: true`"),
        (json!({ "user": "plain" }), RefusalClass::Permission, "become root"),
        (json!({ "user": "flood" }), RefusalClass::Invalid, "says nothing by itself"),
        (json!({ "port": free }), RefusalClass::Network, "could not be reached"),
        (json!({ "authorizedKeys": [".ssh/authorized_keys"] }), RefusalClass::Invalid, "authorizedKeys"),
    ] {
        let refusal = refusal(&host, more.clone()).await;
        assert!(refusal.class == class && refusal.message.contains(word), "{more}: {refusal:?}");
    }
    let peer = connector(&host, &json!({ "user": "root", "sudo": false })).check().await.unwrap().peer;
    assert!(peer.contains("127.0.0.1"), "{peer}");
}

#[tokio::test]
async fn a_host_with_other_tools_is_refused_by_name() {
    let host = Host::start_with(Trouble::Lacks("useradd")).await;
    let refusal = refusal(&host, json!({})).await;
    assert_eq!(refusal.class, RefusalClass::Unsupported);
    assert!(refusal.message.contains("`useradd`") && refusal.message.contains("BusyBox"), "{refusal}");
}

#[tokio::test]
async fn a_lost_answer_is_a_doubt_that_a_look_resolves() {
    let host = Host::start_with(Trouble::Clumsy("usermod")).await;
    let connector = connector(&host, &json!({ "user": "root", "sudo": false }));
    made(&host, &connector).await;
    host.misstep(Misstep::Loses);
    let outcome = apply(&connector, ada(), Write::Disable).await;
    assert!(matches!(&outcome, Outcome::Unknown(doubt) if doubt.message.contains("nobody knows")), "{outcome:?}");
    assert!(host.has_misstepped());
    let expectation = Expectation::after(&Change::new(ada(), Write::Disable));
    assert!(connector.verify(&expectation).await.is_met());
    assert!(!host.lets_in("ada"));
}

#[tokio::test]
async fn an_account_whose_making_was_not_heard_of_is_not_made_twice() {
    let host = Host::start_with(Trouble::Clumsy("useradd")).await;
    let connector = connector(&host, &json!({ "user": "root", "sudo": false }));
    host.misstep(Misstep::Loses);
    let outcome = apply(&connector, ada(), Write::Create { attributes: attributes() }).await;
    assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
    let seen = done(&connector, ada(), Write::Create { attributes: attributes() }).await;
    assert_eq!(seen.state, AccountState::Active);
    assert_eq!(host.run("grep -c E1042 /etc/passwd"), "1");
}

#[tokio::test]
async fn what_a_tool_says_it_did_not_do_is_looked_at() {
    let host = Host::start_with(Trouble::Clumsy("usermod")).await;
    let connector = connector(&host, &json!({}));
    made(&host, &connector).await;
    let before = host.mark();
    host.misstep(Misstep::Fails);
    let outcome = apply(&connector, ada(), Write::Disable).await;
    let Outcome::Refused(refusal) = outcome else { panic!("{outcome:?}") };
    assert!(refusal.message.contains("`usermod 1`"), "{refusal}");
    assert!(std::error::Error::source(&refusal).unwrap().to_string().contains("cannot lock"), "{refusal:?}");
    assert_eq!(host.mark(), before);
    host.misstep(Misstep::Denies);
    let outcome = apply(&connector, ada(), Write::Disable).await;
    assert!(matches!(&outcome, Outcome::Unknown(_)), "{outcome:?}");
    assert_eq!(connector.get(&ada()).await.unwrap().unwrap().state, AccountState::Disabled);
}

#[tokio::test]
async fn a_shell_that_is_not_there_is_given_to_nobody() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({}));
    made(&host, &connector).await;
    let shell = Write::Set { attributes: [("shell".to_owned(), "/bin/nosuch".into())].into() };
    let Outcome::Refused(refusal) = apply(&connector, ada(), shell).await else { panic!("not refused") };
    assert!(refusal.class == RefusalClass::Invalid && refusal.message.contains("`shell`"), "{refusal}");
}

#[tokio::test]
async fn a_host_whose_lists_make_no_sense_is_never_read_as_whole() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({}));
    made(&host, &connector).await;
    host.run("echo 'twin:x:1002:1002::/home/twin:/bin/sh' >>/etc/passwd");
    let batch = connector.read(&Query::accounts(), &Page::first()).await.unwrap();
    let why = format!("{:?}", batch.completeness);
    assert!(why.contains("1002") && batch.objects.is_empty(), "{batch:?}");
    host.run("sed -i '/^twin/d' /etc/passwd && echo 'half:x:' >>/etc/passwd");
    let batch = connector.read(&Query::accounts(), &Page::first()).await.unwrap();
    assert!(format!("{:?}", batch.completeness).contains("half:"), "{batch:?}");
    assert_eq!(batch.objects.len(), 1);
}
