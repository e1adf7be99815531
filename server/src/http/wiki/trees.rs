//! Trees that were asked for lately: a crowd in a space sees the same one, and a space may have ten
//! thousand pages.
//!
//! A tree is kept with what it was made of. It is given to whoever is the same for the space, while
//! the space is the same and nobody's time in it has ended.

use std::sync::{Arc, Mutex, PoisonError};

use unisson_rights::{Principal, Space};

use super::tree::Tree;
use crate::{auth::Identity, versions::unix_now_ms};

/// How many pages all kept trees have together: some 100 bytes for each.
const PAGES_MAX: usize = 200_000;
/// Each look goes through all of them.
const TREES_MAX: usize = 256;

/// Kept trees, the one that was used last at the end.
#[derive(Debug, Default)]
pub(crate) struct Trees(Mutex<Vec<Kept>>);

#[derive(Debug)]
struct Kept {
    space: Arc<Space>,
    principal: Principal,
    only_in: Option<Arc<str>>,
    /// When somebody's time in the space ends.
    until_ms: Option<u64>,
    tree: Arc<Tree>,
}

impl Kept {
    fn is_for(&self, space: &Arc<Space>, who: &Identity, now_ms: u64) -> bool {
        Arc::ptr_eq(&self.space, space)
            && self.until_ms.is_none_or(|until_ms| now_ms < until_ms)
            && self.only_in == who.only_in
            && self.principal == who.principal
    }
}

impl Trees {
    /// The tree that somebody sees of a space; `make` makes it where none is kept.
    pub(super) fn of(
        &self,
        space: &Arc<Space>,
        who: &Identity,
        make: impl FnOnce() -> Tree,
    ) -> Arc<Tree> {
        let now_ms = unix_now_ms();
        {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(at) = kept
                .iter()
                .rposition(|kept| kept.is_for(space, who, now_ms))
            {
                let found = kept.remove(at);
                let tree = found.tree.clone();
                kept.push(found);
                return tree;
            }
        }
        // Whoever comes meanwhile makes one as well: that is cheaper than to hold up all others.
        let tree = Arc::new(make());
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(Kept {
            space: space.clone(),
            principal: who.principal.clone(),
            only_in: who.only_in.clone(),
            until_ms: space.next_end_after(now_ms),
            tree: tree.clone(),
        });
        let mut pages: usize = kept.iter().map(|kept| kept.tree.count()).sum();
        let mut gone = 0;
        for old in kept.iter() {
            if pages <= PAGES_MAX && kept.len() - gone <= TREES_MAX {
                break;
            }
            pages -= old.tree.count();
            gone += 1;
        }
        kept.drain(..gone);
        tree
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use unisson_rights::{Keys, Member, Role, set};

    use super::*;

    fn space(until_ms: Option<u64>) -> Arc<Space> {
        let settings = r#"{"title":"S","visibility":"public","anonymous_role":"reader",
            "signed_in_role":"editor","created_ms":0}"#;
        let member = Member {
            role: Role::Editor,
            name: None,
            until_ms,
        };
        let (key, value) = set(Keys::member("ann"), &member);
        let entries = BTreeMap::from([
            (Keys::SPACE.to_owned(), settings.to_owned()),
            (key, value.expect("a value")),
        ]);
        Arc::new(Space::read(&entries).expect("reads").expect("is there"))
    }

    fn person(name: &str) -> Identity {
        Identity {
            principal: Principal {
                person: Some(name.to_owned()),
                ..Principal::default()
            },
            ..Identity::default()
        }
    }

    #[test]
    fn a_tree_is_made_once_for_the_same_person_in_the_same_space() {
        let trees = Trees::default();
        let (first, second) = (space(None), space(None));
        let mut made = 0;
        let mut ask = |space: &Arc<Space>, who: &Identity| {
            trees.of(space, who, || {
                made += 1;
                Tree::default()
            });
            made
        };
        assert_eq!(ask(&first, &person("ann")), 1);
        assert_eq!(ask(&first, &person("ann")), 1);
        assert_eq!(ask(&first, &person("bob")), 2);
        assert_eq!(ask(&first, &Identity::anonymous()), 3);
        assert_eq!(ask(&first, &Identity::anonymous()), 3);
        // The space has changed.
        assert_eq!(ask(&second, &person("ann")), 4);
        let guest = Identity {
            only_in: Some("other".into()),
            ..person("ann")
        };
        assert_eq!(ask(&second, &guest), 5);
    }

    #[test]
    fn a_tree_is_not_kept_past_the_end_of_somebodys_time() {
        let trees = Trees::default();
        let ends = space(Some(unix_now_ms() + 60_000));
        trees.of(&ends, &person("ann"), Tree::default);
        let kept = trees.0.lock().expect("a lock");
        assert!(kept[0].is_for(&ends, &person("ann"), unix_now_ms()));
        assert!(!kept[0].is_for(&ends, &person("ann"), unix_now_ms() + 61_000));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let trees = Trees::default();
        let space = space(None);
        for number in 0..2 * TREES_MAX {
            trees.of(&space, &person(&number.to_string()), Tree::default);
        }
        assert_eq!(trees.0.lock().expect("a lock").len(), TREES_MAX);
    }
}
