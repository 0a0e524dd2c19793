//! What the kernel says of the box.

use std::fs;

use board::{BoardKind, Thermometer};
use serde::Serialize;

/// Where drivers write their version, those that do.
const DRIVERS: [&str; 4] = [
    "/sys/kernel/debug/rknpu/version",
    "/proc/rknpu/version",
    "/sys/module/rknpu/version",
    "/sys/module/hailo_pci/version",
];

/// Board, kernel, drivers and temperature.
#[derive(Debug, Serialize)]
pub struct Surroundings {
    /// The board's name and chip; empty where there is no device tree.
    pub compatible: Vec<String>,
    /// The kernel.
    pub kernel: String,
    /// File and content.
    pub drivers: Vec<(&'static str, String)>,
    /// The hottest sensor in degrees Celsius.
    pub celsius: Option<f32>,
}

impl Surroundings {
    pub(super) fn read(board: &BoardKind) -> Self {
        let line = |path: &str| fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
        let compatible = fs::read("/proc/device-tree/compatible").unwrap_or_default();
        let compatible = compatible.split(|&byte| byte == 0).filter(|name| !name.is_empty());
        Self {
            compatible: compatible.map(|name| String::from_utf8_lossy(name).into_owned()).collect(),
            kernel: line("/proc/sys/kernel/osrelease").unwrap_or_default(),
            drivers: DRIVERS.iter().filter_map(|path| Some((*path, line(path)?))).collect(),
            celsius: Thermometer::open(board).read(),
        }
    }
}

impl std::fmt::Display for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { compatible, kernel, drivers, celsius } = self;
        let unknown = compatible.is_empty();
        let board = if unknown { "no device tree".to_owned() } else { compatible.join(", ") };
        write!(f, "board: {board}; kernel {kernel}")?;
        drivers.iter().try_for_each(|(path, version)| write!(f, "; {path}: {version}"))?;
        celsius.map_or(Ok(()), |celsius| write!(f, "; {celsius:.0} °C"))
    }
}
