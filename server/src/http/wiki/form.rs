//! Plain forms: how they are read, and where their senders are led.

use axum::{
    body::Bytes,
    extract::Query,
    http::{HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde::de::DeserializeOwned;

/// What a form holds: its body is written as a query is.
pub(super) fn read<T: DeserializeOwned>(body: &Bytes) -> Option<T> {
    let uri = Uri::builder()
        .path_and_query(format!("/?{}", std::str::from_utf8(body).ok()?))
        .build();
    Some(Query::try_from_uri(&uri.ok()?).ok()?.0)
}

/// To a page, after a form: going back in the browser sends nothing twice.
pub(super) fn see_other(location: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(location) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let headers = [
        (header::LOCATION, location),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_form_is_read_as_browsers_send_it() {
        let body = Bytes::from_static(b"title=L%27%C3%A9t%C3%A9+%26+l%E2%80%99hiver&parent=a-b");
        let wanted: BTreeMap<String, String> = read(&body).expect("a form");
        assert_eq!(wanted["title"], "L'été & l’hiver");
        assert_eq!(wanted["parent"], "a-b");
        assert!(read::<BTreeMap<String, String>>(&Bytes::from_static(b"\xff\xfe")).is_none());
    }
}
