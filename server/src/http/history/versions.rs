//! The list of versions, what each says, and giving one a name.

use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{JsonRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use unisson_history::{
    Archive, Author, LABEL_BYTES_MAX, Lens, html, json as tree_json, markdown, tree,
};
use unisson_protocol::DocName;
use unisson_session::version_state;
use unisson_storage::{StoredVersion, VersionId};
use utoipa::{IntoParams, ToSchema};

use crate::{
    http::{
        AppState,
        admission::{Reader, Turn, Writer, bad_request},
        error::Problem,
        numbers::Count,
    },
    registry::Shared,
    versions::{HistoryError, Moment, heavy, keep_now, note_of, read_chronicle},
};

/// The most versions in one answer.
const PAGE_MAX: usize = 100;
/// The document as it is, where a version's id is asked for.
pub(super) const NOW: &str = "now";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// How many, at most 100.
    #[param(schema_with = crate::http::numbers::count)]
    limit: Option<Count>,
    /// Only versions before this one: the `next` of an earlier answer.
    #[param(pattern = r"^[0-7][0-9a-hjkmnp-tv-z]{25}-[0-9a-z_]{1,64}$")]
    before: Option<String>,
}

/// Somebody, as far as the document knows them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuthorAnswer {
    /// Their id.
    user: Option<String>,
    /// The name to show.
    name: Option<String>,
}

impl AuthorAnswer {
    pub(crate) fn of(author: &Author) -> Self {
        Self {
            user: author.user.as_deref().map(str::to_owned),
            name: author.name.as_deref().map(str::to_owned),
        }
    }
}

/// A version.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct VersionAnswer {
    id: String,
    created_ms: u64,
    bytes: u64,
    /// The name that somebody gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    label: Option<Option<String>>,
    /// Who had it kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<AuthorAnswer>)]
    maker: Option<Option<AuthorAnswer>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>)]
    last_edit_ms: Option<Option<u64>>,
    /// Who wrote since the version before.
    #[serde(skip_serializing_if = "Option::is_none")]
    authors: Option<Vec<AuthorAnswer>>,
    /// What is wrong with it, where something is: then nothing is known of it but the first lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    damaged: Option<String>,
}

/// Versions, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Versions {
    versions: Vec<VersionAnswer>,
    /// `before` for those before; null where there are none.
    next: Option<String>,
}

/// List versions
///
/// The versions of a document, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/documents/{document}/versions",
    operation_id = "list_versions",
    tag = "history",
    params(Page),
    responses((status = 200, description = "Versions", body = Versions))
)]
pub(super) async fn list(
    State(state): State<AppState>,
    reader: Reader,
    _turn: Turn,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Json<Versions>, Problem> {
    let page = parse_query(page)?;
    let before = page.before.as_deref().map(parse_id).transpose()?;
    let limit = page
        .limit
        .map_or(PAGE_MAX, |limit| limit.get().min(PAGE_MAX));
    let store = &state.registry.shared().store;
    let versions = store.versions(reader.name.as_str()).await;
    let versions = versions.map_err(HistoryError::from)?;
    let mut older = versions
        .iter()
        .rev()
        .filter(|version| before.as_ref().is_none_or(|before| version.id < *before));
    let shown: Vec<&StoredVersion> = older.by_ref().take(limit).collect();
    let next = older
        .next()
        .and(shown.last())
        .map(|version| version.id.to_string());
    let versions = shown.into_iter().map(version_answer).collect();
    Ok(Json(Versions { versions, next }))
}

/// A name for the document as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Naming {
    /// A line of at most 400 bytes.
    #[schema(
        min_length = 1,
        max_length = 400,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\u0000-\u0020\u007f-\u00a0][^\u0000-\u001f\u007f-\u009f]*$"
    )]
    label: String,
}

/// A version that was given a name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Named {
    id: String,
    label: String,
}

/// Keep a version
///
/// Keeps the document as it is, for ever, under a name.
#[utoipa::path(
    post,
    path = "/api/v1/documents/{document}/versions",
    operation_id = "name_version",
    tag = "history",
    request_body = Naming,
    responses((status = 201, description = "Kept", body = Named))
)]
pub(super) async fn name(
    State(state): State<AppState>,
    Writer(writer): Writer,
    _turn: Turn,
    body: Result<Json<Naming>, JsonRejection>,
) -> Result<Response, Problem> {
    let label = parse_body(body)?.label;
    let label = label.trim();
    if label.is_empty() || label.len() > LABEL_BYTES_MAX || label.chars().any(char::is_control) {
        let detail = format!("a label is a line of at most {LABEL_BYTES_MAX} bytes and not blank");
        return Err(bad_request("label", detail));
    }
    let shared = state.registry.shared();
    let (chronicle, basis) = read_chronicle(&writer.name, shared, None).await?;
    let moment = Moment {
        chronicle: &chronicle,
        basis: &basis,
    };
    let id = keep_now(&writer.name, shared, moment, Some(label), writer.author()).await?;
    let answer = Named {
        id: id.to_string(),
        label: label.to_owned(),
    };
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Format {
    /// `json`, `html`, `markdown`, `yjs` or `yjs-v2`, before what `Accept` says.
    #[param(pattern = "^(json|html|markdown|yjs|yjs-v2)$")]
    pub(super) format: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct VersionPath {
    /// A version's id, or `now`.
    #[param(pattern = r"^(now|[0-7][0-9a-hjkmnp-tv-z]{25}-[0-9a-z_]{1,64})$")]
    id: String,
}

/// Read a version
///
/// What a version says, or the document as it is.
#[utoipa::path(
    get,
    path = "/api/v1/documents/{document}/versions/{id}",
    operation_id = "read_version",
    tag = "history",
    params(VersionPath, Format),
    responses((status = 200, description = "The content", content(
        (serde_json::Value = "application/json"),
        (String = "text/html"),
        (String = "text/markdown"),
        (Vec<u8> = "application/vnd.yjs.update.v1"),
        (Vec<u8> = "application/vnd.yjs.update.v2"),
    )))
)]
pub(super) async fn content(
    State(state): State<AppState>,
    reader: Reader,
    _turn: Turn,
    Path(VersionPath { id }): Path<VersionPath>,
    asked: Result<Query<Format>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let format = format_of(parse_query(asked)?.format.as_deref(), &headers)?;
    let (v1, v2) = states(&reader.name, state.registry.shared(), &id).await?;
    let known = format!("\"{id}-{}\"", format.name());
    let bytes = heavy(move || {
        Ok(match format {
            Shape::Yjs => v1,
            Shape::YjsV2 => v2,
            Shape::Json => {
                let tree = content_tree(&v1)?;
                Bytes::from(tree_json(&tree, None).to_string())
            }
            Shape::Html => Bytes::from(html(&content_tree(&v1)?, None)),
            Shape::Markdown => Bytes::from(markdown(&content_tree(&v1)?)),
        })
    });
    let mut response = respond(format, bytes.await?);
    if id != NOW
        && let Ok(known) = known.parse()
    {
        response.headers_mut().insert(header::ETAG, known);
    }
    Ok(response)
}

fn content_tree(state: &Bytes) -> Result<unisson_history::Tree, HistoryError> {
    let mut archive = Archive::of(std::slice::from_ref(state))?;
    let view = archive.view(state)?;
    Ok(tree(&archive, Lens::Content(&view))?)
}

/// The state of a version, or of the document as it is, in formats v1 and v2.
pub(super) async fn states(
    name: &DocName,
    shared: &Shared,
    id: &str,
) -> Result<(Bytes, Bytes), Problem> {
    if id == NOW {
        let (chronicle, _) = read_chronicle(name, shared, None).await?;
        return Ok((chronicle.state, chronicle.state_v2));
    }
    let id = parse_id(id)?;
    let stored = shared.store.version(name.as_str(), &id).await;
    let Some((_, body)) = stored.map_err(HistoryError::from)? else {
        return Err(Problem {
            status: StatusCode::NOT_FOUND,
            code: "no-such-version",
            detail: "the document has no version of this id".into(),
        });
    };
    Ok(heavy(move || version_state(&body).map_err(Into::into)).await?)
}

pub(super) fn parse_id(text: &str) -> Result<VersionId, Problem> {
    VersionId::parse(text).ok_or_else(|| bad_request("version-id", "this is no id of a version"))
}

pub(crate) fn parse_query<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Problem> {
    match query {
        Ok(Query(query)) => Ok(query),
        Err(error) => Err(bad_request("query", error.body_text())),
    }
}

pub(crate) fn parse_body<T>(body: Result<Json<T>, JsonRejection>) -> Result<T, Problem> {
    match body {
        Ok(Json(body)) => Ok(body),
        Err(error) => Err(Problem {
            status: error.status(),
            code: "body",
            detail: error.body_text(),
        }),
    }
}

fn version_answer(version: &StoredVersion) -> VersionAnswer {
    let known = VersionAnswer {
        id: version.id.to_string(),
        created_ms: version.id.created_ms(),
        bytes: version.bytes,
        ..VersionAnswer::default()
    };
    let damaged = |problem: &str| Some(problem.to_owned());
    match (note_of(version), &version.note) {
        (Some(note), _) => VersionAnswer {
            label: Some(note.label.as_deref().map(str::to_owned)),
            maker: Some(note.maker.as_ref().map(AuthorAnswer::of)),
            last_edit_ms: Some((note.last_edit_ms > 0).then_some(note.last_edit_ms)),
            authors: Some(note.authors.iter().map(AuthorAnswer::of).collect()),
            ..known
        },
        (None, Err(problem)) => VersionAnswer {
            damaged: damaged(problem),
            ..known
        },
        (None, Ok(_)) => VersionAnswer {
            damaged: damaged("its note does not read"),
            ..known
        },
    }
}

/// In which form an answer is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Json,
    Html,
    Markdown,
    Yjs,
    YjsV2,
}

impl Shape {
    const ALL: [Self; 5] = [
        Self::Json,
        Self::Html,
        Self::Markdown,
        Self::Yjs,
        Self::YjsV2,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Html => "html",
            Self::Markdown => "markdown",
            Self::Yjs => "yjs",
            Self::YjsV2 => "yjs-v2",
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Html => "text/html",
            Self::Markdown => "text/markdown",
            Self::Yjs => "application/vnd.yjs.update.v1",
            Self::YjsV2 => "application/vnd.yjs.update.v2",
        }
    }
}

/// `?format=`, else the first of the `Accept` header that there is, else JSON.
pub(super) fn format_of(asked: Option<&str>, headers: &HeaderMap) -> Result<Shape, Problem> {
    if let Some(asked) = asked {
        let shape = Shape::ALL.into_iter().find(|shape| shape.name() == asked);
        return shape.ok_or_else(|| {
            bad_request("format", "formats are json, html, markdown, yjs and yjs-v2")
        });
    }
    let accepted = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let mut kinds = accepted
        .split(',')
        .map(|kind| kind.split(';').next().unwrap_or_default().trim());
    let named = kinds.find_map(|kind| {
        Shape::ALL
            .into_iter()
            .find(|shape| shape.media_type() == kind)
    });
    Ok(named.unwrap_or(Shape::Json))
}

/// An answer that a browser shows as what it is: nothing in it runs or loads.
pub(super) fn respond(shape: Shape, bytes: Bytes) -> Response {
    let charset = match shape {
        Shape::Html | Shape::Markdown => "; charset=utf-8",
        Shape::Json | Shape::Yjs | Shape::YjsV2 => "",
    };
    let headers = [
        (
            header::CONTENT_TYPE,
            format!("{}{charset}", shape.media_type()),
        ),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox".to_owned(),
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
    ];
    (headers, bytes).into_response()
}
