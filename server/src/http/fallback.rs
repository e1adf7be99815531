//! `/fallback`: a Hocuspocus socket for networks that let no WebSocket through, over plain requests.
//!
//! What a WebSocket would carry after its handshake is carried in numbered bytes: up by requests that
//! may be repeated, down by a stream of server-sent events, or by long polls where a proxy holds
//! streams back. See `docs/protocol/http-fallback.md`. Keys come in bodies: addresses are logged.

mod carried;
mod cors;
mod down;
mod up;

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::post,
};
use prometheus_client::metrics::gauge::Gauge;
use serde_json::json;

use self::carried::Binding;
use super::{AppState, error::Problem, ws};
use crate::{
    carrier::{Carrier, NotCarried},
    connection::{Door, HocuspocusSocket, serve},
};

pub(crate) use carried::Carried;

/// How long the last words of a socket that the server has ended wait for their client.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// The routes below `/fallback`.
pub(super) fn routes(state: AppState) -> Router<AppState> {
    Router::new()
        .route("/", post(open).options(cors::asked))
        .route("/{socket}/up", post(up::take).options(cors::asked))
        .route("/{socket}/down", post(down::say).options(cors::asked))
        .layer(middleware::from_fn_with_state(state, cors::answer))
}

/// Opens a socket, as a WebSocket handshake would: the same limits, origins and credentials.
async fn open(State(state): State<AppState>, request: Request) -> Result<Response, Problem> {
    let permit = ws::admit(&state, &request)?.carried();
    let headers = request.headers();
    let credential = ws::credential(request.uri().query(), headers, &state);
    let (carrier, pipe) = Carrier::open();
    let binding = binding(&state, request.uri().query(), headers);
    let opened = state.carried.open(carrier.clone(), binding)?;
    let shared = state.registry.shared().clone();
    let door = Door::new(&state.registry, pipe);
    let outbox = door.outbox.clone();
    let counted = Counted::new(shared.metrics.sockets_carried.clone());
    let socket = HocuspocusSocket::new(door, credential);
    let socket = serve(socket, outbox, shared, Vec::new(), permit);
    let (carried, name) = (state.carried.clone(), opened.socket.clone());
    tokio::spawn(async move {
        // Whatever becomes of the socket, its name is forgotten.
        let _forgotten = carried::Forgotten::new(carried.clone(), name);
        socket.await;
        drop(counted);
        if let Some(_place) = carried.linger() {
            carrier.heard_out(LAST_WORDS).await;
        }
    });
    let body = json!({ "socket": opened.socket, "key": opened.key });
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, no_store, Json(body)).into_response())
}

/// A carried socket in the metrics, while it is open.
struct Counted(Gauge);

impl Counted {
    fn new(gauge: Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The carrier of a socket, for who shows its key and what it was opened with.
fn carrier(
    state: &AppState,
    socket: &str,
    key: &str,
    request: (Option<&str>, &HeaderMap),
) -> Result<Arc<Carrier>, Problem> {
    let binding = binding(state, request.0, request.1);
    let found = state.carried.find(socket, key, &binding);
    found.ok_or_else(no_socket)
}

/// What later requests must come with again.
fn binding(state: &AppState, query: Option<&str>, headers: &HeaderMap) -> Binding {
    let token = ws::token(query, headers, state);
    Binding::new(headers.get(header::ORIGIN), &token)
}

fn no_socket() -> Problem {
    Problem {
        status: StatusCode::NOT_FOUND,
        code: "no-socket",
        detail: "there is no such socket, or not any more: open a new one".into(),
    }
}

fn malformed(detail: &str) -> Problem {
    Problem {
        status: StatusCode::BAD_REQUEST,
        code: "malformed",
        detail: detail.into(),
    }
}

impl From<NotCarried> for Problem {
    fn from(error: NotCarried) -> Self {
        match error {
            NotCarried::Ended => no_socket(),
            NotCarried::Position => malformed("the position is behind all that was sent"),
        }
    }
}
