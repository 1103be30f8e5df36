//! A file that one puts on a server and another takes from there.

use anyhow::Result;
use couplet_engine::Command;
use couplet_engine::modules::rfc6121_message;
use couplet_engine::store::{File, Note, Notes, Refusal};
use couplet_servers::{Kind, ServerOptions};
use couplet_tests::web_files;

use crate::{ALICE, BOB, Place, on_both, options};

on_both! {
    a_file_goes_by_the_server
    a_server_says_what_is_too_large_for_it
    a_server_without_a_place_for_files_says_so
}

const LARGEST: u32 = 100_000;

/// A server that takes files.
pub(crate) async fn place(kind: Kind) -> Result<Place> {
    Place::with(ServerOptions {
        largest_file: Some(LARGEST),
        ..options(kind)
    })
    .await
}

async fn a_file_goes_by_the_server(kind: Kind) -> Result<()> {
    let place = place(kind).await?;
    let (alice, bob) = place.friends().await?;
    let content = "a poem about couplets".repeat(100);
    let size = content.len() as u64;
    let slot = alice.place_for("poem é.txt", size).await?.unwrap();
    web_files::put(&slot.put, &slot.headers, content.as_bytes()).await?;
    let file = File {
        name: "poem é.txt".to_owned(),
        size: Some(size),
        ..File::at(&slot.get).unwrap()
    };
    alice.command(Command::Message(rfc6121_message::Command::Send {
        to: BOB.parse()?,
        body: slot.get.clone(),
        notes: Notes::from_iter([Note::File(file)]),
    }));
    bob.until("the file", |_| {
        let messages = bob.messages(ALICE);
        messages.iter().any(|message| message.file().is_some())
    })
    .await?;
    let message = bob.messages(ALICE).remove(0);
    let file = message.file().unwrap();
    assert_eq!((file.name.as_str(), file.size), ("poem é.txt", Some(size)));
    assert_eq!(web_files::get(&file.url).await?, content.as_bytes());
    Ok(())
}

async fn a_server_says_what_is_too_large_for_it(kind: Kind) -> Result<()> {
    let place = place(kind).await?;
    let alice = place.enters(ALICE).await?;
    let refused = alice.place_for("film.mp4", u64::from(LARGEST) + 1).await?;
    assert_eq!(refused, Err(Refusal::TooLarge(Some(LARGEST.into()))));
    assert!(alice.place_for("song.mp3", LARGEST.into()).await?.is_ok());
    Ok(())
}

async fn a_server_without_a_place_for_files_says_so(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let alice = place.enters(ALICE).await?;
    assert_eq!(alice.place_for("a", 1).await?, Err(Refusal::NoService));
    Ok(())
}
