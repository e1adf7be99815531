//! Bytes <-> messages of the protocols that Yjs editors already speak.
//!
//! Everything here is pure: no socket, no clock, no task. A [`dialect`] translates the frames of
//! one family of clients into [`PeerMessage`]s, and [`ServerMessage`]s back into frames; the
//! session knows messages only and never learns which dialect a peer speaks.
//!
//! Promises: every length read from the network is checked against the bytes that are really
//! there before anything is allocated; nothing here panics on any input.

pub mod awareness;
pub mod close;
pub mod dialect;
pub mod encoding;
pub mod message;
pub mod name;
pub mod scan;

pub use close::CloseReason;
pub use message::{Access, PeerMessage, ServerMessage};
pub use name::{DocName, NameError};
