//! Who runs the server: PostgreSQL refuses to run as root.
//!
//! Not here: what the user runs.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::PrivateError;

/// The users tried in turn when the service runs as root and no user is named: our own, the one that the system's packages
/// made for the purpose, and the one that owns nothing.
const CANDIDATES: [&str; 3] = ["icusync", "postgres", "nobody"];

/// The user that `initdb` and `postgres` run as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RunAs {
    /// The name, for sentences.
    pub(super) name: String,
    /// The user's id, which the cluster's files must belong to.
    pub(super) uid: u32,
    /// The user and its primary group to change to; `None` if we already are that user.
    switch: Option<(u32, u32)>,
}

impl RunAs {
    /// The named user, or the best one there is.
    pub(super) fn choose(named: Option<&str>) -> Result<Self, PrivateError> {
        let me = rustix::process::geteuid().as_raw();
        if me != 0 {
            let name = account(&["-un"]).unwrap_or_else(|| format!("user id {me}"));
            return match named {
                Some(other) if lookup(other).is_none_or(|(uid, _)| uid != me) => {
                    Err(PrivateError::CannotSwitch {
                        name: other.to_owned(),
                    })
                }
                _ => Ok(Self {
                    name,
                    uid: me,
                    switch: None,
                }),
            };
        }
        let found = |name: &str| lookup(name).map(|ids| (name.to_owned(), ids));
        let (name, (uid, gid)) = match named {
            Some(name) => found(name).ok_or_else(|| PrivateError::UnknownUser {
                name: name.to_owned(),
            })?,
            None => CANDIDATES
                .iter()
                .find_map(|name| found(name))
                .ok_or(PrivateError::NoUnprivilegedUser)?,
        };
        if uid == 0 {
            return Err(PrivateError::UserIsRoot { name });
        }
        Ok(Self {
            name,
            uid,
            switch: Some((uid, gid)),
        })
    }

    /// A command that runs as this user, in a process group of its own (so that Ctrl-C on the terminal reaches the service
    /// first), without our environment, which may contain secrets.
    pub(super) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .env_clear()
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::null());
        for kept in ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        if let Some((uid, gid)) = self.switch {
            // The standard library drops root's supplementary groups when it changes the user.
            command.gid(gid).uid(uid);
        }
        command
    }

    /// Gives a file or folder that we just made to this user.
    pub(super) fn give(&self, path: &Path) -> Result<(), PrivateError> {
        match self.switch {
            None => Ok(()),
            Some((uid, gid)) => std::os::unix::fs::lchown(path, Some(uid), Some(gid))
                .map_err(PrivateError::io("cannot hand over", path)),
        }
    }

    /// Whether this is a different user from the one that runs the service.
    pub(super) fn is_another(&self) -> bool {
        self.switch.is_some()
    }

    /// The first folder from the root down to `dir` that this user may not enter.
    pub(super) fn stopped_at(&self, dir: &Path) -> Option<PathBuf> {
        if self.may_enter(dir) {
            return None;
        }
        let mut ancestors: Vec<&Path> = dir.ancestors().collect();
        ancestors.reverse();
        ancestors
            .into_iter()
            .find(|ancestor| !self.may_enter(ancestor))
            .map(Path::to_path_buf)
    }

    /// Asks the system by trying, so that access lists and network file systems are judged right.
    fn may_enter(&self, dir: &Path) -> bool {
        self.command("/bin/sh")
            .args(["-c", r#"cd -- "$1""#, "sh"])
            .arg(dir)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }
}

/// The user id and primary group id of a name, from the system's own user directory.
fn lookup(name: &str) -> Option<(u32, u32)> {
    if name.is_empty() || name.starts_with('-') {
        return None;
    }
    let uid = account(&["-u", name])?.parse().ok()?;
    let gid = account(&["-g", name])?.parse().ok()?;
    Some((uid, gid))
}

/// What `id` answers.
fn account(args: &[&str]) -> Option<String> {
    let output = Command::new("id")
        .args(args)
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_root() {
        let chosen = RunAs::choose(None).unwrap();
        assert_ne!(chosen.uid, 0);
        let output = chosen.command("id").arg("-u").output().unwrap();
        assert_eq!(
            String::from_utf8(output.stdout).unwrap().trim(),
            chosen.uid.to_string()
        );
        let refused = RunAs::choose(Some("root")).unwrap_err();
        assert!(
            matches!(
                refused,
                PrivateError::UserIsRoot { .. } | PrivateError::CannotSwitch { .. }
            ),
            "{refused}"
        );
    }

    #[test]
    fn an_unknown_user_is_named() {
        for name in ["no-such-user-here", "-u", ""] {
            let refused = RunAs::choose(Some(name)).unwrap_err();
            assert!(
                matches!(
                    refused,
                    PrivateError::UnknownUser { .. } | PrivateError::CannotSwitch { .. }
                ),
                "{refused}"
            );
        }
    }

    #[test]
    fn a_command_gets_nothing_of_our_environment() {
        let output = RunAs::choose(None).unwrap().command("env").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut names: Vec<&str> = text.lines().filter_map(|line| line.split('=').next()).collect();
        names.retain(|name| !["LC_ALL", "TZ", "PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"].contains(name));
        assert_eq!(names, Vec::<&str>::new());
    }
}
