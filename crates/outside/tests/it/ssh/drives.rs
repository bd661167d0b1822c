//! Shared drives that are made, handed over and packed, whatever was prepared in them.

use std::process::Stdio;

use serde_json::json;
use tenure_connect::{Act, DoubtKind, Locator, RefusalClass, WriteFault};
use tenure_outside::SshConnector;
use tenure_testkit::host::{Host, Misstep, Trouble};

use super::connector;
use super::folders::{act, both, listing, look, make, refused, taken_back, try_act};

const CREATE: &str = "drive/create";
const TRANSFER: &str = "drive/transfer";
const ARCHIVE: &str = "drive/archive";

/// What Ada and others have in her drives, and she in Bob's.
const BELONGINGS: &str = "mkdir sales/deep && echo secret >sales/deep/plan && chmod 640 sales/deep/plan && \
    echo twice >sales/one && ln sales/one sales/two && ln -s /etc/shadow sales/shadow && ln -s /etc sales/etc && \
    ln -s ../theirs sales/theirs && echo odd >\"sales/$(printf 'a\\nb')\" && chown -Rh ada:ada sales && mkfifo sales/pipe && \
    echo staff >sales/staff && chown ada:staff sales/staff && echo root >sales/of-root && chown root:root sales/of-root && \
    echo tax >'Team Übergabe/tax' && chown ada:ada 'Team Übergabe/tax' && \
    touch -h -d '2020-02-02 02:02:02.123456789' sales/deep/plan sales/shadow && \
    mkdir -m 2775 theirs && echo guest >theirs/of-ada && chown -R bob:bob theirs && chown ada:ada theirs/of-ada && \
    mkdir -m 700 -p of-root /var/lib/tenure/archive && ln -s theirs linked && chown -h ada:ada linked && \
    touch file && chown ada:ada file";

fn drive(name: &str) -> Act {
    act(CREATE, json!({ "name": name }))
}

/// Makes Ada with two drives, and Bob with one of his own, and gives his native id.
async fn furnished(host: &Host, connector: &SshConnector) -> String {
    host.run("mkdir -m 755 /var/lib/drives");
    let bob = both(host, connector).await;
    for name in ["sales", "Team Übergabe"] {
        make(connector, &drive(name)).await;
    }
    run(host, BELONGINGS);
    bob
}

/// Runs a line among the drives.
fn run(host: &Host, line: &str) -> String {
    host.run(&format!("umask 022; cd /var/lib/drives && {line}"))
}

fn owners(host: &Host) -> String {
    run(host, "stat -c '%U %G %a %n' *")
}

/// What Ada has at first: hers, and what is not.
const BEFORE: &str = "ada ada 2770 Team Übergabe\nada ada 644 file\nada ada 777 linked\nroot root 700 of-root\n\
                      ada ada 2770 sales\nbob bob 2775 theirs";

#[tokio::test]
async fn a_drive_is_made_once_and_taken_back_while_nothing_is_in_it() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({}));
    furnished(&host, &connector).await;
    let create = drive("Reports");
    let before = look(&connector, &create).await;
    assert_eq!(before.so, Some(false));
    make(&connector, &create).await;
    assert_eq!(run(&host, "stat -c '%U %G %a %F' Reports; ls -A | head -n 1"), "ada ada 2770 directory\nReports");
    let after = host.folders();
    make(&connector, &create).await;
    assert_eq!(host.folders(), after);
    run(&host, "touch Reports/letter");
    let refusal = refused(&connector, &taken_back(&create, &before)).await;
    assert!(refusal.class == RefusalClass::Invalid && refusal.message.contains("not empty"), "{refusal}");
    run(&host, "rm Reports/letter");
    make(&connector, &taken_back(&create, &before)).await;
    assert_eq!(owners(&host), BEFORE);
    // What was there before is not taken away, and nor is what is somebody else's by now.
    let known = drive("sales");
    let before = look(&connector, &known).await;
    assert_eq!(before.so, Some(true));
    try_act(&connector, &taken_back(&known, &before)).await.unwrap();
    let before = look(&connector, &create).await;
    make(&connector, &create).await;
    run(&host, "chown bob: Reports");
    make(&connector, &taken_back(&create, &before)).await;
    assert_eq!(run(&host, "stat -c %U Reports sales"), "bob\nada");
}

#[tokio::test]
async fn names_of_drives_lead_nowhere_else() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({}));
    furnished(&host, &connector).await;
    let before = host.folders();
    let refusal = refused(&connector, &act(CREATE, json!({}))).await;
    assert!(refusal.class == RefusalClass::Invalid && refusal.message.contains("give `name`"), "{refusal}");
    assert_eq!(refused(&connector, &drive("")).await.class, RefusalClass::Invalid);
    for name in ["..", ".", "../lib/x", "/etc/x", "a/b", "-p", "a\nb", "$(id)", "*", ".tenure", ".x", " "] {
        let refusal = refused(&connector, &drive(name)).await;
        assert!(refusal.class == RefusalClass::Invalid && refusal.message.contains("`name` must be"), "{refusal}");
    }
    for name in ["theirs", "of-root", "linked", "file"] {
        assert_eq!(look(&connector, &drive(name)).await.so, Some(false), "{name}");
        assert_eq!(refused(&connector, &drive(name)).await.class, RefusalClass::Exists, "{name}");
    }
    assert_eq!(host.folders(), before);
}

#[tokio::test]
async fn every_drive_is_handed_over_and_comes_back() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({}));
    let bob = furnished(&host, &connector).await;
    let outside = "stat -c '%U %G %a %n' /etc/shadow /etc /etc/passwd /home /home/ada /home/ada/papers";
    let (drives, around) = (listing(&host, "/var/lib/drives"), host.run(outside));
    let transfer = act(TRANSFER, json!({ "to": bob }));
    let before = look(&connector, &transfer).await;
    assert_eq!(before.so, Some(false));
    make(&connector, &transfer).await;
    assert_eq!(owners(&host), BEFORE.replace("ada ada 2770", "bob bob 2770"));
    assert_eq!(
        run(&host, "cd sales && stat -c '%U %G %n' deep/plan one shadow etc pipe staff of-root ../theirs/of-ada"),
        "bob bob deep/plan\nbob bob one\nbob bob shadow\nbob bob etc\nroot bob pipe\nbob staff staff\nroot root of-root\n\
         ada ada ../theirs/of-ada"
    );
    assert_eq!(host.run(outside), around);
    let after = host.folders();
    make(&connector, &transfer).await;
    assert_eq!(host.folders(), after);
    // Other drives that Bob got since then stay his.
    run(&host, "mkdir more && chown bob: more");
    make(&connector, &taken_back(&transfer, &before)).await;
    assert_eq!(run(&host, "stat -c %U more; rmdir more"), "bob");
    assert_eq!((listing(&host, "/var/lib/drives"), host.run(outside)), (drives, around));
    // Another drive of the same name is none that was handed over.
    make(&connector, &transfer).await;
    run(&host, "mv sales elsewhere && mkdir sales && chown bob: sales");
    let folders = host.folders();
    let refusal = refused(&connector, &taken_back(&transfer, &before)).await;
    assert!(refusal.message.contains("`sales`: what was made of it is not there any more"), "{refusal}");
    assert_eq!(host.folders(), folders);
}

#[tokio::test]
async fn whoever_has_no_drive_has_nothing_to_hand_over_or_to_pack() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({}));
    let bob = furnished(&host, &connector).await;
    run(&host, "chown bob sales 'Team Übergabe'");
    let before = host.folders();
    for action in [act(TRANSFER, json!({ "to": bob })), act(ARCHIVE, json!({}))] {
        let sight = look(&connector, &action).await;
        assert_eq!(sight.so, Some(true), "{}", action.summary());
        make(&connector, &action).await;
        try_act(&connector, &taken_back(&action, &sight)).await.unwrap();
        assert_eq!(host.folders(), before, "{}", action.summary());
    }
}

#[tokio::test]
async fn a_group_that_others_are_in_keeps_its_drives() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({}));
    let bob = furnished(&host, &connector).await;
    host.run("usermod -a -G ada glass");
    let drives = listing(&host, "/var/lib/drives");
    let transfer = act(TRANSFER, json!({ "to": bob }));
    let before = look(&connector, &transfer).await;
    make(&connector, &transfer).await;
    assert_eq!(owners(&host), BEFORE.replace("ada ada 2770", "bob ada 2770"));
    host.run("gpasswd -d glass ada");
    make(&connector, &taken_back(&transfer, &before)).await;
    assert_eq!(listing(&host, "/var/lib/drives"), drives);
}

#[tokio::test]
async fn what_was_prepared_in_one_drive_keeps_all_of_them() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({}));
    let bob = furnished(&host, &connector).await;
    let both = [act(TRANSFER, json!({ "to": bob })), act(ARCHIVE, json!({}))];
    for (trap, undone, word) in [
        ("chmod u+s sales/one", "chmod u-s sales/one", "`sales`: there is a program"),
        ("chmod g+s sales/one", "chmod g-s sales/one", "`sales`: there is a program"),
        ("ln sales/one /var/elsewhere", "rm /var/elsewhere", "`sales`: a file of the folder has another name"),
        // One name in each of two drives is elsewhere for either.
        ("ln sales/of-root 'Team Übergabe/x'", "rm 'Team Übergabe/x'", "and of the drive `sales`: a file"),
        ("mknod sales/disk b 8 0", "rm sales/disk", "`sales`: there is a device file"),
        (
            "mkdir sales/m && mount --bind /etc sales/m",
            "umount sales/m && rmdir sales/m",
            "`sales`: something is mounted",
        ),
        (
            "mkdir 'Team Übergabe/m m' && mount -t tmpfs x 'Team Übergabe/m m'",
            "umount 'Team Übergabe/m m' && rmdir 'Team Übergabe/m m'",
            "`Team Übergabe`: something is mounted",
        ),
        (
            "mount --bind 'Team Übergabe' 'Team Übergabe'",
            "umount 'Team Übergabe'",
            "`Team Übergabe`: something is mounted",
        ),
        ("chmod 775 .", "chmod 755 .", "root own every folder"),
        ("chown bob .", "chown root .", "root own every folder"),
        ("mkdir -m 755 .tenure", "rmdir .tenure", "not root's alone"),
        ("mkdir 'a*' && chown ada 'a*'", "rmdir 'a*'", "control letters"),
    ] {
        run(&host, trap);
        let before = host.folders();
        for action in &both {
            let refusal = refused(&connector, action).await;
            assert!(refusal.class == RefusalClass::Invalid && refusal.message.contains(word), "{trap}: {refusal}");
            assert_eq!(host.folders(), before.clone(), "{trap}");
        }
        run(&host, undone);
    }
    // Not every file system has files that nobody changes.
    if host.try_as("root", "chattr +i /var/lib/drives/sales/one").status.success() {
        let before = host.folders();
        for action in &both {
            let refusal = refused(&connector, action).await;
            assert!(refusal.message.contains("`sales`: something in the folder can neither"), "{refusal}");
            assert_eq!(host.folders(), before.clone());
        }
        run(&host, "chattr -i sales/one");
    }
    make(&connector, &both[0]).await;
}

#[tokio::test]
async fn a_drive_that_is_in_use_stays_where_it_is() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({}));
    let bob = furnished(&host, &connector).await;
    for login in ["ada", "bob"] {
        host.let_in(login);
    }
    let before = host.folders();
    for (login, line, word) in [
        ("ada", "echo in; cd /; sleep 1000", "still runs"),
        (
            "root",
            "cd '/var/lib/drives/Team Übergabe'; echo in; sleep 1000",
            "`Team Übergabe`: somebody has something open",
        ),
        ("root", "exec 5</var/lib/drives/sales/one; echo in; sleep 1000", "`sales`: somebody has something open"),
    ] {
        let mut inside = host.sign_in(login, line).stdout(Stdio::piped()).spawn().unwrap();
        let mut first = [0];
        std::io::Read::read_exact(inside.stdout.as_mut().unwrap(), &mut first).unwrap();
        for action in [act(TRANSFER, json!({ "to": bob })), act(ARCHIVE, json!({}))] {
            let refusal = refused(&connector, &action).await;
            assert!(refusal.class == RefusalClass::Maintenance && refusal.message.contains(word), "{line}: {refusal}");
            assert_eq!(host.folders(), before, "{line}");
        }
        host.run("pkill -x sleep");
        inside.wait().unwrap();
    }
    // What is open in a drive of somebody else, and by them, keeps nobody.
    let mut inside =
        host.sign_in("bob", "cd /var/lib/drives/theirs; echo in; sleep 1000").stdout(Stdio::piped()).spawn().unwrap();
    let mut first = [0];
    std::io::Read::read_exact(inside.stdout.as_mut().unwrap(), &mut first).unwrap();
    make(&connector, &act(TRANSFER, json!({ "to": bob }))).await;
    host.run("pkill -x sleep");
    inside.wait().unwrap();
}

#[tokio::test]
async fn every_drive_is_packed_and_comes_back_as_it_was() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({}));
    furnished(&host, &connector).await;
    let drives = listing(&host, "/var/lib/drives");
    let archive = act(ARCHIVE, json!({}));
    let before = look(&connector, &archive).await;
    assert_eq!(before.so, Some(false));
    make(&connector, &archive).await;
    assert_eq!(run(&host, "ls -A"), "file\nlinked\nof-root\ntheirs");
    let names = host.run("cd /var/lib/tenure/archive && stat -c '%U %a' . *; ls -A");
    let uid = host.run("id -u ada");
    assert!(names.starts_with(&format!("root 700\nroot 600\nroot 600\nada-{uid}+Team Übergabe.tar")), "{names}");
    let after = host.folders();
    make(&connector, &archive).await;
    assert_eq!(host.folders(), after);
    make(&connector, &taken_back(&archive, &before)).await;
    assert_eq!(listing(&host, "/var/lib/drives"), drives);
    assert_eq!(host.run("ls -A /var/lib/tenure/archive"), "");
    // An archive that is there is never written over, and what stands in place of a drive neither.
    make(&connector, &archive).await;
    make(&connector, &drive("sales")).await;
    let folders = host.folders();
    let refusal = refused(&connector, &archive).await;
    assert!(
        refusal.class == RefusalClass::Exists && refusal.message.contains("`sales`: there is an archive"),
        "{refusal}"
    );
    let back = taken_back(&archive, &before);
    let refusal = refused(&connector, &back).await;
    assert!(
        refusal.class == RefusalClass::Exists && refusal.message.contains("`sales`: something of that"),
        "{refusal}"
    );
    assert_eq!(host.folders(), folders);
    run(&host, "rmdir sales");
    make(&connector, &back).await;
    assert_eq!(listing(&host, "/var/lib/drives"), drives);
}

#[tokio::test]
async fn no_drive_is_removed_before_all_archives_are_whole() {
    let host = Host::start_with(Trouble::Clumsy("tar")).await;
    let connector = connector(&host, &json!({}));
    furnished(&host, &connector).await;
    let archive = act(ARCHIVE, json!({}));
    run(&host, "head -c 300000 /dev/urandom >sales/big");
    host.run("mount -t tmpfs -o size=64k,mode=700 x /var/lib/tenure/archive");
    let before = host.folders();
    let refusal = refused(&connector, &archive).await;
    assert!(refusal.message.contains("`sales`: what was packed"), "{refusal}");
    assert_eq!((host.folders(), host.run("ls -A /var/lib/tenure/archive")), (before, String::new()));
    host.run("umount /var/lib/tenure/archive");
    let before = host.folders();
    for misstep in [Misstep::Fails, Misstep::Denies] {
        host.misstep(misstep);
        let refusal = refused(&connector, &archive).await;
        assert!(refusal.message.contains("nothing was lost") && host.has_misstepped(), "{refusal}");
        assert_eq!(host.folders(), before);
    }
    make(&connector, &archive).await;
}

/// Loses an answer on the way there and on the way back, wherever this tool is first used.
async fn lost(tool: &'static str, action: &str) {
    let host = Host::start_with(Trouble::Clumsy(tool)).await;
    let connector = connector(&host, &json!({ "user": "root", "sudo": false }));
    let bob = furnished(&host, &connector).await;
    let drives = listing(&host, "/var/lib/drives");
    let with = match action {
        CREATE => json!({ "name": "new" }),
        TRANSFER => json!({ "to": bob }),
        _ => json!({}),
    };
    let act = act(action, with);
    let before = look(&connector, &act).await;
    for act in [act.clone(), taken_back(&act, &before)] {
        host.misstep(Misstep::Loses);
        match try_act(&connector, &act).await {
            Err(WriteFault::Doubt(doubt)) if host.has_misstepped() => assert_eq!(doubt.kind, DoubtKind::LostResponse),
            // There is nothing of this tool in taking back a drive that was just made.
            Ok(_) if !host.has_misstepped() => {}
            other => panic!("{tool}, {}: {other:?}", act.summary()),
        }
        make(&connector, &act).await;
    }
    assert_eq!(listing(&host, "/var/lib/drives"), drives, "{tool}");
    assert_eq!(host.run("ls -A /var/lib/tenure/archive"), "", "{tool}");
}

#[tokio::test]
async fn an_answer_that_is_lost_loses_no_drive() {
    for (tool, action) in [
        ("mkdir", CREATE),
        ("chmod", CREATE),
        ("mv", CREATE),
        ("mv", TRANSFER),
        ("chown", TRANSFER),
        ("sync", TRANSFER),
        ("tar", ARCHIVE),
        ("mv", ARCHIVE),
        ("sync", ARCHIVE),
    ] {
        lost(tool, action).await;
    }
}

/// Leaves a drive as whoever broke off would have, with what was done to it by then.
fn left(host: &Host, name: &str, pen: &str, done: &str) {
    run(
        host,
        &format!("mkdir -p -m 700 .tenure .tenure/{pen} && mv {name} .tenure/{pen}/ && cd .tenure/{pen} && {done}"),
    );
}

#[tokio::test]
async fn drives_that_were_left_halfway_go_on_or_come_back() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({}));
    let bob = furnished(&host, &connector).await;
    host.run("useradd -c ,,,,E9 carl");
    let (ada_uid, carl) = (host.run("id -u ada"), host.run("id -u carl"));
    let drives = listing(&host, "/var/lib/drives");
    let (transfer, archive) = (act(TRANSFER, json!({ "to": bob })), act(ARCHIVE, json!({})));
    let before = look(&connector, &transfer).await;
    let all_back = async |what: &str| {
        make(&connector, &taken_back(&transfer, &before)).await;
        assert_eq!(listing(&host, "/var/lib/drives"), drives, "{what}");
    };
    // Taken in, and not yet touched.
    left(&host, "sales", &ada_uid, "true");
    let sight = look(&connector, &transfer).await;
    assert_eq!((sight.so, &sight.kept), (Some(false), &before.kept));
    assert!(refused(&connector, &drive("sales")).await.message.contains("by halves"));
    make(&connector, &transfer).await;
    assert_eq!(owners(&host), BEFORE.replace("ada ada 2770", "bob bob 2770"));
    all_back("taken in").await;
    left(&host, "sales", &ada_uid, "true");
    all_back("taken in, and taken back").await;
    // Bob's in part, and the other drive wholly his already, or not at all.
    for (other, owner) in [("ada", "ada"), ("bob", "bob")] {
        let pen = format!("{ada_uid}.{bob}");
        let half = "chown bob:bob sales sales/one";
        left(&host, "sales", &pen, &format!("{half} && chown -R {other}:{other} '/var/lib/drives/Team Übergabe'"));
        assert_eq!(look(&connector, &transfer).await.so, Some(false));
        for elsewhere in [&act(TRANSFER, json!({ "to": carl })), &archive] {
            assert!(refused(&connector, elsewhere).await.message.contains("by halves"));
        }
        make(&connector, &transfer).await;
        assert_eq!(run(&host, "find sales 'Team Übergabe' -user ada"), "", "{owner}");
        all_back(owner).await;
        left(&host, "sales", &pen, &format!("{half} && chown -R {other}:{other} '/var/lib/drives/Team Übergabe'"));
        all_back(owner).await;
    }
}

#[tokio::test]
async fn drives_that_were_left_packed_or_unpacked_are_finished() {
    let host = Host::start().await;
    let connector = connector(&host, &json!({}));
    furnished(&host, &connector).await;
    let uid = host.run("id -u ada");
    let drives = listing(&host, "/var/lib/drives");
    let archive = act(ARCHIVE, json!({}));
    let before = look(&connector, &archive).await;
    make(&connector, &archive).await;
    // Packed and known to be whole, and one of them not yet removed.
    host.run("cd /var/lib/tenure/archive && for one in *sales*; do mv \"$one\" \"part-$one\"; done");
    run(&host, &format!("mkdir -m 700 .tenure && mkdir -p .tenure/{uid}.done/sales/deep"));
    assert_eq!(look(&connector, &archive).await.so, Some(false));
    make(&connector, &archive).await;
    assert_eq!(
        host.run("ls -A /var/lib/tenure/archive | grep -c ^ada-; ls -A /var/lib/drives"),
        "2\nfile\nlinked\nof-root\ntheirs"
    );
    run(&host, &format!("mkdir -m 700 .tenure && mkdir -p .tenure/{uid}.done/sales/deep"));
    make(&connector, &taken_back(&archive, &before)).await;
    assert_eq!(listing(&host, "/var/lib/drives"), drives);
    make(&connector, &archive).await;
    // Unpacked by halves is nothing; unpacked wholly goes to its place.
    run(&host, &format!("mkdir -m 700 .tenure && mkdir -p .tenure/{uid}.new/sales/rubbish"));
    make(&connector, &taken_back(&archive, &before)).await;
    assert_eq!(listing(&host, "/var/lib/drives"), drives);
    host.run("cd /var/lib/drives && tar -cf \"/var/lib/tenure/archive/ada-$(id -u ada)+sales.tar\" sales");
    left(&host, "sales", &format!("{uid}.back"), "true");
    make(&connector, &taken_back(&archive, &before)).await;
    assert_eq!((listing(&host, "/var/lib/drives"), host.run("ls -A /var/lib/tenure/archive")), (drives, String::new()));
    // Nothing is removed where there is no archive after all.
    left(&host, "sales", &format!("{uid}.done"), "true");
    assert!(matches!(try_act(&connector, &archive).await, Err(WriteFault::Refused(_) | WriteFault::Doubt(_))));
    assert_eq!(run(&host, &format!("ls .tenure/{uid}.done")), "sales");
}

#[tokio::test]
async fn drives_are_only_where_the_settings_say_so() {
    let host = Host::start().await;
    let reader = connector(&host, &json!({ "readOnly": true }));
    let without = connector(&host, &json!({ "drives": null }));
    let unpacked = connector(&host, &json!({ "archive": null }));
    let missing = connector(&host, &json!({ "drives": "/var/lib/none" }));
    let connector = connector(&host, &json!({}));
    let bob = furnished(&host, &connector).await;
    let folders = host.folders();
    for (connector, act) in [
        (&reader, drive("x")),
        (&without, drive("x")),
        (&without, act(ARCHIVE, json!({}))),
        (&unpacked, act(ARCHIVE, json!({}))),
    ] {
        assert_eq!(refused(connector, &act).await.class, RefusalClass::Unsupported);
    }
    assert!(refused(&missing, &drive("x")).await.message.contains("nothing is there"));
    for (to, class) in
        [("0", RefusalClass::Permission), ("1001", RefusalClass::Permission), ("4711", RefusalClass::Invalid)]
    {
        assert_eq!(refused(&connector, &act(TRANSFER, json!({ "to": to }))).await.class, class, "{to}");
    }
    let glass = Act { account: Locator::attribute("login", "glass"), ..drive("x") };
    assert_eq!(refused(&connector, &glass).await.class, RefusalClass::Permission);
    // A home folder is no drive, also where a link leads there.
    for home in ["/var/lib/drives/sales", "/var/lib/drives/of-root/deep", "/var/link/sales"] {
        host.run(&format!("ln -sfn /var/lib/drives /var/link; sed -i 's|:/home/bob:|:{home}:|' /etc/passwd"));
        for action in [drive("x"), act(TRANSFER, json!({ "to": bob })), act(ARCHIVE, json!({}))] {
            let refusal = refused(&connector, &action).await;
            assert!(refusal.message.contains("among the drives"), "{home}: {refusal}");
        }
        host.run(&format!("sed -i 's|:{home}:|:/home/bob:|' /etc/passwd"));
    }
    assert_eq!(host.folders(), folders);
}

mod slow {
    use super::*;

    /// A tool that takes the line down after so many uses of it and of the others like it.
    const COUNTED: &str = "#!/bin/sh\nread -r left 2>/dev/null </var/left || left=0\n\
        [ \"$left\" -gt 0 ] || exec /var/real-TOOL \"$@\"\nleft=$((left - 1))\necho \"$left\" >/var/left\n\
        /var/real-TOOL \"$@\"\ncode=$?\n[ \"$left\" -eq 0 ] || exit \"$code\"\n\
        read -r all <\"/proc/$$/stat\"\nset -- ${all##*) }\nkill -KILL \"$4\"\n";

    fn count(host: &Host, tool: &str) {
        std::fs::write(host.file("var").join(tool), COUNTED.replace("TOOL", tool)).unwrap();
        host.run(&format!(
            "real=$(readlink -f \"$(command -v {tool})\") && cp \"$real\" /var/real-{tool} && chmod 755 /var/{tool} && \
             mount --bind /var/{tool} \"$real\""
        ));
    }

    /// Breaks the line off after so many uses of the tools, and has it done again. Whether there were so many.
    async fn broken_off(host: &Host, connector: &SshConnector, act: &Act, uses: u32) -> bool {
        host.run(&format!("echo {uses} >/var/left"));
        let made = try_act(connector, act).await;
        let is_broken = host.run("cat /var/left; echo 0 >/var/left") == "0";
        // At the very end the answer may be there before the line breaks: then it is so.
        match made {
            Ok(sight) if is_broken => assert_eq!(look(connector, act).await.so, sight.so, "{uses}, {}", act.summary()),
            Err(WriteFault::Doubt(_)) | Ok(_) => {}
            Err(fault) => assert!(!is_broken, "{uses}, {}: {fault:?}", act.summary()),
        }
        make(connector, act).await;
        is_broken
    }

    #[tokio::test]
    async fn wherever_it_breaks_off_no_drive_is_lost() {
        for action in [TRANSFER, ARCHIVE] {
            let host = Host::start().await;
            let connector = connector(&host, &json!({ "user": "root", "sudo": false }));
            let bob = furnished(&host, &connector).await;
            let drives = listing(&host, "/var/lib/drives");
            for tool in ["mv", "chown", "sync", "tar", "rmdir"] {
                count(&host, tool);
            }
            let act = act(action, if action == TRANSFER { json!({ "to": bob }) } else { json!({}) });
            let (mut uses, mut left) = (0, true);
            while left {
                uses += 1;
                let before = look(&connector, &act).await;
                let forth = broken_off(&host, &connector, &act, uses).await;
                let back = broken_off(&host, &connector, &taken_back(&act, &before), uses).await;
                // Where it broke off at the very end, the den is left, and nothing is in it.
                run(&host, "rmdir .tenure 2>/dev/null || true");
                assert_eq!(listing(&host, "/var/lib/drives"), drives, "{action}, {uses}");
                left = forth || back;
            }
            assert!(uses > 10, "{action} is over after {uses}");
            assert_eq!(host.run("ls -A /var/lib/tenure/archive"), "", "{action}");
        }
    }
}
