//! Types, lists, deleting, and what other columns hold.

use serde_json::json;
use tenure_connect::{
    AnyConnector, Change, Completeness, Desired, Expectation, Locator, Outcome, Page, Query, RefusalClass, Verb, Write,
};
use tenure_model::{AccountState, Attributes, Value};

use super::{Peer, ada, apply, connector, create, done};

#[tokio::test]
async fn numbers_days_and_lists_go_over_and_come_back_as_what_they_are() {
    for peer in Peer::each().await {
        let sql = peer.connector();
        let day = Value::Date(jiff::civil::date(2026, 11, 21));
        let phones = Value::List(vec!["+33 1".into(), "+49 2".into()]);
        let attributes: Attributes = [
            ("username".to_owned(), "ada".into()),
            ("hired".to_owned(), day.clone()),
            ("grade".to_owned(), "7".into()),
            ("phone".to_owned(), phones.clone()),
        ]
        .into();
        let desired = Desired::Present { account: ada(), attributes, hold: [].into() };
        for change in sql.plan(&desired).await.unwrap() {
            done(&sql, &change).await;
        }
        assert!(sql.plan(&desired).await.unwrap().is_empty());
        let seen = sql.get(&ada()).await.unwrap().unwrap();
        assert_eq!((&seen.attributes["hired"], &seen.attributes["grade"]), (&day, &Value::Number(7)));
        assert_eq!(seen.attributes["phone"], phones);
        let by_number = sql.get(&Locator::attribute("grade", "7")).await.unwrap().unwrap();
        assert_eq!(by_number.native_id, seen.native_id);
        let amend = Write::Amend {
            attribute: "phone".into(),
            add: vec!["+1 3".into()],
            remove: vec!["+33 1".into(), "none".into()],
        };
        for _ in 0..2 {
            let seen = done(&sql, &Change::new(ada(), amend.clone())).await;
            assert_eq!(seen.attributes["phone"], Value::List(vec!["+1 3".into(), "+49 2".into()]));
        }
        let clear = Write::Set {
            attributes: [("phone".to_owned(), Value::Cleared), ("grade".to_owned(), Value::Cleared)].into(),
        };
        let seen = done(&sql, &Change::new(ada(), clear)).await;
        assert!(!seen.attributes.contains_key("phone") && !seen.attributes.contains_key("grade"));
        let bad = Write::Set { attributes: [("grade".to_owned(), "seven".into())].into() };
        match apply(&sql, &Change::new(ada(), bad)).await {
            Outcome::Refused(refusal) => assert_eq!(refusal.class, RefusalClass::Invalid),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn what_only_looks_like_an_account_is_somebody_elses() {
    for peer in Peer::each().await {
        let sql = peer.connector();
        done(&sql, &create()).await;
        // Databases may compare without regard to case, accents and blanks, or turn text into numbers.
        for (name, value) in [("employee_no", "e1042"), ("employee_no", "E1042 "), ("grade", "0"), ("username", "adá")]
        {
            assert_eq!(sql.get(&Locator::attribute(name, value)).await.unwrap(), None, "{value}");
        }
        for id in ["1abc", "", "1 OR 1=1", "999999", "9999999999999999999999", "1.0", "\0"] {
            assert_eq!(sql.get(&Locator::native(id)).await.unwrap(), None, "{id}");
        }
    }
}

#[tokio::test]
async fn deleting_takes_what_belongs_to_the_account_and_nothing_else() {
    for peer in Peer::each().await {
        let sql = peer.connector();
        assert!(sql.describe().verbs.contains_key(&Verb::Delete));
        let made = done(&sql, &create()).await;
        let other = Change::new(
            Locator::attribute("employee_no", "E2"),
            Write::Create { attributes: super::attributes("bob") },
        );
        done(&sql, &other).await;
        for change in sql
            .plan(&Desired::Present {
                account: ada(),
                attributes: [("phone".to_owned(), Value::List(vec!["1".into()]))].into(),
                hold: [Locator::attribute("name", "staff")].into(),
            })
            .await
            .unwrap()
        {
            done(&sql, &change).await;
        }
        let plan = sql.plan(&Desired::Deleted { account: ada() }).await.unwrap();
        assert_eq!(plan.len(), 1);
        for _ in 0..2 {
            done(&sql, &plan[0]).await;
        }
        assert_eq!(peer.sql("SELECT username FROM people"), "bob");
        assert_eq!(peer.sql("SELECT count(*) FROM phones") + &peer.sql("SELECT count(*) FROM person_roles"), "00");
        let id = Locator::Native(made.native_id.unwrap());
        assert!(sql.verify(&Expectation::unusable(id)).await.is_met());
        let mut settings = peer.settings();
        settings["accounts"]["delete"] = json!(false);
        let kept = connector(settings);
        match apply(&kept, &Change::new(Locator::attribute("employee_no", "E2"), Write::Delete)).await {
            Outcome::Refused(refusal) => assert_eq!(refusal.class, RefusalClass::Unsupported),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn columns_that_are_not_named_are_neither_read_nor_written() {
    for peer in Peer::each().await {
        let sql = peer.connector();
        done(&sql, &create()).await;
        peer.sql("UPDATE people SET secret = 'only theirs'");
        let seen = done(
            &sql,
            &Change::new(ada(), Write::Set { attributes: [("title".to_owned(), "Countess".into())].into() }),
        )
        .await;
        assert!(!format!("{seen:?}").contains("only theirs"));
        assert_eq!(peer.sql("SELECT secret FROM people"), "only theirs");
        for name in ["secret", "active", "id"] {
            let write = Write::Set { attributes: [(name.to_owned(), Value::from("1"))].into() };
            assert!(matches!(apply(&sql, &Change::new(ada(), write)).await, Outcome::Refused(_)), "{name}");
        }
        peer.sql(if peer.port().is_some() {
            "UPDATE people SET active = false"
        } else {
            "UPDATE people SET active = 0"
        });
        assert_eq!(sql.get(&ada()).await.unwrap().unwrap().state, AccountState::Disabled);
    }
}

#[tokio::test]
async fn pages_follow_the_order_of_ids_and_count_what_there_is() {
    for peer in Peer::each().await {
        let rows = (0..2_500)
            .map(|number| format!("('E{number}', 'u{number}', {})", if peer.port().is_some() { "true" } else { "1" }));
        let rows = rows.collect::<Vec<_>>().join(", ");
        peer.sql(&format!("INSERT INTO people (employee_no, username, active) VALUES {rows}"));
        let sql = peer.connector();
        let (mut page, mut seen, mut pages) = (Page::first_of(1_000), std::collections::BTreeSet::new(), 0);
        loop {
            let batch = sql.read(&Query::accounts(), &page).await.unwrap();
            assert_eq!(batch.expected, (pages == 0).then_some(2_500));
            seen.extend(batch.objects.iter().map(|one| one.account().unwrap().native_id.clone().unwrap()));
            pages += 1;
            match batch.next {
                Some(next) => page = page.then(next),
                None => break assert_eq!(batch.completeness, Completeness::Whole),
            }
        }
        assert_eq!((seen.len(), pages), (2_500, 3));
    }
}

#[tokio::test]
async fn a_view_can_be_read() {
    for peer in Peer::each().await {
        peer.sql("CREATE VIEW workers AS SELECT id AS worker, username FROM people");
        done(&peer.connector(), &create()).await;
        let sql = connector(json!({
            "database": peer.database(None), "readOnly": true,
            "accounts": { "table": "workers", "id": "worker", "name": "username", "attributes": ["username"] },
        }));
        assert!(sql.check().await.unwrap().peer.contains("a view"));
        assert!(sql.describe().verbs.is_empty());
        assert_eq!(sql.get(&Locator::attribute("username", "ada")).await.unwrap().unwrap().name, "ada");
    }
}
