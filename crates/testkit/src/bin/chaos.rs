//! `cargo xtask chaos`: the engine under `kill -9` and SIGSTOP, with a referee outside.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use tenure_testkit::chaos::child::{Life, live};
use tenure_testkit::chaos::referee::{Options, run};
use tenure_testkit::chaos::{Plant, Trouble};

#[tokio::main(worker_threads = 2)]
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to a terminal")]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let ended = match read(&words) {
        Ok(Role::Child(address, life)) => live(&address, life).await.map(|()| true),
        Ok(Role::Referee(options)) => run(options).await.map(|verdict| {
            println!("{verdict}");
            verdict.as_expected()
        }),
        Err(trouble) => Err(trouble),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(trouble) => {
            eprintln!("chaos: {trouble}");
            ExitCode::FAILURE
        }
    }
}

enum Role {
    Child(String, Life),
    Referee(Options),
}

/// Reads `--name value` pairs; the address of a server comes by the environment, because every
/// user of the machine can read arguments.
fn read(words: &[String]) -> Result<Role, Trouble> {
    let mut given = BTreeMap::new();
    for pair in words.chunks(2) {
        let [name, value] = pair else { return Err(format!("`{}` needs a value", pair.concat()).into()) };
        given.insert(name.trim_start_matches('-').to_owned(), value.clone());
    }
    let number = |name: &str, otherwise: u64| match given.get(name) {
        None => Ok(otherwise),
        Some(word) => word.parse::<u64>().map_err(|_| format!("`{word}` is not a number for `--{name}`")),
    };
    let word = given.get("plant").map_or("none", String::as_str);
    let plant = Plant::from_word(word)
        .ok_or_else(|| format!("`{word}` is not a defect; there are {}", Plant::ALL.map(Plant::word).join(", ")))?;
    if let Some(socket) = given.get("child") {
        let life = Life {
            socket: PathBuf::from(socket),
            lease: Duration::from_millis(number("lease-ms", 0)?),
            think: Duration::from_millis(number("think-ms", 0)?),
            plant,
            number: number("seed", 0)?,
        };
        return Ok(Role::Child(environment("TENURE_CHAOS_DATABASE").ok_or("a child needs a database")?, life));
    }
    let folder = PathBuf::from(given.get("folder").ok_or("`--folder` names an empty folder for the trial")?);
    let file = format!("sqlite:{}", folder.join("tenure.db").display());
    let count =
        |name: &str, otherwise: u64| -> Result<usize, Trouble> { Ok(usize::try_from(number(name, otherwise)?)?) };
    Ok(Role::Referee(Options {
        kills: count("kills", 0)?,
        pauses: count("pauses", 0)?,
        runs: count("runs", 0)?,
        plant,
        seed: number("seed", 1)?,
        database: environment("TEST_PG").unwrap_or(file),
        folder,
    }))
}

#[expect(clippy::disallowed_methods, reason = "a program of the tests is told by its environment where its server is")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
