//! What people tell of themselves: picture, name.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::{run, until};

use crate::{ALICE, Place, say};

/// A picture of 512 pixels on a side.
fn picture() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../static/icons/icon-512.png")
}

pub(crate) async fn open(page: &Page) -> Result<()> {
    page.find("button", "Menu").await?.click().await?;
    page.find("menuitem", "Your profile").await?.click().await?;
    page.find("dialog", "Your profile").await?;
    Ok(())
}

/// Waits until the face of whoever is at `place` is a picture of so many pixels, or a letter.
async fn face(page: &Page, place: &str, side: Option<u32>) -> Result<()> {
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
                    zoom.value = '0.5';
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
        open(&alice).await?;
        let name = alice.find("textbox", "Your name").await?;
        ensure!(name.text().await? == "Alice of the Balcony");
        Ok(())
    });
}
