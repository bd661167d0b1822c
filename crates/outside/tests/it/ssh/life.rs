//! Somebody's life on a host: they join, get in, are kept out, come back, and leave.

use std::process::{Command, Stdio};

use serde_json::json;
use tenure_connect::{AnyConnector, Artifact, Locator, RefusalClass, Write};
use tenure_model::{AccountState, Value};
use tenure_testkit::host::Host;

use super::{ada, apply, attributes, connector, done, made};
use tenure_connect::Outcome;

#[tokio::test]
async fn who_is_disabled_is_kept_out_with_key_and_all_and_comes_back() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({}));
    made(&host, &connector).await;
    // What many take for enough: a locked password stops no key.
    host.run("usermod -L ada");
    assert!(host.lets_in("ada"));
    assert_eq!(connector.get(&ada()).await.unwrap().unwrap().state, AccountState::Active);
    assert_eq!(done(&connector, ada(), Write::Disable).await.state, AccountState::Disabled);
    assert!(!host.lets_in("ada"));
    assert_eq!(host.run("grep ^ada: /etc/shadow | cut -d: -f2,8"), "!*:1");
    assert_eq!(done(&connector, ada(), Write::Enable).await.state, AccountState::Active);
    assert!(host.lets_in("ada"));
    assert_eq!(host.run("grep ^ada: /etc/shadow | cut -d: -f2,8"), "*:");
}

#[tokio::test]
async fn live_sessions_are_listed_and_ended() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({}));
    made(&host, &connector).await;
    assert_eq!(connector.artifacts(&ada(), Artifact::Session).await.unwrap(), []);
    // One that does what it can to stay, under a name that could be taken for a state.
    let stays = "trap '' TERM HUP; cp /bin/sleep './x) Z 1'; setsid './x) Z 1' 1000 & wait";
    let mut signed_in = host.sign_in("ada", stays).stdout(Stdio::null()).spawn().unwrap();
    let mut other = host.sign_in("ada", "sleep 1000").stdout(Stdio::null()).spawn().unwrap();
    let running = |host: &Host| host.run("ps -u ada -o comm= | grep -c -e '^x' -e sleep || true");
    for _ in 0..200 {
        if running(&host) == "2" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    let seen = connector.artifacts(&ada(), Artifact::Session).await.unwrap();
    assert!(seen.len() >= 3 && seen.iter().any(|one| one.name.contains("x) Z 1")), "{seen:?}");
    assert!(seen.iter().all(|one| one.made_at.is_some()), "{seen:?}");
    // Disabled, and still there: that is why sessions are ended as well.
    done(&connector, ada(), Write::Disable).await;
    assert_eq!(running(&host), "2");
    done(&connector, ada(), Write::End { artifact: Artifact::Session }).await;
    assert_eq!(connector.artifacts(&ada(), Artifact::Session).await.unwrap(), []);
    assert_eq!(host.run("ps -u ada -o pid= || true"), "");
    assert!(!signed_in.wait().unwrap().success() && !other.wait().unwrap().success());
}

#[tokio::test]
async fn keys_are_listed_by_fingerprint_and_ended_wherever_they_are() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({}));
    made(&host, &connector).await;
    let stranger = std::fs::read_to_string(host.file("stranger.pub")).unwrap();
    std::fs::write(host.file("etc/ssh/keys/ada"), format!("# kept by root\nno-pty,from=\"*\" {stranger}")).unwrap();
    host.run("echo '# mine\n\nnot a key' >>~ada/.ssh/authorized_keys");
    let seen = connector.artifacts(&ada(), Artifact::Key).await.unwrap();
    let mut ids: Vec<&str> = seen.iter().map(|key| key.native_id.as_str()).collect();
    let mut wanted = vec!["line:"];
    let prints: Vec<String> = ["client", "stranger"].map(|name| fingerprint(&host, name)).into();
    wanted.extend(prints.iter().map(String::as_str));
    ids.sort_unstable();
    wanted.sort_unstable();
    assert!(ids.len() == 3 && ids.iter().zip(&wanted).all(|(id, wanted)| id.starts_with(wanted)), "{ids:?} {wanted:?}");
    assert!(seen.iter().any(|key| key.name.starts_with("ssh-ed25519 ") && key.name.contains('@')), "{seen:?}");
    done(&connector, ada(), Write::End { artifact: Artifact::Key }).await;
    assert_eq!(connector.artifacts(&ada(), Artifact::Key).await.unwrap(), []);
    assert!(!host.lets_in("ada"));
    assert_eq!(host.run("cat ~ada/.ssh/authorized_keys"), "# mine");
    assert_eq!(host.run("cat /etc/ssh/keys/ada"), "# kept by root");
    assert_eq!(host.run("stat -c %U ~ada/.ssh/authorized_keys"), "ada");
    assert!(host.lets_in("root"));
}

fn fingerprint(host: &Host, name: &str) -> String {
    let output = Command::new("ssh-keygen").arg("-lf").arg(host.file(&format!("{name}.pub"))).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split(' ').nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn a_home_that_leads_elsewhere_is_no_way_to_the_keys_of_root() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({}));
    done(&connector, ada(), Write::Create { attributes: attributes() }).await;
    host.run("mkdir -p /var/root/.ssh && cp /etc/ssh/keys/root /var/root/.ssh/authorized_keys");
    host.run("chmod 700 /var/root && ln -s /var/root/.ssh ~ada/.ssh && chown -h ada: ~ada/.ssh");
    assert_eq!(connector.artifacts(&ada(), Artifact::Key).await.unwrap(), []);
    done(&connector, ada(), Write::End { artifact: Artifact::Key }).await;
    // Nor does a pipe hold us up that nobody ever writes to.
    host.run("rm ~ada/.ssh && mkdir ~ada/.ssh && mkfifo ~ada/.ssh/authorized_keys && chown -R ada: ~ada/.ssh");
    assert_eq!(connector.artifacts(&ada(), Artifact::Key).await.unwrap(), []);
    assert_eq!(host.run("grep -c ssh-ed25519 /var/root/.ssh/authorized_keys"), "1");
}

#[tokio::test]
async fn a_uid_and_a_home_never_become_somebody_elses() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({}));
    let seen = made(&host, &connector).await;
    host.run("echo secret >~ada/secret && chown ada: ~ada/secret");
    let mut signed_in = host.sign_in("ada", "sleep 1000").stdout(Stdio::null()).spawn().unwrap();
    done(&connector, ada(), Write::Delete).await;
    assert!(!signed_in.wait().unwrap().success());
    assert!(!host.lets_in("ada"));
    assert_eq!(
        host.run("cat /home/ada/secret; grep -c ^ada: /etc/passwd /etc/group || true"),
        "secret\n/etc/passwd:0\n/etc/group:0"
    );
    let again = || Write::Create { attributes: attributes() };
    let Outcome::Refused(refusal) = apply(&connector, ada(), again()).await else { panic!("not refused") };
    assert!(refusal.class == RefusalClass::Exists && refusal.message.contains("home folder"), "{refusal}");
    host.run("mv /home/ada /home/ada.gone");
    let back = done(&connector, ada(), again()).await;
    assert_ne!(back.native_id, seen.native_id);
    // Nor by anybody who asks for it by name.
    let uid: i64 = seen.native_id.unwrap().as_str().parse().unwrap();
    let mut bob = attributes();
    bob.extend(
        [("login", Value::from("bob")), ("other", Value::from("E7")), ("uid", Value::Number(uid))]
            .map(|(n, v)| (n.to_owned(), v)),
    );
    let bob = apply(&connector, Locator::attribute("other", "E7"), Write::Create { attributes: bob }).await;
    let Outcome::Refused(refusal) = bob else { panic!("{bob:?}") };
    assert_eq!(refusal.class, RefusalClass::Exists, "{refusal}");
}

#[tokio::test]
async fn a_home_can_go_with_its_account() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({ "home": "remove" }));
    made(&host, &connector).await;
    done(&connector, ada(), Write::Delete).await;
    assert!(!host.file("home/ada").exists());
    done(&connector, ada(), Write::Create { attributes: attributes() }).await;
}

#[tokio::test]
async fn two_who_write_to_one_account_past_each_other_lose_nothing() {
    let host = Host::start().await;
    let (one, two) = (connector(&host, &json!({})), connector(&host, &json!({ "user": "root", "sudo": false })));
    made(&host, &one).await;
    for round in 0..8 {
        let set = |name: &str| {
            let value = Value::from(format!("{name} {round}"));
            Write::Set { attributes: [(name.to_owned(), value)].into() }
        };
        futures::join!(done(&one, ada(), set("room")), done(&two, ada(), set("workPhone")));
        let seen = one.get(&ada()).await.unwrap().unwrap();
        for name in ["room", "workPhone"] {
            assert_eq!(seen.attributes[name], Value::from(format!("{name} {round}")));
        }
    }
}
