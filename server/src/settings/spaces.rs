//! Settings about spaces: what new ones are like, and who makes them.

use serde::Deserialize;
use unisson_rights::{Role, Visibility};

use super::SettingsError;

/// The part `[spaces]` of the settings file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SpacesFile {
    creators: Option<Creators>,
    creator_groups: Vec<String>,
    visibility: Option<Visibility>,
    anonymous_role: Option<Role>,
    signed_in_role: Option<Role>,
}

/// Who makes spaces, beside the members of `creator_groups`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Creators {
    /// The operator, and whoever the portal makes owner of the prefix.
    Admins,
    /// Everybody whom the portal knows.
    SignedIn,
}

/// What new spaces are like where their makers do not say, and who makes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpacesSettings {
    /// Everybody whom the portal knows makes spaces.
    pub anybody_creates: bool,
    /// Who is in one of these groups makes spaces.
    pub creator_groups: Vec<String>,
    /// Who gets in without being a member.
    pub visibility: Visibility,
    /// What those are there whom nobody knows, while the space is public.
    pub anonymous_role: Role,
    /// What those are there whom the portal knows, unless only members get in.
    pub signed_in_role: Role,
}

impl Default for SpacesSettings {
    fn default() -> Self {
        Self {
            anybody_creates: false,
            creator_groups: Vec::new(),
            visibility: Visibility::Members,
            anonymous_role: Role::Reader,
            signed_in_role: Role::Reader,
        }
    }
}

impl SpacesFile {
    pub(super) fn read(self) -> Result<SpacesSettings, SettingsError> {
        let default = SpacesSettings::default();
        let role = |key, role: Option<Role>, default| match role {
            None => Ok(default),
            Some(role @ (Role::Reader | Role::Commenter | Role::Editor)) => Ok(role),
            Some(_) => Err(SettingsError::Value {
                key,
                problem: "whoever is no member is reader, commenter or editor".into(),
            }),
        };
        Ok(SpacesSettings {
            anybody_creates: self.creators == Some(Creators::SignedIn),
            creator_groups: self.creator_groups,
            visibility: self.visibility.unwrap_or(default.visibility),
            anonymous_role: role(
                "spaces.anonymous_role",
                self.anonymous_role,
                default.anonymous_role,
            )?,
            signed_in_role: role(
                "spaces.signed_in_role",
                self.signed_in_role,
                default.signed_in_role,
            )?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str) -> Result<SpacesSettings, SettingsError> {
        toml::from_str::<SpacesFile>(toml).expect("TOML").read()
    }

    #[test]
    fn a_new_space_is_its_members_unless_the_settings_say_otherwise() {
        let settings = read("").expect("fine");
        assert_eq!(settings.visibility, Visibility::Members);
        assert!(!settings.anybody_creates);
        let open = "creators = \"signed-in\"\nvisibility = \"public\"\nanonymous_role = \"editor\"";
        let settings = read(open).expect("fine");
        assert_eq!(settings.visibility, Visibility::Public);
        assert_eq!(settings.anonymous_role, Role::Editor);
        assert!(settings.anybody_creates);
    }

    #[test]
    fn nobody_owns_a_space_without_being_named() {
        let error = read("anonymous_role = \"owner\"").expect_err("refused");
        assert!(error.to_string().contains("anonymous_role"), "{error}");
    }
}
