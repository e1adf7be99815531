//! Who wrote what and when, and what can be done with that.
//!
//! Pure: bytes and times come in as arguments, bytes and values go out.
//!
//! * [`entry`]: what the log keeps of an update beside the update;
//! * [`Attribution`]: who inserted and who deleted which clocks;
//! * [`Archive`]: several states of a document in one list, each a [`View`] of it;
//! * [`tree`](tree()): a state, its authors, or the difference of two states, as a tree, which
//!   [`json`], [`html`] and [`markdown`] render;
//! * [`restore`], [`revert`]: edits that bring back what was;
//! * [`VersionNote`], [`is_wanted`], [`superfluous`]: which versions to keep;
//! * [`activity`](activity()): who worked when.

mod activity;
mod archive;
mod attribution;
mod compose;
pub mod entry;
mod ranges;
mod render;
mod restore;
mod revert;
mod tree;
mod value;
mod version;

pub use activity::{Sitting, Work, activity, authors_since, last_edits};
pub use archive::{Archive, View, server_client_id};
pub use attribution::{Attribution, Stamp, StampId};
pub use entry::{Author, Entry, Written};
pub use render::{escaped, html, json, markdown};
pub use restore::restore;
pub use revert::{Revert, Reverted, revert};
pub use tree::{Attributes, Branch, Change, Kind, Leaf, Lens, Mark, TooDeep, Tree, tree};
pub use version::{LABEL_BYTES_MAX, Newest, Thinning, VersionNote, is_wanted, superfluous};
