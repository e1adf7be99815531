//! Round trips, small edits beside other people's, and hostile input.

mod edits;
mod forms;
mod hostile;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{Content, Draft, EditError, Form, Node, Root, Says, edit};

const NOTHING: &[u8] = &[0, 0];

fn changed(
    state: &[u8],
    client_id: u64,
    change: impl FnOnce(&mut Draft<'_>) -> Result<(), EditError>,
) -> Option<Bytes> {
    edit(state, client_id, change).expect("an edit")
}

/// A document with one tree.
fn document(nodes: &[Node]) -> Bytes {
    let update = changed(NOTHING, 7, |draft| {
        draft.set_tree("default", nodes, Says::Everything)
    });
    update.unwrap_or_else(|| Bytes::from_static(NOTHING))
}

fn tree(state: &[u8]) -> Vec<Node> {
    let content = Content::of(state).expect("a document");
    match content.roots.into_iter().next() {
        Some((_, Root::Tree(nodes))) => nodes,
        None => Vec::new(),
        Some(other) => panic!("{other:?}"),
    }
}

fn parse(form: Form, input: &str) -> Vec<Node> {
    form.parse(input).expect("reads")
}

fn json_of(nodes: &[Node]) -> Value {
    crate::prosemirror::document(nodes)
}

fn doc(content: &Value) -> Value {
    json!({ "type": "doc", "content": content })
}
