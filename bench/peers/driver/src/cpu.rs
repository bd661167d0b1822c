//! CPU seconds of a process and all it started, read from /proc.
//!
//! A process that has ended and was waited for is counted with its parent, so the sum over the
//! living tree misses nothing but orphans that ended elsewhere.

use std::collections::HashMap;
use std::fs;

use crate::limits::TICKS_PER_S;

/// What one line of /proc/PID/stat says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Process {
    parent: u32,
    /// Its own work.
    own_ticks: u64,
    /// The same with that of its children that have ended.
    ticks: u64,
}

/// CPU seconds so far of these processes and their descendants.
pub fn seconds_of_trees(roots: &[u32]) -> f64 {
    let processes = read_all();
    let ticks: u64 = members(&processes, roots).iter().filter_map(|id| processes.get(id)).map(|one| one.ticks).sum();
    seconds(ticks)
}

/// CPU seconds so far of one process, without what it started and what has ended below it.
pub fn seconds_of_one(id: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    seconds(parse(&stat).map_or(0, |process| process.own_ticks))
}

/// CPU seconds so far that all cores of this machine were busy for anybody.
pub fn seconds_of_machine() -> f64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    seconds(text.lines().next().map_or(0, busy_ticks))
}

/// Who listens on this port of loopback?
pub fn listener_of(port: u16) -> Option<u32> {
    let socket = ["/proc/net/tcp", "/proc/net/tcp6"].iter().find_map(|table| {
        let text = fs::read_to_string(table).unwrap_or_default();
        text.lines().find_map(|line| listening_inode(line, port))
    })?;
    let wanted = format!("socket:[{socket}]");
    ids().into_iter().find(|id| {
        let Ok(files) = fs::read_dir(format!("/proc/{id}/fd")) else { return false };
        files.flatten().any(|file| fs::read_link(file.path()).is_ok_and(|link| link.to_string_lossy() == wanted))
    })
}

/// Field 2 is the local address, 4 the state (0A listens), 10 the inode.
fn listening_inode(line: &str, port: u16) -> Option<u64> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let here = fields.get(1)?.rsplit_once(':')?.1;
    let is_it = *fields.get(3)? == "0A" && u16::from_str_radix(here, 16).ok()? == port;
    if is_it { fields.get(9)?.parse().ok() } else { None }
}

/// user, nice, system, idle, iowait, irq, softirq, steal: all but idle and iowait.
fn busy_ticks(line: &str) -> u64 {
    let fields = line.split_whitespace().skip(1).take(8).enumerate();
    fields.filter(|(at, _)| *at != 3 && *at != 4).filter_map(|(_, field)| field.parse::<u64>().ok()).sum()
}

fn ids() -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn read_all() -> HashMap<u32, Process> {
    let read = |id: u32| Some((id, parse(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)?));
    ids().into_iter().filter_map(read).collect()
}

/// The name in brackets may hold spaces and brackets, so we count from the last one.
fn parse(stat: &str) -> Option<Process> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    let own_ticks = number(11)? + number(12)?;
    let ticks = own_ticks + number(13)? + number(14)?;
    Some(Process { parent: u32::try_from(number(1)?).ok()?, own_ticks, ticks })
}

/// The roots that live, and everything below them, each once.
fn members(processes: &HashMap<u32, Process>, roots: &[u32]) -> Vec<u32> {
    let mut found: Vec<u32> = Vec::new();
    let mut ahead: Vec<u32> = roots.to_vec();
    while let Some(id) = ahead.pop() {
        if found.contains(&id) {
            continue;
        }
        found.push(id);
        ahead.extend(processes.iter().filter(|(_, process)| process.parent == id).map(|(child, _)| *child));
    }
    found
}

#[expect(clippy::cast_precision_loss, reason = "ticks of a machine's life fit in 52 bits")]
fn seconds(ticks: u64) -> f64 {
    ticks as f64 / TICKS_PER_S
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_shift_the_fields() {
        let stat = "42 (a) b (c) S 7 42 42 0 -1 4194560 1 2 3 4 100 20 3 4 20 0 1 0 5 6 7";
        assert_eq!(parse(stat), Some(Process { parent: 7, own_ticks: 120, ticks: 127 }));
    }

    #[test]
    fn a_tree_is_counted_whole_and_once() {
        let of = |parent| Process { parent, own_ticks: 1, ticks: 1 };
        let processes = HashMap::from([(1, of(0)), (2, of(1)), (3, of(2)), (4, of(1)), (9, of(0))]);
        let mut found = members(&processes, &[1, 2]);
        found.sort_unstable();
        assert_eq!(found, [1, 2, 3, 4]);
    }

    #[test]
    fn waiting_for_the_disk_is_not_busy() {
        assert_eq!(busy_ticks("cpu  1 2 4 1000 2000 8 16 32 64 128"), 63);
    }

    #[test]
    fn only_a_listening_socket_of_that_port_counts() {
        let line = "0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 0 0 777 1";
        assert_eq!(listening_inode(line, 8080), Some(777));
        assert_eq!(listening_inode(line, 8081), None);
        assert_eq!(listening_inode(&line.replace(" 0A ", " 01 "), 8080), None);
    }

    #[test]
    fn our_own_work_is_seen_in_proc() {
        let before = seconds_of_trees(&[std::process::id()]);
        let start = crate::machine::now();
        let mut sum = 0u64;
        while start.elapsed().as_millis() < 1_500 {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(7));
        }
        assert!(seconds_of_trees(&[std::process::id()]) > before, "{sum}");
        assert!(seconds_of_machine() > 0.0);
    }
}
