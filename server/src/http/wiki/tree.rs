//! The pages of a space as one person sees them: nested, in order.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use unisson_history::escaped;
use unisson_rights::{Action, Place, Rights, Space};

/// How deep lists are nested on a page, at most: pages lie no deeper.
use unisson_rights::PAGE_DEPTH_MAX as DEPTH_MAX;
/// How many pages a list shows; beyond that, only the upper levels.
const SHOWN_MAX: usize = 500;

/// A page and those below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Branch {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) below: Vec<Branch>,
}

/// What somebody may see of a space's pages; nothing tells of the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tree {
    pub(super) top: Vec<Branch>,
    count: usize,
}

impl Tree {
    /// The pages that are not deleted and may be read. One whose parent may not be read stands at
    /// the top, behind the others.
    pub(super) fn of(space: &Space, rights: impl Fn(Place<'_>) -> Rights) -> Self {
        let mut below: BTreeMap<Option<&str>, Vec<(u64, &str)>> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for (id, page) in &space.pages {
            if page.deleted_ms.is_none() && rights(Place::Page(id)).may(Action::Read) {
                seen.insert(id.as_str());
            }
        }
        for id in &seen {
            let Some(page) = space.pages.get(*id) else {
                continue;
            };
            let parent = page
                .parent
                .as_deref()
                .filter(|parent| seen.contains(parent));
            let is_elsewhere = page.parent.is_some() && parent.is_none();
            let order = if is_elsewhere { u64::MAX } else { page.order };
            below.entry(parent).or_default().push((order, id));
        }
        for siblings in below.values_mut() {
            siblings.sort_unstable();
        }
        let mut tree = Self::default();
        tree.top = branches(space, &below, None, DEPTH_MAX, &mut tree.count);
        tree
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn is_empty(&self) -> bool {
        self.top.is_empty()
    }

    /// The pages from the top down to this one, itself included.
    pub(super) fn way(&self, id: &str) -> Vec<&Branch> {
        let mut way = Vec::new();
        find(&self.top, id, &mut way);
        way
    }

    /// Every page, each before those below it, and how deep it lies.
    pub(super) fn walk(&self, visit: &mut impl FnMut(&Branch, usize)) {
        walk(&self.top, 0, visit);
    }

    /// Nested lists of links. Around `here` everything is shown that is next to the way there; all
    /// of it where nobody is anywhere, as far as it is no more than a page holds.
    pub(super) fn html(&self, base: &str, here: Option<&str>) -> String {
        let open: Option<BTreeSet<&str>> = here.map(|id| {
            self.way(id)
                .iter()
                .map(|branch| branch.id.as_str())
                .collect()
        });
        let mut html = String::new();
        let levels = match (&open, self.is_whole()) {
            (None, false) => 2,
            _ => DEPTH_MAX,
        };
        push_list(&self.top, &Links { base, here, open }, levels, &mut html);
        html
    }

    /// Whether a page without a place shows all of it.
    pub(super) fn is_whole(&self) -> bool {
        self.count <= SHOWN_MAX
    }
}

fn branches(
    space: &Space,
    below: &BTreeMap<Option<&str>, Vec<(u64, &str)>>,
    parent: Option<&str>,
    levels: usize,
    count: &mut usize,
) -> Vec<Branch> {
    // Whatever two servers wrote at once: a cycle hangs below nothing, so it is never walked into.
    let (Some(siblings), Some(levels)) = (below.get(&parent), levels.checked_sub(1)) else {
        return Vec::new();
    };
    let branches = siblings.iter().filter_map(|(_, id)| {
        *count += 1;
        Some(Branch {
            id: (*id).to_owned(),
            title: space.pages.get(*id)?.title.clone(),
            below: branches(space, below, Some(id), levels, count),
        })
    });
    branches.collect()
}

fn walk(branches: &[Branch], depth: usize, visit: &mut impl FnMut(&Branch, usize)) {
    for branch in branches {
        visit(branch, depth);
        walk(&branch.below, depth + 1, visit);
    }
}

fn find<'a>(branches: &'a [Branch], id: &str, way: &mut Vec<&'a Branch>) -> bool {
    for branch in branches {
        way.push(branch);
        if branch.id == id || find(&branch.below, id, way) {
            return true;
        }
        way.pop();
    }
    false
}

struct Links<'a> {
    base: &'a str,
    here: Option<&'a str>,
    open: Option<BTreeSet<&'a str>>,
}

fn push_list(branches: &[Branch], links: &Links<'_>, levels: usize, html: &mut String) {
    let Some(levels) = levels.checked_sub(1).filter(|_| !branches.is_empty()) else {
        return;
    };
    html.push_str("<ul>");
    for branch in branches {
        let here = match links.here == Some(branch.id.as_str()) {
            true => " aria-current=\"page\"",
            false => "",
        };
        let _ = write!(
            html,
            "<li><a href=\"{}/{}\"{here}>{}</a>",
            links.base,
            branch.id,
            escaped(&branch.title)
        );
        let is_open = |open: &BTreeSet<&str>| open.contains(branch.id.as_str());
        if links.open.as_ref().is_none_or(is_open) {
            push_list(&branch.below, links, levels, html);
        }
        html.push_str("</li>");
    }
    html.push_str("</ul>");
}

#[cfg(test)]
mod tests {
    use unisson_rights::{Keys, Page, Principal, Role, effective, set};

    use super::*;

    fn page(title: &str, parent: Option<&str>, order: u64) -> Page {
        Page {
            title: title.to_owned(),
            parent: parent.map(str::to_owned),
            order,
            readers: None,
            writers: None,
            locked: false,
            guide: false,
            deleted_ms: None,
            created_ms: 0,
        }
    }

    fn space(pages: &[(&str, Page)]) -> Space {
        let settings = r#"{"title":"S","visibility":"public","anonymous_role":"reader",
            "signed_in_role":"editor","created_ms":0}"#;
        let mut entries = std::collections::BTreeMap::new();
        entries.insert(Keys::SPACE.to_owned(), settings.to_owned());
        for (id, page) in pages {
            let (key, value) = set(Keys::page(id), page);
            entries.insert(key, value.expect("a value"));
        }
        Space::read(&entries).expect("reads").expect("is there")
    }

    fn seen(space: &Space) -> String {
        let who = Principal::default();
        Tree::of(space, |place| effective(space, place, &who, 1)).html("s", None)
    }

    #[test]
    fn nothing_tells_of_pages_that_may_not_be_read() {
        let secret = Page {
            readers: Some(Role::Facilitator),
            ..page("secret", None, 1)
        };
        let gone = Page {
            deleted_ms: Some(1),
            ..page("gone", None, 2)
        };
        let space = space(&[
            ("a", secret),
            ("below-a", page("hidden too", Some("a"), 1)),
            ("b", gone),
            ("c", page("<shown>", None, 3)),
            ("d", page("below", Some("c"), 1)),
        ]);
        assert_eq!(
            seen(&space),
            "<ul><li><a href=\"s/c\">&lt;shown&gt;</a><ul><li><a href=\"s/d\">below</a></li></ul></li></ul>"
        );
    }

    #[test]
    fn a_cycle_is_nowhere_and_harms_nobody() {
        let space = space(&[
            ("a", page("a", Some("b"), 1)),
            ("b", page("b", Some("a"), 1)),
            ("c", page("c", None, 1)),
        ]);
        assert_eq!(seen(&space), "<ul><li><a href=\"s/c\">c</a></li></ul>");
        let operator = Principal {
            is_admin: true,
            ..Principal::default()
        };
        let tree = Tree::of(&space, |place| effective(&space, place, &operator, 1));
        assert_eq!(tree.top.len(), 1);
    }

    #[test]
    fn around_a_page_its_way_is_open_and_the_rest_is_closed() {
        let space = space(&[
            ("a", page("a", None, 1)),
            ("a1", page("a1", Some("a"), 1)),
            ("b", page("b", None, 2)),
            ("b1", page("b1", Some("b"), 1)),
            ("b2", page("b2", Some("b1"), 1)),
        ]);
        let who = Principal::default();
        let tree = Tree::of(&space, |place| effective(&space, place, &who, 1));
        let html = tree.html("s", Some("b1"));
        assert!(!html.contains("a1"), "{html}");
        assert!(html.contains("b2"), "{html}");
        assert!(html.contains("aria-current=\"page\">b1"), "{html}");
        let way: Vec<&str> = tree
            .way("b2")
            .iter()
            .map(|branch| branch.id.as_str())
            .collect();
        assert_eq!(way, ["b", "b1", "b2"]);
    }
}
