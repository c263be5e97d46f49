//! Where the machine keeps its PostgreSQL server.
//!
//! Not here: running it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{OLDEST_MAJOR, PrivateError};

/// One installed server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    /// The folder that holds `initdb` and `postgres`.
    dir: PathBuf,
    /// The major version.
    pub(super) major: u32,
}

/// What an existing cluster needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MadeBy {
    /// The cluster's folder.
    pub(super) cluster: PathBuf,
    /// The major version that made it.
    pub(super) major: u32,
}

impl Binaries {
    /// The first server on PATH, by `pg_config`, in the usual places (newest first) that is recent enough, or that has
    /// the major version of an existing cluster.
    pub(super) fn find(wanted: Option<MadeBy>) -> Result<Self, PrivateError> {
        choose(installed(), wanted)
    }

    /// The path of `initdb`.
    pub(super) fn initdb(&self) -> PathBuf {
        self.dir.join("initdb")
    }

    /// The path of `postgres`.
    pub(super) fn postgres(&self) -> PathBuf {
        self.dir.join("postgres")
    }
}

fn choose(installed: Vec<Binaries>, wanted: Option<MadeBy>) -> Result<Binaries, PrivateError> {
    let mut majors: Vec<u32> = installed.iter().map(|one| one.major).collect();
    majors.sort_unstable_by(|a, b| b.cmp(a));
    majors.dedup();
    let Some(&newest) = majors.first() else {
        return Err(PrivateError::NoBinaries);
    };
    let fits = |one: &Binaries| match &wanted {
        Some(wanted) => one.major == wanted.major,
        None => one.major >= OLDEST_MAJOR,
    };
    match (installed.into_iter().find(fits), wanted) {
        (Some(found), _) => Ok(found),
        (None, None) => Err(PrivateError::TooOld { found: newest }),
        (None, Some(wanted)) => Err(PrivateError::OtherMajor {
            dir: wanted.cluster,
            data: wanted.major,
            found: majors
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", "),
        }),
    }
}

/// Every server of this machine, in the order of preference, each once.
fn installed() -> Vec<Binaries> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut dirs: Vec<PathBuf> = std::env::split_paths(&path).collect();
    dirs.extend(by_pg_config());
    dirs.extend(usual_places());
    let mut found: Vec<Binaries> = Vec::new();
    for dir in dirs {
        if let Some(one) = inspect(&dir)
            && !found.contains(&one)
        {
            found.push(one);
        }
    }
    found
}

/// The folder's server, if it holds one that works.
fn inspect(dir: &Path) -> Option<Binaries> {
    // The link on PATH may lead to only one of the two; the folder it points to holds both.
    let postgres = dir.join("postgres").canonicalize().ok()?;
    let dir = postgres.parent()?.to_path_buf();
    if !dir.join("initdb").is_file() {
        return None;
    }
    let output = Command::new(&postgres).arg("--version").output().ok()?;
    let major = major_of(&String::from_utf8_lossy(&output.stdout))?;
    Some(Binaries { dir, major })
}

/// The major version in `postgres (PostgreSQL) 17.6 (Debian 17.6-1)`, `… 18beta1` or the `15` of a `PG_VERSION`.
pub(super) fn major_of(text: &str) -> Option<u32> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let digits: String = text[start..].chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn by_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let dir = String::from_utf8(output.stdout).ok()?;
    let dir = dir.trim();
    (!dir.is_empty()).then(|| PathBuf::from(dir))
}

/// Debian, PGDG's RPMs, homebrew (both of its roots), Postgres.app, a build from source; newest first in each.
fn usual_places() -> Vec<PathBuf> {
    let families: [(&str, &str, &str); 5] = [
        ("/usr/lib/postgresql", "", "bin"),
        ("/usr", "pgsql-", "bin"),
        ("/opt/homebrew/opt", "postgresql@", "bin"),
        ("/usr/local/opt", "postgresql@", "bin"),
        ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ];
    let mut places: Vec<PathBuf> = families
        .iter()
        .flat_map(|(root, prefix, bin)| versions_in(root, prefix, bin))
        .collect();
    places.push(PathBuf::from("/usr/local/pgsql/bin"));
    places
}

fn versions_in(root: &str, prefix: &str, bin: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(root) else {
        return Vec::new();
    };
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let name = entry.file_name();
            let version = OsStr::to_str(&name)?.strip_prefix(prefix)?;
            if !version.starts_with(|c: char| c.is_ascii_digit()) {
                return None;
            }
            Some((major_of(version)?, entry.path().join(bin)))
        })
        .collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions.into_iter().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(major: u32) -> Binaries {
        Binaries {
            dir: PathBuf::from(format!("/opt/{major}/bin")),
            major,
        }
    }

    fn made_by(major: u32) -> MadeBy {
        MadeBy {
            cluster: PathBuf::from("/data/postgres"),
            major,
        }
    }

    #[test]
    fn reads_majors() {
        assert_eq!(
            major_of("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"),
            Some(15)
        );
        assert_eq!(major_of("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major_of("17\n"), Some(17));
        assert_eq!(major_of("none"), None);
    }

    #[test]
    fn a_new_cluster_takes_the_first_that_is_recent_enough() {
        assert_eq!(
            choose(vec![server(13), server(16), server(17)], None).unwrap(),
            server(16)
        );
        assert!(matches!(
            choose(vec![server(9), server(13)], None),
            Err(PrivateError::TooOld { found: 13 })
        ));
        assert!(matches!(choose(Vec::new(), None), Err(PrivateError::NoBinaries)));
    }

    #[test]
    fn an_existing_cluster_takes_its_own_major() {
        assert_eq!(
            choose(vec![server(17), server(15)], Some(made_by(15))).unwrap(),
            server(15)
        );
        let refused = choose(vec![server(15), server(17)], Some(made_by(16)))
            .unwrap_err()
            .to_string();
        assert_eq!(
            refused,
            "the database in /data/postgres was made by PostgreSQL 16, and this machine has PostgreSQL 17, 15: install \
             the server of PostgreSQL 16, or migrate the data with pg_upgrade"
        );
    }

    #[test]
    fn finds_this_machines_server() {
        let found = Binaries::find(None).unwrap();
        assert!(found.initdb().is_file() && found.postgres().is_file());
    }
}
