//! Searching titles and texts.

use std::ops::Range;

use axum::{
    Json,
    extract::{Query, RawQuery, State, rejection::QueryRejection},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use unisson_search::{Excerpt, Filter, Marker, Order, Question, Stored};
use utoipa::{IntoParams, ToSchema};

use super::{
    Viewer,
    finding::{Finding, Shown},
    viewer::SeenPage,
};
use crate::http::{
    AppState, admin::bad_parameter, error::Problem, history::parse_query, numbers::Count,
};

/// The most hits of one answer.
const PART_MAX: usize = 50;
const PART_DEFAULT: usize = 20;
/// How far one may page: nobody reads so far, and each part is found anew.
const DEPTH_MAX: usize = 1_000;

/// What is looked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Words; `"words in this order"`; `-without`. What was changed last where it is empty.
    #[serde(default)]
    pub(crate) q: String,
    /// Only in this space.
    pub(crate) space: Option<String>,
    /// Only in titles.
    #[serde(default)]
    pub(crate) titles: bool,
    /// `next` of the answer before.
    #[param(pattern = "^(0|[1-9][0-9]{0,2})$")]
    pub(crate) cursor: Option<String>,
    /// How many at most, up to 50.
    #[param(schema_with = crate::http::numbers::count)]
    pub(crate) limit: Option<Count>,
}

/// A piece of text. Put together the pieces are the whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SearchPart)]
pub(crate) struct Part {
    pub(crate) text: String,
    /// It is one of the words that were looked for.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) hit: bool,
}

/// A document that was found.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = SearchHit)]
pub(crate) struct Hit {
    /// Its name.
    pub(crate) document: String,
    /// The space and the page that it is; null where it is no page.
    pub(crate) space: Option<String>,
    pub(crate) page: Option<String>,
    pub(crate) space_title: Option<String>,
    /// The titles of the pages above, from the top, as far as you may see.
    pub(crate) above: Vec<String>,
    pub(crate) title: String,
    /// The title, with the words that were looked for.
    pub(crate) title_parts: Vec<Part>,
    /// A part of the text that has most of what was looked for.
    pub(crate) excerpt: Vec<Part>,
    /// When it was last edited, in milliseconds since 1970; null where nobody knows.
    pub(crate) changed_ms: Option<u64>,
}

/// What was found, the best first.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = SearchAnswer)]
pub(crate) struct Answer {
    pub(crate) hits: Vec<Hit>,
    /// `cursor` for more; null where there are none.
    pub(crate) next: Option<String>,
}

/// Search
///
/// In the titles and texts of what you may read, in French and English: words in any form, begun
/// or slightly misspelled, the best first. An edit is found within seconds. Nothing tells of what
/// you may not read.
#[utoipa::path(
    get,
    path = "/api/v1/search",
    operation_id = "search",
    tag = "search",
    security((), ("token" = [])),
    params(Asked),
    responses((status = 200, description = "What was found", body = Answer))
)]
pub(super) async fn find(
    State(state): State<AppState>,
    asked: Result<Query<Asked>, QueryRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = parse_query(asked)?;
    let mut viewer = Viewer::of(&state, &headers, query.as_deref()).await?;
    let answer = search(&state, &mut viewer, asked).await?;
    Ok(private(answer))
}

/// An answer that is for its asker alone.
pub(crate) fn private<T: Serialize>(answer: T) -> Response {
    let headers = [(axum::http::header::CACHE_CONTROL, "private, no-store")];
    (headers, Json(answer)).into_response()
}

/// The same for pages of the server's own.
pub(crate) async fn search(
    state: &AppState,
    viewer: &mut Viewer<'_>,
    asked: Asked,
) -> Result<Answer, Problem> {
    let question = Question::of(&asked.q);
    let skip = cursor(asked.cursor.as_deref())?;
    let limit = asked
        .limit
        .map_or(PART_DEFAULT, |limit| limit.get().min(PART_MAX));
    let nothing = question.is_empty() && !asked.q.trim().is_empty();
    if nothing {
        // Signs alone: that is no wish to see everything.
        return Ok(Answer {
            hits: Vec::new(),
            next: None,
        });
    }
    let finding = Finding {
        order: match question.is_empty() {
            true => Order::Latest,
            false => Order::Best,
        },
        filter: Filter {
            space: asked.space,
            titles_only: asked.titles,
            ..Filter::default()
        },
        question: &question,
        skip,
        limit,
    };
    let shown = finding.run(state, viewer).await?;
    let next = next(&shown, skip, limit);
    let mut marker = Marker::new(&question);
    let mut hits = Vec::new();
    for (found, stored) in shown.hits {
        let page = viewer.page_of(&found.document).await;
        let (back, made) = mark(marker, found.document, page, stored).await?;
        marker = back;
        hits.push(made);
    }
    Ok(Answer { hits, next })
}

/// Long texts take a while: away from the async threads.
async fn mark(
    mut marker: Marker,
    document: String,
    page: Option<SeenPage>,
    stored: Stored,
) -> Result<(Marker, Hit), Problem> {
    let made = tokio::task::spawn_blocking(move || {
        let hit = hit(&mut marker, document, page, stored);
        (marker, hit)
    });
    made.await.map_err(|error| Problem {
        status: axum::http::StatusCode::SERVICE_UNAVAILABLE,
        code: "busy",
        detail: error.to_string(),
    })
}

fn hit(marker: &mut Marker, document: String, page: Option<SeenPage>, stored: Stored) -> Hit {
    // A page's title is the one that it has now.
    let title = page
        .as_ref()
        .map_or(stored.title, |page| page.title.clone());
    let marks = marker.marks(&title);
    Hit {
        document,
        title_parts: parts_of(&title, &marks),
        title,
        excerpt: excerpt_parts(&marker.excerpt(&stored.text)),
        changed_ms: Some(stored.changed_ms).filter(|ms| *ms > 0),
        space: page.as_ref().map(|page| page.space.clone()),
        space_title: page.as_ref().map(|page| page.space_title.clone()),
        above: page
            .as_ref()
            .map(|page| page.above.clone())
            .unwrap_or_default(),
        page: page.map(|page| page.page),
    }
}

/// The cursor behind an answer: how much the asker has seen, and nothing of what they may not see.
pub(super) fn next(shown: &Shown, skip: usize, limit: usize) -> Option<String> {
    let behind = skip + limit;
    (shown.is_more && behind < DEPTH_MAX).then(|| behind.to_string())
}

pub(super) fn cursor(text: Option<&str>) -> Result<usize, Problem> {
    let Some(text) = text else { return Ok(0) };
    // Written in one way only, as the description has it.
    let is_ours = |place: &usize| *place < DEPTH_MAX && place.to_string() == text;
    let place = text.parse().ok().filter(is_ours);
    place.ok_or_else(|| bad_parameter("cursor is the `next` of an answer before"))
}

fn excerpt_parts(excerpt: &Excerpt) -> Vec<Part> {
    let mut parts = parts_of(&excerpt.text, &excerpt.marks);
    let dots = || Part {
        text: "…".into(),
        hit: false,
    };
    if excerpt.is_cut_before {
        parts.insert(0, dots());
    }
    if excerpt.is_cut_behind {
        parts.push(dots());
    }
    parts
}

fn parts_of(text: &str, marks: &[Range<usize>]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut push = |range: Range<usize>, hit| {
        if let Some(text) = text.get(range).filter(|text| !text.is_empty()) {
            let text = text.to_owned();
            parts.push(Part { text, hit });
        }
    };
    let mut at = 0;
    for mark in marks {
        push(at..mark.start, false);
        push(mark.clone(), true);
        at = mark.end;
    }
    push(at..text.len(), false);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_put_together_are_the_text() {
        let text = "Le budget de l'été";
        for marks in [
            Vec::<Range<usize>>::new(),
            std::iter::once(3..9).collect(),
            vec![0..2, 3..9],
            std::iter::once(text.len() - 5..text.len()).collect(),
        ] {
            let parts = parts_of(text, &marks);
            let whole: String = parts.iter().map(|part| part.text.as_str()).collect();
            assert_eq!(whole, text);
            let hits = parts.iter().filter(|part| part.hit).count();
            assert_eq!(hits, marks.len());
        }
        assert_eq!(parts_of("", &[]), []);
    }

    #[test]
    fn a_cursor_is_a_place_that_was_given_out() {
        assert_eq!(cursor(None), Ok(0));
        assert_eq!(cursor(Some("20")), Ok(20));
        for text in ["", "x", "-1", "1000", "99999999999999999999"] {
            assert!(cursor(Some(text)).is_err(), "{text}");
        }
    }
}
