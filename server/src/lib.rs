//! The shell around the pure session: HTTP, sockets, tasks, settings and metrics.
//!
//! Nothing here decides about edits. A socket's frames become messages ([`unisson_protocol`]),
//! messages become facts for a document's session ([`unisson_session`]), and the session's orders
//! become IO in `effects` and in the outboxes of sockets.

pub mod auth;
mod changes;
pub mod commands;
mod connection;
mod crdt;
mod doc_task;
mod effects;
mod frame;
mod http;
mod memory;
mod metrics;
mod outbox;
mod registry;
mod server;
pub mod settings;
mod sockets;
mod trash;
mod versions;

pub use server::{RunningServer, Server, StartError};
pub use settings::Settings;
