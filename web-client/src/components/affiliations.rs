//! Who is what to a room, there or not, for those who run it.

use couplet_engine::store::{Affiliation, Listed, NotSaved, Standing, Topic};
use jid::BareJid;
use yew::prelude::*;

use super::dialog::{Dialog, submitting, value};
use super::field::{Field, focus, input};
use super::icon::Icon;
use super::icon_button::word;
use super::menu::{Entry, Menu};
use super::room_question::why;
use crate::hooks::{Model, use_change, use_model, use_mount, use_subjects};
use crate::i18n::{t, t_with};
use crate::state::{Pending, State, Subject, own_occupant};

const ADDRESS: &str = "affiliation-address";
/// So many are shown at once; who is looked for is found by a part of their address.
const SHOWN: usize = 100;

/// What somebody can be, where those who own the room are asked, and those who run it.
const LISTS: [(Affiliation, &str, bool); 4] = [
    (Affiliation::Member, "occupants.members", false),
    (Affiliation::Outcast, "affiliations.banned", false),
    (Affiliation::Admin, "occupants.admins", true),
    (Affiliation::Owner, "occupants.owners", true),
];

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
    pub(crate) jid: BareJid,
}

/// What is shown, and what was changed since the dialog was opened.
struct Lists {
    shown: Affiliation,
    asked: Option<Pending>,
    /// What is typed: somebody to be looked for, or added.
    typed: String,
    wrong: bool,
    changes: Vec<Change>,
}

/// Somebody is to be something else.
struct Change {
    jid: BareJid,
    before: Affiliation,
    now: Affiliation,
    pending: Pending,
    outcome: Option<Result<(), NotSaved>>,
}

/// The lists, one at a time.
#[component]
pub(crate) fn Affiliations(props: &Props) -> Html {
    let Props { state, jid } = props;
    let topics = state.me().map(|me| Topic::Profile(me).into());
    let topics = topics.into_iter().chain([Subject::Affiliations]);
    use_subjects(state, topics.collect());
    let lists = use_model(|| Lists {
        shown: Affiliation::Member,
        asked: None,
        typed: String::new(),
        wrong: false,
        changes: Vec::new(),
    });
    let shown = lists.read().shown;
    {
        let (state, jid, lists) = (state.clone(), jid.clone(), lists.clone());
        use_change(
            format!("{shown:?}"),
            Box::new(move || {
                let asked = state.list_affiliation(&jid, shown);
                lists.change(|lists| lists.asked = Some(asked));
                None
            }),
        );
    }
    {
        let state = state.clone();
        use_mount(Box::new(move || {
            Some(Box::new(move || state.forget_affiliations()))
        }));
    }
    lists.note(|lists| {
        for change in &mut lists.changes {
            change.outcome = change
                .outcome
                .take()
                .or_else(|| state.outcome(&change.pending));
        }
    });
    let owns = state
        .store()
        .room(jid)
        .and_then(own_occupant)
        .map(|us| us.affiliation)
        == Some(Affiliation::Owner);
    let list = lists
        .read()
        .asked
        .as_ref()
        .and_then(|asked| state.affiliation_list(asked));
    let name = state.store().name(jid).to_owned();
    html! {
        <Dialog state={state.clone()} title={t_with("affiliations.title", &[("name", &name)])}>
            <div class="form">
                <div class="chips" role="group" aria-label={t("affiliations.list")}>
                    { for LISTS.iter().filter(|(.., owners)| owns || !owners).map(|known| chip(&lists, known)) }
                </div>
                { form(state, jid, &lists) }
                { match &list {
                    None => html! { <p class="form__text" role="status">{ t("deed.busy") }</p> },
                    Some(Err(reason)) => html! {
                        <p class="setting__hint setting__hint--bad" role="status">{ why(reason) }</p>
                    },
                    Some(Ok(listed)) => rows(state, jid, &lists, listed, owns),
                } }
            </div>
        </Dialog>
    }
}

fn chip(lists: &Model<Lists>, (affiliation, key, _): &(Affiliation, &'static str, bool)) -> Html {
    let down = lists.read().shown == *affiliation;
    let (lists, affiliation) = (lists.clone(), *affiliation);
    let onclick = Callback::from(move |_: MouseEvent| {
        lists.change(|lists| {
            lists.shown = affiliation;
            lists.wrong = false;
            if !down {
                lists.asked = None;
            }
        });
    });
    html! {
        <button type="button" class="chip" aria-pressed={word(down)} {onclick}>{ t(key) }</button>
    }
}

/// The field that looks for somebody, and adds them.
fn form(state: &State, jid: &BareJid, lists: &Model<Lists>) -> Html {
    let oninput = {
        let lists = lists.clone();
        Callback::from(move |_: InputEvent| {
            let typed = input(ADDRESS).map(|input| input.value());
            lists.change(|lists| {
                lists.typed = typed.unwrap_or_default().trim().to_lowercase();
                lists.wrong = false;
            });
        })
    };
    let onsubmit = {
        let (state, room, lists) = (state.clone(), jid.clone(), lists.clone());
        submitting(move |form| {
            let address = value(form, ADDRESS).parse::<BareJid>().ok();
            let Some(address) = address.filter(|address| address.node().is_some()) else {
                focus(ADDRESS);
                return lists.change(|lists| lists.wrong = true);
            };
            let now = lists.read().shown;
            begin(&state, &room, &lists, address, Affiliation::None, now);
            if let Some(input) = input(ADDRESS) {
                input.set_value("");
            }
            lists.change(|lists| lists.typed.clear());
        })
    };
    let address = Field {
        id: ADDRESS,
        label: t("affiliations.address"),
        address: true,
        autofocus: true,
        error: lists.read().wrong.then(|| t("affiliations.noAddress")),
        oninput,
        button: html! {
            <button type="submit" class="button button--small">{ t("affiliations.add") }</button>
        },
        ..Field::default()
    };
    html! { <form novalidate=true {onsubmit}>{ address.html() }</form> }
}

/// Those on the list whose address has what is typed in it, and those who were changed.
fn rows(
    state: &State,
    room: &BareJid,
    lists: &Model<Lists>,
    listed: &[Listed],
    owns: bool,
) -> Html {
    let known = lists.read();
    let concerns = |change: &&Change| known.shown == change.before || known.shown == change.now;
    let changes: Vec<&Change> = known.changes.iter().filter(concerns).collect();
    let change_of = |jid: &BareJid| changes.iter().copied().find(|change| change.jid == *jid);
    let others = listed
        .iter()
        .filter(|one| change_of(&one.jid).is_none() && one.jid.as_str().contains(&known.typed));
    let left = others.clone().count().saturating_sub(SHOWN);
    let changed = changes.iter().map(|change| {
        let one = listed.iter().find(|one| one.jid == change.jid);
        row(state, room, lists, (&change.jid, one, Some(change)), owns)
    });
    let others = others
        .take(SHOWN)
        .map(|one| row(state, room, lists, (&one.jid, Some(one), None), owns));
    let all: Vec<Html> = changed.chain(others).collect();
    if all.is_empty() {
        return html! { <p class="form__text" role="status">{ t("affiliations.nobody") }</p> };
    }
    html! {
        <>
            <ul class="blocked" aria-label={t("affiliations.list")}>{ all }</ul>
            if left > 0 {
                <p class="form__text">
                    { t_with("affiliations.more", &[("count", &left.to_string())]) }
                </p>
            }
        </>
    }
}

fn row(
    state: &State,
    room: &BareJid,
    lists: &Model<Lists>,
    (jid, listed, change): (&BareJid, Option<&Listed>, Option<&Change>),
    owns: bool,
) -> Html {
    let said = match change.map(|change| &change.outcome) {
        None => listed
            .and_then(|one| one.reason.clone())
            .map(AttrValue::from),
        Some(None) => Some(t("deed.busy")),
        Some(Some(Err(reason))) => Some(why(reason)),
        Some(Some(Ok(()))) => change.map(|change| t(now(change.now))),
    };
    let undo = change
        .filter(|change| change.outcome == Some(Ok(())))
        .map(|change| {
            let (before, now) = (change.before, change.now);
            let (state, room, lists, jid) =
                (state.clone(), room.clone(), lists.clone(), jid.clone());
            let onclick = Callback::from(move |_: MouseEvent| {
                begin(&state, &room, &lists, jid.clone(), now, before);
            });
            html! {
                <button
                    type="button"
                    class="button button--small"
                    aria-label={t_with("affiliations.undoFor", &[("name", change.jid.as_str())])}
                    {onclick}
                >
                    { t("affiliations.undo") }
                </button>
            }
        });
    let shown = lists.read().shown;
    let entries = || {
        let entry = |(to, icon, key): (Affiliation, Icon, &'static str)| {
            let (state, room) = (state.clone(), room.clone());
            let (lists, jid) = (lists.clone(), jid.clone());
            Entry {
                icon,
                label: t(key),
                chosen: None,
                separated: false,
                onselect: Callback::from(move |()| {
                    begin(&state, &room, &lists, jid.clone(), shown, to);
                }),
            }
        };
        let all = [
            (Affiliation::Member, Icon::AddPerson, "deed.makeMember"),
            (Affiliation::Admin, Icon::Gear, "deed.makeAdmin"),
            (Affiliation::Owner, Icon::Lock, "deed.makeOwner"),
            (Affiliation::None, Icon::Trash, "affiliations.remove"),
            (Affiliation::Outcast, Icon::Block, "deed.ban"),
        ];
        let open = all.into_iter().filter(|(to, ..)| {
            let owners = matches!(to, Affiliation::Admin | Affiliation::Owner);
            *to != shown && (owns || !owners)
        });
        open.map(entry).collect::<Vec<_>>()
    };
    html! {
        <li class="blocked__row" key={jid.as_str()}>
            <div class="occupant__who">
                <bdi class="occupant__name" title={jid.to_string()}>{ jid.as_str() }</bdi>
                if let Some(said) = said {
                    <span class="occupant__standing" role="status" dir="auto">{ said }</span>
                }
            </div>
            if let Some(undo) = undo {
                { undo }
            } else if change.is_none_or(|change| change.outcome.is_some()) {
                <Menu
                    label={t_with("occupants.actions", &[("name", jid.as_str())])}
                    entries={entries()}
                />
            }
        </li>
    }
}

/// Has somebody be something else, unless the last change is still under way.
fn begin(
    state: &State,
    room: &BareJid,
    lists: &Model<Lists>,
    jid: BareJid,
    before: Affiliation,
    now: Affiliation,
) {
    let busy = |change: &Change| change.outcome.is_none();
    if lists.read().changes.iter().any(busy) {
        return;
    }
    let standing = Standing::Affiliation(jid.clone(), now);
    let pending = state.set_standing(room, standing, None);
    lists.change(|lists| {
        lists.changes.retain(|known| known.jid != jid);
        lists.changes.insert(
            0,
            Change {
                jid,
                before,
                now,
                pending,
                outcome: None,
            },
        );
    });
}

/// What somebody is by now.
fn now(affiliation: Affiliation) -> &'static str {
    match affiliation {
        Affiliation::Owner => "affiliations.nowOwner",
        Affiliation::Admin => "affiliations.nowAdmin",
        Affiliation::Member => "affiliations.nowMember",
        Affiliation::None => "affiliations.nowNone",
        Affiliation::Outcast => "affiliations.nowBanned",
    }
}
