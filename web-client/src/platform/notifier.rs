//! What the browser shows and plays beyond the page: notifications, which on Android
//! only a service worker may show, and a sound.

use gloo_events::EventListener;
use js_sys::{Array, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    HtmlAudioElement, MessageEvent, Notification, NotificationPermission, ServiceWorkerRegistration,
};

use super::{object, workers};

/// Whether notifications may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permission {
    /// Nobody has been asked yet.
    Unasked,
    Granted,
    Denied,
    /// This browser has none, or not for this page.
    Missing,
}

impl From<NotificationPermission> for Permission {
    fn from(permission: NotificationPermission) -> Self {
        match permission {
            NotificationPermission::Granted => Self::Granted,
            NotificationPermission::Denied => Self::Denied,
            _ => Self::Unasked,
        }
    }
}

/// What a notification says, and the place in the page where a click on it leads.
pub(crate) struct Notice<'a> {
    pub(crate) title: &'a str,
    pub(crate) text: &'a str,
    /// Takes the place of an earlier one with the same tag.
    pub(crate) tag: &'a str,
    pub(crate) href: &'a str,
}

/// Whether we may show any.
pub(crate) fn permission() -> Permission {
    let known = web_sys::window()
        .is_some_and(|window| Reflect::has(&window, &"Notification".into()).unwrap_or(false));
    if known && workers().is_some() {
        Notification::permission().into()
    } else {
        Permission::Missing
    }
}

/// Asks the person. Browsers listen only right after a click or a key.
pub(crate) async fn ask() -> Permission {
    if permission() != Permission::Unasked {
        return permission();
    }
    if let Ok(asked) = Notification::request_permission() {
        // Whatever was answered is known afterwards.
        let _ = JsFuture::from(asked).await;
    }
    permission()
}

/// Shows it, silently: the sound is ours. On a first visit that may take until the worker
/// has been installed.
pub(crate) async fn show(notice: &Notice<'_>) {
    let Some(registration) = installed().await else {
        return;
    };
    let options = object(&[
        ("body", notice.text.into()),
        ("tag", notice.tag.into()),
        ("renotify", true.into()),
        ("silent", true.into()),
        ("icon", "icons/icon-192.png".into()),
        ("badge", "icons/badge-96.png".into()),
        ("data", notice.href.into()),
    ]);
    let shown = registration
        .show_notification_with_options(notice.title, options.unchecked_ref())
        .map(JsFuture::from);
    if let Ok(shown) = shown {
        // A permission that has just been taken away is no news to anybody.
        let _ = shown.await;
    }
}

/// The tags of all that are on screen.
pub(crate) async fn shown() -> Vec<String> {
    let notifications = notifications().await;
    let tags = notifications.iter().filter_map(Notification::tag);
    tags.collect()
}

/// Takes away the one with this tag.
pub(crate) async fn close(tag: &str) {
    for notification in notifications().await {
        if notification.tag().as_deref() == Some(tag) {
            notification.close();
        }
    }
}

/// Has `go` called with the place that a notification leads to, when one is clicked.
pub(crate) fn on_click(go: impl Fn(&str) + 'static) {
    let Some(workers) = workers() else {
        return;
    };
    EventListener::new(&workers, "message", move |event| {
        let data = event.dyn_ref::<MessageEvent>().map(MessageEvent::data);
        if let Some(href) = data.and_then(|data| data.as_string()) {
            go(&href);
        }
    })
    .forget();
}

/// Plays the sound of a message.
pub(crate) fn sound() {
    let Ok(audio) = HtmlAudioElement::new_with_src("sounds/message.wav") else {
        return;
    };
    if let Ok(playing) = audio.play() {
        spawn_local(async move {
            // A page that nobody has touched yet may not make a sound.
            let _ = JsFuture::from(playing).await;
        });
    }
}

/// Ends when there is a worker, which may be never.
async fn installed() -> Option<ServiceWorkerRegistration> {
    let ready = workers()?.ready().ok()?;
    JsFuture::from(ready).await.ok()?.dyn_into().ok()
}

async fn registration() -> Option<ServiceWorkerRegistration> {
    let found = JsFuture::from(workers()?.get_registration()).await.ok()?;
    found.dyn_into().ok()
}

async fn notifications() -> Vec<Notification> {
    let Some(registration) = registration().await else {
        return Vec::new();
    };
    let Ok(listed) = registration.get_notifications() else {
        return Vec::new();
    };
    let listed = JsFuture::from(listed).await.unwrap_or_default();
    let listed: Array = listed.unchecked_into();
    listed.iter().map(JsValue::unchecked_into).collect()
}
