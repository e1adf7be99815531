//! Documents that begin as another one is: pages made from templates, spaces made from models.
//!
//! What is copied is what the document says, as an edit of whoever makes the copy: no history, no
//! authors, and no client of the original's.

use bytes::Bytes;
use serde_json::Value;
use unisson_content::{Content, Form, Root, letters};
use unisson_history::Author;
use unisson_protocol::DocName;
use unisson_session::Condition;

use super::{
    editing::{Given, Target, apart, target, tree_of},
    format::Format,
    stored::{Stored, exists},
};
use crate::{
    changes::{self, ChangeError, draw_client_id},
    http::{AppState, admission::Turn, error::Problem},
};

/// What becomes of the original's text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filling {
    /// What stands for `{{name}}`, by lower-case names. Others stay.
    pub(crate) words: Vec<(&'static str, String)>,
    /// How addresses began, and begin now.
    pub(crate) addresses: Option<(String, String)>,
}

/// Makes a document that says what another one says. Nothing is made where that says nothing.
pub(crate) async fn begin_as(
    state: &AppState,
    original: &DocName,
    to: &DocName,
    author: &Author,
    filling: Filling,
) -> Result<(), Problem> {
    let turn = Turn::take(state).await?;
    let stored = Stored::perhaps(state.registry.shared(), original).await?;
    let update = apart(move || copied(&stored.state, &filling)).await?;
    drop(turn);
    let Some(update) = update else {
        return Ok(());
    };
    let new = Some(Condition::New);
    let made = changes::make(&state.registry, to, author, update, new).await;
    made.map_err(|error| match error {
        ChangeError::NotSo => exists(),
        other => other.into(),
    })
}

/// The update that makes the copy.
fn copied(state: &[u8], filling: &Filling) -> Result<Option<Bytes>, Problem> {
    let content = Content::of(state).map_err(unisson_content::EditError::Content)?;
    if content.roots.is_empty() {
        return Ok(None);
    }
    let (format, field, body) = match target(&content, None)? {
        Target::Tree(field) => {
            let json = Form::ProseMirror.render(tree_of(&content, &field));
            let mut document: Value = serde_json::from_str(&json).unwrap_or(Value::Null);
            filling.fill(&mut document);
            (Format::Prosemirror, field, document.to_string())
        }
        Target::Text(field) => {
            let runs = match content.roots.get(&field) {
                Some(Root::Text(runs)) => letters(runs),
                _ => String::new(),
            };
            let text = filling.text(&runs);
            (Format::Text, field, text)
        }
    };
    let given = Given {
        format,
        field: Some(field),
        body: body.into(),
    };
    let nothing = super::editing::NOTHING;
    given.update(nothing, draw_client_id(nothing)?)
}

impl Filling {
    /// Fills the texts of a document of ProseMirror, and turns its addresses.
    fn fill(&self, value: &mut Value) {
        match value {
            Value::Array(values) => values.iter_mut().for_each(|value| self.fill(value)),
            Value::Object(map) => {
                let is_text = map.get("type").is_some_and(|kind| kind == "text");
                for (key, value) in map.iter_mut() {
                    match value {
                        Value::String(text) if is_text && key == "text" => *text = self.text(text),
                        Value::String(text) => self.turn(text),
                        value => self.fill(value),
                    }
                }
            }
            _ => {}
        }
    }

    fn turn(&self, address: &mut String) {
        if let Some((before, now)) = &self.addresses
            && let Some(rest) = address.strip_prefix(before.as_str())
        {
            *address = format!("{now}{rest}");
        }
    }

    fn text(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(open) = rest.find("{{") {
            let (before, behind) = rest.split_at(open);
            filled.push_str(before);
            let known = behind.find("}}").and_then(|close| {
                let name = behind.get(2..close)?.trim().to_lowercase();
                let (_, word) = self.words.iter().find(|(known, _)| *known == name)?;
                Some((word, close + 2))
            });
            let (word, end) = match known {
                Some((word, end)) => (word.as_str(), end),
                None => ("{{", 2),
            };
            filled.push_str(word);
            rest = behind.get(end..).unwrap_or_default();
        }
        filled.push_str(rest);
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::documents::editing::{NOTHING, content_of};

    fn filling() -> Filling {
        Filling {
            words: vec![("date", "1er mai".into()), ("titre", "Réunion".into())],
            addresses: Some(("/s/old/".into(), "/s/new/".into())),
        }
    }

    #[test]
    fn placeholders_are_filled_and_what_is_none_stays() {
        for (text, expected) in [
            ("Le {{date}}", "Le 1er mai"),
            ("{{ Date }}{{titre}}", "1er maiRéunion"),
            ("{{unknown}} {{", "{{unknown}} {{"),
            ("{{{{date}}}}", "{{1er mai}}"),
            ("}} {{date", "}} {{date"),
            ("", ""),
        ] {
            assert_eq!(filling().text(text), expected, "{text}");
        }
    }

    #[test]
    fn a_copy_says_the_same_by_another_client() {
        let markdown = "# {{titre}}\n\n- [ ] **{{date}}** [ici](/s/old/page)\n";
        let given = Given {
            format: Format::Markdown,
            field: None,
            body: Bytes::from_static(markdown.as_bytes()),
        };
        let original = given.update(NOTHING, 7).expect("reads").expect("something");
        let copy = copied(&original, &filling())
            .expect("copied")
            .expect("something");
        let content = content_of(&copy);
        let text = Form::Markdown.render(tree_of(&content, "default"));
        assert_eq!(
            text.trim(),
            "# Réunion\n\n- [ ] **1er mai** [ici](/s/new/page)"
        );
        let scan = unisson_protocol::scan::update_v1(&copy).expect("an update");
        assert!(scan.inserts.iter().all(|range| range.client_id != 7));
        assert_eq!(copied(NOTHING, &filling()).expect("copied"), None);
    }
}
