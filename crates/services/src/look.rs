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
    let attempt = || async {
        match look().await {
            Ok(seen) => {
                let verdict = Verdict::over(expectation, seen);
                let met = verdict.is_met();
                (verdict, met)
            }
            Err(refusal) => (Verdict::Undecided { refusal }, true),
        }
    };
    again(delay, attempt).await
}

/// What a look finds, where it may take this long to be seen; none if it is not seen even then.
pub(crate) async fn when_seen<T, Looked>(delay: Duration, look: impl Fn() -> Looked) -> Result<Option<T>, Refusal>
where
    Looked: Future<Output = Result<Option<T>, Refusal>>,
{
    let attempt = || async {
        let found = look().await;
        let enough = !matches!(found, Ok(None));
        (found, enough)
    };
    again(delay, attempt).await
}

/// The end of an attempt that says that it is enough, or of the last one within this delay.
async fn again<T, Tried>(delay: Duration, attempt: impl Fn() -> Tried) -> T
where
    Tried: Future<Output = (T, bool)>,
{
    let mut left = delay;
    loop {
        let (end, enough) = attempt().await;
        if enough || left.is_zero() {
            return end;
        }
        let pause = LOOK_PAUSE.min(left);
        tokio::time::sleep(pause).await;
        left = left.saturating_sub(pause);
    }
}
