//! How hot the box is: the hottest of the sensors the kernel knows.
//!
//! Promises: a box without sensors, and a sensor that cannot be read just now, is no error: there is
//! no reading. Refuses: to say what is too hot.

use std::fs;
use std::path::{Path, PathBuf};

use crate::kind::BoardKind;

/// Where the kernel lists its sensors, a folder `thermal_zone*` each.
const ZONES: &str = "/sys/class/thermal";

/// The sensors of one box.
#[derive(Clone, Debug)]
pub struct Thermometer {
    files: Vec<PathBuf>,
    /// What a degree is in the files.
    unit: f32,
}

impl Thermometer {
    /// Finds the sensors of a `kind` of board. A simulated board's is the file `temperature` in its
    /// folder, in degrees Celsius, when there is one.
    #[must_use]
    pub fn open(kind: &BoardKind) -> Self {
        match kind {
            BoardKind::Sim(folder) => Self { files: vec![folder.join("temperature")], unit: 1.0 },
            BoardKind::None | BoardKind::Rpi => Self::of_zones(Path::new(ZONES)),
        }
    }

    fn of_zones(folder: &Path) -> Self {
        let zones = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let is_zone = |path: &PathBuf| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("thermal_zone"))
        };
        let files = zones.filter(is_zone).map(|zone| zone.join("temp")).collect();
        Self { files, unit: 1000.0 }
    }

    /// The hottest sensor in degrees Celsius, of those that give a temperature electronics can have.
    #[must_use]
    pub fn read(&self) -> Option<f32> {
        let read = |path: &PathBuf| fs::read_to_string(path).ok()?.trim().parse::<f32>().ok();
        let readings = self.files.iter().filter_map(read).map(|reading| reading / self.unit);
        readings.filter(|celsius| (-60.0..=200.0).contains(celsius)).reduce(f32::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hottest_zone_counts_and_nonsense_does_not() {
        let folder = tempfile::tempdir().unwrap();
        for (zone, text) in [
            ("thermal_zone0", "61234\n"),
            ("thermal_zone1", "83500\n"),
            ("thermal_zone2", "nonsense"),
            ("thermal_zone3", "2147483647\n"),
            ("cooling_device0", "99000\n"),
        ] {
            fs::create_dir(folder.path().join(zone)).unwrap();
            fs::write(folder.path().join(zone).join("temp"), text).unwrap();
        }
        fs::create_dir(folder.path().join("thermal_zone4")).unwrap();
        assert_eq!(Thermometer::of_zones(folder.path()).read(), Some(83.5));
    }

    #[test]
    fn a_simulated_box_is_as_hot_as_its_file_says() {
        let folder = tempfile::tempdir().unwrap();
        let thermometer = Thermometer::open(&BoardKind::Sim(folder.path().to_owned()));
        assert_eq!(thermometer.read(), None);
        fs::write(folder.path().join("temperature"), "91.5\n").unwrap();
        assert_eq!(thermometer.read(), Some(91.5));
    }
}
