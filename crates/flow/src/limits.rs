//! Every limit of the graph language, by name.

/// Steps in one graph.
pub const STEPS_MAX: usize = 500;
/// Edges into one step.
pub const EDGES_MAX: usize = 64;
/// Bytes of a graph as JSON.
pub const GRAPH_BYTES_MAX: usize = 1 << 20;
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
