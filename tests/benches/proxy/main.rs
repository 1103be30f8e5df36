//! What the proxy costs: memory a session, CPU time a round trip, latency, handshakes. The
//! server behind it is free, so that the proxy is what is measured; beside it, in the same
//! run, the floor: a splice of bytes behind the same codec.
#![allow(
    clippy::print_stdout,
    reason = "a measurement speaks on standard output"
)]

mod backend;
mod client;
mod crowd;
mod figures;
mod floor;
mod peers;
mod place;

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use couplet_tests::run_for;

use figures::{Cost, Handshakes, Memory, median};
use peers::Peer;
use place::Place;

/// How often each figure is measured, in turns, so that what else runs on the machine
/// falls on all of them.
const ROUNDS: usize = 5;

/// What a whole measurement may take, but for `--crowd`.
const PATIENCE: Duration = Duration::from_secs(1800);

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let [word, rest @ ..] = arguments.as_slice()
        && word == floor::WORD
    {
        return floor::run(rest);
    }
    match Wanted::parse(arguments) {
        Ok(Wanted::Table(peers)) => run_for(PATIENCE, table(peers)),
        Ok(Wanted::Crowd(time)) => run_for(PATIENCE + time, crowd::measure(time)),
        Err(error) => panic!("{error:#}"),
    }
}

enum Wanted {
    Table(Vec<Peer>),
    /// Many sessions for so long, and slow ones among quick ones.
    Crowd(Duration),
}

impl Wanted {
    fn parse(arguments: Vec<String>) -> Result<Self> {
        let mut peers = Vec::new();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().context("a value is missing");
            match argument.as_str() {
                // Cargo says so of itself.
                "--bench" => {}
                "--crowd" => return Ok(Self::Crowd(Duration::from_secs(value()?.parse()?))),
                "--peer" => peers.push(value()?.parse()?),
                other => bail!("{other} means nothing here"),
            }
        }
        Ok(Self::Table(peers))
    }
}

async fn table(peers: Vec<Peer>) -> Result<()> {
    let place = Place::new(peers::fixed_port(&peers)).await?;
    println!("| figure | goal | measured |");
    println!("|---|---|---|");
    memory(&place).await?;
    cost(&place, &peers).await?;
    latency(&place).await?;
    handshakes(&place).await
}

async fn memory(place: &Place) -> Result<()> {
    for (name, tls, goal) in [
        ("plain in and out", false, "10 KB"),
        ("TLS in and out", true, "24 KB"),
    ] {
        let Memory { idle, after } = figures::memory(place, tls).await?;
        println!(
            "| memory an idle session, {name} | {goal} | {:.1} KB |",
            idle / 1000.0
        );
        println!(
            "| the same after 100 KB each way | within 10% | {:.1} KB, {:+.0}% |",
            after / 1000.0,
            (after / idle - 1.0) * 100.0
        );
    }
    Ok(())
}

async fn cost(place: &Place, peers: &[Peer]) -> Result<()> {
    let prosody = peers::Prosody::start()?;
    for (name, tls, goal) in [
        ("plain in and out", false, "1.25x"),
        ("TLS in, plain out", true, "1.25x, 17.3 us"),
    ] {
        let (floor, proxy) = (place.floor(tls).await?, place.proxy(tls, false).await?);
        let target = place.target(proxy.address(), tls)?;
        let (mut floors, mut costs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let least = figures::cost(floor.target.sessions().await?, floor.process.id()).await?;
            let cost = figures::cost(target.sessions().await?, proxy.process()?).await?;
            ratios.push(cost.cpu / least.cpu);
            floors.push(least);
            costs.push(cost);
        }
        println!(
            "| CPU a round trip, {name} | {goal} | {}; the floor {}; {:.2}x |",
            Cost::median(&costs),
            Cost::median(&floors),
            median(ratios)
        );
    }
    let mut costs = Vec::new();
    for _ in 0..ROUNDS {
        costs.push(figures::cost(prosody.sessions().await?, prosody.process()).await?);
    }
    let cost = Cost::median(&costs);
    println!("| Prosody's mod_websocket, which answers by itself | | {cost} |");
    for peer in peers {
        let mut costs = Vec::new();
        for _ in 0..ROUNDS {
            costs.push(figures::cost(peer.target.sessions().await?, peer.process).await?);
        }
        println!("| {} | | {} |", peer.name, Cost::median(&costs));
    }
    Ok(())
}

async fn latency(place: &Place) -> Result<()> {
    let (floor, proxy) = (place.floor(false).await?, place.proxy(false, false).await?);
    let target = place.target(proxy.address(), false)?;
    let (mut added, mut least) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let straight = figures::straight(place.plain()).await?;
        added.push(figures::latency(&target).await? - straight);
        least.push(figures::latency(&floor.target).await? - straight);
    }
    for (name, goal, of) in [
        ("median", "80 us", figures::Latency::median as fn(&_) -> f64),
        ("p99", "400 us", figures::Latency::p99),
    ] {
        let [ours, floors] = [&added, &least].map(|all| median(all.iter().map(of)));
        println!("| added latency, {name} | {goal} | {ours:.0} us; the floor {floors:.0} us |");
    }
    Ok(())
}

async fn handshakes(place: &Place) -> Result<()> {
    let (floor, proxy) = (place.floor(true).await?, place.proxy(true, false).await?);
    let target = place.target(proxy.address(), true)?;
    let (mut bare, mut connections, mut sessions) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bare.push(figures::handshakes(&floor.target, floor.process.id()).await?);
        connections.push(figures::handshakes(&target, proxy.process()?).await?);
        sessions.push(figures::openings(&target, proxy.process()?).await?);
    }
    let [bare, connections, sessions] =
        [bare, connections, sessions].map(|all| Handshakes::median(&all));
    for (name, measured) in [("TLS connections", connections), ("TLS sessions", sessions)] {
        println!(
            "| new {name} | 0.9x a bare acceptor | {measured}; the acceptor {bare}; {:.2}x |",
            measured.a_core / bare.a_core
        );
    }
    Ok(())
}
