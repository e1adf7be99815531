//! `/s/{space}/-/new`: a page is added by a plain form. A link to a page that is not there yet leads
//! here with its title.

use std::fmt::Write as _;

use axum::{
    body::Bytes,
    extract::{Query, State},
    http::{HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use unisson_history::escaped;
use unisson_rights::{Action, Place};

use super::{
    answer::{Keep, answer},
    failure::Failure,
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
    axum::extract::Path(space): axum::extract::Path<String>,
    Query(wanted): Query<Wanted>,
    visit: Visit,
) -> Response {
    form(&state, &visit, &space, &wanted, None).await
}

/// The form, sent: leads to the new page, ready to write.
pub(super) async fn add(
    State(state): State<AppState>,
    axum::extract::Path(space): axum::extract::Path<String>,
    visit: Visit,
    asker: Result<Asker, Problem>,
    body: Bytes,
) -> Response {
    let Some(wanted) = read(&body) else {
        return Failure::Missing.page(&visit);
    };
    let asker = match asker {
        Ok(asker) => asker,
        Err(problem) => return Failure::from(problem).page(&visit),
    };
    let order = PageOrder::of(&wanted.title, wanted.parent());
    match add_page(&state, &asker, order).await {
        Ok(id) => to(&format!("../{id}?edit")),
        Err(problem) if problem.code == "unavailable" => Failure::Unavailable.page(&visit),
        Err(problem) => form(&state, &visit, &space, &wanted, Some(&problem)).await,
    }
}

/// A form's body is written as a query is.
fn read(body: &Bytes) -> Option<Wanted> {
    let uri = Uri::builder()
        .path_and_query(format!("/?{}", std::str::from_utf8(body).ok()?))
        .build();
    Some(Query::try_from_uri(&uri.ok()?).ok()?.0)
}

fn to(location: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(location) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let kept = HeaderValue::from_static("no-store");
    let headers = [(header::LOCATION, location), (header::CACHE_CONTROL, kept)];
    (StatusCode::SEE_OTHER, headers).into_response()
}

async fn form(
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_browsers_send_it() {
        let body = Bytes::from_static(b"title=L%27%C3%A9t%C3%A9+%26+l%E2%80%99hiver&parent=a-b");
        let wanted = read(&body).expect("a form");
        assert_eq!(wanted.title, "L'été & l’hiver");
        assert_eq!(wanted.parent(), Some("a-b"));
        assert!(read(&Bytes::from_static(b"\xff\xfe")).is_none());
        assert!(read(&Bytes::from_static(b"other=1")).is_some());
    }
}
