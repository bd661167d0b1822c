//! Processes we start: each ends with us, whatever ends us, and writes into a log of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tokio::time::sleep;

use crate::limits::{READY_PAUSE, STOP_WAIT_MAX};
use crate::machine::now;
use crate::trouble::{Because, Result, Trouble};

/// Something that runs until we stop it.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    signal: &'static str,
}

/// A command whose process gets SIGKILL when the thread that started it ends. Start it from the
/// main thread only.
pub fn bound_to_us(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).arg(program);
    command
}

impl Process {
    /// Starts it; `signal` is what it is told to end with.
    pub fn start(name: &str, mut command: Command, folder: &Path, signal: &'static str) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let cannot = || format!("cannot start `{name}`");
        let out = File::create(&log).because(cannot)?;
        let copy = out.try_clone().because(cannot)?;
        let child = command.stdin(Stdio::null()).stdout(out).stderr(copy).spawn().because(cannot)?;
        Ok(Self { name: name.to_owned(), child, log, signal })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// An error with the end of its log when it has ended by itself.
    pub fn must_live(&mut self) -> Result<()> {
        match self.child.try_wait().because(|| format!("cannot ask after `{}`", self.name))? {
            None => Ok(()),
            Some(status) => Err(Trouble::new(format!("`{}` ended with {status}: {}", self.name, self.last_words()))),
        }
    }

    /// The end of its log.
    pub fn last_words(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let mut lines: Vec<&str> = text.lines().rev().take(6).collect();
        lines.reverse();
        lines.join(" / ")
    }

    /// Ends it and waits.
    pub async fn stop(mut self) -> Result<()> {
        self.signal_it();
        let start = now();
        while start.elapsed() < STOP_WAIT_MAX {
            if self.child.try_wait().because(|| format!("cannot wait for `{}`", self.name))?.is_some() {
                return Ok(());
            }
            sleep(READY_PAUSE).await;
        }
        Err(Trouble::new(format!("`{}` does not end", self.name)))
    }

    /// By the program `kill`, because the standard library only knows SIGKILL.
    fn signal_it(&self) {
        let id = self.child.id().to_string();
        // When it fails the process is gone already, or `stop` says that it does not end.
        Command::new("kill").args(["-s", self.signal, &id]).stderr(Stdio::null()).status().ok();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal_it();
            self.child.wait().ok();
        }
    }
}

/// Runs a command to its end; its output is shown when it fails.
pub fn finish(command: &mut Command) -> Result<String> {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    let line = words.join(" ");
    let output = command.stdin(Stdio::null()).output().because(|| format!("cannot start `{line}`"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(Trouble::new(format!("`{line}` ended with {}: {}", output.status, said.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_process_that_ended_is_told_with_its_last_words() {
        let folder = std::env::temp_dir();
        let mut command = bound_to_us(Path::new("ls"));
        command.arg("/no/such/place");
        let mut process = Process::start(&format!("ls-{}", std::process::id()), command, &folder, "KILL").unwrap();
        process.child.wait().unwrap();
        let said = process.must_live().unwrap_err().chain();
        assert!(said.contains("/no/such/place"), "{said}");
        fs::remove_file(&process.log).unwrap();
    }

    #[tokio::test]
    async fn a_process_is_stopped_by_its_id() {
        let folder = std::env::temp_dir();
        let mut command = bound_to_us(Path::new("sleep"));
        command.arg("600");
        let name = format!("sleep-{}", std::process::id());
        let mut process = Process::start(&name, command, &folder, "TERM").unwrap();
        process.must_live().unwrap();
        let log = process.log.clone();
        process.stop().await.unwrap();
        fs::remove_file(log).unwrap();
    }
}
