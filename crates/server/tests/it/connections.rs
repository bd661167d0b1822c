//! Connections as documents: those that the papers show, and what is said of wrong ones.

use std::path::{Path, PathBuf};

use tenure_server::house::{open, settings};

/// Opens a house whose estate is these documents; its error, if it does not stand.
async fn opened(documents: &[String]) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let connections = folder.path().join("estate/connections");
    std::fs::create_dir_all(&connections).unwrap();
    for (number, document) in documents.iter().enumerate() {
        std::fs::write(connections.join(format!("{number}.yaml")), document).unwrap();
    }
    let path = |name: &str| folder.path().join(name).display().to_string();
    let text = format!(
        "listen = \"127.0.0.1:0\"\n[database]\nurl = \"sqlite:{}\"\n[estate]\nfolder = \"{}\"\n[data]\nfolder = \"{}\"\n",
        path("tenure.db"),
        path("estate"),
        path("keys")
    );
    let config: PathBuf = folder.path().join("tenure.toml");
    std::fs::write(&config, text).unwrap();
    let opened = open(&settings(Some(&config), None).unwrap()).await;
    opened.map(|_| ()).map_err(|error| error.to_string())
}

/// The documents in a page, without the indentation of the list that they stand in.
fn documents(page: &str) -> Vec<String> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(page)).unwrap();
    let mut found = Vec::new();
    for block in text.split("```yaml\n").skip(1) {
        let block = block.split("```").next().unwrap();
        let margin = block.len() - block.trim_start().len();
        found.push(block.lines().map(|line| line.get(margin..).unwrap_or_default()).collect::<Vec<_>>().join("\n"));
    }
    found
}

#[tokio::test]
async fn the_documents_in_the_papers_stand() {
    let shown = documents("howto/connect-a-scim-service.md");
    assert_eq!(shown.len(), 2);
    // The second one names a file of certificates that only the reader has.
    let shown: Vec<String> =
        shown.iter().map(|text| text.replace("    caFile: /etc/ssl/certs/company-ca.pem\n", "")).collect();
    opened(&shown).await.unwrap();
}

#[tokio::test]
async fn a_domain_is_opened_by_the_papers_and_never_in_the_clear() {
    let [shown] = <[String; 1]>::try_from(documents("howto/connect-active-directory.md")).unwrap();
    // It names a file of certificates that only the reader has.
    let good = shown.replace("    caFile: /etc/ssl/certs/company-ca.pem\n", "");
    opened(std::slice::from_ref(&good)).await.unwrap();
    for (from, to, said) in [
        ("ldaps://dc1.example.com:636", "ldap://dc1.example.com", "ldaps://HOST:636"),
        ("baseDn: dc=example,dc=com", "baseDn: ''", "baseDn"),
        ("groups: { container: ou=groups }", "changes: guess", "guess"),
    ] {
        assert!(good.contains(from), "{from}");
        let error = opened(&[good.replace(from, to)]).await.unwrap_err();
        assert!(error.contains("domain") && error.contains(said), "{error}");
    }
}

#[tokio::test]
async fn a_connector_of_others_is_opened_by_its_sample() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").canonicalize().unwrap();
    let shown = tenure_server::catalogue::PROCESS;
    let here =
        shown.replace("folder: connectors/accounts", &format!("folder: {}/connector-python", examples.display()));
    assert_ne!(here, shown);
    opened(std::slice::from_ref(&here)).await.unwrap();
    let error = opened(&[here.replace("connector-python", "connector-nobody")]).await.unwrap_err();
    assert!(error.contains("accounts") && error.contains("description.json"), "{error}");
}

#[tokio::test]
async fn a_wrong_scim_connection_is_named_with_the_way_out() {
    let good = documents("howto/connect-a-scim-service.md").remove(0);
    for (from, to, said) in [
        ("https://helpdesk", "http://helpdesk", "allowPlain"),
        ("https://helpdesk.example.com/scim/v2", "helpdesk", "is not the address of a server"),
        ("profile: rfc", "profile: rfd", "rfd"),
        ("profile: rfc", "profil: rfc", "profil"),
        ("profile: rfc", "caFile: /no/such/file", "caFile"),
        ("profile: rfc", "people: { attributes: [password] }", "holds a secret"),
        ("connector: scim", "connector: skim", "there is no connector `skim`"),
    ] {
        assert!(good.contains(from), "{from}");
        let error = opened(&[good.replace(from, to)]).await.unwrap_err();
        assert!(error.contains("helpdesk") && error.contains(said), "{error}");
    }
}
