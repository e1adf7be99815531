//! Who reads a file: whoever reads the document, and whoever has a ticket.

use axum::{
    Json,
    extract::{FromRequestParts, Path, State},
    http::{StatusCode, request::Parts},
};
use serde::Serialize;
use tokio::time::Instant;
use unisson_protocol::DocName;
use utoipa::ToSchema;

use super::require;
use crate::{
    attachments::Ticket,
    http::{
        AppState,
        admission::{Reader, refused},
        error::Problem,
    },
};

/// A document whose files somebody may read.
#[derive(Debug)]
pub(super) struct Viewer {
    pub(super) name: DocName,
    /// They have shown a ticket: the address itself is the right, whichever page asks.
    pub(super) has_ticket: bool,
}

impl FromRequestParts<AppState> for Viewer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let Some(ticket) = Ticket::shown(parts.uri.query()) else {
            let reader = Reader::from_request_parts(parts, state).await?;
            return Ok(Self {
                name: reader.name,
                has_ticket: false,
            });
        };
        let path = Path::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let named = path.ok().and_then(|Path(path)| {
            let mut path = path.into_iter();
            Some(path.find(|(key, _)| key == "document")?.1)
        });
        let name = DocName::new(&named.unwrap_or_default()).map_err(|error| Problem {
            status: StatusCode::BAD_REQUEST,
            code: "document-name",
            detail: error.to_string(),
        })?;
        if name.is_reserved() || !Ticket::is_good(&state.registry, &name, &ticket).await? {
            return Err(refused(unisson_protocol::CloseReason::Unauthorized));
        }
        Ok(Self {
            name,
            has_ticket: true,
        })
    }
}

/// A right to read a document's files.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TicketAnswer {
    /// Goes to the address of a file as its query: `?ticket=…`.
    ticket: String,
    /// When it ends, in milliseconds since 1970: some minutes from now.
    ends_ms: u64,
}

/// Get a ticket for a document's files
///
/// For pages whose browser cannot show a token for an image: with `?ticket=…` behind its address,
/// every file of this document can be read for some minutes, and nothing else.
#[utoipa::path(
    post,
    path = "/api/v1/documents/{document}/attachments/ticket",
    operation_id = "draw_attachment_ticket",
    tag = "attachments",
    responses((status = 200, description = "A ticket", body = TicketAnswer))
)]
pub(super) async fn ticket(
    State(state): State<AppState>,
    reader: Reader,
) -> Result<Json<TicketAnswer>, Problem> {
    require(&state, &reader.name).await?;
    let ends = reader.grant.expires;
    let left = ends.map(|ends| ends.saturating_duration_since(Instant::now()));
    let ticket = Ticket::draw(&state.registry, &reader.name, left).await?;
    Ok(Json(TicketAnswer {
        ticket: ticket.text(),
        ends_ms: ticket.ends_s.saturating_mul(1_000),
    }))
}
