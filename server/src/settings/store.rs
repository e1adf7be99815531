//! Where documents are kept: the data folder, or an object store.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Deserialize;
use unisson_storage::{Encryption, PlaceError, RemoteOptions, RemoteStore, StoreSettings};

/// Flags and variables about the object store.
#[derive(Debug, Args, Default, Clone)]
pub struct StoreOptions {
    /// Object store for the documents: s3://bucket/prefix, gs://, az://, file:///folder
    #[arg(long = "store", env = "UNISSON_STORE", value_name = "URL")]
    pub url: Option<String>,
    /// Local folder that makes edits durable before the object store has them
    #[arg(long, env = "UNISSON_SPOOL", value_name = "DIR")]
    pub spool: Option<PathBuf>,
    /// This node's name among those that share the object store [default: drawn]
    #[arg(long, env = "UNISSON_NODE", value_name = "NAME")]
    pub node: Option<String>,
    /// Address of the object store, where it is not the cloud provider's own
    #[arg(long, env = "UNISSON_STORE_ENDPOINT", value_name = "URL")]
    pub store_endpoint: Option<String>,
    /// Region of the object store
    #[arg(long, env = "UNISSON_STORE_REGION", value_name = "REGION")]
    pub store_region: Option<String>,
    /// Whether the bucket stands in the path [default: true where there is an endpoint]
    #[arg(long, env = "UNISSON_STORE_PATH_STYLE", num_args = 0..=1, default_missing_value = "true")]
    pub store_path_style: Option<bool>,
    /// Certificates (PEM) to trust beside the system's
    #[arg(long, env = "UNISSON_STORE_CA_FILE", value_name = "FILE")]
    pub store_ca_file: Option<PathBuf>,
    /// Proxy for requests to the object store
    #[arg(long, env = "UNISSON_STORE_PROXY", value_name = "URL")]
    pub store_proxy: Option<String>,
    /// File with the access key's name [default: AWS_ACCESS_KEY_ID and its like]
    #[arg(long, env = "UNISSON_STORE_ACCESS_KEY_FILE", value_name = "FILE")]
    pub store_access_key_file: Option<PathBuf>,
    /// File with the secret key [default: AWS_SECRET_ACCESS_KEY and its like]
    #[arg(long, env = "UNISSON_STORE_SECRET_KEY_FILE", value_name = "FILE")]
    pub store_secret_key_file: Option<PathBuf>,
    /// Encryption at rest: bucket, store, or the name of a key of the key service
    #[arg(long, env = "UNISSON_STORE_ENCRYPTION", value_name = "KIND")]
    pub store_encryption: Option<String>,
    /// Checksum that requests carry [default: sha256]
    #[arg(long, env = "UNISSON_STORE_CHECKSUM", value_enum)]
    pub store_checksum: Option<RequestChecksum>,
    /// Shortest time that edits gather for one request [default: 250]
    #[arg(long, env = "UNISSON_STORE_FLUSH_MS_MIN", value_name = "MS")]
    pub store_flush_ms_min: Option<u64>,
    /// Longest time that edits gather for one request, when there are few [default: 2000]
    #[arg(long, env = "UNISSON_STORE_FLUSH_MS_MAX", value_name = "MS")]
    pub store_flush_ms_max: Option<u64>,
}

/// The checksum that requests carry; what is stored has its own in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RequestChecksum {
    /// For all but very old stores.
    Sha256,
    /// For stores that refuse the header.
    None,
}

/// The table `[store]` of the settings file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct StoreFile {
    url: Option<String>,
    spool: Option<PathBuf>,
    node: Option<String>,
    endpoint: Option<String>,
    region: Option<String>,
    path_style: Option<bool>,
    ca_file: Option<PathBuf>,
    proxy: Option<String>,
    access_key_file: Option<PathBuf>,
    secret_key_file: Option<PathBuf>,
    encryption: Option<String>,
    checksum: Option<RequestChecksum>,
    flush_ms_min: Option<u64>,
    flush_ms_max: Option<u64>,
}

/// An object store and how it is used; complete and checked.
#[derive(Debug, Clone)]
pub struct ObjectStoreSettings {
    /// Where it is and how to speak to it.
    pub remote: RemoteOptions,
    /// The folder that makes edits durable first, if there is one.
    pub spool: Option<PathBuf>,
    /// This node's name.
    pub node: Option<String>,
    /// Shortest time that edits gather for one request.
    pub flush_ms_min: u64,
    /// Longest time that edits gather for one request.
    pub flush_ms_max: u64,
}

impl ObjectStoreSettings {
    /// Puts flags and file together; `None` where no object store is named.
    pub(super) fn gather(
        options: StoreOptions,
        file: StoreFile,
    ) -> Result<Option<Self>, (&'static str, String)> {
        let spool = options.spool.or(file.spool);
        let Some(url) = options.url.or(file.url) else {
            let problem = "a spool needs an object store (--store)".to_owned();
            return if spool.is_some() {
                Err(("spool", problem))
            } else {
                Ok(None)
            };
        };
        let encryption = options.store_encryption.or(file.encryption);
        let checksum = options.store_checksum.or(file.checksum);
        let settings = Self {
            remote: RemoteOptions {
                url,
                endpoint: options.store_endpoint.or(file.endpoint),
                region: options.store_region.or(file.region),
                is_path_style: options.store_path_style.or(file.path_style),
                ca_file: options.store_ca_file.or(file.ca_file),
                proxy: options.store_proxy.or(file.proxy),
                access_key_file: options.store_access_key_file.or(file.access_key_file),
                secret_key_file: options.store_secret_key_file.or(file.secret_key_file),
                encryption: match encryption.as_deref() {
                    None | Some("bucket") => Encryption::Bucket,
                    Some("store") => Encryption::Store,
                    Some(key) => Encryption::KeyService(key.to_owned()),
                },
                without_checksum: checksum == Some(RequestChecksum::None),
            },
            spool,
            node: options.node.or(file.node),
            flush_ms_min: options
                .store_flush_ms_min
                .or(file.flush_ms_min)
                .unwrap_or(250),
            flush_ms_max: options
                .store_flush_ms_max
                .or(file.flush_ms_max)
                .unwrap_or(2_000),
        };
        if settings.flush_ms_min == 0 || settings.flush_ms_max < settings.flush_ms_min {
            let problem = "0 < flush_ms_min <= flush_ms_max does not hold".to_owned();
            return Err(("flush_ms_min", problem));
        }
        Ok(Some(settings))
    }

    /// The settings of a store that is kept there.
    pub fn to_store(&self) -> Result<StoreSettings, PlaceError> {
        let remote = RemoteStore::connect(&self.remote)?;
        let mut settings = match &self.spool {
            Some(dir) => StoreSettings::spooled(dir, remote),
            None => StoreSettings::direct(remote),
        };
        settings.node.clone_from(&self.node);
        settings.flush_ms_min = self.flush_ms_min;
        settings.flush_ms_max = self.flush_ms_max;
        Ok(settings)
    }
}
