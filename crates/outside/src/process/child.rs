//! One life of a connector outside this program, from its start to the end of its process group.
//!
//! Whatever it does that the protocol does not allow ends it: a line that is no message, an answer
//! to what nobody asked, a second answer, a message without an end, no answer in time. Everybody
//! who waits for it then learns that no answer came. It never outlives its [`Child`].

use std::collections::HashMap;
use std::path::Path;
use std::pin::pin;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process_group, prlimit};
use serde_json::value::RawValue;
use tenure_connect::Allowance;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child as Process, ChildStdin, ChildStdout, Command};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{sleep, timeout};

use super::config::ProcessConfig;
use super::message::{Ask, Fault, Heard, heard};
use super::words::Words;
use crate::limits::{PROCESS_DRAIN, PROCESS_GRACE, PROCESS_NOTICES_MAX};

/// What is written to it and not yet taken.
const LINES_QUEUED_MAX: usize = 8;

type Waiting = oneshot::Sender<Result<Box<RawValue>, Fault>>;

/// A running connector. Dropping it ends it.
pub(super) struct Child {
    shared: Arc<Shared>,
    lines: mpsc::Sender<Vec<u8>>,
    next_id: AtomicU64,
}

/// How a life ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// Nobody needed it.
    Idle,
    /// It broke, in words.
    Fell(String),
}

/// Why a call brought no result.
pub(super) enum Miss {
    /// It never heard of the call.
    NotSent(String),
    /// It heard of it, perhaps, and did not answer.
    NoAnswer(String),
    /// It said no.
    Said(Fault),
}

struct Shared {
    words: Arc<Words>,
    state: Mutex<State>,
    used: Notify,
    hangs: Notify,
    /// Whether it ever answered more than who it is.
    answered: AtomicBool,
}

#[derive(Default)]
struct State {
    waiting: HashMap<u64, Waiting>,
    end: Option<End>,
    allowance: Option<Allowance>,
    notices: u32,
}

/// Every process that the connector started. Ended when dropped.
struct Group(Pid);

impl Drop for Group {
    fn drop(&mut self) {
        if let Err(error) = kill_process_group(self.0, Signal::KILL) {
            // Mostly nobody is left in it.
            tracing::debug!(%error, "a group of processes was not ended");
        }
    }
}

impl Child {
    /// Starts it; nothing is said to it yet.
    pub(super) fn start(config: &ProcessConfig, words: &Arc<Words>) -> Result<Self, String> {
        let program = config.program();
        trusted(&program)?;
        let mut command = Command::new(&program);
        command.args(&config.arguments).current_dir(&config.folder).env_clear();
        for name in &config.environment {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let spawned = command.process_group(0).kill_on_drop(true).spawn();
        let mut process = spawned.map_err(|error| format!("`{}` cannot be started: {error}", program.display()))?;
        let pid = process.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let group = Group(pid.ok_or("it ended before it began")?);
        bound(group.0, config.limits.memory_mib)?;
        let pipes = process.stdin.take().zip(process.stdout.take()).zip(process.stderr.take());
        let ((input, output), errors) = pipes.ok_or("it has no pipes to talk over")?;
        let listening = tokio::spawn(Arc::clone(words).listen(errors));
        let shared = Arc::new(Shared::new(words));
        let (lines, queue) = mpsc::channel(LINES_QUEUED_MAX);
        let life = Life {
            process,
            group,
            shared: Arc::clone(&shared),
            message_bytes_max: (config.limits.message_mib as usize) << 20,
            idle: Duration::from_mins(config.limits.idle_minutes),
        };
        tokio::spawn(async move {
            life.lead(input, queue, output).await;
            // What it wrote last is worth waiting for, but not for long.
            drop(timeout(PROCESS_DRAIN, listening).await);
        });
        Ok(Self { shared, lines, next_id: AtomicU64::new(1) })
    }

    /// How it ended, if it did, and whether it was ever of use.
    pub(super) fn end(&self) -> Option<(End, bool)> {
        let end = self.shared.state().end.clone()?;
        Some((end, self.shared.answered.load(Ordering::Relaxed)))
    }

    /// What it last said of the pace of its system.
    pub(super) fn allowance(&self) -> Option<Allowance> {
        self.shared.state().allowance
    }

    /// Asks, and waits for the answer so long.
    pub(super) async fn ask(&self, ask: &Ask<'_>, time_max: Duration) -> Result<Box<RawValue>, Miss> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let line = ask.line(id).map_err(|error| Miss::NotSent(format!("the call cannot be written: {error}")))?;
        let (answer, waiting) = oneshot::channel();
        self.shared.expect(id, answer).map_err(Miss::NotSent)?;
        self.shared.used.notify_one();
        let asking = async {
            if self.lines.send(line).await.is_err() {
                return Err(Miss::NotSent(self.shared.why()));
            }
            let answer = waiting.await.map_err(|_| Miss::NoAnswer(self.shared.why()))?;
            if !matches!(ask, Ask::Initialize(_)) {
                self.shared.answered.store(true, Ordering::Relaxed);
            }
            answer.map_err(Miss::Said)
        };
        timeout(time_max, asking).await.unwrap_or_else(|_| {
            self.shared.hangs.notify_one();
            Err(Miss::NoAnswer(format!("did not answer `{}` within {} s", ask.word(), time_max.as_secs())))
        })
    }
}

/// Somebody else who can change the program could make us run anything.
fn trusted(program: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt as _;
    let shown = program.display();
    let facts = std::fs::metadata(program).map_err(|error| format!("`{shown}` cannot be started: {error}"))?;
    if facts.permissions().mode() & 0o002 != 0 {
        return Err(format!("`{shown}` can be changed by everybody on this machine; use `chmod o-w` on it"));
    }
    Ok(())
}

/// Bounds the memory of its own that it may have, and lets nothing of it be written down when it
/// breaks. Set before it is handed a secret, and inherited by all that it starts from then on.
fn bound(pid: Pid, memory_mib: u64) -> Result<(), String> {
    let both = |most: u64| Rlimit { current: Some(most), maximum: Some(most) };
    let limits = [(Resource::Data, both(memory_mib << 20)), (Resource::Core, both(0))];
    for (resource, limit) in limits {
        prlimit(Some(pid), resource, limit).map_err(|error| format!("its memory cannot be bounded: {error}"))?;
    }
    Ok(())
}

/// Everything that leads a life to its end.
struct Life {
    process: Process,
    group: Group,
    shared: Arc<Shared>,
    message_bytes_max: usize,
    idle: Duration,
}

impl Life {
    async fn lead(mut self, input: ChildStdin, queue: mpsc::Receiver<Vec<u8>>, output: ChildStdout) {
        let shared = Arc::clone(&self.shared);
        let end = {
            let mut hearing = pin!(hear(output, &shared, self.message_bytes_max));
            let mut writing = pin!(write(input, queue));
            tokio::select! {
                why = &mut hearing => End::Fell(why),
                end = &mut writing => end,
                () = shared.rests(self.idle) => End::Idle,
                () = shared.hangs.notified() => End::Fell("stopped answering".to_owned()),
                status = self.process.wait() => {
                    // What it said before it ended still counts.
                    drop(timeout(PROCESS_DRAIN, &mut hearing).await);
                    End::Fell(status.map_or_else(|error| error.to_string(), |status| format!("ended by itself ({status})")))
                }
            }
        };
        let idle = end == End::Idle;
        self.shared.close(end);
        // Its input is closed now, which asks it to end.
        if idle {
            drop(timeout(PROCESS_GRACE, self.process.wait()).await);
        }
        drop(self.group);
        drop(self.process.wait().await);
    }
}

/// Writes lines until nobody has any more.
async fn write(mut input: ChildStdin, mut queue: mpsc::Receiver<Vec<u8>>) -> End {
    while let Some(line) = queue.recv().await {
        let written = async {
            input.write_all(&line).await?;
            input.flush().await
        };
        if written.await.is_err() {
            // The end of the process says more than the broken pipe.
            sleep(PROCESS_DRAIN).await;
            return End::Fell("closed its standard input".to_owned());
        }
    }
    End::Idle
}

/// Reads messages until one is none; hands back why.
async fn hear(output: ChildStdout, shared: &Shared, bytes_max: usize) -> String {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    loop {
        let chunk = match output.fill_buf().await {
            Ok(chunk) if !chunk.is_empty() => chunk,
            Ok(_) | Err(_) => {
                // Its end, which comes now, says more.
                sleep(PROCESS_DRAIN).await;
                return "closed its standard output".to_owned();
            }
        };
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let piece = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or(chunk);
        if line.len() + piece.len() > bytes_max {
            return format!("sent a message longer than {} MiB", bytes_max >> 20);
        }
        line.extend_from_slice(piece);
        let used = piece.len() + usize::from(end.is_some());
        output.consume(used);
        if end.is_some() {
            if let Err(why) = shared.take(&line) {
                return why;
            }
            line.clear();
        }
    }
}

impl Shared {
    fn new(words: &Arc<Words>) -> Self {
        Self {
            words: Arc::clone(words),
            state: Mutex::default(),
            used: Notify::new(),
            hangs: Notify::new(),
            answered: AtomicBool::new(false),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expect(&self, id: u64, answer: Waiting) -> Result<(), String> {
        let mut state = self.state();
        if state.end.is_some() {
            drop(state);
            return Err(self.why());
        }
        state.waiting.insert(id, answer);
        Ok(())
    }

    /// Why it ended, in words.
    fn why(&self) -> String {
        let why = match &self.state().end {
            Some(End::Fell(why)) => why.clone(),
            Some(End::Idle) | None => "was ended".to_owned(),
        };
        format!("{why}{}", self.words.last())
    }

    /// Hands a message on to whoever waits for it.
    fn take(&self, line: &[u8]) -> Result<(), String> {
        let mut state = self.state();
        match heard(line) {
            Some(Heard::Answer { id, result }) => {
                state.notices = 0;
                let waiting = state.waiting.remove(&id).ok_or_else(|| format!("answered {id}, which nobody asks"))?;
                // Whoever asked may have gone.
                drop(waiting.send(result));
                Ok(())
            }
            Some(Heard::Notice { method, params }) => {
                state.notices += 1;
                if state.notices > PROCESS_NOTICES_MAX {
                    return Err(format!("sent more than {PROCESS_NOTICES_MAX} notices without an answer"));
                }
                if method == "allowance" {
                    state.allowance = params.and_then(|params| serde_json::from_str(params.get()).ok());
                }
                Ok(())
            }
            None => {
                Err("wrote on its standard output what is no message; its own words belong on standard error"
                    .to_owned())
            }
        }
    }

    /// Waits until nobody has needed it for so long, and closes it at that moment.
    async fn rests(&self, idle: Duration) {
        loop {
            tokio::select! {
                () = self.used.notified() => {}
                () = sleep(idle) => {
                    let mut state = self.state();
                    if state.waiting.is_empty() {
                        state.end = Some(End::Idle);
                        return;
                    }
                }
            }
        }
    }

    /// Nobody is answered any more.
    fn close(&self, end: End) {
        let mut state = self.state();
        state.end.get_or_insert(end);
        state.waiting.clear();
    }
}
