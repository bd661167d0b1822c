//! What is wrong with a document, and where.

use std::fmt;

use serde::Serialize;

/// A place in a file; both numbers start at one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Place {
    /// The line.
    pub line: u64,
    /// The column, in characters.
    pub column: u64,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        /// What kind of problem it is. A code never changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// The code as it is printed.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

codes! {
    /// The file is not strict YAML.
    NotYaml = "TEN-E2001";
    /// A file, a document or a list is too large.
    TooLarge = "TEN-E2002";
    /// A key that this kind of document does not have.
    UnknownKey = "TEN-E2003";
    /// A key that this kind of document must have.
    MissingKey = "TEN-E2004";
    /// A value of another type is needed.
    WrongType = "TEN-E2005";
    /// The type is right, the value is not.
    BadValue = "TEN-E2006";
    /// No such kind of document, or no such version.
    UnknownKind = "TEN-E2007";
    /// A condition or mapping cannot be read.
    BadExpression = "TEN-E2008";
    /// A secret stands in the document itself.
    PlainSecret = "TEN-E2009";
    /// A document names another that is not there.
    NamesNothing = "TEN-E2010";
    /// Two documents have the same kind and name.
    Duplicate = "TEN-E2011";
    /// Documents name each other in a circle.
    Loop = "TEN-E2012";
    /// Documents forbid what they want.
    Contradiction = "TEN-E2013";
    /// Nobody answers for something.
    Unowned = "TEN-E2014";
    /// Nobody can ever come to it.
    Unreachable = "TEN-E2015";
    /// It is given to more than can be meant.
    TooBroad = "TEN-E2017";
    /// The same thing is given twice.
    GivenTwice = "TEN-E2018";
    /// A word is almost, and not quite, another one.
    Misspelt = "TEN-E2019";
    /// It can be read, and would go wrong when it runs.
    Unsound = "TEN-E2016";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.word())
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, thiserror::Error)]
#[error("{file}:{}:{}: {code} {reason}; {hint}", place.line, place.column)]
pub struct Problem {
    /// In which file.
    pub file: String,
    /// Where in it.
    pub place: Place,
    /// What kind of problem.
    pub code: Code,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub hint: String,
}
