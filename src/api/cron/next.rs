//! The search for the next time of a schedule (`SpecSchedule.Next` and `ConstantDelaySchedule.Next` of robfig/cron
//! v3.0.1).

use super::Fields;
use super::zone::DayOfMonth;
use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

/// Go's zero time, the first instant of the year 1: what the library gives if it finds no time within five years.
pub const ZERO_TIME: Timestamp = Timestamp::constant(-62_135_596_800, 0);

/// How far ahead the search goes.
const YEARS: i16 = 5;
/// So many steps that come no further than before prove that the search goes in circles: a step is about a day, and a
/// circle goes back over a missing day or two.
const CIRCLE: u32 = 64;

/// The library's search would never end: it goes back and forth before a day that does not exist in the time zone, as
/// 30 December 2011 in Pacific/Apia. The real controller's worker hangs then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the search for the next time never ends at a day that the time zone skips (in robfig/cron as well)")]
pub struct EndlessSearch;

/// A span as `@every` keeps it: whole seconds, at least one.
pub fn whole_seconds(span: SignedDuration) -> SignedDuration {
    SignedDuration::from_secs(span.as_secs().max(1))
}

/// The next time of `@every`: a span later, on a whole second.
pub fn after(time: Timestamp, span: SignedDuration) -> Timestamp {
    whole_second(time).checked_add(span).unwrap_or(Timestamp::MAX)
}

/// The whole second that a time is in.
fn whole_second(time: Timestamp) -> Timestamp {
    let floor = time.as_nanosecond().div_euclid(1_000_000_000);
    i64::try_from(floor).ok().and_then(|second| Timestamp::from_second(second).ok()).unwrap_or(Timestamp::MIN)
}

/// Where a search stands.
struct Search<'a> {
    fields: &'a Fields,
    time: Timestamp,
    local: DateTime,
    /// Whether a field was raised: the smaller ones were reset then.
    raised: bool,
    furthest: Timestamp,
    steps_without_progress: u32,
}

impl Search<'_> {
    fn go_to(&mut self, time: Timestamp) {
        self.time = time;
        self.local = self.fields.zone.local(time);
    }

    /// Goes ahead in a step that raises a field.
    fn step_to(&mut self, time: Timestamp) -> Result<(), EndlessSearch> {
        self.go_to(time);
        if time > self.furthest {
            self.furthest = time;
            self.steps_without_progress = 0;
        } else {
            self.steps_without_progress += 1;
            if self.steps_without_progress > CIRCLE {
                return Err(EndlessSearch);
            }
        }
        Ok(())
    }

    fn step_by(&mut self, seconds: i64) -> Result<(), EndlessSearch> {
        let time = self.time.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
        self.step_to(time)
    }

    /// The same time of day on another day.
    fn on(&self, date: DayOfMonth) -> Timestamp {
        self.fields.zone.instant(date, self.local.hour(), self.local.minute(), self.local.second())
    }

    /// Resets the smaller fields with the first field that is raised.
    fn reset(&mut self, date: DayOfMonth, hour: i8) {
        if !self.raised {
            self.raised = true;
            self.go_to(self.fields.zone.instant(date, hour, 0, 0));
        }
    }

    /// Raises the fields in order until they fit; returns whether a larger one has to be looked at again.
    fn pass(&mut self) -> Result<bool, EndlessSearch> {
        while !self.fields.month.has(self.local.month()) {
            self.reset(DayOfMonth { day: 1, ..DayOfMonth::of(self.local) }, 0);
            let date = DayOfMonth::of(self.local);
            self.step_to(self.on(DayOfMonth { month: date.month + 1, ..date }))?;
            if self.local.month() == 1 {
                return Ok(true);
            }
        }
        while !self.fields.day_fits(self.local) {
            self.reset(DayOfMonth::of(self.local), 0);
            let date = DayOfMonth::of(self.local);
            let mut time = self.on(DayOfMonth { day: date.day + 1, ..date });
            // Midnight may not exist where clocks are changed then.
            let hour = i64::from(self.fields.zone.local(time).hour());
            if hour != 0 {
                let hours = if hour > 12 { 24 - hour } else { -hour };
                time = time.checked_add(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MAX);
            }
            self.step_to(time)?;
            if self.local.day() == 1 {
                return Ok(true);
            }
        }
        while !self.fields.hour.has(self.local.hour()) {
            self.reset(DayOfMonth::of(self.local), self.local.hour());
            self.step_by(3600)?;
            if self.local.hour() == 0 {
                return Ok(true);
            }
        }
        while !self.fields.minute.has(self.local.minute()) {
            if !self.raised {
                self.raised = true;
                // A whole minute since the year 1, whatever the zone's offset.
                let minute = self.time.as_second().div_euclid(60) * 60;
                self.go_to(Timestamp::from_second(minute).unwrap_or(self.time));
            }
            self.step_by(60)?;
            if self.local.minute() == 0 {
                return Ok(true);
            }
        }
        while self.local.second() != 0 {
            self.raised = true;
            self.step_by(1)?;
            if self.local.second() == 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Fields {
    /// `SpecSchedule.Next`.
    pub(super) fn next(&self, after: Timestamp) -> Result<Timestamp, EndlessSearch> {
        let time = super::next::after(after, SignedDuration::from_secs(1));
        let local = self.zone.local(time);
        let last_year = local.year().saturating_add(YEARS);
        let mut search = Search { fields: self, time, local, raised: false, furthest: time, steps_without_progress: 0 };
        while search.local.year() <= last_year {
            if !search.pass()? {
                return Ok(search.time);
            }
        }
        Ok(ZERO_TIME)
    }

    /// Whether the day is one of the schedule's (`dayMatches`): of both fields if one has a star, else of either.
    fn day_fits(&self, local: DateTime) -> bool {
        let fits_month = self.day_of_month.has(local.day());
        let fits_week = self.day_of_week.has(local.weekday().to_sunday_zero_offset());
        if self.day_of_month.is_star || self.day_of_week.is_star {
            fits_month && fits_week
        } else {
            fits_month || fits_week
        }
    }
}
