//! Offers: the small values from which the targets for `analytics` make detectors, clocks and cameras,
//! and a folder for targets that read files.
//!
//! Promises: a few bytes each, mostly what a camera gives, so that short inputs reach deep; at times
//! anything the type can hold. Refuses: keeping to what constructors accept; that is theirs to check.

use std::path::Path;

use analytics::geometry::{NormBox, Point};
use analytics::time::FrameTime;
use arbitrary::{Arbitrary, Result, Unstructured};

/// A coordinate, score or share: mostly 0 to 1, at times any number there is or none.
#[derive(Clone, Copy, Debug)]
pub struct Number(pub f32);

impl<'a> Arbitrary<'a> for Number {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        const ONE: u8 = 250;
        Ok(Self(match bytes.arbitrary()? {
            share @ 0..=ONE => f32::from(share) / f32::from(ONE),
            _ => bytes.arbitrary()?,
        }))
    }
}

/// The time from a frame to the next: mostly up to a second, at times back, or to the axis' end.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    micros: i64,
}

impl<'a> Arbitrary<'a> for Step {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        let micros = match bytes.arbitrary::<u8>()? {
            247..=251 => bytes.arbitrary::<i32>()?.into(),
            252.. => bytes.arbitrary()?,
            usual => i64::from(usual) * 4_000,
        };
        Ok(Self { micros })
    }
}

impl Step {
    /// The stamp of the frame after that of `now`.
    #[must_use]
    pub fn after(self, now: FrameTime) -> FrameTime {
        FrameTime::from_micros(now.as_micros().saturating_add_signed(self.micros))
    }
}

/// A place in the picture, or beside it, or without an extent.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Place {
    left: Number,
    top: Number,
    width: Number,
    height: Number,
}

impl Place {
    /// The box there, if it is one, moved by shares of the picture.
    #[must_use]
    pub fn bounds(&self, (across, down): (f32, f32)) -> Option<NormBox> {
        let (left, top) = (self.left.0 + across, self.top.0 + down);
        NormBox::new(left, top, left + self.width.0, top + self.height.0)
    }

    /// One of its corners as it was offered, from the top left, row by row, over and over.
    #[must_use]
    pub fn corner(&self, number: usize) -> Point {
        let (across, down) = ((number % 2) as f32, (number / 2 % 2) as f32);
        let (width, height) = (self.width.0 * across, self.height.0 * down);
        Point { x: self.left.0 + width, y: self.top.0 + height }
    }
}

/// A new folder, in memory where this machine has a place for that.
///
/// # Panics
/// When none can be made.
#[must_use]
pub fn memory_folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let folder = match memory.is_dir() {
        true => tempfile::tempdir_in(memory),
        false => tempfile::tempdir(),
    };
    folder.expect("a folder for temporary files")
}
