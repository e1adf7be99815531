//! What a portal's token says, and what that allows: pure, so that every rule has a test.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};
use unisson_protocol::{Access, DocName};
pub use unisson_rights::Role;

/// The longest `sub` and `name`, in bytes: both travel with each cursor.
pub(crate) const NAME_BYTES_MAX: usize = 256;
/// The most documents and prefixes in one token: each is compared at every sign-in.
const PLACES_MAX: usize = 256;

/// The most groups that one person is in: each is looked up at every sign-in to a space.
const GROUPS_MAX: usize = 256;

/// What a role comes to on the wire; nothing where it opens nothing by itself.
pub(crate) fn access_of(role: Role) -> Option<Access> {
    match role {
        Role::Guest => None,
        Role::Reader | Role::Commenter => Some(Access::ReadOnly),
        Role::Editor | Role::Facilitator | Role::Owner => Some(Access::ReadWrite),
    }
}

/// One text or a list of them, as `aud` is in JWTs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Texts {
    /// One.
    One(String),
    /// Any number.
    Many(Vec<String>),
}

impl Texts {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> + Clone {
        let texts = match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        };
        texts.iter().map(String::as_str)
    }
}

/// Which documents somebody may open.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Places {
    /// Documents of exactly these names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<Texts>,
    /// Documents whose names begin so; the empty prefix means all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<Texts>,
}

impl Places {
    /// Whether this document is among them.
    pub fn cover(&self, document: &str) -> bool {
        let mut documents = self.document.iter().flat_map(Texts::iter);
        let mut prefixes = self.prefix.iter().flat_map(Texts::iter);
        documents.any(|own| own == document)
            || prefixes.any(|prefix| prefix_covers(prefix, document))
    }

    /// Whether all of `others` are among them.
    pub fn cover_all(&self, others: &Self) -> bool {
        let mut documents = others.document.iter().flat_map(Texts::iter);
        let mut prefixes = others.prefix.iter().flat_map(Texts::iter);
        documents.all(|document| self.cover(document))
            && prefixes.all(|other| {
                let mut own = self.prefix.iter().flat_map(Texts::iter);
                own.any(|prefix| other.starts_with(prefix))
            })
    }

    fn count(&self) -> usize {
        let all = self.document.iter().chain(&self.prefix);
        all.map(|texts| texts.iter().count()).sum()
    }
}

/// Whether a document's name begins so. Names are opaque to the store, but other programs may read
/// them as paths: a name that climbs out of its folder is in no folder.
pub(crate) fn prefix_covers(prefix: &str, document: &str) -> bool {
    document.starts_with(prefix)
        && (prefix.is_empty()
            || !document
                .split(['/', '\\'])
                .any(|part| part == "." || part == ".."))
}

/// What a token says. Other claims may be there and mean nothing here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who: the portal's own id of the person.
    pub sub: String,
    /// The name to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The colour of the cursor, `#rrggbb`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// Which documents.
    #[serde(flatten)]
    pub places: Places,
    /// What they are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The groups they are in, for spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Texts>,
    /// `false`: the token opens the documents that it names and nothing that spaces would open to
    /// the person. Tokens that others have made for them say so.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub spaces: bool,
    /// Until when, in seconds since 1970.
    #[serde(deserialize_with = "seconds")]
    pub exp: u64,
    /// From when.
    #[serde(
        default,
        deserialize_with = "maybe_seconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub nbf: Option<u64>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<Texts>,
    /// For whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aud: Option<Texts>,
    /// The holder may have tokens made, none of which allows more than this one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mint: bool,
}

fn yes() -> bool {
    true
}

/// JSON has no integers: `exp` may be written 1.7e9.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    whole_seconds(&serde_json::Number::deserialize(deserializer)?)
}

fn maybe_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let number = Option::<serde_json::Number>::deserialize(deserializer)?;
    number.map(|number| whole_seconds(&number)).transpose()
}

fn whole_seconds<E: serde::de::Error>(number: &serde_json::Number) -> Result<u64, E> {
    match (number.as_u64(), number.as_f64().map(f64::ceil)) {
        (Some(seconds), _) => Ok(seconds),
        // 2^53: exact as a float, and long after anything expires.
        (None, Some(seconds)) if (0.0..9_007_199_254_740_992.0).contains(&seconds) => {
            Ok(seconds as u64)
        }
        _ => Err(E::custom("exp and nbf are numbers of seconds since 1970")),
    }
}

/// How tokens are judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Clocks may differ by so much.
    pub leeway_s: u64,
    /// How long a token may still be good for.
    pub life_max_s: u64,
    /// The only issuer, if there is one.
    pub issuer: Option<String>,
    /// Who this server is, if tokens must say so.
    pub audience: Option<String>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            leeway_s: 10,
            life_max_s: 24 * 60 * 60,
            issuer: None,
            audience: None,
        }
    }
}

/// Why a token is not good. The texts are for logs and never quote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is no token.
    #[error("it is not a token: {0}")]
    Malformed(&'static str),
    /// A claim is missing or makes no sense.
    #[error("{0}")]
    Claim(String),
    /// No key that is known here has signed it.
    #[error("no key for it is known")]
    UnknownKey,
    /// A key is known, and has not signed this.
    #[error("its signature is wrong")]
    Signature,
    /// Its time is over.
    #[error("it has expired")]
    Expired,
    /// Its time has not come.
    #[error("it is not valid yet (nbf)")]
    TooEarly,
    /// It would be good for too long.
    #[error("it is good for longer than a token may be (auth.token_life_max_s)")]
    TooLong,
    /// Another server made it.
    #[error("its issuer (iss) is another one")]
    Issuer,
    /// It is for another server.
    #[error("its audience (aud) is another one")]
    Audience,
    /// The keys could not be had: nobody knows.
    #[error("the keys cannot be had: {0}")]
    Unavailable(String),
}

impl Claims {
    /// Whether these claims are good now.
    pub fn check(&self, now_s: u64, rules: &Rules) -> Result<(), Refused> {
        self.check_person()?;
        if self.role.is_none() && self.places != Places::default() {
            return Err(claim("the claim role is missing".into()));
        }
        if self.places.count() > PLACES_MAX {
            return Err(claim(format!(
                "more than {PLACES_MAX} documents and prefixes"
            )));
        }
        if self.exp.saturating_add(rules.leeway_s) <= now_s {
            return Err(Refused::Expired);
        }
        if self.exp > now_s.saturating_add(rules.life_max_s + rules.leeway_s) {
            return Err(Refused::TooLong);
        }
        if self
            .nbf
            .is_some_and(|nbf| nbf > now_s.saturating_add(rules.leeway_s))
        {
            return Err(Refused::TooEarly);
        }
        let names = |texts: &Option<Texts>, wanted: &Option<String>| match wanted {
            Some(wanted) => texts
                .iter()
                .flat_map(Texts::iter)
                .any(|text| text == wanted),
            None => true,
        };
        if !names(&self.iss, &rules.issuer) {
            return Err(Refused::Issuer);
        }
        // A token for somebody else is not for us, also where we have no name (RFC 7519, 4.1.3).
        let for_nobody_here = rules.audience.is_none() && self.aud.is_some();
        if for_nobody_here || !names(&self.aud, &rules.audience) {
            return Err(Refused::Audience);
        }
        Ok(())
    }

    fn check_person(&self) -> Result<(), Refused> {
        for (what, text) in [("sub", Some(&self.sub)), ("name", self.name.as_ref())] {
            let Some(text) = text else { continue };
            if text.trim().is_empty() {
                return Err(claim(format!("{what} is blank")));
            }
            if text.len() > NAME_BYTES_MAX || text.chars().any(char::is_control) {
                return Err(claim(format!(
                    "{what} is longer than {NAME_BYTES_MAX} bytes or has control characters"
                )));
            }
        }
        let mut groups = self.groups();
        if groups.clone().count() > GROUPS_MAX || groups.any(|group| group.len() > NAME_BYTES_MAX) {
            return Err(claim(format!(
                "more than {GROUPS_MAX} groups, or one of more than {NAME_BYTES_MAX} bytes"
            )));
        }
        match &self.color {
            Some(color) if !is_color(color) => Err(claim("color is not #rrggbb".into())),
            _ => Ok(()),
        }
    }

    /// Who it is, for presence and authorship: the name is never left to the client.
    pub(crate) fn person(&self) -> Person {
        let name = self.name.as_deref().unwrap_or(&self.sub);
        Person {
            user: Some(self.sub.as_str().into()),
            display_name: Some(name.into()),
            color: self.color.as_deref().map(Into::into),
        }
    }

    /// The groups they are in.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &str> + Clone {
        self.groups.iter().flat_map(Texts::iter)
    }

    /// What the token makes of them for a document; nothing where it is for others.
    pub(crate) fn role_for(&self, document: &DocName) -> Option<Role> {
        self.role
            .filter(|_| !document.is_reserved() && self.places.cover(document.as_str()))
    }

    /// What the token makes of them for all documents whose names begin so.
    pub(crate) fn role_within(&self, prefix: &str) -> Option<Role> {
        let all = Places {
            document: None,
            prefix: Some(Texts::One(prefix.to_owned())),
        };
        self.role.filter(|_| self.places.cover_all(&all))
    }
}

/// An authenticated person, as far as it is known who it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) user: Option<Arc<str>>,
    pub(crate) display_name: Option<Arc<str>>,
    pub(crate) color: Option<Arc<str>>,
}

fn claim(problem: String) -> Refused {
    Refused::Claim(problem)
}

/// `#rrggbb`: it goes into the styles of other people's pages.
fn is_color(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests;
