//! What changed since a moment: `delta`, with tokens that are forgotten.

use serde_json::{Value as Json, json};

use super::directory::Directory;
use super::odata::{Asked, Type};
use super::problem::{Answered, Problem};

/// How much comes on a page.
const ON_PAGE: usize = 2;

/// Where somebody is in what changed.
struct Moment {
    seen: usize,
    /// What was selected at the beginning. Nothing may be selected beside a token.
    select: Option<String>,
}

/// Who changed since the moment that was asked for; everybody, if none was.
pub(super) fn changes(directory: &Directory, asked: &Asked, kind: &Type) -> Answered<Json> {
    let now = directory.log.len();
    let link = |name, seen: usize, select: &Option<String>| {
        asked.bare(name, &json!({ "seen": seen, "epoch": directory.epoch, "select": select }))
    };
    if asked.said("$deltatoken").as_deref() == Some("latest") {
        let later = link("$deltatoken", now, &asked.said("$select"));
        return Ok(json!({ "value": [], "@odata.deltaLink": later }));
    }
    let Moment { seen, select } = moment(directory, asked)?;
    let news: Vec<&String> = directory.log.iter().skip(seen).collect();
    let mut told: Vec<&String> = Vec::new();
    for id in news.iter().take(ON_PAGE) {
        told.extend((!told.contains(id)).then_some(id));
    }
    let change = |id: &String| match (directory.users.get(id), directory.deleted.contains_key(id)) {
        (Some(user), _) => Asked::selected(user, kind, select.as_deref()),
        (None, true) => Ok(json!({ "id": id, "@removed": { "reason": "changed" } })),
        (None, false) => Ok(json!({ "id": id, "@removed": { "reason": "deleted" } })),
    };
    let value: Vec<Json> = told.into_iter().map(change).collect::<Answered<_>>()?;
    Ok(if news.len() > ON_PAGE {
        json!({ "value": value, "@odata.nextLink": link("$skiptoken", seen + ON_PAGE, &select) })
    } else {
        json!({ "value": value, "@odata.deltaLink": link("$deltatoken", now, &select) })
    })
}

fn moment(directory: &Directory, asked: &Asked) -> Answered<Moment> {
    let token = match asked.token("$deltatoken")? {
        Some(token) => Some(token),
        None => asked.token("$skiptoken")?,
    };
    let Some(token) = token else { return Ok(Moment { seen: 0, select: asked.said("$select") }) };
    if token["epoch"] != directory.epoch {
        return Err(Problem::new(410, "syncStateNotFound", "The moment is not known any more."));
    }
    if asked.said("$select").is_some() {
        return Err(Problem::bad("$select is not supported together with a token."));
    }
    let seen = token["seen"].as_u64().and_then(|seen| usize::try_from(seen).ok()).unwrap_or_default();
    Ok(Moment { seen, select: token["select"].as_str().map(str::to_owned) })
}
