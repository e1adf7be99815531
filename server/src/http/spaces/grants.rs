//! Grants of a page: who is what there and below, beside what they are in the space.

use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::StatusCode,
    response::Response,
};
use serde::{Deserialize, Serialize};
use unisson_rights::{Action, Grant, Grantee, Keys, Place, Role, check_grant, set};
use utoipa::ToSchema;

use super::asker::{Asker, body, name};
use crate::{
    http::{AppState, error::Problem},
    spaces::Refusal,
};

/// How many grants one page has.
const GRANTS_MAX: usize = 500;

/// A grant.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GrantAnswer {
    /// The portal's id of the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// The portal's name of the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    until_ms: Option<u64>,
}

impl GrantAnswer {
    fn of(to: &Grantee, grant: &Grant) -> Self {
        let (user, group) = match to {
            Grantee::Person(user) => (Some(user.clone()), None),
            Grantee::Group(group) => (None, Some(group.clone())),
        };
        Self {
            user,
            group,
            role: grant.role,
            until_ms: grant.until_ms,
        }
    }
}

/// The grants of a page itself; those of pages above count there as well.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GrantsAnswer {
    grants: Vec<GrantAnswer>,
}

/// List the grants of a page
#[utoipa::path(
    get,
    path = "/api/v1/spaces/{space}/pages/{page}/grants",
    operation_id = "list_grants",
    tag = "spaces",
    params(
        ("space" = String, Path, description = "The space's id"),
        ("page" = String, Path, description = "The page's id"),
    ),
    responses((status = 200, description = "Grants", body = GrantsAnswer))
)]
pub(super) async fn list(
    asker: Asker,
    Path((_space, page)): Path<(String, String)>,
) -> Result<Response, Problem> {
    asker.need(Place::Page(&page), Action::ManageMembers)?;
    let grants = asker.space.grants.get(&page).into_iter().flatten();
    let answer = GrantsAnswer {
        grants: grants
            .map(|(to, grant)| GrantAnswer::of(to, grant))
            .collect(),
    };
    Ok(asker.answer(StatusCode::OK, &answer))
}

/// What is granted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GrantOrder {
    /// Reader, commenter, editor or facilitator.
    role: Role,
    /// Until when, in milliseconds since 1970.
    until_ms: Option<u64>,
}

/// Grant a page to somebody
///
/// Here and below; it is an exception from restrictions above, not from locks.
#[utoipa::path(
    put,
    path = "/api/v1/spaces/{space}/pages/{page}/grants/people/{user}",
    operation_id = "grant_to_person",
    tag = "spaces",
    params(
        ("space" = String, Path, description = "The space's id"),
        ("page" = String, Path, description = "The page's id"),
        ("user" = String, Path, description = "The portal's id of the person, percent-encoded"),
    ),
    request_body = GrantOrder,
    responses((status = 200, description = "The grant", body = GrantAnswer))
)]
pub(super) async fn put_person(
    State(state): State<AppState>,
    asker: Asker,
    Path((_space, page, user)): Path<(String, String, String)>,
    order: Result<Json<GrantOrder>, JsonRejection>,
) -> Result<Response, Problem> {
    put(
        &state,
        &asker,
        &page,
        Grantee::Person(name(&user)?.to_owned()),
        order,
    )
    .await
}

/// Grant a page to a group
///
/// Here and below; it is an exception from restrictions above, not from locks.
#[utoipa::path(
    put,
    path = "/api/v1/spaces/{space}/pages/{page}/grants/groups/{group}",
    operation_id = "grant_to_group",
    tag = "spaces",
    params(
        ("space" = String, Path, description = "The space's id"),
        ("page" = String, Path, description = "The page's id"),
        ("group" = String, Path, description = "The portal's name of the group, percent-encoded"),
    ),
    request_body = GrantOrder,
    responses((status = 200, description = "The grant", body = GrantAnswer))
)]
pub(super) async fn put_group(
    State(state): State<AppState>,
    asker: Asker,
    Path((_space, page, group)): Path<(String, String, String)>,
    order: Result<Json<GrantOrder>, JsonRejection>,
) -> Result<Response, Problem> {
    put(
        &state,
        &asker,
        &page,
        Grantee::Group(name(&group)?.to_owned()),
        order,
    )
    .await
}

/// Take a grant back from somebody
#[utoipa::path(
    delete,
    path = "/api/v1/spaces/{space}/pages/{page}/grants/people/{user}",
    operation_id = "take_from_person",
    tag = "spaces",
    params(
        ("space" = String, Path, description = "The space's id"),
        ("page" = String, Path, description = "The page's id"),
        ("user" = String, Path, description = "The portal's id of the person, percent-encoded"),
    ),
    responses((status = 204, description = "Taken back"))
)]
pub(super) async fn remove_person(
    State(state): State<AppState>,
    asker: Asker,
    Path((_space, page, user)): Path<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    write(&state, &asker, &page, &Grantee::Person(user), None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take a grant back from a group
#[utoipa::path(
    delete,
    path = "/api/v1/spaces/{space}/pages/{page}/grants/groups/{group}",
    operation_id = "take_from_group",
    tag = "spaces",
    params(
        ("space" = String, Path, description = "The space's id"),
        ("page" = String, Path, description = "The page's id"),
        ("group" = String, Path, description = "The portal's name of the group, percent-encoded"),
    ),
    responses((status = 204, description = "Taken back"))
)]
pub(super) async fn remove_group(
    State(state): State<AppState>,
    asker: Asker,
    Path((_space, page, group)): Path<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    write(&state, &asker, &page, &Grantee::Group(group), None).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn put(
    state: &AppState,
    asker: &Asker,
    page: &str,
    to: Grantee,
    order: Result<Json<GrantOrder>, JsonRejection>,
) -> Result<Response, Problem> {
    asker.need(Place::Page(page), Action::ManageMembers)?;
    let GrantOrder { role, until_ms } = body(order)?;
    let grant = Grant { role, until_ms };
    write(state, asker, page, &to, Some(&grant)).await?;
    Ok(asker.answer(StatusCode::OK, &GrantAnswer::of(&to, &grant)))
}

async fn write(
    state: &AppState,
    asker: &Asker,
    page: &str,
    to: &Grantee,
    grant: Option<&Grant>,
) -> Result<(), Problem> {
    let changed = asker.change(state, |space| {
        let rights = asker.rights(space, Place::Page(page));
        check_grant(&rights, grant.map(|grant| grant.role))?;
        if !space.pages.contains_key(page) {
            return Err(Refusal::Missing("there is no such page"));
        }
        let now = space.grants.get(page);
        let is_there = now.is_some_and(|grants| grants.contains_key(to));
        if grant.is_none() && !is_there {
            return Err(Refusal::Missing("there is no such grant"));
        }
        if !is_there && now.is_some_and(|grants| grants.len() >= GRANTS_MAX) {
            return Err(Refusal::Full(format!(
                "a page has at most {GRANTS_MAX} grants"
            )));
        }
        let change = match grant {
            Some(grant) => set(Keys::grant(page, to), grant),
            None => (Keys::grant(page, to), None),
        };
        Ok((vec![change], ()))
    });
    changed.await
}
