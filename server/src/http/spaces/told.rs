//! What a change of a space is told as: a line of the audit log for each entry that gives somebody
//! a right or takes it away, and an event for each member.

use unisson_rights::{Member, Page, Space};

use super::asker::Asker;
use crate::{
    audit::{Action, Entry},
    events::{Actor, Event, MemberEvent},
    http::AppState,
    spaces::prefix_of,
};

/// An entry of a space's record that has changed, and what a member was before.
#[derive(Debug)]
pub(super) struct Told {
    key: String,
    is_there: bool,
    member_before: Option<&'static str>,
    member_now: Option<&'static str>,
}

/// What is worth telling of a change, seen before it is made.
pub(super) fn of(space: Option<&Space>, changes: &[(String, Option<String>)]) -> Vec<Told> {
    // Templates give nobody a right.
    let rights = changes
        .iter()
        .filter(|(key, _)| !key.starts_with("template:"));
    let worth = rights.filter(|(key, value)| {
        let page = key.strip_prefix("page:");
        page.is_none_or(|page| changes_rights(space, page, value.as_deref()))
    });
    let told = worth.map(|(key, value)| {
        let user = key.strip_prefix("member:");
        Told {
            key: key.clone(),
            is_there: value.is_some(),
            member_before: user.and_then(|user| Some(space?.members.get(user)?.role.name())),
            member_now: user.and_then(|_| {
                let member: Member = serde_json::from_str(value.as_deref()?).ok()?;
                Some(member.role.name())
            }),
        }
    });
    told.collect()
}

/// Whether a page is open to others than before. Its title and place are in the space's history.
fn changes_rights(space: Option<&Space>, id: &str, now: Option<&str>) -> bool {
    let rights = |page: &Page| (page.readers, page.writers, page.locked);
    let before = space.and_then(|space| space.pages.get(id)).map(rights);
    let now = now.and_then(|now| serde_json::from_str::<Page>(now).ok());
    now.as_ref().map(rights) != before.or(Some((None, None, false)))
}

/// Tells a change that is durable.
pub(super) fn tell(state: &AppState, asker: &Asker, told: Vec<Told>) {
    let shared = state.registry.shared();
    let space = asker.held.id();
    let by = Actor::of(&asker.author());
    for told in told {
        let (kind, id) = told.key.split_once(':').unwrap_or((&told.key, ""));
        let action = match kind {
            "link" => Action::LinkChanged,
            _ => Action::GrantChanged,
        };
        let entry = Entry::new(action).by(by.clone()).from(asker.address);
        let entry = entry.space(space).detail("entry", kind);
        let verb = if told.is_there { "set" } else { "removed" };
        let mut entry = entry.detail("change", verb);
        match kind {
            "member" => {
                entry = entry.about(Actor {
                    id: id.to_owned(),
                    name: None,
                });
                if let Some(role) = told.member_now {
                    entry = entry.detail("role", role);
                }
                if let Some(event) = member_event(space, id, &told, by.clone()) {
                    shared.events.emit(event);
                }
            }
            // A grant of a person names that person, who may want to be forgotten.
            "grant" => match id.split_once(":person:") {
                Some((page, person)) => {
                    entry = entry.detail("page", page).about(Actor {
                        id: person.to_owned(),
                        name: None,
                    });
                }
                None => entry = entry.detail("id", id),
            },
            _ => entry = entry.detail("id", id),
        }
        shared.audit.record(entry);
    }
}

fn member_event(space: &str, user: &str, told: &Told, by: Option<Actor>) -> Option<Event> {
    let event = MemberEvent {
        space: space.to_owned(),
        prefix: prefix_of(space),
        member: Actor {
            id: user.to_owned(),
            name: None,
        },
        role: told.member_now.map(str::to_owned),
        by,
    };
    match (told.member_before, told.is_there) {
        (None, true) => Some(Event::MemberAdded(event)),
        (Some(before), true) if Some(before) != told.member_now => {
            Some(Event::MemberChanged(event))
        }
        (Some(_), false) => Some(Event::MemberRemoved(event)),
        (Some(_), true) | (None, false) => None,
    }
}
