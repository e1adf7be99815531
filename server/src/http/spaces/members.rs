//! Members and groups: who is what in a space.

pub(super) mod many;

use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{JsonRejection, QueryRejection},
    },
    http::StatusCode,
    response::Response,
};
use serde::{Deserialize, Serialize};
use unisson_rights::{Action, Denied, Group, Keys, Member, Place, Role, check_member, set};
use unisson_search::Likeness;
use utoipa::{IntoParams, ToSchema};

use super::{
    asker::{Asker, body, name, title},
    settings::Part,
};
use crate::{
    http::{AppState, error::Problem, history::parse_query, numbers::Count},
    spaces::Refusal,
};

/// How many members a space has; larger ones have groups. The record is read as a whole.
const MEMBERS_MAX: usize = 20_000;
/// How many groups a space has.
const GROUPS_MAX: usize = 500;

/// A member.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MemberAnswer {
    /// The portal's id of the person.
    user: String,
    role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Until when, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    until_ms: Option<u64>,
}

impl MemberAnswer {
    fn of(user: &str, member: &Member) -> Self {
        Self {
            user: user.to_owned(),
            role: member.role,
            name: member.name.clone(),
            until_ms: member.until_ms,
        }
    }
}

/// Members, by id.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MembersAnswer {
    members: Vec<MemberAnswer>,
    /// How many there are that the question means.
    total: usize,
    /// `cursor` for more; null where there are none.
    next: Option<String>,
}

/// Which members.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Only those whose name or id has this in it, whatever its case and accents.
    q: Option<String>,
    /// `next` of the answer before.
    cursor: Option<String>,
    /// How many at most, up to 100.
    #[param(schema_with = crate::http::numbers::count)]
    limit: Option<Count>,
}

/// List members
///
/// For whoever reads the space and has a name of the portal's.
#[utoipa::path(
    get,
    path = "/api/v1/spaces/{space}/members",
    operation_id = "list_members",
    tag = "spaces",
    params(("space" = String, Path, description = "Its id"), Wanted),
    responses((status = 200, description = "Members", body = MembersAnswer))
)]
pub(super) async fn list(
    asker: Asker,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Problem> {
    asker.need(Place::Space, Action::SeeMembers)?;
    let Wanted { q, cursor, limit } = parse_query(wanted)?;
    let part = Part { cursor, limit };
    let words = q
        .as_deref()
        .map(str::trim)
        .filter(|words| !words.is_empty());
    let meant: Vec<(&String, &Member)> = match words {
        None => asker.space.members.iter().collect(),
        Some(words) => {
            let mut likeness = Likeness::to(words);
            let all = asker.space.members.iter();
            all.filter(|(user, member)| {
                let name = member.name.as_deref().unwrap_or_default();
                likeness.is_in(&format!("{name} {user}"))
            })
            .collect()
        }
    };
    let total = meant.len();
    let mut left = meant.into_iter().filter(|(user, _)| part.is_past(user));
    let shown = left.by_ref().take(part.limit());
    let members: Vec<MemberAnswer> = shown
        .map(|(user, member)| MemberAnswer::of(user, member))
        .collect();
    let next = left
        .next()
        .and(members.last())
        .map(|member| member.user.clone());
    let answer = MembersAnswer {
        members,
        total,
        next,
    };
    Ok(asker.answer(StatusCode::OK, &answer))
}

/// What somebody is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MemberOrder {
    role: Role,
    /// The name to show in lists.
    name: Option<String>,
    /// Until when, in milliseconds since 1970; owners have no end.
    until_ms: Option<u64>,
}

/// Add or change a member
///
/// For facilitators; owners are made and changed by owners.
#[utoipa::path(
    put,
    path = "/api/v1/spaces/{space}/members/{user}",
    operation_id = "put_member",
    tag = "spaces",
    params(
        ("space" = String, Path, description = "Its id"),
        ("user" = String, Path, description = "The portal's id of the person, percent-encoded"),
    ),
    request_body = MemberOrder,
    responses((status = 200, description = "The member", body = MemberAnswer))
)]
pub(super) async fn put(
    State(state): State<AppState>,
    asker: Asker,
    Path((_space, user)): Path<(String, String)>,
    order: Result<Json<MemberOrder>, JsonRejection>,
) -> Result<Response, Problem> {
    asker.need(Place::Space, Action::ManageMembers)?;
    let order = body(order)?;
    let user = name(&user)?;
    let member = Member {
        role: order.role,
        name: order
            .name
            .as_deref()
            .map(|name| title("a name", name))
            .transpose()?,
        until_ms: order.until_ms,
    };
    let changed = asker.change(&state, |space| {
        let rights = asker.rights(space, Place::Space);
        let who = (user, asker.is(user));
        check_member(space, &rights, who, Some((member.role, member.until_ms)))?;
        if space.members.len() >= MEMBERS_MAX && !space.members.contains_key(user) {
            let full = format!("a space has at most {MEMBERS_MAX} members: use groups");
            return Err(Refusal::Full(full));
        }
        Ok((vec![set(Keys::member(user), &member)], ()))
    });
    changed.await?;
    Ok(asker.answer(StatusCode::OK, &MemberAnswer::of(user, &member)))
}

/// Remove a member
///
/// For facilitators, and for oneself. The last owner stays.
#[utoipa::path(
    delete,
    path = "/api/v1/spaces/{space}/members/{user}",
    operation_id = "remove_member",
    tag = "spaces",
    params(
        ("space" = String, Path, description = "Its id"),
        ("user" = String, Path, description = "The portal's id of the person, percent-encoded"),
    ),
    responses((status = 204, description = "Removed"))
)]
pub(super) async fn remove(
    State(state): State<AppState>,
    asker: Asker,
    Path((_space, user)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let changed = asker.change(&state, |space| {
        let rights = asker.rights(space, Place::Space);
        check_member(space, &rights, (&user, asker.is(&user)), None)?;
        match space.members.contains_key(&user) {
            true => Ok((vec![(Keys::member(&user), None)], ())),
            false => Err(Refusal::Missing("there is no such member")),
        }
    });
    changed.await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Asker {
    pub(super) fn is(&self, user: &str) -> bool {
        self.who.principal.person.as_deref() == Some(user)
    }
}

/// A group of the portal's.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GroupAnswer {
    /// As the claim `groups` names it.
    group: String,
    role: Role,
}

/// All groups, by name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GroupsAnswer {
    groups: Vec<GroupAnswer>,
}

/// List groups
#[utoipa::path(
    get,
    path = "/api/v1/spaces/{space}/groups",
    operation_id = "list_groups",
    tag = "spaces",
    params(("space" = String, Path, description = "Its id")),
    responses((status = 200, description = "Groups", body = GroupsAnswer))
)]
pub(super) async fn list_groups(asker: Asker) -> Result<Response, Problem> {
    asker.need(Place::Space, Action::SeeMembers)?;
    let groups = asker
        .space
        .groups
        .iter()
        .map(|(group, Group { role })| GroupAnswer {
            group: group.clone(),
            role: *role,
        });
    let answer = GroupsAnswer {
        groups: groups.collect(),
    };
    Ok(asker.answer(StatusCode::OK, &answer))
}

/// What the people of a group are to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupOrder {
    role: Role,
}

/// Add or change a group
///
/// For facilitators; a group of owners is made and changed by owners.
#[utoipa::path(
    put,
    path = "/api/v1/spaces/{space}/groups/{group}",
    operation_id = "put_group",
    tag = "spaces",
    params(
        ("space" = String, Path, description = "Its id"),
        ("group" = String, Path, description = "The portal's name of the group, percent-encoded"),
    ),
    request_body = GroupOrder,
    responses((status = 200, description = "The group", body = GroupAnswer))
)]
pub(super) async fn put_group(
    State(state): State<AppState>,
    asker: Asker,
    Path((_space, group)): Path<(String, String)>,
    order: Result<Json<GroupOrder>, JsonRejection>,
) -> Result<Response, Problem> {
    asker.need(Place::Space, Action::ManageMembers)?;
    let role = body(order)?.role;
    name(&group)?;
    change_group(&state, &asker, &group, Some(role)).await?;
    Ok(asker.answer(StatusCode::OK, &GroupAnswer { group, role }))
}

/// Remove a group
#[utoipa::path(
    delete,
    path = "/api/v1/spaces/{space}/groups/{group}",
    operation_id = "remove_group",
    tag = "spaces",
    params(
        ("space" = String, Path, description = "Its id"),
        ("group" = String, Path, description = "The portal's name of the group, percent-encoded"),
    ),
    responses((status = 204, description = "Removed"))
)]
pub(super) async fn remove_group(
    State(state): State<AppState>,
    asker: Asker,
    Path((_space, group)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    change_group(&state, &asker, &group, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn change_group(
    state: &AppState,
    asker: &Asker,
    group: &str,
    role: Option<Role>,
) -> Result<(), Problem> {
    let changed = asker.change(state, |space| {
        let rights = asker.rights(space, Place::Space);
        let now = space.groups.get(group).map(|group| group.role);
        if !rights.may(Action::ManageMembers) {
            return Err(Denied::Role.into());
        }
        if now.max(role) == Some(Role::Owner) && !rights.may(Action::Own) {
            return Err(Denied::OwnersOnly.into());
        }
        if role.is_none() && now.is_none() {
            return Err(Refusal::Missing("there is no such group"));
        }
        if now.is_none() && space.groups.len() >= GROUPS_MAX {
            return Err(Refusal::Full(format!(
                "a space has at most {GROUPS_MAX} groups"
            )));
        }
        let change = match role {
            Some(role) => set(Keys::group(group), &Group { role }),
            None => (Keys::group(group), None),
        };
        Ok((vec![change], ()))
    });
    changed.await
}
