//! The open sockets of a server: how many there may be, of whom, and how all of them are closed.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::Instant,
};
use unisson_protocol::CloseReason;

use crate::{
    Settings,
    address::ClientAddress,
    auth::is_anonymous,
    crowd::{Crowd, Member},
    flow::{Flows, Rates, Share, Wait},
    outbox::Outbox,
    versions::unix_now_ms,
};

#[derive(Debug, Default)]
struct Open {
    next: u64,
    sockets: HashMap<u64, Entry>,
    stopping: bool,
}

#[derive(Debug)]
struct Entry {
    outbox: Weak<Outbox>,
    transport: &'static str,
    address: IpAddr,
    since_ms: u64,
}

/// An open socket, as operators see it.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) id: u64,
    pub(crate) outbox: Arc<Outbox>,
    /// The dialect, or `fallback` where requests carry it.
    pub(crate) transport: &'static str,
    pub(crate) address: IpAddr,
    pub(crate) since_ms: u64,
}

/// All open sockets.
#[derive(Debug)]
pub(crate) struct Sockets {
    permits: Arc<Semaphore>,
    permits_max: usize,
    of_addresses: Crowd<IpAddr>,
    unidentified: Crowd<IpAddr>,
    said_by_addresses: Flows<IpAddr>,
    said_by_users: Flows<Arc<str>>,
    open: Mutex<Open>,
    /// Turns true once.
    stopping: watch::Sender<bool>,
}

/// A socket's right to be open; dropped, it makes room for another one.
#[derive(Debug)]
pub(crate) struct Admission {
    _permit: OwnedSemaphorePermit,
    _of_address: Member<IpAddr>,
    /// Where the client is, and whether requests carry the socket.
    address: IpAddr,
    is_carried: bool,
    /// Until the client has said who it is.
    unidentified: Option<Member<IpAddr>>,
    /// What all sockets of the address have said.
    said_by_address: Arc<Share>,
    /// The same of the person, where there is one.
    said_by_user: Option<Arc<Share>>,
}

impl Admission {
    /// So many frames and bytes were read: what that comes to for the person and for the address.
    pub(crate) fn took(
        &self,
        now: Instant,
        (frames, bytes): (usize, usize),
    ) -> (Option<Wait>, Option<Wait>) {
        let of_user = self.said_by_user.as_ref();
        let of_user = of_user.map(|said| said.take(now, frames, bytes));
        let of_address = self.said_by_address.take(now, frames, bytes);
        (of_user, Some(of_address))
    }

    pub(crate) fn has_user(&self) -> bool {
        self.said_by_user.is_some()
    }

    /// The socket is this person's.
    pub(crate) fn of_user(&mut self, said: Option<Arc<Share>>) {
        self.said_by_user = said;
    }

    /// The same for a socket that requests carry.
    pub(crate) fn carried(self) -> Self {
        Self {
            is_carried: true,
            ..self
        }
    }

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
            said_by_addresses: Flows::new(Rates::of_address(&settings.traffic)),
            said_by_users: Flows::new(Rates::of_user(&settings.traffic)),
            open: Mutex::default(),
            stopping: watch::Sender::new(false),
        }
    }

    /// What all sockets of a person have said; nothing for those whom nobody can tell apart.
    pub(crate) fn share_of(&self, user: &Arc<str>) -> Option<Arc<Share>> {
        (!is_anonymous(user)).then(|| self.said_by_users.share(Instant::now(), user.clone()))
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
            address: client.0,
            is_carried: false,
            unidentified: Some(unidentified),
            said_by_address: self.said_by_addresses.share(Instant::now(), address),
            said_by_user: None,
        })
    }

    /// A socket is open. Where the server stops it is sent away at once.
    pub(crate) fn enter(
        &self,
        outbox: &Arc<Outbox>,
        dialect: &'static str,
        admission: &Admission,
    ) -> Place {
        let mut open = self.lock();
        let place = open.next;
        open.next += 1;
        let entry = Entry {
            outbox: Arc::downgrade(outbox),
            transport: match admission.is_carried {
                true => "fallback",
                false => dialect,
            },
            address: admission.address,
            since_ms: unix_now_ms(),
        };
        open.sockets.insert(place, entry);
        if open.stopping {
            outbox.close(CloseReason::Restart);
        }
        Place(place)
    }

    /// A socket is closed.
    pub(crate) fn leave(&self, place: Place) {
        self.lock().sockets.remove(&place.0);
    }

    /// Those that are open now.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        let open = self.lock();
        let seen = open.sockets.iter().filter_map(|(id, entry)| {
            Some(Seen {
                id: *id,
                outbox: entry.outbox.upgrade()?,
                transport: entry.transport,
                address: entry.address,
                since_ms: entry.since_ms,
            })
        });
        seen.collect()
    }

    /// How many there may be.
    pub(crate) fn max(&self) -> usize {
        self.permits_max
    }

    /// Sends one socket away; its client comes back by itself. False where there is none.
    pub(crate) fn close(&self, id: u64) -> bool {
        let outbox = {
            let open = self.lock();
            open.sockets
                .get(&id)
                .and_then(|entry| entry.outbox.upgrade())
        };
        if let Some(outbox) = &outbox {
            outbox.close(CloseReason::Reset);
        }
        outbox.is_some()
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
            let entries = open.sockets.values();
            entries.map(|entry| entry.outbox.clone()).collect()
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
