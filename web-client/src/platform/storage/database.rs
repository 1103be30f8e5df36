//! The database as a whole: opening it, bringing it up to date, giving it up.

use std::cell::Cell;
use std::rc::Rc;

use couplet_engine::{Table, earlier};
use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::JsCast as _;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Event, IdbDatabase, IdbFactory, IdbObjectStore, IdbOpenDbRequest, IdbRequest,
    IdbVersionChangeEvent,
};

use super::schema::Step;
use super::{Fault, Inner, Storage, request, schema};
use crate::platform::{NAME, profile};

impl Storage {
    /// Opens the database, and makes or changes it as this build needs it. `lost` is
    /// called if the browser or a newer build takes it away later.
    ///
    /// # Errors
    /// When there is none to be had.
    pub(crate) async fn open(lost: impl FnOnce() + 'static) -> Result<Self, Fault> {
        let request = factory()?.open_with_u32(&profile::own(NAME), schema::VERSION)?;
        let migrate = Closure::once(|event: IdbVersionChangeEvent| {
            if let Some(request) = event.target() {
                migrate(request.unchecked_ref(), event.old_version());
            }
        });
        request.set_onupgradeneeded(Some(migrate.as_ref().unchecked_ref()));
        let blocked = Rc::new(Cell::new(false));
        let promise = opening(&request, &blocked);
        if JsFuture::from(promise).await.is_err() {
            if blocked.get() {
                return Err(Fault::Blocked);
            }
            return Err(request::failure(&request));
        }
        let database: IdbDatabase = request.result()?.unchecked_into();
        watch(&database, lost);
        let epoch = Cell::default();
        Ok(Self(Rc::new(Inner { database, epoch })))
    }
}

/// Deletes the database with everything in it, as soon as no tab has it open any more.
///
/// # Errors
/// What the browser fails with.
pub(crate) async fn clear() -> Result<(), Fault> {
    let request = factory()?.delete_database(&profile::own(NAME))?;
    request::result(&request).await?;
    Ok(())
}

fn factory() -> Result<IdbFactory, Fault> {
    let window = web_sys::window().ok_or(Fault::Missing)?;
    match window.indexed_db() {
        Ok(Some(factory)) => Ok(factory),
        _ => Err(Fault::Missing),
    }
}

/// Settled when the request is, or when another tab is in the way.
fn opening(request: &IdbOpenDbRequest, blocked: &Rc<Cell<bool>>) -> Promise {
    Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
        let (held, blocked) = (request.clone(), blocked.clone());
        let give_up = Closure::once_into_js(move |_: Event| {
            blocked.set(true);
            // Opened after all, it would be in the way of others.
            let close = Closure::once_into_js(|event: Event| {
                let request = event.target().map(|it| it.unchecked_into::<IdbRequest>());
                if let Some(Ok(database)) = request.map(|request| request.result()) {
                    database.unchecked_into::<IdbDatabase>().close();
                }
            });
            held.set_onsuccess(Some(close.unchecked_ref()));
            // A function that settles a promise doesn't throw.
            let _ = reject.call0(&JsValue::UNDEFINED);
        });
        request.set_onblocked(Some(give_up.unchecked_ref()));
    })
}

fn migrate(request: &IdbRequest, old: f64) {
    let Ok(database) = request.result() else {
        return;
    };
    let database: IdbDatabase = database.unchecked_into();
    for step in schema::steps_after(old) {
        match step {
            Step::Create(names) => {
                for name in *names {
                    // What can't be made is missed by the first transaction, which says so.
                    let _: Result<IdbObjectStore, _> = database.create_object_store(name);
                }
            }
            Step::Forget(tables) => {
                for table in *tables {
                    let store = request
                        .transaction()
                        .and_then(|changing| changing.object_store(table.name()).ok());
                    // A request that fails undoes the whole change of version.
                    let _: Option<Result<IdbRequest, _>> = store.map(|store| store.clear());
                }
            }
            Step::Convert(table) => {
                let store = request
                    .transaction()
                    .and_then(|changing| changing.object_store(table.name()).ok());
                // Rows that couldn't be read are told of when they are needed.
                let _: Option<Result<(), _>> = store.map(|store| convert(store, *table));
            }
        }
    }
}

/// Begins to write the rows of a table in the form of this build; the change of version is
/// complete when they are.
fn convert(store: IdbObjectStore, table: Table) -> Result<(), JsValue> {
    let (keys, values) = (store.get_all_keys()?, store.get_all()?);
    let rows = values.clone();
    let read = Closure::once_into_js(move |_: Event| {
        let (Ok(keys), Ok(rows)) = (keys.result(), rows.result()) else {
            return;
        };
        for (key, row) in Array::from(&keys).iter().zip(Array::from(&rows).iter()) {
            let row = Uint8Array::new(&row).to_vec();
            if let Some(row) = earlier::convert(table, &row) {
                let row = Uint8Array::from(row.as_slice());
                let _: Result<IdbRequest, _> = store.put_with_key(&row, &key);
            }
        }
    });
    values.set_onsuccess(Some(read.unchecked_ref()));
    Ok(())
}

/// Gives the database up for whoever wants to change it.
fn watch(database: &IdbDatabase, lost: impl FnOnce() + 'static) {
    let held = database.clone();
    let give_up = Closure::once_into_js(move || {
        held.close();
        lost();
    });
    database.set_onversionchange(Some(give_up.unchecked_ref()));
    database.set_onclose(Some(give_up.unchecked_ref()));
}
