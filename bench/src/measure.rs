//! What a process, its children and a database have used: read before and after, the difference is what a row cost.

use std::{fs, time::Duration};

/// What a process with its children has used since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Memory {
    /// Resident now, in MB.
    pub(crate) now: f64,
    /// The most that was ever resident, in MB.
    pub(crate) peak: f64,
}

/// The CPU time of a process alone, with its ended children.
pub(crate) fn cpu(pid: u32) -> Duration {
    stat(pid).map_or(Duration::ZERO, |stat| ticks(stat.own + stat.ended_children))
}

/// The CPU time of a process, its ended children, and its living children. Exact while no child is between the two.
pub(crate) fn cpu_of_family(pid: u32) -> Duration {
    let living = children(pid)
        .into_iter()
        .filter_map(stat)
        .map(|stat| stat.own + stat.ended_children);
    cpu(pid) + ticks(living.sum())
}

/// The memory of a process alone.
pub(crate) fn memory(pid: u32) -> Memory {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let megabytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.trim_matches([':', ' ', '\t', 'k', 'B']).parse::<f64>().ok());
        kib.unwrap_or_default() * 1024.0 / 1e6
    };
    Memory {
        now: megabytes("VmRSS"),
        peak: megabytes("VmHWM"),
    }
}

/// The memory of a process and its children, with what they share counted for each.
pub(crate) fn memory_of_family(pid: u32) -> Memory {
    let family = std::iter::once(pid).chain(children(pid)).map(memory);
    family.fold(Memory::default(), |sum, one| Memory {
        now: sum.now + one.now,
        peak: sum.peak + one.peak,
    })
}

/// How many files and sockets a process has open.
pub(crate) fn open_files(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}

/// The value at this part of the sorted values, 0.99 for the 99th percentile; 0 without any.
pub(crate) fn percentile(sorted: &[u32], part: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a rank of a few million values"
    )]
    let rank = (sorted.len() as f64 * part).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// The fields of `/proc/<pid>/stat` that count CPU time, in ticks.
struct Stat {
    parent: u32,
    own: u64,
    ended_children: u64,
}

fn stat(pid: u32) -> Option<Stat> {
    Stat::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

impl Stat {
    /// Fields as in proc_pid_stat(5). The second, the name, may contain anything, so counting begins behind it.
    fn parse(text: &str) -> Option<Self> {
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        Some(Self {
            parent: u32::try_from(number(4)?).ok()?,
            own: number(14)? + number(15)?,
            ended_children: number(16)? + number(17)?,
        })
    }
}

fn children(parent: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| stat(*pid).is_some_and(|stat| stat.parent == parent))
        .collect()
}

fn ticks(count: u64) -> Duration {
    Duration::from_millis(count * 1000 / rustix::param::clock_ticks_per_second().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let hundred: Vec<u32> = (1..=100).collect();
        assert_eq!(percentile(&hundred, 0.5), 50);
        assert_eq!(percentile(&hundred, 0.99), 99);
        assert_eq!(percentile(&hundred, 1.0), 100);
        assert_eq!(percentile(&[7], 0.5), 7);
        assert_eq!(percentile(&[7, 9], 0.99), 9);
        assert_eq!(percentile(&[], 0.99), 0);
    }

    #[test]
    fn a_name_with_brackets_and_blanks_moves_no_field() {
        let text = "12 (a) b (c) S 7 12 12 0 -1 4194560 1 2 3 4 10 20 3 4 20 0 1 0";
        let stat = Stat::parse(text).unwrap();
        assert_eq!((stat.parent, stat.own, stat.ended_children), (7, 30, 7));
    }
}
