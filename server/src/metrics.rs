//! What the server counts, in Prometheus' text format.

use std::sync::atomic::AtomicU64;

use crate::{memory::Memory, outbox::Written};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};
use unisson_storage::{BUCKETS_US, Histogram, REQUEST_KINDS, StoreStatus};

/// A dialect, as a label.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct DialectLabel {
    pub(crate) dialect: &'static str,
}

/// A reason, as a label.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ReasonLabel {
    pub(crate) reason: &'static str,
}

/// A limit, as a label.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct LimitLabel {
    pub(crate) limit: &'static str,
}

/// Counters and gauges of one server.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    pub(crate) sockets: Family<DialectLabel, Gauge>,
    pub(crate) sockets_carried: Gauge,
    pub(crate) documents: Gauge,
    pub(crate) frames_received: Counter,
    pub(crate) bytes_received: Counter,
    pub(crate) frames_sent: Counter,
    pub(crate) bytes_sent: Counter,
    pub(crate) updates: Counter,
    pub(crate) refused: Family<ReasonLabel, Counter>,
    pub(crate) closed: Family<ReasonLabel, Counter>,
    pub(crate) limited: Family<LimitLabel, Counter>,
    pub(crate) connections: Gauge,
    pub(crate) certificate_failures: Counter,
    pub(crate) lagging: Counter,
    pub(crate) panics: Counter,
    pub(crate) snapshots_failed: Counter,
    pub(crate) versions: Counter,
    pub(crate) renderings: Counter,
    pub(crate) versions_failed: Counter,
    pub(crate) oldest_undurable_ms: Gauge<u64, AtomicU64>,
}

impl Metrics {
    /// Counts a refused message or login.
    pub(crate) fn refuse(&self, reason: &'static str) {
        self.refused.get_or_create(&ReasonLabel { reason }).inc();
    }

    /// Counts somebody whom a limit of the settings has stopped or slowed.
    pub(crate) fn limit(&self, limit: &'static str) {
        self.limited.get_or_create(&LimitLabel { limit }).inc();
    }

    /// Counts frames that sockets have taken.
    pub(crate) fn sent(&self, written: Written) {
        if written.frames > 0 {
            self.frames_sent.inc_by(written.frames);
            self.bytes_sent.inc_by(written.bytes);
        }
    }

    /// Everything, for a scrape; `more` is text of the same form.
    pub(crate) fn text(&self, store: &StoreStatus, memory: &Memory, more: &str) -> String {
        let mut registry = Registry::with_prefix("unisson");
        registry.register("sockets", "Open sockets", self.sockets.clone());
        registry.register(
            "sockets_carried",
            "Open sockets that plain requests carry",
            self.sockets_carried.clone(),
        );
        registry.register("documents", "Open documents", self.documents.clone());
        registry.register(
            "frames_received",
            "Frames from clients",
            self.frames_received.clone(),
        );
        registry.register_with_unit(
            "received",
            "Bytes of frames from clients",
            Unit::Bytes,
            self.bytes_received.clone(),
        );
        registry.register("frames_sent", "Frames to clients", self.frames_sent.clone());
        registry.register_with_unit(
            "sent",
            "Bytes of frames to clients",
            Unit::Bytes,
            self.bytes_sent.clone(),
        );
        registry.register("updates", "Updates from clients", self.updates.clone());
        registry.register(
            "refused",
            "Refused messages and logins",
            self.refused.clone(),
        );
        registry.register(
            "closed",
            "Sockets closed by the server",
            self.closed.clone(),
        );
        registry.register(
            "limited",
            "Requests, sockets and edits stopped or slowed by a limit",
            self.limited.clone(),
        );
        registry.register(
            "http_connections",
            "Connections that are no sockets",
            self.connections.clone(),
        );
        registry.register(
            "tls_reload_failures",
            "Times that a changed certificate was not usable",
            self.certificate_failures.clone(),
        );
        registry.register(
            "lagging",
            "Times that a reader fell behind",
            self.lagging.clone(),
        );
        registry.register(
            "task_panics",
            "Documents ended by a panic",
            self.panics.clone(),
        );
        registry.register(
            "snapshots_failed",
            "Snapshots that could not be stored",
            self.snapshots_failed.clone(),
        );
        registry.register("versions", "Versions kept", self.versions.clone());
        registry.register(
            "renderings",
            "Times that a page was made into HTML",
            self.renderings.clone(),
        );
        registry.register(
            "versions_failed",
            "Versions that could not be kept",
            self.versions_failed.clone(),
        );
        self.oldest_undurable_ms.set(store.oldest_undurable_ms);
        registry.register(
            "oldest_undurable_ms",
            "Age of the oldest edit that is not durable yet, in milliseconds",
            self.oldest_undurable_ms.clone(),
        );
        let mut text = String::new();
        if encode(&mut text, &registry).is_err() {
            return String::new();
        }
        let end = text.trim_end().trim_end_matches("# EOF").len();
        text.truncate(end);
        text.push_str(&memory_text(memory));
        text.push_str(&store_text(store));
        text.push_str(more);
        text.push_str("# EOF\n");
        text
    }
}

fn memory_text(memory: &Memory) -> String {
    format!(
        "# HELP unisson_documents_memory_bytes Memory that open documents take, about\n\
         # TYPE unisson_documents_memory_bytes gauge\nunisson_documents_memory_bytes {}\n\
         # HELP unisson_documents_cold Open documents that are held as compressed bytes\n\
         # TYPE unisson_documents_cold gauge\nunisson_documents_cold {}\n\
         # HELP unisson_memory_asked Times that a document was asked to give memory back\n\
         # TYPE unisson_memory_asked counter\nunisson_memory_asked_total {}\n",
        memory.bytes(),
        memory.cold(),
        memory.asked()
    )
}

fn store_text(store: &StoreStatus) -> String {
    let mut text = String::new();
    let counts: [(&str, &str, u64); 15] = [
        ("store_appended_total", "counter", store.appended_count),
        (
            "store_appended_bytes_total",
            "counter",
            store.appended_bytes,
        ),
        ("store_refused_total", "counter", store.refused_count),
        ("store_queue_bytes", "gauge", store.queue_bytes as u64),
        ("store_segments", "gauge", store.segments as u64),
        ("store_documents", "gauge", store.documents as u64),
        ("store_full", "gauge", u64::from(store.is_full)),
        ("store_failing", "gauge", u64::from(store.is_failing)),
        ("store_unsealed_bytes", "gauge", store.unsealed_bytes),
        ("store_unmerged_bytes", "gauge", store.unmerged_bytes),
        (
            "store_requests_in_flight",
            "gauge",
            store.requests.in_flight,
        ),
        (
            "store_retries_total",
            "counter",
            store.requests.retried_count,
        ),
        (
            "store_sent_bytes_total",
            "counter",
            store.requests.sent_bytes,
        ),
        (
            "store_received_bytes_total",
            "counter",
            store.requests.received_bytes,
        ),
        (
            "store_objects_deleted_total",
            "counter",
            store.objects_deleted,
        ),
    ];
    for (name, kind, value) in counts {
        let family = name.trim_end_matches("_total");
        text.push_str(&format!(
            "# TYPE unisson_{family} {kind}\nunisson_{name} {value}\n"
        ));
    }
    histogram(&mut text, "store_sync_seconds", &store.sync);
    histogram(&mut text, "store_append_seconds", &store.append);
    requests_text(&mut text, store);
    text
}

/// Requests to the object store, or to the folder that stands for one.
fn requests_text(text: &mut String, store: &StoreStatus) {
    let kinds = || REQUEST_KINDS.iter().zip(&store.requests.kinds);
    text.push_str("# TYPE unisson_store_requests counter\n");
    for (kind, figures) in kinds() {
        let succeeded = figures.count - figures.failed_count;
        for (result, count) in [("ok", succeeded), ("failed", figures.failed_count)] {
            text.push_str(&format!(
                "unisson_store_requests_total{{kind=\"{kind}\",result=\"{result}\"}} {count}\n"
            ));
        }
    }
    text.push_str("# TYPE unisson_store_request_seconds summary\n");
    for (kind, figures) in kinds() {
        let (seconds, count) = (figures.duration.sum_us as f64 / 1e6, figures.duration.count);
        text.push_str(&format!(
            "unisson_store_request_seconds_sum{{kind=\"{kind}\"}} {seconds}\n\
             unisson_store_request_seconds_count{{kind=\"{kind}\"}} {count}\n"
        ));
    }
}

fn histogram(text: &mut String, name: &str, histogram: &Histogram) {
    text.push_str(&format!("# TYPE unisson_{name} histogram\n"));
    let mut sum = 0;
    let bounds = BUCKETS_US.iter().map(|us| (*us as f64 / 1e6).to_string());
    for (bound, count) in bounds.chain(["+Inf".to_owned()]).zip(histogram.counts) {
        sum += count;
        text.push_str(&format!("unisson_{name}_bucket{{le=\"{bound}\"}} {sum}\n"));
    }
    let seconds = histogram.sum_us as f64 / 1e6;
    text.push_str(&format!(
        "unisson_{name}_sum {seconds}\nunisson_{name}_count {sum}\n"
    ));
}
