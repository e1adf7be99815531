//! Sign-in by an OpenID provider (authorization code with PKCE), for the built-in pages.
//!
//! Who is signed in stands in a sealed cookie, so any node of a store knows it, also after a
//! restart. What cannot stand there, that a session was ended before its time, is kept in the
//! store's journal `sessions`: durable before anybody is told, read at the start, and looked at
//! every few seconds where other servers share the store.

pub(crate) mod claims;
pub(crate) mod provider;
mod revoked;
pub(crate) mod seal;
pub(crate) mod session;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak},
    time::Duration,
};

use aws_lc_rs::{digest, rand};
use axum::http::{HeaderMap, header};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use subtle::ConstantTimeEq as _;
use tokio::task::JoinHandle;
use unisson_protocol::CloseReason;
use unisson_storage::{Journal, StoreError};

use self::{
    claims::{IdToken, LogoutToken},
    provider::{Provider, SignInError, form},
    revoked::{Ending, Revoked},
    seal::Seals,
    session::{Journey, Session, local_path},
};
use super::unix_now_s;
use crate::{outbox::Outbox, settings::OidcSettings, versions::unix_now_ms};

/// How long somebody may take to sign in at the provider.
const JOURNEY_S: u64 = 15 * 60;
/// How often what other servers of the store did is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// What sealed values are for.
const SESSION: &str = "session";
const JOURNEY: &str = "signin";
/// Sign-ins that one browser may have begun: each has a cookie, and headers have a limit.
const JOURNEYS_MAX: usize = 6;

/// A sign-in that has begun: where to send the browser, with which cookies.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) location: String,
    pub(crate) cookies: Vec<String>,
}

/// A sign-in that is done.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) session: Session,
    /// Where the person wanted to go: a path.
    pub(crate) to: String,
    pub(crate) cookies: Vec<String>,
}

/// What the provider sends a browser back with.
#[derive(Debug, Clone, Default, serde::Deserialize)]
pub(crate) struct Returned {
    pub(crate) code: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) iss: Option<String>,
}

/// Sockets that are open by a session.
type Sockets = HashMap<String, (Arc<Session>, Vec<Weak<Outbox>>)>;

/// Signs people in and out, and knows who is signed in.
#[derive(Debug)]
pub(crate) struct Oidc {
    settings: Arc<OidcSettings>,
    provider: Provider,
    journal: Journal,
    seals: RwLock<Arc<Seals>>,
    revoked: Mutex<Revoked>,
    sockets: Mutex<Sockets>,
    looking: Mutex<Option<JoinHandle<()>>>,
}

impl Oidc {
    pub(crate) async fn start(
        settings: &OidcSettings,
        journal: Journal,
    ) -> Result<Arc<Self>, String> {
        let settings = Arc::new(settings.clone());
        let kept = |error: StoreError| format!("sessions cannot be read: {error}");
        if settings.session_keys.is_empty() {
            revoked::establish_key(&journal, unix_now_ms())
                .await
                .map_err(kept)?;
        }
        let oidc = Arc::new(Self {
            provider: Provider::new(settings.clone())?,
            seals: RwLock::new(Arc::new(Seals::new(&settings.session_keys)?)),
            settings,
            journal,
            revoked: Mutex::default(),
            sockets: Mutex::default(),
            looking: Mutex::default(),
        });
        oidc.look().await.map_err(kept)?;
        if !oidc.journal.is_alone() {
            let looker = Arc::downgrade(&oidc);
            let task = tokio::spawn(async move {
                loop {
                    tokio::time::sleep(LOOK).await;
                    let Some(oidc) = looker.upgrade() else { return };
                    if let Err(error) = oidc.look().await {
                        tracing::warn!(%error, "cannot look who was signed out elsewhere");
                    }
                }
            });
            *lock(&oidc.looking) = Some(task);
        }
        Ok(oidc)
    }

    pub(crate) fn settings(&self) -> &OidcSettings {
        &self.settings
    }

    /// Reads the keys, and which sessions have ended.
    async fn look(&self) -> Result<(), StoreError> {
        let found = revoked::read(&self.journal, unix_now_s()).await?;
        if self.settings.session_keys.is_empty()
            && let Ok(seals) = Seals::new(&found.keys)
        {
            *self.seals.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(seals);
        }
        let news = lock(&self.revoked).add_all(found.endings);
        if news {
            self.close_ended();
        }
        Ok(())
    }

    fn seals(&self) -> Arc<Seals> {
        self.seals
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Who a request is signed in as.
    pub(crate) fn session(&self, headers: &HeaderMap) -> Option<Arc<Session>> {
        let name = self.cookie_name("unisson_session");
        let value = cookies(headers).find_map(|(key, value)| (key == name).then_some(value))?;
        let session: Session = self.seals().open(SESSION, value)?;
        let session = Arc::new(session);
        self.is_good(&session).then_some(session)
    }

    /// Whether a session has not ended yet.
    pub(crate) fn is_good(&self, session: &Session) -> bool {
        !session.is_over(unix_now_s(), &self.settings) && !lock(&self.revoked).covers(session)
    }

    /// A cookie with the same session for longer, where it is time for that.
    pub(crate) fn renewal(&self, session: &Session) -> Option<String> {
        let renewed = session.renewed(unix_now_s(), &self.settings)?;
        self.session_cookie(&renewed)
    }

    fn session_cookie(&self, session: &Session) -> Option<String> {
        let seals = self.seals();
        let sealed = seals.seal(SESSION, session).or_else(|| {
            // Without it the provider asks whether one wants to sign out.
            let shorter = Session {
                id_token: None,
                ..session.clone()
            };
            seals.seal(SESSION, &shorter)
        })?;
        let life_s = session.ends_s.saturating_sub(unix_now_s());
        Some(self.cookie("unisson_session", &sealed, life_s))
    }

    /// Begins a sign-in that leads to a path of this server.
    pub(crate) async fn begin(&self, to: &str, headers: &HeaderMap) -> Result<Begun, SignInError> {
        let known = self.provider.known().await?;
        let journey = Journey {
            state: random()?,
            nonce: random()?,
            verifier: random()?,
            to: local_path(to).unwrap_or("/").to_owned(),
            ends_s: unix_now_s() + JOURNEY_S,
        };
        let challenge = digest::digest(&digest::SHA256, journey.verifier.as_bytes());
        let challenge = URL_SAFE_NO_PAD.encode(challenge.as_ref());
        let redirect_uri = self.redirect_uri();
        let (scope, acr) = (
            self.settings.scopes.join(" "),
            self.settings.acr_values.join(" "),
        );
        let mut fields = vec![
            ("response_type", "code"),
            ("client_id", &self.settings.client_id),
            ("redirect_uri", &redirect_uri),
            ("scope", &scope),
            ("state", &journey.state),
            ("nonce", &journey.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        if !acr.is_empty() {
            fields.push(("acr_values", &acr));
        }
        if let Some(prompt) = &self.settings.prompt {
            fields.push(("prompt", prompt));
        }
        let endpoint = &known.description.authorization_endpoint;
        let location = with_query(endpoint, &form(&fields));
        let sealed = self.seals().seal(JOURNEY, &journey);
        let sealed =
            sealed.ok_or_else(|| SignInError::Rejected("the address is too long".into()))?;
        let mut cookies = self.too_many_journeys(headers);
        cookies.push(self.cookie(&journey_cookie(&journey.state), &sealed, JOURNEY_S));
        Ok(Begun { location, cookies })
    }

    /// Forgets sign-ins that were begun and never ended.
    fn too_many_journeys(&self, headers: &HeaderMap) -> Vec<String> {
        let prefix = self.cookie_name("unisson_signin_");
        let begun: Vec<&str> = cookies(headers)
            .filter_map(|(key, _)| key.starts_with(&prefix).then_some(key))
            .collect();
        match begun.len() < JOURNEYS_MAX {
            true => Vec::new(),
            false => begun.into_iter().map(|name| self.no_cookie(name)).collect(),
        }
    }

    /// Ends a sign-in: all that the provider says is checked.
    pub(crate) async fn finish(
        &self,
        returned: &Returned,
        headers: &HeaderMap,
    ) -> Result<Finished, SignInError> {
        let journey = self.journey(returned, headers)?;
        let known = self.provider.known().await?;
        let named = returned.iss.as_deref();
        let must_name = known
            .description
            .authorization_response_iss_parameter_supported;
        if named.map_or(must_name, |issuer| issuer != self.settings.issuer) {
            return Err(SignInError::Rejected(
                "another provider answers (iss)".into(),
            ));
        }
        if let Some(error) = &returned.error {
            return Err(refusal(error));
        }
        let code = returned.code.as_deref().unwrap_or_default();
        let redirect_uri = self.redirect_uri();
        let tokens = self
            .provider
            .tokens(&known, code, &journey.verifier, &redirect_uri)
            .await?;
        let id_token: IdToken = self.provider.open(&known, &tokens.id_token).await?;
        let now_s = unix_now_s();
        id_token.check(&self.settings, &journey.nonce, now_s)?;
        let userinfo = match self.settings.userinfo {
            true => self.provider.userinfo(&known, &tokens.access_token).await?,
            false => serde_json::Map::new(),
        };
        let person = claims::person(&id_token.with(userinfo)?, &self.settings)?;
        let session = Session {
            sid: random()?,
            provider_sid: id_token.sid.clone(),
            sub: id_token.sub.clone(),
            id: person.id,
            name: person.name,
            groups: person.groups,
            signed_in_s: now_s,
            ends_s: now_s + self.settings.session_s,
            id_token: Some(tokens.id_token),
        };
        let cookie = self.session_cookie(&session).ok_or_else(|| {
            SignInError::Denied("the groups of this person do not fit in a cookie".into())
        })?;
        let over = self.no_cookie(&self.cookie_name(&journey_cookie(&journey.state)));
        Ok(Finished {
            session,
            to: journey.to,
            cookies: vec![over, cookie],
        })
    }

    /// The sign-in that this browser has begun, and no other one has.
    fn journey(&self, returned: &Returned, headers: &HeaderMap) -> Result<Journey, SignInError> {
        let rejected = |problem: &str| SignInError::Rejected(problem.to_owned());
        let state = returned.state.as_deref().unwrap_or_default();
        let name = self.cookie_name(&journey_cookie(state));
        let sealed = cookies(headers).find_map(|(key, value)| (key == name).then_some(value));
        let journey: Journey = sealed
            .and_then(|sealed| self.seals().open(JOURNEY, sealed))
            .ok_or_else(|| rejected("this browser has not begun it (state)"))?;
        if !bool::from(journey.state.as_bytes().ct_eq(state.as_bytes())) {
            return Err(rejected("this browser has begun another one (state)"));
        }
        match journey.ends_s > unix_now_s() {
            true => Ok(journey),
            false => Err(rejected("it took too long")),
        }
    }

    /// Ends a session, durably. Where to send the browser then, and with which cookie.
    pub(crate) async fn sign_out(&self, session: &Session) -> Result<Begun, StoreError> {
        self.end(Ending::of_session(session, session.last_s(&self.settings)))
            .await?;
        let signed_out = format!("{}/signed-out", self.settings.public_url);
        let known = self.provider.known().await.ok();
        let endpoint = known.and_then(|known| known.description.end_session_endpoint.clone());
        let location = match endpoint {
            None => signed_out,
            Some(endpoint) => {
                // Some providers want a state; nothing here depends on it.
                let state = random().unwrap_or_default();
                let mut fields = vec![
                    ("post_logout_redirect_uri", signed_out.as_str()),
                    ("client_id", &self.settings.client_id),
                    ("state", &state),
                ];
                let hint = session.id_token.as_deref();
                fields.extend(hint.map(|hint| ("id_token_hint", hint)));
                with_query(&endpoint, &form(&fields))
            }
        };
        Ok(Begun {
            location,
            cookies: vec![self.no_cookie(&self.cookie_name("unisson_session"))],
        })
    }

    /// The provider says that somebody has signed out.
    pub(crate) async fn signed_out_elsewhere(&self, token: &str) -> Result<(), SignInError> {
        let known = self.provider.known().await?;
        let token: LogoutToken = self.provider.open(&known, token).await?;
        let now_s = unix_now_s();
        token.check(&self.settings, now_s)?;
        let until_s = now_s.saturating_add(self.settings.session_max_s);
        let ending = match (&token.sid, &token.sub) {
            (Some(sid), _) => Ending::of_provider_session(sid, until_s),
            (None, Some(sub)) => Ending::of_person(sub, now_s, until_s),
            (None, None) => return Ok(()),
        };
        let ended = self.end(ending).await;
        ended.map_err(|error| SignInError::Unavailable(error.to_string()))
    }

    async fn end(&self, ending: Ending) -> Result<(), StoreError> {
        self.journal.put(&ending.name(), Bytes::new()).await?;
        lock(&self.revoked).add_all([ending]);
        self.close_ended();
        Ok(())
    }

    /// A socket is open by a session: it closes when the session is ended.
    pub(crate) fn attach(&self, session: &Arc<Session>, outbox: &Arc<Outbox>) {
        {
            let mut sockets = lock(&self.sockets);
            let (_, outboxes) = sockets
                .entry(session.sid.clone())
                .or_insert_with(|| (session.clone(), Vec::new()));
            outboxes.retain(|outbox| outbox.strong_count() > 0);
            outboxes.push(Arc::downgrade(outbox));
            // As many as there are sockets, and at most as many again that have gone.
            if sockets.len().is_power_of_two() {
                sockets.retain(|_, (_, outboxes)| {
                    outboxes.iter().any(|outbox| outbox.strong_count() > 0)
                });
            }
        }
        // It may have ended since its cookie was read.
        if !self.is_good(session) {
            outbox.close(CloseReason::Unauthorized);
        }
    }

    fn close_ended(&self) {
        let ended: Vec<_> = {
            let revoked = lock(&self.revoked);
            let mut sockets = lock(&self.sockets);
            let ended = sockets.extract_if(|_, (session, _)| revoked.covers(session));
            ended.flat_map(|(_, (_, outboxes))| outboxes).collect()
        };
        for outbox in ended.iter().filter_map(Weak::upgrade) {
            outbox.close(CloseReason::Unauthorized);
        }
    }

    fn redirect_uri(&self) -> String {
        format!("{}/signin/callback", self.settings.public_url)
    }

    /// Only over a plain network, which the operator has to ask for, cookies go without protection.
    fn is_protected(&self) -> bool {
        let url = &self.settings.public_url;
        let host = url.split_once("://").map_or("", |(_, rest)| rest);
        let is_here = ["localhost", "127.0.0.1", "[::1]"].iter().any(|own| {
            host.strip_prefix(own)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
        });
        url.starts_with("https://") || is_here
    }

    fn cookie_name(&self, name: &str) -> String {
        let prefix = if self.is_protected() { "__Host-" } else { "" };
        format!("{prefix}{name}")
    }

    fn cookie(&self, name: &str, value: &str, life_s: u64) -> String {
        let (name, secure) = (self.cookie_name(name), self.secure());
        format!("{name}={value}; Path=/; Max-Age={life_s}; HttpOnly; SameSite=Lax{secure}")
    }

    fn no_cookie(&self, name: &str) -> String {
        format!(
            "{name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{}",
            self.secure()
        )
    }

    fn secure(&self) -> &'static str {
        if self.is_protected() { "; Secure" } else { "" }
    }
}

impl Drop for Oidc {
    fn drop(&mut self) {
        if let Some(looking) = lock(&self.looking).take() {
            looking.abort();
        }
    }
}

/// What the provider says in place of a code.
fn refusal(error: &str) -> SignInError {
    let is_plain = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '_';
    let code: String = error.chars().filter(is_plain).take(60).collect();
    match code.as_str() {
        "server_error" | "temporarily_unavailable" => SignInError::Unavailable(code),
        _ => SignInError::Denied(code),
    }
}

fn with_query(address: &str, query: &str) -> String {
    let join = if address.contains('?') { '&' } else { '?' };
    format!("{address}{join}{query}")
}

fn journey_cookie(state: &str) -> String {
    let is_plain = |letter: &char| letter.is_ascii_alphanumeric();
    let short: String = state.chars().filter(is_plain).take(12).collect();
    format!("unisson_signin_{short}")
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let all = headers.get_all(header::COOKIE).iter();
    all.filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
}

/// 256 bits as text.
fn random() -> Result<String, SignInError> {
    let mut bytes = [0; 32];
    let filled = rand::fill(&mut bytes);
    filled.map_err(|_| SignInError::Unavailable("there is no randomness".into()))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
