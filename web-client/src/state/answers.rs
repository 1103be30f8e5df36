//! Answers to commands that only concern the page that has asked.

use couplet_engine::codec::decode;
use couplet_engine::store::PageAnswer;

use super::State;
use crate::second;

impl State {
    /// Somebody is answered, who may be another tab. Whoever asks has the second module.
    pub(super) fn page_answered(&self, answer: &[u8]) {
        if second::is_here() {
            self.take_answer(answer);
        }
    }

    /// A way into the second module.
    #[inline(never)]
    fn take_answer(&self, answer: &[u8]) {
        match decode(answer) {
            Some(PageAnswer::Upload(answer)) => self.take_upload_answer(answer),
            Some(PageAnswer::Directory(answer)) => self.take_directory_answer(answer),
            Some(PageAnswer::Original(original)) => self.take_original(original),
            Some(PageAnswer::Rooms(answer)) => self.take_rooms_answer(answer),
            Some(PageAnswer::Affiliations(list)) => self.take_affiliations(list),
            Some(PageAnswer::Export(exported)) => self.take_exported(exported),
            // All tabs that talk to each other are of one build.
            None => {}
        }
    }
}
