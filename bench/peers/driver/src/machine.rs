//! The door to this machine: the clock, printing, free ports, the disk's rate, its description.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::time::Instant;

use crate::limits::DISK_PROBE;
use crate::trouble::{Because, Result};

/// Now, on the clock that never goes back.
pub fn now() -> Instant {
    Instant::now()
}

/// Prints one line for the reader.
#[expect(clippy::print_stdout, reason = "the figures are what this program is for")]
pub fn say(line: &str) {
    println!("{line}");
}

/// Prints one line about progress or trouble, apart from the figures.
#[expect(clippy::print_stderr, reason = "progress goes beside the figures, not into them")]
pub fn tell(line: &str) {
    eprintln!("{line}");
}

/// A port of loopback that nobody listened on a moment ago.
pub fn free_port() -> Result<u16> {
    let address = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    address.map(|address| address.port()).because(|| "cannot find a free port".to_owned())
}

/// Sixteen bytes nobody can guess, in hexadecimal.
pub fn chance() -> Result<String> {
    use std::fmt::Write as _;
    let mut bytes = [0u8; 16];
    let read = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    read.because(|| "cannot read `/dev/urandom`".to_owned())?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a String cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    }))
}

/// Durable appends of 4 KiB that this disk does in a second, one after the other: beside such a
/// number every other figure can be read.
pub fn durable_appends_per_s(folder: &Path) -> Result<f64> {
    let path = folder.join("disk-probe");
    let mut file = File::create(&path).because(|| format!("cannot make `{}`", path.display()))?;
    let (start, mut count) = (now(), 0u32);
    while start.elapsed() < DISK_PROBE {
        let written = file.write_all(&[7; 4_096]).and_then(|()| file.sync_data());
        written.because(|| format!("cannot write `{}`", path.display()))?;
        count += 1;
    }
    let rate = f64::from(count) / start.elapsed().as_secs_f64();
    fs::remove_file(&path).because(|| format!("cannot remove `{}`", path.display()))?;
    Ok(rate)
}

/// Cores, processor and load, as one line.
pub fn description() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown processor");
    format!("{cores} cores, {}, load {}", model.trim_start_matches(['\t', ' ', ':']), load())
}

/// The load averages of one, five and fifteen minutes.
pub fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// Are we root? Then PostgreSQL needs another user.
pub fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("Uid:") && line.split_whitespace().nth(2) == Some("0"))
}
