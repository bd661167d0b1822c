//! The engine under its simulator: clean without a defect, and every planted defect is found.

use tenure_engine::Plant;
use tenure_testkit::seeds::{Defect, run_seed};

#[test]
fn seeds_are_clean() {
    let mut done = 0;
    for seed in 0..300 {
        let report = run_seed(seed, None);
        assert_eq!(report.breaches, Vec::<String>::new(), "seed {seed}; again with: cargo xtask sim {seed}");
        done += report.done;
    }
    // A simulation in which nothing ends well would prove nothing.
    assert!(done > 600, "{done} runs ended well");
}

#[test]
fn a_seed_is_one_history() {
    let (first, again) = (run_seed(7, None), run_seed(7, None));
    assert_eq!(first, again);
    assert_ne!(first.fingerprint, run_seed(8, None).fingerprint);
}

#[test]
fn every_planted_defect_is_found() {
    let engine = [
        Plant::DispatchBeforeCommit,
        Plant::KeyWithAttempt,
        Plant::AcknowledgeBeforeCommit,
        Plant::FenceSkipped,
        Plant::TimerForgotten,
        Plant::RecoveryForgotten,
    ];
    for defect in engine.map(Defect::Engine).into_iter().chain([Defect::UndoForwards]) {
        let found = (0..1_000).find(|seed| !run_seed(*seed, Some(defect)).breaches.is_empty());
        assert!(found.is_some(), "{defect:?} was not found in 1,000 seeds");
    }
}
