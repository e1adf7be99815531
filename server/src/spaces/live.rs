//! Open sockets follow what changes in a space.

use std::{
    collections::HashMap,
    future::pending,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::{sync::watch, time::sleep};
use unisson_session::Record;

use super::{HeldSpace, Standing};
use crate::{outbox::Outbox, versions::unix_now_ms};

/// The clock of the wall may be set: an end is looked at again at least so often.
const SLEEP_MAX: Duration = Duration::from_secs(60);

/// The sockets that have documents of a space open.
#[derive(Debug, Default)]
pub(super) struct Seats(Mutex<Taken>);

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    /// Bounded by the sockets and the documents of each.
    outboxes: HashMap<u64, Weak<Outbox>>,
}

/// A socket's wish to hear of changes; ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    space: Arc<HeldSpace>,
    seat: u64,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.space.seats.lock().outboxes.remove(&self.seat);
    }
}

impl Standing {
    /// Lets a socket hear of each change from now on. A change that has come between the grant and
    /// this call is heard of at once.
    pub(crate) fn watch(&self, outbox: &Arc<Outbox>) -> Watch {
        let space = self.place.space.clone();
        let seat = {
            let mut taken = space.seats.lock();
            taken.next += 1;
            let seat = taken.next;
            taken.outboxes.insert(seat, Arc::downgrade(outbox));
            seat
        };
        if space.law().revision != self.revision {
            outbox.look_again();
        }
        Watch { space, seat }
    }
}

impl Seats {
    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        let outboxes: Vec<Weak<Outbox>> = self.lock().outboxes.values().cloned().collect();
        for outbox in outboxes.iter().filter_map(Weak::upgrade) {
            outbox.look_again();
        }
    }
}

/// Wakes a space's sockets when it changes and when somebody's time in it ends. Ends with the space.
pub(super) async fn wake_sockets(
    space: Weak<HeldSpace>,
    mut changes: watch::Receiver<Arc<Record>>,
) {
    let mut looked_ms = unix_now_ms();
    loop {
        let end_ms = match space.upgrade() {
            Some(space) => next_end(&space, looked_ms),
            None => return,
        };
        let ends = async {
            match end_ms {
                Some(end_ms) => {
                    let left = Duration::from_millis(end_ms.saturating_sub(unix_now_ms()));
                    sleep(left.min(SLEEP_MAX)).await;
                }
                None => pending().await,
            }
        };
        let changed = tokio::select! {
            changed = changes.changed() => match changed {
                Ok(()) => true,
                Err(_) => return,
            },
            () = ends => false,
        };
        let now_ms = unix_now_ms();
        let ended = end_ms.is_some_and(|end_ms| end_ms <= now_ms);
        let Some(space) = space.upgrade() else {
            return;
        };
        if changed || ended {
            space.seats.wake();
        }
        if ended || end_ms.is_none() || changed {
            looked_ms = now_ms;
        }
    }
}

fn next_end(space: &HeldSpace, after_ms: u64) -> Option<u64> {
    let law = space.law();
    let space = law.space.as_ref().ok()?.as_ref()?;
    space.next_end_after(after_ms)
}
