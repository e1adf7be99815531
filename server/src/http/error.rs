//! Errors of plain HTTP requests, as `application/problem+json` (RFC 9457).

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use unisson_protocol::CloseReason;

/// A refused request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The status.
    pub(crate) status: StatusCode,
    /// A stable code for programs.
    pub(crate) code: &'static str,
    /// A sentence for people.
    pub(crate) detail: String,
}

impl Problem {
    /// Why a credential does not do: `needed` where there is none that counts, `beyond` where it is
    /// for something else.
    pub(crate) fn of_refusal(reason: CloseReason, needed: &str, beyond: &str) -> Self {
        let (status, code, detail) = match reason {
            CloseReason::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized", needed),
            CloseReason::Undecided => (
                StatusCode::SERVICE_UNAVAILABLE,
                "sign-in-unavailable",
                "the token cannot be checked now, try again later",
            ),
            _ => (StatusCode::FORBIDDEN, "forbidden", beyond),
        };
        Self {
            status,
            code,
            detail: detail.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or_default(),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        });
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (self.status, kind, body.to_string()).into_response()
    }
}

/// The answer's `Allow` is the router's.
pub(crate) async fn method_not_allowed() -> Problem {
    Problem {
        status: StatusCode::METHOD_NOT_ALLOWED,
        code: "method",
        detail: "this address knows other methods: see Allow".into(),
    }
}

pub(crate) async fn not_found() -> Problem {
    Problem {
        status: StatusCode::NOT_FOUND,
        code: "not-found",
        detail: "there is nothing here: editors connect to /ws/{document} and /hocuspocus, programs find \
                 the API described at /api/v1".into(),
    }
}
