//! The open sockets of a server: how many there may be, and how all of them are closed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use unisson_protocol::CloseReason;

use crate::outbox::Outbox;

#[derive(Debug, Default)]
struct Open {
    next: u64,
    outboxes: HashMap<u64, Weak<Outbox>>,
    stopping: bool,
}

/// All open sockets.
#[derive(Debug)]
pub(crate) struct Sockets {
    permits: Arc<Semaphore>,
    permits_max: usize,
    open: Mutex<Open>,
}

/// One socket's place among them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place(u64);

impl Sockets {
    pub(crate) fn new(sockets_max: usize) -> Self {
        let permits_max = sockets_max.min(Semaphore::MAX_PERMITS);
        Self {
            permits: Arc::new(Semaphore::new(permits_max)),
            permits_max,
            open: Mutex::default(),
        }
    }

    /// A permit for one more socket, unless there are too many.
    pub(crate) fn admit(&self) -> Option<OwnedSemaphorePermit> {
        self.permits.clone().try_acquire_owned().ok()
    }

    /// A socket is open. Where the server stops it is sent away at once.
    pub(crate) fn enter(&self, outbox: &Arc<Outbox>) -> Place {
        let mut open = self.lock();
        let place = open.next;
        open.next += 1;
        open.outboxes.insert(place, Arc::downgrade(outbox));
        if open.stopping {
            outbox.close(CloseReason::Restart);
        }
        Place(place)
    }

    /// A socket is closed.
    pub(crate) fn leave(&self, place: Place) {
        self.lock().outboxes.remove(&place.0);
    }

    /// Sends every socket away, also those to come.
    pub(crate) fn close_all(&self) {
        let outboxes: Vec<Weak<Outbox>> = {
            let mut open = self.lock();
            open.stopping = true;
            open.outboxes.values().cloned().collect()
        };
        for outbox in outboxes.iter().filter_map(Weak::upgrade) {
            outbox.close(CloseReason::Restart);
        }
    }

    /// Waits until every socket is closed, but not for long.
    pub(crate) async fn closed(&self, patience: Duration) {
        let all = u32::try_from(self.permits_max).unwrap_or(u32::MAX);
        let _ = tokio::time::timeout(patience, self.permits.acquire_many(all)).await;
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
