//! A page as its readers see it.

use super::*;
use crate::Form;

/// A wiki with one page that everybody sees.
struct Reader {
    sees: bool,
}

impl Resolve for Reader {
    fn root(&self) -> &str {
        "/wiki"
    }

    fn title(&self, space: &str, page: &str) -> Option<String> {
        let there = self.sees && (space, page) == ("canteens", "soups");
        there.then(|| "Soups & <broths>".to_owned())
    }

    fn page_called(&self, _space: &str, title: &str) -> Option<String> {
        (self.sees && title == "Bread").then(|| "bread".to_owned())
    }

    fn word(&self, word: Word) -> &str {
        match word {
            Word::Callout(Callout::Danger) => "Danger",
            Word::Callout(_) => "Note",
            Word::Contents => "Sommaire",
            Word::Done => "Fait",
            Word::NotDone => "À faire",
        }
    }
}

fn page(markdown: &str, sees: bool) -> String {
    let nodes = Form::Markdown.parse(markdown).expect("Markdown");
    PageHtml::of(&nodes).fill(&Reader { sees })
}

#[test]
fn a_link_follows_its_page_s_title_and_chosen_words_stay() {
    assert_eq!(
        page("[Menu](/s/canteens/soups \"Menu\")", true),
        "<p><a class=\"page-link\" href=\"/wiki/s/canteens/soups\">Soups &amp; &lt;broths&gt;</a></p>"
    );
    assert_eq!(
        page("[our **menu**](/s/canteens/soups#h-leek \"Menu\")", true),
        "<p><a class=\"page-link\" href=\"/wiki/s/canteens/soups#h-leek\">our <strong>menu</strong></a></p>"
    );
}

#[test]
fn whoever_may_not_see_a_page_reads_what_its_author_wrote() {
    let html = page("[Menu](/s/canteens/soups \"Menu\")", false);
    assert!(html.contains("class=\"page-link missing\""), "{html}");
    assert!(html.contains(">Menu</a>"), "{html}");
}

#[test]
fn a_page_that_was_to_be_written_is_linked_when_it_is_there() {
    let link = "[Bread](/s/canteens/-/new?title=Bread)";
    assert_eq!(
        page(link, false),
        "<p><a class=\"page-link new-page\" href=\"/wiki/s/canteens/-/new?title=Bread\">Bread</a></p>"
    );
    assert_eq!(
        page(link, true),
        "<p><a class=\"page-link\" href=\"/wiki/s/canteens/bread\">Bread</a></p>"
    );
}

#[test]
fn people_days_and_addresses_below_the_root_are_shown() {
    assert_eq!(
        page(
            "[@Ann](/-/people/u%3C1) [1 Dec](/-/tasks?due=2026-12-01) [n](/d/a/b) ![x](/i.png)",
            true
        ),
        "<p><span class=\"mention\" data-person=\"u&lt;1\">@Ann</span> \
         <time class=\"day\" datetime=\"2026-12-01\">1 Dec</time> <a href=\"/wiki/d/a/b\">n</a></p>\
         <img src=\"/i.png\" alt=\"x\">"
    );
}

#[test]
fn headings_have_the_ids_that_the_table_of_contents_links_to() {
    let html = page(
        "[Contents](#toc)\n\n## A\n\n#### B\n\n## A\n\n[Contents](#toc)\n",
        true,
    );
    let contents = "<nav class=\"contents\" aria-label=\"Sommaire\"><ol><li><a href=\"#h-a\">A</a>\
                    <ol><li><a href=\"#h-b\">B</a></li></ol></li><li><a href=\"#h-a-2\">A</a></li></ol></nav>";
    assert!(html.starts_with(contents), "{html}");
    assert!(
        html.contains("<h2 id=\"h-a\">A</h2><h4 id=\"h-b\">B</h4><h2 id=\"h-a-2\">"),
        "{html}"
    );
    assert_eq!(html.matches("<nav").count(), 1, "{html}");
}

#[test]
fn the_facts_of_a_page_name_its_headings_as_its_html_does() {
    let nodes = Form::Markdown
        .parse("# A\n\n- # A\n\n> ## B\n")
        .expect("Markdown");
    let html = PageHtml::of(&nodes).fill(&Reader { sees: true });
    let roots = [("default".to_owned(), crate::Root::Tree(nodes))].into();
    for heading in crate::facts(&crate::Content { roots }).headings {
        assert!(html.contains(&format!(" id=\"{}\"", heading.id)), "{html}");
    }
}

#[test]
fn callouts_and_tasks_say_in_words_what_they_are() {
    let html = page("> [!CAUTION]\n> hot\n\n- [x] done\n", true);
    assert!(
        html.starts_with(
            "<div class=\"callout\" data-callout=\"danger\" role=\"note\">\
             <p class=\"callout-title\">Danger</p><p>hot</p></div>"
        ),
        "{html}"
    );
    assert!(
        html.contains("disabled checked aria-label=\"Fait\">"),
        "{html}"
    );
}

#[test]
fn a_page_knows_which_pages_it_shows() {
    let nodes = Form::Markdown
        .parse("[a](/s/x/y) [b](/s/x/-/new?title=B)")
        .expect("Markdown");
    let page = PageHtml::of(&nodes);
    let links: Vec<String> = page.links().map(Reference::address).collect();
    assert_eq!(links, ["/s/x/y", "/s/x/-/new?title=B"]);
}
