//! Markdown in and out (CommonMark with the tables, task lists and strikethrough of GitHub) of what people
//! wrote. Names of nodes and marks are those of ProseMirror, TipTap and BlockNote in any spelling;
//! of a node that is not known, the text is kept.

mod blocks;
mod inline;
mod parse;

use crate::tree::{Content, Node, Root, Run};

pub use inline::{Mark, first_text, kind_of, label, marks_of};
pub(crate) use inline::{is, is_true, mark_of};
pub(crate) use parse::parse;

/// The Markdown of blocks.
pub(crate) fn of_nodes(nodes: &[Node]) -> String {
    ended(&blocks::render(nodes))
}

/// The Markdown of all texts and trees of a document; `None` where it has none.
pub fn render(content: &Content) -> Option<String> {
    let roots: Vec<(&String, String)> = content
        .roots
        .iter()
        .filter_map(|(name, root)| match root {
            Root::Tree(nodes) => Some((name, blocks::render(nodes))),
            Root::Text(runs) => Some((name, text(runs))),
            Root::Json(_) => None,
        })
        .collect();
    let named = |(name, text): &(&String, String)| {
        // A comment must not end early, whatever the root is called.
        let name = name.replace(['<', '>', '\n'], " ").replace("--", "- -");
        format!("<!-- {name} -->\n\n{}", text.trim_end())
    };
    match roots.as_slice() {
        [] => None,
        [(_, text)] => Some(ended(text)),
        several => {
            let parts: Vec<String> = several.iter().map(named).collect();
            Some(ended(&parts.join("\n\n")))
        }
    }
}

/// A text without any mark is what somebody typed, perhaps Markdown itself: it stays as it is.
fn text(runs: &[Run]) -> String {
    let plain = runs.iter().all(|run| run.marks.is_empty());
    if plain {
        inline::plain(runs)
    } else {
        blocks::of_text(runs)
    }
}

fn ended(text: &str) -> String {
    let text = text.trim_end_matches('\n');
    if text.is_empty() {
        String::new()
    } else {
        format!("{text}\n")
    }
}

#[cfg(test)]
mod tests;
