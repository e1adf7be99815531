//! Who asks about a document's comments, what they may do there, and changes of the record.

use axum::{
    Json,
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use unisson_rights::Action;
use unisson_session::{Change, Entries, Record};

use crate::{
    auth::is_anonymous,
    comments::{self, By, Threads},
    http::{AppState, admission::Reader, documents::require, error::Problem},
    records::{ChangeError, RecordError, RecordHandle},
};

/// The longest name that somebody gives themselves, in bytes.
const NAME_BYTES_MAX: usize = 120;

/// Somebody who asks about the comments of a document that they may read.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) reader: Reader,
    headers: HeaderMap,
    /// Nobody signs in here: everybody may do everything.
    is_open: bool,
}

impl FromRequestParts<AppState> for Desk {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let reader = Reader::from_request_parts(parts, state).await?;
        let shared = state.registry.shared();
        let is_open = shared.settings.is_open();
        // A page is there before anything is written on it.
        let may_be_blank = is_open || reader.grant.standing.is_some();
        match require(shared, &reader.name).await {
            Err(problem) if problem.code != "no-such-document" || !may_be_blank => Err(problem),
            Ok(()) | Err(_) => Ok(Self {
                reader,
                headers: parts.headers.clone(),
                is_open,
            }),
        }
    }
}

impl Desk {
    /// Their id, where they can be told from others.
    fn user(&self) -> Option<&str> {
        let user = self.reader.grant.user.as_deref();
        user.filter(|user| !is_anonymous(user))
    }

    fn may(&self, action: Action) -> bool {
        let is_somebody = self.user().is_some() || !action.needs_a_person();
        self.is_open || (is_somebody && self.reader.grant.role.may(action))
    }

    pub(super) fn may_comment(&self) -> bool {
        self.may(Action::Comment)
    }

    /// People change their own words; nobody puts words into the mouth of others.
    pub(super) fn may_edit(&self, by: &By) -> bool {
        let is_own = self.user().is_some() && self.user() == by.user.as_deref();
        // Where nobody signs in, nobody knows whose words they are.
        self.may_comment() && (is_own || self.is_open && by.user.is_none())
    }

    pub(super) fn may_delete(&self, by: &By) -> bool {
        self.may_edit(by) || self.may(Action::Moderate)
    }

    pub(super) fn need(is_allowed: bool) -> Result<(), Problem> {
        match is_allowed {
            true => Ok(()),
            false => Err(Problem {
                status: StatusCode::FORBIDDEN,
                code: "role",
                detail: "your role here does not allow it".into(),
            }),
        }
    }

    /// Who says something, or settles it. What somebody says they are called counts where the token
    /// does not say it.
    pub(super) fn by(&self, said: Option<&str>) -> Result<By, Problem> {
        let said = said.map(str::trim).filter(|name| !name.is_empty());
        if said
            .is_some_and(|name| name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control))
        {
            let detail = format!("a name is a line of at most {NAME_BYTES_MAX} bytes");
            return Err(unusable("comment", detail));
        }
        let known = self.reader.grant.display_name.as_deref();
        let name = match self.user() {
            Some(_) => known,
            None => said.or(known),
        };
        Ok(By {
            user: self.user().map(str::to_owned),
            name: name.map(str::to_owned),
        })
    }

    /// What is durable of the comments; who has the document open hears of what comes.
    pub(super) async fn record(&self, state: &AppState) -> Result<Option<RecordHandle>, Problem> {
        let shared = state.registry.shared();
        let record = comments::find(shared, &self.reader.name).await?;
        if let Some(record) = &record {
            let name = &self.reader.name;
            shared.watched.watch(&state.registry, name, record);
        }
        Ok(record)
    }

    /// Changes the comments: `decide` sees them as they are. Returns when that is durable.
    pub(super) async fn change<T>(
        &self,
        state: &AppState,
        decide: impl FnOnce(&Threads, &Entries) -> Result<(Vec<Change>, T), Problem>,
    ) -> Result<T, Problem> {
        let shared = state.registry.shared();
        let name = &self.reader.name;
        if shared.quotas.allowance(name).is_full() {
            return Err(Problem {
                status: StatusCode::INSUFFICIENT_STORAGE,
                code: "quota",
                detail: "there is no room left here: nothing can be written".into(),
            });
        }
        let record = comments::hold(shared, name).await?;
        shared.watched.watch(&state.registry, name, &record);
        let author = self.reader.author();
        let changed = record.change(&state.registry, author, |entries| {
            // Nobody else changes the record meanwhile.
            if !self.is_expected(&record.read()) {
                return Err(Problem {
                    status: StatusCode::PRECONDITION_FAILED,
                    code: "precondition",
                    detail: "the comments have changed: read them again".into(),
                });
            }
            decide(&read(entries)?, entries)
        });
        changed.await.map_err(|error| match error {
            ChangeError::Declined(problem) => problem,
            ChangeError::Failed(error) => error.into(),
        })
    }

    fn is_expected(&self, record: &Record) -> bool {
        let Some(expected) = self.headers.get(header::IF_MATCH) else {
            return true;
        };
        // One that cannot be read matches nothing.
        let expected = expected.to_str().unwrap_or_default();
        let own = self.etag(record);
        let mut tags = expected.split(',').map(str::trim);
        tags.any(|tag| tag == "*" || tag == own)
    }

    /// Whether the caller has what a record says already.
    pub(super) fn knows(&self, record: &Record) -> bool {
        let known = self.headers.get(header::IF_NONE_MATCH);
        let known = known.and_then(|known| known.to_str().ok());
        let own = self.etag(record);
        let mut tags = known.unwrap_or_default().split(',').map(str::trim);
        tags.any(|tag| tag.trim_start_matches("W/") == own)
    }

    /// Changes with the comments, and with what the caller may do: answers say that, too.
    fn etag(&self, record: &Record) -> String {
        let grant = &self.reader.grant;
        let mut hasher = blake3::Hasher::new();
        hasher.update(grant.role.name().as_bytes());
        hasher.update(grant.user.as_deref().unwrap_or_default().as_bytes());
        hasher.update(&[0]);
        // A record that was never written has no state, or an empty one: it says the same.
        if !record.entries().is_empty() {
            hasher.update(record.state());
        }
        let hash = hasher.finalize().to_hex();
        format!("\"{}\"", hash.get(..32).unwrap_or_default())
    }

    /// An answer with the tag of what it was made from.
    pub(super) fn answer<T: Serialize>(
        &self,
        status: StatusCode,
        record: &Record,
        body: &T,
    ) -> Response {
        self.tagged(record, (status, Json(body)).into_response())
    }

    pub(super) fn not_modified(&self, record: &Record) -> Response {
        self.tagged(record, StatusCode::NOT_MODIFIED.into_response())
    }

    fn tagged(&self, record: &Record, mut answer: Response) -> Response {
        let headers = answer.headers_mut();
        if let Ok(etag) = HeaderValue::from_str(&self.etag(record)) {
            headers.insert(header::ETAG, etag);
        }
        let private = HeaderValue::from_static("private, no-cache");
        headers.insert(header::CACHE_CONTROL, private);
        answer
    }
}

/// Reads a record; an error where an operator has to look.
pub(super) fn read(entries: &Entries) -> Result<Threads, Problem> {
    Threads::read(entries).map_err(|problem| Problem {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        code: "damaged",
        detail: format!("the comments are damaged: {problem}"),
    })
}

pub(super) fn unusable(code: &'static str, detail: impl Into<String>) -> Problem {
    Problem {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        code,
        detail: detail.into(),
    }
}

pub(super) fn no_such_thread() -> Problem {
    Problem {
        status: StatusCode::NOT_FOUND,
        code: "no-such-thread",
        detail: "the document has no such thread of comments".into(),
    }
}

pub(super) fn no_such_comment() -> Problem {
    Problem {
        status: StatusCode::NOT_FOUND,
        code: "no-such-comment",
        detail: "the thread has no such comment".into(),
    }
}

/// A record entry that cannot be written, or an id that cannot be drawn: not the caller's fault.
#[allow(clippy::needless_pass_by_value, reason = "as errors are handed over")]
pub(super) fn failed(error: impl ToString) -> Problem {
    RecordError::Unavailable(error.to_string()).into()
}
