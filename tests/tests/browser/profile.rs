//! What people tell of themselves: picture, name, card, devices.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::{run, until};

use crate::{ALICE, Place, say};

/// A picture of 512 pixels on a side.
pub(crate) fn picture() -> PathBuf {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../static/icons/icon-512.png");
    path.canonicalize().unwrap()
}

pub(crate) async fn open(page: &Page) -> Result<()> {
    page.find("button", "Menu").await?.click().await?;
    page.find("menuitem", "Your profile").await?.click().await?;
    page.find("dialog", "Your profile").await?;
    Ok(())
}

/// Waits until the face of whoever is at `place` is a picture of so many pixels, or a letter.
pub(crate) async fn face(page: &Page, place: &str, side: Option<u32>) -> Result<()> {
    let script = format!(
        "(() => {{
            const face = document.querySelector('{place} .avatar__face');
            return face?.localName == 'img' ? face.naturalWidth : 0;
        }})()"
    );
    until(&format!("a face of {side:?} in {place}"), || async {
        Ok((page.evaluate(&script).await? == side.unwrap_or(0)).then_some(()))
    })
    .await
}

#[test]
fn a_picture_of_ones_own_is_cut_and_shown_to_the_other() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        open(&alice).await?;
        let choose = alice.find("button", "Choose a picture").await?;
        alice.choose_files(&choose, &[&picture()]).await?;
        alice
            .find("application", "The part of the picture that is seen")
            .await?
            .click()
            .await?;
        let seen = "document.querySelector('canvas').toDataURL()";
        let before = alice.evaluate(seen).await?;
        alice.find("slider", "Zoom").await?;
        alice
            .evaluate(
                "(zoom => {
                    zoom.value = '5';
                    zoom.dispatchEvent(new InputEvent('input', { bubbles: true }));
                })(document.querySelector('input[type=range]'))",
            )
            .await?;
        alice.press("ArrowUp").await?;
        until("another part", || async {
            Ok((alice.evaluate(seen).await? != before).then_some(()))
        })
        .await?;
        let submit = alice.find("button", "Use this picture").await?;
        submit.click().await?;
        alice.find("button", "Remove the picture").await?;
        face(&alice, ".account", Some(256)).await?;
        face(&bob, "main", Some(256)).await?;
        // Whoever comes back finds it.
        alice.press("Escape").await?;
        alice.reload().await?;
        face(&alice, ".account", Some(256)).await?;
        open(&alice).await?;
        let remove = alice.find("button", "Remove the picture").await?;
        remove.click().await?;
        face(&alice, ".account", None).await?;
        face(&bob, "main", None).await?;
        let (alice, bob) = (alice.errors(), bob.errors());
        ensure!(alice.is_empty() && bob.is_empty(), "{alice:?} {bob:?}");
        Ok(())
    });
}

#[test]
fn what_isnt_a_picture_is_said_to_be_none() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let alice = place.enters(ALICE).await?;
        open(&alice).await?;
        let choose = alice.find("button", "Choose a picture").await?;
        let text = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        alice.choose_files(&choose, &[&text]).await?;
        alice.reads("This picture can't be opened here").await
    });
}

#[test]
fn a_name_of_ones_own_is_what_others_see() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        open(&alice).await?;
        let name = alice.find("textbox", "Your name").await?;
        name.fill("Alice of the Balcony").await?;
        alice.find("button", "Save").await?.click().await?;
        alice.gone("dialog", "Your profile").await?;
        bob.find_with("link", "Alice of the Balcony").await?;
        say(&alice, "hello").await?;
        bob.reads("Alice of the Balcony").await?;
        // The session goes on, and nobody says it again.
        bob.reload().await?;
        bob.find_with("link", "Alice of the Balcony").await?;
        open(&alice).await?;
        let name = alice.find("textbox", "Your name").await?;
        name.has("Alice of the Balcony").await
    });
}

pub(crate) async fn details(page: &Page) -> Result<()> {
    page.find("button", "Contact details")
        .await?
        .click()
        .await?;
    page.find("complementary", "Details").await?;
    Ok(())
}

#[test]
fn what_one_writes_on_a_card_stands_in_the_details() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        open(&alice).await?;
        for (field, text) in [
            ("Full name", "Alice Liddell"),
            ("City", "Oxford"),
            ("Email", "alice@wonderland.example"),
            ("Website", "javascript:alert(1)"),
            ("About", "Curiouser"),
        ] {
            alice.find("textbox", field).await?.fill(text).await?;
        }
        alice.find("button", "Save").await?.click().await?;
        alice.gone("dialog", "Your profile").await?;
        details(&bob).await?;
        bob.reads("Alice Liddell").await?;
        bob.find("link", "alice@wonderland.example").await?;
        bob.reads("javascript:alert(1)").await?;
        bob.gone("link", "javascript:alert(1)").await?;
        // Her program and her clock.
        bob.reads("Couplet").await?;
        bob.reads("there").await?;
        // What one has written is there to be changed.
        open(&alice).await?;
        let city = alice.find("textbox", "City").await?;
        city.has("Oxford").await?;
        city.fill("").await?;
        alice.find("button", "Save").await?.click().await?;
        alice.gone("dialog", "Your profile").await?;
        bob.find("button", "Close details").await?.click().await?;
        bob.gone("complementary", "Details").await?;
        details(&bob).await?;
        until("no city", || async {
            Ok((!bob.text().await?.contains("Oxford")).then_some(()))
        })
        .await?;
        bob.reads("Alice Liddell").await?;
        let (alice, bob) = (alice.errors(), bob.errors());
        ensure!(alice.is_empty() && bob.is_empty(), "{alice:?} {bob:?}");
        Ok(())
    });
}

#[test]
fn who_is_shown_out_asks_again() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        for page in [&alice, &bob] {
            page.find("button", "Contact details")
                .await?
                .click()
                .await?;
            page.reads("see when the other is online.").await?;
        }
        let hide = "Hide when I'm online…";
        alice.find("button", hide).await?.click().await?;
        let question = alice
            .find("dialog", "Hide from bob when you are online?")
            .await?;
        question.reads("You can still write to each other.").await?;
        alice.find("button", "Hide").await?.click().await?;
        alice.reads("They don't see when you are.").await?;
        alice.gone("button", hide).await?;
        bob.find_with("link", "Offline").await?;
        bob.reads("You don't see when they are.").await?;
        bob.find("button", "Ask to see it").await?.click().await?;
        // In the list, and in what is open of him: there it is clear whose request it is.
        alice.find("button", "Accept bob").await?;
        alice.find("button", "Accept").await?.click().await?;
        alice.gone("button", "Accept bob").await?;
        bob.find_with("link", "Available").await?;
        alice.find("button", hide).await?;
        Ok(())
    });
}

/// Waits until a camera that is held to the page sees `text`.
async fn camera_reads(page: &Page, text: &str) -> Result<()> {
    let read = until("a QR code", || async {
        let picture = STANDARD.encode(page.screenshot().await?);
        // The browser opens its own picture; of each pixel one colour is enough.
        let shot = page
            .evaluate(&format!(
                "(async () => {{
                    const bytes = await new Response(Uint8Array.from(
                        atob('{picture}'), character => character.charCodeAt(0))).blob();
                    const picture = await createImageBitmap(bytes);
                    const {{ width, height }} = picture;
                    const canvas = new OffscreenCanvas(width, height).getContext('2d');
                    canvas.drawImage(picture, 0, 0);
                    const {{ data }} = canvas.getImageData(0, 0, width, height);
                    let green = '';
                    for (let at = 1; at < data.length; at += 4) {{
                        green += String.fromCharCode(data[at]);
                    }}
                    return [width, btoa(green)];
                }})()"
            ))
            .await?;
        let width = shot[0].as_u64().context("a width")? as usize;
        let green = STANDARD.decode(shot[1].as_str().context("pixels")?)?;
        let pixel = |x, y| green[y * width + x];
        let mut picture =
            rqrr::PreparedImage::prepare_from_greyscale(width, green.len() / width, pixel);
        let read = picture.detect_grids().first().map(rqrr::Grid::decode);
        Ok(read.and_then(Result::ok).map(|(_, text)| text))
    });
    let read = read.await?;
    ensure!(read == text, "{read:?}");
    Ok(())
}

#[test]
fn an_address_is_shared_as_a_link_and_as_a_picture() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, _bob) = place.friends().await?;
        details(&alice).await?;
        // When bob's device has answered, everything is where it stays.
        alice.reads("there").await?;
        alice.find("button", "Share contact").await?.click().await?;
        let dialog = alice.find("dialog", "Share bob").await?;
        dialog.reads("xmpp:bob@example.test").await?;
        alice.find("image", "QR code").await?;
        for scheme in ["light", "dark"] {
            alice.prefer(scheme).await?;
            camera_reads(&alice, "xmpp:bob@example.test").await?;
        }
        alice.find("button", "Copy link").await?;
        alice.press("Escape").await?;
        open(&alice).await?;
        let share = alice.find("button", "Share your address").await?;
        share.click().await?;
        let dialog = alice.find("dialog", "Your address").await?;
        dialog.reads("xmpp:alice@example.test").await?;
        camera_reads(&alice, "xmpp:alice@example.test").await
    });
}
