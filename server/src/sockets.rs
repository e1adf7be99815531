//! The open sockets of a server: how many there may be, of whom, and how all of them are closed.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use unisson_protocol::CloseReason;

use crate::{
    Settings,
    address::ClientAddress,
    crowd::{Crowd, Member},
    outbox::Outbox,
};

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
    of_addresses: Crowd<IpAddr>,
    unidentified: Crowd<IpAddr>,
    open: Mutex<Open>,
    /// Turns true once.
    stopping: watch::Sender<bool>,
}

/// A socket's right to be open; dropped, it makes room for another one.
#[derive(Debug)]
pub(crate) struct Admission {
    _permit: OwnedSemaphorePermit,
    _of_address: Member<IpAddr>,
    /// Until the client has said who it is.
    unidentified: Option<Member<IpAddr>>,
}

impl Admission {
    /// The client has said who it is.
    pub(crate) fn identified(&mut self) {
        self.unidentified = None;
    }

    pub(crate) fn is_identified(&self) -> bool {
        self.unidentified.is_none()
    }
}

/// Why a socket is not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crowded {
    /// The process has as many as it may have.
    Process,
    /// This address has.
    Address,
    /// This address has too many that have not said who they are.
    Unidentified,
}

impl Crowded {
    /// Its name in metrics.
    pub(crate) const fn limit(self) -> &'static str {
        match self {
            Self::Process => "sockets_max",
            Self::Address => "sockets_per_address_max",
            Self::Unidentified => "unidentified_per_address_max",
        }
    }
}

/// One socket's place among them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place(u64);

impl Sockets {
    pub(crate) fn new(settings: &Settings) -> Self {
        let permits_max = settings.sockets_max.min(Semaphore::MAX_PERMITS);
        Self {
            permits: Arc::new(Semaphore::new(permits_max)),
            permits_max,
            of_addresses: Crowd::new(settings.sockets_per_address_max()),
            unidentified: Crowd::new(settings.traffic.unidentified_per_address_max),
            open: Mutex::default(),
            stopping: watch::Sender::new(false),
        }
    }

    /// A place for one more socket, unless there are too many.
    pub(crate) fn admit(&self, client: ClientAddress) -> Result<Admission, Crowded> {
        let address = client.counted();
        let of_address = self.of_addresses.enter(address).ok_or(Crowded::Address)?;
        let unidentified = self.unidentified.enter(address);
        let unidentified = unidentified.ok_or(Crowded::Unidentified)?;
        let permit = self.permits.clone().try_acquire_owned();
        Ok(Admission {
            _permit: permit.map_err(|_| Crowded::Process)?,
            _of_address: of_address,
            unidentified: Some(unidentified),
        })
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

    /// Tells streams that are no sockets, but counted as such, when the server stops.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// Sends every socket away, also those to come.
    pub(crate) fn close_all(&self) {
        self.stopping.send_replace(true);
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
