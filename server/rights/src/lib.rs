//! Who may do what in a space: roles and actions, the space as its record says it, and the role
//! that somebody has at a place of it.
//!
//! Everything here is a function of its arguments: no IO, no clock (times are arguments, in
//! milliseconds since 1970), no randomness. [`effective`] is the only place where rights come from.
//!
//! Promises, each a property in `tests/`:
//! * nobody gains by a restriction, a lock or an end, and nobody loses by a grant;
//! * what is made below a restriction is an exception from it; a lock has none;
//! * a page tree always reads, whatever two servers wrote at once: a cycle has no rights;
//! * a space always has an owner, unless two servers remove the last two at once.

mod change;
mod effective;
mod pages;
mod role;
mod space;

pub use change::{Denied, check_grant, check_link, check_member};
pub use effective::{Place, Principal, Rights, effective};
pub use pages::{MoveError, PAGE_DEPTH_MAX, PAGES_MAX, Position, chain, children, moved};
pub use role::{Action, Role, UnknownRole};
pub use space::{
    Changes, Entries, Grant, Grantee, Group, Keys, Link, Member, Page, ReadError, Space,
    SpaceSettings, TemplateFor, Visibility, is_id, set,
};
