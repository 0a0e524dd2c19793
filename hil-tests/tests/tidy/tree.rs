//! The tree: every text file of the project, by its path from the root.
//!
//! Promises: in a clone tracked files only, so what a run has left lying about does no harm; elsewhere
//! all files but builds. Refuses: an empty tree, in which every rule would hold.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

pub(super) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// Every Rust file and its text.
pub(super) fn sources() -> impl Iterator<Item = (PathBuf, String)> {
    texts(".rs")
}

/// Every text file whose path ends so, and its text; paths are relative to the repository.
pub(super) fn texts(ending: &str) -> impl Iterator<Item = (PathBuf, String)> {
    let files = tracked().unwrap_or_else(|| {
        let mut files = Vec::new();
        gather(root(), &mut files);
        files
    });
    assert!(files.len() > 100, "{} files in {}: not the tree", files.len(), root().display());
    let wanted = files.into_iter().filter(move |path| path.to_string_lossy().ends_with(ending));
    // What is not UTF-8 is not text; what is tracked may have been deleted.
    wanted.filter_map(|path| Some((path.clone(), fs::read_to_string(root().join(&path)).ok()?)))
}

fn tracked() -> Option<Vec<PathBuf>> {
    let listing = Command::new("git")
        .args(["-c", "safe.directory=*", "ls-files", "-z", "--full-name"])
        .current_dir(root())
        .output()
        .ok()
        .filter(|listing| listing.status.success() && root().join(".git").exists())?;
    let names = String::from_utf8(listing.stdout).ok()?;
    Some(names.split_terminator('\0').map(PathBuf::from).collect())
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !["target", ".git", "__pycache__"].contains(&name.as_str()) {
            gather(&path, files);
        } else if path.is_file() {
            files.push(path.strip_prefix(root()).unwrap().to_owned());
        }
    }
}
