//! Where our account is signed in besides here.

use serde::{Deserialize, Serialize};

use super::{Store, Topic};
use crate::now::Timestamp;

/// So many of our devices are remembered: those that were seen last.
const REMEMBERED: usize = 8;

/// Another device of our account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnDevice {
    /// Its resource.
    pub resource: String,
    /// When it last came, said something else, or went.
    pub at: Timestamp,
}

impl Store {
    /// The other devices of our account that have been seen from here and aren't online, the
    /// last first.
    pub fn devices_before(&self) -> Vec<&OwnDevice> {
        let me = self.me.as_ref();
        let account = me.map(|me| me.to_bare());
        let is_here = |resource: &str| {
            let online = account.as_ref().and_then(|me| self.presences.get(me));
            online.is_some_and(|online| online.contains_key(resource))
                || me.is_some_and(|me| me.resource().as_str() == resource)
        };
        let mut devices: Vec<_> = self.devices.iter().collect();
        devices.retain(|device| !is_here(&device.resource));
        devices
    }

    pub(super) fn see_device(&mut self, device: OwnDevice) -> Vec<Topic> {
        self.devices
            .retain(|known| known.resource != device.resource);
        self.devices.insert(0, device);
        self.devices.truncate(REMEMBERED);
        self.changed.mark_devices();
        vec![Topic::Session]
    }
}
