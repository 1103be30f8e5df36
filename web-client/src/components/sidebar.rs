//! The first column: ourselves, search, requests, conversations.

use couplet_engine::store::Topic;
use jid::BareJid;
use yew::prelude::*;

use super::account::account;
use super::conversation_list::conversation_list;
use super::filter_chips::{filter_chips, group_chips};
use super::requests::requests;
use super::search_field::search_field;
use super::virtual_rows::VirtualRows;
use crate::hooks::{use_each_rendering, use_model, use_mount, use_subjects};
use crate::i18n::t;
use crate::second::{Part, Second};
use crate::state::{Filter, State, Subject};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) state: State,
    /// The conversation that is open.
    pub(crate) current: Option<BareJid>,
}

/// What is chosen and how far it is scrolled.
#[derive(Default)]
struct View {
    filter: Filter,
    /// Of the roster, only those in this group.
    group: Option<String>,
    query: AttrValue,
    rows: VirtualRows,
}

/// The column.
#[component]
pub(crate) fn Sidebar(props: &Props) -> Html {
    let state = &props.state;
    let mut subjects: Vec<Subject> = [
        Topic::Session,
        Topic::Roster,
        Topic::Requests,
        Topic::Conversations,
        Topic::Blocking,
    ]
    .map(Into::into)
    .into();
    subjects.extend([Subject::Day, Subject::Choices]);
    subjects.extend(state.me().map(|me| Topic::Avatar(me).into()));
    use_subjects(state, subjects);

    let view = use_model(View::default);
    let measure = {
        let view = view.clone();
        Callback::from(move |()| {
            let (rows, view) = (view.read().rows.clone(), view.clone());
            rows.look(move |seen| view.change(|view| view.rows.see(seen)));
        })
    };
    {
        let measure = measure.clone();
        use_each_rendering(Box::new(move || measure.emit(())));
    }
    {
        let measure = measure.clone();
        use_mount(Box::new(move || {
            let window = web_sys::window()?;
            let listener =
                gloo_events::EventListener::new(&window, "resize", move |_| measure.emit(()));
            Some(Box::new(move || drop(listener)))
        }));
    }
    let set_filter = {
        let view = view.clone();
        Callback::from(move |filter| {
            view.change(|view| (view.filter, view.group) = (filter, None));
        })
    };
    let set_group = {
        let view = view.clone();
        Callback::from(move |group| view.change(|view| view.group = group))
    };
    let set_query = {
        let view = view.clone();
        Callback::from(move |query| view.change(|view| view.query = query))
    };
    let prepare = {
        let state = state.clone();
        Callback::from(move |_: FocusEvent| state.prepare_search())
    };
    let View {
        filter,
        group,
        query,
        rows,
    } = &*view.read();
    let mut order = state.list(*filter, query);
    if let Some(group) = group {
        let store = state.store();
        let is_in = |jid: &BareJid| {
            let contact = store.contact(jid);
            contact.is_some_and(|contact| contact.groups.contains(group))
        };
        order.retain(is_in);
    }
    html! {
        <nav class="sidebar" aria-label={t("sidebar.label")}>
            { account(state) }
            <div class="sidebar__tools">
                { search_field(query, &set_query, prepare) }
                { filter_chips(state, *filter, &set_filter) }
                if *filter == Filter::People {
                    { group_chips(state, group.as_ref(), &set_group) }
                }
            </div>
            { requests(state) }
            <div
                class="conversations"
                ref={rows.scroller()}
                onscroll={measure.reform(|_| ())}
            >
                if order.is_empty() {
                    { super::empty::list(state, *filter, query) }
                }
                { conversation_list(state, &order, rows, props.current.as_ref()) }
                if !query.trim().is_empty() {
                    <Second
                        state={state.clone()}
                        part={Part::Found(query.clone(), state.clock())}
                    />
                }
            </div>
        </nav>
    }
}
