//! Links that let in whoever has them, and the tokens of their guests.
//!
//! A link's secret is drawn from 256 random bits and kept only as a hash. It is a token itself,
//! where the link has no password. A guest who says a name (and the password) gets a token of their
//! own, signed with a key that the link's entry keeps: every server of the store can check it, and
//! nothing has to be remembered of it. All of them end with the link.

use std::time::Duration;

use subtle::ConstantTimeEq as _;
use unisson_protocol::CloseReason;
use unisson_rights::{Link, Principal, Role, Space};

use super::{HeldSpace, Spaces, password::Tried, undecided};
use crate::{
    auth::{Identity, Person},
    records::RecordError,
    versions::unix_now_ms,
};

const LINK: &str = "unisson-link";
const GUEST: &str = "unisson-guest";
/// The longest name that a guest may choose, in bytes.
const NAME_BYTES_MAX: usize = 120;
/// What somebody is called who has opened a link without saying who they are.
const NAMELESS: &str = "Invité · Guest";

/// Whether a text claims to be a link's secret or a guest's token.
pub(crate) fn is_link_token(token: &str) -> bool {
    let kind = token.split('.').next();
    matches!(kind, Some(LINK | GUEST))
}

/// What a token says of itself. Nothing of it is true until the link says so.
#[derive(Debug, PartialEq, Eq)]
enum Shown<'a> {
    Link {
        space: &'a str,
        id: &'a str,
        secret: &'a str,
    },
    Guest {
        space: &'a str,
        id: &'a str,
        /// Who it is, and what proves it.
        guest: &'a str,
        name: &'a str,
        proof: &'a str,
    },
}

fn shown(token: &str) -> Option<Shown<'_>> {
    let mut parts = token.split('.');
    let kind = parts.next()?;
    let (space, id) = (parts.next()?, parts.next()?);
    let found = match kind {
        LINK => Shown::Link {
            space,
            id,
            secret: parts.next()?,
        },
        GUEST => Shown::Guest {
            space,
            id,
            guest: parts.next()?,
            name: parts.next()?,
            proof: parts.next()?,
        },
        _ => return None,
    };
    parts.next().is_none().then_some(found)
}

/// What a new link is to be.
#[derive(Debug)]
pub(crate) struct LinkOrder {
    pub(crate) role: Role,
    pub(crate) page: Option<String>,
    pub(crate) until_ms: Option<u64>,
    pub(crate) label: Option<String>,
    /// As [`super::Passwords::hash`] made it.
    pub(crate) password: Option<String>,
    pub(crate) maker: Option<String>,
}

/// A new link: its id, its secret, and what is kept of it.
pub(crate) fn new_link(space: &str, order: LinkOrder) -> Result<(String, String, Link), String> {
    let id = draw::<8>()?;
    let secret = draw::<32>()?;
    let link = Link {
        role: order.role,
        page: order.page,
        until_ms: order.until_ms,
        label: order.label,
        secret: blake3::hash(secret.as_bytes()).to_hex().to_string(),
        password: order.password,
        key: draw::<32>()?,
        maker: order.maker,
        created_ms: unix_now_ms(),
    };
    let token = format!("{LINK}.{space}.{id}.{secret}");
    Ok((id, token, link))
}

/// Random bytes, in hexadecimal.
pub(crate) fn draw<const BYTES: usize>() -> Result<String, String> {
    let mut bytes = [0; BYTES];
    let drawn = aws_lc_rs::rand::fill(&mut bytes);
    drawn.map_err(|_| "the system has no randomness".to_owned())?;
    Ok(hex(&bytes))
}

/// What a guest got.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) token: String,
    pub(crate) space: String,
    pub(crate) page: Option<String>,
    pub(crate) user: String,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) until_ms: Option<u64>,
}

/// Why a link does not open.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OpenError {
    /// It is none, or is revoked.
    #[error("there is no such link, or it was revoked")]
    Unknown,
    /// Its time is over.
    #[error("the link has ended")]
    Ended,
    /// There is a password.
    #[error("the link has a password: send it along")]
    PasswordNeeded,
    /// It is another one.
    #[error("the password is another one")]
    PasswordWrong,
    /// Too many were wrong.
    #[error("too many wrong passwords: try again in {} minutes", .0.as_secs().div_ceil(60))]
    TooOften(Duration),
    /// Nobody can be called that.
    #[error("a name is a line of at most {NAME_BYTES_MAX} bytes, and not blank")]
    Name,
    /// The space cannot be read now.
    #[error(transparent)]
    Failed(#[from] RecordError),
    /// The system does not do its part.
    #[error("{0}")]
    System(String),
}

impl Spaces {
    /// Whom a link's secret or a guest's token names.
    pub(crate) async fn identity_of_link(&self, token: &str) -> Result<Identity, CloseReason> {
        let shown = shown(token).ok_or(CloseReason::Unauthorized)?;
        let (Shown::Link { space, id, .. } | Shown::Guest { space, id, .. }) = shown;
        let held = self.find(space).await.map_err(|error| undecided(&error))?;
        let held = held.ok_or(CloseReason::Unauthorized)?;
        let space = held.space().map_err(|error| undecided(&error))?;
        let link = space.as_ref().and_then(|space| space.links.get(id));
        let link = link.ok_or(CloseReason::Unauthorized)?;
        let person = match shown {
            Shown::Link { secret, .. } if has_secret(link, secret) && link.password.is_none() => {
                person(&format!("link:{id}"), NAMELESS)
            }
            Shown::Guest {
                guest, name, proof, ..
            } => {
                let name = signed_name(link, guest, name, proof);
                person(
                    &format!("guest:{guest}"),
                    &name.ok_or(CloseReason::Unauthorized)?,
                )
            }
            Shown::Link { .. } => return Err(CloseReason::Unauthorized),
        };
        Ok(Identity {
            person,
            principal: Principal {
                link: Some(id.to_owned()),
                ..Principal::default()
            },
            only_in: Some(held.id.clone()),
            ..Identity::default()
        })
    }

    /// Makes a guest of whoever has a link's secret, and its password where there is one.
    pub(crate) async fn open_link(
        &self,
        token: &str,
        password: Option<String>,
        name: &str,
        is_french: bool,
    ) -> Result<Opened, OpenError> {
        let Some(Shown::Link { space, id, secret }) = shown(token) else {
            return Err(OpenError::Unknown);
        };
        let held = self.find(space).await?.ok_or(OpenError::Unknown)?;
        let law = held.space()?;
        let link = law.as_deref().and_then(|space| space.links.get(id));
        let link = link.filter(|link| has_secret(link, secret));
        let link = link.ok_or(OpenError::Unknown)?;
        if link
            .until_ms
            .is_some_and(|until_ms| until_ms <= unix_now_ms())
        {
            return Err(OpenError::Ended);
        }
        let name = name.trim();
        if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
            return Err(OpenError::Name);
        }
        self.check_password(&held, id, link, password).await?;
        let guest = draw::<10>().map_err(OpenError::System)?;
        let name = format!("{name} ({})", if is_french { "invité" } else { "guest" });
        let hidden = hex(name.as_bytes());
        let proof = proof(link, &guest, &hidden).ok_or(OpenError::Unknown)?;
        Ok(Opened {
            token: format!("{GUEST}.{space}.{id}.{guest}.{hidden}.{}", proof.to_hex()),
            space: space.to_owned(),
            page: link.page.clone().or_else(|| first_page(law.as_deref())),
            user: format!("guest:{guest}"),
            name,
            role: link.role,
            until_ms: link.until_ms,
        })
    }

    async fn check_password(
        &self,
        held: &HeldSpace,
        id: &str,
        link: &Link,
        password: Option<String>,
    ) -> Result<(), OpenError> {
        let Some(kept) = link.password.clone() else {
            return Ok(());
        };
        let password = password.ok_or(OpenError::PasswordNeeded)?;
        let link = format!("{}/{id}", held.id);
        match self.passwords.check(&link, kept, password).await {
            Tried::Right => Ok(()),
            Tried::Wrong => Err(OpenError::PasswordWrong),
            Tried::TooOften(wait) => Err(OpenError::TooOften(wait)),
        }
    }
}

/// Where somebody arrives whose link is for the whole space.
fn first_page(space: Option<&Space>) -> Option<String> {
    let space = space?;
    let mut tops = unisson_rights::children(space, None).into_iter();
    let found = tops.find(|id| {
        let page = space.pages.get(*id);
        page.is_some_and(|page| page.deleted_ms.is_none())
    });
    found.map(str::to_owned)
}

fn person(user: &str, name: &str) -> Person {
    Person {
        user: Some(user.into()),
        display_name: Some(name.into()),
        color: None,
    }
}

fn has_secret(link: &Link, secret: &str) -> bool {
    let hash = blake3::hash(secret.as_bytes()).to_hex();
    link.secret.as_bytes().ct_eq(hash.as_bytes()).into()
}

/// The name of a guest, where the link's key has signed it.
fn signed_name(link: &Link, guest: &str, hidden: &str, shown: &str) -> Option<String> {
    // Hashes are compared in constant time.
    let is_signed = proof(link, guest, hidden)? == blake3::Hash::from_hex(shown).ok()?;
    let name = String::from_utf8(unhex(hidden)?).ok()?;
    is_signed.then_some(name)
}

/// Neither part can hold the full stop between them.
fn proof(link: &Link, guest: &str, hidden: &str) -> Option<blake3::Hash> {
    let key: [u8; 32] = unhex(&link.key)?.try_into().ok()?;
    Some(blake3::keyed_hash(
        &key,
        format!("{guest}.{hidden}").as_bytes(),
    ))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let pairs = digits.chunks(2).map(|pair| {
        let digit = |at: usize| char::from(*pair.get(at)?).to_digit(16);
        u8::try_from(digit(0)? * 16 + digit(1)?).ok()
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> (String, String, Link) {
        let order = LinkOrder {
            role: Role::Editor,
            page: None,
            until_ms: None,
            label: None,
            password: None,
            maker: None,
        };
        new_link("finance", order).expect("randomness")
    }

    #[test]
    fn a_secret_is_its_links_and_is_not_kept() {
        let (id, token, link) = made();
        let Some(Shown::Link {
            space,
            id: shown,
            secret,
        }) = shown(&token)
        else {
            panic!("{token} is a link's")
        };
        assert_eq!((space, shown), ("finance", id.as_str()));
        assert_eq!(secret.len(), 64);
        assert!(has_secret(&link, secret));
        assert!(!has_secret(&made().2, secret));
        let kept = serde_json::to_string(&link).expect("JSON");
        assert!(!kept.contains(secret));
    }

    #[test]
    fn a_guest_is_whoever_the_link_says_and_nobody_else() {
        let (.., link) = made();
        let hidden = hex("Zoé (invitée)".as_bytes());
        let good = proof(&link, "abc", &hidden).expect("a key").to_hex();
        let name = signed_name(&link, "abc", &hidden, &good);
        assert_eq!(name.as_deref(), Some("Zoé (invitée)"));
        let other = hex(b"The Director");
        assert_eq!(signed_name(&link, "abc", &other, &good), None);
        assert_eq!(signed_name(&link, "abd", &hidden, &good), None);
        assert_eq!(signed_name(&made().2, "abc", &hidden, &good), None);
        for broken in ["", "00", &good[1..]] {
            assert_eq!(signed_name(&link, "abc", &hidden, broken), None);
        }
    }

    #[test]
    fn what_only_looks_like_a_link_is_none() {
        for token in [
            "unisson-link",
            "unisson-link.a.b",
            "unisson-link.a.b.c.d",
            "unisson-guest.a.b.c.d",
            "unisson-guest.a.b.c.d.e.f",
            "other.a.b.c",
        ] {
            assert_eq!(shown(token), None, "{token}");
        }
        assert!(!is_link_token("unisson-linkage.a"));
        assert_eq!(unhex("0"), None);
        assert_eq!(unhex("0g"), None);
    }
}
