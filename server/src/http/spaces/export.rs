//! A whole space as files: every page that its asker may read, in folders as the tree is, with its
//! files beside it, and links that lead from file to file.
//!
//! The archive is written as it is read: nothing holds more than one page and one file, and a reader
//! who stops reading is not waited for.

mod archive;
mod page;
mod site;

use axum::{
    body::Body,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use unisson_rights::{Action, Place};
use utoipa::{IntoParams, ToSchema};

use self::site::{Site, Sort};
use super::{asker::Asker, pages::walk};
use crate::{
    audit,
    http::{AppState, error::Problem, history::parse_query},
};

/// What the pages become.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    /// Markdown with front matter, as Docusaurus and others read it.
    #[default]
    Markdown,
    /// Pages that a browser shows without a server.
    Html,
    /// Files of Word.
    Docx,
    /// Files of LibreOffice.
    Odt,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Question {
    /// What the pages become; Markdown where nothing is said.
    #[serde(default)]
    #[param(inline)]
    format: Format,
}

/// Take a space with you
///
/// A zip archive of all pages that you may read: folders as the tree is, their files beside them, and
/// links from file to file. What could not be read is listed in `errors.txt`.
#[utoipa::path(
    get,
    path = "/api/v1/spaces/{space}/export",
    operation_id = "export_space",
    tag = "spaces",
    params(("space" = String, Path, description = "Its id"), Question),
    responses((status = 200, description = "The archive", body = Vec<u8>, content_type = "application/zip"))
)]
pub(super) async fn export(
    State(state): State<AppState>,
    asker: Asker,
    question: Result<Query<Question>, QueryRejection>,
) -> Result<Response, Problem> {
    let format = parse_query(question)?.format;
    let shared = state.registry.shared();
    let Ok(turn) = shared.exports.clone().try_acquire_owned() else {
        return Err(Problem {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: "busy",
            detail: "too many spaces are taken away now: try again".into(),
        });
    };
    let space = &asker.space;
    let readable = walk(space).into_iter().filter(|id| {
        let is_there = space
            .pages
            .get(*id)
            .is_some_and(|page| page.deleted_ms.is_none());
        is_there && asker.rights(space, Place::Page(id)).may(Action::Read)
    });
    let site = Site::of(asker.held.id(), space, readable, Sort::of(format));
    let entry = audit::Entry::new(audit::Action::DocumentExported);
    let entry = entry.space(asker.held.id()).from(asker.address);
    let entry = entry.by(crate::events::Actor::of(&asker.author()));
    shared
        .audit
        .record(entry.detail("format", Sort::of(format).extension()));
    let body = archive::stream(state, site, turn);
    let name = format!("{}.zip", space.settings.title);
    let encoded = utf8_percent_encode(&name, NON_ALPHANUMERIC);
    let plain = format!("{}.zip", asker.held.id());
    let named = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}");
    let mut answer = Body::from_stream(body).into_response();
    let headers = answer.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/zip"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-store"),
    );
    if let Ok(named) = HeaderValue::from_str(&named) {
        headers.insert(header::CONTENT_DISPOSITION, named);
    }
    Ok(answer)
}
