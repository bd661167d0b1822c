//! Addresses, certificates, credentials and tables, right and wrong.

use std::error::Error as _;

use serde_json::{Value as Json, json};
use tenure_connect::{AnyConnector, Change, Locator, Refusal, RefusalClass, Write};
use tenure_connectors::limits::SQL_CONNECTIONS_MAX;
use tenure_connectors::sql::SqlConnector;
use tenure_testkit::slapd::Slapd;

use super::{Peer, connector, create, done};

async fn refusal(settings: Json) -> Refusal {
    connector(settings).check().await.unwrap_err()
}

fn with(peer: &Peer, pointer: &str, value: Json) -> Json {
    let mut settings = peer.settings();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    settings.pointer_mut(parent).unwrap()[key] = value;
    settings
}

#[tokio::test]
async fn tls_is_spoken_with_a_certificate_that_we_believe_and_no_other() {
    let stranger = Slapd::start().await;
    for peer in Peer::each().await {
        let Some(ca_file) = peer.ca_file() else { continue };
        let private = connector(with(&peer, "/database/caFile", json!(ca_file)));
        let said = private.check().await.unwrap().peer;
        assert!(said.contains("over TLS"), "{said}");
        done(&private, &create()).await;
        let refused = refusal(with(&peer, "/database/caFile", json!(stranger.ca_file()))).await;
        assert_eq!(refused.class, RefusalClass::Unsupported, "{refused}");
        assert!(refused.message.contains("caFile"), "{refused}");
        assert!(peer.connector().check().await.unwrap().peer.contains("on this machine"));
    }
}

#[tokio::test]
async fn beyond_this_machine_nothing_goes_in_the_clear() {
    let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let password = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(password.path(), "only-for-tests").unwrap();
    for kind in ["postgresql", "mariadb"] {
        let settings = json!({
            // An address of this machine that does not look like one.
            "database": {
                "kind": kind, "host": "0.0.0.0", "port": port, "database": "d", "user": "u",
                "password": format!("file:{}", password.path().display()),
            },
            "accounts": { "table": "t", "id": "id", "name": "n", "attributes": ["n"] },
        });
        let connector = connector(settings);
        let answer = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            if kind == "mariadb" {
                // A server without TLS greets first.
                let greeting = [
                    &[10][..],
                    b"8.0\0",
                    &[0; 4],
                    b"12345678",
                    &[0],
                    &[0xFF, 0xF7],
                    &[45],
                    &[0; 2],
                    &[0xFF, 0xFF],
                    &[21],
                    &[0; 10],
                    b"123456789012\0",
                    b"mysql_native_password\0",
                ]
                .concat();
                let head = [u8::try_from(greeting.len()).unwrap(), 0, 0, 0];
                tokio::io::AsyncWriteExt::write_all(&mut stream, &[&head[..], &greeting].concat()).await.unwrap();
            }
            let mut asked = vec![0; 1_024];
            let length = tokio::io::AsyncReadExt::read(&mut stream, &mut asked).await.unwrap();
            if kind == "postgresql" {
                tokio::io::AsyncWriteExt::write_all(&mut stream, b"N").await.unwrap();
            }
            asked[..length].to_vec()
        };
        let (refused, asked) = futures::join!(connector.check(), answer);
        let refused = refused.unwrap_err();
        assert!(refused.message.contains("does not speak TLS"), "{refused}");
        assert!(!asked.windows(2).any(|word| word == b"u\0"), "our name went over in the clear");
    }
}

#[tokio::test]
async fn what_is_wrong_is_named_with_the_way_out() {
    for peer in Peer::each().await {
        for (pointer, value, words) in [
            ("/accounts/table", json!("peple"), "there is no table or view `peple`"),
            ("/accounts/attributes", json!(["usrname"]), "`people` has no column `usrname`; it has `active`"),
            ("/accounts/id", json!("title"), "`title` of `people` is not unique"),
            ("/entitlements/members/table", json!("nowhere"), "there is no table or view `nowhere`"),
            ("/accounts/table", json!("people\"; DROP TABLE people; --"), "there is no table or view"),
        ] {
            let refused = refusal(with(&peer, pointer, value)).await;
            assert_eq!(refused.class, RefusalClass::Invalid);
            assert!(refused.message.contains(words), "{refused}");
        }
        if peer.port().is_none() {
            let refused = refusal(with(&peer, "/database/file", json!("/no/such/file"))).await;
            assert_eq!(refused.class, RefusalClass::Gone, "{refused}");
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        let wrong = folder.path().join("wrong");
        std::fs::write(&wrong, "not-the-password").unwrap();
        std::fs::set_permissions(&wrong, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let refused = refusal(with(&peer, "/database/password", json!(format!("file:{}", wrong.display())))).await;
        assert_eq!(refused.class, RefusalClass::Auth, "{refused}");
        let told = format!("{refused} {refused:?} {:?}", refused.source());
        assert!(!told.contains("not-the-password"), "{told}");
        let refused = refusal(with(&peer, "/database/database", json!("elsewhere"))).await;
        assert!(!refused.retry(), "{refused}");
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let refused = refusal(with(&peer, "/database/port", json!(free))).await;
        assert_eq!((refused.class, refused.retry()), (RefusalClass::Network, true), "{refused}");
    }
}

#[tokio::test]
async fn a_database_that_ends_our_conversations_is_asked_again() {
    for peer in Peer::each().await {
        let sql = peer.connector();
        done(&sql, &create()).await;
        match &peer {
            Peer::Postgresql(_) => {
                let text =
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'tenure'";
                assert_ne!(peer.sql(text), "0");
            }
            Peer::Mariadb(_) => drop(peer.sql("KILL USER tenure")),
            Peer::Sqlite(_) => {}
        }
        assert!(sql.get(&super::ada()).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn many_at_once_share_a_few_conversations_which_stay_open() {
    const MANY: usize = 40;
    let peer = Peer::Mariadb(tenure_testkit::mariadb::Mariadb::start().await).with_tables();
    let opened = || -> usize {
        let text = "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'CONNECTIONS'";
        peer.sql(text).trim().parse().unwrap()
    };
    let (sql, before) = (peer.connector(), opened());
    let make = |number: usize| {
        let account = Locator::attribute("employee_no", format!("E{number}"));
        let attributes = super::attributes(&format!("joiner{number}"));
        let (sql, change) = (&sql, Change::new(account, Write::Create { attributes }));
        async move { done(sql, &change).await }
    };
    futures::future::join_all((0..MANY).map(make)).await;
    assert_eq!(peer.sql("SELECT count(*) FROM people").trim(), MANY.to_string());
    // Those that work, those that look, and the one that counts.
    let few = 2 * SQL_CONNECTIONS_MAX + 2;
    assert!(opened() - before <= few, "{} conversations were opened", opened() - before);
}

#[tokio::test]
async fn half_writes_are_refused_where_they_cannot_be_taken_back() {
    let peer = Peer::Mariadb(tenure_testkit::mariadb::Mariadb::start().await).with_tables();
    peer.sql("CREATE TABLE old (id bigint AUTO_INCREMENT PRIMARY KEY, n varchar(9)) ENGINE=MyISAM");
    let settings = json!({
        "database": peer.database(None), "accounts": { "table": "old", "id": "id", "name": "n", "attributes": ["n"] },
    });
    let refused = refusal(settings.clone()).await;
    assert!(refused.message.contains("InnoDB"), "{refused}");
    let mut only_read = settings;
    only_read["readOnly"] = json!(true);
    connector(only_read).check().await.unwrap();
}

#[tokio::test]
async fn a_file_that_gives_ids_again_is_not_deleted_from() {
    let peer = Peer::sqlite();
    peer.sql("CREATE TABLE loose (id integer PRIMARY KEY, n text)");
    let mut settings = json!({
        "database": peer.database(None),
        "accounts": { "table": "loose", "id": "id", "name": "n", "attributes": ["n"], "delete": true },
    });
    let refused = refusal(settings.clone()).await;
    assert!(refused.message.contains("AUTOINCREMENT"), "{refused}");
    settings["accounts"]["delete"] = json!(false);
    connector(settings).check().await.unwrap();
}

#[test]
fn names_that_are_none_are_no_settings() {
    for (pointer, value) in [("/accounts/table", ""), ("/accounts/id", "a\0b"), ("/accounts/table", "a..b")] {
        let settings = with(&Peer::sqlite(), pointer, json!(value));
        let config = serde_json::from_value(settings).unwrap();
        let secrets = std::sync::Arc::new(tenure_connect::FileSecrets);
        assert!(SqlConnector::new(config, secrets, std::sync::Arc::new(tenure_model::SystemClock::new())).is_err());
    }
}
