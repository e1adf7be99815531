//! Who is connected, closing a socket, and keeping somebody out for a while.

use std::{collections::HashMap, net::IpAddr, sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Path, Query, State, rejection::JsonRejection, rejection::QueryRejection},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use tokio::{sync::oneshot, time::timeout};
use unisson_protocol::{Access, DocName};
use utoipa::{IntoParams, ToSchema};

use super::super::{
    AppState,
    admin::{Admin, bad_parameter},
    admission::bad_request,
    error::Problem,
    history::{parse_body, parse_query},
};
use crate::{
    administration::OrderRefusal,
    audit::{Action, Entry},
    doc_task::{Attending, DocMessage},
    events::Actor,
    outbox::Outbox,
    records::ChangeError,
    sockets::Seen,
    spaces::prefix_of,
    versions::unix_now_ms,
};

const LIMIT: usize = 100;
const LIMIT_MAX: usize = 500;
/// How many documents are asked for one answer.
const DOCUMENTS_MAX: usize = 500;
/// How long a busy document is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// Longer is the work of who may come in at all.
const MINUTES_MAX: u64 = 7 * 24 * 60;
/// The longest id of a person, in bytes, as in tokens.
const USER_BYTES_MAX: usize = 256;

/// Of whom.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Whom {
    /// Who have this document open
    document: Option<String>,
    /// Who have a document of this space open
    space: Option<String>,
    /// This person alone
    user: Option<String>,
    /// How many at most
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
    /// Where the page before said that this one begins
    cursor: Option<String>,
}

/// Somebody who has a document open.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Connected {
    document: String,
    /// The portal's or the sign-in's id of the person; `null` where nobody knows
    user: Option<String>,
    name: Option<String>,
    may_write: bool,
    /// The socket, as in `DELETE /api/v1/admin/sockets/{socket}`
    socket: String,
    /// `y-websocket`, `hocuspocus` or `fallback`
    transport: &'static str,
    #[schema(value_type = String)]
    address: IpAddr,
    /// Since when the socket is open, in milliseconds since 1970
    since_ms: u64,
}

/// Who is connected, by document.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AllConnected {
    people: Vec<Connected>,
    /// The cursor of the next page; `null` on the last one. There may be more behind an answer that
    /// is short, or empty
    next: Option<String>,
}

/// See who is connected
///
/// To this server, by document: somebody with two documents open stands there twice.
#[utoipa::path(
    get,
    path = "/api/v1/admin/people",
    operation_id = "list_connected",
    tag = "administration",
    params(Whom),
    responses((status = 200, description = "Who is connected", body = AllConnected))
)]
pub(super) async fn list(
    State(state): State<AppState>,
    _admin: Admin,
    whom: Result<Query<Whom>, QueryRejection>,
) -> Result<Json<AllConnected>, Problem> {
    let whom = parse_query(whom)?;
    let limit = whom.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(bad_parameter(format!("limit is between 1 and {LIMIT_MAX}")));
    }
    let after = whom.cursor.as_deref().map(position).transpose()?;
    let sockets = sockets(&state);
    let mut people = Vec::new();
    let mut last = None;
    let names = state
        .registry
        .names()
        .into_iter()
        .filter(|name| wanted(&whom, name));
    let names = names.filter(|name| {
        let from = after.as_ref().map(|(document, _)| document.as_str());
        from.is_none_or(|from| name.as_str() >= from)
    });
    for (count, name) in names.enumerate() {
        if count >= DOCUMENTS_MAX {
            return Ok(Json(AllConnected { people, next: last }));
        }
        for attending in attendance(&state, &name).await {
            let here = (name.as_str(), attending.id.0);
            let is_past = after
                .as_ref()
                .is_none_or(|(document, peer)| here > (document.as_str(), *peer));
            let is_meant = whom.user.is_none() || attending.user.as_deref() == whom.user.as_deref();
            let socket = sockets.get(&place(&attending.outbox));
            let Some(socket) = socket.filter(|_| is_past && is_meant) else {
                continue;
            };
            if people.len() == limit {
                return Ok(Json(AllConnected { people, next: last }));
            }
            last = Some(format!("{}:{}", here.1, here.0));
            people.push(connected(&name, &attending, socket));
        }
        // Whoever comes back with this has seen the whole document.
        last = Some(format!("{}:{name}", u64::MAX));
    }
    Ok(Json(AllConnected { people, next: None }))
}

fn position(cursor: &str) -> Result<(String, u64), Problem> {
    let parts = cursor.split_once(':');
    let parts = parts.and_then(|(peer, document)| Some((document.to_owned(), peer.parse().ok()?)));
    parts.ok_or_else(|| bad_parameter("cursor is none that was given out"))
}

fn wanted(whom: &Whom, name: &DocName) -> bool {
    let of_space = whom.space.as_deref().map(prefix_of);
    !name.is_reserved()
        && whom
            .document
            .as_deref()
            .is_none_or(|document| name.as_str() == document)
        && of_space.is_none_or(|prefix| name.as_str().starts_with(&prefix))
}

/// Open sockets by where their outboxes are: a peer knows its socket by that alone.
fn sockets(state: &AppState) -> HashMap<usize, Seen> {
    let seen = state.registry.shared().sockets.seen();
    let by_outbox = seen.into_iter().map(|seen| (place(&seen.outbox), seen));
    by_outbox.collect()
}

fn place(outbox: &Arc<Outbox>) -> usize {
    Arc::as_ptr(outbox).addr()
}

/// Nobody, where the document is too busy to say, or has just ended.
async fn attendance(state: &AppState, name: &DocName) -> Vec<Attending> {
    let Some(inbox) = state.registry.open_document(name) else {
        return Vec::new();
    };
    let asked = async {
        let (answer, answered) = oneshot::channel();
        inbox.send(DocMessage::Attendance(answer)).await.ok()?;
        answered.await.ok()
    };
    timeout(PATIENCE, asked)
        .await
        .ok()
        .flatten()
        .unwrap_or_default()
}

fn connected(name: &DocName, attending: &Attending, socket: &Seen) -> Connected {
    Connected {
        document: name.as_str().to_owned(),
        user: attending.user.as_deref().map(str::to_owned),
        name: attending.display_name.as_deref().map(str::to_owned),
        may_write: attending.access == Access::ReadWrite,
        socket: socket.id.to_string(),
        transport: socket.transport,
        address: socket.address,
        since_ms: socket.since_ms,
    }
}

/// Close a socket
///
/// Its client comes back by itself, with nothing lost: for one that hangs. To keep a person out, see
/// `PUT /api/v1/admin/kept-out/{user}`.
#[utoipa::path(
    delete,
    path = "/api/v1/admin/sockets/{socket}",
    operation_id = "close_socket",
    tag = "administration",
    params(("socket" = String, Path, description = "The socket")),
    responses((status = 204, description = "It is being closed"))
)]
pub(super) async fn close(
    State(state): State<AppState>,
    admin: Admin,
    Path(socket): Path<String>,
) -> Result<StatusCode, Problem> {
    let shared = state.registry.shared();
    let is_known = socket.parse().is_ok_and(|id| shared.sockets.close(id));
    if !is_known {
        return Err(Problem {
            status: StatusCode::NOT_FOUND,
            code: "no-such-socket",
            detail: "no socket of this id is open on this server".into(),
        });
    }
    let entry = Entry::new(Action::SocketClosed)
        .by(admin.actor)
        .from(admin.address);
    shared.audit.record(entry.detail("socket", &socket));
    Ok(StatusCode::NO_CONTENT)
}

/// Somebody who is kept out.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeptOutPerson {
    user: String,
    /// Until then, in milliseconds since 1970
    until_ms: u64,
    /// Who decided it
    by: Option<String>,
}

/// Who is kept out, by id.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AllKeptOut {
    people: Vec<KeptOutPerson>,
}

/// See who is kept out
///
/// Of every server of the store; there are never more than 1,000.
#[utoipa::path(
    get,
    path = "/api/v1/admin/kept-out",
    operation_id = "list_kept_out",
    tag = "administration",
    responses((status = 200, description = "Who is kept out", body = AllKeptOut))
)]
pub(super) async fn kept_out(State(state): State<AppState>, _admin: Admin) -> Json<AllKeptOut> {
    let all = state.registry.shared().administration.kept_out();
    let people = all.into_iter().map(|(user, kept_out)| KeptOutPerson {
        user,
        until_ms: kept_out.until_ms,
        by: kept_out.by,
    });
    Json(AllKeptOut {
        people: people.collect(),
    })
}

/// For how long.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KeepingOut {
    #[schema(minimum = 1, maximum = 10080)]
    minutes: u64,
}

/// Keep somebody out for a while
///
/// Every document that they have open lets go of them, and no door opens, on every server of the
/// store: here at once, elsewhere within some seconds. What they wrote stays.
#[utoipa::path(
    put,
    path = "/api/v1/admin/kept-out/{user}",
    operation_id = "keep_out",
    tag = "administration",
    params(("user" = String, Path, description = "The portal's or the sign-in's id of the person")),
    request_body = KeepingOut,
    responses((status = 200, description = "They are out", body = KeptOutPerson))
)]
pub(super) async fn keep_out(
    State(state): State<AppState>,
    admin: Admin,
    Path(user): Path<String>,
    order: Result<Json<KeepingOut>, JsonRejection>,
) -> Result<Json<KeptOutPerson>, Problem> {
    let order = parse_body(order)?;
    let is_odd = user.trim().is_empty() || user.chars().any(char::is_control);
    if is_odd || user.len() > USER_BYTES_MAX || crate::auth::is_anonymous(&user) {
        let detail = "an id of a person is a line; whoever has shown nothing has none";
        return Err(bad_request("person", detail));
    }
    if !(1..=MINUTES_MAX).contains(&order.minutes) {
        let detail = format!("minutes is between 1 and {MINUTES_MAX}");
        return Err(bad_request("times", detail));
    }
    let until_ms = unix_now_ms() + order.minutes * 60_000;
    let administration = &state.registry.shared().administration;
    let kept_out = administration.keep_out(&state.registry, admin.author(), (&user, until_ms));
    kept_out.await?;
    let by = admin.actor.as_ref().map(|actor| actor.id.clone());
    tell(&state, admin, &user, &format!("{} minutes", order.minutes));
    Ok(Json(KeptOutPerson { user, until_ms, by }))
}

/// Let somebody in again
///
/// Before their time is over.
#[utoipa::path(
    delete,
    path = "/api/v1/admin/kept-out/{user}",
    operation_id = "let_in",
    tag = "administration",
    params(("user" = String, Path, description = "The portal's or the sign-in's id of the person")),
    responses((status = 204, description = "They may come in as before"))
)]
pub(super) async fn let_in(
    State(state): State<AppState>,
    admin: Admin,
    Path(user): Path<String>,
) -> Result<StatusCode, Problem> {
    let administration = &state.registry.shared().administration;
    let let_in = administration.let_in(&state.registry, admin.author(), &user);
    let_in.await?;
    tell(&state, admin, &user, "let in");
    Ok(StatusCode::NO_CONTENT)
}

fn tell(state: &AppState, admin: Admin, user: &str, what: &str) {
    let about = Actor {
        id: user.to_owned(),
        name: None,
    };
    let entry = Entry::new(Action::PersonKeptOut)
        .by(admin.actor)
        .from(admin.address);
    let entry = entry.about(about).detail("what", what);
    state.registry.shared().audit.record(entry);
}

impl From<ChangeError<OrderRefusal>> for Problem {
    fn from(error: ChangeError<OrderRefusal>) -> Self {
        let refusal = match error {
            ChangeError::Failed(error) => return error.into(),
            ChangeError::Declined(refusal) => refusal,
        };
        let detail = refusal.to_string();
        match refusal {
            OrderRefusal::Full => Self {
                status: StatusCode::UNPROCESSABLE_ENTITY,
                code: "too-many-kept-out",
                detail,
            },
            OrderRefusal::Missing => Self {
                status: StatusCode::NOT_FOUND,
                code: "not-kept-out",
                detail,
            },
        }
    }
}
