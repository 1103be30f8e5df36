//! A model of everything that can go wrong between two people: engines and a small
//! server in virtual time, with connections cut at any point, sessions forgotten,
//! devices that crash, tabs that take the lead from others, and disks that lag. Nothing
//! may be lost, doubled or reordered, nothing acknowledged that isn't on disk, and the
//! same inputs give the same outputs.
//!
//! Connections are cut between frames. For an engine that is the same as at any byte: a
//! WebSocket hands a page a message whole or not at all (RFC 6455 6.2), and what of a
//! message was on its way when the connection broke counts for neither side. Bytes are
//! cut where there are any, by the tests of the proxy and by the chaos test.
//!
//! `COUPLET_MODEL_CASES=1000000 cargo test -p couplet-engine --test model` for a long run,
//! `COUPLET_MODEL_FIRST=N` to begin with another seed, `COUPLET_MODEL_SEED=N` for one case.

#![allow(clippy::disallowed_methods, clippy::print_stdout)]

mod archive;
mod checks;
mod device;
mod disk;
mod faults;
mod network;
mod rng;
mod room;
mod routing;
mod server;
mod sessions;
mod tab;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use world::World;

/// Cases in the ordinary run.
const CASES: u64 = 10_000;
/// Their seeds begin here, unless told otherwise.
const FIRST: u64 = 1_000_000;
/// Every so often a case is run twice; odd, so that it meets every kind of server.
const TWICE: u64 = 49;

/// Cases that have failed at some time.
const FAILED: &str = include_str!("seeds.txt");

#[test]
fn nothing_is_lost_doubled_or_reordered() {
    if let Some(seed) = number("COUPLET_MODEL_SEED") {
        let mut world = World::new(seed);
        world.traced = true;
        return world.run();
    }
    let known = FAILED.lines().filter_map(|line| line.parse().ok());
    let cases = number("COUPLET_MODEL_CASES").unwrap_or(CASES);
    let first = number("COUPLET_MODEL_FIRST").unwrap_or(FIRST);
    let seeds: Vec<u64> = known.chain(first..first + cases).collect();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let failed: Vec<u64> = thread::scope(|scope| {
        let seeds = &seeds;
        let share = move |thread| seeds.iter().copied().skip(thread).step_by(threads);
        let runs: Vec<_> = (0..threads)
            .map(|thread| scope.spawn(move || failing(share(thread))))
            .collect();
        let failing = runs.into_iter().map(|run| run.join().expect("caught"));
        failing.flatten().collect()
    });
    assert!(
        failed.is_empty(),
        "these fail: {failed:?}; COUPLET_MODEL_SEED={} runs one",
        failed[0]
    );
}

/// The first few of `seeds` that fail.
fn failing(seeds: impl Iterator<Item = u64>) -> Vec<u64> {
    let fails = |seed: &u64| catch_unwind(AssertUnwindSafe(|| case(*seed))).is_err();
    seeds.filter(fails).take(5).collect()
}

fn case(seed: u64) {
    let mut world = World::new(seed);
    world.run();
    if seed.is_multiple_of(TWICE) {
        let mut again = World::new(seed);
        again.run();
        assert_eq!(world.digest, again.digest, "the same inputs, other outputs");
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
