//! Many sessions at once: for long, and slow ones among quick ones.

use std::time::Duration;

use anyhow::Result;
use couplet_tests::accounting::{cpu_time, resident};
use couplet_tests::until;
use futures_util::future::{try_join, try_join_all};
use tokio::time::{Instant, sleep, sleep_until};

use crate::client::{RoundTrip as _, Session, Target, stanza};
use crate::figures::Latency;
use crate::place::Place;

/// Sessions of the crowd, and what they say together in a second.
const CROWD: usize = 9000;
const MESSAGES: usize = 2000;
/// How often memory is looked at.
const SAMPLES: u32 = 10;
/// Slow readers, and quick ones.
const EACH: usize = 1000;
/// What the quick ones say together in a second, and for how long it is measured.
const QUICK_MESSAGES: usize = 1000;
const QUICK: Duration = Duration::from_secs(20);
/// What waits for a slow one, and what it takes of that twice a second.
const SLOW_STANZA: usize = 200_000;
const SLOW_BYTES: usize = 4096;

/// Prints a table.
pub(crate) async fn measure(time: Duration) -> Result<()> {
    let place = Place::new(0).await?;
    println!("| figure | goal | measured |");
    println!("|---|---|---|");
    crowd(&place, time).await?;
    slow_among_quick(&place).await
}

async fn crowd(place: &Place, time: Duration) -> Result<()> {
    let proxy = place.proxy(false, false).await?;
    let target = place.target(proxy.address(), false)?;
    let sessions = open(&target, CROWD).await?;
    let process = proxy.process()?;
    let memory = async {
        let mut samples = Vec::new();
        for _ in 0..SAMPLES {
            sleep(time / SAMPLES).await;
            samples.push(resident(process)? as f64 / 1e6);
        }
        anyhow::Ok(samples)
    };
    let (latency, memory) = try_join(talk(sessions, MESSAGES, time), memory).await?;
    println!(
        "| {CROWD} sessions, {MESSAGES} messages a second, {} s | no error; p99 20 ms | no error; \
         median {:.1} ms, p99 {:.1} ms |",
        time.as_secs(),
        latency.0.median() / 1000.0,
        latency.0.p99() / 1000.0
    );
    println!(
        "| memory of the process meanwhile | flat | {:.0} MB after a tenth of the time, {:.0} MB \
         at the end |",
        memory[0],
        memory[memory.len() - 1]
    );
    Ok(())
}

async fn slow_among_quick(place: &Place) -> Result<()> {
    let proxy = place.proxy(false, false).await?;
    let target = place.target(proxy.address(), false)?;
    let quick = open(&target, EACH).await?;
    let (alone, quick) = talk(quick, QUICK_MESSAGES, QUICK).await?;
    let mut slow = open(&target, EACH).await?;
    let large = stanza(SLOW_STANZA);
    for session in &mut slow {
        session.send(&large).await?;
    }
    let process = proxy.process()?;
    until("all of it waits for its readers", || async {
        let before = cpu_time(process)?;
        sleep(Duration::from_secs(1)).await;
        let used = cpu_time(process)? - before;
        Ok((used < Duration::from_millis(50)).then_some(()))
    })
    .await?;
    let end = Instant::now() + QUICK;
    let reading = try_join_all(slow.into_iter().map(|mut session| async move {
        while Instant::now() < end {
            session.take(SLOW_BYTES).await?;
            sleep(Duration::from_millis(500)).await;
        }
        Ok(session)
    }));
    let (among, _) = try_join(talk(quick, QUICK_MESSAGES, QUICK), reading).await?;
    println!(
        "| p99 of {EACH} quick readers among {EACH} slow ones | within 20% | {:.2} ms; alone {:.2} \
         ms |",
        among.0.p99() / 1000.0,
        alone.p99() / 1000.0
    );
    Ok(())
}

async fn open(target: &Target, count: usize) -> Result<Vec<Session>> {
    let mut sessions = Vec::with_capacity(count);
    for _ in 0..count {
        sessions.push(Session::open(target).await?);
    }
    Ok(sessions)
}

/// Lets all `sessions` together say `rate` messages a second, evenly, and says how long
/// answers took.
async fn talk(
    sessions: Vec<Session>,
    rate: usize,
    time: Duration,
) -> Result<(Latency, Vec<Session>)> {
    let count = sessions.len();
    let begin = Instant::now();
    let pause = Duration::from_secs_f64(count as f64 / rate as f64);
    let talking = sessions
        .into_iter()
        .enumerate()
        .map(|(index, mut session)| async move {
            let mut due = begin + pause.mul_f64(index as f64 / count as f64);
            let mut times = Vec::new();
            while due < begin + time {
                sleep_until(due).await;
                let sent = Instant::now();
                session.round_trip().await?;
                times.push(sent.elapsed());
                due += pause;
            }
            anyhow::Ok((times, session))
        });
    let (times, sessions): (Vec<_>, Vec<_>) = try_join_all(talking).await?.into_iter().unzip();
    Ok((Latency::of(times.concat()), sessions))
}
