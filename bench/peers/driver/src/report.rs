//! The figures as a table for people and as JSON for machines.

use serde::Serialize;

use crate::figures::median;
use crate::load::Series;

/// One series and whose it was.
#[derive(Debug, Clone)]
pub struct Measured {
    /// The system.
    pub system: String,
    /// Is it the one the others are compared with?
    pub is_ours: bool,
    /// Runs in flight.
    pub in_flight: usize,
    /// Steps that came again.
    pub repeated: u64,
    /// The figures.
    pub series: Series,
}

/// Medians over the repetitions of one system at one number in flight.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    system: String,
    in_flight: usize,
    repetitions: usize,
    runs_per_s: f64,
    runs_per_s_least: f64,
    runs_per_s_most: f64,
    p50_ms: f64,
    p99_ms: f64,
    runs_per_cpu_s: f64,
    cores_used: f64,
    cores_used_by_bench: f64,
    cores_used_by_others: f64,
    failed: u64,
    repeated_steps: u64,
    /// How many times as many runs a second the reference does.
    reference_ratio: Option<f64>,
    /// The same for each CPU second.
    reference_cpu_ratio: Option<f64>,
}

/// The rows, in the order of first measuring, with ratios to the first system of ours, or else
/// to the first system at all.
pub fn rows(measured: &[Measured]) -> Vec<Row> {
    let mut keys: Vec<(usize, &str)> = Vec::new();
    for one in measured {
        if !keys.contains(&(one.in_flight, one.system.as_str())) {
            keys.push((one.in_flight, &one.system));
        }
    }
    keys.sort_by_key(|(in_flight, _)| *in_flight);
    let mut rows: Vec<Row> = keys.iter().map(|(in_flight, system)| row(measured, system, *in_flight)).collect();
    let reference = measured.iter().find(|one| one.is_ours).or(measured.first()).map(|one| one.system.clone());
    let references: Vec<Row> = rows.iter().filter(|row| Some(&row.system) == reference.as_ref()).cloned().collect();
    for row in &mut rows {
        if let Some(reference) = references.iter().find(|one| one.in_flight == row.in_flight) {
            row.reference_ratio = ratio(reference.runs_per_s, row.runs_per_s);
            row.reference_cpu_ratio = ratio(reference.runs_per_cpu_s, row.runs_per_cpu_s);
        }
    }
    rows
}

fn row(measured: &[Measured], system: &str, in_flight: usize) -> Row {
    let own: Vec<&Measured> =
        measured.iter().filter(|one| one.system == system && one.in_flight == in_flight).collect();
    let middle = |pick: fn(&Series) -> f64| median(own.iter().map(|one| pick(&one.series)));
    let rates = || own.iter().map(|one| one.series.runs_per_s);
    Row {
        system: system.to_owned(),
        in_flight,
        repetitions: own.len(),
        runs_per_s: middle(|series| series.runs_per_s),
        runs_per_s_least: rates().fold(f64::INFINITY, f64::min),
        runs_per_s_most: rates().fold(0.0, f64::max),
        p50_ms: middle(|series| series.p50_ms),
        p99_ms: middle(|series| series.p99_ms),
        runs_per_cpu_s: middle(|series| series.runs_per_cpu_s),
        cores_used: middle(|series| series.work.system_s / series.wall_s),
        cores_used_by_bench: middle(|series| series.work.bench_s / series.wall_s),
        cores_used_by_others: middle(|series| series.work.others_s / series.wall_s),
        failed: own.iter().map(|one| one.series.failed).sum(),
        repeated_steps: own.iter().map(|one| one.repeated).sum(),
        reference_ratio: None,
        reference_cpu_ratio: None,
    }
}

fn ratio(reference: f64, own: f64) -> Option<f64> {
    (own > 0.0).then(|| reference / own)
}

/// A table in Markdown.
pub fn table(rows: &[Row]) -> Vec<String> {
    let head = "| in flight | system | runs/s (least–most) | p50 ms | p99 ms | runs/CPU-s | cores: system, bench, others | failed | repeats | reference ÷ this: runs/s, runs/CPU-s |";
    let mut lines = vec![head.to_owned(), "|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|".to_owned()];
    lines.extend(rows.iter().map(line));
    lines
}

fn line(row: &Row) -> String {
    let times = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"));
    format!(
        "| {} | {} | {:.0} ({:.0}–{:.0}) | {:.1} | {:.1} | {:.0} | {:.2}, {:.2}, {:.2} | {} | {} | {}, {} |",
        row.in_flight,
        row.system,
        row.runs_per_s,
        row.runs_per_s_least,
        row.runs_per_s_most,
        row.p50_ms,
        row.p99_ms,
        row.runs_per_cpu_s,
        row.cores_used,
        row.cores_used_by_bench,
        row.cores_used_by_others,
        row.failed,
        row.repeated_steps,
        times(row.reference_ratio),
        times(row.reference_cpu_ratio),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(system: &str, runs_per_s: f64) -> Measured {
        let series = Series { runs_per_s, runs_per_cpu_s: runs_per_s / 2.0, wall_s: 1.0, ..Series::default() };
        let is_ours = system == "tenure";
        Measured { system: system.to_owned(), is_ours, in_flight: 8, repeated: 0, series }
    }

    #[test]
    fn rows_are_medians_and_ratios_are_to_ours() {
        let all = [
            measured("peer", 10.0),
            measured("tenure", 200.0),
            measured("peer", 30.0),
            measured("tenure", 100.0),
            measured("peer", 20.0),
            measured("tenure", 900.0),
        ];
        let rows = rows(&all);
        let seen: Vec<_> = rows.iter().map(|row| (row.system.as_str(), row.runs_per_s, row.reference_ratio)).collect();
        assert_eq!(seen, [("peer", 20.0, Some(10.0)), ("tenure", 200.0, Some(1.0))]);
        assert_eq!(rows.first().map(|row| (row.runs_per_s_least, row.runs_per_s_most)), Some((10.0, 30.0)));
        assert!(table(&rows).iter().any(|line| line.contains("| peer | 20 (10–30) |")));
    }

    #[test]
    fn without_ours_the_first_is_the_reference() {
        let rows = rows(&[measured("a", 10.0), measured("b", 5.0)]);
        assert_eq!(rows.iter().map(|row| row.reference_ratio).collect::<Vec<_>>(), [Some(1.0), Some(2.0)]);
    }
}
