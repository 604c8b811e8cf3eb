//! Schedules that people write, and the texts about wrong ones. The recorded cases are in `tests/golden/cron`.

use super::{CronSchedule, EndlessSearch, TimeZone, ZERO_TIME};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn the_next_time() {
    let cases = [
        ("*/15 * * * *", "2026-11-27T10:07:30Z", "2026-11-27T10:15:00Z", "a step"),
        ("*/15 * * * *", "2026-11-27T10:15:00Z", "2026-11-27T10:30:00Z", "later than the time itself"),
        ("5/15 * * * *", "2026-11-27T10:00:00Z", "2026-11-27T10:05:00Z", "a step from a value on"),
        ("0 9 * * MON-FRI", "2026-11-27T10:00:00Z", "2026-11-30T09:00:00Z", "over the weekend"),
        ("0 0 13 * 5", "2026-11-01T00:00:00Z", "2026-11-06T00:00:00Z", "either day field fits"),
        ("0 0 */2 * 1", "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", "a star with a step restricts: either field"),
        ("0 0 13 * *", "2026-11-01T00:00:00Z", "2026-11-13T00:00:00Z", "a star does not restrict"),
        ("0 0 1 jan,Jul ?", "2026-02-01T00:00:00Z", "2026-07-01T00:00:00Z", "names in any case"),
        ("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z", "a leap day"),
        ("@hourly", "2026-11-27T10:07:30Z", "2026-11-27T11:00:00Z", "a descriptor"),
        ("@every 1h30m", "2026-11-27T10:07:30.5Z", "2026-11-27T11:37:30Z", "on a whole second"),
        ("@every 10ms", "2026-11-27T10:07:30Z", "2026-11-27T10:07:31Z", "at least a second"),
        ("CRON_TZ=Asia/Tokyo 0 9 * * *", "2026-11-27T10:00:00Z", "2026-11-28T00:00:00Z", "a time zone"),
        ("TZ=America/New_York 30 2 * * *", "2026-03-08T00:00:00Z", "2026-03-09T06:30:00Z", "2:30 is skipped"),
        ("TZ=America/New_York 30 1 * * *", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z", "1:30 comes twice"),
    ];
    for (schedule, after, expected, why) in cases {
        let next = CronSchedule::parse(schedule).unwrap().next(time(after));
        assert_eq!(next, Ok(time(expected)), "{schedule}: {why}");
    }
}

#[test]
fn no_next_time() {
    let never = CronSchedule::parse("59 23 31 2 *").unwrap();
    assert_eq!(never.next(time("2026-01-01T00:00:00Z")), Ok(ZERO_TIME), "no such day within five years");
    let skipped = CronSchedule::parse("TZ=Pacific/Apia 0 1 30 * *").unwrap();
    assert_eq!(skipped.next(time("2011-12-29T19:37:24Z")), Err(EndlessSearch), "30 December 2011 was skipped");
    assert_eq!(skipped.next(time("2012-01-01T00:00:00Z")), Ok(time("2012-01-29T11:00:00Z")), "and no other day");
}

#[test]
fn what_is_no_schedule() {
    let cases = [
        ("", "empty spec string"),
        ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
        ("  ", "expected exactly 5 fields, found 0: []"),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("0 0 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("0 22-2 * * *", "beginning of range (22) beyond end of range (2): 22-2"),
        ("0-5-7 * * * *", "too many hyphens: 0-5-7"),
        ("0/5/7 * * * *", "too many slashes: 0/5/7"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("*/-1 * * * *", "negative number (-1) not allowed: -1"),
        ("-1 * * * *", r#"failed to parse int from : strconv.Atoi: parsing "": invalid syntax"#),
        ("0 0 * * 6#2", r#"failed to parse int from 6#2: strconv.Atoi: parsing "6#2": invalid syntax"#),
        (
            "99999999999999999999 * * * *",
            r#"failed to parse int from 99999999999999999999: strconv.Atoi: parsing "99999999999999999999": value out of range"#,
        ),
        ("@reboot", "unrecognized descriptor: @reboot"),
        ("@every", "unrecognized descriptor: @every"),
        ("@every x", r#"failed to parse duration @every x: time: invalid duration "x""#),
        ("@every 5", r#"failed to parse duration @every 5: time: missing unit in duration "5""#),
        ("@every 5d", r#"failed to parse duration @every 5d: time: unknown unit "d" in duration "5d""#),
        ("@every 9999999h", r#"failed to parse duration @every 9999999h: time: invalid duration "9999999h""#),
        ("TZ=No/Where 0 9 * * *", "provided bad location No/Where: unknown time zone No/Where"),
        ("TZ=europe/paris 0 9 * * *", "provided bad location europe/paris: unknown time zone europe/paris"),
        ("TZ=../x 0 9 * * *", "provided bad location ../x: time: invalid location name"),
        ("TZ=UTC", "a time zone without fields"),
    ];
    for (schedule, expected) in cases {
        assert_eq!(CronSchedule::parse(schedule).unwrap_err().to_string(), expected, "{schedule}");
    }
}

#[test]
fn times_carry_the_offset_of_their_zone() {
    let zone = TimeZone::load("America/St_Johns").unwrap();
    assert_eq!(zone.rfc3339(time("2026-10-29T21:39:00Z")), "2026-10-29T19:09:00-02:30");
    assert_eq!(TimeZone::utc().rfc3339(time("2026-10-29T21:39:00Z")), "2026-10-29T21:39:00Z");
}

/// Whether a field of plain values and steps allows a value: a second, naive reading of the notation.
fn allows(field: &str, value: i8, min: i8) -> bool {
    match field.split_once('/') {
        Some((_, step)) => (value - min) % step.parse::<i8>().unwrap() == 0,
        None => field == "*" || field.split(',').any(|part| part.parse() == Ok(value)),
    }
}

proptest! {
    /// The next time is the first minute that every field allows, as looking at each minute finds it.
    #[test]
    fn the_next_time_is_the_first_that_fits(
        minute in "[0-9]|[1-5][0-9]|\\*|\\*/(7|15|20)",
        hour in "[0-9]|1[0-9]|2[0-3]|\\*|\\*/[5-9]",
        day in "[1-9]|[12][0-9]|\\*|\\*/[2-4]",
        weekday in "[0-6]|[0-2],[3-6]|\\*",
        second in 1_700_000_000_i64..1_900_000_000,
    ) {
        const DAYS: i64 = 8;
        let schedule = CronSchedule::parse(&format!("{minute} {hour} {day} * {weekday}")).unwrap();
        let after = Timestamp::from_second(second).unwrap();
        let next = schedule.next(after).unwrap();
        let fits = |time: &Timestamp| {
            let local = Offset::UTC.to_datetime(*time);
            let in_month = allows(&day, local.day(), 1);
            let in_week = allows(&weekday, local.weekday().to_sunday_zero_offset(), 0);
            let is_day = if day == "*" || weekday == "*" { in_month && in_week } else { in_month || in_week };
            is_day && allows(&hour, local.hour(), 0) && allows(&minute, local.minute(), 0)
        };
        let first = Timestamp::from_second((second / 60 + 1) * 60).unwrap();
        let found = (0..DAYS * 1440).map(|minutes| first + SignedDuration::from_mins(minutes)).find(fits);
        match found {
            Some(found) => prop_assert_eq!(next, found),
            None => prop_assert!(next >= first + SignedDuration::from_mins(DAYS * 1440), "{}", next),
        }
    }
}
