//! The hour of a place, without the world's tables of it: a fixed distance from UTC, with Europe's
//! summer time where it counts. Those rules have been the same since 1996.

/// A zone that the settings name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone {
    /// Minutes ahead of UTC in winter.
    standard_minutes: i32,
    /// One hour more from the last Sunday of March to that of October, from 01:00 UTC on.
    has_summer: bool,
}

const fn zone(standard_minutes: i32, has_summer: bool) -> Zone {
    Zone {
        standard_minutes,
        has_summer,
    }
}

/// The zones that have names here: those of France, and of the European Union.
const NAMED: &[(&str, Zone)] = &[
    ("UTC", zone(0, false)),
    ("Europe/Paris", zone(60, true)),
    ("Europe/Brussels", zone(60, true)),
    ("Europe/Luxembourg", zone(60, true)),
    ("Europe/Berlin", zone(60, true)),
    ("Europe/Madrid", zone(60, true)),
    ("Europe/Rome", zone(60, true)),
    ("Europe/Vienna", zone(60, true)),
    ("Europe/Amsterdam", zone(60, true)),
    ("Europe/Warsaw", zone(60, true)),
    ("Europe/Zurich", zone(60, true)),
    ("Europe/Dublin", zone(0, true)),
    ("Europe/Lisbon", zone(0, true)),
    ("Europe/Athens", zone(120, true)),
    ("Europe/Bucharest", zone(120, true)),
    ("Europe/Helsinki", zone(120, true)),
    ("America/Guadeloupe", zone(-240, false)),
    ("America/Martinique", zone(-240, false)),
    ("America/Cayenne", zone(-180, false)),
    ("Indian/Reunion", zone(240, false)),
    ("Indian/Mayotte", zone(180, false)),
    ("Pacific/Noumea", zone(660, false)),
    ("Pacific/Tahiti", zone(-600, false)),
    ("Pacific/Wallis", zone(720, false)),
];

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// A day of a zone: which one since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub i64);

impl Zone {
    /// `Europe/Paris`.
    pub const PARIS: Self = zone(60, true);

    /// One of the names, or a distance from UTC as `+02:00`.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some((_, zone)) = NAMED.iter().find(|(name, _)| *name == text) {
            return Ok(*zone);
        }
        distance(text)
            .map(|minutes| zone(minutes, false))
            .ok_or_else(|| {
                let names: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
                format!(
                    "{text:?} is no distance from UTC as +02:00, and none of {}",
                    names.join(", ")
                )
            })
    }

    /// Which day it is there.
    pub fn day(self, at_ms: u64) -> Day {
        Day(self.local_ms(at_ms).div_euclid(DAY_MS))
    }

    /// When an hour of a day is there. No clock is put forward or back at an hour of the morning from
    /// four on; one that there is twice is the first.
    pub fn moment(self, Day(day): Day, hour: u8) -> u64 {
        let local_ms = day * DAY_MS + i64::from(hour) * HOUR_MS;
        let guess_ms = local_ms - i64::from(self.standard_minutes) * MINUTE_MS;
        let summer_ms = guess_ms - HOUR_MS;
        let at_ms = match self.has_summer && is_summer(summer_ms) {
            true => summer_ms,
            false => guess_ms,
        };
        u64::try_from(at_ms).unwrap_or(0)
    }

    fn local_ms(self, at_ms: u64) -> i64 {
        let at_ms = i64::try_from(at_ms).unwrap_or(i64::MAX / 2);
        let summer_ms = match self.has_summer && is_summer(at_ms) {
            true => HOUR_MS,
            false => 0,
        };
        at_ms + i64::from(self.standard_minutes) * MINUTE_MS + summer_ms
    }
}

impl Day {
    /// As `2026-11-30`.
    pub fn text(self) -> String {
        let (year, month, day) = civil(self.0);
        format!("{year:04}-{month:02}-{day:02}")
    }
}

fn distance(text: &str) -> Option<i32> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let is_two = |digits: &str| digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_two(hours) || !is_two(minutes) {
        return None;
    }
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

fn is_summer(at_ms: i64) -> bool {
    let (year, ..) = civil(at_ms.div_euclid(DAY_MS));
    let change_ms = |month| last_sunday(year, month) * DAY_MS + HOUR_MS;
    (change_ms(3)..change_ms(10)).contains(&at_ms)
}

/// The last Sunday of a month of 31 days. The first day of 1970 was a Thursday.
fn last_sunday(year: i64, month: i64) -> i64 {
    let last = days(year, month, 31);
    last - (last + 4).rem_euclid(7)
}

/// Days since 1970; years begin in March, so that the day that there is not each year is the last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a day since 1970.
fn civil(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    (year, month, of_month)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// By the clock of UTC.
    fn utc(day: &str, hour: i64) -> u64 {
        let mut parts = day
            .split('-')
            .map(|part| part.parse::<i64>().expect("a number"));
        let mut next = || parts.next().expect("a part");
        let ms = days(next(), next(), next()) * DAY_MS + hour * HOUR_MS;
        u64::try_from(ms).expect("after 1970")
    }

    #[test]
    fn seven_in_paris_is_six_in_winter_and_five_in_summer() {
        let at = |day: &str| Zone::PARIS.moment(Zone::PARIS.day(utc(day, 12)), 7);
        assert_eq!(at("2026-11-26"), utc("2026-11-26", 6));
        assert_eq!(at("2026-07-14"), utc("2026-07-14", 5));
        // The Saturdays and Sundays on which clocks change: 28/29 March and 24/25 October 2026.
        assert_eq!(at("2026-03-28"), utc("2026-03-28", 6));
        assert_eq!(at("2026-03-29"), utc("2026-03-29", 5));
        assert_eq!(at("2026-10-24"), utc("2026-10-24", 5));
        assert_eq!(at("2026-10-25"), utc("2026-10-25", 6));
    }

    #[test]
    fn a_day_begins_at_the_midnight_of_the_zone() {
        assert_eq!(Zone::PARIS.day(utc("2026-11-25", 23)).text(), "2026-11-26");
        let noumea = Zone::parse("Pacific/Noumea").expect("a zone");
        assert_eq!(noumea.day(utc("2026-11-25", 13)).text(), "2026-11-26");
        let west = Zone::parse("-03:30").expect("a zone");
        assert_eq!(west.day(utc("2026-11-26", 3)).text(), "2026-11-25");
        assert_eq!(Day(0).text(), "1970-01-01");
        assert_eq!(
            Zone::parse("UTC")
                .expect("a zone")
                .day(utc("2028-02-29", 1))
                .text(),
            "2028-02-29"
        );
    }

    #[test]
    fn what_is_no_zone_is_refused() {
        for text in [
            "", "Paris", "+2", "+02:60", "+15:00", "02:00", "+2:000", "+é:00",
        ] {
            assert!(Zone::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_hour_of_a_day_is_in_that_day(at in 0u64..4_000_000_000_000, hour in 4u8..24) {
            for (_, zone) in NAMED {
                let day = zone.day(at);
                prop_assert_eq!(zone.day(zone.moment(day, hour)), day);
                let (year, month, of_month) = civil(day.0);
                prop_assert_eq!(days(year, month, of_month), day.0);
            }
        }
    }
}
