//! Words, help and the ends that need no server.

use crate::tenure::{command, run, tenure};

#[test]
fn help_goes_to_standard_output_and_teaches() {
    let help = tenure(&["--help"]);
    assert_eq!((help.exit, help.err.as_str()), (0, ""));
    for word in [
        "demo",
        "serve",
        "migrate",
        "token",
        "doctor",
        "people",
        "runs",
        "events",
        "why",
        "cases",
        "tasks",
        "connect",
        "reconcile",
        "drift",
        "pack",
        "ledger",
        "bench",
    ] {
        assert!(help.out.contains(&format!("\n  {word}")), "{word}: {}", help.out);
    }
    assert!(help.out.contains("Exit codes:") && help.out.contains("Start here:"), "{}", help.out);
    assert!(!help.out.contains("token-from-environment"), "{}", help.out);
}

#[test]
fn wrong_words_end_with_2_and_a_suggestion() {
    let nothing = tenure(&[]);
    assert_eq!((nothing.exit, nothing.out.as_str()), (2, ""));
    let typo = tenure(&["peple", "list"]);
    assert_eq!(typo.exit, 2);
    assert!(typo.err.starts_with("error[TEN-E0800]: ") && typo.err.contains("'people'"), "{}", typo.err);
    assert_eq!(tenure(&["runs", "show", "person_00000000000000000000000000"]).exit, 2);
    assert_eq!(tenure(&["token", "create", "--name", "x"]).exit, 2);
    assert_eq!(tenure(&["token", "create", "--name", "x", "--role", "root"]).exit, 2);
}

#[test]
fn the_completion_of_each_shell_knows_the_words() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let completion = tenure(&["completion", shell]);
        assert_eq!(completion.exit, 0);
        assert!(completion.out.contains("retry") && completion.out.contains("no-input"), "{shell}");
    }
}

#[test]
fn the_version_has_a_form_for_scripts() {
    assert_eq!(tenure(&["version"]).out, format!("tenure {}\n", env!("CARGO_PKG_VERSION")));
    let json: serde_json::Value = serde_json::from_str(&tenure(&["version", "--json"]).out).unwrap();
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn without_a_token_it_says_how_to_get_one() {
    let ended = tenure(&["people", "list"]);
    assert_eq!((ended.exit, ended.out.as_str()), (4, ""));
    assert_eq!(
        ended.err,
        "error[TEN-E0803]: a token is needed\n\
         hint: set TENURE_TOKEN, or name a file with --token-file\n\
         hint: `tenure token create --bootstrap` makes the first one, on the machine of the server\n\
         docs: docs/reference/errors.md#ten-e0803\n"
    );
}

#[test]
fn a_token_on_the_command_line_is_refused_and_not_repeated() {
    let ended = tenure(&["people", "list", "--token-from-environment", "tnr_canary"]);
    assert_eq!(ended.exit, 2);
    assert!(!ended.err.contains("canary") && ended.err.contains("TENURE_TOKEN"), "{}", ended.err);
}

#[test]
fn a_token_does_not_travel_in_clear() {
    let ended =
        run(command(&["people", "list", "--server", "http://tenure.example"]).env("TENURE_TOKEN", "tnr_canary"));
    assert_eq!(ended.exit, 2);
    assert!(ended.err.starts_with("error[TEN-E0804]"), "{}", ended.err);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let ended = tenure(&["people", "list", "--token-file", "/nowhere/token"]);
    assert_eq!(ended.exit, 1);
    assert!(
        ended.err.starts_with("error[TEN-E0805]: cannot read `/nowhere/token`\ncause: No such file"),
        "{}",
        ended.err
    );
}

#[test]
fn nobody_confirms_what_is_asked_without_a_terminal() {
    let ended = run(command(&["runs", "cancel", "run_00000000000000000000000001"]).env("TENURE_TOKEN", "tnr_canary"));
    assert_eq!(ended.exit, 2);
    assert!(ended.err.starts_with("error[TEN-E0809]") && ended.err.contains("--yes"), "{}", ended.err);
}

#[test]
fn a_pack_is_checked_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.yaml");
    let path = file.to_str().unwrap();
    let page = include_str!("../../../../docs/howto/write-a-pack.md");
    let (_, example) = page.split_once("```yaml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    std::fs::write(&file, example).unwrap();
    let good = tenure(&["pack", "check", path, "--plain"]);
    assert_eq!((good.exit, good.err.as_str()), (0, ""));
    for line in [
        "shop\tlist accounts\tyes\tin pages of 100 at most; the service says how many there are\n",
        "shop\tfind by `login`\tyes\tthe whole list is read for each look\n",
        "shop\ttell what changed\tno\teverybody is read again\n",
        "shop\tcreate\tyes\ttaken back: with something lost (R2)\n",
        "shop\tdelete\tno\tnot described\n",
        "shop\tend session\tyes\t-\n",
        "shop\tend ownership\tno\torders stay with whoever made them\n",
        "shop\tkeep tickets\tno\tnot described\n",
    ] {
        assert!(good.out.contains(line), "{line}: {}", good.out);
    }
    std::fs::write(&file, example.replace("undo: lossy", "undo: maybe").replace("accounts:", "acounts:")).unwrap();
    let bad = tenure(&["pack", "check", path]);
    assert_eq!((bad.exit, bad.out.as_str()), (1, ""));
    for words in ["shop.yaml:9:", "has no key `acounts`", "`undo` cannot be `maybe`", "has 3 faults"] {
        assert!(bad.err.contains(words), "{words}: {}", bad.err);
    }
    std::fs::write(&file, "").unwrap();
    assert_eq!(tenure(&["pack", "check", path]).exit, 1);
}
