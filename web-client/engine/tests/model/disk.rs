//! The disk of a device: what is left when everything else is gone.

use std::collections::{BTreeMap, BTreeSet};

use couplet_engine::codec::decode;
use couplet_engine::store::{Delivery, Message, MessageId};
use couplet_engine::{Record, Table};

/// One transaction: what an engine and its store have changed, and what it was for.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    pub(crate) commit: Option<u64>,
    pub(crate) records: Vec<Record>,
    /// The command that was taken: of which tab, and its number.
    pub(crate) taken: Option<(usize, u32)>,
    /// Whether it is on disk, and whoever wrote it has yet to be told.
    pub(crate) done: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Disk {
    rows: BTreeMap<(Table, String), Vec<u8>>,
    /// The number of the leadership that may write.
    epoch: u32,
    /// The last command taken of each tab.
    pub(crate) taken: BTreeMap<usize, u32>,
    /// The bodies and ids that are there.
    known: BTreeSet<String>,
    /// How far each message was seen to have got.
    pub(crate) delivered: BTreeMap<MessageId, Delivery>,
}

impl Disk {
    /// Begins a leadership: from now on nobody else can write.
    pub(crate) fn lead(&mut self) -> u32 {
        self.epoch += 1;
        self.epoch
    }

    /// All of it or, if another tab leads by now, nothing.
    pub(crate) fn write(&mut self, epoch: u32, transaction: &mut Transaction) -> bool {
        if epoch != self.epoch {
            return false;
        }
        for record in transaction.records.drain(..) {
            self.set(record);
        }
        if let Some((tab, number)) = transaction.taken {
            self.taken.insert(tab, number);
        }
        transaction.done = true;
        true
    }

    fn set(&mut self, Record { table, key, value }: Record) {
        let Some(value) = value else {
            self.rows.remove(&(table, key));
            return;
        };
        if table == Table::Messages {
            self.note(decode(&value).expect("a row is a message"));
        }
        self.rows.insert((table, key), value);
    }

    /// Delivery never goes back, whatever has crashed and whoever leads.
    fn note(&mut self, message: Message) {
        let Message { id, delivery, .. } = message;
        let before = self.delivered.get(&id);
        assert!(
            before.is_none_or(|before| *before <= delivery),
            "on disk {id:?} went back from {before:?} to {delivery:?}"
        );
        self.known.extend([message.body, id.0.clone()]);
        self.known.extend(message.origin_id);
        self.delivered.insert(id, delivery);
    }

    /// Whether a message with this id, or this body, is there.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.known.contains(id)
    }

    pub(crate) fn row(&self, table: Table, key: &str) -> Option<&Vec<u8>> {
        self.rows.get(&(table, key.to_owned()))
    }

    /// All rows of `table`, in order.
    pub(crate) fn table(&self, table: Table) -> impl Iterator<Item = &Vec<u8>> {
        let of_table = self.rows.range((table, String::new())..);
        let of_table = of_table.take_while(move |((known, _), _)| *known == table);
        of_table.map(|(_, row)| row)
    }

    pub(crate) fn rows(&self) -> Vec<Record> {
        let row = |((table, key), value): (&(Table, String), &Vec<u8>)| Record {
            table: *table,
            key: key.clone(),
            value: Some(value.clone()),
        };
        self.rows.iter().map(row).collect()
    }

    /// As they will be once all of `writing` is there, which is what a page reads that
    /// asks for them now.
    pub(crate) fn rows_behind<'a>(
        &self,
        writing: impl Iterator<Item = &'a Transaction>,
    ) -> Vec<Record> {
        let mut rows = self.rows.clone();
        for Record { table, key, value } in writing.flat_map(|writing| &writing.records) {
            match value {
                Some(value) => rows.insert((*table, key.clone()), value.clone()),
                None => rows.remove(&(*table, key.clone())),
            };
        }
        Self {
            rows,
            ..Self::default()
        }
        .rows()
    }
}
