//! Edits as small as what is different, beside what others type.

use bytes::Bytes;
use serde_json::{Value, json};
use yrs::{
    ClientID, Doc, GetString as _, Options, ReadTxn as _, StateVector, Text as _, Transact as _,
    Update, WriteTxn as _, XmlFragment as _, XmlOut, updates::decoder::Decode as _,
};

use super::{NOTHING, changed, doc, document, json_of, parse, tree};
use crate::{Content, Form, Node, Root, Run, Says, operation, prosemirror, wanted};

pub(super) fn merged(updates: &[Bytes]) -> Bytes {
    let doc = Doc::with_options(Options::with_client_id(ClientID::new(1)));
    for update in updates.iter().filter(|update| !update.is_empty()) {
        let update = Update::decode_v1(update).expect("an update");
        doc.transact_mut().apply_update(update).expect("applies");
    }
    Bytes::from(doc.transact().encode_diff_v1(&StateVector::default()))
}

fn set(state: &Bytes, form: Form, input: &str) -> Option<Bytes> {
    let wanted = wanted(form, &tree(state), input).expect("reads");
    changed(state, 99, |draft| {
        draft.set_tree("default", &wanted, form.says())
    })
}

/// Somebody types into the text of the block at this place, at the same time.
fn typed(state: &Bytes, block: u32, at: u32, text: &str) -> Bytes {
    let doc = Doc::with_options(Options::with_client_id(ClientID::new(55)));
    doc.transact_mut()
        .apply_update(Update::decode_v1(state).expect("an update"))
        .expect("applies");
    let mut txn = doc.transact_mut();
    let fragment = txn.get_or_insert_xml_fragment("default");
    let Some(XmlOut::Element(element)) = fragment.get(&txn, block) else {
        panic!("no block")
    };
    let Some(XmlOut::Text(line)) = element.get(&txn, 0) else {
        panic!("no text")
    };
    line.insert(&mut txn, at, text);
    Bytes::from(txn.encode_update_v1())
}

fn markdown(state: &Bytes) -> String {
    Form::Markdown.render(&tree(state))
}

#[test]
fn what_others_type_at_the_same_time_stays_elsewhere_and_in_the_same_paragraph() {
    let state = document(&parse(Form::Markdown, "# A\n\none two three\n\nlast"));
    let update = set(&state, Form::Markdown, "# A\n\none 2 three\n\nnew\n\nlast").expect("news");
    let here = typed(&state, 1, 13, " four");
    let elsewhere = typed(&state, 2, 0, "at ");
    let all = merged(&[state.clone(), update.clone(), here.clone()]);
    assert_eq!(markdown(&all), "# A\n\none 2 three four\n\nnew\n\nlast\n");
    let all = merged(&[state, elsewhere, update]);
    assert_eq!(markdown(&all), "# A\n\none 2 three\n\nnew\n\nat last\n");
}

#[test]
fn a_change_of_one_word_is_an_update_of_some_bytes() {
    let lines: Vec<String> = (0..500)
        .map(|line| format!("line {line} says something"))
        .collect();
    let page = lines.join("\n\n");
    let state = document(&parse(Form::Markdown, &page));
    let update = set(
        &state,
        Form::Markdown,
        &page.replace("line 250 says", "line 250 told"),
    );
    let update = update.expect("news");
    assert!(update.len() < 100, "{} bytes", update.len());
    assert_eq!(set(&state, Form::Markdown, &page), None);
}

#[test]
fn what_a_form_has_no_words_for_stays() {
    let marks = json!([{ "type": "bold" }, { "type": "comment", "attrs": { "id": "c" } }]);
    let page = doc(&json!([
        { "type": "paragraph", "attrs": { "textAlign": "center" },
          "content": [{ "type": "text", "text": "one two", "marks": marks }] },
        { "type": "widget", "attrs": { "id": 1 } },
        { "type": "fancyCard", "content": [{ "type": "paragraph", "content": [{ "type": "text", "text": "card" }] }] },
    ]));
    let nodes = prosemirror::of_value(&page).expect("a document");
    let state = document(&nodes);
    for form in [Form::Markdown, Form::Html, Form::Text] {
        let same = form.render(&nodes);
        assert_eq!(set(&state, form, &same), None, "{form:?}: {same}");
    }
    let update = set(&state, Form::Markdown, "**one 2**\n\ncard\n\nmore").expect("news");
    let there = json_of(&tree(&merged(&[state, update])));
    assert_eq!(there["content"][0]["attrs"]["textAlign"], "center");
    let runs = &there["content"][0]["content"];
    assert_eq!(
        runs[0],
        json!({ "type": "text", "text": "one ", "marks": marks })
    );
    assert_eq!(there["content"][1], page["content"][1]);
    assert_eq!(there["content"][2], page["content"][2]);
    assert_eq!(there["content"][3]["content"][0]["text"], "more");
}

#[test]
fn text_given_without_form_leaves_headings_and_marks() {
    let state = document(&parse(
        Form::Markdown,
        "# Title\n\n**bold** words\n\n- item",
    ));
    let update = set(&state, Form::Text, "Title\n\nbold swords\n\nitem\n\nend").expect("news");
    let all = merged(&[state, update]);
    assert_eq!(
        markdown(&all),
        "# Title\n\n**bold** swords\n\n- item\n\nend\n"
    );
}

#[test]
fn marks_that_are_wanted_come_and_others_go() {
    let state = document(&parse(Form::Markdown, "one **two** three"));
    let update = set(&state, Form::Markdown, "**one** two three").expect("news");
    assert_eq!(markdown(&merged(&[state, update])), "**one** two three\n");
}

#[test]
fn names_are_those_of_the_document() {
    let page = doc(
        &json!([{ "type": "bullet_list", "content": [{ "type": "list_item", "content": [
            { "type": "paragraph", "content": [{ "type": "text", "text": "a", "marks": [{ "type": "strong" }] }] },
        ]}]}]),
    );
    let state = document(&prosemirror::of_value(&page).expect("a document"));
    let update = set(&state, Form::Markdown, "- **a**\n- **b**\n\n```js\nx\n```").expect("news");
    let there = json_of(&tree(&merged(&[state, update])));
    let second = &there["content"][0]["content"][1];
    assert_eq!(second["type"], "list_item");
    assert_eq!(
        second["content"][0]["content"][0]["marks"][0]["type"],
        "strong"
    );
    assert_eq!(there["content"][1]["type"], "code_block");
    assert_eq!(there["content"][1]["attrs"]["params"], "js");
}

fn container(id: &str, block: &Value) -> Value {
    json!({ "type": "blockContainer", "attrs": { "id": id }, "content": [block] })
}

#[test]
fn a_document_of_block_note_stays_one() {
    let text = |text: &str| json!([{ "type": "text", "text": text }]);
    let item = |words: &str| json!({ "type": "bulletListItem", "content": text(words) });
    let group = json!({ "type": "blockGroup", "content": [
        container("a", &json!({ "type": "paragraph", "attrs": { "textColor": "red" }, "content": text("one") })),
        container("b", &item("two")),
        container("c", &item("three")),
    ]});
    let state = document(&prosemirror::of_value(&doc(&json!([group]))).expect("a document"));
    assert_eq!(set(&state, Form::Markdown, "one\n\n- two\n- three\n"), None);
    let update = set(&state, Form::Markdown, "one\n\n- two\n- 3\n\n## end").expect("news");
    let there = json_of(&tree(&merged(&[state, update])));
    let containers = &there["content"][0]["content"];
    assert_eq!(containers[0]["attrs"]["id"], "a");
    assert_eq!(containers[0]["content"][0]["attrs"]["textColor"], "red");
    assert_eq!(containers[1]["attrs"]["id"], "b");
    assert_eq!(containers[2]["content"][0]["type"], "bulletListItem");
    assert_eq!(containers[2]["content"][0]["content"][0]["text"], "3");
    assert_eq!(containers[3]["content"][0]["type"], "heading");
    assert!(containers[3]["attrs"]["id"].is_string());
}

#[test]
fn a_section_ends_at_the_next_heading_of_its_level() {
    let nodes = parse(
        Form::Markdown,
        "# A\n\na\n\n## B\n\nb\n\n### C\n\nc\n\n## D\n\nd",
    );
    assert_eq!(operation::section(&nodes, " b "), Some(3..6));
    assert_eq!(operation::section(&nodes, "D"), Some(7..8));
    assert_eq!(operation::section(&nodes, "a"), Some(1..8));
    assert_eq!(operation::section(&nodes, "E"), None);
}

#[test]
fn a_text_is_replaced_across_marks_and_takes_those_of_its_first_letter() {
    let mut nodes = parse(Form::Markdown, "a **b** c a b c");
    assert_eq!(operation::replace_text(&mut nodes, "b c", "x", true), 2);
    assert_eq!(Form::Markdown.render(&nodes), "a **x** a x\n");
    assert_eq!(operation::replace_text(&mut nodes, "a", "y", false), 1);
    assert_eq!(Form::Markdown.render(&nodes), "y **x** a x\n");
    assert_eq!(operation::replace_text(&mut nodes, "q", "y", true), 0);
}

#[test]
fn plain_texts_and_maps_are_edited_as_what_they_are() {
    let state = changed(NOTHING, 7, |draft| {
        draft.set_text(
            "codemirror",
            &[Run::plain("let x = 1\nlet y = 2\n")],
            Says::Everything,
        )?;
        draft.set_key("meta", "status", &json!("draft"))
    });
    let state = state.expect("news");
    let update = changed(&state, 8, |draft| {
        draft.set_text(
            "codemirror",
            &[Run::plain("let x = 3\nlet y = 2\n")],
            Says::Letters,
        )?;
        draft.set_key("meta", "status", &json!({ "to": [1, 2.5, null] }))?;
        assert!(!draft.remove_key("meta", "none")?);
        Ok(())
    });
    let all = merged(&[state.clone(), update.expect("news")]);
    let content = Content::of(&all).expect("a document");
    let there = crate::json_of_content(&content);
    assert_eq!(there["codemirror"], "let x = 3\nlet y = 2\n");
    assert_eq!(there["meta"]["status"], json!({ "to": [1, 2.5, null] }));
    assert!(matches!(content.roots["codemirror"], Root::Text(_)));
    let same = changed(&all, 9, |draft| {
        draft.set_key("meta", "status", &json!({ "to": [1, 2.5, null] }))
    });
    assert_eq!(same, None);
}

#[test]
fn letters_outside_the_basic_plane_are_counted_as_yjs_does() {
    let state = document(&parse(Form::Markdown, "😀 one 😀 two"));
    let update = set(&state, Form::Markdown, "😀 1 😀 two 😀").expect("news");
    assert_eq!(markdown(&merged(&[state, update])), "😀 1 😀 two 😀\n");
}

#[test]
fn text_in_pieces_is_not_touched() {
    let doc = Doc::with_options(Options::with_client_id(ClientID::new(3)));
    let mut txn = doc.transact_mut();
    let fragment = txn.get_or_insert_xml_fragment("default");
    let line = fragment.push_back(&mut txn, yrs::XmlElementPrelim::empty("paragraph"));
    line.push_back(&mut txn, yrs::XmlTextPrelim::new("a"));
    line.push_back(&mut txn, yrs::XmlTextPrelim::new(""));
    line.push_back(&mut txn, yrs::XmlTextPrelim::new("b"));
    assert_eq!(fragment.get_string(&txn), "<paragraph>ab</paragraph>");
    let state = Bytes::from(txn.encode_update_v1());
    drop(txn);
    let json = json_of(&tree(&state));
    let nodes: Vec<Node> = prosemirror::of_value(&json).expect("a document");
    assert_eq!(
        changed(&state, 9, |draft| draft.set_tree(
            "default",
            &nodes,
            Says::Everything
        )),
        None
    );
}
