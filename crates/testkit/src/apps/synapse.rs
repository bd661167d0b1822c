//! Matrix Synapse: one process and a file, with as many requests as tests make.

use std::fs;
use std::process::Command;

use serde_json::{Value as Json, json};

use super::{ADMIN_PASSWORD, App};
use crate::tools;

const HOME: &str = "apps/synapse/bin";
/// What it signs with to other servers, of which there are none.
const SIGNING_KEY: &str = "ed25519 a_1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";

impl App {
    /// Starts Synapse for `example.org`, whose administrator is `root` with the token in the file
    /// `token`.
    pub async fn synapse() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let home = tools::find(HOME);
        let mut app = Self::start("synapse", folder, |folder, port| {
            fs::write(folder.join("synapse.yaml"), settings(folder, port).to_string()).expect("its settings");
            fs::write(folder.join("signing.key"), SIGNING_KEY).expect("its key");
            let mut command = Command::new(home.join("python"));
            command.args(["-m", "synapse.app.homeserver", "-c", "synapse.yaml"]).current_dir(folder);
            command
        })
        .await;
        let mut register = Command::new(home.join("register_new_matrix_user"));
        register.args(["-c", "synapse.yaml", "-a", "-u", "root", "-p", ADMIN_PASSWORD, &app.url()]);
        let registered = register.current_dir(app.folder.path()).output().expect("an administrator");
        assert!(registered.status.success(), "{registered:?}");
        let token = app.matrix_token("root").await.expect("a token");
        app.keep("token", &token);
        app.say("authorization", &format!("Bearer {token}"));
        app
    }

    /// The token of somebody who signs in with the password of these tests; none if they are not
    /// let in.
    pub async fn matrix_token(&self, user: &str) -> Option<String> {
        let who = json!({
            "type": "m.login.password", "identifier": { "type": "m.id.user", "user": user }, "password": ADMIN_PASSWORD,
        });
        let (status, answer) = self.ask_as_nobody("POST", "/_matrix/client/v3/login", Some(who)).await;
        (status == 200).then(|| answer["access_token"].as_str().expect("a token").to_owned())
    }
}

fn settings(folder: &std::path::Path, port: u16) -> Json {
    let often = json!({ "per_second": 1000, "burst_count": 1000 });
    json!({
        "server_name": "example.org",
        "listeners": [{
            "port": port, "bind_addresses": ["127.0.0.1"], "type": "http", "tls": false,
            "resources": [{ "names": ["client"], "compress": false }],
        }],
        "database": { "name": "sqlite3", "args": { "database": folder.join("synapse.db") } },
        "media_store_path": folder.join("media"),
        "signing_key_path": folder.join("signing.key"),
        "registration_shared_secret": ADMIN_PASSWORD,
        "macaroon_secret_key": ADMIN_PASSWORD,
        "trusted_key_servers": [],
        "report_stats": false,
        "bcrypt_rounds": 4,
        "rc_login": { "address": often, "account": often, "failed_attempts": often },
    })
}
