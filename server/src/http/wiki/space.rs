//! A space: who enters it, what they see of it, and the page that shows it.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use unisson_history::escaped;
use unisson_protocol::{Access, CloseReason, DocName};
use unisson_rights::{Action, Page, Place, Rights, Space, Visibility};

use super::{
    answer::{Keep, answer},
    enter,
    failure::Failure,
    layout::Layout,
    screens::tools_of_space,
    tree::Tree,
    visit::Visit,
};
use crate::{
    auth::{Credential, Grant, Identity},
    http::{AppState, ws},
    people::person_of,
    spaces::{HeldSpace, document_of},
};

/// Somebody in a space, and what they may see of it.
#[derive(Debug)]
pub(super) struct Inside {
    pub(super) who: Identity,
    held: Arc<HeldSpace>,
    pub(super) space: Arc<Space>,
    pub(super) tree: Arc<Tree>,
    /// Whether the title is for them.
    knows_space: bool,
}

/// A page that somebody may read.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) document: DocName,
    pub(super) page: Page,
    grant: Grant,
}

impl Opened {
    pub(super) fn may_write(&self) -> bool {
        self.grant.access == Access::ReadWrite
    }
}

impl Inside {
    /// Lets somebody into a space of which they may know.
    pub(super) async fn enter(state: &AppState, visit: &Visit, id: &str) -> Result<Self, Failure> {
        let inside = Self::look(state, visit, id).await?;
        match inside.knows_space || !inside.tree.is_empty() {
            true => Ok(inside),
            false => Err(Visit::hidden(&inside.who)),
        }
    }

    /// Lets somebody open a page that they may read, by the same rules as a socket.
    pub(super) async fn open(
        state: &AppState,
        visit: &Visit,
        space: &str,
        id: &str,
    ) -> Result<(Self, Opened), Failure> {
        let document = DocName::new(&document_of(space, id)).map_err(|_| Failure::Missing)?;
        let inside = Self::look(state, visit, space).await?;
        let grant = grant(state, visit, &document).await;
        // In a space that they are in, what they may not see is the same as what there is not.
        let grant = grant.map_err(|reason| match reason {
            CloseReason::Unauthorized if inside.knows_space => Failure::Missing,
            reason => Failure::of_reason(reason),
        })?;
        let page = inside.space.pages.get(id).cloned();
        let page = page.ok_or(Failure::Missing)?;
        let opened = Opened {
            document,
            page,
            grant,
        };
        Ok((inside, opened))
    }

    /// What somebody sees of a space, which may be nothing.
    pub(super) async fn look(state: &AppState, visit: &Visit, id: &str) -> Result<Self, Failure> {
        let who = visit.identify(state, Some(id)).await?;
        let hidden = || Visit::hidden(&who);
        let held = state.registry.shared().spaces.find(id).await?;
        let held = held.ok_or_else(hidden)?;
        let space = held.space()?.ok_or_else(hidden)?;
        let make = || Tree::of(&space, |place| held.rights(&space, place, &who));
        let tree = state.trees.of(&space, &who, make);
        let knows_space = held.rights(&space, Place::Space, &who).role.is_some();
        Ok(Self {
            tree,
            who,
            held,
            space,
            knows_space,
        })
    }

    pub(super) fn rights(&self, place: Place<'_>) -> Rights {
        self.held.rights(&self.space, place, &self.who)
    }

    pub(super) fn id(&self) -> &str {
        self.held.id()
    }

    /// The space's address below the root.
    pub(super) fn base(&self) -> String {
        format!("s/{}", self.held.id())
    }

    /// The space's title, where it is for them.
    pub(super) fn shown_title(&self) -> Option<String> {
        let is_shown = self.knows_space || !self.tree.is_empty();
        is_shown.then(|| self.space.settings.title.clone())
    }

    /// The way to the space.
    pub(super) fn crumbs(&self) -> Vec<(String, String)> {
        let title = self.shown_title();
        title
            .map(|title| (title, self.base()))
            .into_iter()
            .collect()
    }

    /// The way to a page: only those above it that they may see.
    pub(super) fn crumbs_to(&self, page: &str) -> Vec<(String, String)> {
        let mut crumbs = self.crumbs();
        let way = self.tree.way(page);
        crumbs.extend(way.iter().map(|branch| {
            (
                branch.title.clone(),
                format!("{}/{}", self.base(), branch.id),
            )
        }));
        if way.is_empty()
            && let Some(known) = self.space.pages.get(page)
        {
            crumbs.push((known.title.clone(), format!("{}/{page}", self.base())));
        }
        crumbs
    }

    /// Whoever has a hand in the tree follows its changes; readers are many, and cost no socket.
    fn live(&self, page: Option<&str>) -> &'static str {
        let here = page.map_or(Place::Space, Place::Page);
        let has_hand = [Place::Space, here]
            .into_iter()
            .any(|place| self.rights(place).may(Action::CreatePages));
        if has_hand { " live" } else { "" }
    }

    /// The tree, for beside a page.
    pub(super) fn beside(&self, visit: &Visit, page: Option<&str>) -> String {
        let words = visit.words();
        let base = format!("{}{}", visit.root, self.base());
        let here = page.map(|page| format!(" page=\"{}\"", escaped(page)));
        format!(
            "<nav class=\"beside\" id=\"pages\" aria-label=\"{}\">\n\
             <p class=\"beside-title\"><a href=\"{base}\">{}</a></p>\n\
             <unisson-pages space=\"{}\"{}{}>{}</unisson-pages>\n</nav>",
            words.pages_of_space,
            escaped(&self.shown_title().unwrap_or_default()),
            escaped(self.held.id()),
            here.unwrap_or_default(),
            self.live(page),
            // Where one is nowhere, the page itself shows all.
            self.tree.html(&base, Some(page.unwrap_or_default())),
        )
    }
}

/// What somebody may do with a page's document. Where what they show opens nothing, showing nothing
/// opens no less: a public page stays readable when a sign-in has ended.
async fn grant(state: &AppState, visit: &Visit, document: &DocName) -> Result<Grant, CloseReason> {
    let shared = state.registry.shared();
    let (query, address) = (visit.asked.query.as_deref(), visit.asked.address);
    let credential = ws::credential(query, visit.headers(), state).with_address(address);
    let mut decided = shared
        .authenticator
        .authenticate(&credential, document)
        .await;
    if matches!(
        decided,
        Err(CloseReason::Unauthorized | CloseReason::Forbidden)
    ) {
        let nothing = Credential::default().with_address(address);
        let again = shared.authenticator.authenticate(&nothing, document).await;
        if again.is_ok() {
            decided = again;
        }
    }
    shared.audit.access(address, document.as_str(), &decided);
    decided
}

/// `/s/{space}`: what it is, and its pages.
pub(super) async fn page(
    State(state): State<AppState>,
    Path(id): Path<String>,
    visit: Visit,
) -> Response {
    if let Some(door) = enter::door(&visit) {
        return door;
    }
    match Inside::enter(&state, &visit, &id).await {
        Ok(inside) => answer(
            &visit,
            StatusCode::OK,
            shown(&visit, &inside),
            Keep::Browser,
        ),
        Err(failure) => failure.page(&visit),
    }
}

fn shown(visit: &Visit, inside: &Inside) -> String {
    let words = visit.words();
    let settings = &inside.space.settings;
    let mut main = format!(
        "<h1>{}</h1>\n<p class=\"hint\">{}</p>\n<h2>{}</h2>\n",
        escaped(&settings.title),
        visibility(visit, settings.visibility),
        words.all_pages
    );
    if person_of(&inside.who).is_some() {
        let _ = writeln!(
            main,
            "<unisson-own space=\"{}\" kept></unisson-own>",
            escaped(inside.held.id())
        );
    }
    let tree = inside
        .tree
        .html(&format!("{}{}", visit.root, inside.base()), None);
    let may_add = inside.rights(Place::Space).may(Action::CreatePages);
    let _ = write!(
        main,
        "<unisson-pages space=\"{}\"{}>{tree}",
        escaped(inside.held.id()),
        inside.live(None)
    );
    // Within the element: the live tree says so itself, and shows all of it.
    if inside.tree.is_empty() {
        let text = if may_add {
            words.no_pages_writer
        } else {
            words.no_pages
        };
        let _ = write!(main, "<p class=\"empty\">{text}</p>");
    } else if !inside.tree.is_whole() {
        let _ = write!(main, "<p class=\"hint\">{}</p>", words.some_pages);
    }
    main.push_str("</unisson-pages>");
    let layout = Layout {
        title: settings.title.clone(),
        crumbs: inside.crumbs(),
        tools: tools_of_space(visit, inside, None),
        tools_name: words.tools_of_space,
        main,
        class: "space",
        ..Layout::default()
    };
    layout.html(visit, Some(&inside.who))
}

/// Who gets in, in plain words.
pub(super) fn visibility(visit: &Visit, visibility: Visibility) -> &'static str {
    let words = visit.words();
    match visibility {
        Visibility::Public => words.public,
        Visibility::SignedIn => words.signed_in_only,
        Visibility::Members => words.members_only,
    }
}
