//! Who somebody is, before anybody asks what they may do.

use std::sync::Arc;

use tokio::time::Instant;
use unisson_protocol::CloseReason;
use unisson_rights::{Principal, Role};

use super::{
    Credential, Grant,
    claims::{Claims, Person, access_of},
};

/// What the author of an edit is called whom nobody has asked for a name.
const ANONYMOUS: &str = "anonymous";
const ANONYMOUS_NAME: &str = "Anonyme · Anonymous";

/// Whether this is the name of those whom nobody can tell apart.
pub(crate) fn is_anonymous(user: &str) -> bool {
    user == ANONYMOUS
}

/// About what somebody asks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum About<'a> {
    /// One document.
    Document(&'a unisson_protocol::DocName),
    /// All documents whose names begin so: a space.
    Within(&'a str),
}

/// Who somebody is, and what they may do whatever spaces say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Identity {
    /// For presence and authorship.
    pub(crate) person: Person,
    /// For spaces.
    pub(crate) principal: Principal,
    /// The only space in which they are anybody, where it was a space's link that named them.
    pub(crate) only_in: Option<Arc<str>>,
    /// When this ends, if ever.
    pub(crate) expires: Option<Instant>,
    /// What the portal is asked again with before this ends.
    pub(crate) again: Option<Credential>,
}

impl Identity {
    /// Somebody who shows nothing: their name is not theirs to choose, or anybody could be anybody.
    pub(crate) fn anonymous() -> Self {
        Self {
            person: Person {
                user: Some(ANONYMOUS.into()),
                display_name: Some(ANONYMOUS_NAME.into()),
                color: None,
            },
            ..Self::default()
        }
    }

    /// Whoever may do anything.
    pub(crate) fn operator() -> Self {
        Self {
            principal: Principal {
                is_admin: true,
                granted: Some(Role::Owner),
                ..Principal::default()
            },
            ..Self::default()
        }
    }

    /// Whom a token names. `spaces: false` in it leaves nobody whom a space could know.
    pub(super) fn of_claims(claims: &Claims, about: About<'_>, expires: Instant) -> Self {
        let granted = match about {
            About::Document(document) => claims.role_for(document),
            About::Within(prefix) => claims.role_within(prefix),
        };
        let person = claims.person();
        let principal = match claims.spaces {
            true => Principal {
                person: Some(claims.sub.clone()),
                groups: claims.groups().map(str::to_owned).collect(),
                granted,
                ..Principal::default()
            },
            false => Principal {
                granted,
                ..Principal::default()
            },
        };
        Self {
            person,
            principal,
            only_in: None,
            expires: Some(expires),
            again: None,
        }
    }

    /// Whether they have shown nothing at all.
    pub(crate) fn is_nobody(&self) -> bool {
        self.person.user.as_deref().is_some_and(is_anonymous)
            && self.principal == Principal::default()
    }

    /// What they may do with a document as this role.
    pub(crate) fn grant(&self, role: Option<Role>) -> Result<Grant, CloseReason> {
        let granted = role.and_then(|role| Some((role, access_of(role)?)));
        let Some((role, access)) = granted else {
            // Whoever has shown nothing yet may still do so.
            return Err(match self.is_nobody() {
                true => CloseReason::Unauthorized,
                false => CloseReason::Forbidden,
            });
        };
        let person = self.person.clone();
        Ok(Grant {
            access,
            role,
            user: person.user,
            display_name: person.display_name,
            color: person.color,
            expires: self.expires,
            again: self.again.clone(),
            standing: None,
        })
    }
}
