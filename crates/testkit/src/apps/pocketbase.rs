//! PocketBase: one binary and a file.

use std::process::Command;

use serde_json::{Value as Json, json};

use super::{ADMIN_PASSWORD, App};
use crate::tools;

/// Who administers it.
pub const ADMIN: &str = "root@tenure.invalid";

const PROGRAM: &str = "apps/pocketbase/bin/pocketbase";

impl App {
    /// Starts PocketBase with a collection for accounts that has what its pack expects.
    pub async fn pocketbase() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let kept = folder.path().join("data");
        let mut made = Command::new(tools::find(PROGRAM));
        made.args(["superuser", "upsert", ADMIN, ADMIN_PASSWORD, "--dir"]).arg(&kept);
        assert!(made.output().expect("pocketbase").status.success());
        let mut app = Self::start("pocketbase", folder, |folder, port| {
            let mut command = Command::new(tools::find(PROGRAM));
            command.args(["serve", "--http", &format!("127.0.0.1:{port}"), "--dir"]).arg(folder.join("data"));
            command
        })
        .await;
        let who = json!({ "identity": ADMIN, "password": ADMIN_PASSWORD });
        let session = app.must("POST", "/api/collections/_superusers/auth-with-password", Some(who)).await;
        app.say("authorization", session["token"].as_str().expect("a token"));
        app.furnish().await;
        app
    }

    async fn furnish(&self) {
        let groups = json!({
            "name": "groups", "type": "base", "fields": [{ "name": "name", "type": "text", "required": true }],
        });
        let groups = self.must("POST", "/api/collections", Some(groups)).await;
        for name in ["staff", "finance"] {
            self.must("POST", "/api/collections/groups/records", Some(json!({ "name": name }))).await;
        }
        let mut users = self.must("GET", "/api/collections/users", None).await;
        let fields = users["fields"].as_array_mut().expect("fields");
        fields.iter_mut().filter(|field| field["name"] == "email").for_each(|field| field["required"] = false.into());
        fields.extend(["username", "employee", "title"].map(|name| json!({ "name": name, "type": "text" })));
        fields.push(json!({ "name": "disabled", "type": "bool" }));
        fields.push(json!({
            "name": "groups", "type": "relation", "collectionId": groups["id"], "maxSelect": 999,
        }));
        let indexes = users["indexes"].as_array_mut().expect("indexes");
        indexes.extend(
            ["username", "employee"]
                .map(|name| Json::from(format!("CREATE UNIQUE INDEX u_{name} ON users ({name}) WHERE {name} != ''"))),
        );
        users["authRule"] = "disabled = false".into();
        users["passwordAuth"]["identityFields"] = json!(["email", "username"]);
        self.must("PATCH", "/api/collections/users", Some(users)).await;
    }
}
