//! Showing what is somebody's own, and changing it.

use axum::{
    Json,
    extract::{Path, RawQuery, State, rejection::JsonRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use unisson_rights::is_id;
use utoipa::ToSchema;

use crate::{
    http::{AppState, error::Problem, history::parse_body, numbers::Moment, search::Viewer},
    people::{self, Full, Opened, Own, Spot, Wishes, is_item, person_of},
    records::ChangeError,
    spaces::document_of,
    versions::unix_now_ms,
};

/// How many of the pages that somebody opened last are listed.
const RECENT_MAX: usize = 30;
/// The most of anything in one order.
const ORDER_MAX: usize = 1_000;

/// A page, as it is called now.
#[derive(Debug, Serialize, ToSchema)]
struct MarkAnswer {
    space: String,
    page: String,
    title: String,
    space_title: String,
    /// When it was marked, or opened last, in milliseconds since 1970.
    at_ms: u64,
}

/// What is yours.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct MeAnswer {
    /// Your id; null for whoever cannot be told from others, for whom nothing is kept.
    user: Option<String>,
    name: Option<String>,
    /// By title.
    favourites: Vec<MarkAnswer>,
    /// The pages that you opened last, the last first, up to 30.
    recent: Vec<MarkAnswer>,
}

/// What is yours of one page.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MyPageAnswer {
    favourite: bool,
    /// Up to which moment you have read it; null in a space where you have opened nothing yet.
    read_ms: Option<u64>,
    /// The items that you have ticked.
    ticks: Vec<String>,
}

/// A page.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SpotOrder {
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
    space: String,
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
    page: String,
}

/// A page that you have opened.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenedOrder {
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
    space: String,
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
    page: String,
    /// When, in milliseconds since 1970; now where it is left out.
    #[schema(schema_with = crate::http::numbers::moment_or_null)]
    at_ms: Option<Moment>,
    /// Up to which moment you have read it: that of the last edit that you saw. `at_ms` where it is
    /// left out.
    #[schema(schema_with = crate::http::numbers::moment_or_null)]
    read_ms: Option<Moment>,
}

/// An item of a guide.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TickOrder {
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
    space: String,
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
    page: String,
    /// As the page's HTML names it.
    #[schema(pattern = "^[a-z0-9-]{1,64}$")]
    item: String,
    done: bool,
}

/// What is to be otherwise; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MeOrder {
    /// Pages to mark.
    #[serde(default)]
    favour: Vec<SpotOrder>,
    /// Pages that are no favourites any more.
    #[serde(default)]
    disfavour: Vec<SpotOrder>,
    #[serde(default)]
    opened: Vec<OpenedOrder>,
    /// Ids of spaces of which you have read everything.
    #[serde(default)]
    read: Vec<String>,
    #[serde(default)]
    ticks: Vec<TickOrder>,
    /// Pages of which nothing is ticked any more.
    #[serde(default)]
    untick: Vec<SpotOrder>,
}

fn odd(detail: impl Into<String>) -> Problem {
    Problem {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        code: "mark",
        detail: detail.into(),
    }
}

fn spot(space: &str, page: &str) -> Result<Spot, Problem> {
    Spot::of(space, page).ok_or_else(|| odd("a page is named by its space's id and its own"))
}

fn spots(order: &[SpotOrder]) -> Result<Vec<Spot>, Problem> {
    let spots = order.iter().map(|order| spot(&order.space, &order.page));
    spots.collect()
}

impl MeOrder {
    /// What is asked for, if it makes sense. Nobody is told here whether there is such a page.
    fn wishes(self, now_ms: u64) -> Result<Wishes, Problem> {
        let counts = [
            self.favour.len(),
            self.disfavour.len(),
            self.opened.len(),
            self.read.len(),
            self.ticks.len(),
            self.untick.len(),
        ];
        if counts.iter().any(|count| *count > ORDER_MAX) {
            return Err(odd(format!("at most {ORDER_MAX} of each at a time")));
        }
        if !self.read.iter().all(|space| is_id(space)) {
            return Err(odd("a space is named by its id"));
        }
        let opened = self.opened.iter().map(|order| {
            // Nobody reads what will be written tomorrow.
            let at_ms = order.at_ms.map_or(now_ms, Moment::ms).min(now_ms);
            let read_ms = order.read_ms.map_or(at_ms, Moment::ms).min(now_ms);
            Ok((spot(&order.space, &order.page)?, Opened { at_ms, read_ms }))
        });
        let ticks = self.ticks.iter().map(|order| {
            let item = Some(order.item.clone()).filter(|item| is_item(item));
            let item = item.ok_or_else(|| odd("an item has the name that the page gives it"))?;
            Ok((spot(&order.space, &order.page)?, item, order.done))
        });
        Ok(Wishes {
            favour: spots(&self.favour)?,
            disfavour: spots(&self.disfavour)?,
            opened: opened.collect::<Result<_, Problem>>()?,
            ticks: ticks.collect::<Result<_, Problem>>()?,
            cleared: spots(&self.untick)?,
            read: self.read,
        })
    }
}

/// Show what is yours
///
/// Who you are here, your favourites and what you opened last, as far as you may still read it. It
/// follows you from one device to the next; nobody else can ask for it.
#[utoipa::path(
    get,
    path = "/api/v1/me",
    operation_id = "show_me",
    tag = "me",
    security((), ("token" = [])),
    responses((status = 200, description = "What is yours; nothing for whoever is nobody in particular",
        body = MeAnswer, headers(("ETag" = String))))
)]
pub(super) async fn show(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut viewer = Viewer::of(&state, &headers, query.as_deref()).await?;
    let Some(person) = person_of(&viewer.who).map(str::to_owned) else {
        return Ok(answer(&headers, &MeAnswer::default()));
    };
    let own = people::own(state.registry.shared(), &person).await?;
    let recent = own.recent().into_iter();
    let recent = recent.map(|(spot, opened)| (spot.clone(), opened.at_ms));
    let recent = recent.collect();
    let favourites = own.favourites.into_iter().collect();
    let mut favourites = marks(&mut viewer, favourites, usize::MAX).await;
    favourites.sort_by_cached_key(|mark| mark.title.to_lowercase());
    let recent = marks(&mut viewer, recent, RECENT_MAX).await;
    let name = viewer.who.person.display_name.as_deref();
    let me = MeAnswer {
        name: name.map(str::to_owned),
        user: Some(person),
        favourites,
        recent,
    };
    Ok(answer(&headers, &me))
}

/// Those pages that somebody may read, up to so many, and what they are called now.
async fn marks(viewer: &mut Viewer<'_>, spots: Vec<(Spot, u64)>, most: usize) -> Vec<MarkAnswer> {
    let mut marks = Vec::new();
    for (spot, at_ms) in spots {
        if marks.len() == most {
            break;
        }
        let document = document_of(&spot.space, &spot.page);
        if !viewer.may_read(&document).await {
            continue;
        }
        if let Some(page) = viewer.page_of(&document).await {
            marks.push(MarkAnswer {
                space: page.space,
                page: page.page,
                title: page.title,
                space_title: page.space_title,
                at_ms,
            });
        }
    }
    marks
}

/// Change what is yours
///
/// Each order can be carried out whatever another device of yours did meanwhile, so there is no
/// `If-Match`. Answered once it is durable.
#[utoipa::path(
    patch,
    path = "/api/v1/me",
    operation_id = "change_me",
    tag = "me",
    request_body = MeOrder,
    responses((status = 204, description = "Durable"))
)]
pub(super) async fn change(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Result<Json<MeOrder>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    let person = somebody(&state, &headers, query.as_deref()).await?;
    let now_ms = unix_now_ms();
    let wishes = parse_body(body)?.wishes(now_ms)?;
    people::keep(&state.registry, &person, wishes, now_ms).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take out what is yours
///
/// Everything that is kept for you. Pages that you wrote, and comments, are not yours alone: they stay.
#[utoipa::path(
    delete,
    path = "/api/v1/me",
    operation_id = "forget_me",
    tag = "me",
    responses((status = 204, description = "Nothing is kept for you"))
)]
pub(super) async fn forget(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let person = somebody(&state, &headers, query.as_deref()).await?;
    people::clear(&state.registry, &person).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Show what is yours of a page
///
/// Whether there is such a page, and whether you may read it, makes no difference here.
#[utoipa::path(
    get,
    path = "/api/v1/me/pages/{space}/{page}",
    operation_id = "show_my_page",
    tag = "me",
    params(
        ("space" = String, Path, description = "The space's id"),
        ("page" = String, Path, description = "The page's id"),
    ),
    responses((status = 200, description = "What is yours of it", body = MyPageAnswer,
        headers(("ETag" = String))))
)]
pub(super) async fn of_page(
    State(state): State<AppState>,
    Path((space, page)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let person = somebody(&state, &headers, query.as_deref()).await?;
    let spot = spot(&space, &page)?;
    let own: Own = people::own(state.registry.shared(), &person).await?;
    let ticks = own.ticks.get(&spot);
    let mine = MyPageAnswer {
        favourite: own.favourites.contains_key(&spot),
        read_ms: own.read_ms(&space, &page),
        ticks: ticks.map_or_else(Vec::new, |ticks| ticks.keys().cloned().collect()),
    };
    Ok(answer(&headers, &mine))
}

/// The id of whoever asks; an error where they cannot be told from others.
pub(super) async fn somebody(
    state: &AppState,
    headers: &HeaderMap,
    query: Option<&str>,
) -> Result<String, Problem> {
    let viewer = Viewer::of(state, headers, query).await?;
    let person = person_of(&viewer.who).map(str::to_owned);
    person.ok_or_else(|| Problem {
        status: StatusCode::UNAUTHORIZED,
        code: "unauthorized",
        detail: "say who you are: nothing is kept for somebody who is nobody in particular".into(),
    })
}

/// An answer for its asker alone, with the tag of what it says; 304 where that is known.
pub(super) fn answer<T: Serialize>(headers: &HeaderMap, body: &T) -> Response {
    let text = serde_json::to_string(body).expect("texts and numbers have a JSON form");
    let hash = blake3::hash(text.as_bytes()).to_hex();
    let etag = format!("\"{}\"", hash.get(..32).unwrap_or_default());
    let known = headers.get(header::IF_NONE_MATCH);
    let known = known.and_then(|known| known.to_str().ok());
    let is_known = known.is_some_and(|known| known.split(',').any(|known| known.trim() == etag));
    let mut answer = match is_known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => ([(header::CONTENT_TYPE, "application/json")], text).into_response(),
    };
    let headers = answer.headers_mut();
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, etag);
    }
    let private = HeaderValue::from_static("private, no-cache");
    headers.insert(header::CACHE_CONTROL, private);
    answer
}

impl From<ChangeError<Full>> for Problem {
    fn from(error: ChangeError<Full>) -> Self {
        match error {
            ChangeError::Declined(full) => Self {
                status: StatusCode::UNPROCESSABLE_ENTITY,
                code: "marks-full",
                detail: full.to_string(),
            },
            ChangeError::Failed(error) => error.into(),
        }
    }
}
