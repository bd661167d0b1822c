//! What the settings take and what they refuse.

use super::*;
use std::collections::BTreeSet;

fn toml(text: &str) -> Result<Config, ConfigError> {
    Sources::new().toml(text, "tenure.toml").and_then(|sources| sources.config())
}

#[test]
fn what_tells_of_a_move_is_the_same_with_and_without_settings() {
    let config = Sources::new().config().unwrap();
    assert_eq!(config.owners_moved_by.0, tenure_app::owners::moved::usual());
    assert!(Sources::new().toml("[owners]\nmoved_by = 'a, b c'", "x").unwrap().config().is_err());
}

#[test]
fn the_defaults_are_settings_one_can_start_with() {
    let config = Sources::new().config().unwrap();
    assert!(config.listen.ip().is_loopback());
    assert_eq!(config.body_bytes_max.get(), 1_048_576);
}

#[test]
fn the_later_place_wins() {
    let sources = Sources::new().toml("listen = '127.0.0.1:1'\n[log]\nlevel = 'warn'", "tenure.toml").unwrap();
    let sources = sources.variables([("TENURE_LISTEN".to_owned(), "127.0.0.1:2".to_owned())]).unwrap();
    assert_eq!(sources.config().unwrap().listen.port(), 2);
    let config = sources.flag("listen", "127.0.0.1:3").unwrap().config().unwrap();
    assert_eq!((config.listen.port(), config.log_level.as_str()), (3, "warn"));
}

#[test]
fn a_setting_that_does_not_exist_is_an_error_with_a_hint() {
    let error = toml("[limits]\nbody_byte_max = 5").unwrap_err();
    let wanted = "tenure.toml: there is no setting `limits.body_byte_max`; did you mean `limits.body_bytes_max`?";
    assert_eq!((error.to_string().as_str(), error.code()), (wanted, Code::UnknownSetting));
    let variable = [("TENURE_LISTN".to_owned(), "x".to_owned())];
    let error = Sources::new().variables(variable).err().unwrap().to_string();
    assert!(error.contains("did you mean `TENURE_LISTEN`?"), "{error}");
    let client = [("TENURE_TOKEN".to_owned(), "tnr_x".to_owned()), ("HOME".to_owned(), "/".to_owned())];
    assert!(Sources::new().variables(client).is_ok());
}

#[test]
fn a_value_out_of_range_names_the_place_and_the_range() {
    let error = toml("limits.page_items_max = 0").unwrap_err().to_string();
    assert_eq!(error, "tenure.toml: `limits.page_items_max` is `0`, which is not a whole number from 1 to 10000");
    for bad in ["listen = 'localhost'", "log.format = 'xml'", "listen = 1.5", "listen = ["] {
        assert!(toml(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_database_password_shows_nowhere() {
    let config = toml("database.url = 'postgres://u:canary@h/d'").unwrap();
    assert!(!format!("{config:?}").contains("canary"));
    let error = toml("database.url = 'canary\nlisten = 7").unwrap_err();
    assert!(!format!("{error:?} {error}").contains("canary"), "{error:?}");
}

#[test]
fn beyond_this_machine_only_with_tls_or_the_very_words() {
    let error = toml("listen = '0.0.0.0:8080'").unwrap_err();
    assert_eq!(error.code(), Code::OpenWithoutTls);
    assert!(toml("listen = '[::]:8080'").is_err());
    assert!(toml("listen = '0.0.0.0:8080'\nunsafe.listen_without_tls = 'yes'").is_err());
    assert!(toml(&format!("listen = '0.0.0.0:8080'\nunsafe.listen_without_tls = '{CLEAR_PHRASE}'")).is_ok());
    assert!(toml("listen = '0.0.0.0:8080'\ntls.certificate = 'a'\ntls.key = 'b'").is_ok());
    assert!(toml("listen = '0.0.0.0:8080'\ntls.certificate = 'a'").is_err());
    assert!(toml("listen = '0.0.0.0:1'\ntls.certificate = 'a'\ntls.key = 'b'\nmetrics.access = 'open'").is_err());
}

#[test]
fn a_file_that_was_named_has_to_be_there() {
    let path = Path::new("there-is-no-such-file.toml");
    assert!(Sources::new().file(path, Named::ByDefault).is_ok());
    assert!(Sources::new().file(path, Named::ByUser).is_err());
}

#[test]
fn no_two_settings_share_a_name_and_the_page_has_all() {
    let keys: BTreeSet<_> = Config::SETTINGS.iter().map(|setting| setting.key).collect();
    let variables: BTreeSet<_> = Config::SETTINGS.iter().map(Setting::variable).collect();
    assert_eq!((keys.len(), variables.len()), (Config::SETTINGS.len(), Config::SETTINGS.len()));
    let page = reference();
    assert!(keys.iter().all(|key| page.contains(&format!("## `{key}`"))));
}
