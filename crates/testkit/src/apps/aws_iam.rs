//! AWS IAM, as moto keeps it: with the signatures and policies of AWS, and one answer for all pages.

use std::process::Command;

use serde_json::json;

use super::App;
use crate::tools;

const PROGRAM: &str = "apps/aws-iam/bin/moto_server";

/// Signs nothing; it only says which service is meant. Moto asks for more once somebody is there.
const UNSIGNED: &str =
    "AWS4-HMAC-SHA256 Credential=x/20150830/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=x";

const ALLOWED: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

impl App {
    /// Starts IAM with a user `root` who may do everything, and whose key is in the files `keyId`
    /// and `key`.
    pub async fn aws_iam() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let app = Self::start("moto", folder, |_, port| {
            let mut command = Command::new(tools::find(PROGRAM));
            command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
            command
        })
        .await;
        let policy = [("UserName", "root"), ("PolicyName", "all"), ("PolicyDocument", ALLOWED)];
        app.unsigned("CreateUser", &[("UserName", "root")]).await;
        app.unsigned("CreateAccessKey", &[("UserName", "root")]).await;
        app.unsigned("PutUserPolicy", &policy).await;
        for name in ["staff", "finance"] {
            app.unsigned("CreateGroup", &[("GroupName", name)]).await;
        }
        let kept = app.must("GET", "/moto-api/data.json", None).await;
        let key = &kept["iam"]["AccessKey"][0];
        for (name, value) in [("keyId", &key["access_key_id"]), ("key", &key["secret_access_key"])] {
            app.keep(name, value.as_str().expect("a key"));
        }
        // From now on nothing is done without a signature and a policy that allows it.
        app.must("POST", "/moto-api/reset-auth", Some(json!(0))).await;
        app
    }

    async fn unsigned(&self, action: &str, form: &[(&str, &str)]) {
        let words = [("Action", action), ("Version", "2010-05-08")];
        let address = reqwest::Url::parse_with_params("http://x/", words.iter().chain(form)).expect("an address");
        let path = format!("/?{}", address.query().expect("a query"));
        let (status, _) = self.ask_with("authorization", UNSIGNED, "POST", &path, None).await;
        assert_eq!(status, 200, "{action}");
    }
}
