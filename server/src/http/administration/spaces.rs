//! How much each space takes, and locking a page for whoever has no role in its space.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Json,
    extract::{Query, State, rejection::JsonRejection, rejection::QueryRejection},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use unisson_protocol::DocName;
use unisson_rights::{Keys, Page, set};
use unisson_storage::{Store, StoreError};
use utoipa::{IntoParams, ToSchema};

use super::super::{
    AppState,
    admin::{Admin, bad_parameter},
    error::Problem,
    history::{parse_body, parse_query},
};
use crate::{
    audit::{self, Entry},
    spaces::Refusal,
    versions::unix_now_ms,
};

const LIMIT: usize = 50;
const LIMIT_MAX: usize = 200;
/// Measuring lists every object of the store, so it is done at most so often.
const FRESH: Duration = Duration::from_secs(60);
/// How the names of documents in spaces begin.
const IN_SPACES: &str = "spaces/";

/// How much documents and bytes there are of something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(in crate::http) struct Size {
    documents: u64,
    bytes: u64,
}

impl Size {
    fn add(&mut self, bytes: u64) {
        self.documents += 1;
        self.bytes += bytes;
    }
}

/// What was measured.
#[derive(Debug)]
pub(in crate::http) struct Measured {
    pub(super) at_ms: u64,
    pub(super) bytes: u64,
    spaces: BTreeMap<String, Size>,
    elsewhere: Size,
    own: Size,
}

impl Measured {
    async fn of(store: &Store) -> Result<Self, StoreError> {
        let mut measured = Self {
            at_ms: unix_now_ms(),
            bytes: 0,
            spaces: BTreeMap::new(),
            elsewhere: Size::default(),
            own: Size::default(),
        };
        for document in store.statistics().await? {
            let (bytes, name) = (
                document.bytes(),
                document.name.as_deref().unwrap_or_default(),
            );
            measured.bytes += bytes;
            let space = name.strip_prefix(IN_SPACES);
            let space = space.and_then(|rest| Some(rest.split_once('/')?.0));
            match space {
                Some(space) => measured
                    .spaces
                    .entry(space.to_owned())
                    .or_default()
                    .add(bytes),
                None if name.starts_with(DocName::RESERVED) => measured.own.add(bytes),
                None => measured.elsewhere.add(bytes),
            }
        }
        Ok(measured)
    }
}

/// The last measurement, which whoever asks at the same time shares.
#[derive(Debug, Default)]
pub(in crate::http) struct Sizes {
    last: Mutex<Option<(Instant, Arc<Measured>)>>,
    measuring: tokio::sync::Mutex<()>,
}

impl Sizes {
    fn known(&self) -> Option<(Instant, Arc<Measured>)> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }

    /// However old it is.
    pub(super) fn last(&self) -> Option<Arc<Measured>> {
        self.known().map(|(_, measured)| measured)
    }

    async fn fresh(&self, store: &Store) -> Result<Arc<Measured>, StoreError> {
        let _turn = self.measuring.lock().await;
        if let Some((_, measured)) = self.known().filter(|(at, _)| at.elapsed() < FRESH) {
            return Ok(measured);
        }
        let measured = Arc::new(Measured::of(store).await?);
        let now = (Instant::now(), measured.clone());
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        Ok(measured)
    }
}

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Part {
    /// How many at most
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// Where the page before said that this one begins
    cursor: Option<String>,
}

/// A space, and what it takes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SpaceSize {
    id: String,
    /// `null` where only documents are left of it, or it cannot be read
    title: Option<String>,
    members: usize,
    /// Whether it is deleted
    is_deleted: bool,
    #[serde(flatten)]
    size: Size,
}

/// Spaces, the largest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SpaceSizes {
    spaces: Vec<SpaceSize>,
    /// Documents in no space
    elsewhere: Size,
    /// What the server keeps for itself: spaces, members, webhooks
    own: Size,
    /// When it was measured, in milliseconds since 1970
    measured_ms: u64,
    /// The cursor of the next page; `null` on the last one
    next: Option<String>,
}

/// See what each space takes
///
/// The largest first. Measured at most once a minute: that lists every object of the store.
#[utoipa::path(
    get,
    path = "/api/v1/admin/spaces",
    operation_id = "list_space_sizes",
    tag = "administration",
    params(Part),
    responses((status = 200, description = "Spaces, the largest first", body = SpaceSizes))
)]
pub(super) async fn list(
    State(state): State<AppState>,
    _admin: Admin,
    part: Result<Query<Part>, QueryRejection>,
) -> Result<Json<SpaceSizes>, Problem> {
    let part = parse_query(part)?;
    let limit = part.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(bad_parameter(format!("limit is between 1 and {LIMIT_MAX}")));
    }
    let after = part.cursor.as_deref().map(|cursor| {
        let parts = cursor.split_once(':');
        let parts = parts.and_then(|(bytes, id)| Some((bytes.parse::<u64>().ok()?, id.to_owned())));
        parts.ok_or_else(|| bad_parameter("cursor is none that was given out"))
    });
    let after = after.transpose()?;
    let shared = state.registry.shared();
    let measured = state.sizes.fresh(&shared.store).await;
    let measured = measured.map_err(|error| Problem {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: "unavailable",
        detail: error.to_string(),
    })?;
    let mut all = measured.spaces.clone();
    for id in shared.spaces.ids() {
        all.entry(id).or_default();
    }
    let mut all: Vec<(String, Size)> = all.into_iter().collect();
    let place = |bytes: u64, id: &str| (std::cmp::Reverse(bytes), id.to_owned());
    all.sort_by_key(|(id, size)| place(size.bytes, id));
    if let Some((bytes, id)) = &after {
        all.retain(|(other, size)| place(size.bytes, other) > place(*bytes, id));
    }
    let has_more = all.len() > limit;
    all.truncate(limit);
    let next = all.last().filter(|_| has_more);
    let next = next.map(|(id, size)| format!("{}:{id}", size.bytes));
    let mut spaces = Vec::new();
    for (id, size) in all {
        // One that is damaged must not hide the others.
        let held = shared.spaces.find(&id).await.ok().flatten();
        let space = held.and_then(|held| held.space().ok().flatten());
        spaces.push(SpaceSize {
            title: space.as_ref().map(|space| space.settings.title.clone()),
            members: space.as_ref().map_or(0, |space| space.members.len()),
            is_deleted: space.is_some_and(|space| space.settings.deleted_ms.is_some()),
            id,
            size,
        });
    }
    Ok(Json(SpaceSizes {
        spaces,
        elsewhere: measured.elsewhere,
        own: measured.own,
        measured_ms: measured.at_ms,
        next,
    }))
}

/// Which page to lock or unlock.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Locking {
    space: String,
    page: String,
    locked: bool,
}

/// Lock a page, or unlock it
///
/// As its facilitators may do by `PATCH /api/v1/spaces/{space}/pages/{page}`: nobody but they write
/// in it, at once and wherever it is open.
#[utoipa::path(
    post,
    path = "/api/v1/admin/locks",
    operation_id = "lock_page",
    tag = "administration",
    request_body = Locking,
    responses((status = 204, description = "It is locked, or not any more"))
)]
pub(super) async fn lock(
    State(state): State<AppState>,
    admin: Admin,
    order: Result<Json<Locking>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    let order = parse_body(order)?;
    let no_space = || Problem {
        status: StatusCode::NOT_FOUND,
        code: "no-such-space",
        detail: "there is no such space".into(),
    };
    let shared = state.registry.shared();
    let held = shared.spaces.find(&order.space).await?;
    let held = held.ok_or_else(no_space)?;
    let changed = held.change(&state.registry, admin.author(), None, |space| {
        let pages = space.map(|space| &space.pages);
        let known = pages.and_then(|pages| pages.get(&order.page));
        let known = known.ok_or(Refusal::Missing("there is no such page"))?;
        let page = Page {
            locked: order.locked,
            ..known.clone()
        };
        Ok((vec![set(Keys::page(&order.page), &page)], ()))
    });
    changed.await?;
    let entry = Entry::new(audit::Action::GrantChanged).by(admin.actor);
    let entry = entry.from(admin.address).space(&order.space);
    let entry = entry.detail("entry", "page").detail("id", &order.page);
    let what = if order.locked { "locked" } else { "unlocked" };
    shared.audit.record(entry.detail("change", what));
    Ok(StatusCode::NO_CONTENT)
}
