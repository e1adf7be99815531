//! Takes connections: how many, of whom, how long they may be silent; TLS; where the server is
//! mounted.

mod stream;
mod tls;

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{Request, Response, Uri, uri::PathAndQuery},
    response::{IntoResponse as _, Redirect},
};
use futures_util::future::{Either, ready};
use hyper::{body::Incoming, server::conn::http1, service::Service};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{address::is_trusted, crowd::Crowd, registry::Shared};

pub use self::tls::TlsError;
pub(crate) use self::{stream::Stream, tls::Certificate};

/// Where there is no file descriptor left, some connection has to end first.
const BREATH: Duration = Duration::from_millis(250);

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    pub(crate) address: IpAddr,
    /// It speaks TLS with this process.
    pub(crate) is_encrypted: bool,
}

/// Takes connections for a router.
pub(crate) struct Listener {
    tcp: TcpListener,
    shared: Arc<Shared>,
    router: Router,
    certificate: Option<Arc<Certificate>>,
    permits: Arc<Semaphore>,
    of_addresses: Crowd<IpAddr>,
}

impl Listener {
    pub(crate) fn new(
        tcp: TcpListener,
        shared: Arc<Shared>,
        router: Router,
        certificate: Option<Arc<Certificate>>,
    ) -> Self {
        let limits = &shared.settings.traffic;
        let permits = limits.http_connections_max.min(Semaphore::MAX_PERMITS);
        Self {
            permits: Arc::new(Semaphore::new(permits)),
            of_addresses: Crowd::new(limits.http_connections_per_address_max),
            tcp,
            shared,
            router,
            certificate,
        }
    }

    /// Takes connections until it is told to stop, and then sees to the open ones.
    pub(crate) async fn run(self, mut stopping: watch::Receiver<bool>) {
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let accepted = tokio::select! {
                accepted = self.tcp.accept() => accepted,
                () = stopped(&mut stopping) => break,
            };
            match accepted {
                Ok((stream, address)) => {
                    if let Some(connection) = self.admit(stream, address, stopping.clone()) {
                        connections.spawn(connection);
                    }
                }
                Err(error) if is_of_connection(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "no connection can be taken");
                    sleep(BREATH).await;
                }
            }
        }
        drop(self.tcp);
        while connections.join_next().await.is_some() {}
    }

    /// A connection's whole life, unless there are too many.
    fn admit(
        &self,
        stream: TcpStream,
        address: SocketAddr,
        stopping: watch::Receiver<bool>,
    ) -> Option<impl Future<Output = ()> + use<>> {
        let metrics = &self.shared.metrics;
        let address = address.ip().to_canonical();
        let Ok(permit) = self.permits.clone().try_acquire_owned() else {
            metrics.limit("http_connections_max");
            return None;
        };
        // A proxy speaks for many; what they make of it is counted by requests and sockets.
        let is_proxy = is_trusted(address, &self.shared.settings.http.trusted_proxies);
        let member = self.of_addresses.enter(address).filter(|_| !is_proxy);
        if member.is_none() && !is_proxy {
            metrics.limit("http_connections_per_address_max");
            return None;
        }
        // A keystroke must not wait for the next one.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "nodelay");
        }
        let connection = Connection {
            shared: self.shared.clone(),
            peer: Peer {
                address,
                is_encrypted: self.certificate.is_some(),
            },
            router: self.router.clone(),
        };
        let certificate = self.certificate.clone();
        Some(async move {
            connection.shared.metrics.connections.inc();
            let shared = connection.shared.clone();
            connection.serve(stream, certificate, stopping).await;
            shared.metrics.connections.dec();
            drop((permit, member));
        })
    }
}

/// One connection, until it ends or becomes a socket.
struct Connection {
    shared: Arc<Shared>,
    peer: Peer,
    router: Router,
}

impl Connection {
    async fn serve(
        self,
        stream: TcpStream,
        certificate: Option<Arc<Certificate>>,
        mut stopping: watch::Receiver<bool>,
    ) {
        let limits = &self.shared.settings.traffic;
        let patience = Duration::from_millis(limits.header_ms_max);
        let stream = match certificate {
            None => Stream::Plain(stream),
            Some(certificate) => match timeout(patience, certificate.accept(stream)).await {
                Ok(Ok(stream)) => Stream::Tls(Box::new(stream)),
                Ok(Err(error)) => {
                    // Scanners and clients that speak plain HTTP: nothing to see to.
                    tracing::debug!(client = %self.peer.address, %error, "no TLS");
                    return;
                }
                Err(_) => return self.shared.metrics.limit("header_ms_max"),
            },
        };
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(patience)
            .max_buf_size(limits.header_bytes_max);
        let shared = self.shared.clone();
        let serving = builder
            .serve_connection(TokioIo::new(stream), self.service())
            .with_upgrades();
        let mut serving = std::pin::pin!(serving);
        let ended = tokio::select! {
            ended = serving.as_mut() => ended,
            () = stopped(&mut stopping) => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        };
        if let Err(error) = ended {
            if error.is_timeout() {
                shared.metrics.limit("header_ms_max");
            } else if error.is_parse_too_large() {
                shared.metrics.limit("header_bytes_max");
            }
            tracing::debug!(%error, "connection ended");
        }
    }

    /// Notes where requests come from, and takes the path away that the server is mounted on.
    fn service(
        &self,
    ) -> impl Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send>
    + use<> {
        let routes = TowerToHyperService::new(self.router.clone());
        let (peer, shared) = (self.peer, self.shared.clone());
        hyper::service::service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            let base_path = &shared.settings.http.base_path;
            if !base_path.is_empty() && request.uri().path() == base_path {
                return Either::Left(ready(Ok(to_folder(base_path))));
            }
            if let Some(uri) = below(base_path, request.uri()) {
                *request.uri_mut() = uri;
            }
            Either::Right(routes.call(request))
        })
    }
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// Links on the pages are relative, so the root of the server is a folder.
fn to_folder(base_path: &str) -> Response<Body> {
    Redirect::permanent(&format!("{base_path}/")).into_response()
}

/// The address without the path that the server is mounted on; `None` where it is not below it.
/// Such addresses are served all the same: probes, and proxies that take the path away themselves.
fn below(base_path: &str, uri: &Uri) -> Option<Uri> {
    let whole = uri.path_and_query()?.as_str();
    let rest = whole
        .strip_prefix(base_path)
        .filter(|_| !base_path.is_empty())?;
    if !rest.starts_with('/') {
        return None;
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(rest).ok()?);
    Uri::from_parts(parts).ok()
}

/// The connection that was to be taken has gone again: the next one may be fine.
fn is_of_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind;
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_the_base_path_is_served_without_it() {
        let path = |uri: &str| below("/unisson", &uri.parse().expect("a path"));
        let text = |uri: &str| path(uri).map(|uri| uri.to_string());
        assert_eq!(text("/unisson/d/a?x=1").as_deref(), Some("/d/a?x=1"));
        assert_eq!(text("/unisson/?lang=fr").as_deref(), Some("/?lang=fr"));
        assert_eq!(text("/unissono/d/a"), None);
        assert_eq!(text("/healthz"), None);
        assert_eq!(below("", &"/d/a".parse().expect("a path")), None);
    }

    #[test]
    fn only_one_base_path_is_taken_away() {
        let uri = "/unisson/unisson/d/a".parse().expect("a path");
        let uri = below("/unisson", &uri).expect("below");
        assert_eq!(uri.path(), "/unisson/d/a");
    }
}
