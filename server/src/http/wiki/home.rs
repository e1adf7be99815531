//! The first page: the spaces that somebody belongs to, and those that are open to them.

use std::{fmt::Write as _, sync::Arc};

use axum::{extract::State, http::StatusCode, response::Response};
use unisson_history::escaped;
use unisson_rights::{Place, Space};

use super::{
    answer::{Keep, answer},
    failure::Failure,
    layout::Layout,
    space::visibility,
    visit::Visit,
    words::Words,
};
use crate::{auth::Identity, http::AppState};

/// How many spaces the page shows; the rest is found by searching.
const SPACES_MAX: usize = 300;

/// What somebody sees of all spaces, by title.
#[derive(Debug, Default)]
struct Seen {
    own: Vec<(String, Arc<Space>)>,
    open: Vec<(String, Arc<Space>)>,
    are_more: bool,
}

/// `/`
pub(super) async fn page(State(state): State<AppState>, visit: Visit) -> Response {
    let shown = async {
        let who = visit.identify(&state, None).await?;
        let seen = look(&state, &who).await;
        Ok::<_, Failure>(shown(&visit, &who, &seen))
    };
    match shown.await {
        Ok(html) => answer(&visit, StatusCode::OK, html, Keep::Browser),
        Err(failure) => failure.page(&visit),
    }
}

async fn look(state: &AppState, who: &Identity) -> Seen {
    let all = &state.registry.shared().spaces;
    let mut seen = Seen::default();
    for id in all.ids() {
        // One that is damaged must not hide the others.
        let Ok(Some(held)) = all.find(&id).await else {
            continue;
        };
        let Ok(Some(space)) = held.space() else {
            continue;
        };
        let is_seen = held.rights(&space, Place::Space, who).role.is_some();
        if !is_seen || space.settings.deleted_ms.is_some() {
            continue;
        }
        if seen.own.len() + seen.open.len() == SPACES_MAX {
            seen.are_more = true;
            break;
        }
        match belongs(&space, who) {
            true => seen.own.push((id, space)),
            false => seen.open.push((id, space)),
        }
    }
    for spaces in [&mut seen.own, &mut seen.open] {
        spaces.sort_by_cached_key(|(id, space)| (space.settings.title.to_lowercase(), id.clone()));
    }
    seen
}

/// Whether somebody is in a space, and does not only get in.
fn belongs(space: &Space, who: &Identity) -> bool {
    let principal = &who.principal;
    let person = principal.person.as_ref();
    person.is_some_and(|person| space.members.contains_key(person))
        || principal
            .groups
            .iter()
            .any(|group| space.groups.contains_key(group))
}

fn shown(visit: &Visit, who: &Identity, seen: &Seen) -> String {
    let words = visit.words();
    let mut main = format!("<h1>{}</h1>\n<unisson-spaces>\n", words.spaces);
    push_spaces(visit, words.my_spaces, &seen.own, &mut main);
    push_spaces(visit, words.open_spaces, &seen.open, &mut main);
    if seen.own.is_empty() && seen.open.is_empty() {
        let _ = write!(
            main,
            "<p class=\"empty\">{}</p>\n<p><a href=\"{}-/guide/start\">{}</a></p>",
            nothing(words, who),
            visit.root,
            words.guide_start
        );
    }
    if seen.are_more {
        let _ = write!(main, "<p class=\"hint\">{}</p>", words.more_spaces);
    }
    main.push_str("</unisson-spaces>");
    let layout = Layout {
        title: words.spaces.to_owned(),
        main,
        class: "home",
        ..Layout::default()
    };
    layout.html(visit, Some(who))
}

fn nothing(words: &Words, who: &Identity) -> &'static str {
    match (who.principal.is_admin, who.is_nobody()) {
        (true, _) => words.no_spaces_operator,
        (false, true) => words.no_spaces_stranger,
        (false, false) => words.no_spaces,
    }
}

fn push_spaces(visit: &Visit, title: &str, spaces: &[(String, Arc<Space>)], html: &mut String) {
    if spaces.is_empty() {
        return;
    }
    let _ = write!(html, "<h2>{title}</h2>\n<ul class=\"spaces\">");
    for (id, space) in spaces {
        let settings = &space.settings;
        let _ = write!(
            html,
            "<li><a href=\"{}s/{id}\">{}</a> <span class=\"hint\">{}</span></li>",
            visit.root,
            escaped(&settings.title),
            visibility(visit, settings.visibility)
        );
    }
    html.push_str("</ul>\n");
}
