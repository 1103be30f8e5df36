//! Signing in.

use std::str::FromStr;

use couplet_engine::store::{SessionStatus, SignInStep, Topic, Trouble};
use jid::BareJid;
use web_sys::FormData;
use yew::prelude::*;

use crate::components::demo_accounts::demo_accounts;
use crate::components::dialog::{submitting, value};
use crate::components::field::{Field, focus, input};
use crate::components::icon::{Icon, mark};
use crate::components::icon_button::{Kind, icon_button_of, word};
use crate::components::notice;
use crate::components::trouble::alert;
use crate::early;
use crate::hooks::{Model, use_change, use_model, use_mount, use_subjects};
use crate::i18n::{t, t_with};
use crate::platform::badge;
use crate::state::State;

const ADDRESS: &str = "sign-in-address";
const PASSWORD: &str = "sign-in-password";
const STAY: &str = "sign-in-stay";

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
}

/// How the form stands.
#[derive(Default)]
struct Form {
    mistake: Option<Mistake>,
    /// The whole address of whoever has typed just a name.
    completed: Option<BareJid>,
    /// Whether the password can be read.
    open: bool,
    /// Whether the device is to forget all of it when the page goes.
    leaves: bool,
}

/// The form, what went wrong, and the accounts of a demo.
#[component]
pub(crate) fn SignIn(props: &Props) -> Html {
    let state = &props.state;
    use_subjects(state, vec![Topic::Session.into()]);
    let form = use_model(Form::default);
    let (trouble, step) = standing(state);
    {
        let (state, form) = (state.clone(), form.clone());
        use_mount(Box::new(move || {
            badge::show(0);
            // Who has left isn't named to whoever comes next.
            let left = SessionStatus::SignedOut { trouble: None };
            if let Some(account) = state.account().filter(|_| *state.store().status() != left) {
                input(ADDRESS)?.set_value(account.as_str());
            }
            let early = early::take()?;
            form.change(|form| form.leaves = early.leaves);
            early.go_on();
            None
        }));
    }
    {
        // After a wrong password one types another.
        let wrong = matches!(
            trouble,
            Some(Trouble::WrongPassword { .. } | Trouble::PasswordNeeded(_))
        );
        use_change(
            word(wrong).to_owned(),
            Box::new(move || {
                input(PASSWORD).filter(|_| wrong)?.select();
                None
            }),
        );
    }
    let busy = step.is_some();
    let idle = !busy && state.is_secure();
    let onsubmit = {
        let (state, form) = (state.clone(), form.clone());
        submitting(move |data| {
            if idle {
                submit(&state, &form, data);
            }
        })
    };
    html! {
        <main class="sign-in">
            <div class="sign-in__head">
                { mark() }
                <h1 class="sign-in__title">{ t("app.name") }</h1>
                <p class="sign-in__text">{ t("signIn.text") }</p>
            </div>
            <form class="sign-in__card" novalidate=true {onsubmit}>
                if let Some(trouble) = &trouble {
                    { alert(trouble, &state.config().domains) }
                }
                { address(state, &form, busy) }
                { password(&form, busy) }
                { stay(state, &form, busy) }
                <button
                    type="submit"
                    class="button button--primary sign-in__submit"
                    aria-disabled={(!idle).then_some("true")}
                >
                    if busy {
                        <span class="spinner" aria-hidden="true"></span>
                    }
                    { t("signIn.submit") }
                </button>
                { progress(state, step) }
            </form>
            { demo_accounts(state, !idle) }
        </main>
    }
}

/// What went wrong, or how far signing in has got.
fn standing(state: &State) -> (Option<Trouble>, Option<SignInStep>) {
    match state.store().status() {
        // Without keys nobody gets any further: say so before a password is typed.
        _ if !state.is_secure() => (Some(Trouble::InsecurePage), None),
        SessionStatus::SignedOut { trouble } => (trouble.clone(), None),
        SessionStatus::SigningIn(step) => (None, Some(*step)),
        _ => (None, None),
    }
}

fn submit(state: &State, form: &Model<Form>, data: &FormData) {
    let password = data.get(PASSWORD).as_string().unwrap_or_default();
    let mistake = match credentials(&value(data, ADDRESS), password, &state.config().domains) {
        Ok((jid, password)) => {
            state.sign_in(jid, password, data.has(STAY));
            None
        }
        Err(mistake) => Some(mistake),
    };
    form.change(|form| form.mistake = mistake);
    match mistake {
        Some(Mistake::NoPassword) => focus(PASSWORD),
        Some(_) => focus(ADDRESS),
        None => {}
    }
}

fn address(state: &State, form: &Model<Form>, readonly: bool) -> Html {
    let domains = &state.config().domains;
    let domain = domains.first().map_or("example.org", String::as_str);
    let oninput = {
        let (state, form) = (state.clone(), form.clone());
        Callback::from(move |_: InputEvent| {
            let typed = input(ADDRESS)
                .map(|input| input.value())
                .unwrap_or_default();
            let completed = completed(typed.trim(), &state.config().domains);
            form.change(|form| form.completed = completed);
        })
    };
    let Form {
        mistake, completed, ..
    } = &*form.read();
    let hint = |jid: &BareJid| t_with("signIn.completed", &[("address", jid.as_str())]);
    Field {
        id: ADDRESS,
        label: t("signIn.address"),
        placeholder: t_with("signIn.example", &[("domain", domain)]),
        autocomplete: Some("username"),
        address: true,
        autofocus: true,
        readonly,
        error: mistake
            .filter(|mistake| *mistake != Mistake::NoPassword)
            .map(Mistake::words),
        hint: completed.as_ref().map(hint),
        oninput,
        ..Field::default()
    }
    .html()
}

/// The password, and a button to check what one has typed.
fn password(form: &Model<Form>, readonly: bool) -> Html {
    let toggle = {
        let form = form.clone();
        Callback::from(move |_| form.change(|form| form.open = !form.open))
    };
    let Form { mistake, open, .. } = &*form.read();
    let (icon, label) = if *open {
        (Icon::EyeOff, t("signIn.hidePassword"))
    } else {
        (Icon::Eye, t("signIn.showPassword"))
    };
    let kind = Kind {
        pressed: Some(*open),
        ..Kind::default()
    };
    Field {
        id: PASSWORD,
        label: t("signIn.password"),
        secret: !open,
        autocomplete: Some("current-password"),
        readonly,
        error: mistake
            .filter(|mistake| *mistake == Mistake::NoPassword)
            .map(Mistake::words),
        button: icon_button_of(kind, icon, label, toggle),
        ..Field::default()
    }
    .html()
}

/// Whether the device is to remember who is signed in, and what that means; where it
/// can't, why.
fn stay(state: &State, form: &Model<Form>, busy: bool) -> Html {
    if !state.is_secure() {
        return Html::default();
    }
    if let Some(fault) = state.keeps_nothing() {
        return html! { <p class="sign-in__stay-note">{ notice::memory_only(&fault) }</p> };
    }
    let leaves = form.read().leaves;
    let onchange = {
        let form = form.clone();
        Callback::from(move |_: Event| form.change(|form| form.leaves = !form.leaves))
    };
    let note = if leaves {
        "signIn.leaves"
    } else {
        "signIn.stays"
    };
    html! {
        <div class="sign-in__stay">
            <label class="check">
                <input
                    type="checkbox"
                    name={STAY}
                    class="check__input"
                    checked={!leaves}
                    disabled={busy}
                    aria-describedby="sign-in-stay-note"
                    {onchange}
                />
                <span>{ t("signIn.stay") }</span>
            </label>
            <p class="sign-in__stay-note" id="sign-in-stay-note">{ t(note) }</p>
        </div>
    }
}

/// What is being done, and the way out of it.
fn progress(state: &State, step: Option<SignInStep>) -> Html {
    let cancel = {
        let state = state.clone();
        Callback::from(move |_: MouseEvent| state.sign_out())
    };
    let words = step.map(|step| {
        t(match step {
            SignInStep::Connecting => "signIn.connecting",
            SignInStep::Authenticating => "signIn.authenticating",
            SignInStep::Binding => "signIn.binding",
        })
    });
    html! {
        <>
            <div class="sign-in__progress" role="status">{ words }</div>
            if step.is_some() {
                <button type="button" class="button button--quiet" onclick={cancel}>
                    { t("dialog.cancel") }
                </button>
            }
        </>
    }
}

/// What is wrong with what was typed, before anything is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mistake {
    NoAddress,
    NotAnAddress,
    NoPassword,
}

impl Mistake {
    fn words(self) -> AttrValue {
        t(match self {
            Self::NoAddress => "signIn.noAddress",
            Self::NotAnAddress => "signIn.notAnAddress",
            Self::NoPassword => "signIn.noPassword",
        })
    }
}

fn credentials(
    address: &str,
    password: String,
    domains: &[String],
) -> Result<(BareJid, String), Mistake> {
    if address.is_empty() {
        return Err(Mistake::NoAddress);
    }
    let whole = || {
        BareJid::from_str(address)
            .ok()
            .filter(|jid| jid.node().is_some())
    };
    let jid = completed(address, domains)
        .or_else(whole)
        .ok_or(Mistake::NotAnAddress)?;
    if password.is_empty() {
        return Err(Mistake::NoPassword);
    }
    Ok((jid, password))
}

/// The address of whoever types just a name, where there is only one domain it could have.
fn completed(name: &str, domains: &[String]) -> Option<BareJid> {
    match domains {
        [domain] if !name.is_empty() && !name.contains('@') => {
            BareJid::from_str(&[name, "@", domain].concat()).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Mistake, completed, credentials};

    fn domains(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_name_alone_is_completed_where_that_is_clear() {
        let jid = completed("alice", &domains(&["example.org"])).unwrap();
        assert_eq!(jid.as_str(), "alice@example.org");
        assert_eq!(
            completed("alice", &domains(&["a.example", "b.example"])),
            None
        );
        assert_eq!(completed("alice@b.example", &domains(&["a.example"])), None);
        assert_eq!(completed("", &domains(&["a.example"])), None);
    }

    #[test]
    fn mistakes_are_found_before_anything_is_sent() {
        let mistake = |address, password: &str| {
            credentials(address, password.to_owned(), &[]).map(|(jid, _)| jid.to_string())
        };
        assert_eq!(mistake("", "x"), Err(Mistake::NoAddress));
        assert_eq!(mistake("alice", "x"), Err(Mistake::NotAnAddress));
        assert_eq!(mistake("alice@", "x"), Err(Mistake::NotAnAddress));
        assert_eq!(mistake("example.org", "x"), Err(Mistake::NotAnAddress));
        assert_eq!(mistake("alice@example.org", ""), Err(Mistake::NoPassword));
        assert_eq!(
            mistake("alice@example.org", " x "),
            Ok("alice@example.org".to_owned())
        );
    }
}
