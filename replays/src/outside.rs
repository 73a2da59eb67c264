//! Contact with the file system.

use crate::codec::{self, ReadError};
use crate::replay::Replay;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Why a replay file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file cannot be read from, or written to, the disk.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Its contents are not a replay for this drawloom.
    #[error("{0}")]
    Read(#[from] ReadError),
}

/// Reads a replay.
///
/// # Errors
/// The file cannot be read, or is no replay for this drawloom: [`ReadError`] says which.
pub fn read(path: &Path) -> Result<Replay, FileError> {
    Ok(codec::decode(&fs::read(path)?)?)
}

/// The replays of a folder, by name.
///
/// # Errors
/// The folder, or one of the files, cannot be read.
pub fn replays_in(folder: &Path) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let paths = files_in(folder, "replay")?;
    paths.into_iter().map(|path| fs::read(&path).map(|bytes| (path, bytes))).collect()
}

/// What of a folder has this extension, by name.
///
/// # Errors
/// The folder cannot be read.
pub fn files_in(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let mut paths = paths_in(folder)?;
    paths.retain(|path| has_extension(path, extension));
    Ok(paths)
}

/// What of a folder and of those in it has this extension, by name. Links to folders are not followed.
///
/// # Errors
/// One of the folders cannot be read.
pub fn files_below(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths_in(folder)? {
        if fs::symlink_metadata(&path)?.is_dir() {
            files.append(&mut files_below(&path, extension)?);
        } else if has_extension(&path, extension) {
            files.push(path);
        }
    }
    Ok(files)
}

fn paths_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let paths = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = paths.collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|own| own == extension)
}

/// Deletes a file.
///
/// # Errors
/// The disk refuses.
pub fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)
}

/// Writes a whole file under its final name, or nothing. What a link points to is replaced, not the link; a
/// device, such as a terminal, is written to.
///
/// # Errors
/// The disk is full, the folder cannot be created, and the like. No half-written file is left.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let there = fs::canonicalize(path);
    let path = there.as_deref().unwrap_or(path);
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return fs::OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    make_readable(file.as_file())?;
    file.persist(path)?;
    Ok(())
}

/// Says something to whoever runs a test with `--nocapture`.
pub(crate) fn remark(message: &str) {
    eprintln!("drawloom: {message}");
}

/// A temporary file is its owner's alone; a replay is not a secret.
fn make_readable(file: &fs::File) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
}
