//! A source that is a bucket: its documents are copied into a folder, which then is read like any
//! other copy. Everything is read twice, and only once over the network.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use clap::Args;
use tempfile::TempDir;
use unisson_portable::source::{FILE_BYTES_MAX, Format};
use unisson_storage::{Bucket, BucketObject, RemoteOptions, utc};

use super::{bytes_text, progress};

/// Flags about the bucket that is read. Keys that no file gives come from the usual variables.
#[derive(Debug, Args, Default)]
pub(super) struct BucketOptions {
    /// Address of the object store that is read, where it is not the cloud provider's own
    #[arg(long, env = "UNISSON_SOURCE_ENDPOINT", value_name = "URL")]
    source_endpoint: Option<String>,
    /// Region of the object store that is read
    #[arg(long, env = "UNISSON_SOURCE_REGION", value_name = "REGION")]
    source_region: Option<String>,
    /// Whether the bucket stands in the path [default: true where there is an endpoint]
    #[arg(long, env = "UNISSON_SOURCE_PATH_STYLE", num_args = 0..=1, default_missing_value = "true")]
    source_path_style: Option<bool>,
    /// Certificates (PEM) to trust beside the system's
    #[arg(long, env = "UNISSON_SOURCE_CA_FILE", value_name = "FILE")]
    source_ca_file: Option<PathBuf>,
    /// Proxy for requests to the object store that is read
    #[arg(long, env = "UNISSON_SOURCE_PROXY", value_name = "URL")]
    source_proxy: Option<String>,
    /// File with the access key's name [default: AWS_ACCESS_KEY_ID and its like]
    #[arg(long, env = "UNISSON_SOURCE_ACCESS_KEY_FILE", value_name = "FILE")]
    source_access_key_file: Option<PathBuf>,
    /// File with the secret key [default: AWS_SECRET_ACCESS_KEY and its like]
    #[arg(long, env = "UNISSON_SOURCE_SECRET_KEY_FILE", value_name = "FILE")]
    source_secret_key_file: Option<PathBuf>,
    /// Folder for the copy of the bucket, which is deleted at the end [default: the system's]
    #[arg(long, env = "UNISSON_SOURCE_COPY", value_name = "DIR")]
    source_copy: Option<PathBuf>,
}

/// Whether a path is the address of a bucket.
pub(super) fn is_address(path: &Path) -> bool {
    let path = path.to_string_lossy();
    ["s3://", "gs://", "az://"]
        .iter()
        .any(|scheme| path.starts_with(scheme))
}

/// Copies what a format reads of a bucket. The folder goes with what is given back.
pub(super) async fn copy(
    address: &Path,
    format: Format,
    options: &BucketOptions,
) -> anyhow::Result<TempDir> {
    let Some(url) = address.to_str() else {
        bail!("{}: the address is not UTF-8", address.display());
    };
    let bucket = Bucket::open(&options.remote(url))?;
    let mut objects = match format {
        Format::LasuiteDocs => bucket.list_versions().await?,
        Format::HocuspocusSqlite => bail!("{url}: a SQLite database is a file on this machine"),
        Format::Export | Format::HocuspocusS3 | Format::YSweet | Format::Yjs => {
            bucket.list().await?
        }
    };
    objects.retain(|object| is_wanted(format, &object.path));
    let folder = match &options.source_copy {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    };
    let folder = folder.context("no folder for the copy of the bucket")?;
    let bar = progress("copying", objects.len() as u64, false);
    for (number, object) in objects.iter().enumerate() {
        if object.bytes > FILE_BYTES_MAX {
            let size = bytes_text(object.bytes);
            bail!("{}: {size} are more than a document has", object.path);
        }
        let to = folder.path().join(place(object, number)?);
        let bytes = bucket.read(object).await?;
        let context = || to.display().to_string();
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).with_context(context)?;
        }
        fs::write(&to, bytes).with_context(context)?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(folder)
}

impl BucketOptions {
    fn remote(&self, url: &str) -> RemoteOptions {
        RemoteOptions {
            url: url.to_owned(),
            endpoint: self.source_endpoint.clone(),
            region: self.source_region.clone(),
            is_path_style: self.source_path_style,
            ca_file: self.source_ca_file.clone(),
            proxy: self.source_proxy.clone(),
            access_key_file: self.source_access_key_file.clone(),
            secret_key_file: self.source_secret_key_file.clone(),
            ..RemoteOptions::default()
        }
    }
}

/// What a format reads; attachments and other things in the bucket stay there.
fn is_wanted(format: Format, path: &str) -> bool {
    match format {
        Format::LasuiteDocs => path.ends_with("/file") && path.matches('/').count() >= 1,
        Format::HocuspocusS3 => path.ends_with(".bin"),
        Format::YSweet => path.ends_with("/data.ysweet") || path == "data.ysweet",
        Format::Yjs => [".yjs", ".bin", ".update"]
            .iter()
            .any(|end| path.ends_with(end)),
        Format::Export | Format::HocuspocusSqlite => true,
    }
}

/// Where an object lies in the copy: a version beside the newest, named so that they sort by time.
/// An object's name is no path until it is seen to stay inside.
fn place(object: &BucketObject, number: usize) -> anyhow::Result<PathBuf> {
    let is_part = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0']);
    if !object.path.split('/').all(is_part) {
        bail!("{:?}: an object's name that is no path", object.path);
    }
    if object.earlier.is_none() {
        return Ok(PathBuf::from(&object.path));
    }
    let moment: String = utc(object.modified_ms)
        .chars()
        .filter(|letter| !matches!(letter, '-' | ':' | 'Z'))
        .collect();
    let ms = object.modified_ms % 1_000;
    // The newest comes first in the list, and several may be of one moment.
    let order = usize::MAX - number;
    Ok(PathBuf::from(format!(
        "{}@{moment}.{ms:03}Z-{order:020}",
        object.path
    )))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn object(path: &str, earlier: bool) -> BucketObject {
        BucketObject {
            path: path.to_owned(),
            bytes: 1,
            modified_ms: 1_767_348_000_007,
            earlier: earlier.then(|| "v".to_owned()),
        }
    }

    #[test]
    fn versions_lie_beside_the_newest_and_sort_by_time() {
        let place = |earlier, number| place(&object("id/file", earlier), number).unwrap();
        assert_eq!(place(false, 0), Path::new("id/file"));
        let text = place(true, 1).display().to_string();
        assert!(text.starts_with("id/file@20260102T100000.007Z-"), "{text}");
        assert!(place(true, 2) < place(true, 1));
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_refused() {
        for path in ["../x", "a/../../x", "/etc/passwd", "a//b", "a\\b", "a/."] {
            assert!(place(&object(path, false), 0).is_err(), "{path}");
        }
    }
}
