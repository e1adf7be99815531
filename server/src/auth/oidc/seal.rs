//! Values that only this server can read or make, for cookies and for what the store keeps:
//! AES-256-GCM, one purpose each.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

/// Browsers keep no longer cookies, with their names and attributes.
pub(crate) const COOKIE_BYTES_MAX: usize = 3_800;
/// What a sealed value begins with: another form would begin otherwise.
const FORM: &str = "1.";

/// Keys: the first one seals, all of them open.
pub(crate) struct Seals(Vec<RandomizedNonceKey>);

impl std::fmt::Debug for Seals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Seals({})", self.0.len())
    }
}

impl Seals {
    /// For cookies.
    pub(crate) fn new(secrets: &[Vec<u8>]) -> Result<Self, String> {
        Self::within("unisson 2026-11 sealed cookies", secrets)
    }

    /// For one kind of values: what was sealed for another kind does not open.
    pub(crate) fn within(kind: &str, secrets: &[Vec<u8>]) -> Result<Self, String> {
        let keys = secrets.iter().map(|secret| {
            let key = blake3::derive_key(kind, secret);
            RandomizedNonceKey::new(&AES_256_GCM, &key).map_err(|error| error.to_string())
        });
        keys.collect::<Result<_, _>>().map(Self)
    }

    /// A value as a cookie; `None` where it is too long for one.
    pub(crate) fn seal(&self, purpose: &str, value: &impl Serialize) -> Option<String> {
        let mut bytes = serde_json::to_vec(value).ok()?;
        let key = self.0.first()?;
        let nonce = key
            .seal_in_place_append_tag(Aad::from(purpose), &mut bytes)
            .ok()?;
        let sealed = [nonce.as_ref().as_slice(), &bytes].concat();
        let text = format!("{FORM}{}", URL_SAFE_NO_PAD.encode(sealed));
        (text.len() <= COOKIE_BYTES_MAX).then_some(text)
    }

    /// What was sealed for this purpose; `None` where this server has not sealed it.
    pub(crate) fn open<V: DeserializeOwned>(&self, purpose: &str, text: &str) -> Option<V> {
        if text.len() > COOKIE_BYTES_MAX {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(text.strip_prefix(FORM)?).ok()?;
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN)?;
        self.0.iter().find_map(|key| {
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let mut body = body.to_vec();
            let opened = key
                .open_in_place(nonce, Aad::from(purpose), &mut body)
                .ok()?;
            serde_json::from_slice(opened).ok()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seals(keys: &[u8]) -> Seals {
        let keys: Vec<_> = keys.iter().map(|key| vec![*key; 32]).collect();
        Seals::new(&keys).expect("keys")
    }

    #[test]
    fn what_was_sealed_opens_and_nothing_else_does() {
        let own = seals(&[1]);
        let sealed = own.seal("session", &"ann").expect("sealed");
        assert_ne!(own.seal("session", &"ann"), Some(sealed.clone()));
        let open = |seals: &Seals, purpose, text: &str| seals.open::<String>(purpose, text);
        assert_eq!(open(&own, "session", &sealed).as_deref(), Some("ann"));
        assert_eq!(
            open(&own, "signin", &sealed),
            None,
            "made for something else"
        );
        assert_eq!(
            open(&seals(&[2]), "session", &sealed),
            None,
            "another server's"
        );
        for at in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("text");
            // The last letter has bits that mean nothing.
            if changed[..changed.len() - 1] != sealed[..sealed.len() - 1] {
                assert_eq!(open(&own, "session", &changed), None, "{at}");
            }
        }
        for text in ["", "1.", "1.AAAA", "2.AAAA", &"A".repeat(5_000)] {
            assert_eq!(open(&own, "session", text), None);
        }
    }

    #[test]
    fn keys_change_without_anybody_being_signed_out() {
        let before = seals(&[1]).seal("session", &"ann").expect("sealed");
        let opened = seals(&[2, 1]).open::<String>("session", &before);
        assert_eq!(opened.as_deref(), Some("ann"));
    }

    #[test]
    fn a_value_that_no_browser_would_keep_is_not_sealed() {
        assert_eq!(seals(&[1]).seal("session", &"x".repeat(4_000)), None);
    }
}
