//! What changed since a token, by a column.

use std::collections::BTreeSet;

use tenure_connect::{AnyConnector, ChangeFeed, ChangeToken, Changed, Changes, ObjectClass};

use super::Peer;

async fn since(sql: &dyn AnyConnector, token: Option<&ChangeToken>) -> (Vec<String>, ChangeToken, bool) {
    match sql.changes(ObjectClass::Account, token).await.unwrap() {
        Changes::Since { changed, next, more } => {
            let name = |one: Changed| match one {
                Changed::Now(seen) => seen.account().unwrap().name.clone(),
                Changed::Gone(id) => id.to_string(),
            };
            (changed.into_iter().map(name).collect(), next, more)
        }
        Changes::Reset { why } => panic!("{why}"),
    }
}

#[tokio::test]
async fn each_change_is_told_and_ties_are_never_lost() {
    for peer in Peer::each().await {
        let on = if peer.port().is_some() { "true" } else { "1" };
        let insert = |range: std::ops::Range<u32>, at: &str| {
            let rows = range.map(|number| format!("('u{number}', {on}, '{at}')")).collect::<Vec<_>>().join(", ");
            peer.sql(&format!("INSERT INTO people (username, active, changed_at) VALUES {rows}"));
        };
        let sql = peer.connector();
        assert_eq!(sql.describe().feed(ObjectClass::Account), ChangeFeed::Imprecise);
        insert(0..3, "2026-01-01 00:00:00");
        let (none, token, _) = since(&sql, None).await;
        assert!(none.is_empty());
        // Committed later with the same time, and one that is far later.
        insert(3..4, "2026-01-01 00:00:00");
        insert(4..5, "2026-11-21 08:00:00");
        let (told, next, more) = since(&sql, Some(&token)).await;
        assert_eq!((told.len(), more), (5, false));
        assert!(told.contains(&"u3".to_owned()) && told.contains(&"u4".to_owned()));
        assert_eq!(since(&sql, Some(&next)).await.0, ["u4"]);
        // More than a page with the very same time.
        insert(10..2_510, "2026-11-22 00:00:00");
        let (mut token, mut all, mut asked) = (next, BTreeSet::new(), 0);
        loop {
            let (told, next, more) = since(&sql, Some(&token)).await;
            all.extend(told);
            (token, asked) = (next, asked + 1);
            if !more {
                break;
            }
        }
        assert_eq!((all.len(), asked), (2_501, 3));
        let strange = sql.changes(ObjectClass::Account, Some(&ChangeToken::new("rubbish"))).await.unwrap();
        assert!(matches!(strange, Changes::Reset { .. }));
    }
}
