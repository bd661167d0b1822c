//! The world of a trial: a target in the referee's process that takes puts over a Unix socket.
//!
//! It does what real targets can do at their best: a put with a key happens once, and a put with
//! a generation is refused once a newer one of its lane was seen. A put without either always
//! happens. Everything is noted. Sometimes it answers `later`, and sometimes not at all.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tenure_engine::sim::chance::Chance;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

use super::limits;
use super::work::Kind;

/// One put, as it goes over the socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// In which lane.
    pub lane: String,
    /// Of which generation, if the sender says so.
    pub generation: Option<i64>,
    /// Under which key, if the sender says so.
    pub key: Option<String>,
    /// For the run of which number.
    pub number: usize,
    /// Which effect of it.
    pub what: String,
}

impl Put {
    /// As one line.
    pub fn line(&self) -> String {
        let generation = self.generation.map_or_else(|| "-".to_owned(), |generation| generation.to_string());
        let key = self.key.as_deref().unwrap_or("-");
        format!("{} {generation} {key} {} {}\n", self.lane, self.number, self.what)
    }

    /// From one line.
    pub fn read(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let lane = words.next()?.to_owned();
        let generation = words.next().map(|word| word.parse().ok())?;
        let key = words.next().filter(|word| *word != "-").map(str::to_owned);
        Some(Self { lane, generation, key, number: words.next()?.parse().ok()?, what: words.next()?.to_owned() })
    }
}

/// What was last put into a lane.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Register {
    /// By the run of which number.
    pub number: usize,
    /// Which effect of it.
    pub what: String,
}

/// Everything that happened.
#[derive(Debug, Default)]
pub struct Log {
    /// Effects in the order in which they happened, by run.
    pub effects: BTreeMap<usize, Vec<String>>,
    /// What is in each lane.
    pub registers: BTreeMap<String, Register>,
    /// Puts that came in.
    pub puts: usize,
    /// Puts under a key that had happened already.
    pub repeats: usize,
    /// Puts of an older generation, refused.
    pub stale: usize,
    /// Runs of which every effect happened at least once.
    pub complete: HashSet<usize>,
    keys: HashSet<String>,
    newest: HashMap<String, i64>,
}

/// The target.
#[derive(Debug, Clone)]
pub struct Target {
    log: Arc<Mutex<Log>>,
    chance: Arc<Mutex<Chance>>,
}

impl Target {
    /// Begins to listen.
    pub fn listen(socket: &Path, seed: u64) -> std::io::Result<Self> {
        let listener = UnixListener::bind(socket)?;
        let target = Self { log: Arc::default(), chance: Arc::new(Mutex::new(Chance::new(seed))) };
        let door = target.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let door = door.clone();
                tokio::spawn(async move { door.serve(stream).await });
            }
        });
        Ok(target)
    }

    /// Looks at what happened so far.
    pub fn look<T>(&self, look: impl FnOnce(&Log) -> T) -> T {
        look(&self.log.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn serve(&self, stream: UnixStream) {
        let (reader, mut writer) = stream.into_split();
        let mut lines = BufReader::new(reader).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let Some(put) = Put::read(&line) else { return };
            let (later, broken) = {
                let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
                (chance.percent(limits::LATER_PERCENT), chance.percent(limits::BROKEN_PERCENT))
            };
            let answer = if later { "later\n" } else { self.take(put) };
            if broken || writer.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    fn take(&self, put: Put) -> &'static str {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).take(put)
    }
}

impl Log {
    fn take(&mut self, put: Put) -> &'static str {
        self.puts += 1;
        if let Some(generation) = put.generation {
            let newest = self.newest.entry(put.lane.clone()).or_insert(generation);
            if generation < *newest {
                self.stale += 1;
                return "stale\n";
            }
            *newest = generation;
        }
        if put.key.is_some_and(|key| !self.keys.insert(key)) {
            self.repeats += 1;
            return "done\n";
        }
        self.registers.insert(put.lane, Register { number: put.number, what: put.what.clone() });
        let effects = self.effects.entry(put.number).or_default();
        effects.push(put.what);
        if Kind::of(put.number).effects().iter().all(|(what, _)| effects.iter().any(|done| done == what)) {
            self.complete.insert(put.number);
        }
        "done\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(generation: Option<i64>, key: Option<&str>, what: &str) -> Put {
        Put { lane: "l".into(), generation, key: key.map(str::to_owned), number: 0, what: what.into() }
    }

    #[test]
    fn a_line_reads_back() {
        for put in [put(Some(3), Some("k"), "a"), put(None, None, "a")] {
            assert_eq!(Put::read(&put.line()), Some(put));
        }
        assert_eq!(Put::read("l 1 k x a"), None);
    }

    #[test]
    fn keys_and_generations_are_kept() {
        let mut log = Log::default();
        assert_eq!(log.take(put(Some(2), Some("k"), "a")), "done\n");
        assert_eq!(log.take(put(Some(2), Some("k"), "a")), "done\n");
        assert_eq!(log.take(put(Some(1), Some("j"), "b")), "stale\n");
        assert_eq!((log.repeats, log.stale, log.effects[&0].len()), (1, 1, 1));
        log.take(put(None, None, "a"));
        assert_eq!((log.effects[&0].len(), log.complete.len()), (2, 0));
    }
}
