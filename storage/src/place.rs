//! An object store outside the data folder: which one, and how to speak to it.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use object_store::{
    BackoffConfig, Certificate, ClientOptions, ObjectStore, RetryConfig,
    aws::{AmazonS3Builder, Checksum},
    azure::MicrosoftAzureBuilder,
    gcp::GoogleCloudStorageBuilder,
    local::LocalFileSystem,
    memory::InMemory,
    path::Path,
    prefix::PrefixStore,
};

/// A store that does not take a connection within this time is down.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// A store that sends nothing for this long is down.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest request: a large snapshot over a thin line.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// Within one call; the loops of this crate come outside of it.
const RETRY_TIMEOUT: Duration = Duration::from_secs(20);
const RETRIES_MAX: usize = 3;

/// An object store, rooted at the prefix under which everything of this store is.
#[derive(Clone)]
pub struct RemoteStore {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) name: String,
}

impl fmt::Debug for RemoteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteStore({})", self.name)
    }
}

impl RemoteStore {
    /// Any store; `name` is for messages and for telling one store from another.
    pub fn new(store: Arc<dyn ObjectStore>, name: impl Into<String>) -> Self {
        Self {
            store,
            name: name.into(),
        }
    }

    /// For messages: the address, which holds no secret.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Makes a client for the store that the options name. Nothing is sent yet.
    pub fn connect(options: &RemoteOptions) -> Result<Self, PlaceError> {
        let place = Place::parse(&options.url)?;
        options.check(&place)?;
        let store = place.build(options)?;
        Ok(Self::new(store, options.url.trim_end_matches('/')))
    }
}

/// Where a store is and how to speak to it. Keys that no file gives come from the usual variables
/// (`AWS_*`, `GOOGLE_*`, `AZURE_*`) or from the machine's role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RemoteOptions {
    /// `s3://bucket/prefix`, `gs://…`, `az://container/prefix`, `file:///folder`, `memory:///`.
    pub url: String,
    /// The address of a store that is not the cloud provider's own.
    pub endpoint: Option<String>,
    /// The store's region.
    pub region: Option<String>,
    /// Whether the bucket stands in the path; if not, in the host name. By default it stands in
    /// the path where there is an endpoint.
    pub is_path_style: Option<bool>,
    /// Certificates (PEM) to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// The proxy for requests.
    pub proxy: Option<String>,
    /// A file with the access key's name.
    pub access_key_file: Option<PathBuf>,
    /// A file with the secret key.
    pub secret_key_file: Option<PathBuf>,
    /// How the store encrypts what it keeps.
    pub encryption: Encryption,
    /// Requests carry no checksum of their own. What is stored has one in any case.
    pub without_checksum: bool,
}

/// How the store encrypts what it keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Encryption {
    /// As the bucket says.
    #[default]
    Bucket,
    /// With the store's own keys.
    Store,
    /// With a key of the key service.
    KeyService(String),
}

/// Why there is no client for a store.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// An option makes no sense.
    #[error("{option}: {problem}")]
    Option {
        /// Which option.
        option: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A file could not be read.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The client refuses the options together.
    #[error("the store's client: {0}")]
    Client(String),
}

impl From<object_store::Error> for PlaceError {
    fn from(error: object_store::Error) -> Self {
        Self::Client(error.to_string())
    }
}

fn wrong(option: &'static str, problem: impl Into<String>) -> PlaceError {
    PlaceError::Option {
        option,
        problem: problem.into(),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    S3,
    Google,
    Azure,
    Folder,
    Memory,
}

/// A parsed address.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) scheme: Scheme,
    pub(crate) host: String,
    pub(crate) path: String,
}

impl Place {
    pub(crate) fn parse(url: &str) -> Result<Self, PlaceError> {
        let form = || wrong("store", format!("{url:?} is not like s3://bucket/prefix"));
        let (scheme, rest) = url.split_once("://").ok_or_else(form)?;
        let scheme = match scheme {
            "s3" => Scheme::S3,
            "gs" => Scheme::Google,
            "az" => Scheme::Azure,
            "file" => Scheme::Folder,
            "memory" => Scheme::Memory,
            other => {
                let known = "s3, gs, az, file and memory are known";
                return Err(wrong("store", format!("{other}: {known}")));
            }
        };
        if rest.contains(['?', '#', '@']) {
            let problem = "keys and options do not belong into the address";
            return Err(wrong("store", problem));
        }
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let has_host = !host.is_empty();
        if has_host == matches!(scheme, Scheme::Folder | Scheme::Memory) {
            return Err(form());
        }
        Ok(Self {
            scheme,
            host: host.to_owned(),
            path: path.trim_matches('/').to_owned(),
        })
    }

    fn build(&self, options: &RemoteOptions) -> Result<Arc<dyn ObjectStore>, PlaceError> {
        let bucket: Arc<dyn ObjectStore> = match self.scheme {
            Scheme::S3 => Arc::new(self.s3(options)?.build()?),
            Scheme::Google => {
                let builder = GoogleCloudStorageBuilder::from_env().with_bucket_name(&self.host);
                let builder = builder.with_client_options(client(options)?);
                Arc::new(builder.with_retry(retry()).build()?)
            }
            Scheme::Azure => {
                let builder = MicrosoftAzureBuilder::from_env().with_container_name(&self.host);
                let builder = builder.with_client_options(client(options)?);
                let builder = match &options.endpoint {
                    Some(endpoint) => builder.with_endpoint(endpoint.clone()),
                    None => builder,
                };
                Arc::new(builder.with_retry(retry()).build()?)
            }
            Scheme::Folder => {
                let folder = PathBuf::from("/").join(&self.path);
                let failed = |source| PlaceError::File {
                    path: folder.clone(),
                    source,
                };
                std::fs::create_dir_all(&folder).map_err(failed)?;
                let folder = LocalFileSystem::new_with_prefix(&folder)?;
                return Ok(Arc::new(folder.with_fsync(true)));
            }
            Scheme::Memory => return Ok(Arc::new(InMemory::new())),
        };
        let prefix = Path::parse(&self.path).map_err(|error| wrong("store", error.to_string()))?;
        Ok(Arc::new(PrefixStore::new(bucket, prefix)))
    }

    pub(crate) fn s3(&self, options: &RemoteOptions) -> Result<AmazonS3Builder, PlaceError> {
        let endpoint = options.endpoint();
        let path_style = options.is_path_style.unwrap_or(endpoint.is_some());
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(&self.host)
            .with_virtual_hosted_style_request(!path_style)
            .with_client_options(client(options)?)
            .with_retry(retry());
        if let Some(endpoint) = endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some(region) = &options.region {
            builder = builder.with_region(region);
        }
        if let Some(file) = &options.access_key_file {
            builder = builder.with_access_key_id(secret(file)?);
        }
        if let Some(file) = &options.secret_key_file {
            builder = builder.with_secret_access_key(secret(file)?);
        }
        if !options.without_checksum {
            builder = builder.with_checksum_algorithm(Checksum::SHA256);
        }
        Ok(match &options.encryption {
            Encryption::Bucket => builder,
            Encryption::Store => builder.with_config(sse_key()?, "AES256"),
            Encryption::KeyService(key) => builder.with_sse_kms_encryption(key),
        })
    }
}

fn sse_key() -> Result<object_store::aws::AmazonS3ConfigKey, PlaceError> {
    Ok("aws_server_side_encryption".parse()?)
}

impl RemoteOptions {
    /// The endpoint: the option's, or that of the usual variables.
    pub(crate) fn endpoint(&self) -> Option<String> {
        let variables = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"];
        let of_variable = || variables.iter().find_map(|name| std::env::var(name).ok());
        self.endpoint.clone().or_else(of_variable)
    }

    pub(crate) fn check(&self, place: &Place) -> Result<(), PlaceError> {
        if self.access_key_file.is_some() != self.secret_key_file.is_some() {
            let problem = "both key files are needed, or none";
            return Err(wrong("secret_key_file", problem));
        }
        let s3_alone = [
            ("region", self.region.is_some()),
            ("path_style", self.is_path_style.is_some()),
            ("secret_key_file", self.secret_key_file.is_some()),
            ("encryption", self.encryption != Encryption::Bucket),
        ];
        if let Some((option, _)) = s3_alone.iter().find(|(_, is_set)| *is_set)
            && place.scheme != Scheme::S3
        {
            return Err(wrong(option, "is for s3:// alone"));
        }
        let good = |text: &String| text.starts_with("http://") || text.starts_with("https://");
        if !self.endpoint.as_ref().is_none_or(good) {
            return Err(wrong("endpoint", "begins with https:// or http://"));
        }
        Ok(())
    }
}

fn retry() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig::default(),
        max_retries: RETRIES_MAX,
        retry_timeout: RETRY_TIMEOUT,
    }
}

pub(crate) fn client(options: &RemoteOptions) -> Result<ClientOptions, PlaceError> {
    // The second and later times there is a provider already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let plain = options.endpoint().is_some_and(|e| e.starts_with("http://"));
    let mut client = ClientOptions::new()
        .with_allow_http(plain)
        .with_connect_timeout(CONNECT_TIMEOUT)
        .with_read_timeout(READ_TIMEOUT)
        .with_timeout(REQUEST_TIMEOUT);
    if let Some(proxy) = &options.proxy {
        client = client.with_proxy_url(proxy);
    }
    if let Some(path) = &options.ca_file {
        let pem = read(path)?;
        let certificates = Certificate::from_pem_bundle(&pem)
            .map_err(|error| wrong("ca_file", error.to_string()))?;
        if certificates.is_empty() {
            return Err(wrong("ca_file", "holds no certificate"));
        }
        for certificate in certificates {
            client = client.with_root_certificate(certificate);
        }
    }
    Ok(client)
}

fn read(path: &PathBuf) -> Result<Vec<u8>, PlaceError> {
    std::fs::read(path).map_err(|source| PlaceError::File {
        path: path.clone(),
        source,
    })
}

fn secret(path: &PathBuf) -> Result<String, PlaceError> {
    let text = String::from_utf8(read(path)?);
    let text = text.map_err(|_| wrong("secret_key_file", "a key is not text"))?;
    let text = text.trim();
    if text.is_empty() {
        return Err(wrong("secret_key_file", "a key is empty"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn problem(url: &str, change: impl FnOnce(&mut RemoteOptions)) -> String {
        let mut options = RemoteOptions {
            url: url.to_owned(),
            ..RemoteOptions::default()
        };
        change(&mut options);
        RemoteStore::connect(&options).unwrap_err().to_string()
    }

    #[test]
    fn an_address_is_a_scheme_a_bucket_and_a_prefix() {
        let place = Place::parse("s3://bucket/a/b/").unwrap();
        assert_eq!(
            (place.host.as_str(), place.path.as_str()),
            ("bucket", "a/b")
        );
        assert_eq!(Place::parse("gs://bucket").unwrap().path, "");
        assert_eq!(Place::parse("file:///srv/x").unwrap().path, "srv/x");
        assert_eq!(Place::parse("memory:///").unwrap().scheme, Scheme::Memory);
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        let same = |_: &mut RemoteOptions| ();
        assert!(problem("bucket", same).starts_with("store: "));
        assert!(problem("ftp://x/y", same).contains("ftp"));
        assert!(problem("s3:///prefix", same).starts_with("store: "));
        assert!(problem("s3://key:secret@bucket/", same).contains("keys"));
        let region = |o: &mut RemoteOptions| o.region = Some("x".to_owned());
        assert!(problem("memory:///", region).starts_with("region: "));
        let half = |o: &mut RemoteOptions| o.access_key_file = Some("key".into());
        assert!(problem("s3://bucket", half).starts_with("secret_key_file: "));
        let ca = |o: &mut RemoteOptions| o.ca_file = Some("/nowhere.pem".into());
        assert!(problem("s3://bucket", ca).starts_with("/nowhere.pem: "));
        let bare = |o: &mut RemoteOptions| o.endpoint = Some("store:9000".to_owned());
        assert!(problem("s3://bucket", bare).starts_with("endpoint: "));
    }
}
