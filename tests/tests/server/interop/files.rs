//! Files: what is told of them, and what is in them.

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use couplet_engine::store::{File, FileKind, Note};
use couplet_servers::Kind;
use couplet_tests::web_files;
use serde_json::json;

use super::messages::send;
use super::shows;
use crate::{ALICE, BOB, Place, files, on_both};

on_both! {
    what_is_told_of_files
    a_file_that_is_encrypted
    what_one_puts_on_the_server_the_other_gets
}

async fn what_is_told_of_files(kind: Kind) -> Result<()> {
    const URL: &str = "https://files.example.test/cat%20on%20a%20mat.png";
    let place = Place::new(kind).await?;
    let (alice, mut bob) = place.strangers_made_friends().await?;
    let mut file = File::at(URL).unwrap();
    file.size = Some(1234);
    file.dimensions = Some((640, 480));
    send(&alice, URL, Note::File(file))?;
    let heard = bob.hears(URL).await?;
    assert_eq!(heard["url"], URL);
    let told = json!({
        "url": URL, "name": "cat on a mat.png", "media-type": "image/png",
        "size": "1234", "width": "640", "height": "480",
    });
    assert_eq!(heard["file"], told);

    let link = URL.replace("cat", "dog");
    bob.order(json!({ "do": "link", "to": ALICE, "url": link }))
        .await?;
    shows(&alice, &link).await?;
    let messages = alice.messages(BOB);
    let file = messages[1].file().unwrap();
    assert_eq!((&file.url, file.kind()), (&link, FileKind::Picture));
    assert_eq!(file.name, "dog on a mat.png");
    // slixmpp 1.8 has no plugin for this one: XEP-0447 3.1.
    let sharing = format!(
        "<message to='{ALICE}' type='chat' id='sharing'><body>{link}/</body>\
         <file-sharing xmlns='urn:xmpp:sfs:0' disposition='inline'>\
         <file xmlns='urn:xmpp:file:metadata:0'><media-type>video/mp4</media-type>\
         <name>summit.mp4</name><size>3032449</size><width>4096</width><height>2160</height>\
         <desc>The summit</desc></file><sources>\
         <url-data xmlns='http://jabber.org/protocol/url-data' target='{link}/'/>\
         </sources></file-sharing></message>"
    );
    bob.order(json!({ "do": "xml", "text": sharing })).await?;
    shows(&alice, &format!("{link}/")).await?;
    let messages = alice.messages(BOB);
    let file = messages[2].file().unwrap();
    assert_eq!(
        (file.name.as_str(), file.media_type.as_str(), file.size),
        ("summit.mp4", "video/mp4", Some(3_032_449))
    );
    assert_eq!(file.dimensions, Some((4096, 2160)));
    assert_eq!(file.description, "The summit");
    Ok(())
}

/// What comes of the text of a message that was encrypted itself (XEP-0454 4).
async fn a_file_that_is_encrypted(kind: Kind) -> Result<()> {
    let place = Place::new(kind).await?;
    let (alice, mut bob) = place.strangers_made_friends().await?;
    let key = "0f".repeat(44);
    let url = format!("aesgcm://files.example.test/cat.jpg#{key}");
    bob.say(ALICE, &url).await?;
    shows(&alice, &url).await?;
    let message = alice.messages(BOB).remove(0);
    let file = message.file().context("no file")?;
    assert_eq!((&file.url, file.kind()), (&url, FileKind::Sealed));
    assert_eq!((file.name.as_str(), message.caption()), ("cat.jpg", ""));
    Ok(())
}

async fn what_one_puts_on_the_server_the_other_gets(kind: Kind) -> Result<()> {
    let place = files::place(kind).await?;
    let (alice, mut bob) = place.strangers_made_friends().await?;
    // Not text, and no form of any: every byte there is.
    let content: Vec<u8> = (0..=u8::MAX).cycle().take(1_000).collect();
    let size = content.len() as u64;

    let name = "what é is.bin";
    let slot = alice.place_for(name, size).await?.unwrap();
    web_files::put(&slot.put, &slot.headers, &content).await?;
    send(&alice, &slot.get, Note::File(File::at(&slot.get).unwrap()))?;
    let heard = bob.hears(&slot.get).await?;
    let download = json!({ "do": "download", "url": heard["url"] });
    let got = bob.order(download).await?;
    let got = got["data"].as_str().context("nothing was there")?;
    assert_eq!(BASE64_STANDARD.decode(got)?, content);

    let upload = json!({
        "do": "upload", "to": ALICE, "name": "cat.png", "type": "image/png",
        "data": BASE64_STANDARD.encode(&content),
    });
    bob.order(upload).await?;
    alice
        .until("bob's file", |_| {
            let messages = alice.messages(BOB);
            messages.len() == 2 && messages[1].file().is_some()
        })
        .await?;
    let message = alice.messages(BOB).remove(1);
    let file = message.file().unwrap();
    assert_eq!(
        (file.name.as_str(), file.kind()),
        ("cat.png", FileKind::Picture)
    );
    assert_eq!(message.caption(), "");
    assert_eq!(web_files::get(&file.url).await?, content);
    Ok(())
}
