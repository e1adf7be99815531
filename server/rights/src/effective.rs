//! The role that somebody has at a place: the only place where rights come from.
//!
//! From the top of the tree down: a role comes from the space (its visibility, membership, groups,
//! a link), each page caps what comes from above it by its restrictions, then adds what was granted
//! on it. At the end come what the portal granted for this very document, and locks.

use std::collections::BTreeMap;

use crate::{Action, Grant, Grantee, Page, Role, Space, Visibility, pages::chain};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Principal {
    /// The portal's id of the person; none: nobody has said who it is.
    pub person: Option<String>,
    /// The groups that the portal says they are in.
    pub groups: Vec<String>,
    /// The link that they have come by; its secret and password have been checked.
    pub link: Option<String>,
    /// What the portal grants for this very document, beside the space.
    pub granted: Option<Role>,
    /// The operator.
    pub is_admin: bool,
}

/// What rights are asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// The space as a whole.
    Space,
    /// A page.
    Page(&'a str),
}

/// What somebody may do at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rights {
    /// What they are there; none: nothing at all.
    pub role: Option<Role>,
    /// The portal, or the operator, knows who it is.
    pub is_person: bool,
}

impl Rights {
    /// Whether they may.
    pub fn may(&self, action: Action) -> bool {
        (self.is_person || !action.needs_a_person())
            && self.role.is_some_and(|role| role.may(action))
    }

    /// All that they may.
    pub fn actions(&self) -> impl Iterator<Item = Action> {
        let rights = *self;
        Action::ALL
            .into_iter()
            .filter(move |action| rights.may(*action))
    }
}

/// What somebody may do at a place at a moment.
pub fn effective(space: &Space, place: Place<'_>, who: &Principal, now_ms: u64) -> Rights {
    let role = match (who.is_admin, place) {
        (true, _) => Some(Role::Owner),
        (false, Place::Space) => of_space(space, who, now_ms).max(who.granted),
        (false, Place::Page(page)) => of_page(space, page, who, now_ms),
    };
    let is_gone = space.settings.deleted_ms.is_some() && role < Some(Role::Owner);
    Rights {
        role: role.filter(|_| !is_gone),
        is_person: who.is_admin || who.person.is_some(),
    }
}

fn of_space(space: &Space, who: &Principal, now_ms: u64) -> Option<Role> {
    let settings = &space.settings;
    let anonymous = (settings.visibility == Visibility::Public).then_some(settings.anonymous_role);
    let signed_in = (settings.visibility != Visibility::Members && who.person.is_some())
        .then_some(settings.signed_in_role);
    let member = who.person.as_ref().and_then(|user| space.members.get(user));
    let member = member.filter(|member| lasts(member.until_ms, now_ms));
    let groups = who.groups.iter().filter_map(|name| space.groups.get(name));
    [
        anonymous,
        signed_in,
        member.map(|member| member.role),
        of_link(space, None, who, now_ms),
    ]
    .into_iter()
    .chain(groups.map(|group| Some(group.role)))
    .max()
    .flatten()
}

fn of_page(space: &Space, page: &str, who: &Principal, now_ms: u64) -> Option<Role> {
    let Some(way) = chain(space, page) else {
        return who.granted;
    };
    let mut role = of_space(space, who, now_ms);
    for (id, page) in &way {
        role = capped(role, page)
            .max(granted(space, id, who, now_ms))
            .max(of_link(space, Some(id), who, now_ms));
    }
    let role = role.max(who.granted);
    let moderates = role.is_some_and(|role| role.may(Action::Moderate));
    if moderates {
        return role;
    }
    if way.iter().any(|(_, page)| page.deleted_ms.is_some()) {
        return None;
    }
    match way.iter().any(|(_, page)| page.locked) {
        true => role.min(Some(Role::Commenter)),
        false => role,
    }
}

/// What is left of a role that comes from above a page.
fn capped(role: Option<Role>, page: &Page) -> Option<Role> {
    if page.readers.is_some_and(|least| role < Some(least)) {
        // Membership opens nothing here, and stays.
        return role.min(Some(Role::Guest));
    }
    match page.writers.is_some_and(|least| role < Some(least)) {
        true => role.min(Some(Role::Commenter)),
        false => role,
    }
}

fn granted(space: &Space, page: &str, who: &Principal, now_ms: u64) -> Option<Role> {
    let grants: &BTreeMap<Grantee, Grant> = space.grants.get(page)?;
    let person = who.person.clone().map(Grantee::Person);
    let groups = who.groups.iter().cloned().map(Grantee::Group);
    let found = person
        .into_iter()
        .chain(groups)
        .filter_map(|to| grants.get(&to));
    let lasting = found.filter(|grant| lasts(grant.until_ms, now_ms));
    lasting.map(|grant| grant.role).max()
}

/// A link lets in where it was made for, and makes nobody more than an editor.
fn of_link(space: &Space, page: Option<&str>, who: &Principal, now_ms: u64) -> Option<Role> {
    let link = space.links.get(who.link.as_ref()?)?;
    let counts = link.page.as_deref() == page && lasts(link.until_ms, now_ms);
    counts.then_some(link.role.min(Role::Editor))
}

fn lasts(until_ms: Option<u64>, now_ms: u64) -> bool {
    until_ms.is_none_or(|until| now_ms < until)
}
