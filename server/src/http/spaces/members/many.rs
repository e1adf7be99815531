//! Many members at once: the list of a whole department, in one change.

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::StatusCode,
    response::Response,
};
use serde::{Deserialize, Serialize};
use unisson_rights::{Action, Keys, Member, Place, Role, Space, check_member, set};
use utoipa::ToSchema;

use super::MEMBERS_MAX;
use crate::{
    http::{
        AppState,
        admission::bad_request,
        error::Problem,
        spaces::asker::{Asker, body, name, title},
    },
    spaces::Refusal,
};

/// How many one call takes.
const MANY_MAX: usize = 1_000;
/// The largest body: as many, each with a long id and a long name.
pub(in crate::http::spaces) const BODY_BYTES_MAX: usize = 1 << 20;

/// What one person is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http::spaces) struct OneOfMany {
    /// The portal's id of the person.
    user: String,
    role: Role,
    /// The name to show in lists.
    name: Option<String>,
    /// Until when, in milliseconds since 1970; owners have no end.
    until_ms: Option<u64>,
}

/// Who is to be what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http::spaces) struct ManyOrder {
    /// Up to 1,000; of several entries for one person the last one counts.
    #[schema(min_items = 1, max_items = 1000)]
    members: Vec<OneOfMany>,
}

/// What has become of them.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(in crate::http::spaces) struct ManyAnswer {
    /// How many were no members before.
    added: usize,
    /// How many were, and are something else now.
    changed: usize,
    /// How many members the space has.
    total: usize,
}

/// Add or change many members
///
/// All of them or none, as one change. For facilitators; owners are made and changed by owners.
#[utoipa::path(
    post,
    path = "/api/v1/spaces/{space}/members",
    operation_id = "put_members",
    tag = "spaces",
    params(("space" = String, Path, description = "Its id")),
    request_body = ManyOrder,
    responses((status = 200, description = "How many", body = ManyAnswer))
)]
pub(in crate::http::spaces) async fn put(
    State(state): State<AppState>,
    asker: Asker,
    order: Result<Json<ManyOrder>, JsonRejection>,
) -> Result<Response, Problem> {
    asker.need(Place::Space, Action::ManageMembers)?;
    let ManyOrder { members } = body(order)?;
    if members.is_empty() || members.len() > MANY_MAX {
        let detail = format!("give between 1 and {MANY_MAX} members");
        return Err(bad_request("members", detail));
    }
    let members: Vec<(String, Member)> = members
        .into_iter()
        .enumerate()
        .map(|(at, one)| read(&one).map_err(|problem| of_entry(at, &problem)))
        .collect::<Result<_, _>>()?;
    let changed = asker.change(&state, |space| {
        let rights = asker.rights(space, Place::Space);
        // Each is decided on what the ones before it have left: the last two owners do not go together.
        let mut after: Space = space.clone();
        let mut answer = ManyAnswer::default();
        for (user, member) in &members {
            let who = (user.as_str(), asker.is(user));
            check_member(&after, &rights, who, Some((member.role, member.until_ms)))?;
            after.members.insert(user.clone(), member.clone());
        }
        answer.total = after.members.len();
        if answer.total > MEMBERS_MAX && answer.total > space.members.len() {
            let full = format!("a space has at most {MEMBERS_MAX} members: use groups");
            return Err(Refusal::Full(full));
        }
        let mut changes = Vec::new();
        for (user, member) in &after.members {
            match space.members.get(user) {
                Some(before) if before == member => continue,
                Some(_) => answer.changed += 1,
                None => answer.added += 1,
            }
            changes.push(set(Keys::member(user), member));
        }
        Ok((changes, answer))
    });
    let answer = changed.await?;
    Ok(asker.answer(StatusCode::OK, &answer))
}

fn read(one: &OneOfMany) -> Result<(String, Member), Problem> {
    let user = name(&one.user)?.to_owned();
    let shown = one.name.as_deref().map(|text| title("a name", text));
    let member = Member {
        role: one.role,
        name: shown.transpose()?,
        until_ms: one.until_ms,
    };
    Ok((user, member))
}

/// Which entry it is about: people find it in their list by its number, which begins at one.
fn of_entry(at: usize, problem: &Problem) -> Problem {
    Problem {
        status: problem.status,
        code: problem.code,
        detail: format!("entry {}: {}", at + 1, problem.detail),
    }
}
