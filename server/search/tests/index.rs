//! What is found, in which order, and that neither questions nor a bad folder do harm.

use std::{fs, path::Path};

use proptest::prelude::*;
use tempfile::TempDir;
use unisson_search::{
    Entry, Filter, Heading, Index, Marker, Mention, Order, Question, Sitting, Task, Worker,
};

fn entry(document: &str, title: &str, text: &str) -> Entry {
    Entry {
        document: document.into(),
        title: title.into(),
        text: text.into(),
        ..Entry::default()
    }
}

fn index_of(entries: Vec<Entry>) -> (TempDir, Index) {
    let folder = tempfile::tempdir().expect("a folder");
    let index = Index::open(folder.path()).expect("an index");
    for entry in entries {
        index.put(entry).expect("put");
    }
    index.commit().expect("committed");
    (folder, index)
}

fn find(index: &Index, typed: &str) -> Vec<String> {
    find_with(index, typed, &Filter::default(), Order::Best)
}

fn find_with(index: &Index, typed: &str, filter: &Filter, order: Order) -> Vec<String> {
    let search = index.search(&Question::of(typed), filter, order);
    let found = search.found(0..100).expect("searched");
    found.into_iter().map(|found| found.document).collect()
}

/// A page in French and one in English, and what finds each.
#[test]
fn french_and_english_words_are_found_in_all_their_forms() {
    let (_folder, index) = index_of(vec![
        entry(
            "fr",
            "Compte rendu du conseil d'école",
            "L'inspectrice a présenté les événements de l'année et les décisions qu'elle a prises \
             pour la cantine. Jusqu'au mois de juin, les élèves mangeront dans la cour. Les \
             chevaux du cœur de ville seront nourris aujourd'hui.",
        ),
        entry(
            "en",
            "Minutes of the school board",
            "The board decided that meetings will be held monthly. The children's libraries were \
             running out of books, and the inspector has studied the policies of the city.",
        ),
    ]);
    for (typed, expected) in [
        ("école", "fr"),
        ("ecole", "fr"),
        ("ÉCOLE", "fr"),
        ("écoles", "fr"),
        ("l'école", "fr"),
        ("d’école", "fr"),
        ("inspectrice", "fr"),
        ("evenement", "fr"),
        ("événement", "fr"),
        ("décision", "fr"),
        ("decisions", "fr"),
        ("année", "fr"),
        ("annees", "fr"),
        ("manger", "fr"),
        ("élève", "fr"),
        ("cheval", "fr"),
        ("coeur", "fr"),
        ("aujourd'hui", "fr"),
        ("juin", "fr"),
        ("qu'elle", "fr"),
        ("cantin", "fr"),
        ("catine", "fr"),
        ("presenter", "fr"),
        ("\"conseil d'école\"", "fr"),
        ("compte-rendu", "fr"),
        ("decide", "en"),
        ("meeting", "en"),
        ("child", "en"),
        ("library", "en"),
        ("run", "en"),
        ("policy", "en"),
        ("study", "en"),
        ("meetngs", "en"),
        ("\"school board\"", "en"),
        ("inspector", "en"),
    ] {
        assert_eq!(
            find(&index, typed).first().map(String::as_str),
            Some(expected),
            "{typed}"
        );
    }
    for typed in [
        "piscine",
        "\"school of the board\"",
        "école -cantine",
        "swim",
    ] {
        assert_eq!(find(&index, typed), [""; 0], "{typed}");
    }
}

#[test]
fn a_word_as_typed_comes_before_its_forms_and_those_before_misspelled_ones() {
    let text = |word: &str| format!("Voici une phrase où l'on parle du mot {word} pour voir.");
    let (_folder, index) = index_of(vec![
        entry("misspelled", "Un", &text("décidre")),
        entry("form", "Deux", &text("décidées")),
        entry("exact", "Trois", &text("décider")),
        entry("heading", "Quatre", &text("rien")).with_heading("Décider"),
        entry("title", "Décider ensemble", &text("rien")),
    ]);
    assert_eq!(
        find(&index, "décider "),
        ["title", "heading", "exact", "form", "misspelled"]
    );
}

trait WithHeading {
    fn with_heading(self, text: &str) -> Self;
}

impl WithHeading for Entry {
    fn with_heading(mut self, text: &str) -> Self {
        self.headings.push(Heading {
            id: "h".into(),
            text: text.into(),
        });
        self
    }
}

#[test]
fn how_often_a_word_is_used_never_beats_how_well_it_fits() {
    let often = "budgets ".repeat(500);
    let mut entries = vec![
        entry("often", "Autre", &format!("les {often} de la ville")),
        entry(
            "once",
            "Chose",
            "le budget de la ville, avec bien d'autres mots autour de lui",
        ),
    ];
    for number in 0..200 {
        entries.push(entry(
            &format!("filler{number}"),
            "Page",
            "Du texte sans rapport aucun.",
        ));
    }
    let (_folder, index) = index_of(entries);
    assert_eq!(find(&index, "budget "), ["once", "often"]);
}

#[test]
fn titles_are_found_while_they_are_typed() {
    let (_folder, index) = index_of(vec![
        entry("a", "Plan de continuité", "texte"),
        entry("b", "Planning des équipes", "plan plan plan"),
        entry("c", "Autre page", "plan de continuité"),
    ]);
    let titles = Filter {
        titles_only: true,
        ..Filter::default()
    };
    assert_eq!(find_with(&index, "plan", &titles, Order::Best), ["a", "b"]);
    assert_eq!(
        find_with(&index, "plan de con", &titles, Order::Best),
        ["a"]
    );
    assert_eq!(find_with(&index, "planni", &titles, Order::Best), ["b"]);
    assert_eq!(find_with(&index, "plan con", &titles, Order::Best), ["a"]);
}

#[test]
fn a_document_is_found_as_it_is_now_and_not_once_it_is_out() {
    let (_folder, index) = index_of(vec![entry("a", "Avant", "ancien texte")]);
    index
        .put(entry("a", "Après", "nouveau texte"))
        .expect("put");
    index.commit().expect("committed");
    assert_eq!(find(&index, "ancien"), [""; 0]);
    assert_eq!(find(&index, "nouveau"), ["a"]);
    index.remove("a");
    index.commit().expect("committed");
    assert_eq!(find(&index, "nouveau"), [""; 0]);
    assert_eq!(index.known().expect("known"), []);
}

#[test]
fn nothing_of_a_document_is_left_in_the_folder_after_a_purge() {
    let secret = "Zanzibarine";
    let (folder, index) = index_of(vec![
        entry("kept", "Reste", "ce qui reste"),
        entry("gone", secret, "le mot Zanzibarine et sa suite"),
    ]);
    let has = |what: &str| folder_has(folder.path(), what);
    assert!(has("anzibarin"), "this test sees nothing");
    index.remove("gone");
    index.commit().expect("committed");
    index.purge().expect("purged");
    assert!(!has("anzibarin"));
    assert_eq!(find(&index, "reste"), ["kept"]);
}

fn folder_has(folder: &Path, what: &str) -> bool {
    fs::read_dir(folder)
        .expect("a folder")
        .flatten()
        .any(|entry| {
            let path = entry.path();
            match path.is_dir() {
                true => folder_has(&path, what),
                false => {
                    let bytes = fs::read(&path).expect("a file");
                    bytes
                        .windows(what.len())
                        .any(|part| part == what.as_bytes())
                }
            }
        })
}

#[test]
fn links_mentions_tasks_and_workers_are_found() {
    let page = Entry {
        space: Some("finance".into()),
        links: vec!["spaces/finance/plan".into()],
        mentions: vec![Mention {
            person: "alice".into(),
            line: "ask @Alice".into(),
        }],
        tasks: vec![
            Task {
                id: "1".into(),
                text: "Appeler la mairie".into(),
                is_done: false,
                assignee: Some("bob".into()),
                due: Some("2026-12-01".into()),
            },
            Task {
                id: "2".into(),
                text: "Écrire".into(),
                is_done: true,
                assignee: Some("carol".into()),
                due: None,
            },
        ],
        sittings: vec![Sitting {
            from_ms: 1,
            until_ms: 2,
            workers: vec![Worker {
                id: Some("dave".into()),
                name: Some("Dave".into()),
            }],
        }],
        changed_ms: 2,
        ..entry("spaces/finance/a", "Page", "texte")
    };
    let (_folder, index) = index_of(vec![page.clone(), entry("spaces/hr/b", "Autre", "texte")]);
    let filters = [
        (
            Filter {
                space: Some("finance".into()),
                ..Filter::default()
            },
            true,
        ),
        (
            Filter {
                space: Some("fin".into()),
                ..Filter::default()
            },
            false,
        ),
        (
            Filter {
                links_to: Some("spaces/finance/plan".into()),
                ..Filter::default()
            },
            true,
        ),
        (
            Filter {
                mentions: Some("alice".into()),
                ..Filter::default()
            },
            true,
        ),
        (
            Filter {
                mentions: Some("bob".into()),
                ..Filter::default()
            },
            false,
        ),
        (
            Filter {
                tasks: Some(("bob".into(), false)),
                ..Filter::default()
            },
            true,
        ),
        (
            Filter {
                tasks: Some(("bob".into(), true)),
                ..Filter::default()
            },
            false,
        ),
        (
            Filter {
                tasks: Some(("carol".into(), true)),
                ..Filter::default()
            },
            true,
        ),
        (
            Filter {
                worker: Some("dave".into()),
                ..Filter::default()
            },
            true,
        ),
    ];
    for (filter, is_found) in filters {
        let expected = if is_found {
            vec!["spaces/finance/a"]
        } else {
            vec![]
        };
        assert_eq!(
            find_with(&index, "", &filter, Order::Latest),
            expected,
            "{filter:?}"
        );
    }
    let search = index.search(&Question::of("page"), &Filter::default(), Order::Best);
    let found = search.found(0..1).expect("searched");
    let stored = search.stored(&found[0]).expect("stored");
    assert_eq!((stored.tasks, stored.sittings), (page.tasks, page.sittings));
    assert_eq!((stored.title.as_str(), stored.changed_ms), ("Page", 2));
}

#[test]
fn what_was_changed_last_comes_first() {
    let at = |name: &str, changed_ms| Entry {
        changed_ms,
        ..entry(name, "Page", "texte")
    };
    let (_folder, index) = index_of(vec![at("old", 1), at("new", 3), at("middle", 2)]);
    let found = find_with(&index, "", &Filter::default(), Order::Latest);
    assert_eq!(found, ["new", "middle", "old"]);
    let search = index.search(&Question::default(), &Filter::default(), Order::Latest);
    let rest = search.found(1..3).expect("searched");
    assert_eq!(
        rest.iter()
            .map(|found| found.document.as_str())
            .collect::<Vec<_>>(),
        ["middle", "old"]
    );
}

#[test]
fn an_index_is_as_it_was_when_it_is_opened_again() {
    let (folder, index) = index_of(vec![Entry {
        fingerprint: 7,
        ..entry("a", "Titre", "texte")
    }]);
    assert!(index.is_new());
    assert!(Index::open(folder.path()).is_err(), "two have it open");
    drop(index);
    let index = Index::open(folder.path()).expect("opened");
    assert!(!index.is_new());
    let known = index.known().expect("known");
    assert_eq!((known.len(), known[0].fingerprint), (1, 7));
    assert_eq!(find(&index, "titre"), ["a"]);
}

#[test]
fn a_folder_that_does_not_read_has_a_new_index_afterwards() {
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 4] = [
        ("cut", |file| {
            let bytes = fs::read(file).expect("read");
            fs::write(file, &bytes[..bytes.len() / 2]).expect("written");
        }),
        ("other bytes", |file| {
            let mut bytes = fs::read(file).expect("read");
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0xff;
            fs::write(file, bytes).expect("written");
        }),
        ("empty", |file| fs::write(file, "").expect("written")),
        ("gone", |file| fs::remove_file(file).expect("removed")),
    ];
    for (how, damage) in damages {
        for number in 0.. {
            let (folder, index) = index_of(vec![entry("a", "Titre", "texte")]);
            drop(index);
            let files = files(folder.path());
            // Locks hold nothing.
            let mut files = files
                .iter()
                .filter(|file| file.extension().is_none_or(|kind| kind != "lock"));
            let Some(file) = files.nth(number) else {
                assert!(number > 5, "this test damages nothing");
                break;
            };
            damage(file);
            let index = Index::open(folder.path());
            let index = index.unwrap_or_else(|error| panic!("{how} {file:?}: {error}"));
            index.put(entry("b", "Neuf", "texte")).expect("put");
            index.commit().expect("committed");
            assert_eq!(find(&index, "neuf"), ["b"], "{how} {file:?}");
        }
    }
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push(path);
        }
    }
    all
}

/// What a file holds that was cut while it is open is an error of whoever asks for it, and of nobody
/// else: what was read before stays, and what is put in goes on.
#[test]
fn files_that_are_cut_while_they_are_open_harm_no_one() {
    let text = "Le conseil vote le budget de la cantine. ".repeat(200);
    for cut in ["idx", "pos", "store", "term", "fast", ""] {
        let entries = (0..20).map(|number| entry(&format!("d{number}"), "Budget", &text));
        let (folder, index) = index_of(entries.collect());
        let of_kind = |path: &std::path::PathBuf| {
            let kind = path.extension().and_then(|kind| kind.to_str());
            kind.is_some_and(|kind| kind != "lock" && kind != "json" && kind.contains(cut))
        };
        let cuts: Vec<_> = files(folder.path()).into_iter().filter(of_kind).collect();
        assert!(!cuts.is_empty(), "{cut}");
        for path in cuts {
            let file = fs::OpenOptions::new().write(true).open(path);
            file.expect("opened").set_len(7).expect("cut");
        }
        for typed in ["budget cantine", "\"conseil vote\"", "canti", "cantone"] {
            let search = index.search(&Question::of(typed), &Filter::default(), Order::Best);
            let harmed = search.found(0..10).and_then(|found| {
                found
                    .iter()
                    .try_for_each(|found| search.stored(found).map(drop))
            });
            if ["term", "fast"].contains(&cut) {
                harmed.expect("what is held in memory is there");
            }
        }
        // Whether this works or not, it ends; and a new index is made of what is left.
        drop(index.put(entry("new", "New", "new")));
        drop(index.commit());
        drop(index);
        let index = Index::open(folder.path()).expect("opened again");
        index.put(entry("again", "Again", "again")).expect("put");
        index.commit().expect("committed");
        assert_eq!(find(&index, "again"), ["again"], "{cut}");
    }
}

#[test]
fn files_that_are_taken_away_while_they_are_open_are_still_read() {
    let (folder, index) = index_of(vec![entry("d", "Budget", "de la cantine")]);
    for path in files(folder.path()) {
        fs::remove_file(path).expect("removed");
    }
    assert_eq!(find(&index, "cantine"), ["d"]);
}

#[test]
fn only_its_own_part_of_a_folder_is_touched() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("letter.txt"), "mine").expect("written");
    fs::create_dir(folder.path().join("v0")).expect("made");
    fs::create_dir(folder.path().join("videos")).expect("made");
    drop(Index::open(folder.path()).expect("opened"));
    assert!(folder.path().join("letter.txt").exists());
    assert!(folder.path().join("videos").exists());
    assert!(!folder.path().join("v0").exists(), "an older index stays");
    Index::reset(folder.path()).expect("reset");
    assert!(folder.path().join("letter.txt").exists());
}

#[test]
fn hostile_questions_and_texts_harm_no_one() {
    let nasty = [
        "\0\u{1}\u{7f}",
        "((((((((((",
        "a AND OR NOT (",
        "title:[* TO *]",
        "*",
        "?*?*?",
        "\\",
        "\"\"\"\"\"",
        "-",
        "a~9999",
        "^^^^",
        "\u{202e}evil",
        "🎉🎉🎉",
        "𝒻𝒶𝓃𝒸𝓎",
        "İstanbul",
        "ẞ",
        "ﬁn",
        "' OR 1=1 --",
        "</mark><script>",
        "%00",
        "e\u{301}\u{301}\u{301}\u{301}",
    ];
    let mut entries: Vec<Entry> = nasty
        .iter()
        .enumerate()
        .map(|(at, text)| entry(&format!("d{at}"), text, text))
        .collect();
    entries.push(entry("long", "Long", &"x".repeat(2 << 20)));
    entries.push(entry("wide", "Large", &"mot ".repeat(400_000)));
    let (_folder, index) = index_of(entries);
    for typed in nasty.iter().map(|text| (*text).to_owned()).chain([
        "x".repeat(100_000),
        "mot ".repeat(10_000),
        "\"a b\" ".repeat(1_000),
        "-a ".repeat(1_000),
    ]) {
        let found = find(&index, &typed);
        assert!(found.len() <= 100);
    }
    assert_eq!(find(&index, "script"), ["d18"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever is typed and whatever a text says: marks are parts of it, in order.
    #[test]
    fn marks_are_words_of_the_text(typed in "\\PC{0,40}", text in "[a-zéèàœ '’\\-\"\\PC]{0,300}") {
        let mut marker = Marker::new(&Question::of(&typed));
        let mut last = 0;
        for mark in marker.marks(&text) {
            prop_assert!(mark.start >= last && mark.end > mark.start);
            prop_assert!(text.get(mark.clone()).is_some());
            last = mark.end;
        }
        let excerpt = marker.excerpt(&text);
        prop_assert!(text.contains(&excerpt.text));
        for mark in excerpt.marks {
            prop_assert!(excerpt.text.get(mark).is_some());
        }
    }

    /// A text is found by any word of its own.
    #[test]
    fn a_word_finds_its_text(words in prop::collection::vec("[a-zàâéèêëîïôùûüç]{3,12}", 1..6), pick in any::<prop::sample::Index>()) {
        let mut marker = Marker::new(&Question::of(&words[pick.index(words.len())]));
        prop_assert!(!marker.marks(&words.join(", ")).is_empty());
    }
}
