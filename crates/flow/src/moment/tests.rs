//! Spans, calendars and moments: both changes of the clock, five calendars, and what is refused.

use serde_json::json;

use super::*;
use crate::state::{Node, RunState};

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn calendar(zone: Option<&str>, hours: &str, holidays: &[&str]) -> Calendar {
    let days = ["mon", "tue", "wed", "thu", "fri"].map(|day| (day, hours));
    let hours: BTreeMap<&str, &str> = days.into();
    serde_json::from_value(json!({ "zone": zone, "hours": hours, "holidays": holidays })).unwrap()
}

#[test]
fn spans_read_as_people_write_them_and_print_back() {
    for text in ["30s", "15m", "8h", "3d", "5bd", "8bh", "250ms"] {
        assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
    }
    assert_eq!("2w".parse::<Span>().unwrap(), Span::Days(14));
    for text in ["", "d", "5", "5x", "-3d", "99999999999d", "4000000000w"] {
        assert!(text.parse::<Span>().is_err(), "{text}");
    }
}

#[test]
fn days_keep_the_time_of_day_over_both_changes_of_the_clock() {
    let berlin = zone("Europe/Berlin");
    let day = Span::Days(1);
    // 2026-03-29: an hour is missing; 2026-10-25: an hour is there twice.
    assert_eq!(day.after(at("2026-03-28T08:00:00Z"), &berlin, None).unwrap(), at("2026-03-29T07:00:00Z"));
    assert_eq!(day.after(at("2026-10-24T07:00:00Z"), &berlin, None).unwrap(), at("2026-10-25T08:00:00Z"));
    let exact = Span::Exact(Duration::from_hours(24));
    assert_eq!(exact.after(at("2026-03-28T08:00:00Z"), &berlin, None).unwrap(), at("2026-03-29T08:00:00Z"));
}

/// Five calendars: a Friday afternoon, and when two working days and sixteen working hours later are.
#[test]
fn the_clock_of_a_promise_stands_still_outside_working_hours() {
    let sunday_week: Calendar = serde_json::from_value(json!({
        "zone": "Asia/Riyadh",
        "hours": { "sun": "09:00-17:00", "mon": "09:00-17:00", "tue": "09:00-17:00", "wed": "09:00-17:00", "thu": "09:00-17:00" },
    }))
    .unwrap();
    let cases = [
        // Germany, over the end of summer time on Sunday 2026-10-25.
        (
            calendar(Some("Europe/Berlin"), "09:00-17:00", &[]),
            "2026-10-23T13:00:00Z",
            "2026-10-27T14:00:00Z",
            "2026-10-27T14:00:00Z",
        ),
        // The same weekend with Monday a holiday.
        (
            calendar(Some("Europe/Berlin"), "09:00-17:00", &["2026-10-26"]),
            "2026-10-23T13:00:00Z",
            "2026-10-28T14:00:00Z",
            "2026-10-28T14:00:00Z",
        ),
        // New York, over the beginning of summer time on Sunday 2026-03-08.
        (
            calendar(Some("America/New_York"), "09:00-17:00", &[]),
            "2026-03-06T19:00:00Z",
            "2026-03-10T18:00:00Z",
            "2026-03-10T18:00:00Z",
        ),
        // Melbourne, with Christmas and Boxing Day.
        (
            calendar(Some("Australia/Melbourne"), "09:00-17:00", &["2026-12-25", "2026-12-28"]),
            "2026-12-24T04:00:00Z",
            "2026-12-30T04:00:00Z",
            "2026-12-30T04:00:00Z",
        ),
        // A week that begins on Sunday: asked on Thursday at 15:00.
        (sunday_week, "2026-11-26T12:00:00Z", "2026-11-30T12:00:00Z", "2026-11-30T12:00:00Z"),
    ];
    for (calendar, asked, two_days, sixteen_hours) in cases {
        calendar.check().unwrap();
        let utc = TimeZone::UTC;
        assert_eq!(Span::WorkingDays(2).after(at(asked), &utc, Some(&calendar)).unwrap(), at(two_days), "{calendar:?}");
        let hours = Span::WorkingMinutes(16 * 60).after(at(asked), &utc, Some(&calendar)).unwrap();
        assert_eq!(hours, at(sixteen_hours), "{calendar:?}");
    }
}

#[test]
fn what_is_asked_at_night_begins_in_the_morning() {
    let calendar = calendar(Some("Europe/Berlin"), "09:00-17:00", &[]);
    let night = at("2026-11-28T02:00:00Z");
    let hour = Span::WorkingMinutes(60).after(night, &TimeZone::UTC, Some(&calendar)).unwrap();
    assert_eq!(hour, at("2026-11-30T09:00:00Z"), "Saturday night: Monday at ten");
    let day = Span::WorkingDays(0).after(night, &TimeZone::UTC, Some(&calendar)).unwrap();
    assert!(day >= at("2026-11-30T08:00:00Z"), "{day}");
}

#[test]
fn a_calendar_without_work_is_refused_and_never_loops() {
    let holidays = calendar(None, "09:00-17:00", &[]);
    let none = Calendar { hours: BTreeMap::new(), ..holidays };
    assert!(none.check().is_err());
    assert!(Span::WorkingDays(1).after(at("2026-11-28T02:00:00Z"), &TimeZone::UTC, Some(&none)).is_err());
    assert!(serde_json::from_value::<Hours>(json!("17:00-09:00")).is_err());
}

#[test]
fn a_moment_follows_the_day_and_the_zone_of_the_person() {
    let mut state = RunState::default();
    let output = json!({ "lastDay": "2026-12-01", "firstDay": "2026-03-29", "zone": "Australia/Melbourne" });
    state.nodes.insert("who".into(), Node::Done { outcome: "done".into(), output });
    let scope = Scope::of(&state, at("2026-11-01T00:00:00Z")).with_facts(Some("who"));
    let moment = |text: &str| text.parse::<Moment>().unwrap().at(&scope, None).map(|at| at.to_string());
    assert_eq!(moment("person.lastDay 18:00 person.tz"), Ok("2026-12-01T07:00:00Z".into()));
    assert_eq!(moment("person.lastDay + 1d"), Ok("2026-12-01T13:00:00Z".into()), "the end of the last day");
    assert_eq!(moment("person.firstDay - 7d 09:00 Europe/Berlin"), Ok("2026-03-22T08:00:00Z".into()));
    assert_eq!(moment("2026-12-01T10:00:00Z +2h"), Ok("2026-12-01T12:00:00Z".into()));
    assert!(moment("person.birthday").unwrap_err().to_string().contains("person.birthday is not known"));
    for bad in ["", "tomorrow", "person", "person.lastDay 25:00", "person.lastDay -", "person.lastDay Mars/Base"] {
        assert!(bad.parse::<Moment>().is_err(), "{bad}");
    }
}
