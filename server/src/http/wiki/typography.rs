//! From the HTML of a document's content to that of a page which is read: tables that scroll by
//! themselves, pictures that come when they are near.
//!
//! What is looked for are tags that the content crate has written: all text and every attribute in
//! them is escaped, so nothing that somebody wrote begins with `<`.

/// The HTML for readers; `table` is what a table is called.
pub(super) fn for_reading(html: &str, table: &str) -> String {
    let scroll = format!(
        "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"{table}\"><table>"
    );
    let changes = [
        ("<table>", scroll.as_str()),
        ("</table>", "</table></div>"),
        ("<img ", "<img loading=\"lazy\" decoding=\"async\" "),
    ];
    let mut page = String::with_capacity(html.len() + html.len() / 8);
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        page.push_str(before);
        let change = changes.iter().find(|(known, _)| tag.starts_with(known));
        let (known, put) = change.copied().unwrap_or(("<", "<"));
        page.push_str(put);
        rest = &tag[known.len()..];
    }
    page.push_str(rest);
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_scroll_and_pictures_wait() {
        let html =
            "<p>1 &lt; 2</p><table><tbody></tbody></table><img src=\"https://x/y\" alt=\"\">";
        assert_eq!(
            for_reading(html, "Tableau"),
            "<p>1 &lt; 2</p><div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"Tableau\">\
             <table><tbody></tbody></table></div>\
             <img loading=\"lazy\" decoding=\"async\" src=\"https://x/y\" alt=\"\">"
        );
    }

    #[test]
    fn any_text_is_gone_through_to_its_end() {
        for html in ["", "<", "a<", "<p", "<é>", "<img", "<table"] {
            assert_eq!(for_reading(html, "x"), html);
        }
    }
}
