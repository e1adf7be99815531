//! Which documents there are, and new ones.

use std::{pin::pin, sync::Arc};

use axum::{
    Json,
    extract::{
        Query, RawQuery, State,
        rejection::{JsonRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use unisson_protocol::{CloseReason, DocName};
use unisson_session::Condition;
use utoipa::{IntoParams, ToSchema};

use super::{
    about::{Document, described},
    content::fill,
    editing::{Given, birth},
    format::Format,
    stored::{Stored, etag, exists},
};
use crate::{
    auth::Credential,
    changes::{self, ChangeError, draw_client_id},
    http::{
        AppState,
        admission::{Asked, Reader, admit, refused},
        error::Problem,
        history::parse_query,
        numbers::Count,
        ws,
    },
    trash,
};

/// The most documents in one answer.
const PAGE_MAX: usize = 1_000;
const PAGE_DEFAULT: usize = 100;
/// How many names are looked at for one answer: somebody may read few of many.
const LOOKS_MAX: usize = 2_000;
/// The same where the portal has to be asked about each.
const LOOKS_MAX_ASKING: usize = 50;
/// How many questions to the portal are open at a time for one answer.
const ASKED_AT_A_TIME: usize = 16;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// Only documents whose names begin so.
    #[param(max_length = 1023, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    prefix: Option<String>,
    /// The `next` of an earlier answer.
    cursor: Option<String>,
    /// How many at most, up to 1000.
    #[param(schema_with = crate::http::numbers::count)]
    limit: Option<Count>,
    /// Those in the trash, instead of the others.
    #[serde(default)]
    trashed: bool,
}

/// One of the documents.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Listed {
    name: String,
}

/// Some documents.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Listing {
    /// In the order of their names.
    documents: Vec<Listed>,
    /// The cursor for more; null where there are none. There may be more behind an answer that is
    /// short, or empty.
    next: Option<String>,
}

/// List documents
///
/// Those that the caller may read, in the order of their names.
#[utoipa::path(
    get,
    path = "/api/v1/documents",
    operation_id = "list_documents",
    tag = "documents",
    params(Page),
    responses((status = 200, description = "Documents", body = Listing))
)]
pub(super) async fn list(
    State(state): State<AppState>,
    page: Result<Query<Page>, QueryRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Json<Listing>, Problem> {
    let page = parse_query(page)?;
    let credential = ws::credential(query.as_deref(), &headers, &state);
    let shared = state.registry.shared();
    let authenticator = &shared.authenticator;
    let prefix = page.prefix.unwrap_or_default();
    // Who shows nothing that counts is told so, and not that there is nothing.
    let probe = DocName::new(&format!("{prefix}-")).map_err(|error| Problem {
        status: StatusCode::BAD_REQUEST,
        code: "document-name",
        detail: error.to_string(),
    })?;
    if let Err(reason @ (CloseReason::Unauthorized | CloseReason::Undecided)) =
        authenticator.authenticate(&credential, &probe).await
    {
        return Err(refused(reason));
    }
    let limit = page
        .limit
        .map_or(PAGE_DEFAULT, |limit| limit.get().min(PAGE_MAX));
    let looks = match shared.settings.auth.callback {
        Some(_) => LOOKS_MAX_ASKING,
        None => LOOKS_MAX,
    };
    let after = page.cursor.unwrap_or_default();
    let names = candidates(&shared.store.documents(), &prefix, &after, looks);
    let mut documents = Vec::new();
    let has_more = names.len() > looks;
    let names = names.into_iter().take(looks);
    // The portal is asked about several names at a time, and answers in the order of the names.
    let mut decided = pin!(
        stream::iter(names)
            .map(|name| decide(&state, &credential, name))
            .buffered(ASKED_AT_A_TIME)
            .peekable()
    );
    let mut last = None;
    while documents.len() < limit
        && let Some((name, is_readable)) = decided.as_mut().next().await
    {
        last = Some(name.to_string());
        let Some(document) = is_readable? else {
            continue;
        };
        if trash::entry(shared, &document).await?.is_some() == page.trashed {
            documents.push(Listed {
                name: name.to_string(),
            });
        }
    }
    let has_more = has_more || decided.as_mut().peek().await.is_some();
    let next = last.filter(|_| has_more);
    Ok(Json(Listing { documents, next }))
}

/// The document of this name, where the caller may read it.
async fn decide(
    state: &AppState,
    credential: &Credential,
    name: Arc<str>,
) -> (Arc<str>, Result<Option<DocName>, Problem>) {
    let Ok(document) = DocName::new(&name) else {
        return (name, Ok(None));
    };
    let authenticator = &state.registry.shared().authenticator;
    let decided = match authenticator.authenticate(credential, &document).await {
        Ok(_) => Ok(Some(document)),
        Err(reason @ CloseReason::Undecided) => Err(refused(reason)),
        Err(_) => Ok(None),
    };
    (name, decided)
}

/// The names that may be on a page, and one more, by which it is known that there are more.
fn candidates(names: &[Arc<str>], prefix: &str, after: &str, looks: usize) -> Vec<Arc<str>> {
    let from = names.partition_point(|name| **name <= *after || **name < *prefix);
    let names = names.iter().skip(from);
    names
        .take_while(|name| name.starts_with(prefix))
        .filter(|name| !name.starts_with(DocName::RESERVED))
        .take(looks + 1)
        .cloned()
        .collect()
}

/// A document to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    /// Its name.
    #[schema(
        min_length = 1,
        max_length = 1024,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\u0000-\u0020\u007f-\u00a0][^\u0000-\u001f\u007f-\u009f]*$"
    )]
    name: String,
    /// What it says: text, or a document of ProseMirror where `format` says so.
    content: Option<Value>,
    /// What the content is; Markdown where nothing is said.
    #[schema(inline)]
    format: Option<Format>,
    /// Which field it goes to.
    field: Option<String>,
}

/// Create a document
///
/// Fails where there is one of this name, in the trash or not. Of callers that ask at the same time,
/// one is told 201.
#[utoipa::path(
    post,
    path = "/api/v1/documents",
    operation_id = "create_document",
    tag = "documents",
    request_body = New,
    responses((status = 201, description = "Created and durable", body = Document,
        headers(("Location" = String), ("ETag" = String))))
)]
pub(super) async fn create(
    State(state): State<AppState>,
    asked: Asked,
    body: Result<Json<New>, JsonRejection>,
) -> Result<Response, Problem> {
    let new = crate::http::history::parse_body(body)?;
    let reader = admit(&state, &asked, &new.name).await?;
    let writer = reader.writer()?.0;
    refuse_known(&state, &writer.name).await?;
    match given(&new)? {
        Some(given) => {
            if !fill(&state, &writer, given, Condition::New).await? {
                // Content that says nothing makes a document all the same.
                bear(&state, &writer).await?;
            }
        }
        None => bear(&state, &writer).await?,
    }
    created(&state, &writer.name).await
}

/// An error where there is a document of this name, be it in the trash.
pub(super) async fn refuse_known(state: &AppState, name: &DocName) -> Result<(), Problem> {
    let shared = state.registry.shared();
    if trash::entry(shared, name).await?.is_some() || Stored::perhaps(shared, name).await?.exists {
        return Err(exists());
    }
    Ok(())
}

/// Makes a document with nothing in it.
pub(super) async fn bear(state: &AppState, writer: &Reader) -> Result<(), Problem> {
    let update = birth(draw_client_id(super::editing::NOTHING).map_err(Problem::from)?);
    let author = writer.author();
    let new = Some(Condition::New);
    let made = changes::make(&state.registry, &writer.name, &author, update, new).await;
    made.map_err(|error| match error {
        ChangeError::NotSo => exists(),
        other => other.into(),
    })
}

fn given(new: &New) -> Result<Option<Given>, Problem> {
    let format = new.format.unwrap_or_default();
    let content = match &new.content {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    };
    let is_text = matches!(new.content, Some(Value::String(_)));
    let format = match format {
        Format::Json => Format::Prosemirror,
        Format::UpdateV1 | Format::UpdateV2 | Format::Docx | Format::Odt => {
            return Err(Problem {
                status: StatusCode::UNPROCESSABLE_ENTITY,
                code: "content",
                detail: "a document is created from text; put an update into it afterwards".into(),
            });
        }
        Format::Markdown | Format::Html | Format::Text if !is_text => {
            return Err(Problem {
                status: StatusCode::UNPROCESSABLE_ENTITY,
                code: "content",
                detail: "the content is a text".into(),
            });
        }
        format => format,
    };
    Ok(Some(Given {
        format,
        field: new.field.clone(),
        body: Bytes::from(content),
    }))
}

/// The answer to whoever made a document.
pub(super) async fn created(state: &AppState, name: &DocName) -> Result<Response, Problem> {
    let document = described(state, name).await?;
    let place = utf8_percent_encode(name.as_str(), NON_ALPHANUMERIC);
    let headers = [
        (header::LOCATION, format!("/api/v1/documents/{place}")),
        (
            header::ETAG,
            etag(document.tag()).to_str().unwrap_or_default().to_owned(),
        ),
    ];
    Ok((StatusCode::CREATED, headers, Json(document)).into_response())
}
