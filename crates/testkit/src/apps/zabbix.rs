//! Zabbix: its pages and its API on PHP's own server, over a PostgreSQL without any template.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value as Json, json};

use super::{ADMIN_PASSWORD, App};
use crate::postgresql::{PASSWORD, Postgresql};

const PAGES: &str = "/usr/share/zabbix";
const TABLES: &str = "/usr/share/zabbix-server-pgsql";
/// Of all that is in a new database, which is templates nearly all, what users and groups need.
const FILLED: [&str; 8] =
    ["config", "config_autoreg_tls", "hstgrp", "role", "role_rule", "users", "users_groups", "usrgrp"];

impl App {
    /// Starts Zabbix with the groups `staff` and `finance`, and `people`, in which everybody is: its
    /// id is in the file `people`. `Admin` is the administrator.
    pub async fn zabbix() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let database = Postgresql::start().await;
        fill(folder.path(), &database);
        furnish(folder.path(), &database);
        let mut app = Self::start("zabbix", folder, |folder, port| {
            let mut command = Command::new("php");
            command.args(["-S", &format!("127.0.0.1:{port}"), "-t"]).arg(folder.join("pages"));
            command
        })
        .await;
        app.database = Some(database);
        let own = app.zabbix_session("Admin", "zabbix").await.expect("a session");
        app.keep("session", &own);
        app.zabbix_ask("user.update", json!({ "userid": "1", "passwd": ADMIN_PASSWORD })).await;
        let own = app.zabbix_session("Admin", ADMIN_PASSWORD).await.expect("a session");
        app.keep("session", &own);
        for name in ["staff", "finance", "people"] {
            let made = app.zabbix_ask("usergroup.create", json!({ "name": name })).await;
            app.keep(name, made["usrgrpids"][0].as_str().expect("an id"));
        }
        app
    }

    /// What its administrator is told, who must be told something.
    pub async fn zabbix_ask(&self, method: &str, params: Json) -> Json {
        let own = fs::read_to_string(self.file("session")).expect("a session");
        let told = self.zabbix_ask_as(&own, method, params).await;
        told.unwrap_or_else(|error| unreachable!("{method}: {error}"))
    }

    /// What somebody with this session or token is told, or the error.
    pub async fn zabbix_ask_as(&self, token: &str, method: &str, params: Json) -> Result<Json, Json> {
        self.zabbix_call(json!({ "method": method, "params": params, "auth": token })).await
    }

    /// The session of somebody who signs in; none if they are not let in.
    pub async fn zabbix_session(&self, user: &str, password: &str) -> Option<String> {
        let params = json!({ "username": user, "password": password });
        let session = self.zabbix_call(json!({ "method": "user.login", "params": params })).await.ok()?;
        session.as_str().map(str::to_owned)
    }

    /// Ends every session, as its age does.
    pub fn zabbix_forget_sessions(&self) {
        self.database.as_ref().expect("its database").sql("DELETE FROM sessions");
    }

    async fn zabbix_call(&self, mut call: Json) -> Result<Json, Json> {
        call["jsonrpc"] = "2.0".into();
        call["id"] = 1.into();
        let (_, mut answer) = self.ask_as_nobody("POST", "/api_jsonrpc.php", Some(call)).await;
        if answer["error"].is_null() { Ok(answer["result"].take()) } else { Err(answer["error"].take()) }
    }
}

/// Makes the tables, and fills a few.
fn fill(folder: &Path, database: &Postgresql) {
    let unpacked = |name: &str| {
        let output = Command::new("zcat").arg(format!("{TABLES}/{name}.sql.gz")).output().expect("zcat");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let (mut text, rows) = (unpacked("schema"), unpacked("data"));
    for row in rows.lines() {
        let table = row.strip_prefix("INSERT INTO ").and_then(|row| row.split(' ').next());
        if table.is_some_and(|table| FILLED.contains(&table)) {
            text.push('\n');
            text.push_str(row);
        }
    }
    let file = folder.join("tables.sql");
    fs::write(&file, text).expect("the tables");
    database.run_file(&file);
}

/// Copies the pages, which look for their settings in one place of the machine, and shows them another.
/// They keep their line to the database: a new one for each request takes longer than all the rest.
fn furnish(folder: &Path, database: &Postgresql) {
    let pages = folder.join("pages");
    fs::create_dir(&pages).expect("a folder for pages");
    let parts =
        ["api_jsonrpc.php", "conf", "include", "local", "locale", "vendor"].map(|part| format!("{PAGES}/{part}"));
    let copied = Command::new("cp").arg("-rL").args(parts).arg(&pages).status().expect("cp");
    assert!(copied.success(), "the pages of Zabbix cannot be copied");
    let settings = folder.join("settings.php");
    let own = settings.display().to_string();
    replace(&pages.join("include/classes/core/CConfigFile.php"), "/etc/zabbix/zabbix.conf.php", &own);
    replace(&pages.join("include/classes/db/PostgresqlDbBackend.php"), "@pg_connect(", "@pg_pconnect(");
    let text = format!(
        "<?php\n$DB = ['TYPE' => 'POSTGRESQL', 'SERVER' => '127.0.0.1', 'PORT' => '{}', 'DATABASE' => 'tenure', \
         'USER' => 'tenure', 'PASSWORD' => '{PASSWORD}', 'SCHEMA' => '', 'ENCRYPTION' => false, \
         'VERIFY_HOST' => false, 'DOUBLE_IEEE754' => true];\n$ZBX_SERVER_NAME = '';\n\
         $IMAGE_FORMAT_DEFAULT = IMAGE_FORMAT_PNG;\n",
        database.port()
    );
    fs::write(&settings, text).expect("the settings");
}

fn replace(page: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(page).expect("a page of Zabbix");
    assert!(text.contains(old), "`{}` is another one than expected", page.display());
    fs::write(page, text.replace(old, new)).expect("a page of Zabbix");
}
