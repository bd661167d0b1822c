//! Every limit of this room, by name.

use std::time::Duration;

/// How long a connector outside this program may take to say who it is.
pub const PROCESS_START_TIME_MAX: Duration = Duration::from_secs(10);

/// How long one call of it may take when the settings do not say.
pub const PROCESS_CALL_SECONDS_USUAL: u64 = 30;

/// How long one call of it may take at most.
pub const PROCESS_CALL_SECONDS_MAX: u64 = 600;

/// The longest message from it, in MiB, when the settings do not say.
pub const PROCESS_MESSAGE_MIB_USUAL: u32 = 8;

/// The longest message from it, in MiB.
pub const PROCESS_MESSAGE_MIB_MAX: u32 = 64;

/// The most calls of it that wait for their answers at once.
pub const PROCESS_CALLS_AT_ONCE_MAX: u32 = 64;

/// How much memory of its own each of its processes may have, in MiB, when the settings do not say.
pub const PROCESS_MEMORY_MIB_USUAL: u64 = 512;

/// How much at most, in MiB.
pub const PROCESS_MEMORY_MIB_MAX: u64 = 64 << 10;

/// After how many minutes without a call it is ended, when the settings do not say.
pub const PROCESS_IDLE_MINUTES_USUAL: u64 = 10;

/// After how many minutes at most.
pub const PROCESS_IDLE_MINUTES_MAX: u64 = 24 * 60;

/// How long it may take to end by itself once nobody speaks to it any more.
pub const PROCESS_GRACE: Duration = Duration::from_secs(2);

/// How long its last words are listened to after its end.
pub const PROCESS_DRAIN: Duration = Duration::from_millis(250);

/// The pause before it is started again after its second failure in a row. It doubles.
pub const PROCESS_REST_FIRST: Duration = Duration::from_millis(500);

/// The longest of these pauses.
pub const PROCESS_REST_MAX: Duration = Duration::from_mins(1);

/// The largest description file, in bytes.
pub const PROCESS_DESCRIPTION_BYTES_MAX: u64 = 1 << 20;

/// The most notices that it may send between two answers.
pub const PROCESS_NOTICES_MAX: u32 = 1_000;

/// How many lines of its standard error reach our log in a minute.
pub const PROCESS_LINES_A_MINUTE_MAX: u32 = 60;

/// How much of a line reaches our log, in bytes.
pub const PROCESS_LINE_BYTES_MAX: usize = 2 << 10;

/// How much of a message of its own reaches people, in characters.
pub const PROCESS_WORDS_CHARS_MAX: usize = 500;

/// The shortest secret that is taken out of what it writes. A shorter one would take words apart.
pub const PROCESS_HIDDEN_LENGTH_MIN: usize = 4;

/// How many passwords that it was handed are remembered, to take them out of what it writes.
pub const PROCESS_HIDDEN_MAX: usize = 256;

/// How many hours somebody has for what they are asked by hand, when the settings do not say.
pub const MANUAL_HOURS_USUAL: u32 = 48;

/// How many hours at most.
pub const MANUAL_HOURS_MAX: u32 = 24 * 366;

/// The most attributes of an account that humans keep.
pub const MANUAL_ATTRIBUTES_MAX: usize = 100;

/// The most things that such an account can hold.
pub const MANUAL_ENTITLEMENTS_MAX: usize = 1_000;

/// The longest name in these settings, in characters.
pub const MANUAL_NAME_CHARS_MAX: usize = 100;

/// The longest instructions, in characters; what is to be done is added to them.
pub const MANUAL_INSTRUCTIONS_CHARS_MAX: usize = 4_000;

/// The longest title of what is asked, in characters.
pub const MANUAL_TITLE_CHARS_MAX: usize = 200;

/// How often the same is asked again because a second look did not find it done.
pub const MANUAL_ROUNDS_MAX: u32 = 5;

/// Requests in flight; each may become a task.
pub const MANUAL_REQUESTS_AT_ONCE: u32 = 16;

/// Accounts in a page.
pub const MANUAL_PAGE_OBJECTS_MAX: u32 = 1_000;

/// How long connecting to an SSH server may take.
pub const SSH_DIAL_TIME_MAX: Duration = Duration::from_secs(15);

/// How long the SSH client may take to say what is wrong.
pub const SSH_COMPLAINT_TIME_MAX: Duration = Duration::from_secs(30);

/// How much of that is looked at.
pub const SSH_COMPLAINT_BYTES_MAX: u64 = 4 << 10;

/// How long one answer of a host may take; longer than it waits for others who write there.
pub const SSH_ANSWER_TIME_MAX: Duration = Duration::from_mins(1);

/// The longest answer of a host, in bytes.
pub const SSH_ANSWER_BYTES_MAX: usize = 32 << 20;

/// How much the shell of an account may say by itself before our script speaks, in bytes.
pub const SSH_GREETING_BYTES_MAX: usize = 64 << 10;

/// How long a line to a host is kept while nobody needs it.
pub const SSH_IDLE_TIME_MAX: Duration = Duration::from_secs(30);

/// How often a write is begun again because somebody else wrote in between.
pub const SSH_TRIES_MAX: u32 = 5;

/// The longest comment of an account, in bytes. Programs on the host read it with little room.
pub const SSH_COMMENT_BYTES_MAX: usize = 800;

/// The longest login.
pub const SSH_LOGIN_LENGTH_MAX: usize = 32;

/// The longest path of a home folder or a shell.
pub const SSH_PATH_LENGTH_MAX: usize = 255;

/// How long a host may take to move, pack or unpack a home folder before nobody waits any more. It
/// goes on by itself, and whoever looks meanwhile is told to come back.
pub const SSH_FOLDER_TIME_MAX: Duration = Duration::from_mins(10);

/// The longest name of a folder in a home folder, in bytes.
pub const SSH_FOLDER_NAME_BYTES_MAX: usize = 100;

/// The most words of a tool on a host that reach people, in characters.
pub const SSH_WORDS_CHARS_MAX: usize = 300;
