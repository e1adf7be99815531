//! Input that was made to do harm.

use super::{doc, json_of, parse};
use crate::{Form, ParseError, prosemirror};

/// Reads a text on a stack as threads have it.
fn read(form: Form, input: String) -> Result<usize, ParseError> {
    let thread = std::thread::Builder::new().stack_size(2 << 20);
    let read = thread.spawn(move || form.parse(&input).map(|nodes| nodes.len()));
    let read = read.expect("a thread").join();
    read.expect("no panic and no overflow")
}

#[test]
fn html_that_runs_comes_in_as_words_or_not_at_all() {
    for bad in [
        "<script>alert(1)</script>x",
        "<p onclick=alert(1)>x</p>",
        "<img src=x onerror=alert(1)>x",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href=' java\tscript:alert(1)'>x</a>",
        "<a href='&#106;avascript:alert(1)'>x</a>",
        "<svg><script>alert(1)</script></svg>x",
        "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>x",
        "<style>@import 'javascript:alert(1)'</style>x",
        "<iframe src=javascript:alert(1)></iframe>x",
        "<template><script>alert(1)</script></template>x",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>x",
        "<img src='data:text/html,<script>alert(1)</script>'>x",
        "<object data=javascript:alert(1)>x</object>",
        "x<!--><img src=x onerror=alert(1)>-->",
    ] {
        let nodes = parse(Form::Html, bad);
        let html = Form::Html.render(&nodes);
        for danger in [
            "<script",
            "onerror=",
            "onclick=",
            "javascript:",
            "<iframe",
            "<svg",
            "<style",
        ] {
            let tag = html.replace("&lt;", "").to_lowercase();
            assert!(!tag.contains(danger), "{bad} became {html}");
        }
        // What is in elements of other languages goes with them.
        assert!(
            html.contains('x') || bad.contains("<math"),
            "{bad} became {html}"
        );
    }
}

#[test]
fn markdown_lets_nothing_through_either() {
    let nodes = parse(
        Form::Markdown,
        "[x](javascript:alert(1)) ![y](javascript:alert(1)) <script>alert(1)</script>\n\n<div onclick=a()>z</div>",
    );
    let html = Form::Html.render(&nodes);
    assert!(
        !html.contains("javascript:") && !html.contains("<script"),
        "{html}"
    );
    assert!(!html.contains("onclick"), "{html}");
    assert!(
        html.contains('x') && html.contains('y') && html.contains('z'),
        "{html}"
    );
}

#[test]
fn what_a_client_wrote_goes_out_escaped() {
    let page = doc(&serde_json::json!([
        { "type": "paragraph", "content": [
            { "type": "text", "text": "<script>alert(1)</script>\"'&" },
            { "type": "text", "text": "l", "marks": [{ "type": "link", "attrs": { "href": "javascript:alert(1)", "title": "\" onclick=\"a()" } }] },
            { "type": "text", "text": "m", "marks": [{ "type": "link", "attrs": { "href": "https://e/?\"><script>", "title": "\" onclick=\"a()" } }] },
        ]},
        { "type": "image", "attrs": { "src": "x\" onerror=\"alert(1)", "alt": "\"><script>" } },
        { "type": "\"><script>alert(1)</script>", "content": [{ "type": "text", "text": "y" }] },
        { "type": "codeBlock", "attrs": { "language": "\"><script>" }, "content": [{ "type": "text", "text": "</code></pre><script>" }] },
        { "type": "heading", "attrs": { "level": "9\"><script>" } },
    ]));
    let html = Form::Html.render(&prosemirror::of_value(&page).expect("a document"));
    assert!(
        !html.contains("<script") && !html.contains("javascript:"),
        "{html}"
    );
    assert!(
        !html.contains("\" onerror=") && !html.contains("\" onclick="),
        "{html}"
    );
}

#[test]
fn bombs_of_nesting_are_refused_or_flat() {
    let many = 200_000;
    for (open, close) in [
        ("<div>", "</div>"),
        ("<b>", ""),
        ("<ul><li>", ""),
        ("<blockquote>", ""),
        ("<table><tr><td>", ""),
    ] {
        let bomb = format!(
            "{}x{}",
            open.repeat(many / open.len()),
            close.repeat(many / open.len())
        );
        assert_eq!(read(Form::Html, bomb), Err(ParseError::TooDeep), "{open}");
    }
    for open in [
        "<p>",
        "<li>",
        "<td>",
        "<br>",
        "<x",
        "<!--",
        "&",
        "<a href='",
    ] {
        let _ = read(Form::Html, open.repeat(many));
    }
    for open in [
        "> ", "- ", "1. ", "[", "![", "*", "**a ", "`", "<", "\\", "| a ", "[a](", "<b>", "&#",
        "- - - ",
    ] {
        let _ = read(Form::Markdown, open.repeat(many / open.len()));
        let lines = format!("{open}x\n").repeat(many / 10);
        let _ = read(Form::Markdown, lines);
    }
    let json = format!(
        "{}{}",
        "{\"type\":\"doc\",\"content\":[".repeat(5_000),
        "]}".repeat(5_000)
    );
    assert!(read(Form::ProseMirror, json).is_err());
    let node = "{\"type\":\"x\",\"content\":[".repeat(110);
    let json = format!(
        "{{\"type\":\"doc\",\"content\":[{node}{}]}}",
        "]}".repeat(110)
    );
    assert_eq!(read(Form::ProseMirror, json), Err(ParseError::TooDeep));
}

#[test]
fn huge_inputs_are_refused_before_they_are_read() {
    for form in [Form::Markdown, Form::Html, Form::Text, Form::ProseMirror] {
        let huge = "a".repeat(crate::form::BYTES_MAX + 1);
        assert_eq!(read(form, huge), Err(ParseError::TooLarge));
    }
    let many = "a\n\n".repeat(crate::form::NODES_MAX + 1);
    assert_eq!(read(Form::Markdown, many), Err(ParseError::TooMany));
}

#[test]
fn nothing_at_all_is_an_empty_page() {
    for form in [Form::Markdown, Form::Html, Form::Text] {
        for empty in ["", " ", "\n\n", "\u{feff}"] {
            let nodes = parse(form, empty);
            let said = json_of(&nodes).to_string();
            assert!(nodes.len() <= 1, "{form:?} {empty:?}: {said}");
        }
    }
}
