//! Times as people give them: a date, a date with a time, or how long ago.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use linksmith::entry::FileTime;

/// `2026-01-31`, `2026-01-31 12:30`, an RFC 3339 time, or `3d`, `2 hours` before now.
pub(crate) fn parse(text: &str) -> Result<FileTime, String> {
    parse_at(text, Timestamp::now(), &TimeZone::system())
}

fn parse_at(text: &str, now: Timestamp, zone: &TimeZone) -> Result<FileTime, String> {
    let time = if let Ok(time) = text.parse::<Timestamp>() {
        Ok(time)
    } else if let Ok(time) = text.parse::<DateTime>() {
        zone.to_timestamp(time)
    } else if let Ok(date) = text.parse::<Date>() {
        zone.to_timestamp(date.to_datetime(Time::midnight()))
    } else if let Ok(span) = text.parse::<Span>() {
        // Days are those of the calendar, so it is done in local time.
        let then = zone.to_datetime(now).checked_sub(span.abs());
        then.and_then(|then| zone.to_timestamp(then))
    } else {
        return Err("a date such as 2026-01-31, a time, or an age such as 3d".to_owned());
    };
    let time = time.map_err(|e| e.to_string())?;
    let nanoseconds = time.subsec_nanosecond().unsigned_abs();
    Ok(FileTime::from_unix(time.as_second(), nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_times_and_ages() {
        let now = Timestamp::new(1_770_000_000, 0).expect("a time");
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        let check = |text: &str, unix: i64| {
            let time = parse_at(text, now, &zone).map(|t| t.to_unix().0);
            assert_eq!(time, Ok(unix), "{text}");
        };
        check("2d", 1_770_000_000 - 2 * 86_400);
        check("3 hours", 1_770_000_000 - 3 * 3_600);
        check("2026-01-31T12:30:00Z", 1_769_862_600);
        check("2026-01-31 13:30", 1_769_862_600);
        check("2026-01-31", 1_769_814_000);
        assert!(parse_at("soon", now, &zone).is_err());
    }
}
