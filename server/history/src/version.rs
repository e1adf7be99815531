//! Versions: what is noted of each, when one is wanted, and which may go.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use unisson_protocol::encoding::{DecodeError, Reader, Writer};

use crate::entry::{Author, read_author, write_author};

/// The version of notes that [`VersionNote::encode`] writes.
const NOTE_VERSION: u8 = 1;
const HAS_LABEL: u8 = 1;
const HAS_MAKER: u8 = 2;
/// Authors named in one note; who wrote beside them stands in the blame.
const AUTHORS_MAX: usize = 100;
/// The longest label, in bytes.
pub const LABEL_BYTES_MAX: usize = 400;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
const MONTH_MS: u64 = 30 * DAY_MS;

/// What stands beside a version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VersionNote {
    /// The name that somebody gave it. A named version is kept for ever.
    pub label: Option<Arc<str>>,
    /// Who asked for it; nobody, where a pause in the work did.
    pub maker: Option<Author>,
    /// The last edit in it, in milliseconds since 1970; 0: unknown.
    pub last_edit_ms: u64,
    /// Who wrote since the version before.
    pub authors: Vec<Author>,
}

impl VersionNote {
    /// The note as bytes.
    pub fn encode(&self) -> Bytes {
        let mut writer = Writer::default();
        let flag = |there: bool, flag| if there { flag } else { 0 };
        let flags = flag(self.label.is_some(), HAS_LABEL) | flag(self.maker.is_some(), HAS_MAKER);
        writer.bytes(&[NOTE_VERSION, flags]);
        writer.var_uint(self.last_edit_ms);
        if let Some(label) = &self.label {
            writer.var_string(label);
        }
        if let Some(maker) = &self.maker {
            write_author(&mut writer, maker);
        }
        let authors = self.authors.iter().take(AUTHORS_MAX);
        writer.var_uint(authors.len() as u64);
        authors.for_each(|author| write_author(&mut writer, author));
        writer.finish()
    }

    /// Reads what [`VersionNote::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let version = reader.byte()?;
        if version != NOTE_VERSION {
            return Err(DecodeError::Unknown {
                what: "version of a note",
                value: u64::from(version),
            });
        }
        let flags = reader.byte()?;
        let last_edit_ms = reader.var_uint()?;
        let label = (flags & HAS_LABEL != 0).then(|| reader.var_string().map(Into::into));
        let label = label.transpose()?;
        let maker = (flags & HAS_MAKER != 0).then(|| read_author(&mut reader));
        let maker = maker.transpose()?;
        let authors = (0..reader.count(1)?).map(|_| read_author(&mut reader));
        let authors = authors.collect::<Result<_, _>>()?;
        if !reader.is_empty() {
            return Err(DecodeError::Invalid("bytes after the end"));
        }
        Ok(Self {
            label,
            maker,
            last_edit_ms,
            authors,
        })
    }
}

/// The newest version, as far as it decides about another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Newest {
    /// When it was made, in milliseconds since 1970.
    pub created_ms: u64,
    /// The last edit in it.
    pub last_edit_ms: u64,
}

/// Whether a version would say anything new. Where it is asked for only because everybody has
/// left, they may be back in a moment: then the newest one must be older than `pause_ms`.
pub fn is_wanted(
    newest: Option<Newest>,
    last_edit_ms: Option<u64>,
    leaving: bool,
    now_ms: u64,
    pause_ms: u64,
) -> bool {
    let Some(last_edit_ms) = last_edit_ms else {
        return false;
    };
    newest.is_none_or(|newest| {
        newest.last_edit_ms < last_edit_ms
            && !(leaving && newest.created_ms.saturating_add(pause_ms) > now_ms)
    })
}

/// How long how many unnamed versions are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thinning {
    /// All that are younger.
    pub all_ms: u64,
    /// One for each hour, of those younger than this.
    pub hourly_ms: u64,
    /// One for each day, of those younger than this; of the older ones one for 30 days.
    pub daily_ms: u64,
}

impl Default for Thinning {
    fn default() -> Self {
        Self {
            all_ms: HOUR_MS,
            hourly_ms: DAY_MS,
            daily_ms: MONTH_MS,
        }
    }
}

/// Which of some versions may go: `(when it was made, whether it has a name)`, in any order. The
/// last of each hour, day or month stays, so that what stays today stays tomorrow.
pub fn superfluous(versions: &[(u64, bool)], now_ms: u64, thinning: &Thinning) -> Vec<usize> {
    let mut kept: BTreeMap<(u64, u64), usize> = BTreeMap::new();
    let mut superfluous = Vec::new();
    let newest = versions.iter().map(|(created_ms, _)| *created_ms).max();
    for (at, (created_ms, named)) in versions.iter().enumerate() {
        let age_ms = now_ms.saturating_sub(*created_ms);
        let width_ms = match age_ms {
            _ if *named || Some(*created_ms) == newest => continue,
            age_ms if age_ms < thinning.all_ms => continue,
            age_ms if age_ms < thinning.hourly_ms => HOUR_MS,
            age_ms if age_ms < thinning.daily_ms => DAY_MS,
            _ => MONTH_MS,
        };
        let bucket = (width_ms, created_ms / width_ms);
        match kept.get(&bucket).and_then(|other| versions.get(*other)) {
            Some((other_ms, _)) if other_ms >= created_ms => superfluous.push(at),
            _ => superfluous.extend(kept.insert(bucket, at)),
        }
    }
    superfluous.sort_unstable();
    superfluous
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn author(user: &str) -> Author {
        Author {
            user: Some(user.into()),
            name: None,
        }
    }

    #[test]
    fn a_note_decodes_as_it_was() {
        for note in [
            VersionNote::default(),
            VersionNote {
                label: Some("Réunion du 3".into()),
                maker: Some(author("carl")),
                last_edit_ms: 1_764_000_000_000,
                authors: vec![author("ann"), Author::default()],
            },
        ] {
            let bytes = note.encode();
            assert_eq!(VersionNote::decode(&bytes), Ok(note));
            assert!(VersionNote::decode(&bytes[..bytes.len() - 1]).is_err());
        }
    }

    #[test]
    fn a_version_that_says_nothing_new_is_not_wanted() {
        let newest = Some(Newest {
            created_ms: 1_000,
            last_edit_ms: 900,
        });
        assert!(!is_wanted(newest, Some(900), false, 10_000, 100));
        assert!(!is_wanted(None, None, false, 10_000, 100));
        assert!(is_wanted(None, Some(1), true, 10_000, 100));
        assert!(is_wanted(newest, Some(950), false, 1_001, 100));
        assert!(!is_wanted(newest, Some(950), true, 1_050, 100));
        assert!(is_wanted(newest, Some(950), true, 1_100, 100));
    }

    #[test]
    fn a_year_of_versions_thins_to_hours_days_and_months() {
        let now_ms = 400 * DAY_MS;
        let every_ms = 20 * 60_000;
        let mut versions: Vec<(u64, bool)> = Vec::new();
        for made_ms in (35 * DAY_MS..now_ms).step_by(every_ms as usize) {
            versions.push((made_ms, made_ms == 40 * DAY_MS));
            let gone = superfluous(&versions, made_ms, &Thinning::default());
            for at in gone.into_iter().rev() {
                versions.remove(at);
            }
        }
        let younger = |ms| {
            versions
                .iter()
                .filter(|(made, _)| now_ms - made <= ms)
                .count()
        };
        assert!((24..=28).contains(&younger(DAY_MS)), "{}", younger(DAY_MS));
        assert!(
            (50..=62).contains(&younger(MONTH_MS)),
            "{}",
            younger(MONTH_MS)
        );
        assert!((60..=78).contains(&versions.len()), "{}", versions.len());
        assert!(versions.contains(&(40 * DAY_MS, true)), "named for ever");
    }

    proptest! {
        #[test]
        fn thinning_again_changes_nothing_and_the_newest_stays(
            made in prop::collection::vec((0..200 * DAY_MS, any::<bool>()), 1..60),
        ) {
            let now_ms = 200 * DAY_MS;
            let gone = superfluous(&made, now_ms, &Thinning::default());
            let kept: Vec<_> = (0..made.len()).filter(|at| !gone.contains(at)).map(|at| made[at]).collect();
            prop_assert_eq!(superfluous(&kept, now_ms, &Thinning::default()), Vec::<usize>::new());
            let newest = made.iter().map(|(ms, _)| ms).max();
            prop_assert!(kept.iter().any(|(ms, _)| Some(ms) == newest));
            prop_assert!(made.iter().filter(|(_, named)| *named).all(|named| kept.contains(named)));
        }
    }
}
