//! Bringing back what was: a restored version, somebody's changes undone. Both are edits like any
//! other, seen at once by whoever has the document open, and both keep what was there before as a
//! version of its own.

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use unisson_history::{Archive, Revert, restore as restoration, revert as reverted};
use unisson_session::version_state;
use utoipa::ToSchema;

use super::versions::{parse_body, states};
use crate::{
    audit::Action,
    changes::{self, draw_seed},
    events::Actor,
    http::{
        AppState,
        admission::{Reader, Turn, Writer, bad_request},
        error::Problem,
    },
    versions::{HistoryError, Moment, heavy, keep_now, note_of, read_chronicle},
};

/// How many versions are looked through for what was deleted; each is a whole state in memory.
const SOURCES_MAX: usize = 24;

/// What to go back to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Restoring {
    /// A version's id.
    #[schema(pattern = r"^[0-7][0-9a-hjkmnp-tv-z]{25}-[0-9a-z_]{1,64}$")]
    version: String,
}

/// What a restoration did.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Restored {
    /// Whether anything was different.
    changed: bool,
    /// The version of what was there before.
    before: Option<String>,
}

/// Restore a version
///
/// Makes the document say again what a version says, by an edit that people see at once. What was
/// there before is kept as a version of its own.
#[utoipa::path(
    post,
    path = "/api/v1/documents/{document}/restore",
    operation_id = "restore_version",
    tag = "history",
    request_body = Restoring,
    responses((status = 200, description = "Done and durable", body = Restored))
)]
pub(super) async fn restore(
    State(state): State<AppState>,
    Writer(writer): Writer,
    _turn: Turn,
    body: Result<Json<Restoring>, JsonRejection>,
) -> Result<Json<Restored>, Problem> {
    let version = parse_body(body)?.version;
    let shared = state.registry.shared();
    let (target, _) = states(&writer.name, shared, &version).await?;
    let (chronicle, basis) = read_chronicle(&writer.name, shared, None).await?;
    let seed = draw_seed();
    let (update, chronicle) = heavy(move || {
        let mut sources = vec![chronicle.state.clone(), target.clone()];
        sources.extend(chronicle.updates.iter().cloned());
        let mut archive = Archive::of(&sources)?;
        let now = archive.view(&chronicle.state)?;
        let there = archive.view(&target)?;
        let client_id = archive.unused_client_id(&chronicle.attribution, seed);
        let update = restoration(&archive, &now, &there, client_id)?;
        Ok((update, chronicle))
    })
    .await?;
    let moment = Moment {
        chronicle: &chronicle,
        basis: &basis,
    };
    let before = carry_out(&state, &writer, update, moment).await?;
    let entry = writer.entry(Action::VersionRestored);
    shared.audit.record(entry.detail("version", version));
    Ok(Json(Restored {
        changed: before.is_some(),
        before,
    }))
}

/// Whose changes to undo.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reverting {
    /// A user's id, or `null` for those of whom nobody asked a name; never left out by mistake.
    #[schema(value_type = Option<String>, required = true)]
    user: Value,
    /// From when on, in milliseconds since 1970.
    from_ms: u64,
    /// Until when.
    until_ms: u64,
}

/// What was undone.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Reverted {
    /// Whether anything was different.
    changed: bool,
    /// The version of what was there before.
    before: Option<String>,
    /// How many characters and values were taken out.
    deleted: u64,
    /// How many were put back.
    put_back: u64,
    /// How many are nowhere any more and could not be put back.
    lost: u64,
}

/// Undo one person's changes
///
/// Undoes what one person did in some time, and nothing that others did. What was there before is
/// kept as a version of its own.
#[utoipa::path(
    post,
    path = "/api/v1/documents/{document}/revert",
    operation_id = "revert_changes",
    tag = "history",
    request_body = Reverting,
    responses((status = 200, description = "Done and durable", body = Reverted))
)]
pub(super) async fn revert(
    State(state): State<AppState>,
    Writer(writer): Writer,
    _turn: Turn,
    body: Result<Json<Reverting>, JsonRejection>,
) -> Result<Json<Reverted>, Problem> {
    let asked = parse_body(body)?;
    if asked.from_ms > asked.until_ms {
        return Err(bad_request("times", "from_ms is after until_ms"));
    }
    let user = match &asked.user {
        Value::Null => None,
        Value::String(user) => Some(user.as_str().into()),
        _ => return Err(bad_request("user", "user is an id or null")),
    };
    let what = Revert {
        user,
        from_ms: asked.from_ms,
        until_ms: asked.until_ms,
    };
    let (chronicle, basis) = read_chronicle(&writer.name, state.registry.shared(), None).await?;
    let bodies = sources(&state, &writer, &what).await?;
    let seed = draw_seed();
    let (done, chronicle) = heavy(move || {
        let mut sources = vec![chronicle.state.clone()];
        sources.extend(chronicle.updates.iter().cloned());
        for body in &bodies {
            sources.push(version_state(body)?.0);
        }
        let mut archive = Archive::of(&sources)?;
        let now = archive.view(&chronicle.state)?;
        archive.cut_by(&chronicle.attribution);
        let client_id = archive.unused_client_id(&chronicle.attribution, seed);
        let known = &chronicle.attribution;
        let done = reverted(&archive, &now, known, &what, client_id)?;
        Ok((done, chronicle))
    })
    .await?;
    let moment = Moment {
        chronicle: &chronicle,
        basis: &basis,
    };
    let before = carry_out(&state, &writer, done.update, moment).await?;
    let entry = writer.entry(Action::ChangesReverted);
    let entry = match &asked.user {
        Value::String(user) => entry.about(Actor {
            id: user.clone(),
            name: None,
        }),
        _ => entry,
    };
    let entry = entry.detail("from_ms", asked.from_ms.to_string());
    let entry = entry.detail("until_ms", asked.until_ms.to_string());
    state.registry.shared().audit.record(entry);
    Ok(Json(Reverted {
        changed: before.is_some(),
        before,
        deleted: done.deleted,
        put_back: done.put_back,
        lost: done.lost,
    }))
}

/// The bodies of the versions that may have what was deleted: the last before the time asked about,
/// and those of that time.
async fn sources(
    state: &AppState,
    writer: &Reader,
    what: &Revert,
) -> Result<Vec<Bytes>, HistoryError> {
    let store = &state.registry.shared().store;
    let name = writer.name.as_str();
    let mut versions = store.versions(name).await?;
    versions.retain(|version| note_of(version).is_some());
    let first = versions
        .iter()
        .rposition(|version| version.id.created_ms() < what.from_ms)
        .unwrap_or(0);
    let until = versions
        .iter()
        .position(|version| version.id.created_ms() > what.until_ms.saturating_add(1))
        .map_or(versions.len(), |at| at + 1);
    let chosen = versions.get(first..until.max(first)).unwrap_or_default();
    let mut bodies = Vec::new();
    for version in chosen.iter().take(SOURCES_MAX) {
        if let Some((_, body)) = store.version(name, &version.id).await? {
            bodies.push(body);
        }
    }
    Ok(bodies)
}

/// Keeps what was before, then hands the edit to the document and waits until it is durable. Gives
/// the id of the version of before; nothing where there was nothing to do.
async fn carry_out(
    state: &AppState,
    writer: &Reader,
    update: Option<Bytes>,
    moment: Moment<'_>,
) -> Result<Option<String>, Problem> {
    let Some(update) = update else {
        return Ok(None);
    };
    let shared = state.registry.shared();
    let before = keep_now(&writer.name, shared, moment, None, writer.author()).await?;
    changes::make(
        &state.registry,
        &writer.name,
        &writer.author(),
        update,
        None,
    )
    .await?;
    Ok(Some(before.to_string()))
}
