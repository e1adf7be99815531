//! Who somebody is, written into what they say of themselves.
//!
//! Editors show the name in `user.name` beside a cursor. Of somebody who has authenticated it is
//! the server that says it, and not the client.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::value::{RawValue, to_raw_value};

use crate::Peer;

/// Only the fields that are written are looked into: all others go on byte for byte.
type Fields = BTreeMap<String, Box<RawValue>>;

/// The state with `user.id`, `user.name` and `user.color` of whoever says it. `None`: it is no JSON
/// and would break the editors of others.
pub(crate) fn stamp(state: &str, peer: &Peer) -> Option<Arc<str>> {
    let Some(id) = &peer.user else {
        return Some(state.into());
    };
    let Ok(mut fields) = serde_json::from_str::<Fields>(state) else {
        // Anything but an object has no place for a name, and shows none.
        let json = serde_json::from_str::<&RawValue>(state).ok();
        return json.map(|_| state.into());
    };
    let user = fields.get("user").map(|user| user.get());
    let mut user: Fields = user
        .and_then(|user| serde_json::from_str(user).ok())
        .unwrap_or_default();
    let stamps = [
        ("id", Some(id)),
        ("name", peer.display_name.as_ref()),
        ("color", peer.color.as_ref()),
    ];
    for (key, text) in stamps {
        if let Some(text) = text {
            user.insert(key.into(), to_raw_value(&**text).ok()?);
        }
    }
    fields.insert("user".into(), to_raw_value(&user).ok()?);
    serde_json::to_string(&fields).ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Access;

    fn ann() -> Peer {
        Peer {
            access: Access::ReadOnly,
            user: Some("a\"1".into()),
            display_name: Some("Ann".into()),
            color: None,
            wants_echo: false,
            greets: false,
        }
    }

    fn stamped(state: &str) -> Option<String> {
        stamp(state, &ann()).map(|state| state.to_string())
    }

    #[test]
    fn the_name_is_the_servers_and_all_else_stays_as_it_is() {
        for (state, expected) in [
            ("{}", r#"{"user":{"id":"a\"1","name":"Ann"}}"#),
            (
                r##"{"user":{"name":"Director","color":"#fff","id":7},"cursor":{"x":0.10000000000000001}}"##,
                r##"{"cursor":{"x":0.10000000000000001},"user":{"color":"#fff","id":"a\"1","name":"Ann"}}"##,
            ),
            (
                r#"{"user":{"name":"A"},"user":{"name":"B"}}"#,
                r#"{"user":{"id":"a\"1","name":"Ann"}}"#,
            ),
            (
                r#"{"user":"Director"}"#,
                r#"{"user":{"id":"a\"1","name":"Ann"}}"#,
            ),
            (
                r#"{"\u0075ser":{"n\u0061me":"Director"}}"#,
                r#"{"user":{"id":"a\"1","name":"Ann"}}"#,
            ),
        ] {
            assert_eq!(stamped(state).as_deref(), Some(expected), "{state}");
        }
    }

    #[test]
    fn the_colour_is_the_servers_where_it_knows_one() {
        let peer = Peer {
            color: Some("#30bced".into()),
            ..ann()
        };
        let state = stamp(r#"{"user":{"color":"red"}}"#, &peer).expect("stamped");
        assert!(state.contains("\"color\":\"#30bced\""), "{state}");
    }

    #[test]
    fn what_is_no_object_has_no_name_and_what_is_no_json_is_dropped() {
        assert_eq!(stamped("[1]").as_deref(), Some("[1]"));
        for broken in ["", "{", "{\"user\":}", "{} {}", "nul"] {
            assert_eq!(stamped(broken), None, "{broken}");
        }
    }

    #[test]
    fn of_somebody_unknown_everything_stays() {
        let peer = Peer {
            user: None,
            ..ann()
        };
        let state = r#"{"user":{"name":"Guest"}}"#;
        assert_eq!(stamp(state, &peer).as_deref(), Some(state));
    }
}
