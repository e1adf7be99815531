//! Questions to the portal: bounded in time and bytes, over HTTP or HTTPS, no redirects.

use std::time::Duration;

use axum::http::{Request, StatusCode, Uri};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};

/// How long connections are kept for the next question.
const IDLE: Duration = Duration::from_secs(30);
/// How many of them.
const IDLE_MAX: usize = 16;

/// An address as it may stand in a log: a query may have a secret of the portal's in it.
pub(crate) fn shown(url: &Uri) -> String {
    let authority = url.authority().map_or("", |authority| authority.as_str());
    format!(
        "{}://{authority}{}",
        url.scheme_str().unwrap_or_default(),
        url.path()
    )
}

/// Asks one address.
#[derive(Debug, Clone)]
pub(crate) struct Fetcher {
    transport: Transport,
    timeout: Duration,
    bytes_max: usize,
}

#[derive(Debug, Clone)]
enum Transport {
    Plain(Client<HttpConnector, Full<Bytes>>),
    Tls(Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    #[error("{0}")]
    Connection(String),
    #[error("the answer is broken off or has more than {0} bytes")]
    Body(usize),
}

impl Fetcher {
    /// Trusts the certificates that the machine trusts. They are read only where they are needed:
    /// a machine without any may still ask over plain HTTP.
    pub(crate) fn new(url: &Uri, timeout: Duration, bytes_max: usize) -> Result<Self, String> {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_connect_timeout(Some(timeout));
        let mut client = Client::builder(TokioExecutor::new());
        client.timer(TokioTimer::new());
        client.pool_timer(TokioTimer::new());
        client
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_MAX);
        let transport = if url.scheme_str() == Some("https") {
            // Named, because a dependency may bring another one.
            let provider = rustls::crypto::ring::default_provider();
            let tls = HttpsConnectorBuilder::new().with_provider_and_native_roots(provider);
            let tls = tls.map_err(|error| format!("no trusted certificates: {error}"))?;
            let tls = tls.https_only().enable_http1().wrap_connector(connector);
            Transport::Tls(client.build(tls))
        } else {
            Transport::Plain(client.build(connector))
        };
        Ok(Self {
            transport,
            timeout,
            bytes_max,
        })
    }

    /// The status and the whole body of the answer.
    pub(crate) async fn ask(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<(StatusCode, Bytes), FetchError> {
        let asking = tokio::time::timeout(self.timeout, Box::pin(self.answer(request)));
        asking
            .await
            .unwrap_or(Err(FetchError::Timeout(self.timeout)))
    }

    async fn answer(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<(StatusCode, Bytes), FetchError> {
        let answer = match &self.transport {
            Transport::Plain(client) => client.request(request).await,
            Transport::Tls(client) => client.request(request).await,
        };
        // The error's own text is short ("client error (Connect)"): its cause says what happened.
        let answer = answer.map_err(|error| {
            let cause = std::error::Error::source(&error);
            FetchError::Connection(cause.map_or_else(|| error.to_string(), ToString::to_string))
        })?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), self.bytes_max)
            .collect()
            .await;
        let body = body.map_err(|_| FetchError::Body(self.bytes_max))?;
        Ok((status, body.to_bytes()))
    }
}
