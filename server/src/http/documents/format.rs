//! The forms in which content comes and goes, and how they are asked for.

use axum::http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use unisson_content::{Form, ParseError};
use utoipa::ToSchema;

use crate::http::{admission::bad_request, error::Problem};

/// A form of content.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    /// CommonMark with tables, task lists and strikethrough.
    #[default]
    Markdown,
    /// Sanitised in both directions.
    Html,
    /// Letters alone.
    Text,
    /// A document of ProseMirror or TipTap; says everything.
    Prosemirror,
    /// All fields of the document by their names.
    Json,
    /// The document as a Yjs update.
    UpdateV1,
    /// The same in Yjs' second encoding.
    UpdateV2,
    /// A file of Word, with its pictures.
    Docx,
    /// A file of LibreOffice, with its pictures.
    Odt,
}

impl Format {
    const ALL: [Self; 9] = [
        Self::Json,
        Self::Markdown,
        Self::Html,
        Self::Text,
        Self::Prosemirror,
        Self::UpdateV1,
        Self::UpdateV2,
        Self::Docx,
        Self::Odt,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Text => "text",
            Self::Prosemirror => "prosemirror",
            Self::Json => "json",
            Self::UpdateV1 => "update-v1",
            Self::UpdateV2 => "update-v2",
            Self::Docx => "docx",
            Self::Odt => "odt",
        }
    }

    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Markdown => "text/markdown",
            Self::Html => "text/html",
            Self::Text => "text/plain",
            Self::Prosemirror => "application/vnd.prosemirror+json",
            Self::Json => "application/json",
            Self::UpdateV1 => "application/vnd.yjs.update.v1",
            Self::UpdateV2 => "application/vnd.yjs.update.v2",
            Self::Docx => unisson_office::Format::Docx.media_type(),
            Self::Odt => unisson_office::Format::Odt.media_type(),
        }
    }

    /// The form of rich text, where it is one.
    pub(crate) fn form(self) -> Option<Form> {
        match self {
            Self::Markdown => Some(Form::Markdown),
            Self::Html => Some(Form::Html),
            Self::Text => Some(Form::Text),
            Self::Prosemirror => Some(Form::ProseMirror),
            Self::Json | Self::UpdateV1 | Self::UpdateV2 | Self::Docx | Self::Odt => None,
        }
    }

    /// The kind of file of an office suite, where it is one.
    pub(crate) fn office(self) -> Option<unisson_office::Format> {
        match self {
            Self::Docx => Some(unisson_office::Format::Docx),
            Self::Odt => Some(unisson_office::Format::Odt),
            _ => None,
        }
    }

    fn named(name: &str) -> Result<Self, Problem> {
        let known = Self::ALL.into_iter().find(|format| format.name() == name);
        known.ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|format| format.name()).collect();
            bad_request("format", format!("formats are {}", names.join(", ")))
        })
    }

    fn of_media_type(kind: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|format| kind.eq_ignore_ascii_case(format.media_type()))
    }

    /// For an answer: `?format=`, else the first of `Accept` that there is, else JSON.
    pub(crate) fn wanted(asked: Option<&str>, headers: &HeaderMap) -> Result<Self, Problem> {
        if let Some(asked) = asked {
            return Self::named(asked);
        }
        let accepted = headers
            .get(header::ACCEPT)
            .and_then(|value| value.to_str().ok());
        let mut kinds = accepted.unwrap_or_default().split(',').map(bare);
        Ok(kinds.find_map(Self::of_media_type).unwrap_or(Self::Json))
    }

    /// Of a body: `?format=`, else its `Content-Type`. JSON is a document of ProseMirror there.
    pub(crate) fn given(asked: Option<&str>, headers: &HeaderMap) -> Result<Self, Problem> {
        let format = match asked {
            Some(asked) => Self::named(asked)?,
            None => {
                let kind = headers.get(header::CONTENT_TYPE);
                let kind = kind
                    .and_then(|value| value.to_str().ok())
                    .unwrap_or_default();
                Self::of_media_type(bare(kind)).ok_or_else(|| Problem {
                    status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    code: "media-type",
                    detail: "say what the content is by Content-Type or ?format=: text/markdown, \
                             text/html, text/plain, application/vnd.prosemirror+json, \
                             application/vnd.yjs.update.v1 or .v2, or a file of Word or LibreOffice"
                        .into(),
                })?
            }
        };
        Ok(match format {
            Self::Json => Self::Prosemirror,
            other => other,
        })
    }
}

/// A media type without its parameters.
fn bare(kind: &str) -> &str {
    kind.split(';').next().unwrap_or_default().trim()
}

impl From<ParseError> for Problem {
    fn from(error: ParseError) -> Self {
        let (status, code) = match error {
            ParseError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
            ParseError::TooDeep | ParseError::TooMany => {
                (StatusCode::UNPROCESSABLE_ENTITY, "too-deep")
            }
            ParseError::Malformed(_) => (StatusCode::UNPROCESSABLE_ENTITY, "content"),
        };
        Self {
            status,
            code,
            detail: error.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, header::HeaderValue::from_static(value))])
    }

    #[test]
    fn the_query_comes_before_the_header_and_the_first_known_kind_counts() {
        let accept = headers(header::ACCEPT, "image/png, text/html;q=0.9, text/markdown");
        assert_eq!(Format::wanted(None, &accept), Ok(Format::Html));
        assert_eq!(Format::wanted(Some("text"), &accept), Ok(Format::Text));
        assert_eq!(Format::wanted(None, &HeaderMap::new()), Ok(Format::Json));
        assert!(Format::wanted(Some("pptx"), &accept).is_err());
        let given = headers(header::CONTENT_TYPE, "Text/Markdown; charset=utf-8");
        assert_eq!(Format::given(None, &given), Ok(Format::Markdown));
        assert_eq!(
            Format::given(None, &HeaderMap::new()).map_err(|p| p.code),
            Err("media-type")
        );
    }
}
