//! onnxruntime: the fastest engine on a CPU, loaded from its shared library at run time.
//!
//! Promises: the library is examined before it is opened, so a text file, a half-written copy or a
//! library for another processor is an error, not a crash; its log goes to `tracing`; no thread
//! spins while there is nothing to compute. Refuses: a second, different library in one process,
//! which onnxruntime does not allow.
#![allow(unsafe_code, reason = "asks the library for its version by its C interface")]

use std::ffi::CStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ort::environment::Environment;
use ort::logging::LogLevel;
use ort::sys::OrtApiBase;

use super::{BackendError, NetworkPlan, one_line};

mod session;

use session::OrtNetwork;

/// The loaded library. Copies share it; it stays until the process ends.
#[derive(Clone, Debug)]
pub struct Runtime {
    library: PathBuf,
    version: String,
    environment: Environment,
}

/// onnxruntime allows one environment in a process, for its whole life.
static LOADED: Mutex<Option<Runtime>> = Mutex::new(None);

impl Runtime {
    /// Loads `library`, or gives the one already loaded from there.
    pub fn open(library: &Path) -> Result<Self, BackendError> {
        let refused = |reason: String| BackendError::Library {
            path: library.to_owned(),
            reason: one_line(reason),
        };
        let canonical = library.canonicalize().map_err(|error| refused(error.to_string()))?;
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = loaded.as_ref() {
            return if runtime.library == canonical {
                Ok(runtime.clone())
            } else {
                let other = runtime.library.display();
                Err(refused(format!("this process already runs {other}")))
            };
        }
        super::library::examine(&canonical).map_err(|reason| refused(reason.to_string()))?;
        let environment = environment(&canonical).map_err(&refused)?;
        let version = version(&canonical).map_err(refused)?;
        let runtime = Self { version, environment, library: canonical };
        Ok(loaded.insert(runtime).clone())
    }

    /// The library's version: `1.32.0`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where it was loaded from.
    #[must_use]
    pub fn library(&self) -> &Path {
        &self.library
    }

    pub(super) fn load(&self, plan: &NetworkPlan<'_>) -> Result<OrtNetwork, BackendError> {
        OrtNetwork::load(&self.environment, plan)
    }
}

fn environment(library: &Path) -> Result<Environment, String> {
    let environment = ort::init_from(library)
        .map_err(|error| error.to_string())?
        .with_name("polewatch")
        .with_telemetry(false)
        .with_logger(Arc::new(log))
        .build()
        .map_err(|error| error.to_string())?;
    // The default with a logger of one's own is everything, which costs time in every run.
    environment.set_log_level(LogLevel::Warning);
    Ok(environment)
}

/// The version the library that was loaded from `path` says it has: `1.32.0`. The crate that drives it
/// knows only how it was built.
fn version(path: &Path) -> Result<String, String> {
    let library = super::library::opened(path)?;
    // SAFETY: the type is that of the function since the first version, and what it gives is the
    // library's own for as long as it is loaded.
    unsafe {
        let base = library.get::<unsafe extern "C" fn() -> *const OrtApiBase>(c"OrtGetApiBase");
        let base = base.map_err(|error| error.to_string())?().as_ref();
        let text = base.map_or(std::ptr::null(), |base| (base.GetVersionString)());
        if text.is_null() {
            return Err("has no version, expected onnxruntime's".to_owned());
        }
        Ok(CStr::from_ptr(text).to_string_lossy().into_owned())
    }
}

fn log(level: LogLevel, _category: &str, _id: &str, location: &str, message: &str) {
    let message = message.trim_end();
    match level {
        LogLevel::Fatal | LogLevel::Error => tracing::error!(location, "onnxruntime: {message}"),
        LogLevel::Warning => tracing::warn!(location, "onnxruntime: {message}"),
        LogLevel::Info | LogLevel::Verbose => tracing::trace!(location, "onnxruntime: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prepared::ModelRoot;

    #[test]
    #[allow(clippy::print_stdout, reason = "what a machine lacks is said, not passed over")]
    fn the_version_is_the_librarys_own_whatever_branch_it_was_built_from() {
        let library = ModelRoot::from_environment().onnxruntime_library();
        if !library.is_file() {
            return println!("skipped: no libonnxruntime.so is prepared");
        }
        let runtime = Runtime::open(&library).unwrap();
        assert!(runtime.version().starts_with("1."), "{}", runtime.version());
    }
}
