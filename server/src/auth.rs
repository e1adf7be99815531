//! Who somebody is, and what they may do with a document.
//!
//! Three kinds of credentials, asked in this order: static tokens of the settings; tokens that the
//! portal has signed ([`claims`]); whatever else the portal itself understands.

mod callback;
pub mod claims;
mod fetch;
mod identity;
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
use unisson_rights::{Principal, Role};

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
    administration::Administration,
    events::Actor,
    settings::{Settings, Token},
    spaces::{Spaces, Standing, is_link_token},
};

pub(crate) use self::{
    claims::{Person, access_of},
    identity::{About, Identity, is_anonymous},
};

/// Who cannot be told yes or no is told so this late: some published clients try again at once.
const TURNING_AWAY: Duration = Duration::from_secs(1);

/// What somebody may do with one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What they may do.
    pub access: Access,
    /// What they are there.
    pub role: Role,
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
    /// What it rests on in a space, where the document is in one: that may change at any time.
    pub(crate) standing: Option<Arc<Standing>>,
}

impl Grant {
    /// For one access, of nobody in particular, for ever.
    pub const fn of(access: Access) -> Self {
        Self {
            access,
            role: match access {
                Access::ReadOnly => Role::Reader,
                Access::ReadWrite => Role::Editor,
            },
            user: None,
            display_name: None,
            color: None,
            expires: None,
            again: None,
            standing: None,
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

    /// For digests alone.
    pub(crate) fn token(&self) -> &str {
        &self.token
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

    pub(crate) fn is_empty(&self) -> bool {
        self.token.is_empty()
    }

    fn is_session(&self) -> bool {
        self.is_empty() && self.session.is_some()
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
    spaces: Option<Arc<Spaces>>,
    administration: Option<Arc<Administration>>,
    is_open: bool,
    /// Open, and heard on this machine alone.
    is_own_machine: bool,
    admin_groups: Vec<String>,
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
            spaces: None,
            administration: None,
            is_open: settings.is_open(),
            is_own_machine: settings.is_open() && settings.listen.ip().is_loopback(),
            admin_groups: settings.admin_groups.clone(),
        })
    }

    /// The same, and spaces count.
    #[must_use]
    pub(crate) fn with_spaces(self, spaces: Arc<Spaces>) -> Self {
        Self {
            spaces: Some(spaces),
            ..self
        }
    }

    /// The same, and whom operators keep out stays out.
    #[must_use]
    pub(crate) fn with_administration(self, administration: Arc<Administration>) -> Self {
        Self {
            administration: Some(administration),
            ..self
        }
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
        if document.is_reserved() {
            return Err(CloseReason::Forbidden);
        }
        if self.is_open {
            return Ok(Grant::of(Access::ReadWrite));
        }
        let decided = self.decide(credential, document).await;
        if let Err(CloseReason::Undecided) = decided {
            tokio::time::sleep(TURNING_AWAY).await;
        }
        decided
    }

    async fn decide(
        &self,
        credential: &Credential,
        document: &DocName,
    ) -> Result<Grant, CloseReason> {
        let place = match &self.spaces {
            Some(spaces) => spaces.place_of(document).await?,
            None => None,
        };
        let identity = self.identify(credential, About::Document(document)).await;
        match place {
            // Whoever shows nothing may still be one of those to whom a space is open.
            Some(place) => match identity {
                Err(CloseReason::Unauthorized) if credential.is_empty() => {
                    place.grant(&Identity::anonymous())
                }
                Ok(mut identity) if credential.is_session() => {
                    // What everybody is who signs in counts where no space says otherwise.
                    identity.principal.granted = None;
                    place.grant(&identity)
                }
                identity => place.grant(&identity?),
            },
            None => {
                let identity = identity?;
                identity.grant(identity.principal.granted)
            }
        }
    }

    /// Who shows a credential, and what they may do whatever spaces say. `Unauthorized` where
    /// nobody knows it, `Forbidden` where the portal says so or operators keep them out,
    /// `Undecided` where that cannot be known now.
    pub(crate) async fn identify(
        &self,
        credential: &Credential,
        about: About<'_>,
    ) -> Result<Identity, CloseReason> {
        let identity = self.recognise(credential, about).await?;
        let user = identity.person.user.as_deref();
        let is_kept_out = |user: &str| {
            let administration = self.administration.as_ref();
            administration.is_some_and(|administration| administration.keeps_out(user))
        };
        match user.is_some_and(is_kept_out) {
            true => Err(CloseReason::Forbidden),
            false => Ok(identity),
        }
    }

    async fn recognise(
        &self,
        credential: &Credential,
        about: About<'_>,
    ) -> Result<Identity, CloseReason> {
        if self.is_open {
            return Ok(Identity::operator());
        }
        // A token that is shown counts over the browser's session.
        if credential.is_empty()
            && let (Some(oidc), Some(session)) = (&self.oidc, &credential.session)
        {
            return session_identity(oidc, session, about);
        }
        if let Some(spaces) = self
            .spaces
            .as_ref()
            .filter(|_| is_link_token(&credential.token))
        {
            return spaces.identity_of_link(&credential.token).await;
        }
        if let Some(identity) = self.static_identity(&credential.token, about) {
            return Ok(identity);
        }
        match self.open_token(&credential.token).await {
            // Nobody here knows it: the portal may.
            Err(Refused::UnknownKey) if self.callback.is_some() => {
                self.ask_portal(credential, about).await
            }
            Ok(claims) => Ok(identity(&claims, about, self.rules.leeway_s)),
            Err(refused) => {
                // The text says what a portal's developer needs, and nothing of the token itself.
                tracing::debug!(?about, %refused, "token refused");
                Err(close_reason(&refused))
            }
        }
    }

    async fn ask_portal(
        &self,
        credential: &Credential,
        about: About<'_>,
    ) -> Result<Identity, CloseReason> {
        let (Some(callback), false) = (&self.callback, credential.shows_nothing()) else {
            return Err(CloseReason::Unauthorized);
        };
        let space = match about {
            About::Document(_) => None,
            About::Within(prefix) => DocName::new(prefix.trim_end_matches('/')).ok(),
        };
        let asked = match (about, &space) {
            (About::Document(document), _) => document,
            (About::Within(_), Some(space)) => space,
            (About::Within(_), None) => return Err(CloseReason::Forbidden),
        };
        let claims = callback.ask(credential, asked).await?;
        let mut identity = identity(&claims, about, 0);
        if matches!(about, About::Within(_)) {
            // The portal was asked about the space itself.
            identity.principal.granted = claims.role;
        }
        identity.again = Some(credential.clone());
        Ok(identity)
    }

    /// Every token is compared, each in constant time.
    fn static_identity(&self, token: &str, about: About<'_>) -> Option<Identity> {
        let name = match about {
            About::Document(document) => document.as_str(),
            About::Within(prefix) => prefix,
        };
        let mut found: Option<Identity> = None;
        for candidate in self.known_tokens(token) {
            let first = found.is_none();
            let identity = found.get_or_insert_with(Identity::default);
            let covers = prefix_covers(&candidate.prefix, name);
            let principal = &mut identity.principal;
            principal.is_admin |= covers && candidate.is_admin;
            // The first that covers the name says who it is; before that, the first at all.
            let counts = covers && principal.granted.is_none();
            if counts {
                principal.granted = Some(role_of(candidate));
            }
            if counts || first {
                principal.person.clone_from(&candidate.user);
                identity.person = person_of(candidate);
            }
        }
        found
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
                role: claims.role.unwrap_or(Role::Guest),
                mint: false,
                names: false,
                holder: Some(Actor {
                    id: claims.sub,
                    name: claims.name,
                }),
            }),
            false => Err(CloseReason::Forbidden),
        }
    }

    /// Who asks, where it is an operator of the whole server: by a token of the settings, or signed
    /// in by the provider and in a group that the settings name. Groups in a portal's tokens do not
    /// count here: whoever may have tokens made could name any. Where nobody is asked who they are
    /// and only this machine is heard, everybody is an operator.
    pub(crate) fn admin(
        &self,
        token: &str,
        session: Option<&Arc<Session>>,
    ) -> Result<Option<Actor>, CloseReason> {
        if self.is_own_machine {
            return Ok(None);
        }
        if let (Some(oidc), Some(session)) = (&self.oidc, session) {
            let is_admin = |group: &String| self.admin_groups.contains(group);
            return match oidc.is_good(session) {
                false => Err(CloseReason::Unauthorized),
                true if session.groups.iter().any(is_admin) => Ok(Some(Actor {
                    id: session.id.clone(),
                    name: Some(session.name.clone()),
                })),
                true => Err(CloseReason::Forbidden),
            };
        }
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

/// Who holds a static token, where it is one person's.
fn person_of(token: &Token) -> Person {
    Person {
        user: token.user.as_deref().map(Into::into),
        display_name: token.display_name.as_deref().map(Into::into),
        color: None,
    }
}

/// The same for the audit log.
fn holder(token: &Token) -> Option<Actor> {
    Some(Actor {
        id: token.user.clone()?,
        name: token.display_name.clone(),
    })
}

fn role_of(token: &Token) -> Role {
    match (token.is_admin, token.access) {
        (true, _) => Role::Owner,
        (false, Access::ReadWrite) => Role::Editor,
        (false, Access::ReadOnly) => Role::Reader,
    }
}

fn identity(claims: &Claims, about: About<'_>, leeway_s: u64) -> Identity {
    let end = Duration::from_secs(claims.exp.saturating_add(leeway_s));
    let left = end.saturating_sub(unix_now());
    Identity::of_claims(claims, about, Instant::now() + left)
}

/// Whom a browser's session names. It holds for as long as the session may last: that it was ended
/// before is told to open sockets at once.
fn session_identity(
    oidc: &Oidc,
    session: &Session,
    about: About<'_>,
) -> Result<Identity, CloseReason> {
    if !oidc.is_good(session) {
        return Err(CloseReason::Unauthorized);
    }
    let granted = match about {
        About::Document(document) => default_role(oidc.settings(), document.as_str()),
        // Spaces say themselves who is what in them.
        About::Within(_) => None,
    };
    let left_s = session.last_s(oidc.settings()).saturating_sub(unix_now_s());
    Ok(Identity {
        person: Person {
            user: Some(session.id.as_str().into()),
            display_name: Some(session.name.as_str().into()),
            color: None,
        },
        principal: Principal {
            person: Some(session.id.clone()),
            groups: session.groups.clone(),
            granted,
            ..Principal::default()
        },
        expires: Some(Instant::now() + Duration::from_secs(left_s)),
        ..Identity::default()
    })
}

fn close_reason(refused: &Refused) -> CloseReason {
    match refused {
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
