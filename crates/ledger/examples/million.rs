//! How long one core takes to verify a log of a million entries. Run it with `--release` under `time`.

use std::io::Write as _;

use jiff::Timestamp;
use tenure_ledger::{Checkpoint, DetailKey, Entry, Frontier, Hash, Origin, Record, SigningKey, Verifier, leaf_hash};
use tenure_model::{Actor, Clock as _, PersonId, RunId, SeededIds, SystemClock, new_id};
use zeroize::Zeroizing;

const ENTRIES: u64 = 1_000_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let origin = Origin::first("id.example/ledger")?;
    let key = SigningKey::from_seed(&origin.to_string(), &Zeroizing::new([7; 32]))?;
    let ids = SeededIds::new(1);
    let mut frontier = Frontier::default();
    let mut stored = Vec::new();
    for n in 0..ENTRIES {
        let bytes = entry(&ids, n)?.to_bytes()?;
        let leaf = leaf_hash(&bytes);
        frontier.append(leaf);
        stored.push((bytes, leaf));
    }
    let signed = Checkpoint { origin, head: frontier.head() }.sign(&key)?;

    let clock = SystemClock::new();
    let mut verifier = Verifier::new([signed.as_str()], key.public()).map_err(|verdict| format!("{verdict:?}"))?;
    for (bytes, leaf) in &stored {
        verifier.push(Record { bytes, leaf: Some(*leaf) }).map_err(|verdict| format!("{verdict:?}"))?;
    }
    let verdict = verifier.finish();
    writeln!(std::io::stdout(), "{ENTRIES} entries in {:?}: {verdict:?}", clock.elapsed())?;
    Ok(())
}

fn entry(ids: &SeededIds, n: u64) -> Result<Entry, Box<dyn std::error::Error>> {
    let at = Timestamp::from_millisecond(1_800_000_000_000 + i64::try_from(n)?)?;
    let mut entry = Entry::new("effect.done".parse()?, at, &Actor::system("runner"))
        .about(new_id::<PersonId>(ids))
        .with(DetailKey::Evidence, Hash::of(&n.to_be_bytes()));
    entry.run = Some(new_id::<RunId>(ids));
    entry.step = Some("accounts/disable#1".parse()?);
    entry.effect = Some("account.disable".parse()?);
    Ok(entry)
}
