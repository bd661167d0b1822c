//! Asks before something is done that cannot be taken back; never without a terminal.

use std::io::{self, BufRead as _, IsTerminal as _};

use crate::context::Cx;
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::output::talk;

/// Asks for a yes. Somebody who said `--yes` is not asked.
pub fn confirm(cx: &Cx, question: &str, yes: Yes) -> Result<(), CliError> {
    if yes.0 {
        return Ok(());
    }
    if cx.global.no_input || !io::stdin().is_terminal() {
        return Err(CliError::new(Exit::Usage, code::NOT_CONFIRMED, "nobody is there to confirm this")
            .cause(question)
            .hint("add `--yes` if it is meant"));
    }
    talk(&format!("{question} [y/N] "));
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| CliError::new(Exit::Failed, code::CANNOT_READ, "cannot read the answer").caused_by(&error))?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err(CliError::new(Exit::Refused, code::NOT_CONFIRMED, "not confirmed; nothing was done"))
    }
}

/// Whether somebody said `--yes`.
#[derive(Debug, Clone, Copy)]
pub struct Yes(pub bool);
