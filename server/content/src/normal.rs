//! One spelling for what says the same: text in one piece, no empty text, nothing that is null.

use serde_json::{Map, Value};

use crate::{Element, Insert, Node, Run};

/// Nodes in their one spelling.
pub(crate) fn normal(nodes: &[Node]) -> Vec<Node> {
    let mut out: Vec<Node> = Vec::with_capacity(nodes.len());
    for node in nodes {
        match node {
            Node::Element(element) => out.push(Node::Element(Element {
                name: element.name.clone(),
                attributes: values(&element.attributes),
                children: normal(&element.children),
            })),
            Node::Text(runs) => {
                let mut joined = match out.last_mut() {
                    Some(Node::Text(before)) => std::mem::take(before),
                    _ => Vec::new(),
                };
                runs.iter().for_each(|run| push(run, &mut joined));
                match out.last_mut() {
                    Some(Node::Text(before)) => *before = joined,
                    _ if joined.is_empty() => {}
                    _ => out.push(Node::Text(joined)),
                }
            }
        }
    }
    out
}

/// Runs in their one spelling.
pub(crate) fn normal_runs(runs: &[Run]) -> Vec<Run> {
    let mut out = Vec::with_capacity(runs.len());
    runs.iter().for_each(|run| push(run, &mut out));
    out
}

fn push(run: &Run, runs: &mut Vec<Run>) {
    let marks = values(&run.marks);
    let insert = match &run.insert {
        Insert::Text(text) if text.is_empty() => return,
        Insert::Text(text) => {
            if let Some(Run {
                insert: Insert::Text(before),
                marks: same,
            }) = runs.last_mut()
                && *same == marks
            {
                before.push_str(text);
                return;
            }
            Insert::Text(text.clone())
        }
        Insert::Embed(value) => Insert::Embed(number(value)),
        Insert::Node(node) => {
            let mut nodes = normal(std::slice::from_ref(node));
            let Some(node) = nodes.pop() else { return };
            Insert::Node(Box::new(node))
        }
    };
    runs.push(Run { insert, marks });
}

/// Without what is null.
pub(crate) fn values(map: &Map<String, Value>) -> Map<String, Value> {
    let entries = map.iter().filter(|(_, value)| !value.is_null());
    entries
        .map(|(key, value)| (key.clone(), number(value)))
        .collect()
}

/// Whole numbers as whole numbers, however they were written.
fn number(value: &Value) -> Value {
    const SAFE: f64 = 9_007_199_254_740_991.0;
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if !number.is_i64() && float.fract() == 0.0 && float.abs() <= SAFE => {
                Value::from(float as i64)
            }
            _ => value.clone(),
        },
        Value::Array(values) => Value::Array(values.iter().map(self::number).collect()),
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(key, value)| (key.clone(), self::number(value)))
                .collect(),
        ),
        other => other.clone(),
    }
}
