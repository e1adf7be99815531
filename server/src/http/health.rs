//! Is the process alive, can it work, and how is it doing?

use std::sync::atomic::{AtomicU64, Ordering};

use axum::{extract::State, http::StatusCode, http::header, response::IntoResponse};

use super::{AppState, error::Problem};
use crate::{audit::Audit, registry::Shared, webhooks::Standing};

/// The process answers. Says nothing about the store: restarting would not help there.
pub(crate) async fn alive() -> &'static str {
    "alive\n"
}

/// New edits can be made durable; otherwise says why not.
pub(crate) async fn ready(State(state): State<AppState>) -> Result<&'static str, Problem> {
    let unready = |code: &'static str, detail: String| Problem {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code,
        detail,
    };
    if state.registry.is_draining() {
        return Err(unready("draining", "the server is stopping".into()));
    }
    let store = state.registry.shared().store.status();
    let why = store.last_error.unwrap_or_default();
    if store.is_stopped {
        return Err(unready(
            "store-stopped",
            format!("the store has stopped: {why}"),
        ));
    }
    if store.is_full {
        return Err(unready(
            "store-full",
            format!("the store has no space left: {why}"),
        ));
    }
    Ok("ready\n")
}

/// Counters and gauges in Prometheus' text format.
pub(crate) async fn metrics(State(state): State<AppState>) -> impl IntoResponse {
    let shared = state.registry.shared();
    let mut more = audit_text(&shared.audit);
    more.push_str(&webhooks_text(shared).await);
    more.push_str(&search_text(shared));
    let text = shared
        .metrics
        .text(&shared.store.status(), &shared.memory, &more);
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text)
}

/// How far the log goes: whoever keeps this can tell whether its end is cut off later.
fn audit_text(audit: &Audit) -> String {
    let Some(published) = audit.published() else {
        return String::new();
    };
    let (chain, head) = (published.chain, published.head);
    format!(
        "# HELP unisson_audit_lines Lines of this process's chain of the audit log\n\
         # TYPE unisson_audit_lines gauge\n\
         unisson_audit_lines{{chain=\"{chain}\",head=\"{}\"}} {}\n\
         # HELP unisson_audit_lost Lines of the audit log that found no room\n\
         # TYPE unisson_audit_lost counter\nunisson_audit_lost_total {}\n",
        head.hash,
        head.seq,
        audit.lost()
    )
}

/// How the index of the search is doing; nothing where there is none.
fn search_text(shared: &Shared) -> String {
    if !shared.settings.search.enabled {
        return String::new();
    }
    let index = shared.indexing.index();
    let (documents, bytes) = index.map_or((0, 0), |index| index.size());
    let figures = &shared.indexing.figures;
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    format!(
        "# HELP unisson_search_documents Documents that can be found\n\
         # TYPE unisson_search_documents gauge\nunisson_search_documents {documents}\n\
         # HELP unisson_search_index_bytes Size of the index\n\
         # TYPE unisson_search_index_bytes gauge\nunisson_search_index_bytes {bytes}\n\
         # HELP unisson_search_waiting Documents whose newest edits cannot be found yet\n\
         # TYPE unisson_search_waiting gauge\nunisson_search_waiting {}\n\
         # HELP unisson_search_indexed Times that a document was put into the index\n\
         # TYPE unisson_search_indexed counter\nunisson_search_indexed_total {}\n\
         # HELP unisson_search_failed Times that a document could not be read for it\n\
         # TYPE unisson_search_failed counter\nunisson_search_failed_total {}\n",
        read(&figures.waiting),
        read(&figures.indexed),
        read(&figures.failed)
    )
}

/// How webhooks are doing; nothing where there are none.
async fn webhooks_text(shared: &Shared) -> String {
    let Some(webhooks) = shared.webhooks.get() else {
        return String::new();
    };
    let standings = webhooks.standings().await.unwrap_or_default();
    let mut text = format!(
        "# HELP unisson_events_lost Events that found no room\n\
         # TYPE unisson_events_lost counter\nunisson_events_lost_total {}\n",
        shared.events.lost()
    );
    type Figure = fn(&Standing) -> u64;
    let figures: [(&str, Figure); 3] = [
        ("waiting", |standing| standing.waiting as u64),
        ("dropped", |standing| standing.dropped),
        ("disabled", |standing| {
            u64::from(standing.disabled.is_some())
        }),
    ];
    for (name, figure) in figures {
        text.push_str(&format!("# TYPE unisson_webhook_{name} gauge\n"));
        for standing in &standings {
            let (id, value) = (&standing.id, figure(standing));
            text.push_str(&format!(
                "unisson_webhook_{name}{{webhook=\"{id}\"}} {value}\n"
            ));
        }
    }
    text
}
