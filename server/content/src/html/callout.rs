//! Callouts: quotes that say how they are meant.
//!
//! A callout is a `blockquote` with the attribute `callout`. An editor that has never heard of it shows
//! a quote, with everything in it.

use comrak::nodes::AlertType;
use serde_json::Value;

use crate::{Element, markdown::is};

/// How a callout is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Callout {
    /// Good to know.
    Info,
    /// Makes it easier.
    Tip,
    /// Take care.
    Warning,
    /// Do not.
    Danger,
}

/// The attribute of a quote.
const ATTRIBUTE: &str = "callout";

impl Callout {
    const ALL: [Self; 4] = [Self::Info, Self::Tip, Self::Warning, Self::Danger];

    /// What it is called in documents and in HTML.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Tip => "tip",
            Self::Warning => "warning",
            Self::Danger => "danger",
        }
    }

    /// Of what it is called.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What GitHub calls it in Markdown.
    pub(crate) fn in_markdown(self) -> &'static str {
        match self {
            Self::Info => "NOTE",
            Self::Tip => "TIP",
            Self::Warning => "WARNING",
            Self::Danger => "CAUTION",
        }
    }

    pub(crate) fn of_alert(alert: AlertType) -> Self {
        match alert {
            AlertType::Note | AlertType::Important => Self::Info,
            AlertType::Tip => Self::Tip,
            AlertType::Warning => Self::Warning,
            AlertType::Caution => Self::Danger,
        }
    }

    /// A quote as a callout.
    pub(crate) fn around(self, quote: Element) -> Element {
        quote.with(ATTRIBUTE, self.name())
    }
}

/// How a quote is meant, where it is a callout.
pub(crate) fn of(element: &Element) -> Option<Callout> {
    let kind = element.attributes.get(ATTRIBUTE).and_then(Value::as_str)?;
    is(element, "blockquote").then(|| Callout::of_name(kind))?
}
