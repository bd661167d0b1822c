//! Workbooks that a real writer wrote, and ones that mean harm.

use serde_json::json;
use tenure_model::Value;

use super::{Place, all, fixture, said};

fn book(place: &Place, sheet: Option<&str>) -> tenure_connectors::file::FileConnector {
    place.feed(
        json!({
            "from": { "kind": "folder", "path": place.inbox(), "files": "*.xlsx" },
            "format": { "kind": "xlsx", "sheet": sheet }, "key": "employeeId",
        }),
        json!({}),
    )
}

#[tokio::test]
async fn dates_numbers_and_digits_come_out_as_what_they_are() {
    let place = Place::new();
    place.put("staff.xlsx", fixture("staff.xlsx"));
    let (rows, _) = all(&book(&place, None)).await.unwrap();
    let first = &rows[0].attributes;
    assert_eq!(rows[0].native_id.as_ref().unwrap().as_str(), "1001");
    assert_eq!(first["badge"], Value::from("00042"));
    assert_eq!(first["name"], Value::from("Zoë Ångström"));
    assert_eq!(first["hired"], Value::Date(jiff::civil::date(2020, 2, 29)));
    assert_eq!(first["seen"], Value::from("2026-11-21T08:30:00"));
    assert_eq!(first["active"], Value::Flag(true));
    assert_eq!(first["salary"], Value::from("1234.5"));
    assert_eq!(first["note"], Value::Cleared);
    assert_eq!(rows[1].attributes["name"], Value::from("Ada <& Lovelace>"));
    assert_eq!(rows[1].attributes["salary"], Value::Number(9));
    assert_eq!(rows[1].attributes["seen"], Value::Cleared);
}

#[tokio::test]
async fn what_is_wrong_with_a_workbook_is_named() {
    let place = Place::new();
    place.put("staff.xlsx", fixture("staff.xlsx"));
    assert!(said(&book(&place, Some("Staf"))).await.contains("no sheet `Staf`; there are `Staff`, `Other`"));
    assert!(said(&book(&place, Some("Other"))).await.contains("column `employeeId` is missing; there are `only`"));
    place.put("staff.xlsx", fixture("error.xlsx"));
    assert!(said(&book(&place, None)).await.contains("line 3: cell C3 cannot be read: it holds an error"));
    let whole = fixture("staff.xlsx");
    place.put("staff.xlsx", &whole[..whole.len() / 2]);
    assert!(said(&book(&place, None)).await.contains("only the beginning of one"));
    place.put("staff.xlsx", "<html>");
    assert!(said(&book(&place, None)).await.contains("XLSX was expected, and it is an HTML page"));
    place.put("staff.xlsx", b"\xD0\xCF\x11\xE0old");
    assert!(said(&book(&place, None)).await.contains("saved as `.xlsx`"));
}

#[tokio::test]
async fn no_single_flipped_byte_of_a_workbook_panics_and_hardly_one_passes() {
    let whole = fixture("staff.xlsx");
    let place = Place::new();
    for at in (0..whole.len()).step_by(7) {
        let mut hurt = whole.clone();
        hurt[at] ^= 0x55;
        place.put("staff.xlsx", &hurt);
        drop(all(&book(&place, None)).await);
    }
}

/// An archive with one part that is stored as it is, or deflated by the server's own tools.
fn archive(parts: &[(&str, u16, u32, u32, Vec<u8>)]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, method, crc, size, data) in parts {
        let offset = u32::try_from(file.len()).unwrap();
        let packed = u32::try_from(data.len()).unwrap();
        let length = u16::try_from(name.len()).unwrap();
        let common = [
            &20u16.to_le_bytes()[..],
            &0u16.to_le_bytes(),
            &method.to_le_bytes(),
            &[0; 4],
            &crc.to_le_bytes(),
            &packed.to_le_bytes(),
            &size.to_le_bytes(),
            &length.to_le_bytes(),
            &0u16.to_le_bytes(),
        ]
        .concat();
        file.extend([b"PK\x03\x04", common.as_slice(), name.as_bytes(), data].concat());
        directory.extend(
            [b"PK\x01\x02", &20u16.to_le_bytes()[..], &common, &[0; 10], &offset.to_le_bytes(), name.as_bytes()]
                .concat(),
        );
    }
    let count = u16::try_from(parts.len()).unwrap();
    let (size, start) = (u32::try_from(directory.len()).unwrap(), u32::try_from(file.len()).unwrap());
    file.extend(directory);
    file.extend(
        [
            b"PK\x05\x06",
            &[0; 4][..],
            &count.to_le_bytes(),
            &count.to_le_bytes(),
            &size.to_le_bytes(),
            &start.to_le_bytes(),
            &[0; 2],
        ]
        .concat(),
    );
    file
}

#[tokio::test]
async fn entities_are_not_expanded_and_bombs_do_not_go_off() {
    let place = Place::new();
    let laughs = b"<!DOCTYPE w [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><workbook>&b;</workbook>".to_vec();
    place.put("staff.xlsx", archive(&[("xl/workbook.xml", 0, 0, 0, laughs)]));
    assert!(said(&book(&place, None)).await.contains("declares a document type"));
    let tags = format!("<workbook>{}</workbook>", "<a/>".repeat(16 << 20));
    let bomb = miniz_oxide::deflate::compress_to_vec(tags.as_bytes(), 6);
    assert!(bomb.len() < 400 << 10, "{}", bomb.len());
    place.put("staff.xlsx", archive(&[("xl/workbook.xml", 8, 0, 64 << 20, bomb)]));
    let message = said(&book(&place, None)).await;
    assert!(message.contains("unfolds to far more than it is"), "{message}");
}
