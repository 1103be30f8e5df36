//! The dialog in which one finds a room: those of our server's service, or of any other, and, for
//! whoever wants that, public rooms of all servers.

use couplet_engine::store::{Entry, ListedRoom, NotSaved};
use jid::BareJid;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement};
use yew::prelude::*;

use super::avatar::{Size, avatar};
use super::dialog::{Dialog, submitting, value};
use super::field::{Field, focus, input};
use super::layer::Layer;
use super::trouble::with_quote;
use super::virtual_rows::VirtualRows;
use crate::hooks::{Model, use_change, use_each_rendering, use_model, use_mount, use_subjects};
use crate::i18n::{lower, t, t_count, t_with};
use crate::route::Route;
use crate::state::{Listing, State, Subject, document};

const FILTER: &str = "find-filter";
const SERVICE: &str = "find-service";

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
}

#[derive(Default)]
struct Finding {
    /// What is typed, in lower case.
    filter: String,
    rows: VirtualRows,
    /// Rooms that have last been asked what they are.
    asked: Vec<BareJid>,
    /// Whether what was typed is no service's address.
    wrong: bool,
}

/// A list of rooms, of which those in view are asked what they are.
#[component]
pub(crate) fn FindRooms(props: &Props) -> Html {
    let state = &props.state;
    use_subjects(state, vec![Subject::Rooms]);
    let finding = use_model(Finding::default);
    {
        let state = state.clone();
        use_mount(Box::new(move || {
            state.look_for_rooms();
            Some(Box::new(move || state.close_listing()))
        }));
    }
    let own = state.room_service();
    {
        let (state, own) = (state.clone(), own.clone());
        use_change(
            own.as_ref().map(ToString::to_string).unwrap_or_default(),
            Box::new(move || {
                let own = own?;
                // Somebody may know better by now where to look.
                let field = input(SERVICE).filter(|field| field.value().is_empty())?;
                field.set_value(own.as_str());
                state.browse_rooms(own);
                None
            }),
        );
    }
    let measure = {
        let finding = finding.clone();
        Callback::from(move |()| {
            let (rows, finding) = (finding.read().rows.clone(), finding.clone());
            rows.look(move |seen| finding.change(|finding| finding.rows.see(seen)));
        })
    };
    {
        let (state, finding, measure) = (state.clone(), finding.clone(), measure.clone());
        use_each_rendering(Box::new(move || {
            measure.emit(());
            let unknown = unknown(&state, &finding.read());
            if finding.read().asked != unknown {
                finding.note(|finding| finding.asked.clone_from(&unknown));
                state.describe_rooms(unknown);
            }
            if !finding.read().filter.is_empty() && state.listing().has_more() {
                // It may be among those that haven't come yet.
                state.more_rooms();
            }
        }));
    }
    let filter = Field {
        id: FILTER,
        label: t("find.filter"),
        autofocus: true,
        oninput: {
            let (state, finding) = (state.clone(), finding.clone());
            Callback::from(move |event: InputEvent| {
                let field: HtmlInputElement = event.target_unchecked_into();
                let typed = field.value();
                state.seek_rooms(&typed);
                finding.change(|finding| finding.filter = lower(typed.trim()));
            })
        },
        onkeydown: {
            let state = state.clone();
            Callback::from(move |event: KeyboardEvent| {
                if event.key() == "Enter" && !event.is_composing() {
                    state.seek_now();
                }
            })
        },
        ..Field::default()
    };
    let button = html! {
        <button type="submit" class="button button--small find-rooms__go">{ t("find.go") }</button>
    };
    let service = Field {
        id: SERVICE,
        label: t("find.service"),
        address: true,
        placeholder: t("find.example"),
        error: finding.read().wrong.then(|| t("find.noAddress")),
        button,
        ..Field::default()
    };
    let list = list(state, &finding, &measure);
    html! {
        <Dialog state={state.clone()} title={t("account.findRooms")} class="dialog--search dialog--form">
            <div class="form find-rooms" onkeydown={Callback::from(moving)}>
                { filter.html() }
                { elsewhere(state) }
                { list }
                <form novalidate=true onsubmit={going(state, &finding)}>{ service.html() }</form>
            </div>
        </Dialog>
    }
}

/// Whether rooms of other servers are searched too, and who is told then what is typed.
fn elsewhere(state: &State) -> Html {
    let Some(service) = state.room_search() else {
        return Html::default();
    };
    let onchange = {
        let state = state.clone();
        Callback::from(move |event: Event| {
            let switch: HtmlInputElement = event.target_unchecked_into();
            state.search_elsewhere(switch.checked());
            let typed = input(FILTER).map(|field| field.value());
            state.seek_rooms(&typed.unwrap_or_default());
        })
    };
    html! {
        <div class="choices">
            <label class="choice choice--explained">
                <input
                    type="checkbox"
                    class="choice__input"
                    checked={state.searches_elsewhere()}
                    {onchange}
                />
                <span>
                    { t("find.elsewhere") }
                    <span class="choice__hint">
                        { t_with("find.isSent", &[("service", service.domain().as_str())]) }
                    </span>
                </span>
            </label>
        </div>
    }
}

/// The rooms that go with what is typed, those of the service first.
fn found<'a>(own: &'a Listing, elsewhere: &'a Listing, filter: &str) -> Vec<&'a ListedRoom> {
    let goes = |room: &&ListedRoom| {
        let said = [
            room.name(),
            " ",
            room.jid.as_str(),
            " ",
            room.description().unwrap_or_default(),
        ];
        filter.is_empty() || lower(&said.concat()).contains(filter)
    };
    let domain = own.service.as_ref().map(|service| service.domain());
    let is_listed = |room: &ListedRoom| {
        let listed = |own: &ListedRoom| own.jid == room.jid;
        domain == Some(room.jid.domain()) && own.rooms.iter().any(listed)
    };
    let others = elsewhere.rooms.iter().filter(|room| !is_listed(room));
    own.rooms.iter().filter(goes).chain(others).collect()
}

/// Those in view that haven't said yet what they are.
fn unknown(state: &State, finding: &Finding) -> Vec<BareJid> {
    let (listing, elsewhere) = (state.listing(), state.elsewhere());
    let found = found(&listing, &elsewhere.found, &finding.filter);
    let shown = found
        .get(finding.rows.range(found.len()))
        .unwrap_or_default();
    let unknown = shown.iter().filter(|room| room.about.is_none());
    unknown.map(|room| room.jid.clone()).collect()
}

fn list(state: &State, finding: &Model<Finding>, measure: &Callback<()>) -> Html {
    let now = finding.read();
    let (listing, elsewhere) = (state.listing(), state.elsewhere());
    let found = found(&listing, &elsewhere.found, &now.filter);
    let range = now.rows.range(found.len());
    let shown = found.get(range.clone()).unwrap_or_default();
    let items = shown.iter().zip(range.start + 1..);
    let has_more = listing.has_more() || elsewhere.found.has_more();
    let is_asking = listing.is_asking() || elsewhere.is_asking();
    let more = {
        let state = state.clone();
        Callback::from(move |_: MouseEvent| {
            state.more_rooms();
            if state.elsewhere().found.has_more() {
                state.more_elsewhere();
            }
        })
    };
    let said = said(state, found.len(), !now.filter.is_empty());
    html! {
        <div>
            <div
                class="find-rooms__rooms"
                ref={now.rows.scroller()}
                onscroll={measure.reform(|_: Event| ())}
            >
                { now.rows.room(range.start) }
                <ul ref={now.rows.list()} class="find-rooms__list" aria-label={t("find.list")}>
                    { for items.map(|(room, place)| row(state, room, place, found.len())) }
                </ul>
                { now.rows.room(found.len() - range.end) }
                if has_more && !is_asking {
                    <button type="button" class="button button--small find-rooms__more" onclick={more}>
                        { t("search.more") }
                    </button>
                }
            </div>
            <div class="find-rooms__status" role="status">
                { for said.into_iter().map(|said| html! { <p>{ said }</p> }) }
            </div>
        </div>
    }
}

/// How it goes: what has failed, how many rooms there are of which some may be filtered out, and
/// what is missing for a search.
fn said(state: &State, count: usize, filtered: bool) -> Vec<AttrValue> {
    let (listing, elsewhere) = (state.listing(), state.elsewhere());
    let service = listing.service.as_ref().map(|service| service.as_str());
    let mut said = Vec::new();
    if let Some(failure) = &listing.failure {
        said.push(why(failure, service.unwrap_or_default()));
    }
    if let Some(failure) = &elsewhere.found.failure {
        said.push(why_not_elsewhere(state, failure));
        // Both, if there is no connection.
        said.dedup();
    }
    let quantity = u32::try_from(count).unwrap_or(u32::MAX);
    if listing.is_asking() || elsewhere.is_asking() {
        said.push(t("find.looking"));
    } else if count > 0 {
        said.push(t_count("find.count", quantity));
    } else if filtered && said.is_empty() && (service.is_some() || elsewhere.is_wanted()) {
        said.push(t("find.nothing"));
    } else if said.is_empty()
        && let Some(service) = service
    {
        said.push(t_with("find.none", &[("service", service)]));
    }
    if state.searches_elsewhere() && state.room_search().is_some() && !elsewhere.is_wanted() {
        said.push(t("find.typeMore"));
    }
    said
}

fn row(state: &State, room: &ListedRoom, place: usize, count: usize) -> Html {
    let (name, about) = (room.name(), room.about.as_ref());
    let people = about.and_then(|about| about.people);
    let closed = about.is_some_and(|about| about.closed);
    let onclick = {
        let (state, jid) = (state.clone(), room.jid.clone());
        Callback::from(move |_: MouseEvent| go(&state, &jid))
    };
    html! {
        <li
            key={room.jid.as_str()}
            class="find-rooms__room"
            aria-posinset={place.to_string()}
            aria-setsize={count.to_string()}
        >
            <button type="button" class="find-rooms__button" title={room.jid.to_string()} {onclick}>
                { avatar(state, &room.jid, name, Size::Medium, None) }
                <span class="find-rooms__text">
                    <bdi class="find-rooms__name">{ name }</bdi>
                    if let Some(description) = room.description() {
                        <bdi class="find-rooms__line">{ description }</bdi>
                    }
                    <bdi class="find-rooms__line">{ room.jid.as_str() }</bdi>
                </span>
                <span class="find-rooms__facts">
                    if let Some(people) = people {
                        <span>{ t_count("room.people", people) }</span>
                    }
                    if closed {
                        <span>{ t("find.closed") }</span>
                    }
                </span>
            </button>
        </li>
    }
}

/// A room in which we are is opened; into any other one we may come.
fn go(state: &State, jid: &BareJid) {
    let entry = state.store().room(jid).map(|room| room.entry.clone());
    if entry == Some(Entry::Joined) {
        state.close();
        Route::Chat(jid.clone()).go();
    } else {
        state.open(Layer::JoinRoom(Some(jid.clone())));
    }
}

/// Up and down go through the list, from the field above it on.
fn moving(event: KeyboardEvent) {
    let down = match event.key().as_str() {
        "ArrowDown" => true,
        "ArrowUp" => false,
        _ => return,
    };
    let Some(page) = document() else { return };
    let present = page
        .active_element()
        .and_then(|element| element.parent_element());
    let present = present.filter(|row| row.class_name() == "find-rooms__room");
    let to: Option<Element> = match (present, down) {
        (Some(row), true) => row.next_element_sibling(),
        (Some(row), false) => match row.previous_element_sibling() {
            Some(above) => Some(above),
            None => return focus(FILTER),
        },
        (None, true) => page.query_selector(".find-rooms__room").ok().flatten(),
        (None, false) => None,
    };
    let button = to.and_then(|row| row.first_element_child());
    if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
        event.prevent_default();
        // A button that is shown takes the focus.
        let _ = button.focus();
    }
}

fn going(state: &State, finding: &Model<Finding>) -> Callback<SubmitEvent> {
    let (state, finding) = (state.clone(), finding.clone());
    submitting(move |form| {
        let service = value(form, SERVICE).parse::<BareJid>().ok();
        let service = service.filter(|service| service.node().is_none());
        finding.change(|finding| {
            finding.wrong = service.is_none();
            finding.asked.clear();
        });
        match service {
            Some(service) => state.browse_rooms(service),
            None => focus(SERVICE),
        }
    })
}

/// Why there are no rooms to be seen, and what to do.
fn why(failure: &NotSaved, service: &str) -> AttrValue {
    let NotSaved::Refused { condition, text } = failure else {
        return t("self.offline");
    };
    let service = ("service", service);
    let said = match condition.as_str() {
        "item-not-found" => t_with("find.noRooms", &[service]),
        "remote-server-not-found" | "remote-server-timeout" | "service-unavailable" => {
            t_with("find.unreachable", &[service])
        }
        _ => t_with("find.refused", &[service, ("condition", condition)]),
    };
    with_quote(said, text.as_deref())
}

/// Why other servers can't be searched, and what to do.
fn why_not_elsewhere(state: &State, failure: &NotSaved) -> AttrValue {
    let NotSaved::Refused { condition, text } = failure else {
        return t("self.offline");
    };
    let service = state.room_search();
    let service = service
        .as_ref()
        .map_or("", |service| service.domain().as_str());
    let service = ("service", service);
    let said = match condition.as_str() {
        "resource-constraint" => t_with("find.tooOften", &[service]),
        // No word in it is long enough, or there are too many.
        "bad-request" | "not-acceptable" | "policy-violation" => {
            t_with("find.otherWords", &[service])
        }
        "remote-server-not-found"
        | "remote-server-timeout"
        | "service-unavailable"
        | "feature-not-implemented" => t_with("find.noSearch", &[service]),
        _ => t_with("find.searchRefused", &[service, ("condition", condition)]),
    };
    with_quote(said, text.as_deref())
}
