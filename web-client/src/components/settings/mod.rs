//! What can be chosen: a list of parts, and the one that is open beside it, or in its place
//! where there is little room.

mod about;
mod account;
mod alerts;
mod appearance;
mod control;
mod delete_account;
mod keyboard;
mod links;
mod privacy;
mod storage;

pub(crate) use delete_account::DeleteAccount;

use couplet_engine::store::Topic;
use web_sys::HtmlElement;
use yew::prelude::*;

use super::icon::{Icon, icon};
use super::icon_button::{icon_button, word};
use crate::hooks::{use_change, use_model, use_subjects};
use crate::i18n::t;
use crate::route::{Route, Section};
use crate::state::{State, Subject};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
    pub(crate) section: Option<Section>,
}

/// The page that takes the conversation's place.
#[component]
pub(crate) fn Settings(props: &Props) -> Html {
    let Props { state, section } = props;
    let mut subjects: Vec<Subject> = vec![Subject::Choices, Subject::Export];
    let topics = [Topic::Privacy, Topic::Session, Topic::Blocking];
    subjects.extend(topics.map(Subject::from));
    use_subjects(state, subjects);
    let usage = use_model(storage::Usage::default);
    let heading = use_node_ref();
    {
        // Who goes somewhere goes on there.
        let heading = heading.clone();
        use_change(
            Route::Settings(*section).href(),
            Box::new(move || {
                // A heading with a tabindex takes the focus.
                let _ = heading.cast::<HtmlElement>()?.focus();
                None
            }),
        );
    }
    let shown = section.unwrap_or(Section::Appearance);
    let page = match shown {
        Section::Appearance => appearance::page(state),
        Section::Alerts => alerts::page(state),
        Section::Privacy => privacy::page(state),
        Section::Account => html! { <account::Account state={state.clone()} /> },
        Section::Storage => storage::page(state, &usage),
        Section::Keyboard => keyboard::page(state),
        Section::About => about::page(),
    };
    let (back, to) = match section {
        Some(_) => ("settings.back", Route::Settings(None)),
        None => ("head.back", Route::Home),
    };
    let back_there = Callback::from(move |_: MouseEvent| to.go());
    let close = Callback::from(|_: MouseEvent| Route::Home.go());
    let links = Section::ALL.map(|known| link(known, shown, *section));
    html! {
        <section class="settings" aria-labelledby="settings-title" data-open={word(section.is_some())}>
            <header class="settings__bar">
                <span class="settings__back">
                    { icon_button(Icon::Back, t(back), back_there) }
                </span>
                <h2 id="settings-title" class="settings__title">{ t("settings.title") }</h2>
                { icon_button(Icon::Close, t("settings.close"), close) }
            </header>
            <div class="settings__columns">
                <nav class="settings__list" aria-label={t("settings.sections")}>
                    <ul>{ for links }</ul>
                </nav>
                <div class="settings__page" key={shown as u32}>
                    <h3 class="settings__heading" tabindex="-1" ref={heading}>{ t(name(shown)) }</h3>
                    { page }
                </div>
            </div>
        </section>
    }
}

fn link(section: Section, shown: Section, open: Option<Section>) -> Html {
    let class = match section == shown {
        true => "settings__link settings__link--shown",
        false => "settings__link",
    };
    html! {
        <li>
            <a
                {class}
                href={Route::Settings(Some(section)).href()}
                aria-current={(open == Some(section)).then_some("page")}
            >
                { icon(sign(section)) }
                <span>{ t(name(section)) }</span>
            </a>
        </li>
    }
}

fn name(section: Section) -> &'static str {
    match section {
        Section::Appearance => "appearance.title",
        Section::Alerts => "alerts.title",
        Section::Privacy => "privacy.title",
        Section::Account => "self.title",
        Section::Storage => "storage.title",
        Section::Keyboard => "keys.title",
        Section::About => "about.title",
    }
}

fn sign(section: Section) -> Icon {
    match section {
        Section::Appearance => Icon::Sun,
        Section::Alerts => Icon::Bell,
        Section::Privacy => Icon::Lock,
        Section::Account => Icon::Person,
        Section::Storage => Icon::Archive,
        Section::Keyboard => Icon::Keyboard,
        Section::About => Icon::Info,
    }
}
