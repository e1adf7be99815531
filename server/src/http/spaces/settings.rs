//! Spaces as a whole: which there are, making one, what concerns all of it, what I may do.

use axum::{
    Json,
    extract::{
        Query, RawQuery, State,
        rejection::{JsonRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use unisson_history::Author;
use unisson_rights::{
    Action, Denied, Keys, Member, Place, Role, Space, SpaceSettings, Visibility, is_id, set,
};
use utoipa::{IntoParams, ToSchema};

use super::{
    asker::{Asker, body, identify, name, title},
    model::Model,
    told,
};
use crate::{
    auth::Identity,
    http::{
        AppState,
        admission::{Asked, bad_request},
        error::Problem,
        history::parse_query,
        language::Language,
        numbers::Count,
        search::Viewer,
    },
    spaces::{Refusal, document_of, prefix_of},
    versions::unix_now_ms,
};

/// The most spaces in one answer.
const PAGE_MAX: usize = 100;
/// What all names of documents in spaces begin with.
const ALL: &str = "spaces/";

/// A space.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SpaceAnswer {
    id: String,
    title: String,
    visibility: Visibility,
    anonymous_role: Role,
    signed_in_role: Role,
    created_ms: u64,
    /// When it was deleted, where it was: its owners still see it, and may bring it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_ms: Option<u64>,
    /// What you are in the space as a whole; null where you only have pages of it.
    role: Option<Role>,
    /// The names of its documents begin so.
    prefix: String,
}

impl SpaceAnswer {
    fn of(id: &str, space: &Space, role: Option<Role>) -> Self {
        let SpaceSettings {
            title,
            visibility,
            anonymous_role,
            signed_in_role,
            created_ms,
            deleted_ms,
        } = space.settings.clone();
        Self {
            id: id.to_owned(),
            title,
            visibility,
            anonymous_role,
            signed_in_role,
            created_ms,
            deleted_ms,
            role,
            prefix: prefix_of(id),
        }
    }
}

/// A part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Part {
    /// `next` of the answer before.
    pub(super) cursor: Option<String>,
    /// How many at most, up to 100.
    #[param(schema_with = crate::http::numbers::count)]
    pub(super) limit: Option<Count>,
}

impl Part {
    pub(super) fn limit(&self) -> usize {
        self.limit
            .map_or(PAGE_MAX, |limit| limit.get().min(PAGE_MAX))
    }

    /// Whether an entry comes in this part or later.
    pub(super) fn is_past(&self, key: &str) -> bool {
        self.cursor.as_deref().is_none_or(|cursor| key > cursor)
    }
}

/// Spaces, by id.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SpacesAnswer {
    spaces: Vec<SpaceAnswer>,
    /// `cursor` for more; null where there are none.
    next: Option<String>,
    /// Whether you may make spaces.
    creates: bool,
    /// Your id, as the portal says it.
    user: Option<String>,
}

/// List spaces
///
/// Those that you belong to, and those that are open to you.
#[utoipa::path(
    get,
    path = "/api/v1/spaces",
    operation_id = "list_spaces",
    tag = "spaces",
    security((), ("token" = [])),
    params(Part),
    responses((status = 200, description = "Spaces", body = SpacesAnswer))
)]
pub(super) async fn list(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    part: Result<Query<Part>, QueryRejection>,
) -> Result<Json<SpacesAnswer>, Problem> {
    let part = parse_query(part)?;
    let who = identify((&headers, query.as_deref()), &state, ALL).await?;
    let all = &state.registry.shared().spaces;
    let mut answer = SpacesAnswer {
        spaces: Vec::new(),
        next: None,
        creates: may_create(&state, &who).is_ok(),
        user: who.principal.person.clone(),
    };
    for id in all.ids().into_iter().filter(|id| part.is_past(id)) {
        if answer.spaces.len() == part.limit() {
            answer.next = answer.spaces.last().map(|space| space.id.clone());
            break;
        }
        // One that is damaged must not hide the others.
        let Ok(Some(held)) = all.find(&id).await else {
            continue;
        };
        let Ok(Some(space)) = held.space() else {
            continue;
        };
        let role = held.rights(&space, Place::Space, &who).role;
        if role.is_some() {
            answer.spaces.push(SpaceAnswer::of(&id, &space, role));
        }
    }
    Ok(Json(answer))
}

/// A new space.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SpaceOrder {
    /// Lower-case letters, digits and `-`; it stands in the names of the space's documents.
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
    id: String,
    #[schema(min_length = 1)]
    title: String,
    /// Who gets in without being a member; as the settings say where it is left out.
    visibility: Option<Visibility>,
    /// What those are there whom nobody knows, while the space is public: reader, commenter, editor.
    anonymous_role: Option<Role>,
    /// What those are there whom the portal knows: reader, commenter, editor.
    signed_in_role: Option<Role>,
    /// The first owner; you, where it is left out.
    owner: Option<String>,
    /// A space that this one is made after: its pages, as far as you may read them, what they say,
    /// and what is closed or locked. People, links and history stay where they are.
    from: Option<String>,
}

/// Create a space
///
/// For the operator, for whoever has the portal's role `owner` for the prefix `spaces/{id}/`, and
/// for those whom the settings allow it (`spaces.creators`, `spaces.creator_groups`).
#[utoipa::path(
    post,
    path = "/api/v1/spaces",
    operation_id = "create_space",
    tag = "spaces",
    request_body = SpaceOrder,
    responses((status = 201, description = "The space", body = SpaceAnswer))
)]
pub(super) async fn create(
    State(state): State<AppState>,
    Asked {
        headers,
        query,
        address,
    }: Asked,
    order: Result<Json<SpaceOrder>, JsonRejection>,
) -> Result<Response, Problem> {
    let order = body(order)?;
    if !is_id(&order.id) {
        let detail = "an id has 1 to 64 lower-case letters, digits and hyphens";
        return Err(bad_request("space-id", detail));
    }
    let shown = (&headers, query.as_deref());
    let who = identify(shown, &state, &prefix_of(&order.id)).await?;
    may_create(&state, &who)?;
    let settings = settings_of(&state, &order)?;
    let owner = match (&order.owner, &who.principal.person) {
        (Some(owner), _) => Some(name(owner)?.to_owned()),
        (None, Some(person)) => Some(person.clone()),
        // Where nobody signs in everybody owns everything.
        (None, None) if state.registry.shared().settings.is_open() => None,
        (None, None) => {
            return Err(bad_request(
                "person",
                "say who owns the space: your token names nobody",
            ));
        }
    };
    let held = state.registry.shared().spaces.hold(&order.id).await?;
    let author = Author {
        user: who.person.user.clone(),
        name: who.person.display_name.clone(),
    };
    let model = match &order.from {
        Some(from) => {
            if held.space()?.is_some() {
                return Err(Refusal::Exists("there is a space of this id already").into());
            }
            let mut viewer = Viewer::of(&state, &headers, query.as_deref()).await?;
            let model = Model::of(&state, &mut viewer, from).await?;
            let language = Language::of(query.as_deref(), &headers);
            let to = (order.id.as_str(), settings.title.as_str());
            model.write(&state, to, (&who, language)).await?;
            model.changes()
        }
        None => Vec::new(),
    };
    let mut told = Vec::new();
    let made = held.change(&state.registry, author, None, |space| {
        if space.is_some() {
            return Err(Refusal::Exists("there is a space of this id already"));
        }
        let member = Member {
            role: Role::Owner,
            name: None,
            until_ms: None,
        };
        let mut changes = vec![set(Keys::SPACE.to_owned(), &settings)];
        changes.extend(owner.map(|owner| set(Keys::member(&owner), &member)));
        changes.extend(model);
        told = told::of(None, &changes);
        Ok((changes, ()))
    });
    made.await?;
    let space = held
        .space()?
        .ok_or(Refusal::Missing("there is no such space"))?;
    let asker = Asker {
        who,
        held,
        space: space.clone(),
        headers,
        address,
    };
    told::tell(&state, &asker, told);
    let role = asker.rights(&space, Place::Space).role;
    let mut answer = asker.answer(
        StatusCode::CREATED,
        &SpaceAnswer::of(&order.id, &space, role),
    );
    if let Ok(location) = format!("/api/v1/spaces/{}", order.id).parse() {
        answer.headers_mut().insert(header::LOCATION, location);
    }
    Ok(answer)
}

fn may_create(state: &AppState, who: &Identity) -> Result<(), Problem> {
    let principal = &who.principal;
    let settings = &state.registry.shared().settings.spaces;
    let of_settings = principal.person.is_some()
        && (settings.anybody_creates
            || principal
                .groups
                .iter()
                .any(|group| settings.creator_groups.contains(group)));
    let may = principal.is_admin || principal.granted == Some(Role::Owner) || of_settings;
    match (may, who.is_nobody()) {
        (true, _) => Ok(()),
        (false, true) => Err(Problem::of_refusal(
            unisson_protocol::CloseReason::Unauthorized,
            "a token is needed: send it as `Authorization: Bearer`",
            "",
        )),
        (false, false) => Err(Refusal::from(Denied::Role).into()),
    }
}

/// Whoever has no name, or only a name, looks after nothing.
fn open_role(role: Role) -> Result<Role, Problem> {
    match role {
        Role::Reader | Role::Commenter | Role::Editor => Ok(role),
        Role::Guest | Role::Facilitator | Role::Owner => {
            let detail = "whoever is no member is reader, commenter or editor";
            Err(bad_request("open-role", detail))
        }
    }
}

fn settings_of(state: &AppState, order: &SpaceOrder) -> Result<SpaceSettings, Problem> {
    let default = &state.registry.shared().settings.spaces;
    Ok(SpaceSettings {
        title: title("a title", &order.title)?,
        visibility: order.visibility.unwrap_or(default.visibility),
        anonymous_role: open_role(order.anonymous_role.unwrap_or(default.anonymous_role))?,
        signed_in_role: open_role(order.signed_in_role.unwrap_or(default.signed_in_role))?,
        created_ms: unix_now_ms(),
        deleted_ms: None,
    })
}

/// Show a space
#[utoipa::path(
    get,
    path = "/api/v1/spaces/{space}",
    operation_id = "show_space",
    tag = "spaces",
    params(("space" = String, Path, description = "Its id")),
    responses((status = 200, description = "The space", body = SpaceAnswer))
)]
pub(super) async fn show(asker: Asker) -> Response {
    shown(&asker, &asker.space)
}

fn shown(asker: &Asker, space: &Space) -> Response {
    let role = asker.rights(space, Place::Space).role;
    asker.answer(
        StatusCode::OK,
        &SpaceAnswer::of(asker.held.id(), space, role),
    )
}

/// What concerns a space as a whole; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SpaceChange {
    #[schema(min_length = 1)]
    title: Option<String>,
    visibility: Option<Visibility>,
    /// Reader, commenter or editor.
    anonymous_role: Option<Role>,
    /// Reader, commenter or editor.
    signed_in_role: Option<Role>,
}

/// Change a space
///
/// Who gets in is changed for everybody at once, also where documents are open.
#[utoipa::path(
    patch,
    path = "/api/v1/spaces/{space}",
    operation_id = "change_space",
    tag = "spaces",
    params(("space" = String, Path, description = "Its id")),
    request_body = SpaceChange,
    responses((status = 200, description = "The space", body = SpaceAnswer))
)]
pub(super) async fn change(
    State(state): State<AppState>,
    asker: Asker,
    order: Result<Json<SpaceChange>, JsonRejection>,
) -> Result<Response, Problem> {
    asker.need(Place::Space, Action::Own)?;
    let order = body(order)?;
    let wanted_title = order
        .title
        .as_deref()
        .map(|text| title("a title", text))
        .transpose()?;
    let anonymous_role = order.anonymous_role.map(open_role).transpose()?;
    let signed_in_role = order.signed_in_role.map(open_role).transpose()?;
    write(&state, &asker, |settings| SpaceSettings {
        title: wanted_title.unwrap_or(settings.title),
        visibility: order.visibility.unwrap_or(settings.visibility),
        anonymous_role: anonymous_role.unwrap_or(settings.anonymous_role),
        signed_in_role: signed_in_role.unwrap_or(settings.signed_in_role),
        ..settings
    })
    .await
}

/// Changes the settings as an owner.
async fn write(
    state: &AppState,
    asker: &Asker,
    change: impl FnOnce(SpaceSettings) -> SpaceSettings,
) -> Result<Response, Problem> {
    let changed = asker.change(state, |space| {
        if !asker.rights(space, Place::Space).may(Action::Own) {
            return Err(Denied::Role.into());
        }
        let settings = change(space.settings.clone());
        Ok((vec![set(Keys::SPACE.to_owned(), &settings)], ()))
    });
    changed.await?;
    let space = asker
        .held
        .space()?
        .ok_or(Refusal::Missing("there is no such space"))?;
    Ok(shown(asker, &space))
}

/// Delete a space
///
/// Nobody but its owners sees anything of it any more; open documents close. Nothing is erased: an
/// owner brings it back. Until then what its owners read of it says `deleted_ms`.
#[utoipa::path(
    delete,
    path = "/api/v1/spaces/{space}",
    operation_id = "delete_space",
    tag = "spaces",
    params(("space" = String, Path, description = "Its id")),
    responses((status = 200, description = "The space", body = SpaceAnswer))
)]
pub(super) async fn delete(
    State(state): State<AppState>,
    asker: Asker,
) -> Result<Response, Problem> {
    write(&state, &asker, |settings| SpaceSettings {
        deleted_ms: settings.deleted_ms.or_else(|| Some(unix_now_ms())),
        ..settings
    })
    .await
}

/// Bring a space back
#[utoipa::path(
    post,
    path = "/api/v1/spaces/{space}/restore",
    operation_id = "restore_space",
    tag = "spaces",
    params(("space" = String, Path, description = "Its id")),
    responses((status = 200, description = "The space", body = SpaceAnswer))
)]
pub(super) async fn restore(
    State(state): State<AppState>,
    asker: Asker,
) -> Result<Response, Problem> {
    write(&state, &asker, |settings| SpaceSettings {
        deleted_ms: None,
        ..settings
    })
    .await
}

/// About which place.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct RightsQuestion {
    /// A page; the space as a whole where it is left out.
    page: Option<String>,
}

/// What you may do.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RightsAnswer {
    /// What you are there; null: nothing.
    role: Option<Role>,
    /// All that you may do there.
    actions: Vec<Action>,
    /// Your id, as the portal says it.
    user: Option<String>,
    /// The page's document.
    document: Option<String>,
}

/// Tell what I may do here
#[utoipa::path(
    get,
    path = "/api/v1/spaces/{space}/rights",
    operation_id = "tell_rights",
    tag = "spaces",
    params(("space" = String, Path, description = "Its id"), RightsQuestion),
    responses((status = 200, description = "What you may do", body = RightsAnswer))
)]
pub(super) async fn rights(
    asker: Asker,
    question: Result<Query<RightsQuestion>, QueryRejection>,
) -> Result<Response, Problem> {
    let page = parse_query(question)?.page;
    let place = page.as_deref().map_or(Place::Space, Place::Page);
    let rights = asker.rights(&asker.space, place);
    let answer = RightsAnswer {
        role: rights.role,
        actions: rights.actions().collect(),
        user: asker.who.principal.person.clone(),
        document: page.map(|page| document_of(asker.held.id(), &page)),
    };
    let mut response = Json(answer).into_response();
    let no_store = header::HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    Ok(response)
}
