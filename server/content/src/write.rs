//! Puts nodes into a document.

use std::sync::Arc;

use serde_json::Value;
use yrs::{
    Any, Number, Text, TransactionMut, Xml, XmlElementPrelim, XmlFragment as _, XmlFragmentRef,
    XmlTextPrelim, XmlTextRef, types::Attrs,
};

use crate::{Element, Insert, Node, Run};

/// Inserts nodes, in order, from a place on.
pub(crate) fn insert_all(
    txn: &mut TransactionMut<'_>,
    parent: &XmlFragmentRef,
    at: u32,
    nodes: &[Node],
) {
    for (at, node) in (at..).zip(nodes) {
        insert(txn, parent, at, node);
    }
}

/// Inserts one node.
pub(crate) fn insert(txn: &mut TransactionMut<'_>, parent: &XmlFragmentRef, at: u32, node: &Node) {
    match node {
        Node::Element(element) => {
            let placed = parent.insert(txn, at, XmlElementPrelim::empty(element.name.as_str()));
            fill(txn, &placed, element);
        }
        Node::Text(runs) => {
            let text = parent.insert(txn, at, XmlTextPrelim::new(""));
            let mut index = 0;
            for run in runs {
                index += insert_run(txn, &text, index, run);
            }
        }
    }
}

fn fill(txn: &mut TransactionMut<'_>, placed: &yrs::XmlElementRef, element: &Element) {
    for (key, value) in element
        .attributes
        .iter()
        .filter(|(_, value)| !value.is_null())
    {
        placed.insert_attribute(txn, key.as_str(), any(value));
    }
    insert_all(txn, placed.as_ref(), 0, &element.children);
}

/// Inserts a run into a text; how long it is there.
pub(crate) fn insert_run(
    txn: &mut TransactionMut<'_>,
    text: &XmlTextRef,
    at: u32,
    run: &Run,
) -> u32 {
    let marks = attrs(&run.marks);
    match &run.insert {
        Insert::Text(inserted) if inserted.is_empty() => 0,
        Insert::Text(inserted) => {
            text.insert_with_attributes(txn, at, inserted, marks);
            units(inserted)
        }
        Insert::Embed(value) => {
            text.insert_embed_with_attributes(txn, at, any(value), marks);
            1
        }
        Insert::Node(node) => match node.as_ref() {
            Node::Element(element) => {
                let prelim = XmlElementPrelim::empty(element.name.as_str());
                let placed = text.insert_embed_with_attributes(txn, at, prelim, marks);
                fill(txn, &placed, element);
                1
            }
            // Text inside text has no place of its own.
            Node::Text(runs) => runs.iter().fold(0, |length, run| {
                length + insert_run(txn, text, at + length, run)
            }),
        },
    }
}

/// How long a text is in a document.
pub(crate) fn units(text: &str) -> u32 {
    text.chars()
        .map(|character| character.len_utf16() as u32)
        .sum()
}

/// Marks as formats.
pub(crate) fn attrs(marks: &serde_json::Map<String, Value>) -> Attrs {
    let marks = marks
        .iter()
        .map(|(key, value)| (Arc::from(key.as_str()), any(value)));
    marks.collect()
}

/// A value of JSON as one of Yjs. Integers that JavaScript has no exact number for become the
/// nearest one that it has.
pub(crate) fn any(value: &Value) -> Any {
    match value {
        Value::Null => Any::Null,
        Value::Bool(flag) => Any::Bool(*flag),
        Value::Number(number) => {
            let safe =
                |int: &i64| int.unsigned_abs() <= Number::I64_MAX_SAFE_INTEGER.unsigned_abs();
            match number.as_i64().filter(safe) {
                Some(int) => Any::Number(Number::Int(int)),
                None => Any::Number(Number::Float(number.as_f64().unwrap_or_default())),
            }
        }
        Value::String(text) => Any::String(text.as_str().into()),
        Value::Array(values) => Any::Array(values.iter().map(any).collect()),
        Value::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| (key.clone(), any(value)));
            Any::Map(Arc::new(entries.collect()))
        }
    }
}
