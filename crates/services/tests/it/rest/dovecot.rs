//! Dovecot: what it does for a mailbox, seen by mail that is brought and read, and not by its word.

use tenure_connect::{Act, AnyConnector as _, Artifact, Change, DoubtKind, Operation, RefusalClass};
use tenure_connect::{Sight, Write, WriteFault};
use tenure_model::NativeId;
use tenure_testkit::act::done;
use tenure_testkit::faulty::{Fault, FaultyLine};
use tenure_testkit::plants::planted_everywhere;

use super::*;

const DELEGATED: &str = "SELECT shared/ada/INBOX";

fn settings(app: &App) -> Json {
    json!({ "url": app.url(), "settings": { "afterName": "@example.org" }, "secrets": { "key": secret_in(app, "key") } })
}

fn connect(app: &App) -> RestConnector {
    connector("dovecot", settings(app))
}

fn whose(name: &str) -> Locator {
    Locator::attribute("name", name)
}

fn act_for(who: &str, action: &str, with: Json) -> Act {
    let with = serde_json::from_value(with).unwrap();
    Act { account: whose(who), action: action.to_owned(), with, back: None }
}

fn answer(message: &str) -> Act {
    act_for("ada", "mailbox/auto-reply", json!({ "message": message }))
}

fn to(action: &str, other: &str) -> Act {
    act_for("ada", action, json!({ "to": other }))
}

fn back(act: &Act, kept: Json) -> Act {
    Act { back: Some(kept), ..act.clone() }
}

async fn acted(rest: &RestConnector, act: &Act) -> Result<Sight, WriteFault> {
    let operation = Operation { key: "0a".parse().unwrap(), generation: 1 };
    rest.actions().unwrap().act(act, &operation).await
}

async fn seen(rest: &RestConnector, act: &Act) -> Sight {
    rest.actions().unwrap().look(act).await.unwrap()
}

/// Does it, and hands back how it is taken back.
async fn made(rest: &RestConnector, act: &Act) -> Act {
    let before = seen(rest, act).await;
    assert_eq!(before.so, Some(false), "{}", act.summary());
    assert_eq!(acted(rest, act).await.unwrap().so, Some(true));
    back(act, before.kept)
}

fn why_not(fault: WriteFault) -> String {
    match fault {
        WriteFault::Refused(refusal) => refusal.message,
        WriteFault::Doubt(doubt) => panic!("expected a refusal, came a doubt: {}", doubt.message),
    }
}

/// The texts that went to this address.
fn sent_to(app: &App, address: &str) -> Vec<String> {
    let to = format!("to <{address}>\n");
    let all = app.mail_sent().into_iter().map(|mail| mail.replace("\r\n", "\n"));
    all.filter_map(|mail| Some(mail.strip_prefix(&to)?.split_once("\n\n")?.1.trim_end().to_owned())).collect()
}

/// A script of ada's own, which files, answers, and ends there.
async fn own_script(app: &App) {
    let script = "require [\"vacation\", \"fileinto\", \"mailbox\"];\nvacation \"my own words\";\n\
        fileinto :create \"Filed\";\nstop;\n";
    app.doveadm("sievePut", json!({ "user": "ada", "scriptname": "mine", "activate": true, "file": script })).await;
}

#[tokio::test]
async fn mail_is_answered_and_goes_on_and_nothing_of_it_is_left() {
    let app = App::dovecot().await;
    let rest = connect(&app);
    own_script(&app).await;
    let before = app.dovecot_mark().await;
    let no_answer = made(&rest, &answer("has left")).await;
    let no_forward = made(&rest, &to("mailbox/forward", "bob")).await;
    app.deliver("ada", "one@example.com", "one").await;
    assert_eq!((app.mail_of("ada").await, app.mail_of("bob").await), (vec!["one".to_owned()], vec!["one".to_owned()]));
    assert_eq!(sent_to(&app, "one@example.com"), ["has left"]);
    let filed = app.imap("ada").await.ask("SELECT Filed").await.unwrap();
    assert!(filed.contains("* 1 EXISTS"), "the user's own script was not run: {filed}");
    // The first is taken back, and the second goes on.
    assert_eq!(acted(&rest, &no_forward).await.unwrap().so, Some(false));
    app.deliver("ada", "two@example.com", "two").await;
    assert_eq!((app.mail_of("ada").await.len(), app.mail_of("bob").await.len()), (2, 1));
    assert_eq!(sent_to(&app, "two@example.com"), ["has left"]);
    acted(&rest, &no_answer).await.unwrap();
    app.deliver("ada", "three@example.com", "three").await;
    assert_eq!(sent_to(&app, "three@example.com"), ["my own words"]);
    assert_eq!(app.dovecot_mark().await, before);
}

#[tokio::test]
async fn another_answer_is_put_back_and_another_forwarding_is_never_undone() {
    let app = App::dovecot().await;
    let rest = connect(&app);
    made(&rest, &answer("on \"holiday\"")).await;
    let no_answer = made(&rest, &answer("has left")).await;
    acted(&rest, &no_answer).await.unwrap();
    assert_eq!(seen(&rest, &answer("on \"holiday\"")).await.so, Some(true));
    let no_forward = made(&rest, &to("mailbox/forward", "bob")).await;
    let before = app.dovecot_mark().await;
    let fault = acted(&rest, &to("mailbox/forward", "eve")).await.unwrap_err();
    assert!(why_not(fault).contains("goes on to somebody else already"));
    for action in ["mailbox/forward", "mailbox/delegate"] {
        let fault = acted(&rest, &to(action, "ada")).await.unwrap_err();
        assert!(why_not(fault).contains("name another account"), "{action}");
    }
    assert_eq!(app.dovecot_mark().await, before);
    acted(&rest, &no_forward).await.unwrap();
    made(&rest, &to("mailbox/forward", "eve")).await;
}

#[tokio::test]
async fn whose_server_does_not_run_the_scripts_is_refused() {
    let app = App::dovecot().await;
    let rest = connect(&app);
    let before = app.dovecot_mark().await;
    for (action, with) in
        [("mailbox/auto-reply", json!({ "message": "gone" })), ("mailbox/forward", json!({ "to": "bob" }))]
    {
        let fault = acted(&rest, &act_for("eve", action, with)).await.unwrap_err();
        assert!(why_not(fault).contains("does not run `tenure-"), "{action}");
    }
    assert_eq!(app.dovecot_mark().await, before);
}

/// Whoever may choose the words may not choose what is done.
#[tokio::test]
async fn the_words_of_an_answer_are_only_words() {
    let app = App::dovecot().await;
    let rest = connect(&app);
    let before = app.dovecot_mark().await;
    let words = [
        "\"; discard; redirect \"eve@example.org",
        "\\\"; discard; redirect \"eve@example.org",
        "a\\",
        "a\r\n.\r\ndiscard;\r\n",
        "text:\n.\nredirect \"eve@example.org\";",
        "${hex:22}; ${1} {with/message} %u /* # ü😀",
    ];
    for (place, words) in words.into_iter().enumerate() {
        let no_answer = made(&rest, &answer(words)).await;
        let from = format!("x{place}@example.com");
        app.deliver("ada", &from, &format!("m{place}")).await;
        assert_eq!(sent_to(&app, &from), [words.replace("\r\n", "\n").trim_end()]);
        acted(&rest, &no_answer).await.unwrap();
    }
    assert_eq!((app.mail_of("ada").await.len(), app.mail_of("eve").await.len()), (words.len(), 0));
    // What no script can hold is refused.
    for words in ["a\rb", "a\0\"; discard;"] {
        let WriteFault::Refused(refusal) = acted(&rest, &answer(words)).await.unwrap_err() else { panic!("{words:?}") };
        assert_eq!(refusal.class, RefusalClass::Invalid);
    }
    let odd = act_for("til~de", "mailbox/auto-reply", json!({ "message": "x" }));
    acted(&rest, &made(&rest, &odd).await).await.unwrap();
    assert_eq!(app.dovecot_mark().await, before);
}

#[tokio::test]
async fn a_delegate_reads_the_mail_until_it_is_taken_back() {
    let app = App::dovecot().await;
    let rest = connect(&app);
    app.deliver("ada", "one@example.com", "one").await;
    let before = app.dovecot_mark().await;
    assert!(app.imap("bob").await.ask(DELEGATED).await.unwrap().contains("a NO"));
    let no_more = made(&rest, &to("mailbox/delegate", "bob")).await;
    let mut bob = app.imap("bob").await;
    assert!(bob.ask("LIST \"\" *").await.unwrap().contains("shared/ada"));
    assert!(bob.ask(DELEGATED).await.unwrap().contains("a OK [READ-WRITE]"));
    assert!(bob.ask("FETCH 1 BODY[TEXT]").await.unwrap().contains("hello"));
    assert!(app.imap("eve").await.ask(DELEGATED).await.unwrap().contains("a NO"));
    acted(&rest, &no_more).await.unwrap();
    assert!(app.imap("bob").await.ask(DELEGATED).await.unwrap().contains("a NO"));
    assert_eq!(app.dovecot_mark().await, before);
}

#[tokio::test]
async fn rights_that_were_given_otherwise_stay() {
    let app = App::dovecot().await;
    let rest = connect(&app);
    let all = ["expunge", "insert", "lookup", "post", "read", "write", "write-deleted", "write-seen"];
    for (user, rights) in [("bob", &all[2..3]), ("eve", &all)] {
        let given = json!({ "user": "ada", "mailbox": "INBOX", "id": format!("user={user}"), "right": rights });
        app.doveadm("aclSet", given).await;
    }
    let before = app.dovecot_mark().await;
    // That somebody else has them all says nothing of bob.
    assert_eq!(seen(&rest, &to("mailbox/delegate", "bob")).await.so, Some(false));
    let fault = acted(&rest, &to("mailbox/delegate", "bob")).await.unwrap_err();
    assert!(why_not(fault).contains("other rights"));
    acted(&rest, &made(&rest, &to("mailbox/delegate", "til~de")).await).await.unwrap();
    assert_eq!(app.dovecot_mark().await, before);
}

#[tokio::test]
async fn what_was_done_and_not_heard_of_is_not_done_again() {
    let app = App::dovecot().await;
    let line = FaultyLine::to(app.url().rsplit_once(':').unwrap().1.parse().unwrap()).await;
    let mut lossy = settings(&app);
    lossy["url"] = line.url("").into();
    let rest = connector("dovecot", lossy);
    let heard = || line.forwarded()["POST"];
    for act in [answer("gone"), to("mailbox/forward", "bob"), to("mailbox/delegate", "bob")] {
        let no_more = back(&act, seen(&rest, &act).await.kept);
        for act in [act, no_more] {
            let questions = heard();
            seen(&rest, &act).await;
            let questions = heard() - questions;
            line.order_after(usize::try_from(questions).unwrap(), "POST", "/doveadm/v1", Fault::Lost);
            let lost = acted(&rest, &act).await.unwrap_err();
            assert!(matches!(&lost, WriteFault::Doubt(doubt) if doubt.kind == DoubtKind::LostResponse), "{lost:?}");
            let before = (app.dovecot_mark().await, heard());
            assert_eq!(acted(&rest, &act).await.unwrap().so, Some(act.back.is_none()));
            assert_eq!((app.dovecot_mark().await, heard()), (before.0, before.1 + questions), "{}", act.summary());
        }
    }
}

#[tokio::test]
async fn whoever_is_logged_in_is_seen_and_thrown_out() {
    let app = App::dovecot().await;
    let rest = connect(&app);
    let (mut one, mut two, mut bob) = (app.imap("ada").await, app.imap("ada").await, app.imap("bob").await);
    assert_eq!(rest.artifacts(&whose("ada"), Artifact::Session).await.unwrap().len(), 2);
    let end = Write::End { artifact: Artifact::Session };
    done(&rest, &Change::new(whose("ada"), end.clone())).await;
    for line in [&mut one, &mut two] {
        assert!(line.ask("NOOP").await.is_none(), "the session goes on");
    }
    assert!(bob.ask("NOOP").await.is_some_and(|said| said.contains("a OK")));
    assert!(rest.artifacts(&whose("ada"), Artifact::Session).await.unwrap().is_empty());
    let _line = app.imap("ada").await;
    let idle = connector_by("dovecot", planted("dovecot", "[[kick,", "[[who,"), settings(&app));
    an_end_that_ends_nothing_is_seen(&idle, &whose("ada"), Artifact::Session).await;
}

/// A name that would be a pattern is nobody's: whoever ended its sessions would end everybody's.
#[tokio::test]
async fn a_name_that_means_everybody_is_nobody() {
    let app = App::dovecot().await;
    let rest = connect(&app);
    for careless in ["*", "?da", "a*", "0.0.0.0/0", "::"] {
        for locator in [whose(careless), Locator::Native(NativeId::new(careless))] {
            assert_eq!(rest.get(&locator).await.unwrap(), None, "{locator}");
        }
    }
    let careless = connector_by("dovecot", planted("dovecot", "      notWith: \"*?/:\"\n", ""), settings(&app));
    assert!(careless.get(&Locator::Native(NativeId::new("*"))).await.unwrap().is_some());
}

#[tokio::test]
async fn a_key_that_is_not_the_servers_is_refused() {
    let app = App::dovecot().await;
    let mut wrong = settings(&app);
    wrong["secrets"]["key"] = secret(&app).into();
    let refusal = connector("dovecot", wrong).check().await.unwrap_err();
    assert_eq!(refusal.class, RefusalClass::Auth);
    assert!(!refusal.message.contains(ADMIN_PASSWORD), "{refusal}");
}

/// What Dovecot takes for done, and only the mail shows.
#[tokio::test]
async fn plants_that_only_the_mail_shows_are_seen() {
    let app = App::dovecot().await;
    let spoilt = |from, to| connector_by("dovecot", planted_everywhere("dovecot", from, to), settings(&app));
    let forward = to("mailbox/forward", "bob");
    let rest = spoilt("redirect :copy", "redirect");
    let no_more = made(&rest, &forward).await;
    app.deliver("ada", "one@example.com", "one").await;
    assert!(app.mail_of("ada").await.is_empty(), "mail was kept without `:copy`");
    acted(&rest, &no_more).await.unwrap();
    let words = "\"; discard; redirect \"eve@example.org";
    let rest = spoilt("'\"': '\\\"'", "'\"': '\"'");
    made(&rest, &answer(words)).await;
    app.deliver("ada", "two@example.com", "two").await;
    assert!(!app.mail_of("eve").await.is_empty(), "words were only words without quotes");
}

mod slow {
    use super::*;

    struct Mark<'a>(&'a App);

    impl Witness for Mark<'_> {
        fn mark(&self) -> BoxFuture<'_, String> {
            self.0.dovecot_mark().boxed()
        }
    }

    /// Defects of the pack that the suite has to find.
    const PLANTS: [Plant; 6] = [
        Plant {
            from: "scriptname: [tenure-forward]",
            to: "scriptname: [tenure-auto-reply]",
            case: "an_act_is_so_and_is_taken_back",
        },
        Plant { from: "right: [expunge, insert,", to: "right: [insert,", case: "an_act_is_so_and_is_taken_back" },
        Plant {
            from: "[[aclDelete, { user: \"{id}\", mailbox: INBOX, id: \"user={with/to/id}\"",
            to: "[[aclDelete, { user: \"{id}\", mailbox: INBOX, id: anyone",
            case: "an_act_is_so_and_is_taken_back",
        },
        Plant {
            from: "[aclGet, { user: \"{id}\", mailbox: INBOX }",
            to: "[aclSet, { user: \"{id}\", mailbox: INBOX, id: anyone, right: [lookup] }",
            case: "looking_at_an_act_writes_nothing",
        },
        Plant {
            from: "onlyIf: [{ at: /exitCode, is: 68 }]",
            to: "onlyIf: [{ at: /exitCode, is: 67 }]",
            case: "an_act_is_so_and_is_taken_back",
        },
        Plant {
            from: "userMask: [\"{id}\", \"?\"]",
            to: "userMask: [\"?\"]",
            case: "the_native_id_finds_the_same_account",
        },
    ];

    #[tokio::test]
    async fn it_passes_the_suite_on_dovecot() {
        let app = App::dovecot().await;
        let trial = Trial {
            identifying: "name",
            naming: "name",
            free: None,
            attributes: &|_| attributes([]),
            witness: &Mark(&app),
            groups: None,
        };
        let options = Options { lent: Some([whose("ada"), whose("bob")]), ..trial.options(&secret(&app)) };
        let rest = connect(&app);
        let report = run_with(&rest, &trial.fixture(), &options).await;
        held::hold("rest-dovecot", &Peer::real("Dovecot", held::debian("dovecot-core")), &report);
        let mut missed = Vec::new();
        for Plant { from, to, case } in PLANTS {
            // What a plant leaves behind would be in the way of the next.
            let app = App::dovecot().await;
            let (rest, witness) = (connect(&app), Mark(&app));
            let fixture = Fixture { witness: &witness, ..trial.fixture() };
            let spoilt = connector_by("dovecot", planted("dovecot", from, to), settings(&app));
            let what = format!("`{to}` for `{from}`");
            missed.extend(miss(&what, case, &rest, &spoilt, &fixture, &options).await);
        }
        assert!(missed.is_empty(), "{}", missed.join("\n"));
    }
}
