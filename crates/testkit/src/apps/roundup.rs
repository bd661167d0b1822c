//! Roundup: the classic tracker behind a server of the standard library. It has a thread for each
//! line: a client may open one before it has anything to say, and nobody else would be heard meanwhile.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use super::{ADMIN_PASSWORD, App};
use crate::{daemon, tools};

const HOME: &str = "apps/roundup";
/// How long it may take to come back.
const PATIENCE: Duration = Duration::from_mins(1);
/// Roundup behind WSGI, which is one of the ways in which it is run.
const SERVE: &str = "import sys\n\
    from socketserver import ThreadingMixIn\n\
    from wsgiref.simple_server import WSGIServer, make_server\n\
    from roundup.cgi.wsgi_handler import RequestDispatcher\n\
    server = type('Server', (ThreadingMixIn, WSGIServer), {'daemon_threads': True})\n\
    make_server('127.0.0.1', int(sys.argv[1]), RequestDispatcher(sys.argv[2]), server).serve_forever()\n";

impl App {
    /// Starts a tracker whose administrator is `admin`. Tickets are kept by `tenure`; `bob` works on
    /// them. An issue can be `rejected`, which the classic tracker has no word for.
    pub async fn roundup() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        copy(&tools::find(HOME).join("tracker"), &folder.path().join("tracker"));
        let mut app = Self::start("roundup", folder, serve).await;
        app.say("authorization", &basic("admin"));
        app.say("x-requested-with", "tests");
        app.say("origin", "http://127.0.0.1");
        for user in ["tenure", "bob"] {
            let made = json!({ "username": user, "password": ADMIN_PASSWORD, "roles": "User",
                               "address": format!("{user}@example.org") });
            app.must("POST", "/rest/data/user", Some(made)).await;
        }
        app.make_status("rejected").await;
        app
    }

    /// An issue can be in one more state.
    pub async fn make_status(&self, name: &str) {
        self.must("POST", "/rest/data/status", Some(json!({ "name": name, "order": 9 }))).await;
    }

    /// The issues of the tracker whose title has this in it, those that were retired left out.
    pub async fn issues(&self, title: &str) -> Vec<Json> {
        let path = format!("/rest/data/issue?title={title}&@fields=title,status,messages&@verbose=2");
        self.must("GET", &path, None).await["data"]["collection"].as_array().cloned().expect("issues")
    }

    /// Somebody changes an issue, and says something if there is something to say.
    pub async fn change_issue(&self, who: &str, id: &str, words: Option<&str>, status: &str) {
        if let Some(words) = words {
            let said = json!({ "author": who, "content": words });
            let (code, said) = self.ask_by(who, "POST", "/rest/data/msg", Some(said)).await;
            assert_eq!(code, 201, "{said}");
            self.patch_issue(who, id, json!({ "@op": "add", "messages": [said["data"]["id"]] })).await;
        }
        self.patch_issue(who, id, json!({ "@op": "replace", "status": status, "assignedto": who })).await;
    }

    async fn patch_issue(&self, who: &str, id: &str, mut change: Json) {
        change["@etag"] = self.etag(id).await;
        let (code, changed) = self.ask_by(who, "PATCH", &format!("/rest/data/issue/{id}"), Some(change)).await;
        assert_eq!(code, 200, "{changed}");
    }

    /// Without it nothing of an issue can be changed.
    async fn etag(&self, id: &str) -> Json {
        self.must("GET", &format!("/rest/data/issue/{id}"), None).await["data"]["@etag"].clone()
    }

    /// Takes an issue out of every list.
    pub async fn retire_issue(&self, id: &str) {
        self.act_on_issue(id, "retire").await;
    }

    /// Brings an issue back.
    pub async fn restore_issue(&self, id: &str) {
        self.act_on_issue(id, "restore").await;
    }

    async fn act_on_issue(&self, id: &str, action: &str) {
        let act = json!({ "@op": "action", "@action_name": action, "@etag": self.etag(id).await });
        self.must("PATCH", &format!("/rest/data/issue/{id}"), Some(act)).await;
    }

    async fn ask_by(&self, who: &str, method: &str, path: &str, body: Option<Json>) -> (u16, Json) {
        let mut headers = self.headers.clone();
        headers.insert("authorization", basic(who).parse().expect("a header"));
        self.ask_as(&headers, method, path, body).await
    }

    /// With what somebody is answered who wants to see the issues.
    pub async fn roundup_lets_in(&self, who: &str) -> u16 {
        self.ask_by(who, "GET", "/rest/data/issue", None).await.0
    }

    /// Ends the server and leaves everything that it keeps.
    pub fn roundup_goes_down(&mut self) {
        daemon::stop(&mut self.child);
    }

    /// Starts it again where it was.
    pub async fn roundup_comes_back(&mut self) {
        let mut command = serve(self.folder.path(), self.port);
        self.child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("roundup");
        assert!(daemon::answers(&mut self.child, self.port, PATIENCE).await, "roundup did not come back");
    }
}

fn serve(folder: &Path, port: u16) -> Command {
    let mut command = Command::new(tools::find(HOME).join("bin/python"));
    command.args(["-c", SERVE, &port.to_string()]).arg(folder.join("tracker"));
    command
}

fn basic(user: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{ADMIN_PASSWORD}")))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("the tracker").flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a file of the tracker");
        }
    }
}
