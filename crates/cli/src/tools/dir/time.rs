//! Local time in the en-US format.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use linksmith::FileTime;

/// Shows times in the time zone of the system, or of `TZ`.
pub(super) struct Clock(TimeZone);

impl Clock {
    pub(super) fn of_system() -> Self {
        Self(TimeZone::system())
    }

    /// `06/14/2018  10:36 AM`: 20 columns; blank where the time is not known or out of range.
    pub(super) fn show(&self, time: FileTime) -> String {
        let (seconds, nanoseconds) = time.to_unix();
        let known = Timestamp::new(seconds, i32::try_from(nanoseconds).unwrap_or(0)).ok();
        match known.filter(|_| time != FileTime::default()) {
            Some(known) => {
                let local = self.0.to_datetime(known);
                local.strftime("%m/%d/%Y  %I:%M %p").to_string()
            }
            None => " ".repeat(20),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn en_us_in_its_zone() {
        let clock = Clock(TimeZone::fixed(jiff::tz::offset(-4)));
        let check = |unix: i64, want: &str| {
            assert_eq!(clock.show(FileTime::from_unix(unix, 0)), want);
        };
        check(1_339_079_520, "06/07/2012  10:32 AM");
        check(1_339_084_800, "06/07/2012  12:00 PM");
        check(1_339_041_600, "06/07/2012  12:00 AM");
        assert_eq!(clock.show(FileTime::default()).trim(), "");
    }
}
