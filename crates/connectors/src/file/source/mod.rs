//! Where feeds come from. Each source hands over open files of this machine, whole, so that what
//! is read cannot change or break off under the reading.

mod folder;
mod glob;
pub(super) mod http;
mod sftp;
mod wire;

use std::fs::File;
use std::sync::Arc;

use tenure_connect::{Refusal, RefusalClass, Secrets};

use super::config::{BadFileConfig, FileConfig, From, Pick, Whole};
use super::spool::Room;
use crate::limits::FILE_FILES_MAX;
use http::Web;

/// A feed as it was fetched.
pub(super) struct Fetched {
    /// Another one whenever the source has something else; none if the source cannot say.
    pub(super) stamp: Option<String>,
    /// Its files, in order.
    pub(super) files: Vec<Fed>,
}

/// One file of a feed.
pub(super) struct Fed {
    /// Its name.
    pub(super) name: String,
    /// What is in it.
    pub(super) content: File,
    /// How many rows a file beside it says it has.
    pub(super) declared: Option<u64>,
    /// Whether it may still be written to, because it is not our own copy.
    pub(super) shared: bool,
}

/// A file that is there to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Listed {
    name: String,
    bytes: u64,
    /// In whatever unit the source has; a later one is larger.
    modified: u128,
}

/// A way to a feed.
pub(super) enum Source {
    Folder,
    Http(Web),
    Sftp,
}

impl Source {
    /// The way that the settings describe.
    pub(super) fn new(config: &FileConfig) -> Result<Self, BadFileConfig> {
        match &config.from {
            From::Folder { .. } => Ok(Self::Folder),
            From::Http { .. } => Ok(Self::Http(Web::new().map_err(|source| BadFileConfig::Http { source })?)),
            From::Sftp { .. } => Ok(Self::Sftp),
        }
    }

    /// Fetches the feed, unless it still has this stamp; then there is nothing to fetch.
    pub(super) async fn fetch(
        &self,
        config: &FileConfig,
        room: &Arc<Room>,
        secrets: &Arc<dyn Secrets>,
        known: Option<&str>,
    ) -> Result<Option<Fetched>, Refusal> {
        let suffix = match &config.whole {
            Some(Whole::Control { suffix }) => Some(suffix.clone()),
            Some(Whole::Trailer { .. }) | None => None,
        };
        match (self, &config.from) {
            (Self::Http(web), From::Http { url, auth }) => {
                web.fetch(url, auth.as_ref(), secrets.as_ref(), room, known).await
            }
            (_, From::Folder { path, files, pick }) => {
                let wanted = Wanted { files: files.clone(), pick: *pick, suffix };
                let (path, known) = (path.clone(), known.map(str::to_owned));
                blocking(move || folder::fetch(&path, &wanted, known.as_deref())).await
            }
            (_, From::Sftp { .. }) => {
                let wanted = |files: &str, pick| Wanted { files: files.to_owned(), pick, suffix };
                sftp::fetch(&config.from, wanted, room, known).await
            }
            (_, From::Http { .. }) => Err(Refusal::new(RefusalClass::Unsupported, "no calls can be made over HTTP")),
        }
    }
}

/// Runs what waits for disks where waiting is no harm.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => {
            Err(Refusal::new(RefusalClass::Maintenance, "reading a feed broke off; try again").because(error))
        }
    }
}

/// Which files of a folder are wanted.
struct Wanted {
    files: String,
    pick: Pick,
    /// What the name of the file has at its end that says how many rows there are.
    suffix: Option<String>,
}

impl Wanted {
    /// Those that are wanted of those that are there, and the stamp over them.
    fn choose(&self, place: &str, listed: &[Listed]) -> Result<(Vec<Listed>, String), Refusal> {
        let fits = |file: &&Listed| glob::fits(&self.files, &file.name) && !self.is_control(&file.name);
        let ready = |file: &&Listed| match &self.suffix {
            Some(suffix) => listed.iter().any(|other| other.name == format!("{}{suffix}", file.name)),
            None => true,
        };
        let fitting: Vec<&Listed> = listed.iter().filter(fits).collect();
        let mut chosen: Vec<Listed> = fitting.iter().copied().filter(ready).cloned().collect();
        chosen.sort_by(|one, other| one.name.cmp(&other.name));
        if chosen.is_empty() {
            let files = &self.files;
            let what = match (fitting.first(), &self.suffix) {
                (Some(file), Some(suffix)) => {
                    format!(
                        "`{}` in `{place}` has no `{0}{suffix}` beside it yet, so it is not known to be whole",
                        file.name
                    )
                }
                _ => {
                    format!("there is no file `{files}` in `{place}`; look whether the feed was written, and its name")
                }
            };
            return Err(Refusal::new(RefusalClass::Gone, what));
        }
        match self.pick {
            Pick::All if chosen.len() > FILE_FILES_MAX => {
                let what = format!("more than {FILE_FILES_MAX} files fit in `{place}`; move the old ones away");
                return Err(Refusal::new(RefusalClass::Invalid, what));
            }
            Pick::All => {}
            Pick::Last => drop(chosen.drain(..chosen.len() - 1)),
            Pick::Newest => {
                chosen.sort_by_key(|file| file.modified);
                drop(chosen.drain(..chosen.len() - 1));
            }
        }
        let stamp = chosen.iter().map(|file| format!("{}/{}/{}", file.name, file.bytes, file.modified));
        let stamp = stamp.collect::<Vec<_>>().join("\n");
        Ok((chosen, stamp))
    }

    fn is_control(&self, name: &str) -> bool {
        self.suffix.as_ref().is_some_and(|suffix| name.ends_with(suffix.as_str()))
    }
}

/// The longest file that says how many rows another has, in bytes.
const CONTROL_BYTES_MAX: u64 = 4 << 10;

/// The first whole number in a file that says how many rows another has.
fn declared(name: &str, text: &[u8]) -> Result<u64, Refusal> {
    let text = String::from_utf8_lossy(text);
    let mut numbers = text.split(|sign: char| !sign.is_ascii_digit()).filter(|digits| !digits.is_empty());
    numbers.next().and_then(|digits| digits.parse().ok()).ok_or_else(|| {
        let what = format!("`{name}` holds no number of rows; it should be the first number in it");
        Refusal::new(RefusalClass::Invalid, what)
    })
}

fn too_large(name: &str) -> Refusal {
    let limit = crate::limits::FILE_BYTES_MAX >> 20;
    Refusal::new(RefusalClass::Invalid, format!("`{name}` is larger than {limit} MiB, which is the limit of a feed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_or_all_are_chosen_and_only_whole_ones() {
        let file = |name: &str, modified| Listed { name: name.into(), bytes: 1, modified };
        let listed = [file("hr-2.csv", 1), file("hr-1.csv", 2), file("hr-1.csv.ctl", 3), file("other", 9)];
        let names = |pick, suffix: Option<&str>| {
            let wanted = Wanted { files: "hr-*.csv".into(), pick, suffix: suffix.map(str::to_owned) };
            let (chosen, _) = wanted.choose("/in", &listed)?;
            Ok::<_, Refusal>(chosen.into_iter().map(|file| file.name).collect::<Vec<_>>())
        };
        assert_eq!(names(Pick::Newest, None).unwrap(), ["hr-1.csv"]);
        assert_eq!(names(Pick::Last, None).unwrap(), ["hr-2.csv"]);
        assert_eq!(names(Pick::All, None).unwrap(), ["hr-1.csv", "hr-2.csv"]);
        assert_eq!(names(Pick::Last, Some(".ctl")).unwrap(), ["hr-1.csv"]);
        assert!(names(Pick::Last, Some(".done")).unwrap_err().message.contains("not known to be whole"));
    }
}
