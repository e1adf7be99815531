//! What pages are called now: for links, which follow the title of the page that they lead to.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json,
    extract::{RawQuery, State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, Serialize};
use unisson_rights::{Action, Place, Space, chain, is_id};
use utoipa::ToSchema;

use super::asker::{body, identify};
use crate::{
    auth::Identity,
    http::{AppState, admission::bad_request, error::Problem},
    spaces::{HeldSpace, prefix_of},
};

/// How many pages one call may ask about.
const PAGES_MAX: usize = 100;

/// A page, by the ids that its links have. What is no id names no page.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PageName {
    space: String,
    page: String,
}

/// Which pages.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TitlesQuestion {
    /// Up to 100.
    #[schema(max_items = 100)]
    pages: Vec<PageName>,
}

/// What a page is called.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TitleAnswer {
    space: String,
    page: String,
    title: String,
}

/// The pages that are there and that you may read, in the order of the question.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TitlesAnswer {
    pages: Vec<TitleAnswer>,
}

/// Titles of pages
///
/// What the pages of some links are called now. Pages that are not there, that lie in the trash or
/// that you may not read are left out, all alike.
#[utoipa::path(
    post,
    path = "/api/v1/pages/titles",
    operation_id = "page_titles",
    tag = "spaces",
    security((), ("token" = [])),
    request_body = TitlesQuestion,
    responses((status = 200, description = "Titles", body = TitlesAnswer))
)]
pub(super) async fn titles(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    question: Result<Json<TitlesQuestion>, JsonRejection>,
) -> Result<Json<TitlesAnswer>, Problem> {
    let question = body(question)?;
    if question.pages.len() > PAGES_MAX {
        let detail = format!("a call asks about {PAGES_MAX} pages at most");
        return Err(bad_request("pages", detail));
    }
    let mut spaces = BTreeMap::new();
    for PageName { space, .. } in &question.pages {
        if !spaces.contains_key(space) {
            let seen = SeenSpace::of(&state, (&headers, query.as_deref()), space).await?;
            spaces.insert(space.clone(), seen);
        }
    }
    let pages = question.pages.into_iter().filter_map(|name| {
        let title = spaces.get(&name.space)?.as_ref()?.title(&name.page)?;
        Some(TitleAnswer {
            title,
            space: name.space,
            page: name.page,
        })
    });
    let pages = pages.collect();
    Ok(Json(TitlesAnswer { pages }))
}

/// A space as one reader sees it.
struct SeenSpace {
    held: Arc<HeldSpace>,
    space: Arc<Space>,
    who: Identity,
}

impl SeenSpace {
    /// The space as whoever shows this sees it; `None` where there is none for them.
    async fn of(
        state: &AppState,
        shown: (&HeaderMap, Option<&str>),
        id: &str,
    ) -> Result<Option<Self>, Problem> {
        if !is_id(id) {
            return Ok(None);
        }
        let who = match identify(shown, state, &prefix_of(id)).await {
            Ok(who) => who,
            // A token for another space shows nothing of this one, and is none the worse for it.
            Err(problem) if problem.status == StatusCode::FORBIDDEN => return Ok(None),
            Err(problem) => return Err(problem),
        };
        let Some(held) = state.registry.shared().spaces.find(id).await? else {
            return Ok(None);
        };
        let space = held.space()?;
        Ok(space.map(|space| Self { held, space, who }))
    }

    /// What a page is called, where it is there and may be read.
    fn title(&self, page: &str) -> Option<String> {
        let rights = self.held.rights(&self.space, Place::Page(page), &self.who);
        let way = chain(&self.space, page).filter(|_| rights.may(Action::Read))?;
        // A facilitator may read what lies in the trash; a link to it leads nowhere.
        let is_there = way.iter().all(|(_, page)| page.deleted_ms.is_none());
        way.last()
            .filter(|_| is_there)
            .map(|(_, page)| page.title.clone())
    }
}
