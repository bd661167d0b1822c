//! The door to the machine: running commands, printing, the environment, the clock.
//!
//! The rest of xtask does none of these itself, so that every command that runs is also printed.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::trouble::{Because, Result, Trouble};

/// Where the workspace lies.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// The folder with the root Cargo.toml.
    pub root: PathBuf,
}

impl Workspace {
    /// Asks cargo, from the folder we were started in.
    pub fn find() -> Result<Self> {
        let mut command = Command::new("cargo");
        command.args(["locate-project", "--workspace", "--message-format", "plain"]);
        let manifest = PathBuf::from(output_quietly(&mut command)?.trim());
        let root = manifest.parent().ok_or_else(|| Trouble::new("cargo names no workspace folder"))?;
        Ok(Self { root: root.to_path_buf() })
    }

    /// A path inside the workspace.
    pub fn path(&self, inside: &str) -> PathBuf {
        self.root.join(inside)
    }

    /// A file of the workspace as text.
    pub fn read(&self, inside: &str) -> Result<String> {
        read(&self.path(inside))
    }

    /// A cargo command that runs at the root.
    pub fn cargo<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new("cargo");
        command.current_dir(&self.root).args(arguments);
        command
    }
}

/// Reads a text file.
pub fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).because(|| format!("cannot read `{}`", path.display()))
}

/// Prints one line for the reader.
#[expect(clippy::print_stdout, reason = "a chore talks to the person who started it")]
pub fn say(line: &str) {
    println!("{line}");
}

/// Prints one line about what went wrong.
#[expect(clippy::print_stderr, reason = "a chore talks to the person who started it")]
pub fn complain(line: &str) {
    eprintln!("{line}");
}

/// Prints the command without running it.
pub fn announce(command: &Command) {
    say(&format!("$ {}", words(command)));
}

/// Prints the command, runs it with our own output, and is red when it is.
pub fn run(command: &mut Command) -> Result<()> {
    announce(command);
    let status = command.status().because(|| cannot_start(command))?;
    if status.success() { Ok(()) } else { Err(Trouble::new(format!("`{}` ended with {status}", words(command)))) }
}

/// As [`run`], and hands each line of standard output to `each` after printing it.
pub fn run_watching(command: &mut Command, mut each: impl FnMut(&str)) -> Result<()> {
    announce(command);
    let mut child = command.stdout(Stdio::piped()).spawn().because(|| cannot_start(command))?;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n') {
            let line = line.because(|| format!("cannot read what `{}` prints", words(command)))?;
            let line = String::from_utf8_lossy(&line);
            say(&line);
            each(&line);
        }
    }
    let status = child.wait().because(|| format!("cannot wait for `{}`", words(command)))?;
    if status.success() { Ok(()) } else { Err(Trouble::new(format!("`{}` ended with {status}", words(command)))) }
}

/// Prints the command, runs it and returns what it printed.
pub fn output(command: &mut Command) -> Result<String> {
    announce(command);
    output_quietly(command)
}

/// Runs a command that is not worth a line and returns what it printed.
pub fn output_quietly(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().because(|| cannot_start(command))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Trouble::new(format!("`{}` ended with {}: {}", words(command), output.status, said.trim())))
}

/// Is this program there, and does it answer?
pub fn answers(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Is a program of this name in one of the usual folders?
pub fn installed(program: &str) -> bool {
    let path = variable("PATH").unwrap_or_default();
    let listed = std::env::split_paths(&path).collect::<Vec<_>>();
    let usual = ["/usr/sbin", "/sbin", "/usr/local/sbin", "/usr/libexec"].map(PathBuf::from);
    listed.iter().chain(&usual).any(|folder| folder.join(program).is_file())
}

/// An environment variable.
#[expect(clippy::disallowed_methods, reason = "a chore has no settings file; the environment is its input")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A moment to measure from.
#[expect(clippy::disallowed_methods, reason = "a measurement of this machine, not product time")]
pub fn stopwatch() -> Instant {
    Instant::now()
}

/// Makes cargo believe that a file was just edited.
#[expect(clippy::disallowed_methods, reason = "the file system's clock, not product time")]
pub fn touch(path: &Path) -> Result<()> {
    let file = std::fs::File::options().append(true).open(path);
    file.and_then(|file| file.set_modified(std::time::SystemTime::now()))
        .because(|| format!("cannot touch `{}`", path.display()))
}

/// CPU seconds of the commands we have waited for so far; `None` where `/proc` does not say.
pub fn cpu_s_of_children() -> Option<f64> {
    let line = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name in brackets may hold spaces; user and system time of children are the 14th and
    // 15th words after it, in hundredths of a second.
    let mut words = line.rsplit_once(')')?.1.split_whitespace().skip(13);
    let user: f64 = words.next()?.parse().ok()?;
    let system: f64 = words.next()?.parse().ok()?;
    Some((user + system) / 100.0)
}

/// Are we root? Asked of `/proc`, which every Linux has.
pub fn is_root() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| {
        status.lines().any(|line| line.starts_with("Uid:") && line.split_whitespace().nth(2) == Some("0"))
    })
}

/// The command as one would type it.
fn words(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        let argument = argument.to_string_lossy();
        let quoted = argument.is_empty() || argument.contains([' ', '(', '$', '\'', '"']);
        line.push_str(if quoted { " '" } else { " " });
        line.push_str(&argument);
        line.push_str(if quoted { "'" } else { "" });
    }
    line
}

fn cannot_start(command: &Command) -> String {
    format!("cannot start `{}`; is it installed?", command.get_program().to_string_lossy())
}
