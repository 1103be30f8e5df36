//! Many sessions at once: for long, and slow ones among quick ones.

use std::time::Duration;

use anyhow::Result;
use couplet_tests::accounting::{cpu_time, resident};
use couplet_tests::until;
use futures_util::future::{try_join, try_join_all};
use tokio::time::{Instant, sleep, sleep_until};

use crate::client::{RoundTrip as _, Session, Target, stanza};
use crate::figures::{Latency, median};
use crate::place::Place;

/// Sessions of the crowd, and what they say together in a second.
const CROWD: usize = 9000;
const MESSAGES: usize = 2000;
/// How often memory is looked at.
const SAMPLES: u32 = 10;
/// Slow readers, and quick ones.
const EACH: usize = 1000;
/// How often both are measured, in turns with the floor.
const ROUNDS: usize = 3;
/// What the quick ones say together in a second, for how long it is measured, and for how long
/// it isn't yet.
const QUICK_MESSAGES: usize = 1000;
const QUICK: Duration = Duration::from_secs(10);
const WARMING: Duration = Duration::from_secs(2);
/// What waits for a slow one, and what it takes of that how often.
const SLOW_STANZA: usize = 200_000;
const SLOW_BYTES: usize = 4096;
const SLOW_PAUSE: Duration = Duration::from_millis(500);

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
    let (floor, proxy) = (place.floor(false).await?, place.proxy(false, false).await?);
    let target = place.target(proxy.address(), false)?;
    let (mut ours, mut floors) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        floors.push(quick_p99s(&floor.target, floor.process.id()).await?);
        ours.push(quick_p99s(&target, proxy.process()?).await?);
    }
    let of = |all: &[[f64; 2]]| {
        let [alone, among] = [0, 1].map(|at| median(all.iter().map(|both| both[at])));
        let more = median(all.iter().map(|[alone, among]| among / alone)) - 1.0;
        format!("{among:.2} ms; alone {alone:.2} ms; {:+.0}%", more * 100.0)
    };
    println!(
        "| p99 of {EACH} quick readers among {EACH} slow ones | within 20% | {} |",
        of(&ours)
    );
    println!("| the same through the floor | | {} |", of(&floors));
    Ok(())
}

/// Milliseconds: of quick readers alone, and among slow ones.
async fn quick_p99s(target: &Target, process: u32) -> Result<[f64; 2]> {
    let quick = open(target, EACH).await?;
    let (_, quick) = talk(quick, QUICK_MESSAGES, WARMING).await?;
    let (alone, quick) = talk(quick, QUICK_MESSAGES, QUICK).await?;
    let mut slow = open(target, EACH).await?;
    let large = stanza(SLOW_STANZA);
    for session in &mut slow {
        session.send(&large).await?;
    }
    until("all of it waits for its readers", || async {
        let before = cpu_time(process)?;
        sleep(Duration::from_secs(1)).await;
        let used = cpu_time(process)? - before;
        Ok((used < Duration::from_millis(50)).then_some(()))
    })
    .await?;
    let begin = Instant::now();
    let reading = slow
        .into_iter()
        .enumerate()
        .map(|(index, mut session)| async move {
            // One after the other: all at once they would be a burst of our own, in the thread
            // that takes the time.
            let mut due = begin + SLOW_PAUSE.mul_f64(index as f64 / EACH as f64);
            while due < begin + WARMING + QUICK {
                sleep_until(due).await;
                session.take(SLOW_BYTES).await?;
                due += SLOW_PAUSE;
            }
            Ok(session)
        });
    let talking = async {
        let (_, quick) = talk(quick, QUICK_MESSAGES, WARMING).await?;
        talk(quick, QUICK_MESSAGES, QUICK).await
    };
    let ((among, _), _) = try_join(talking, try_join_all(reading)).await?;
    Ok([alone, among].map(|latency| latency.p99() / 1000.0))
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
