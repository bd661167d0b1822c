//! The golden suite: stories of people at work as their sources tell them, each in several orders
//! and in several zones, and what they must come to. The cases are in `tests/cases/histories`.

use std::collections::BTreeMap;

use futures::future::join_all;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Map, Value as Json, json};
use tenure_api::EventIn;
use tenure_app::cases;
use tenure_app::events::accept::{Told, accept_told};
use tenure_app::people::story::{Story, story};
use tenure_app::{AppError, Cx};
use tenure_testkit::databases::{self, Database};
use tenure_testkit::stepped::{Stepped, Workflows};

const ZONES: [&str; 6] =
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Melbourne", "Pacific/Apia", "Asia/Kolkata"];

/// An event as it is told, with what it says.
#[derive(Debug, Clone)]
struct Line {
    at: DateTime,
    kind: String,
    says: Vec<(String, String)>,
}

/// What a history must come to at a moment.
#[derive(Debug, Clone)]
struct Wanted {
    at: DateTime,
    stage: String,
    says: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
struct History {
    name: String,
    lines: Vec<Line>,
    wanted: Vec<Wanted>,
}

/// In which order the events of a history arrive.
#[derive(Debug, Clone, Copy)]
enum Order {
    AsTold,
    Shuffled(u64),
    Twice(u64),
    Late(u64),
    /// Shuffled, and without the moments that would tell the order.
    Blind(u64),
}

fn histories() -> Vec<History> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/histories");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut all: Vec<History> = Vec::new();
    for file in files {
        for line in std::fs::read_to_string(&file).unwrap().lines() {
            if let Some(title) = line.strip_prefix("## ") {
                all.push(History { name: title.to_owned(), lines: Vec::new(), wanted: Vec::new() });
            } else if let Some(said) = line.strip_prefix("    ") {
                let history = all.last_mut().unwrap();
                let (is_wanted, said) = said.strip_prefix("= ").map_or((false, said), |rest| (true, rest));
                let mut words = said.split_whitespace();
                let at = format!("{} {}", words.next().unwrap(), words.next().unwrap()).parse().unwrap();
                let word = words.next().unwrap().to_owned();
                let pair = |word: &str| word.split_once('=').map(|(name, text)| (name.to_owned(), text.to_owned()));
                let says = words.map(|word| pair(word).unwrap()).collect();
                if is_wanted {
                    history.wanted.push(Wanted { at, stage: word, says });
                } else {
                    history.lines.push(Line { at, kind: word, says });
                }
            }
        }
    }
    all
}

/// A number of chance, the same for the same seed.
fn chance(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

fn in_order(lines: &[Line], order: Order) -> Vec<(usize, Line)> {
    let mut all: Vec<(usize, Line)> = lines.iter().cloned().enumerate().collect();
    match order {
        Order::AsTold => {}
        Order::Shuffled(seed) | Order::Blind(seed) => shuffle(&mut all, seed),
        Order::Twice(seed) => {
            all.extend(all.clone());
            shuffle(&mut all, seed);
        }
        Order::Late(seed) => {
            let mut state = seed;
            let mut dated: Vec<(DateTime, (usize, Line))> = all
                .into_iter()
                .map(|(number, line)| {
                    let days = i64::try_from(chance(&mut state) % 401).unwrap();
                    (line.at.checked_add(days.days()).unwrap(), (number, line))
                })
                .collect();
            dated.sort_by_key(|(arrives, (number, _))| (*arrives, *number));
            all = dated.into_iter().map(|(_, line)| line).collect();
        }
    }
    all
}

fn shuffle<T>(all: &mut [T], seed: u64) {
    let mut state = seed;
    for place in (1..all.len()).rev() {
        let other = usize::try_from(chance(&mut state) % (place as u64 + 1)).unwrap();
        all.swap(place, other);
    }
}

const MEMBERS: [&str; 13] = [
    "firstDay",
    "lastDay",
    "kind",
    "zone",
    "from",
    "until",
    "keepUntil",
    "newKey",
    "primary",
    "urgent",
    "engagement",
    "sequence",
    "asOf",
];

/// The event as a source would send it.
fn event(person: &str, number: usize, line: &Line, zone: &str) -> EventIn {
    let at = line.at.to_zoned(TimeZone::get(zone).unwrap()).unwrap().timestamp();
    let own = |text: &str| format!("{person}-{text}");
    let mut body = Map::new();
    let mut said = Map::from_iter([("employeeId".to_owned(), json!(person))]);
    for (name, text) in &line.says {
        let value = match (name.as_str(), text.as_str()) {
            (_, "null") => Json::Null,
            ("urgent" | "primary", text) => json!(text == "true"),
            ("sequence", text) => json!(text.parse::<i64>().unwrap()),
            ("newKey" | "engagement" | "person", text) => json!(own(text)),
            (_, text) => json!(text),
        };
        match name.as_str() {
            "person" => drop(said.insert("employeeId".to_owned(), value)),
            member if MEMBERS.contains(&member) => drop(body.insert(member.to_owned(), value)),
            attribute => drop(said.insert(attribute.to_owned(), value)),
        }
    }
    if ["employment.started", "employment.stated"].contains(&line.kind.as_str()) {
        body.entry("zone".to_owned()).or_insert_with(|| json!(zone));
    }
    body.insert("id".to_owned(), json!(format!("{person}/{number}")));
    body.insert("type".to_owned(), json!(line.kind));
    body.insert("asOf".to_owned(), json!(at.to_string()));
    body.insert("person".to_owned(), said.into());
    serde_json::from_value(body.into()).unwrap()
}

async fn send(cx: &Cx, name: &str, event: EventIn) {
    let parts = event.parts("employeeId").unwrap_or_else(|bad| panic!("{name}: {bad:?}"));
    let told = Told { as_of: parts.as_of, sequence: parts.sequence, engagement: parts.engagement, also: Vec::new() };
    let sent = accept_told(cx, "hr".parse().unwrap(), parts.external_id, parts.subject, parts.kind, told).await;
    sent.unwrap_or_else(|error| panic!("{name}: {error:?}"));
}

/// The story of a person by the key with which they began, or the one with which they go on.
async fn told_of(cx: &Cx, person: &str, at: Option<Timestamp>) -> Result<Story, AppError> {
    match story(cx, person.to_owned(), at, None).await {
        Err(AppError::NotFound { .. }) => story(cx, format!("{person}-B"), at, None).await,
        found => found,
    }
}

/// What the story is at a moment, in the words of the cases.
fn differs(told: &Story, wanted: &Wanted) -> Option<String> {
    if told.stage.word() != wanted.stage {
        return Some(format!("is {} and not {}: {:#?}", told.stage.word(), wanted.stage, told.engagements));
    }
    wanted.says.iter().find_map(|(name, text)| {
        let found = match name.as_str() {
            "spells" => told.engagements.iter().map(|row| row.spell).max().unwrap_or(0).to_string(),
            "kind" => counting(told),
            "handover" => {
                told.engagements.iter().find_map(|row| row.handover).map_or("-".into(), |day| day.to_string())
            }
            attribute => told.said.get(attribute).map_or("-".to_owned(), |said| said.value.to_string()),
        };
        (found != *text).then(|| format!("{name} is {found} and not {text}"))
    })
}

fn counting(told: &Story) -> String {
    let nearest = |row: &&tenure_model::Engagement| {
        (row.state_at(told.at) != tenure_model::EngagementState::Active, !row.primary, row.first_day)
    };
    told.engagements.iter().min_by_key(nearest).map_or("-", |row| row.kind.word()).to_owned()
}

fn estate() -> Vec<(&'static str, String)> {
    let hr = "apiVersion: tenure/v1\nkind: Connection\nmetadata: { name: hr, title: HR, owner: team-hr }\nspec:\n  \
              connector: events\n  direction: source\n  authority: [employee, contractor]\n";
    vec![("hr.yaml", hr.to_owned())]
}

/// Everything that the rows of a person say, without our own ids.
type Rows = Vec<(String, i64, String, String, Date, Option<Date>, String)>;

async fn check(zone: &str, order: Order, now: Timestamp) -> (Vec<String>, BTreeMap<String, Rows>) {
    check_on(&Database::sqlite(), zone, order, now).await
}

async fn check_on(
    database: &Database,
    zone: &str,
    order: Order,
    now: Timestamp,
) -> (Vec<String>, BTreeMap<String, Rows>) {
    let stepped = Stepped::with(database, &estate(), now, Workflows::None, |_| BTreeMap::new()).await.unwrap();
    let (cx, all) = (stepped.cx(), histories());
    let person = |history: &History| format!("H{}", &history.name[..3]);
    match order {
        // As life goes: everything of everybody, each at its moment.
        Order::AsTold => {
            let mut lines: Vec<_> = all
                .iter()
                .flat_map(|history| in_order(&history.lines, order).into_iter().map(move |line| (history, line)))
                .collect();
            lines.sort_by_key(|(_, (_, line))| line.at);
            for (history, (number, line)) in lines {
                let event = event(&person(history), number, &line, zone);
                stepped.at(event.as_of.as_ref().unwrap().parse().unwrap());
                send(&cx, &history.name, event).await;
            }
        }
        Order::Shuffled(_) | Order::Twice(_) | Order::Late(_) | Order::Blind(_) => {
            let (cx, person) = (&cx, &person);
            join_all(all.iter().map(|history| async move {
                for (number, line) in in_order(&history.lines, order) {
                    let told = event(&person(history), number, &line, zone);
                    let is_blind = matches!(order, Order::Blind(_));
                    let told = if is_blind { EventIn { as_of: None, sequence: None, ..told } } else { told };
                    send(cx, &history.name, told).await;
                }
            }))
            .await;
        }
    }
    let (mut wrong, mut rows) = (Vec::new(), BTreeMap::new());
    for history in &all {
        for wanted in &history.wanted {
            let at = wanted.at.to_zoned(TimeZone::get(zone).unwrap()).unwrap().timestamp();
            let told = told_of(&cx, &person(history), Some(at)).await;
            let found = match told {
                Ok(told) => differs(&told, wanted),
                Err(error) => Some(format!("{error:?}")),
            };
            wrong.extend(found.map(|what| format!("{} ({zone}, {order:?}) at {}: {what}", history.name, wanted.at)));
        }
        let Ok(told) = told_of(&cx, &person(history), None).await else { continue };
        let row = |row: &tenure_model::Engagement| {
            let rest =
                format!("{:?} {:?} {} {} {:?}", row.leaves, row.handover, row.primary, row.rescinded, row.cut_at);
            let (kind, zone) = (row.kind.word().to_owned(), row.zone.to_string());
            (row.key.clone(), row.spell, kind, zone, row.first_day, row.last_day, rest)
        };
        let mut theirs: Rows = told.engagements.iter().map(row).collect();
        theirs.sort();
        rows.insert(history.name.clone(), theirs);
    }
    let open = cases::list::list(&cx, None, 500).await.unwrap();
    wrong.extend(open.iter().map(|case| format!("({zone}, {order:?}) is still asked: {case:?}")));
    (wrong, rows)
}

#[test]
fn there_are_enough_of_them_and_each_says_what_it_comes_to() {
    let all = histories();
    assert!(all.len() >= 80, "{}", all.len());
    assert!(all.iter().all(|history| !history.lines.is_empty() && !history.wanted.is_empty()));
}

mod slow {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn without_their_moments_shuffled_facts_come_to_something_else() {
        // Whoever folds facts in the order of arrival does this; so the suite can fail.
        let (wrong, _) = check("UTC", Order::Blind(1), "2031-01-01T00:00:00Z".parse().unwrap()).await;
        assert!(wrong.len() > 20, "{}", wrong.join("\n"));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_same_facts_come_to_the_same_in_every_database() {
        let mut first = None;
        for database in databases::each().await {
            let far = "2031-01-01T00:00:00Z".parse().unwrap();
            let (wrong, rows) = check_on(&database, "Pacific/Apia", Order::Twice(3), far).await;
            assert!(wrong.is_empty(), "{}: {}", database.kind, wrong.join("\n"));
            assert_eq!(first.get_or_insert_with(|| rows.clone()), &rows, "{}", database.kind);
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_same_facts_come_to_the_same_whatever_their_order_and_zone() {
        let far: Timestamp = "2031-01-01T00:00:00Z".parse().unwrap();
        for (number, zone) in (1..).zip(ZONES) {
            let early: Timestamp = "2015-01-01T00:00:00Z".parse().unwrap();
            let (wrong, first) = check(zone, Order::AsTold, early).await;
            assert!(wrong.is_empty(), "{}", wrong.join("\n"));
            for order in [
                Order::Shuffled(number),
                Order::Shuffled(number * 31),
                Order::Shuffled(number * 1_009),
                Order::Twice(number * 7),
                Order::Late(number * 13),
            ] {
                let (wrong, rows) = check(zone, order, far).await;
                assert!(wrong.is_empty(), "{}", wrong.join("\n"));
                for (name, theirs) in &first {
                    assert_eq!(theirs, &rows[name], "{name} ({zone}, {order:?})");
                }
            }
        }
    }
}
