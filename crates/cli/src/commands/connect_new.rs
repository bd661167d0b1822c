//! `tenure connect new`: a connector of one's own, to begin from.
//!
//! What is written is the examples of this repository, which the conformance suite holds against
//! the contract; so it is green before anything is changed.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;
use tenure_model::ConnectionName;
use tenure_server::catalogue;
use tenure_server::house;

use super::in_process;
use crate::context::Cx;
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::output;
use crate::table::{Column, column};

/// A file of an example: its name, and its text.
type File = (&'static str, &'static str);

macro_rules! files {
    ($folder:literal: $($name:literal),*) => {
        &[$(($name, include_str!(concat!("../../../../examples/", $folder, "/", $name)))),*]
    };
}

const PYTHON: &[File] = files!("connector-python": "README.md", "connector.py", "description.json", "protocol.py");
const RUST: &[File] = files!("connector-rust":
    "README.md", "Cargo.lock", "Cargo.toml", "description.json", "src/main.rs", "src/protocol.rs");

const WRITTEN: &[Column] = &[column("Wrote", "/path")];

/// A language that there is an example in.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Language {
    /// Needs Python 3.11 and nothing else
    Python,
    /// Needs cargo, to build it
    Rust,
}

/// Begin a connector of your own
///
/// Writes a program that speaks the connector protocol, and a connection that uses it, into the estate: a connector
/// to accounts in a file, to put your own system into the place of. Nothing that is there is changed.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tenure connect new badges --lang python\n  tenure connect new badges --lang rust --into ./estate"
)]
pub struct New {
    /// What the connection is to be called
    name: ConnectionName,
    /// The language of the program
    #[arg(long, value_name = "LANGUAGE")]
    lang: Language,
    /// The folder of the estate; the one of the configuration if none
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
    /// The configuration
    #[arg(short, long, env = "TENURE_CONFIG", hide_env_values = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl New {
    /// Does it.
    pub fn run(&self, cx: &Cx) -> Result<Exit, CliError> {
        let estate = match &self.into {
            Some(folder) => folder.clone(),
            None => {
                house::settings(self.config.as_ref(), None)
                    .map_err(in_process::failed)
                    .map_err(|error| error.hint("or name the folder of the estate with --into"))?
                    .estate_folder
            }
        };
        let (files, program) = match self.lang {
            Language::Python => (PYTHON, "connector.py"),
            Language::Rust => (RUST, "target/release/connector"),
        };
        let home = estate.join("connectors").join(self.name.as_str());
        let document = estate.join("connections").join(format!("{}.yaml", self.name));
        if let Some(there) = [&home, &document].into_iter().find(|path| path.exists()) {
            let message = format!("`{}` is there already", there.display());
            return Err(CliError::new(Exit::Refused, code::CANNOT_WRITE, message)
                .hint("choose another name, or take away what is there"));
        }
        let mut written = Vec::new();
        for (name, text) in files {
            written.push(write(home.join(name), &text.replace("NAME", self.name.as_str()))?);
        }
        // The connection comes last: before, nothing leads to a program that is not whole.
        let sample = catalogue::PROCESS.replace("accounts", self.name.as_str()).replace("Accounts", self.name.as_str());
        written.push(write(document, &sample.replace("connector.py", program))?);
        let rows: Vec<_> = written.iter().map(|path| json!({ "path": path })).collect();
        cx.output.list(WRITTEN, &rows)?;
        if matches!(self.lang, Language::Rust) {
            let manifest = home.join("Cargo.toml");
            cx.output.say(&format!("build it:  cargo build --release --manifest-path {}", manifest.display()));
        }
        cx.output.say(&format!("try it:    tenure connect test {} --write", self.name));
        Ok(Exit::Done)
    }
}

/// Writes a file that is not there yet. Whatever begins by naming its interpreter can be started.
fn write(path: PathBuf, text: &str) -> Result<PathBuf, CliError> {
    let make = |path: &Path| -> std::io::Result<()> {
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        let mode = if text.starts_with("#!") { 0o755 } else { 0o644 };
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(text.as_bytes())
    };
    make(&path).map_err(|error| output::cannot_write(&path, &error))?;
    Ok(path)
}
