//! The client core: one document connection to a server that speaks `y-websocket` or Hocuspocus.
//!
//! [`Client`] is pure: it takes facts (`opened`, `received`, `closed`, `tick`, a local edit) with
//! the time they happened, and returns [`Effect`]s that a shell carries out. The same core runs in
//! a browser (see `bindings`), in a worker, and natively in the load generator.
//!
//! Promises:
//! - [`Status::Saved`] means that the server acknowledged every local edit as durable; a lost
//!   socket never turns "unsaved" into "saved".
//! - The CRDT document is never fed across a clock hole; the missing part is asked for instead.
//! - Nothing that a server sends makes the core panic.
//!
//! Deliberately missing: sockets, timers, local persistence.

mod backoff;
#[cfg(target_arch = "wasm32")]
pub mod bindings;
mod client;
mod close_code;
mod document;
mod ledger;
mod presence;
mod replica;
mod status;
mod wire;

pub use client::{Client, EditError, Effect, Settings};
pub use close_code::{Reconnect, after_close};
pub use presence::PresenceState;
pub use replica::{
    Change, Event, Kind, NodeError, Replica, ReplicaError, UndoSizes, UndoStep, ValueError,
    content_numbers, merge,
};
pub use status::Status;
pub use wire::{Incoming, Wire};
