//! Trees for programs and for people.

mod html;
mod json;
mod markdown;

pub use html::{escaped, html};
pub use json::json;
pub use markdown::markdown;

use serde_json::Value;

use crate::tree::{Branch, Kind, Leaf};

/// What a root turns out to be, by what is in it.
fn is_xml(branch: &Branch) -> bool {
    let element = |leaf: &Leaf| {
        matches!(leaf, Leaf::Branch(child)
            if matches!(child.kind, Kind::Element(_) | Kind::XmlText | Kind::Fragment))
    };
    match branch.kind {
        Kind::Element(_) | Kind::Fragment => true,
        Kind::Root => branch.children.iter().any(|(leaf, _)| element(leaf)),
        _ => false,
    }
}

fn is_text(branch: &Branch) -> bool {
    let run = |leaf: &Leaf| matches!(leaf, Leaf::Text(..) | Leaf::Embed(..));
    match branch.kind {
        Kind::Text | Kind::XmlText => true,
        Kind::Root => !is_xml(branch) && branch.children.iter().any(|(leaf, _)| run(leaf)),
        _ => false,
    }
}

/// The value under a key, as it is in the later state.
fn entry<'a>(branch: &'a Branch, key: &str) -> Option<&'a Value> {
    let entries = branch.entries.iter().rev();
    entries
        .filter(|(name, ..)| &**name == key)
        .find_map(|(_, leaf, _)| match leaf {
            Leaf::Value(value) => Some(value),
            _ => None,
        })
}
