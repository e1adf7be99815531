//! Nodes to HTML, as the editor shows them: alone, or as a page of a wiki ([`super::page`]).

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::{callout, page::Wiki, safe_image, safe_link};
use crate::{
    Element, Insert, Node, Run,
    facts::heading_level,
    markdown::{Mark, first_text, is_true, kind_of, label, mark_of},
};

/// HTML as it is written.
#[derive(Default)]
pub(super) struct Out {
    pub(super) html: String,
    /// What a page of a wiki has more.
    pub(super) wiki: Option<Wiki>,
}

impl Out {
    pub(super) fn push_str(&mut self, html: &str) {
        self.html.push_str(html);
    }
}

impl std::fmt::Write for Out {
    fn write_str(&mut self, html: &str) -> std::fmt::Result {
        self.html.write_str(html)
    }
}

/// The HTML of nodes.
pub(crate) fn render(nodes: &[Node]) -> String {
    let mut out = Out::default();
    push_all(nodes, &mut out);
    out.html
}

/// The HTML of a text without blocks: what it looks like in its editor.
pub(crate) fn of_text(runs: &[Run]) -> String {
    let mut out = Out::default();
    let html = &mut out;
    html.push_str("<pre>");
    for run in runs {
        match &run.insert {
            Insert::Text(text) => html.push_str(&escaped(text)),
            Insert::Embed(value) => push_embed(value, html),
            Insert::Node(node) => push_all(std::slice::from_ref(node), html),
        }
    }
    html.push_str("</pre>");
    out.html
}

pub(super) fn push_all(nodes: &[Node], html: &mut Out) {
    let mut open_list = None;
    for node in nodes {
        let list = list_of(node);
        if list != open_list {
            if let Some(tag) = open_list {
                let _ = write!(html, "</{tag}>");
            }
            if let Some(tag) = list {
                let _ = write!(html, "<{tag}>");
            }
            open_list = list;
        }
        match node {
            Node::Text(runs) => push_runs(runs, html),
            Node::Element(element) => push(element, html),
        }
    }
    if let Some(tag) = open_list {
        let _ = write!(html, "</{tag}>");
    }
}

/// BlockNote has items and no lists around them.
fn list_of(node: &Node) -> Option<&'static str> {
    let Node::Element(element) = node else {
        return None;
    };
    // The container of one block and what is below it.
    if kind_of(element) == "blockcontainer" {
        return element.children.first().and_then(list_of);
    }
    match kind_of(element).as_str() {
        "bulletlistitem" | "checklistitem" => Some("ul"),
        "numberedlistitem" => Some("ol"),
        _ => None,
    }
}

fn push(element: &Element, html: &mut Out) {
    let attributes = &element.attributes;
    if Wiki::push_block(element, html) {
        return;
    }
    match kind_of(element).as_str() {
        "paragraph" => wrap("p", "", element, html),
        "heading" => wrap(&format!("h{}", heading_level(element)), "", element, html),
        "blockquote" | "quote" | "callout" => {
            let kind = callout::of(element);
            let kind = kind.map(|kind| format!(" data-callout=\"{}\"", kind.name()));
            wrap("blockquote", &kind.unwrap_or_default(), element, html);
        }
        "codeblock" => push_code(element, html),
        "horizontalrule" | "divider" => html.push_str("<hr>"),
        "hardbreak" => html.push_str("<br>"),
        "image" => push_image(attributes, html),
        "bulletlist" => wrap("ul", "", element, html),
        "orderedlist" => {
            let start = ["start", "order"]
                .iter()
                .find_map(|key| attributes.get(*key)?.as_u64());
            let start = match start.filter(|start| *start != 1) {
                Some(start) => format!(" start=\"{start}\""),
                None => String::new(),
            };
            wrap("ol", &start, element, html);
        }
        "tasklist" => wrap("ul", " data-type=\"taskList\"", element, html),
        "taskitem" => {
            let checked = attributes.get("checked").is_some_and(is_true);
            let _ = write!(
                html,
                "<li data-type=\"taskItem\" data-checked=\"{checked}\"><input type=\"checkbox\" disabled{}",
                if checked { " checked" } else { "" }
            );
            html.push_str("><div>");
            push_all(&element.children, html);
            html.push_str("</div></li>");
        }
        "listitem" | "bulletlistitem" | "numberedlistitem" | "checklistitem" => {
            wrap("li", "", element, html);
        }
        "table" => {
            html.push_str("<table><tbody>");
            push_all(&element.children, html);
            html.push_str("</tbody></table>");
        }
        "tablerow" => wrap("tr", "", element, html),
        "tablecell" => wrap("td", &spans(attributes), element, html),
        "tableheader" => wrap("th", &spans(attributes), element, html),
        "blockgroup" | "blockcontainer" => push_all(&element.children, html),
        _ => push_unknown(element, html),
    }
}

/// Whatever it is, its text stays, and its name for whoever knows it.
fn push_unknown(element: &Element, html: &mut Out) {
    let name = escaped(&element.name);
    match element.children.is_empty() {
        true => {
            let label = escaped(&label(&element.attributes));
            let _ = write!(html, "<span data-node=\"{name}\">{label}</span>");
        }
        false => wrap("div", &format!(" data-node=\"{name}\""), element, html),
    }
}

pub(super) fn wrap(tag: &str, attributes: &str, element: &Element, html: &mut Out) {
    let _ = write!(html, "<{tag}{attributes}>");
    push_all(&element.children, html);
    let _ = write!(html, "</{tag}>");
}

fn push_code(element: &Element, html: &mut Out) {
    let language = first_text(&element.attributes, &["language", "params", "lang"]);
    match language.as_str() {
        "" => html.push_str("<pre><code>"),
        language => {
            let _ = write!(html, "<pre><code class=\"language-{}\">", escaped(language));
        }
    }
    for child in &element.children {
        html.push_str(&escaped(&crate::text::of_block(child)));
    }
    html.push_str("</code></pre>");
}

fn push_image(attributes: &Map<String, Value>, html: &mut Out) {
    let source = first_text(attributes, &["src", "url"]);
    let alt = first_text(attributes, &["alt", "caption", "name"]);
    let Some(source) = safe_image(&source) else {
        return html.push_str(&escaped(&alt));
    };
    html.push_str("<img src=\"");
    Wiki::push_address(&source, html);
    let _ = write!(html, "\" alt=\"{}\"", escaped(&alt));
    if let Some(title) = attributes.get("title").and_then(Value::as_str) {
        let _ = write!(html, " title=\"{}\"", escaped(title));
    }
    for key in ["width", "height"] {
        if let Some(length) = attributes.get(key).and_then(Value::as_u64) {
            let _ = write!(html, " {key}=\"{length}\"");
        }
    }
    html.push_str(">");
}

fn spans(attributes: &Map<String, Value>) -> String {
    let mut text = String::new();
    for key in ["colspan", "rowspan"] {
        if let Some(span) = attributes
            .get(key)
            .and_then(Value::as_u64)
            .filter(|span| *span > 1)
        {
            let _ = write!(text, " {key}=\"{span}\"");
        }
    }
    if let Some(widths) = attributes.get("colwidth").and_then(Value::as_array) {
        let widths: Option<Vec<String>> = widths
            .iter()
            .map(|width| Some(width.as_u64()?.to_string()))
            .collect();
        if let Some(widths) = widths {
            let _ = write!(text, " data-colwidth=\"{}\"", widths.join(","));
        }
    }
    text
}

fn push_runs(runs: &[Run], html: &mut Out) {
    if !Wiki::push_runs(runs, html) {
        push_plain_runs(runs, html, &|_| true);
    }
}

/// Runs with those of their marks that are wanted.
pub(super) fn push_plain_runs(runs: &[Run], html: &mut Out, wanted: &dyn Fn(&Mark) -> bool) {
    for run in runs {
        let mut marks: Vec<Mark> = run
            .marks
            .iter()
            .filter(|(_, value)| !matches!(value, Value::Null | Value::Bool(false)))
            .filter_map(|(name, value)| mark_of(name, value))
            .filter(wanted)
            .collect();
        marks.sort();
        marks.dedup();
        let mut closing = Vec::new();
        for mark in &marks {
            if let Some(close) = open(mark, html) {
                closing.push(close);
            }
        }
        match &run.insert {
            Insert::Text(text) => {
                let lines: Vec<String> = text.split('\n').map(escaped).collect();
                html.push_str(&lines.join("<br>"));
            }
            Insert::Embed(value) => push_embed(value, html),
            Insert::Node(node) => push_all(std::slice::from_ref(node), html),
        }
        for close in closing.into_iter().rev() {
            html.push_str(close);
        }
    }
}

fn open(mark: &Mark, html: &mut Out) -> Option<&'static str> {
    let (open, close) = match mark {
        Mark::Bold => ("<strong>", "</strong>"),
        Mark::Italic => ("<em>", "</em>"),
        Mark::Underline => ("<u>", "</u>"),
        Mark::Strike => ("<s>", "</s>"),
        Mark::Code => ("<code>", "</code>"),
        Mark::Link(target, title) => {
            let target = safe_link(target)?;
            html.push_str("<a href=\"");
            Wiki::push_address(&target, html);
            html.push_str("\"");
            if !title.is_empty() {
                let _ = write!(html, " title=\"{}\"", escaped(title));
            }
            html.push_str(" rel=\"noopener noreferrer nofollow\">");
            return Some("</a>");
        }
    };
    html.push_str(open);
    Some(close)
}

fn push_embed(value: &Value, html: &mut Out) {
    let source = value.get("image").and_then(Value::as_str);
    match source.and_then(safe_image) {
        Some(source) => {
            let _ = write!(html, "<img src=\"{}\" alt=\"\">", escaped(&source));
        }
        None => html.push_str(&escaped(&value.to_string())),
    }
}

/// Text that stays text, in attributes as well.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Parsers would replace it.
            '\0' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}
