//! From the HTML of a document's content to that of a page which is read: tables that scroll by
//! themselves, ticks that are pictures with names, addresses that hold below any path.
//!
//! What is looked for are tags that the content crate has written: all text and every attribute in
//! them is escaped, so nothing that somebody wrote begins with `<` or holds a quotation mark.

/// Places of words, which depend on the reader's language.
pub(super) const DONE: &str = "<done>";
pub(super) const OPEN: &str = "<open>";
pub(super) const TABLE: &str = "<table>";

/// A reading page lies two folders below the root.
const ROOT: &str = "../../";

/// What is replaced, left by right. The longest that begins alike comes first.
const CHANGES: &[(&str, &str)] = &[
    (
        "<table>",
        "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"<table>\"><table>",
    ),
    ("</table>", "</table></div>"),
    (
        "<input type=\"checkbox\" disabled checked>",
        "<span class=\"tick done\" role=\"img\" aria-label=\"<done>\"></span>",
    ),
    (
        "<input type=\"checkbox\" disabled>",
        "<span class=\"tick\" role=\"img\" aria-label=\"<open>\"></span>",
    ),
    ("<img ", "<img loading=\"lazy\" decoding=\"async\" "),
];

/// Links to what is on this server.
const OWN: &[&str] = &["/s/", "/d/", "/-/", "/api/v1/"];

/// The HTML for readers.
pub(super) fn for_reading(html: &str) -> String {
    let mut page = String::with_capacity(html.len() + html.len() / 8);
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        page.push_str(&rest[..at]);
        rest = &rest[at..];
        let change = CHANGES.iter().find(|(tag, _)| rest.starts_with(tag));
        if let Some((tag, put)) = change {
            page.push_str(put);
            rest = &rest[tag.len()..];
        } else {
            page.push('<');
            rest = &rest[1..];
        }
        // Up to the end of the tag.
        let end = rest.find(['<', '>']).unwrap_or(rest.len());
        page.push_str(&with_root(&rest[..end]));
        rest = &rest[end..];
    }
    page.push_str(rest);
    page
}

/// A tag's attributes with relative addresses.
fn with_root(attributes: &str) -> String {
    let mut text = attributes.to_owned();
    for key in ["href=\"", "src=\""] {
        for own in OWN {
            text = text.replace(&format!("{key}{own}"), &format!("{key}{ROOT}{}", &own[1..]));
        }
    }
    text
}

/// Puts the reader's words into their places.
pub(super) fn with_words(html: &str, words: &[(&str, &str)]) -> String {
    const PLACE: &str = "aria-label=\"<";
    let mut page = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find(PLACE) {
        let (before, from) = rest.split_at(at + PLACE.len() - 1);
        page.push_str(before);
        let word = words.iter().find(|(place, _)| from.starts_with(place));
        rest = match word {
            Some((place, word)) => {
                page.push_str(word);
                &from[place.len()..]
            }
            None => {
                page.push('<');
                &from[1..]
            }
        };
    }
    page.push_str(rest);
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_scroll_ticks_have_names_and_own_addresses_are_relative() {
        let html = "<p>1 &lt; 2 <a href=\"/s/a/b\">b</a> <a href=\"//s/a\">x</a> href=\"/s/</p><table><tbody></tbody></table>\
            <ul><li><input type=\"checkbox\" disabled checked><div></div></li></ul><img src=\"https://x/y\" alt=\"\">";
        let page = for_reading(html);
        assert_eq!(
            with_words(&page, &[(DONE, "fait"), (TABLE, "Tableau")]),
            "<p>1 &lt; 2 <a href=\"../../s/a/b\">b</a> <a href=\"//s/a\">x</a> href=\"/s/</p>\
             <div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"Tableau\"><table><tbody></tbody></table></div>\
             <ul><li><span class=\"tick done\" role=\"img\" aria-label=\"fait\"></span><div></div></li></ul>\
             <img loading=\"lazy\" decoding=\"async\" src=\"https://x/y\" alt=\"\">"
        );
    }

    #[test]
    fn any_text_is_gone_through_to_its_end() {
        for html in [
            "",
            "<",
            "a<",
            "<p",
            "<é>",
            "aria-label=\"<",
            "aria-label=\"<é",
        ] {
            assert_eq!(with_words(&for_reading(html), &[(DONE, "x")]), html);
        }
    }
}
