//! How the server is doing, at one look.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    http::{AppState, admin::Admin, error::Problem},
    registry::Shared,
};

/// How this server is doing. Where several share a store, each speaks for itself.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Overview {
    version: &'static str,
    /// Which server of the store it is
    node: String,
    uptime_s: u64,
    sockets: SocketFigures,
    documents: DocumentFigures,
    store: StoreFigures,
    queues: QueueFigures,
}

/// Open sockets.
#[derive(Debug, Serialize, ToSchema)]
struct SocketFigures {
    open: usize,
    max: usize,
    /// By transport: `y-websocket`, `hocuspocus`, `fallback`
    transports: BTreeMap<&'static str, usize>,
    /// Readers that are behind now
    slow_readers: usize,
}

/// Documents.
#[derive(Debug, Serialize, ToSchema)]
struct DocumentFigures {
    /// Open now
    open: usize,
    /// Of these, held as compressed bytes
    cold: u64,
    /// What the open ones take
    memory_bytes: u64,
    /// With anything in the store, the server's own records among them
    stored: usize,
}

/// How the store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Health {
    /// Edits become durable
    Ready,
    /// The last attempt failed, and is being made again
    Failing,
    /// There is no space left
    Full,
    /// It has stopped: the server has to be started again
    Stopped,
}

/// The store.
#[derive(Debug, Serialize, ToSchema)]
struct StoreFigures {
    health: Health,
    /// The last thing that went wrong
    last_error: Option<String>,
    segments: usize,
    /// Edits that wait to be durable
    waiting: usize,
    waiting_bytes: usize,
    oldest_waiting_ms: u64,
    /// What all documents take, as it was last measured
    bytes: Option<u64>,
    /// When that was, in milliseconds since 1970
    measured_ms: Option<u64>,
}

/// What waits to be told or written down.
#[derive(Debug, Serialize, ToSchema)]
struct QueueFigures {
    webhooks: usize,
    /// Messages that wait for a receiver
    webhook_messages_waiting: usize,
    /// Webhooks that are switched off
    webhooks_disabled: usize,
    events_lost: u64,
    audit_lines_lost: u64,
}

/// See how the server is doing
///
/// Sockets, documents, the store and what waits, on this server.
#[utoipa::path(
    get,
    path = "/api/v1/admin/overview",
    operation_id = "read_overview",
    tag = "administration",
    responses((status = 200, description = "How it is doing", body = Overview))
)]
pub(super) async fn overview(
    State(state): State<AppState>,
    _admin: Admin,
) -> Result<Response, Problem> {
    let shared = state.registry.shared();
    let measured = state.sizes.last();
    let status = shared.store.status();
    let health = match (status.is_stopped, status.is_full, status.is_failing) {
        (true, ..) => Health::Stopped,
        (_, true, _) => Health::Full,
        (_, _, true) => Health::Failing,
        _ => Health::Ready,
    };
    let overview = Overview {
        version: env!("CARGO_PKG_VERSION"),
        node: shared.store.journal("audit").node().to_owned(),
        uptime_s: state.started.elapsed().as_secs(),
        sockets: sockets(shared),
        documents: DocumentFigures {
            open: state.registry.documents(),
            cold: shared.memory.cold(),
            memory_bytes: shared.memory.bytes(),
            stored: status.documents,
        },
        store: StoreFigures {
            health,
            last_error: status.last_error.filter(|_| health != Health::Ready),
            segments: status.segments,
            waiting: status.queue_count,
            waiting_bytes: status.queue_bytes,
            oldest_waiting_ms: status.oldest_undurable_ms,
            bytes: measured.as_ref().map(|measured| measured.bytes),
            measured_ms: measured.as_ref().map(|measured| measured.at_ms),
        },
        queues: queues(shared).await,
    };
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    Ok((no_store, Json(overview)).into_response())
}

fn sockets(shared: &Shared) -> SocketFigures {
    let seen = shared.sockets.seen();
    let transports = ["y-websocket", "hocuspocus", "fallback"];
    let count = |transport| {
        seen.iter()
            .filter(|socket| socket.transport == transport)
            .count()
    };
    SocketFigures {
        open: seen.len(),
        max: shared.sockets.max(),
        transports: transports
            .map(|transport| (transport, count(transport)))
            .into(),
        slow_readers: seen.iter().filter(|socket| socket.outbox.is_slow()).count(),
    }
}

async fn queues(shared: &Shared) -> QueueFigures {
    let standings = match shared.webhooks.get() {
        Some(webhooks) => webhooks.standings().await,
        None => None,
    };
    // While it stops nothing waits that anybody could still look at.
    let standings = standings.unwrap_or_default();
    QueueFigures {
        webhooks: standings.len(),
        webhook_messages_waiting: standings.iter().map(|standing| standing.waiting).sum(),
        webhooks_disabled: standings
            .iter()
            .filter(|standing| standing.disabled.is_some())
            .count(),
        events_lost: shared.events.lost(),
        audit_lines_lost: shared.audit.lost(),
    }
}
