//! `tenure notices preview`: the words of a notice, with its placeholders in their places.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use tenure_model::Name;
use tenure_server::house::preview::preview;

use super::in_process;
use crate::context::Cx;
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::table::{Column, column};

const FIELDS: &[Column] = &[
    column("Notice", "/notice"),
    column("Told on", "/on"),
    column("Channel", "/channel"),
    column("To", "/to"),
    column("Subject", "/subject"),
    column("Text", "/text"),
    column("HTML", "/html"),
];

/// Look at the words of a notice
///
/// Shows the words of a notice of the estate, with each placeholder standing for itself. Asks no server and sends
/// nothing.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tenure notices preview leaver-told\n  tenure notices preview leaver-told --json")]
pub struct Preview {
    /// Which notice
    name: Name,
    /// The configuration
    #[arg(short, long, env = "TENURE_CONFIG", hide_env_values = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Preview {
    /// Does it.
    pub async fn run(self, cx: &Cx) -> Result<Exit, CliError> {
        let found = preview(self.config.as_ref(), &self.name).await.map_err(in_process::failed)?;
        let found = found.ok_or_else(|| {
            CliError::new(Exit::Failed, code::CANNOT_READ, format!("the estate has no notice `{}`", self.name))
                .hint("a notice is a document of kind Notice; its name is in `metadata`")
        })?;
        let (subject, text, html) =
            found.words.map_or_else(Default::default, |words| (Some(words.subject), Some(words.text), words.html));
        let shown = json!({
            "notice": self.name.as_str(), "on": found.on, "channel": found.channel, "to": found.to,
            "subject": subject, "text": text, "html": html,
        });
        cx.output.item(FIELDS, &shown)?;
        Ok(Exit::Done)
    }
}
