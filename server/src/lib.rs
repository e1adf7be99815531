//! The shell around the pure session: HTTP, sockets, tasks, settings and metrics.
//!
//! Nothing here decides about edits. A socket's frames become messages ([`unisson_protocol`]),
//! messages become facts for a document's session ([`unisson_session`]), and the session's orders
//! become IO in `effects` and in the outboxes of sockets.

mod address;
mod administration;
mod attachments;
mod audit;
pub mod auth;
mod carrier;
mod changes;
pub mod commands;
mod comments;
mod connection;
mod crdt;
mod crowd;
mod digests;
mod doc_task;
mod effects;
mod events;
mod flow;
mod following;
mod frame;
mod gate;
mod http;
mod indexing;
mod knocks;
mod listener;
mod memory;
mod metrics;
mod notices;
mod noticing;
mod outbox;
mod quota;
mod records;
mod registry;
mod server;
pub mod settings;
mod sockets;
mod spaces;
mod trash;
mod versions;
mod webhooks;

pub use listener::TlsError;
pub use server::{RunningServer, Server, StartError};
pub use settings::Settings;
