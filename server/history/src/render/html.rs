//! Trees as HTML that is safe to put into a page: nothing of a document becomes markup, a script
//! or an address of a dangerous kind. Changes are `<ins>` and `<del>`; who made them stands in
//! `data-` attributes and in the title.

use serde_json::Value;

use super::{entry, is_text, is_xml};
use crate::{
    Attribution, Author,
    tree::{Attributes, Branch, Change, Kind, Leaf, Mark, Tree},
};

/// A tree as an HTML fragment: a `<section>` for each root.
pub fn html(tree: &Tree, told: Option<&Attribution>) -> String {
    let page = Page { told };
    let mut out = String::new();
    for (name, branch) in tree {
        out.push_str(&format!("<section data-root=\"{}\">", escaped(name)));
        page.branch(branch, &mut out);
        out.push_str("</section>\n");
    }
    out
}

struct Page<'a> {
    told: Option<&'a Attribution>,
}

impl Page<'_> {
    fn branch(&self, branch: &Branch, out: &mut String) {
        if is_xml(branch) {
            self.children(branch, out);
        } else if is_text(branch) {
            out.push_str("<pre>");
            self.children(branch, out);
            out.push_str("</pre>");
        } else {
            self.values(branch, out);
        }
    }

    fn values(&self, branch: &Branch, out: &mut String) {
        if !branch.entries.is_empty() {
            out.push_str("<dl>");
            for (key, leaf, mark) in &branch.entries {
                out.push_str(&format!("<dt>{}</dt><dd>", escaped(key)));
                self.marked(*mark, false, out, |out| self.leaf(leaf, out));
                out.push_str("</dd>");
            }
            out.push_str("</dl>");
        }
        if !branch.children.is_empty() {
            out.push_str("<ol>");
            for (leaf, mark) in &branch.children {
                out.push_str("<li>");
                self.marked(*mark, false, out, |out| self.leaf(leaf, out));
                out.push_str("</li>");
            }
            out.push_str("</ol>");
        }
    }

    fn children(&self, branch: &Branch, out: &mut String) {
        for (leaf, mark) in &branch.children {
            let block = matches!(leaf, Leaf::Branch(inner) if inner.kind != Kind::XmlText);
            match leaf {
                // What is inside says for itself what became of it.
                Leaf::Branch(inner) if mark.change.is_none() => self.element(inner, *mark, out),
                leaf => self.marked(*mark, block, out, |out| self.leaf(leaf, out)),
            }
        }
    }

    fn leaf(&self, leaf: &Leaf, out: &mut String) {
        match leaf {
            Leaf::Text(text, attributes) => formatted(text, attributes, out),
            Leaf::Value(Value::String(text)) => out.push_str(&escaped(text)),
            Leaf::Value(value) | Leaf::Embed(value, _) => {
                out.push_str(&format!("<code>{}</code>", escaped(&value.to_string())));
            }
            Leaf::Subdocument => out.push_str("<code>…</code>"),
            Leaf::Branch(branch) => self.element(branch, Mark::default(), out),
        }
    }

    /// Puts a part into what tells of it.
    fn marked(&self, mark: Mark, block: bool, out: &mut String, part: impl FnOnce(&mut String)) {
        let by = self.by(mark);
        let (tag, kind) = match (mark.change, by.is_empty()) {
            (None, true) => return part(out),
            (None, false) => ("span", ""),
            (Some(Change::Inserted), _) => ("ins", ""),
            (Some(Change::Deleted), _) => ("del", ""),
            (Some(Change::Formatted), _) => ("span", " data-change=\"formatted\""),
        };
        let class = if block { " data-block" } else { "" };
        out.push_str(&format!("<{tag}{kind}{class}{by}>"));
        part(out);
        out.push_str(&format!("</{tag}>"));
    }

    fn by(&self, mark: Mark) -> String {
        let known = self.told.zip(mark.stamp);
        let Some((author, stamp)) = known.and_then(|(told, stamp)| told.stamp_of(stamp)) else {
            return String::new();
        };
        let Author { user, name } = author;
        let shown = name.as_deref().or(user.as_deref()).unwrap_or_default();
        format!(
            " data-author=\"{}\" data-first-ms=\"{}\" data-last-ms=\"{}\" title=\"{}\"",
            escaped(user.as_deref().unwrap_or_default()),
            stamp.first_ms,
            stamp.last_ms,
            escaped(shown),
        )
    }

    fn element(&self, branch: &Branch, mark: Mark, out: &mut String) {
        let Kind::Element(name) = &branch.kind else {
            return match branch.kind {
                Kind::XmlText => self.children(branch, out),
                _ => self.branch(branch, out),
            };
        };
        let plain = name.replace(['_', '-'], "").to_ascii_lowercase();
        let by = self.by(mark);
        let tag = match plain.as_str() {
            "paragraph" => "p",
            "heading" => match entry(branch, "level").and_then(Value::as_u64) {
                Some(2) => "h2",
                Some(3) => "h3",
                Some(4) => "h4",
                Some(5) => "h5",
                Some(6) => "h6",
                _ => "h1",
            },
            "bulletlist" | "tasklist" => "ul",
            "orderedlist" => "ol",
            "listitem" | "taskitem" => "li",
            "blockquote" => "blockquote",
            "codeblock" => "pre",
            "table" => "table",
            "tablerow" => "tr",
            "tablecell" => "td",
            "tableheader" => "th",
            "hardbreak" => return out.push_str("<br>"),
            "horizontalrule" => return out.push_str("<hr>"),
            "image" => return image(branch, out),
            _ => {
                out.push_str(&format!("<div data-node=\"{}\"{by}>", escaped(name)));
                self.children(branch, out);
                return out.push_str("</div>");
            }
        };
        out.push_str(&format!("<{tag}{by}>"));
        self.children(branch, out);
        self.changed_entries(branch, out);
        out.push_str(&format!("</{tag}>\n"));
    }

    /// Attributes of a block that changed have no look of their own.
    fn changed_entries(&self, branch: &Branch, out: &mut String) {
        let changed = branch
            .entries
            .iter()
            .filter(|(.., mark)| mark.change.is_some());
        for (key, leaf, mark) in changed {
            out.push_str(&format!("<small data-attribute=\"{}\">", escaped(key)));
            self.marked(*mark, false, out, |out| self.leaf(leaf, out));
            out.push_str("</small>");
        }
    }
}

fn image(branch: &Branch, out: &mut String) {
    let text = |key| {
        entry(branch, key)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let (source, alt) = (text("src"), escaped(text("alt")));
    match is_safe(source) {
        true => out.push_str(&format!("<img src=\"{}\" alt=\"{alt}\">", escaped(source))),
        false => out.push_str(&format!("<span>{alt}</span>")),
    }
}

fn formatted(text: &str, attributes: &Attributes, out: &mut String) {
    let mut closing = String::new();
    let mut open = |tag: &str, more: String| {
        out.push_str(&format!("<{tag}{more}>"));
        closing.insert_str(0, &format!("</{tag}>"));
    };
    for (key, value) in attributes {
        let tag = match &**key {
            "bold" | "strong" => "strong",
            "italic" | "em" => "em",
            "code" => "code",
            "strike" | "strikethrough" => "s",
            "underline" => "u",
            "link" => {
                let href = value.get("href").unwrap_or(value).as_str();
                if let Some(href) = href.filter(|href| is_safe(href)) {
                    let more = format!(" href=\"{}\" rel=\"noopener nofollow\"", escaped(href));
                    open("a", more);
                }
                continue;
            }
            other => {
                open("span", format!(" data-mark=\"{}\"", escaped(other)));
                continue;
            }
        };
        open(tag, String::new());
    }
    out.push_str(&escaped(text));
    out.push_str(&closing);
}

/// Addresses that a browser may follow without running anything.
fn is_safe(address: &str) -> bool {
    let lower = address.to_ascii_lowercase();
    let listed = ["https://", "http://", "mailto:", "tel:"];
    let local = ["/", "./", "../", "#", "?"];
    !address.chars().any(char::is_control)
        && (listed.iter().any(|scheme| lower.starts_with(scheme))
            || local.iter().any(|start| lower.starts_with(start)))
}

/// Text, as HTML has it in an element and in a quoted attribute.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
