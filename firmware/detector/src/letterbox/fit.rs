//! Where a picture lies in the network's input, and the way back.

use analytics::geometry::NormBox;

use crate::manifest::Input;

/// The geometry of one letterbox: picture, scaled picture and tensor, each (width, height) in
/// pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fit {
    picture: (usize, usize),
    scaled: (usize, usize),
    network: (usize, usize),
}

impl Fit {
    /// The picture's longer side becomes `long_side_px`, the shorter keeps the shape; the tensor is
    /// the next multiple.
    #[must_use]
    pub fn new(width: usize, height: usize, input: &Input) -> Self {
        let long = width.max(height);
        // Rounded to the nearest pixel; a sliver keeps at least one.
        let scale = |side: usize| ((side * input.long_side_px + long / 2) / long).max(1);
        let scaled = (scale(width), scale(height));
        let padded = |side: usize| side.next_multiple_of(input.multiple);
        Self { picture: (width, height), scaled, network: (padded(scaled.0), padded(scaled.1)) }
    }

    /// The picture's size.
    #[must_use]
    pub const fn picture(&self) -> (usize, usize) {
        self.picture
    }

    /// The picture's size inside the tensor, from the top left corner.
    #[must_use]
    pub const fn scaled(&self) -> (usize, usize) {
        self.scaled
    }

    /// The tensor's size.
    #[must_use]
    pub const fn network(&self) -> (usize, usize) {
        self.network
    }

    /// A box in the tensor's pixels as a box of the picture; `None` when nothing of it lies in the
    /// picture or a side is not a number.
    #[must_use]
    pub fn to_picture(&self, [left, top, right, bottom]: [f32; 4]) -> Option<NormBox> {
        let (width, height) = (self.scaled.0 as f32, self.scaled.1 as f32);
        NormBox::new(left / width, top / height, right / width, bottom / height)
    }
}
