//! Starts a server and stops it without losing anything.

mod companions;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use unisson_storage::{OpenError, PlaceError, Store, StoreSettings};

use crate::{
    Settings, attachments,
    auth::Authenticator,
    digests, following,
    http::{self, AppState},
    listener::{Certificate, Listener, TlsError},
    registry::Registry,
    settings::SettingsError,
};

/// How long clients have to take their last answers and to close.
const GOODBYE: Duration = Duration::from_secs(2);

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings are not usable.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Nobody could be asked who they are.
    #[error("{0}")]
    Authentication(String),
    /// What is kept beside the documents could not be read.
    #[error("{0}")]
    Companion(String),
    /// The store does not open.
    #[error("cannot open the documents' store: {0}")]
    Store(#[from] OpenError),
    /// The store's settings make no sense together.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The certificate is not usable.
    #[error("tls: {0}")]
    Tls(#[from] TlsError),
    /// The address cannot be listened on.
    #[error("cannot listen on {listen}: {source}")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}

/// Why a stop was not clean.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StopError {
    /// Edits may not be durable. None of them was acknowledged.
    #[error("not everything was durable within the deadline")]
    Deadline,
    /// The store could not be closed.
    #[error("the store did not close: {0}")]
    Store(String),
}

/// Makes servers.
#[derive(Debug)]
pub struct Server;

/// A server that runs.
#[derive(Debug)]
pub struct RunningServer {
    address: SocketAddr,
    registry: Registry,
    stop_accepting: watch::Sender<bool>,
    accepting: JoinHandle<()>,
    /// Keeps documents within their memory and quotas, records up to date, and the certificate
    /// fresh.
    tidying: Vec<JoinHandle<()>>,
}

impl Server {
    /// Opens the store, recovers what an earlier process left, and listens.
    pub async fn start(settings: Settings) -> Result<RunningServer, StartError> {
        settings.check()?;
        let mut store_settings = match &settings.store {
            Some(store) => store.to_store()?,
            None => StoreSettings::new(&settings.data),
        };
        let authenticator = Authenticator::new(&settings).map_err(StartError::Authentication)?;
        let certificate = settings.http.tls.as_ref();
        let certificate = certificate.map(Certificate::new).transpose()?;
        store_settings.commit_interval_ms = settings.commit_interval_ms;
        // What is logged of an update may be encoded anew; the session has checked what came.
        store_settings.update_bytes_max = settings.limits.update_bytes_max.saturating_mul(2);
        store_settings.queue_bytes_max = store_settings
            .queue_bytes_max
            .max(store_settings.update_bytes_max);
        let store = Store::open(store_settings).await?;
        let listen = settings.listen;
        let failed = |source| StartError::Listen { listen, source };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let shared = Box::pin(companions::start(settings, store, authenticator)).await?;
        let registry = Registry::new(Arc::new(shared));
        let certificate = certificate.map(Arc::new);
        let tidying = tidy(&registry, certificate.clone());
        let state = AppState::new(registry.clone());
        let (stop_accepting, stopping) = watch::channel(false);
        let shared = registry.shared().clone();
        let listener = Listener::new(listener, shared, http::router(state), certificate);
        let accepting = tokio::spawn(listener.run(stopping));
        Ok(RunningServer {
            address,
            registry,
            stop_accepting,
            accepting,
            tidying,
        })
    }
}

/// What goes on beside the documents until the server stops.
fn tidy(registry: &Registry, certificate: Option<Arc<Certificate>>) -> Vec<JoinHandle<()>> {
    let memory = tokio::spawn({
        let registry = registry.clone();
        async move { registry.keep_within_memory().await }
    });
    let quotas = tokio::spawn({
        let shared = registry.shared().clone();
        async move { shared.quotas.keep_measured(&shared.store).await }
    });
    let following = tokio::spawn({
        let registry = registry.clone();
        async move { following::follow(&registry).await }
    });
    let indexing = tokio::spawn({
        let shared = registry.shared().clone();
        async move { shared.indexing.keep_up(&shared).await }
    });
    let noticing = tokio::spawn({
        let registry = registry.clone();
        async move { registry.shared().noticing.keep_up(&registry).await }
    });
    let digests = tokio::spawn({
        let registry = registry.clone();
        async move { digests::keep_telling(&registry).await }
    });
    let attachments = tokio::spawn({
        let registry = registry.clone();
        async move { attachments::keep_tidy(&registry).await }
    });
    let administration = tokio::spawn({
        let registry = registry.clone();
        async move { registry.shared().administration.follow(&registry).await }
    });
    let forgetting = tokio::spawn({
        let shared = registry.shared().clone();
        async move { shared.forgetting.follow(&shared).await }
    });
    let certificate = certificate.map(|certificate| {
        let shared = registry.shared().clone();
        tokio::spawn(async move { certificate.keep_fresh(&shared.metrics).await })
    });
    [
        memory,
        quotas,
        following,
        indexing,
        noticing,
        digests,
        attachments,
        administration,
        forgetting,
    ]
    .into_iter()
    .chain(certificate)
    .collect()
}

impl RunningServer {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops: accepts nobody any more, makes all edits durable and answers for them, sends clients
    /// away with a code that makes them come back, closes the store.
    pub async fn stop(self) -> Result<(), StopError> {
        let shared = self.registry.shared().clone();
        let deadline = shared.settings.drain_deadline;
        self.tidying.iter().for_each(JoinHandle::abort);
        let _ = self.stop_accepting.send(true);
        let drained = tokio::time::timeout(deadline, self.registry.drain()).await;
        shared.sockets.close_all();
        shared.indexing.close();
        companions::stop(&shared).await;
        let closed = shared.store.close().await;
        // Last answers and goodbyes are still being written.
        shared.sockets.closed(GOODBYE).await;
        let _ = tokio::time::timeout(GOODBYE, self.accepting).await;
        drained.map_err(|_| StopError::Deadline)?;
        closed.map_err(|error| StopError::Store(error.to_string()))
    }
}
