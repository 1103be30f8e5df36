//! Films, sounds and voice messages: what is told of them before they are played.

use anyhow::{Context as _, Result, ensure};
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::raw::Raw;
use couplet_tests::{run, until, web_files};
use serde_json::json;

use crate::files::{about, choose_pictures, has, place, send};
use crate::{ALICE, BOB, Place, reads};

/// Puts functions on the page that make something to play.
pub(crate) const STUDIO: &str = "
    // Red, as the camera of a browser writes it: how long it is isn't in it.
    film = async name => {
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [320, 180];
        const context = canvas.getContext('2d');
        const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: 'video/webm' });
        const draw = setInterval(() => {
            context.fillStyle = '#e02020';
            context.fillRect(0, 0, 320, 180);
        }, 40);
        const parts = [];
        await new Promise(stopped => {
            recorder.onstop = stopped;
            recorder.ondataavailable = ({ data }) => {
                if (parts.push(data) === 14) recorder.stop();
            };
            recorder.start(100);
        });
        clearInterval(draw);
        return new File(parts, name, { type: 'video/webm' });
    };
    // Silence (RIFF WAVE: 8000 samples a second, of a byte each).
    sound = (name, seconds) => {
        const size = 8000 * seconds;
        const head = new DataView(new ArrayBuffer(44));
        const letters = (at, text) => [...text].forEach((letter, place) =>
            head.setUint8(at + place, letter.charCodeAt()));
        letters(0, 'RIFF'); head.setUint32(4, size + 36, true); letters(8, 'WAVEfmt ');
        head.setUint32(16, 16, true); head.setUint16(20, 1, true); head.setUint16(22, 1, true);
        head.setUint32(24, 8000, true); head.setUint32(28, 8000, true);
        head.setUint16(32, 1, true); head.setUint16(34, 8, true);
        letters(36, 'data'); head.setUint32(40, size, true);
        return new File([head, new Uint8Array(size).fill(128)], name, { type: 'audio/wav' });
    };
    undefined";

/// Has the page drop what `script` makes.
pub(crate) async fn drop_played(page: &Page, script: &str, name: &str) -> Result<()> {
    page.evaluate(STUDIO).await?;
    let script = format!("(async () => drag('drop', [await {script}]))()");
    page.evaluate(&script).await?;
    page.find("button", &format!("Remove {name}")).await?;
    Ok(())
}

/// How long the newest of these is, in seconds, before it is played.
async fn length(page: &Page) -> Result<u64> {
    until("how long it is", || async {
        let script = "[...document.querySelectorAll('[role=log] [class$=__length]')].at(-1)\
                      ?.textContent.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)";
        Ok(page.evaluate(script).await?.as_u64())
    })
    .await
}

#[test]
fn a_film_says_how_long_and_large_it_is_and_what_it_looks_like() {
    run(async {
        let (_place, alice, bob) = place().await?;
        bob.block("*file_share*").await?;
        drop_played(&alice, "film('red.webm')", "red.webm").await?;
        send(&alice).await?;
        // Nothing of it is there but what is told.
        reads(&bob, "It can't be shown here.").await?;
        let note = bob
            .evaluate("document.querySelector('[role=log] .file__note').textContent")
            .await?;
        let note = note.as_str().unwrap_or_default();
        ensure!(
            note.contains("WEBM · ") && note.contains(" · 0:0"),
            "{note}"
        );
        ensure!(!note.ends_with("0:00"), "{note}");
        bob.unblock().await?;
        bob.reload().await?;
        bob.find("log", "Messages").await?;
        let shape = "(box => [box.width, box.height])(
            document.querySelector('[role=log] .video').getBoundingClientRect())";
        until("the film's place", || async {
            let shape = bob.evaluate(shape).await;
            Ok(shape
                .is_ok_and(|shape| shape == json!([320, 180]))
                .then_some(()))
        })
        .await?;
        let colour = "(async () => {
            const colours = document.querySelector('.video .picture__colours');
            await colours.decode();
            const context = new OffscreenCanvas(16, 16).getContext('2d');
            context.drawImage(colours, 0, 0);
            return [...context.getImageData(8, 8, 1, 1).data];
        })()";
        let colour = bob.evaluate(colour).await?;
        let part = |place: usize| colour[place].as_u64().unwrap_or_default();
        ensure!(part(0) > 180 && part(1) < 90 && part(2) < 90, "{colour}");
        until("the player to say how long it is", || async {
            let left = bob
                .evaluate("document.querySelector('.video__length')")
                .await?;
            Ok(left.is_null().then_some(()))
        })
        .await?;
        ensure!(bob.evaluate(shape).await? == json!([320, 180]), "it jumped");
        ensure!(alice.errors().is_empty(), "{:?}", alice.errors());
        ensure!(bob.errors().is_empty(), "{:?}", bob.errors());
        Ok(())
    });
}

#[test]
fn a_sound_says_how_long_it_is() {
    run(async {
        let (_place, alice, bob) = place().await?;
        drop_played(&alice, "sound('song.wav', 61)", "song.wav").await?;
        send(&alice).await?;
        ensure!(length(&bob).await? == 61);
        ensure!(length(&alice).await? == 61);
        bob.reload().await?;
        ensure!(length(&bob).await? == 61, "it isn't kept");
        Ok(())
    });
}

/// A film of a kind that isn't one, and a browser that never says what a sound is.
#[test]
fn what_cant_be_measured_goes_all_the_same() {
    run(async {
        let (_place, alice, bob) = place().await?;
        alice
            .evaluate("drag('drop', [new File(['no film'], 'no.mp4', { type: 'video/mp4' })])")
            .await?;
        alice.find("button", "Remove no.mp4").await?;
        send(&alice).await?;
        bob.find_with("link", "no.mp4").await?;
        alice
            .evaluate("HTMLMediaElement.prototype.addEventListener = () => {}; undefined")
            .await?;
        drop_played(&alice, "sound('song.wav', 2)", "song.wav").await?;
        send(&alice).await?;
        bob.reads("song.wav").await?;
        ensure!(alice.errors().is_empty(), "{:?}", alice.errors());
        Ok(())
    });
}

/// Puts boxes on the page, and a film of them, each of which that may tell says: in Vienna.
const CAMERA: &str = "
    bytes = text => [...text].map(letter => letter.charCodeAt());
    number = size => [24, 16, 8, 0].map(shift => size >> shift & 255);
    box = (kind, ...parts) => {
        const inside = parts.flat();
        return [...number(inside.length + 8), ...bytes(kind), ...inside];
    };
    place = bytes('+48.2082+016.3738/');
    taken = (name, type) => new File([new Uint8Array([
        ...box('ftyp', bytes('qt  ')),
        ...box('uuid', place),
        // As large as it is told in eight bytes.
        ...number(1), ...bytes('udta'), ...number(0), ...number(16 + place.length), ...place,
        ...box('mdat', bytes('what there is to see')),
        ...box('moov',
            box('mvhd', bytes('head')),
            box('udta', box('\u{a9}xyz', place)),
            box('meta', box('keys', bytes('com.apple.quicktime.location')), box('ilst', place)),
            box('trak', box('tkhd', bytes('track')), box('udta', place)),
            // Nothing is read beyond its end.
            number(4000), bytes('meta'))
    ])], name, { type });
    undefined";

/// What was put on the server, of the file that is seen under this name.
async fn content(page: &Page, name: &str) -> Result<Vec<u8>> {
    let link = page.find_with("link", name).await?;
    link.reads(name).await?;
    let script = format!(
        "[...document.querySelectorAll('[role=log] a.file')]
            .find(link => link.download === '{name}').href"
    );
    let url = page.evaluate(&script).await?;
    web_files::get(url.as_str().context("no such file")?).await
}

#[test]
fn a_film_goes_without_where_it_was_taken() {
    run(async {
        let (_place, alice, bob) = place().await?;
        // It is none that a browser could play.
        alice.evaluate(CAMERA).await?;
        alice
            .evaluate("drag('drop', [taken('summit.mov', 'video/quicktime')])")
            .await?;
        alice.find("combobox", "Pictures and videos").await?;
        send(&alice).await?;
        let sent = content(&bob, "summit.mov").await?;
        ensure!(!has(&sent, "48.2082"), "it tells where");
        for kept in ["qt  ", "what there is to see", "head", "track", "free"] {
            ensure!(has(&sent, kept), "{kept} is gone");
        }
        // Nothing has moved.
        let taken = "taken('x', '').size";
        ensure!(alice.evaluate(taken).await? == sent.len());

        // Who wants to tell can.
        alice
            .evaluate("drag('drop', [taken('plan.mp4', 'video/mp4')])")
            .await?;
        alice.find("button", "Remove plan.mp4").await?;
        choose_pictures(&alice, 1).await?;
        send(&alice).await?;
        ensure!(has(&content(&bob, "plan.mp4").await?, "48.2082"));
        ensure!(alice.errors().is_empty(), "{:?}", alice.errors());
        Ok(())
    });
}

#[test]
fn a_strangers_film_has_its_box_and_its_length_and_loads_nothing() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let alice = place.enters(ALICE).await?;
        let mut bob = Raw::signed_in(BOB, "bob", &place.proxy.websocket()).await?;
        let url = format!("{}film.mp4?theirs", place.proxy.page("localhost"));
        let metadata = "<name>film.mp4</name><media-type>video/mp4</media-type>\
                        <width>1080</width><height>1920</height><length>3723000</length>";
        bob.send(&about("1", &url, metadata)).await?;
        alice.find_with("link", "Video").await?.click().await?;
        alice.reads("1:02:03").await?;
        let shape = "(box => [box.width, box.height])(
            document.querySelector('[role=log] .video').getBoundingClientRect())";
        let shape = alice.evaluate(shape).await?;
        ensure!(shape == json!([169, 300]), "{shape}");
        let asked =
            "performance.getEntriesByType('resource').some(at => at.name.includes('?theirs'))";
        ensure!(
            alice.evaluate(asked).await? == false,
            "they know we are here"
        );
        Ok(())
    });
}

/// Records for a second or more.
async fn record(page: &Page) -> Result<()> {
    page.find("button", "Record a voice message")
        .await?
        .click()
        .await?;
    let recording = page.find("group", "Voice message").await?;
    until("a second of it", || async {
        let text = recording.text().await?;
        Ok((text.contains("0:") && !text.contains("0:00")).then_some(()))
    })
    .await
}

#[test]
fn a_voice_message_is_recorded_and_heard() {
    run(async {
        let (_place, alice, bob) = place().await?;
        record(&alice).await?;
        alice
            .find("button", "Send recording")
            .await?
            .click()
            .await?;
        bob.reads("voice-").await?;
        ensure!(length(&bob).await? >= 1, "it doesn't say how long it is");
        let heard = "(async () => {
            const player = document.querySelector('main audio');
            if (!player) return 0;
            player.preload = 'auto';
            player.load();
            await new Promise(ready => player.onloadeddata = ready);
            return player.readyState;
        })()";
        until("it can be played", || async {
            Ok((bob.evaluate(heard).await?.as_f64() >= Some(2.0)).then_some(()))
        })
        .await?;
        // From any place on: what the player's own keys and its scrubber do.
        let sought = "(async () => {
            const player = document.querySelector('main audio');
            player.currentTime = player.duration / 2;
            await new Promise(there => player.onseeked = there);
            return player.controls && player.seekable.length === 1
                && Math.abs(player.currentTime - player.duration / 2) < 0.1;
        })()";
        ensure!(bob.evaluate(sought).await? == true, "it has no scrubber");
        alice.find("button", "Record a voice message").await?;
        // What is thrown away goes nowhere, and what one walks away from isn't lost.
        alice
            .find("button", "Record a voice message")
            .await?
            .click()
            .await?;
        alice
            .find("button", "Discard the recording")
            .await?
            .click()
            .await?;
        record(&alice).await?;
        alice.evaluate("location.hash = '#/'").await?;
        alice.find_with("link", "bob").await?.click().await?;
        alice.find_with("button", "Remove voice-").await?;
        let errors = [alice.errors(), bob.errors()].concat();
        ensure!(errors.is_empty(), "{errors:?}");
        Ok(())
    });
}

#[test]
fn without_a_microphone_it_is_said_what_to_do() {
    run(async {
        let (_place, alice, _bob) = place().await?;
        for (error, words) in [
            (
                "NotAllowedError",
                "Your browser doesn't let this page use the microphone.",
            ),
            ("NotFoundError", "No microphone was found."),
        ] {
            alice
                .evaluate(&format!(
                    "navigator.mediaDevices.getUserMedia = () => \
                     Promise.reject(new DOMException('', '{error}')); 0"
                ))
                .await?;
            let record = alice.find("button", "Record a voice message").await?;
            record.click().await?;
            alice.reads(words).await?;
            let discard = alice.find("button", "Discard the recording").await?;
            discard.click().await?;
        }
        alice.find("button", "Record a voice message").await?;
        Ok(())
    });
}
