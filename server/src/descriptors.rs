//! File descriptors: each socket takes one, and most systems give a process room for a thousand,
//! though they would allow more.

use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};
use unisson::Settings;

/// Files of the store, and connections to it and to the portal.
const OTHERS: usize = 1_024;

/// Makes room for as many sockets as there may be, and says so where that is not allowed: the
/// server would run into it one busy morning.
pub(crate) fn make_room(settings: &Settings) {
    let needed = settings
        .sockets_max
        .saturating_add(settings.traffic.http_connections_max)
        .saturating_add(OTHERS);
    let needed = rlim_t::try_from(needed).unwrap_or(rlim_t::MAX);
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(soft, hard)| {
        let wanted = needed.clamp(soft, hard.max(soft));
        if wanted > soft {
            setrlimit(Resource::RLIMIT_NOFILE, wanted, hard)?;
        }
        Ok(wanted)
    });
    match raised {
        Ok(room) if room < needed => tracing::warn!(
            room,
            needed,
            "not all sockets that may come have a file descriptor: raise the limit of open files \
             (LimitNOFILE in systemd, --ulimit nofile in Docker) or lower limits.sockets_max"
        ),
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "the limit of open files is not known"),
    }
}
