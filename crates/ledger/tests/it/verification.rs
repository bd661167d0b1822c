//! Whole logs: what the verdict says, and which place it names.

use tenure_ledger::{BadCheckpoint, SigningKey, Verdict, leaf_hash, verify};
use zeroize::Zeroizing;

use crate::log::Log;

fn verdict(log: &Log, signed: &[String]) -> Verdict {
    verify(log.records(), signed.iter().map(String::as_str), log.key.public())
}

fn bare_verdict(log: &Log, signed: &[String]) -> Verdict {
    verify(log.bare_records(), signed.iter().map(String::as_str), log.key.public())
}

#[test]
fn an_honest_log_is_sound_of_every_size() {
    for size in (0..18).chain([31, 32, 33]) {
        let log = Log::of(size);
        for signed in [vec![log.signed(size)], vec![log.signed(size), log.signed(0), log.signed(size / 2)]] {
            assert!(verdict(&log, &signed).is_sound(), "{size}");
            assert!(bare_verdict(&log, &signed).is_sound(), "{size}");
        }
    }
}

#[test]
fn entries_after_the_last_checkpoint_are_counted_and_not_vouched_for() {
    let log = Log::of(20);
    let Verdict::Sound { head, unsigned } = verdict(&log, &[log.signed(13)]) else { panic!("not sound") };
    assert_eq!((head.size, unsigned), (13, 7));
}

#[test]
fn a_changed_entry_is_named_by_its_index() {
    let mut log = Log::of(20);
    let signed = [log.signed(20)];
    log.bytes[11] = log.bytes[12].clone();
    assert!(matches!(verdict(&log, &signed), Verdict::Changed { index: 11 }));
    assert_eq!(verdict(&log, &signed).first_bad(), Some(11));
}

#[test]
fn a_changed_entry_with_a_changed_leaf_is_caught_between_two_checkpoints() {
    let mut log = Log::of(20);
    let signed = [log.signed(8), log.signed(16), log.signed(20)];
    log.bytes[11] = log.bytes[12].clone();
    log.leaves[11] = leaf_hash(&log.bytes[11]);
    assert!(matches!(verdict(&log, &signed), Verdict::Differs { from: 8, to: 16 }));
    assert!(matches!(bare_verdict(&log, &signed), Verdict::Differs { from: 8, to: 16 }));
}

#[test]
fn removed_added_and_moved_entries_are_caught() {
    let honest = Log::of(20);
    let signed = [honest.signed(10), honest.signed(20)];
    let attack = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut log = Log::of(20);
        change(&mut log.bytes);
        bare_verdict(&log, &signed)
    };
    assert!(attack(&|_| ()).is_sound());
    assert!(matches!(attack(&|bytes| drop(bytes.remove(3))), Verdict::Differs { from: 0, to: 10 }));
    assert!(matches!(attack(&|bytes| bytes.insert(12, bytes[12].clone())), Verdict::Differs { from: 10, to: 20 }));
    assert!(matches!(attack(&|bytes| bytes.swap(4, 5)), Verdict::Differs { from: 0, to: 10 }));
    assert!(matches!(attack(&|bytes| bytes.truncate(17)), Verdict::Missing { from: 17, signed: 20 }));
    assert!(matches!(attack(&Vec::clear), Verdict::Missing { from: 0, signed: 20 }));
}

#[test]
fn an_entry_that_is_none_is_named() {
    let mut log = Log::of(5);
    log.bytes[2] = br#"{"surname":"Lovelace"}"#.to_vec();
    log.leaves[2] = leaf_hash(&log.bytes[2]);
    // Even when the operator signs it.
    let signed = [log.signed(5)];
    assert!(matches!(verdict(&log, &signed), Verdict::BadEntry { index: 2, .. }));
}

#[test]
fn a_fork_is_seen() {
    let (honest, mut other) = (Log::of(9), Log::of(9));
    other.leaves.swap(1, 2);
    let signed = [honest.signed(9), other.signed(9)];
    assert!(matches!(verdict(&honest, &signed), Verdict::Forked { size: 9 }));
}

#[test]
fn only_the_pinned_key_counts() {
    let log = Log::of(5);
    let thief = SigningKey::from_seed(&log.origin.to_string(), &Zeroizing::new([8; 32])).unwrap();
    let forged = log.checkpoint(5).sign(&thief).unwrap();
    assert!(matches!(
        verdict(&log, &[log.signed(5), forged]),
        Verdict::BadCheckpoint { place: 1, why: BadCheckpoint::Note(_) }
    ));
    assert!(matches!(verdict(&log, &[]), Verdict::NothingSigned));
}
