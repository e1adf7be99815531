//! Roles, actions, and the one table that says which role may do what.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What somebody is at a place. Later ones may do all that earlier ones may.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Belongs to the space, and opens only what was granted page by page.
    Guest,
    /// Reads.
    Reader,
    /// Reads and comments. Comments are kept beside the document, so to its socket this is reading.
    Commenter,
    /// Reads and writes.
    Editor,
    /// Writes, and looks after the space: members, structure, links, moderation.
    Facilitator,
    /// Does everything.
    Owner,
}

/// What somebody may want to do at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Read pages, and see those of the tree that can be read.
    Read,
    /// See who the members are.
    SeeMembers,
    /// Comment.
    Comment,
    /// Write pages.
    Write,
    /// Add pages.
    CreatePages,
    /// Rename, move, order and restrict pages.
    ManagePages,
    /// Delete pages, and bring them back.
    Delete,
    /// Lock pages, and write in locked ones.
    Moderate,
    /// Add members and groups, change what they are, remove them; nothing about owners.
    ManageMembers,
    /// Make links and revoke them.
    ManageLinks,
    /// Change who gets in without being a member, make owners, delete the space.
    Own,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Self; 6] = [
        Self::Guest,
        Self::Reader,
        Self::Commenter,
        Self::Editor,
        Self::Facilitator,
        Self::Owner,
    ];

    /// The table.
    pub const fn may(self, action: Action) -> bool {
        self as u8 >= action.least() as u8
    }

    /// The name in tokens, records and calls.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::Reader => "reader",
            Self::Commenter => "commenter",
            Self::Editor => "editor",
            Self::Facilitator => "facilitator",
            Self::Owner => "owner",
        }
    }
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Read,
        Self::SeeMembers,
        Self::Comment,
        Self::Write,
        Self::CreatePages,
        Self::ManagePages,
        Self::Delete,
        Self::Moderate,
        Self::ManageMembers,
        Self::ManageLinks,
        Self::Own,
    ];

    /// The least role that may.
    const fn least(self) -> Role {
        match self {
            Self::Read | Self::SeeMembers => Role::Reader,
            Self::Comment => Role::Commenter,
            Self::Write | Self::CreatePages => Role::Editor,
            Self::ManagePages
            | Self::Delete
            | Self::Moderate
            | Self::ManageMembers
            | Self::ManageLinks => Role::Facilitator,
            Self::Own => Role::Owner,
        }
    }

    /// Whether only somebody with a name of the portal's may, whatever their role: an action that
    /// has consequences for others has somebody to ask about it.
    pub const fn needs_a_person(self) -> bool {
        !matches!(self, Self::Read | Self::Comment | Self::Write)
    }

    /// The name in answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::SeeMembers => "see-members",
            Self::Comment => "comment",
            Self::Write => "write",
            Self::CreatePages => "create-pages",
            Self::ManagePages => "manage-pages",
            Self::Delete => "delete",
            Self::Moderate => "moderate",
            Self::ManageMembers => "manage-members",
            Self::ManageLinks => "manage-links",
            Self::Own => "own",
        }
    }
}

/// A text that names no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a role is guest, reader, commenter, editor, facilitator or owner")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;
    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        let found = Self::ALL.into_iter().find(|role| role.name() == text);
        found.ok_or(UnknownRole)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table as people read it; the guide has the same one.
    const GUIDE: &str = include_str!("../../../docs/guide/spaces.md");

    #[test]
    fn the_table_in_the_guide_is_the_one_that_counts() {
        let mut lines = GUIDE.lines();
        let head = lines.find(|line| line.starts_with("| action |"));
        let cells = |line: &str| -> Vec<String> {
            let inner = line.trim().trim_matches('|');
            inner
                .split('|')
                .map(|cell| cell.trim().to_owned())
                .collect()
        };
        let roles: Vec<Role> = cells(head.expect("a table of actions"))[1..]
            .iter()
            .map(|name| name.parse().expect("a role"))
            .collect();
        assert_eq!(roles, Role::ALL);
        let rows: Vec<Vec<String>> = lines
            .skip(1)
            .take_while(|line| line.starts_with('|'))
            .map(cells)
            .collect();
        assert_eq!(rows.len(), Action::ALL.len());
        for (action, row) in Action::ALL.into_iter().zip(rows) {
            assert_eq!(row[0], format!("`{}`", action.name()));
            for (role, cell) in roles.iter().zip(&row[1..]) {
                assert_eq!(role.may(action), cell == "yes", "{role} {action:?}");
            }
        }
    }

    #[test]
    fn names_are_read_back() {
        for role in Role::ALL {
            assert_eq!(role.name().parse(), Ok(role));
            let json = serde_json::to_string(&role).expect("JSON");
            assert_eq!(json, format!("{:?}", role.name()));
        }
        for action in Action::ALL {
            let json = serde_json::to_string(&action).expect("JSON");
            assert_eq!(json, format!("{:?}", action.name()));
        }
        assert_eq!("root".parse::<Role>(), Err(UnknownRole));
    }
}
