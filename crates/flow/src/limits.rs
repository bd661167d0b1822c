//! Every limit of the graph language, by name.

use std::time::Duration;

/// Steps in one workflow as it is written.
pub const STEPS_WRITTEN_MAX: usize = 2_000;
/// Steps in one graph, which has some for each that is written.
pub const STEPS_MAX: usize = 8_000;
/// Edges into one step.
pub const EDGES_MAX: usize = 64;
/// Bytes of a graph as JSON.
pub const GRAPH_BYTES_MAX: usize = 4 << 20;
/// Graphs inside graphs.
pub const DEPTH_MAX: usize = 8;
/// Bytes of the input, of a step's parameters or of its output.
pub const PAYLOAD_BYTES_MAX: usize = 256 << 10;
/// Signals kept for a run that does not listen yet.
pub const KEPT_SIGNALS_MAX: usize = 1_000;
/// Items of one `core/each`.
pub const EACH_ITEMS_MAX: usize = 100_000;
/// Children of one `core/each` at the same time.
pub const EACH_AT_ONCE_MAX: u32 = 1_000;
/// Attempts of one step.
pub const ATTEMPTS_MAX: u32 = 100;
/// Characters of a reason that is kept.
pub const REASON_CHARS_MAX: usize = 500;
/// Characters of the hash of a version, where people read it.
pub const VERSION_CHARS: usize = 12;
/// Reasons why a run cannot go on by another version that are told at once.
pub const MISFITS_MAX: usize = 5;
/// Days of a span.
pub const SPAN_DAYS_MAX: u64 = 36_500;
/// Days that are looked at for working time.
pub const CALENDAR_DAYS_MAX: u32 = 3_660;
/// How often somebody is asked for the same change of access, when it turns out to be another one.
pub const APPROVALS_MAX: usize = 3;
/// Faults that are told of one workflow.
pub const FAULTS_MAX: usize = 100;
/// The shortest period of a schedule: everybody is looked at in each.
pub const SCHEDULE_EVERY_MIN: Duration = Duration::from_mins(15);
/// The most starts that a breaker may allow.
pub const BREAKER_STARTS_MAX: u64 = 10_000_000;
/// The shortest time in which a breaker counts.
pub const BREAKER_WITHIN_MIN: Duration = Duration::from_mins(1);
/// The longest time in which a breaker counts.
pub const BREAKER_WITHIN_MAX: Duration = Duration::from_hours(7 * 24);
/// Events of a run that is played again by a draft.
pub const REDRAFTED_EVENTS_MAX: usize = 10_000;
