//! Who asks, for which document, and what they may do with it: the same tokens as for sockets. Whether the
//! page may ask at all has been decided before, in `guard`.

use std::{convert::Infallible, net::IpAddr, time::Duration};

use axum::{
    extract::{FromRequestParts, Path},
    http::{HeaderMap, StatusCode, request::Parts},
};
use tokio::{sync::OwnedSemaphorePermit, time::timeout};
use unisson_history::Author;
use unisson_protocol::{Access, CloseReason, DocName};

use crate::{
    audit::{Action, Entry, actor_of},
    auth::Grant,
    http::{AppState, error::Problem, guard::address_of, ws},
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
        let path = Path::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let named = path.ok().and_then(|Path(path)| {
            let mut path = path.into_iter();
            Some(path.find(|(key, _)| key == "document")?.1)
        });
        let named = named.unwrap_or_default();
        admit(state, &Asked::of(parts), &named).await
    }
}

/// What a request says of who asks.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) headers: HeaderMap,
    pub(crate) query: Option<String>,
    /// Where it comes from.
    pub(crate) address: Option<IpAddr>,
}

impl Asked {
    fn of(parts: &Parts) -> Self {
        Self {
            headers: parts.headers.clone(),
            query: parts.uri.query().map(str::to_owned),
            address: address_of(&parts.extensions),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

/// Who asks about a document, whatever its name stands in.
pub(crate) async fn admit(state: &AppState, asked: &Asked, name: &str) -> Result<Reader, Problem> {
    let Asked {
        headers,
        query,
        address,
    } = asked;
    let credential = ws::credential(query.as_deref(), headers, state);
    let name = DocName::new(name).map_err(|error| Problem {
        status: StatusCode::BAD_REQUEST,
        code: "document-name",
        detail: error.to_string(),
    })?;
    if name.is_reserved() {
        return Err(refused(CloseReason::Forbidden));
    }
    let authenticator = &state.registry.shared().authenticator;
    let grant = authenticator.authenticate(&credential, &name).await;
    let audit = &state.registry.shared().audit;
    audit.access(*address, name.as_str(), &grant);
    let grant = grant.map_err(refused)?;
    Ok(Reader {
        name,
        grant,
        address: *address,
    })
}

impl Reader {
    /// The same who may change it.
    pub(crate) fn writer(self) -> Result<Writer, Problem> {
        match self.grant.access {
            Access::ReadWrite => Ok(Writer(self)),
            Access::ReadOnly => Err(Problem {
                status: StatusCode::FORBIDDEN,
                code: "read-only",
                detail: "this token may read the document and not change it".into(),
            }),
        }
    }
}

impl FromRequestParts<AppState> for Writer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let reader = Reader::from_request_parts(parts, state).await?;
        reader.writer()
    }
}

pub(crate) fn refused(reason: CloseReason) -> Problem {
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
        Self::take(state).await
    }
}

impl Turn {
    /// Waits for a turn: for calls that read a body first.
    pub(crate) async fn take(state: &AppState) -> Result<Self, Problem> {
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
