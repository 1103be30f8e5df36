//! Both write while everything between them breaks again and again.

use std::cell::Cell;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use couplet_engine::store::Delivery;
use couplet_servers::Kind;
use couplet_tests::chaos::{
    Event, Settings, Stage, check_archives, each_once_in_order, message, plan,
};
use couplet_tests::person::Person;
use couplet_tests::{run_for, until_for};
use tokio::time::sleep;

use crate::{ALICE, BOB, make_friends, options};

const NAMES: [&str; 2] = ["alice", "bob"];
const PEERS: [&str; 2] = [BOB, ALICE];

/// How long it may take until all is well once nothing breaks any more: the
/// longest pause between two attempts, and some.
const RECOVERY: Duration = Duration::from_secs(60);

/// All kinds of events, as the seed deals them.
#[test]
fn all_arrives_once_and_in_order() {
    let settings = Settings {
        messages: 200,
        faults: 30,
        seed: 1,
    };
    let settings = settings.or_of_environment().unwrap();
    let time = settings.writing_time() * 2 + RECOVERY * 2;
    run_for(time, storm(Settings::server(), settings, plan(&settings)));
}

#[test]
fn the_server_restarts_while_both_write() {
    let settings = Settings {
        messages: 200,
        faults: 4,
        seed: 0,
    };
    let events = vec![Event::Server { crash: false }; settings.faults];
    let time = settings.writing_time() * 2 + RECOVERY * 8;
    run_for(time, storm(Settings::server(), settings, events));
}

async fn storm(kind: Kind, settings: Settings, events: Vec<Event>) -> Result<()> {
    let mut stage = Stage::new(options(kind)).await?;
    let people = [
        Person::signed_in(ALICE, NAMES[0], stage.websocket(0)).await?,
        Person::signed_in(BOB, NAMES[1], stage.websocket(1)).await?,
    ];
    make_friends(&people[0], &people[1]).await?;
    let talk = Talk {
        kind,
        people,
        settings,
        written: Default::default(),
        silence: Cell::new(false),
    };
    tokio::try_join!(
        talk.write(0),
        talk.write(1),
        talk.break_things(&mut stage, events),
    )?;
    talk.all_arrives().await?;
    let people = [(ALICE, NAMES[0]), (BOB, NAMES[1])];
    check_archives(&stage, people, settings.messages).await
}

/// Two people who write to each other.
struct Talk {
    kind: Kind,
    people: [Person; 2],
    settings: Settings,
    /// How many messages each has written.
    written: [Cell<usize>; 2],
    /// Nobody writes for the moment.
    silence: Cell<bool>,
}

impl Talk {
    async fn write(&self, who: usize) -> Result<()> {
        let pause = self.settings.writing_time() / u32::try_from(self.settings.messages)?;
        for number in 0..self.settings.messages {
            while self.silence.get() {
                sleep(Duration::from_millis(20)).await;
            }
            self.people[who].say(PEERS[who], &message(NAMES[who], number))?;
            self.written[who].set(number + 1);
            sleep(pause).await;
        }
        Ok(())
    }

    async fn break_things(&self, stage: &mut Stage, events: Vec<Event>) -> Result<()> {
        let pause = self.settings.writing_time() / u32::try_from(events.len().max(1))?;
        for (number, event) in events.into_iter().enumerate() {
            eprintln!("chaos: {number}: {event:?}");
            let (happened, ()) = tokio::join!(self.happens(stage, event), sleep(pause));
            happened?;
        }
        Ok(())
    }

    async fn happens(&self, stage: &mut Stage, event: Event) -> Result<()> {
        if !stage.wants_silence(event) {
            return stage.happens(event).await;
        }
        self.silence.set(true);
        self.all_arrives().await?;
        stage.end_server(false).await?;
        self.silence.set(false);
        stage.start_server().await
    }

    /// Waits until all that has been written so far is where it belongs.
    async fn all_arrives(&self) -> Result<()> {
        let settled = until_for(RECOVERY, "all is well", || async {
            Ok((0..2).all(|who| self.arrived(who).is_ok()).then_some(()))
        })
        .await;
        for (who, person) in self.people.iter().enumerate() {
            self.arrived(who).with_context(|| {
                let log = person.log();
                let last = log[log.len().saturating_sub(30)..].join("\n");
                let status = person.store(|store| format!("{:?}", store.status()));
                format!("{} is {status}; their log:\n{last}\n", NAMES[who])
            })?;
        }
        settled
    }

    /// Everything both wrote is in one's store, and proven to have arrived.
    fn arrived(&self, who: usize) -> Result<()> {
        let (person, peer) = (&self.people[who], PEERS[who]);
        let bodies = person.bodies(peer);
        for (name, written) in NAMES.iter().zip(&self.written) {
            each_once_in_order(self.kind, &bodies, name, written.get())?;
        }
        let messages = person.messages(peer);
        let waiting = messages
            .iter()
            .filter(|message| message.delivery < Delivery::Sent)
            .count();
        ensure!(waiting == 0, "{waiting} messages are unproven");
        Ok(())
    }
}
