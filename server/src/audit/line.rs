//! One line of the log, and how lines are chained: pure.
//!
//! Each line carries the hash of the one before. The hash is taken over the line without the parts
//! that name people; of each such part it covers a salted hash. So a person can be forgotten (the
//! part is taken out) and the chain still holds; nobody can put another person in its place; and
//! without the salt nobody can find out by trying who it was.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use unisson_storage::utc;

/// What the first line of a chain has in place of a hash.
pub(crate) const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Whether it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    Done,
    Refused,
}

/// What names a person. Taken out when the person is forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Personal {
    pub(crate) salt: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<String>,
}

/// One line. The order of the fields is the order in which they are hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    pub(crate) seq: u64,
    pub(crate) prev: String,
    pub(crate) at: String,
    pub(crate) at_ms: u64,
    pub(crate) action: String,
    pub(crate) verdict: Verdict,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) document: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) space: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) detail: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) who_hash: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) about_hash: Option<String>,
    /// Who did it, and from where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) who: Option<Personal>,
    /// Whom it was done to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) about: Option<Personal>,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Broken {
    #[error("it is not a line of the log: {0}")]
    Form(String),
    #[error("it has the number {found}, and the one before it {before}")]
    Number { found: u64, before: u64 },
    #[error("the line before it was changed, or one is missing: its hash is another one")]
    Before,
    #[error("whom it names was changed")]
    Person,
    #[error("its two times differ")]
    Time,
}

impl Line {
    /// A line of text.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Broken> {
        let line: Self =
            serde_json::from_slice(text).map_err(|error| Broken::Form(error.to_string()))?;
        // Written in exactly one way: whatever else the text may say is not covered by a hash.
        match line.text() == text {
            true => Ok(line),
            false => Err(Broken::Form(
                "it is not written as this log writes it".into(),
            )),
        }
    }

    /// As it stands in the log, without the line feed.
    pub(crate) fn text(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// What the next line carries.
    pub(crate) fn hash(&self) -> String {
        let bare = Self {
            who: None,
            about: None,
            ..self.clone()
        };
        blake3::hash(&bare.text()).to_hex().to_string()
    }

    /// Whether people are whom the line was written about, as far as they are not forgotten.
    fn check_people(&self) -> Result<(), Broken> {
        for (person, hash) in [(&self.who, &self.who_hash), (&self.about, &self.about_hash)] {
            if person.is_some() && person.as_ref().map(Personal::hash) != *hash {
                return Err(Broken::Person);
            }
        }
        Ok(())
    }

    /// How many people it no longer names.
    pub(crate) fn forgotten(&self) -> u64 {
        let gone = |person: &Option<Personal>, hash: &Option<String>| {
            u64::from(person.is_none() && hash.is_some())
        };
        gone(&self.who, &self.who_hash) + gone(&self.about, &self.about_hash)
    }

    /// Takes a person out; whether there was anything to take out.
    pub(crate) fn forget(&mut self, is_them: impl Fn(&str) -> bool) -> bool {
        let is_named = |person: &Option<Personal>| {
            let id = person.as_ref().and_then(|person| person.id.as_deref());
            id.is_some_and(&is_them)
        };
        let (who, about) = (is_named(&self.who), is_named(&self.about));
        if who {
            self.who = None;
        }
        if about {
            self.about = None;
        }
        who || about
    }
}

impl Personal {
    pub(crate) fn hash(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        blake3::hash(&text).to_hex().to_string()
    }
}

/// What a line is about, before it has its place in a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) at_ms: u64,
    pub(crate) action: &'static str,
    pub(crate) verdict: Verdict,
    pub(crate) document: Option<String>,
    pub(crate) space: Option<String>,
    pub(crate) detail: BTreeMap<String, String>,
    pub(crate) who: Option<Personal>,
    pub(crate) about: Option<Personal>,
}

/// The end of a chain: what the next line is linked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) seq: u64,
    pub(crate) hash: String,
}

impl Default for Head {
    fn default() -> Self {
        Self {
            seq: 0,
            hash: NOTHING.to_owned(),
        }
    }
}

impl Head {
    /// Writes the next line.
    pub(crate) fn append(&mut self, content: Content) -> Line {
        let line = Line {
            seq: self.seq + 1,
            prev: self.hash.clone(),
            at: utc(content.at_ms),
            at_ms: content.at_ms,
            action: content.action.to_owned(),
            verdict: content.verdict,
            document: content.document,
            space: content.space,
            detail: content.detail,
            who_hash: content.who.as_ref().map(Personal::hash),
            about_hash: content.about.as_ref().map(Personal::hash),
            who: content.who,
            about: content.about,
        };
        self.seq = line.seq;
        self.hash = line.hash();
        line
    }

    /// Checks the next line.
    pub(crate) fn follow(&mut self, line: &Line) -> Result<(), Broken> {
        if line.seq != self.seq + 1 {
            return Err(Broken::Number {
                found: line.seq,
                before: self.seq,
            });
        }
        if line.prev != self.hash {
            return Err(Broken::Before);
        }
        self.accept(line)
    }

    /// Takes a line without one before it: earlier ones were removed when their time was over.
    pub(crate) fn accept(&mut self, line: &Line) -> Result<(), Broken> {
        line.check_people()?;
        if utc(line.at_ms) != line.at {
            return Err(Broken::Time);
        }
        self.seq = line.seq;
        self.hash = line.hash();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(id: &str) -> Personal {
        Personal {
            salt: "abc".into(),
            id: Some(id.into()),
            name: None,
            address: Some("192.0.2.1".into()),
        }
    }

    fn lines() -> Vec<Line> {
        let mut head = Head::default();
        let content = |n: u64| Content {
            at_ms: n,
            action: "access",
            verdict: Verdict::Done,
            document: Some(format!("doc{n}")),
            space: None,
            detail: BTreeMap::new(),
            who: Some(person("ann")),
            about: (n == 2).then(|| person("bob")),
        };
        (1..=4).map(|n| head.append(content(n))).collect()
    }

    fn verify(lines: &[Line]) -> Result<Head, (usize, Broken)> {
        let mut head = Head::default();
        for (at, line) in lines.iter().enumerate() {
            let parsed = Line::parse(&line.text()).map_err(|broken| (at, broken))?;
            head.follow(&parsed).map_err(|broken| (at, broken))?;
        }
        Ok(head)
    }

    #[test]
    fn a_chain_that_nobody_touched_holds() {
        assert_eq!(verify(&lines()).expect("whole").seq, 4);
    }

    #[test]
    fn each_kind_of_tampering_breaks_it() {
        let tampered = |change: fn(&mut Vec<Line>)| {
            let mut lines = lines();
            change(&mut lines);
            verify(&lines).expect_err("broken")
        };
        let changed = tampered(|lines| lines[1].document = Some("other".into()));
        assert_eq!(changed, (2, Broken::Before));
        let removed = tampered(|lines| drop(lines.remove(1)));
        assert!(matches!(removed, (1, Broken::Number { .. })));
        let swapped = tampered(|lines| lines.swap(1, 2));
        assert_eq!(swapped.0, 1);
        let blamed = tampered(|lines| lines[1].who = Some(person("eve")));
        assert_eq!(blamed, (1, Broken::Person));
        let forgotten = tampered(|lines| (lines[1].who, lines[1].who_hash) = (None, None));
        assert_eq!(forgotten, (2, Broken::Before));
        let moved = tampered(|lines| lines[3].at = "1999-01-01T00:00:00Z".into());
        assert_eq!(moved, (3, Broken::Time));
    }

    #[test]
    fn an_end_that_is_cut_off_shows_against_a_head_that_was_published() {
        let whole = verify(&lines()).expect("whole");
        let cut = verify(&lines()[..3]).expect("a chain like any other");
        assert!(cut.seq < whole.seq && cut.hash != whole.hash);
    }

    #[test]
    fn a_person_is_forgotten_and_the_chain_holds() {
        let mut lines = lines();
        let before = verify(&lines).expect("whole");
        assert!(lines.iter_mut().all(|line| line.forget(|id| id == "ann")));
        assert!(lines.iter_mut().all(|line| !line.forget(|id| id == "ann")));
        assert_eq!(verify(&lines).expect("whole"), before);
        assert_eq!(lines.iter().map(Line::forgotten).sum::<u64>(), 4);
        let text: Vec<u8> = lines.iter().flat_map(Line::text).collect();
        let text = String::from_utf8(text).expect("text");
        assert!(!text.contains("ann") && text.contains("bob"));
    }

    #[test]
    fn a_line_is_written_in_one_way_only() {
        let line = &lines()[0];
        let text = String::from_utf8(line.text()).expect("text");
        for other in [
            text.replace("{\"seq\"", "{ \"seq\""),
            text.replace("{\"seq\"", "{\"x\":1,\"seq\""),
        ] {
            assert!(
                matches!(Line::parse(other.as_bytes()), Err(Broken::Form(_))),
                "{other}"
            );
        }
    }
}
