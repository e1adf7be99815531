//! What is known of a document without what it says, and who has it open.

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::oneshot;
use unisson_history::activity;
use unisson_protocol::{Access, DocName};
use unisson_session::{Present, standing};
use utoipa::ToSchema;

use super::stored::{etag, no_such_document, require};
use crate::{
    doc_task::DocMessage,
    http::{
        AppState,
        admission::{Reader, Turn},
        error::Problem,
        history::AuthorAnswer,
    },
    trash,
    versions::{heavy, read_chronicle},
};

/// What is known of a document.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Document {
    name: String,
    /// How large it is as a Yjs update.
    bytes: u64,
    /// When the first known edit came, in milliseconds since 1970.
    created_ms: Option<u64>,
    /// When the last one came.
    last_edit_ms: Option<u64>,
    /// Who wrote in it.
    authors: Vec<AuthorAnswer>,
    /// The document's tag, for `If-Match`.
    etag: String,
    /// That it is in the trash, where it is.
    trashed: Option<Trashed>,
}

impl Document {
    /// The document's tag.
    pub(super) fn tag(&self) -> &str {
        &self.etag
    }
}

/// That a document is in the trash.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Trashed {
    at_ms: u64,
    /// Who put it there.
    by: TrashedBy,
    /// Whether its content was moved to another name.
    moved: bool,
}

/// Somebody who deleted a document.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TrashedBy {
    user: Option<String>,
    name: Option<String>,
}

impl From<trash::Entry> for Trashed {
    fn from(entry: trash::Entry) -> Self {
        Self {
            at_ms: entry.at_ms,
            by: TrashedBy {
                user: entry.user,
                name: entry.user_name,
            },
            moved: entry.moved_to.is_some(),
        }
    }
}

/// Ask about a document
///
/// Its size, when it was made and last changed, and by whom; also where it is in the trash.
#[utoipa::path(
    get,
    path = "/api/v1/documents/{document}",
    operation_id = "read_document",
    tag = "documents",
    responses((status = 200, description = "The document", body = Document, headers(("ETag" = String))))
)]
pub(super) async fn about(
    State(state): State<AppState>,
    reader: Reader,
    _turn: Turn,
) -> Result<Response, Problem> {
    let document = described(&state, &reader.name).await?;
    let tag = [(header::ETAG, etag(&document.etag))];
    Ok((tag, Json(document)).into_response())
}

/// What is known of a document that is there.
pub(super) async fn described(state: &AppState, name: &DocName) -> Result<Document, Problem> {
    let shared = state.registry.shared();
    let trashed = trash::entry(shared, name).await?.map(Trashed::from);
    let (chronicle, _) = read_chronicle(name, shared, None).await?;
    if !shared.store.has(name.as_str()) {
        return Err(no_such_document());
    }
    let name = name.as_str().to_owned();
    let read = heavy(move || {
        let standing = standing(&chronicle.state)?;
        let hash = blake3::hash(&standing).to_hex();
        // One sitting, however long the pauses.
        let sittings = activity(&chronicle.attribution, u64::MAX);
        let authors = sittings.iter().flat_map(|sitting| &sitting.authors);
        Ok(Document {
            name,
            bytes: chronicle.state.len() as u64,
            created_ms: sittings.iter().map(|sitting| sitting.from_ms).min(),
            last_edit_ms: chronicle.last_edit_ms,
            authors: authors.map(|work| AuthorAnswer::of(&work.author)).collect(),
            etag: hash.get(..32).unwrap_or_default().to_owned(),
            trashed,
        })
    });
    Ok(read.await?)
}

/// Somebody who has a document open.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PresentAnswer {
    /// Their id, where a token says it.
    user: Option<String>,
    /// The name to show: of the token, else what their editor says.
    name: Option<String>,
    color: Option<String>,
    /// Whether they may write.
    writes: bool,
    /// Whether `name` and `user` are of a token, and not only said.
    known: bool,
}

/// Who has a document open.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Presence {
    present: Vec<PresentAnswer>,
}

/// Ask who is there
///
/// Everybody who has the document open now, as far as they are shown (`presence.readers`); one who
/// has it open twice stands there twice.
#[utoipa::path(
    get,
    path = "/api/v1/documents/{document}/presence",
    operation_id = "read_presence",
    tag = "documents",
    responses((status = 200, description = "Who is there", body = Presence))
)]
pub(super) async fn presence(
    State(state): State<AppState>,
    reader: Reader,
) -> Result<Json<Presence>, Problem> {
    let Some(inbox) = state.registry.open_document(&reader.name) else {
        // Not open, so nobody is there; but is there such a document?
        require(state.registry.shared(), &reader.name).await?;
        return Ok(Json(Presence {
            present: Vec::new(),
        }));
    };
    let (answer, present) = oneshot::channel();
    // A document that ends meanwhile has nobody left.
    let asked = inbox.send(DocMessage::Who(answer)).await;
    let present = match asked {
        Ok(()) => present.await.unwrap_or_default(),
        Err(_) => Vec::new(),
    };
    let present = present.iter().map(shown).collect();
    Ok(Json(Presence { present }))
}

fn shown(present: &Present) -> PresentAnswer {
    let said: Vec<Value> = present
        .states
        .iter()
        .filter_map(|state| serde_json::from_str(state).ok())
        .collect();
    let said = |key: &str| {
        let mut texts = said.iter().filter_map(|state| state["user"][key].as_str());
        texts.next().map(str::to_owned)
    };
    let own = |text: &Option<std::sync::Arc<str>>| text.as_deref().map(str::to_owned);
    PresentAnswer {
        user: own(&present.user),
        name: own(&present.display_name).or_else(|| said("name")),
        color: own(&present.color).or_else(|| said("color")),
        writes: present.access == Access::ReadWrite,
        known: present.user.is_some(),
    }
}
