//! What is around every page: the way to its content, the head, where one is, what is beside, and
//! the foot.

use std::fmt::Write as _;

use unisson_history::escaped;

use super::{visit::Visit, words::Words};
use crate::{
    auth::Identity,
    http::{assets, language::Language},
};

/// A page, before it is HTML. Texts are plain, parts are HTML.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// What the browser's window is called.
    pub(super) title: String,
    /// The space, for whoever reads the window's title.
    pub(super) within: Option<String>,
    /// Where one is: titles and addresses below the root, from the top.
    pub(super) crumbs: Vec<(String, String)>,
    /// Ways to what else there is of the same thing.
    pub(super) tools: Vec<Tool>,
    /// What the tools are for.
    pub(super) tools_name: &'static str,
    /// What stands beside the content.
    pub(super) beside: String,
    /// The content.
    pub(super) main: String,
    /// Files of the client that the page needs beside the app, by name.
    pub(super) scripts: Vec<&'static str>,
    /// Of the `main` element.
    pub(super) class: &'static str,
}

/// A way to a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tool {
    pub(super) name: String,
    /// Below the root.
    pub(super) path: String,
    pub(super) is_here: bool,
}

impl Layout {
    /// The whole page.
    pub(super) fn html(&self, visit: &Visit, who: Option<&Identity>) -> String {
        let words = visit.words();
        let root = &visit.root;
        let mut html = String::with_capacity(4_096 + self.main.len() + self.beside.len());
        let _ = write!(
            html,
            "<!doctype html>\n<html lang=\"{}\" data-root=\"{root}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{}",
            visit.language.code(),
            escaped(&self.title)
        );
        for part in self.within.as_deref().into_iter().chain(["Unisson"]) {
            if part != self.title {
                let _ = write!(html, " · {}", escaped(part));
            }
        }
        html.push_str("</title>\n");
        if assets::has("app.css") {
            let _ = writeln!(
                html,
                "<link rel=\"stylesheet\" href=\"{root}client/app.css\">"
            );
        }
        let scripts = self.scripts.iter().copied().chain(["app.js"]);
        for script in scripts.filter(|name| assets::has(name)) {
            let _ = writeln!(
                html,
                "<script type=\"module\" src=\"{root}client/{script}\"></script>"
            );
        }
        let _ = write!(
            html,
            "</head>\n<body>\n<a class=\"skip\" href=\"#content\">{}</a>\n",
            words.skip
        );
        push_banner(visit, &mut html);
        self.push_head(visit, who, &mut html);
        self.push_crumbs(visit, words, &mut html);
        let class = match self.class {
            "" => String::new(),
            class => format!(" class=\"{class}\""),
        };
        let _ = write!(
            html,
            "<div class=\"frame\">\n<main id=\"content\" tabindex=\"-1\"{class}>\n"
        );
        self.push_tools(root, &mut html);
        let _ = write!(html, "{}\n</main>\n{}\n</div>\n", self.main, self.beside);
        push_foot(visit, words, who, &mut html);
        html.push_str("</body>\n</html>\n");
        html
    }

    fn push_head(&self, visit: &Visit, who: Option<&Identity>, html: &mut String) {
        let (words, root) = (visit.words(), &visit.root);
        let _ = write!(
            html,
            "<header class=\"top\">\n<a class=\"brand\" href=\"{root}\">Unisson\
             <span class=\"unseen\"> ({})</span></a>\n\
             <form class=\"find\" role=\"search\" action=\"{root}-/search\">\
             <label class=\"unseen\" for=\"find\">{search}</label>\
             <input id=\"find\" name=\"q\" type=\"search\" maxlength=\"200\" placeholder=\"{search}\">\
             <button>{search}</button></form>\n<div class=\"account\">",
            words.home,
            search = words.search
        );
        if who.is_some_and(|who| who.principal.person.is_some()) {
            // The app puts in how much is new.
            let _ = write!(
                html,
                "<a class=\"news\" href=\"{root}-/news\">{}<span class=\"count\" hidden></span></a>",
                words.news
            );
        }
        let name = who.and_then(|who| visit.name(who));
        let name = name.or_else(|| Some(visit.signed_in.as_ref()?.name.clone()));
        if let Some(name) = name {
            let _ = write!(html, "<span class=\"me\">{}</span>", escaped(&name));
        }
        match (&visit.signed_in, visit.sign_in()) {
            (Some(_), _) => {
                let _ = write!(
                    html,
                    "<form method=\"post\" action=\"{root}signout\"><button>{}</button></form>",
                    words.sign_out
                );
            }
            (None, Some(to)) => {
                let _ = write!(html, "<a href=\"{}\">{}</a>", escaped(&to), words.sign_in);
            }
            (None, None) => {}
        }
        if visit.is_guest {
            let _ = write!(
                html,
                "<form method=\"post\" action=\"{root}-/leave\"><button>{}</button></form>",
                words.leave
            );
        }
        let other = visit.language.other().code();
        let _ = write!(
            html,
            "<a href=\"?lang={other}\" hreflang=\"{other}\" lang=\"{other}\">{}</a></div>\n</header>\n",
            words.other_language
        );
    }

    fn push_crumbs(&self, visit: &Visit, words: &Words, html: &mut String) {
        if self.crumbs.is_empty() {
            return;
        }
        let _ = write!(
            html,
            "<nav class=\"crumbs\" aria-label=\"{}\"><ol><li><a href=\"{}\">{}</a></li>",
            words.you_are_here, visit.root, words.spaces
        );
        for (at, (title, path)) in self.crumbs.iter().enumerate() {
            let here = match at + 1 == self.crumbs.len() {
                true => " aria-current=\"page\"",
                false => "",
            };
            let _ = write!(
                html,
                "<li><a href=\"{}{path}\"{here}>{}</a></li>",
                visit.root,
                escaped(title)
            );
        }
        html.push_str("</ol>");
        if !self.beside.is_empty() {
            // Where the page is too narrow for two columns, what is beside comes below.
            let _ = write!(
                html,
                "<a class=\"to-pages\" href=\"#pages\">{}</a>",
                words.pages
            );
        }
        html.push_str("</nav>\n");
    }

    fn push_tools(&self, root: &str, html: &mut String) {
        if self.tools.is_empty() {
            return;
        }
        let _ = write!(
            html,
            "<nav class=\"tools\" aria-label=\"{}\"><ul>",
            self.tools_name
        );
        for tool in &self.tools {
            let here = if tool.is_here {
                " aria-current=\"page\""
            } else {
                ""
            };
            let _ = write!(
                html,
                "<li><a href=\"{root}{}\"{here}>{}</a></li>",
                escaped(&tool.path),
                escaped(&tool.name)
            );
        }
        html.push_str("</ul></nav>\n");
    }
}

/// Where there is none, its place: the app fills it on a page that stays open.
fn push_banner(visit: &Visit, html: &mut String) {
    let (level, text, hidden) = match &visit.banner {
        Some(banner) => {
            let text = match visit.language {
                Language::French => &banner.text.fr,
                Language::English => &banner.text.en,
            };
            (banner.level.name(), escaped(text), "")
        }
        None => ("info", String::new(), " hidden"),
    };
    let _ = writeln!(
        html,
        "<p class=\"banner\" role=\"status\" data-level=\"{level}\"{hidden}>{text}</p>"
    );
}

fn push_foot(visit: &Visit, words: &Words, who: Option<&Identity>, html: &mut String) {
    let root = &visit.root;
    let _ = write!(html, "<footer>\n<p>{}</p>\n<ul>", words.promise);
    let is_person = who.is_some_and(|who| !who.is_nobody());
    let is_operator = who.is_some_and(|who| who.principal.is_admin);
    for (path, name, is_shown) in [
        ("-/tasks", words.tasks, is_person),
        ("-/guide", words.guide, true),
        ("-/about", words.about, true),
        ("-/templates", words.templates, is_operator),
        ("-/admin", words.administration, is_operator),
    ] {
        if is_shown {
            let _ = write!(html, "<li><a href=\"{root}{path}\">{name}</a></li>");
        }
    }
    html.push_str("</ul>\n</footer>\n");
}
