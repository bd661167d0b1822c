//! A feed as a whole, beside the last good one.

use serde_json::json;
use tenure_connect::{AnyConnector, ChangeToken, Changed, Changes, Completeness, ObjectClass};

use super::{Place, all};

fn people(numbers: impl Iterator<Item = u32>, mail: bool) -> String {
    let rows = numbers
        .map(|number| format!("E{number},{}\n", if mail { "x@example.org" } else { "" }))
        .collect::<Vec<_>>()
        .concat();
    format!("id,mail\n{rows}")
}

#[tokio::test]
async fn a_feed_that_lost_people_is_partial_until_a_human_accepts_it() {
    let place = Place::new();
    let feed = place.put("hr.csv", people(0..100, true)).csv(json!({}));
    assert_eq!(all(&feed).await.unwrap().1, Completeness::Whole);
    // Another connector, as after a restart, knows what was good.
    let feed = place.put("hr.csv", people(0..50, true)).csv(json!({}));
    let why = "50 of 100 keys are gone, more than 10 %".to_owned();
    for _ in 0..2 {
        // Reading it twice does not make it good.
        assert_eq!(all(&feed).await.unwrap().1, Completeness::Partial { why: why.clone() });
    }
    let facts = feed.facts().await.unwrap();
    let since = facts.since_last_good.unwrap();
    assert_eq!((since.rows, since.new, since.lost, since.changed), (100, 0, 50, 0));
    assert!(feed.check().await.unwrap().peer.contains(&facts.mark));
    let accepted = place.csv(json!({ "expect": { "accept": facts.mark } }));
    assert_eq!(all(&accepted).await.unwrap().1, Completeness::Whole);
    // The acceptance was of that feed and of no other.
    place.put("hr.csv", people(0..10, true));
    assert!(matches!(all(&accepted).await.unwrap().1, Completeness::Partial { .. }));
}

#[tokio::test]
async fn new_keys_for_everybody_and_an_emptied_column_are_doubted() {
    let place = Place::new();
    all(&place.put("hr.csv", people(0..100, true)).csv(json!({}))).await.unwrap();
    let feed = place.put("hr.csv", people(1_000..1_100, true)).csv(json!({}));
    assert!(matches!(all(&feed).await.unwrap().1, Completeness::Partial { why } if why.contains("100 of 100 keys")));
    let feed = place.put("hr.csv", people(0..100, false)).csv(json!({}));
    let why = match all(&feed).await.unwrap().1 {
        Completeness::Partial { why } => why,
        other => panic!("{other:?}"),
    };
    assert!(why.contains("column `mail` was filled in 100 % of the rows and is in 0 %"), "{why}");
    let facts = feed.facts().await.unwrap();
    assert_eq!((facts.fill["id"], facts.fill["mail"]), (100, 0));
    place.put("hr.csv", "id\nE1\n");
    assert!(feed.facts().await.unwrap().doubts.iter().any(|doubt| doubt.contains("columns `mail` are gone")));
}

#[tokio::test]
async fn nothing_personal_stays_behind() {
    let place = Place::new();
    all(&place.put("hr.csv", people(0..100, true)).csv(json!({}))).await.unwrap();
    let kept: Vec<_> = std::fs::read_dir(place.kept()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(kept, [place.kept().join("hr.last")]);
    let bytes = std::fs::read(&kept[0]).unwrap();
    assert!(!bytes.windows(7).any(|window| window == b"example"));
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&kept[0]).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn what_changed_is_told_since_a_token() {
    let place = Place::new();
    let feed = place.put("hr.csv", people(0..100, true)).csv(json!({ "expect": { "rowsChangedPercentMax": 100 } }));
    let token = |changes: Changes| match changes {
        Changes::Since { changed, next, more: false } => (changed.len(), next),
        other => panic!("{other:?}"),
    };
    let changes = async |since: Option<&ChangeToken>| feed.changes(ObjectClass::Account, since).await.unwrap();
    let (none, first) = token(changes(None).await);
    assert_eq!((none, token(changes(Some(&first)).await).0), (0, 0));
    place.put("hr.csv", people(0..101, true).replace("E7,x@", "E7,y@"));
    let Changes::Since { changed, next, .. } = changes(Some(&first)).await else { panic!() };
    let ids: Vec<&str> = changed
        .iter()
        .map(|one| match one {
            Changed::Now(seen) => seen.account().unwrap().native_id.as_ref().unwrap().as_str(),
            Changed::Gone(id) => id.as_str(),
        })
        .collect();
    assert_eq!(ids, ["E7", "E100"]);
    assert_eq!(token(changes(Some(&next)).await).0, 0);
    assert!(matches!(changes(Some(&ChangeToken::new("ffff"))).await, Changes::Reset { .. }));
    place.put("hr.csv", people(0..50, true));
    assert!(feed.changes(ObjectClass::Account, Some(&next)).await.unwrap_err().message.contains("in doubt"));
}
