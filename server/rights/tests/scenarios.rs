//! Spaces as people use them.

use std::collections::BTreeMap;

use unisson_rights::{
    Action, Denied, Grant, Grantee, Group, Link, Member, Page, Place, Principal, Role, Space,
    SpaceSettings, Visibility, check_grant, check_link, check_member, effective,
};

const NOW_MS: u64 = 1_000;

fn space(visibility: Visibility) -> Space {
    Space {
        settings: SpaceSettings {
            title: "T".into(),
            visibility,
            anonymous_role: Role::Reader,
            signed_in_role: Role::Editor,
            created_ms: 0,
            deleted_ms: None,
        },
        members: BTreeMap::from([("owner".into(), member(Role::Owner))]),
        groups: BTreeMap::new(),
        pages: BTreeMap::from([page("guide", None), page("step", Some("guide"))]),
        grants: BTreeMap::new(),
        links: BTreeMap::new(),
        templates: BTreeMap::new(),
    }
}

fn member(role: Role) -> Member {
    Member {
        role,
        name: None,
        until_ms: None,
    }
}

fn page(id: &str, parent: Option<&str>) -> (String, Page) {
    let page = Page {
        title: id.into(),
        parent: parent.map(Into::into),
        order: 1,
        readers: None,
        writers: None,
        locked: false,
        guide: false,
        deleted_ms: None,
        created_ms: 0,
    };
    (id.into(), page)
}

fn person(id: &str) -> Principal {
    Principal {
        person: Some(id.into()),
        ..Principal::default()
    }
}

fn role(space: &Space, page: &str, who: &Principal) -> Option<Role> {
    effective(space, Place::Page(page), who, NOW_MS).role
}

#[test]
fn a_public_space_where_anybody_writes_is_one_setting() {
    let mut space = space(Visibility::Public);
    let nobody = Principal::default();
    assert_eq!(role(&space, "step", &nobody), Some(Role::Reader));
    assert_eq!(role(&space, "step", &person("x")), Some(Role::Editor));
    space.settings.anonymous_role = Role::Editor;
    assert_eq!(role(&space, "step", &nobody), Some(Role::Editor));
    space.settings.visibility = Visibility::SignedIn;
    assert_eq!(role(&space, "step", &nobody), None);
    assert_eq!(role(&space, "step", &person("x")), Some(Role::Editor));
    space.settings.visibility = Visibility::Members;
    assert_eq!(role(&space, "step", &person("x")), None);
    assert_eq!(role(&space, "step", &person("owner")), Some(Role::Owner));
}

#[test]
fn only_facilitators_edit_here_and_whoever_is_named_below() {
    let mut space = space(Visibility::SignedIn);
    space.pages.get_mut("guide").expect("there").writers = Some(Role::Facilitator);
    assert_eq!(role(&space, "step", &person("x")), Some(Role::Commenter));
    assert_eq!(role(&space, "step", &person("owner")), Some(Role::Owner));
    let editor = Grant {
        role: Role::Editor,
        until_ms: None,
    };
    let bob = Grantee::Person("bob".into());
    space
        .grants
        .insert("step".into(), BTreeMap::from([(bob, editor)]));
    assert_eq!(role(&space, "step", &person("bob")), Some(Role::Editor));
    assert_eq!(role(&space, "guide", &person("bob")), Some(Role::Commenter));
    // A lock has no exceptions but those who may lock.
    space.pages.get_mut("guide").expect("there").locked = true;
    assert_eq!(role(&space, "step", &person("bob")), Some(Role::Commenter));
    assert_eq!(role(&space, "step", &person("owner")), Some(Role::Owner));
}

#[test]
fn a_guest_edits_one_page_sees_nothing_else_and_goes_on_the_day() {
    let mut space = space(Visibility::Members);
    let guest = Member {
        until_ms: Some(NOW_MS + 1),
        ..member(Role::Guest)
    };
    space.members.insert("guest".into(), guest);
    let grant = Grant {
        role: Role::Editor,
        until_ms: Some(NOW_MS + 1),
    };
    let to = Grantee::Person("guest".into());
    space
        .grants
        .insert("step".into(), BTreeMap::from([(to, grant)]));
    let who = person("guest");
    assert_eq!(role(&space, "step", &who), Some(Role::Editor));
    assert_eq!(role(&space, "guide", &who), Some(Role::Guest));
    let at_space = effective(&space, Place::Space, &who, NOW_MS);
    assert_eq!(at_space.actions().count(), 0);
    let then = effective(&space, Place::Page("step"), &who, NOW_MS + 1);
    assert_eq!(then.role, None);
}

#[test]
fn groups_of_the_portal_count_and_the_highest_role_wins() {
    let mut space = space(Visibility::Members);
    let role_of = |role| Group { role };
    space.groups.insert("all".into(), role_of(Role::Reader));
    space
        .groups
        .insert("buyers".into(), role_of(Role::Facilitator));
    let mut who = person("x");
    who.groups = vec!["all".into(), "buyers".into(), "unknown".into()];
    assert_eq!(role(&space, "guide", &who), Some(Role::Facilitator));
    who.groups.truncate(1);
    assert_eq!(role(&space, "guide", &who), Some(Role::Reader));
}

#[test]
fn what_the_portal_grants_stands_beside_the_space_below_locks() {
    let mut space = space(Visibility::Members);
    let granted = Principal {
        granted: Some(Role::Editor),
        ..person("x")
    };
    assert_eq!(role(&space, "guide", &granted), Some(Role::Editor));
    assert_eq!(role(&space, "no-such-page", &granted), Some(Role::Editor));
    space.pages.get_mut("guide").expect("there").locked = true;
    assert_eq!(role(&space, "step", &granted), Some(Role::Commenter));
    assert_eq!(role(&space, "no-such-page", &person("owner")), None);
}

#[test]
fn a_deleted_page_is_seen_by_those_who_may_bring_it_back() {
    let mut space = space(Visibility::Public);
    space.members.insert("f".into(), member(Role::Facilitator));
    space.pages.get_mut("guide").expect("there").deleted_ms = Some(1);
    assert_eq!(role(&space, "step", &person("x")), None);
    assert_eq!(role(&space, "step", &person("f")), Some(Role::Facilitator));
}

#[test]
fn a_deleted_space_is_there_for_its_owners_alone() {
    let mut space = space(Visibility::Public);
    space.settings.deleted_ms = Some(1);
    let granted = Principal {
        granted: Some(Role::Editor),
        ..person("x")
    };
    assert_eq!(role(&space, "step", &granted), None);
    assert_eq!(role(&space, "step", &person("owner")), Some(Role::Owner));
}

#[test]
fn a_facilitator_appoints_a_second_and_no_owner() {
    let mut space = space(Visibility::Members);
    space.members.insert("f".into(), member(Role::Facilitator));
    let rights = effective(&space, Place::Space, &person("f"), NOW_MS);
    let check = |user, wanted| check_member(&space, &rights, (user, user == "f"), wanted);
    assert_eq!(check("g", Some((Role::Facilitator, None))), Ok(()));
    assert_eq!(
        check("g", Some((Role::Owner, None))),
        Err(Denied::OwnersOnly)
    );
    assert_eq!(check("owner", None), Err(Denied::OwnersOnly));
    assert_eq!(
        check("owner", Some((Role::Reader, None))),
        Err(Denied::OwnersOnly)
    );
    assert_eq!(check("f", None), Ok(()));
}

#[test]
fn the_last_owner_stays_and_everybody_else_may_leave() {
    let mut space = space(Visibility::Members);
    space.members.insert("reader".into(), member(Role::Reader));
    let leave = |space: &Space, user: &str| {
        let rights = effective(space, Place::Space, &person(user), NOW_MS);
        check_member(space, &rights, (user, true), None)
    };
    assert_eq!(leave(&space, "owner"), Err(Denied::LastOwner));
    assert_eq!(leave(&space, "reader"), Ok(()));
    space.members.insert("second".into(), member(Role::Owner));
    assert_eq!(leave(&space, "owner"), Ok(()));
}

#[test]
fn grants_and_links_do_not_go_beyond_what_they_are_for() {
    let space = space(Visibility::Members);
    let owner = effective(&space, Place::Page("guide"), &person("owner"), NOW_MS);
    assert_eq!(check_grant(&owner, Some(Role::Facilitator)), Ok(()));
    assert_eq!(
        check_grant(&owner, Some(Role::Owner)),
        Err(Denied::GrantRole)
    );
    assert_eq!(check_link(&owner, Some(Role::Editor)), Ok(()));
    assert_eq!(
        check_link(&owner, Some(Role::Facilitator)),
        Err(Denied::LinkRole)
    );
    let stranger = effective(&space, Place::Page("guide"), &person("x"), NOW_MS);
    assert!(!stranger.may(Action::Read));
    assert_eq!(check_link(&stranger, None), Err(Denied::Role));
    assert_eq!(check_grant(&stranger, None), Err(Denied::Role));
}

#[test]
fn a_link_of_a_page_opens_it_and_what_is_below_until_it_is_gone() {
    let mut space = space(Visibility::Members);
    let link = Link {
        role: Role::Editor,
        page: Some("guide".into()),
        until_ms: None,
        label: None,
        secret: "hash".into(),
        password: None,
        key: "key".into(),
        maker: None,
        created_ms: 0,
    };
    space.pages.extend([page("other", None)]);
    space.links.insert("l".into(), link);
    let who = Principal {
        link: Some("l".into()),
        ..Principal::default()
    };
    assert_eq!(role(&space, "step", &who), Some(Role::Editor));
    assert_eq!(role(&space, "other", &who), None);
    let rights = effective(&space, Place::Page("guide"), &who, NOW_MS);
    assert!(rights.may(Action::Write) && !rights.may(Action::CreatePages));
    space.links.clear();
    assert_eq!(role(&space, "step", &who), None);
}
