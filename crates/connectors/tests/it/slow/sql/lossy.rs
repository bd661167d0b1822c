//! Lost answers: a line that lets a commit through, waits until the database has answered, and
//! hangs up without passing the answer on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use tenure_connect::{AnyConnector, Change, DoubtKind, Expectation, Locator, Outcome, Write};
use tenure_model::AccountState;
use tokio::net::{TcpListener, TcpStream};

use super::{Peer, ada, apply, connector, create, done};
use crate::lossy::carry;

struct Line {
    port: u16,
    lose: Arc<AtomicBool>,
}

impl Line {
    async fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let lose = Arc::new(AtomicBool::new(false));
        tokio::spawn({
            let lose = Arc::clone(&lose);
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(through(client, server, Arc::clone(&lose)));
                }
            }
        });
        Self { port, lose }
    }

    fn lose_next_commit(&self) {
        self.lose.store(true, Ordering::SeqCst);
    }

    fn has_lost(&self) -> bool {
        !self.lose.load(Ordering::SeqCst)
    }
}

async fn through(client: TcpStream, server: u16, lose: Arc<AtomicBool>) {
    let server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
    let commits = |request: &[u8]| request.windows(6).any(|word| word == b"COMMIT");
    carry(client, server, |request| commits(request) && lose.swap(false, Ordering::SeqCst)).await;
}

fn lost(outcome: Outcome) {
    match outcome {
        Outcome::Unknown(doubt) => assert_eq!(doubt.kind, DoubtKind::LostResponse),
        other => panic!("ended otherwise: {other:?}"),
    }
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_nothing_is_ever_done_twice() {
    for peer in Peer::each().await {
        let Some(port) = peer.port() else { continue };
        let line = Line::to(port).await;
        let mut settings = peer.settings();
        settings["database"] = peer.database(Some(line.port));
        let sql = connector(settings);
        line.lose_next_commit();
        lost(apply(&sql, &create()).await);
        assert!(line.has_lost());
        assert!(sql.verify(&Expectation::of(ada())).await.is_met());
        let made = sql.get(&ada()).await.unwrap().unwrap();
        assert_eq!(done(&sql, &create()).await.native_id, made.native_id);
        assert_eq!(peer.sql("SELECT count(*) FROM people"), "1");

        let staff = peer.sql("SELECT id FROM roles WHERE name = 'staff'");
        let grant =
            Change::new(ada(), Write::Grant { entitlement: tenure_model::NativeId::new(staff), name: "staff".into() });
        for change in [grant, Change::new(ada(), Write::Disable)] {
            line.lose_next_commit();
            lost(apply(&sql, &change).await);
            done(&sql, &change).await;
        }
        assert_eq!(peer.sql("SELECT count(*) FROM person_roles"), "1");
        assert_eq!(sql.get(&ada()).await.unwrap().unwrap().state, AccountState::Disabled);
    }
}

/// Without a unique column nothing but the connector's own lock stands between two attempts.
#[tokio::test]
async fn attempts_at_once_make_one_account_even_where_nothing_is_unique() {
    for peer in Peer::each().await {
        let id = match peer {
            Peer::Postgresql(_) => "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
            Peer::Mariadb(_) => "bigint AUTO_INCREMENT PRIMARY KEY",
            Peer::Sqlite(_) => "integer PRIMARY KEY",
        };
        peer.sql(&format!("CREATE TABLE loose (id {id}, employee_no varchar(200), username varchar(200))"));
        let settings = json!({
            "database": peer.database(None),
            "accounts": { "table": "loose", "id": "id", "name": "username", "attributes": ["employee_no", "username"] },
        });
        let (one, other) = (connector(settings.clone()), connector(settings));
        for number in 0..10 {
            let change = Change::new(
                Locator::attribute("employee_no", format!("E{number}")),
                Write::Create { attributes: super::attributes("x") },
            );
            let (first, second) = futures::join!(apply(&one, &change), apply(&other, &change));
            assert!(matches!((&first, &second), (Outcome::Done { .. }, Outcome::Done { .. })), "{first:?} {second:?}");
        }
        assert_eq!(peer.sql("SELECT count(*) FROM loose"), "10");
    }
}
