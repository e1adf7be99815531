//! Trees as Markdown: what a page says, for reading and for other programs. Not every editor's
//! every node has a word in Markdown; its text is always there.

use serde_json::Value;

use super::{entry, is_text, is_xml};
use crate::tree::{Attributes, Branch, Kind, Leaf, Tree};

/// A tree as Markdown. Several roots become chapters.
pub fn markdown(tree: &Tree) -> String {
    let mut out = String::new();
    for (name, branch) in tree {
        if tree.len() > 1 {
            out.push_str(&format!("# {}\n\n", escaped(name)));
        }
        if is_xml(branch) {
            out.push_str(&blocks(branch, ""));
        } else if is_text(branch) {
            out.push_str(&plain(branch));
        } else {
            out.push_str(&values(branch, ""));
        }
    }
    let end = out.trim_end().len();
    out.truncate(end);
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// Text that is Markdown or source already: as it is.
fn plain(branch: &Branch) -> String {
    let mut out = String::new();
    for (leaf, _) in &branch.children {
        match leaf {
            Leaf::Text(text, _) => out.push_str(text),
            Leaf::Embed(value, _) => out.push_str(&format!("`{value}`")),
            _ => {}
        }
    }
    out.push('\n');
    out
}

fn values(branch: &Branch, indent: &str) -> String {
    let mut out = String::new();
    let entries = branch.entries.iter();
    let entries = entries.map(|(key, leaf, _)| (format!("{}: ", escaped(key)), leaf));
    let items = branch.children.iter();
    let items = items.map(|(leaf, _)| (String::new(), leaf));
    for (label, leaf) in entries.chain(items) {
        let value = match leaf {
            Leaf::Branch(inner) if is_text(inner) => escaped(plain(inner).trim_end()),
            Leaf::Branch(inner) => format!("\n{}", values(inner, &format!("{indent}  "))),
            Leaf::Text(text, _) => escaped(text),
            Leaf::Value(Value::String(text)) => escaped(text),
            Leaf::Value(value) | Leaf::Embed(value, _) => value.to_string(),
            Leaf::Subdocument => "(a document)".to_owned(),
        };
        out.push_str(&format!("{indent}- {label}{}\n", value.trim_end()));
    }
    out
}

fn blocks(branch: &Branch, indent: &str) -> String {
    let mut out = String::new();
    let mut line = String::new();
    let mut number = 0;
    for (leaf, _) in &branch.children {
        match leaf {
            Leaf::Branch(child) if !is_inline(child) => {
                end_line(&mut out, &mut line, indent);
                number += 1;
                out.push_str(&block(child, branch, indent, number));
            }
            leaf => line.push_str(&inline(leaf)),
        }
    }
    end_line(&mut out, &mut line, indent);
    out
}

fn end_line(out: &mut String, line: &mut String, indent: &str) {
    if !line.is_empty() {
        out.push_str(&format!("{indent}{}\n\n", std::mem::take(line)));
    }
}

fn name(branch: &Branch) -> String {
    match &branch.kind {
        Kind::Element(name) => name.replace(['_', '-'], "").to_ascii_lowercase(),
        _ => String::new(),
    }
}

fn is_inline(branch: &Branch) -> bool {
    let name = name(branch);
    branch.kind == Kind::XmlText || matches!(name.as_str(), "hardbreak" | "image" | "mention")
}

fn block(branch: &Branch, parent: &Branch, indent: &str, number: usize) -> String {
    match name(branch).as_str() {
        "heading" => {
            let level = entry(branch, "level").and_then(Value::as_u64).unwrap_or(1);
            let marks = "#".repeat(level.clamp(1, 6) as usize);
            format!("{indent}{marks} {}\n\n", line_of(branch))
        }
        "codeblock" => {
            let language = entry(branch, "language").and_then(Value::as_str);
            let text = raw_text(branch);
            let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
            let fence = "`".repeat(3.max(longest + 1));
            let language: String = language
                .unwrap_or_default()
                .chars()
                .filter(|c| c.is_ascii_alphanumeric())
                .collect();
            format!("{indent}{fence}{language}\n{text}\n{fence}\n\n")
        }
        "horizontalrule" => format!("{indent}---\n\n"),
        "blockquote" => {
            let inner = blocks(branch, "");
            let lines = inner.trim_end().lines();
            let quoted: String = lines.map(|line| format!("{indent}> {line}\n")).collect();
            format!("{quoted}\n")
        }
        "listitem" | "taskitem" => {
            let mark = match (name(parent).as_str(), entry(branch, "checked")) {
                (_, Some(Value::Bool(true))) => "- [x] ".to_owned(),
                (_, Some(Value::Bool(false))) => "- [ ] ".to_owned(),
                ("orderedlist", _) => format!("{number}. "),
                _ => "- ".to_owned(),
            };
            let inner = blocks(branch, &format!("{indent}{}", " ".repeat(mark.len())));
            format!("{indent}{mark}{}\n\n", inner.trim())
        }
        "paragraph" => format!("{indent}{}\n\n", line_of(branch)),
        _ => blocks(branch, indent),
    }
}

fn line_of(branch: &Branch) -> String {
    branch
        .children
        .iter()
        .map(|(leaf, _)| inline(leaf))
        .collect()
}

fn inline(leaf: &Leaf) -> String {
    match leaf {
        Leaf::Text(text, attributes) => formatted(text, attributes),
        Leaf::Branch(branch) => match name(branch).as_str() {
            "hardbreak" => "\\\n".to_owned(),
            "image" => {
                let text = |key| {
                    entry(branch, key)
                        .and_then(Value::as_str)
                        .unwrap_or_default()
                };
                format!("![{}](<{}>)", escaped(text("alt")), target(text("src")))
            }
            _ => line_of(branch),
        },
        Leaf::Value(value) | Leaf::Embed(value, _) => format!("`{value}`"),
        Leaf::Subdocument => String::new(),
    }
}

fn raw_text(branch: &Branch) -> String {
    let texts = branch.children.iter().map(|(leaf, _)| match leaf {
        Leaf::Text(text, _) => text.clone(),
        Leaf::Branch(branch) => raw_text(branch),
        _ => String::new(),
    });
    texts.collect()
}

fn formatted(text: &str, attributes: &Attributes) -> String {
    let has = |names: [&str; 2]| names.iter().any(|name| attributes.contains_key(*name));
    let core = text.trim();
    if core.is_empty() || attributes.is_empty() {
        return escaped(text);
    }
    let mut marked = match has(["code", "code"]) {
        true => format!("`{}`", core.replace('`', "'")),
        false => escaped(core),
    };
    for (names, mark) in [
        (["bold", "strong"], "**"),
        (["italic", "em"], "*"),
        (["strike", "strikethrough"], "~~"),
    ] {
        if has(names) {
            marked = format!("{mark}{marked}{mark}");
        }
    }
    let link = attributes.get("link");
    if let Some(href) = link.and_then(|link| link.get("href")?.as_str().or(link.as_str())) {
        marked = format!("[{marked}](<{}>)", target(href));
    }
    // Marks beside a space are none.
    text.replacen(core, &marked, 1)
}

fn target(address: &str) -> String {
    address.replace(['<', '>', '\n'], "")
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if "\\`*_[]<>#".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
