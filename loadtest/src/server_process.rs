//! A process's CPU time and memory, from `/proc`.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};

/// Ticks per second in `/proc/PID/stat`: 100 on every Linux that Rust supports.
const TICKS_PER_SECOND: f64 = 100.0;
/// Written to `clear_refs`, it sets the peak of resident memory back to what is resident now.
const RESET_PEAK: &str = "5";

/// A process on this machine.
#[derive(Debug, Clone)]
pub(crate) struct ServerProcess {
    folder: PathBuf,
}

impl ServerProcess {
    pub(crate) fn new(pid: u32) -> Result<Self> {
        let process = Self {
            folder: PathBuf::from(format!("/proc/{pid}")),
        };
        process.cpu_seconds()?;
        Ok(process)
    }

    /// User and system time of the whole process so far.
    pub(crate) fn cpu_seconds(&self) -> Result<f64> {
        cpu_seconds(&self.read("stat")?).context("unexpected format of stat")
    }

    /// Resident memory now.
    pub(crate) fn resident_bytes(&self) -> Result<u64> {
        kib_line(&self.read("status")?, "VmRSS:").context("unexpected format of status")
    }

    /// The peak of resident memory since the start, or since [`Self::reset_peak`].
    pub(crate) fn peak_bytes(&self) -> Result<u64> {
        kib_line(&self.read("status")?, "VmHWM:").context("unexpected format of status")
    }

    /// Whether the kernel lets us set the peak back.
    pub(crate) fn reset_peak(&self) -> bool {
        fs::write(self.folder.join("clear_refs"), RESET_PEAK).is_ok()
    }

    fn read(&self, file: &str) -> Result<String> {
        let path = self.folder.join(file);
        fs::read_to_string(&path).with_context(|| format!("{}", path.display()))
    }
}

fn cpu_seconds(stat: &str) -> Option<f64> {
    // The second field is the command in parentheses and may contain anything.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some((user + system) as f64 / TICKS_PER_SECOND)
}

fn kib_line(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with(name))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_found_behind_an_odd_command_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 90 0 0 0 150 50 0 0 20 0 4 0 100 0 0";
        assert_eq!(cpu_seconds(stat), Some(2.0));
        let status = "Name:\tx\nVmHWM:\t  12 kB\nVmRSS:\t  10 kB\n";
        assert_eq!(kib_line(status, "VmRSS:"), Some(10_240));
        assert_eq!(kib_line(status, "VmHWM:"), Some(12_288));
        assert_eq!(cpu_seconds("7 (x) S 1"), None);
    }
}
