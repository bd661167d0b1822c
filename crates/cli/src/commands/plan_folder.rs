//! A folder of documents as the server takes it.

use std::collections::BTreeMap;
use std::path::Path;

use tenure_api::EstateFileView;

use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::limits::{FOLDER_DEPTH_MAX, FOLDER_FILES_MAX};

/// Every document below a folder, by its path there.
pub(super) fn read_folder(folder: &Path) -> Result<Vec<EstateFileView>, CliError> {
    let mut found = BTreeMap::new();
    walk(folder, folder, 0, &mut found)?;
    if found.is_empty() {
        let message = format!("there are no documents in `{}`", folder.display());
        return Err(CliError::new(Exit::Usage, code::CANNOT_READ, message)
            .hint("name a folder with `.yaml` files; an empty one would take everything out of force"));
    }
    Ok(found.into_iter().map(|(path, text)| EstateFileView { path, text }).collect())
}

fn walk(root: &Path, folder: &Path, depth: usize, found: &mut BTreeMap<String, String>) -> Result<(), CliError> {
    let unreadable = |path: &Path, error: &std::io::Error| {
        CliError::new(Exit::Failed, code::CANNOT_READ, format!("cannot read `{}`", path.display())).caused_by(error)
    };
    for entry in std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        let yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if hidden {
            continue;
        }
        if path.is_dir() && depth < FOLDER_DEPTH_MAX {
            walk(root, &path, depth + 1, found)?;
        } else if yaml {
            if found.len() >= FOLDER_FILES_MAX {
                let message = format!("`{}` has more than {FOLDER_FILES_MAX} documents", root.display());
                return Err(CliError::new(Exit::Usage, code::CANNOT_READ, message));
            }
            let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
            found.insert(path.strip_prefix(root).unwrap_or(&path).display().to_string(), text);
        }
    }
    Ok(())
}
