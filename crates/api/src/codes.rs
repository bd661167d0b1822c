//! Every error code, once: the word in the code, the status, what it means and the way out.
//!
//! A code never changes its meaning and is never used again. The page of the reference comes
//! from this list ([`page`]).

use std::fmt::Write as _;

/// What the list says of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeEntry {
    /// The code that users see.
    pub code: &'static str,
    /// The HTTP status, if it is an answer of a door.
    pub status: Option<u16>,
    /// A few words.
    pub title: &'static str,
    /// What happened.
    pub meaning: &'static str,
    /// What to do.
    pub way_out: &'static str,
}

macro_rules! codes {
    ($($name:ident = $code:literal, $status:expr, $title:literal, $meaning:literal, $way_out:literal;)*) => {
        /// A stable error code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $meaning] $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// What the list says of it.
            pub const fn entry(self) -> CodeEntry {
                match self {
                    $(Self::$name => CodeEntry {
                        code: $code, status: $status, title: $title, meaning: $meaning, way_out: $way_out,
                    },)*
                }
            }
        }
    };
}

codes! {
    BadRequest = "TEN-E0101", Some(400), "the request cannot be read",
        "The path or the query of the request has a part that cannot be read.",
        "Correct the part that the detail names.";
    NotJson = "TEN-E0102", Some(400), "the body is not JSON",
        "The body is empty, is cut off, or is not JSON.",
        "Send one JSON object; the detail says at which line and column reading stopped.";
    BadBody = "TEN-E0103", Some(422), "the body is not acceptable",
        "The body is JSON and does not say what this operation needs.",
        "Correct each place that `errors` names.";
    BodyTooLarge = "TEN-E0104", Some(413), "the body is too large",
        "The body has more bytes than this installation takes.",
        "Send less at once, or raise `limits.body_bytes_max`.";
    WrongMediaType = "TEN-E0105", Some(415), "the media type is not JSON",
        "The request has a body and its content type is not JSON.",
        "Send `content-type: application/json`.";
    WrongMethod = "TEN-E0106", Some(405), "the method is not allowed here",
        "There is something at this path, and it does not take this method.",
        "Use one of the methods in the `allow` header.";
    NotFound = "TEN-E0107", Some(404), "not found",
        "There is nothing of this name, or nothing that you may see.",
        "Check the path and the id; ask an administrator whether your role may see it.";
    TooSlow = "TEN-E0108", Some(503), "the answer took too long",
        "The request was not finished within the time limit. What was committed stays committed.",
        "Ask again; an event may be sent again under its id without harm.";
    BodyTooSlow = "TEN-E0109", Some(408), "the body came too slowly",
        "The body did not arrive within the time limit.",
        "Send the request again over a better line.";
    TooBusy = "TEN-E0110", Some(503), "too many requests at once",
        "As many requests are in work as this installation takes.",
        "Wait for the seconds in `retry-after` and send the request again.";
    Internal = "TEN-E0111", Some(500), "something went wrong inside",
        "A fault of Tenure itself. It was logged under the request id.",
        "Report it with the request id; nothing of a half-done request was committed.";
    BadCursor = "TEN-E0112", Some(400), "the cursor cannot be read",
        "The `after` of the query is not a cursor that a page handed out.",
        "Start again without `after`, or use `next` of the last page as it is.";
    Precondition = "TEN-E0113", Some(409), "it was changed meanwhile",
        "Somebody else changed the same thing since you read it.",
        "Read it again and decide anew.";
    NotInThisState = "TEN-E0114", Some(409), "its state does not allow that",
        "The thing is in a state in which this cannot be done; nothing was changed.",
        "The detail names the state; read the thing again.";
    ReusedId = "TEN-E0115", Some(422), "the id was used for something else",
        "The source sent this event id before, with other content. The first one stays.",
        "Give every event its own id; send the same content only under the same id.";
    TooManySignals = "TEN-E0116", Some(409), "the run takes no more signals",
        "So much was sent to this run already that more would only keep others waiting; nothing was changed.",
        "Stop whoever sends them; skip the step that waits, or cancel the run and start another.";
    NoToken = "TEN-E0201", Some(401), "a token is needed",
        "The request carries no token, or more than one.",
        "Send `authorization: Bearer tnr_…`; `tenure token create` makes one.";
    UnknownToken = "TEN-E0202", Some(401), "the token is not known",
        "The token is not one of this installation.",
        "Check for cut-off letters; `tenure token create` makes a new one.";
    EndedToken = "TEN-E0203", Some(401), "the token has ended",
        "The token has expired or was revoked.",
        "Make a new one with `tenure token create`.";
    Forbidden = "TEN-E0204", Some(403), "not allowed",
        "Your roles do not include this action.",
        "Ask an owner for a token with a role that may; the access table lists them.";
    NotSigned = "TEN-E0205", Some(401), "not signed by anybody who is believed",
        "There is no webhook here for whoever sent this: the signature, its age or the name is wrong.",
        "Check the address, the key and the clock of the sender; it signs as the Standard Webhooks specification has it.";
    UnknownKind = "TEN-E0301", Some(422), "there is no such kind of event",
        "The `type` of the event is not one that Tenure knows.",
        "Use one of the types that the reason lists.";
    Held = "TEN-E0302", Some(409), "held by a brake",
        "The change is larger than the limits allow without a human.",
        "Look at the case that the detail names and release or refuse it.";
    BadDocuments = "TEN-E0303", Some(422), "the documents are wrong",
        "Documents that were sent cannot become an estate.",
        "Correct each place that `errors` names.";
    StoreUnavailable = "TEN-E0401", Some(503), "the database cannot be reached",
        "The database does not answer. Nothing was changed.",
        "Try again; `tenure doctor` tells what is wrong.";
    StoreFull = "TEN-E0402", Some(503), "the database cannot write",
        "The disk is full or fails, or the database is read-only. Nothing was changed.",
        "Make room, or make it writable; the logs of the server tell which. It goes on by itself.";
    NotReady = "TEN-E0403", Some(503), "not ready yet",
        "Tenure is starting or stopping.",
        "Wait and send the request again.";
    SystemUnreachable = "TEN-E0501", Some(502), "the connected system does not answer",
        "The connected system is down, slow or refuses us.",
        "Look at the connection with `tenure connect check`.";
    SystemRefuses = "TEN-E0502", Some(502), "the connected system refuses",
        "The connected system answers and does not do what was asked.",
        "The detail says what it refuses; correct the connection or its rights there.";
    SystemBusy = "TEN-E0503", Some(503), "the connected system cannot serve now",
        "The connected system asks to come back later.",
        "Wait and ask again.";
    UnknownSetting = "TEN-E0901", None, "there is no such setting",
        "The configuration names a setting that does not exist.",
        "Correct the name; the reference of the configuration lists all settings.";
    BadSetting = "TEN-E0902", None, "the setting has a wrong value",
        "The value of a setting cannot be read or is out of range.",
        "Give it a value of the type that the message names.";
    OpenWithoutTls = "TEN-E0903", None, "refused to listen beyond this machine without TLS",
        "The listen address can be reached from other machines and no certificate is configured.",
        "Set `tls.certificate` and `tls.key`, listen on 127.0.0.1 behind a proxy, or say so in `unsafe.listen_without_tls`.";
    CannotListen = "TEN-E0904", None, "cannot listen on the address",
        "The port is in use or the address is not one of this machine.",
        "Stop the other program or choose another `listen` address.";
    BadKeyFile = "TEN-E0905", None, "a key file is missing, broken or open to others",
        "A private key cannot be read, is not a key, or may be read by everybody on this machine.",
        "Put the right file there and take the rights away from others: `chmod 600`.";
    NewerDatabase = "TEN-E0906", None, "the database is newer than this program",
        "A newer Tenure has changed the database.",
        "Start the newer Tenure, or restore the backup from before.";
    BadConnection = "TEN-E0907", None, "a connection or a channel cannot be used",
        "Its settings are of no use to it, or its system refuses us.",
        "Correct what the message names in the document of the connection or the channel, or at its system.";

    // What the command line itself says; these never come over HTTP.
    BadWords = "TEN-E0800", None, "the command line cannot be understood",
        "A command, an option or a value is not one that this program knows.",
        "Follow the suggestion, or add `--help` to the command.";
    ServerUnreachable = "TEN-E0801", None, "the server cannot be reached",
        "Nobody answers at the address of the server.",
        "Start it with `tenure serve`, or name another with `--server` or TENURE_SERVER.";
    NotTenure = "TEN-E0802", None, "what answers is not Tenure",
        "Something answered that does not speak this API, such as a proxy or another program.",
        "Check `--server` and what stands between here and there.";
    TokenMissing = "TEN-E0803", None, "the command line has no usable token",
        "No token was named, or the file that was named does not hold one.",
        "Set TENURE_TOKEN, or name a file with `--token-file` or a context with `--context`.";
    BadServer = "TEN-E0804", None, "the address of the server is not usable",
        "The address cannot be read, would send a token in clear beyond this machine, or names a context that is not there.",
        "Use an address such as `https://tenure.example.org`, or a context that the file of contexts has.";
    CannotRead = "TEN-E0805", None, "a file or the standard input cannot be read",
        "It is not there, may not be read, is too large, or is not in the form that is needed.",
        "Correct what the cause names.";
    LedgerNotSound = "TEN-E0806", None, "the ledger is not what was signed",
        "An entry was changed, removed, added or moved since the checkpoint was signed, or the checkpoint is not of the pinned key.",
        "Keep everything as it is, and compare with the checkpoints that others hold; the message names the first bad entry.";
    CannotWrite = "TEN-E0807", None, "the output cannot be written",
        "A file or the standard output does not take what was to be written.",
        "Make room, or name a place that may be written.";
    ServerTooSlow = "TEN-E0808", None, "the server did not answer in time",
        "The answer did not come within the time of `--timeout`. What was committed stays committed.",
        "Try again, or give it longer with `--timeout`.";
    NotConfirmed = "TEN-E0809", None, "not confirmed",
        "The command cannot be taken back and nobody said yes.",
        "Say yes when asked, or add `--yes` where nobody can be asked.";
    CannotStart = "TEN-E0810", None, "the program cannot start",
        "The machine gives the program no threads, or no way to hear that it is to stop.",
        "Free memory or processes on the machine and start it again.";
    WhichPerson = "TEN-E0811", None, "it is not clear who is meant",
        "Nobody, or more than one person, is found by the words.",
        "Use the id, or letters that only one person has.";
    RunNotDone = "TEN-E0812", None, "the run did not end well",
        "The run that was followed failed, was cancelled, or needs somebody.",
        "`tenure runs show` tells what it did and what it waits for.";
    DoneInPart = "TEN-E0813", None, "done in part",
        "Some of several things were done and some were refused.",
        "Correct those that were refused and send all again; what was accepted is not done twice.";
    NotWell = "TEN-E0814", None, "something is not well",
        "A check failed.",
        "Do what stands beside the check.";
    PlanFailed = "TEN-E0816", None, "the plan could not be worked out",
        "What the plan was asked for cannot be worked out, such as when a connected system does not answer.",
        "Do what the cause says, and make a new plan.";
    PlanMoved = "TEN-E0817", None, "the plan was not applied",
        "What the plan rests on is not what it was when the plan was made. Nothing was done.",
        "Make a new plan, look at it, and apply that.";
    NotMeasured = "TEN-E0815", None, "a measurement stopped",
        "The process that is measured, its database or its folder could not be used, or a run did not end well.",
        "Correct what the cause names; name an empty database and a folder that may be written.";
}

impl Code {
    /// The code that users see.
    pub fn as_str(self) -> &'static str {
        self.entry().code
    }
}

/// The page of the reference that lists every code.
pub fn page() -> String {
    let mut page = String::from(
        "# Error codes\n\nEvery refusal carries one of these codes. A code keeps its meaning for ever.\n\
         At the HTTP API they come as `application/problem+json`.\n",
    );
    for code in Code::ALL {
        let entry = code.entry();
        let status = entry.status.map_or(String::new(), |status| format!(" · HTTP {status}"));
        let _ = write!(
            page,
            "\n## {}{}\n\n**{}**\n\n{}\n\nWay out: {}\n",
            entry.code, status, entry.title, entry.meaning, entry.way_out
        );
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_code_stands_for_two_things_and_each_has_words() {
        let codes: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes.len(), Code::ALL.len());
        for code in Code::ALL {
            let entry = code.entry();
            assert!(entry.code.starts_with("TEN-E") && entry.code.len() == 9, "{}", entry.code);
            assert!(entry.title.starts_with(char::is_lowercase) && !entry.title.ends_with('.'), "{}", entry.title);
            assert!(entry.meaning.ends_with('.') && entry.way_out.ends_with('.'), "{}", entry.code);
            assert!(entry.status.is_none_or(|status| (400..600).contains(&status)));
        }
    }

    #[test]
    fn the_page_names_every_code() {
        let page = page();
        assert!(Code::ALL.iter().all(|code| page.contains(&format!("## {}", code.as_str()))));
    }
}
