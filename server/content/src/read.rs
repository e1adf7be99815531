//! Reads a document out of its CRDT.
//!
//! A Yjs update does not tell what its roots are; programs know it. Here it is inferred from what
//! is in them: elements make a tree, strings make a text, other values a list, keys a map.

use std::collections::BTreeMap;

use serde_json::{Map as JsonMap, Value};
use yrs::{
    Any, Array, ArrayRef, Doc, GetString, Map, MapRef, Number, OffsetKind, Options, Out, ReadTxn,
    Text, Transact, TransactionMut, Update, Xml,
    branch::{Branch, BranchPtr},
    types::{Attrs, text::YChange},
    updates::decoder::Decode,
};

use crate::tree::{Content, DEPTH_MAX, Element, Insert, Node, Root, Run};

/// Why a document cannot be told in plain values. It can still be exported as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// The CRDT library does not read it.
    #[error("not a document: {0}")]
    Unreadable(String),
    /// Too much inside too much.
    #[error("nested deeper than {DEPTH_MAX} levels")]
    TooDeep,
}

impl Content {
    /// Reads a whole document (one update, format v1).
    pub fn of(state: &[u8]) -> Result<Self, ContentError> {
        content(&doc_of(state)?.transact_mut())
    }
}

/// A document (one update, format v1) in the CRDT; places in it are counted as JavaScript does.
pub(crate) fn doc_of(state: &[u8]) -> Result<Doc, ContentError> {
    let unreadable = |problem: String| ContentError::Unreadable(problem);
    let update = Update::decode_v1(state).map_err(|error| unreadable(error.to_string()))?;
    let options = Options {
        offset_kind: OffsetKind::Utf16,
        cleanup_formatting: false,
        ..Options::default()
    };
    let doc = Doc::with_options(options);
    doc.transact_mut()
        .apply_update(update)
        .map_err(|error| unreadable(error.to_string()))?;
    Ok(doc)
}

/// Everything that a document says.
pub(crate) fn content(txn: &TransactionMut<'_>) -> Result<Content, ContentError> {
    let names: Vec<String> = txn.root_refs().map(|(name, _)| name.to_owned()).collect();
    let mut roots = BTreeMap::new();
    for name in names {
        if let Some(root) = root(txn, &name)? {
            roots.insert(name, root);
        }
    }
    Ok(Content { roots })
}

fn deeper(depth: usize) -> Result<usize, ContentError> {
    if depth < DEPTH_MAX {
        Ok(depth + 1)
    } else {
        Err(ContentError::TooDeep)
    }
}

/// What one root says; nothing where it is empty.
pub(crate) fn root(txn: &TransactionMut<'_>, name: &str) -> Result<Option<Root>, ContentError> {
    let runs = match txn.get_text(name) {
        Some(text) => text.diff(txn, YChange::identity),
        None => Vec::new(),
    };
    let is_text = |run: &yrs::types::text::Diff<YChange>| match &run.insert {
        Out::Any(Any::String(_)) => true,
        other => matches!(other, Out::Any(_)) || run.attributes.is_some(),
    };
    if runs.iter().any(is_text) {
        return Ok(Some(Root::Text(to_runs(txn, runs, 0)?)));
    }
    let items = txn.get_array(name).map_or(0, |array| array.len(txn));
    if items > 0 {
        let array = txn.get_array(name);
        let children: Vec<Out> = array.iter().flat_map(|array| array.iter(txn)).collect();
        let is_node = |out: &Out| {
            matches!(
                out,
                Out::YXmlElement(_) | Out::YXmlText(_) | Out::YXmlFragment(_)
            )
        };
        if children.iter().any(is_node) {
            let nodes: Result<Vec<Node>, _> = children
                .into_iter()
                .map(|child| node(txn, child, 0))
                .collect();
            return nodes.map(|nodes| Some(Root::Tree(nodes)));
        }
        let value = array.map(|array| array_value(txn, &array, 0)).transpose()?;
        return Ok(value.map(Root::Json));
    }
    let map = txn.get_map(name).filter(|map| map.len(txn) > 0);
    let value = map.map(|map| map_value(txn, &map, 0)).transpose()?;
    Ok(value.map(Root::Json))
}

/// Everything in a part of a tree. yrs' own iterator ends at the first thing that is no node.
pub(crate) fn children<T: ReadTxn>(
    txn: &T,
    of: &Branch,
    depth: usize,
) -> Result<Vec<Node>, ContentError> {
    let children = ArrayRef::from(BranchPtr::from(of));
    let children: Vec<Out> = children.iter(txn).collect();
    children
        .into_iter()
        .map(|child| node(txn, child, depth))
        .collect()
}

fn node<T: ReadTxn>(txn: &T, out: Out, depth: usize) -> Result<Node, ContentError> {
    let depth = deeper(depth)?;
    Ok(match out {
        Out::YXmlText(text) => Node::Text(to_runs(txn, text.diff(txn, YChange::identity), depth)?),
        Out::YXmlFragment(fragment) => Node::Element(Element {
            children: children(txn, fragment.as_ref(), depth)?,
            ..Element::default()
        }),
        Out::YXmlElement(element) => {
            let mut attributes = JsonMap::new();
            for (key, value) in element.attributes(txn) {
                attributes.insert(key.to_owned(), out_value(txn, value, depth)?);
            }
            Node::Element(Element {
                name: element
                    .try_tag()
                    .map(|tag| tag.to_string())
                    .unwrap_or_default(),
                attributes,
                children: children(txn, element.as_ref(), depth)?,
            })
        }
        other => {
            let insert = match out_value(txn, other, depth)? {
                Value::String(text) => Insert::Text(text),
                value => Insert::Embed(value),
            };
            let marks = JsonMap::new();
            Node::Text(vec![Run { insert, marks }])
        }
    })
}

fn to_runs<T: ReadTxn>(
    txn: &T,
    diffs: Vec<yrs::types::text::Diff<YChange>>,
    depth: usize,
) -> Result<Vec<Run>, ContentError> {
    let one = |diff: yrs::types::text::Diff<YChange>| {
        let insert = match diff.insert {
            Out::Any(Any::String(text)) => Insert::Text(text.to_string()),
            Out::YXmlElement(element) => {
                Insert::Node(Box::new(node(txn, Out::YXmlElement(element), depth)?))
            }
            Out::YXmlText(text) => Insert::Node(Box::new(node(txn, Out::YXmlText(text), depth)?)),
            other => Insert::Embed(out_value(txn, other, depth)?),
        };
        let marks = diff.attributes.map(|marks| marks_of(&marks)).transpose()?;
        Ok(Run {
            insert,
            marks: marks.unwrap_or_default(),
        })
    };
    diffs.into_iter().map(one).collect()
}

fn marks_of(marks: &Attrs) -> Result<JsonMap<String, Value>, ContentError> {
    let mut json = JsonMap::new();
    for (key, value) in marks {
        json.insert(key.to_string(), any_value(value, 0)?);
    }
    Ok(json)
}

fn out_value<T: ReadTxn>(txn: &T, out: Out, depth: usize) -> Result<Value, ContentError> {
    let depth = deeper(depth)?;
    Ok(match out {
        Out::Any(any) => any_value(&any, depth)?,
        Out::YText(text) => Value::String(text.get_string(txn)),
        Out::YArray(array) => array_value(txn, &array, depth)?,
        Out::YMap(map) => map_value(txn, &map, depth)?,
        Out::YXmlText(text) => Value::String(text.get_string(txn)),
        Out::YXmlElement(element) => Value::String(element.get_string(txn)),
        Out::YXmlFragment(fragment) => Value::String(fragment.get_string(txn)),
        // Another document, of which only the id is here.
        Out::YDoc(doc) => Value::String(doc.guid().to_string()),
        Out::UndefinedRef(_) => Value::Null,
    })
}

fn array_value<T: ReadTxn>(txn: &T, array: &ArrayRef, depth: usize) -> Result<Value, ContentError> {
    let values = array.iter(txn).map(|out| out_value(txn, out, depth));
    values.collect::<Result<_, _>>().map(Value::Array)
}

fn map_value<T: ReadTxn>(txn: &T, map: &MapRef, depth: usize) -> Result<Value, ContentError> {
    let mut json = JsonMap::new();
    for (key, out) in map.iter(txn) {
        json.insert(key.to_owned(), out_value(txn, out, depth)?);
    }
    Ok(Value::Object(json))
}

/// A value as JSON. What JSON has no form for becomes what `JSON.stringify` or people would write:
/// bytes base64, numbers that are none `null`, large integers their digits.
fn any_value(any: &Any, depth: usize) -> Result<Value, ContentError> {
    use base64::Engine as _;
    let depth = deeper(depth)?;
    Ok(match any {
        Any::Null | Any::Undefined => Value::Null,
        Any::Bool(flag) => Value::Bool(*flag),
        Any::Number(Number::Int(number)) => to_integer(*number),
        Any::Number(Number::Float(number)) => to_number(*number),
        Any::String(text) => Value::String(text.to_string()),
        Any::Buffer(bytes) => {
            Value::String(base64::engine::general_purpose::STANDARD.encode(bytes))
        }
        Any::Array(values) => {
            let values = values.iter().map(|value| any_value(value, depth));
            Value::Array(values.collect::<Result<_, _>>()?)
        }
        Any::Map(entries) => {
            let mut json = JsonMap::new();
            for (key, value) in entries.iter() {
                json.insert(key.clone(), any_value(value, depth)?);
            }
            Value::Object(json)
        }
    })
}

/// Beyond what a number of JavaScript holds exactly it was a `BigInt` there.
fn to_integer(number: i64) -> Value {
    if number.unsigned_abs() <= Number::I64_MAX_SAFE_INTEGER.unsigned_abs() {
        Value::from(number)
    } else {
        Value::String(number.to_string())
    }
}

/// Whole numbers without a decimal point, as JavaScript writes them.
fn to_number(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() <= Number::F64_MAX_SAFE_INTEGER {
        Value::from(number as i64)
    } else {
        serde_json::Number::from_f64(number).map_or(Value::Null, Value::Number)
    }
}
