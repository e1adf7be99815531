//! The state machine of one open document.
//!
//! [`Session`] takes facts ([`Input`]) and gives orders ([`Effect`]). It has no socket, no task,
//! no clock and no randomness: the same inputs give the same bytes, so that a simulator can run
//! the very code that production runs.
//!
//! Promises, each tested here and in the simulator:
//! * an accepted update goes to the other peers at once, or within 25 ms where many people make or
//!   read many of them; its author is told *accepted* only after [`Input::Appended`] said it is
//!   durable and the document has integrated it;
//! * an update that the CRDT cannot integrate yet (a clock hole, a missing origin) waits, bounded,
//!   and its sender is asked again;
//! * every queue and map has a limit in [`Limits`].

mod answers;
mod compaction;
mod document;
mod effect;
mod history;
mod image;
mod input;
mod ledger;
mod limits;
mod news;
mod pace;
mod packed;
mod presence;
mod record;
mod session;
mod stamp;
mod standing;
mod whole;

pub use compaction::{Condensed, StoredParts, compact, condense};
pub use document::{LoadError, LoadedDocument, load};
pub use effect::{Effect, Effects, VersionWanted};
pub use history::{Chronicle, chronicle, version_body, version_state};
pub use image::Image;
pub use input::{
    AppendError, AppendSeq, Condition, EditId, Input, OpenError, Peer, PeerId, SnapshotError,
};
pub use limits::Limits;
pub use news::news;
pub use record::{Change, Entries, Record};
pub use session::{NOT_SO, Present, Session};
pub use standing::standing;
pub use unisson_protocol::{Access, CloseReason, DocName, PeerMessage, ServerMessage};
pub use whole::{
    MergeError, Merged, WholeDocument, merge, update_v1_of_v2, update_v2_of_v1, whole,
};

/// Milliseconds since some fixed moment; never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Millis(pub u64);

impl std::ops::Add<u64> for Millis {
    type Output = Self;
    fn add(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}
