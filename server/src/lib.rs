//! The shell around the pure session: HTTP, sockets, tasks, settings and metrics.
//!
//! Nothing here decides about edits. A socket's frames become messages ([`unisson_protocol`]),
//! messages become facts for a document's session ([`unisson_session`]), and the session's orders
//! become IO in `effects` and in the outboxes of sockets.

mod audit;
pub mod auth;
pub mod commands;
mod connection;
mod crdt;
mod doc_task;
mod effects;
mod events;
mod frame;
mod http;
mod memory;
mod metrics;
mod outbox;
mod registry;
mod server;
pub mod settings;
mod sockets;
mod versions;
mod webhooks;

pub use server::{RunningServer, Server, StartError};
pub use settings::Settings;
