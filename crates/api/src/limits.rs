//! The limits of what a body may hold, each with its name.

/// The longest id that a source may give to an event, in bytes.
pub const EVENT_ID_BYTES_MAX: usize = 200;
/// How many attributes an event may carry.
pub const ATTRIBUTES_MAX: usize = 200;
/// The longest name of an attribute, in bytes.
pub const ATTRIBUTE_NAME_BYTES_MAX: usize = 64;
/// The longest text of an attribute, in bytes.
pub const TEXT_BYTES_MAX: usize = 8_192;
/// How many values an attribute may have.
pub const LIST_ITEMS_MAX: usize = 500;
/// How many things wrong with one body are told at once.
pub const FIELD_ERRORS_MAX: usize = 50;
/// How many letters of the user's words an error repeats.
pub const QUOTE_LETTERS_MAX: usize = 64;
/// The longest name of the owner of a token, in bytes.
pub const OWNER_NAME_BYTES_MAX: usize = 200;
/// How many items a page has when nobody says.
pub const PAGE_ITEMS_DEFAULT: u32 = 50;
/// The longest text that people are looked for by, in bytes.
pub const SEARCH_BYTES_MAX: usize = 200;
/// The longest cursor, in bytes.
pub const CURSOR_BYTES_MAX: usize = 512;
/// The longest life of a token, in days.
pub const TOKEN_DAYS_MAX: u32 = 366;
/// The life of a token when nobody says, in days.
pub const TOKEN_DAYS_DEFAULT: u32 = 90;
