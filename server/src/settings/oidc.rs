//! Settings about sign-in by an OpenID provider, for the built-in pages.

use std::{path::PathBuf, time::Duration};

use axum::http::Uri;
use serde::Deserialize;

use super::{
    Secret, SettingsError,
    auth::{portal_url, read, secret_bytes, within, wrong},
};
use crate::auth::{
    claims::Role,
    keys::{Key, Signing},
};

const KEY: &str = "auth.oidc";
/// A key that seals sessions is no password.
const KEY_BYTES_MIN: usize = 32;
/// One in use, and those before it.
const KEYS_MAX: usize = 4;
/// A session that lasts for longer is no sign-in.
const SESSION_S_MAX: u64 = 31 * 24 * 60 * 60;

/// The table `[auth.oidc]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OidcFile {
    issuer: String,
    client_id: String,
    client_secret: Option<Secret>,
    client_secret_file: Option<PathBuf>,
    client_key_file: Option<PathBuf>,
    client_key_algorithm: Option<Signing>,
    client_key_id: Option<String>,
    public_url: String,
    scopes: Option<Vec<String>>,
    #[serde(default)]
    acr_values: Vec<String>,
    #[serde(default)]
    acr_accepted: Vec<String>,
    prompt: Option<String>,
    id_claim: Option<String>,
    name_claim: Option<String>,
    groups_claim: Option<String>,
    userinfo: Option<bool>,
    timeout_ms: Option<u64>,
    #[serde(default)]
    session_keys: Vec<Secret>,
    session_key_file: Option<PathBuf>,
    session_s: Option<u64>,
    session_max_s: Option<u64>,
    automatic: Option<bool>,
    role: Option<Role>,
    #[serde(default)]
    prefix: String,
}

/// How people sign in; complete and checked.
#[derive(Clone)]
pub struct OidcSettings {
    /// The provider, as it names itself.
    pub issuer: String,
    /// Where its own description is.
    pub discovery: Uri,
    /// Who this server is to the provider.
    pub client_id: String,
    /// How this server proves that.
    pub client_secret: Option<String>,
    /// The same by a key of its own, whose public half the provider has (RFC 7523).
    pub client_key: Option<Key>,
    /// The address of this server for people, without a slash at its end.
    pub public_url: String,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// Which kinds of sign-in are asked for.
    pub acr_values: Vec<String>,
    /// Which kinds are accepted; empty: any.
    pub acr_accepted: Vec<String>,
    /// What the provider is told of asking people.
    pub prompt: Option<String>,
    /// The claim that is the person's id here.
    pub id_claim: String,
    /// The claim that is the name to show; without one the usual ones are looked through.
    pub name_claim: Option<String>,
    /// The claim with the person's groups.
    pub groups_claim: String,
    /// Whether the provider is asked for more claims.
    pub userinfo: bool,
    /// How long an answer of the provider may take.
    pub timeout: Duration,
    /// What seals sessions: the key in use, then those before it. Empty: one is drawn, and kept in
    /// the store.
    pub session_keys: Vec<Vec<u8>>,
    /// A session that nobody uses ends after so long.
    pub session_s: u64,
    /// Any session ends after so long.
    pub session_max_s: u64,
    /// Whether who opens a page without a session is sent to the provider.
    pub automatic: bool,
    /// What people are on documents that no space says more about.
    pub role: Role,
    /// Which documents these are: those whose names begin so.
    pub prefix: String,
}

impl std::fmt::Debug for OidcSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Oidc({}, client {}, for {})",
            self.issuer, self.client_id, self.public_url
        )
    }
}

impl OidcFile {
    pub(super) fn gather(self, insecure: bool) -> Result<OidcSettings, SettingsError> {
        let issuer = self.issuer.trim_end_matches('/').to_owned();
        let discovery = format!("{issuer}/.well-known/openid-configuration");
        let secret = secret_bytes(KEY, self.client_secret, self.client_secret_file)?;
        let secret = secret.map(|bytes| {
            String::from_utf8(bytes).map_err(|_| wrong(KEY)("client_secret is not text".into()))
        });
        let key = client_key(
            self.client_key_file,
            self.client_key_algorithm,
            self.client_key_id,
        )?;
        if secret.is_some() && key.is_some() {
            return Err(wrong(KEY)("client_secret or client_key_file".into()));
        }
        let session_s = self.session_s.unwrap_or(8 * 60 * 60);
        let session_max_s = self.session_max_s.unwrap_or(24 * 60 * 60);
        within("auth.oidc.session_s", session_s, 5, SESSION_S_MAX)?;
        within(
            "auth.oidc.session_max_s",
            session_max_s,
            session_s,
            SESSION_S_MAX,
        )?;
        let timeout_ms = self.timeout_ms.unwrap_or(5_000);
        within("auth.oidc.timeout_ms", timeout_ms, 50, 20_000)?;
        if self.client_id.is_empty() {
            return Err(wrong(KEY)("client_id is empty".into()));
        }
        let mut scopes = self
            .scopes
            .unwrap_or_else(|| vec!["profile".into(), "email".into()]);
        if !scopes.iter().any(|scope| scope == "openid") {
            scopes.insert(0, "openid".into());
        }
        Ok(OidcSettings {
            discovery: portal_url("auth.oidc.issuer", &discovery, insecure)?,
            issuer: self.issuer,
            client_id: self.client_id,
            client_secret: secret.transpose()?,
            client_key: key,
            public_url: public_url(&self.public_url, insecure)?,
            scopes,
            acr_values: self.acr_values,
            acr_accepted: self.acr_accepted,
            prompt: self.prompt,
            id_claim: self.id_claim.unwrap_or_else(|| "sub".into()),
            name_claim: self.name_claim,
            groups_claim: self.groups_claim.unwrap_or_else(|| "groups".into()),
            userinfo: self.userinfo.unwrap_or(true),
            timeout: Duration::from_millis(timeout_ms),
            session_keys: session_keys(self.session_keys, self.session_key_file)?,
            session_s,
            session_max_s,
            automatic: self.automatic.unwrap_or(true),
            role: self.role.unwrap_or(Role::Editor),
            prefix: self.prefix,
        })
    }
}

/// Cookies that only HTTPS carries are set there, so it is HTTPS or this machine.
fn public_url(text: &str, insecure: bool) -> Result<String, SettingsError> {
    const KEY: &str = "auth.oidc.public_url";
    let url = portal_url(KEY, text, insecure)?;
    if url.query().is_some() {
        return Err(wrong(KEY)("must have no query in it".into()));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

fn client_key(
    file: Option<PathBuf>,
    algorithm: Option<Signing>,
    id: Option<String>,
) -> Result<Option<Key>, SettingsError> {
    const KEY: &str = "auth.oidc.client_key_file";
    let Some(file) = file else {
        return match algorithm.is_some() || id.is_some() {
            true => Err(wrong(KEY)("is missing".into())),
            false => Ok(None),
        };
    };
    let algorithm = algorithm.unwrap_or(Signing::RS256);
    let key = Key::of_private(id, algorithm, &read(file)?);
    key.map(Some).map_err(wrong(KEY))
}

fn session_keys(keys: Vec<Secret>, file: Option<PathBuf>) -> Result<Vec<Vec<u8>>, SettingsError> {
    const KEY: &str = "auth.oidc.session_keys";
    let mut all = Vec::new();
    all.extend(secret_bytes(KEY, None, file)?);
    all.extend(keys.into_iter().map(|key| key.0.into_bytes()));
    if all.len() > KEYS_MAX {
        return Err(wrong(KEY)(format!("at most {KEYS_MAX}")));
    }
    match all.iter().all(|key| key.len() >= KEY_BYTES_MIN) {
        true => Ok(all),
        false => Err(wrong(KEY)(format!(
            "a key has at least {KEY_BYTES_MIN} bytes"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        issuer = "https://id.example.org/"
        client_id = "wiki"
        client_secret = "shh"
        public_url = "https://wiki.example.org/unisson/"
    "#;

    fn gathered(toml: &str) -> Result<OidcSettings, String> {
        let file: OidcFile = toml::from_str(toml).map_err(|error| error.to_string())?;
        file.gather(false).map_err(|error| error.to_string())
    }

    #[test]
    fn an_issuer_a_client_and_an_address_are_enough() {
        let settings = gathered(GOOD).expect("fine");
        assert_eq!(settings.public_url, "https://wiki.example.org/unisson");
        assert_eq!(settings.issuer, "https://id.example.org/");
        assert_eq!(
            settings.discovery.to_string(),
            "https://id.example.org/.well-known/openid-configuration"
        );
        assert_eq!(settings.scopes, ["openid", "profile", "email"]);
        assert!(!format!("{settings:?}").contains("shh"));
    }

    #[test]
    fn what_is_not_safe_is_refused_by_name() {
        for (from, to, word) in [
            ("https://id.", "http://id.", "https"),
            (
                "https://wiki.example.org/unisson/",
                "http://wiki.example.org",
                "https",
            ),
            (
                "client_secret = \"shh\"",
                "session_keys = [\"short\"]",
                "session_keys",
            ),
            ("client_secret = \"shh\"", "session_s = 1", "session_s"),
            (
                "client_secret = \"shh\"",
                "client_key_id = \"2026\"",
                "client_key_file",
            ),
            ("client_secret = \"shh\"", "rolle = \"editor\"", "rolle"),
        ] {
            let error = gathered(&GOOD.replace(from, to)).expect_err("refused");
            assert!(error.contains(word), "{to}: {error}");
        }
    }
}
