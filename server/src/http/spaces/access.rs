//! Who may see and write a page, and where that comes from: what its facilitators are shown.

use std::collections::BTreeSet;

use axum::{
    extract::{Path, Query, rejection::QueryRejection},
    http::StatusCode,
    response::Response,
};
use serde::Serialize;
use unisson_rights::{Action, Grantee, Place, Principal, Role, Space, chain, effective};
use utoipa::ToSchema;

use super::{asker::Asker, settings::Part};
use crate::{
    http::{error::Problem, history::parse_query},
    spaces::Refusal,
    versions::unix_now_ms,
};

/// What was granted on the page, or on one above it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Granted {
    /// The id of the page that it was granted on.
    page: String,
    role: Role,
    /// Until when, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    until_ms: Option<u64>,
}

/// Somebody who has to do with the page.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PersonAccess {
    /// The portal's id of the person.
    user: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// What they are there, their groups not counted; null: nothing.
    role: Option<Role>,
    /// What they are in the space as a whole.
    in_space: Option<Role>,
    /// From the top of the tree down.
    grants: Vec<Granted>,
}

/// A group that has to do with the page.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GroupAccess {
    /// The portal's name of the group.
    group: String,
    /// What its people are there; null: nothing.
    role: Option<Role>,
    /// What they are in the space as a whole.
    in_space: Option<Role>,
    /// From the top of the tree down.
    grants: Vec<Granted>,
}

/// A link that opens the page.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LinkAccess {
    id: String,
    label: Option<String>,
    /// What its guests are there.
    role: Option<Role>,
    until_ms: Option<u64>,
}

/// The page or one above it, and what is closed there.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Step {
    page: String,
    /// Null where you may not read it.
    title: Option<String>,
    /// The least role that sees it and what is below.
    #[serde(skip_serializing_if = "Option::is_none")]
    readers: Option<Role>,
    /// The least role that writes it and what is below.
    #[serde(skip_serializing_if = "Option::is_none")]
    writers: Option<Role>,
    locked: bool,
}

/// Who may do what with a page.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccessAnswer {
    /// What somebody without a name is there; null: nothing.
    anonymous: Option<Role>,
    /// What anybody whom the portal knows is there; null: nothing.
    signed_in: Option<Role>,
    /// People, by id.
    people: Vec<PersonAccess>,
    /// `cursor` for more people; null where there are none.
    next: Option<String>,
    /// Groups, by name.
    groups: Vec<GroupAccess>,
    /// Links, as far as you manage them.
    links: Vec<LinkAccess>,
    /// The way from the top to the page, which is the last.
    way: Vec<Step>,
}

/// Who may see and write a page
///
/// People, groups and links, what each may do there, and where that comes from. For facilitators of
/// the page. Of people the portal alone knows the groups: they may do what their groups may as well.
#[utoipa::path(
    get,
    path = "/api/v1/spaces/{space}/pages/{page}/access",
    operation_id = "page_access",
    tag = "spaces",
    params(
        ("space" = String, Path, description = "The space's id"),
        ("page" = String, Path, description = "The page's id"),
        Part,
    ),
    responses((status = 200, description = "Who may do what", body = AccessAnswer))
)]
pub(super) async fn show(
    asker: Asker,
    Path((_space, page)): Path<(String, String)>,
    part: Result<Query<Part>, QueryRejection>,
) -> Result<Response, Problem> {
    asker.need(Place::Page(&page), Action::ManageMembers)?;
    let part = parse_query(part)?;
    let way = chain(&asker.space, &page).ok_or(Refusal::Missing("there is no such page"))?;
    let look = Look {
        asker: &asker,
        space: &asker.space,
        page: &page,
        // Whoever looks after a part of the tree sees what was granted there.
        open: way
            .iter()
            .map(|(id, _)| *id)
            .filter(|id| {
                let rights = asker.rights(&asker.space, Place::Page(id));
                rights.may(Action::ManageMembers)
            })
            .collect(),
        now_ms: unix_now_ms(),
    };
    let ids = look.people();
    let mut left = ids.iter().filter(|user| part.is_past(user));
    let people: Vec<PersonAccess> = left
        .by_ref()
        .take(part.limit())
        .map(|user| look.person(user))
        .collect();
    let next = left
        .next()
        .and(people.last())
        .map(|person| person.user.clone());
    let answer = AccessAnswer {
        anonymous: look.role(&Principal::default()),
        signed_in: look.role(&known(String::new())),
        next,
        people,
        groups: look.groups(),
        links: look.links(&way.iter().map(|(id, _)| *id).collect::<Vec<_>>()),
        way: way
            .iter()
            .map(|(id, facts)| Step {
                page: (*id).to_owned(),
                title: look.may_read(id).then(|| facts.title.clone()),
                readers: facts.readers,
                writers: facts.writers,
                locked: facts.locked,
            })
            .collect(),
    };
    Ok(asker.answer(StatusCode::OK, &answer))
}

/// Somebody whom the portal knows; nobody has an empty id.
fn known(user: String) -> Principal {
    Principal {
        person: Some(user),
        ..Principal::default()
    }
}

/// Who is in a group is known to the portal, whatever else they are.
fn of_group(group: &str) -> Principal {
    Principal {
        groups: vec![group.to_owned()],
        ..known(String::new())
    }
}

/// A facilitator's look at a page.
struct Look<'a> {
    asker: &'a Asker,
    space: &'a Space,
    page: &'a str,
    /// The pages of the way whose grants they may see.
    open: Vec<&'a str>,
    now_ms: u64,
}

impl Look<'_> {
    fn role(&self, who: &Principal) -> Option<Role> {
        effective(self.space, Place::Page(self.page), who, self.now_ms).role
    }

    fn in_space(&self, who: &Principal) -> Option<Role> {
        self.sees_members()
            .then(|| effective(self.space, Place::Space, who, self.now_ms).role)
            .flatten()
    }

    fn sees_members(&self) -> bool {
        let rights = self.asker.rights(self.space, Place::Space);
        rights.may(Action::SeeMembers)
    }

    fn may_read(&self, page: &str) -> bool {
        let rights = self.asker.rights(self.space, Place::Page(page));
        rights.may(Action::Read)
    }

    /// Whoever was granted something on the way.
    fn grantees(&self) -> impl Iterator<Item = &Grantee> {
        self.open
            .iter()
            .filter_map(|page| self.space.grants.get(*page))
            .flat_map(|grants| grants.keys())
    }

    fn grants(&self, to: &Grantee) -> Vec<Granted> {
        let found = self.open.iter().filter_map(|page| {
            let grant = self.space.grants.get(*page)?.get(to)?;
            Some(Granted {
                page: (*page).to_owned(),
                role: grant.role,
                until_ms: grant.until_ms,
            })
        });
        found.collect()
    }

    fn people(&self) -> BTreeSet<String> {
        let granted = self.grantees().filter_map(|to| match to {
            Grantee::Person(user) => Some(user.clone()),
            Grantee::Group(_) => None,
        });
        let members = self.space.members.keys().cloned();
        match self.sees_members() {
            true => granted.chain(members).collect(),
            false => granted.collect(),
        }
    }

    fn person(&self, user: &str) -> PersonAccess {
        let who = known(user.to_owned());
        let member = self.space.members.get(user);
        PersonAccess {
            user: user.to_owned(),
            name: member
                .filter(|_| self.sees_members())
                .and_then(|member| member.name.clone()),
            role: self.role(&who),
            in_space: self.in_space(&who),
            grants: self.grants(&Grantee::Person(user.to_owned())),
        }
    }

    fn groups(&self) -> Vec<GroupAccess> {
        let granted = self.grantees().filter_map(|to| match to {
            Grantee::Group(group) => Some(group),
            Grantee::Person(_) => None,
        });
        let names: BTreeSet<&String> = match self.sees_members() {
            true => granted.chain(self.space.groups.keys()).collect(),
            false => granted.collect(),
        };
        let one = |group: &&String| GroupAccess {
            group: (*group).clone(),
            role: self.role(&of_group(group)),
            in_space: self.in_space(&of_group(group)),
            grants: self.grants(&Grantee::Group((*group).clone())),
        };
        names.iter().map(one).collect()
    }

    /// Links to the space and to pages on the way that have not ended.
    fn links(&self, way: &[&str]) -> Vec<LinkAccess> {
        let opens = self.space.links.iter().filter(|(_, link)| {
            let place = link.page.as_deref().map_or(Place::Space, Place::Page);
            let is_on_the_way = link.page.as_deref().is_none_or(|page| way.contains(&page));
            let lasts = link.until_ms.is_none_or(|until| self.now_ms < until);
            let rights = self.asker.rights(self.space, place);
            is_on_the_way && lasts && rights.may(Action::ManageLinks)
        });
        let one = |(id, link): (&String, &unisson_rights::Link)| LinkAccess {
            id: id.clone(),
            label: link.label.clone(),
            role: self.role(&Principal {
                link: Some(id.clone()),
                ..Principal::default()
            }),
            until_ms: link.until_ms,
        };
        opens.map(one).collect()
    }
}
