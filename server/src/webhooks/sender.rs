//! One attempt: a connection of its own, one signed request, the status of the answer. No redirects:
//! a receiver that moves is the operator's to know.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::http::{HeaderMap, Request, StatusCode, Uri, header};
use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_rustls::ConfigBuilderExt as _;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::{
    signature::sign,
    target::{NoTarget, choose},
};
use crate::{auth::unix_now_s, settings::WebhookSettings};

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) status: Option<u16>,
    /// Why there is no status, or none that means success.
    pub(super) problem: Option<String>,
    /// How long the receiver wants to be left alone.
    pub(super) retry_after: Option<Duration>,
    pub(super) took: Duration,
}

/// Sends to one webhook.
#[derive(Clone)]
pub(super) struct Sender {
    settings: Arc<WebhookSettings>,
    tls: Option<TlsConnector>,
}

impl Sender {
    pub(super) fn new(settings: Arc<WebhookSettings>) -> Result<Self, String> {
        let is_tls = settings.url.scheme_str() == Some("https");
        Ok(Self {
            tls: is_tls.then(tls).transpose()?,
            settings,
        })
    }

    /// Sends a message once.
    pub(super) async fn attempt(&self, id: &str, body: &str) -> Outcome {
        let started = Instant::now();
        let timeout = self.settings.timeout;
        let answer = tokio::time::timeout(timeout, Box::pin(self.ask(id, body))).await;
        let answer =
            answer.unwrap_or_else(|_| Err(format!("no answer within {} ms", timeout.as_millis())));
        let took = started.elapsed();
        match answer {
            Ok((status, retry_after)) => Outcome {
                status: Some(status.as_u16()),
                problem: (!status.is_success()).then(|| format!("it answers {status}")),
                retry_after,
                took,
            },
            Err(problem) => Outcome {
                status: None,
                problem: Some(problem),
                retry_after: None,
                took,
            },
        }
    }

    async fn ask(&self, id: &str, body: &str) -> Result<(StatusCode, Option<Duration>), String> {
        if let Some(problem) = &self.settings.problem {
            return Err(problem.clone());
        }
        let url = &self.settings.url;
        let host = url.host().unwrap_or_default();
        let is_plain = self.tls.is_none();
        let port = url.port_u16().unwrap_or(if is_plain { 80 } else { 443 });
        let address = self
            .address(host, port)
            .await
            .map_err(|error| error.to_string())?;
        let request = self.request(id, body)?;
        let stream = TcpStream::connect(address)
            .await
            .map_err(|error| error.to_string())?;
        match &self.tls {
            None => send(stream, request).await,
            Some(tls) => {
                let name = host
                    .trim_start_matches('[')
                    .trim_end_matches(']')
                    .to_owned();
                let name = ServerName::try_from(name).map_err(|error| error.to_string())?;
                let stream = tls.connect(name, stream).await;
                send(stream.map_err(|error| format!("TLS: {error}"))?, request).await
            }
        }
    }

    async fn address(&self, host: &str, port: u16) -> Result<SocketAddr, NoTarget> {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let found = tokio::net::lookup_host((host, port)).await;
        let found = found.map_err(|error| NoTarget::Unknown(error.to_string()))?;
        let addresses: Vec<SocketAddr> = found.take(16).collect();
        choose(
            &addresses,
            &self.settings.allow_networks,
            self.tls.is_none(),
        )
    }

    fn request(&self, id: &str, body: &str) -> Result<Request<Full<Bytes>>, String> {
        let url = &self.settings.url;
        let timestamp_s = unix_now_s();
        let path = url.path_and_query().map_or("/", |path| path.as_str());
        let path: Uri = path
            .parse()
            .map_err(|_| "the address has no path".to_owned())?;
        let authority = url.authority().map_or("", |authority| authority.as_str());
        Request::post(path)
            .header(header::HOST, authority)
            .header(header::CONTENT_TYPE, "application/json")
            .header(
                header::USER_AGENT,
                concat!("Unisson/", env!("CARGO_PKG_VERSION")),
            )
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp_s)
            .header(
                "webhook-signature",
                sign(
                    self.settings.secrets_at(timestamp_s * 1_000),
                    id,
                    timestamp_s,
                    body,
                ),
            )
            .body(Full::from(body.to_owned()))
            .map_err(|error| error.to_string())
    }
}

/// Trusts the certificates that the machine trusts.
fn tls() -> Result<TlsConnector, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_native_roots()
        .map_err(|error| format!("no trusted certificates: {error}"))?
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

async fn send(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Full<Bytes>>,
) -> Result<(StatusCode, Option<Duration>), String> {
    let broken = |error: hyper::Error| error.to_string();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let answer = async {
        let answer = sender.send_request(request).await.map_err(broken)?;
        // The status is what counts: a body that goes on and on is not even read.
        Ok((answer.status(), retry_after(answer.headers())))
    };
    tokio::pin!(answer, connection);
    tokio::select! {
        answered = &mut answer => answered,
        ended = &mut connection => match ended {
            // What it has sent before it ended is there.
            Ok(()) => answer.await,
            Err(error) => Err(broken(error)),
        },
    }
}

/// In seconds only: a date needs a clock that agrees.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}
