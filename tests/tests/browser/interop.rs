//! Files to and from slixmpp, a client that isn't ours, on both servers.

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use couplet_servers::Kind;
use couplet_tests::peer::Peer;
use couplet_tests::run;
use serde_json::json;

use crate::files::{drop_text, give_hands, sees, send, with_files};
use crate::{ALICE, BOB, add};

const PICTURE: &[u8] = include_bytes!("../../../static/icons/icon-192.png");

#[test]
fn files_go_both_ways_by_prosody() {
    run(files_go_both_ways(Kind::Prosody));
}

#[test]
fn files_go_both_ways_by_ejabberd() {
    run(files_go_both_ways(Kind::Ejabberd));
}

async fn files_go_both_ways(kind: Kind) -> Result<()> {
    let place = with_files(kind).await?;
    let alice = place.enters(ALICE).await?;
    let mut bob = Peer::signed_in(&place.server, BOB, "bob").await?;
    add(&alice, BOB).await?;
    let upload = json!({
        "do": "upload", "to": ALICE, "name": "cat.png", "type": "image/png",
        "data": BASE64_STANDARD.encode(PICTURE),
    });
    bob.order(upload).await?;
    sees(&alice, "cat.png").await?;
    ensure!(alice.evaluate(WIDTH).await? == 192, "it is another picture");

    give_hands(&alice).await?;
    drop_text(&alice, "poem.txt", 100).await?;
    send(&alice).await?;
    let heard = bob
        .until("alice's file", |event| event["file"]["name"] == "poem.txt")
        .await?;
    ensure!(heard["url"] == heard["body"] && heard["url"] == heard["file"]["url"]);
    let download = json!({ "do": "download", "url": heard["url"] });
    let got = bob.order(download).await?;
    let got = got["data"].as_str().context("nothing was there")?;
    ensure!(
        BASE64_STANDARD.decode(got)? == [b'x'; 100],
        "it is another file"
    );
    ensure!(alice.errors().is_empty(), "{:?}", alice.errors());
    Ok(())
}

const WIDTH: &str = "document.querySelector('[role=log] img[alt=\"cat.png\"]').naturalWidth";
