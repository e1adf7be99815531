//! Settings about who looks after the server.

use serde::Deserialize;

use super::SettingsError;

/// The table `[admin]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AdminFile {
    groups: Vec<String>,
}

impl AdminFile {
    /// The groups of the sign-in whose people are operators.
    pub(super) fn gather(self, signs_in: bool) -> Result<Vec<String>, SettingsError> {
        let wrong = |problem: &str| {
            Err(SettingsError::Value {
                key: "admin.groups",
                problem: problem.into(),
            })
        };
        if self.groups.iter().any(|group| group.trim().is_empty()) {
            return wrong("a group has a name");
        }
        if !self.groups.is_empty() && !signs_in {
            return wrong("groups are those of a sign-in: set [auth.oidc] too");
        }
        Ok(self.groups)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_need_a_sign_in_and_names() {
        let groups = |names: &[&str]| AdminFile {
            groups: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        assert!(groups(&["ops"]).gather(true).is_ok());
        assert!(groups(&[]).gather(false).is_ok());
        assert!(groups(&["ops"]).gather(false).is_err());
        assert!(groups(&[" "]).gather(true).is_err());
    }
}
