//! A million rows, measured beside a bare loop over the same file.

use std::io::{BufRead as _, BufReader, Write as _};

use serde_json::json;
use tenure_connect::{AnyConnector, Completeness, Page, Query};

use super::Place;

const ROWS: u32 = 1_000_000;

/// The most memory this process ever had, in MiB.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1_024
}

#[tokio::test]
#[ignore = "takes minutes without optimisation; run it with --release"]
#[expect(clippy::disallowed_methods, reason = "a measurement of this machine, not product time")]
async fn a_million_rows_are_parsed_and_hashed_in_bounded_memory() {
    let place = Place::new();
    let path = place.inbox().join("hr.csv");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    writeln!(file, "id,givenName,familyName,mail,department,title,hired,manager,site,status").unwrap();
    for number in 0..ROWS {
        writeln!(
            file,
            "E{number:07},Zoë{number},\"Lovelace, {number}\",p{number}@example.org,D{},Analyst,2020-01-{:02},E{:07},Lyon,active",
            number % 300, number % 28 + 1, number / 10
        )
        .unwrap();
    }
    file.into_inner().unwrap().sync_all().unwrap();
    let bytes = std::fs::metadata(&path).unwrap().len();
    let feed = place.csv(json!({ "types": { "hired": { "date": "%Y-%m-%d" } } }));

    let start = std::time::Instant::now();
    let lines = BufReader::new(std::fs::File::open(&path).unwrap()).lines().map_while(Result::ok).count();
    let bare = start.elapsed().as_secs_f64();
    assert_eq!(lines as u64, u64::from(ROWS) + 1);

    let start = std::time::Instant::now();
    let facts = feed.facts().await.unwrap();
    let survey = start.elapsed().as_secs_f64();
    assert_eq!(facts.rows, u64::from(ROWS));

    let start = std::time::Instant::now();
    let (mut page, mut seen) = (Page::first_of(1_000), 0);
    let completeness = loop {
        let batch = feed.read(&Query::accounts(), &page).await.unwrap();
        seen += batch.objects.len();
        match batch.next {
            Some(next) => page = page.then(next),
            None => break batch.completeness,
        }
    };
    let pages = start.elapsed().as_secs_f64();
    assert_eq!((seen, completeness), (ROWS as usize, Completeness::Whole));

    let peak = peak_mib();
    println!(
        "{ROWS} rows, {} MiB: bare line loop {bare:.2} s; parsed, typed and hashed {survey:.2} s ({:.0} rows/s, ratio to \
         the bare loop {:.2}); handed over as objects {pages:.2} s; peak RSS {peak} MiB",
        bytes >> 20,
        f64::from(ROWS) / survey,
        bare / survey,
    );
    assert!(survey < 15.0 && peak < 200, "{survey} s, {peak} MiB");
}
