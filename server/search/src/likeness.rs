//! Names as people look for them: without accents, in any case, by any part.

use crate::words::Spelling;

/// What somebody typed to find a name.
pub struct Likeness {
    spelling: Spelling,
    wanted: Vec<String>,
}

impl std::fmt::Debug for Likeness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Likeness").field(&self.wanted).finish()
    }
}

impl Likeness {
    /// Of these words, each of which has to be there.
    pub fn to(words: &str) -> Self {
        let mut spelling = Spelling::new();
        let wanted = words.split_whitespace().map(|word| spelling.fold(word));
        Self {
            wanted: wanted.collect(),
            spelling,
        }
    }

    /// Whether a name has all of them.
    pub fn is_in(&mut self, name: &str) -> bool {
        let name = self.spelling.fold(name);
        self.wanted.iter().all(|word| name.contains(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_case_and_order_do_not_count() {
        let mut likeness = Likeness::to(" martin ZOE");
        assert!(likeness.is_in("Zoé Martin"));
        assert!(likeness.is_in("MARTINEZ, Zoë"));
        assert!(!likeness.is_in("Zoé Durand"));
        assert!(Likeness::to("oe").is_in("Cœur"));
    }
}
