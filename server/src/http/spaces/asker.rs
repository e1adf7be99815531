//! Who asks about a space, what they may do there, and how refusals are told.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Json,
    extract::{FromRequestParts, Path, rejection::JsonRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use unisson_history::Author;
use unisson_protocol::CloseReason;
use unisson_rights::{Action, Changes, Denied, Place, Rights, Space};

use super::told;
use crate::{
    auth::{About, Identity},
    http::{AppState, admission::bad_request, error::Problem, guard::address_of, ws},
    records::{ChangeError, RecordError},
    spaces::{HeldSpace, Refusal, prefix_of},
};

/// The longest id of a person or name of a group, in bytes, as in tokens.
const NAME_BYTES_MAX: usize = 256;
/// The longest title, in bytes.
const TITLE_BYTES_MAX: usize = 300;

/// Somebody who asks about a space that they may know of.
#[derive(Debug)]
pub(in crate::http) struct Asker {
    pub(super) who: Identity,
    pub(super) held: Arc<HeldSpace>,
    pub(super) space: Arc<Space>,
    pub(super) headers: HeaderMap,
    /// Where they are, for the audit log.
    pub(super) address: Option<IpAddr>,
}

/// Who somebody is, for all documents whose names begin so.
pub(in crate::http) async fn identify(
    (headers, query): (&HeaderMap, Option<&str>),
    state: &AppState,
    prefix: &str,
) -> Result<Identity, Problem> {
    let credential = ws::credential(query, headers, state);
    let authenticator = &state.registry.shared().authenticator;
    match authenticator
        .identify(&credential, About::Within(prefix))
        .await
    {
        // Some spaces are open to whoever shows nothing.
        Err(CloseReason::Unauthorized) if credential.is_empty() => Ok(Identity::anonymous()),
        identity => identity.map_err(refused),
    }
}

fn refused(reason: CloseReason) -> Problem {
    Problem::of_refusal(
        reason,
        "a token is needed: send it as `Authorization: Bearer`",
        "this token is for something else",
    )
}

impl FromRequestParts<AppState> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let path = Path::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let id = path.ok().and_then(|Path(path)| {
            let mut path = path.into_iter();
            Some(path.find(|(key, _)| key == "space")?.1)
        });
        let id = id.unwrap_or_default();
        let shown = (&parts.headers, parts.uri.query());
        let who = identify(shown, state, &prefix_of(&id)).await?;
        let held = state.registry.shared().spaces.find(&id).await?;
        // Whoever may not know of a space is told the same as if there were none.
        let hidden = || match who.is_nobody() {
            true => refused(CloseReason::Unauthorized),
            false => no_space(),
        };
        let held = held.ok_or_else(hidden)?;
        let space = held.space()?.ok_or_else(hidden)?;
        let asker = Self {
            held,
            space: space.clone(),
            headers: parts.headers.clone(),
            address: address_of(&parts.extensions),
            who: who.clone(),
        };
        if asker.knows() {
            Ok(asker)
        } else {
            Err(hidden())
        }
    }
}

fn no_space() -> Problem {
    Problem {
        status: StatusCode::NOT_FOUND,
        code: "no-such-space",
        detail: "there is no such space, or you may not know of it".into(),
    }
}

impl Asker {
    /// What they may do at a place of the space as it was when they asked or as it is now.
    pub(super) fn rights(&self, space: &Space, place: Place<'_>) -> Rights {
        self.held.rights(space, place, &self.who)
    }

    /// Whether they may know of the space, as it is by now.
    pub(super) fn knows(&self) -> bool {
        let Ok(Some(space)) = self.held.space() else {
            return false;
        };
        self.rights(&space, Place::Space).role.is_some()
            // Somebody with a link or a page of their own knows it, too.
            || space.pages.keys().any(|page| {
                self.rights(&space, Place::Page(page)).role.is_some()
            })
    }

    /// An error where they may not.
    pub(super) fn need(&self, place: Place<'_>, action: Action) -> Result<(), Problem> {
        match self.rights(&self.space, place).may(action) {
            true => Ok(()),
            false => Err(Refusal::from(Denied::Role).into()),
        }
    }

    pub(super) fn author(&self) -> Author {
        Author {
            user: self.who.person.user.clone(),
            name: self.who.person.display_name.clone(),
        }
    }

    /// Changes the space; `decide` sees it as it is by then, and must look at rights itself.
    pub(super) async fn change<T>(
        &self,
        state: &AppState,
        decide: impl FnOnce(&Space) -> Result<(Changes, T), Refusal>,
    ) -> Result<T, Problem> {
        let expected = expected(&self.headers);
        let mut told = Vec::new();
        let changed = self
            .held
            .change(&state.registry, self.author(), expected, |space| {
                let (changes, decided) =
                    decide(space.ok_or(Refusal::Missing("there is no such space"))?)?;
                told = told::of(space, &changes);
                Ok((changes, decided))
            });
        let decided = changed.await?;
        told::tell(state, self, told);
        Ok(decided)
    }

    /// An answer with the space's tag; 304 where it is known.
    pub(super) fn answer<T: Serialize>(&self, status: StatusCode, body: &T) -> Response {
        let etag = self.held.etag();
        let known = self.headers.get(header::IF_NONE_MATCH);
        let known = known
            .and_then(|known| known.to_str().ok())
            .unwrap_or_default();
        let is_known = known
            .split(',')
            .any(|known| known.trim().trim_start_matches("W/") == etag);
        let mut answer = match is_known && status == StatusCode::OK {
            true => StatusCode::NOT_MODIFIED.into_response(),
            false => (status, Json(body)).into_response(),
        };
        let headers = answer.headers_mut();
        if let Ok(etag) = HeaderValue::from_str(&etag) {
            headers.insert(header::ETAG, etag);
        }
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-cache"),
        );
        answer
    }
}

/// `If-Match`, unless it says that anything will do.
fn expected(headers: &HeaderMap) -> Option<&str> {
    let expected = headers.get(header::IF_MATCH)?;
    // One that cannot be read matches nothing.
    let expected = expected.to_str().unwrap_or_default().trim();
    // What was packed on its way, here or by a proxy, is the same all the same.
    let expected = expected.trim_start_matches("W/");
    (expected != "*").then_some(expected)
}

/// A line for people, or an error that names it.
pub(super) fn title(what: &str, text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.is_empty() || text.len() > TITLE_BYTES_MAX || text.chars().any(char::is_control) {
        let detail = format!("{what} is a line of at most {TITLE_BYTES_MAX} bytes and not blank");
        return Err(bad_request("title", detail));
    }
    Ok(text.to_owned())
}

/// The portal's id of a person, or its name of a group.
pub(super) fn name(text: &str) -> Result<&str, Problem> {
    if text.trim().is_empty() || text.len() > NAME_BYTES_MAX || text.chars().any(char::is_control) {
        let detail = format!("an id is a line of at most {NAME_BYTES_MAX} bytes and not blank");
        return Err(bad_request("person", detail));
    }
    Ok(text)
}

/// A body, or why there is none.
pub(super) fn body<T>(body: Result<Json<T>, JsonRejection>) -> Result<T, Problem> {
    match body {
        Ok(Json(body)) => Ok(body),
        Err(error) => Err(Problem {
            status: error.status(),
            code: "body",
            detail: error.body_text(),
        }),
    }
}

/// A field that is left out, null, or there: `null` takes a value away.
pub(super) fn nullable<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: serde::Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    Ok(Some(serde::Deserialize::deserialize(deserializer)?))
}

impl From<RecordError> for Problem {
    fn from(error: RecordError) -> Self {
        let detail = error.to_string();
        match error {
            RecordError::Unavailable(_) | RecordError::Unknown => Self {
                status: StatusCode::SERVICE_UNAVAILABLE,
                code: "unavailable",
                detail,
            },
            RecordError::Damaged { .. } => Self {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                code: "damaged",
                detail,
            },
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (status, code) = match refusal {
            Refusal::Missing(_) => (StatusCode::NOT_FOUND, "not-in-space"),
            Refusal::Exists(_) => (StatusCode::CONFLICT, "exists"),
            Refusal::Denied(Denied::LastOwner) => (StatusCode::CONFLICT, "last-owner"),
            Refusal::Denied(_) => (StatusCode::FORBIDDEN, "role"),
            Refusal::Move(_) => (StatusCode::UNPROCESSABLE_ENTITY, "page-place"),
            Refusal::Full(_) => (StatusCode::UNPROCESSABLE_ENTITY, "space-full"),
            Refusal::Changed => (StatusCode::PRECONDITION_FAILED, "precondition"),
            Refusal::Unreadable(_) => (StatusCode::INTERNAL_SERVER_ERROR, "damaged"),
        };
        Self {
            status,
            code,
            detail: refusal.to_string(),
        }
    }
}

impl From<ChangeError<Refusal>> for Problem {
    fn from(error: ChangeError<Refusal>) -> Self {
        match error {
            ChangeError::Declined(refusal) => refusal.into(),
            ChangeError::Failed(error) => error.into(),
        }
    }
}
