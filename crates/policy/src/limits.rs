//! Every limit of this crate, by name.

/// The longest source of an expression, in bytes.
pub const EXPRESSION_BYTES_MAX: usize = 2_048;
/// The most words and signs in an expression.
pub const EXPRESSION_TOKENS_MAX: usize = 512;
/// The most operators in an expression; each may cost the parser a stack frame or several.
pub const EXPRESSION_OPERATORS_MAX: usize = 128;
/// How deep brackets may stand in brackets.
pub const EXPRESSION_NESTING_MAX: usize = 32;
/// The stack for parsing and for deep evaluation; the limits below take at most 8 MB of it in an
/// unoptimised build.
pub const EXPRESSION_STACK_BYTES: usize = 32 * 1024 * 1024;
/// The most conditional (`? :`) operators in an expression.
pub const EXPRESSION_TERNARIES_MAX: usize = 32;
/// The most `!` or `-` signs in a row.
pub const EXPRESSION_UNARY_RUN_MAX: usize = 4;
/// The most `.` and `[…]` steps from one value.
pub const EXPRESSION_CHAIN_MAX: usize = 16;
/// How deep a walk over a list may stand in another.
pub const COMPREHENSION_NESTING_MAX: usize = 2;
/// The most walks over lists in one expression.
pub const COMPREHENSIONS_MAX: usize = 8;
/// How deep the parsed tree may be; deeper trees are refused before they are evaluated.
pub const EXPRESSION_DEPTH_MAX: usize = 160;
/// Trees up to this deep are evaluated where they are asked for, deeper ones on their own stack.
pub const EVALUATION_DEPTH_ON_CALLERS_STACK: usize = 10;
/// The most steps that the walks of one evaluation may take together.
pub const EVALUATION_STEPS_MAX: u64 = 200_000;
/// The most bytes that one evaluation may build.
pub const EVALUATION_BYTES_MAX: u64 = 1_048_576;
/// The longest text in an evaluation, in bytes.
pub const TEXT_BYTES_MAX: usize = 4_096;
/// The longest list in an evaluation.
pub const LIST_ITEMS_MAX: usize = 256;
/// How many names are tried for a new account.
pub const ACCOUNT_NAMES_TRIED_MAX: usize = 100;
/// The longest template, in bytes.
pub const TEMPLATE_BYTES_MAX: usize = 65_536;
/// The most placeholders of a template.
pub const TEMPLATE_PLACEHOLDERS_MAX: usize = 200;
/// The most characters that one value fills into a template; a longer one is cut.
pub const TEMPLATE_VALUE_CHARS_MAX: usize = 2_000;
/// The most questions that the formula of one condition may ask part by part.
pub const FORMULA_QUESTIONS_MAX: usize = 1_024;
/// The most different values of an attribute that no rule reads; with more it is not kept.
pub const COLUMN_VALUES_MAX: usize = 20_000;
/// How many threads work on everybody at once, at most.
pub const COLUMN_WORKERS_MAX: usize = 16;
/// How many words of rows are worth a thread of their own.
pub const COLUMN_WORDS_FOR_A_WORKER: usize = 16_384;
/// How many proposals role mining makes at most.
pub const PROPOSALS_MAX: usize = 20;
/// How many of the best single conditions are tried together with a second one.
pub const PROPOSALS_WIDENED: usize = 8;
/// How many names a generator tries for one person.
pub const GENERATED_NAMES_TRIED_MAX: usize = 1_000;
/// The longest name that a generator may be told to make.
pub const GENERATED_NAME_CHARS_MAX: usize = 128;
/// The most days before or after an end of an engagement that a document may name.
pub const DAY_OFFSET_MAX: i16 = 3_660;
/// The longest name of an entitlement, in bytes.
pub const ENTITLEMENT_NAME_BYTES_MAX: usize = 512;
/// The most places to fill in the name of an entitlement.
pub const ENTITLEMENT_PLACES_MAX: usize = 4;
/// So many known accounts may be missing from a reading, in hundredths of a percent, where its
/// document says nothing.
pub const DISAPPEAR_SHARE_USUAL: u64 = 200;
/// So many may be missing whatever the share is.
pub const DISAPPEAR_ALWAYS: u64 = 5;
/// The most comparisons of one condition that are tried with other values.
pub const ATOMS_MAX: usize = 16;
/// The most values that would have to be otherwise at once.
pub const COUNTERFACTUAL_SIZE_MAX: usize = 4;
/// The most combinations that are tried.
pub const COUNTERFACTUAL_TRIES_MAX: usize = 600;
/// The most ways out that are told.
pub const COUNTERFACTUALS_MAX: usize = 5;
