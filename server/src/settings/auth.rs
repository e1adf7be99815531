//! Settings about who may come in.

use std::{path::PathBuf, str::FromStr, time::Duration};

use axum::http::Uri;
use clap::Args;
use serde::Deserialize;

use super::{OidcSettings, SettingsError, oidc::OidcFile, tokens::TokenFile};
use crate::auth::{
    claims::Rules,
    keys::{KEYS_MAX, Key, Signing},
};

/// A longer life is no life of a token but a password.
const TOKEN_LIFE_MAX_S: u64 = 366 * 24 * 60 * 60;
/// Clocks that differ by more are wrong.
const LEEWAY_MAX_S: u64 = 300;
/// A pause of nothing would let anybody make this server flood the portal.
const JWKS_PAUSE_S_MIN: u64 = 1;

/// Flags and variables about who may come in.
#[derive(Debug, Args, Default)]
pub struct AuthOptions {
    /// Secret that the portal signs tokens with (HS256), at least 32 bytes
    #[arg(
        long,
        env = "UNISSON_AUTH_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub auth_secret: Option<Secret>,
    /// File with that secret; one line feed at its end does not count
    #[arg(long, env = "UNISSON_AUTH_SECRET_FILE", value_name = "FILE")]
    pub auth_secret_file: Option<PathBuf>,
    /// Address of the keys that the portal signs tokens with (a JWKS)
    #[arg(long, env = "UNISSON_JWKS_URL", value_name = "URL")]
    pub jwks_url: Option<String>,
    /// Address at which the portal says who somebody is
    #[arg(long, env = "UNISSON_AUTH_CALLBACK", value_name = "URL")]
    pub auth_callback: Option<String>,
    /// Issuer (iss) that tokens must have
    #[arg(long, env = "UNISSON_AUTH_ISSUER", value_name = "TEXT")]
    pub auth_issuer: Option<String>,
    /// Audience (aud) that tokens must name
    #[arg(long, env = "UNISSON_AUTH_AUDIENCE", value_name = "TEXT")]
    pub auth_audience: Option<String>,
}

/// A text that never shows.
#[derive(Clone, Deserialize)]
pub struct Secret(pub(super) String);

impl FromStr for Secret {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.into()))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// The part `[auth]` of the settings file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AuthFile {
    pub(super) tokens: Vec<TokenFile>,
    pub(super) cookie: Option<String>,
    pub(super) origins: Option<Vec<String>>,
    secret: Option<Secret>,
    secret_file: Option<PathBuf>,
    keys: Vec<KeyFile>,
    jwks_url: Option<String>,
    jwks_pause_s: Option<u64>,
    issuer: Option<String>,
    audience: Option<String>,
    token_life_max_s: Option<u64>,
    leeway_s: Option<u64>,
    callback: Option<String>,
    callback_cache_s: Option<u64>,
    callback_recheck_s: Option<u64>,
    callback_timeout_ms: Option<u64>,
    oidc: Option<OidcFile>,
}

impl AuthFile {
    /// Whether people sign in.
    pub(super) fn signs_in(&self) -> bool {
        self.oidc.is_some()
    }
}

/// One `[[auth.keys]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    id: Option<String>,
    algorithm: Signing,
    secret: Option<Secret>,
    secret_file: Option<PathBuf>,
    public_key: Option<String>,
    public_key_file: Option<PathBuf>,
    private_key_file: Option<PathBuf>,
}

/// Who may come in, beside static tokens.
#[derive(Debug, Clone)]
pub struct AuthSettings {
    /// Keys that sign tokens.
    pub keys: Vec<Key>,
    /// Where the portal publishes more of them.
    pub jwks_url: Option<Uri>,
    /// Published keys are fetched at most so often.
    pub jwks_pause: Duration,
    /// How tokens are judged.
    pub rules: Rules,
    /// Where the portal is asked about all others.
    pub callback: Option<CallbackSettings>,
    /// How people sign in to the built-in pages.
    pub oidc: Option<OidcSettings>,
}

/// How the portal is asked who somebody is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackSettings {
    /// Where.
    pub url: Uri,
    /// How long an answer counts for further sockets of the same person on the same document.
    pub cache: Duration,
    /// After so long it is asked again about open documents.
    pub recheck: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
}

impl Default for AuthSettings {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            jwks_url: None,
            jwks_pause: Duration::from_secs(10),
            rules: Rules::default(),
            callback: None,
            oidc: None,
        }
    }
}

impl AuthSettings {
    /// Whether nobody is asked who they are.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
            && self.jwks_url.is_none()
            && self.callback.is_none()
            && self.oidc.is_none()
    }

    pub(super) fn gather(
        options: AuthOptions,
        file: &mut AuthFile,
        insecure: bool,
    ) -> Result<Self, SettingsError> {
        let default = Self::default();
        let rules = Rules {
            leeway_s: file.leeway_s.unwrap_or(default.rules.leeway_s),
            life_max_s: file.token_life_max_s.unwrap_or(default.rules.life_max_s),
            issuer: options.auth_issuer.or_else(|| file.issuer.take()),
            audience: options.auth_audience.or_else(|| file.audience.take()),
        };
        within("auth.leeway_s", rules.leeway_s, 0, LEEWAY_MAX_S)?;
        within(
            "auth.token_life_max_s",
            rules.life_max_s,
            1,
            TOKEN_LIFE_MAX_S,
        )?;
        let pause_s = file.jwks_pause_s.unwrap_or(default.jwks_pause.as_secs());
        within("auth.jwks_pause_s", pause_s, JWKS_PAUSE_S_MIN, 3_600)?;
        // Of a flag and the file, the flag counts alone.
        let (secret, secret_file) = match (options.auth_secret, options.auth_secret_file) {
            (None, None) => (file.secret.take(), file.secret_file.take()),
            of_options => of_options,
        };
        let mut keys = Vec::new();
        if let Some(secret) = secret_bytes("auth.secret", secret, secret_file)? {
            keys.push(Key::of_secret(None, &secret).map_err(wrong("auth.secret"))?);
        }
        for key in std::mem::take(&mut file.keys) {
            keys.push(key.read()?);
        }
        if keys.len() > KEYS_MAX {
            return Err(wrong("auth.keys")(format!("at most {KEYS_MAX} keys")));
        }
        let callback = options.auth_callback.or_else(|| file.callback.take());
        let callback = callback.map(|url| callback_settings(&url, file, insecure));
        let oidc = file.oidc.take().map(|oidc| oidc.gather(insecure));
        let jwks_url = options.jwks_url.or_else(|| file.jwks_url.take());
        Ok(Self {
            keys,
            jwks_url: jwks_url
                .map(|url| portal_url("auth.jwks_url", &url, insecure))
                .transpose()?,
            jwks_pause: Duration::from_secs(pause_s),
            rules,
            callback: callback.transpose()?,
            oidc: oidc.transpose()?,
        })
    }
}

impl KeyFile {
    fn read(self) -> Result<Key, SettingsError> {
        const KEY: &str = "auth.keys";
        let secret = secret_bytes(KEY, self.secret, self.secret_file)?;
        let public = match (self.public_key, self.public_key_file) {
            (Some(_), Some(_)) => return Err(wrong(KEY)("public_key or public_key_file".into())),
            (Some(text), None) => Some(text.into_bytes()),
            (None, path) => path.map(read).transpose()?,
        };
        let private = self.private_key_file.map(read).transpose()?;
        let key = match (secret, public, private) {
            (Some(secret), None, None) if self.algorithm == Signing::HS256 => {
                Key::of_secret(self.id, &secret)
            }
            (None, Some(public), None) => Key::of_public(self.id, self.algorithm, &public),
            (None, None, Some(private)) => Key::of_private(self.id, self.algorithm, &private),
            _ => Err(
                "each key has one of: secret or secret_file (HS256 only), public_key or \
                      public_key_file, private_key_file"
                    .into(),
            ),
        };
        key.map_err(wrong(KEY))
    }
}

fn callback_settings(
    url: &str,
    file: &AuthFile,
    insecure: bool,
) -> Result<CallbackSettings, SettingsError> {
    let cache_s = file.callback_cache_s.unwrap_or(30);
    let recheck_s = file.callback_recheck_s.unwrap_or(300);
    let timeout_ms = file.callback_timeout_ms.unwrap_or(3_000);
    within("auth.callback_cache_s", cache_s, 0, 3_600)?;
    // Less would cut people off between two answers; more would let removed people write for days.
    within("auth.callback_recheck_s", recheck_s, 3, 24 * 60 * 60)?;
    // A handshake waits for the answer, and clients wait half a minute for a handshake.
    within("auth.callback_timeout_ms", timeout_ms, 50, 20_000)?;
    Ok(CallbackSettings {
        url: portal_url("auth.callback", url, insecure)?,
        cache: Duration::from_secs(cache_s),
        recheck: Duration::from_secs(recheck_s),
        timeout: Duration::from_millis(timeout_ms),
    })
}

pub(super) fn secret_bytes(
    key: &'static str,
    secret: Option<Secret>,
    file: Option<PathBuf>,
) -> Result<Option<Vec<u8>>, SettingsError> {
    match (secret, file) {
        (Some(_), Some(_)) => Err(wrong(key)("give the secret or a file with it".into())),
        (Some(secret), None) => Ok(Some(secret.0.into_bytes())),
        (None, Some(path)) => {
            let mut bytes = read(path)?;
            if bytes.last() == Some(&b'\n') {
                bytes.pop();
            }
            Ok(Some(bytes))
        }
        (None, None) => Ok(None),
    }
}

pub(super) fn read(path: PathBuf) -> Result<Vec<u8>, SettingsError> {
    std::fs::read(&path).map_err(|source| SettingsError::Read { path, source })
}

/// An address of the portal. What it answers decides who may come in, so it is HTTPS, unless it is
/// on this machine or the operator says that the network is safe.
pub(super) fn portal_url(
    key: &'static str,
    text: &str,
    insecure: bool,
) -> Result<Uri, SettingsError> {
    let url: Uri = text
        .parse()
        .map_err(|error| wrong(key)(format!("{error}")))?;
    let host = url
        .host()
        .ok_or_else(|| wrong(key)("not a whole address".into()))?;
    if url
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'))
    {
        return Err(wrong(key)("must have no name or password in it".into()));
    }
    let here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    match url.scheme_str() {
        Some("https") => Ok(url),
        Some("http") if here || insecure => Ok(url),
        Some("http") => Err(wrong(key)(
            "must be https, unless it is on this machine or --insecure is given".into(),
        )),
        _ => Err(wrong(key)("must begin with https:// or http://".into())),
    }
}

pub(super) fn within(
    key: &'static str,
    value: u64,
    min: u64,
    max: u64,
) -> Result<(), SettingsError> {
    match (min..=max).contains(&value) {
        true => Ok(()),
        false => Err(wrong(key)(format!("must be between {min} and {max}"))),
    }
}

pub(super) fn wrong(key: &'static str) -> impl Fn(String) -> SettingsError {
    move |problem| SettingsError::Value { key, problem }
}

#[cfg(test)]
mod tests;
