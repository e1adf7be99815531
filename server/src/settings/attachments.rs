//! Settings about attached files: how long those are kept that nobody wants any more.

use std::time::Duration;

use serde::Deserialize;

use super::SettingsError;

/// The part `[attachments]` of the settings file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AttachmentsFile {
    trash_keep_ms: Option<u64>,
    grace_ms: Option<u64>,
    tidy_every_ms: Option<u64>,
}

/// How long files are kept that nobody wants any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachmentSettings {
    /// A deleted one can be brought back for so long.
    pub trash_keep_ms: u64,
    /// What no document names is deleted only when it is so old, and unfinished uploads are
    /// forgotten after so long: much longer than any upload takes to be named.
    pub grace_ms: u64,
    /// How often it is looked for what may go. Each time lists everything that documents have.
    pub tidy_every: Duration,
}

impl Default for AttachmentSettings {
    fn default() -> Self {
        Self {
            trash_keep_ms: 30 * 24 * 3_600_000,
            grace_ms: 24 * 3_600_000,
            tidy_every: Duration::from_secs(6 * 3_600),
        }
    }
}

impl AttachmentsFile {
    pub(super) fn read(&self) -> Result<AttachmentSettings, SettingsError> {
        let default = AttachmentSettings::default();
        let tidy_every = self.tidy_every_ms.map(Duration::from_millis);
        if tidy_every == Some(Duration::ZERO) {
            return Err(SettingsError::Value {
                key: "attachments.tidy_every_ms",
                problem: "must not be zero".into(),
            });
        }
        Ok(AttachmentSettings {
            trash_keep_ms: self.trash_keep_ms.unwrap_or(default.trash_keep_ms),
            grace_ms: self.grace_ms.unwrap_or(default.grace_ms),
            tidy_every: tidy_every.unwrap_or(default.tidy_every),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_as_it_was_and_never_is_not_often() {
        let read = |toml: &str| {
            toml::from_str::<AttachmentsFile>(toml)
                .expect("TOML")
                .read()
        };
        assert_eq!(read("").expect("fine"), AttachmentSettings::default());
        assert_eq!(read("grace_ms = 5").expect("fine").grace_ms, 5);
        let error = read("tidy_every_ms = 0").expect_err("refused").to_string();
        assert!(error.contains("attachments.tidy_every_ms"), "{error}");
    }
}
