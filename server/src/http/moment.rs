//! Days and hours as people read them. The server knows nobody's time zone, so it says which it is.

use unisson_history::escaped;
use unisson_storage::utc;

use crate::http::language::Language;

const ENGLISH: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const FRENCH: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

/// The day of a moment.
pub(crate) fn day(ms: u64, language: Language) -> String {
    let iso = utc(ms);
    let said = spoken(&iso, language).map(|(day, _)| day);
    said.unwrap_or(iso)
}

/// A moment as HTML, for programs and for people.
pub(crate) fn time(ms: u64, language: Language) -> String {
    let iso = utc(ms);
    let said = spoken(&iso, language).map(|(day, hour)| format!("{day}, {hour} UTC"));
    let text = said.unwrap_or_else(|| iso.clone());
    format!(
        "<time datetime=\"{}\">{}</time>",
        escaped(&iso),
        escaped(&text)
    )
}

/// The day, and the hour.
fn spoken(iso: &str, language: Language) -> Option<(String, &str)> {
    let (day, hour) = iso.split_once('T')?;
    let mut parts = day.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let month = month.parse::<usize>().ok()?.checked_sub(1)?;
    let day = day.trim_start_matches('0');
    let hour = hour.get(..5)?;
    let said = match language {
        Language::English => format!("{day} {} {year}", ENGLISH.get(month)?),
        Language::French => {
            let day = if day == "1" { "1er" } else { day };
            format!("{day} {} {year}", FRENCH.get(month)?)
        }
    };
    Some((said, hour))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_said_in_both_languages() {
        let ms = 1_764_547_200_000;
        assert!(time(ms, Language::English).contains("1 December 2025, 00:00 UTC"));
        assert_eq!(day(ms, Language::French), "1er décembre 2025");
        assert!(time(ms, Language::French).contains("1er décembre 2025, 00:00 UTC"));
    }
}
