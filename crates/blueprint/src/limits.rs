//! Every limit of this crate, by name.

use std::time::Duration;

/// The largest file, in bytes.
pub const FILE_BYTES_MAX: usize = 262_144;
/// The most files in an estate.
pub const FILES_MAX: usize = 2_000;
/// The most documents in a file.
pub const DOCUMENTS_PER_FILE_MAX: usize = 200;
/// How deep a document may be nested.
pub const DEPTH_MAX: usize = 24;
/// The most keys and values in a file.
pub const NODES_MAX: usize = 20_000;
/// The most things that one role gives.
pub const GRANTS_PER_ROLE_MAX: usize = 200;
/// The most roles that stand inside one.
pub const INCLUDES_MAX: usize = 50;
/// The most things that one rule names in a list.
pub const NAMES_PER_RULE_MAX: usize = 50;
/// The most days of grace, of a request or of an exception.
pub const DAYS_MAX: u16 = 366;
/// The most days after which an account is deleted.
pub const DELETION_DAYS_MAX: u16 = 3_660;
/// The longest title or owner, in characters.
pub const TITLE_LENGTH_MAX: usize = 200;
/// The longest text of a message, in characters.
pub const TEXT_LENGTH_MAX: usize = 20_000;
/// The most addresses of a notice.
pub const RECIPIENTS_MAX: usize = 20;
/// The most members of a team.
pub const MEMBERS_MAX: usize = 500;
/// The longest window of a brake, in hours: forty days.
pub const BRAKE_HOURS_MAX: u32 = 960;
/// The most people that a bound may let go.
pub const BRAKE_PEOPLE_MAX: u64 = 1_000_000;
/// The most problems that are told at once.
pub const PROBLEMS_MAX: usize = 200;
/// The most rules by which a mapping finds people, and the most parts of a score.
pub const MATCH_RULES_MAX: usize = 20;
/// The most attributes that a mapping sets.
pub const ASSIGNMENTS_MAX: usize = 200;
/// The most points that one part of a score gives or takes.
pub const POINTS_MAX: i64 = 1_000;
/// The most forms of a name that a generator tries before it counts.
pub const GENERATOR_NAMES_MAX: usize = 20;
/// The most names that a generator gives to nobody.
pub const RESERVED_MAX: usize = 5_000;
/// The longest that a name rests, in days.
pub const QUARANTINE_DAYS_MAX: u16 = 7_320;
/// The longest line that several are joined to, in characters.
pub const LINE_LENGTH_MAX: usize = 100;
/// The most attributes that are watched besides those of new accounts.
pub const WATCHED_MAX: usize = 100;
/// Everything is read no oftener than this.
pub const READING_MIN: Duration = Duration::from_secs(30);
/// A system is asked what changed no oftener than this.
pub const FOLLOW_MIN: Duration = Duration::from_secs(1);
/// Items of a list in a workflow, for editors; what is read is held to the limits of workflows.
pub const STEPS_MAX: usize = 2_000;

/// The most requests that a connection may be told to make in a second.
pub const PER_SECOND_MAX: u32 = 100_000;
/// The most requests that a connection may be told to make at the same time.
pub const AT_ONCE_MAX: u32 = 1_000;
/// The most people that a rule may let hold something.
pub const HOLDERS_MAX: u32 = 1_000_000;
