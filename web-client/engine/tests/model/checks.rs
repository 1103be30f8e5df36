//! What has to be so in the end.

use std::collections::{BTreeMap, BTreeSet};

use couplet_engine::store::Delivery;

use crate::device::Device;
use crate::faults::identity;
use crate::server::BAD;
use crate::world::World;

impl World {
    /// Everybody sees everything that anybody wrote, once, each writer's in order.
    pub(crate) fn check(&mut self) {
        self.disbelieve_all();
        self.check_archives();
        for device in 0..self.devices.len() {
            self.check_sessions(device);
            let now = self.time(device);
            let viewer = &self.devices[device];
            self.check_tabs(viewer);
            let newest = [&viewer.peer, &viewer.room].map(|jid| viewer.bodies(jid));
            self.devices[device].load_all(now);
            for (in_room, newest) in [false, true].into_iter().zip(newest) {
                self.check_conversation(device, in_room, &newest);
            }
        }
    }

    /// Nothing is said twice where the server never lost track of what it had.
    fn check_archives(&self) {
        let habits = self.server.habits;
        if habits.doubles || habits.mortal || habits.management && !habits.remembers {
            return;
        }
        for account in &self.server.accounts {
            let mut ids = BTreeSet::new();
            for archived in &account.archive {
                let id = identity(&archived.message);
                let new = id.is_none_or(|id| ids.insert(id));
                assert!(new, "twice in the archive: {archived:?}");
            }
        }
    }

    /// A device has one session, and leaves no other behind.
    fn check_sessions(&self, device: usize) {
        let sessions = self.server.sessions.iter();
        let own: Vec<_> = sessions
            .filter(|session| session.device == device)
            .map(|session| (&session.resource, session.link))
            .collect();
        assert!(
            own.len() <= 1,
            "{device} has more than one session: {own:?}"
        );
    }

    /// What was wanted in a tab was done once, in the order in which it was wanted there,
    /// and all tabs show the same.
    fn check_tabs(&self, device: &Device) {
        for (tab, last) in device.numbers() {
            let said = device.said().filter(|said| said.asked.0 == tab);
            let done: Vec<u32> = said.map(|said| said.asked.1).collect();
            let wanted: Vec<u32> = (1..=last).collect();
            assert_eq!(done, wanted, "what was wanted in tab {tab}");
        }
        for jid in [&device.peer, &device.room] {
            let shown = device.bodies(jid);
            let elsewhere = device.bodies_elsewhere(jid).unwrap_or_default();
            assert!(
                shown.ends_with(&elsewhere),
                "one tab shows {shown:?}, the other {elsewhere:?}"
            );
        }
    }

    /// `newest` is what was here before everything was read from disk.
    fn check_conversation(&self, device: usize, in_room: bool, newest: &[String]) {
        let viewer = &self.devices[device];
        let jid = match in_room {
            true => &viewer.room,
            false => &viewer.peer,
        };
        let shown = viewer.bodies(jid);
        assert!(
            shown.ends_with(newest),
            "before scrolling back {device} sees {newest:?}, then {shown:?}"
        );
        assert_eq!(shown, viewer.bodies_on_disk(jid), "the disk differs");
        let mut by_writer: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
        for body in &shown {
            let (writer, _) = body.split_once(':').expect("ours");
            by_writer.entry(writer).or_default().push(body);
        }
        for (writer, known) in self.devices.iter().enumerate() {
            let name = writer.to_string();
            let arrives = |body: &&String| writer == device || !body.contains(BAD);
            let said = known
                .said()
                .filter(|said| said.in_room == in_room)
                .map(|said| &said.body);
            let said: Vec<_> = said.filter(arrives).collect();
            let seen = by_writer.remove(name.as_str()).unwrap_or_default();
            let known = match self.server.shown_in_part.contains(&(device, in_room)) {
                // Nobody has scrolled back further.
                true => said.iter().rev().take(seen.len()).rev().copied().collect(),
                false => said,
            };
            assert_eq!(seen, known, "what {writer} wrote, as {device} sees it");
        }
        assert!(by_writer.is_empty(), "nobody wrote {by_writer:?}");
        let conversation = viewer.tab.store.conversation(jid);
        for message in conversation.iter().flat_map(|known| known.timeline.iter()) {
            let failed = matches!(message.delivery, Delivery::Failed(_));
            assert_eq!(failed, message.body.contains(BAD), "{message:?}");
            assert!(message.delivery != Delivery::Queued, "{message:?}");
        }
    }
}
