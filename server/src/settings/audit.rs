//! Settings about the audit log.

use serde::Deserialize;

use super::SettingsError;

/// A hundred years.
const RETENTION_DAYS_MAX: u64 = 36_500;

/// The table `[audit]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AuditFile {
    enabled: Option<bool>,
    access: Option<bool>,
    retention_days: Option<u64>,
}

/// What is written down, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditSettings {
    /// Whether anything is.
    pub enabled: bool,
    /// Whether accesses are.
    pub access: bool,
    /// How long lines are kept; 0: for ever.
    pub retention_days: u64,
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            access: true,
            retention_days: 365,
        }
    }
}

impl AuditSettings {
    pub(super) fn gather(file: &AuditFile) -> Result<Self, SettingsError> {
        let default = Self::default();
        let settings = Self {
            enabled: file.enabled.unwrap_or(default.enabled),
            access: file.access.unwrap_or(default.access),
            retention_days: file.retention_days.unwrap_or(default.retention_days),
        };
        match settings.retention_days > RETENTION_DAYS_MAX {
            true => Err(SettingsError::Value {
                key: "audit.retention_days",
                problem: format!("must not be over {RETENTION_DAYS_MAX}; 0 means for ever"),
            }),
            false => Ok(settings),
        }
    }
}
