//! Why there is no page, as a page. What somebody may not see looks like what there is not.

use axum::{
    http::{StatusCode, header},
    response::Response,
};
use unisson_history::escaped;
use unisson_protocol::CloseReason;

use super::{
    answer::{Keep, answer},
    layout::Layout,
    visit::Visit,
};
use crate::{http::error::Problem, records::RecordError};

/// What somebody is told who gets no page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// There is nothing, or nothing for them.
    Missing,
    /// There may be something for them once they have said who they are.
    SignIn,
    /// They may see it, and not do this.
    NotYours,
    /// It is in the trash, or was erased.
    Gone,
    /// Nobody can tell now.
    Unavailable,
    /// An operator has to look.
    Broken,
}

impl Failure {
    pub(super) fn of_reason(reason: CloseReason) -> Self {
        match reason {
            CloseReason::Unauthorized => Self::SignIn,
            CloseReason::Undecided => Self::Unavailable,
            _ => Self::Missing,
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Missing => StatusCode::NOT_FOUND,
            Self::SignIn => StatusCode::UNAUTHORIZED,
            Self::NotYours => StatusCode::FORBIDDEN,
            Self::Gone => StatusCode::GONE,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The page that says so.
    pub(super) fn page(self, visit: &Visit) -> Response {
        let words = visit.words();
        let (title, text) = match self {
            Self::Missing => words.missing,
            Self::SignIn => words.sign_in_first,
            Self::NotYours => words.not_yours,
            Self::Gone => words.gone,
            Self::Unavailable => words.unavailable,
            Self::Broken => words.broken,
        };
        let sign_in = visit.sign_in().filter(|_| {
            visit.signed_in.is_none()
                && matches!(self, Self::Missing | Self::SignIn | Self::NotYours)
        });
        let sign_in = sign_in.map(|to| {
            format!(
                "<p><a class=\"button\" href=\"{}\">{}</a></p>",
                escaped(&to),
                words.sign_in
            )
        });
        let main = format!(
            "<h1>{title}</h1><p>{text}</p>{}<p><a href=\"{}\">{}</a></p>",
            sign_in.unwrap_or_default(),
            visit.root,
            words.to_home
        );
        let layout = Layout {
            title: title.to_owned(),
            main,
            class: "closed",
            ..Layout::default()
        };
        let mut response = answer(visit, self.status(), layout.html(visit, None), Keep::Never);
        if self == Self::Unavailable {
            let wait = header::HeaderValue::from_static("5");
            response.headers_mut().insert(header::RETRY_AFTER, wait);
        }
        response
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        match problem.status {
            StatusCode::UNAUTHORIZED => Self::SignIn,
            StatusCode::GONE => Self::Gone,
            StatusCode::SERVICE_UNAVAILABLE => Self::Unavailable,
            status if status.is_client_error() => Self::Missing,
            _ => Self::Broken,
        }
    }
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        tracing::warn!(%error, "a page cannot be shown");
        match error {
            RecordError::Unavailable(_) | RecordError::Unknown => Self::Unavailable,
            RecordError::Damaged { .. } => Self::Broken,
        }
    }
}
