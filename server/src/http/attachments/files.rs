//! A document's files: listed, added in one piece, deleted and brought back.

use axum::{
    Json,
    body::Body,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Attachment, address, busy, named, require, too_large};
use crate::{
    attachments::{self, FileError, NewFile, Room},
    audit::Action,
    http::{
        AppState,
        admission::{Reader, Writer, bad_request},
        error::Problem,
        history::parse_query,
    },
    versions::unix_now_ms,
};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Those that were deleted and can be brought back, instead of the others.
    #[serde(default)]
    deleted: bool,
}

/// The files of a document.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Attachments {
    /// In the order in which they were added.
    attachments: Vec<Attachment>,
    /// The largest file that is taken.
    bytes_max: usize,
}

/// List a document's files
///
/// At most 1000.
#[utoipa::path(
    get,
    path = "/api/v1/documents/{document}/attachments",
    operation_id = "list_attachments",
    tag = "attachments",
    params(Which),
    responses((status = 200, description = "The files", body = Attachments))
)]
pub(super) async fn list(
    State(state): State<AppState>,
    reader: Reader,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Json<Attachments>, Problem> {
    let which = parse_query(which)?;
    require(&state, &reader.name).await?;
    let shared = state.registry.shared();
    let files = attachments::list(shared, &reader.name).await?;
    let wanted = files
        .into_iter()
        .filter(|(_, file)| file.deleted_ms.is_some() == which.deleted);
    Ok(Json(Attachments {
        attachments: wanted.map(|(id, file)| Attachment::of(id, file)).collect(),
        bytes_max: shared.settings.traffic.attachment_bytes_max,
    }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Named {
    /// What the file is called; its end says what kind of file it is.
    // Not blank behind the last stroke, and no control characters.
    #[param(
        required = true,
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s/\\\u0000-\u001f\u007f-\u009f][^/\\\u0000-\u001f\u007f-\u009f]*$"
    )]
    name: Option<String>,
}

/// Add a file to a document
///
/// The body is the file. What is not what its name says is refused, and so are programs and pages.
/// The same bytes again are the file that is there already. For bad lines there are uploads that go
/// on where they stopped.
#[utoipa::path(
    post,
    path = "/api/v1/documents/{document}/attachments",
    operation_id = "add_attachment",
    tag = "attachments",
    params(Named),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, description = "Added and durable", body = Attachment, headers(("Location" = String))))
)]
pub(super) async fn add(
    State(state): State<AppState>,
    Writer(writer): Writer,
    asked: Result<Query<Named>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let name = parse_query(asked)?.name;
    let name =
        name.ok_or_else(|| bad_request("attachment-name", "say ?name=: what it is called"))?;
    let (name, kind) = named(&name, &headers)?;
    require(&state, &writer.name).await?;
    let bytes_max = state
        .registry
        .shared()
        .settings
        .traffic
        .attachment_bytes_max;
    let (body, _room) = collect(&state, body, bytes_max).await?;
    kind.check(&body)?;
    let new = NewFile { name, kind, body };
    added(&state, &writer, new).await
}

/// Adds a file that is complete, and answers.
pub(super) async fn added(
    state: &AppState,
    writer: &Reader,
    new: NewFile,
) -> Result<Response, Problem> {
    let author = writer.author();
    let (id, file) = attachments::add(&state.registry, &writer.name, &author, new).await?;
    let place = address(&id, &file.name);
    let entry = writer.entry(Action::AttachmentAdded);
    let entry = entry.detail("attachment", &id);
    state.registry.shared().audit.record(entry);
    // Relative to where it was asked for: behind `…/attachments`.
    let headers = [(header::LOCATION, place)];
    Ok((StatusCode::CREATED, headers, Json(Attachment::of(id, file))).into_response())
}

/// A whole body, and its room in memory.
pub(in crate::http) async fn collect(
    state: &AppState,
    body: Body,
    bytes_max: usize,
) -> Result<(Bytes, Room), Problem> {
    let files = &state.registry.shared().attachments;
    let (mut gathered, mut room) = (BytesMut::new(), Room::default());
    let mut stream = body.into_data_stream();
    while let Some(chunk) = stream.next().await {
        // The outermost layer knows better what was wrong.
        let chunk = chunk.map_err(|error| bad_request("body", error.to_string()))?;
        if gathered.len() + chunk.len() > bytes_max {
            return Err(too_large(bytes_max));
        }
        if !files.make_room(&mut room, gathered.len() + chunk.len()) {
            return Err(busy());
        }
        gathered.extend_from_slice(&chunk);
    }
    Ok((gathered.freeze(), room))
}

/// Delete a file
///
/// Nobody reads it any more. It can be brought back for some weeks, and then goes for good.
#[utoipa::path(
    delete,
    path = "/api/v1/documents/{document}/attachments/{attachment}",
    operation_id = "delete_attachment",
    tag = "attachments",
    params(("attachment" = String, Path, description = "The file's id")),
    responses((status = 200, description = "The file", body = Attachment))
)]
pub(super) async fn delete(
    State(state): State<AppState>,
    Writer(writer): Writer,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Json<Attachment>, Problem> {
    bury(&state, &writer, path, Some(unix_now_ms())).await
}

/// Bring a file back
#[utoipa::path(
    post,
    path = "/api/v1/documents/{document}/attachments/{attachment}/restore",
    operation_id = "restore_attachment",
    tag = "attachments",
    params(("attachment" = String, Path, description = "The file's id")),
    responses((status = 200, description = "The file", body = Attachment))
)]
pub(super) async fn restore(
    State(state): State<AppState>,
    Writer(writer): Writer,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Json<Attachment>, Problem> {
    bury(&state, &writer, path, None).await
}

async fn bury(
    state: &AppState,
    writer: &Reader,
    path: Result<Path<(String, String)>, PathRejection>,
    deleted_ms: Option<u64>,
) -> Result<Json<Attachment>, Problem> {
    let Path((_, id)) = path.map_err(|_| Problem::from(FileError::Missing))?;
    require(state, &writer.name).await?;
    let author = writer.author();
    let buried = attachments::bury(&state.registry, &writer.name, &author, (&id, deleted_ms));
    let file = buried.await?;
    let action = match deleted_ms {
        Some(_) => Action::AttachmentDeleted,
        None => Action::AttachmentRestored,
    };
    let entry = writer.entry(action).detail("attachment", &id);
    state.registry.shared().audit.record(entry);
    Ok(Json(Attachment::of(id, file)))
}
