//! A space as its record says it: settings, members, groups, pages, grants and links.
//!
//! Each member, page and so on is an entry of its own, so that what two servers write at once
//! merges. An entry that refers to something that is not there any more means nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::Role;

/// What a record says, by key.
pub type Entries = BTreeMap<String, String>;
/// New values of entries; `None` takes one out.
pub type Changes = Vec<(String, Option<String>)>;

/// Who gets in without being a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Visibility {
    /// Everybody.
    Public,
    /// Everybody whom the portal knows.
    SignedIn,
    /// Nobody.
    Members,
}

/// What concerns the space as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpaceSettings {
    /// For people.
    pub title: String,
    /// Who gets in without being a member.
    pub visibility: Visibility,
    /// What those are there whom nobody knows, while the space is public.
    pub anonymous_role: Role,
    /// What those are there whom the portal knows, unless only members get in.
    pub signed_in_role: Role,
    /// When it was made.
    pub created_ms: u64,
    /// Deleted since then: nobody but owners sees anything of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_ms: Option<u64>,
}

/// Somebody's part in the space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// What they are.
    pub role: Role,
    /// The name to show in lists, as whoever added them wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<u64>,
}

/// A group of the portal's and its part in the space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// What its people are.
    pub role: Role,
}

/// One page: a document, and its place in the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// For people.
    pub title: String,
    /// The page above; none at the top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Its place among those with the same parent, ascending.
    pub order: u64,
    /// Whoever is less than this above the page does not see it, nor what is below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readers: Option<Role>,
    /// Whoever is less than this above the page does not write in it, nor below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writers: Option<Role>,
    /// Nobody but facilitators writes, whatever was granted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub locked: bool,
    /// Its tasks are ticked by each reader for themselves.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guide: bool,
    /// Deleted since then: nobody but facilitators sees it, nor what is below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_ms: Option<u64>,
    /// When it was made.
    pub created_ms: u64,
}

/// Where new pages may begin as a page does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TemplateFor {
    /// In its space.
    Space,
    /// In all spaces.
    All,
}

/// To whom a page is granted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grantee {
    /// Somebody.
    Person(String),
    /// The people of a group.
    Group(String),
}

/// What somebody is on a page and below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// What they are.
    pub role: Role,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<u64>,
}

/// A link that lets in whoever has it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// What they are.
    pub role: Role,
    /// On this page and below; in the whole space where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<u64>,
    /// What it is for, in its maker's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Hash of the secret in the address.
    pub secret: String,
    /// Hash of the password, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Signs the tokens of its guests; never leaves the server.
    pub key: String,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maker: Option<String>,
    /// When it was made.
    pub created_ms: u64,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Link({}, page {:?})", self.role, self.page)
    }
}

/// A space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Space {
    /// What concerns it as a whole.
    pub settings: SpaceSettings,
    /// By the portal's id of the person.
    pub members: BTreeMap<String, Member>,
    /// By the portal's name of the group.
    pub groups: BTreeMap<String, Group>,
    /// By their ids.
    pub pages: BTreeMap<String, Page>,
    /// By page, then by whom.
    pub grants: BTreeMap<String, BTreeMap<Grantee, Grant>>,
    /// By their ids.
    pub links: BTreeMap<String, Link>,
    /// Pages that new pages may begin as.
    pub templates: BTreeMap<String, TemplateFor>,
}

/// An entry that no program of this version has written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("its entry {key:?} cannot be read: {problem}")]
pub struct ReadError {
    /// Which.
    pub key: String,
    /// Why.
    pub problem: String,
}

/// The keys of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keys;

impl Keys {
    /// The settings; a record without them is no space.
    pub const SPACE: &str = "space";

    /// A member.
    pub fn member(user: &str) -> String {
        format!("member:{user}")
    }

    /// A group.
    pub fn group(name: &str) -> String {
        format!("group:{name}")
    }

    /// A page.
    pub fn page(id: &str) -> String {
        format!("page:{id}")
    }

    /// A grant of a page.
    pub fn grant(page: &str, to: &Grantee) -> String {
        match to {
            Grantee::Person(user) => format!("grant:{page}:person:{user}"),
            Grantee::Group(name) => format!("grant:{page}:group:{name}"),
        }
    }

    /// That a page is a template.
    pub fn template(page: &str) -> String {
        format!("template:{page}")
    }

    /// A link.
    pub fn link(id: &str) -> String {
        format!("link:{id}")
    }
}

/// Whether a text may be the id of a space or of a page: it stands in names of documents and in
/// addresses.
pub fn is_id(text: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&text.len()) && text.bytes().all(fine) && !text.starts_with('-')
}

/// The change that gives an entry a value.
pub fn set<T: Serialize>(key: String, value: &T) -> (String, Option<String>) {
    let json = serde_json::to_string(value).expect("these types have a JSON form");
    (key, Some(json))
}

impl Space {
    /// Reads a space; `None` where the record is of none.
    pub fn read(entries: &Entries) -> Result<Option<Self>, ReadError> {
        let Some(settings) = entries.get(Keys::SPACE) else {
            return Ok(None);
        };
        let mut space = Self {
            settings: value(Keys::SPACE, settings)?,
            members: BTreeMap::new(),
            groups: BTreeMap::new(),
            pages: BTreeMap::new(),
            grants: BTreeMap::new(),
            links: BTreeMap::new(),
            templates: BTreeMap::new(),
        };
        for (key, text) in entries {
            space.read_entry(key, text)?;
        }
        Ok(Some(space))
    }

    /// A kind that is not known was written by a later version: the entry may restrict something,
    /// so the space does not open here.
    fn read_entry(&mut self, key: &str, text: &str) -> Result<(), ReadError> {
        let unknown = || ReadError {
            key: key.to_owned(),
            problem: "its kind is not known to this version".to_owned(),
        };
        let Some((kind, id)) = key.split_once(':') else {
            return if key == Keys::SPACE {
                Ok(())
            } else {
                Err(unknown())
            };
        };
        match kind {
            "member" => drop(self.members.insert(id.to_owned(), value(key, text)?)),
            "group" => drop(self.groups.insert(id.to_owned(), value(key, text)?)),
            "page" => drop(self.pages.insert(id.to_owned(), value(key, text)?)),
            "template" => drop(self.templates.insert(id.to_owned(), value(key, text)?)),
            "link" => drop(self.links.insert(id.to_owned(), value(key, text)?)),
            "grant" => {
                let mut parts = id.splitn(3, ':');
                let (Some(page), Some(kind), Some(who)) =
                    (parts.next(), parts.next(), parts.next())
                else {
                    return Err(unknown());
                };
                let to = match kind {
                    "person" => Grantee::Person(who.to_owned()),
                    "group" => Grantee::Group(who.to_owned()),
                    _ => return Err(unknown()),
                };
                let grants = self.grants.entry(page.to_owned()).or_default();
                grants.insert(to, value(key, text)?);
            }
            _ => return Err(unknown()),
        }
        Ok(())
    }

    /// The first moment after `now_ms` at which somebody's rights end, if there is one.
    pub fn next_end_after(&self, now_ms: u64) -> Option<u64> {
        let members = self.members.values().filter_map(|member| member.until_ms);
        let grants = self.grants.values().flat_map(BTreeMap::values);
        let grants = grants.filter_map(|grant| grant.until_ms);
        let links = self.links.values().filter_map(|link| link.until_ms);
        let ends = members.chain(grants).chain(links);
        ends.filter(|end| *end > now_ms).min()
    }
}

fn value<T: DeserializeOwned>(key: &str, text: &str) -> Result<T, ReadError> {
    serde_json::from_str(text).map_err(|error| ReadError {
        key: key.to_owned(),
        problem: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(more: &[(&str, &str)]) -> Entries {
        let settings = r#"{"title":"T","visibility":"signed-in","anonymous_role":"reader",
            "signed_in_role":"editor","created_ms":1}"#;
        let all = [("space", settings)];
        let all = all.iter().chain(more);
        all.map(|(key, text)| ((*key).to_owned(), (*text).to_owned()))
            .collect()
    }

    #[test]
    fn a_space_reads_back_what_was_set() {
        let person = Grantee::Person("a:b".into());
        let grant = Grant {
            role: Role::Editor,
            until_ms: Some(5),
        };
        let (key, text) = set(Keys::grant("p", &person), &grant);
        let mut entries = entries(&[("member:a:b", r#"{"role":"owner"}"#)]);
        entries.insert(key, text.expect("a value"));
        let space = Space::read(&entries).expect("read").expect("a space");
        assert_eq!(space.members["a:b"].role, Role::Owner);
        assert_eq!(space.grants["p"][&person], grant);
        assert_eq!(space.next_end_after(4), Some(5));
        assert_eq!(space.next_end_after(5), None);
    }

    #[test]
    fn a_record_without_settings_is_no_space() {
        assert_eq!(Space::read(&Entries::new()), Ok(None));
    }

    #[test]
    fn what_this_version_does_not_know_is_never_left_out_in_silence() {
        for (key, text) in [
            ("fence:x", "{}"),
            ("whatever", "{}"),
            ("grant:p:planet:x", r#"{"role":"editor"}"#),
            ("grant:p", r#"{"role":"editor"}"#),
            ("member:a", "{}"),
            ("member:a", r#"{"role":"king"}"#),
            ("member:a", r#"{"role":"owner","only_on":"mondays"}"#),
        ] {
            let error = Space::read(&entries(&[(key, text)])).expect_err(key);
            assert_eq!(error.key, key);
        }
    }

    #[test]
    fn ids_are_safe_in_names_and_addresses() {
        for (text, fine) in [
            ("finance", true),
            ("a-1", true),
            ("", false),
            ("-a", false),
            ("A", false),
            ("a/b", false),
            ("..", false),
            ("é", false),
        ] {
            assert_eq!(is_id(text), fine, "{text:?}");
        }
        assert!(!is_id(&"a".repeat(65)));
    }
}
