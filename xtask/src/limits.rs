//! The numbers this project keeps to, in one place. Changing one is a decision record.

/// Lines of a file without its tests: the most.
pub const FILE_LINES_MAX: usize = 600;
/// Lines of a file without its tests: the target for the middle one.
pub const FILE_LINES_MEDIAN: usize = 150;
/// Lines of a file without its tests: the target for 95 of 100.
pub const FILE_LINES_P95: usize = 500;
/// Lines of a function: the most.
pub const FUNCTION_LINES_MAX: usize = 70;
/// Lines of a function: the target for 95 of 100.
pub const FUNCTION_LINES_P95: usize = 50;
/// Lines of an HTTP handler: the target for the middle one.
pub const HANDLER_LINES_MEDIAN: usize = 25;
/// Lines of an HTTP handler: the most.
pub const HANDLER_LINES_MAX: usize = 40;
/// Cases of an error enum: the most.
pub const ERROR_CASES_MAX: usize = 12;
/// Comment lines in a hundred lines of product code: the range to stay in.
pub const COMMENT_PERCENT: (f64, f64) = (12.0, 20.0);
/// Lines of tests for each line of product code: the least.
pub const TEST_RATIO_MIN: f64 = 0.7;
/// Crates of the product.
pub const CRATES_MAX: usize = 15;
/// The longest chain of imports between our crates.
pub const DEPTH_MAX: usize = 6;
/// Lines of the biggest crate, tests left out.
pub const CRATE_LINES_MAX: usize = 12_000;
/// Packages in Cargo.lock with everything on.
pub const LOCKED_PACKAGES_MAX: usize = 450;
/// Seconds to rebuild the binary after touching a use case.
pub const REBUILD_S_MAX: f64 = 25.0;
/// Seconds to build everything in release mode from nothing on two cores.
pub const COLD_RELEASE_S_MAX: f64 = 12.0 * 60.0;
/// Tries to find a port for PostgreSQL that nobody else takes first.
pub const PORT_TRIES_MAX: usize = 5;
/// Seconds to wait for PostgreSQL to start or to stop.
pub const POSTGRES_WAIT_S_MAX: u32 = 60;
/// Connections the throw-away PostgreSQL accepts.
pub const POSTGRES_CONNECTIONS_MAX: u32 = 300;
/// Seconds to wait for another package installation to end.
pub const INSTALL_LOCK_S_MAX: u32 = 900;
