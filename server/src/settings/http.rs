//! Settings about addresses: what stands before the server, where it is mounted, TLS, frames.

use std::path::PathBuf;

use clap::Args;
use ipnet::IpNet;
use serde::Deserialize;

use super::SettingsError;

/// Flags and variables about addresses.
#[derive(Debug, Args, Default)]
pub struct HttpOptions {
    /// Networks of the proxies whose word about clients' addresses counts, separated by commas
    /// [default: 127.0.0.0/8,::1/128]
    #[arg(
        long,
        env = "UNISSON_TRUSTED_PROXIES",
        value_name = "NETWORKS",
        value_delimiter = ','
    )]
    pub trusted_proxies: Option<Vec<String>>,
    /// Path below which everything is, where a proxy leaves it in the address, like /unisson
    #[arg(long, env = "UNISSON_BASE_PATH", value_name = "PATH")]
    pub base_path: Option<String>,
    /// Certificate chain (PEM): speak TLS; looked at again when it changes and on SIGHUP
    #[arg(long, env = "UNISSON_TLS_CERTIFICATE", value_name = "FILE")]
    pub tls_certificate: Option<PathBuf>,
    /// Its private key (PEM)
    #[arg(long, env = "UNISSON_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Web origins whose pages may show documents in frames, separated by commas
    /// [default: those of --origins]
    #[arg(
        long,
        env = "UNISSON_EMBED_ORIGINS",
        value_name = "ORIGINS",
        value_delimiter = ','
    )]
    pub embed_origins: Option<Vec<String>>,
}

/// The table `[http]` of the settings file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct HttpFile {
    trusted_proxies: Option<Vec<String>>,
    base_path: Option<String>,
}

/// The table `[tls]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TlsFile {
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

/// The table `[embed]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct EmbedFile {
    origins: Option<Vec<String>>,
}

/// How the server is reached; complete and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSettings {
    /// Whose word about clients' addresses counts.
    pub trusted_proxies: Vec<IpNet>,
    /// Begins with a slash and does not end with one; empty: the root.
    pub base_path: String,
    /// Speak TLS.
    pub tls: Option<TlsSettings>,
    /// Whose pages may show documents in frames; `None`: those that may connect.
    pub embed_origins: Option<Vec<String>>,
}

/// Files for TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSettings {
    /// The chain, the server's own first.
    pub certificate: PathBuf,
    /// The key of the first.
    pub key: PathBuf,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            // Whoever is on this machine has other ways to lie; a proxy beside the server is what
            // most installations have.
            trusted_proxies: ["127.0.0.0/8", "::1/128"]
                .into_iter()
                .filter_map(|network| network.parse().ok())
                .collect(),
            base_path: String::new(),
            tls: None,
            embed_origins: None,
        }
    }
}

impl HttpSettings {
    pub(super) fn gather(
        options: HttpOptions,
        http: HttpFile,
        tls: TlsFile,
        embed: EmbedFile,
    ) -> Result<Self, SettingsError> {
        let default = Self::default();
        let proxies = options.trusted_proxies.or(http.trusted_proxies);
        let certificate = options.tls_certificate.or(tls.certificate);
        let key = options.tls_key.or(tls.key);
        let embed_origins = options.embed_origins.or(embed.origins);
        for origin in embed_origins.iter().flatten() {
            check_origin(origin)?;
        }
        Ok(Self {
            trusted_proxies: match proxies {
                None => default.trusted_proxies,
                Some(networks) => networks
                    .iter()
                    .map(|text| network(text))
                    .collect::<Result<_, _>>()?,
            },
            base_path: base_path(&options.base_path.or(http.base_path).unwrap_or_default())?,
            tls: match (certificate, key) {
                (Some(certificate), Some(key)) => Some(TlsSettings { certificate, key }),
                (None, None) => None,
                _ => {
                    return Err(wrong(
                        "tls",
                        "needs both the certificate and its key".into(),
                    ));
                }
            },
            embed_origins,
        })
    }
}

/// A network, or one address.
fn network(text: &str) -> Result<IpNet, SettingsError> {
    let text = text.trim();
    let of_one = || Some(IpNet::from(text.parse::<std::net::IpAddr>().ok()?));
    text.parse().ok().or_else(of_one).ok_or_else(|| {
        let problem = format!("{text:?} is no network like 10.0.0.0/8, and no address");
        wrong("http.trusted_proxies", problem)
    })
}

/// Without a slash at the end; letters, digits and a few signs, since proxies repeat it.
fn base_path(text: &str) -> Result<String, SettingsError> {
    let path = text.trim_end_matches('/');
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
    let parts_are_fine = || {
        let mut parts = path.split('/').skip(1);
        parts.all(|part| !matches!(part, "" | "." | ".."))
    };
    if path.is_empty() || path.starts_with('/') && path.bytes().all(fine) && parts_are_fine() {
        return Ok(path.to_owned());
    }
    Err(wrong(
        "http.base_path",
        format!("{text:?} is no path like /unisson"),
    ))
}

/// An origin goes into a header, where a space or a semicolon would begin something else.
fn check_origin(origin: &str) -> Result<(), SettingsError> {
    let is_plain = |rest: &str| {
        !rest.is_empty()
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]*".contains(&byte))
    };
    match origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"))
    {
        Some(rest) if is_plain(rest) => Ok(()),
        _ => Err(wrong(
            "embed.origins",
            format!("{origin:?} is no web origin like https://portal.example"),
        )),
    }
}

fn wrong(key: &'static str, problem: String) -> SettingsError {
    SettingsError::Value { key, problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_path_is_plain_and_has_no_slash_at_its_end() {
        assert_eq!(base_path("/unisson/").expect("fine"), "/unisson");
        assert_eq!(base_path("/").expect("fine"), "");
        assert_eq!(base_path("/a/b").expect("fine"), "/a/b");
        for text in ["unisson", "/a//b", "/a/../b", "/a b", "/a%2f", "/a?b"] {
            assert!(base_path(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_proxy_is_named_by_its_network_or_its_address() {
        assert_eq!(network("10.1.2.3").expect("fine").prefix_len(), 32);
        assert_eq!(network(" fd00::/8 ").expect("fine").prefix_len(), 8);
        assert!(network("proxy.example").is_err());
    }

    #[test]
    fn an_origin_cannot_break_out_of_the_policy() {
        assert!(check_origin("https://portal.example:8443").is_ok());
        assert!(check_origin("https://*.portal.example").is_ok());
        for origin in [
            "portal.example",
            "https://a; script-src *",
            "https://",
            "null",
        ] {
            assert!(check_origin(origin).is_err(), "{origin}");
        }
    }

    #[test]
    fn a_certificate_without_its_key_is_refused() {
        let options = HttpOptions {
            tls_certificate: Some("chain.pem".into()),
            ..HttpOptions::default()
        };
        let gathered = HttpSettings::gather(
            options,
            HttpFile::default(),
            TlsFile::default(),
            EmbedFile::default(),
        );
        assert!(gathered.is_err());
    }
}
