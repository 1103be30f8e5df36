//! Waiting for conditions, never for time.

use std::future::Future;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::task::LocalSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// How long a condition may take on a machine that is busy with other things.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How long a whole test may take.
const TEST_TIME: Duration = Duration::from_secs(240);

/// Runs one test on a thread of its own with its own tasks.
///
/// # Panics
/// When the test fails or doesn't end.
pub fn run(test: impl Future<Output = Result<()>>) {
    run_for(TEST_TIME, test);
}

/// The same for a test that may take another time.
///
/// # Panics
/// When the test fails or doesn't end.
pub fn run_for(time: Duration, test: impl Future<Output = Result<()>>) {
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| {
            LocalSet::new().block_on(&runtime, async {
                timeout(time, test)
                    .await
                    .context("the test did not end in time")?
            })
        });
    if let Err(error) = outcome {
        panic!("{error:#}");
    }
}

/// Looks again and again until `probe` gives something.
///
/// # Errors
/// What `probe` fails with, or that `what` has not come true in time.
pub async fn until<T, F>(what: &str, probe: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<Option<T>>>,
{
    until_for(PATIENCE, what, probe).await
}

/// The same for what may take another time.
///
/// # Errors
/// What `probe` fails with, or that `what` has not come true in time.
pub async fn until_for<T, F>(
    patience: Duration,
    what: &str,
    mut probe: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = Result<Option<T>>>,
{
    let mut ticks = interval(Duration::from_millis(40));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    timeout(patience, async {
        loop {
            ticks.tick().await;
            if let Some(found) = probe().await? {
                return Ok(found);
            }
        }
    })
    .await
    .with_context(|| format!("in vain: {what}"))?
}
