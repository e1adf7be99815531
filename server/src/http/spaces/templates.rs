//! Templates: pages that new pages may begin as.
//!
//! A page is a template of its space, or of all spaces. Who may read it may use it; nobody else
//! hears of it.

use axum::{
    Json,
    extract::{Path, RawQuery, State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use unisson_history::Author;
use unisson_protocol::DocName;
use unisson_rights::{Action, Keys, Place, Space, TemplateFor, set};
use utoipa::ToSchema;

use super::asker::{Asker, body};
use crate::{
    auth::Identity,
    http::{
        AppState,
        admission::{Asked, admit},
        documents::{Filling, begin_as},
        error::Problem,
        language::Language,
        moment::day,
        search::Viewer,
    },
    spaces::{Refusal, document_of},
    versions::unix_now_ms,
};

/// The most templates in one answer.
const TEMPLATES_MAX: usize = 500;

/// A page that new pages may begin as.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Template {
    /// Its document: what `from` of a new page names.
    document: String,
    space: String,
    page: String,
    title: String,
    space_title: String,
    /// Whose it is.
    r#for: TemplateFor,
}

/// Templates, those of the space first, by title.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TemplatesAnswer {
    templates: Vec<Template>,
}

/// List templates
///
/// Those of the space and those of all spaces, as far as you may read them.
#[utoipa::path(
    get,
    path = "/api/v1/spaces/{space}/templates",
    operation_id = "list_templates",
    tag = "spaces",
    params(("space" = String, Path, description = "The space's id")),
    responses((status = 200, description = "Templates", body = TemplatesAnswer))
)]
pub(super) async fn list(
    State(state): State<AppState>,
    asker: Asker,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut viewer = Viewer::of(&state, &headers, query.as_deref()).await?;
    let own = asker.held.id();
    let mut templates = readable(&state, &mut viewer, |space, whose| {
        space == own || whose == TemplateFor::All
    })
    .await;
    templates.sort_by_cached_key(|template| (template.space != own, template.place_in_list()));
    Ok(asker.answer(StatusCode::OK, &TemplatesAnswer { templates }))
}

/// List the templates of all spaces
///
/// As far as you may read them, whether they are of one space or of all.
#[utoipa::path(
    get,
    path = "/api/v1/templates",
    operation_id = "list_all_templates",
    tag = "spaces",
    security((), ("token" = [])),
    responses((status = 200, description = "Templates", body = TemplatesAnswer))
)]
pub(super) async fn list_everywhere(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Json<TemplatesAnswer>, Problem> {
    let mut viewer = Viewer::of(&state, &headers, query.as_deref()).await?;
    let mut templates = readable(&state, &mut viewer, |_, _| true).await;
    templates.sort_by_cached_key(|template| {
        let is_of_one = matches!(template.r#for, TemplateFor::Space);
        (is_of_one, template.place_in_list())
    });
    Ok(Json(TemplatesAnswer { templates }))
}

/// Templates that somebody may read, of those that are wanted by space and by whose they are.
async fn readable(
    state: &AppState,
    viewer: &mut Viewer<'_>,
    is_wanted: impl Fn(&str, TemplateFor) -> bool,
) -> Vec<Template> {
    let spaces = &state.registry.shared().spaces;
    let mut templates = Vec::new();
    for id in spaces.ids() {
        // One that is damaged must not hide the others.
        let Ok(Some(held)) = spaces.find(&id).await else {
            continue;
        };
        let Ok(Some(space)) = held.space() else {
            continue;
        };
        for (page, whose) in space.templates.iter() {
            let document = document_of(&id, page);
            if !is_wanted(&id, *whose)
                || templates.len() >= TEMPLATES_MAX
                || !viewer.may_read(&document).await
            {
                continue;
            }
            templates.extend(template(&id, page, *whose, &space, document));
        }
    }
    templates
}

impl Template {
    fn place_in_list(&self) -> (String, String) {
        (self.title.to_lowercase(), self.document.clone())
    }
}

fn template(
    id: &str,
    page: &str,
    whose: TemplateFor,
    space: &Space,
    document: String,
) -> Option<Template> {
    Some(Template {
        document,
        space: id.to_owned(),
        page: page.to_owned(),
        title: space.pages.get(page)?.title.clone(),
        space_title: space.settings.title.clone(),
        r#for: whose,
    })
}

/// Whose template a page is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TemplateOrder {
    r#for: TemplateFor,
}

/// Make a page a template
///
/// Of its space, or of all spaces: there it is offered to whoever may read it.
#[utoipa::path(
    put,
    path = "/api/v1/spaces/{space}/templates/{page}",
    operation_id = "make_template",
    tag = "spaces",
    params(
        ("space" = String, Path, description = "The space's id"),
        ("page" = String, Path, description = "The page's id"),
    ),
    request_body = TemplateOrder,
    responses((status = 204, description = "It is a template"))
)]
pub(super) async fn put(
    State(state): State<AppState>,
    asker: Asker,
    Path((_space, page)): Path<(String, String)>,
    order: Result<Json<TemplateOrder>, JsonRejection>,
) -> Result<Response, Problem> {
    asker.need(Place::Page(&page), Action::ManagePages)?;
    let order = body(order)?;
    change(&state, &asker, &page, Some(order.r#for)).await
}

/// Make a page no template any more
///
/// Pages that have begun as it does stay as they are.
#[utoipa::path(
    delete,
    path = "/api/v1/spaces/{space}/templates/{page}",
    operation_id = "remove_template",
    tag = "spaces",
    params(
        ("space" = String, Path, description = "The space's id"),
        ("page" = String, Path, description = "The page's id"),
    ),
    responses((status = 204, description = "It is no template"))
)]
pub(super) async fn remove(
    State(state): State<AppState>,
    asker: Asker,
    Path((_space, page)): Path<(String, String)>,
) -> Result<Response, Problem> {
    asker.need(Place::Page(&page), Action::ManagePages)?;
    change(&state, &asker, &page, None).await
}

async fn change(
    state: &AppState,
    asker: &Asker,
    page: &str,
    whose: Option<TemplateFor>,
) -> Result<Response, Problem> {
    let changed = asker.change(state, |space| {
        let is_there = space.pages.contains_key(page);
        let may = asker
            .rights(space, Place::Page(page))
            .may(Action::ManagePages);
        match (is_there, may) {
            (false, _) => Err(Refusal::Missing("there is no such page")),
            (true, false) => Err(unisson_rights::Denied::Role.into()),
            (true, true) => Ok((
                vec![match &whose {
                    Some(whose) => set(Keys::template(page), whose),
                    None => (Keys::template(page), None),
                }],
                (),
            )),
        }
    });
    changed.await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What a new page begins as.
#[derive(Debug)]
pub(super) struct Beginning {
    original: DocName,
    filling: Filling,
}

impl Beginning {
    /// Looks whether the asker may read the document that a page is to begin as.
    pub(super) async fn of(
        state: &AppState,
        asked: &Asked,
        asker: &Asker,
        (from, title): (&str, &str),
    ) -> Result<Self, Problem> {
        let reader = admit(state, asked, from).await?;
        let language = Language::of(asked.query.as_deref(), &asked.headers);
        let words = words(&asker.who, &asker.space.settings.title, title, language);
        Ok(Self {
            original: reader.name,
            // Its links lead where they led.
            filling: Filling {
                words,
                addresses: None,
            },
        })
    }

    /// Writes the new page's document.
    pub(super) async fn write(
        self,
        state: &AppState,
        to: &str,
        author: &Author,
    ) -> Result<(), Problem> {
        let to = DocName::new(to).map_err(|error| Problem {
            status: StatusCode::BAD_REQUEST,
            code: "document-name",
            detail: error.to_string(),
        })?;
        begin_as(state, &self.original, &to, author, self.filling).await
    }
}

/// What stands for the placeholders, in both languages.
pub(super) fn words(
    who: &Identity,
    space: &str,
    title: &str,
    language: Language,
) -> Vec<(&'static str, String)> {
    let today = day(unix_now_ms(), language);
    let name = who.person.display_name.as_deref().unwrap_or("…");
    [
        ("date", today.as_str()),
        ("author", name),
        ("auteur", name),
        ("autrice", name),
        ("title", title),
        ("titre", title),
        ("space", space),
        ("espace", space),
    ]
    .map(|(word, value)| (word, value.to_owned()))
    .to_vec()
}
