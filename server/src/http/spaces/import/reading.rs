//! A file as a page: its text, its title, its place among its siblings. No IO.

use bytes::Bytes;
use unisson_content::{Element, Form, Node, kind_of, letters};
use unisson_office::Pictures;

/// A kind of file that becomes a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text(Form),
    Office(unisson_office::Format),
}

impl Kind {
    /// The kind of a file and its name without its end, where it becomes a page.
    pub(super) fn of(name: &str) -> Option<(&str, Self)> {
        let (stem, extension) = name.rsplit_once('.')?;
        let kind = match extension.to_ascii_lowercase().as_str() {
            "md" | "mdx" | "markdown" => Self::Text(Form::Markdown),
            "html" | "htm" => Self::Text(Form::Html),
            "docx" => Self::Office(unisson_office::Format::Docx),
            "odt" => Self::Office(unisson_office::Format::Odt),
            _ => return None,
        };
        (!stem.is_empty()).then_some((stem, kind))
    }
}

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) title: Option<String>,
    /// Its place among its siblings, where it says so.
    pub(super) position: Option<u64>,
    pub(super) nodes: Vec<Node>,
    /// Pictures that are in the file itself, by their addresses in its text.
    pub(super) pictures: Pictures,
}

/// Reads a file. What is called like its page is its title and no part of its text.
pub(super) fn read(kind: Kind, body: &Bytes) -> Result<Read, String> {
    let mut read = match kind {
        Kind::Office(format) => {
            let read = unisson_office::read(format, body);
            let (document, pictures) = read.map_err(|error| error.to_string())?;
            Read {
                title: document.title,
                position: None,
                nodes: document.nodes,
                pictures,
            }
        }
        Kind::Text(form) => {
            let text = std::str::from_utf8(body).map_err(|_| "it is not UTF-8".to_owned())?;
            let text = text.trim_start_matches('\u{feff}');
            let (head, text) = match form {
                Form::Markdown => front_matter(text),
                _ => (Vec::new(), text),
            };
            let said = |key: &str| {
                let found = head.iter().find(|(known, _)| known == key);
                found
                    .map(|(_, value)| value.clone())
                    .filter(|value| !value.is_empty())
            };
            Read {
                title: said("title"),
                position: said("sidebar_position").and_then(|position| position.parse().ok()),
                nodes: form.parse(text).map_err(|error| error.to_string())?,
                pictures: Pictures::new(),
            }
        }
    };
    if let Some(Node::Element(first)) = read.nodes.first()
        && is_title(first)
    {
        let text = text_of(first);
        let is_said = read.title.as_ref().is_none_or(|title| *title == text);
        if is_said && !text.is_empty() {
            read.title = Some(text);
            read.nodes.remove(0);
        }
    }
    if unisson_content::operation::is_blank(&read.nodes) {
        read.nodes.clear();
    }
    read.title = read.title.map(|title| line(&title));
    Ok(read)
}

fn is_title(element: &Element) -> bool {
    let level = element
        .attributes
        .get("level")
        .and_then(serde_json::Value::as_u64);
    kind_of(element) == "heading" && level == Some(1)
}

fn text_of(element: &Element) -> String {
    let texts = element.children.iter().map(|child| match child {
        Node::Text(runs) => letters(runs),
        Node::Element(_) => " ".to_owned(),
    });
    line(&texts.collect::<String>())
}

/// One line, no longer than a title may be.
fn line(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    let mut end = text.len().min(300);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().trim().to_owned()
}

/// What stands between two lines of `---` at the beginning, and the text behind it. Of YAML only
/// keys with one value on their line are read.
fn front_matter(text: &str) -> (Vec<(String, String)>, &str) {
    let Some(rest) = text
        .strip_prefix("---\n")
        .or_else(|| text.strip_prefix("---\r\n"))
    else {
        return (Vec::new(), text);
    };
    let mut at = 0;
    let mut head = Vec::new();
    for line in rest.split_inclusive('\n') {
        at += line.len();
        let line = line.trim_end();
        if line == "---" || line == "..." {
            return (head, rest.get(at..).unwrap_or_default());
        }
        if let Some((key, value)) = line.split_once(':')
            && !key.starts_with([' ', '\t', '#', '-'])
        {
            head.push((key.trim().to_owned(), unquoted(value.trim())));
        }
    }
    // No end: it is a rule, and text.
    (Vec::new(), text)
}

fn unquoted(value: &str) -> String {
    if value.starts_with('"') {
        return serde_json::from_str(value).unwrap_or_else(|_| value.trim_matches('"').to_owned());
    }
    match value
        .strip_prefix('\'')
        .and_then(|value| value.strip_suffix('\''))
    {
        Some(value) => value.replace("''", "'"),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (Option<String>, String) {
        let body = Bytes::copy_from_slice(text.as_bytes());
        let read = read(Kind::Text(Form::Markdown), &body).expect("reads");
        (read.title, Form::Markdown.render(&read.nodes))
    }

    #[test]
    fn a_title_is_said_once() {
        let title = |title: &str| Some(title.to_owned());
        assert_eq!(of("# Plan *A*\n\nText"), (title("Plan A"), "Text\n".into()));
        assert_eq!(
            of("---\ntitle: 'It''s'\n---\n# It's\n\nT"),
            (title("It's"), "T\n".into())
        );
        assert_eq!(of("---\ntitle: A\n---\n# B"), (title("A"), "# B\n".into()));
        assert_eq!(of("## Part\n"), (None, "## Part\n".into()));
        assert_eq!(of("---\n\nText").0, None);
    }
}
