//! What a detector saw in one frame.

use crate::geometry::NormBox;

/// The kinds of object the rules care about; every other class a model knows is dropped at the
/// detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObjectClass {
    /// A person.
    Person,
    /// A bicycle.
    Bicycle,
    /// A car.
    Car,
    /// A motorcycle.
    Motorcycle,
    /// A bus.
    Bus,
    /// A truck.
    Truck,
    /// A backpack.
    Backpack,
    /// A handbag.
    Handbag,
    /// A suitcase.
    Suitcase,
    /// A dog, cat or bird: never an alarm, kept so that a rule can say why.
    Animal,
    /// A thing seen in the pixels alone: what it is, no detector has said.
    Thing,
}

impl ObjectClass {
    /// Every class.
    pub const ALL: [Self; 11] = [
        Self::Person,
        Self::Bicycle,
        Self::Car,
        Self::Motorcycle,
        Self::Bus,
        Self::Truck,
        Self::Backpack,
        Self::Handbag,
        Self::Suitcase,
        Self::Animal,
        Self::Thing,
    ];

    /// What the Road Traffic Act (도로교통법, 2조) calls a vehicle (차), bicycles included: parked, and not
    /// dumped.
    #[must_use]
    pub const fn is_vehicle(self) -> bool {
        matches!(self, Self::Bicycle | Self::Car | Self::Motorcycle | Self::Bus | Self::Truck)
    }

    /// The class of this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.word() == word)
    }

    /// Its word in alarms and recordings: COCO's, and "animal" for dog, cat and bird.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Bicycle => "bicycle",
            Self::Car => "car",
            Self::Motorcycle => "motorcycle",
            Self::Bus => "bus",
            Self::Truck => "truck",
            Self::Backpack => "backpack",
            Self::Handbag => "handbag",
            Self::Suitcase => "suitcase",
            Self::Animal => "animal",
            Self::Thing => "object",
        }
    }
}

/// A score between 0 and 1, as calibrated as the model that gave it.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Confidence(f32);

impl Confidence {
    /// The score cut to 0..=1; `None` when it is not a number.
    #[must_use]
    pub fn new(score: f32) -> Option<Self> {
        (!score.is_nan()).then(|| Self(score.clamp(0.0, 1.0)))
    }

    /// The score, 0 to 1.
    #[must_use]
    pub const fn get(self) -> f32 {
        self.0
    }
}

/// One object in one frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detection {
    /// What it is.
    pub class: ObjectClass,
    /// How sure the model is.
    pub confidence: Confidence,
    /// Where it is.
    pub bounds: NormBox,
}
