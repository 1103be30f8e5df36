//! What is opened now and then comes when it is.

use anyhow::{Result, ensure};
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::run;

use crate::{ALICE, Place, sign_in};

/// The second module, whatever is in it.
const MODULE: &str = "*/second-*.wasm";

/// What that looks like.
const SHEET: &str = "*/second-*.css";

/// What that says, in any language.
const TEXTS: &str = "*/second/*.json";

/// Alice, whose browser keeps nothing of the page by itself, signed in without `file`.
async fn without(place: &Place, file: &str) -> Result<Page> {
    let page = place.browser.open("about:blank").await?;
    page.before_scripts("delete Navigator.prototype.serviceWorker")
        .await?;
    page.block(file).await?;
    page.go(&place.proxy.page("localhost")).await?;
    sign_in(&page, ALICE, "alice").await?;
    page.find("list", "Conversations").await?;
    Ok(page)
}

/// Loads the page anew in German, and opens the settings.
async fn settings_in_german(page: &Page) -> Result<()> {
    page.evaluate("localStorage.setItem('couplet.language', 'de')")
        .await?;
    page.reload().await?;
    page.find("button", "Menü").await?.click().await?;
    let settings = page.find("menuitem", "Einstellungen").await?;
    settings.click().await
}

async fn choose(page: &Page, entry: &str) -> Result<()> {
    page.find("button", "Menu").await?.click().await?;
    page.find("menuitem", entry).await?.click().await
}

#[test]
fn a_page_can_begin_with_it() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let address = [&place.proxy.page("localhost"), "#/settings/about"].concat();
        let page = place.browser.open(&address).await?;
        sign_in(&page, ALICE, "alice").await?;
        page.find("heading", "About").await?;
        let errors = page.errors();
        ensure!(errors.is_empty(), "{errors:?}");
        Ok(())
    });
}

#[test]
fn what_does_not_come_is_said_and_can_be_tried_again() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        for file in [MODULE, SHEET, TEXTS] {
            let page = without(&place, file).await?;
            choose(&page, "Settings").await?;
            page.reads("This part of Couplet couldn't be loaded.")
                .await?;
            page.unblock().await?;
            page.find("button", "Try again").await?.click().await?;
            page.find("heading", "Settings").await?;
            page.gone("button", "Try again").await?;
        }
        Ok(())
    });
}

#[test]
fn a_dialog_that_does_not_come_can_be_left() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let page = without(&place, MODULE).await?;
        choose(&page, "Keyboard shortcuts").await?;
        page.reads("This part of Couplet couldn't be loaded.")
            .await?;
        page.find("button", "Close").await?.click().await?;
        page.gone("button", "Try again").await?;
        page.unblock().await?;
        choose(&page, "Keyboard shortcuts").await?;
        page.find("dialog", "Keyboard shortcuts").await?;
        Ok(())
    });
}

#[test]
fn it_needs_no_network_the_second_time() {
    run(async {
        let mut place = Place::new(Kind::Prosody).await?;
        let page = place.enters(ALICE).await?;
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
            .await?;
        place.proxy.kill().await?;
        page.reload().await?;
        // As long as nothing moves that is about to be clicked.
        page.reads("Your messages will be sent.").await?;
        choose(&page, "Settings").await?;
        page.find("heading", "Settings").await?;
        Ok(())
    });
}

#[test]
fn it_is_in_english_where_its_words_in_another_language_do_not_come() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let page = without(&place, "*/second/de-*.json").await?;
        settings_in_german(&page).await?;
        page.find("heading", "Settings").await?;
        Ok(())
    });
}

#[test]
fn another_language_needs_no_network_either() {
    run(async {
        let mut place = Place::new(Kind::Prosody).await?;
        let page = place.enters(ALICE).await?;
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
            .await?;
        settings_in_german(&page).await?;
        page.find("heading", "Einstellungen").await?;
        page.forget_files().await?;
        place.proxy.kill().await?;
        page.reload().await?;
        page.find("heading", "Einstellungen").await?;
        Ok(())
    });
}
