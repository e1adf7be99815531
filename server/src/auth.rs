//! Who somebody is, and what they may do with a document.

use std::sync::Arc;

use subtle::ConstantTimeEq;
use unisson_protocol::{Access, CloseReason, DocName};

use crate::settings::Token;

/// What somebody may do with one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What they may do.
    pub access: Access,
    /// Who they are, where the token says so.
    pub user: Option<Arc<str>>,
    /// The name to show for them, where the token says so.
    pub display_name: Option<Arc<str>>,
}

/// Checks tokens.
#[derive(Debug, Clone)]
pub struct Authenticator {
    tokens: Arc<[Token]>,
}

impl Authenticator {
    /// Knows these tokens; none: everybody may do everything.
    pub fn new(tokens: Vec<Token>) -> Self {
        Self {
            tokens: tokens.into(),
        }
    }

    /// What a token allows: `Unauthorized` where nobody knows it, `Forbidden` where it is for
    /// other documents. Every token is compared, each in constant time.
    pub fn authenticate(&self, token: &str, document: &DocName) -> Result<Grant, CloseReason> {
        if self.tokens.is_empty() {
            return Ok(Grant {
                access: Access::ReadWrite,
                user: None,
                display_name: None,
            });
        }
        let mut known = false;
        let mut grant = None;
        for candidate in self.tokens.iter() {
            if bool::from(candidate.value.as_bytes().ct_eq(token.as_bytes())) {
                known = true;
                if document.as_str().starts_with(&candidate.prefix) {
                    grant.get_or_insert(Grant {
                        access: candidate.access,
                        user: candidate.user.as_deref().map(Into::into),
                        display_name: candidate.display_name.as_deref().map(Into::into),
                    });
                }
            }
        }
        match grant {
            Some(grant) => Ok(grant),
            None if known => Err(CloseReason::Forbidden),
            None => Err(CloseReason::Unauthorized),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(token: &str, document: &str) -> Result<Access, CloseReason> {
        let tokens = [
            ("all", Access::ReadOnly, ""),
            ("team", Access::ReadWrite, "team/"),
        ];
        let tokens = tokens.map(|(value, access, prefix)| Token {
            value: value.into(),
            access,
            prefix: prefix.into(),
            user: None,
            display_name: None,
        });
        let document = DocName::new(document).expect("a name");
        Authenticator::new(tokens.into())
            .authenticate(token, &document)
            .map(|grant| grant.access)
    }

    #[test]
    fn a_token_opens_the_documents_that_it_is_for() {
        assert_eq!(check("all", "notes"), Ok(Access::ReadOnly));
        assert_eq!(check("team", "team/notes"), Ok(Access::ReadWrite));
        assert_eq!(check("team", "notes"), Err(CloseReason::Forbidden));
        assert_eq!(check("", "notes"), Err(CloseReason::Unauthorized));
        assert_eq!(check("al", "notes"), Err(CloseReason::Unauthorized));
    }
}
