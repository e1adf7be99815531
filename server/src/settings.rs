//! Everything that can be set: by flag, by `UNISSON_*` variable, by TOML file, by default, in this
//! order.

mod admin;
mod attachments;
mod audit;
mod auth;
mod http;
mod limits;
mod oidc;
mod quotas;
mod search;
mod spaces;
mod store;
mod tokens;
mod webhooks;
mod zone;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Deserialize;

use self::{
    admin::AdminFile,
    attachments::AttachmentsFile,
    audit::AuditFile,
    auth::AuthFile,
    http::{EmbedFile, HttpFile, TlsFile},
    limits::{COMMIT_INTERVAL_MS_MAX, Limits, LimitsFile},
    quotas::QuotaFile,
    search::SearchFile,
    spaces::SpacesFile,
    store::StoreFile,
    tokens::{token, tokens_of_list},
    webhooks::{EventsFile, WebhookFile},
};
use crate::commands;

pub(crate) use self::webhooks::webhook_url;
pub use self::{
    attachments::AttachmentSettings,
    audit::AuditSettings,
    auth::{AuthOptions, AuthSettings, CallbackSettings, Secret},
    http::{HttpOptions, HttpSettings, TlsSettings},
    limits::{LimitOptions, TrafficLimits},
    oidc::OidcSettings,
    quotas::QuotaRule,
    search::SearchSettings,
    spaces::SpacesSettings,
    store::{ObjectStoreSettings, RequestChecksum, StoreOptions},
    tokens::Token,
    webhooks::{EventSettings, HookKeys, HookNetworks, WebhookSettings},
    zone::{Day, Zone},
};

/// A self-hosted server on which many people write the same page at once.
#[derive(Debug, Parser)]
#[command(version, about, arg_required_else_help = true)]
pub struct CommandLine {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the binary can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server
    Serve(Box<Options>),
    /// Check the settings, say what they come to, and exit
    CheckConfig(Box<Options>),
    /// Try out the object store and say whether documents are safe there
    Doctor(commands::doctor::Options),
    /// Verify every object and every document; changes nothing
    Fsck(commands::fsck::Options),
    /// Write documents as files that other programs read
    Export(commands::export::Options),
    /// Bring in documents of an export or of another server
    Import(commands::import::Options),
    /// Erase documents for good
    Rm(commands::rm::Options),
    /// Make the index of the search anew
    Reindex(commands::reindex::Options),
    /// Say how much each document takes
    Stat(commands::stat::Options),
    /// Make a token that lets somebody in
    Token(Box<commands::token::Options>),
    /// Verify or export the audit log, or forget a person in it
    Audit(Box<commands::audit::Options>),
}

/// Flags and variables. Each one overrides the same key of the file.
#[derive(Debug, Args, Default)]
pub struct Options {
    /// Settings file (TOML)
    #[arg(long, env = "UNISSON_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address and port to listen on [default: 127.0.0.1:4444]
    #[arg(long, env = "UNISSON_LISTEN", value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Folder for the documents; created where it is missing [default: ./data]
    #[arg(long, env = "UNISSON_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where documents are, if not in a folder.
    #[command(flatten)]
    pub store: StoreOptions,
    /// Folder of the index for searching [default: index in the data folder]
    #[arg(long, env = "UNISSON_INDEX", value_name = "DIR")]
    pub index: Option<PathBuf>,
    /// Listen beyond this machine although no token is configured
    #[arg(long, env = "UNISSON_INSECURE", num_args = 0..=1, default_missing_value = "true")]
    pub insecure: Option<bool>,
    /// Tokens, as `value:read-write`, `value:read-only` or `value:admin`, separated by commas
    #[arg(
        long,
        env = "UNISSON_TOKENS",
        value_name = "TOKENS",
        hide_env_values = true
    )]
    pub tokens: Option<String>,
    /// Who may come in by signed tokens
    #[command(flatten)]
    pub auth: AuthOptions,
    /// Name of the cookie that may carry a token [default: unisson_token]
    #[arg(long, env = "UNISSON_COOKIE", value_name = "NAME")]
    pub cookie: Option<String>,
    /// Web origins whose pages may connect, separated by commas
    #[arg(
        long,
        env = "UNISSON_ORIGINS",
        value_name = "ORIGINS",
        value_delimiter = ','
    )]
    pub origins: Option<Vec<String>>,
    /// How the server is reached.
    #[command(flatten)]
    pub http: HttpOptions,
    /// How much of everything there may be.
    #[command(flatten)]
    pub limits: LimitOptions,
    /// A version of a document is kept when nobody has edited it for so long [default: 600000]
    #[arg(long, env = "UNISSON_VERSION_PAUSE_MS", value_name = "MS")]
    pub version_pause_ms: Option<u64>,
    /// A version is kept at least so often while people go on editing [default: 3600000]
    #[arg(long, env = "UNISSON_VERSION_EVERY_MS", value_name = "MS")]
    pub version_every_ms: Option<u64>,
    /// Form of the log lines [default: text]
    #[arg(long, env = "UNISSON_LOG", value_enum)]
    pub log: Option<LogForm>,
}

/// Form of the log lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogForm {
    /// For people.
    #[default]
    Text,
    /// One JSON object each.
    Json,
}

/// The settings file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    listen: Option<SocketAddr>,
    data: Option<PathBuf>,
    insecure: Option<bool>,
    log: Option<LogForm>,
    auth: AuthFile,
    limits: LimitsFile,
    history: HistoryFile,
    spaces: SpacesFile,
    search: SearchFile,
    store: StoreFile,
    http: HttpFile,
    tls: TlsFile,
    embed: EmbedFile,
    quotas: Vec<QuotaFile>,
    events: EventsFile,
    webhooks: Vec<WebhookFile>,
    audit: AuditFile,
    admin: AdminFile,
    attachments: AttachmentsFile,
    presence: PresenceFile,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PresenceFile {
    readers: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct HistoryFile {
    version_pause_ms: Option<u64>,
    version_every_ms: Option<u64>,
    keep_all_ms: Option<u64>,
    keep_hourly_ms: Option<u64>,
    keep_daily_ms: Option<u64>,
}

/// Settings of a server, complete and checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen; port 0 draws a free one.
    pub listen: SocketAddr,
    /// The data folder; not used where there is an object store.
    pub data: PathBuf,
    /// The object store, where documents are not in the data folder.
    pub store: Option<ObjectStoreSettings>,
    /// Nobody needs a token beyond loopback.
    pub insecure: bool,
    /// Who may come in; empty: anybody.
    pub tokens: Vec<Token>,
    /// Who else may come in, by signed tokens.
    pub auth: AuthSettings,
    /// The groups of the sign-in whose people are operators.
    pub admin_groups: Vec<String>,
    /// What new spaces are like, and who makes them.
    pub spaces: SpacesSettings,
    /// Whether people can search, and where the index is.
    pub search: SearchSettings,
    /// The cookie that may carry a token.
    pub cookie: String,
    /// Web origins whose pages may connect, beside the server's own.
    pub origins: Vec<String>,
    /// Most sockets at a time.
    pub sockets_max: usize,
    /// Most open documents at a time.
    pub documents_max: usize,
    /// What may wait for one socket, in bytes.
    pub outbox_bytes_max: usize,
    /// What open documents may take together, in bytes; 0: no limit; `None`: half of what this
    /// process may use.
    pub memory_max: Option<u64>,
    /// How long a stop may take.
    pub drain_deadline: Duration,
    /// Threads for documents and sockets.
    pub worker_threads: usize,
    /// Commits that follow one another are so far apart; an edit after a pause does not wait. A
    /// longer time saves processor, and saving is told that much later.
    pub commit_interval_ms: u64,
    /// Limits of each document.
    pub limits: unisson_session::Limits,
    /// Limits of what comes in.
    pub traffic: TrafficLimits,
    /// How the server is reached.
    pub http: HttpSettings,
    /// How much documents may take together, by place.
    pub quotas: Vec<QuotaRule>,
    /// Which versions are kept for how long.
    pub thinning: unisson_history::Thinning,
    /// When changes of documents are told.
    pub events: EventSettings,
    /// Whom events are sent to.
    pub webhooks: Vec<WebhookSettings>,
    /// Where webhooks that calls make may go beside public addresses.
    pub hook_networks: HookNetworks,
    /// What seals their secrets in the store.
    pub hook_keys: HookKeys,
    /// What is written down of what people do.
    pub audit: AuditSettings,
    /// How long files that nobody wants any more are kept.
    pub attachments: AttachmentSettings,
    /// Form of the log lines.
    pub log: LogForm,
}

/// Why settings are not usable.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file could not be read.
    #[error("{path}: {source}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("{path}: {problem}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and where.
        problem: String,
    },
    /// A value makes no sense.
    #[error("{key}: {problem}")]
    Value {
        /// Which setting.
        key: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// Everybody could write.
    #[error(
        "{listen} can be reached from other machines and nobody is asked who they are: set \
         auth.secret, auth.jwks_url, auth.callback or [[auth.tokens]] in the settings file (or UNISSON_AUTH_SECRET, \
         UNISSON_JWKS_URL, UNISSON_TOKENS), listen on 127.0.0.1, or say --insecure"
    )]
    Open {
        /// The address.
        listen: SocketAddr,
    },
}

impl Settings {
    /// Settings for a folder and an address, with all defaults.
    pub fn new(listen: SocketAddr, data: impl Into<PathBuf>) -> Self {
        Self {
            listen,
            data: data.into(),
            store: None,
            insecure: false,
            tokens: Vec::new(),
            auth: AuthSettings::default(),
            admin_groups: Vec::new(),
            spaces: SpacesSettings::default(),
            search: SearchSettings::default(),
            cookie: "unisson_token".into(),
            origins: Vec::new(),
            sockets_max: 20_000,
            documents_max: 10_000,
            outbox_bytes_max: 1 << 20,
            memory_max: None,
            drain_deadline: Duration::from_secs(10),
            worker_threads: default_worker_threads(),
            commit_interval_ms: 8,
            limits: unisson_session::Limits::default(),
            traffic: TrafficLimits::default(),
            http: HttpSettings::default(),
            quotas: Vec::new(),
            thinning: unisson_history::Thinning::default(),
            events: EventSettings::default(),
            webhooks: Vec::new(),
            hook_networks: HookNetworks::default(),
            hook_keys: HookKeys::default(),
            audit: AuditSettings::default(),
            attachments: AttachmentSettings::default(),
            log: LogForm::Text,
        }
    }

    /// Puts flags, variables and file together, and checks the result.
    pub fn gather(options: Options) -> Result<Self, SettingsError> {
        let mut file = read_file(options.config.as_ref())?;
        let insecure = options.insecure.or(file.insecure).unwrap_or(false);
        let default = Self::new(SocketAddr::from(([127, 0, 0, 1], 4444)), "./data");
        let limits = limits::gather(&options.limits, &file.limits, default.all_limits());
        let session = unisson_session::Limits {
            version_pause_ms: options
                .version_pause_ms
                .or(file.history.version_pause_ms)
                .unwrap_or(limits.session.version_pause_ms),
            version_every_ms: options
                .version_every_ms
                .or(file.history.version_every_ms)
                .unwrap_or(limits.session.version_every_ms),
            shows_readers: file.presence.readers.unwrap_or(true),
            ..limits.session
        };
        let settings = Self {
            listen: options.listen.or(file.listen).unwrap_or(default.listen),
            data: options.data.or(file.data).unwrap_or(default.data),
            store: ObjectStoreSettings::gather(options.store, file.store)
                .map_err(|(key, problem)| SettingsError::Value { key, problem })?,
            insecure,
            admin_groups: file.admin.gather(file.auth.signs_in())?,
            auth: AuthSettings::gather(options.auth, &mut file.auth, insecure)?,
            spaces: file.spaces.read()?,
            search: file.search.read(options.index),
            tokens: match &options.tokens {
                Some(list) => tokens_of_list(list)?,
                None => file
                    .auth
                    .tokens
                    .into_iter()
                    .map(token)
                    .collect::<Result<_, _>>()?,
            },
            cookie: options
                .cookie
                .or(file.auth.cookie)
                .unwrap_or(default.cookie),
            origins: options.origins.or(file.auth.origins).unwrap_or_default(),
            sockets_max: limits.sockets_max,
            documents_max: limits.documents_max,
            outbox_bytes_max: limits.outbox_bytes_max,
            memory_max: limits.memory_max,
            drain_deadline: limits.drain_deadline,
            worker_threads: limits.worker_threads,
            commit_interval_ms: limits.commit_interval_ms,
            limits: session,
            traffic: limits.traffic,
            http: HttpSettings::gather(options.http, file.http, file.tls, file.embed)?,
            quotas: quotas::gather(file.quotas)?,
            thinning: thinning(&file.history, default.thinning),
            events: webhooks::events(&file.events)?,
            hook_networks: webhooks::hook_networks(&file.events)?,
            hook_keys: webhooks::hook_keys(&mut file.events)?,
            webhooks: webhooks::webhooks(file.webhooks)?,
            audit: AuditSettings::gather(&file.audit)?,
            attachments: file.attachments.read()?,
            log: options.log.or(file.log).unwrap_or_default(),
        };
        settings.check()?;
        Ok(settings)
    }

    fn all_limits(&self) -> Limits {
        Limits {
            sockets_max: self.sockets_max,
            documents_max: self.documents_max,
            outbox_bytes_max: self.outbox_bytes_max,
            memory_max: self.memory_max,
            drain_deadline: self.drain_deadline,
            worker_threads: self.worker_threads,
            commit_interval_ms: self.commit_interval_ms,
            session: self.limits.clone(),
            traffic: self.traffic.clone(),
        }
    }

    /// Most sockets of one client address.
    pub(crate) fn sockets_per_address_max(&self) -> usize {
        let half = self.sockets_max.div_ceil(2);
        self.traffic.sockets_per_address_max.unwrap_or(half)
    }

    /// Where documents are, for people.
    pub fn place(&self) -> String {
        match &self.store {
            Some(store) => store.remote.url.clone(),
            None => self.data.display().to_string(),
        }
    }

    /// What open documents may take together; 0: no limit.
    pub(crate) fn memory_bytes_max(&self) -> u64 {
        self.memory_max
            .unwrap_or_else(crate::memory::default_bytes_max)
    }

    /// Whether nobody is asked who they are, and nobody said that this is meant for others.
    pub(crate) fn is_for_this_machine(&self) -> bool {
        self.is_open() && !self.insecure
    }

    /// Whether anybody may do anything.
    pub fn is_open(&self) -> bool {
        self.tokens.is_empty() && self.auth.is_empty()
    }

    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        if self.is_for_this_machine() && !self.listen.ip().is_loopback() {
            return Err(SettingsError::Open {
                listen: self.listen,
            });
        }
        for (key, value) in [
            ("worker_threads", self.worker_threads),
            ("sockets_max", self.sockets_max),
            ("documents_max", self.documents_max),
            ("outbox_bytes_max", self.outbox_bytes_max),
            ("update_bytes_max", self.limits.update_bytes_max),
            ("document_bytes_max", self.limits.document_bytes_max),
        ] {
            if value == 0 {
                return Err(SettingsError::Value {
                    key,
                    problem: "must not be zero".into(),
                });
            }
        }
        if self.commit_interval_ms > COMMIT_INTERVAL_MS_MAX {
            return Err(SettingsError::Value {
                key: "commit_interval_ms",
                problem: format!("must not be over {COMMIT_INTERVAL_MS_MAX}"),
            });
        }
        self.traffic.check(self.limits.update_bytes_max)
    }
}

/// One processor is left to the log, to loading and compressing, and to the kernel's network work:
/// measured on two processors, that takes a seventh less time for each edit, and edits are seen
/// sooner.
fn default_worker_threads() -> usize {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    processors.saturating_sub(1).max(1)
}

fn read_file(path: Option<&PathBuf>) -> Result<File, SettingsError> {
    let Some(path) = path else {
        return Ok(File::default());
    };
    let text = std::fs::read_to_string(path).map_err(|source| SettingsError::Read {
        path: path.clone(),
        source,
    })?;
    toml::from_str(&text).map_err(|error| SettingsError::File {
        path: path.clone(),
        problem: error.to_string(),
    })
}

fn thinning(file: &HistoryFile, default: unisson_history::Thinning) -> unisson_history::Thinning {
    unisson_history::Thinning {
        all_ms: file.keep_all_ms.unwrap_or(default.all_ms),
        hourly_ms: file.keep_hourly_ms.unwrap_or(default.hourly_ms),
        daily_ms: file.keep_daily_ms.unwrap_or(default.daily_ms),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gather(toml: &str, options: Options) -> Result<Settings, SettingsError> {
        let dir = tempfile::tempdir().expect("a folder");
        let config = dir.path().join("unisson.toml");
        std::fs::write(&config, toml).expect("written");
        Settings::gather(Options {
            config: Some(config),
            ..options
        })
    }

    #[test]
    fn a_flag_beats_the_file_and_the_file_beats_the_default() {
        let toml = "listen = \"127.0.0.1:1\"\ndata = \"/file\"\n";
        let flag = Options {
            listen: Some(([127, 0, 0, 1], 2).into()),
            ..Options::default()
        };
        let settings = gather(toml, flag).expect("fine");
        assert_eq!(settings.listen.port(), 2);
        assert_eq!(settings.data, PathBuf::from("/file"));
        assert_eq!(settings.sockets_max, 20_000);
    }

    #[test]
    fn edits_are_not_left_unsaved_for_long() {
        let error = gather("[limits]\ncommit_interval_ms = 5000", Options::default());
        let error = error.expect_err("refused").to_string();
        assert!(error.contains("commit_interval_ms"), "{error}");
        let settings = gather("[limits]\ncommit_interval_ms = 0", Options::default());
        assert_eq!(settings.expect("fine").commit_interval_ms, 0);
    }

    #[test]
    fn an_unknown_key_is_named() {
        let error = gather("lisen = \"127.0.0.1:1\"", Options::default()).expect_err("refused");
        assert!(error.to_string().contains("lisen"), "{error}");
    }

    #[test]
    fn beyond_loopback_a_token_or_a_clear_word_is_needed() {
        let listen = Some(([0, 0, 0, 0], 0).into());
        let open = Options {
            listen,
            ..Options::default()
        };
        assert!(matches!(
            Settings::gather(open),
            Err(SettingsError::Open { .. })
        ));
        let insecure = Options {
            listen,
            insecure: Some(true),
            ..Options::default()
        };
        assert!(Settings::gather(insecure).is_ok());
        let tokens = Some("secret:read-write,look:read-only".into());
        let settings = Settings::gather(Options {
            listen,
            tokens,
            ..Options::default()
        });
        assert_eq!(settings.expect("fine").tokens.len(), 2);
    }

    #[test]
    fn a_token_never_shows_in_debug_output() {
        let settings = gather(
            "[[auth.tokens]]\nvalue = \"s3cret\"\naccess = \"read-only\"\n",
            Options::default(),
        )
        .expect("fine");
        assert!(!format!("{settings:?}").contains("s3cret"));
    }
}
