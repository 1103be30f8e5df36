//! Every view as axe sees it, wide and on a phone, light and dark: it finds nothing.

use std::time::Duration;
use std::{env, fs};

use anyhow::{Context as _, Result, ensure};
use couplet_servers::{Kind, Seed, ServerOptions};
use couplet_tests::browser::Page;
use couplet_tests::{run_for, until};
use serde_json::Value;

use crate::changes::choose;
use crate::early::program_is_here;
use crate::widget::{self, Web};
use crate::{ALICE, Place, files, options, reads, say, settings, sign_in};

/// Each view is looked at four times.
const TIME: Duration = Duration::from_secs(240);

/// What axe finds, a line each, once nothing moves any more.
const FINDINGS: &str = "(async () => {
    const frame = () => new Promise(resolve => requestAnimationFrame(resolve));
    await frame();
    await frame();
    const ends = animation => animation.effect.getComputedTiming().endTime != Infinity;
    const moving = document.getAnimations().filter(ends);
    await Promise.allSettled(moving.map(animation => animation.finished));
    const { violations } = await axe.run(document, { resultTypes: ['violations'] });
    const line = id => ({ html, any, all, none }) => {
        const why = [...any, ...all, ...none].map(({ message }) => message);
        return [id, html.slice(0, 160), ...why].join(' | ');
    };
    return violations.flatMap(({ id, nodes }) => nodes.map(line(id)));
})()";

/// Looks at the views of one page.
struct Inspector<'a> {
    page: &'a Page,
    /// The page around it, if it is in a frame.
    around: Option<&'a Page>,
    findings: Vec<String>,
}

impl<'a> Inspector<'a> {
    async fn new(page: &'a Page) -> Result<Self> {
        Self::within(page, None).await
    }

    async fn within(page: &'a Page, around: Option<&'a Page>) -> Result<Self> {
        let script = env::var("COUPLET_AXE").context("COUPLET_AXE names axe-core's script")?;
        page.evaluate(&fs::read_to_string(script)?).await?;
        let findings = Vec::new();
        Ok(Self {
            page,
            around,
            findings,
        })
    }

    /// Looks at what is shown now.
    async fn look(&mut self, view: &str) -> Result<()> {
        for (width, height, device) in [(390, 844, "phone"), (1280, 800, "wide")] {
            let window = self.around.unwrap_or(self.page);
            window.resize(width, height).await?;
            for scheme in ["dark", "light"] {
                window.prefer(scheme).await?;
                self.page.prefer(scheme).await?;
                let found = self.page.evaluate(FINDINGS).await?;
                let found = found.as_array().context("a list")?.iter();
                let line = |found| format!("{view}, {device}, {scheme}: {found}");
                self.findings
                    .extend(found.filter_map(Value::as_str).map(line));
            }
        }
        Ok(())
    }

    /// The same at a menu or a dialog, which `Escape` closes then.
    async fn look_at(&mut self, role: &str, name: &str) -> Result<()> {
        self.page.find(role, name).await?;
        self.look(name).await?;
        self.page.find(role, name).await?;
        self.page.press("Escape").await?;
        self.page.gone(role, name).await
    }

    fn finds_nothing(self) -> Result<()> {
        let found = self.findings;
        ensure!(found.is_empty(), "axe finds:\n{}", found.join("\n"));
        Ok(())
    }
}

async fn click(page: &Page, role: &str, name: &str) -> Result<()> {
    page.find(role, name).await?.click().await
}

/// A place like the demo's: people with pictures, history, rooms.
async fn lived_in() -> Result<Place> {
    let seed = Some(Seed::demo()?);
    let largest_file = Some(1_000_000);
    Place::with(ServerOptions {
        seed,
        largest_file,
        ..ServerOptions::new(Kind::Prosody)
    })
    .await
}

#[test]
fn the_page_for_owners_of_sites() {
    run_for(TIME, async {
        let web = Web::new().await?;
        let page = web.owner().await?;
        let mut inspector = Inspector::new(&page).await?;
        inspector.look("what can be chosen").await?;
        page.find("textbox", "Address")
            .await?
            .fill("lounge")
            .await?;
        click(&page, "radio", "Box").await?;
        inspector.look("what is wrong, and a box").await?;
        inspector.finds_nothing()
    });
}

#[test]
fn signing_in() {
    run_for(TIME, async {
        let place = Place::with(options(Kind::Prosody)).await?;
        let page = place.visitor().await?;
        // What it shows must not change while it is looked at.
        program_is_here(&page).await?;
        let mut inspector = Inspector::new(&page).await?;
        inspector.look("the form").await?;
        click(&page, "button", "Sign in").await?;
        page.reads("Type your XMPP address").await?;
        inspector.look("what is missing").await?;
        sign_in(&page, ALICE, "wrong").await?;
        page.reads("Wrong address or password").await?;
        inspector.look("what went wrong").await?;
        sign_in(&page, ALICE, "alice").await?;
        page.find("list", "Conversations").await?;
        inspector.look("nobody there yet").await?;
        inspector.finds_nothing()
    });
}

#[test]
fn a_conversation_and_what_opens_from_it() {
    run_for(TIME, async {
        let place = lived_in().await?;
        let page = place.enters(ALICE).await?;
        let mut inspector = Inspector::new(&page).await?;
        inspector.look("the list").await?;
        page.find_with("link", "Bob").await?.click().await?;
        say(&page, "**bold**, `code`, https://example.org").await?;
        page.find("textbox", "Message")
            .await?
            .fill("> a quote\n```\na block\n```")
            .await?;
        page.press("Enter").await?;
        reads(&page, "a block").await?;
        inspector.look("a conversation").await?;
        choose(&page, "menuitem", "Details").await?;
        inspector.look_at("dialog", "About this message").await?;
        choose(&page, "menuitem", "Take back…").await?;
        inspector
            .look_at("dialog", "Take this message back?")
            .await?;
        choose(&page, "menuitem", "Reply").await?;
        inspector.look("a reply").await?;
        choose(&page, "menuitem", "Edit").await?;
        page.find("button", "Stop editing").await?;
        inspector.look("editing").await?;
        click(&page, "button", "Stop editing").await?;
        // What takes the focus closes a menu.
        until("one can go on writing", || async {
            let focus = "document.activeElement.tagName === 'TEXTAREA'";
            Ok((page.evaluate(focus).await? == true).then_some(()))
        })
        .await?;
        choose(&page, "menuitemcheckbox", "🎉").await?;
        page.find("button", "🎉 by You").await?;
        choose(&page, "menuitem", "Who reacted…").await?;
        inspector.look_at("dialog", "Reactions").await?;
        click(&page, "button", "Emoji").await?;
        inspector.look_at("dialog", "Emoji").await?;
        click(&page, "button", "Conversation menu").await?;
        inspector.look_at("menu", "Conversation menu").await?;
        click(&page, "button", "Contact details").await?;
        page.find("heading", "Details").await?;
        inspector.look("details of a contact").await?;
        inspector.finds_nothing()
    });
}

#[test]
fn people_rooms_and_what_is_found() {
    run_for(TIME, async {
        let place = lived_in().await?;
        let page = place.enters(ALICE).await?;
        page.find_with("link", "Bob").await?;
        let mut inspector = Inspector::new(&page).await?;
        for dialog in ["Add a contact", "Join a room"] {
            click(&page, "button", dialog).await?;
            inspector.look_at("dialog", dialog).await?;
        }
        click(&page, "button", "Menu").await?;
        inspector.look_at("menu", "Menu").await?;
        for dialog in ["Your profile", "Set status", "Keyboard shortcuts"] {
            click(&page, "button", "Menu").await?;
            click(&page, "menuitem", dialog).await?;
            inspector.look_at("dialog", dialog).await?;
        }
        page.evaluate(
            "document.dispatchEvent(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true }))",
        )
        .await?;
        inspector.look_at("dialog", "Go to").await?;
        page.find_with("link", "Bob")
            .await?
            .click_for_menu()
            .await?;
        inspector
            .look_at("menu", "What to do with Bob Carpenter")
            .await?;
        for filter in ["Unread", "People", "Rooms", "All"] {
            click(&page, "button", filter).await?;
            inspector.look(filter).await?;
        }
        let search = page.find("searchbox", "Search people and messages").await?;
        search.fill("the").await?;
        page.find("list", "Found messages").await?;
        inspector.look("what is found").await?;
        search.fill("nothingofthekind").await?;
        page.reads("No message has").await?;
        inspector.look("nothing is found").await?;
        search.fill("").await?;
        page.find_with("link", "Design review")
            .await?
            .click()
            .await?;
        reads(&page, "Welcome to the review!").await?;
        inspector.look("a room").await?;
        click(&page, "button", "Room details").await?;
        page.find("heading", "Details").await?;
        inspector.look("details of a room").await?;
        inspector.finds_nothing()
    });
}

#[test]
fn rooms_that_are_made_changed_and_found() {
    run_for(TIME, async {
        let place = Place::new(Kind::Prosody).await?;
        let page = place.enters(ALICE).await?;
        let mut inspector = Inspector::new(&page).await?;
        click(&page, "button", "Menu").await?;
        click(&page, "menuitem", "New room").await?;
        let name = page.find("textbox", "Name of the room").await?;
        name.fill("Tea").await?;
        page.evaluate("document.querySelector('.more').open = true")
            .await?;
        page.find("textbox", "Address of the room").await?;
        inspector.look("a new room").await?;
        page.find_with("radio", "Public channel")
            .await?
            .click()
            .await?;
        click(&page, "button", "Make the room").await?;
        page.gone("dialog", "New room").await?;
        click(&page, "button", "Room details").await?;
        click(&page, "button", "Room settings").await?;
        page.find("button", "Save").await?;
        inspector.look_at("dialog", "Room settings").await?;
        page.resize(1280, 800).await?;
        for (action, dialog) in [
            ("Invite people", "Invite people to Tea"),
            ("Change your nickname", "Your nickname in Tea"),
        ] {
            click(&page, "button", action).await?;
            inspector.look_at("dialog", dialog).await?;
            page.resize(1280, 800).await?;
        }
        click(&page, "button", "Join a room").await?;
        click(&page, "button", "Find a room").await?;
        let list = page.find("list", "Rooms found").await?;
        list.reads("1 person here").await?;
        page.find_with("checkbox", "other servers")
            .await?
            .click()
            .await?;
        inspector.look_at("dialog", "Find a room").await?;
        inspector.finds_nothing()
    });
}

#[test]
fn what_is_done_to_a_contact() {
    run_for(TIME, async {
        let place = lived_in().await?;
        let page = place.enters(ALICE).await?;
        let mut inspector = Inspector::new(&page).await?;
        page.find_with("link", "Bob").await?.click().await?;
        for (entry, dialog) in [
            ("Go to date", "Go to date"),
            ("Delete…", "Delete the conversation with Bob Carpenter?"),
        ] {
            click(&page, "button", "Conversation menu").await?;
            click(&page, "menuitem", entry).await?;
            inspector.look_at("dialog", dialog).await?;
        }
        for (action, dialog) in [
            ("Share contact", "Share Bob Carpenter"),
            ("Name and groups", "Name and groups"),
            ("Block…", "Block Bob Carpenter?"),
            ("Remove contact", "Remove Bob Carpenter?"),
        ] {
            click(&page, "button", "Contact details").await?;
            click(&page, "button", action).await?;
            inspector.look_at("dialog", dialog).await?;
            click(&page, "button", "Close details").await?;
            page.gone("button", "Close details").await?;
        }
        for button in ["Contact details", "Share contact", "Send in a conversation"] {
            click(&page, "button", button).await?;
        }
        let dialog = "Send the address of Bob Carpenter";
        inspector.look_at("dialog", dialog).await?;
        inspector.finds_nothing()
    });
}

#[test]
fn settings() {
    run_for(TIME, async {
        let place = lived_in().await?;
        let page = place.enters(ALICE).await?;
        let mut inspector = Inspector::new(&page).await?;
        for part in [
            "Appearance",
            "Notifications",
            "Privacy",
            "Account",
            "Data and storage",
            "Keyboard",
            "About",
        ] {
            settings::open(&page, part).await?;
            inspector.look(part).await?;
            click(&page, "button", "Close the settings").await?;
            page.gone("button", "Close the settings").await?;
        }
        settings::open(&page, "Data and storage").await?;
        click(&page, "button", "Clear data on this device…").await?;
        inspector
            .look_at("dialog", "Clear data on this device?")
            .await?;
        settings::open(&page, "Account").await?;
        click(&page, "button", "Delete account…").await?;
        inspector.look_at("dialog", "Delete your account?").await?;
        inspector.finds_nothing()
    });
}

#[test]
fn files_and_what_breaks() {
    run_for(TIME, async {
        let mut place = lived_in().await?;
        let page = place.enters(ALICE).await?;
        page.find_with("link", "Bob").await?.click().await?;
        page.find("textbox", "Message").await?;
        files::give_hands(&page).await?;
        let mut inspector = Inspector::new(&page).await?;
        files::drop_photo(&page, "sky.jpg").await?;
        files::drop_text(&page, "notes.txt", 1000).await?;
        inspector.look("files to send").await?;
        files::send(&page).await?;
        files::sees(&page, "sky.jpg").await?;
        page.find_with("link", "notes.txt").await?;
        inspector.look("files").await?;
        click(&page, "button", "Open sky.jpg").await?;
        inspector.look_at("dialog", "sky.jpg").await?;
        place.proxy.kill().await?;
        page.reads("Reconnecting in").await?;
        inspector.look("no connection").await?;
        say(&page, "into the void").await?;
        inspector.look("what waits to be sent").await?;
        inspector.finds_nothing()
    });
}

#[test]
fn the_chat_on_another_sites_page() {
    run_for(TIME, async {
        let web = Web::new().await?;
        web.put(&[], &web.snippet(&web.guest("lounge")));
        let page = place_of_visit(&web).await?;
        page.find("button", "Open the chat").await?;
        let mut outside = Inspector::new(&page).await?;
        outside.look("the button").await?;
        let chat = widget::open(&page).await?;
        chat.find("textbox", "Your name").await?;
        outside.look("the panel").await?;
        outside.finds_nothing()?;
        let mut inside = Inspector::within(&chat, Some(&page)).await?;
        inside.look("the question for a name").await?;
        widget::begin(&chat, "Gwen").await?;
        reads(&chat, "Welcome to the lounge!").await?;
        say(&chat, "Do you have red ones?").await?;
        inside.look("the conversation of a guest").await?;
        inside.finds_nothing()
    });
}

/// The page of a site, where axe can look into what is the chat's own.
async fn place_of_visit(web: &Web) -> Result<Page> {
    let page = web.place.browser.open("about:blank").await?;
    page.before_scripts(
        "const attach = Element.prototype.attachShadow;
        Element.prototype.attachShadow = function () { return attach.call(this, { mode: 'open' }) };",
    )
    .await?;
    page.go(&web.address()).await?;
    Ok(page)
}
