//! The seam to the server in this process: what `demo`, `serve`, `migrate` and the bootstrap of
//! `token` share when they call it.

use tenure_server::house::HouseError;

use crate::error::CliError;
use crate::exit::Exit;

/// What the house could not do, told as every other error is.
pub fn failed(error: HouseError) -> CliError {
    let entry = error.code().entry();
    // Whoever tries again later may find a database or a directory that answers.
    let exit = match entry.status {
        Some(502..=504) => Exit::Unreachable,
        Some(401 | 403 | 409) => Exit::Refused,
        Some(_) | None => Exit::Failed,
    };
    // A list of problems comes as lines; each is told, however many there are.
    let text = error.to_string();
    let mut lines = text.lines().map(ToOwned::to_owned);
    let mut told = CliError::new(exit, entry.code, lines.next().unwrap_or_default());
    told.causes.extend(lines);
    let told = match std::error::Error::source(&error) {
        Some(source) => told.caused_by(source),
        None => told,
    };
    told.hint(entry.way_out)
}
