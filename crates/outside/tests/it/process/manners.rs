//! How a connector outside this program is started and what it gets to know; what of its words
//! gets out, and what of its answers is believed.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tenure_connect::{AnyConnector, Change, Locator, Outcome, Page, Query, RefusalClass, SecretRef, Write};
use tenure_testkit::act::{apply, done};

use super::falls::until_gone;
use super::{ada, attributes, bad, connector, heard, python};

const ECHO: &str = "answer(id=request['id'], result={'peer': os.environ.get('PATH', 'no path') + ' ' + ' '.join(sys.argv[1:]) + ' ' + os.getcwd()})";

fn secret(folder: &TempDir, text: &str) -> SecretRef {
    let path = folder.path().join("secret");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    SecretRef::File(path)
}

#[tokio::test]
async fn it_gets_only_what_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = bad(&folder, &format!("os.environ.pop('LC_CTYPE', None)\n{ECHO}"));
    settings["arguments"] = json!(["--site", "$(id) *"]);
    settings["settings"] = json!({ "site": "north" });
    settings["secrets"] = json!({ "token": secret(&folder, "hunter22\n") });
    let here = folder.path().canonicalize().unwrap();
    let peer = connector(settings.clone()).check().await.unwrap().peer;
    assert_eq!(peer, format!("no path --site $(id) * {}", here.display()));
    settings["environment"] = json!(["PATH", "NOT_SET_AT_ALL"]);
    let peer = connector(settings).check().await.unwrap().peer;
    assert!(peer.contains("/bin"), "{peer}");
    let hello = &heard(&folder)[0]["params"];
    assert_eq!(*hello, json!({ "protocol": 1, "settings": { "site": "north" }, "secrets": { "token": "hunter22" } }));
}

#[tokio::test]
async fn a_secret_in_its_words_does_not_get_out() {
    let folder = tempfile::tempdir().unwrap();
    let leak = "if request['method'] == 'apply': answer(id=request['id'], error={'code': -32000, 'data': {'class': 'denied' if 'x' in request else 'invalid'}, 'message': 'bad password ' + request['params']['password']})\n\
                else:\n    sys.stderr.write('my token is hunter22\\n'); sys.stderr.flush(); sys.exit(1)";
    let mut settings = bad(&folder, leak);
    settings["secrets"] = json!({ "token": secret(&folder, "hunter22") });
    let connector = connector(settings);
    let write = Write::SetPassword { secret: secret(&folder, "hunter22"), must_change: false };
    let Outcome::Refused(refusal) = apply(&connector, &Change::new(ada(), write)).await else { panic!("not refused") };
    assert_eq!(refusal.message, "bad password [hidden]");
    let refusal = connector.check().await.unwrap_err();
    assert!(refusal.message.contains("the last it wrote was `my token is [hidden]`"), "{refusal}");
}

async fn start(does: impl Fn(&str) -> String, settings: impl Fn(&mut Json)) -> tenure_connect::Refusal {
    let folder = tempfile::tempdir().unwrap();
    let mut config = bad(&folder, "answer(id=request['id'], result={'peer': 'x'})");
    let program = folder.path().join("bad.py");
    let text = std::fs::read_to_string(&program).unwrap();
    std::fs::write(&program, does(&text)).unwrap();
    settings(&mut config);
    connector(config).check().await.unwrap_err()
}

#[tokio::test]
async fn one_that_speaks_another_version_or_none_is_refused_for_good() {
    for (said, named) in [("'protocol': 2", "speaks version 2"), ("'protocl': 1", "speaks version none")] {
        let refusal = start(|text| text.replace("'protocol': 1", said), |_| ()).await;
        assert_eq!(refusal.class, RefusalClass::Unsupported, "{refusal}");
        assert!(refusal.message.contains(named), "{refusal}");
    }
}

#[tokio::test]
async fn one_that_describes_itself_otherwise_than_its_file_is_refused() {
    let other = |text: &str| text.replace("        answer(id", "        described['verbs'] = {}\n        answer(id");
    let refusal = start(other, |_| ()).await;
    assert_eq!(refusal.class, RefusalClass::Invalid, "{refusal}");
    assert!(refusal.message.contains("`verbs` differs"), "{refusal}");
}

#[tokio::test]
async fn what_cannot_start_is_named() {
    let refusal = start(str::to_owned, |config| config["program"] = json!("none.py")).await;
    assert!(refusal.message.contains("none.py` cannot be started"), "{refusal}");
    let refusal = start(|text| text.replace("import json", "import nothing_like_it, json"), |_| ()).await;
    assert!(refusal.message.contains("No module named 'nothing_like_it'"), "{refusal}");
    let open = |config: &mut Json| {
        let program = std::path::Path::new(config["folder"].as_str().unwrap()).join("bad.py");
        std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o777)).unwrap();
    };
    let refusal = start(str::to_owned, open).await;
    assert!(refusal.message.contains("chmod o-w"), "{refusal}");
}

#[tokio::test]
async fn memory_has_an_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = bad(&folder, "kept = bytearray(300 << 20)\nanswer(id=request['id'], result={'peer': 'big'})");
    settings["limits"] = json!({ "memoryMib": 600 });
    assert_eq!(connector(settings.clone()).check().await.unwrap().peer, "big");
    settings["limits"] = json!({ "memoryMib": 100 });
    let refusal = connector(settings).check().await.unwrap_err();
    assert!(refusal.message.contains("MemoryError"), "{refusal}");
}

#[tokio::test]
async fn it_ends_with_its_connector() {
    let folder = tempfile::tempdir().unwrap();
    let connector = connector(bad(&folder, "answer(id=request['id'], result={'peer': str(os.getpid())})"));
    let pid = connector.check().await.unwrap().peer;
    assert!(std::path::Path::new(&format!("/proc/{pid}")).exists());
    drop(connector);
    until_gone(&pid).await;
}

#[tokio::test]
async fn one_that_nobody_needs_is_ended_and_comes_back_when_it_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let connector = connector(bad(&folder, "answer(id=request['id'], result={'peer': str(os.getpid())})"));
    let first = connector.check().await.unwrap().peer;
    tokio::time::pause();
    tokio::time::sleep(std::time::Duration::from_mins(11)).await;
    tokio::time::resume();
    until_gone(&first).await;
    assert_ne!(connector.check().await.unwrap().peer, first);
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_not_used() {
    let seen = "{'nativeId': 'other', 'name': 'x', 'state': 'active', 'holds': [], 'attributes': %s, 'at': '2026-01-01T00:00:00Z'}";
    let get = |attributes: &str| {
        let seen = seen.replace("%s", attributes);
        format!("answer(id=request['id'], result={{'account': {seen}}})")
    };
    let folder = tempfile::tempdir().unwrap();
    let refusal = connector(bad(&folder, &get("{}"))).get(&Locator::native("7f")).await.unwrap_err();
    assert!(refusal.message.contains("somebody else than `7f`") && !refusal.retry(), "{refusal}");
    let refusal = connector(bad(&folder, &get("{'password': {'text': 'x'}}"))).get(&ada()).await.unwrap_err();
    assert!(refusal.message.contains("attribute `password`, which it must not show"), "{refusal}");
    let page = |objects: &str, next: &str| {
        format!(
            "answer(id=request['id'], result={{'objects': {objects}, 'next': {next}, 'completeness': {{'is': 'whole'}}, 'expected': None}})"
        )
    };
    let team = "[{'entitlement': {'nativeId': '1', 'kind': 'group', 'name': 'x'}}]";
    for (does, named) in [(page(team, "None"), "another class"), (page("[]", "'more'"), "a next page")] {
        let refusal = connector(bad(&folder, &does)).read(&Query::accounts(), &Page::first()).await.unwrap_err();
        assert!(refusal.message.contains(named), "{refusal}");
    }
}

#[tokio::test]
async fn a_connector_that_only_says_done_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let lies =
        "answer(id=request['id'], result={'end': 'done'} if request['method'] == 'apply' else {'account': None})";
    let change = Change::new(ada(), Write::Create { attributes: attributes("ada") });
    let Outcome::Unknown(doubt) = apply(&connector(bad(&folder, lies)), &change).await else { panic!("believed") };
    assert!(doubt.message.contains("said yes to") && doubt.message.contains("it is not so"), "{}", doubt.message);
}

#[tokio::test]
async fn accounts_outlive_the_process_that_made_them() {
    let folder = tempfile::tempdir().unwrap();
    let change = Change::new(ada(), Write::Create { attributes: attributes("ada") });
    let made = done(&connector(python(&folder)), &change).await;
    let found = connector(python(&folder)).get(&ada()).await.unwrap().unwrap();
    assert_eq!((found.native_id, found.attributes), (made.native_id, made.attributes));
}
