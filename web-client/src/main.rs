//! Couplet's web client: what people see of the engine.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod app;
mod components;
mod config;
mod crash;
mod driver;
mod early;
mod embedding;
mod fetch;
mod files;
mod hooks;
mod i18n;
mod look;
mod person_colour;
mod platform;
mod relay;
mod route;
mod second;
mod state;
mod styling;
mod tabs;
mod uri;
mod views;

use wasm_bindgen_futures::spawn_local;

fn main() {
    crash::install();
    // Whose preferences count has to be known first.
    platform::profile::begin();
    look::show();
    spawn_local(async {
        i18n::start().await;
        let state = state::State::new(config::load().await);
        state.begin().await;
        let root = web_sys::window()
            .and_then(|window| window.document())
            .and_then(|document| document.get_element_by_id("app"));
        // Without its element the page isn't ours, and there is nowhere to say so.
        if let Some(root) = root {
            yew::Renderer::<app::App>::with_root_and_props(root, app::Props { state }).render();
        }
        if !platform::profile::is_embedded() {
            platform::keep_page();
        }
    });
}
