//! What has changed since somebody read it: told from columns of the index and from the person's
//! record, without a look at any document.

use std::collections::BTreeMap;

use axum::{
    extract::{Path, RawQuery, State},
    http::HeaderMap,
    response::Response,
};
use serde::Serialize;
use unisson_search::Edited;
use utoipa::ToSchema;

use super::own::{answer, somebody};
use crate::{
    http::{
        AppState,
        error::Problem,
        search::{Viewer, edited},
    },
    indexing::person_number,
    people::{self, Own},
    spaces::{document_of, parts},
};

/// A space in which something is unread.
#[derive(Debug, Serialize, ToSchema)]
struct UnreadSpace {
    space: String,
    /// How many of its pages were changed by others since you read them.
    pages: usize,
}

/// What is unread everywhere.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UnreadAnswer {
    /// Those spaces in which anything is, by id.
    spaces: Vec<UnreadSpace>,
}

/// A page that was changed by others since you read it.
#[derive(Debug, Serialize, ToSchema)]
struct UnreadPage {
    page: String,
    /// When it was changed last by somebody else.
    changed_ms: u64,
}

/// What is unread in a space.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UnreadPagesAnswer {
    /// What changed last comes first.
    pages: Vec<UnreadPage>,
}

/// Count what is unread
///
/// Pages that others have changed since you read them, space by space, as far as you may read them.
/// A space counts from the first page that you open there; what you wrote yourself is never unread.
#[utoipa::path(
    get,
    path = "/api/v1/me/unread",
    operation_id = "count_unread",
    tag = "me",
    responses((status = 200, description = "How much is unread", body = UnreadAnswer,
        headers(("ETag" = String))))
)]
pub(super) async fn everywhere(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let person = somebody(&state, &headers, query.as_deref()).await?;
    let mut viewer = Viewer::of(&state, &headers, query.as_deref()).await?;
    let own = people::own(state.registry.shared(), &person).await?;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (space, _, _) in unread(&state, &mut viewer, (&person, &own), None).await? {
        *counts.entry(space).or_default() += 1;
    }
    let spaces = counts.into_iter();
    let spaces = spaces.map(|(space, pages)| UnreadSpace { space, pages });
    Ok(answer(
        &headers,
        &UnreadAnswer {
            spaces: spaces.collect(),
        },
    ))
}

/// List what is unread in a space
///
/// Its pages that others have changed since you read them, as far as you may read them; none where
/// there is no such space.
#[utoipa::path(
    get,
    path = "/api/v1/me/unread/{space}",
    operation_id = "list_unread",
    tag = "me",
    params(("space" = String, Path, description = "The space's id")),
    responses((status = 200, description = "What is unread", body = UnreadPagesAnswer,
        headers(("ETag" = String))))
)]
pub(super) async fn in_space(
    State(state): State<AppState>,
    Path(space): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let person = somebody(&state, &headers, query.as_deref()).await?;
    let mut viewer = Viewer::of(&state, &headers, query.as_deref()).await?;
    let own = people::own(state.registry.shared(), &person).await?;
    let found = unread(&state, &mut viewer, (&person, &own), Some(&space)).await?;
    let pages = found.into_iter();
    let pages = pages.map(|(_, page, changed_ms)| UnreadPage { page, changed_ms });
    let mut pages: Vec<UnreadPage> = pages.collect();
    pages.sort_by(|one, other| {
        let later = other.changed_ms.cmp(&one.changed_ms);
        later.then_with(|| one.page.cmp(&other.page))
    });
    Ok(answer(&headers, &UnreadPagesAnswer { pages }))
}

/// The pages that somebody has not read as they are: space, page, and when others changed it.
async fn unread(
    state: &AppState,
    viewer: &mut Viewer<'_>,
    (person, own): (&str, &Own),
    space: Option<&str>,
) -> Result<Vec<(String, String, u64)>, Problem> {
    // Nothing counts where nothing was ever opened: that is most people in most spaces.
    if space.is_some_and(|space| !own.spaces.contains_key(space)) || own.spaces.is_empty() {
        return Ok(Vec::new());
    }
    let number = person_number(person);
    let mut found = Vec::new();
    for edited in edited(state, space).await? {
        if let Some(unread) = new_to(own, number, &edited)
            && viewer.may_read(&edited.document).await
        {
            found.push(unread);
        }
    }
    Ok(found)
}

/// A page that others have edited since somebody read it.
fn new_to(own: &Own, number: u64, edited: &Edited) -> Option<(String, String, u64)> {
    let (space, page) = parts(&edited.document)?;
    let changed_ms = edited.by_others_ms(number);
    let is_page = edited.document == document_of(space, page);
    let is_new = changed_ms > own.read_ms(space, page)?;
    (is_page && is_new).then(|| (space.to_owned(), page.to_owned(), changed_ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::{Opened, Spot};

    fn edited(by: &str, last_ms: u64, others_ms: u64) -> Edited {
        Edited {
            document: "spaces/canteen/menus".into(),
            last_by: person_number(by),
            last_ms,
            others_ms,
        }
    }

    #[test]
    fn what_others_wrote_since_is_new_and_ones_own_is_not() {
        let mut own = Own::default();
        own.spaces.insert("canteen".into(), 100);
        let spot = Spot::of("canteen", "menus").expect("ids");
        let opened = Opened {
            at_ms: 200,
            read_ms: 200,
        };
        own.pages.insert(spot, opened);
        let is_new = |by: &str, last_ms, others_ms| {
            new_to(&own, person_number("ann"), &edited(by, last_ms, others_ms)).is_some()
        };
        assert!(is_new("bob", 201, 0));
        assert!(!is_new("bob", 200, 0), "read as it is");
        assert!(!is_new("ann", 300, 150), "it was Ann herself");
        assert!(
            is_new("ann", 300, 250),
            "Bob wrote before her, and she has not read it"
        );
    }

    #[test]
    fn a_space_that_nobody_opened_and_documents_that_are_no_pages_count_nothing() {
        let mut own = Own::default();
        own.spaces.insert("canteen".into(), 1);
        let mut elsewhere = edited("bob", 900, 0);
        elsewhere.document = "spaces/finance/menus".into();
        assert!(new_to(&own, 1, &elsewhere).is_none());
        elsewhere.document = "spaces/canteen/menus/notes".into();
        assert!(new_to(&own, 1, &elsewhere).is_none());
        elsewhere.document = "team/monday".into();
        assert!(new_to(&own, 1, &elsewhere).is_none());
    }
}
