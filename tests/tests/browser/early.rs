//! What one does before the program is here.

use anyhow::{Result, ensure};
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::{run, until};

use crate::{ALICE, Place};

/// So many bytes a second that the program takes its time.
const SLOW: u32 = 60_000;

async fn is_early(page: &Page) -> Result<bool> {
    Ok(page.evaluate("!!document.getElementById('early')").await? == true)
}

/// Waits until the form is the program's.
pub(crate) async fn program_is_here(page: &Page) -> Result<()> {
    until("the program", || async {
        Ok((!is_early(page).await?).then_some(()))
    })
    .await
}

/// Somebody with a slow network, who has the form already.
async fn early_visitor(place: &Place) -> Result<Page> {
    let page = place.browser.open("about:blank").await?;
    page.slow_down(Some(SLOW)).await?;
    page.go(&place.proxy.page("localhost")).await?;
    page.find("textbox", "XMPP address").await?;
    ensure!(is_early(&page).await?, "the program is here already");
    Ok(page)
}

#[test]
fn one_signs_in_before_the_program_is_here() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let page = early_visitor(&place).await?;
        page.find("textbox", "XMPP address")
            .await?
            .fill(ALICE)
            .await?;
        page.find("textbox", "Password")
            .await?
            .fill("alice")
            .await?;
        page.press("Enter").await?;
        page.reads("Couplet is still being loaded…").await?;
        ensure!(is_early(&page).await?, "the program is here already");
        page.slow_down(None).await?;
        page.find("list", "Conversations").await?;
        ensure!(page.errors().is_empty(), "{:?}", page.errors());
        // Whoever stays signed in has nothing to do with the form.
        page.slow_down(Some(SLOW)).await?;
        page.reload().await?;
        page.find("list", "Conversations").await?;
        Ok(())
    });
}

#[test]
fn what_is_typed_before_the_program_is_here_stays() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let page = early_visitor(&place).await?;
        page.find("textbox", "Password")
            .await?
            .fill("secret")
            .await?;
        page.find("checkbox", "Stay signed in on this device")
            .await?
            .click()
            .await?;
        page.reads("Nothing is kept here.").await?;
        page.find("textbox", "XMPP address")
            .await?
            .fill("alce")
            .await?;
        page.press("ArrowUp").await?;
        page.type_text("x").await?;
        page.slow_down(None).await?;
        program_is_here(&page).await?;
        page.reads("Nothing is kept here.").await?;
        page.find("textbox", "Password")
            .await?
            .has("secret")
            .await?;
        // And the cursor is where it was: behind the first letter.
        page.type_text("y").await?;
        page.find("textbox", "XMPP address")
            .await?
            .has("xyalce")
            .await
    });
}

#[test]
fn a_program_that_never_comes_is_said() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let page = place.browser.open("about:blank").await?;
        page.block("*.wasm").await?;
        page.go(&place.proxy.page("localhost")).await?;
        page.reads("Couplet couldn't be loaded.").await
    });
}
