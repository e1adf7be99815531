//! Static tokens: one value, what it allows, where, and whose it is.

use serde::Deserialize;
use unisson_protocol::Access;

use super::SettingsError;

/// A configured token.
#[derive(Clone)]
pub struct Token {
    /// The secret.
    pub value: String,
    /// What it allows.
    pub access: Access,
    /// Documents whose name starts so; empty: all.
    pub prefix: String,
    /// Who holds it, where it is one person's.
    pub user: Option<String>,
    /// The name to show for that person.
    pub display_name: Option<String>,
    /// Who holds it may have tokens made for others.
    pub is_admin: bool,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token({:?}, prefix {:?})", self.access, self.prefix)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenFile {
    value: String,
    access: String,
    #[serde(default)]
    prefix: String,
    user: Option<String>,
    display_name: Option<String>,
}

/// The short form: `value:access`, separated by commas.
pub(super) fn tokens_of_list(list: &str) -> Result<Vec<Token>, SettingsError> {
    let entries = list.split(',').filter(|entry| !entry.trim().is_empty());
    entries
        .map(|entry| {
            let (value, access) = entry.trim().rsplit_once(':').ok_or(SettingsError::Value {
                key: "tokens",
                problem: "write value:read-write, value:read-only or value:admin".into(),
            })?;
            token(TokenFile {
                value: value.into(),
                access: access.into(),
                prefix: String::new(),
                user: None,
                display_name: None,
            })
        })
        .collect()
}

/// A token as the file says it.
pub(super) fn token(file: TokenFile) -> Result<Token, SettingsError> {
    let wrong = |problem: &str| SettingsError::Value {
        key: "auth.tokens",
        problem: problem.into(),
    };
    if file.value.is_empty() {
        return Err(wrong("a token's value must not be empty"));
    }
    let access = match file.access.as_str() {
        "read-write" | "admin" => Access::ReadWrite,
        "read-only" => Access::ReadOnly,
        _ => {
            return Err(wrong(
                "access is \"read-write\", \"read-only\" or \"admin\"",
            ));
        }
    };
    Ok(Token {
        value: file.value,
        access,
        prefix: file.prefix,
        user: file.user,
        display_name: file.display_name,
        is_admin: file.access == "admin",
    })
}
