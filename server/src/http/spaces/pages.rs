//! The tree of pages: what I see of it, adding, renaming, moving, restricting, deleting.

use std::collections::BTreeSet;

use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{JsonRejection, QueryRejection},
    },
    http::{StatusCode, header},
    response::Response,
};
use serde::{Deserialize, Serialize};
use unisson_rights::{
    Action, Changes, Denied, Keys, MoveError, PAGES_MAX, Page, Place, Position, Role, Space, chain,
    children, is_id, moved, set,
};
use utoipa::{IntoParams, ToSchema};

use super::{
    asker::{Asker, body, nullable, title},
    templates::Beginning,
};
use crate::{
    http::{
        AppState,
        admission::{Asked, bad_request},
        error::Problem,
        history::parse_query,
        numbers::Count,
    },
    spaces::{Refusal, document_of, draw},
    versions::unix_now_ms,
};

/// A page, as far as you may see.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PageAnswer {
    id: String,
    title: String,
    /// The page above; null at the top, and where you may not see it.
    parent: Option<String>,
    /// Its document: what clients open.
    document: String,
    /// Whoever is less than this above the page does not see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    readers: Option<Role>,
    /// Whoever is less than this above the page does not write in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    writers: Option<Role>,
    /// Nobody but facilitators writes.
    locked: bool,
    /// When it was deleted, where it was: facilitators still see it, and may bring it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_ms: Option<u64>,
    created_ms: u64,
    /// What you are there.
    role: Option<Role>,
}

impl PageAnswer {
    fn of(asker: &Asker, space: &Space, id: &str, page: &Page) -> Self {
        let may_see = |page: &str| asker.rights(space, Place::Page(page)).may(Action::Read);
        Self {
            id: id.to_owned(),
            title: page.title.clone(),
            parent: page.parent.clone().filter(|parent| may_see(parent)),
            document: document_of(asker.held.id(), id),
            readers: page.readers,
            writers: page.writers,
            locked: page.locked,
            deleted_ms: page.deleted_ms,
            created_ms: page.created_ms,
            role: asker.rights(space, Place::Page(id)).role,
        }
    }
}

/// Which pages.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PagesQuestion {
    /// `next` of the answer before.
    cursor: Option<String>,
    /// How many at most, up to 1000.
    #[param(schema_with = crate::http::numbers::count)]
    limit: Option<Count>,
}

/// Pages, each before those below it, siblings in order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PagesAnswer {
    pages: Vec<PageAnswer>,
    /// `cursor` for more; null where there are none.
    next: Option<String>,
}

/// The most pages in one answer.
const PART_MAX: usize = 1_000;

/// List pages
///
/// Those that you may read, as one walks through the tree; nothing tells of the others.
#[utoipa::path(
    get,
    path = "/api/v1/spaces/{space}/pages",
    operation_id = "list_pages",
    tag = "spaces",
    params(("space" = String, Path, description = "Its id"), PagesQuestion),
    responses((status = 200, description = "Pages", body = PagesAnswer))
)]
pub(super) async fn list(
    asker: Asker,
    question: Result<Query<PagesQuestion>, QueryRejection>,
) -> Result<Response, Problem> {
    let question = parse_query(question)?;
    let limit = question
        .limit
        .map_or(PART_MAX, |limit| limit.get().min(PART_MAX));
    let space = &asker.space;
    let mut order = walk(space)
        .into_iter()
        .filter(|id| asker.rights(space, Place::Page(id)).may(Action::Read));
    if let Some(cursor) = &question.cursor {
        // A page that has gone meanwhile gives an empty part: the list has changed, see `ETag`.
        order.by_ref().find(|id| id == cursor);
    }
    let shown = order.by_ref().take(limit);
    let pages: Vec<PageAnswer> = shown
        .filter_map(|id| Some(PageAnswer::of(&asker, space, id, space.pages.get(id)?)))
        .collect();
    let next = order.next().and(pages.last()).map(|page| page.id.clone());
    Ok(asker.answer(StatusCode::OK, &PagesAnswer { pages, next }))
}

/// All pages that have a way from the top, then those that have none: a facilitator who sees the
/// whole space can move them.
pub(super) fn walk(space: &Space) -> Vec<&str> {
    let mut found = Vec::new();
    let mut next: Vec<&str> = children(space, None).into_iter().rev().collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = next.pop() {
        if seen.insert(id) {
            found.push(id);
            next.extend(children(space, Some(id)).into_iter().rev());
        }
    }
    found.extend(
        space
            .pages
            .keys()
            .map(String::as_str)
            .filter(|id| !seen.contains(id)),
    );
    found
}

/// A new page.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct PageOrder {
    /// Lower-case letters, digits and `-`; drawn where it is left out. It never changes.
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
    id: Option<String>,
    #[schema(min_length = 1)]
    title: String,
    /// The page above; the top where it is left out.
    parent: Option<String>,
    /// `first`, `last` (where it is left out) or `after:` and the id of a page with the same parent.
    position: Option<String>,
    /// A document that the new page begins as, such as one of the space's templates. In its text
    /// `{{title}}`, `{{date}}`, `{{author}}` and `{{space}}` are filled in, in French as well.
    from: Option<String>,
}

impl PageOrder {
    /// A page of this title, behind its siblings.
    pub(in crate::http) fn of(title: &str, parent: Option<&str>) -> Self {
        Self {
            id: None,
            title: title.to_owned(),
            parent: parent.map(str::to_owned),
            position: None,
            from: None,
        }
    }
}

/// Add a page
///
/// Its document is empty until somebody writes in it, or begins as that of `from` does.
#[utoipa::path(
    post,
    path = "/api/v1/spaces/{space}/pages",
    operation_id = "create_page",
    tag = "spaces",
    params(("space" = String, Path, description = "The space's id")),
    request_body = PageOrder,
    responses((status = 201, description = "The page", body = PageAnswer))
)]
pub(super) async fn create(
    State(state): State<AppState>,
    asker: Asker,
    asked: Asked,
    order: Result<Json<PageOrder>, JsonRejection>,
) -> Result<Response, Problem> {
    let order = body(order)?;
    let beginning = match &order.from {
        Some(from) => {
            Some(Beginning::of(&state, &asked, &asker, (from, order.title.trim())).await?)
        }
        None => None,
    };
    let id = begin(&state, &asker, order, beginning).await?;
    let mut answer = answer(&asker, StatusCode::CREATED, &id)?;
    let location = format!("/api/v1/spaces/{}/pages/{id}", asker.held.id());
    if let Ok(location) = location.parse() {
        answer.headers_mut().insert(header::LOCATION, location);
    }
    Ok(answer)
}

/// Adds a page; its id.
pub(in crate::http) async fn add(
    state: &AppState,
    asker: &Asker,
    order: PageOrder,
) -> Result<String, Problem> {
    begin(state, asker, order, None).await
}

async fn begin(
    state: &AppState,
    asker: &Asker,
    order: PageOrder,
    beginning: Option<Beginning>,
) -> Result<String, Problem> {
    let parent = order.parent.as_deref();
    asker.need(place(parent), Action::CreatePages)?;
    let id = match order.id {
        Some(id) if is_id(&id) => id,
        Some(_) => {
            let detail = "an id has 1 to 64 lower-case letters, digits and hyphens";
            return Err(bad_request("page-id", detail));
        }
        None => draw::<8>().map_err(|detail| Problem {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: "unavailable",
            detail,
        })?,
    };
    let position = position(order.position.as_deref())?;
    let page = Page {
        title: title("a title", &order.title)?,
        parent: None,
        order: 0,
        readers: None,
        writers: None,
        locked: false,
        deleted_ms: None,
        created_ms: unix_now_ms(),
    };
    if asker.space.pages.contains_key(&id) {
        return Err(Refusal::Exists("there is a page of this id already").into());
    }
    if let Some(beginning) = beginning {
        // Nobody can open it before the space has the page.
        let document = document_of(asker.held.id(), &id);
        beginning.write(state, &document, &asker.author()).await?;
    }
    let changed = asker.change(state, |space| {
        if !asker.rights(space, place(parent)).may(Action::CreatePages) {
            return Err(Denied::Role.into());
        }
        if space.pages.contains_key(&id) {
            return Err(Refusal::Exists("there is a page of this id already"));
        }
        if space.pages.len() >= PAGES_MAX {
            return Err(Refusal::Full(format!(
                "a space has at most {PAGES_MAX} pages"
            )));
        }
        Ok((moved(space, (&id, &page), parent, &position)?, ()))
    });
    changed.await?;
    Ok(id)
}

pub(super) fn place(page: Option<&str>) -> Place<'_> {
    page.map_or(Place::Space, Place::Page)
}

fn position(text: Option<&str>) -> Result<Position, Problem> {
    match text {
        None | Some("last") => Ok(Position::Last),
        Some("first") => Ok(Position::First),
        Some(text) => match text.strip_prefix("after:") {
            Some(page) => Ok(Position::After(page.to_owned())),
            None => Err(bad_request(
                "position",
                "a position is first, last or after:{page}",
            )),
        },
    }
}

/// A page as it is by now.
fn answer(asker: &Asker, status: StatusCode, id: &str) -> Result<Response, Problem> {
    let space = asker.held.space()?;
    let missing = || Refusal::Missing("there is no such page");
    let space = space.ok_or_else(missing)?;
    let page = space.pages.get(id).ok_or_else(missing)?;
    Ok(asker.answer(status, &PageAnswer::of(asker, &space, id, page)))
}

/// Show a page
#[utoipa::path(
    get,
    path = "/api/v1/spaces/{space}/pages/{page}",
    operation_id = "show_page",
    tag = "spaces",
    params(
        ("space" = String, Path, description = "The space's id"),
        ("page" = String, Path, description = "The page's id"),
    ),
    responses((status = 200, description = "The page", body = PageAnswer))
)]
pub(super) async fn show(
    asker: Asker,
    Path((_space, page)): Path<(String, String)>,
) -> Result<Response, Problem> {
    // What one may not see is told of as if it were not there.
    if !asker
        .rights(&asker.space, Place::Page(&page))
        .may(Action::Read)
    {
        return Err(Refusal::Missing("there is no such page").into());
    }
    answer(&asker, StatusCode::OK, &page)
}

/// What to change of a page; what is left out stays, `null` takes a restriction away or moves the
/// page to the top.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PageChange {
    #[schema(min_length = 1)]
    title: Option<String>,
    /// The page above.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    parent: Option<Option<String>>,
    /// `first`, `last` or `after:` and the id of a page with the same parent.
    position: Option<String>,
    /// Whoever is less than this above the page does not see it, nor what is below.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Role>)]
    readers: Option<Option<Role>>,
    /// Whoever is less than this above the page does not write in it, nor below.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Role>)]
    writers: Option<Option<Role>>,
    /// Nobody but facilitators writes, whatever was granted.
    locked: Option<bool>,
}

/// Rename, move, restrict or lock a page
///
/// Takes effect at once where its document, or one of a page below, is open.
#[utoipa::path(
    patch,
    path = "/api/v1/spaces/{space}/pages/{page}",
    operation_id = "change_page",
    tag = "spaces",
    params(
        ("space" = String, Path, description = "The space's id"),
        ("page" = String, Path, description = "The page's id"),
    ),
    request_body = PageChange,
    responses((status = 200, description = "The page", body = PageAnswer))
)]
pub(super) async fn change(
    State(state): State<AppState>,
    asker: Asker,
    Path((_space, page)): Path<(String, String)>,
    order: Result<Json<PageChange>, JsonRejection>,
) -> Result<Response, Problem> {
    asker.need(Place::Page(&page), Action::ManagePages)?;
    let order = body(order)?;
    let wanted = order
        .title
        .as_deref()
        .map(|text| title("a title", text))
        .transpose()?;
    let moves = order.parent.is_some() || order.position.is_some();
    let position = position(order.position.as_deref())?;
    let changed = asker.change(&state, |space| {
        let known = known(&asker, space, &page, Action::ManagePages)?;
        let rights = asker.rights(space, Place::Page(&page));
        if order.locked.is_some() && !rights.may(Action::Moderate) {
            return Err(Denied::Role.into());
        }
        let new = Page {
            title: wanted.unwrap_or_else(|| known.title.clone()),
            readers: order.readers.unwrap_or(known.readers),
            writers: order.writers.unwrap_or(known.writers),
            locked: order.locked.unwrap_or(known.locked),
            ..known.clone()
        };
        if !moves {
            return Ok((vec![set(Keys::page(&page), &new)], ()));
        }
        let parent = order.parent.unwrap_or_else(|| known.parent.clone());
        Ok((
            move_page(&asker, space, (&page, &new), parent.as_deref(), &position)?,
            (),
        ))
    });
    changed.await?;
    answer(&asker, StatusCode::OK, &page)
}

/// A page, where they may do this to it. One in a cycle has no rights by its place: whoever may do
/// it to the whole space may.
fn known<'a>(
    asker: &Asker,
    space: &'a Space,
    page: &str,
    action: Action,
) -> Result<&'a Page, Refusal> {
    let is_lost = chain(space, page).is_none();
    let place = if is_lost {
        Place::Space
    } else {
        Place::Page(page)
    };
    if !asker.rights(space, place).may(action) {
        return Err(Denied::Role.into());
    }
    let known = space.pages.get(page);
    known.ok_or(Refusal::Missing("there is no such page"))
}

/// Whoever moves a page manages where it goes, too: rights come from above.
fn move_page(
    asker: &Asker,
    space: &Space,
    page: (&str, &Page),
    parent: Option<&str>,
    position: &Position,
) -> Result<Changes, Refusal> {
    if parent.is_some_and(|parent| !space.pages.contains_key(parent)) {
        return Err(MoveError::NoParent.into());
    }
    if !asker.rights(space, place(parent)).may(Action::ManagePages) {
        return Err(Denied::Role.into());
    }
    Ok(moved(space, page, parent, position)?)
}

/// Delete a page
///
/// Nobody but facilitators sees it any more, nor what is below; its document closes. Nothing is
/// erased: it can be brought back.
#[utoipa::path(
    delete,
    path = "/api/v1/spaces/{space}/pages/{page}",
    operation_id = "delete_page",
    tag = "spaces",
    params(
        ("space" = String, Path, description = "The space's id"),
        ("page" = String, Path, description = "The page's id"),
    ),
    responses((status = 200, description = "The page", body = PageAnswer))
)]
pub(super) async fn delete(
    State(state): State<AppState>,
    asker: Asker,
    Path((_space, page)): Path<(String, String)>,
) -> Result<Response, Problem> {
    bury(&state, &asker, &page, Some(unix_now_ms())).await
}

/// Bring a page back
#[utoipa::path(
    post,
    path = "/api/v1/spaces/{space}/pages/{page}/restore",
    operation_id = "restore_page",
    tag = "spaces",
    params(
        ("space" = String, Path, description = "The space's id"),
        ("page" = String, Path, description = "The page's id"),
    ),
    responses((status = 200, description = "The page", body = PageAnswer))
)]
pub(super) async fn restore(
    State(state): State<AppState>,
    asker: Asker,
    Path((_space, page)): Path<(String, String)>,
) -> Result<Response, Problem> {
    bury(&state, &asker, &page, None).await
}

async fn bury(
    state: &AppState,
    asker: &Asker,
    page: &str,
    deleted_ms: Option<u64>,
) -> Result<Response, Problem> {
    let changed = asker.change(state, |space| {
        let known = known(asker, space, page, Action::Delete)?;
        let page = set(
            Keys::page(page),
            &Page {
                deleted_ms: deleted_ms.and(known.deleted_ms.or(deleted_ms)),
                ..known.clone()
            },
        );
        Ok((vec![page], ()))
    });
    changed.await?;
    answer(asker, StatusCode::OK, page)
}
