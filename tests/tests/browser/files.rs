//! Files: what one chooses, drops or pastes, and what the other sees of it.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use couplet_servers::{Kind, ServerOptions};
use couplet_tests::browser::Page;
use couplet_tests::raw::Raw;
use couplet_tests::{run, until, web_files};

use crate::{ALICE, BOB, Place, options, reads, say};

const LARGEST: u32 = 3_000_000;

/// What a camera notes along with a picture: that it was in Vienna.
const PLACE: &str = "at 48.2082N 16.3738E";

/// Puts functions on the page that make files, and hand them over as a person would.
const HANDS: &str = "
    photo = async (name, width, height) => {
        const canvas = new OffscreenCanvas(width, height);
        const context = canvas.getContext('2d');
        const sky = context.createLinearGradient(0, 0, width, height);
        sky.addColorStop(0, '#3b7bdb');
        sky.addColorStop(1, '#f2b45c');
        context.fillStyle = sky;
        context.fillRect(0, 0, width, height);
        const blob = await canvas.convertToBlob({ type: 'image/jpeg' });
        const drawn = new Uint8Array(await blob.arrayBuffer());
        // Exif (CIPA DC-008): a directory whose one entry leads to another, of places.
        const place = [...'Exif\\0\\0MM\\0*\\0\\0\\0\\b\\0\\u0001\\u0088%\\0\\u0004\\0\\0\\0\\u0001\
            \\0\\0\\0\\u001a\\0\\0\\0\\0\\0\\0PLACE'.replaceAll(' ', '')].map(c => c.charCodeAt(0));
        const length = place.length + 2;
        const noted = [0xff, 0xe1, length >> 8, length & 255, ...place];
        const parts = [drawn.slice(0, 2), new Uint8Array(noted), drawn.slice(2)];
        return new File(parts, name, { type: 'image/jpeg' });
    };
    text = (name, size) => new File(['x'.repeat(size)], name, { type: 'text/plain' });
    carrying = files => {
        const data = new DataTransfer();
        files.forEach(file => data.items.add(file));
        return data;
    };
    drag = (kind, files) => document.querySelector('main').dispatchEvent(new DragEvent(kind, {
        dataTransfer: carrying(files), bubbles: true, cancelable: true,
    }));
    paste = files => document.querySelector('textarea').dispatchEvent(new ClipboardEvent('paste', {
        clipboardData: carrying(files), bubbles: true, cancelable: true,
    }));
    undefined";

/// A server that takes files.
pub(crate) async fn with_files(kind: Kind) -> Result<Place> {
    Place::with(ServerOptions {
        largest_file: Some(LARGEST),
        ..options(kind)
    })
    .await
}

pub(crate) async fn place() -> Result<(Place, Page, Page)> {
    let place = with_files(Kind::Prosody).await?;
    let (alice, bob) = place.friends().await?;
    give_hands(&alice).await?;
    Ok((place, alice, bob))
}

pub(crate) async fn give_hands(page: &Page) -> Result<()> {
    let place = PLACE.replace(' ', "_");
    page.evaluate(&HANDS.replace("PLACE", &place)).await?;
    Ok(())
}

pub(crate) async fn drop_photo(page: &Page, name: &str) -> Result<()> {
    let script = format!("photo('{name}', 800, 600).then(file => drag('drop', [file]))");
    page.evaluate(&script).await?;
    page.find("button", &format!("Remove {name}")).await?;
    Ok(())
}

pub(crate) async fn drop_text(page: &Page, name: &str, size: u32) -> Result<()> {
    page.evaluate(&format!("drag('drop', [text('{name}', {size})])"))
        .await?;
    page.find("button", &format!("Remove {name}")).await?;
    Ok(())
}

pub(crate) async fn send(page: &Page) -> Result<()> {
    page.find("button", "Send").await?.click().await
}

/// Chooses what is done to pictures, by its place in the list.
pub(crate) async fn choose_pictures(page: &Page, place: u32) -> Result<()> {
    let script = format!(
        "(select => {{
            select.selectedIndex = {place};
            select.dispatchEvent(new Event('change', {{ bubbles: true }}));
        }})(document.querySelector('.tray select'))"
    );
    page.evaluate(&script).await?;
    Ok(())
}

/// What was put on the server of the picture that is seen under this name.
pub(crate) async fn content(page: &Page, name: &str) -> Result<Vec<u8>> {
    let source = format!("document.querySelector('[role=log] img[alt=\"{name}\"]')?.src");
    let source = page.evaluate(&source).await?;
    web_files::get(source.as_str().context("no such picture")?).await
}

pub(crate) fn has(content: &[u8], text: &str) -> bool {
    content
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

/// Waits until the picture of that name is there, in as much room as it was given at first.
pub(crate) async fn sees(page: &Page, name: &str) -> Result<()> {
    page.find("button", &format!("Open {name}")).await?;
    until(&format!("the picture {name}"), || async {
        let script = format!(
            "(() => {{
                const image = document.querySelector('[role=log] img[alt=\"{name}\"]');
                return image?.complete && image.naturalWidth > 0;
            }})()"
        );
        Ok((page.evaluate(&script).await? == true).then_some(()))
    })
    .await
}

#[test]
fn a_picture_goes_without_where_it_was_taken() {
    run(async {
        let (_place, alice, bob) = place().await?;
        drop_photo(&alice, "summit.jpg").await?;
        send(&alice).await?;
        sees(&bob, "summit.jpg").await?;
        sees(&alice, "summit.jpg").await?;
        alice.gone("button", "Remove summit.jpg").await?;
        let sent = content(&bob, "summit.jpg").await?;
        ensure!(sent.starts_with(&[0xff, 0xd8]), "it is still a JPEG");
        ensure!(
            !has(&sent, "Exif") && !has(&sent, "48.2082N"),
            "it tells where"
        );
        // In the list it is what it is.
        bob.find_with("link", "Photo").await?;

        // Who wants to tell can.
        drop_photo(&alice, "plan.jpg").await?;
        choose_pictures(&alice, 2).await?;
        send(&alice).await?;
        sees(&bob, "plan.jpg").await?;
        ensure!(has(&content(&bob, "plan.jpg").await?, "48.2082N"));
        ensure!(alice.errors().is_empty(), "{:?}", alice.errors());
        ensure!(bob.errors().is_empty(), "{:?}", bob.errors());
        Ok(())
    });
}

/// Puts functions on the page that make pictures of other forms, each with a place noted in it.
const FORMS: &str = "
    letters = text => [...text].map(letter => letter.charCodeAt());
    noted = letters('PLACE');
    drawn = async (type, change) => {
        const canvas = new OffscreenCanvas(64, 48);
        canvas.getContext('2d').fillRect(0, 0, 64, 48);
        const blob = await canvas.convertToBlob({ type });
        return change([...new Uint8Array(await blob.arrayBuffer())]);
    };
    number = size => [24, 16, 8, 0].map(shift => size >> shift & 255);
    forms = {
        // A chunk behind the first (PNG 11.3.3), whose check nobody needs.
        'cat.png': () => drawn('image/png', bytes => bytes.toSpliced(33, 0,
            ...number(noted.length), ...letters('tEXt'), ...noted, 0, 0, 0, 0)),
        // One at the end (RFC 9649), where what doesn't know it stops.
        'cat.webp': () => drawn('image/webp', bytes => [
            ...bytes, ...letters('EXIF'), ...number(noted.length).reverse(), ...noted]),
        // A comment before the first of two frames (GIF89a 24).
        'cat.gif': () => {
            const size = [64, 0, 64, 0];
            const frame = [0x21, 0xf9, 4, 0, 10, 0, 0, 0, 0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0,
                2, 2, 0x44, 1, 0];
            return [...letters('GIF89a'), ...size, 0x80, 0, 0, 0, 0, 0, 255, 255, 255,
                0x21, 0xfe, noted.length, ...noted, 0, ...frame, ...frame, 0x3b];
        },
    };
    undefined";

#[test]
fn whatever_form_a_picture_has_it_goes_without_where_it_was_taken() {
    run(async {
        let (_place, alice, bob) = place().await?;
        let place = PLACE.replace(' ', "_");
        alice.evaluate(&FORMS.replace("PLACE", &place)).await?;
        for (name, media_type, begin) in [
            ("cat.png", "image/png", &b"\x89PNG"[..]),
            ("cat.webp", "image/webp", b"RIFF"),
            ("cat.gif", "image/gif", b"GIF89a"),
        ] {
            let make = format!("(async () => new Uint8Array(await forms['{name}']()))()");
            let told = format!("{make}.then(bytes => bytes.join().includes(noted.join()))");
            ensure!(alice.evaluate(&told).await? == true, "{name} tells nothing");
            alice
                .evaluate(&format!(
                    "{make}.then(bytes =>
                        drag('drop', [new File([bytes], '{name}', {{ type: '{media_type}' }})]))"
                ))
                .await?;
            alice.find("button", &format!("Remove {name}")).await?;
            send(&alice).await?;
            sees(&bob, name).await?;
            let sent = content(&bob, name).await?;
            ensure!(sent.starts_with(begin), "{name} is another form");
            ensure!(!has(&sent, "48.2082N"), "{name} tells where");
            if name == "cat.gif" {
                let frames = sent.windows(2).filter(|two| two == b"\x21\xf9").count();
                ensure!(frames == 2, "it stands still: {frames}");
            }
        }
        Ok(())
    });
}

#[test]
fn a_picture_opens_large_and_has_its_room_before_it_comes() {
    run(async {
        let (_place, alice, bob) = place().await?;
        bob.block("*file_share*").await?;
        drop_photo(&alice, "summit.jpg").await?;
        send(&alice).await?;
        // Nothing of the picture is there, but its shape and its colours.
        reads(&bob, "It can't be shown here.").await?;
        bob.unblock().await?;
        bob.reload().await?;
        sees(&bob, "summit.jpg").await?;
        let shape = bob
            .evaluate(
                "(box => [box.width, box.height])(
                    document.querySelector('[role=log] .picture').getBoundingClientRect())",
            )
            .await?;
        ensure!(shape == serde_json::json!([360, 270]), "{shape}");
        ensure!(
            bob.evaluate("document.querySelector('.picture__colours').naturalWidth")
                .await?
                == 16
        );
        bob.find("button", "Open summit.jpg").await?.click().await?;
        bob.find("dialog", "summit.jpg").await?;
        bob.find("link", "Download").await?;
        bob.press("Escape").await?;
        bob.gone("dialog", "summit.jpg").await?;
        let focused = bob
            .evaluate("document.activeElement.getAttribute('aria-label')")
            .await?;
        ensure!(focused == "Open summit.jpg", "{focused}");
        Ok(())
    });
}

#[test]
fn a_picture_can_be_made_smaller() {
    run(async {
        let (_place, alice, bob) = place().await?;
        alice
            .evaluate("photo('wall.jpg', 2400, 1200).then(file => drag('drop', [file]))")
            .await?;
        alice.find("button", "Remove wall.jpg").await?;
        choose_pictures(&alice, 1).await?;
        send(&alice).await?;
        sees(&bob, "wall.jpg").await?;
        let width = "document.querySelector('[role=log] img[alt=\"wall.jpg\"]').naturalWidth";
        ensure!(bob.evaluate(width).await? == 1600);
        ensure!(!has(&content(&bob, "wall.jpg").await?, "48.2082N"));
        Ok(())
    });
}

#[test]
fn a_picture_that_cant_be_opened_goes_only_as_it_is_and_when_told_so() {
    run(async {
        let (_place, alice, bob) = place().await?;
        alice
            .evaluate(
                "drag('drop', [new File(['from a camera'], 'raw.heic', { type: 'image/heic' })])",
            )
            .await?;
        alice.find("button", "Remove raw.heic").await?;
        send(&alice).await?;
        alice.reads("This picture can't be opened here").await?;
        choose_pictures(&alice, 2).await?;
        alice.find("button", "Try again").await?.click().await?;
        bob.find_with("link", "raw.heic").await?;
        Ok(())
    });
}

#[test]
fn who_signs_out_with_a_file_under_way_is_asked_first() {
    run(async {
        let (_place, alice, _bob) = place().await?;
        alice.slow_down_sending(Some(50_000)).await?;
        drop_text(&alice, "film.txt", 2_000_000).await?;
        send(&alice).await?;
        alice.find("progressbar", "film.txt").await?;
        alice.find("button", "Menu").await?.click().await?;
        alice.find("menuitem", "Sign out").await?.click().await?;
        alice.find("dialog", "Sign out now?").await?;
        alice.find("button", "Sign out").await?.click().await?;
        alice.find("textbox", "XMPP address").await?;
        ensure!(alice.errors().is_empty(), "{:?}", alice.errors());
        Ok(())
    });
}

#[test]
fn several_files_come_in_the_order_in_which_they_were_chosen() {
    run(async {
        let (_place, alice, bob) = place().await?;
        let directory = tempfile::tempdir()?;
        let [one, two] = ["one.pdf", "two words é.zip"].map(|name| directory.path().join(name));
        fs::write(&one, "first")?;
        fs::write(&two, "second")?;
        let attach = alice.find("button", "Attach files").await?;
        let files: [&Path; 2] = [&one, &two];
        alice.choose_files(&attach, &files).await?;
        alice.find("button", "Remove one.pdf").await?;
        alice.evaluate("paste([text('three.txt', 10)])").await?;
        alice.find("button", "Remove three.txt").await?;
        drop_text(&alice, "never.txt", 10).await?;
        alice
            .find("button", "Remove never.txt")
            .await?
            .click()
            .await?;
        alice.gone("button", "Remove never.txt").await?;
        // What is written along goes along.
        say(&alice, "Here you are.").await?;
        for name in ["one.pdf", "two words é.zip", "three.txt"] {
            bob.find_with("link", name).await?;
        }
        let log = bob.find("log", "Messages").await?.text().await?;
        let places: Vec<_> = ["Here you are.", "one.pdf", "two words é.zip", "three.txt"]
            .iter()
            .map(|text| log.find(text))
            .collect();
        ensure!(places.is_sorted() && places[0].is_some(), "{log}");
        ensure!(!log.contains("never.txt") && !log.contains("http"), "{log}");
        // The newest is what the list tells.
        bob.find_with("link", "three.txt").await?;
        Ok(())
    });
}

#[test]
fn where_fingers_point_a_photo_can_be_taken() {
    run(async {
        let (_place, alice, bob) = place().await?;
        alice
            .before_scripts(
                "{
                    const ask = matchMedia;
                    window.matchMedia = query =>
                        query.includes('coarse') ? { matches: true } : ask(query);
                    const click = HTMLInputElement.prototype.click;
                    HTMLInputElement.prototype.click = function () {
                        globalThis.asked = `${this.accept} from ${this.getAttribute('capture')}`;
                        click.call(this);
                    };
                }",
            )
            .await?;
        alice.reload().await?;
        alice.find("textbox", "Message").await?;
        let directory = tempfile::tempdir()?;
        let taken = directory.path().join("taken.txt");
        fs::write(&taken, "what a camera would give")?;
        alice.find("button", "More").await?.click().await?;
        let camera = alice.find("menuitem", "Take a photo").await?;
        alice.choose_files(&camera, &[&taken]).await?;
        alice.find("button", "Remove taken.txt").await?;
        // The camera, and the one that looks away from whoever holds it.
        let asked = alice.evaluate("asked").await?;
        ensure!(asked == "image/* from environment", "{asked}");
        send(&alice).await?;
        bob.find_with("link", "taken.txt").await?;
        Ok(())
    });
}

#[test]
fn a_picture_is_pasted() {
    run(async {
        let (_place, alice, bob) = place().await?;
        alice
            .evaluate("photo('image.jpg', 640, 480).then(file => paste([file]))")
            .await?;
        alice.find("button", "Remove image.jpg").await?;
        alice.find("textbox", "Message").await?.has("").await?;
        send(&alice).await?;
        sees(&bob, "image.jpg").await?;
        ensure!(!has(&content(&bob, "image.jpg").await?, "48.2082N"));
        // What is copied out of a document has a picture of it, too: it is a text.
        let text = "data => { data.setData('text/plain', 'Dear Bob'); return data; }";
        let pasted = format!(
            "photo('page.jpg', 64, 48).then(file =>
                document.querySelector('textarea').dispatchEvent(new ClipboardEvent('paste', {{
                    clipboardData: ({text})(carrying([file])), bubbles: true, cancelable: true,
                }})))"
        );
        // Nothing prevents what the browser does with a text.
        ensure!(alice.evaluate(&pasted).await? == true, "it was taken");
        alice.gone("button", "Remove page.jpg").await
    });
}

#[test]
fn a_file_under_way_says_how_far_it_is_and_can_be_stopped() {
    run(async {
        let (_place, alice, bob) = place().await?;
        alice.slow_down_sending(Some(100_000)).await?;
        drop_text(&alice, "film.txt", 2_000_000).await?;
        send(&alice).await?;
        let bar = alice.find("progressbar", "film.txt").await?;
        until("some of it there", || async {
            let part = alice
                .evaluate("document.querySelector('progress')?.value > 0")
                .await?;
            Ok((part == true).then_some(()))
        })
        .await?;
        drop(bar);
        let leaves = "(event => { dispatchEvent(event); return event.defaultPrevented; })(\
                      new Event('beforeunload', { cancelable: true }))";
        ensure!(alice.evaluate(leaves).await? == true, "nobody asks");
        alice
            .find("button", "Cancel film.txt")
            .await?
            .click()
            .await?;
        alice.gone("progressbar", "film.txt").await?;
        ensure!(
            alice.evaluate(leaves).await? == false,
            "nothing would be lost"
        );
        alice.slow_down_sending(None).await?;
        say(&alice, "Never mind.").await?;
        reads(&bob, "Never mind.").await?;
        ensure!(!bob.text().await?.contains("film.txt"));
        Ok(())
    });
}

#[test]
fn a_file_goes_on_when_the_server_is_back() {
    run(async {
        let (mut place, alice, bob) = place().await?;
        alice.slow_down_sending(Some(100_000)).await?;
        drop_text(&alice, "film.txt", 2_000_000).await?;
        send(&alice).await?;
        until("some of it there", || async {
            let part = alice
                .evaluate("document.querySelector('progress')?.value > 0")
                .await?;
            Ok((part == true).then_some(()))
        })
        .await?;
        place.server.stop();
        alice.reads("Waiting to be sent").await?;
        alice.slow_down_sending(None).await?;
        place.server.restart()?;
        bob.find_with("link", "film.txt").await?;
        alice.gone("button", "Cancel film.txt").await
    });
}

#[test]
fn a_file_that_failed_can_be_sent_again() {
    run(async {
        let (_place, alice, bob) = place().await?;
        alice.block("*file_share*").await?;
        drop_text(&alice, "poem.txt", 100).await?;
        send(&alice).await?;
        alice.reads("It broke off several times.").await?;
        alice.unblock().await?;
        alice.find("button", "Try again").await?.click().await?;
        bob.find_with("link", "poem.txt").await?;
        alice.gone("button", "Remove poem.txt").await
    });
}

#[test]
fn what_is_too_large_is_said_and_not_tried_again() {
    run(async {
        let (_place, alice, bob) = place().await?;
        drop_text(&alice, "film.txt", LARGEST + 1).await?;
        drop_text(&alice, "poem.txt", 100).await?;
        send(&alice).await?;
        alice
            .reads("It is too large. Your server takes files up to 3 MB.")
            .await?;
        // The others go all the same.
        bob.find_with("link", "poem.txt").await?;
        ensure!(!alice.text().await?.contains("Try again"));
        alice
            .find("button", "Remove film.txt")
            .await?
            .click()
            .await?;
        alice.gone("list", "Files to send").await
    });
}

#[test]
fn a_server_that_takes_no_files_is_told_of() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, _bob) = place.friends().await?;
        give_hands(&alice).await?;
        drop_text(&alice, "poem.txt", 100).await?;
        send(&alice).await?;
        alice.reads("Your server takes no files.").await
    });
}

#[test]
fn a_tab_that_follows_sends_files_too() {
    run(async {
        let (place, alice, bob) = place().await?;
        let second = place.beside(&alice).await?;
        second.find_with("link", "bob").await?.click().await?;
        second.find("textbox", "Message").await?;
        give_hands(&second).await?;
        drop_photo(&second, "summit.jpg").await?;
        send(&second).await?;
        sees(&bob, "summit.jpg").await?;
        sees(&alice, "summit.jpg").await
    });
}

#[test]
fn what_is_dragged_over_the_page_is_shown_where_it_would_go() {
    run(async {
        let (_place, alice, _bob) = place().await?;
        alice
            .evaluate("drag('dragover', [text('a.txt', 1)])")
            .await?;
        alice.reads("Drop it here to send it to bob").await?;
        alice
            .evaluate("drag('dragleave', [text('a.txt', 1)])")
            .await?;
        until("it to go again", || async {
            Ok((!alice.text().await?.contains("Drop it here")).then_some(()))
        })
        .await
    });
}

/// A message of bob's about a file at `url`.
pub(crate) fn about(id: &str, url: &str, metadata: &str) -> String {
    format!(
        "<message xmlns='jabber:client' to='{ALICE}' type='chat' id='{id}'><body>{url}</body>\
         <file-sharing xmlns='urn:xmpp:sfs:0'><file xmlns='urn:xmpp:file:metadata:0'>{metadata}\
         </file><sources><url-data xmlns='http://jabber.org/protocol/url-data' target='{url}'/>\
         </sources></file-sharing><x xmlns='jabber:x:oob'><url>{url}</url></x></message>"
    )
}

const PICTURE: &str = "<name>cat.png</name><media-type>image/png</media-type>\
                       <width>192</width><height>192</height>";

#[test]
fn a_strangers_picture_waits_for_a_click() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let alice = place.enters(ALICE).await?;
        let mut bob = Raw::signed_in(BOB, "bob", &place.proxy.websocket()).await?;
        let url = format!("{}icons/icon-192.png?theirs", place.proxy.page("localhost"));
        bob.send(&about("1", &url, PICTURE)).await?;
        alice.find_with("link", "Photo").await?.click().await?;
        let offer = alice.find("button", "Show cat.png").await?;
        let asked =
            "performance.getEntriesByType('resource').some(at => at.name.includes('?theirs'))";
        ensure!(
            alice.evaluate(asked).await? == false,
            "they know we are here"
        );
        offer.click().await?;
        sees(&alice, "cat.png").await?;
        ensure!(alice.evaluate(asked).await? == true);
        Ok(())
    });
}

#[test]
fn an_encrypted_file_is_shown_as_one() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        say(&bob, "before.").await?;
        let mut bob = Raw::signed_in(BOB, "bob", &place.proxy.websocket()).await?;
        let url = "aesgcm://files.example/1/holiday.jpg#00112233";
        bob.send(&format!(
            "<message xmlns='jabber:client' to='{ALICE}' type='chat' id='1'><body>{url}</body></message>"
        ))
        .await?;
        reads(&alice, "An encrypted file. Couplet can't open it yet.").await?;
        reads(&alice, "holiday.jpg").await?;
        let log = alice.find("log", "Messages").await?.text().await?;
        ensure!(!log.contains("00112233"), "the key is shown: {log}");
        alice.find_with("link", "Encrypted file").await?;
        Ok(())
    });
}

#[test]
fn hostile_files_do_no_harm() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let (alice, bob) = place.friends().await?;
        drop(bob);
        let mut bob = Raw::signed_in(BOB, "bob", &place.proxy.websocket()).await?;
        alice
            .evaluate("alert = () => { executed = true; }; executed = false;")
            .await?;
        let page = place.proxy.page("localhost");
        let picture = "<media-type>image/png</media-type>";
        let size = |side: &str| format!("{picture}<width>{side}</width><height>{side}</height>");
        let name = |name: &str| format!("{picture}<name>{name}</name>");
        for (id, url, metadata) in [
            // A page, an empty one, and nothing at all, said to be pictures.
            ("1", page.clone(), name("page.png")),
            ("2", format!("{page}favicon.svg"), size("65535")),
            ("3", format!("{page}nothing"), size("4294967295")),
            ("4", "javascript:alert(1)".to_owned(), name("script.png")),
            (
                "5",
                "data:text/html,&lt;script&gt;alert(1)&lt;/script&gt;".to_owned(),
                name("data.png"),
            ),
            (
                "6",
                "http://files.example/a.png".to_owned(),
                name("plain.png"),
            ),
            (
                "7",
                format!("{page}x.html"),
                "<media-type>text/html</media-type>".to_owned(),
            ),
            (
                "8",
                format!("{page}x.svg"),
                "<media-type>image/svg+xml</media-type>".to_owned(),
            ),
            (
                "9",
                format!("{page}a.pdf"),
                format!(
                    "<name>\u{202e}fdp.exe{}</name>",
                    "\u{301}long".repeat(10_000)
                ),
            ),
        ] {
            bob.send(&about(id, &url, &metadata)).await?;
        }
        let thin = format!("{picture}<name>thin.png</name><width>1</width><height>65535</height>");
        bob.send(&about("10", &format!("{page}thin.png"), &thin))
            .await?;
        bob.send(&format!(
            "<message xmlns='jabber:client' to='{ALICE}' type='chat'><body>after.</body></message>"
        ))
        .await?;
        reads(&alice, "after.").await?;
        reads(&alice, "It can't be shown here.").await?;
        ensure!(alice.evaluate("executed").await? == false, "a script ran");
        let links = "[...document.querySelectorAll('[role=log] a, [role=log] [src]')]
            .map(link => link.href ?? link.src).filter(url => !/^(https?|data:image\\/bmp)/.test(url))";
        let links = alice.evaluate(links).await?;
        ensure!(links == serde_json::json!([]), "{links}");
        let orderly = "(() => {
            const log = document.querySelector('[role=log]');
            return log.scrollWidth <= log.clientWidth
                && [...log.querySelectorAll('article')].every(row => row.offsetHeight < 500);
        })()";
        ensure!(
            alice.evaluate(orderly).await? == true,
            "it takes too much room"
        );
        ensure!(alice.errors().is_empty(), "{:?}", alice.errors());
        Ok(())
    });
}
