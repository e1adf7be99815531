//! The OpenID provider: its description, its keys, and the calls to it.
//!
//! A provider that does not answer, or answers with an error of its own, is never a denial: whoever
//! signs in is told to try again, and whoever is signed in stays so.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::rand;
use axum::http::{Request, StatusCode, Uri, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http_body_util::Full;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::{
    auth::{
        claims::Refused,
        fetch::{Fetcher, shown},
        jwks::RemoteKeys,
        keys::{self, Head, Key, looks_like_a_token},
        unix_now_s,
    },
    settings::OidcSettings,
};

/// The largest answer: claims of one person, or a description.
const BYTES_MAX: usize = 256 << 10;
/// After so long the description is fetched again.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// After a failure it is not fetched again for so long.
const FAILURE_KEPT: Duration = Duration::from_secs(1);
/// Keys are fetched at most so often.
const KEYS_PAUSE: Duration = Duration::from_secs(5);

/// How a client shows that it has its key (RFC 7523).
const BY_KEY: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How long such a showing counts.
const ASSERTION_S: u64 = 60;

/// Why somebody cannot be signed in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SignInError {
    /// Nobody knows: try again later.
    #[error("the provider cannot be asked: {0}")]
    Unavailable(String),
    /// What came back is not what was asked for, is forged, or too old: begin again.
    #[error("the answer does not count: {0}")]
    Rejected(String),
    /// The provider, or this server's settings, say no.
    #[error("not let in: {0}")]
    Denied(String),
}

/// The provider's own description (OpenID Connect Discovery 1.0).
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Description {
    issuer: String,
    pub(crate) authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: Option<String>,
    jwks_uri: String,
    pub(crate) end_session_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(default)]
    pub(crate) authorization_response_iss_parameter_supported: bool,
}

/// A description that counts, and what belongs to it.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) description: Arc<Description>,
    keys: Arc<RemoteKeys>,
    fetched: Instant,
}

/// What is known of the provider, and when it last could not be asked.
#[derive(Debug, Default)]
struct Knowledge {
    last: Option<Known>,
    failed: Option<(Instant, String)>,
}

/// What the token endpoint gives.
#[derive(Deserialize)]
pub(crate) struct Tokens {
    pub(crate) id_token: String,
    pub(crate) access_token: String,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

/// Asks the provider.
#[derive(Debug)]
pub(crate) struct Provider {
    settings: Arc<OidcSettings>,
    fetcher: Fetcher,
    known: tokio::sync::Mutex<Knowledge>,
}

impl Provider {
    pub(crate) fn new(settings: Arc<OidcSettings>) -> Result<Self, String> {
        Ok(Self {
            fetcher: Fetcher::new(&settings.discovery, settings.timeout, BYTES_MAX)?,
            settings,
            known: tokio::sync::Mutex::default(),
        })
    }

    /// The description; an old one, where a fresh one cannot be had.
    pub(crate) async fn known(&self) -> Result<Known, SignInError> {
        // Whoever comes while it is fetched waits for it, so that it is fetched once.
        let mut known = self.known.lock().await;
        let last = known.last.clone();
        if let Some(last) = last.as_ref().filter(|last| last.fetched.elapsed() < FRESH) {
            return Ok(last.clone());
        }
        // Those who waited for the same fetch do not each wait for another one.
        let failed = known.failed.as_ref();
        let failed = failed.filter(|(at, _)| at.elapsed() < FAILURE_KEPT);
        if let Some((_, problem)) = failed {
            return last.ok_or_else(|| SignInError::Unavailable(problem.clone()));
        }
        match self.describe(last.as_ref()).await {
            Ok(fresh) => {
                known.failed = None;
                Ok(known.last.insert(fresh).clone())
            }
            Err(problem) => {
                tracing::warn!(problem, "the OpenID provider's description cannot be had");
                known.failed = Some((Instant::now(), problem.clone()));
                last.ok_or(SignInError::Unavailable(problem))
            }
        }
    }

    async fn describe(&self, before: Option<&Known>) -> Result<Known, String> {
        let url = &self.settings.discovery;
        let (status, body) = self.get(url, None).await?;
        if status != StatusCode::OK {
            return Err(format!("{} answers {status}", shown(url)));
        }
        let description: Description = serde_json::from_slice(&body)
            .map_err(|error| format!("{} is no description: {error}", shown(url)))?;
        if description.issuer != self.settings.issuer {
            return Err(format!(
                "the issuer is {:?}: set auth.oidc.issuer so",
                description.issuer
            ));
        }
        for endpoint in [
            &description.authorization_endpoint,
            &description.token_endpoint,
            &description.jwks_uri,
        ] {
            self.endpoint(endpoint)?;
        }
        let same = before.filter(|before| before.description.jwks_uri == description.jwks_uri);
        let keys = match same {
            Some(before) => before.keys.clone(),
            None => {
                let url = self.endpoint(&description.jwks_uri)?;
                Arc::new(RemoteKeys::new(&url, KEYS_PAUSE)?)
            }
        };
        Ok(Known {
            description: Arc::new(description),
            keys,
            fetched: Instant::now(),
        })
    }

    /// Secrets go there, so it is as safe as the issuer itself.
    fn endpoint(&self, text: &str) -> Result<Uri, String> {
        let url: Uri = text
            .parse()
            .map_err(|_| format!("{text:?} is no address"))?;
        let is_whole = url.host().is_some();
        let scheme = url.scheme_str();
        match is_whole
            && (scheme == Some("https") || scheme == self.settings.discovery.scheme_str())
        {
            true => Ok(url),
            false => Err(format!("{} is not https", shown(&url))),
        }
    }

    /// Exchanges a code.
    pub(crate) async fn tokens(
        &self,
        known: &Known,
        code: &str,
        verifier: &str,
        redirect_uri: &str,
    ) -> Result<Tokens, SignInError> {
        let url = self.endpoint(&known.description.token_endpoint);
        let url = url.map_err(SignInError::Unavailable)?;
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
        ];
        let mut request = Request::post(&url)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json");
        let client = self.settings.client_id.as_str();
        let assertion = self.settings.client_key.as_ref().map(|key| {
            let audience = &known.description.token_endpoint;
            assertion(key, client, audience, unix_now_s()).map_err(SignInError::Unavailable)
        });
        let assertion = assertion.transpose()?;
        match &self.settings.client_secret {
            _ if assertion.is_some() => {
                fields.push(("client_id", client));
                fields.push(("client_assertion_type", BY_KEY));
                fields.extend(assertion.as_deref().map(|text| ("client_assertion", text)));
            }
            Some(secret) if known.description.takes_basic() => {
                let pair = format!("{}:{}", encoded(client), encoded(secret));
                let basic = format!("Basic {}", STANDARD.encode(pair));
                request = request.header(header::AUTHORIZATION, basic);
            }
            secret => {
                fields.push(("client_id", client));
                fields.extend(secret.as_deref().map(|secret| ("client_secret", secret)));
            }
        }
        let request = request.body(Full::from(form(&fields)));
        let request = request.map_err(|error| SignInError::Rejected(error.to_string()))?;
        let answer = self.fetcher.ask(request).await;
        let (status, body) = answer.map_err(|error| SignInError::Unavailable(error.to_string()))?;
        match status {
            StatusCode::OK => serde_json::from_slice(&body)
                .map_err(|_| SignInError::Rejected("the provider gives no id token".into())),
            status if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS => Err(
                SignInError::Rejected(format!("{status}, {}", oauth_error(&body))),
            ),
            status => Err(SignInError::Unavailable(format!(
                "the token endpoint answers {status}"
            ))),
        }
    }

    /// The claims of a token that the provider has signed.
    pub(crate) async fn open<C: DeserializeOwned>(
        &self,
        known: &Known,
        token: &str,
    ) -> Result<C, SignInError> {
        let rejected = |refused: Refused| match refused {
            Refused::Unavailable(problem) => SignInError::Unavailable(problem),
            other => SignInError::Rejected(other.to_string()),
        };
        let head = Head::of(token).map_err(rejected)?;
        let keys = known.keys.keys_for(&head).await.map_err(rejected)?;
        keys::open(&keys, &head, token).map_err(rejected)
    }

    /// More claims, as JSON or as a signed token.
    pub(crate) async fn userinfo(
        &self,
        known: &Known,
        access_token: &str,
    ) -> Result<Map<String, Value>, SignInError> {
        let Some(url) = &known.description.userinfo_endpoint else {
            return Ok(Map::new());
        };
        let url = self.endpoint(url).map_err(SignInError::Unavailable)?;
        let answer = self.get(&url, Some(access_token)).await;
        let (status, body) = answer.map_err(SignInError::Unavailable)?;
        match status {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Err(SignInError::Rejected(format!("userinfo answers {status}")));
            }
            status => {
                return Err(SignInError::Unavailable(format!(
                    "userinfo answers {status}"
                )));
            }
        }
        let text = std::str::from_utf8(&body).unwrap_or_default().trim();
        if looks_like_a_token(text) {
            let claims: Map<String, Value> = self.open(known, text).await?;
            return self.of_this_provider(claims);
        }
        serde_json::from_str(text)
            .map_err(|_| SignInError::Rejected("userinfo is neither JSON nor a token".into()))
    }

    /// A signed userinfo names its issuer and audience, where it names any.
    fn of_this_provider(
        &self,
        claims: Map<String, Value>,
    ) -> Result<Map<String, Value>, SignInError> {
        let issuer = claims
            .get("iss")
            .is_none_or(|issuer| *issuer == self.settings.issuer);
        let audience = claims
            .get("aud")
            .is_none_or(|audience| names(audience, &self.settings.client_id));
        match issuer && audience {
            true => Ok(claims),
            false => Err(SignInError::Rejected(
                "userinfo is for somebody else".into(),
            )),
        }
    }

    async fn get(&self, url: &Uri, token: Option<&str>) -> Result<(StatusCode, Bytes), String> {
        let mut request =
            Request::get(url).header(header::ACCEPT, "application/json, application/jwt");
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request
            .body(Full::default())
            .map_err(|error| error.to_string())?;
        let answer = self.fetcher.ask(request).await;
        answer.map_err(|error| format!("{}: {error}", shown(url)))
    }
}

/// That this server is the client, signed by its own key: for one request, and not for long.
fn assertion(key: &Key, client: &str, audience: &str, now_s: u64) -> Result<String, String> {
    let mut id = [0; 16];
    rand::fill(&mut id).map_err(|_| "the system has no randomness")?;
    let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let claims = serde_json::json!({
        "iss": client,
        "sub": client,
        "aud": audience,
        "jti": id,
        "iat": now_s,
        "exp": now_s + ASSERTION_S,
    });
    key.sign(&claims).ok_or("the key signs nothing")?
}

impl Description {
    /// The default of the specification, where nothing is said.
    fn takes_basic(&self) -> bool {
        let methods = &self.token_endpoint_auth_methods_supported;
        methods.is_empty() || methods.iter().any(|method| method == "client_secret_basic")
    }
}

/// Whether a claim that may be one text or several has this one.
pub(crate) fn names(claim: &Value, wanted: &str) -> bool {
    match claim {
        Value::String(text) => text == wanted,
        Value::Array(texts) => texts.iter().any(|text| text == wanted),
        _ => false,
    }
}

/// The code of an OAuth error; nothing else of the answer, which may have anything in it.
fn oauth_error(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let code = body
        .get("error")
        .and_then(Value::as_str)
        .unwrap_or("no error code");
    let is_plain = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '_';
    code.chars().filter(is_plain).take(60).collect()
}

/// As form fields and queries have it.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let pairs = fields
        .iter()
        .map(|(key, value)| format!("{}={}", encoded(key), encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
