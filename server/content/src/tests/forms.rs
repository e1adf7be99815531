//! What goes in comes out, in every form.

use proptest::{collection::vec, prelude::*};
use serde_json::{Map, Value, json};

use super::{doc, document, json_of, parse, tree};
use crate::{Element, Form, Insert, Node, Run, normal::normal, prosemirror};

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        // The CRDT keeps marks as JSON texts, and its reader rounds the last digit of others.
        any::<i16>().prop_map(|number| Value::from(f64::from(number) / 4.0)),
        ".{0,8}".prop_map(Value::from),
        vec(any::<u8>(), 0..3).prop_map(Value::from),
    ]
}

fn attributes(keys: &'static [&'static str]) -> impl Strategy<Value = Map<String, Value>> {
    let key = proptest::sample::select(keys).prop_map(str::to_owned);
    proptest::collection::btree_map(key, value(), 0..3).prop_map(|map| map.into_iter().collect())
}

fn run() -> impl Strategy<Value = Run> {
    let mark = proptest::sample::select(vec!["bold", "italic", "link", "comment", "x"]);
    let value = attributes(&["href", "id"]).prop_map(Value::Object);
    let marks = proptest::collection::btree_map(mark.prop_map(str::to_owned), value, 0..3);
    (".{1,12}", marks).prop_map(|(text, marks)| Run {
        insert: Insert::Text(text),
        marks: marks.into_iter().collect(),
    })
}

fn inline() -> impl Strategy<Value = Node> {
    let atom = (
        proptest::sample::select(vec!["hardBreak", "mention"]),
        attributes(&["id"]),
    );
    prop_oneof![
        3 => vec(run(), 1..4).prop_map(Node::Text),
        1 => atom.prop_map(|(name, attributes)| {
            Node::Element(Element { attributes, ..Element::new(name, Vec::new()) })
        }),
    ]
}

fn block() -> impl Strategy<Value = Node> {
    let names = vec!["paragraph", "heading", "fancyCard", "codeBlock"];
    let leaf = (
        proptest::sample::select(names),
        attributes(&["level", "id"]),
        vec(inline(), 0..4),
    );
    let leaf = leaf.prop_map(|(name, attributes, children)| {
        Node::Element(Element {
            attributes,
            ..Element::new(name, children)
        })
    });
    leaf.prop_recursive(4, 40, 5, |inner| {
        let names = vec!["blockquote", "listItem", "bulletList", "unknownBox"];
        let node = (
            proptest::sample::select(names),
            attributes(&["id"]),
            vec(inner, 1..5),
        );
        node.prop_map(|(name, attributes, children)| {
            Node::Element(Element {
                attributes,
                ..Element::new(name, children)
            })
        })
    })
}

proptest! {
    #[test]
    fn prosemirror_comes_back_from_a_document_as_it_went_in(nodes in vec(block(), 0..6)) {
        let json = json_of(&normal(&nodes));
        let parsed = prosemirror::of_value(&json).expect("a document");
        let there = tree(&document(&parsed));
        prop_assert_eq!(json_of(&there), json);
    }

    #[test]
    fn any_tree_becomes_any_other_one(from in vec(block(), 0..5), to in vec(block(), 0..5)) {
        let state = document(&normal(&from));
        let update = super::changed(&state, 8, |draft| {
            draft.set_tree("default", &normal(&to), crate::Says::Everything)
        });
        let both = super::edits::merged(&[state, update.unwrap_or_default()]);
        prop_assert_eq!(json_of(&normal(&tree(&both))), json_of(&normal(&to)));
    }

    #[test]
    fn whatever_is_there_is_told_in_every_form(nodes in vec(block(), 0..6)) {
        for form in [Form::Markdown, Form::Html, Form::Text, Form::ProseMirror] {
            let text = form.render(&nodes);
            prop_assert!(form.parse(&text).is_ok(), "{form:?}: {text}");
        }
    }

    #[test]
    fn words_that_look_like_markdown_stay_words(text in r"[-a-c*_`\[\]()!#>+~|\\<&;=1. :/]{1,24}") {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assume!(!text.is_empty());
        let nodes = vec![crate::tree::paragraph(&text)];
        let markdown = Form::Markdown.render(&nodes);
        prop_assert_eq!(parse(Form::Markdown, &markdown), nodes, "{}", markdown);
    }

    #[test]
    fn what_html_says_it_says_again(text in "[-a-c<>&\"'=/! ]{1,40}") {
        let nodes = parse(Form::Html, &text);
        let again = parse(Form::Html, &Form::Html.render(&nodes));
        prop_assert_eq!(again, nodes);
    }

    #[test]
    fn text_without_form_says_itself(text in "([a-c]{1,5}( [a-c]{1,5}){0,2}\n{1,2}){0,6}") {
        let nodes = parse(Form::Text, &text);
        prop_assert_eq!(Form::Text.render(&nodes), text.trim_end_matches('\n'));
    }
}

const PAGE: &str = "# Menu\n\nPlain, **bold *both***, ~~gone~~, `let x = 1`, <u>under</u> and \
[a link](https://example.org/a \"T\").\n\nFirst\\\nsecond\n\n- Soup\n\n  3. leek\n  4. potato\n- Bread\n\n<!-- -->\n\n\
- [x] buy\n- [ ] cook\n\n> Eat slowly.\n>\n> Twice.\n\n> [!TIP]\n> Taste.\n>\n> - often\n\n\
[Soups](/s/canteens/soups \"Soups\") for [@Ann](/-/people/u1)\n\n````rust\nfn main() {\n    println!(\"```\");\n}\n````\n\n\
---\n\n| Day | Dish \\| drink |\n| --- | --- |\n| Mon | Rice<br>Tea |\n\n![A soup](https://example.org/soup.png \"Hot\")\n";

#[test]
fn a_page_of_markdown_is_stable_after_one_reading() {
    let nodes = parse(Form::Markdown, PAGE);
    let markdown = Form::Markdown.render(&nodes);
    assert_eq!(parse(Form::Markdown, &markdown), nodes, "{markdown}");
    assert_eq!(markdown, PAGE);
}

#[test]
fn markdown_becomes_what_the_editor_makes() {
    let nodes = parse(Form::Markdown, "## T\n\n1. a **b**\n\n```js\nx\n```\n");
    let text = |text: &str| json!({ "type": "text", "text": text });
    let bold = json!({ "type": "text", "text": "b", "marks": [{ "type": "bold" }] });
    let paragraph = json!({ "type": "paragraph", "content": [text("a "), bold] });
    assert_eq!(
        json_of(&nodes),
        doc(&json!([
            { "type": "heading", "attrs": { "level": 2 }, "content": [text("T")] },
            { "type": "orderedList", "attrs": { "start": 1 }, "content": [
                { "type": "listItem", "content": [paragraph] },
            ]},
            { "type": "codeBlock", "attrs": { "language": "js" }, "content": [text("x")] },
        ]))
    );
}

#[test]
fn html_of_a_page_reads_as_the_page() {
    let nodes = parse(Form::Markdown, PAGE);
    let html = Form::Html.render(&nodes);
    assert_eq!(
        json_of(&parse(Form::Html, &html)),
        json_of(&nodes),
        "{html}"
    );
}

#[test]
fn a_callout_is_a_quote_that_says_how_it_is_meant() {
    for (word, kind) in [
        ("NOTE", "info"),
        ("tip", "tip"),
        ("IMPORTANT", "info"),
        ("WARNING", "warning"),
        ("CAUTION", "danger"),
    ] {
        let nodes = parse(Form::Markdown, &format!("> [!{word}]\n> Hot!"));
        let line = json!({ "type": "paragraph", "content": [{ "type": "text", "text": "Hot!" }] });
        let callout =
            json!({ "type": "blockquote", "attrs": { "callout": kind }, "content": [line] });
        assert_eq!(json_of(&nodes), doc(&json!([callout])), "{word}");
        let again = parse(Form::Html, &Form::Html.render(&nodes));
        assert_eq!(json_of(&again), doc(&json!([callout])), "{word}");
    }
    let titled = parse(Form::Markdown, "> [!NOTE] Mind\n> the gap");
    assert_eq!(Form::Text.render(&titled), "Mind\nthe gap");
    let unknown = parse(
        Form::Html,
        "<blockquote data-callout=\"x\" onclick=\"y\">z</blockquote>",
    );
    assert_eq!(
        Form::Html.render(&unknown),
        "<blockquote><p>z</p></blockquote>"
    );
}

#[test]
fn several_marks_of_one_type_are_kept_apart() {
    let comments = json!([
        { "type": "comment", "attrs": { "id": "1" } },
        { "type": "comment", "attrs": { "id": "2" } },
    ]);
    let text = json!({ "type": "text", "text": "x", "marks": comments });
    let page = doc(&json!([{ "type": "paragraph", "content": [text] }]));
    let nodes = prosemirror::of_value(&page).expect("a document");
    assert_eq!(json_of(&tree(&document(&nodes))), page);
}

#[test]
fn what_is_no_document_is_refused_with_a_reason() {
    for bad in [
        "",
        "[]",
        "{\"type\":\"paragraph\"}",
        "{\"type\":\"doc\",\"content\":{}}",
        "{\"type\":\"doc\",\"content\":[{\"text\":\"x\"}]}",
        "{\"type\":\"doc\",\"content\":[{\"type\":\"text\"}]}",
        "{\"type\":\"doc\",\"content\":[{\"type\":\"text\",\"text\":\"x\",\"marks\":[{}]}]}",
    ] {
        let error = Form::ProseMirror.parse(bad).expect_err(bad);
        assert!(!error.to_string().is_empty());
    }
}
