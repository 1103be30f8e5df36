//! The questions before what can't be taken back.

use std::rc::Rc;

use couplet_engine::store::Message;
use jid::BareJid;
use yew::prelude::*;

use super::dialog::Dialog;
use super::layer::Layer;
use super::message_text::version_text;
use crate::i18n::{t, t_with};
use crate::state::State;

/// Signs out; asks first if there is something that hasn't been sent.
pub(crate) fn ask_to_sign_out(state: &State) {
    if state.has_unsent() {
        state.open(Layer::SignOut);
    } else {
        state.sign_out();
    }
}

/// What is lost by signing out.
pub(super) fn sign_out(state: &State) -> Html {
    let text = text(t("signOut.text"));
    question(
        state,
        "signOut.title",
        &[],
        text,
        "signOut.submit",
        State::sign_out,
    )
}

/// What goes from this device, and what stays.
pub(super) fn clear_data(state: &State) -> Html {
    let text = text(t("clear.text"));
    question(
        state,
        "clear.title",
        &[],
        text,
        "clear.submit",
        State::clear_data,
    )
}

/// What it means to have a contact no longer.
pub(super) fn remove_contact(state: &State, jid: &BareJid) -> Html {
    let (name, jid) = (state.store().name(jid).to_owned(), jid.clone());
    let name = [("name", name.as_str())];
    let text = text(t_with("remove.text", &name));
    let remove = move |state: &State| state.remove_contact(jid.clone());
    question(state, "remove.title", &name, text, "remove.submit", remove)
}

/// What a contact sees no longer.
pub(super) fn revoke(state: &State, jid: &BareJid) -> Html {
    let (name, jid) = (state.store().name(jid).to_owned(), jid.clone());
    let name = [("name", name.as_str())];
    let text = text(t_with("revoke.text", &name));
    let revoke = move |state: &State| state.revoke(jid.clone());
    question(state, "revoke.title", &name, text, "revoke.submit", revoke)
}

/// What goes with a conversation, and what others keep.
pub(super) fn delete_conversation(state: &State, jid: &BareJid) -> Html {
    let (name, jid) = (state.store().name(jid).to_owned(), jid.clone());
    let name = [("name", name.as_str())];
    let text = text(t("deleteChat.text"));
    let delete = move |state: &State| state.delete_conversation(&jid);
    question(
        state,
        "deleteChat.title",
        &name,
        text,
        "deleteChat.submit",
        delete,
    )
}

/// What is at stake when an encrypted message is answered in clear.
pub(super) fn answer_in_clear(state: &State, jid: &BareJid, then: Callback<State>) -> Html {
    let (name, jid) = (state.store().name(jid).to_owned(), jid.clone());
    let name = [("name", name.as_str())];
    let text = text(t_with("clearAnswer.text", &name));
    let send = move |state: &State| {
        state.agree_to_clear(&jid);
        then.emit(state.clone());
    };
    question(
        state,
        "clearAnswer.title",
        &[],
        text,
        "clearAnswer.submit",
        send,
    )
}

/// Which message is taken back, and who keeps it.
pub(super) fn retract(state: &State, message: &Rc<Message>) -> Html {
    let text = html! {
        <>
            <blockquote class="quoted" dir="auto">
                { version_text(message, &message.body) }
            </blockquote>
            { text(t("retract.text")) }
        </>
    };
    let message = message.clone();
    let retract = move |state: &State| state.retract(&message);
    question(state, "retract.title", &[], text, "retract.submit", retract)
}

fn text(words: AttrValue) -> Html {
    html! { <p class="form__text">{ words }</p> }
}

/// The focus is on the way back.
fn question(
    state: &State,
    title: &'static str,
    names: &[(&str, &str)],
    text: Html,
    submit: &'static str,
    act: impl Fn(&State) + 'static,
) -> Html {
    let cancel = {
        let state = state.clone();
        Callback::from(move |_: MouseEvent| state.close())
    };
    let submitted = {
        let state = state.clone();
        Callback::from(move |_: MouseEvent| {
            state.close();
            act(&state);
        })
    };
    html! {
        <Dialog state={state.clone()} title={t_with(title, names)}>
            <div class="form">
                { text }
                <div class="form__buttons">
                    <button type="button" class="button" autofocus=true onclick={cancel}>
                        { t("dialog.cancel") }
                    </button>
                    <button type="button" class="button button--danger" onclick={submitted}>
                        { t(submit) }
                    </button>
                </div>
            </div>
        </Dialog>
    }
}
