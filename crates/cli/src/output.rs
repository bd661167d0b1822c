//! Data to standard output, talk to standard error: what a pipe reads is never mixed with words.

use std::io::{self, IsTerminal as _, Write as _};

use clap::ValueEnum;
use serde_json::Value;

use crate::error::{CliError, Paint, code};
use crate::exit::Exit;
use crate::limits::WIDTH_DEFAULT;
use crate::table::{self, Column, cell, lines};

/// In which form data is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// One JSON document.
    Json,
    /// One JSON document per line.
    Jsonl,
}

/// Where and how to write.
#[derive(Debug, Clone)]
pub struct Output {
    /// The form of data.
    pub format: Format,
    /// Tabs instead of columns.
    pub plain: bool,
    /// No talk but errors.
    pub quiet: bool,
    /// How much talk.
    pub verbose: u8,
    /// Colours were refused.
    pub no_color: bool,
}

impl Output {
    /// Writes a list.
    pub fn list(&self, columns: &[Column], items: &[Value]) -> Result<(), CliError> {
        let text = match self.format {
            Format::Table if self.plain => table::plain(columns, items),
            Format::Table if items.is_empty() => {
                self.say("nothing found");
                return Ok(());
            }
            Format::Table => table::table(columns, items, width(), self.paint_out()),
            Format::Json => pretty(&Value::Array(items.to_vec())),
            Format::Jsonl => json_lines(items),
        };
        write(&text)
    }

    /// Writes one thing: for people, a line per field.
    pub fn item(&self, fields: &[Column], item: &Value) -> Result<(), CliError> {
        let text = match self.format {
            Format::Table => {
                let widest = fields.iter().map(|field| field.title.len()).max().unwrap_or(0);
                let line = |field: &Column| {
                    let value = item.pointer(field.pointer);
                    if self.plain {
                        return format!("{}\t{}\n", field.title, cell(value));
                    }
                    let (title, value) = (format!("{:widest$}", field.title), lines(value, widest + 2));
                    format!("{}  {value}\n", self.paint_out().dim(&title))
                };
                fields.iter().map(line).collect()
            }
            Format::Json => pretty(item),
            Format::Jsonl => format!("{item}\n"),
        };
        write(&text)
    }

    /// Writes a further list of a thing that [`Output::item`] wrote; JSON has said it already.
    pub fn part(&self, title: &str, columns: &[Column], items: Option<&Value>) -> Result<(), CliError> {
        let items = items.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if self.format != Format::Table || items.is_empty() {
            return Ok(());
        }
        if self.plain {
            return write(&table::plain(columns, items));
        }
        let heading = self.paint_out().bold(title);
        write(&format!("\n{heading}\n{}", table::table(columns, items, width(), self.paint_out())))
    }

    /// Says something to whoever sits there.
    pub fn say(&self, text: &str) {
        if !self.quiet {
            talk(&format!("{text}\n"));
        }
    }

    /// Says something to whoever wants to know more.
    pub fn detail(&self, text: &str) {
        if self.verbose > 0 && !self.quiet {
            talk(&format!("{}\n", self.paint_talk().dim(text)));
        }
    }

    /// Colours for data.
    pub fn paint_out(&self) -> Paint {
        self.paint(io::stdout().is_terminal())
    }

    /// Colours for talk.
    pub fn paint_talk(&self) -> Paint {
        self.paint(io::stderr().is_terminal())
    }

    /// Whether a line of progress would be seen and is wanted.
    pub fn shows_progress(&self) -> bool {
        !self.quiet && !self.plain && io::stderr().is_terminal()
    }

    fn paint(&self, terminal: bool) -> Paint {
        if terminal && !self.no_color && !self.plain { Paint::Colour } else { Paint::None }
    }
}

/// Writes a text to standard output as it is.
pub fn write(text: &str) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever read has seen enough, as `head` does.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(CliError::new(Exit::Failed, code::CANNOT_WRITE, "cannot write the output").caused_by(&error)),
        Ok(()) => Ok(()),
    }
}

/// What to say of a file that does not take what was to be written.
pub fn cannot_write(path: &std::path::Path, error: &io::Error) -> CliError {
    CliError::new(Exit::Failed, code::CANNOT_WRITE, format!("cannot write `{}`", path.display())).caused_by(error)
}

/// Writes talk. When nobody listens there is nobody to tell.
pub fn talk(text: &str) {
    let mut err = io::stderr().lock();
    if err.write_all(text.as_bytes()).is_ok() {
        drop(err.flush());
    }
}

/// One JSON document per line.
pub fn json_lines(items: &[Value]) -> String {
    items.iter().fold(String::new(), |text, item| text + &item.to_string() + "\n")
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// The width of the terminal; none when the table goes elsewhere, where nothing is to be cut.
fn width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    Some(terminal_size::terminal_size().map_or(WIDTH_DEFAULT, |(width, _)| usize::from(width.0)))
}
