//! What is on the screen before the conversation.

use couplet_engine::store::{SessionStatus, Trouble};
use wasm_bindgen::JsCast as _;
use web_sys::{FormData, HtmlElement};
use yew::prelude::*;

use super::course::Course;
use super::{head, unready};
use crate::components::dialog::{submitting, value};
use crate::components::field::Field;
use crate::components::trouble::{alert, alert_of};
use crate::embedding::{Ask, Embedding, nickname};
use crate::hooks::Model;
use crate::i18n::t;
use crate::state::{State, document};

const NAME: &str = "embedded-name";
const EMAIL: &str = "embedded-email";
const QUESTION: &str = "embedded-question";

/// Before somebody is there for whom the site vouches, or why they aren't.
pub(super) fn vouched_for(state: &State, site: &Embedding, course: &Model<Course>) -> Html {
    let (status, was_here) = (state.store().status().clone(), course.read().was_here);
    let trouble = match status {
        SessionStatus::SignedOut { trouble } if was_here || trouble.is_some() => trouble,
        _ => {
            return unready(state, site, course);
        }
    };
    let again = {
        let course = course.clone();
        let again = move |course: &mut Course| {
            (course.begun, course.was_here) = (false, false);
            (course.insists, course.wants_focus) = (true, true);
        };
        Callback::from(move |_: MouseEvent| course.change(again))
    };
    html! {
        <div class="embedded">
            { head(state, site) }
            <main class="embedded__welcome">
                if trouble.is_none() {
                    <p class="embedded__hello">{ t("embedded.left") }</p>
                }
                <div class="embedded__form">
                    if let Some(trouble) = &trouble {
                        { said(state, trouble) }
                    }
                    <button type="button" class="button button--primary" onclick={again}>
                        { t(if trouble.is_some() { "log.retry" } else { "embedded.start" }) }
                    </button>
                </div>
            </main>
        </div>
    }
}

/// What went wrong, in words.
fn said(state: &State, trouble: &Trouble) -> Html {
    match trouble {
        Trouble::TokenNeeded { text } => alert_of(
            t("embedded.tokenTitle"),
            t("embedded.tokenText"),
            text.as_deref(),
        ),
        trouble => alert(trouble, &state.config().domains),
    }
}

/// What has to be agreed to before anything is sent.
pub(super) fn agreement(
    state: &State,
    site: &Embedding,
    course: &Model<Course>,
    text: String,
) -> Html {
    let agree = {
        let (site, course, text) = (site.clone(), course.clone(), text.clone());
        submitting(move |_| {
            site.agree(&text);
            course.change(|course| course.wants_focus = true);
        })
    };
    let link = site.setting("consent-link");
    // Where it leads the site says, but nothing else than a page is opened.
    let link = link.filter(|link| link.starts_with("https://") || link.starts_with("http://"));
    html! {
        <div class="embedded">
            { head(state, site) }
            <main class="embedded__welcome">
                <form class="embedded__form" onsubmit={agree}>
                    <p class="embedded__consent" dir="auto">{ text }</p>
                    if let Some(link) = link {
                        <a
                            class="embedded__link"
                            href={link}
                            target="_blank"
                            rel="noopener noreferrer"
                        >
                            { t("embedded.more") }
                        </a>
                    }
                    <button type="submit" class="button button--primary">
                        { t("embedded.agree") }
                    </button>
                </form>
            </main>
        </div>
    }
}

/// Before a guest is there: what the site says, and what it asks them.
pub(super) fn welcome(state: &State, site: &Embedding, course: &Model<Course>) -> Html {
    let trouble = match state.store().status() {
        SessionStatus::SignedOut { trouble } => trouble.clone(),
        _ => None,
    };
    let asked = course.read().asks(site);
    if asked.is_empty() && trouble.is_none() {
        return unready(state, site, course);
    }
    let onsubmit = {
        let (site, course, asked) = (site.clone(), course.clone(), asked.clone());
        submitting(move |data| begin(&site, &course, &asked, data))
    };
    let greeting = site.setting("greeting");
    let hello = || asked.contains(&Ask::Name).then(|| t("embedded.hello"));
    let greeting = greeting.map(AttrValue::from).or_else(hello);
    html! {
        <div class="embedded">
            { head(state, site) }
            <main class="embedded__welcome">
                if let Some(greeting) = greeting {
                    <p class="embedded__hello" dir="auto">{ greeting }</p>
                }
                <form class="embedded__form" novalidate=true {onsubmit}>
                    if let Some(trouble) = &trouble {
                        { said(state, trouble) }
                    }
                    { for asked.iter().map(|ask| field(*ask, course)) }
                    <button type="submit" class="button button--primary">
                        { t(if trouble.is_some() { "log.retry" } else { "embedded.start" }) }
                    </button>
                </form>
            </main>
        </div>
    }
}

/// The field for what is asked.
fn field(ask: Ask, course: &Model<Course>) -> Html {
    let wrong = course.read().unanswered.contains(&ask);
    match ask {
        Ask::Name => Field {
            id: NAME,
            label: t("embedded.name"),
            autocomplete: Some("nickname"),
            hint: Some(t("embedded.nameHint")),
            error: wrong.then(|| t("embedded.noName")),
            ..Field::default()
        }
        .html(),
        Ask::Email => Field {
            id: EMAIL,
            label: t("embedded.email"),
            autocomplete: Some("email"),
            address: true,
            error: wrong.then(|| t("embedded.noEmail")),
            ..Field::default()
        }
        .html(),
        Ask::Question => question(wrong),
    }
}

fn question(wrong: bool) -> Html {
    let note = "embedded-question-note";
    html! {
        <div class={if wrong { "field field--wrong" } else { "field" }}>
            <label class="field__label" for={QUESTION}>{ t("embedded.question") }</label>
            <div class="field__frame">
                <textarea
                    id={QUESTION}
                    name={QUESTION}
                    class="field__input"
                    rows="3"
                    dir="auto"
                    aria-invalid={wrong.then_some("true")}
                    aria-describedby={wrong.then_some(note)}
                />
            </div>
            if wrong {
                <p class="field__note" id={note}>{ t("embedded.noQuestion") }</p>
            }
        </div>
    }
}

/// Takes the answers: the name is what the guest is called, the others are what they say first.
fn begin(site: &Embedding, course: &Model<Course>, asked: &[Ask], data: &FormData) {
    let (email, question) = (value(data, EMAIL), value(data, QUESTION));
    let name = nickname(&value(data, NAME));
    let is_answered = |ask: &&Ask| match ask {
        Ask::Name => name.is_none(),
        Ask::Email => !is_email(&email),
        Ask::Question => question.is_empty(),
    };
    let unanswered: Vec<Ask> = asked.iter().filter(is_answered).copied().collect();
    if let Some(first) = unanswered.first() {
        let id = match first {
            Ask::Name => NAME,
            Ask::Email => EMAIL,
            Ask::Question => QUESTION,
        };
        course.change(|course| course.unanswered = unanswered);
        return focus_on(id);
    }
    if let Some(name) = name.filter(|_| asked.contains(&Ask::Name)) {
        site.keep_nickname(&name);
    }
    let email = match email.as_str() {
        "" => email,
        address => [&*t("embedded.email"), ": ", address].concat(),
    };
    let first = [question, email];
    let first = first.iter().filter(|said| !said.is_empty());
    let first = first.map(String::as_str).collect::<Vec<_>>().join("\n");
    course.change(|course| {
        course.unanswered.clear();
        (course.begun, course.insists, course.seen) = (false, true, true);
        (course.answered, course.wants_focus) = (true, true);
        course
            .to_say
            .extend(Some(first).filter(|first| !first.is_empty()));
    });
}

fn is_email(text: &str) -> bool {
    let is_odd = |letter: char| letter.is_whitespace() || "<>,;:\"()".contains(letter);
    let parts = text.split_once('@').filter(|_| !text.contains(is_odd));
    parts.is_some_and(|(name, host)| {
        let labels = || host.split('.');
        !name.is_empty()
            && labels().count() > 1
            && labels().all(|label| !label.is_empty() && !label.contains('@'))
    })
}

/// Puts the cursor there.
fn focus_on(id: &str) {
    let field = document().and_then(|document| document.get_element_by_id(id));
    if let Some(field) = field.and_then(|field| field.dyn_into::<HtmlElement>().ok()) {
        // A field on the page takes the focus.
        let _ = field.focus();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_nothing_can_be_sent_to_is_none() {
        assert!(is_email("gwen@example.org"));
        for wrong in [
            "",
            "gwen",
            "@example.org",
            "gwen@",
            "gwen@example",
            "g wen@example.org",
            "gwen@example.",
            "gwen@.org",
            "gwen@@example.org",
            "<gwen@example.org>",
            "mailto:gwen@example.org",
        ] {
            assert!(!is_email(wrong), "{wrong}");
        }
    }
}
