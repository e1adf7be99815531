//! Tells whoever looks at a space that it has changed, as server-sent events.
//!
//! An event says the space's new tag and nothing else: what may be seen of the change depends on
//! who looks, so they ask. A stream counts as a socket, and ends after a while: whoever follows on
//! shows again who they are.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderName, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};
use unisson_session::Record;

use super::asker::Asker;
use crate::{
    http::{AppState, error::Problem, ws},
    sockets::Admission,
};

/// What comes within this time is told at once: somebody who tidies up makes many changes.
const GATHERED: Duration = Duration::from_millis(100);
/// Proxies close what is silent for longer.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);
/// Then a client comes again, by itself.
const LIFE: Duration = Duration::from_secs(15 * 60);
/// Asks proxies to let each event through.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Somebody who follows a space.
#[derive(Debug)]
struct Follower {
    asker: Asker,
    changes: watch::Receiver<Arc<Record>>,
    stopping: watch::Receiver<bool>,
    ends: Instant,
    is_new: bool,
    _admission: Admission,
}

/// Follow a space
///
/// Server-sent events: `changed`, with the space's tag as `{"etag": "…"}`, at once and after each
/// change of its pages, members or settings. Ask again then, with the tag. It counts as a socket,
/// ends after a quarter of an hour (come again) and when you may not know of the space any more.
#[utoipa::path(
    get,
    path = "/api/v1/spaces/{space}/changes",
    operation_id = "follow_space",
    tag = "spaces",
    params(("space" = String, Path, description = "Its id")),
    responses((status = 200, description = "Events", body = String, content_type = "text/event-stream"))
)]
pub(super) async fn follow(
    State(state): State<AppState>,
    asker: Asker,
    request: Request,
) -> Result<Response, Problem> {
    let mut admission = ws::admit(&state, &request)?;
    admission.identified();
    let follower = Follower {
        changes: asker.held.subscribe(),
        stopping: state.registry.shared().sockets.stopping(),
        ends: Instant::now() + LIFE,
        is_new: true,
        asker,
        _admission: admission,
    };
    let events = stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((Ok::<_, Infallible>(event), follower))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store, no-transform"),
        (UNBUFFERED, "no"),
    ];
    Ok((headers, Body::from_stream(events)).into_response())
}

impl Follower {
    /// What is told next; nothing where it ends.
    async fn next(&mut self) -> Option<Bytes> {
        if std::mem::take(&mut self.is_new) {
            self.changes.mark_unchanged();
            return Some(self.changed());
        }
        let is_change = tokio::select! {
            changed = self.changes.changed() => match changed {
                Ok(()) => true,
                Err(_) => return None,
            },
            () = sleep(SIGN_OF_LIFE) => false,
            () = sleep_until(self.ends) => return None,
            () = stopped(&mut self.stopping) => return None,
        };
        if is_change {
            sleep(GATHERED).await;
            self.changes.mark_unchanged();
        }
        // Also without a change: somebody's time may be over.
        if !self.asker.knows() {
            return None;
        }
        Some(match is_change {
            true => self.changed(),
            false => Bytes::from_static(b":\n\n"),
        })
    }

    fn changed(&self) -> Bytes {
        let data = serde_json::json!({ "etag": self.asker.held.etag() });
        Bytes::from(format!("event: changed\ndata: {data}\n\n"))
    }
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
