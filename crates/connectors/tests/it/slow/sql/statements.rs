//! Statements of the settings in the place of changed rows, and passwords.

use serde_json::json;
use tenure_connect::{Change, Outcome, RefusalClass, Write};
use tenure_model::{AccountState, NativeId};

use super::{Peer, ada, apply, connector, create, done};

#[tokio::test]
async fn statements_do_what_rows_cannot_with_every_value_bound() {
    for peer in Peer::each().await {
        let flag = |on: bool| if peer.port().is_some() { on.to_string() } else { i32::from(on).to_string() };
        let mut settings = peer.settings();
        settings["statements"] = json!({
            "create": format!("INSERT INTO people (employee_no, username, title, active) VALUES (:employee_no, :username, 'made by a statement', {})", flag(true)),
            "disable": format!("UPDATE people SET active = {}, title = 'left' WHERE id = :id", flag(false)),
            "grant": "INSERT INTO person_roles (person, role) VALUES (:id, :entitlement)",
            "setPass": "UPDATE people SET secret = :password WHERE id = :id",
        });
        let sql = connector(settings.clone());
        let hostile =
            Change::new(ada(), Write::Create { attributes: super::attributes("x'); DROP TABLE people; -- :id") });
        assert_eq!(done(&sql, &hostile).await.attributes["title"], "made by a statement".into());
        let staff = NativeId::new(peer.sql("SELECT id FROM roles WHERE name = 'staff'"));
        for _ in 0..2 {
            done(&sql, &Change::new(ada(), Write::Grant { entitlement: staff.clone(), name: "staff".into() })).await;
        }
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("new");
        std::fs::write(&secret, "it's new").unwrap();
        std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let secret = format!("file:{}", secret.display()).parse().unwrap();
        done(&sql, &Change::new(ada(), Write::SetPassword { secret, must_change: false })).await;
        assert_eq!(peer.sql("SELECT secret FROM people"), "it's new");
        let seen = done(&sql, &Change::new(ada(), Write::Disable)).await;
        assert_eq!((seen.state, &seen.attributes["title"]), (AccountState::Disabled, &"left".into()));

        settings["statements"]["disable"] = json!("UPDATE people SET active = active WHERE id = :idd");
        done(&sql, &Change::new(ada(), Write::Enable)).await;
        match apply(&connector(settings.clone()), &Change::new(ada(), Write::Disable)).await {
            Outcome::Refused(refusal) => {
                assert_eq!(refusal.class, RefusalClass::Invalid);
                assert!(refusal.message.contains(":idd"), "{refusal}");
            }
            other => panic!("{other:?}"),
        }
        // A statement that changes nothing is not believed.
        settings["statements"]["disable"] = json!("UPDATE people SET active = active WHERE id = :id");
        let outcome = apply(&connector(settings), &Change::new(ada(), Write::Disable)).await;
        assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_write_that_fails_half_way_leaves_nothing_behind() {
    for peer in Peer::each().await {
        let sql = peer.connector();
        let mut attributes = super::attributes("ada");
        // The second of two equal values breaks the key of the list's table, after the row was made.
        attributes.insert("phone".into(), tenure_model::Value::List(vec!["1".into(), "x".repeat(150).into()]));
        if matches!(peer, Peer::Sqlite(_)) {
            peer.sql("CREATE TRIGGER short BEFORE INSERT ON phones WHEN length(NEW.number) > 100 BEGIN SELECT RAISE(ABORT, 'too long'); END");
        }
        let outcome = apply(&sql, &Change::new(ada(), Write::Create { attributes })).await;
        assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
        assert_eq!(peer.sql("SELECT count(*) FROM people"), "0");
        done(&sql, &create()).await;
    }
}
