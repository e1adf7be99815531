//! The screens beside the pages: what they are called, who finds a way to them, and which component
//! of the app each of them is. The screens themselves ask the API, which decides about rights.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use unisson_history::escaped;
use unisson_rights::{Action, Place, Rights};

use super::{
    answer::{Keep, answer},
    failure::Failure,
    layout::{Layout, Tool},
    space::Inside,
    visit::Visit,
};
use crate::http::{AppState, language::Language};

/// What a screen is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// Everything here.
    All,
    /// A space.
    Space,
    /// A page.
    Page,
}

/// A screen: `/…/-/{name}` is the layout around `<unisson-{name}>`.
#[derive(Debug)]
pub(super) struct Screen {
    pub(super) name: &'static str,
    level: Level,
    english: &'static str,
    french: &'static str,
    /// Who may not do this is shown no way there.
    needs: Action,
}

const fn screen(
    name: &'static str,
    level: Level,
    needs: Action,
    english: &'static str,
    french: &'static str,
) -> Screen {
    Screen {
        name,
        level,
        english,
        french,
        needs,
    }
}

/// All screens, in the order in which they are offered.
pub(super) const SCREENS: &[Screen] = &[
    screen("search", Level::All, Action::Read, "Search", "Recherche"),
    screen("tasks", Level::All, Action::Read, "My tasks", "Mes tâches"),
    screen("templates", Level::All, Action::Own, "Templates", "Modèles"),
    screen("news", Level::All, Action::Read, "For me", "Pour moi"),
    screen(
        "admin",
        Level::All,
        Action::Own,
        "Administration",
        "Administration",
    ),
    screen(
        "activity",
        Level::Space,
        Action::Read,
        "Activity",
        "Activité",
    ),
    screen(
        "members",
        Level::Space,
        Action::SeeMembers,
        "Members",
        "Membres",
    ),
    screen("links", Level::Space, Action::ManageLinks, "Links", "Liens"),
    screen(
        "import",
        Level::Space,
        Action::CreatePages,
        "Import and export",
        "Importer, exporter",
    ),
    screen(
        "templates",
        Level::Space,
        Action::CreatePages,
        "Templates",
        "Modèles",
    ),
    screen("trash", Level::Space, Action::Delete, "Trash", "Corbeille"),
    screen(
        "settings",
        Level::Space,
        Action::ManagePages,
        "Settings",
        "Réglages",
    ),
    screen(
        "history",
        Level::Page,
        Action::Read,
        "History",
        "Historique",
    ),
    screen(
        "activity",
        Level::Page,
        Action::Read,
        "Activity",
        "Activité",
    ),
    screen(
        "comments",
        Level::Page,
        Action::Read,
        "Comments",
        "Commentaires",
    ),
    screen(
        "backlinks",
        Level::Page,
        Action::Read,
        "What links here",
        "Pages liées",
    ),
    screen(
        "access",
        Level::Page,
        Action::ManageMembers,
        "Who may see and write",
        "Qui peut lire et écrire",
    ),
];

impl Screen {
    fn find(level: Level, name: &str) -> Option<&'static Self> {
        SCREENS
            .iter()
            .find(|screen| screen.level == level && screen.name == name)
    }

    fn title(&self, language: Language) -> &'static str {
        match language {
            Language::English => self.english,
            Language::French => self.french,
        }
    }

    /// The component, and what stands there until it comes or where it never does.
    fn main(&self, visit: &Visit, about: &[(&str, &str)]) -> String {
        let attributes: String = about
            .iter()
            .map(|(name, value)| format!(" {name}=\"{}\"", escaped(value)))
            .collect();
        let (title, name) = (self.title(visit.language), self.name);
        format!(
            "<h1>{title}</h1>\n<unisson-{name}{attributes}><noscript><p class=\"hint\">{}</p></noscript>\
             </unisson-{name}>",
            visit.words().screen_needs_script
        )
    }
}

/// The ways to the screens of a space that this person has a use for.
pub(super) fn tools_of_space(visit: &Visit, inside: &Inside, here: Option<&str>) -> Vec<Tool> {
    let base = inside.base();
    let home = Tool {
        name: visit.words().pages.to_owned(),
        path: base.clone(),
        is_here: here.is_none(),
    };
    let rights = inside.rights(Place::Space);
    let screens = SCREENS
        .iter()
        .filter(|screen| screen.level == Level::Space && rights.may(screen.needs));
    let screens = screens.map(|screen| Tool {
        name: screen.title(visit.language).to_owned(),
        path: format!("{base}/-/{}", screen.name),
        is_here: here == Some(screen.name),
    });
    [home].into_iter().chain(screens).collect()
}

/// The ways to the screens of a page that somebody with these rights has a use for; `here` is the
/// screen that one is on, `may_write` whether one may write.
pub(super) fn tools_of_page(
    visit: &Visit,
    path: &str,
    (rights, may_write): (Rights, bool),
    here: Option<&str>,
) -> Vec<Tool> {
    let words = visit.words();
    let mut tools = vec![Tool {
        name: words.read.to_owned(),
        path: path.to_owned(),
        is_here: here.is_none(),
    }];
    if may_write {
        tools.push(Tool {
            name: words.edit.to_owned(),
            path: format!("{path}?edit"),
            is_here: here == Some("edit"),
        });
    }
    // Whoever is here may read, also by a token for this page alone.
    let has_use = |screen: &&Screen| screen.needs == Action::Read || rights.may(screen.needs);
    let screens = SCREENS
        .iter()
        .filter(|screen| screen.level == Level::Page)
        .filter(has_use);
    tools.extend(screens.map(|screen| Tool {
        name: screen.title(visit.language).to_owned(),
        path: format!("{path}/-/{}", screen.name),
        is_here: here == Some(screen.name),
    }));
    tools
}

/// `/-/{screen}`
pub(super) async fn of_all(
    State(state): State<AppState>,
    Path(name): Path<String>,
    visit: Visit,
) -> Response {
    let shown = async {
        let screen = Screen::find(Level::All, &name).ok_or(Failure::Missing)?;
        let who = visit.identify(&state, None).await?;
        let layout = Layout {
            title: screen.title(visit.language).to_owned(),
            main: screen.main(&visit, &[]),
            class: "screen",
            ..Layout::default()
        };
        Ok(layout.html(&visit, Some(&who)))
    };
    respond(&visit, shown.await)
}

/// `/s/{space}/-/{screen}`
pub(super) async fn of_space(
    State(state): State<AppState>,
    Path((space, name)): Path<(String, String)>,
    visit: Visit,
) -> Response {
    let shown = async {
        let inside = Inside::enter(&state, &visit, &space).await?;
        let screen = Screen::find(Level::Space, &name).ok_or(Failure::Missing)?;
        let title = screen.title(visit.language).to_owned();
        let mut crumbs = inside.crumbs();
        crumbs.push((title.clone(), format!("{}/-/{name}", inside.base())));
        let layout = Layout {
            title,
            within: Some(inside.space.settings.title.clone()),
            crumbs,
            tools: tools_of_space(&visit, &inside, Some(&name)),
            tools_name: visit.words().tools_of_space,
            beside: inside.beside(&visit, None),
            main: screen.main(&visit, &[("space", &space)]),
            class: "screen",
            ..Layout::default()
        };
        Ok(layout.html(&visit, Some(&inside.who)))
    };
    respond(&visit, shown.await)
}

/// `/s/{space}/{page}/-/{screen}`
pub(super) async fn of_page(
    State(state): State<AppState>,
    Path((space, page, name)): Path<(String, String, String)>,
    visit: Visit,
) -> Response {
    let shown = async {
        let (inside, opened) = Inside::open(&state, &visit, &space, &page).await?;
        let screen = Screen::find(Level::Page, &name).ok_or(Failure::Missing)?;
        let title = screen.title(visit.language);
        let path = format!("{}/{page}", inside.base());
        let mut crumbs = inside.crumbs_to(&page);
        crumbs.push((title.to_owned(), format!("{path}/-/{name}")));
        let document = opened.document.as_str();
        let may = (inside.rights(Place::Page(&page)), opened.may_write());
        let about = [
            ("space", space.as_str()),
            ("page", &page),
            ("document", document),
        ];
        let layout = Layout {
            title: format!("{title} · {}", opened.page.title),
            within: inside.shown_title(),
            crumbs,
            tools: tools_of_page(&visit, &path, may, Some(&name)),
            tools_name: visit.words().tools_of_page,
            beside: inside.beside(&visit, Some(&page)),
            main: screen.main(&visit, &about),
            class: "screen",
            ..Layout::default()
        };
        Ok(layout.html(&visit, Some(&inside.who)))
    };
    respond(&visit, shown.await)
}

fn respond(visit: &Visit, shown: Result<String, Failure>) -> Response {
    match shown {
        Ok(html) => answer(visit, StatusCode::OK, html, Keep::Browser),
        Err(failure) => failure.page(visit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_has_one_name_and_words_in_both_languages() {
        for (at, screen) in SCREENS.iter().enumerate() {
            assert!(unisson_rights::is_id(screen.name), "{}", screen.name);
            assert!(!screen.english.is_empty() && !screen.french.is_empty());
            let same = |other: &&Screen| (other.level, other.name) == (screen.level, screen.name);
            assert!(
                !SCREENS[..at].iter().any(|other| same(&other)),
                "{}",
                screen.name
            );
        }
    }
}
