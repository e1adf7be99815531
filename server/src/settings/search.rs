//! Settings about searching: whether, and where the index is.

use std::{
    env,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{ObjectStoreSettings, Settings};

/// The part `[search]` of the settings file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SearchFile {
    enabled: Option<bool>,
    index: Option<PathBuf>,
}

/// Whether people can search, and where the index is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchSettings {
    /// People can search.
    pub enabled: bool,
    /// The folder of the index; `None`: beside the documents, or where this machine keeps what can
    /// be made anew.
    pub index: Option<PathBuf>,
}

impl Default for SearchSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            index: None,
        }
    }
}

impl SearchFile {
    pub(super) fn read(self, index: Option<PathBuf>) -> SearchSettings {
        SearchSettings {
            enabled: self.enabled.unwrap_or(true),
            index: index.or(self.index),
        }
    }
}

impl Settings {
    /// The folder of the index.
    pub(crate) fn index_folder(&self) -> PathBuf {
        match (&self.search.index, &self.store) {
            (Some(index), _) => index.clone(),
            (None, None) => self.data.join("index"),
            (None, Some(store)) => cache_folder(|name| env::var_os(name).map(PathBuf::from))
                .join("unisson")
                .join(name_of(store)),
        }
    }
}

/// Where this machine keeps what can be made anew.
fn cache_folder(variable: impl Fn(&str) -> Option<PathBuf>) -> PathBuf {
    let absolute = |path: &PathBuf| path.is_absolute();
    // A service manager gives a service its own.
    let given = variable("CACHE_DIRECTORY").filter(absolute);
    let given = given.or_else(|| variable("XDG_CACHE_HOME").filter(absolute));
    let home = || Some(variable("HOME").filter(absolute)?.join(".cache"));
    given
        .or_else(home)
        .unwrap_or_else(|| Path::new("/var/tmp").to_path_buf())
}

/// A name for each store: one machine may serve several.
fn name_of(store: &ObjectStoreSettings) -> String {
    let hash = blake3::hash(store.remote.url.as_bytes()).to_hex();
    format!("index-{}", hash.get(..16).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_goes_where_the_system_says() {
        for (variables, expected) in [
            (
                &[
                    ("CACHE_DIRECTORY", "/c"),
                    ("XDG_CACHE_HOME", "/x"),
                    ("HOME", "/h"),
                ][..],
                "/c",
            ),
            (&[("XDG_CACHE_HOME", "/x"), ("HOME", "/h")], "/x"),
            (
                &[("XDG_CACHE_HOME", "relative"), ("HOME", "/h")],
                "/h/.cache",
            ),
            (&[], "/var/tmp"),
        ] {
            let folder = cache_folder(|name| {
                let found = variables.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| PathBuf::from(value))
            });
            assert_eq!(folder, Path::new(expected));
        }
    }

    #[test]
    fn an_index_is_beside_the_documents_unless_told_otherwise() {
        let mut settings = Settings::new(([127, 0, 0, 1], 0).into(), "/data");
        assert_eq!(settings.index_folder(), Path::new("/data/index"));
        let file: SearchFile = toml::from_str("index = \"/fast\"").expect("TOML");
        settings.search = file.read(None);
        assert_eq!(settings.index_folder(), Path::new("/fast"));
        let file: SearchFile = toml::from_str("enabled = false").expect("TOML");
        let read = file.read(Some("/flag".into()));
        assert_eq!((read.enabled, read.index), (false, Some("/flag".into())));
    }
}
