//! What there is to know of a film or a sound: how long it is, how large, a few colours.

use gloo_timers::callback::Timeout;
use js_sys::{Array, Function, Promise};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, HtmlMediaElement, HtmlVideoElement, Url};

use super::{Ready, picture};
use crate::state::document;

/// What a browser hasn't found out by then, in milliseconds, isn't told.
const PATIENCE: u32 = 3_000;
/// Where a film is looked at, in seconds: many begin with black.
const GLANCE: f64 = 1.0;
/// Behind the end of everything, in seconds.
const FAR: f64 = 1e9;

/// Has `ready` tell what the browser finds out in time.
pub(super) async fn measure(ready: &mut Ready) {
    let Some(player) = Player::open(&ready.content) else {
        return;
    };
    player.until("loadedmetadata").await;
    if player.video.duration().is_infinite() {
        // What a browser has recorded doesn't say how long it is, until its end is seen.
        player.video.set_current_time(FAR);
        player.until("durationchange").await;
    }
    let seconds = player.video.duration();
    if seconds.is_finite() && seconds > 0.0 {
        ready.told.duration = Some((seconds * 1_000.0).round() as u32);
    }
    let size = (player.video.video_width(), player.video.video_height());
    if size.0 > 0 && size.1 > 0 {
        ready.told.dimensions = Some(size);
        let middle = if seconds.is_finite() {
            seconds / 2.0
        } else {
            0.0
        };
        player.video.set_current_time(GLANCE.min(middle));
        player.until("seeked").await;
        ready.told.blurhash = player.colours().unwrap_or_default();
    }
}

/// A film or a sound that nobody sees or hears.
struct Player {
    video: HtmlVideoElement,
    url: String,
    /// Settled when nothing more is waited for.
    patience: Promise,
}

impl Player {
    fn open(content: &Blob) -> Option<Self> {
        let video = document()?.create_element("video").ok()?;
        let video: HtmlVideoElement = video.dyn_into().ok()?;
        let url = Url::create_object_url_with_blob(content).ok()?;
        video.set_muted(true);
        video.set_preload("auto");
        video.set_src(&url);
        let patience = Promise::new(&mut |resolve: Function, _| {
            let give_up = move || {
                // A function that settles a promise doesn't throw.
                let _ = resolve.call0(&JsValue::UNDEFINED);
            };
            Timeout::new(PATIENCE, give_up).forget();
        });
        Some(Self {
            video,
            url,
            patience,
        })
    }

    /// Until that happens, or it can't be played, or it has taken too long.
    async fn until(&self, event: &str) {
        let happened = Promise::new(&mut |resolve, _| {
            for event in [event, "error"] {
                // Any element can be listened to.
                let _ = self.video.add_event_listener_with_callback(event, &resolve);
            }
        });
        // It is only ever resolved.
        let _ = JsFuture::from(Promise::race(&Array::of2(&happened, &self.patience))).await;
    }

    /// Of the picture that is shown, if there is one by now.
    fn colours(&self) -> Option<String> {
        if self.video.ready_state() < HtmlMediaElement::HAVE_CURRENT_DATA {
            return None;
        }
        picture::colours(|context, side| {
            context.draw_image_with_html_video_element_and_dw_and_dh(
                &self.video,
                0.0,
                0.0,
                side,
                side,
            )
        })
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        // Revoking a URL of our own doesn't fail.
        let _ = Url::revoke_object_url(&self.url);
    }
}
