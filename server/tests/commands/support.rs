//! Runs the binary on a folder of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

/// A data folder and room for other files.
pub(crate) struct Place(TempDir);

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            code: output.status.code().expect("not killed"),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    /// What it printed, as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

pub(crate) fn fixture(path: &str) -> String {
    let portable = Path::new(env!("CARGO_MANIFEST_DIR")).join("../portable/fixtures");
    portable.join(path).display().to_string()
}

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_on("data", arguments)
    }

    /// A command on another data folder of this place.
    pub(crate) fn run_on(&self, data: &str, arguments: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_unisson"));
        command.args(arguments).arg("--data").arg(self.path(data));
        let output = command.current_dir(self.0.path()).output();
        Ran::of(&output.expect("the binary runs"))
    }

    /// A command that ends well.
    pub(crate) fn done(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
        ran
    }

    /// Brings in the documents that a Hocuspocus server stored: `menu/été` and `settings`.
    pub(crate) fn filled() -> Self {
        let place = Self::new();
        place.done(&[
            "import",
            "--from",
            "hocuspocus-s3",
            &fixture("hocuspocus-s3"),
        ]);
        place
    }

    /// The documents of an export with their hashes.
    pub(crate) fn exported(&self, folder: &str) -> Vec<(String, String)> {
        let text = fs::read(self.path(folder).join("manifest.json")).expect("a manifest");
        let manifest: Value = serde_json::from_slice(&text).expect("JSON");
        let documents = manifest["documents"].as_array().expect("a list");
        documents
            .iter()
            .map(|document| {
                let text = |value: &Value| value.as_str().expect("text").to_owned();
                (text(&document["name"]), text(&document["yjs"]["blake3"]))
            })
            .collect()
    }

    /// All files below a folder.
    pub(crate) fn files(&self, folder: &str) -> Vec<PathBuf> {
        fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                match entry.path() {
                    path if path.is_dir() => walk(&path, found),
                    path => found.push(path),
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.path(folder), &mut found);
        found.sort();
        found
    }
}
