//! OpenStack Keystone, on a copy of the database that was made when it was installed.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::{ADMIN_PASSWORD, App};
use crate::tools;

/// One request after the other: the database is a file, and two who write to it at once fail.
/// The port is taken before Keystone is read, which takes seconds in which somebody else would.
/// Keystone reads the command line of whoever imports it, so what it is told stands in variables.
const SERVE: &str = "import os, socket; line = socket.create_server(('127.0.0.1', int(os.environ['PORT']))); \
                     import waitress; from keystone.wsgi.api import application; \
                     waitress.serve(application, sockets=[line], threads=1)";

impl App {
    /// Starts Keystone, whose administrator is `admin`. Its address ends in `/v3`.
    pub async fn keystone() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        let made = tools::find("apps/keystone");
        fs::copy(made.join("keystone.db"), path.join("keystone.db")).expect("a database");
        let settings = fs::read_to_string(made.join("keystone.conf")).expect("its settings");
        let ours = |folder: &Path| format!("{}/keystone.db", folder.display());
        fs::write(path.join("keystone.conf"), settings.replace(&ours(&made), &ours(path))).expect("its settings");
        let mut app = Self::start("keystone", folder, |folder, port| {
            let mut command = Command::new(tools::find("apps/keystone/bin/python"));
            command.args(["-W", "ignore", "-c", SERVE]).env("PORT", port.to_string());
            command.env("OS_KEYSTONE_CONFIG_DIR", folder);
            command
        })
        .await;
        let token = app.keystone_token("admin", ADMIN_PASSWORD).await.expect("a token");
        app.say("x-auth-token", &token);
        for name in ["staff", "finance"] {
            let group = json!({ "group": { "name": name, "domain_id": "default" } });
            app.must("POST", "/v3/groups", Some(group)).await;
        }
        app
    }

    /// The token of somebody who signs in; none if they are not let in.
    pub async fn keystone_token(&self, name: &str, password: &str) -> Option<String> {
        let user = json!({ "name": name, "domain": { "id": "default" }, "password": password });
        let mut auth = json!({ "identity": { "methods": ["password"], "password": { "user": user } } });
        if name == "admin" {
            auth["scope"] = json!({ "project": { "name": "admin", "domain": { "id": "default" } } });
        }
        let request = self.client.post(format!("{}/v3/auth/tokens", self.url())).json(&json!({ "auth": auth }));
        let answer = request.send().await.expect("keystone answers");
        answer.headers().get("x-subject-token").map(|token| token.to_str().expect("a token").to_owned())
    }
}
