//! Tokens made here, for portals that would rather ask than sign.

use serde::Deserialize;

use super::{
    claims::{Claims, Places, Refused, Role, Rules, Texts},
    keys::Key,
};
use crate::events::Actor;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Who.
    pub sub: String,
    /// The name to show.
    pub name: Option<String>,
    /// The colour of the cursor, `#rrggbb`.
    pub color: Option<String>,
    /// Documents of exactly these names.
    pub document: Option<Texts>,
    /// Documents whose names begin so.
    pub prefix: Option<Texts>,
    /// What they are there.
    pub role: Role,
    /// How long the token is good for.
    pub expires_in_s: u64,
    /// The holder may have tokens made in turn.
    #[serde(default)]
    pub mint: bool,
}

/// Who asks for a token, and what of theirs they may hand on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MintRight {
    pub(crate) places: Places,
    pub(crate) role: Role,
    /// They may hand on the right itself.
    pub(crate) mint: bool,
    /// Who it is, where anybody knows.
    pub(crate) holder: Option<Actor>,
}

impl MintRight {
    /// The operator's.
    pub fn whole() -> Self {
        Self::within("")
    }

    /// The operator's, for documents whose names begin so.
    pub fn within(prefix: &str) -> Self {
        Self {
            places: Places {
                document: None,
                prefix: Some(Texts::One(prefix.to_owned())),
            },
            role: Role::Owner,
            mint: true,
            holder: None,
        }
    }
}

/// Why no token is made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MintError {
    /// There is no key to sign with.
    #[error("no key that signs is configured: set auth.secret, or a private key in [[auth.keys]]")]
    NoKey,
    /// It would be no good.
    #[error("{0}")]
    Order(String),
    /// It would allow more than whoever asks may do.
    #[error("{0}")]
    Beyond(&'static str),
    /// The key does not sign.
    #[error("signing failed: {0}")]
    Signing(String),
}

/// A token, and until when it is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minted {
    /// The token.
    pub token: String,
    /// In seconds since 1970.
    pub exp: u64,
}

/// Makes a token that `right` may hand on.
pub fn mint(
    keys: &[Key],
    rules: &Rules,
    order: Order,
    right: &MintRight,
    now_s: u64,
) -> Result<Minted, MintError> {
    let key = keys
        .iter()
        .find(|key| key.signs())
        .ok_or(MintError::NoKey)?;
    let claims = Claims {
        sub: order.sub,
        name: order.name,
        color: order.color,
        places: Places {
            document: order.document,
            prefix: order.prefix,
        },
        role: order.role,
        exp: now_s.saturating_add(order.expires_in_s),
        nbf: None,
        iss: rules.issuer.clone().map(Texts::One),
        aud: rules.audience.clone().map(Texts::One),
        mint: order.mint,
    };
    if claims.places == Places::default() {
        return Err(MintError::Order(
            "say which document or prefix it is for".into(),
        ));
    }
    if claims.exp > now_s.saturating_add(rules.life_max_s) {
        let days = format!("at most {} seconds", rules.life_max_s);
        return Err(MintError::Order(format!(
            "expires_in_s: {days} (auth.token_life_max_s)"
        )));
    }
    let strict = Rules {
        leeway_s: 0,
        ..rules.clone()
    };
    claims.check(now_s, &strict).map_err(|error| match error {
        Refused::Expired => MintError::Order("expires_in_s: at least 1".into()),
        other => MintError::Order(other.to_string()),
    })?;
    if !right.places.cover_all(&claims.places) {
        return Err(MintError::Beyond("your own token is for fewer documents"));
    }
    if claims.role > right.role {
        return Err(MintError::Beyond("your own role is a lesser one"));
    }
    if claims.mint && !right.mint {
        return Err(MintError::Beyond(
            "you may make tokens, and not hand that on",
        ));
    }
    let token = key.sign(&claims).ok_or(MintError::NoKey)?;
    Ok(Minted {
        token: token.map_err(MintError::Signing)?,
        exp: claims.exp,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW_S: u64 = 1_800_000_000;

    fn ask(changes: &Value, right: &MintRight) -> Result<Minted, MintError> {
        let mut order = json!({
            "sub": "ann", "document": "team/notes", "role": "editor", "expires_in_s": 60,
        });
        let all = order.as_object_mut().expect("an object");
        for (key, value) in changes.as_object().expect("an object") {
            all.insert(key.clone(), value.clone());
        }
        let order = serde_json::from_value(order).expect("an order");
        let keys = [Key::of_secret(None, &[7; 32]).expect("a key")];
        mint(&keys, &Rules::default(), order, right, NOW_S)
    }

    #[test]
    fn a_minted_token_is_one_that_the_server_takes() {
        let minted = ask(&json!({"name": "Ann"}), &MintRight::whole()).expect("minted");
        let keys = [Key::of_secret(None, &[7; 32]).expect("a key")];
        let head = crate::auth::keys::Head::of(&minted.token).expect("a head");
        let claims = crate::auth::keys::open::<Claims>(&keys, &head, &minted.token);
        let claims = claims.expect("signed");
        assert_eq!(claims.check(NOW_S, &Rules::default()), Ok(()));
        assert_eq!((claims.exp, minted.exp), (NOW_S + 60, NOW_S + 60));
        assert_eq!(claims.name.as_deref(), Some("Ann"));
    }

    #[test]
    fn nobody_hands_on_more_than_they_have() {
        let right = MintRight {
            role: Role::Editor,
            mint: false,
            ..MintRight::within("team/")
        };
        assert!(ask(&json!({}), &right).is_ok());
        for beyond in [
            json!({"document": "other"}),
            json!({"prefix": "t"}),
            json!({"role": "owner"}),
            json!({"mint": true}),
        ] {
            let refused = ask(&beyond, &right);
            assert!(
                matches!(refused, Err(MintError::Beyond(_))),
                "{beyond} {refused:?}"
            );
        }
    }

    #[test]
    fn orders_that_make_no_sense_say_why() {
        for (order, word) in [
            (json!({"expires_in_s": 0}), "expires_in_s"),
            (json!({"expires_in_s": u64::MAX}), "expires_in_s"),
            (json!({"sub": ""}), "sub"),
            (json!({"color": "red"}), "color"),
            (json!({"document": null}), "document"),
        ] {
            let error = ask(&order, &MintRight::whole()).expect_err("refused");
            assert!(error.to_string().contains(word), "{order}: {error}");
        }
    }

    #[test]
    fn a_server_that_only_checks_makes_no_tokens() {
        let order = json!({
            "sub": "ann", "document": "a", "role": "reader", "expires_in_s": 60,
        });
        let order = serde_json::from_value(order).expect("an order");
        let error = mint(&[], &Rules::default(), order, &MintRight::whole(), NOW_S);
        assert_eq!(error, Err(MintError::NoKey));
    }
}
