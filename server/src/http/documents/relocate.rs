//! Copies, and documents that get another name.

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use unisson_protocol::{CloseReason, DocName};
use unisson_session::{Condition, compact};
use utoipa::ToSchema;

use super::{
    about::Document,
    lifecycle::{may_take_away, withdraw},
    listing::{bear, created, refuse_known},
    stored::{Stored, exists, require},
};
use crate::{
    attachments,
    audit::Action,
    changes::{self, ChangeError},
    comments, crdt,
    events::{Actor, DocumentMove, Event},
    http::{
        AppState,
        admission::{Asked, Reader, Turn, Writer, admit},
        error::Problem,
        history::parse_body,
    },
    noticing, trash,
    versions::{HistoryError, heavy},
};

/// Where to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Destination {
    /// The new document's name.
    #[schema(
        min_length = 1,
        max_length = 1024,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\u0000-\u0020\u007f-\u00a0][^\u0000-\u001f\u007f-\u009f]*$"
    )]
    to: String,
}

/// Who may write at the destination, where nothing is yet.
async fn destination(
    state: &AppState,
    asked: &Asked,
    from: &DocName,
    body: Result<Json<Destination>, JsonRejection>,
) -> Result<Reader, Problem> {
    let to = parse_body(body)?.to;
    if to == from.as_str() {
        return Err(Problem {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            code: "same-name",
            detail: "the document has this name already".into(),
        });
    }
    let writer = admit(state, asked, &to).await?.writer()?.0;
    refuse_known(state, &writer.name).await?;
    Ok(writer)
}

/// Copy a document
///
/// As it is now, without its history: the copy is the work of whoever makes it.
#[utoipa::path(
    post,
    path = "/api/v1/documents/{document}/copy",
    operation_id = "copy_document",
    tag = "documents",
    request_body = Destination,
    responses((status = 201, description = "Copied and durable", body = Document,
        headers(("Location" = String), ("ETag" = String))))
)]
pub(super) async fn copy(
    State(state): State<AppState>,
    reader: Reader,
    _turn: Turn,
    asked: Asked,
    body: Result<Json<Destination>, JsonRejection>,
) -> Result<Response, Problem> {
    let stored = Stored::of(state.registry.shared(), &reader.name).await?;
    let writer = destination(&state, &asked, &reader.name, body).await?;
    let (author, new) = (writer.author(), Some(Condition::New));
    let made = changes::make(&state.registry, &writer.name, &author, stored.state, new).await;
    made.map_err(|error| match error {
        ChangeError::NotSo => exists(),
        other => other.into(),
    })?;
    attachments::carry(&state.registry, &reader.name, &writer.name, &author).await?;
    created(&state, &writer.name).await
}

/// Give a document another name
///
/// With its authors and versions. Who has it open is sent away; the old name stays in the trash, and
/// says so.
#[utoipa::path(
    post,
    path = "/api/v1/documents/{document}/move",
    operation_id = "move_document",
    tag = "documents",
    request_body = Destination,
    responses((status = 201, description = "Moved and durable", body = Document,
        headers(("Location" = String), ("ETag" = String))))
)]
pub(super) async fn relocate(
    State(state): State<AppState>,
    Writer(from): Writer,
    _turn: Turn,
    asked: Asked,
    body: Result<Json<Destination>, JsonRejection>,
) -> Result<Response, Problem> {
    may_take_away(&from)?;
    require(state.registry.shared(), &from.name).await?;
    let to = destination(&state, &asked, &from.name, body).await?;
    // The name is taken first: of two who want it, one gets it.
    bear(&state, &to).await?;
    let _from = withdraw(&state, &from.name, CloseReason::Trashed).await?;
    let moved = carry(&state, &from.name, &to.name).await;
    if let Err(problem) = moved {
        tracing::warn!(from = %from.name, to = %to.name, "a document was not moved; its new name holds nothing");
        return Err(problem);
    }
    attachments::carry(&state.registry, &from.name, &to.name, &from.author()).await?;
    comments::carry(&state.registry, &from.name, &to.name).await?;
    noticing::carry(&state.registry, &from.name, &to.name).await?;
    trash::put(&state.registry, &from.name, &from.author(), Some(&to.name)).await?;
    let shared = state.registry.shared();
    // What was carried there was no edit.
    shared.indexing.touch(&to.name);
    let entry = from.entry(Action::DocumentMoved);
    shared.audit.record(entry.detail("to", to.name.as_str()));
    shared.events.emit(Event::DocumentMoved(DocumentMove {
        document: to.name.to_string(),
        from: from.name.to_string(),
        by: Actor::of(&from.author()),
    }));
    created(&state, &to.name).await
}

/// Carries everything of a closed document to a name under which nothing is.
async fn carry(state: &AppState, from: &DocName, to: &DocName) -> Result<(), Problem> {
    let store = &state.registry.shared().store;
    let _to = withdraw(state, to, CloseReason::Restart).await?;
    let source = store
        .read(from.as_str())
        .await
        .map_err(HistoryError::from)?;
    let target = store.read(to.as_str()).await.map_err(HistoryError::from)?;
    let (mut parts, _) = crdt::parts(source);
    let (own, basis) = crdt::parts(target);
    // A snapshot says all that its basis says.
    parts.snapshots.extend(own.snapshots);
    parts.updates.extend(own.updates);
    let body = heavy(move || Ok(compact(&parts)?)).await?;
    let put = store.put_snapshot(to.as_str(), body, basis.clone()).await;
    put.map_err(HistoryError::from)?;
    for version in store
        .versions(from.as_str())
        .await
        .map_err(HistoryError::from)?
    {
        let copied = store
            .copy_version(from.as_str(), &version.id, to.as_str(), &basis)
            .await;
        copied.map_err(HistoryError::from)?;
    }
    Ok(())
}
