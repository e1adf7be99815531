//! How much of everything there may be: flags, the table `[limits]`, defaults with their reasons.
//!
//! `docs/operations/security.md` says what each one protects; a test holds it to this file.

use std::time::Duration;

use clap::Args;
use serde::Deserialize;

use super::SettingsError;

/// Editors show an edit as unsaved for at least so long; past a second people begin to worry.
pub(super) const COMMIT_INTERVAL_MS_MAX: u64 = 1_000;
/// hyper reads into no less.
const HEADER_BYTES_MIN: usize = 8 << 10;
/// All of what is being attached together may take this much memory.
const ATTACHMENT_BYTES_MAX: usize = crate::attachments::MEMORY_BYTES_MAX;

/// Flags and variables about limits.
#[derive(Debug, Args, Default)]
pub struct LimitOptions {
    /// Most sockets at a time [default: 20000]
    #[arg(long, env = "UNISSON_SOCKETS_MAX", value_name = "N")]
    pub sockets_max: Option<usize>,
    /// Most sockets of one client address at a time [default: half of all]
    #[arg(long, env = "UNISSON_SOCKETS_PER_ADDRESS_MAX", value_name = "N")]
    pub sockets_per_address_max: Option<usize>,
    /// Most open documents at a time [default: 10000]
    #[arg(long, env = "UNISSON_DOCUMENTS_MAX", value_name = "N")]
    pub documents_max: Option<usize>,
    /// Largest update, in bytes [default: 33554432]
    #[arg(long, env = "UNISSON_UPDATE_BYTES_MAX", value_name = "BYTES")]
    pub update_bytes_max: Option<usize>,
    /// Largest document, in bytes of its updates [default: 67108864]
    #[arg(long, env = "UNISSON_DOCUMENT_BYTES_MAX", value_name = "BYTES")]
    pub document_bytes_max: Option<usize>,
    /// What may wait for a slow reader before it gets one catch-up instead [default: 1048576]
    #[arg(long, env = "UNISSON_OUTBOX_BYTES_MAX", value_name = "BYTES")]
    pub outbox_bytes_max: Option<usize>,
    /// What open documents may take together, in bytes; 0: no limit [default: half of the memory
    /// of the machine or of its control group]
    #[arg(long, env = "UNISSON_MEMORY_MAX", value_name = "BYTES")]
    pub memory_max: Option<u64>,
    /// How long a stop may take before the process ends with an error [default: 10000]
    #[arg(long, env = "UNISSON_DRAIN_DEADLINE_MS", value_name = "MS")]
    pub drain_deadline_ms: Option<u64>,
    /// Threads for documents and sockets: one fewer than processors, if not set.
    #[arg(long, env = "UNISSON_WORKER_THREADS")]
    pub worker_threads: Option<usize>,
    /// Time between two commits that follow one another; 0: none [default: 8]
    #[arg(long, env = "UNISSON_COMMIT_INTERVAL_MS", value_name = "MS")]
    pub commit_interval_ms: Option<u64>,
    /// How long a document stays open after its last reader has left [default: 15000]
    #[arg(long, env = "UNISSON_UNLOAD_IDLE_MS", value_name = "MS")]
    pub unload_idle_ms: Option<u64>,
}

/// The table `[limits]` of the settings file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LimitsFile {
    sockets_max: Option<usize>,
    documents_max: Option<usize>,
    update_bytes_max: Option<usize>,
    document_bytes_max: Option<usize>,
    outbox_bytes_max: Option<usize>,
    memory_max: Option<u64>,
    drain_deadline_ms: Option<u64>,
    worker_threads: Option<usize>,
    commit_interval_ms: Option<u64>,
    unload_idle_ms: Option<u64>,
    peers_per_document_max: Option<usize>,
    sockets_per_address_max: Option<usize>,
    unidentified_per_address_max: Option<usize>,
    peers_per_user_max: Option<usize>,
    http_connections_max: Option<usize>,
    http_connections_per_address_max: Option<usize>,
    frames_per_s: Option<u32>,
    frames_burst: Option<u32>,
    received_bytes_per_s: Option<u32>,
    received_bytes_burst: Option<u32>,
    frames_per_user_per_s: Option<u32>,
    frames_per_user_burst: Option<u32>,
    received_bytes_per_user_per_s: Option<u32>,
    received_bytes_per_user_burst: Option<u32>,
    frames_per_address_per_s: Option<u32>,
    frames_per_address_burst: Option<u32>,
    received_bytes_per_address_per_s: Option<u32>,
    received_bytes_per_address_burst: Option<u32>,
    slowed_ms_max: Option<u64>,
    sign_in_ms_max: Option<u64>,
    requests_per_address_per_s: Option<u32>,
    requests_per_address_burst: Option<u32>,
    requests_per_user_per_s: Option<u32>,
    requests_per_user_burst: Option<u32>,
    header_bytes_max: Option<usize>,
    header_ms_max: Option<u64>,
    request_bytes_max: Option<usize>,
    request_ms_max: Option<u64>,
    attachment_bytes_max: Option<usize>,
}

/// Limits of what comes in, by address, person, socket and request.
///
/// A whole ministry may come from one address, so the limits of an address keep one of them from
/// taking everything and are no fair share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficLimits {
    /// Most sockets of one client address; `None`: half of all.
    pub sockets_per_address_max: Option<usize>,
    /// Most sockets of one address that have not said yet who they are.
    pub unidentified_per_address_max: usize,
    /// How often one person may have documents open, in all windows and devices together.
    pub peers_per_user_max: usize,
    /// Most connections that are no sockets (yet).
    pub http_connections_max: usize,
    /// Most of those of one address. Does not count for trusted proxies, which have their own.
    pub http_connections_per_address_max: usize,
    /// Frames of one socket, in the long run. Somebody who types fast makes 40; a program that
    /// replays a history makes thousands and is slowed.
    pub frames_per_s: u32,
    /// Frames of one socket at once: opening a hundred documents makes a thousand.
    pub frames_burst: u32,
    /// Bytes of one socket, in the long run.
    pub received_bytes_per_s: u32,
    /// Bytes of one socket at once: a first sync is a whole document.
    pub received_bytes_burst: u32,
    /// Frames of one person over all sockets, in the long run.
    pub frames_per_user_per_s: u32,
    /// The same at once.
    pub frames_per_user_burst: u32,
    /// Bytes of one person over all sockets, in the long run.
    pub received_bytes_per_user_per_s: u32,
    /// The same at once.
    pub received_bytes_per_user_burst: u32,
    /// Frames of one address over all sockets, in the long run: a whole ministry may have one.
    pub frames_per_address_per_s: u32,
    /// The same at once: all of them come back after a restart.
    pub frames_per_address_burst: u32,
    /// Bytes of one address over all sockets, in the long run.
    pub received_bytes_per_address_per_s: u32,
    /// The same at once.
    pub received_bytes_per_address_burst: u32,
    /// A socket that is over its rate for so long without a break is sent away for a while.
    pub slowed_ms_max: u64,
    /// How long a socket may be open without a document that it was let into.
    pub sign_in_ms_max: u64,
    /// Requests of one address, handshakes included.
    pub requests_per_address_per_s: u32,
    /// The same at once: all people of a house come back after a restart.
    pub requests_per_address_burst: u32,
    /// Requests with one credential.
    pub requests_per_user_per_s: u32,
    /// The same at once.
    pub requests_per_user_burst: u32,
    /// The head of a request: a token has at most 8 KiB, cookies come on top.
    pub header_bytes_max: usize,
    /// How long the head of a request (and a TLS handshake) may take, also the next one.
    pub header_ms_max: u64,
    /// The body of any request; most addresses take much less.
    pub request_bytes_max: usize,
    /// How long the body of a request may take.
    pub request_ms_max: u64,
    /// A file that somebody attaches. While it comes, and once more when it is complete, so much of
    /// it is in memory.
    pub attachment_bytes_max: usize,
}

impl Default for TrafficLimits {
    fn default() -> Self {
        Self {
            sockets_per_address_max: None,
            unidentified_per_address_max: 1_000,
            peers_per_user_max: 500,
            http_connections_max: 4_096,
            http_connections_per_address_max: 1_024,
            frames_per_s: 2_000,
            frames_burst: 20_000,
            received_bytes_per_s: 8 << 20,
            received_bytes_burst: 128 << 20,
            frames_per_user_per_s: 4_000,
            frames_per_user_burst: 40_000,
            received_bytes_per_user_per_s: 16 << 20,
            received_bytes_per_user_burst: 256 << 20,
            frames_per_address_per_s: 100_000,
            frames_per_address_burst: 1_000_000,
            received_bytes_per_address_per_s: 256 << 20,
            received_bytes_per_address_burst: 2 << 30,
            slowed_ms_max: 60_000,
            sign_in_ms_max: 30_000,
            requests_per_address_per_s: 500,
            requests_per_address_burst: 10_000,
            requests_per_user_per_s: 50,
            requests_per_user_burst: 500,
            header_bytes_max: 32 << 10,
            header_ms_max: 15_000,
            request_bytes_max: 32 << 20,
            request_ms_max: 60_000,
            attachment_bytes_max: 20 << 20,
        }
    }
}

/// Everything of the table, complete.
pub(super) struct Limits {
    pub(super) sockets_max: usize,
    pub(super) documents_max: usize,
    pub(super) outbox_bytes_max: usize,
    pub(super) memory_max: Option<u64>,
    pub(super) drain_deadline: Duration,
    pub(super) worker_threads: usize,
    pub(super) commit_interval_ms: u64,
    pub(super) session: unisson_session::Limits,
    pub(super) traffic: TrafficLimits,
}

/// Puts flags, file and defaults together.
pub(super) fn gather(options: &LimitOptions, file: &LimitsFile, default: Limits) -> Limits {
    let session = default.session;
    let drain_ms = options.drain_deadline_ms.or(file.drain_deadline_ms);
    let mut traffic = file.traffic_over(&default.traffic);
    traffic.sockets_per_address_max = options
        .sockets_per_address_max
        .or(file.sockets_per_address_max);
    macro_rules! chosen {
        ($key:ident, $default:expr) => {
            options.$key.or(file.$key).unwrap_or($default)
        };
    }
    Limits {
        sockets_max: chosen!(sockets_max, default.sockets_max),
        documents_max: chosen!(documents_max, default.documents_max),
        outbox_bytes_max: chosen!(outbox_bytes_max, default.outbox_bytes_max),
        memory_max: options.memory_max.or(file.memory_max),
        drain_deadline: drain_ms.map_or(default.drain_deadline, Duration::from_millis),
        worker_threads: chosen!(worker_threads, default.worker_threads),
        commit_interval_ms: chosen!(commit_interval_ms, default.commit_interval_ms),
        session: unisson_session::Limits {
            update_bytes_max: chosen!(update_bytes_max, session.update_bytes_max),
            document_bytes_max: chosen!(document_bytes_max, session.document_bytes_max),
            unload_idle_ms: chosen!(unload_idle_ms, session.unload_idle_ms),
            peers_max: file.peers_per_document_max.unwrap_or(session.peers_max),
            ..session
        },
        traffic,
    }
}

impl LimitsFile {
    fn traffic_over(&self, default: &TrafficLimits) -> TrafficLimits {
        macro_rules! chosen {
            ($($key:ident),* $(,)?) => {
                TrafficLimits {
                    sockets_per_address_max: default.sockets_per_address_max,
                    $($key: self.$key.unwrap_or(default.$key)),*
                }
            };
        }
        chosen!(
            unidentified_per_address_max,
            peers_per_user_max,
            http_connections_max,
            http_connections_per_address_max,
            frames_per_s,
            frames_burst,
            received_bytes_per_s,
            received_bytes_burst,
            frames_per_user_per_s,
            frames_per_user_burst,
            received_bytes_per_user_per_s,
            received_bytes_per_user_burst,
            frames_per_address_per_s,
            frames_per_address_burst,
            received_bytes_per_address_per_s,
            received_bytes_per_address_burst,
            slowed_ms_max,
            sign_in_ms_max,
            requests_per_address_per_s,
            requests_per_address_burst,
            requests_per_user_per_s,
            requests_per_user_burst,
            header_bytes_max,
            header_ms_max,
            request_bytes_max,
            request_ms_max,
            attachment_bytes_max,
        )
    }
}

impl TrafficLimits {
    /// Nothing that is zero where zero would stop everything, and no burst that is smaller than
    /// one honest message.
    pub(super) fn check(&self, update_bytes_max: usize) -> Result<(), SettingsError> {
        let wrong = |key, problem: String| Err(SettingsError::Value { key, problem });
        for (key, value) in [
            (
                "limits.sockets_per_address_max",
                self.sockets_per_address_max.unwrap_or(1),
            ),
            (
                "limits.unidentified_per_address_max",
                self.unidentified_per_address_max,
            ),
            ("limits.peers_per_user_max", self.peers_per_user_max),
            ("limits.http_connections_max", self.http_connections_max),
            (
                "limits.http_connections_per_address_max",
                self.http_connections_per_address_max,
            ),
            ("limits.frames_per_s", self.frames_per_s as usize),
            ("limits.frames_burst", self.frames_burst as usize),
            (
                "limits.received_bytes_per_s",
                self.received_bytes_per_s as usize,
            ),
            (
                "limits.requests_per_address_per_s",
                self.requests_per_address_per_s as usize,
            ),
            (
                "limits.requests_per_address_burst",
                self.requests_per_address_burst as usize,
            ),
            (
                "limits.requests_per_user_per_s",
                self.requests_per_user_per_s as usize,
            ),
            (
                "limits.requests_per_user_burst",
                self.requests_per_user_burst as usize,
            ),
            (
                "limits.frames_per_user_per_s",
                self.frames_per_user_per_s as usize,
            ),
            (
                "limits.frames_per_user_burst",
                self.frames_per_user_burst as usize,
            ),
            (
                "limits.received_bytes_per_user_per_s",
                self.received_bytes_per_user_per_s as usize,
            ),
            (
                "limits.received_bytes_per_user_burst",
                self.received_bytes_per_user_burst as usize,
            ),
            (
                "limits.frames_per_address_per_s",
                self.frames_per_address_per_s as usize,
            ),
            (
                "limits.frames_per_address_burst",
                self.frames_per_address_burst as usize,
            ),
            (
                "limits.received_bytes_per_address_per_s",
                self.received_bytes_per_address_per_s as usize,
            ),
            (
                "limits.received_bytes_per_address_burst",
                self.received_bytes_per_address_burst as usize,
            ),
            ("limits.slowed_ms_max", self.slowed_ms_max as usize),
            ("limits.sign_in_ms_max", self.sign_in_ms_max as usize),
            ("limits.header_ms_max", self.header_ms_max as usize),
            ("limits.request_bytes_max", self.request_bytes_max),
            ("limits.request_ms_max", self.request_ms_max as usize),
            ("limits.attachment_bytes_max", self.attachment_bytes_max),
        ] {
            if value == 0 {
                return wrong(key, "must not be zero".into());
            }
        }
        if self.attachment_bytes_max > ATTACHMENT_BYTES_MAX {
            let problem = format!("must be at most {ATTACHMENT_BYTES_MAX}");
            return wrong("limits.attachment_bytes_max", problem);
        }
        if self.header_bytes_max < HEADER_BYTES_MIN {
            let problem = format!("must be at least {HEADER_BYTES_MIN}");
            return wrong("limits.header_bytes_max", problem);
        }
        if (self.received_bytes_burst as usize) < update_bytes_max {
            let problem = format!("must be at least update_bytes_max ({update_bytes_max})");
            return wrong("limits.received_bytes_burst", problem);
        }
        for (key, burst) in [
            (
                "limits.received_bytes_per_user_burst",
                self.received_bytes_per_user_burst,
            ),
            (
                "limits.received_bytes_per_address_burst",
                self.received_bytes_per_address_burst,
            ),
        ] {
            if (burst as usize) < update_bytes_max {
                let problem = format!("must be at least update_bytes_max ({update_bytes_max})");
                return wrong(key, problem);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
