//! What a page's text needs to know of the rest of the wiki, for one reader: what other pages are
//! called by now, as far as they may see them, and words in their language.

use std::{collections::BTreeMap, sync::Arc};

use unisson_content::{Callout, PageHtml, Reference, Resolve, Word};

use super::{space::Inside, tree::Tree, visit::Visit, words::Words};
use crate::http::AppState;

/// A page is read two folders below the root.
const ROOT: &str = "../..";
/// How many other spaces one page's links are looked up in.
const SPACES_MAX: usize = 20;

/// One reader and the spaces that a page links to.
pub(super) struct Reader {
    words: &'static Words,
    spaces: BTreeMap<String, Arc<Tree>>,
}

impl Reader {
    /// For texts without links to pages.
    pub(super) fn of(visit: &Visit) -> Self {
        Self {
            words: visit.words(),
            spaces: BTreeMap::new(),
        }
    }

    /// For the pages of a space.
    pub(super) async fn inside(
        state: &AppState,
        visit: &Visit,
        inside: &Inside,
        pages: &[PageHtml],
    ) -> Self {
        let mut reader = Self::of(visit);
        let own = inside.id().to_owned();
        reader.spaces.insert(own, inside.tree.clone());
        for to in pages.iter().flat_map(PageHtml::links) {
            let (Reference::Page { space, .. } | Reference::NewPage { space, .. }) = to else {
                continue;
            };
            if reader.spaces.len() > SPACES_MAX || reader.spaces.contains_key(space) {
                continue;
            }
            // A space that nobody can tell of now is one whose titles are not known.
            let tree = Inside::look(state, visit, space).await;
            let tree = tree.map(|inside| inside.tree).unwrap_or_default();
            reader.spaces.insert(space.clone(), tree);
        }
        reader
    }
}

impl Resolve for Reader {
    fn root(&self) -> &str {
        ROOT
    }

    fn title(&self, space: &str, page: &str) -> Option<String> {
        let way = self.spaces.get(space)?.way(page);
        way.last().map(|branch| branch.title.clone())
    }

    fn page_called(&self, space: &str, title: &str) -> Option<String> {
        let mut found = None;
        self.spaces.get(space)?.walk(&mut |branch, _| {
            if found.is_none() && branch.title == title {
                found = Some(branch.id.clone());
            }
        });
        found
    }

    fn word(&self, word: Word) -> &str {
        match word {
            Word::Callout(Callout::Info) => self.words.callout_info,
            Word::Callout(Callout::Tip) => self.words.callout_tip,
            Word::Callout(Callout::Warning) => self.words.callout_warning,
            Word::Callout(Callout::Danger) => self.words.callout_danger,
            Word::Contents => self.words.contents,
            Word::Done => self.words.done,
            Word::NotDone => self.words.not_done,
        }
    }
}
