//! Runs the binary.

use std::process::{Command, Stdio};

/// How a run of the binary ended.
pub struct Ended {
    pub exit: i32,
    pub out: String,
    pub err: String,
}

/// The binary in an empty environment.
pub fn command(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenure"));
    command.env_clear().args(words).stdin(Stdio::null());
    command
}

pub fn run(command: &mut Command) -> Ended {
    let output = command.output().unwrap();
    Ended {
        exit: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

pub fn tenure(words: &[&str]) -> Ended {
    run(&mut command(words))
}

/// Asks this server with a token.
pub fn ask(server: &str, words: &[&str]) -> Ended {
    run(command(words).env("TENURE_SERVER", server).env("TENURE_TOKEN", "tnr_canary"))
}
