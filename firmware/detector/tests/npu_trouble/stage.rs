//! A model for an NPU that no runtime takes, and the programs that stand in for the helper process.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use detector::{NpuOptions, Options};
use sha2::{Digest, Sha256};

/// The tiny model with a conversion that only a real runtime could refuse.
pub(crate) fn prepared(platform: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/tiny");
    for file in ["model.toml", "fp32.onnx", "int8.onnx"] {
        fs::copy(tiny.join(file), folder.path().join(file)).unwrap();
    }
    let model = b"no vendor's format";
    fs::write(folder.path().join("tiny.npu"), model).unwrap();
    let sha256: String = Sha256::digest(model).iter().map(|byte| format!("{byte:02x}")).collect();
    let (width, height) = (320, 256);
    let text = format!(
        "[[model]]\nplatform = {platform:?}\nfile = \"tiny.npu\"\nsha256 = {sha256:?}\n\
         width = {width}\nheight = {height}\ntoolkit = \"none\"\nstart_confidence = 0.4\n\
         keep_confidence = 0.2\nsuppression_iou = 0.6\n"
    );
    fs::write(folder.path().join("npu.toml"), text).unwrap();
    folder
}

/// What opens that model in the helper process `process`.
pub(crate) fn options(model: &Path, process: PathBuf) -> Options {
    Options {
        model: Some(model.to_owned()),
        npu: NpuOptions {
            platform: Some("rk3588".to_owned()),
            library: Some(PathBuf::from("/nowhere/librknnrt.so")),
            process: Some(process),
            ..NpuOptions::default()
        },
        ..Options::default()
    }
}

/// A helper process's program in `folder`.
pub(crate) fn program(folder: &Path, script: &str) -> PathBuf {
    let path = folder.join("helper");
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}
