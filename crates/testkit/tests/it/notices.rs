//! What the outside is told, by a whole house: to a mail server and a receiver of webhooks of
//! others, over a death, past an address that is wrong and a receiver that is down. And what the
//! outside tells us, signed by a library of others.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tenure_server::house::{BootstrapOptions, bootstrap_token};
use tenure_testkit::company::Company;
use tenure_testkit::databases::{self, Database};
use tenure_testkit::notices::{self, HookPeer, MailSink, Tls};
use tenure_testkit::running::Running;

const LOOK: Duration = Duration::from_millis(50);
const POLLS_MAX: u32 = 2_400;
const HOUSE: &str = env!("CARGO_BIN_EXE_house");
const EVENTS: &str = "/v1/connections/hr/events";
const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER_KEY: &str = "whsec_bmV3LWtleS1uZXcta2V5LW5ldy1rZXktbmV3LWtleSE=";

fn joiner(number: usize) -> Json {
    json!({ "id": format!("hr-{number}"), "type": "employment.started", "firstDay": "2024-03-01",
        "person": { "employeeId": format!("E{number}"), "givenName": "Ada <b>", "familyName": "Lovelace",
                    "email": format!("ada{number}@example.org"), "department": "Finance" } })
}

fn channels(sink: &MailSink, hook: &HookPeer) -> String {
    format!(
        "apiVersion: tenure/v1\nkind: Channel\nmetadata: {{ name: post }}\nspec:\n  via: mail\n  config: {{ server: \"{}\", \
         tls: none, from: tenure@example.org }}\n---\napiVersion: tenure/v1\nkind: Channel\nmetadata: {{ name: siem }}\nspec:\n  \
         via: webhook\n  config: {{ url: \"{}\", keys: [{{ secret: \"file:{}\" }}], allowInternal: [127.0.0.1] }}\n",
        sink.server(),
        hook.url(),
        hook.key_file(0).display()
    )
}

fn told(to: &str) -> String {
    format!(
        "---\napiVersion: tenure/v1\nkind: Notice\nmetadata: {{ name: by-mail }}\nspec:\n  on: run.sealed\n  channel: post\n  \
         to: [{to}]\n  message:\n    subject: \"{{{{ person.name }}}} is set up\"\n    text: \"{{{{ run }}}} at {{{{ at }}}}\"\n    \
         html: \"<p>{{{{ person.name }}}}</p>\"\n---\napiVersion: tenure/v1\nkind: Notice\nmetadata: {{ name: by-hook }}\nspec: \
         {{ on: run.sealed, channel: siem }}\n"
    )
}

async fn token(company: &Company) -> String {
    let options = BootstrapOptions { config: Some(company.config()), ..BootstrapOptions::default() };
    bootstrap_token(options).await.unwrap().secret
}

async fn join(house: &Running, number: usize) {
    let (status, answer) = house.post(EVENTS, &joiner(number)).await.unwrap();
    assert_eq!(status, 202, "{answer}");
    house.until_done(&answer).await;
}

/// Waits until the list of what did not arrive is as wanted.
async fn until(house: &Running, wanted: impl Fn(&[Json]) -> bool) -> Vec<Json> {
    for _ in 0..POLLS_MAX {
        let (_, list) = house.get("/v1/notices").await.unwrap();
        let items = list["items"].as_array().cloned().unwrap_or_default();
        if wanted(&items) {
            return items;
        }
        tokio::time::sleep(LOOK).await;
    }
    panic!("{:?}", house.get("/v1/notices").await)
}

mod slow {
    use tokio::task::JoinSet;

    use super::*;

    #[tokio::test]
    async fn a_death_between_the_delivery_and_its_note_loses_nothing_and_repeats_the_same_mail() {
        // Both at once, because each waits for a minute.
        let mut databases: JoinSet<()> = databases::each().await.into_iter().map(one_death).collect();
        while let Some(ended) = databases.join_next().await {
            ended.unwrap();
        }
    }

    async fn one_death(database: Database) {
        let (sink, hook) = (MailSink::start(Tls::None, &[]).await, HookPeer::start(&[KEY]).await);
        let documents = channels(&sink, &hook) + &told("\"{{ person.email }}\"");
        let company = Company::with_memory(&database.url, &documents);
        let (token, armed) = (token(&company).await, company.path("armed"));
        let die = Some(("after-notice", armed.as_path()));
        let mut first = Running::start(Path::new(HOUSE), &company.config(), &token, die);
        join(&first, 1).await;
        sink.until(1).await;
        hook.until(1).await;
        until(&first, <[Json]>::is_empty).await;
        std::fs::write(&armed, "").unwrap();
        drop(first.post(EVENTS, &joiner(2)).await);
        assert!(!first.until_dead().await.success(), "it did not die");

        let second = Running::start(Path::new(HOUSE), &company.config(), &token, None);
        // What was on its way is left alone for a minute, in case somebody else has it.
        for _ in 0..40 {
            if sink.mails().len() + hook.calls().len() >= 5 {
                break;
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        until(&second, <[Json]>::is_empty).await;
        let mails: Vec<String> = sink.mails().iter().map(|mail| mail["headers"]["Message-ID"].to_string()).collect();
        let calls: Vec<String> = hook.calls().iter().map(|call| call["headers"]["webhook-id"].to_string()).collect();
        assert!(hook.calls().iter().all(|call| call["believed"] == json!([true])));
        for ids in [&mails, &calls] {
            assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 2, "{}: {ids:?}", database.kind);
        }
        assert!(
            mails.len() + calls.len() >= 5,
            "{}: the dead one was not repeated: {mails:?} {calls:?}",
            database.kind
        );
        second.kill();
    }
}

#[tokio::test]
async fn what_does_not_arrive_waits_for_nobody_and_is_seen_to_by_a_human() {
    let (sink, hook) = (MailSink::start(Tls::None, &[]).await, HookPeer::start(&[KEY]).await);
    hook.answer("500");
    let documents = channels(&sink, &hook) + &told("gone@example.org, \"{{ person.room }}\", \"{{ person.email }}\"");
    let company = Company::with_memory("sqlite", &documents);
    let token = token(&company).await;
    let house = Running::start(Path::new(HOUSE), &company.config(), &token, None);
    join(&house, 1).await;
    let mails = sink.until(1).await;
    assert_eq!(mails[0]["to"], json!(["ada1@example.org"]), "one bad address held up another");
    assert_eq!(mails[0]["headers"]["Subject"], "Ada <b> Lovelace is set up");
    assert_eq!(mails[0]["html"].as_str().unwrap().trim_end(), "<p>Ada &lt;b&gt; Lovelace</p>");
    let left = until(&house, |items| {
        items.len() == 3
            && items.iter().filter(|item| item["state"] == "given-up").count() == 2
            && items.iter().all(|item| item.get("reason").is_some())
    })
    .await;
    let reason =
        |part: &str| left.iter().find(|item| item["reason"].as_str().unwrap().contains(part)).cloned().unwrap();
    let (gone, room, down) = (reason("550 5.1.1"), reason("`person.room` is not known"), reason("answered with 500"));
    assert_eq!(
        (&gone["to"], &gone["notice"], &down["channel"]),
        (&json!("gone@example.org"), &json!("by-mail"), &json!("siem"))
    );
    assert_eq!((&down["state"], &down["type"]), (&json!("waiting"), &json!("run.sealed")));

    let of = |item: &Json, verb: &str| format!("/v1/notices/{}/{verb}", item["id"].as_str().unwrap());
    let (status, refused) = house.post(&of(&gone, "drop"), &json!({ "reason": " " })).await.unwrap();
    assert_eq!((status, &refused["errors"][0]["pointer"]), (422, &json!("/reason")));
    let (status, _) = house.post(&of(&gone, "drop"), &json!({ "reason": "left long ago" })).await.unwrap();
    assert_eq!(status, 200);
    let (status, _) = house.post(&of(&gone, "retry"), &Json::Null).await.unwrap();
    assert_eq!(status, 404, "what was put aside stays so");
    hook.answer("204");
    let (status, _) = house.post(&of(&down, "retry"), &Json::Null).await.unwrap();
    assert_eq!(status, 200);
    let left = until(&house, |items| items.len() == 1).await;
    assert_eq!(left[0]["id"], room["id"]);
    let ids: BTreeSet<String> = hook.calls().iter().map(|call| call["headers"]["webhook-id"].to_string()).collect();
    assert_eq!(ids.len(), 1, "every try is the same notice");
    let sealed = async || {
        let (_, ledger) = house.get("/v1/ledger?limit=50").await.unwrap();
        ledger.to_string().contains("notice.dropped") && ledger.to_string().contains("notice.retried")
    };
    // What is sealed is seen a moment later.
    for _ in 0..POLLS_MAX {
        if sealed().await {
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
    panic!("the ledger does not say who saw to the notices");
}

/// A house that takes webhooks, and somebody who sends them.
struct Sender {
    house: Running,
    client: reqwest::Client,
    _company: Company,
    _keys: tempfile::TempDir,
}

impl Sender {
    async fn start() -> Self {
        let keys = tempfile::tempdir().unwrap();
        notices::secret(&keys.path().join("key"), KEY);
        let documents = format!(
            "apiVersion: tenure/v1\nkind: Connection\nmetadata: {{ name: people }}\nspec:\n  connector: webhook\n  direction: source\n  \
             config:\n    keys: [{{ secret: \"file:{}/key\" }}]\n    event:\n      type: {{ from: /event, words: {{ hired: employment.started, \
             left: employment.ended }}, ignore: [ping] }}\n      person: /worker/number\n      attributes: {{ givenName: /worker/first, familyName: /worker/last, email: /worker/mail }}\n      \
             firstDay: /on\n      lastDay: /on\n",
            keys.path().display()
        );
        let company = Company::with_memory("sqlite", &documents);
        let token = token(&company).await;
        let house = Running::start(Path::new(HOUSE), &company.config(), &token, None);
        Self { house, client: reqwest::Client::new(), _company: company, _keys: keys }
    }

    async fn send(&self, name: &str, headers: &[(&str, &str)], body: &str) -> (u16, Json) {
        let mut request = self.client.post(format!("{}/v1/hooks/{name}", self.house.url())).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or(Json::Null))
    }

    /// Sends what the reference library signs with this key, so many seconds from now.
    async fn signed(&self, key: &str, id: &str, shift: i64, body: &str) -> (u16, Json) {
        let seconds = now() + shift;
        let signature = notices::sign(key, id, seconds, body);
        let headers =
            [("webhook-id", id), ("webhook-timestamp", &seconds.to_string()), ("webhook-signature", &signature)];
        self.send("people", &headers, body).await
    }

    /// Announces so many bytes and sends none of them. Gives the first of what is answered.
    fn announced(&self, name: &str, bytes: usize) -> String {
        let place = self.house.url().trim_start_matches("http://");
        let mut stream = std::net::TcpStream::connect(place).unwrap();
        write!(stream, "POST /v1/hooks/{name} HTTP/1.1\r\nhost: {place}\r\ncontent-length: {bytes}\r\n\r\n").unwrap();
        let mut answer = [0; 64];
        let read = stream.read(&mut answer).unwrap();
        String::from_utf8_lossy(&answer[..read]).into_owned()
    }

    async fn events(&self) -> usize {
        let (_, events) = self.house.get("/v1/events").await.unwrap();
        events["items"].as_array().unwrap().len()
    }
}

fn now() -> i64 {
    use tenure_model::Clock as _;
    tenure_model::SystemClock::new().now().as_second()
}

const HIRED: &str = r#"{"event":"hired","worker":{"number":"E42","first":"Ada","last":"Byron","mail":"ada@example.org"},"on":"2024-03-01"}"#;

#[tokio::test]
async fn a_signed_webhook_is_a_fact_once_however_often_it_comes() {
    let sender = Sender::start().await;
    let (status, answer) = sender.signed(KEY, "msg_1", 0, HIRED).await;
    assert_eq!(status, 202, "{answer}");
    sender.house.until_done(&answer).await;
    for shift in [0, 1, -200] {
        let (status, again) = sender.signed(KEY, "msg_1", shift, HIRED).await;
        assert_eq!((status, &again["event"]), (200, &answer["event"]), "{again}");
    }
    assert_eq!(sender.events().await, 1);
    let (status, other) = sender.signed(KEY, "msg_1", 0, &HIRED.replace("Ada", "Eve")).await;
    assert_eq!((status, &other["code"]), (422, &json!("TEN-E0115")), "the same id for something else");
    let (_, person) = sender.house.get("/v1/people/E42").await.unwrap();
    assert_eq!(person["displayName"], "Ada Byron", "{person}");

    assert_eq!(sender.signed(KEY, "msg_2", 0, r#"{"event":"ping"}"#).await.0, 204);
    let (status, unknown) = sender.signed(KEY, "msg_3", 0, r#"{"event":"promoted"}"#).await;
    assert_eq!((status, &unknown["code"]), (422, &json!("TEN-E0301")), "{unknown}");
    assert_eq!(sender.signed(KEY, "msg_4", 0, "{").await.0, 400);
    assert_eq!(sender.events().await, 1);
}

#[tokio::test]
async fn whoever_is_not_believed_learns_nothing_and_changes_nothing() {
    let sender = Sender::start().await;
    let seconds = now().to_string();
    let good = notices::sign(KEY, "msg_1", now(), HIRED);
    let mut answers = vec![
        ("another key", sender.signed(OTHER_KEY, "msg_1", 0, HIRED).await),
        ("too old", sender.signed(KEY, "msg_1", -310, HIRED).await),
        ("from the future", sender.signed(KEY, "msg_1", 310, HIRED).await),
        ("an id with a dot", sender.signed(KEY, "msg.1", 0, HIRED).await),
        ("no headers", sender.send("people", &[], HIRED).await),
    ];
    let headers =
        |id, time, signature| [("webhook-id", id), ("webhook-timestamp", time), ("webhook-signature", signature)];
    let v1a = good.replace("v1,", "v1a,");
    for (what, name, headers, body) in [
        ("another body", "people", headers("msg_1", &seconds, &good), HIRED.replace("E42", "E43")),
        ("written anew", "people", headers("msg_1", &seconds, &good), HIRED.replace(',', ", ")),
        ("another id", "people", headers("msg_9", &seconds, &good), HIRED.to_owned()),
        ("another kind", "people", headers("msg_1", &seconds, &v1a), HIRED.to_owned()),
        ("a connection without webhooks", "hr", headers("msg_1", &seconds, &good), HIRED.to_owned()),
        ("no such connection", "nobody", headers("msg_1", &seconds, &good), HIRED.to_owned()),
        ("no name", "No%20Name", headers("msg_1", &seconds, &good), HIRED.to_owned()),
        ("no JSON", "nobody", headers("msg_1", &seconds, &good), "{".to_owned()),
    ] {
        answers.push((what, sender.send(name, &headers, &body).await));
    }
    for (what, (status, mut answer)) in answers {
        answer.as_object_mut().unwrap().remove("requestId");
        let said = json!({ "status": 401, "code": "TEN-E0205" });
        assert_eq!(json!({ "status": status, "code": answer["code"] }), said, "{what}: {answer}");
        assert!(answer.get("detail").is_none() && answer.get("errors").is_none(), "{what}: {answer}");
    }
    assert!(sender.announced("people", 20 << 20).starts_with("HTTP/1.1 413 "), "it is not even read");
    assert_eq!(sender.events().await, 0);
    let (_, ledger) = sender.house.get("/v1/ledger").await.unwrap();
    assert!(!ledger.to_string().contains("event.accepted"), "{ledger}");
}
