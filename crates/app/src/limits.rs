//! Every limit of the use cases, by name.

use std::time::Duration;

use jiff::SignedDuration;

/// People who are looked at in one transaction of a plan.
pub const PLAN_PAGE: usize = 400;
/// How long one step works on a plan before the next one goes on.
pub const PLAN_STEP_TIME: Duration = Duration::from_secs(45);
/// How often a workflow may begin before a human is asked, unless its document says otherwise.
pub const STARTS_MAX: u64 = 10_000;
/// Within how long.
pub const STARTS_WITHIN: Duration = Duration::from_hours(1);
/// In how many parts that time is counted.
pub const STARTS_PARTS: u32 = 60;
/// Starts that were held and begin, or are dropped, in one transaction.
pub const STARTS_PAGE: usize = 400;
/// Workflows of which it is said why something that was told did not begin them.
pub const UNBEGUN_SHOWN_MAX: usize = 3;
/// People who are looked at in one transaction of a schedule.
pub const SCHEDULE_PAGE: usize = 400;
/// People of a set who are looked at, or begun with, in one transaction.
pub const SET_PAGE: usize = 400;
/// People who may be named for one set.
pub const SET_NAMES_MAX: usize = 50_000;
/// How long a set that was looked at may be started.
pub const SET_GOOD_HOURS: i64 = 24;
/// How long a plan may be put into force.
pub const PLAN_GOOD_HOURS: i64 = 24;
/// How long what was let go may be done.
pub const LET_GO_GOOD_HOURS: i64 = 24;
/// Names in a line of a report; more are only counted.
pub const REPORT_NAMES_MAX: usize = 3;
/// Changes of a value from one thing to another that are shown of an attribute in a report.
pub const REPORT_PAIRS_MAX: usize = 5;
/// Those that are counted one by one to find which are the most.
pub const REPORT_PAIRS_KEPT_MAX: usize = 200;
/// Different findings in a report.
pub const REPORT_FINDINGS_MAX: usize = 200;
/// Steps of one imagined run.
pub const SIMULATED_STEPS_MAX: usize = 2_000;
/// Moments that are looked at on the way to a date.
pub const SIMULATED_TURNS_MAX: usize = 64;
/// How far ahead a what-if looks.
pub const SIMULATED_DAYS_MAX: i64 = 3_660;

/// Items on a page unless asked otherwise.
pub const PAGE_USUAL: usize = 50;
/// Items on a page at most.
pub const PAGE_MAX: usize = 500;
/// Messages that a run may have been sent when a signal comes; retry, skip and cancel always go.
pub const LETTERS_OF_RUN_MAX: usize = 10_000;
/// Names tried for a new account before a human is asked.
pub const NAMES_TRIED_MAX: usize = 20;
/// Rows or accounts that are asked for at once when a source or a target is read.
pub const READING_PAGE: u32 = 1_000;
/// Rows that one source may have.
pub const READING_ROWS_MAX: usize = 5_000_000;
/// Known rows that are looked through at once for who is missing.
pub const READING_GONE_PAGE: usize = 2_000;
/// Rows that are taken in in one transaction.
pub const APPLY_ROWS: usize = 300;
/// Rows that were put aside and are shown with their reasons.
pub const QUARANTINED_SHOWN_MAX: usize = 50;
/// Earlier readings that one is held against.
pub const READINGS_COMPARED: usize = 50;
/// A reading that nobody touched for so long was left by a process that ended.
pub const READING_LEFT_AFTER: SignedDuration = SignedDuration::from_mins(5);
/// How far back it is looked for dates that came while a run was under way.
pub const TURNS_LOOK_BACK: SignedDuration = SignedDuration::from_mins(5);
/// How far ahead of us the clock of a source may be.
pub const AS_OF_AHEAD_MAX: Duration = Duration::from_hours(24);
/// Entries sealed in one transaction.
pub const SEAL_BATCH: usize = 256;
/// Notices of one channel that are on their way at once.
pub const NOTICE_BATCH: usize = 8;
/// How long a notice that is being delivered is left alone by others. No channel takes longer.
pub const NOTICE_HOLD: Duration = Duration::from_mins(1);
/// How often a notice is tried before it is given up: with these pauses, for about three days.
pub const NOTICE_TRIES_MAX: i64 = 75;
/// The longest pause before a notice is tried again.
pub const NOTICE_PAUSE_MAX: Duration = Duration::from_hours(1);
/// The longest pause that whoever receives notices may ask for.
pub const NOTICE_PAUSE_ASKED_MAX: Duration = Duration::from_hours(24);
/// How long a new token is good unless asked otherwise.
pub const TOKEN_DAYS_USUAL: i64 = 90;
/// How long a new token may be good at most.
pub const TOKEN_DAYS_MAX: i64 = 366;
/// Characters of a reason that a human gives.
pub const REASON_CHARS_MAX: usize = 500;
/// Characters of what a task is called.
pub const TASK_TITLE_CHARS_MAX: usize = 200;
/// Characters of how a task is done.
pub const TASK_INSTRUCTIONS_CHARS_MAX: usize = 20_000;
/// Characters of one value that are shown to whoever is asked for a change of access.
pub const SHOWN_VALUE_CHARS_MAX: usize = 200;
/// Ways in which a task can end.
pub const TASK_OUTCOMES_MAX: usize = 16;
/// How soon it is asked again for an owner, where somebody said that it was seen to and it was not.
pub const OWNERS_ASKED_AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// How soon it is asked again where somebody refused, and said why.
pub const OWNERS_REFUSED_FOR: SignedDuration = SignedDuration::from_hours(24 * 30);
/// Changes of somebody's place within so long of the first are one move.
pub const MOVE_WITHIN: SignedDuration = SignedDuration::from_hours(24 * 7);
/// A move of which we have known for longer is asked about only where it was asked in time.
pub const MOVES_ASKED_FOR: SignedDuration = SignedDuration::from_hours(24 * 90);
/// The latest moments at which somebody's place was spoken of that are looked at.
pub const MOVE_MOMENTS_MAX: usize = 100;
/// Agents, accounts of services and guests that are read at once to see who answers for them.
pub const SPONSORS_AT_ONCE: usize = 500;
/// Tokens that are read at once to see whose they are.
pub const TOKENS_AT_ONCE: usize = 200;
/// Editions of a question that are looked for when it is put away.
pub const EDITIONS_MAX: u32 = 8;
/// How long a review waits for what it took away to be gone before somebody is asked.
pub const REVIEW_WAITS_MAX: SignedDuration = SignedDuration::from_hours(24 * 7);
/// Runs of a campaign that are read at once.
pub const REVIEW_RUNS_PAGE: usize = 400;
/// People of a campaign who are counted when somebody looks at it.
pub const REVIEW_PEOPLE_MAX: i64 = 20_000;
/// Runs of a campaign whose records are read to say what became of what was taken away.
pub const REVIEW_RECORDS_MAX: usize = 2_000;
/// Others in the same place who are looked at for a review.
pub const PEERS_MAX: usize = 100;
/// How seldom it is looked at last whether what a review took away is gone.
pub const REVIEW_LOOKS_SELDOM: SignedDuration = SignedDuration::from_hours(6);
/// How often it is looked at first whether what a review took away is gone.
pub const REVIEW_LOOKS_EVERY: SignedDuration = SignedDuration::from_secs(30);
/// Sessions that a watch keeps one by one.
pub const SESSIONS_WATCHED_MAX: usize = 300;
/// Times in which nobody could look that a watch keeps.
pub const WATCH_GAPS_MAX: usize = 100;
/// Characters of what a session is called, or of why nobody could look.
pub const WATCHED_NAME_CHARS_MAX: usize = 200;
/// How often a watch looks, unless it says otherwise.
pub const WATCH_LOOKS_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// How often it looks at most.
pub const WATCH_LOOKS_EVERY_MIN: SignedDuration = SignedDuration::from_secs(15);
/// How often it looks in all.
pub const WATCH_LOOKS_MAX: i32 = 1_000;
/// Things that somebody is asked about at once.
pub const TASK_CHOICES_MAX: usize = 200;
/// Characters of what is said about a task, or of where its evidence is.
pub const TASK_ENTRY_CHARS_MAX: usize = 4_000;
/// What may be said about a task, and brought as evidence.
pub const TASK_ENTRIES_MAX: i64 = 200;
/// Bytes of evidence that is kept here; larger evidence is kept elsewhere, with its hash here.
pub const TASK_EVIDENCE_BYTES_MAX: usize = 64 << 10;
/// Tasks that are seen to in one look: reminded of, or withdrawn.
pub const TASK_BATCH: usize = 100;
/// Open tasks for people that are looked through at once for somebody who has left or is away.
pub const SUCCESSION_PAGE: usize = 200;
/// Managers above each other who are looked at for one who takes a task over.
pub const SUCCESSORS_MAX: usize = 16;
/// How long somebody may stand in for somebody else.
pub const DEPUTY_DAYS_MAX: i64 = 366;
/// How many may stand in for one person at the same time, or later.
pub const DEPUTIES_MAX: i64 = 20;
/// Tickets of one connection that are seen to at once.
pub const TICKET_BATCH: usize = 8;
/// How long a ticket that is being seen to is left alone by others.
pub const TICKET_HOLD: Duration = Duration::from_mins(5);
/// The shortest pause between two looks at an open ticket.
pub const TICKET_LOOK_MIN: Duration = Duration::from_secs(30);
/// The longest one.
pub const TICKET_LOOK_MAX: Duration = Duration::from_mins(15);
/// The longest pause before something about a ticket is tried again.
pub const TICKET_PAUSE_MAX: Duration = Duration::from_mins(30);
/// The longest pause that a ticket system may ask for.
pub const TICKET_PAUSE_ASKED_MAX: Duration = Duration::from_hours(6);
/// After so many tries in vain somebody is told also of what may pass by itself.
pub const TICKET_TRIES_TOLD: i64 = 10;
/// Attestations of one account that are read at once.
pub const ATTESTATIONS_OF_ACCOUNT_MAX: usize = 5_000;
/// Attestations of one connection that are read at once.
pub const ATTESTATIONS_OF_CONNECTION_MAX: usize = 200_000;
/// How often one write is looked at again because somebody said something meanwhile.
pub const ASKED_LOOKS_MAX: usize = 16;
/// The most runs that are played again by a draft at once.
pub const REDRAFTED_RUNS_MAX: usize = 500;
/// Runs that are read through for those that came to an end of their own.
pub const REDRAFTED_LOOKED_AT_MAX: usize = 10_000;
/// Runs that are read at once.
pub const RUNS_AT_ONCE: usize = 500;
/// Records of a run that are shown with it, and read at once.
pub const RECORDS_AT_ONCE: usize = 500;
/// The most people about whom questions about everybody are answered.
pub const POPULATION_PEOPLE_MAX: i64 = 3_000_000;
/// The most memory that everybody may take, in bytes.
pub const POPULATION_BYTES_MAX: usize = 3 << 30;
/// How many people are taken in at a time when everybody is loaded, so that every processor has some.
pub const POPULATION_INTAKE: usize = 4_000;
/// People loaded at a time.
pub const POPULATION_PAGE: usize = 1_000;
/// How many people are named who are exceptions to a proposed rule.
pub const MINED_NAMES_MAX: usize = 5;
/// Pages of one reading, after which it is given up as endless.
pub const READING_PAGES_MAX: usize = 100_000;
/// Accounts that are not as they were and are judged in one transaction.
pub const JUDGED_AT_ONCE: usize = 500;
/// How long a reading belongs to the node that began it, unless it says that it still reads.
pub const READING_HOLD: Duration = Duration::from_mins(2);
/// How long a new process waits before it reads a system that was never read.
pub const FIRST_READING_AFTER: Duration = Duration::from_mins(1);
/// How soon a reading that came to nothing is tried again.
pub const READING_AGAIN: Duration = Duration::from_mins(5);
/// A reading that left accounts out, because runs worked on them, is made again after this at most.
pub const READING_LEFT_AGAIN: Duration = Duration::from_hours(1);
/// Rounds of asking what changed, after which the next turn goes on.
pub const FOLLOW_ROUNDS_MAX: usize = 1_000;
/// So many accounts fewer than a system said that it has may be read, because some went meanwhile; of
/// many, one in a thousand.
pub const EXPECTED_LESS_MAX: u64 = 5;
/// Steps that wait for the same to happen to the same person, and are told at once.
pub const AWAITS_MAX: usize = 1_000;
