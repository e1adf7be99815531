//! Into the trash, out of it, and gone for good.

use std::time::Duration;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use unisson_protocol::{CloseReason, DocName};
use unisson_storage::NameAfter;
use utoipa::{IntoParams, ToSchema};

use super::{
    about::{Document, described},
    stored::{no_such_document, require},
};
use crate::{
    attachments,
    audit::Action,
    comments,
    doc_task::DocMessage,
    events::{Actor, DocumentEvent, Event},
    http::{
        AppState,
        admission::{Reader, Writer, refused},
        error::Problem,
        history::parse_query,
        ws,
    },
    noticing,
    registry::Bar,
    trash,
    versions::HistoryError,
};

/// How long a document may take to make its edits durable and to send everybody away.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Deleting {
    /// Not into the trash, but for good, with all versions.
    #[serde(default)]
    erase: bool,
    /// A new document may have the name of an erased one at once, and not only after 90 days.
    #[serde(default)]
    reuse: bool,
}

/// What an erasure did.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ErasedAnswer {
    /// Segments that were written anew without the document.
    segments_rewritten: u64,
    /// Snapshots and versions that were deleted.
    snapshots_deleted: u64,
}

/// Delete a document
///
/// Into the trash, from where it can come back whole; or, with `erase=true` and an admin's token,
/// for good. Who has it open is sent away, and cannot bring it back.
#[utoipa::path(
    delete,
    path = "/api/v1/documents/{document}",
    operation_id = "delete_document",
    tag = "documents",
    params(Deleting),
    responses(
        (status = 200, description = "Erased", body = ErasedAnswer),
        (status = 204, description = "In the trash"),
    )
)]
pub(super) async fn delete(
    State(state): State<AppState>,
    Writer(writer): Writer,
    asked: Result<Query<Deleting>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = parse_query(asked)?;
    if asked.erase {
        admin(&state, &headers, &writer.name).await?;
        let after = match asked.reuse {
            true => NameAfter::Free,
            false => NameAfter::Blocked,
        };
        let erased = erase(&state, &writer.name, after).await?;
        tell(
            &state,
            &writer,
            Action::DocumentErased,
            Event::DocumentErased,
        );
        return Ok(Json(erased).into_response());
    }
    may_take_away(&writer)?;
    require(state.registry.shared(), &writer.name).await?;
    let author = writer.author();
    trash::put(&state.registry, &writer.name, &author, None).await?;
    // It cannot be opened any more; who has it open goes.
    drop(withdraw(&state, &writer.name, CloseReason::Trashed).await?);
    tell(
        &state,
        &writer,
        Action::DocumentTrashed,
        Event::DocumentTrashed,
    );
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// In a space it takes more than to write: others look for the page where it was.
pub(super) fn may_take_away(writer: &Reader) -> Result<(), Problem> {
    let in_space = writer.grant.standing.is_some();
    match in_space && !writer.grant.role.may(unisson_rights::Action::Delete) {
        true => Err(Problem {
            status: StatusCode::FORBIDDEN,
            code: "role",
            detail: "your role in this space does not allow it".into(),
        }),
        false => Ok(()),
    }
}

/// Writes down what was done to a document, and tells whoever wants to hear of it.
fn tell(state: &AppState, writer: &Reader, action: Action, event: fn(DocumentEvent) -> Event) {
    let shared = state.registry.shared();
    shared.audit.record(writer.entry(action));
    shared.events.emit(event(DocumentEvent {
        document: writer.name.to_string(),
        by: Actor::of(&writer.author()),
    }));
}

/// Erasing is for whoever may hand out rights there: an admin.
async fn admin(state: &AppState, headers: &HeaderMap, name: &DocName) -> Result<(), Problem> {
    let shared = state.registry.shared();
    if shared.settings.is_open() {
        return Ok(());
    }
    let token = ws::bearer(headers).unwrap_or_default();
    let right = shared.authenticator.mint_right(token).await;
    match right {
        Ok(right) if right.places.cover(name.as_str()) => Ok(()),
        Ok(_) => Err(refused(CloseReason::Forbidden)),
        Err(reason) => Err(Problem::of_refusal(
            reason,
            "an admin's token is needed to erase: send it as `Authorization: Bearer`",
            "this token may not erase: that needs access = \"admin\", or the claim mint",
        )),
    }
}

/// Closes a document to everybody: its edits are durable when this returns, and nobody has it open
/// until the bar is dropped.
pub(super) async fn withdraw(
    state: &AppState,
    name: &DocName,
    reason: CloseReason,
) -> Result<Bar, Problem> {
    let busy = || Problem {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: "busy",
        detail: "the document is being closed, or does not close: try again".into(),
    };
    let bar = state.registry.bar(name, reason).ok_or_else(busy)?;
    if let Some(inbox) = state.registry.open_document(name) {
        // One that ends by itself needs no telling.
        let told = timeout(PATIENCE, inbox.send(DocMessage::Withdraw(reason)));
        drop(told.await.map_err(|_| busy())?);
        let closed = timeout(PATIENCE, inbox.closed());
        closed.await.map_err(|_| busy())?;
    }
    Ok(bar)
}

async fn erase(
    state: &AppState,
    name: &DocName,
    after: NameAfter,
) -> Result<ErasedAnswer, Problem> {
    let record = trash::record_of(name)?;
    let store = &state.registry.shared().store;
    let _bar = withdraw(state, name, CloseReason::Erased).await?;
    let erased = store.erase(name.as_str(), after).await;
    state.registry.shared().indexing.erased(name);
    let erased = erased
        .map_err(HistoryError::from)?
        .ok_or_else(no_such_document)?;
    // What they say of the document names it, and its files, and is about it.
    for record in [
        record,
        attachments::record_of(name)?,
        comments::record_of(name)?,
        noticing::record_of(name)?,
    ] {
        if store.has(record.as_str()) {
            let _bar = withdraw(state, &record, CloseReason::Restart).await?;
            let gone = store.erase(record.as_str(), NameAfter::Free).await;
            gone.map_err(HistoryError::from)?;
            state.registry.shared().records.forget(&record);
        }
    }
    Ok(ErasedAnswer {
        segments_rewritten: erased.segments as u64,
        snapshots_deleted: erased.snapshots as u64,
    })
}

/// Take a document out of the trash
///
/// Whole, with its versions, under the name that it had. Editors that were sent away open it again.
#[utoipa::path(
    post,
    path = "/api/v1/documents/{document}/undelete",
    operation_id = "undelete_document",
    tag = "documents",
    responses((status = 200, description = "It is back", body = Document))
)]
pub(super) async fn undelete(
    State(state): State<AppState>,
    Writer(writer): Writer,
) -> Result<Json<Document>, Problem> {
    may_take_away(&writer)?;
    if trash::entry(state.registry.shared(), &writer.name)
        .await?
        .is_none()
    {
        require(state.registry.shared(), &writer.name).await?;
        return Err(Problem {
            status: StatusCode::CONFLICT,
            code: "not-in-trash",
            detail: "the document is not in the trash".into(),
        });
    }
    trash::take_out(&state.registry, &writer.name, &writer.author()).await?;
    let action = Action::DocumentUntrashed;
    tell(&state, &writer, action, Event::DocumentRestored);
    Ok(Json(described(&state, &writer.name).await?))
}
