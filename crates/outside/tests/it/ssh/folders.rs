//! Home folders that are made, handed over and packed, whatever their owners prepared in them.

use std::collections::BTreeMap;
use std::process::Stdio;

use serde_json::{Value as Json, json};
use tenure_connect::{
    Act, AnyConnector, DoubtKind, Locator, Operation, Refusal, RefusalClass, Sight, Write, WriteFault,
};
use tenure_model::Value;
use tenure_outside::SshConnector;
use tenure_testkit::host::{Host, Misstep, Trouble};

use super::{ada, attributes, connector, done};

const CREATE: &str = "folder/create";
const TRANSFER: &str = "folder/transfer";
const ARCHIVE: &str = "folder/archive";

/// What somebody may well have in their home folder, and what they should not gain anything by.
const BELONGINGS: &str = "cd ~ada && mkdir -p papers/deep .config && echo secret >papers/deep/plan && chmod 640 papers/deep/plan && \
    echo twice >papers/one && ln papers/one papers/two && ln -s /etc/shadow shadow && ln -s /etc etc && ln -s gone nowhere && ln -s papers linked && \
    echo odd >./-rf && echo odd >\"$(printf 'a\\nb')\" && chown -Rh ada: . && mkfifo pipe && \
    chgrp staff papers/deep/plan && chmod 2770 papers && echo root >of-root && chmod 600 of-root && \
    touch -h -d '2020-02-02 02:02:02.123456789' papers/deep/plan shadow .config && chmod 750 . && \
    mkdir -p -m 700 /var/lib/tenure/archive";

/// Makes Ada with what is hers, and Bob, and gives his native id.
pub async fn both(host: &Host, connector: &SshConnector) -> String {
    done(connector, ada(), Write::Create { attributes: attributes() }).await;
    host.run(BELONGINGS);
    let mut bob = attributes();
    bob.extend([("login", "bob"), ("other", "E7")].map(|(name, value)| (name.to_owned(), Value::from(value))));
    let bob = done(connector, Locator::attribute("other", "E7"), Write::Create { attributes: bob }).await;
    bob.native_id.unwrap().as_str().to_owned()
}

pub fn act(action: &str, with: Json) -> Act {
    let with: BTreeMap<String, Json> = serde_json::from_value(with).unwrap();
    Act { account: ada(), action: action.to_owned(), with, back: None }
}

pub fn taken_back(act: &Act, before: &Sight) -> Act {
    Act { back: Some(before.kept.clone()), ..act.clone() }
}

pub async fn look(connector: &SshConnector, act: &Act) -> Sight {
    AnyConnector::actions(connector).unwrap().look(act).await.unwrap()
}

pub async fn try_act(connector: &SshConnector, act: &Act) -> Result<Sight, WriteFault> {
    let operation = Operation { key: "0a".parse().unwrap(), generation: 1 };
    AnyConnector::actions(connector).unwrap().act(act, &operation).await
}

/// Has it done, and demands that it is so by another look as well.
pub async fn make(connector: &SshConnector, act: &Act) -> Sight {
    let sight = try_act(connector, act).await.unwrap_or_else(|fault| panic!("{}: {fault:?}", act.summary()));
    assert_eq!(sight.so, Some(act.back.is_none()), "{}", act.summary());
    assert_eq!(look(connector, act).await.so, sight.so, "{}", act.summary());
    sight
}

pub async fn refused(connector: &SshConnector, act: &Act) -> Refusal {
    match try_act(connector, act).await {
        Err(WriteFault::Refused(refusal)) => refusal,
        other => panic!("{}: {other:?}", act.summary()),
    }
}

/// Everything about a folder and all that is in it.
pub fn listing(host: &Host, folder: &str) -> String {
    host.run(&format!(
        "cd {folder} && {{ find . -printf '%P|%y|%m|%U|%G|%n|%l' \\( -type d -o -printf '|%s|%T@' \\) -printf '\\n' | sort; \
         find . -type f -exec sha256sum {{}} + | sort; }}"
    ))
}

#[tokio::test]
async fn a_folder_is_made_once_and_taken_back_while_nothing_is_in_it() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({}));
    both(&host, &connector).await;
    let create = act(CREATE, json!({ "name": "Übergabe 2026" }));
    let before = look(&connector, &create).await;
    make(&connector, &create).await;
    assert_eq!(host.run("stat -c '%U %G %a %F' '/home/ada/Übergabe 2026'"), "ada ada 700 directory");
    let after = host.folders();
    make(&connector, &create).await;
    assert_eq!(host.folders(), after);
    host.run("touch '/home/ada/Übergabe 2026/letter'");
    let refusal = refused(&connector, &taken_back(&create, &before)).await;
    assert!(refusal.class == RefusalClass::Invalid && refusal.message.contains("not empty"), "{refusal}");
    host.run("rm '/home/ada/Übergabe 2026/letter'");
    make(&connector, &taken_back(&create, &before)).await;
    assert_eq!(host.run("ls /home"), "ada\nbob");
    // What was there before is not taken away.
    let known = act(CREATE, json!({ "name": ".config" }));
    let before = look(&connector, &known).await;
    let sight = try_act(&connector, &taken_back(&known, &before)).await.unwrap();
    assert_eq!((sight.so, host.run("test -d ~ada/.config && echo there")), (Some(true), "there".to_owned()));
}

#[tokio::test]
async fn a_home_folder_is_made_where_there_is_none() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({}));
    both(&host, &connector).await;
    for with in [json!({}), json!({ "name": "reports" })] {
        host.run("rm -rf /home/ada");
        let create = act(CREATE, with);
        let before = look(&connector, &create).await;
        assert_eq!(before.so, Some(false));
        make(&connector, &create).await;
        assert_eq!(host.run("stat -c '%U %G %a %F' /home/ada"), "ada ada 700 directory");
        make(&connector, &taken_back(&create, &before)).await;
        assert_eq!(host.run("ls -A /home"), "bob");
    }
}

#[tokio::test]
async fn names_and_links_lead_nowhere_else() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({}));
    both(&host, &connector).await;
    let before = (host.folders(), host.run("ls -lR /etc/ssh /var/root 2>&1 || true"));
    for name in ["../bob/x", "..", ".", "/etc/x", "a/b", "-p", "a\nb", "$(touch /var/x)", "`id`", "a;id", "'", " "] {
        let refusal = refused(&connector, &act(CREATE, json!({ "name": name }))).await;
        assert!(refusal.class == RefusalClass::Invalid && refusal.message.contains("`name` must be"), "{refusal}");
    }
    for name in ["etc", "nowhere", "linked", "pipe", "of-root"] {
        let create = act(CREATE, json!({ "name": name }));
        assert_eq!(look(&connector, &create).await.so, Some(false), "{name}");
        assert_eq!(refused(&connector, &create).await.class, RefusalClass::Exists, "{name}");
    }
    assert_eq!((host.folders(), host.run("ls -lR /etc/ssh /var/root 2>&1 || true")), before);
    // A home folder that is a link, or somebody else's, is nobody's.
    host.run("mv /home/ada /home/real && mkdir -m 755 /var/root");
    let bob = connector.get(&Locator::attribute("other", "E7")).await.unwrap().unwrap().native_id.unwrap();
    for trap in ["ln -s /home/real /home/ada", "ln -s /var/root /home/ada", "mkdir -m 777 /home/ada"] {
        host.run(trap);
        let before = host.folders();
        for action in
            [act(CREATE, json!({ "name": "x" })), act(TRANSFER, json!({ "to": bob.as_str() })), act(ARCHIVE, json!({}))]
        {
            let refusal = refused(&connector, &action).await;
            assert!(refusal.message.contains("a link, or not the account's own"), "{trap}: {refusal}");
        }
        assert_eq!((host.folders(), host.run("ls -A /var/root")), (before, String::new()), "{trap}");
        host.run("rm -r /home/ada");
    }
}

#[tokio::test]
async fn a_folder_is_handed_over_and_comes_back() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({}));
    let bob = both(&host, &connector).await;
    let outside = "stat -c '%U %G %a %n' /etc/shadow /etc /etc/passwd /home";
    let (belongings, around) = (listing(&host, "/home/ada"), host.run(outside));
    let transfer = act(TRANSFER, json!({ "to": bob }));
    let before = look(&connector, &transfer).await;
    assert_eq!(before.so, Some(false));
    make(&connector, &transfer).await;
    assert_eq!(host.run("ls -A /home"), "bob");
    assert_eq!(host.run("find /home/bob -user ada -o -group ada"), "");
    let owners = "cd /home/bob/from-ada && stat -c '%U %G %n' . shadow papers/deep/plan papers/one of-root pipe ./-rf";
    assert_eq!(
        host.run(owners),
        "bob bob .\nbob bob shadow\nbob staff papers/deep/plan\nbob bob papers/one\nroot root of-root\nroot root pipe\nbob bob ./-rf"
    );
    assert_eq!(host.run(outside), around);
    let after = host.folders();
    make(&connector, &transfer).await;
    assert_eq!(host.folders(), after);
    make(&connector, &taken_back(&transfer, &before)).await;
    assert_eq!((listing(&host, "/home/ada"), host.run("ls -A /home")), (belongings, "ada\nbob".to_owned()));
    assert_eq!(host.run(outside), around);
}

#[tokio::test]
async fn nobody_makes_believe_that_a_folder_was_handed_over() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({}));
    let bob = both(&host, &connector).await;
    let transfer = act(TRANSFER, json!({ "to": bob }));
    for trap in [
        "ln -s /etc /home/bob/from-ada",
        "ln -s /etc/none /home/bob/from-ada",
        "mkdir /home/bob/from-ada",
        "touch /home/bob/from-ada",
    ] {
        host.run(&format!("{trap}; chown -h bob: /home/bob/from-ada"));
        let before = host.folders();
        assert_eq!(look(&connector, &transfer).await.so, Some(false), "{trap}");
        assert_eq!(refused(&connector, &transfer).await.class, RefusalClass::Exists, "{trap}");
        assert_eq!(host.folders(), before, "{trap}");
        host.run("rm -rf /home/bob/from-ada");
    }
    // Another folder in its place is not the one that was handed over, and does not come back.
    let before = look(&connector, &transfer).await;
    make(&connector, &transfer).await;
    host.run(
        "mv ~bob/from-ada ~bob/mine && mkdir ~bob/from-ada && ln -s /etc ~bob/from-ada/etc && chown -Rh bob: ~bob",
    );
    assert_eq!(look(&connector, &transfer).await.so, Some(false));
    let (folders, back) = (host.folders(), taken_back(&transfer, &before));
    assert!(refused(&connector, &back).await.message.contains("not there any more"));
    assert_eq!(host.folders(), folders);
    host.run("rm -r ~bob/from-ada && mv ~bob/mine ~bob/from-ada && chmod u+s ~bob/from-ada/papers/one");
    let refusal = refused(&connector, &back).await;
    assert!(refusal.message.contains("owner's rights"), "{refusal}");
    host.run("chmod u-s ~bob/from-ada/papers/one");
    make(&connector, &back).await;
}

#[tokio::test]
async fn what_was_prepared_in_a_folder_gains_nobody_anything() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({}));
    let bob = both(&host, &connector).await;
    for (trap, undone, word) in [
        ("chmod u+s ~ada/papers/one", "chmod u-s ~ada/papers/one", "owner's rights"),
        ("chmod g+s ~ada/papers/one", "chmod g-s ~ada/papers/one", "owner's rights"),
        ("ln ~ada/papers/one /home/elsewhere", "rm /home/elsewhere", "another name outside"),
        ("echo carl >/home/carl && ln /home/carl ~ada/carl", "rm /home/carl ~ada/carl", "another name outside"),
        ("mknod ~ada/disk b 8 0", "rm ~ada/disk", "device file"),
        ("mkdir ~ada/m && mount --bind /etc ~ada/m", "umount ~ada/m && rmdir ~ada/m", "is mounted"),
        ("mkdir ~ada/m && mount -t tmpfs x ~ada/m", "umount ~ada/m && rmdir ~ada/m", "is mounted"),
        ("chmod 777 /home", "chmod 755 /home", "root own every folder"),
        ("chown bob /home", "chown root /home", "root own every folder"),
        ("mkdir -m 755 /home/.tenure", "rm -r /home/.tenure", "not root's alone"),
        (
            "mkdir /home/.tenure && chmod 700 /home/.tenure && chown bob /home/.tenure",
            "rm -r /home/.tenure",
            "not root's alone",
        ),
    ] {
        host.run(trap);
        let before = host.folders();
        for action in [act(TRANSFER, json!({ "to": bob })), act(ARCHIVE, json!({}))] {
            let refusal = refused(&connector, &action).await;
            assert!(refusal.message.contains(word), "{trap}: {refusal}");
            assert_eq!(host.folders(), before.clone(), "{trap}");
        }
        host.run(undone);
    }
    // Whoever has something open there would get at it wherever it is.
    for (login, line, word) in [
        ("ada", "echo in; cd /; sleep 1000", "still runs"),
        ("root", "cd ~ada/papers; echo in; sleep 1000", "something open"),
        ("root", "exec 5<~ada/papers/one; echo in; sleep 1000", "something open"),
    ] {
        host.let_in("ada");
        let mut inside = host.sign_in(login, line).stdout(Stdio::piped()).spawn().unwrap();
        let mut first = [0];
        std::io::Read::read_exact(inside.stdout.as_mut().unwrap(), &mut first).unwrap();
        for action in [act(TRANSFER, json!({ "to": bob })), act(ARCHIVE, json!({}))] {
            let refusal = refused(&connector, &action).await;
            assert!(refusal.class == RefusalClass::Maintenance && refusal.message.contains(word), "{line}: {refusal}");
        }
        host.run("pkill -x sleep");
        inside.wait().unwrap();
    }
    make(&connector, &act(TRANSFER, json!({ "to": bob }))).await;
}

#[tokio::test]
async fn a_folder_is_packed_and_comes_back_as_it_was() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({}));
    both(&host, &connector).await;
    let belongings = listing(&host, "/home/ada");
    let archive = act(ARCHIVE, json!({}));
    let before = look(&connector, &archive).await;
    assert_eq!(before.so, Some(false));
    make(&connector, &archive).await;
    assert_eq!(host.run("ls -A /home"), "bob");
    assert_eq!(host.run("stat -c '%U %a' /var/lib/tenure/archive /var/lib/tenure/archive/*"), "root 700\nroot 600");
    let name = host.run("ls -A /var/lib/tenure/archive");
    assert!(name.starts_with("ada-1") && name.contains(".tar") && name.lines().count() == 1, "{name}");
    let after = host.folders();
    make(&connector, &archive).await;
    assert_eq!(host.folders(), after);
    make(&connector, &taken_back(&archive, &before)).await;
    assert_eq!((listing(&host, "/home/ada"), host.run("ls -A /home")), (belongings, "ada\nbob".to_owned()));
    assert_eq!(host.run("ls -A /var/lib/tenure/archive"), "");
    // An archive that is there is never written over, and what stands in place of a home folder neither.
    make(&connector, &archive).await;
    host.run("mkdir /home/ada");
    let folders = host.folders();
    assert_eq!(refused(&connector, &taken_back(&archive, &before)).await.class, RefusalClass::Exists);
    assert_eq!(host.folders(), folders);
    host.run("rmdir /home/ada");
    make(&connector, &act(CREATE, json!({}))).await;
    let folders = host.folders();
    assert_eq!(refused(&connector, &archive).await.class, RefusalClass::Exists);
    assert_eq!(host.folders(), folders);
}

#[tokio::test]
async fn nothing_is_removed_before_the_archive_is_whole() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({}));
    both(&host, &connector).await;
    let archive = act(ARCHIVE, json!({}));
    host.run("head -c 300000 /dev/urandom >~ada/big; mkdir -p -m 700 /var/lib/tenure/archive");
    host.run("mount -t tmpfs -o size=64k,mode=700 x /var/lib/tenure/archive");
    let before = host.folders();
    let refusal = refused(&connector, &archive).await;
    assert!(refusal.message.contains("nothing was lost"), "{refusal}");
    assert!(std::error::Error::source(&refusal).unwrap().to_string().contains("No space"), "{refusal:?}");
    assert_eq!((host.folders(), host.run("ls -A /var/lib/tenure/archive")), (before, String::new()));
    host.run("umount /var/lib/tenure/archive && chmod 755 /var/lib/tenure/archive");
    let refusal = refused(&connector, &archive).await;
    assert!(refusal.message.contains("folder of archives"), "{refusal}");
    host.run("chmod 700 /var/lib/tenure/archive");
    make(&connector, &archive).await;
}

#[tokio::test]
async fn a_tool_that_is_wrong_about_what_it_packed_is_found_out() {
    let host = Host::start_with(Trouble::Clumsy("tar")).await;
    let connector = connector(&host, &json!({}));
    both(&host, &connector).await;
    let before = host.folders();
    for misstep in [Misstep::Fails, Misstep::Denies] {
        host.misstep(misstep);
        let refusal = refused(&connector, &act(ARCHIVE, json!({}))).await;
        assert!(refusal.message.contains("nothing was lost") && host.has_misstepped(), "{refusal}");
        assert_eq!(host.run("find /home -path '*tenure*'; ls -A /var/lib/tenure/archive"), "");
    }
    assert_eq!(host.folders(), before);
}

/// Loses an answer on the way there and on the way back, wherever this tool is first used.
async fn lost(tool: &'static str, action: &str) {
    let host = Host::start_with(Trouble::Clumsy(tool)).await;
    let connector = connector(&host, &json!({ "user": "root", "sudo": false }));
    let bob = both(&host, &connector).await;
    let belongings = listing(&host, "/home/ada");
    let act = act(action, if action == TRANSFER { json!({ "to": bob }) } else { json!({}) });
    let before = look(&connector, &act).await;
    for act in [act.clone(), taken_back(&act, &before)] {
        host.misstep(Misstep::Loses);
        match try_act(&connector, &act).await {
            Err(WriteFault::Doubt(doubt)) if host.has_misstepped() => assert_eq!(doubt.kind, DoubtKind::LostResponse),
            other => panic!("{tool}, {}: {other:?}", act.summary()),
        }
        make(&connector, &act).await;
    }
    assert_eq!(listing(&host, "/home/ada"), belongings, "{tool}");
    assert_eq!(host.run("ls -A /home"), "ada\nbob", "{tool}");
}

#[tokio::test]
async fn an_answer_that_is_lost_while_packing_loses_nothing() {
    for tool in ["tar", "mv", "sync"] {
        lost(tool, ARCHIVE).await;
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_while_handing_over_loses_nothing() {
    for tool in ["mv", "chown", "ln"] {
        lost(tool, TRANSFER).await;
    }
}

#[tokio::test]
async fn what_was_left_half_done_is_said_and_finished() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({}));
    let bob = both(&host, &connector).await;
    let (archive, transfer) = (act(ARCHIVE, json!({})), act(TRANSFER, json!({ "to": bob })));
    let uid = host.run("id -u ada");
    // Packed and known to be whole, and the folder not yet removed.
    make(&connector, &archive).await;
    host.run(&format!("cd /var/lib/tenure/archive && for one in *; do mv $one part-$one; done; mkdir -m 700 /home/.tenure; mkdir -p /home/.tenure/{uid}.done/x"));
    assert_eq!(look(&connector, &archive).await.so, Some(false));
    for other in [&transfer, &act(CREATE, json!({}))] {
        let refusal = refused(&connector, other).await;
        assert!(refusal.message.contains("by halves"), "{refusal}");
    }
    make(&connector, &archive).await;
    assert_eq!(host.run("ls -A /home; ls /var/lib/tenure/archive | grep -c ^ada-"), "bob\n1");
    // Nothing is removed where there is no archive after all.
    host.run(&format!("rm /var/lib/tenure/archive/*; mkdir -m 700 /home/.tenure; mkdir -p /home/.tenure/{uid}.done/x"));
    assert!(matches!(try_act(&connector, &archive).await, Err(WriteFault::Refused(_) | WriteFault::Doubt(_))));
    assert_eq!(host.run(&format!("ls -A /home/.tenure/{uid}.done")), "x");
    host.run("rm -r /home/.tenure");
    // On its way to Bob, and in part his already.
    make(&connector, &act(CREATE, json!({ "name": "mine" }))).await;
    host.run(&format!(
        "mkdir -m 700 /home/.tenure && mv /home/ada /home/.tenure/{uid} && chown bob /home/.tenure/{uid} && \
         mkdir -p /var/lib/tenure/folders && echo {bob} $(stat -c %i /home/.tenure/{uid}) >/var/lib/tenure/folders/{uid}"
    ));
    assert_eq!(look(&connector, &transfer).await.so, Some(false));
    assert!(refused(&connector, &archive).await.message.contains("by halves"));
    make(&connector, &transfer).await;
    assert_eq!(host.run("ls -A /home; stat -c %U ~bob/from-ada ~bob/from-ada/mine"), "bob\nbob\nbob");
}

#[tokio::test]
async fn who_is_never_touched_neither_gives_nor_gets() {
    let host = Host::start().await;
    let reader = connector(&host, &json!({ "readOnly": true }));
    let connector = connector(&host, &json!({ "archive": null }));
    let bob = both(&host, &connector).await;
    let uid = connector.get(&ada()).await.unwrap().unwrap().native_id.unwrap();
    let folders = host.folders();
    for (to, class) in [
        ("0", RefusalClass::Permission),
        ("1000", RefusalClass::Permission),
        ("1001", RefusalClass::Permission),
        (uid.as_str(), RefusalClass::Invalid),
        ("4711", RefusalClass::Invalid),
    ] {
        assert_eq!(refused(&connector, &act(TRANSFER, json!({ "to": to }))).await.class, class, "{to}");
    }
    for locator in [Locator::attribute("login", "root"), Locator::attribute("login", "glass")] {
        let act = Act { account: locator, ..act(TRANSFER, json!({ "to": bob })) };
        assert_eq!(refused(&connector, &act).await.class, RefusalClass::Permission);
    }
    host.run("sed -i 's|/home/bob|/home/ada/bob|' /etc/passwd");
    let refusal = refused(&connector, &act(TRANSFER, json!({ "to": bob }))).await;
    assert!(refusal.message.contains("`bob` lives in the same"), "{refusal}");
    assert_eq!(refused(&connector, &act(ARCHIVE, json!({}))).await.class, RefusalClass::Unsupported);
    assert_eq!(refused(&reader, &act(CREATE, json!({}))).await.class, RefusalClass::Unsupported);
    assert_eq!(host.folders(), folders);
}
