//! Who is signed in, as a sealed cookie says it: pure.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{auth::claims::Role, events::Actor, settings::OidcSettings};

/// How many groups of a person count, and how long a group's name may be.
pub(crate) const GROUPS_MAX: usize = 100;
pub(crate) const GROUP_BYTES_MAX: usize = 256;

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    /// This sign-in, as it is named here.
    pub(crate) sid: String,
    /// The same, as the provider names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) provider_sid: Option<String>,
    /// The provider's own id of the person.
    pub(crate) sub: String,
    /// The person's id here, and the name to show.
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) groups: Vec<String>,
    pub(crate) signed_in_s: u64,
    /// The cookie counts until then, unless it is renewed.
    pub(crate) ends_s: u64,
    /// For signing out at the provider; left out where the cookie has no room for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id_token: Option<String>,
}

impl Session {
    /// When it ends whatever happens.
    pub(crate) fn last_s(&self, settings: &OidcSettings) -> u64 {
        self.signed_in_s.saturating_add(settings.session_max_s)
    }

    pub(crate) fn is_over(&self, now_s: u64, settings: &OidcSettings) -> bool {
        now_s >= self.ends_s.min(self.last_s(settings))
    }

    /// The same for longer, where a quarter of its time is over.
    pub(crate) fn renewed(&self, now_s: u64, settings: &OidcSettings) -> Option<Self> {
        let left_s = self.ends_s.saturating_sub(now_s);
        let ends_s = now_s
            .saturating_add(settings.session_s)
            .min(self.last_s(settings));
        let is_worn = left_s <= settings.session_s - settings.session_s / 4;
        (is_worn && ends_s > self.ends_s).then(|| Self {
            ends_s,
            ..self.clone()
        })
    }

    pub(crate) fn actor(&self) -> Actor {
        Actor {
            id: self.id.clone(),
            name: Some(self.name.clone()),
        }
    }
}

/// What a person may do where no space says more.
pub(crate) fn default_role(settings: &OidcSettings, document: &str) -> Option<Role> {
    let covers = crate::auth::claims::prefix_covers(&settings.prefix, document);
    covers.then_some(settings.role)
}

/// A session, where a request has one.
pub(crate) type Signed = Option<Arc<Session>>;

/// What is kept by the browser while somebody is at the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Journey {
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) verifier: String,
    /// Where to go then: a path of this server.
    pub(crate) to: String,
    pub(crate) ends_s: u64,
}

/// A path that somebody wants to go to, if it is one of this server.
///
/// It is put behind the server's own address, so it cannot lead elsewhere; what browsers read in
/// odd ways (`//`, `\`, control characters) is not taken all the same.
pub(crate) fn local_path(wanted: &str) -> Option<&str> {
    let is_path = wanted.starts_with('/') && !wanted.starts_with("//");
    let is_odd = |letter: char| letter.is_control() || letter == '\\' || letter.is_whitespace();
    (is_path && wanted.len() <= 2_048 && !wanted.contains(is_odd)).then_some(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_server() {
        for path in ["/", "/d/a%20b", "/d/a?x=//y", "/d//b"] {
            assert_eq!(local_path(path), Some(path));
        }
        for other in [
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/a\r\nset-cookie: x",
            "",
            "d/x",
            "@evil.example",
            ".evil.example",
        ] {
            assert_eq!(local_path(other), None, "{other:?}");
        }
    }

    fn settings() -> OidcSettings {
        let toml = r#"
            [auth.oidc]
            issuer = "https://id.example.org"
            client_id = "wiki"
            public_url = "https://wiki.example.org"
            session_s = 1000
            session_max_s = 3000
            prefix = "team/"
        "#;
        let dir = tempfile::tempdir().expect("a folder");
        let config = dir.path().join("unisson.toml");
        std::fs::write(&config, toml).expect("written");
        let options = crate::settings::Options {
            config: Some(config),
            ..Default::default()
        };
        let settings = crate::Settings::gather(options).expect("fine");
        settings.auth.oidc.expect("there")
    }

    fn session() -> Session {
        Session {
            sid: "s".into(),
            provider_sid: None,
            sub: "ann".into(),
            id: "ann".into(),
            name: "Ann".into(),
            groups: Vec::new(),
            signed_in_s: 0,
            ends_s: 1_000,
            id_token: None,
        }
    }

    #[test]
    fn a_session_that_is_used_goes_on_and_not_for_ever() {
        let settings = settings();
        let mut session = session();
        assert_eq!(session.renewed(100, &settings), None, "too soon");
        let mut renewals = 0;
        for now_s in 0..4_000 {
            if session.is_over(now_s, &settings) {
                break;
            }
            if let Some(renewed) = session.renewed(now_s, &settings) {
                session = renewed;
                renewals += 1;
            }
        }
        assert_eq!(session.ends_s, 3_000);
        assert!(renewals < 12, "{renewals}");
        assert!(session.is_over(3_000, &settings));
    }

    #[test]
    fn a_session_that_nobody_uses_ends() {
        assert!(session().is_over(1_000, &settings()));
    }

    #[test]
    fn the_default_role_is_for_documents_of_the_prefix() {
        assert_eq!(default_role(&settings(), "team/x"), Some(Role::Editor));
        assert_eq!(default_role(&settings(), "other"), None);
        assert_eq!(default_role(&settings(), "team/../other"), None);
    }
}
