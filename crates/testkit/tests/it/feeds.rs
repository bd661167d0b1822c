//! Thirty poisoned feeds and thirty honest ones, read by the real connector of files: nobody loses
//! anything above the brake, one alert tells of each, what is good in it goes on; and whoever is
//! honest is not stopped. One house reads all of them, each from a source of its own with people of
//! its own, since opening a house costs more than reading a feed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use tenure_app::sources::Report;
use tenure_app::sources::list::{accept, list, reject};
use tenure_app::sources::read::{How, read};
use tenure_connect::{AnyConnector, FileSecrets};
use tenure_connectors::file::{FileConfig, FileConnector};
use tenure_model::{ConnectionName, Standing, Value, standing};
use tenure_store::source_readings::Stage;
use tenure_store::{StoreError, engagements, notices, people};
use tenure_testkit::databases::{self, Database};
use tenure_testkit::stepped::{Stepped, Workflows};

const HEAD: &str = "employeeId;givenName;familyName;email;department;title;hired;left";
const TODAY: &str = "2026-11-27";

/// One row, as the honest writer would write it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row([String; 8]);

impl Row {
    fn of(number: usize) -> Self {
        const GIVEN: [&str; 8] = ["Ada", "Zoë", "Jürgen", "Anaïs", "Bob", "Chen", "Désirée", "Ewa"];
        const TEAMS: [&str; 6] = ["Sales", "Finance", "Legal", "IT", "Support", "Research"];
        let given = GIVEN[number % GIVEN.len()];
        Self([
            format!("E{number:07}"),
            given.to_owned(),
            format!("Müller{number}"),
            format!("p{number}@example.org"),
            TEAMS[number % TEAMS.len()].to_owned(),
            format!("Title {}", number % 17),
            format!("20{:02}-{:02}-{:02}", 5 + number % 20, 1 + number % 12, 1 + number % 28),
            String::new(),
        ])
    }

    fn line(&self) -> String {
        self.0.join(";")
    }

    /// The number that it was made of.
    fn number(&self) -> usize {
        self.0[0][1..].parse().unwrap()
    }
}

/// Numbers from here on are nobody's whom a source had before.
const STRANGERS: usize = 2_000_001;
/// Numbers from here on are hires.
const HIRES: usize = 4_000_000;

type Rows = Vec<Row>;

/// The people of a source, whom no other one has.
fn population(source: usize, size: usize) -> Rows {
    (source * size..(source + 1) * size).map(Row::of).collect()
}

/// So many who are to begin at the place where these are.
fn hires(rows: &[Row], many: usize) -> Rows {
    let first = HIRES + rows.iter().map(Row::number).min().unwrap();
    (first..first + many).map(Row::of).collect()
}

fn text(rows: &[Row]) -> Vec<u8> {
    let mut text = format!("{HEAD}\n");
    for row in rows {
        writeln!(text, "{}", row.line()).unwrap();
    }
    text.into_bytes()
}

/// A folder with a feed for each source, and a house that reads them.
struct Desk {
    stepped: Stepped,
    folder: tempfile::TempDir,
}

fn hr(source: usize) -> ConnectionName {
    format!("hr-{source}").parse().unwrap()
}

fn document(source: usize, guard: &str) -> String {
    format!(
        "apiVersion: tenure/v1\nkind: Connection\nmetadata: {{ name: hr-{source}, title: HR, owner: team-hr }}\n\
         spec:\n  connector: file\n  direction: source\n  authority: [employee]\n  config: {{}}\n  \
         feed: {{ firstDay: hired, lastDay: left }}\n  guard: {guard}\n"
    )
}

/// What a source told of somebody: who it is, whether they are there with no end in sight, and what
/// is known of them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    source: ConnectionName,
    is_here: bool,
    said: BTreeMap<String, String>,
}

type People = BTreeMap<String, Known>;

impl Desk {
    /// A house with so many sources.
    async fn of(sources: usize, guard: &str) -> Self {
        Self::on(&Database::sqlite(), sources, guard).await
    }

    async fn on(database: &Database, sources: usize, guard: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files: Vec<String> = (0..sources).map(|source| format!("hr-{source}.yaml")).collect();
        let documents: Vec<(&str, String)> =
            files.iter().enumerate().map(|(source, file)| (file.as_str(), document(source, guard))).collect();
        let path = folder.path().to_owned();
        let now: Timestamp = format!("{TODAY}T08:00:00Z").parse().unwrap();
        let stepped = Stepped::with(database, &documents, now, Workflows::None, |clock| {
            let connect = |source: usize| {
                let settings = json!({
                    "from": { "kind": "folder", "path": path, "files": format!("hr-{source}.csv") },
                    "format": { "kind": "csv", "delimiter": ";", "charset": "utf-8" },
                    "key": "employeeId",
                    "columns": HEAD.split(';').collect::<Vec<_>>(),
                });
                let config: FileConfig = serde_json::from_value(settings).unwrap();
                let memory = path.join("memory");
                let files = FileConnector::new(config, &hr(source), &memory, Arc::new(FileSecrets), clock.clone());
                let connector: Arc<dyn AnyConnector> = Arc::new(files.unwrap());
                (hr(source), connector)
            };
            (0..sources).map(connect).collect()
        });
        Self { stepped: stepped.await.unwrap(), folder }
    }

    /// A house with one source.
    async fn new() -> Self {
        Self::of(1, "{}").await
    }

    fn write(&self, source: usize, bytes: &[u8]) {
        std::fs::write(self.folder.path().join(format!("hr-{source}.csv")), bytes).unwrap();
    }

    /// An hour goes by.
    fn tick(&self) {
        let next = jiff::SignedDuration::from_hours(1);
        self.stepped.at(self.stepped.house.clock.now().checked_add(next).unwrap());
    }

    async fn take(&self, source: usize) -> Report {
        read(&self.stepped.cx(), &hr(source), How::Take).await.unwrap()
    }

    /// Reads this from the first source, an hour later.
    async fn read(&self, bytes: &[u8]) -> Report {
        self.write(0, bytes);
        self.again().await
    }

    async fn again(&self) -> Report {
        self.tick();
        self.take(0).await
    }

    /// What became of each of these people.
    async fn people(&self) -> People {
        let now = self.stepped.house.clock.now();
        let found = self.stepped.house.store.read(move |tx| {
            Box::pin(async move {
                let (mut all, mut after) = (BTreeMap::new(), None);
                loop {
                    let page = people::list(tx, None, after.as_ref(), 1_000).await?;
                    let Some(last) = page.last() else { return Ok(all) };
                    after = Some(people::PeopleCursor::after(last));
                    for person in page {
                        let theirs = engagements::of_person(tx, person.id).await?;
                        let stays = theirs.iter().any(|row| row.last_day.is_none() && !row.rescinded);
                        let is_here = standing(&theirs, now) == Standing::Active && stays;
                        let said = person.attributes.iter().map(|(name, value)| (name.clone(), value.to_string()));
                        let key = person.attributes.get("employeeId").and_then(Value::as_text).unwrap_or("?");
                        let known = Known { source: theirs[0].source.clone(), is_here, said: said.collect() };
                        all.insert(key.to_owned(), known);
                    }
                }
            })
        });
        found.await.map_err(|error: StoreError| error).unwrap()
    }

    /// How many alerts tell of a source.
    async fn alerts(&self, source: usize) -> usize {
        let rows = self
            .stepped
            .house
            .store
            .read(|tx| Box::pin(async move { notices::list_undelivered(tx, None, None, 500).await }));
        let rows = rows.await.map_err(|error: StoreError| error).unwrap();
        let named = format!("\"connection\":\"{}\"", hr(source));
        rows.iter().filter(|row| row.notice.body.contains("feed.") && row.notice.body.contains(&named)).count()
    }
}

/// Those of a source.
fn of(people: &People, source: usize) -> People {
    let name = hr(source);
    let theirs = people.iter().filter(|(_, known)| known.source == name);
    theirs.map(|(key, known)| (key.clone(), known.clone())).collect()
}

/// How a feed goes wrong.
type Spoil = fn(&mut Rows) -> Option<Vec<u8>>;

/// Every poison: its name, and what it does to the rows of today. Some give bytes of their own.
const POISONS: [(&str, Spoil); 30] = [
    ("nothing at all", |_| Some(Vec::new())),
    ("header only", |rows| {
        rows.clear();
        None
    }),
    ("half of it", |rows| {
        rows.truncate(rows.len() / 2);
        None
    }),
    ("cut in the middle of a row", |rows| {
        let all = text(rows);
        Some(all[..all.len() * 2 / 3].to_vec())
    }),
    ("the last tenth is missing", |rows| {
        rows.truncate(rows.len() * 9 / 10);
        None
    }),
    ("one department is missing", |rows| {
        rows.retain(|row| row.0[4] != "Sales");
        None
    }),
    ("columns shifted by one", |rows| {
        for row in rows {
            row.0[1..7].rotate_left(1);
        }
        None
    }),
    ("two columns swapped", |rows| {
        for row in rows {
            row.0.swap(1, 4);
        }
        None
    }),
    ("a column is gone", |rows| Some(edit(rows, |line| line.rsplit_once(';').unwrap().0.to_owned()))),
    ("the key column has another name", |rows| Some(replaced(&text(rows), "employeeId", "persNo"))),
    ("keys lost their letter", |rows| {
        for row in rows {
            row.0[0] = row.0[0].replace('E', "");
        }
        None
    }),
    ("keys lost their zeros", |rows| {
        for row in rows {
            row.0[0] = row.0[0].replace("E0", "E");
        }
        None
    }),
    ("keys in small letters", |rows| {
        for row in rows {
            row.0[0] = row.0[0].to_lowercase();
        }
        None
    }),
    ("every key twice", |rows| {
        rows.extend(rows.clone());
        None
    }),
    ("one key for everybody", |rows| {
        let first = rows[0].0[0].clone();
        for row in rows {
            row.0[0].clone_from(&first);
        }
        None
    }),
    ("everybody has left", |rows| {
        for row in rows {
            row.0[7] = "2026-11-26".into();
        }
        None
    }),
    ("everybody leaves today", |rows| {
        for row in rows {
            row.0[7] = TODAY.into();
        }
        None
    }),
    ("everybody leaves in a month", |rows| {
        for row in rows {
            row.0[7] = "2026-12-31".into();
        }
        None
    }),
    ("ends of 1900", |rows| {
        for row in rows {
            row.0[7] = "1900-01-01".into();
        }
        None
    }),
    ("first days to come", |rows| {
        for row in rows {
            row.0[6] = "2027-06-01".into();
        }
        None
    }),
    ("first days of 1900", |rows| {
        for row in rows {
            row.0[6] = "1900-01-01".into();
        }
        None
    }),
    ("days written otherwise", |rows| {
        for row in rows {
            row.0[6] = "01.03.2024".into();
        }
        None
    }),
    ("departments emptied", |rows| {
        for row in rows {
            row.0[4] = String::new();
        }
        None
    }),
    ("departments are NULL", |rows| {
        for row in rows {
            row.0[4] = "NULL".into();
        }
        None
    }),
    ("all departments renamed", |rows| {
        for row in rows {
            row.0[4] = format!("X-{}", row.0[4]);
        }
        None
    }),
    ("read with the wrong charset", |rows| Some(misread(&text(rows)).into_bytes())),
    ("written in another charset", |rows| Some(text_of_bytes(rows))),
    ("the company next door", |rows| {
        *rows = rows.iter().map(|row| Row::of(STRANGERS + row.number())).collect();
        None
    }),
    ("the company next door, same numbers", |rows| {
        for row in rows {
            let key = row.0[0].clone();
            *row = Row::of(STRANGERS + row.number());
            row.0[0] = key;
        }
        None
    }),
    ("names of everybody blanked", |rows| {
        for row in rows {
            row.0[1] = String::new();
            row.0[2] = String::new();
        }
        None
    }),
];

fn edit(rows: &[Row], change: impl Fn(&str) -> String) -> Vec<u8> {
    String::from_utf8(text(rows)).unwrap().lines().map(|line| change(line) + "\n").collect::<String>().into_bytes()
}

fn replaced(bytes: &[u8], old: &str, new: &str) -> Vec<u8> {
    String::from_utf8(bytes.to_vec()).unwrap().replacen(old, new, 1).into_bytes()
}

/// UTF-8 as somebody sees it who takes it for ISO-8859-1.
fn misread(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// ISO-8859-1, where UTF-8 is declared.
fn text_of_bytes(rows: &[Row]) -> Vec<u8> {
    String::from_utf8(text(rows)).unwrap().chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect()
}

/// What a poisoned feed did.
#[derive(Debug)]
struct Damage {
    ended: usize,
    changed: usize,
    strangers: usize,
    alerts: usize,
    newcomers: usize,
    stage: Stage,
}

fn damage(before: &People, after: &People, hires: &[Row], stage: Stage, alerts: usize) -> Damage {
    let ended = before.keys().filter(|key| !after.get(*key).is_some_and(|known| known.is_here)).count();
    let differs = |key: &String, was: &Known| after.get(key).is_some_and(|known| known.said != was.said);
    let changed = before.iter().filter(|(key, was)| differs(key, was)).count();
    let newcomers = hires.iter().filter(|row| after.contains_key(&row.0[0])).count();
    let is_known = |key: &&String| before.contains_key(*key) || hires.iter().any(|row| row.0[0] == **key);
    let strangers = after.keys().filter(|key| !is_known(key)).count();
    Damage { ended, changed, strangers, alerts, newcomers, stage }
}

async fn poisons(size: usize) {
    let brake = 5.max(size * 5 / 100);
    let mut wrong = Vec::new();
    println!(
        "{:<38} {:>7} {:>6} {:>8} {:>10} {:>7} {:>6}  state",
        "of a feed of", "people", "ended", "changed", "strangers", "alerts", "new"
    );
    let desk = Desk::of(POISONS.len(), "{}").await;
    desk.tick();
    for source in 0..POISONS.len() {
        desk.write(source, &text(&population(source, size)));
        let first = desk.take(source).await;
        assert_eq!((first.row.stage, first.applied.new), (Stage::Done, size as u64), "{first:?}");
    }
    let before = desk.people().await;
    desk.tick();
    let mut stages = Vec::new();
    for (source, (_, spoil)) in POISONS.into_iter().enumerate() {
        // Two begin with the same feed that is poisoned, where it can hold them.
        let mut today = population(source, size);
        let bytes = spoil(&mut today);
        let bytes = bytes.unwrap_or_else(|| {
            today.extend(hires(&population(source, size), 2));
            text(&today)
        });
        desk.write(source, &bytes);
        stages.push(desk.take(source).await.row.stage);
    }
    let after = desk.people().await;
    desk.tick();
    for (source, ((name, _), stage)) in POISONS.into_iter().zip(stages).enumerate() {
        desk.take(source).await;
        let hires = hires(&population(source, size), 2);
        let found = damage(&of(&before, source), &of(&after, source), &hires, stage, desk.alerts(source).await);
        let Damage { ended, changed, strangers, alerts, newcomers, stage } = &found;
        println!(
            "{name:<38} {size:>7} {ended:>6} {changed:>8} {strangers:>10} {alerts:>7} {newcomers:>6}  {}",
            stage.word()
        );
        let held = matches!(stage, Stage::Held | Stage::Failed);
        if ended + changed + strangers > 0 && (*ended > brake || *changed > brake || *strangers > brake)
            || *alerts != 1
            || !held
        {
            wrong.push(format!("{name}, {size} people: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What an honest writer changes.
type Edit = fn(&mut Rows);

/// What changes honestly from one day to the next.
const HONEST: [(&str, Edit); 30] = [
    ("nothing changes", |_| {}),
    ("one hire", |rows| rows.extend(hires(rows, 1))),
    ("ten hires", |rows| rows.extend(hires(rows, 10))),
    ("twice as many people", |rows| rows.extend(hires(rows, rows.len()))),
    ("one leaver", |rows| rows[3].0[7] = "2026-12-31".into()),
    ("three leavers", |rows| {
        for row in &mut rows[3..6] {
            row.0[7] = "2026-12-31".into();
        }
    }),
    ("a leaver of yesterday", |rows| rows[3].0[7] = "2026-11-26".into()),
    ("two are not in it any more", |rows| drop(rows.drain(7..9))),
    ("a hire and a leaver", |rows| {
        rows.extend(hires(rows, 1));
        rows[3].0[7] = "2026-12-31".into();
    }),
    ("one mover", |rows| rows[3].0[4] = "Board".into()),
    ("a department is renamed", |rows| {
        for row in rows.iter_mut().filter(|row| row.0[4] == "Sales") {
            row.0[4] = "Trade".into();
        }
    }),
    ("two departments are joined", |rows| {
        for row in rows.iter_mut().filter(|row| ["Sales", "Legal"].contains(&&*row.0[4])) {
            row.0[4] = "Trade".into();
        }
    }),
    ("titles of a third", |rows| {
        for row in rows.iter_mut().step_by(3) {
            row.0[5] = "Expert".into();
        }
    }),
    ("titles of half", |rows| {
        for row in rows.iter_mut().step_by(2) {
            row.0[5] = "Expert".into();
        }
    }),
    ("a marriage", |rows| rows[3].0[2] = "Schmidt".into()),
    ("a name with an accent", |rows| rows[3].0[1] = "Zoé".into()),
    ("a first day is corrected", |rows| rows[3].0[6] = "2024-02-29".into()),
    ("a new mail domain for a team", |rows| {
        for row in rows.iter_mut().filter(|row| row.0[4] == "IT") {
            row.0[3] = row.0[3].replace("org", "com");
        }
    }),
    ("the order of rows is another one", |rows| rows.reverse()),
    ("one title is emptied", |rows| rows[3].0[5] = String::new()),
    ("four titles are emptied", |rows| {
        for row in &mut rows[3..7] {
            row.0[5] = String::new();
        }
    }),
    ("a hire in the future", |rows| {
        let mut row = hires(rows, 1).remove(0);
        row.0[6] = "2027-02-01".into();
        rows.push(row);
    }),
    ("a hire with an end", |rows| {
        let mut row = hires(rows, 1).remove(0);
        row.0[7] = "2027-02-01".into();
        rows.push(row);
    }),
    ("an end for ever", |rows| rows[3].0[7] = "9999-12-31".into()),
    ("one key changes", |rows| rows[3].0[0] = hires(rows, 1)[0].0[0].clone()),
    ("five leave at once", |rows| {
        for row in &mut rows[3..8] {
            row.0[7] = "2026-12-31".into();
        }
    }),
    ("a bonus round: titles and mails of a third", |rows| {
        for row in rows.iter_mut().step_by(3) {
            row.0[5] = "Chief".into();
            row.0[3] = row.0[3].replace("org", "net");
        }
    }),
    ("two swap their departments", |rows| {
        let one = rows[3].0[4].clone();
        rows[3].0[4] = rows[4].0[4].clone();
        rows[4].0[4] = one;
    }),
    ("hires, leavers and movers of a busy day", |rows| {
        rows.extend(hires(rows, 5));
        rows[1].0[7] = "2026-12-31".into();
        rows[2].0[4] = "Board".into();
        drop(rows.drain(9..11));
    }),
    ("everybody's title changes", |rows| {
        for row in rows {
            row.0[5] = "Colleague".into();
        }
    }),
];

async fn honest(size: usize) -> Vec<String> {
    let desk = Desk::of(HONEST.len(), "{}").await;
    desk.tick();
    for source in 0..HONEST.len() {
        desk.write(source, &text(&population(source, size)));
        desk.take(source).await;
    }
    desk.tick();
    let mut stopped = Vec::new();
    for (source, (name, change)) in HONEST.into_iter().enumerate() {
        let mut rows = population(source, size);
        change(&mut rows);
        desk.write(source, &text(&rows));
        let report = desk.take(source).await;
        if report.row.stage != Stage::Done {
            stopped.push(format!("{name}, {size} people: {:?} {:?}", report.verdict.reasons, report.failure));
        }
    }
    stopped
}

#[tokio::test]
async fn a_reading_in_which_nothing_changed_writes_nothing() {
    let desk = Desk::new().await;
    let rows = text(&population(0, 60));
    desk.read(&rows).await;
    let before = desk.people().await;
    let again = desk.again().await;
    assert_eq!((again.row.stage, again.found.new, again.found.changed, again.found.gone), (Stage::Done, 0, 0, 0));
    assert_eq!(desk.people().await, before);
}

#[tokio::test]
async fn what_a_human_accepts_is_taken_in_and_a_worse_feed_is_held_again() {
    for database in databases::each().await {
        accepted(&Desk::on(&database, 1, "{}").await).await;
    }
}

async fn accepted(desk: &Desk) {
    let rows = population(0, 60);
    desk.read(&text(&rows)).await;
    let held = desk.read(&text(&rows[..50])).await;
    assert_eq!((held.row.stage, held.applied.gone, desk.alerts(0).await), (Stage::Held, 0, 1), "{held:?}");
    let refused = reject(&desk.stepped.cx(), &hr(0), 1).await.unwrap_err();
    assert!(refused.to_string().contains("waits for no answer"), "{refused}");
    // The feed gets worse before somebody says yes.
    desk.write(0, &text(&rows[..45]));
    let worse = accept(&desk.stepped.cx(), &hr(0), held.row.number).await.unwrap();
    assert_eq!((worse.row.stage, worse.applied.gone), (Stage::Held, 0), "{worse:?}");
    let taken = accept(&desk.stepped.cx(), &hr(0), worse.row.number).await.unwrap();
    assert_eq!((taken.row.stage, taken.applied.gone), (Stage::Done, 15), "{taken:?}");
    // They end with the day of the reading.
    desk.stepped.at("2026-11-28T00:00:01Z".parse().unwrap());
    let here = desk.people().await.values().filter(|known| known.is_here).count();
    assert_eq!(here, 45);
    assert_eq!(list(&desk.stepped.cx(), &hr(0)).await.unwrap().len(), 4);
    // Whoever is in it again is there again.
    let back = desk.read(&text(&rows[..50])).await;
    assert_eq!((back.row.stage, back.applied.new), (Stage::Done, 5), "{back:?}");
    assert_eq!(desk.people().await.values().filter(|known| known.is_here).count(), 50);
}

#[tokio::test]
async fn yesterdays_feed_is_not_taken_for_todays() {
    let desk = Desk::new().await;
    let mut rows = population(0, 60);
    let yesterday = text(&rows);
    desk.read(&yesterday).await;
    for row in &mut rows[..10] {
        row.0[5] = "Chief".into();
    }
    let today = desk.read(&text(&rows)).await;
    assert_eq!((today.row.stage, today.applied.changed), (Stage::Done, 10));
    let again = desk.read(&yesterday).await;
    assert_eq!((again.row.stage, again.applied.changed, desk.alerts(0).await), (Stage::Held, 0, 1), "{again:?}");
}

#[tokio::test]
async fn a_row_that_makes_no_sense_is_put_aside_by_name_and_the_rest_goes_on() {
    let desk = Desk::new().await;
    let mut rows = population(0, 60);
    rows[7].0[6] = "1900-01-01".into();
    rows[8].0[6] = String::new();
    let report = desk.read(&text(&rows)).await;
    assert_eq!((report.row.stage, report.applied.new, report.applied.quarantined), (Stage::Done, 58, 2), "{report:?}");
    let said = report.applied.quarantined_first.join("\n");
    assert!(said.contains("`E0000007`") && said.contains("`E0000008`"), "{said}");
}

mod slow {
    use super::*;

    #[tokio::test]
    async fn without_the_guard_the_same_feeds_do_harm() {
        let harmful = ["everybody has left", "departments emptied"];
        let desk = Desk::of(harmful.len(), "{ maxDisappear: 100%, maxChange: 100% }").await;
        let poisons = POISONS.into_iter().filter(|(name, _)| harmful.contains(name));
        for (source, (name, spoil)) in poisons.enumerate() {
            let mut rows = population(source, 60);
            desk.write(source, &text(&rows));
            desk.tick();
            desk.take(source).await;
            let before = of(&desk.people().await, source);
            spoil(&mut rows);
            desk.write(source, &text(&rows));
            desk.tick();
            desk.take(source).await;
            let after = desk.people().await;
            let harmed = before.iter().filter(|(key, was)| after.get(*key) != Some(was)).count();
            assert!(harmed > 50, "{name}: {harmed}");
        }
    }

    #[tokio::test]
    async fn poisoned_feeds_of_sixty_people() {
        poisons(60).await;
    }

    #[tokio::test]
    async fn honest_feeds_of_sixty_people() {
        let stopped = honest(60).await;
        assert!(stopped.len() <= 1, "{}", stopped.join("\n"));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "reads sixty-two feeds of 3,000 people; takes minutes"]
    async fn feeds_of_three_thousand_people() {
        poisons(3_000).await;
        let stopped = honest(3_000).await;
        assert!(stopped.len() <= 1, "{}", stopped.join("\n"));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "reads sixty-two feeds of 20,000 people; takes long, run it with --release"]
    async fn feeds_of_twenty_thousand_people() {
        poisons(20_000).await;
        let stopped = honest(20_000).await;
        assert!(stopped.len() <= 1, "{}", stopped.join("\n"));
    }
}
