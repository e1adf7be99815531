//! Who asks, for which document, and what they may do with it: the same tokens and web origins as
//! for sockets.

use std::{net::IpAddr, time::Duration};

use axum::{
    body::Body,
    extract::{FromRequestParts, Path, Request},
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio::{sync::OwnedSemaphorePermit, time::timeout};
use unisson_history::Author;
use unisson_protocol::{Access, CloseReason, DocName};

use crate::{
    audit::{Action, Entry, actor_of},
    auth::Grant,
    http::{AppState, address::address_of, error::Problem, ws},
    versions::HistoryError,
};

/// A document that somebody may at least read.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) name: DocName,
    pub(crate) grant: Grant,
    /// Where they are, for the audit log.
    pub(crate) address: Option<IpAddr>,
}

/// A document that somebody may change.
#[derive(Debug)]
pub(crate) struct Writer(pub(crate) Reader);

impl Reader {
    /// What they do, for the audit log.
    pub(crate) fn entry(&self, action: Action) -> Entry {
        let entry = Entry::new(action).by(actor_of(&self.grant));
        entry.from(self.address).document(self.name.as_str())
    }

    /// As whom they change the document.
    pub(crate) fn author(&self) -> Author {
        Author {
            user: self.grant.user.clone(),
            name: self.grant.display_name.clone(),
        }
    }
}

impl FromRequestParts<AppState> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let headers = &parts.headers;
        let origin = headers
            .get(header::ORIGIN)
            .and_then(|origin| origin.to_str().ok());
        ws::refuse_origin(origin, headers, state)?;
        let credential = ws::credential(parts.uri.query(), headers, state);
        let address = address_of(&parts.extensions);
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
        let authenticator = &state.registry.shared().authenticator;
        let grant = authenticator.authenticate(&credential, &name).await;
        let audit = &state.registry.shared().audit;
        audit.access(address, name.as_str(), &grant);
        let grant = grant.map_err(refused)?;
        Ok(Self {
            name,
            grant,
            address,
        })
    }
}

impl FromRequestParts<AppState> for Writer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let reader = Reader::from_request_parts(parts, state).await?;
        match reader.grant.access {
            Access::ReadWrite => Ok(Self(reader)),
            Access::ReadOnly => Err(Problem {
                status: StatusCode::FORBIDDEN,
                code: "read-only",
                detail: "this token may read the document and not change it".into(),
            }),
        }
    }
}

fn refused(reason: CloseReason) -> Problem {
    Problem::of_refusal(
        reason,
        "a token is needed: send it as `Authorization: Bearer`",
        "this token is for other documents",
    )
}

impl From<HistoryError> for Problem {
    fn from(error: HistoryError) -> Self {
        let (status, code) = match error {
            HistoryError::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            HistoryError::Damaged(_) => (StatusCode::INTERNAL_SERVER_ERROR, "damaged"),
            HistoryError::Erased(_) => (StatusCode::GONE, "erased"),
            HistoryError::TooDeep(_) => (StatusCode::UNPROCESSABLE_ENTITY, "too-deep"),
        };
        Self {
            status,
            code,
            detail: error.to_string(),
        }
    }
}

/// A request that makes no sense.
pub(crate) fn bad_request(code: &'static str, detail: impl Into<String>) -> Problem {
    Problem {
        status: StatusCode::BAD_REQUEST,
        code,
        detail: detail.into(),
    }
}

/// How long a call waits for its turn.
const PATIENCE: Duration = Duration::from_secs(20);

/// A call's turn: for calls that read a whole document and take a processor and a multiple of its
/// size for a moment, so that only some run at a time. The others wait in the order in which they
/// came. Ask for it after [`Reader`]: who may not read takes no turn.
#[derive(Debug)]
pub(crate) struct Turn {
    _permit: OwnedSemaphorePermit,
}

impl FromRequestParts<AppState> for Turn {
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let turns = state.registry.shared().histories.clone();
        match timeout(PATIENCE, turns.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Self { _permit: permit }),
            Ok(Err(_)) | Err(_) => Err(Problem {
                status: StatusCode::SERVICE_UNAVAILABLE,
                code: "busy",
                detail: "too many ask for whole documents now: try again".into(),
            }),
        }
    }
}

/// Lets pages of other origins read the answers: whether they may ask at all is decided before any
/// answer is made. Credentials are not allowed along, so a page needs the token itself.
pub(crate) async fn allow_pages(request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let asks_first = request.method() == Method::OPTIONS;
    let mut response = match asks_first && origin.is_some() {
        true => StatusCode::NO_CONTENT.into_response(),
        false => next.run(request).await,
    };
    if let Some(origin) = origin {
        allow(&mut response, origin);
    }
    response
}

fn allow(response: &mut Response<Body>, origin: HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::VARY, HeaderValue::from_static("origin, accept"));
    let names =
        HeaderValue::from_static("authorization, content-type, accept, if-match, if-none-match");
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names);
    let methods = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    let shown = HeaderValue::from_static("etag, location, allow");
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, shown);
}
