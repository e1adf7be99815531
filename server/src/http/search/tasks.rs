//! Tasks in pages: whose, and whether they are done.

use axum::{
    extract::{Query, RawQuery, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
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
use crate::http::{AppState, error::Problem, history::parse_query, numbers::Count};

/// The most pages with tasks of one answer.
const PART_MAX: usize = 50;

/// Open, or done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum TaskState {
    /// To be done.
    #[default]
    Open,
    /// Done.
    Done,
}

/// Which tasks.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// Whose: `me` (where it is left out), or the id of a person.
    assignee: Option<String>,
    /// Open ones where it is left out.
    #[serde(default)]
    #[param(inline)]
    state: TaskState,
    /// Only in this space.
    space: Option<String>,
    /// `next` of the answer before.
    #[param(pattern = "^(0|[1-9][0-9]{0,2})$")]
    cursor: Option<String>,
    /// Of how many pages at most, up to 50.
    #[param(schema_with = crate::http::numbers::count)]
    limit: Option<Count>,
}

/// A task, and where it stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskAnswer)]
pub(super) struct Task {
    document: String,
    /// The document's title.
    title: String,
    /// The space and the page that the document is; null where it is no page.
    space: Option<String>,
    page: Option<String>,
    space_title: Option<String>,
    /// Which of the document's tasks.
    id: String,
    text: String,
    done: bool,
    assignee: Option<String>,
    /// A day, as `2026-11-30`.
    due: Option<String>,
}

/// Tasks, those of the page that was changed last first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TasksAnswer)]
pub(super) struct Answer {
    tasks: Vec<Task>,
    /// `cursor` for more; null where there are none.
    next: Option<String>,
}

/// List tasks
///
/// Those of one person in all pages that you may read.
#[utoipa::path(
    get,
    path = "/api/v1/tasks",
    operation_id = "list_tasks",
    tag = "search",
    security((), ("token" = [])),
    params(Asked),
    responses((status = 200, description = "Tasks", body = Answer))
)]
pub(super) async fn list(
    State(state): State<AppState>,
    asked: Result<Query<Asked>, QueryRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = parse_query(asked)?;
    let mut viewer = Viewer::of(&state, &headers, query.as_deref()).await?;
    let assignee = match asked.assignee.as_deref() {
        None | Some("me") => me(&state, &viewer)?,
        Some(person) => person.to_owned(),
    };
    let is_done = asked.state == TaskState::Done;
    let skip = cursor(asked.cursor.as_deref())?;
    let limit = asked
        .limit
        .map_or(PART_MAX, |limit| limit.get().min(PART_MAX));
    let finding = Finding {
        question: &Question::default(),
        filter: Filter {
            tasks: Some((assignee.clone(), is_done)),
            space: asked.space,
            ..Filter::default()
        },
        order: Order::Latest,
        skip,
        limit,
    };
    let shown = finding.run(&state, &mut viewer).await?;
    let next = next(&shown, skip, limit);
    let mut tasks = Vec::new();
    for (found, stored) in shown.hits {
        let page = viewer.page_of(&found.document).await;
        let own = stored.tasks.into_iter().filter(|task| {
            task.is_done == is_done && task.assignee.as_deref().unwrap_or_default() == assignee
        });
        let title = page
            .as_ref()
            .map_or(stored.title, |page| page.title.clone());
        tasks.extend(own.map(|task| Task {
            document: found.document.clone(),
            title: title.clone(),
            space: page.as_ref().map(|page| page.space.clone()),
            page: page.as_ref().map(|page| page.page.clone()),
            space_title: page.as_ref().map(|page| page.space_title.clone()),
            id: task.id,
            text: task.text,
            done: task.is_done,
            assignee: task.assignee,
            due: task.due,
        }));
    }
    Ok(private(Answer { tasks, next }))
}

/// The asker's own id. Where nobody signs in, everybody's tasks are nobody's.
fn me(state: &AppState, viewer: &Viewer<'_>) -> Result<String, Problem> {
    match &viewer.who.principal.person {
        Some(person) => Ok(person.clone()),
        None if state.registry.shared().settings.is_open() => Ok(String::new()),
        None => Err(Problem {
            status: StatusCode::UNAUTHORIZED,
            code: "unauthorized",
            detail: "say who you are, or whose tasks you want: your token names nobody".into(),
        }),
    }
}
