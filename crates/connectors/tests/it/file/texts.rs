//! CSV, JSON and JSON lines from a folder.

use serde_json::json;
use tenure_connect::{
    AnyConnector, Change, Completeness, Desired, Expectation, Locator, Operation, Outcome, RefusalClass, Write,
};
use tenure_model::{AccountState, Value};

use super::{Place, all, said};

#[tokio::test]
async fn a_feed_is_read_page_by_page_with_its_types_and_states() {
    let place = Place::new();
    place.put("hr.csv", "\u{FEFF}id;name;hired;left;tags\r\nE1;\"Lovelace; Ada\";10.12.2025;;a|b\r\nE2;\"Zoë\nL\";01.01.2026;x;\r\nE3;Bob;;?;c\r\n");
    let feed = place.csv(json!({
        "name": "name",
        "types": { "hired": { "date": "%d.%m.%Y" }, "tags": { "list": "|" } },
        "status": { "column": "left", "active": [""], "disabled": ["x"] },
    }));
    let said = feed.check().await.unwrap().peer;
    assert_eq!(said, "`hr.csv`: CSV with ';' as found out (100 % of the sample agree), utf-8, 3 rows, 5 columns");
    let (rows, completeness) = all(&feed).await.unwrap();
    assert_eq!(completeness, Completeness::Whole);
    let states: Vec<AccountState> = rows.iter().map(|row| row.state).collect();
    assert_eq!(states, [AccountState::Active, AccountState::Disabled, AccountState::Unknown]);
    assert_eq!(rows[0].name, "Lovelace; Ada");
    assert_eq!(rows[0].attributes["hired"], Value::Date(jiff::civil::date(2025, 12, 10)));
    assert_eq!(rows[0].attributes["tags"], Value::List(vec!["a".into(), "b".into()]));
    assert_eq!(rows[1].attributes["name"], Value::from("Zoë\nL"));
    assert_eq!(rows[2].attributes["hired"], Value::Cleared);
    let bob = feed.get(&Locator::attribute("name", "Bob")).await.unwrap().unwrap();
    assert_eq!(feed.get(&Locator::native("E3")).await.unwrap().unwrap(), bob);
    assert_eq!(feed.get(&Locator::native("E9")).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_wrong_is_named_with_file_line_and_way_out() {
    for (content, wanted) in [
        ("", "`hr.csv`: it is empty, without even a header"),
        ("id,name\n", "there is a header and no row"),
        ("id,name\n\n\n", "there is a header and no row"),
        ("id,name,name\nE1,a,b\n", "`hr.csv` line 1: columns 2 and 3 are both called `name`"),
        ("id,,x\nE1,a,b\n", "line 1: column 2 of the header has no name"),
        ("id, name\nE1,a\n", "column 2 ` name` of the header has spaces"),
        ("key,name\nE1,a\n", "line 1: column `id` is missing; there are `key`, `name`"),
        ("id,name\nE1,a\nE2,b,c\n", "`hr.csv` line 3: there are 3 fields and the header has 2"),
        ("id,name\nE1,a\nE2\n", "line 3: there are 1 fields"),
        ("id,name\nE1,a\n,b\n", "line 3: the key `id` is empty"),
        ("id,name\nE1,a\nE2,b\nE1,c\n", "`hr.csv` line 4: it has the same `id` as line 2 of `hr.csv`"),
        ("id,name\nE1,\"a\nE2,b\n", "line 2 column 4: a quote opens here and is never closed"),
        ("<!DOCTYPE html>\n<html><body>Sign in", "CSV was expected, and it is an HTML page"),
        ("  <html>", "an HTML page, perhaps one to sign in"),
        ("PK\u{3}\u{4}x", "a ZIP archive or workbook"),
    ] {
        let place = Place::new();
        let message =
            said(&place.put("hr.csv", content).csv(json!({ "format": { "kind": "csv", "delimiter": "," } }))).await;
        assert!(message.contains(wanted), "{content:?}: {message}");
    }
}

#[tokio::test]
async fn a_fault_in_the_last_line_stops_the_first_page() {
    let place = Place::new();
    let rows = (0..1_000).map(|number| format!("E{number},x\n")).collect::<Vec<_>>().concat();
    let feed = place.put("hr.csv", format!("id,name\n{rows}E1000,x,y\n")).csv(json!({}));
    assert!(said(&feed).await.contains("line 1002"), "{}", said(&feed).await);
}

#[tokio::test]
async fn a_wrong_charset_is_found_and_the_right_one_reads() {
    let place = Place::new();
    place.put("hr.csv", b"id,name\nE1,Ada\nE2,Zo\xEB\n");
    let message = said(&place.csv(json!({}))).await;
    assert!(message.starts_with("`hr.csv` line 3 column 6: byte 0xEB is not UTF-8"), "{message}");
    let feed = place.csv(json!({ "format": { "kind": "csv", "charset": "windows-1252" } }));
    assert_eq!(all(&feed).await.unwrap().0[1].attributes["name"], Value::from("Zoë"));
    let wide: Vec<u8> = "\u{FEFF}id,name\nE2,Zoë 李\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    place.put("hr.csv", wide);
    assert_eq!(all(&place.csv(json!({}))).await.unwrap().0[0].attributes["name"], Value::from("Zoë 李"));
}

#[tokio::test]
async fn bad_rows_can_be_set_aside_and_then_absence_is_no_fact() {
    let place = Place::new();
    place.put("hr.csv", "id,day\nE1,2026-01-01\nE2,gestern\nE3,2026-01-03\n");
    let types = json!({ "day": { "date": "%Y-%m-%d" } });
    let message = said(&place.csv(json!({ "types": types }))).await;
    assert!(message.contains("line 3: the value of `day` is no day of the form `%Y-%m-%d`"), "{message}");
    assert!(!message.contains("gestern"));
    let feed = place.csv(json!({ "types": types, "badRowsMax": 1 }));
    let (rows, completeness) = all(&feed).await.unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(completeness, Completeness::Partial { why: "1 rows were wrong and set aside".into() });
    assert!(feed.facts().await.unwrap().set_aside_first[0].contains("line 3"));
}

#[tokio::test]
async fn trailers_and_control_files_say_whether_all_is_there() {
    let place = Place::new();
    let trailer = json!({ "whole": { "kind": "trailer", "starts": "TRL", "field": 2 } });
    place.put("hr.csv", "id,name\nE1,a\nE2,b\nTRL,2\n");
    assert_eq!(all(&place.csv(trailer.clone())).await.unwrap().0.len(), 2);
    for (content, wanted) in [
        ("id,name\nE1,a\nTRL,2\n", "2 rows are declared and 1 are there"),
        ("id,name\nE1,a\nE2,b\n", "the trailer is missing"),
        ("id,name\nE1,a\nTRL,1\nE2,b\n", "line 4: there is a row after the trailer on line 3"),
        ("id,name\nE1,a\nTRL,x\n", "line 3: the trailer has no number"),
    ] {
        let message = said(&place.put("hr.csv", content).csv(trailer.clone())).await;
        assert!(message.contains(wanted), "{message}");
    }
    let control = json!({ "whole": { "kind": "control", "suffix": ".ctl" } });
    place.put("hr.csv", "id,name\nE1,a\nE2,b\n");
    assert!(said(&place.csv(control.clone())).await.contains("has no `hr.csv.ctl` beside it yet"));
    place.put("hr.csv.ctl", "rows=2\n");
    assert_eq!(all(&place.csv(control.clone())).await.unwrap().0.len(), 2);
    place.put("hr.csv.ctl", "rows=3\n");
    assert!(said(&place.csv(control)).await.contains("3 rows are declared and 2 are there"));
}

#[tokio::test]
async fn a_delta_names_what_changed_and_what_is_gone() {
    let place = Place::new();
    place.put("d1.csv", "op,id,name\nA,E1,Ada\nD,E2,\n").put("d2.csv", "op,id,name\nU,E1,Ada L\n");
    let feed = place.csv(json!({
        "from": { "kind": "folder", "path": place.inbox(), "files": "d*.csv", "pick": "all" },
        "delta": { "column": "op", "upsert": ["A", "U"], "delete": ["D"] },
    }));
    let (rows, completeness) = all(&feed).await.unwrap();
    assert!(matches!(completeness, Completeness::Partial { .. }));
    let states: Vec<AccountState> = rows.iter().map(|row| row.state).collect();
    assert_eq!(states, [AccountState::Active, AccountState::Gone, AccountState::Active]);
    let ada = feed.get(&Locator::native("E1")).await.unwrap().unwrap();
    assert_eq!(ada.attributes["name"], Value::from("Ada L"));
}

#[tokio::test]
async fn json_documents_and_lines_are_read() {
    let place = Place::new();
    place.put("a.json", r#"{"data":[{"id":"E1","n":{"f":"Ada"},"on":true},{"id":"E2","n":{"f":null}}]}"#);
    place.put("b.jsonl", "{\"id\":7,\"tags\":[\"a\",\"b\"]}\n{\"id\":8}\n");
    let from = |files| json!({ "kind": "folder", "path": place.inbox(), "files": files });
    let feed = place.feed(
        json!({ "from": from("*.json"), "format": { "kind": "json", "records": "data" }, "key": "id" }),
        json!({}),
    );
    let (rows, _) = all(&feed).await.unwrap();
    assert_eq!(rows[0].attributes["n.f"], Value::from("Ada"));
    assert_eq!(rows[0].attributes["on"], Value::Flag(true));
    assert_eq!(rows[1].attributes.get("n.f"), Some(&Value::Cleared));
    assert_eq!(rows[1].attributes.get("on"), None);
    let feed =
        place.feed(json!({ "from": from("*.jsonl"), "format": { "kind": "json-lines" }, "key": "id" }), json!({}));
    assert_eq!(feed.get(&Locator::native("8")).await.unwrap().unwrap().attributes["id"], Value::Number(8));
    place.put("b.jsonl", "<html><title>Sign in</title>");
    assert!(said(&feed).await.contains("JSON lines was expected, and it is an HTML page"));
}

#[tokio::test]
async fn nothing_is_ever_written_to_a_feed() {
    let place = Place::new();
    let feed = place.put("hr.csv", "id,name\nE1,Ada\n").csv(json!({}));
    assert!(feed.describe().verbs.is_empty());
    let ada = Locator::native("E1");
    assert!(feed.plan(&Desired::Enabled { account: ada.clone() }).await.unwrap().is_empty());
    let refused = feed.plan(&Desired::Disabled { account: ada.clone() }).await.unwrap_err();
    assert_eq!(refused.class, RefusalClass::Unsupported);
    let operation = Operation { key: "0a".parse().unwrap(), generation: 1 };
    let outcome = feed.apply(&Change::new(ada.clone(), Write::Disable), &operation).await;
    assert!(matches!(outcome, Outcome::Refused(refusal) if refusal.class == RefusalClass::Unsupported));
    assert!(feed.verify(&Expectation::of(ada)).await.is_met());
    assert!(!feed.verify(&Expectation::of(Locator::native("E2"))).await.is_met());
}
