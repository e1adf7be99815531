//! A space as the model of a new one: its tree of pages, what they say, and what is closed or
//! locked in it. People, groups, grants, links and history stay where they are.

use axum::http::StatusCode;
use unisson_history::Author;
use unisson_protocol::DocName;
use unisson_rights::{Changes, Keys, Page, Space, chain, set};

use super::templates::words;
use crate::{
    auth::Identity,
    http::{
        AppState,
        admission::bad_request,
        documents::{Filling, begin_as},
        error::Problem,
        language::Language,
        search::Viewer,
    },
    spaces::document_of,
    versions::unix_now_ms,
};

/// How many pages are copied while somebody waits.
const PAGES_MAX: usize = 500;

/// A space that another one is made after.
#[derive(Debug)]
pub(super) struct Model {
    id: String,
    pages: Vec<(String, Page)>,
    templates: Changes,
}

impl Model {
    /// Looks at a space, and at those of its pages that the asker may read.
    pub(super) async fn of(
        state: &AppState,
        viewer: &mut Viewer<'_>,
        id: &str,
    ) -> Result<Self, Problem> {
        let missing = || Problem {
            status: StatusCode::NOT_FOUND,
            code: "no-such-space",
            detail: "there is no such space, or you may not know of it".into(),
        };
        let held = state.registry.shared().spaces.find(id).await?;
        let space = held.ok_or_else(missing)?.space()?.ok_or_else(missing)?;
        let mut pages = Vec::new();
        for page in in_order(&space) {
            if let Some(facts) = space.pages.get(page)
                && viewer.may_read(&document_of(id, page)).await
            {
                pages.push((page.to_owned(), facts.clone()));
            }
        }
        if pages.is_empty() {
            return Err(missing());
        }
        if pages.len() > PAGES_MAX {
            let detail = format!("a model has at most {PAGES_MAX} pages");
            return Err(bad_request("model", detail));
        }
        let templates = space.templates.iter();
        let templates = templates.filter(|(page, _)| pages.iter().any(|(own, _)| own == *page));
        Ok(Self {
            templates: templates
                .map(|(page, whose)| set(Keys::template(page), whose))
                .collect(),
            id: id.to_owned(),
            pages,
        })
    }

    /// What the new space's record has of it. A page whose parent is not copied is at the top.
    pub(super) fn changes(&self) -> Changes {
        let is_copied = |id: &str| self.pages.iter().any(|(own, _)| own == id);
        let pages = self.pages.iter().map(|(id, page)| {
            let page = Page {
                parent: page.parent.clone().filter(|parent| is_copied(parent)),
                created_ms: unix_now_ms(),
                ..page.clone()
            };
            set(Keys::page(id), &page)
        });
        pages.chain(self.templates.iter().cloned()).collect()
    }

    /// Writes what the pages say, before anybody can open them.
    pub(super) async fn write(
        &self,
        state: &AppState,
        (to, title): (&str, &str),
        (who, language): (&Identity, Language),
    ) -> Result<(), Problem> {
        let author = Author {
            user: who.person.user.clone(),
            name: who.person.display_name.clone(),
        };
        for (id, page) in &self.pages {
            let name = |space: &str| {
                DocName::new(&document_of(space, id)).map_err(|error| Problem {
                    status: StatusCode::BAD_REQUEST,
                    code: "document-name",
                    detail: error.to_string(),
                })
            };
            let filling = Filling {
                words: words(who, title, &page.title, language),
                addresses: Some((format!("/s/{}/", self.id), format!("/s/{to}/"))),
            };
            begin_as(state, &name(&self.id)?, &name(to)?, &author, filling).await?;
        }
        Ok(())
    }
}

/// The ids of the pages that are not deleted.
fn in_order(space: &Space) -> impl Iterator<Item = &str> {
    let ids = space.pages.keys().map(String::as_str);
    ids.filter(move |id| {
        let way = chain(space, id).unwrap_or_default();
        !way.is_empty() && way.iter().all(|(_, page)| page.deleted_ms.is_none())
    })
}
