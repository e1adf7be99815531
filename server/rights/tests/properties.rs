//! What holds of every space, whatever is in it.

use proptest::{collection, option, prelude::*, sample::select};
use unisson_rights::{
    Action, Changes, Entries, Grant, Grantee, Group, Link, Member, Page, Place, Position,
    Principal, Rights, Role, Space, SpaceSettings, Visibility, chain, check_member, children,
    effective, moved,
};

const PEOPLE: [&str; 3] = ["ann", "bob", "eve"];
const GROUPS: [&str; 2] = ["hr", "it"];
const PAGES: [&str; 5] = ["p0", "p1", "p2", "p3", "p4"];
const NOW_MS: u64 = 1_000;

fn role() -> impl Strategy<Value = Role> {
    select(&Role::ALL[..])
}

fn until() -> impl Strategy<Value = Option<u64>> {
    option::of(0..2 * NOW_MS)
}

fn page() -> impl Strategy<Value = Page> {
    (
        option::of(select(&PAGES[..])),
        0..4u64,
        option::of(role()),
        option::of(role()),
        prop::bool::weighted(0.2),
        option::weighted(0.2, Just(1)),
    )
        .prop_map(
            |(parent, order, readers, writers, locked, deleted_ms)| Page {
                title: "a page".into(),
                parent: parent.map(Into::into),
                order,
                readers,
                writers,
                locked,
                guide: false,
                deleted_ms,
                created_ms: 0,
            },
        )
}

fn link() -> impl Strategy<Value = Link> {
    (role(), option::of(select(&PAGES[..])), until()).prop_map(|(role, page, until_ms)| Link {
        role,
        page: page.map(Into::into),
        until_ms,
        label: None,
        secret: String::new(),
        password: None,
        key: String::new(),
        maker: None,
        created_ms: 0,
    })
}

fn grantee() -> impl Strategy<Value = Grantee> {
    prop_oneof![
        select(&PEOPLE[..]).prop_map(|user| Grantee::Person(user.into())),
        select(&GROUPS[..]).prop_map(|name| Grantee::Group(name.into())),
    ]
}

fn grant() -> impl Strategy<Value = Grant> {
    (role(), until()).prop_map(|(role, until_ms)| Grant { role, until_ms })
}

fn space() -> impl Strategy<Value = Space> {
    let visibility = select(
        &[
            Visibility::Public,
            Visibility::SignedIn,
            Visibility::Members,
        ][..],
    );
    let member = (role(), until()).prop_map(|(role, until_ms)| Member {
        role,
        name: None,
        until_ms,
    });
    (
        (visibility, role(), role()),
        collection::btree_map(select(&PEOPLE[..]).prop_map(String::from), member, 0..3),
        collection::btree_map(
            select(&GROUPS[..]).prop_map(String::from),
            role().prop_map(|role| Group { role }),
            0..2,
        ),
        collection::btree_map(select(&PAGES[..]).prop_map(String::from), page(), 0..6),
        collection::btree_map(
            select(&PAGES[..]).prop_map(String::from),
            collection::btree_map(grantee(), grant(), 0..3),
            0..3,
        ),
        collection::btree_map(Just("l".to_owned()), link(), 0..2),
    )
        .prop_map(|(settings, members, groups, pages, grants, links)| Space {
            settings: SpaceSettings {
                title: "T".into(),
                visibility: settings.0,
                anonymous_role: settings.1,
                signed_in_role: settings.2,
                created_ms: 0,
                deleted_ms: None,
            },
            members,
            groups,
            pages,
            grants,
            links,
            templates: [].into(),
        })
}

fn principal() -> impl Strategy<Value = Principal> {
    (
        option::of(select(&PEOPLE[..])),
        collection::vec(select(&GROUPS[..]).prop_map(String::from), 0..2),
        option::of(Just("l".to_owned())),
        option::weighted(0.2, role()),
    )
        .prop_map(|(person, groups, link, granted)| Principal {
            // Only somebody whom the portal knows is in its groups.
            groups: if person.is_some() { groups } else { Vec::new() },
            person: person.map(Into::into),
            link,
            granted,
            is_admin: false,
        })
}

fn places() -> impl Iterator<Item = Place<'static>> {
    std::iter::once(Place::Space).chain(PAGES.into_iter().map(Place::Page))
}

fn all(space: &Space, who: &Principal, now_ms: u64) -> Vec<Rights> {
    places()
        .map(|place| effective(space, place, who, now_ms))
        .collect()
}

fn no_more(after: &[Rights], before: &[Rights]) -> bool {
    after
        .iter()
        .zip(before)
        .all(|(after, before)| after.role <= before.role)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_restriction_a_lock_or_a_deletion_gives_nobody_more(
        space in space(), who in principal(), page in select(&PAGES[..]),
        (readers, writers, locked, deleted) in (option::of(role()), option::of(role()), any::<bool>(), any::<bool>()),
    ) {
        let mut after = space.clone();
        if let Some(page) = after.pages.get_mut(page) {
            page.readers = page.readers.max(readers);
            page.writers = page.writers.max(writers);
            page.locked |= locked;
            page.deleted_ms = page.deleted_ms.or(deleted.then_some(1));
        }
        prop_assert!(no_more(&all(&after, &who, NOW_MS), &all(&space, &who, NOW_MS)));
    }

    #[test]
    fn a_grant_takes_nothing_from_anybody(
        space in space(), who in principal(), page in select(&PAGES[..]), to in grantee(), grant in grant(),
        user in select(&PEOPLE[..]), role in role(),
    ) {
        let mut after = space.clone();
        let grants = after.grants.entry(page.to_owned()).or_default();
        if grants.get(&to).is_none_or(|known| known.role <= grant.role) {
            grants.insert(to, Grant { until_ms: None, ..grant });
        }
        if after.members.get(user).is_none_or(|known| known.role <= role) {
            after.members.insert(user.into(), Member { role, name: None, until_ms: None });
        }
        prop_assert!(no_more(&all(&space, &who, NOW_MS), &all(&after, &who, NOW_MS)));
    }

    #[test]
    fn nobody_gains_by_waiting_and_nothing_ends_unannounced(
        space in space(), who in principal(), later_ms in NOW_MS..3 * NOW_MS,
    ) {
        let (now, later) = (all(&space, &who, NOW_MS), all(&space, &who, later_ms));
        prop_assert!(no_more(&later, &now));
        if space.next_end_after(NOW_MS).is_none_or(|end| later_ms < end) {
            prop_assert_eq!(now, later);
        }
    }

    #[test]
    fn whoever_has_no_name_manages_nothing(space in space(), who in principal()) {
        let who = Principal { person: None, groups: Vec::new(), ..who };
        for rights in all(&space, &who, NOW_MS) {
            for action in rights.actions() {
                prop_assert!([Action::Read, Action::Comment, Action::Write].contains(&action));
            }
        }
    }

    #[test]
    fn a_link_opens_its_place_and_what_is_below_and_makes_nobody_more_than_an_editor(
        space in space(),
    ) {
        let space = Space { settings: SpaceSettings { visibility: Visibility::Members, ..space.settings.clone() }, ..space };
        let who = Principal { link: Some("l".into()), ..Principal::default() };
        let of = space.links.get("l").and_then(|link| link.page.clone());
        for place in places() {
            let rights = effective(&space, place, &who, NOW_MS);
            prop_assert!(rights.role <= Some(Role::Editor));
            let Some(of) = &of else { continue };
            let is_below = match place {
                Place::Space => false,
                Place::Page(page) => chain(&space, page).is_some_and(|way| way.iter().any(|(id, _)| id == of)),
            };
            prop_assert!(is_below || rights.role.is_none(), "{place:?} {rights:?}");
        }
    }

    #[test]
    fn a_page_without_a_way_from_the_top_is_closed(space in space(), who in principal()) {
        let who = Principal { granted: None, ..who };
        for page in PAGES {
            if chain(&space, page).is_none() {
                prop_assert_eq!(effective(&space, Place::Page(page), &who, NOW_MS).role, None);
            }
        }
    }

    #[test]
    fn moves_keep_the_tree_a_tree_and_put_pages_where_they_were_asked_to(
        moves in collection::vec((select(&PAGES[..]), option::of(select(&PAGES[..])), 0..3usize), 1..60),
    ) {
        let mut space = tree();
        for (id, parent, position) in moves {
            let siblings: Vec<String> = children(&space, parent).into_iter().filter(|other| *other != id).map(Into::into).collect();
            let position = match (position, siblings.first()) {
                (0, _) => Position::First,
                (1, Some(first)) => Position::After(first.clone()),
                _ => Position::Last,
            };
            let page = space.pages[id].clone();
            match moved(&space, (id, &page), parent, &position) {
                Ok(changes) => apply(&mut space, changes),
                Err(_) => {
                    let above = parent.and_then(|parent| chain(&space, parent));
                    prop_assert!(above.is_some_and(|way| way.iter().any(|(other, _)| *other == id)));
                    continue;
                }
            }
            let now = children(&space, parent);
            let at = match position {
                Position::First => 0,
                Position::Last => now.len() - 1,
                Position::After(before) => now.iter().position(|other| *other == before).expect("there") + 1,
            };
            prop_assert_eq!(now[at], id);
            prop_assert_eq!(now.iter().filter(|other| **other != id).copied().collect::<Vec<_>>(), siblings);
            for page in PAGES {
                prop_assert!(chain(&space, page).is_some());
            }
        }
    }

    #[test]
    fn a_space_keeps_an_owner_whoever_changes_members(
        space in space(),
        changes in collection::vec((select(&PEOPLE[..]), select(&PEOPLE[..]), option::of((role(), until()))), 1..40),
    ) {
        let mut space = space;
        space.members.insert("ann".into(), Member { role: Role::Owner, name: None, until_ms: None });
        for (actor, user, wanted) in changes {
            let who = Principal { person: Some(actor.into()), ..Principal::default() };
            let rights = effective(&space, Place::Space, &who, NOW_MS);
            let before = space.members.get(user).map(|member| member.role);
            if check_member(&space, &rights, (user, actor == user), wanted).is_err() {
                continue;
            }
            if rights.role < Some(Role::Owner) {
                prop_assert!(wanted.is_none_or(|(role, _)| role < Role::Owner));
                prop_assert!(before < Some(Role::Owner) || actor == user);
            }
            match wanted {
                Some((role, until_ms)) => drop(space.members.insert(user.into(), Member { role, name: None, until_ms })),
                None => drop(space.members.remove(user)),
            }
            prop_assert!(space.members.values().any(|member| member.role == Role::Owner));
        }
    }
}

fn tree() -> Space {
    let pages = PAGES.into_iter().zip(1..).map(|(id, order)| {
        let page = Page {
            title: id.into(),
            parent: None,
            order,
            readers: None,
            writers: None,
            locked: false,
            guide: false,
            deleted_ms: None,
            created_ms: 0,
        };
        (id.to_owned(), page)
    });
    Space {
        settings: SpaceSettings {
            title: "T".into(),
            visibility: Visibility::Members,
            anonymous_role: Role::Reader,
            signed_in_role: Role::Reader,
            created_ms: 0,
            deleted_ms: None,
        },
        members: [].into(),
        groups: [].into(),
        pages: pages.collect(),
        grants: [].into(),
        links: [].into(),
        templates: [].into(),
    }
}

fn apply(space: &mut Space, changes: Changes) {
    let settings = r#"{"title":"T","visibility":"members","anonymous_role":"reader",
        "signed_in_role":"reader","created_ms":0}"#;
    let mut entries = Entries::from([("space".to_owned(), settings.to_owned())]);
    entries.extend(
        changes
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?))),
    );
    let changed = Space::read(&entries).expect("read").expect("a space");
    space.pages.extend(changed.pages);
}
