//! Who may change what somebody else is.

use crate::{Action, Rights, Role, Space};

/// Why a change is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Their role here does not go so far.
    #[error("your role here does not allow that")]
    Role,
    /// Only owners make, change and remove owners.
    #[error("only an owner makes or changes owners")]
    OwnersOnly,
    /// The space would be nobody's.
    #[error("a space needs an owner: make somebody else one first")]
    LastOwner,
    /// An owner has no end: a space would become nobody's by itself.
    #[error("an owner has no end date")]
    OwnerEnds,
    /// Nobody hands on more than they have.
    #[error("you cannot give a role above your own")]
    AboveOwn,
    /// Owners are owners of the whole space.
    #[error("a page is granted as reader, commenter, editor or facilitator")]
    GrantRole,
    /// Somebody without a name must not be able to manage.
    #[error("a link lets people in as reader, commenter or editor")]
    LinkRole,
}

/// Whether somebody with these rights in the space may make `user` a member with this role, change
/// it, or (`None`) remove them. `is_self`: they are that user.
pub fn check_member(
    space: &Space,
    rights: &Rights,
    (user, is_self): (&str, bool),
    wanted: Option<(Role, Option<u64>)>,
) -> Result<(), Denied> {
    let now = space.members.get(user).map(|member| member.role);
    let leaves = is_self && wanted.is_none();
    if !rights.may(Action::ManageMembers) && !leaves {
        return Err(Denied::Role);
    }
    let role = wanted.map(|(role, _)| role);
    let concerns_owners = now == Some(Role::Owner) || role == Some(Role::Owner);
    if concerns_owners && !rights.may(Action::Own) && !leaves {
        return Err(Denied::OwnersOnly);
    }
    if matches!(wanted, Some((Role::Owner, Some(_)))) {
        return Err(Denied::OwnerEnds);
    }
    let has_others = || {
        let mut members = space.members.iter();
        members.any(|(id, member)| id != user && member.role == Role::Owner)
    };
    if now == Some(Role::Owner) && role != Some(Role::Owner) && !has_others() {
        return Err(Denied::LastOwner);
    }
    Ok(())
}

/// Whether somebody with these rights at a page may grant it as this role, or take a grant back.
pub fn check_grant(rights: &Rights, wanted: Option<Role>) -> Result<(), Denied> {
    if !rights.may(Action::ManageMembers) {
        return Err(Denied::Role);
    }
    match wanted {
        Some(Role::Guest | Role::Owner) => Err(Denied::GrantRole),
        _ if wanted > rights.role => Err(Denied::AboveOwn),
        _ => Ok(()),
    }
}

/// Whether somebody with these rights at a place may make a link to it with this role, or (`None`)
/// revoke one.
pub fn check_link(rights: &Rights, wanted: Option<Role>) -> Result<(), Denied> {
    if !rights.may(Action::ManageLinks) {
        return Err(Denied::Role);
    }
    match wanted {
        Some(Role::Guest | Role::Facilitator | Role::Owner) => Err(Denied::LinkRole),
        _ => Ok(()),
    }
}
