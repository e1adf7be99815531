//! The forms in which rich text comes and goes.

use crate::{Node, html, markdown, prosemirror, text};

/// The largest text that is read. What becomes of it takes some thirty times as much memory.
pub const BYTES_MAX: usize = 4 << 20;
/// How deep what is read may be nested: far deeper than people write, and shallow enough for
/// whatever reads it after us.
pub const NESTING_MAX: usize = 100;
/// How many nodes what is read may have.
pub const NODES_MAX: usize = 200_000;

/// A form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Markdown: CommonMark with GitHub's tables, task lists and strikethrough.
    Markdown,
    /// HTML, sanitised.
    Html,
    /// Text without any form: paragraphs with blank lines between them.
    Text,
    /// A document of ProseMirror or TipTap as JSON. Says everything, whatever its schema.
    ProseMirror,
}

/// Why something is not content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Larger than [`BYTES_MAX`].
    #[error("larger than {BYTES_MAX} bytes")]
    TooLarge,
    /// Nested deeper than [`NESTING_MAX`].
    #[error("nested deeper than {NESTING_MAX} levels")]
    TooDeep,
    /// More than [`NODES_MAX`] nodes.
    #[error("more than {NODES_MAX} nodes")]
    TooMany,
    /// Not of this form; the text says where.
    #[error("{0}")]
    Malformed(String),
}

/// What a form has words for; the rest of a document is left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// Everything.
    Everything,
    /// Kinds of blocks, and the marks that Markdown and HTML know.
    Words,
    /// Letters.
    Letters,
}

impl Form {
    /// What the form has words for.
    pub fn says(self) -> Says {
        match self {
            Self::ProseMirror => Says::Everything,
            Self::Markdown | Self::Html => Says::Words,
            Self::Text => Says::Letters,
        }
    }

    /// Whether the form says everything that a document has; others leave out what they have no
    /// words for.
    pub fn is_exact(self) -> bool {
        self.says() == Says::Everything
    }

    /// Reads a text of this form.
    pub fn parse(self, input: &str) -> Result<Vec<Node>, ParseError> {
        if input.len() > BYTES_MAX {
            return Err(ParseError::TooLarge);
        }
        let nodes = match self {
            Self::Markdown => markdown::parse(input)?,
            Self::Html => html::parse(input)?,
            Self::Text => text::parse(input),
            Self::ProseMirror => prosemirror::parse(input)?,
        };
        count(&nodes, 0, &mut 0)?;
        Ok(nodes)
    }

    /// Writes nodes in this form.
    pub fn render(self, nodes: &[Node]) -> String {
        match self {
            Self::Markdown => markdown::of_nodes(nodes),
            Self::Html => html::render(nodes),
            Self::Text => text::of_nodes(nodes),
            Self::ProseMirror => prosemirror::document(nodes).to_string(),
        }
    }
}

fn count(nodes: &[Node], depth: usize, counted: &mut usize) -> Result<(), ParseError> {
    if depth > NESTING_MAX {
        return Err(ParseError::TooDeep);
    }
    *counted += nodes.len();
    if *counted > NODES_MAX {
        return Err(ParseError::TooMany);
    }
    for node in nodes {
        if let Node::Element(element) = node {
            count(&element.children, depth + 1, counted)?;
        }
    }
    Ok(())
}
