//! What a notice of the estate would say, with its placeholders in their places. Nothing is sent.

use std::path::PathBuf;

use tenure_model::Name;
use tenure_policy::notice::Filled;

use super::fault::HouseError;
use super::{estate, settings};

/// What a notice would say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// On what it is told.
    pub on: String,
    /// By which channel.
    pub channel: String,
    /// To whom.
    pub to: Vec<String>,
    /// In which words, if the channel carries words.
    pub words: Option<Filled>,
}

/// Looks at a notice of the estate that the settings name; none if there is none of this name.
pub async fn preview(config: Option<&PathBuf>, name: &Name) -> Result<Option<Preview>, HouseError> {
    let config = settings(config, None)?;
    let read = estate::read(&config.estate_folder).await?;
    let Some(telling) = read.documents.notices.get(name) else { return Ok(None) };
    let values = telling.sample();
    let words = telling.words.as_ref().and_then(|words| words.fill(&values).ok());
    Ok(Some(Preview {
        on: telling.on.to_string(),
        channel: telling.channel.to_string(),
        to: telling.to.iter().map(|to| to.source().to_owned()).collect(),
        words,
    }))
}
