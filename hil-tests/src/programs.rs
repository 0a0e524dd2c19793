//! Where the built programs and the tools they are tested with are.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// Names the folder of programs to test instead of those built beside the tests.
pub const BIN_DIR_VARIABLE: &str = "POLEWATCH_BIN_DIR";

/// The program `name` of this workspace, as it ships: beside this test (cargo puts a test into
/// `deps/` of the folder its programs are in), or in the folder `POLEWATCH_BIN_DIR` names.
///
/// # Errors
/// When it has not been built.
pub fn shipped(name: &str) -> Result<PathBuf> {
    let folder = match env::var_os(BIN_DIR_VARIABLE) {
        Some(folder) => PathBuf::from(folder),
        None => beside_this_test()?,
    };
    let program = folder.join(name);
    ensure!(
        program.is_file(),
        "{} is not there; build it with scripts/build, or name its folder in {BIN_DIR_VARIABLE}",
        program.display()
    );
    Ok(program)
}

/// The tool `name` of the operating system.
///
/// # Errors
/// When it is not installed.
pub fn installed(name: &str) -> Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    // Debian puts daemons where an ordinary user's PATH does not look.
    env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
        .with_context(|| format!("{name} is not installed; scripts/setup installs it"))
}

/// The folder of the programs that cargo built together with this test.
///
/// # Errors
/// When this program does not know where it is.
pub fn beside_this_test() -> Result<PathBuf> {
    let test = env::current_exe().context("this program does not know where it is")?;
    let folder = test.parent().context("this program is in no folder")?;
    let folder = if folder.ends_with("deps") { folder.parent() } else { Some(folder) };
    folder.map(Path::to_owned).context("this program is in no folder")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_what_to_do() {
        let error = installed("no-such-tool").unwrap_err().to_string();
        assert_eq!(error, "no-such-tool is not installed; scripts/setup installs it");
        let error = shipped("no-such-program").unwrap_err().to_string();
        assert!(error.contains("scripts/build"), "{error}");
    }
}
