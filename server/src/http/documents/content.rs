//! What a document says: read, replaced, and filled where it is empty.

use axum::{
    Json,
    extract::{
        Query, State,
        rejection::{BytesRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use unisson_content::{Content, Root, markdown};
use unisson_history::server_client_id;
use unisson_protocol::{DocName, scan};
use unisson_session::Condition;
use utoipa::{IntoParams, ToSchema};

use super::{
    editing::{FIELD_BYTES_MAX, Given, Target, apart, target, tree_of, wrong_field},
    format::Format,
    office,
    stored::{Stored, etag, tag_now},
};
use crate::{
    audit::Action,
    changes::{self, ChangeError, draw_client_id},
    http::{
        AppState,
        admission::{Reader, Turn, Writer, bad_request},
        error::Problem,
        history::parse_query,
    },
};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Form {
    /// `markdown`, `html`, `text`, `prosemirror`, `json`, `update-v1`, `update-v2`, `docx` or `odt`; before what
    /// `Accept` or `Content-Type` says.
    #[param(inline, value_type = Option<Format>)]
    format: Option<String>,
    /// Which field of the document; without it the only one with text, or the one that editors use.
    #[param(min_length = 1, max_length = 256)]
    field: Option<String>,
}

/// What became of a change.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Changed {
    /// Whether anything was different.
    pub(super) changed: bool,
    /// The document's tag now, for `If-Match`.
    pub(super) etag: String,
}

/// Read a document's content
///
/// As a whole, or one field of it. Answers have an `ETag`: the same wherever the same edits were
/// made. With `If-None-Match` the answer is 304 where nothing has changed.
#[utoipa::path(
    get,
    path = "/api/v1/documents/{document}/content",
    operation_id = "read_content",
    tag = "content",
    params(Form),
    responses(
        (status = 200, description = "The content", headers(("ETag" = String)), content(
            (serde_json::Value = "application/json"),
            (serde_json::Value = "application/vnd.prosemirror+json"),
            (String = "text/markdown"),
            (String = "text/html"),
            (String = "text/plain"),
            (Vec<u8> = "application/vnd.yjs.update.v1"),
            (Vec<u8> = "application/vnd.yjs.update.v2"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
            (Vec<u8> = "application/vnd.oasis.opendocument.text"),
        )),
        (status = 304, description = "As you know it"),
    )
)]
pub(super) async fn read(
    State(state): State<AppState>,
    reader: Reader,
    _turn: Turn,
    asked: Result<Query<Form>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = parse_query(asked)?;
    let format = Format::wanted(asked.format.as_deref(), &headers)?;
    let is_name = |field: &String| !field.is_empty() && field.len() <= FIELD_BYTES_MAX;
    if !asked.field.as_ref().is_none_or(is_name) {
        return Err(wrong_field("no field has such a name"));
    }
    let stored = Stored::of(state.registry.shared(), &reader.name).await?;
    // Another field is another answer.
    let field = asked
        .field
        .as_deref()
        .map(|field| blake3::hash(field.as_bytes()).to_hex());
    let field = field
        .as_ref()
        .and_then(|hash| hash.get(..8))
        .unwrap_or_default();
    let tag = etag(&format!("{}-{}{field}", stored.tag(), format.name()));
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|known| known.to_str().ok());
    let known = known
        .unwrap_or_default()
        .split(',')
        .map(|known| known.trim().trim_start_matches("W/"));
    if known
        .into_iter()
        .any(|known| known == "*" || known.as_bytes() == tag.as_bytes())
    {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let body = match format.office() {
        Some(office) => {
            let asked = (stored.state, asked.field);
            office::rendered(&state, &reader.name, asked, office).await?
        }
        None => apart(move || rendered(&stored.state, format, asked.field.as_deref())).await?,
    };
    if matches!(format, Format::UpdateV1 | Format::UpdateV2) {
        // The whole document with what was deleted in it, and not what a page shows of it.
        let entry = reader.entry(Action::DocumentExported);
        let entry = entry.detail("format", format.name());
        state.registry.shared().audit.record(entry);
    }
    let charset = match format {
        Format::Markdown | Format::Html | Format::Text => "; charset=utf-8",
        _ => "",
    };
    let kind = format!("{}{charset}", format.media_type());
    let fixed = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "private, no-cache"),
        (header::VARY, "accept"),
    ];
    Ok((
        fixed,
        [(header::CONTENT_TYPE, kind)],
        [(header::ETAG, tag)],
        body,
    )
        .into_response())
}

fn rendered(state: &Bytes, format: Format, field: Option<&str>) -> Result<Bytes, Problem> {
    match format {
        Format::UpdateV1 => return Ok(state.clone()),
        Format::UpdateV2 => {
            return Ok(unisson_session::update_v2_of_v1(state)
                .map_err(crate::versions::HistoryError::from)?);
        }
        _ => {}
    }
    let mut content = Content::of(state).map_err(unisson_content::EditError::from)?;
    if let Some(field) = field {
        if field.is_empty() || field.len() > 1_024 {
            return Err(wrong_field("no field has such a name"));
        }
        content.roots.retain(|name, _| name == field);
    }
    let text = match format.form() {
        None => unisson_content::json_of_content(&content).to_string(),
        Some(unisson_content::Form::Markdown) => markdown::render(&content).unwrap_or_default(),
        Some(form) => rendered_as(form, &content, field)?,
    };
    Ok(text.into())
}

fn rendered_as(
    form: unisson_content::Form,
    content: &Content,
    field: Option<&str>,
) -> Result<String, Problem> {
    use unisson_content::Form::{Html, ProseMirror, Text};
    if form == ProseMirror {
        return match target(content, field)? {
            Target::Tree(name) => Ok(form.render(tree_of(content, &name))),
            Target::Text(_) => Err(wrong_field(
                "the field is a plain text, and no document of ProseMirror",
            )),
        };
    }
    let each = content.roots.values().filter_map(|root| match root {
        Root::Tree(nodes) => Some(form.render(nodes)),
        Root::Text(runs) if form == Html => Some(unisson_content::html_of_text(runs)),
        Root::Text(runs) => Some(unisson_content::letters(runs)),
        Root::Json(_) => None,
    });
    let between = if form == Text { "\n\n" } else { "" };
    Ok(each.collect::<Vec<_>>().join(between))
}

/// Replace a document's content
///
/// By the smallest edit that makes it say this. What is the same keeps its authors; what people type
/// at the same time stays. A form that has no words for something leaves it as it is on what stays.
/// A Yjs update is merged into the document. With `If-Match` nothing is done where the document has
/// changed since.
#[utoipa::path(
    put,
    path = "/api/v1/documents/{document}/content",
    operation_id = "replace_content",
    tag = "content",
    params(Form),
    request_body(content(
        (String = "text/markdown"),
        (String = "text/html"),
        (String = "text/plain"),
        (serde_json::Value = "application/vnd.prosemirror+json"),
        (Vec<u8> = "application/vnd.yjs.update.v1"),
        (Vec<u8> = "application/vnd.yjs.update.v2"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (Vec<u8> = "application/vnd.oasis.opendocument.text"),
    )),
    responses((status = 200, description = "Done and durable", body = Changed, headers(("ETag" = String))))
)]
pub(super) async fn replace(
    State(state): State<AppState>,
    Writer(writer): Writer,
    asked: Result<Query<Form>, QueryRejection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let asked = parse_query(asked)?;
    let format = Format::given(asked.format.as_deref(), &headers)?;
    let given = given(&state, &writer, (format, asked.field), body).await?;
    let turn = Turn::take(&state).await?;
    let stored = Stored::of(state.registry.shared(), &writer.name).await?;
    let condition = stored.condition(&headers)?;
    let client_id = draw_client_id(&stored.state).map_err(Problem::from)?;
    let update = apart(move || given.update(&stored.state, client_id)).await?;
    drop(turn);
    let changed = update.is_some();
    if let Some(update) = update {
        let author = writer.author();
        changes::make(&state.registry, &writer.name, &author, update, condition).await?;
    }
    answer(&state, &writer.name, changed).await
}

pub(super) async fn answer(
    state: &AppState,
    name: &DocName,
    changed: bool,
) -> Result<Response, Problem> {
    let tag = tag_now(state, name).await?;
    let header = [(header::ETAG, etag(&tag))];
    Ok((header, Json(Changed { changed, etag: tag })).into_response())
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Initialising {
    /// `empty`.
    #[param(required = true, pattern = "^empty$")]
    r#if: Option<String>,
    /// What the content is; before what `Content-Type` says.
    #[param(pattern = "^(markdown|html|text|prosemirror|json|docx|odt)$")]
    format: Option<String>,
    /// As for reading.
    #[param(min_length = 1, max_length = 256)]
    field: Option<String>,
}

/// Fill a document that is empty
///
/// For content that every new document of a kind begins with. Any number of callers may ask at the
/// same time, and editors may fill the document themselves: the content is there once. `changed`
/// says whether it is this caller's. A document that is not there is created.
#[utoipa::path(
    post,
    path = "/api/v1/documents/{document}/content",
    operation_id = "initialise_content",
    tag = "content",
    params(Initialising),
    request_body(content(
        (String = "text/markdown"),
        (String = "text/html"),
        (String = "text/plain"),
        (serde_json::Value = "application/vnd.prosemirror+json"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (Vec<u8> = "application/vnd.oasis.opendocument.text"),
    )),
    responses((status = 200, description = "It has content", body = Changed, headers(("ETag" = String))))
)]
pub(super) async fn initialise(
    State(state): State<AppState>,
    Writer(writer): Writer,
    asked: Result<Query<Initialising>, QueryRejection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let asked = parse_query(asked)?;
    if asked.r#if.as_deref() != Some("empty") {
        return Err(bad_request(
            "query",
            "say ?if=empty: to add to what is there, use PATCH",
        ));
    }
    let format = Format::given(asked.format.as_deref(), &headers)?;
    let given = given(&state, &writer, (format, asked.field), body).await?;
    let changed = fill(&state, &writer, given, Condition::Blank).await?;
    answer(&state, &writer.name, changed).await
}

/// Fills a document; false where it is not as the condition says. The same content is the same edit,
/// whoever asks for it and wherever, so that it merges with itself.
pub(in crate::http) async fn fill(
    state: &AppState,
    writer: &Reader,
    given: Given,
    condition: Condition,
) -> Result<bool, Problem> {
    if given.format.form().is_none() && condition == Condition::Blank {
        return Err(bad_request(
            "format",
            "an empty document is filled with text, not with an update",
        ));
    }
    let turn = Turn::take(state).await?;
    let stored = Stored::perhaps(state.registry.shared(), &writer.name).await?;
    let client_id = client_id_of(&writer.name, &given, &stored.state)?;
    let update = apart(move || given.update(&stored.state, client_id)).await?;
    drop(turn);
    let Some(update) = update else {
        return Ok(false);
    };
    let author = writer.author();
    let made = changes::make(
        &state.registry,
        &writer.name,
        &author,
        update,
        Some(condition),
    )
    .await;
    match made {
        Ok(()) => Ok(true),
        Err(ChangeError::NotSo) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The client id that stands for this content in this document; any other where it has been used:
/// the document was filled with it and emptied since.
fn client_id_of(name: &DocName, given: &Given, state: &[u8]) -> Result<u64, Problem> {
    let mut hasher = blake3::Hasher::new();
    let field = given.field.as_deref().unwrap_or_default();
    for part in [name.as_str(), given.format.name(), field] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.update(&given.body);
    let mut seed = [0; 8];
    hasher.finalize_xof().fill(&mut seed);
    let client_id = server_client_id(u64::from_le_bytes(seed));
    let known = scan::update_v1(state).map_err(crate::versions::HistoryError::from)?;
    match known
        .inserts
        .iter()
        .any(|range| range.client_id == client_id)
    {
        true => Ok(draw_client_id(state)?),
        false => Ok(client_id),
    }
}

/// Content as it is given; a file of an office suite leaves its pictures among the document's files.
async fn given(
    state: &AppState,
    writer: &Reader,
    (format, field): (Format, Option<String>),
    body: Result<Bytes, BytesRejection>,
) -> Result<Given, Problem> {
    let body = bytes_of(body)?;
    if let Some(office) = format.office() {
        let text = office::of_office(state, writer, office, body).await?;
        return Ok(Given {
            format: Format::Prosemirror,
            field,
            body: text.into(),
        });
    }
    if body.len() > super::CONTENT_BYTES_MAX {
        return Err(Problem {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            code: "too-large",
            detail: format!("larger than {} bytes", super::CONTENT_BYTES_MAX),
        });
    }
    Ok(Given {
        format,
        field,
        body,
    })
}

/// A body that was read whole.
pub(super) fn bytes_of(body: Result<Bytes, BytesRejection>) -> Result<Bytes, Problem> {
    body.map_err(|error| Problem {
        status: error.status(),
        code: "body",
        detail: error.body_text(),
    })
}
