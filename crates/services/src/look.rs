//! Looking again until what was written is seen, where a service shows it late.

use std::time::Duration;

use tenure_connect::{Expectation, Refusal, Verdict};
use tenure_model::Observed;

use crate::limits::LOOK_PAUSE;

/// The verdict over what `look` shows; it looks again until all is as expected or this delay is over.
pub(crate) async fn until_seen<Looked>(expectation: &Expectation, delay: Duration, look: impl Fn() -> Looked) -> Verdict
where
    Looked: Future<Output = Result<Observed, Refusal>>,
{
    let mut left = delay;
    loop {
        let verdict = match look().await {
            Ok(seen) => Verdict::over(expectation, seen),
            Err(refusal) => return Verdict::Undecided { refusal },
        };
        if verdict.is_met() || left.is_zero() {
            return verdict;
        }
        let pause = LOOK_PAUSE.min(left);
        tokio::time::sleep(pause).await;
        left = left.saturating_sub(pause);
    }
}
