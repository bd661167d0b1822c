//! The verdict: what the database says, held against what happened.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

use tenure_engine::journal::{Journal, RunRow, RunStatus};
use tenure_model::RunId;
use tenure_store::journal::StoreJournal;
use tenure_store::runs::{self, RunFilter};
use tenure_store::{Store, StoreError};

use super::referee::{Asked, Options};
use super::target::{Log, Target};
use super::work::Kind;
use super::{Plant, Trouble, limits};

/// What came of a trial.
#[derive(Debug)]
pub struct Verdict {
    options: Options,
    took: Duration,
    runs: usize,
    children: usize,
    acknowledged: usize,
    records: i64,
    effects: usize,
    puts: usize,
    repeats: usize,
    stale: usize,
    breaches: BTreeMap<&'static str, Vec<String>>,
}

const KINDS: [&str; 7] = ["lost starts", "lost effects", "doubled", "out of order", "stuck", "holes", "wrong ends"];

impl Verdict {
    fn breach(&mut self, kind: &'static str, what: String) {
        self.breaches.entry(kind).or_default().push(what);
    }

    /// How often it went wrong in this way.
    pub fn count(&self, kind: &str) -> usize {
        self.breaches.get(kind).map_or(0, Vec::len)
    }

    /// Whether it came as it must: without a breach, or, with a defect, with the breach that it makes.
    pub fn as_expected(&self) -> bool {
        match self.options.plant {
            Plant::None => self.breaches.is_empty(),
            Plant::EffectThenRecord => self.count("doubled") > 0,
            Plant::RecordThenEffect => self.count("lost effects") > 0,
            Plant::LeaseCheckOnly => self.count("wrong ends") > 0,
        }
    }
}

/// Judges a trial that is over.
pub async fn judge(
    store: &Store,
    asked: &[Asked],
    target: &Target,
    options: &Options,
    took: Duration,
) -> Result<Verdict, Trouble> {
    let mut verdict = Verdict {
        options: options.clone(),
        took,
        runs: asked.len(),
        children: 0,
        acknowledged: asked.iter().filter(|asked| asked.acknowledged).count(),
        records: 0,
        effects: target.look(|log| log.effects.values().map(Vec::len).sum()),
        puts: target.look(|log| log.puts),
        repeats: target.look(|log| log.repeats),
        stale: target.look(|log| log.stale),
        breaches: BTreeMap::new(),
    };
    let rows = read_all(store, &mut verdict).await?;
    verdict.children = rows.values().filter(|row| row.parent.is_some()).count();
    target.look(|log| {
        for (number, asked) in asked.iter().enumerate() {
            judge_run(&mut verdict, number, asked, rows.get(&asked.run), log);
        }
        judge_lanes(&mut verdict, asked, &rows, log);
    });
    Ok(verdict)
}

/// Reads every run and its records, and looks for holes.
async fn read_all(store: &Store, verdict: &mut Verdict) -> Result<HashMap<RunId, RunRow>, Trouble> {
    let journal = StoreJournal::new(store.clone());
    let mut rows = HashMap::new();
    let mut before = None;
    loop {
        let filter = RunFilter::default();
        let page: Result<Vec<RunRow>, StoreError> =
            store.read(move |tx| Box::pin(async move { runs::list(tx, &filter, before, limits::PAGE).await })).await;
        let page = page?;
        before = page.last().map(|row| row.id);
        for stored in journal.load(page.iter().map(|row| row.id).collect()).await? {
            let first = stored.snapshot.as_ref().map_or(0, |snapshot| snapshot.seq);
            let whole = stored.records.iter().zip(first + 1..).all(|(record, seq)| record.seq == seq);
            let last = first + i64::try_from(stored.records.len()).unwrap_or(0);
            if !whole || last != stored.row.seq {
                verdict.breach("holes", format!("{}: {} of {} records", stored.row.id, last, stored.row.seq));
            }
            verdict.records += last;
            if !stored.row.status.is_closed() {
                let row = &stored.row;
                verdict.breach("stuck", format!("{} ({}) is {}: {}", row.id, row.name, row.status.word(), row.note));
            }
            rows.insert(stored.row.id, stored.row);
        }
        if page.len() < limits::PAGE {
            return Ok(rows);
        }
    }
}

fn judge_run(verdict: &mut Verdict, number: usize, asked: &Asked, row: Option<&RunRow>, log: &Log) {
    let kind = Kind::of(number);
    let Some(row) = row else {
        if asked.acknowledged {
            verdict.breach("lost starts", format!("run {number} was acknowledged and is not there"));
        }
        return;
    };
    let none = Vec::new();
    let effects = log.effects.get(&number).unwrap_or(&none);
    let stopped = row.status == RunStatus::Cancelled && verdict.options.pauses > 0;
    for (what, _) in kind.effects() {
        match effects.iter().filter(|done| done == what).count() {
            0 if !stopped => verdict.breach("lost effects", format!("`{what}` of run {number} ({})", row.id)),
            0 | 1 => {}
            count => verdict.breach("doubled", format!("`{what}` of run {number} ({}): {count} times", row.id)),
        }
    }
    let stages: Vec<Option<u8>> = effects.iter().map(|what| kind.stage(what)).collect();
    if !stages.is_sorted() {
        verdict.breach("out of order", format!("run {number} ({}): {}", row.id, effects.join(" ")));
    }
    if row.status.is_closed() && row.status != kind.end() && !stopped {
        verdict.breach("wrong ends", format!("run {number} ended {}: {}", row.status.word(), row.note));
    }
}

/// In each lane stands what its newest generation put there last.
fn judge_lanes(verdict: &mut Verdict, asked: &[Asked], rows: &HashMap<RunId, RunRow>, log: &Log) {
    let mut newest: BTreeMap<&str, (i64, usize)> = BTreeMap::new();
    for (number, asked) in asked.iter().enumerate() {
        let (Some(lane), Some(row)) = (&asked.lane, rows.get(&asked.run)) else { continue };
        // A run that was stopped before its first effect put nothing there.
        if log.effects.contains_key(&number) {
            let entry = newest.entry(lane).or_insert((row.generation, number));
            *entry = (*entry).max((row.generation, number));
        }
    }
    for (lane, (generation, number)) in newest {
        let kind = Kind::of(number);
        let Some(found) = log.registers.get(lane) else { continue };
        let last = kind.effects().iter().map(|(_, stage)| *stage).max();
        let stopped = asked.get(number).and_then(|asked| rows.get(&asked.run)).map(|row| row.status)
            == Some(RunStatus::Cancelled);
        if found.number != number || (kind.stage(&found.what) != last && !stopped) {
            let what = format!(
                "`{lane}` holds `{}` of run {}; its newest is generation {generation}, run {number}",
                found.what, found.number
            );
            verdict.breach("wrong ends", what);
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = &self.options;
        writeln!(
            f,
            "chaos: seed {}, {} kills, {} pauses, plant {}, {:.1} s",
            options.seed,
            options.kills,
            options.pauses,
            options.plant.word(),
            self.took.as_secs_f64()
        )?;
        writeln!(f, "  runs started      {:>9}   acknowledged {}", self.runs, self.acknowledged)?;
        writeln!(f, "  runs of children  {:>9}   records {}", self.children, self.records)?;
        writeln!(f, "  effects           {:>9}   attempts {}", self.effects, self.puts)?;
        writeln!(f, "  repeats absorbed  {:>9}   old generations refused {}", self.repeats, self.stale)?;
        for kind in KINDS {
            writeln!(f, "  {kind:<18}{:>9}", self.count(kind))?;
        }
        for (kind, breaches) in &self.breaches {
            for breach in breaches.iter().take(limits::SHOWN_MAX) {
                writeln!(f, "  {kind}: {breach}")?;
            }
        }
        let word = match (options.plant, self.as_expected()) {
            (Plant::None, true) => "nothing lost, nothing doubled, nothing stuck",
            (Plant::None, false) => "the engine failed",
            (_, true) => "the planted defect was caught",
            (_, false) => "the planted defect was NOT caught",
        };
        write!(f, "  verdict: {word}")
    }
}
