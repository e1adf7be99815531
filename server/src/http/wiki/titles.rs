//! What the pages that a page links to are called, for whoever reads it.

use std::collections::HashMap;

use unisson_content::{Callout, PageHtml, Reference, Resolve, Word};

use super::{failure::Failure, visit::Visit};
use crate::http::{AppState, language::Language, spaces::SeenSpace};

/// As many spaces are looked into for one page; links into more of them read as they were made.
const SPACES_MAX: usize = 50;

/// The spaces that a page links into, as its reader sees them.
pub(super) struct Titles<'a> {
    visit: &'a Visit,
    spaces: HashMap<String, SeenSpace>,
}

impl<'a> Titles<'a> {
    /// Of all links of a page.
    pub(super) async fn of(
        state: &AppState,
        visit: &'a Visit,
        page: &PageHtml,
    ) -> Result<Self, Failure> {
        let mut spaces = HashMap::new();
        let mut looked = std::collections::HashSet::new();
        let shown = (visit.headers(), visit.asked.query.as_deref());
        for link in page.links() {
            let (Reference::Page { space, .. } | Reference::NewPage { space, .. }) = link else {
                continue;
            };
            if looked.len() >= SPACES_MAX || !looked.insert(space.as_str()) {
                continue;
            }
            // A token that has ended shows no more than none at all, as for the page itself.
            match SeenSpace::of(state, shown, space).await {
                Ok(Some(seen)) => drop(spaces.insert(space.clone(), seen)),
                Ok(None) => {}
                Err(problem) if problem.status.as_u16() == 401 => {}
                Err(problem) => return Err(problem.into()),
            }
        }
        Ok(Self { visit, spaces })
    }
}

impl Resolve for Titles<'_> {
    fn root(&self) -> &str {
        // Addresses begin with a slash.
        self.visit.root.trim_end_matches('/')
    }

    fn title(&self, space: &str, page: &str) -> Option<String> {
        self.spaces.get(space)?.title(page)
    }

    fn page_called(&self, space: &str, title: &str) -> Option<String> {
        self.spaces.get(space)?.page_called(title)
    }

    fn word(&self, word: Word) -> &str {
        let (english, french) = match word {
            Word::Callout(Callout::Info) => ("Information", "Information"),
            Word::Callout(Callout::Tip) => ("Tip", "Conseil"),
            Word::Callout(Callout::Warning) => ("Warning", "Attention"),
            Word::Callout(Callout::Danger) => ("Danger", "Danger"),
            Word::Contents => ("Table of contents", "Sommaire"),
        };
        match self.visit.language {
            Language::English => english,
            Language::French => french,
        }
    }
}
