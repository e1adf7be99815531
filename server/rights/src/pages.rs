//! The tree of pages: ways from the top, order, and moves that make no cycle.
//!
//! Two servers may move pages at once, so that the merged record holds a cycle, or a page whose
//! parent is gone. Such pages have no way from the top: they belong to nobody but the operator until
//! a facilitator moves one of them out.

use std::collections::BTreeSet;

use crate::{Keys, Page, Space, set, space::Changes};

/// How deep pages may lie: each sign-in walks up.
pub const PAGE_DEPTH_MAX: usize = 32;
/// How many pages a space may have, deleted ones included.
pub const PAGES_MAX: usize = 10_000;
/// The distance of neighbours; halved when something comes between them.
const ORDER_STEP: u64 = 1 << 24;

/// Where among its new siblings a page comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// Before all others.
    First,
    /// Behind all others.
    Last,
    /// Just behind this one.
    After(String),
}

/// Why a page does not go there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoveError {
    /// There is no such page.
    #[error("there is no such page")]
    NoPage,
    /// There is no such parent.
    #[error("there is no such parent page")]
    NoParent,
    /// It would lie below itself.
    #[error("a page cannot lie below itself")]
    Cycle,
    /// It would lie too deep.
    #[error("pages lie at most {PAGE_DEPTH_MAX} deep")]
    TooDeep,
    /// The page that it should follow is not there.
    #[error("the page that it should follow has another parent")]
    NoSibling,
}

/// The pages from the top to this one; `None` where there is no such way.
pub fn chain<'a>(space: &'a Space, page: &'a str) -> Option<Vec<(&'a str, &'a Page)>> {
    let mut chain = Vec::new();
    let mut next = Some(page);
    while let Some(id) = next {
        // A cycle is longer than any way may be.
        if chain.len() >= PAGE_DEPTH_MAX {
            return None;
        }
        let (id, page) = space.pages.get_key_value(id)?;
        chain.push((id.as_str(), page));
        next = page.parent.as_deref();
    }
    chain.reverse();
    Some(chain)
}

/// The pages below a parent, or at the top, in order.
pub fn children<'a>(space: &'a Space, parent: Option<&str>) -> Vec<&'a str> {
    let mut found: Vec<(&u64, &str)> = space
        .pages
        .iter()
        .filter(|(_, page)| page.parent.as_deref() == parent)
        .map(|(id, page)| (&page.order, id.as_str()))
        .collect();
    // Two servers may have drawn the same order.
    found.sort_unstable();
    found.into_iter().map(|(_, id)| id).collect()
}

/// The changes that put a page below a parent (or at the top), at a position. `page` need not be in
/// the space yet.
pub fn moved(
    space: &Space,
    (id, page): (&str, &Page),
    parent: Option<&str>,
    position: &Position,
) -> Result<Changes, MoveError> {
    check_parent(space, id, parent)?;
    let mut siblings = children(space, parent);
    siblings.retain(|sibling| *sibling != id);
    let at = match position {
        Position::First => 0,
        Position::Last => siblings.len(),
        Position::After(before) => {
            let found = siblings.iter().position(|sibling| sibling == before);
            found.ok_or(MoveError::NoSibling)? + 1
        }
    };
    let order_of = |at: usize| {
        siblings
            .get(at)
            .and_then(|id| space.pages.get(*id))
            .map(|page| page.order)
    };
    let before = at.checked_sub(1).map_or(Some(0), order_of).unwrap_or(0);
    let behind = order_of(at).unwrap_or(before.saturating_add(2 * ORDER_STEP));
    let put = |page: &Page, order: u64| Page {
        parent: parent.map(str::to_owned),
        order,
        ..page.clone()
    };
    let between = before + behind.saturating_sub(before) / 2;
    if before < between && between < behind {
        return Ok(vec![set(Keys::page(id), &put(page, between))]);
    }
    // No room: all of them get new places.
    siblings.insert(at, id);
    let all = siblings.iter().zip(1..).filter_map(|(sibling, place)| {
        let known = if *sibling == id {
            page
        } else {
            space.pages.get(*sibling)?
        };
        Some(set(Keys::page(sibling), &put(known, place * ORDER_STEP)))
    });
    Ok(all.collect())
}

fn check_parent(space: &Space, id: &str, parent: Option<&str>) -> Result<(), MoveError> {
    let Some(parent) = parent else {
        return Ok(());
    };
    let way = chain(space, parent).ok_or(MoveError::NoParent)?;
    if way.iter().any(|(above, _)| *above == id) {
        return Err(MoveError::Cycle);
    }
    match way.len() + height(space, id) > PAGE_DEPTH_MAX {
        true => Err(MoveError::TooDeep),
        false => Ok(()),
    }
}

/// How many levels a page and what is below it take.
fn height(space: &Space, id: &str) -> usize {
    let mut level = BTreeSet::from([id]);
    let mut height = 1;
    while height <= PAGE_DEPTH_MAX {
        let below = space.pages.iter().filter(|(_, page)| {
            let parent = page.parent.as_deref();
            parent.is_some_and(|parent| level.contains(parent))
        });
        level = below.map(|(id, _)| id.as_str()).collect();
        if level.is_empty() {
            break;
        }
        height += 1;
    }
    height
}
