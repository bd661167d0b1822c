//! The referee: starts children and runs, kills and pauses, and asks for the verdict.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tenure_engine::sim::chance::Chance;
use tenure_model::{Clock, RunId, SeededIds, SystemClock, new_id};
use tenure_store::journal::define;
use tenure_store::{StoreError, runs};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;

use super::target::Target;
use super::verdict::{Verdict, judge};
use super::{Plant, Trouble, limits, open, work};

/// What is to be tried.
#[derive(Debug, Clone)]
pub struct Options {
    /// Children that are killed.
    pub kills: usize,
    /// Pauses of one of two children, after the kills.
    pub pauses: usize,
    /// At least this many runs.
    pub runs: usize,
    /// The defect.
    pub plant: Plant,
    /// Where chance begins.
    pub seed: u64,
    /// The address of the database, which is empty.
    pub database: String,
    /// A folder for the socket.
    pub folder: PathBuf,
}

/// A run that was asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its id.
    pub run: RunId,
    /// Its lane, if it shares one.
    pub lane: Option<String>,
    /// Whether it stops those before it.
    pub supersede: bool,
    /// Whether a child said that the start is written.
    pub acknowledged: bool,
}

/// What a child said.
#[derive(Debug)]
enum Said {
    Ack(usize),
    Holds(usize),
}

struct Player {
    number: u64,
    process: Child,
    input: ChildStdin,
    holds: usize,
}

/// The trial in its course.
struct Field {
    options: Options,
    clock: SystemClock,
    chance: Chance,
    ids: SeededIds,
    target: Target,
    asked: Vec<Asked>,
    unacknowledged: BTreeSet<usize>,
    open: VecDeque<(Duration, usize)>,
    ear: mpsc::UnboundedReceiver<(u64, Said)>,
    mouth: mpsc::UnboundedSender<(u64, Said)>,
    players: BTreeMap<u64, Player>,
    born: u64,
    paused: Option<u64>,
}

/// Plays the whole trial and judges it.
pub async fn run(options: Options) -> Result<Verdict, Trouble> {
    let store = open(&options.database).await?;
    store.migrate().await?;
    let defined: Result<(), StoreError> =
        store.write(|tx| Box::pin(async move { define(tx, work::definitions()).await })).await;
    defined?;
    // Nobody but the children has the database open while they are killed.
    drop(store);
    let target = Target::listen(&options.folder.join("target"), options.seed)?;
    let (mouth, ear) = mpsc::unbounded_channel();
    let (chance, ids) = (Chance::new(options.seed), SeededIds::new(options.seed));
    let mut field = Field {
        options,
        clock: SystemClock::new(),
        chance,
        ids,
        target,
        asked: Vec::new(),
        unacknowledged: BTreeSet::new(),
        open: VecDeque::new(),
        ear,
        mouth,
        players: BTreeMap::new(),
        born: 0,
        paused: None,
    };
    for _ in 0..field.options.kills {
        field.one_kill().await?;
    }
    field.pauses().await?;
    field.until_closed().await?;
    let took = field.clock.elapsed();
    let store = open(&field.options.database).await?;
    judge(&store, &field.asked, &field.target, &field.options, took).await
}

impl Field {
    fn lease(&self) -> Duration {
        if self.options.pauses > 0 { limits::LEASE_PAUSES } else { limits::LEASE_KILLS }
    }

    /// A child is born, works for a while and is killed.
    async fn one_kill(&mut self) -> Result<(), Trouble> {
        let player = self.bear()?;
        if self.chance.percent(limits::STILLBORN_PERCENT) {
            let life = self.chance.below(limits::LIFE_MS_MAX);
            self.play(Duration::from_millis(life as u64)).await?;
        } else {
            self.until_held(player).await?;
            let life = 1 + self.chance.below(limits::LIFE_MS_MAX);
            self.play(Duration::from_millis(life as u64)).await?;
        }
        self.kill(player).await
    }

    /// Two children share the database; whoever holds it is paused for longer than its lease.
    async fn pauses(&mut self) -> Result<(), Trouble> {
        if self.options.pauses == 0 {
            return Ok(());
        }
        let first = self.bear()?;
        self.until_held(first).await?;
        self.bear()?;
        for _ in 0..self.options.pauses {
            let holder = self.players.values().max_by_key(|player| player.holds).map(|player| player.number);
            let Some(holder) = holder else { return Err("no child is left".into()) };
            self.signal(holder, "STOP").await?;
            self.paused = Some(holder);
            let percent = limits::PAUSE_PERCENT_MIN + self.chance.below(limits::PAUSE_PERCENT_SPAN);
            let percent = u32::try_from(percent).unwrap_or(u32::MAX);
            self.play(self.lease() * percent / 100).await?;
            self.signal(holder, "CONT").await?;
            self.paused = None;
            let between = 1 + self.chance.below(limits::BETWEEN_PAUSES_MS_MAX);
            self.play(Duration::from_millis(between as u64)).await?;
        }
        Ok(())
    }

    /// Lets a child live until every run is closed.
    async fn until_closed(&mut self) -> Result<(), Trouble> {
        if self.players.is_empty() {
            let last = self.bear()?;
            self.until_held(last).await?;
        }
        while self.asked.len() < self.options.runs || !self.unacknowledged.is_empty() {
            self.play(limits::ASK_AGAIN).await?;
            if let Some(player) = self.players.keys().next().copied() {
                self.ask_again(player).await;
            }
        }
        let store = open(&self.options.database).await?;
        let (mut progress, mut seen) = (self.clock.elapsed(), -1);
        while self.clock.elapsed().saturating_sub(progress) < limits::CLOSE_TIME_MAX {
            let counts: Result<_, StoreError> =
                store.read(|tx| Box::pin(async move { runs::counts_by_status(tx).await })).await;
            let counts = counts?;
            let open: i64 = counts.iter().filter(|(status, _)| !status.is_closed()).map(|(_, count)| count).sum();
            let closed: i64 = counts.iter().filter(|(status, _)| status.is_closed()).map(|(_, count)| count).sum();
            if closed > seen {
                (progress, seen) = (self.clock.elapsed(), closed);
            }
            if open == 0 && usize::try_from(closed).unwrap_or(0) >= self.asked.len() {
                break;
            }
            self.listen(limits::LOOK * 10).await?;
        }
        // What a defect does after it said that it was done is still to be seen.
        self.listen(limits::LOOK * 20).await?;
        let players: Vec<u64> = self.players.keys().copied().collect();
        for player in players {
            self.kill(player).await?;
        }
        Ok(())
    }

    fn bear(&mut self) -> Result<u64, Trouble> {
        self.born += 1;
        let number = self.born;
        let think = if self.options.pauses > 0 { 10 } else { 2 };
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--child").arg(self.options.folder.join("target"));
        command.args(["--lease-ms", &self.lease().as_millis().to_string(), "--think-ms", &think.to_string()]);
        command.args(["--plant", self.options.plant.word()]);
        command.args(["--seed", &(self.options.seed.wrapping_mul(1_000_003) + number).to_string()]);
        command.env("TENURE_CHAOS_DATABASE", &self.options.database);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err("the child has no pipes".into());
        };
        let mouth = self.mouth.clone();
        tokio::spawn(async move {
            let mut lines = BufReader::new(output).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let said = match line.split_once(' ') {
                    Some(("ack", number)) => number.parse().ok().map(Said::Ack),
                    Some(("holds", count)) => count.parse().ok().map(Said::Holds),
                    _ => None,
                };
                if let Some(said) = said {
                    drop(mouth.send((number, said)));
                }
            }
        });
        self.players.insert(number, Player { number, process, input, holds: 0 });
        Ok(number)
    }

    async fn until_held(&mut self, player: u64) -> Result<(), Trouble> {
        let begun = self.clock.elapsed();
        while self.players.get(&player).is_some_and(|player| player.holds == 0) {
            if self.clock.elapsed().saturating_sub(begun) > limits::READY_TIME_MAX {
                return Err(format!("child {player} owns nothing after {:?}", limits::READY_TIME_MAX).into());
            }
            self.listen(Duration::from_millis(1)).await?;
        }
        self.ask_again(player).await;
        Ok(())
    }

    /// Starts that nobody acknowledged are asked for again: the same letter, taken once.
    async fn ask_again(&mut self, player: u64) {
        let again: Vec<usize> = self.unacknowledged.iter().copied().collect();
        self.tell(player, &again).await;
    }

    async fn kill(&mut self, player: u64) -> Result<(), Trouble> {
        if let Some(mut player) = self.players.remove(&player) {
            player.process.kill().await?;
        }
        Ok(())
    }

    async fn signal(&mut self, player: u64, signal: &str) -> Result<(), Trouble> {
        let id = self.players.get(&player).and_then(|player| player.process.id()).ok_or("the child has ended")?;
        let status = Command::new("kill").arg(format!("-{signal}")).arg(id.to_string()).status().await?;
        if status.success() { Ok(()) } else { Err(format!("kill ended with {status}").into()) }
    }

    /// Lets time pass while runs are started.
    async fn play(&mut self, time: Duration) -> Result<(), Trouble> {
        let end = self.clock.elapsed() + time;
        loop {
            self.start_some().await;
            let left = end.saturating_sub(self.clock.elapsed());
            if left.is_zero() {
                return Ok(());
            }
            self.listen(left.min(limits::LOOK)).await?;
        }
    }

    /// Lets time pass, and hears what children say.
    async fn listen(&mut self, time: Duration) -> Result<(), Trouble> {
        let end = self.clock.elapsed() + time;
        loop {
            let left = end.saturating_sub(self.clock.elapsed());
            match tokio::time::timeout(left, self.ear.recv()).await {
                Err(_) => return self.all_alive(),
                Ok(None) => return Err("no child can say anything".into()),
                Ok(Some((_, Said::Ack(number)))) => {
                    self.unacknowledged.remove(&number);
                    if let Some(asked) = self.asked.get_mut(number) {
                        asked.acknowledged = true;
                    }
                }
                Ok(Some((player, Said::Holds(count)))) => {
                    if let Some(player) = self.players.get_mut(&player) {
                        player.holds = count;
                    }
                }
            }
        }
    }

    fn all_alive(&mut self) -> Result<(), Trouble> {
        for player in self.players.values_mut() {
            if let Some(status) = player.process.try_wait()? {
                return Err(format!("child {} ended by itself: {status}", player.number).into());
            }
        }
        Ok(())
    }

    /// Starts runs while there is room for more.
    async fn start_some(&mut self) {
        let now = self.clock.elapsed();
        // With a defect, and where runs supersede others, some never complete.
        let all_complete = self.options.plant == Plant::None && self.options.pauses == 0;
        let patience = if all_complete { Duration::MAX } else { limits::OPEN_TIME };
        self.target.look(|log| {
            self.open.retain(|(since, number)| now.saturating_sub(*since) < patience && !log.complete.contains(number));
        });
        let awake: Vec<u64> = self.players.keys().copied().filter(|player| Some(*player) != self.paused).collect();
        let Some(player) = awake.get(self.chance.below(awake.len())).copied() else { return };
        let mut new = Vec::new();
        while self.open.len() < limits::OPEN_MAX && (self.wanted() || self.asked.len() < self.options.runs) {
            let number = self.asked.len();
            let shared = self.options.pauses > 0 || number.is_multiple_of(3);
            // Lanes fall out of use after a while: what is in them then is an end that is judged.
            let age = number / (limits::LANES * limits::LANE_RUNS);
            let lane = shared.then(|| format!("lane/{age}/{}", self.chance.below(limits::LANES)));
            let supersede = self.options.pauses > 0 && number.is_multiple_of(7);
            self.asked.push(Asked { run: new_id(&self.ids), lane, supersede, acknowledged: false });
            self.unacknowledged.insert(number);
            self.open.push_back((now, number));
            new.push(number);
        }
        self.tell(player, &new).await;
    }

    /// Whether runs are still wanted beyond the number that was asked for: as long as somebody is
    /// to be killed or paused.
    fn wanted(&self) -> bool {
        self.born <= self.options.kills as u64 || self.paused.is_some()
    }

    async fn tell(&mut self, player: u64, numbers: &[usize]) {
        let mut lines = String::new();
        for number in numbers {
            let Some(asked) = self.asked.get(*number) else { continue };
            let lane = asked.lane.as_deref().unwrap_or("-");
            let busy = if asked.supersede { "supersede" } else { "queue" };
            // Writing to a string cannot fail.
            writeln!(lines, "{} {number} {lane} {busy}", asked.run).unwrap_or_default();
        }
        if let Some(player) = self.players.get_mut(&player) {
            // A child that was just killed does not listen; the next one is told again.
            drop(player.input.write_all(lines.as_bytes()).await);
        }
    }
}
