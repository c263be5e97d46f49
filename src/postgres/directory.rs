//! The data folder: who owns it, what is in it.
//!
//! Not here: processes.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::binaries::{MadeBy, major_of};
use super::user::RunAs;
use super::{Kind, PrivateError};

/// The longest folder whose socket still has a name that fits: `sun_path` is 104 bytes on macOS (108 on Linux), of which
/// one is the closing zero and 14 are `/.s.PGSQL.5432`.
const LONGEST_SOCKET_DIR: usize = 104 - 1 - 14;

/// Where sockets go when the data folder's path is too long.
const SHORT_DIR: &str = "/tmp";
const SHORT_PREFIX: &str = "icusync-";

/// A log that grew beyond this many bytes is emptied at the next start.
const LONGEST_LOG: u64 = 1024 * 1024;

/// A data folder that this process owns for as long as the value lives.
#[derive(Debug)]
pub(super) struct Directory {
    data: PathBuf,
    lock: File,
    /// The socket folder named by the lock's last owner.
    left_socket: Option<PathBuf>,
    socket: Option<PathBuf>,
}

impl Directory {
    /// Makes the folder if it is missing, ensures that the server's user can reach it, and takes the owner's lock.
    pub(super) fn claim(data: &Path, run_as: &RunAs) -> Result<Self, PrivateError> {
        let unusable = |why| PrivateError::NotADirectory {
            dir: data.to_path_buf(),
            why,
        };
        let data = std::path::absolute(data).map_err(PrivateError::io("cannot find", data))?;
        match data.to_str() {
            None => return Err(unusable("its path is not UTF-8")),
            Some(text) if text.contains(['\n', '\r']) => {
                return Err(unusable("its path contains a line break"));
            }
            Some(_) => {}
        }
        match data.metadata() {
            Ok(found) if !found.is_dir() => return Err(unusable("it is not a folder")),
            Ok(found) => open_to(run_as, &data, &found)?,
            Err(_) => make(run_as, &data)?,
        }
        if let Some(dir) = run_as.stopped_at(&data) {
            return Err(PrivateError::NotTraversable {
                dir,
                user: run_as.name.clone(),
            });
        }
        // The system's own name for the folder, as PostgreSQL will report it.
        let data = data
            .canonicalize()
            .map_err(PrivateError::io("cannot resolve", &data))?;
        let (lock, left_socket) = take_lock(&data)?;
        Ok(Self {
            data,
            lock,
            left_socket,
            socket: None,
        })
    }

    /// The cluster's folder.
    pub(super) fn cluster(&self) -> PathBuf {
        self.data.join("postgres")
    }

    /// The file that the server's output goes to.
    pub(super) fn log(&self) -> PathBuf {
        self.data.join("postgres.log")
    }

    /// The cluster in the folder, if there is one.
    pub(super) fn made_by(&self, run_as: &RunAs) -> Result<Option<MadeBy>, PrivateError> {
        let cluster = self.cluster();
        let owner = match cluster.metadata() {
            Ok(found) => found.uid(),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(PrivateError::io("cannot read", cluster)(error)),
        };
        if owner != run_as.uid {
            return Err(PrivateError::WrongOwner {
                dir: cluster,
                owner,
                user: run_as.name.clone(),
                uid: run_as.uid,
            });
        }
        if is_empty(&cluster) {
            return Ok(None);
        }
        let version = std::fs::read_to_string(cluster.join("PG_VERSION")).unwrap_or_default();
        match major_of(&version) {
            Some(major) => Ok(Some(MadeBy { cluster, major })),
            None => Err(PrivateError::NotACluster { dir: cluster }),
        }
    }

    /// An empty folder of the server's user, for `initdb`. [`Directory::adopt_new`] makes it the cluster, so that an
    /// interrupted start leaves nothing half-made under the cluster's name.
    pub(super) fn prepare_new(&self, run_as: &RunAs) -> Result<PathBuf, PrivateError> {
        let new = self.data.join("postgres.new");
        remove(&new)?;
        private_dir(&new, run_as)?;
        Ok(new)
    }

    /// Gives the finished new cluster its name, for good.
    pub(super) fn adopt_new(&self, new: &Path) -> Result<(), PrivateError> {
        std::fs::rename(new, self.cluster()).map_err(PrivateError::io("cannot rename", new))?;
        File::open(&self.data)
            .and_then(|dir| dir.sync_all())
            .map_err(PrivateError::io("cannot sync", &self.data))
    }

    /// Whether an owner of this data folder made the socket folder.
    pub(super) fn knows_socket(&self, socket: &Path) -> bool {
        socket == self.data.join("socket") || self.left_socket.as_deref() == Some(socket)
    }

    /// An empty folder for the socket, short enough, that only the server's user may enter.
    pub(super) fn prepare_socket(&mut self, run_as: &RunAs) -> Result<PathBuf, PrivateError> {
        if let Some(left) = self.left_socket.take()
            && is_short_dir_of(&left, run_as)
        {
            remove(&left)?;
        }
        let near = self.data.join("socket");
        let socket = if near.as_os_str().len() <= LONGEST_SOCKET_DIR {
            remove(&near)?;
            private_dir(&near, run_as)?;
            near
        } else {
            short_dir(run_as)?
        };
        self.sign(Some(&socket))?;
        self.socket = Some(socket.clone());
        Ok(socket)
    }

    /// The log, opened to append.
    pub(super) fn open_log(&self) -> Result<File, PrivateError> {
        let path = self.log();
        let open = || {
            let log = OpenOptions::new()
                .append(true)
                .create(true)
                .mode(0o600)
                .open(&path)?;
            if log.metadata()?.len() > LONGEST_LOG {
                log.set_len(0)?;
            }
            Ok(log)
        };
        open().map_err(PrivateError::io("cannot write", &path))
    }

    /// Everything that a private cluster leaves on the disk, the data folder last.
    pub(super) fn everything(&self) -> Vec<PathBuf> {
        let inside = [
            "postgres",
            "postgres.new",
            "socket",
            "postgres.log",
            "icusync.lock",
        ];
        let mut all: Vec<PathBuf> = inside.iter().map(|name| self.data.join(name)).collect();
        all.extend(self.socket.clone());
        all.push(self.data.clone());
        all
    }

    /// Gives up the folder after the server has ended, and removes what a throw-away cluster left.
    pub(super) fn release(mut self, kind: Kind) -> Result<(), PrivateError> {
        self.sign(None)?;
        match kind {
            Kind::Kept => self.socket.take().map_or(Ok(()), |socket| remove(&socket)),
            Kind::Throwaway => {
                for path in self.everything() {
                    if path == self.data {
                        // The caller may have other things in it; then it stays.
                        let _ = std::fs::remove_dir(path);
                    } else {
                        remove(&path)?;
                    }
                }
                Ok(())
            }
        }
    }

    /// Writes the owner into the lock: this process and its socket folder, or nobody.
    fn sign(&mut self, socket: Option<&Path>) -> Result<(), PrivateError> {
        let text = match socket {
            Some(socket) => format!("{}\n{}\n", std::process::id(), socket.display()),
            None => String::new(),
        };
        write_lock(&mut self.lock, &text)
            .map_err(PrivateError::io("cannot write", self.data.join("icusync.lock")))
    }
}

fn write_lock(lock: &mut File, text: &str) -> std::io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    lock.write_all(text.as_bytes())
}

fn take_lock(data: &Path) -> Result<(File, Option<PathBuf>), PrivateError> {
    let not_writable = |source| PrivateError::NotWritable {
        dir: data.to_path_buf(),
        source,
    };
    let flags = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    let mut lock = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(flags)
        .open(data.join("icusync.lock"))
        .map_err(not_writable)?;
    let taken = lock.try_lock();
    let mut text = String::new();
    lock.read_to_string(&mut text).map_err(not_writable)?;
    let mut lines = text.lines();
    let pid = lines.next().unwrap_or_default();
    match taken {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let owner = if pid.is_empty() {
                "it is starting".to_owned()
            } else {
                format!("process {pid}")
            };
            return Err(PrivateError::InUse {
                dir: data.to_path_buf(),
                owner,
            });
        }
        Err(TryLockError::Error(source)) => return Err(not_writable(source)),
    }
    let left = lines.next().map(PathBuf::from);
    // Until there is a socket, the last owner's stays recorded, in case this start is interrupted.
    let kept = left
        .as_ref()
        .map(|left| format!("{}\n", left.display()))
        .unwrap_or_default();
    write_lock(&mut lock, &format!("{}\n{kept}", std::process::id())).map_err(not_writable)?;
    Ok((lock, left))
}

/// The socket folder of the living service that owns `data`; none if nobody does, or if it is not up yet.
pub(super) fn socket_of_owner(data: &Path) -> Option<PathBuf> {
    let mut lock = File::open(data.join("icusync.lock")).ok()?;
    // A lock that can be shared has no owner: a killed owner left its content.
    let Err(TryLockError::WouldBlock) = lock.try_lock_shared() else {
        return None;
    };
    let mut text = String::new();
    lock.read_to_string(&mut text).ok()?;
    let socket = PathBuf::from(text.lines().nth(1)?);
    socket.join(".s.PGSQL.5432").exists().then_some(socket)
}

/// Makes the data folder: closed to everyone else, except that the server's user can pass through.
fn make(run_as: &RunAs, data: &Path) -> Result<(), PrivateError> {
    let not_writable = |source: std::io::Error| PrivateError::NotWritable {
        dir: data.to_path_buf(),
        source,
    };
    if let Some(parent) = data.parent() {
        std::fs::create_dir_all(parent).map_err(not_writable)?;
    }
    let mode = if run_as.is_another() { 0o711 } else { 0o700 };
    DirBuilder::new().mode(mode).create(data).map_err(not_writable)?;
    // The umask may have removed that again.
    std::fs::set_permissions(data, std::fs::Permissions::from_mode(mode)).map_err(not_writable)
}

/// Lets the server's user pass through an empty folder of ours that was passed in as the data folder (`mktemp -d` makes
/// them closed). A folder with content is left as it is.
fn open_to(run_as: &RunAs, data: &Path, found: &std::fs::Metadata) -> Result<(), PrivateError> {
    let ours = found.uid() == rustix::process::geteuid().as_raw();
    if !run_as.is_another() || !ours || !is_empty(data) {
        return Ok(());
    }
    std::fs::set_permissions(data, std::fs::Permissions::from_mode(found.mode() | 0o001)).map_err(|source| {
        PrivateError::NotWritable {
            dir: data.to_path_buf(),
            source,
        }
    })
}

fn is_empty(dir: &Path) -> bool {
    std::fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_none())
}

/// A new folder that only the server's user (and root) may enter.
fn private_dir(dir: &Path, run_as: &RunAs) -> Result<(), PrivateError> {
    DirBuilder::new()
        .mode(0o700)
        .create(dir)
        .map_err(|source| PrivateError::NotWritable {
            dir: dir.to_path_buf(),
            source,
        })?;
    run_as.give(dir)
}

fn short_dir(run_as: &RunAs) -> Result<PathBuf, PrivateError> {
    let mut attempt = 0;
    loop {
        // Making a folder is exclusive: a name that is taken leads to the next one, never into somebody else's folder.
        let dir = Path::new(SHORT_DIR).join(format!("{SHORT_PREFIX}{}-{attempt}", std::process::id()));
        match private_dir(&dir, run_as) {
            Ok(()) => return Ok(dir),
            Err(PrivateError::NotWritable { source, .. })
                if source.kind() == ErrorKind::AlreadyExists && attempt < 1000 =>
            {
                attempt += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

fn is_short_dir_of(dir: &Path, run_as: &RunAs) -> bool {
    dir.parent() == Some(Path::new(SHORT_DIR))
        && dir
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(SHORT_PREFIX))
        && dir
            .symlink_metadata()
            .is_ok_and(|found| found.is_dir() && found.uid() == run_as.uid)
}

fn remove(path: &Path) -> Result<(), PrivateError> {
    let removed = match path.symlink_metadata() {
        Ok(found) if found.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(PrivateError::io("cannot remove", path)(error))
        }
        _ => Ok(()),
    }
}
