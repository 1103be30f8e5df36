//! What is said to whoever has asked, and to nobody else.

use serde::{Deserialize, Serialize};

use super::{AffiliationList, DirectoryAnswer, Exported, Original, RoomsAnswer, UploadAnswer};

/// An answer to a command. It concerns the page whose command that was; nothing of it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum PageAnswer {
    /// Where a file may be put, or why nowhere.
    Upload(UploadAnswer),
    /// What a directory of people says.
    Directory(DirectoryAnswer),
    /// A message as it is in the archive.
    Original(Original),
    /// What is said to whoever makes a room or changes one.
    Rooms(RoomsAnswer),
    /// Who is what to a room.
    Affiliations(AffiliationList),
    /// A part of what the server keeps, for a file.
    Export(Exported),
}
