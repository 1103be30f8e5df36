//! Files of a server that lets no page of another origin put or get them, which the proxy relays.

use anyhow::{Result, ensure};
use couplet_servers::{Kind, Server, ServerOptions};
use couplet_tests::browser::Page;
use couplet_tests::{run, until};

use crate::files::{drop_photo, drop_text, give_hands, sees, send};
use crate::{Place, options};

fn without_cors() -> ServerOptions {
    ServerOptions {
        largest_file: Some(3_000_000),
        file_cors: false,
        ..options(Kind::Prosody)
    }
}

fn upload_host(server: &Server) -> String {
    format!("http://localhost:{}/file_share", server.ports().http)
}

/// What the page asks for of the picture of that name, and of the file.
async fn urls(page: &Page) -> Result<(String, String)> {
    let text = async |script: &str| {
        let value = page.evaluate(script).await?;
        Ok::<_, anyhow::Error>(value.as_str().unwrap_or_default().to_owned())
    };
    let picture = "document.querySelector('[role=log] .picture__image').src";
    let file = "document.querySelector('[role=log] a.file').href";
    Ok((text(picture).await?, text(file).await?))
}

#[test]
fn a_server_without_cors_takes_and_gives_files_through_the_relay() {
    run(async {
        let place = Place::with_files(without_cors(), &|server| Some(upload_host(server))).await?;
        let (alice, bob) = place.friends().await?;
        give_hands(&alice).await?;
        drop_photo(&alice, "summit.jpg").await?;
        send(&alice).await?;
        sees(&bob, "summit.jpg").await?;
        sees(&alice, "summit.jpg").await?;
        drop_text(&alice, "poem.txt", 1_000).await?;
        send(&alice).await?;
        bob.find_with("link", "poem.txt").await?;

        // The page asks its own host, and reads what a page of another origin couldn't.
        let (picture, file) = urls(&bob).await?;
        let below = format!(
            "{}relay/localhost:{}/file_share/",
            place.proxy.page("localhost"),
            place.server.ports().http
        );
        ensure!(picture.starts_with(&below), "{picture}");
        ensure!(file.starts_with(&below), "{file}");
        let read = format!(
            "fetch('{file}').then(async response => [
                (await response.text()).length,
                response.headers.get('content-disposition'),
                response.headers.get('x-content-type-options'),
            ])"
        );
        let read = bob.evaluate(&read).await?;
        ensure!(
            read == serde_json::json!([1000, "attachment", "nosniff"]),
            "{read}"
        );

        // What was sent is the file's own URL.
        let host = upload_host(&place.server);
        let sent = "(async () => {
            const link = document.querySelector('[role=log] a.file');
            const own = link.href.replace(/^.*\\/relay\\//, 'http://');
            return fetch(own).then(() => own, () => 'refused ' + own);
        })()";
        let own = bob.evaluate(sent).await?;
        let refused = format!("refused {host}/");
        ensure!(
            own.as_str().is_some_and(|own| own.starts_with(&refused)),
            "{own}"
        );
        Ok(())
    });
}

#[test]
fn a_server_without_cors_takes_no_files_without_the_relay() {
    run(async {
        let place = Place::with(without_cors()).await?;
        let (alice, _bob) = place.friends().await?;
        give_hands(&alice).await?;
        drop_text(&alice, "poem.txt", 100).await?;
        send(&alice).await?;
        until("that it failed", || async {
            let text = alice.text().await?;
            Ok(text.contains("It broke off several times.").then_some(()))
        })
        .await
    });
}

/// Whether the worker would answer a request for this path itself.
fn is_answered(path: &str) -> String {
    format!(
        "(() => {{
            const event = new FetchEvent('fetch', {{ request: new Request('{path}') }});
            let answered = false;
            event.respondWith = () => {{ answered = true; }};
            dispatchEvent(event);
            return answered;
        }})()"
    )
}

#[test]
fn the_worker_leaves_relayed_files_to_the_network() {
    run(async {
        let place = Place::new(Kind::Prosody).await?;
        let page = place.visitor().await?;
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
            .await?;
        for (path, answered) in [
            ("/a-0123456789abcdef.js", true),
            ("/relay/a.example/a-0123456789abcdef.js", false),
        ] {
            let found = place.browser.in_worker(&page, &is_answered(path)).await?;
            ensure!(found == answered, "{path}");
        }
        Ok(())
    });
}
