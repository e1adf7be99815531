//! Who somebody is, and what they may do with a document.
//!
//! Three kinds of credentials, asked in this order: static tokens of the settings; tokens that the
//! portal has signed ([`claims`]); whatever else the portal itself understands.

mod callback;
pub mod claims;
mod fetch;
mod jwks;
pub mod keys;
pub mod mint;
pub(crate) mod oidc;

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use subtle::ConstantTimeEq;
use tokio::time::Instant;
use unisson_protocol::{Access, CloseReason, DocName};

pub(crate) use self::fetch::shown;
use self::{
    callback::Callback,
    claims::{Claims, Refused, Rules, prefix_covers},
    jwks::RemoteKeys,
    keys::{Head, Key, looks_like_a_token},
    mint::{MintError, MintRight, Minted, Order, mint},
    oidc::{
        Oidc,
        session::{Session, Signed, default_role},
    },
};
use crate::{
    events::Actor,
    settings::{Settings, Token},
};

/// Who cannot be told yes or no is told so this late: some published clients try again at once.
const TURNING_AWAY: Duration = Duration::from_secs(1);

/// What somebody may do with one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What they may do.
    pub access: Access,
    /// Who they are, where the token says so.
    pub user: Option<Arc<str>>,
    /// The name to show for them, where the token says so.
    pub display_name: Option<Arc<str>>,
    /// The colour of their cursor, where the token says so.
    pub color: Option<Arc<str>>,
    /// When this ends, if ever.
    pub expires: Option<Instant>,
    /// What the portal is asked again with before this ends: what the client has shown already.
    pub again: Option<Credential>,
}

impl Grant {
    /// For one access, of nobody in particular, for ever.
    pub const fn of(access: Access) -> Self {
        Self {
            access,
            user: None,
            display_name: None,
            color: None,
            expires: None,
            again: None,
        }
    }
}

/// What a client shows. Never in a log: its text form says nothing.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Credential {
    token: Arc<str>,
    /// All cookies, where the portal is to judge them.
    cookies: Option<Arc<str>>,
    /// Who the browser is signed in as.
    session: Signed,
    /// Where it comes from, for the audit log.
    address: Option<IpAddr>,
}

impl Credential {
    pub(crate) fn of_token(token: &str) -> Self {
        Self {
            token: token.into(),
            cookies: None,
            session: None,
            address: None,
        }
    }

    /// The same, and cookies.
    pub(crate) fn with_cookies(self, cookies: Option<&str>) -> Self {
        Self {
            cookies: cookies.map(Into::into),
            ..self
        }
    }

    /// The same, of a browser that is signed in.
    pub(crate) fn with_session(self, session: Signed) -> Self {
        Self { session, ..self }
    }

    /// The same, from this address.
    pub(crate) fn with_address(self, address: Option<IpAddr>) -> Self {
        Self { address, ..self }
    }

    pub(crate) fn session(&self) -> Option<&Arc<Session>> {
        self.session.as_ref()
    }

    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// What a frame shows on top of what the handshake has shown.
    pub(crate) fn over(self, handshake: &Self) -> Self {
        match self.is_empty() {
            true => handshake.clone(),
            false => Self {
                cookies: handshake.cookies.clone(),
                address: handshake.address,
                ..self
            },
        }
    }

    fn is_empty(&self) -> bool {
        self.token.is_empty()
    }

    fn shows_nothing(&self) -> bool {
        self.is_empty() && self.cookies.is_none()
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credential")
    }
}

/// Checks credentials, and makes tokens.
#[derive(Debug)]
pub struct Authenticator {
    tokens: Vec<Token>,
    keys: Vec<Key>,
    remote_keys: Option<Arc<RemoteKeys>>,
    callback: Option<Callback>,
    oidc: Option<Arc<Oidc>>,
    rules: Rules,
    is_open: bool,
}

impl Authenticator {
    /// By the settings; with none of them for it, everybody may do everything.
    pub fn new(settings: &Settings) -> Result<Self, String> {
        let auth = &settings.auth;
        let remote_keys = auth.jwks_url.as_ref().map(|url| {
            RemoteKeys::new(url, auth.jwks_pause).map_err(|error| format!("auth.jwks_url: {error}"))
        });
        let callback = auth.callback.as_ref().map(|settings| {
            Callback::new(settings).map_err(|error| format!("auth.callback: {error}"))
        });
        Ok(Self {
            tokens: settings.tokens.clone(),
            keys: auth.keys.clone(),
            remote_keys: remote_keys.transpose()?.map(Arc::new),
            callback: callback.transpose()?,
            oidc: None,
            rules: auth.rules.clone(),
            is_open: settings.is_open(),
        })
    }

    /// The same, for people who sign in too.
    pub(crate) fn with_oidc(self, oidc: Option<Arc<Oidc>>) -> Self {
        Self { oidc, ..self }
    }

    pub(crate) fn oidc(&self) -> Option<&Arc<Oidc>> {
        self.oidc.as_ref()
    }

    /// What a credential allows: `Unauthorized` where nobody knows it, `Forbidden` where it is for
    /// other documents, `Undecided` where that cannot be known now.
    pub(crate) async fn authenticate(
        &self,
        credential: &Credential,
        document: &DocName,
    ) -> Result<Grant, CloseReason> {
        if self.is_open {
            return Ok(Grant::of(Access::ReadWrite));
        }
        // A token that is shown counts over the browser's session.
        if credential.is_empty()
            && let (Some(oidc), Some(session)) = (&self.oidc, &credential.session)
        {
            return session_grant(oidc, session, document);
        }
        match self.static_grant(&credential.token, document) {
            Err(CloseReason::Unauthorized) => {}
            decided => return decided,
        }
        let decided = match self.open_token(&credential.token).await {
            // Nobody here knows it: the portal may.
            Err(Refused::UnknownKey) if self.callback.is_some() => {
                self.ask_portal(credential, document).await
            }
            opened => self.judge(opened, document),
        };
        if let Err(CloseReason::Undecided) = decided {
            tokio::time::sleep(TURNING_AWAY).await;
        }
        decided
    }

    fn judge(
        &self,
        opened: Result<Claims, Refused>,
        document: &DocName,
    ) -> Result<Grant, CloseReason> {
        let grant = opened.and_then(|claims| {
            let access = claims.access(document)?;
            Ok(grant(&claims, access, self.rules.leeway_s))
        });
        grant.map_err(|refused| {
            // The text says what a portal's developer needs, and nothing of the token itself.
            tracing::debug!(%document, %refused, "token refused");
            close_reason(&refused)
        })
    }

    async fn ask_portal(
        &self,
        credential: &Credential,
        document: &DocName,
    ) -> Result<Grant, CloseReason> {
        let (Some(callback), false) = (&self.callback, credential.shows_nothing()) else {
            return Err(CloseReason::Unauthorized);
        };
        let claims = callback.ask(credential, document).await?;
        Ok(Grant {
            again: Some(credential.clone()),
            ..grant(&claims, claims.role.access(), 0)
        })
    }

    /// Every token is compared, each in constant time.
    fn static_grant(&self, token: &str, document: &DocName) -> Result<Grant, CloseReason> {
        let mut known = false;
        let mut grant = None;
        for candidate in self.known_tokens(token) {
            known = true;
            if prefix_covers(&candidate.prefix, document.as_str()) {
                grant.get_or_insert(Grant {
                    user: candidate.user.as_deref().map(Into::into),
                    display_name: candidate.display_name.as_deref().map(Into::into),
                    ..Grant::of(candidate.access)
                });
            }
        }
        match grant {
            Some(grant) => Ok(grant),
            None if known => Err(CloseReason::Forbidden),
            None => Err(CloseReason::Unauthorized),
        }
    }

    fn known_tokens(&self, token: &str) -> impl Iterator<Item = &Token> {
        let same =
            |candidate: &&Token| bool::from(candidate.value.as_bytes().ct_eq(token.as_bytes()));
        self.tokens.iter().filter(same)
    }

    /// What a signed token says, where it is good now.
    async fn open_token(&self, token: &str) -> Result<Claims, Refused> {
        if self.keys.is_empty() && self.remote_keys.is_none() || !looks_like_a_token(token) {
            return Err(Refused::UnknownKey);
        }
        let head = Head::of(token)?;
        let mut opened = keys::open::<Claims>(&self.keys, &head, token);
        if let (Err(Refused::UnknownKey | Refused::Signature), Some(remote)) =
            (&opened, &self.remote_keys)
        {
            opened = keys::open(&remote.keys_for(&head).await?, &head, token);
        }
        let claims = opened?;
        claims.check(unix_now_s(), &self.rules)?;
        Ok(claims)
    }

    /// What somebody may hand on in tokens of their own.
    pub(crate) async fn mint_right(&self, token: &str) -> Result<MintRight, CloseReason> {
        let known = self.known_tokens(token).collect::<Vec<_>>();
        if let Some(admin) = known.iter().find(|token| token.is_admin) {
            return Ok(MintRight {
                holder: holder(admin),
                ..MintRight::within(&admin.prefix)
            });
        }
        if !known.is_empty() {
            return Err(CloseReason::Forbidden);
        }
        let claims = self.open_token(token).await;
        let claims = claims.map_err(|refused| close_reason(&refused))?;
        match claims.mint {
            true => Ok(MintRight {
                places: claims.places,
                role: claims.role,
                mint: false,
                holder: Some(Actor {
                    id: claims.sub,
                    name: claims.name,
                }),
            }),
            false => Err(CloseReason::Forbidden),
        }
    }

    /// Who asks, where it is an operator of the whole server.
    pub(crate) fn admin(&self, token: &str) -> Result<Option<Actor>, CloseReason> {
        let known = self.known_tokens(token).collect::<Vec<_>>();
        let admin = known
            .iter()
            .find(|token| token.is_admin && token.prefix.is_empty());
        match admin {
            Some(admin) => Ok(holder(admin)),
            None if known.is_empty() => Err(CloseReason::Unauthorized),
            None => Err(CloseReason::Forbidden),
        }
    }

    /// Makes a token.
    pub(crate) fn mint(&self, order: Order, right: &MintRight) -> Result<Minted, MintError> {
        mint(&self.keys, &self.rules, order, right, unix_now_s())
    }
}

/// Whose a token is, where the settings say so.
fn holder(token: &Token) -> Option<Actor> {
    Some(Actor {
        id: token.user.clone()?,
        name: token.display_name.clone(),
    })
}

fn grant(claims: &Claims, access: Access, leeway_s: u64) -> Grant {
    let person = claims.person();
    let end = Duration::from_secs(claims.exp.saturating_add(leeway_s));
    let left = end.saturating_sub(unix_now());
    Grant {
        access,
        user: Some(person.user),
        display_name: Some(person.display_name),
        color: person.color,
        expires: Some(Instant::now() + left),
        again: None,
    }
}

/// What a browser's session allows. It holds for as long as the session may last: that it was ended
/// before is told to open sockets at once.
fn session_grant(oidc: &Oidc, session: &Session, document: &DocName) -> Result<Grant, CloseReason> {
    if !oidc.is_good(session) {
        return Err(CloseReason::Unauthorized);
    }
    let role = default_role(oidc.settings(), document.as_str()).ok_or(CloseReason::Forbidden)?;
    let left_s = session.last_s(oidc.settings()).saturating_sub(unix_now_s());
    Ok(Grant {
        user: Some(session.id.as_str().into()),
        display_name: Some(session.name.as_str().into()),
        expires: Some(Instant::now() + Duration::from_secs(left_s)),
        ..Grant::of(role.access())
    })
}

fn close_reason(refused: &Refused) -> CloseReason {
    match refused {
        Refused::Document => CloseReason::Forbidden,
        Refused::Unavailable(_) => CloseReason::Undecided,
        Refused::Malformed(_)
        | Refused::Claim(_)
        | Refused::UnknownKey
        | Refused::Signature
        | Refused::Expired
        | Refused::TooEarly
        | Refused::TooLong
        | Refused::Issuer
        | Refused::Audience => CloseReason::Unauthorized,
    }
}

/// A clock before 1970 says 0, for which every token is good for too long: nobody gets in.
fn unix_now() -> Duration {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or(Duration::ZERO)
}

/// The same in whole seconds.
pub(crate) fn unix_now_s() -> u64 {
    unix_now().as_secs()
}

#[cfg(test)]
mod tests;
