//! The dialog in which those are chosen whom one would like to see in a room.

use couplet_engine::store::{NotSaved, Topic};
use jid::BareJid;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::avatar::{Size, avatar};
use super::dialog::{Dialog, submitting, value};
use super::field::{Field, focus, input};
use super::trouble::with_quote;
use crate::hooks::{Model, use_model, use_mount, use_subjects};
use crate::i18n::{t, t_count, t_with};
use crate::state::{Filter, Pending, State, Subject};
use crate::uri::Uri;

const FIND: &str = "invite-find";
const REASON: &str = "invite-reason";

/// So many of those who could be invited are shown; others are found by their names.
const SHOWN: usize = 100;
/// So many are invited at once.
const MOST: usize = 50;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
    pub(crate) jid: BareJid,
}

#[derive(Default)]
struct Inviting {
    typed: String,
    chosen: Vec<BareJid>,
    /// Who has been invited since the dialog was opened.
    asked: Vec<(BareJid, Pending)>,
    /// Whether nobody was chosen who could be.
    wrong: bool,
}

/// Contacts by name, and whoever's address is typed; each says what became of it.
#[component]
pub(crate) fn Invite(props: &Props) -> Html {
    let Props { state, jid } = props;
    let topics = [
        Topic::Roster,
        Topic::Room(jid.clone()),
        Topic::Occupants(jid.clone()),
    ];
    let topics = topics.map(Subject::from).into_iter();
    use_subjects(state, topics.chain([Subject::Rooms]).collect());
    let inviting = use_model(Inviting::default);
    {
        let state = state.clone();
        use_mount(Box::new(move || {
            Some(Box::new(move || state.forget_invited()))
        }));
    }
    let people = people(state, jid, &inviting.read());
    let find = Field {
        id: FIND,
        label: t("invite.find"),
        address: true,
        autofocus: true,
        hint: Some(t("invite.findHint")),
        error: inviting.read().wrong.then(|| t("invite.nobodyChosen")),
        oninput: typing(&inviting),
        onkeydown: choosing(&inviting, people.first().cloned()),
        ..Field::default()
    };
    let reason = Field {
        id: REASON,
        label: t("deed.reason"),
        hint: Some(t("invite.reasonHint")),
        ..Field::default()
    };
    let onsubmit = {
        let (state, jid, inviting) = (state.clone(), jid.clone(), inviting.clone());
        submitting(move |form| {
            let reason = Some(value(form, REASON)).filter(|reason| !reason.is_empty());
            submit(&state, &jid, &inviting, reason);
        })
    };
    let close = {
        let state = state.clone();
        Callback::from(move |_: MouseEvent| state.close())
    };
    let now = inviting.read();
    let name = state.store().name(jid).to_owned();
    let count = u32::try_from(now.chosen.len()).unwrap_or(u32::MAX);
    html! {
        <Dialog
            state={state.clone()}
            title={t_with("invite.title", &[("name", &name)])}
            class="dialog--search"
        >
            <form class="form" novalidate=true {onsubmit}>
                { find.html() }
                if people.is_empty() {
                    <p class="form__text" role="status">
                        if !now.typed.is_empty() {
                            { t("invite.nobody") }
                        }
                    </p>
                } else {
                    <ul class="choices choices--many" aria-label={t("invite.people")}>
                        { for people.iter().map(|jid| person(state, &inviting, jid)) }
                    </ul>
                }
                { reason.html() }
                <p class="form__text" role="status">{ standing(state, &now) }</p>
                <div class="form__buttons">
                    <button type="button" class="button" onclick={close}>
                        { t(if now.asked.is_empty() { "dialog.cancel" } else { "invite.finish" }) }
                    </button>
                    <button type="submit" class="button button--primary">
                        if count == 0 {
                            { t("invite.submit") }
                        } else {
                            { t_count("invite.submitMany", count) }
                        }
                    </button>
                </div>
            </form>
        </Dialog>
    }
}

/// Those who have been invited, those who are chosen, whoever's address is typed, and the
/// contacts that go with what is typed and aren't in the room.
fn people(state: &State, room: &BareJid, inviting: &Inviting) -> Vec<BareJid> {
    let mut found = state.list(Filter::People, &inviting.typed);
    let me = state.me();
    let store = state.store();
    let occupants = store.room(room).map(|room| &room.occupants);
    let here: Vec<&BareJid> = occupants
        .into_iter()
        .flat_map(|occupants| occupants.at(0..occupants.len()))
        .filter_map(|occupant| occupant.jid.as_ref())
        .collect();
    found.retain(|jid| !here.contains(&jid) && store.room(jid).is_none());
    found.truncate(SHOWN);
    let asked = inviting.asked.iter().map(|(jid, _)| jid.clone());
    let mut all: Vec<BareJid> = asked.chain(inviting.chosen.iter().cloned()).collect();
    all.extend(address(&inviting.typed));
    all.extend(found);
    let mut known: Vec<BareJid> = Vec::with_capacity(all.len());
    for jid in all {
        if Some(&jid) != me.as_ref() && !known.contains(&jid) {
            known.push(jid);
        }
    }
    if !inviting.typed.trim().is_empty() {
        // Who is looked for comes first.
        let sought = known.iter().position(|jid| !inviting.is_known(jid));
        if let Some(place) = sought {
            let sought = known.remove(place);
            known.insert(0, sought);
        }
    }
    known
}

/// Whoever's whole address is typed.
fn address(typed: &str) -> Option<BareJid> {
    let jid = Uri::typed(typed)?.jid;
    jid.node().is_some().then_some(jid)
}

impl Inviting {
    fn is_known(&self, jid: &BareJid) -> bool {
        self.chosen.contains(jid) || self.asked.iter().any(|(known, _)| known == jid)
    }

    fn toggle(&mut self, jid: &BareJid) {
        self.wrong = false;
        match self.chosen.iter().position(|known| known == jid) {
            Some(place) => drop(self.chosen.remove(place)),
            None if self.chosen.len() < MOST => {
                self.asked.retain(|(known, _)| known != jid);
                self.chosen.push(jid.clone());
            }
            None => {}
        }
    }

    fn forget_typed(&mut self) {
        self.typed.clear();
        if let Some(input) = input(FIND) {
            input.set_value("");
        }
    }
}

fn typing(inviting: &Model<Inviting>) -> Callback<InputEvent> {
    let inviting = inviting.clone();
    Callback::from(move |event: InputEvent| {
        let field: HtmlInputElement = event.target_unchecked_into();
        inviting.change(|inviting| {
            inviting.typed = field.value();
            inviting.wrong = false;
        });
    })
}

/// Enter chooses who is looked for; the next one sends.
fn choosing(inviting: &Model<Inviting>, first: Option<BareJid>) -> Callback<KeyboardEvent> {
    let inviting = inviting.clone();
    Callback::from(move |event: KeyboardEvent| {
        let sought = !inviting.read().typed.trim().is_empty();
        let Some(first) = first.as_ref().filter(|_| sought) else {
            return;
        };
        if event.key() == "Enter" && !event.is_composing() {
            event.prevent_default();
            inviting.change(|inviting| {
                if !inviting.is_known(first) {
                    inviting.toggle(first);
                }
                inviting.forget_typed();
            });
        }
    })
}

fn submit(state: &State, room: &BareJid, inviting: &Model<Inviting>, reason: Option<String>) {
    let mut chosen = inviting.read().chosen.clone();
    if chosen.is_empty() {
        chosen.extend(address(&inviting.read().typed));
    }
    if chosen.is_empty() {
        inviting.change(|inviting| inviting.wrong = true);
        return focus(FIND);
    }
    let pending = state.invite(room, chosen.clone(), reason);
    inviting.change(|inviting| {
        inviting.forget_typed();
        inviting.chosen.clear();
        inviting.asked.retain(|(known, _)| !chosen.contains(known));
        let asked = chosen.into_iter().map(|jid| (jid, pending.clone()));
        let before = std::mem::take(&mut inviting.asked);
        inviting.asked = asked.chain(before).collect();
    });
}

fn person(state: &State, inviting: &Model<Inviting>, jid: &BareJid) -> Html {
    let store = state.store();
    let name = store.name(jid);
    let availability = store.presence(jid).map(|presence| presence.availability);
    let now = inviting.read();
    let mut asked = now.asked.iter();
    let asked = asked.find(|(known, _)| known == jid);
    let outcome = asked.map(|(_, pending)| state.invited(pending, jid));
    let gone = asked.is_some_and(|(_, pending)| state.has_gone(pending, jid));
    let said = match &outcome {
        None => AttrValue::from(jid.to_string()),
        Some(None) => t("deed.busy"),
        Some(Some(Ok(()))) => t("invite.invited"),
        Some(Some(Err(reason))) => why(reason, gone),
    };
    let failed = matches!(outcome, Some(Some(Err(_))));
    let checked = now.chosen.contains(jid);
    let full = now.chosen.len() >= MOST && !checked;
    let onchange = {
        let (inviting, jid) = (inviting.clone(), jid.clone());
        Callback::from(move |_: Event| inviting.change(|inviting| inviting.toggle(&jid)))
    };
    let class = match failed {
        true => "setting__hint setting__hint--bad",
        false => "occupant__standing",
    };
    html! {
        <li key={jid.as_str()}>
            <label class="choice">
                <input
                    type="checkbox"
                    class="choice__input"
                    {checked}
                    disabled={full || outcome.is_some() && !failed}
                    {onchange}
                />
                { avatar(state, jid, name, Size::Small, availability) }
                <span class="occupant__who">
                    <bdi class="occupant__name" title={jid.to_string()}>{ name }</bdi>
                    <span {class} dir="auto">{ said }</span>
                </span>
            </label>
        </li>
    }
}

/// How it is going with all of them.
fn standing(state: &State, inviting: &Inviting) -> AttrValue {
    let outcomes = inviting.asked.iter();
    let outcomes: Vec<_> = outcomes
        .map(|(jid, pending)| state.invited(pending, jid))
        .collect();
    let count = |wanted: fn(&Option<Result<(), NotSaved>>) -> bool| {
        let counted = outcomes.iter().filter(|outcome| wanted(outcome)).count();
        u32::try_from(counted).unwrap_or(u32::MAX)
    };
    let failed = count(|outcome| matches!(outcome, Some(Err(_))));
    match outcomes.len() {
        0 => AttrValue::default(),
        _ if outcomes.contains(&None) => t("deed.busy"),
        _ if failed > 0 => t_count("invite.failed", failed),
        _ => t_count("invite.done", count(|outcome| *outcome == Some(Ok(())))),
    }
}

/// Why somebody isn't invited, and what to do. What has `gone` to them, they or their server have
/// refused, else the room has.
fn why(reason: &NotSaved, gone: bool) -> AttrValue {
    let NotSaved::Refused { condition, text } = reason else {
        return t("self.offline");
    };
    let said = match condition.as_str() {
        "forbidden" | "not-allowed" | "not-authorized" if gone => t("failure.forbidden"),
        "forbidden" | "not-allowed" | "not-authorized" => t("invite.forbidden"),
        "item-not-found" | "recipient-unavailable" | "service-unavailable" => t("failure.notFound"),
        "remote-server-not-found" => t("failure.serverNotFound"),
        "remote-server-timeout" => t("failure.serverTimeout"),
        _ => t_with("failure.other", &[("condition", condition)]),
    };
    with_quote(said, text.as_deref())
}
