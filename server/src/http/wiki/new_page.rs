//! `/s/{space}/-/new`: a page is added by a plain form. A link to a page that is not there yet leads
//! here with its title.

use std::fmt::Write as _;

use axum::{
    body::Bytes,
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use unisson_history::escaped;
use unisson_rights::{Action, Place};

use super::{
    answer::{Keep, answer},
    failure::Failure,
    form,
    layout::Layout,
    space::Inside,
    visit::Visit,
};
use crate::http::{
    AppState,
    error::Problem,
    spaces::{Asker, PageOrder, add_page},
};

/// What the form holds.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    title: String,
    /// The page above; blank: the top.
    #[serde(default)]
    parent: String,
}

impl Wanted {
    fn parent(&self) -> Option<&str> {
        Some(self.parent.as_str()).filter(|parent| !parent.is_empty())
    }
}

/// The form.
pub(super) async fn ask(
    State(state): State<AppState>,
    Path(space): Path<String>,
    Query(wanted): Query<Wanted>,
    visit: Visit,
) -> Response {
    show(&state, &visit, &space, &wanted, None).await
}

/// The form, sent: leads to the new page, ready to write.
pub(super) async fn add(
    State(state): State<AppState>,
    Path(space): Path<String>,
    visit: Visit,
    asker: Result<Asker, Problem>,
    body: Bytes,
) -> Response {
    let Some(wanted) = form::read::<Wanted>(&body) else {
        return Failure::Missing.page(&visit);
    };
    let asker = match asker {
        Ok(asker) => asker,
        Err(problem) => return Failure::from(problem).page(&visit),
    };
    let order = PageOrder::of(&wanted.title, wanted.parent());
    match add_page(&state, &asker, order).await {
        Ok(id) => form::see_other(&format!("../{id}?edit")),
        Err(problem) if problem.code == "unavailable" => Failure::Unavailable.page(&visit),
        Err(problem) => show(&state, &visit, &space, &wanted, Some(&problem)).await,
    }
}

async fn show(
    state: &AppState,
    visit: &Visit,
    space: &str,
    wanted: &Wanted,
    problem: Option<&Problem>,
) -> Response {
    let inside = match Inside::enter(state, visit, space).await {
        Ok(inside) => inside,
        Err(failure) => return failure.page(visit),
    };
    let place = wanted.parent().map_or(Place::Space, Place::Page);
    if !inside.rights(place).may(Action::CreatePages) {
        return Failure::NotYours.page(visit);
    }
    let status = match problem {
        Some(problem) => problem.status,
        None => StatusCode::OK,
    };
    let html = shown(visit, &inside, wanted, problem);
    answer(visit, status, html, Keep::Never)
}

fn shown(visit: &Visit, inside: &Inside, wanted: &Wanted, problem: Option<&Problem>) -> String {
    let words = visit.words();
    let mut main = format!(
        "<h1>{}</h1>\n<form method=\"post\" class=\"plain\">",
        words.new_page
    );
    let invalid = match problem {
        Some(problem) => {
            let text = match problem.code {
                "title" => words.bad_title,
                "role" => words.not_yours.1,
                _ => problem.detail.as_str(),
            };
            let _ = write!(
                main,
                "<p class=\"notice bad\" id=\"problem\" role=\"alert\">{}</p>",
                escaped(text)
            );
            " aria-invalid=\"true\" aria-describedby=\"problem\""
        }
        None => "",
    };
    let _ = write!(
        main,
        "<p class=\"field\"><label for=\"title\">{}</label><input id=\"title\" name=\"title\" required \
         maxlength=\"200\" value=\"{}\"{invalid}></p>",
        words.title,
        escaped(&wanted.title)
    );
    let _ = write!(
        main,
        "<p class=\"field\"><label for=\"parent\">{}</label><select id=\"parent\" name=\"parent\">\
         <option value=\"\">{}</option>",
        words.page_above, words.top_of_space
    );
    inside.tree.walk(&mut |branch, depth| {
        let chosen = if branch.id == wanted.parent {
            " selected"
        } else {
            ""
        };
        let _ = write!(
            main,
            "<option value=\"{}\"{chosen}>{}{}</option>",
            branch.id,
            "\u{a0}\u{a0}".repeat(depth),
            escaped(&branch.title)
        );
    });
    let _ = write!(
        main,
        "</select></p><p><button class=\"strong\">{}</button></p></form>",
        words.create
    );
    let mut crumbs = inside.crumbs();
    crumbs.push((
        words.new_page.to_owned(),
        format!("{}/-/new", inside.base()),
    ));
    let layout = Layout {
        title: words.new_page.to_owned(),
        within: inside.shown_title(),
        crumbs,
        main,
        class: "screen",
        ..Layout::default()
    };
    layout.html(visit, Some(&inside.who))
}
