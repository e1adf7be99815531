//! Links: letting in whoever has one, and taking that back.

use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{JsonRejection, QueryRejection},
    },
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use unisson_rights::{Action, Denied, Keys, Link, Place, Role, check_link, set};
use utoipa::ToSchema;

use super::{
    asker::{Asker, body, title},
    settings::Part,
};
use crate::{
    http::{
        AppState, admission::bad_request, error::Problem, history::parse_query,
        language::prefers_french,
    },
    spaces::{LinkOrder, OpenError, PASSWORD_BYTES_MAX, Refusal, document_of, new_link},
};

/// How many links a space has.
const LINKS_MAX: usize = 1_000;
/// A shorter password is guessed.
const PASSWORD_CHARS_MIN: usize = 8;

/// A link, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LinkAnswer {
    id: String,
    role: Role,
    /// It opens this page and what is below; null: the whole space.
    page: Option<String>,
    until_ms: Option<u64>,
    label: Option<String>,
    has_password: bool,
    /// The portal's id of who made it.
    maker: Option<String>,
    created_ms: u64,
}

impl LinkAnswer {
    fn of(id: &str, link: &Link) -> Self {
        Self {
            id: id.to_owned(),
            role: link.role,
            page: link.page.clone(),
            until_ms: link.until_ms,
            label: link.label.clone(),
            has_password: link.password.is_some(),
            maker: link.maker.clone(),
            created_ms: link.created_ms,
        }
    }
}

/// Links, by id.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LinksAnswer {
    links: Vec<LinkAnswer>,
    /// `cursor` for more; null where there are none.
    next: Option<String>,
}

fn place(page: Option<&str>) -> Place<'_> {
    page.map_or(Place::Space, Place::Page)
}

/// List links
///
/// Those of places that you manage.
#[utoipa::path(
    get,
    path = "/api/v1/spaces/{space}/links",
    operation_id = "list_links",
    tag = "spaces",
    params(("space" = String, Path, description = "Its id"), Part),
    responses((status = 200, description = "Links", body = LinksAnswer))
)]
pub(super) async fn list(
    asker: Asker,
    part: Result<Query<Part>, QueryRejection>,
) -> Result<Response, Problem> {
    let part = parse_query(part)?;
    let space = &asker.space;
    let mut left = space.links.iter().filter(|(id, link)| {
        let rights = asker.rights(space, place(link.page.as_deref()));
        part.is_past(id) && rights.may(Action::ManageLinks)
    });
    let shown = left.by_ref().take(part.limit());
    let links: Vec<LinkAnswer> = shown.map(|(id, link)| LinkAnswer::of(id, link)).collect();
    if links.is_empty() {
        asker.need(Place::Space, Action::ManageLinks)?;
    }
    let next = left.next().and(links.last()).map(|link| link.id.clone());
    Ok(asker.answer(StatusCode::OK, &LinksAnswer { links, next }))
}

/// A new link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewLink {
    /// Reader, commenter or editor.
    role: Role,
    /// It opens this page and what is below; the whole space where it is left out.
    page: Option<String>,
    /// Until when, in milliseconds since 1970.
    until_ms: Option<u64>,
    /// What it is for, for those who look after links.
    label: Option<String>,
    /// Whoever opens it must know this as well.
    #[schema(min_length = 8)]
    password: Option<String>,
}

/// A link and its secret, which is told this once.
#[derive(Serialize, ToSchema)]
pub(super) struct MadeLink {
    #[serde(flatten)]
    link: LinkAnswer,
    /// The secret: a token by itself where there is no password.
    token: String,
    /// The page that people open, below the address of this server: `d/…#link=…`.
    path: Option<String>,
}

/// Make a link
///
/// The answer is the only place where its secret ever stands.
#[utoipa::path(
    post,
    path = "/api/v1/spaces/{space}/links",
    operation_id = "create_link",
    tag = "spaces",
    params(("space" = String, Path, description = "Its id")),
    request_body = NewLink,
    responses((status = 201, description = "The link", body = MadeLink))
)]
pub(super) async fn create(
    State(state): State<AppState>,
    asker: Asker,
    order: Result<Json<NewLink>, JsonRejection>,
) -> Result<Response, Problem> {
    let order = body(order)?;
    let page = order.page.clone();
    let rights = asker.rights(&asker.space, place(page.as_deref()));
    check_link(&rights, Some(order.role)).map_err(Refusal::from)?;
    let password = match order.password {
        None => None,
        Some(password) => Some(hashed(&state, password).await?),
    };
    let order = LinkOrder {
        role: order.role,
        page: order.page,
        until_ms: order.until_ms,
        label: order
            .label
            .as_deref()
            .map(|label| title("a label", label))
            .transpose()?,
        password,
        maker: asker.who.principal.person.clone(),
    };
    let (id, token, link) = new_link(asker.held.id(), order).map_err(unavailable)?;
    let changed = asker.change(&state, |space| {
        check_link(
            &asker.rights(space, place(page.as_deref())),
            Some(link.role),
        )?;
        if page
            .as_ref()
            .is_some_and(|page| !space.pages.contains_key(page))
        {
            return Err(Refusal::Missing("there is no such page"));
        }
        if space.links.len() >= LINKS_MAX {
            return Err(Refusal::Full(format!(
                "a space has at most {LINKS_MAX} links"
            )));
        }
        Ok((vec![set(Keys::link(&id), &link)], ()))
    });
    changed.await?;
    let path = page.map(|page| format!("d/{}#link={token}", document_of(asker.held.id(), &page)));
    let made = MadeLink {
        link: LinkAnswer::of(&id, &link),
        token,
        path,
    };
    let mut answer = asker.answer(StatusCode::CREATED, &made);
    let no_store = HeaderValue::from_static("no-store");
    answer.headers_mut().insert(header::CACHE_CONTROL, no_store);
    Ok(answer)
}

async fn hashed(state: &AppState, password: String) -> Result<String, Problem> {
    if password.chars().count() < PASSWORD_CHARS_MIN || password.len() > PASSWORD_BYTES_MAX {
        let detail = format!(
            "a password has at least {PASSWORD_CHARS_MIN} characters and at most \
             {PASSWORD_BYTES_MAX} bytes"
        );
        return Err(bad_request("password", detail));
    }
    let passwords = &state.registry.shared().spaces.passwords;
    passwords.hash(password).await.map_err(unavailable)
}

fn unavailable(detail: String) -> Problem {
    Problem {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: "unavailable",
        detail,
    }
}

/// Revoke a link
///
/// Whoever has come by it is out at once.
#[utoipa::path(
    delete,
    path = "/api/v1/spaces/{space}/links/{link}",
    operation_id = "revoke_link",
    tag = "spaces",
    params(
        ("space" = String, Path, description = "The space's id"),
        ("link" = String, Path, description = "The link's id"),
    ),
    responses((status = 204, description = "Revoked"))
)]
pub(super) async fn revoke(
    State(state): State<AppState>,
    asker: Asker,
    Path((_space, id)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let changed = asker.change(&state, |space| {
        let Some(link) = space.links.get(&id) else {
            // Who may not know of links is not told which there are.
            return Err(
                match asker.rights(space, Place::Space).may(Action::ManageLinks) {
                    true => Refusal::Missing("there is no such link"),
                    false => Denied::Role.into(),
                },
            );
        };
        // A link of a page that is gone belongs to whoever manages the space.
        let page = link
            .page
            .as_deref()
            .filter(|page| space.pages.contains_key(*page));
        check_link(&asker.rights(space, place(page)), None)?;
        Ok((vec![(Keys::link(&id), None)], ()))
    });
    changed.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A link that somebody wants to open.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Opening {
    /// The link's secret.
    link: String,
    /// What they want to be called; they are shown as a guest.
    #[schema(min_length = 1)]
    name: String,
    /// The link's password, where it has one.
    password: Option<String>,
}

/// A guest's token, and what it opens.
#[derive(Serialize, ToSchema)]
pub(super) struct OpenedLink {
    /// What clients show.
    token: String,
    space: String,
    /// The document to open first; null where there is no page yet.
    document: Option<String>,
    role: Role,
    /// Their id in presence and history.
    user: String,
    /// Their name, as others see it.
    name: String,
    until_ms: Option<u64>,
}

/// Open a link as a named guest
///
/// Needs no token. Ten wrong passwords close a link to new guests for a quarter of an hour.
#[utoipa::path(
    post,
    path = "/api/v1/links/open",
    operation_id = "open_link",
    tag = "spaces",
    security(()),
    request_body = Opening,
    responses((status = 200, description = "A guest's token", body = OpenedLink))
)]
pub(super) async fn open(
    State(state): State<AppState>,
    headers: HeaderMap,
    order: Result<Json<Opening>, JsonRejection>,
) -> Result<Response, Problem> {
    let Opening {
        link,
        name,
        password,
    } = body(order)?;
    let spaces = &state.registry.shared().spaces;
    let opened = spaces
        .open_link(&link, password, &name, prefers_french(&headers))
        .await;
    let opened = match opened {
        Ok(opened) => opened,
        Err(error) => return Ok(refused(error)),
    };
    let answer = OpenedLink {
        document: opened.page.map(|page| document_of(&opened.space, &page)),
        token: opened.token,
        space: opened.space,
        role: opened.role,
        user: opened.user,
        name: opened.name,
        until_ms: opened.until_ms,
    };
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    Ok((no_store, Json(answer)).into_response())
}

fn refused(error: OpenError) -> Response {
    let detail = error.to_string();
    let wait = match &error {
        OpenError::TooOften(wait) => Some(wait.as_secs().max(1)),
        _ => None,
    };
    let (status, code) = match error {
        OpenError::Unknown => (StatusCode::NOT_FOUND, "no-such-link"),
        OpenError::Ended => (StatusCode::GONE, "link-ended"),
        OpenError::PasswordNeeded => (StatusCode::UNAUTHORIZED, "password-needed"),
        OpenError::PasswordWrong => (StatusCode::FORBIDDEN, "password-wrong"),
        OpenError::TooOften(_) => (StatusCode::TOO_MANY_REQUESTS, "too-many-passwords"),
        OpenError::Name => (StatusCode::BAD_REQUEST, "guest-name"),
        OpenError::Failed(error) => return Problem::from(error).into_response(),
        OpenError::System(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    let mut answer = Problem {
        status,
        code,
        detail,
    }
    .into_response();
    if let Some(wait) = wait {
        answer
            .headers_mut()
            .insert(header::RETRY_AFTER, wait.into());
    }
    answer
}
