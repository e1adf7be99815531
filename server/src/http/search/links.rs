//! Which pages link to one.

use axum::{
    extract::{Query, RawQuery, State, rejection::QueryRejection},
    http::HeaderMap,
    response::Response,
};
use serde::{Deserialize, Serialize};
use unisson_search::{Filter, Order, Question};
use utoipa::{IntoParams, ToSchema};

use super::{
    Viewer,
    finding::Finding,
    found::{cursor, next, private},
};
use crate::http::{
    AppState, admission::Reader, error::Problem, history::parse_query, numbers::Count,
};

const PART_MAX: usize = 100;

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Portion {
    /// `next` of the answer before.
    #[param(pattern = "^(0|[1-9][0-9]{0,2})$")]
    cursor: Option<String>,
    /// How many at most, up to 100.
    #[param(schema_with = crate::http::numbers::count)]
    limit: Option<Count>,
}

/// A document that links to another.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Backlink)]
pub(super) struct Backlink {
    document: String,
    title: String,
    /// The space and the page that it is; null where it is no page.
    space: Option<String>,
    page: Option<String>,
    space_title: Option<String>,
}

/// Documents that link here, the one that was changed last first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BacklinksAnswer)]
pub(super) struct Answer {
    links: Vec<Backlink>,
    /// `cursor` for more; null where there are none.
    next: Option<String>,
}

/// List what links here
///
/// Only pages that you may read.
#[utoipa::path(
    get,
    path = "/api/v1/documents/{document}/backlinks",
    operation_id = "list_backlinks",
    tag = "search",
    params(Portion),
    responses((status = 200, description = "Documents", body = Answer))
)]
pub(super) async fn backlinks(
    State(state): State<AppState>,
    reader: Reader,
    part: Result<Query<Portion>, QueryRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let part = parse_query(part)?;
    let skip = cursor(part.cursor.as_deref())?;
    let limit = part
        .limit
        .map_or(PART_MAX, |limit| limit.get().min(PART_MAX));
    let mut viewer = Viewer::of(&state, &headers, query.as_deref()).await?;
    let finding = Finding {
        question: &Question::default(),
        filter: Filter {
            links_to: Some(reader.name.to_string()),
            ..Filter::default()
        },
        order: Order::Latest,
        skip,
        limit,
    };
    let shown = finding.run(&state, &mut viewer).await?;
    let next = next(&shown, skip, limit);
    let mut links = Vec::new();
    for (found, stored) in shown.hits {
        let page = viewer.page_of(&found.document).await;
        links.push(Backlink {
            document: found.document,
            title: page
                .as_ref()
                .map_or(stored.title, |page| page.title.clone()),
            space: page.as_ref().map(|page| page.space.clone()),
            space_title: page.as_ref().map(|page| page.space_title.clone()),
            page: page.map(|page| page.page),
        });
    }
    Ok(private(Answer { links, next }))
}
