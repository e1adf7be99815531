//! Ids of headings: made of their words, so that links to a part of a page last as long as its
//! heading does.

use std::collections::BTreeMap;

/// What all ids begin with: they share their page with others' ids.
const PREFIX: &str = "h-";
/// As many letters of a heading are in its id.
const LETTERS_MAX: usize = 60;

/// Gives the headings of a document their ids, in their order.
#[derive(Debug, Default)]
pub(crate) struct HeadingIds {
    /// Each id with the number that the last one of its words got.
    given: BTreeMap<String, usize>,
}

impl HeadingIds {
    /// The id of the next heading.
    pub(crate) fn next(&mut self, text: &str) -> String {
        let first = format!("{PREFIX}{}", slug(text));
        let mut count = self.given.get(&first).copied().unwrap_or(0);
        let mut id = first.clone();
        // Another heading may say what the number makes of this one.
        while count > 0 && self.given.contains_key(&id) {
            count += 1;
            id = format!("{first}-{count}");
        }
        self.given.insert(first, count.max(1));
        self.given.entry(id.clone()).or_insert(1);
        id
    }
}

/// Words in small letters with hyphens between them.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for letter in text.chars().flat_map(char::to_lowercase).take(LETTERS_MAX) {
        match letter {
            letter if letter.is_alphanumeric() => slug.push(letter),
            _ if slug.is_empty() || slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    let slug = slug.trim_end_matches('-');
    match slug {
        "" => "part".to_owned(),
        slug => slug.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_headings_have_ids_of_their_own() {
        let mut ids = HeadingIds::default();
        let given = ["Menu du jour", "Menu : du jour !", "", "?", "L’Été 2026"];
        let given = given.map(|text| ids.next(text));
        let wanted = [
            "h-menu-du-jour",
            "h-menu-du-jour-2",
            "h-part",
            "h-part-2",
            "h-l-été-2026",
        ];
        assert_eq!(given, wanted);
    }
}
