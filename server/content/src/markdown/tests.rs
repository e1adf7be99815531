//! What each node and mark becomes.

use serde_json::{Map, Value, json};

use super::render;
use crate::tree::{Content, Element, Insert, Node, Root, Run};

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => panic!("not an object: {other}"),
    }
}

fn run(text: &str, marks: Value) -> Run {
    let marks = object(marks);
    Run {
        insert: Insert::Text(text.to_owned()),
        marks,
    }
}

fn text(text: &str) -> Node {
    Node::Text(vec![run(text, json!({}))])
}

fn element(name: &str, attributes: Value, children: Vec<Node>) -> Node {
    let attributes = object(attributes);
    Node::Element(Element {
        name: name.to_owned(),
        attributes,
        children,
    })
}

fn paragraph(content: &str) -> Node {
    element("paragraph", json!({}), vec![text(content)])
}

fn of(nodes: Vec<Node>) -> String {
    let roots = [("page".to_owned(), Root::Tree(nodes))].into();
    render(&Content { roots }).expect("something to read")
}

fn of_runs(runs: Vec<Run>) -> String {
    of(vec![element(
        "paragraph",
        json!({}),
        vec![Node::Text(runs)],
    )])
}

#[test]
fn the_tiptap_fixture_becomes_the_markdown_that_its_author_meant() {
    let state = include_bytes!("../../../../portable/fixtures/yjs/one.yjs");
    let content = Content::of(state).expect("a document");
    assert_eq!(
        render(&content).expect("text"),
        include_str!("../../../../portable/fixtures/one.md")
    );
}

#[test]
fn text_that_looks_like_markdown_is_still_text() {
    assert_eq!(of(vec![paragraph("# no heading")]), "\\# no heading\n");
    assert_eq!(of(vec![paragraph("- no list")]), "\\- no list\n");
    assert_eq!(of(vec![paragraph("12) no list")]), "12\\) no list\n");
    assert_eq!(
        of(vec![paragraph("a*b_c`d<e>[f]~~g")]),
        "a\\*b\\_c\\`d\\<e>\\[f\\]\\~\\~g\n"
    );
    assert_eq!(of(vec![paragraph("2024 was")]), "2024 was\n");
}

#[test]
fn marks_that_go_on_stay_open_and_spaces_stay_outside() {
    let bold = json!({"bold": true});
    let both = json!({"strong": {}, "em": {}});
    let runs = vec![
        run("a ", bold.clone()),
        run("b", both),
        run(" c", bold),
        run(" d", json!({})),
    ];
    assert_eq!(of_runs(runs), "**a *b* c** d\n");
    assert_eq!(
        of_runs(vec![
            run("a", json!({})),
            run(" b ", json!({"bold": true})),
            run("c", json!({}))
        ]),
        "a **b** c\n"
    );
    assert_eq!(
        of_runs(vec![run("x", json!({"bold": false, "italic": null}))]),
        "x\n"
    );
}

#[test]
fn links_cannot_break_out_of_their_brackets() {
    let link = json!({"link": {"href": "https://example.org/a b)(<c>\n"}});
    assert_eq!(
        of_runs(vec![run("x]y", link)]),
        "[x\\]y](https://example.org/a%20b%29%28%3Cc%3E)\n"
    );
    let plain = json!({"link": "https://example.org"});
    assert_eq!(of_runs(vec![run("x", plain)]), "[x](https://example.org)\n");
}

#[test]
fn a_mark_that_overlaps_itself_loses_its_hash() {
    assert_eq!(
        of_runs(vec![run("x", json!({"bold--a1b2c3": true}))]),
        "**x**\n"
    );
}

#[test]
fn code_holds_anything_without_ending_early() {
    let code = element(
        "codeBlock",
        json!({"language": "md"}),
        vec![text("````\n*x*\n")],
    );
    assert_eq!(of(vec![code]), "`````md\n````\n*x*\n`````\n");
}

#[test]
fn tables_have_a_head_equal_rows_and_no_stray_bars() {
    let cell = |content: &str| element("tableCell", json!({}), vec![paragraph(content)]);
    let rows = vec![
        element("tableRow", json!({}), vec![cell("a|b"), cell("c")]),
        element("tableRow", json!({}), vec![cell("d")]),
    ];
    assert_eq!(
        of(vec![element("table", json!({}), rows)]),
        "| a\\|b | c |\n| --- | --- |\n| d |  |\n"
    );
}

#[test]
fn unknown_nodes_keep_their_text_and_nodes_without_text_their_label() {
    let unknown = element(
        "fancyCard",
        json!({}),
        vec![element("cardBody", json!({}), vec![text("kept")])],
    );
    let file = element(
        "file",
        json!({"url": "https://example.org/x.pdf"}),
        Vec::new(),
    );
    assert_eq!(
        of(vec![unknown, file]),
        "kept\n\nhttps://example.org/x.pdf\n"
    );
}

#[test]
fn a_plain_text_stays_as_it_is_and_several_roots_are_named() {
    let typed = "# typed *by hand*\n- x";
    let plain = |text: &str| Root::Text(vec![run(text, json!({}))]);
    let one = Content {
        roots: [("codemirror".to_owned(), plain(typed))].into(),
    };
    assert_eq!(render(&one).expect("text"), "# typed *by hand*\n- x\n");
    let roots = [
        ("a".to_owned(), plain("x")),
        ("b-->".to_owned(), plain("y")),
    ]
    .into();
    assert_eq!(
        render(&Content { roots }).expect("text"),
        "<!-- a -->\n\nx\n\n<!-- b- -  -->\n\ny\n"
    );
    let json_only = Content {
        roots: [("m".to_owned(), Root::Json(json!({})))].into(),
    };
    assert_eq!(render(&json_only), None);
}

#[test]
fn quill_lines_become_headings_lists_quotes_and_code() {
    let line = |text: &str, marks: Value| vec![run(text, json!({})), run("\n", marks)];
    let runs = [
        line("Title", json!({"header": 2})),
        line("one", json!({"list": "ordered"})),
        line("two", json!({"list": "ordered"})),
        line("done", json!({"list": "checked"})),
        line("said", json!({"blockquote": true})),
        line("x = 1", json!({"code-block": true})),
        line("y = 2", json!({"code-block": "plain"})),
        vec![run("end ", json!({})), run("bold", json!({"bold": true}))],
    ];
    let roots = [("quill".to_owned(), Root::Text(runs.concat()))].into();
    assert_eq!(
        render(&Content { roots }).expect("text"),
        "## Title\n\n1. one\n2. two\n\n- [x] done\n\n> said\n\n```\nx = 1\ny = 2\n```\n\nend **bold**\n"
    );
}
