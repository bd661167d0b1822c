//! Defects that are planted so that a suite turns red: in a connector, and in the text of a pack.
//!
//! A plant is held against the same peer as the connector itself. The case that has to find it
//! runs first without it and is green, so that what is red is red for the plant.

use std::time::Duration;

use tenure_connect::chaos::{Chaos, Trouble};
use tenure_connect::conformance::{Ending, Fixture, Options, Report, run_with};
use tenure_connect::{AnyConnector, Connector};
use tenure_services::rest::Pack;

/// How long a case may hang.
const HANG_TIME_MAX: Duration = Duration::from_secs(5);
/// More pages than any peer of ours has.
const PAGES_MAX: usize = 50;

/// One thing of a pack that is written otherwise, and the case that has to find it.
#[derive(Debug, Clone, Copy)]
pub struct Plant {
    /// What is taken out: the first place where it stands.
    pub from: &'static str,
    /// What stands there instead.
    pub to: &'static str,
    /// The case of the suite.
    pub case: &'static str,
}

/// The pack of this name that ships, with this in it written otherwise.
pub fn planted(name: &str, from: &str, to: &str) -> Pack {
    planted_so_often(name, from, to, 1)
}

/// The same wherever it stands, for what a pack both does and looks at.
pub fn planted_everywhere(name: &str, from: &str, to: &str) -> Pack {
    planted_so_often(name, from, to, usize::MAX)
}

#[expect(clippy::panic, reason = "a plant that does not take is a test that tests nothing")]
fn planted_so_often(name: &str, from: &str, to: &str, times: usize) -> Pack {
    let shipped = tenure_server::packs::SHIPPED.iter().find(|(known, _)| *known == name);
    let text = shipped.map(|(_, text)| *text).unwrap_or_default();
    assert!(text.contains(from), "pack `{name}` does not say `{from}`");
    let read = tenure_server::packs::read("planted.yaml", &text.replacen(from, to, times));
    match read.map(|mut read| read.pop()) {
        Ok(Some(read)) => read.pack,
        otherwise => panic!("pack `{name}` with `{to}` in it is no pack: {otherwise:?}"),
    }
}

/// Why the case that has to find a planted defect did not: nothing, if it is green on the sound
/// connector and red on the planted one. Each makes accounts of its own, for a system may keep the
/// names of those who were deleted; so `options` need a prefix that is new.
pub async fn miss(
    what: &str,
    case: &str,
    sound: &dyn AnyConnector,
    planted: &dyn AnyConnector,
    fixture: &Fixture<'_>,
    options: &Options,
) -> Option<String> {
    let run = |connector, letter| {
        let prefix = format!("{letter}{}", options.prefix);
        let options = Options { prefix, only: Some(case.to_owned()), ..options.clone() };
        async move { run_with(connector, fixture, &options).await }
    };
    let green = run(sound, 's').await;
    if !green.passed().contains(&case) {
        return Some(format!("`{case}` is not green without {what}:\n{green}"));
    }
    let red = run(planted, 'p').await;
    // What a planted connector could not take away is taken away by the sound one.
    drop(run(sound, 'p').await);
    (!red.failures().contains(&case)).then(|| format!("{what} was not found by `{case}`:\n{red}"))
}

/// Plants each trouble around a connector in turn. Each has to be found by its case, but those
/// `beyond` the connector, whose cases must have a reason not to run.
pub async fn troubles_are_found<C: Connector + 'static>(
    make: impl Fn() -> C,
    fixture: &Fixture<'_>,
    options: &Options,
    beyond: &[Trouble],
) {
    let mut missed = Vec::new();
    for (number, trouble) in Trouble::ALL.into_iter().enumerate() {
        let Some(case) = trouble.found_by() else { continue };
        if beyond.contains(&trouble) {
            let only = Options { only: Some(case.to_owned()), ..options.clone() };
            let report = run_with(&make(), fixture, &only).await;
            missed.extend((!is_not_run(&report, case)).then(|| format!("{trouble:?} is not beyond it:\n{report}")));
            continue;
        }
        let time = if trouble == Trouble::Hang { HANG_TIME_MAX } else { options.case_time_max };
        let prefix = number.to_string();
        let options = Options { prefix, case_time_max: time, pages_max: PAGES_MAX, ..options.clone() };
        let chaos = Chaos::always(make(), trouble);
        missed.extend(miss(&format!("{trouble:?}"), case, &make(), &chaos, fixture, &options).await);
        missed.extend((chaos.struck() == 0).then(|| format!("{trouble:?} never struck")));
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

fn is_not_run(report: &Report, case: &str) -> bool {
    report.cases.iter().any(|(name, ending)| *name == case && matches!(ending, Ending::NotRun { .. }))
}
