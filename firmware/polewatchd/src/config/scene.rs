//! Scenes: the kinds of places a city watches, each a set of rules and settings.
//!
//! Promises: a scene is written in the configuration's own language and goes through the same checks;
//! docs/scenes.md shows it word for word. Refuses: deciding for the installer: a rule of the same name
//! replaces the scene's, and a rule for a zone or line nobody has drawn is left out and named.

use std::fmt;

/// A kind of place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    /// 생활방범: a residential street.
    Street,
    /// 공원: a park.
    Park,
    /// 어린이보호: the surroundings of a school.
    SchoolZone,
    /// 차량방범: a road.
    VehicleRoad,
}

/// A scene as far as it is in effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InEffect {
    /// Which.
    pub scene: Scene,
    /// Its rules that cannot be: their names, each with the zone or line that is not drawn.
    pub undrawn: Vec<(String, String)>,
}

impl Scene {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Street, Self::Park, Self::SchoolZone, Self::VehicleRoad];

    /// The word it is configured by.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Street => "street",
            Self::Park => "park",
            Self::SchoolZone => "school_zone",
            Self::VehicleRoad => "vehicle_road",
        }
    }

    /// Its rules and settings, as a file would say them.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Street => include_str!("scene/street.toml"),
            Self::Park => include_str!("scene/park.toml"),
            Self::SchoolZone => include_str!("scene/school_zone.toml"),
            Self::VehicleRoad => include_str!("scene/vehicle_road.toml"),
        }
    }
}

impl fmt::Display for InEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "scene {}", self.scene.word())?;
        for (index, (rule, place)) in self.undrawn.iter().enumerate() {
            let start = if index == 0 { ", without" } else { "," };
            write!(f, "{start} rule {rule} (no {place} is drawn)")?;
        }
        Ok(())
    }
}
