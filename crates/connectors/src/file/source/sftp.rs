//! Feeds over SFTP, through the OpenSSH client of this machine as a child process.
//!
//! Over its pipes we speak SFTP ourselves, so no name of a file ever passes through a shell or a
//! batch file.

use std::io::{Seek as _, SeekFrom};

use tenure_connect::{Refusal, RefusalClass, SecretRef};
use tenure_outside::limits::SSH_DIAL_TIME_MAX;
use tenure_outside::openssh::{Client, Host, Remote};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::super::config::{From, Pick};
use super::super::spool::Room;
use super::wire::{Answer, Ask, answer, packet};
use super::{CONTROL_BYTES_MAX, Fed, Fetched, Listed, Wanted, declared, too_large};
use crate::limits::{
    FILE_BYTES_MAX, FILE_FOLDER_ENTRIES_MAX, FILE_SFTP_ANSWER_TIME_MAX, FILE_SFTP_PACKET_BYTES_MAX, FILE_SFTP_TIME_MAX,
};

/// How much of a file is asked for at once.
const READ_BYTES: u32 = 128 << 10;

/// Fetches the files that are wanted into files of our own, unless they still have this stamp.
pub(super) async fn fetch(
    from: &From,
    wanted: impl FnOnce(&str, Pick) -> Wanted,
    room: &Room,
    known: Option<&str>,
) -> Result<Option<Fetched>, Refusal> {
    let From::Sftp { host, port, user, identity: SecretRef::File(identity), known_hosts, path, files, pick } = from
    else {
        return Err(Refusal::new(RefusalClass::Unsupported, "these are not the settings of an SFTP server"));
    };
    let there = Host { host, port: *port, user, identity, known_hosts, settings: "from." };
    let wanted = wanted(files, *pick);
    let session = async {
        let mut session = Session::open(there).await?;
        let fetched = session.fetch(path, &wanted, room, known).await;
        match fetched {
            // The client knows better why the line broke.
            Err(refusal) if refusal.class == RefusalClass::Network => Err(session.complaint().await.unwrap_or(refusal)),
            fetched => fetched,
        }
    };
    let late = || Refusal::new(RefusalClass::Network, format!("fetching from `{host}` took too long and was given up"));
    timeout(FILE_SFTP_TIME_MAX, session).await.unwrap_or_else(|_| Err(late()))
}

struct Session<'a> {
    host: Host<'a>,
    client: Client,
    id: u32,
}

impl<'a> Session<'a> {
    async fn open(host: Host<'a>) -> Result<Self, Refusal> {
        let mut session = Self { host, client: host.start(Remote::Subsystem("sftp"))?, id: 0 };
        match timeout(SSH_DIAL_TIME_MAX * 2, session.ask(&Ask::Init)).await {
            Ok(Ok(Answer::Version(3..))) => Ok(session),
            Ok(Ok(_)) => Err(session.strange()),
            Ok(Err(refusal)) => Err(session.complaint().await.unwrap_or(refusal)),
            Err(_) => Err(session.lost("did not answer")),
        }
    }

    fn lost(&self, what: &str) -> Refusal {
        Refusal::new(RefusalClass::Network, format!("`{}` {what}; nothing of the feed is used", self.host.host))
    }

    fn strange(&self) -> Refusal {
        let what = format!("`{}` does not speak SFTP as it should; is it allowed to this user there?", self.host.host);
        Refusal::new(RefusalClass::Invalid, what)
    }

    /// What the client says about a line that broke.
    async fn complaint(&mut self) -> Option<Refusal> {
        let (refusal, text) = self.host.complaint(&mut self.client).await;
        refusal.or_else(|| {
            let host = self.host.host;
            let what = format!("`{host}` has no SFTP for this user; have it switched on there");
            let no_subsystem = text.contains("subsystem request failed");
            no_subsystem.then(|| Refusal::new(RefusalClass::Unsupported, what).because(std::io::Error::other(text)))
        })
    }

    async fn ask(&mut self, ask: &Ask<'_>) -> Result<Answer, Refusal> {
        self.id = self.id.wrapping_add(1);
        let id = self.id;
        let exchange = async {
            self.client.input.write_all(&packet(ask, id)).await?;
            self.client.input.flush().await?;
            let length = self.client.output.read_u32().await?;
            if length > FILE_SFTP_PACKET_BYTES_MAX {
                return Ok(None);
            }
            let mut body = vec![0; length as usize];
            self.client.output.read_exact(&mut body).await?;
            Ok::<_, std::io::Error>(answer(&body))
        };
        match timeout(FILE_SFTP_ANSWER_TIME_MAX, exchange).await {
            Ok(Ok(Some((_, version @ Answer::Version(_))))) => Ok(version),
            Ok(Ok(Some((other, answer)))) if other == id => Ok(answer),
            Ok(Ok(_)) => Err(self.strange()),
            Ok(Err(error)) => Err(self.lost("could not be reached, or the line broke").because(error)),
            Err(_) => Err(self.lost("stopped answering")),
        }
    }

    async fn handle(&mut self, ask: &Ask<'_>, path: &str) -> Result<Vec<u8>, Refusal> {
        match self.ask(ask).await? {
            Answer::Handle(handle) => Ok(handle),
            Answer::Status(2) => {
                let what = format!("there is no `{path}` on `{}`; correct `from.path`", self.host.host);
                Err(Refusal::new(RefusalClass::Gone, what))
            }
            Answer::Status(3) => {
                let what = format!("`{path}` on `{}` is not ours to read; give us the right", self.host.host);
                Err(Refusal::new(RefusalClass::Permission, what))
            }
            _ => Err(self.strange()),
        }
    }

    async fn fetch(
        &mut self,
        path: &str,
        wanted: &Wanted,
        room: &Room,
        known: Option<&str>,
    ) -> Result<Option<Fetched>, Refusal> {
        let place = format!("{}:{path}", self.host.host);
        let listed = self.list(path).await?;
        let (chosen, stamp) = wanted.choose(&place, &listed)?;
        if known == Some(stamp.as_str()) {
            return Ok(None);
        }
        let mut files = Vec::new();
        for file in &chosen {
            let mut content = unkept(room.file())?;
            self.copy(path, file, FILE_BYTES_MAX, &mut content).await?;
            unkept(content.seek(SeekFrom::Start(0)))?;
            let declared = match &wanted.suffix {
                None => None,
                Some(suffix) => {
                    let name = format!("{}{suffix}", file.name);
                    let control = listed.iter().find(|other| other.name == name);
                    let control = control.ok_or_else(|| self.strange())?;
                    let mut text = Vec::new();
                    self.copy(path, control, CONTROL_BYTES_MAX, &mut text).await?;
                    Some(declared(&name, &text)?)
                }
            };
            files.push(Fed { name: file.name.clone(), content, declared, shared: false });
        }
        // A file that is still being written to would now have another size or time.
        let again = wanted.choose(&place, &self.list(path).await?)?.1;
        if again != stamp {
            let what = format!("the feed in `{place}` was written to while it was fetched; it is read again later");
            return Err(Refusal::new(RefusalClass::Maintenance, what));
        }
        Ok(Some(Fetched { stamp: Some(stamp), files }))
    }

    async fn list(&mut self, path: &str) -> Result<Vec<Listed>, Refusal> {
        let handle = self.handle(&Ask::OpenFolder(path), path).await?;
        let mut found = Vec::new();
        loop {
            match self.ask(&Ask::ReadFolder(&handle)).await? {
                Answer::Names(entries) => {
                    let files = entries.into_iter().filter(|entry| entry.is_file && !entry.name.contains('/'));
                    found.extend(files.map(|entry| Listed {
                        name: entry.name,
                        bytes: entry.bytes,
                        modified: u128::from(entry.modified),
                    }));
                    if found.len() > FILE_FOLDER_ENTRIES_MAX {
                        let what = format!("`{path}` has more than {FILE_FOLDER_ENTRIES_MAX} files");
                        return Err(Refusal::new(RefusalClass::Invalid, what));
                    }
                }
                Answer::Status(1) => break,
                _ => return Err(self.strange()),
            }
        }
        self.ask(&Ask::Close(&handle)).await?;
        Ok(found)
    }

    async fn copy(
        &mut self,
        folder: &str,
        file: &Listed,
        bytes_max: u64,
        into: &mut (impl std::io::Write + Send),
    ) -> Result<(), Refusal> {
        let path = format!("{}/{}", folder.trim_end_matches('/'), file.name);
        let handle = self.handle(&Ask::Open(&path), &path).await?;
        let mut offset = 0;
        loop {
            match self.ask(&Ask::Read(&handle, offset, READ_BYTES)).await? {
                Answer::Data(bytes) => {
                    offset += bytes.len() as u64;
                    if offset > bytes_max {
                        return Err(too_large(&file.name));
                    }
                    unkept(into.write_all(&bytes))?;
                }
                Answer::Status(1) => break,
                _ => return Err(self.strange()),
            }
        }
        self.ask(&Ask::Close(&handle)).await?;
        if offset == file.bytes { Ok(()) } else { Err(self.lost("handed over another number of bytes than it said")) }
    }
}

fn unkept<T>(done: std::io::Result<T>) -> Result<T, Refusal> {
    done.map_err(|error| {
        Refusal::new(RefusalClass::Maintenance, "the feed cannot be kept; look at the free space of the data folder")
            .because(error)
    })
}
