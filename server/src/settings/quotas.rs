//! How much documents may take together in the store, by the beginning of their names.

use serde::Deserialize;

use super::SettingsError;

/// More rules would be looked through for each document that opens.
const RULES_MAX: usize = 256;
const WARN_PERCENT: u64 = 80;

/// One `[[quotas]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QuotaFile {
    prefix: String,
    bytes_max: u64,
    warn_percent: Option<u64>,
}

/// What the documents of a place may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaRule {
    /// Ends with a slash; a part `*` stands for any one, and each has a quota of its own.
    pub prefix: String,
    /// Past this, documents are read only.
    pub bytes_max: u64,
    /// Past this, people are warned.
    pub warn_bytes: u64,
}

impl QuotaRule {
    /// The place that a document belongs to by this rule, if any: the beginning of its name.
    pub fn place<'a>(&self, name: &'a str) -> Option<&'a str> {
        let mut end = 0;
        for part in self.prefix.split_terminator('/') {
            let rest = &name[end..];
            let (found, _) = rest.split_once('/')?;
            if part != "*" && part != found {
                return None;
            }
            end += found.len() + 1;
        }
        Some(&name[..end])
    }
}

/// Checks the rules. The first one that a document fits counts.
pub(super) fn gather(files: Vec<QuotaFile>) -> Result<Vec<QuotaRule>, SettingsError> {
    let wrong = |problem: String| SettingsError::Value {
        key: "quotas",
        problem,
    };
    if files.len() > RULES_MAX {
        return Err(wrong(format!("at most {RULES_MAX} rules")));
    }
    let rule = |file: QuotaFile| {
        let percent = file.warn_percent.unwrap_or(WARN_PERCENT);
        if !file.prefix.is_empty() && !file.prefix.ends_with('/') {
            return Err(wrong(format!("{:?} must end with a slash", file.prefix)));
        }
        if file.bytes_max == 0 || !(1..=100).contains(&percent) {
            return Err(wrong(
                "bytes_max must not be zero, warn_percent is from 1 to 100".into(),
            ));
        }
        let warn = u128::from(file.bytes_max) * u128::from(percent) / 100;
        Ok(QuotaRule {
            prefix: file.prefix,
            bytes_max: file.bytes_max,
            warn_bytes: u64::try_from(warn).unwrap_or(u64::MAX),
        })
    };
    files.into_iter().map(rule).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(prefix: &str) -> QuotaRule {
        QuotaRule {
            prefix: prefix.into(),
            bytes_max: 1,
            warn_bytes: 1,
        }
    }

    #[test]
    fn each_place_that_a_star_stands_for_is_one_of_its_own() {
        let spaces = rule("spaces/*/");
        assert_eq!(spaces.place("spaces/canteen/menu"), Some("spaces/canteen/"));
        assert_eq!(spaces.place("spaces/é/a/b"), Some("spaces/é/"));
        assert_eq!(spaces.place("spaces/canteen"), None);
        assert_eq!(spaces.place("other/canteen/menu"), None);
    }

    #[test]
    fn a_plain_prefix_is_one_place_and_none_is_everything() {
        assert_eq!(rule("a/b/").place("a/b/c"), Some("a/b/"));
        assert_eq!(rule("a/b/").place("a/bc/d"), None);
        assert_eq!(rule("").place("anything"), Some(""));
    }

    #[test]
    fn a_rule_that_would_cut_a_name_in_two_is_refused() {
        let file = |prefix: &str, bytes_max| QuotaFile {
            prefix: prefix.into(),
            bytes_max,
            warn_percent: None,
        };
        assert!(gather(vec![file("spaces/c", 1)]).is_err());
        assert!(gather(vec![file("spaces/", 0)]).is_err());
        let rules = gather(vec![file("spaces/", 1_000)]).expect("fine");
        assert_eq!(rules[0].warn_bytes, 800);
    }
}
