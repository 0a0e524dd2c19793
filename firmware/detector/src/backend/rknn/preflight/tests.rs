//! Tables of model files, boards and versions.

use std::fs;

use proptest::prelude::*;

use super::*;
use crate::prepared::ModelRoot;

const TAIL: &str = r#"{"nodes":[],"target_platform":["rk3588"],"version":"2.5.0"}"#;

fn file(tail: &str) -> Vec<u8> {
    let network = [7_u8; 100];
    let mut file = Vec::from(*MAGIC);
    file.extend(FORM.to_le_bytes());
    file.extend((network.len() as u64).to_le_bytes());
    file.resize(HEAD_BYTES, 0);
    file.extend(network);
    file.extend((tail.len() as u64).to_le_bytes());
    file.extend(tail.as_bytes());
    file
}

fn model(platform: &str, toolkit: &str) -> ModelFile {
    ModelFile { platforms: vec![platform.to_owned()], toolkit: toolkit.to_owned() }
}

#[test]
fn a_whole_file_tells_its_platform_and_toolkit() {
    assert_eq!(ModelFile::read(&file(TAIL)).unwrap(), model("rk3588", "2.5.0"));
    let single = r#"{"target_platform":"rk3566","version":"1.6.0"}"#;
    assert_eq!(ModelFile::read(&file(single)).unwrap(), model("rk3566", "1.6.0"));
}

#[test]
#[allow(clippy::print_stdout, reason = "what a machine lacks is said, not passed over")]
fn what_the_vendors_toolkit_wrote_is_read() {
    let folder = ModelRoot::from_environment().path().join("nanodet-plus-m");
    let files = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut read = 0;
    for path in files.filter(|path| path.extension().is_some_and(|ending| ending == "rknn")) {
        let file = ModelFile::read(&fs::read(&path).unwrap()).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let [platform] = &file.platforms[..] else { panic!("{name}: {file:?}") };
        assert!(name.starts_with(platform), "{name}: {file:?}");
        assert!(Version::parse(&file.toolkit).is_some(), "{name}: {file:?}");
        read += 1;
    }
    if read == 0 {
        println!("skipped: no model was converted for Rockchip's NPUs here");
    }
}

#[test]
fn what_is_no_whole_model_is_one_sentence() {
    let whole = file(TAIL);
    let form = [&whole[..8], &[5], &whole[9..]].concat();
    let long = [&whole[..16], &[255; 8], &whole[24..]].concat();
    for (bytes, expected) in [
        (b"".to_vec(), "file is one that begins \"\", expected RKNN"),
        (b"\x08\x07ONNX....".to_vec(), "file is one that begins \"\\u{8}\\u{7}ONNX..\""),
        (form, "file's form is 5, expected 6"),
        (long, "expected a whole one"),
        (whole[..whole.len() - 1].to_vec(), "expected a whole one"),
        ([&whole[..], b"x"].concat(), "expected a whole one"),
        (file("{}"), "file's description is missing field `target_platform`"),
        (file("["), "file's description is EOF"),
    ] {
        let error = ModelFile::read(&bytes).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(error.contains("convert the model again") && !error.contains('\n'), "{error}");
    }
}

#[test]
fn a_model_runs_on_its_own_chip_only() {
    let tree = tempfile::tempdir().unwrap();
    for (platform, compatible, chip) in [
        ("rk3588", "radxa,rock-5b\0rockchip,rk3588\0", Some("rk3588")),
        ("rk3588", "rockchip,rk3588s-orangepi-5\0rockchip,rk3588s\0", Some("rk3588s-orangepi-5")),
        ("rk3566", "radxa,rock3a\0rockchip,rk3568\0", Some("rk3568")),
        ("rv1126b", "rockchip,rv1126b\0", Some("rv1126b")),
        ("rv1126b", "rockchip,rv1126\0", None),
        ("rk3588", "radxa,rock3a\0rockchip,rk3568\0", None),
        ("rk3588", "raspberrypi,5-model-b\0brcm,bcm2712\0", None),
        ("", "rockchip,rk3588\0", None),
        ("rk3588", "", None),
    ] {
        fs::write(tree.path().join("compatible"), compatible).unwrap();
        let got = model(platform, "2.5.0").chip(tree.path());
        assert_eq!(got.clone().ok().as_deref(), chip, "{platform} on {compatible:?}");
        if let Err(error) = got {
            assert!(error.to_string().contains("install the conversion for this board's chip"));
        }
    }
}

#[test]
fn without_a_device_tree_the_report_says_that_nothing_was_compared() {
    let tree = tempfile::tempdir().unwrap();
    let chip = model("rk3588", "2.5.0").chip(tree.path()).unwrap();
    assert!(chip.starts_with("an unknown chip (no ") && chip.contains("rk3588"), "{chip}");
}

#[test]
fn a_library_older_than_the_models_toolkit_is_refused() {
    for (library, toolkit, suits) in [
        ("2.5.0 (abc@2026)", "2.5.0", true),
        ("2.10.0", "2.9.1", true),
        ("2.3.2 (429f97ae6b@2025-04-09T09:09:27)", "2.5.0", false),
        ("1.4.0", "2.3.0", false),
        ("unknown", "2.5.0", true),
        ("2.5.0", "", true),
    ] {
        let got = model("rk3588", toolkit).suits(library);
        assert_eq!(got.is_ok(), suits, "{library} for {toolkit}: {got:?}");
        if let Err(error) = got {
            assert!(error.to_string().contains("install a librknnrt.so"), "{error}");
        }
    }
}

#[test]
fn what_to_do_about_it_fits_into_health() {
    for remedy in [CONVERT, OTHER_CHIP, OLD_LIBRARY, OLD_DRIVER] {
        assert!(remedy.len() <= NpuError::LONGEST_REMEDY, "{remedy}");
    }
}

#[test]
fn a_driver_known_to_fail_is_refused() {
    for (version, passes) in
        [("0.9.8", true), ("0.8.2", true), ("", true), ("0.9.3", false), ("0.7.2", false)]
    {
        assert_eq!(driver(version).is_ok(), passes, "{version}");
    }
}

#[test]
fn a_simulation_is_taken_only_when_asked_for() {
    let plan = |simulated| NpuPlan {
        library: Path::new("librknnrt.so"),
        model: &[],
        outputs: &[],
        size: (32, 32),
        simulated,
    };
    assert_eq!(reality(&plan(Simulated::Refuse), "2.5.0"), Ok(()));
    assert_eq!(reality(&plan(Simulated::Accept), "2.5.0-sim"), Ok(()));
    let error = reality(&plan(Simulated::Refuse), "2.5.0-sim").unwrap_err();
    assert!(matches!(error, NpuError::Simulated { .. }), "{error}");
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_never_more_than_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = ModelFile::read(&bytes);
    }

    #[test]
    fn a_damaged_file_is_never_more_than_refused(
        at in 0_usize..240,
        value in any::<u8>(),
        keep in 0_usize..400,
    ) {
        let mut bytes = file(TAIL);
        let at = at % bytes.len();
        bytes[at] = value;
        bytes.truncate(keep);
        let _ = ModelFile::read(&bytes);
    }
}
