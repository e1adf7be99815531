//! What has happened: who worked on which page when, the last first.

use axum::{
    extract::{Path, Query, RawQuery, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::{Deserialize, Serialize};
use unisson_search::{Filter, Order, Question, Worker};
use utoipa::{IntoParams, ToSchema};

use super::{Viewer, finding::Finding, found::private};
use crate::http::{
    AppState,
    error::Problem,
    history::parse_query,
    numbers::{Count, Moment},
};

/// The most sittings of one answer.
const PART_MAX: usize = 200;
const PART_DEFAULT: usize = 50;
/// How many pages are looked at for one answer.
const PAGES_MAX: usize = 200;

/// Which part of what has happened.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Only the work of this person, or `me`.
    pub(crate) person: Option<String>,
    /// Only what ended before this moment (milliseconds since 1970): `next` of the answer before.
    #[param(schema_with = crate::http::numbers::moment)]
    pub(crate) before_ms: Option<Moment>,
    /// How many at most, up to 200.
    #[param(schema_with = crate::http::numbers::count)]
    pub(crate) limit: Option<Count>,
}

/// Somebody who worked.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ActivityPerson)]
pub(crate) struct Person {
    /// Their id; null where nobody knows who it was.
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
}

/// Work on a page without a long pause.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ActivityEntry)]
pub(crate) struct Happening {
    pub(crate) document: String,
    /// The document's title.
    pub(crate) title: String,
    /// The space and the page that the document is; null where it is no page.
    pub(crate) space: Option<String>,
    pub(crate) page: Option<String>,
    pub(crate) space_title: Option<String>,
    /// When the first edit came, in milliseconds since 1970.
    pub(crate) from_ms: u64,
    /// When the last one came.
    pub(crate) until_ms: u64,
    pub(crate) people: Vec<Person>,
}

/// What has happened, the last first.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ActivityFeed)]
pub(crate) struct Answer {
    pub(crate) activity: Vec<Happening>,
    /// `before_ms` for more; null where there are none.
    pub(crate) next: Option<u64>,
}

/// Show what has happened everywhere
///
/// In all pages that you may read: who worked on which when, the last first. Of each page the last
/// twenty times.
#[utoipa::path(
    get,
    path = "/api/v1/activity",
    operation_id = "list_all_activity",
    tag = "search",
    security((), ("token" = [])),
    params(Asked),
    responses((status = 200, description = "What has happened", body = Answer))
)]
pub(super) async fn of_all(
    State(state): State<AppState>,
    asked: Result<Query<Asked>, QueryRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = parse_query(asked)?;
    let mut viewer = Viewer::of(&state, &headers, query.as_deref()).await?;
    Ok(private(
        happenings(&state, &mut viewer, Within::All, &asked).await?,
    ))
}

/// Show what has happened in a space
///
/// In its pages that you may read: who worked on which when, the last first.
#[utoipa::path(
    get,
    path = "/api/v1/spaces/{space}/activity",
    operation_id = "list_space_activity",
    tag = "search",
    security((), ("token" = [])),
    params(("space" = String, Path, description = "The space's id"), Asked),
    responses((status = 200, description = "What has happened", body = Answer))
)]
pub(super) async fn of_space(
    State(state): State<AppState>,
    Path(space): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = parse_query(asked)?;
    let mut viewer = Viewer::of(&state, &headers, query.as_deref()).await?;
    Ok(private(
        happenings(&state, &mut viewer, Within::Space(space), &asked).await?,
    ))
}

/// Of what somebody wants to know what has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Within {
    All,
    Space(String),
    Document(String),
}

/// The same for pages of the server's own.
pub(crate) async fn happenings(
    state: &AppState,
    viewer: &mut Viewer<'_>,
    within: Within,
    asked: &Asked,
) -> Result<Answer, Problem> {
    let (space, document) = match within {
        Within::All => (None, None),
        Within::Space(space) => (Some(space), None),
        Within::Document(document) => (None, Some(document)),
    };
    let person = match (asked.person.as_deref(), &viewer.who.principal.person) {
        (Some("me"), Some(me)) => Some(me.clone()),
        (Some("me"), None) => {
            return Err(Problem {
                status: StatusCode::UNAUTHORIZED,
                code: "unauthorized",
                detail: "say who you are: your token names nobody".into(),
            });
        }
        (person, _) => person.map(str::to_owned),
    };
    let limit = asked
        .limit
        .map_or(PART_DEFAULT, |limit| limit.get().min(PART_MAX));
    let before_ms = asked.before_ms.map_or(u64::MAX, Moment::ms);
    let finding = Finding {
        question: &Question::default(),
        filter: Filter {
            space,
            document,
            worker: person.clone(),
            ..Filter::default()
        },
        order: Order::Latest,
        skip: 0,
        limit: PAGES_MAX,
    };
    let shown = finding.run(state, viewer).await?;
    let mut activity = Vec::new();
    for (found, stored) in shown.hits {
        let page = viewer.page_of(&found.document).await;
        let title = page
            .as_ref()
            .map_or(stored.title, |page| page.title.clone());
        let of_person = |workers: &[Worker]| {
            let is_them = |worker: &Worker| worker.id == person;
            person.is_none() || workers.iter().any(is_them)
        };
        let sittings = stored.sittings.into_iter();
        let sittings =
            sittings.filter(|sitting| sitting.until_ms < before_ms && of_person(&sitting.workers));
        activity.extend(sittings.map(|sitting| Happening {
            document: found.document.clone(),
            title: title.clone(),
            space: page.as_ref().map(|page| page.space.clone()),
            page: page.as_ref().map(|page| page.page.clone()),
            space_title: page.as_ref().map(|page| page.space_title.clone()),
            from_ms: sitting.from_ms,
            until_ms: sitting.until_ms,
            people: people(sitting.workers),
        }));
    }
    activity.sort_by_key(|one| std::cmp::Reverse(one.until_ms));
    let is_more = activity.len() > limit;
    activity.truncate(limit);
    let next = activity.last().map(|last| last.until_ms);
    Ok(Answer {
        activity,
        next: next.filter(|_| is_more),
    })
}

fn people(workers: Vec<Worker>) -> Vec<Person> {
    let people = workers.into_iter().map(|worker| Person {
        id: worker.id,
        name: worker.name,
    });
    people.collect()
}
