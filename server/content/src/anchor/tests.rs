//! Places that are edited around, cut, pasted and deleted.

use serde_json::{Value, json};
use yrs::{
    Assoc, ClientID, Doc, IndexedSequence as _, OffsetKind, Options, ReadTxn as _, StateVector,
    Text as _, Transact as _, XmlElementPrelim, XmlFragment as _, XmlFragmentRef, XmlOut,
    XmlTextPrelim, XmlTextRef,
};

use super::{Found, Mark, find, position};

/// A document of paragraphs, edited as a person would.
struct Page {
    doc: Doc,
    root: XmlFragmentRef,
}

impl Page {
    fn of(paragraphs: &[&str]) -> Self {
        let options = Options {
            offset_kind: OffsetKind::Utf16,
            ..Options::with_client_id(ClientID::new(7))
        };
        let doc = Doc::with_options(options);
        let root = doc.get_or_insert_xml_fragment("default");
        let page = Self { doc, root };
        for (at, text) in paragraphs.iter().enumerate() {
            page.add(at, text);
        }
        page
    }

    fn add(&self, at: usize, text: &str) {
        let mut txn = self.doc.transact_mut();
        let at = u32::try_from(at).expect("few");
        let paragraph = XmlElementPrelim::empty("paragraph");
        let paragraph = self.root.insert(&mut txn, at, paragraph);
        paragraph.insert(&mut txn, 0, XmlTextPrelim::new(text));
    }

    fn text(&self, at: u32) -> XmlTextRef {
        let txn = self.doc.transact();
        let Some(XmlOut::Element(paragraph)) = self.root.get(&txn, at) else {
            panic!("no paragraph {at}");
        };
        let Some(XmlOut::Text(text)) = paragraph.get(&txn, 0) else {
            panic!("no text in {at}");
        };
        text
    }

    fn mark(&self, at: u32, from: u32, to: u32, quote: &str) -> Mark {
        let text = self.text(at);
        let txn = self.doc.transact();
        let json = |index, assoc: Assoc| {
            let position = text.sticky_index(&txn, index, assoc).expect("a position");
            serde_json::to_value(position).expect("JSON")
        };
        Mark {
            anchor: Some((json(from, Assoc::After), json(to, Assoc::Before))),
            quote: quote.into(),
            ..Mark::default()
        }
    }

    fn find(&self, mark: &Mark) -> Found {
        let state = self.doc.transact();
        let state = state.encode_state_as_update_v1(&StateVector::default());
        let mut found = find(&state, std::slice::from_ref(mark)).expect("reads");
        found.remove(0)
    }
}

#[test]
fn a_place_stays_with_its_letters_while_others_write_around_it() {
    let page = Page::of(&["un deux trois"]);
    let mark = page.mark(0, 3, 7, "deux");
    assert_eq!(page.find(&mark), Found::Anchored { at: 2 });
    page.text(0)
        .insert(&mut page.doc.transact_mut(), 0, "🙂 zéro ");
    page.add(0, "avant");
    assert_eq!(page.find(&mark), Found::Anchored { at: 12 });
    // Part of it goes: the rest is the place.
    let len = "🙂 zéro un d".encode_utf16().count() as u32;
    page.text(1)
        .remove_range(&mut page.doc.transact_mut(), len, 2);
    assert_eq!(page.find(&mark), Found::Anchored { at: 12 });
}

#[test]
fn letters_that_were_cut_and_pasted_are_found_where_they_stand_now() {
    let page = Page::of(&["un deux trois", "quatre"]);
    let mark = page.mark(0, 3, 7, "de ux");
    page.text(0)
        .remove_range(&mut page.doc.transact_mut(), 3, 4);
    assert_eq!(page.find(&mark), Found::Lost);
    page.text(1)
        .insert(&mut page.doc.transact_mut(), 0, "deux ");
    let Found::Again { anchor, at } = page.find(&mark) else {
        panic!("not found again");
    };
    assert_eq!(at, 7);
    let mark = Mark {
        anchor: Some(anchor),
        ..mark
    };
    assert_eq!(page.find(&mark), Found::Anchored { at: 7 });
}

#[test]
fn of_the_same_letters_those_with_the_same_neighbours_are_meant() {
    let page = Page::of(&["le chat dort", "le chien dort", "le chat dort bien"]);
    let gone = json!({ "item": { "client": 99, "clock": 1 } });
    let mark = Mark {
        anchor: Some((gone.clone(), gone)),
        quote: "dort".into(),
        before: "le chat ".into(),
        after: " bien".into(),
    };
    let letters = "lechatdortlechiendortlechat".len();
    let Found::Again { at, .. } = page.find(&mark) else {
        panic!("not found");
    };
    assert_eq!(at, letters);
}

#[test]
fn a_deleted_paragraph_takes_its_places_with_it() {
    let page = Page::of(&["un", "deux"]);
    let mark = page.mark(0, 0, 2, "un");
    page.root.remove_range(&mut page.doc.transact_mut(), 0, 1);
    assert_eq!(page.find(&mark), Found::Lost);
    assert_eq!(page.find(&Mark::default()), Found::Whole);
}

#[test]
fn what_is_no_position_of_yjs_is_refused() {
    for json in [
        json!(null),
        json!({}),
        json!({ "item": 5 }),
        json!({ "item": { "client": 1 } }),
        json!({ "item": { "client": 1, "clock": -1 } }),
        json!({ "item": { "client": 1, "clock": 1 }, "more": 1 }),
        json!({ "tname": 7 }),
    ] {
        assert_eq!(position(&json), None, "{json}");
    }
    let of_yjs = json!({ "type": { "client": 1, "clock": 2 }, "item": null, "assoc": 0 });
    assert!(position(&of_yjs).is_some());
    let written = json!({ "item": { "client": 1, "clock": 2 }, "assoc": -1 });
    let read: Value = serde_json::to_value(position(&written)).expect("JSON");
    assert_eq!(read["assoc"], -1);
}
