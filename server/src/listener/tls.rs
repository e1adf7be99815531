//! The server's certificate: read from files, and read again when they change.
//!
//! New handshakes get the new certificate; open connections keep what they agreed on. Files that do
//! not fit together change nothing: whoever renews a certificate writes two files, one after the
//! other.

use std::{
    io,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use tokio::{
    net::TcpStream,
    signal::unix::{SignalKind, signal},
    time::sleep,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{metrics::Metrics, settings::TlsSettings};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or holds nothing of use.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: pem::Error,
    },
    /// The certificate file holds no certificate.
    #[error("{path} holds no certificate")]
    Empty {
        /// Which file.
        path: PathBuf,
    },
    /// The key is not the certificate's, or of a kind that is not known.
    #[error("the certificate and its key do not fit: {0}")]
    Pair(#[from] rustls::Error),
}

/// The certificate of now.
#[derive(Debug)]
pub(crate) struct Certificate {
    files: TlsSettings,
    acceptor: Acceptor,
    current: Arc<Current>,
}

struct Acceptor(TlsAcceptor);

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Acceptor")
    }
}

#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Some(current.clone())
    }
}

impl Certificate {
    pub(crate) fn new(files: &TlsSettings) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let current = Arc::new(Current(RwLock::new(Arc::new(read(files, &provider)?))));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            files: files.clone(),
            acceptor: Acceptor(TlsAcceptor::from(Arc::new(config))),
            current,
        })
    }

    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.acceptor.0.accept(stream).await
    }

    /// Reads the files again.
    fn reload(&self) -> Result<(), TlsError> {
        let certified = Arc::new(read(&self.files, &ring::default_provider())?);
        let mut current = self
            .current
            .0
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *current = certified;
        Ok(())
    }

    /// When the files were last written; `None` where one is away.
    fn written_at(&self) -> Option<[SystemTime; 2]> {
        let of = |path: &PathBuf| std::fs::metadata(path)?.modified();
        Some([of(&self.files.certificate).ok()?, of(&self.files.key).ok()?])
    }

    /// Reads the files again whenever they change, or a SIGHUP comes. Never ends.
    pub(crate) async fn keep_fresh(&self, metrics: &Metrics) {
        let mut hangup = match signal(SignalKind::hangup()) {
            Ok(hangup) => Some(hangup),
            Err(error) => {
                tracing::warn!(%error, "SIGHUP is not heard");
                None
            }
        };
        let mut known = self.written_at();
        loop {
            let told = match &mut hangup {
                Some(hangup) => tokio::select! {
                    told = hangup.recv() => told.is_some(),
                    () = sleep(LOOK_EVERY) => false,
                },
                None => {
                    sleep(LOOK_EVERY).await;
                    false
                }
            };
            let written = self.written_at();
            if !told && (written == known || written.is_none()) {
                continue;
            }
            known = written;
            match self.reload() {
                Ok(()) => tracing::info!("the certificate was read again"),
                Err(error) => {
                    metrics.certificate_failures.inc();
                    tracing::error!(%error, "the certificate was not read again: the one before stays");
                }
            }
        }
    }
}

fn read(files: &TlsSettings, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let failed = |path: &PathBuf| {
        let path = path.clone();
        move |source| TlsError::File { path, source }
    };
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(failed(&files.certificate))?;
    if chain.is_empty() {
        let path = files.certificate.clone();
        return Err(TlsError::Empty { path });
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(failed(&files.key))?;
    let certified = CertifiedKey::from_der(chain, key, provider)?;
    certified.keys_match()?;
    Ok(certified)
}
