//! Cover: which pixels of a picture show somebody, and not what is behind them.

use crate::geometry::NormBox;

/// How far hands, bags and the shadow at the feet reach beyond somebody's box, in own widths
/// sideways and heights up and down.
const MARGIN: (f32, f32) = (0.1, 0.05);

/// One mark a pixel.
#[derive(Clone, Debug, Default)]
pub(super) struct Cover {
    width: usize,
    marks: Vec<bool>,
}

impl Cover {
    /// Takes these people to be in front, in a picture of this size; keeps the memory.
    pub(super) fn paint(
        &mut self,
        (width, height): (usize, usize),
        people: impl Iterator<Item = NormBox>,
    ) {
        self.width = width;
        self.marks.clear();
        self.marks.resize(width * height, false);
        let pixel = |side: f32, size: usize| (side.clamp(0.0, 1.0) * size as f32) as usize;
        for person in people {
            let (across, down) = (person.width() * MARGIN.0, person.height() * MARGIN.1);
            let left = pixel(person.left() - across, width);
            let right = pixel(person.right() + across, width).min(width);
            let bottom = pixel(person.bottom() + down, height).min(height);
            for row in pixel(person.top() - down, height)..bottom {
                self.marks[row * width..][left..right].fill(true);
            }
        }
    }

    /// The marks, row by row from the top left.
    pub(super) fn marks(&self) -> &[bool] {
        &self.marks
    }

    /// Whether somebody is in front of the middle of this.
    pub(super) fn hides(&self, bounds: &NormBox) -> bool {
        let height = self.marks.len().checked_div(self.width).unwrap_or(0);
        let middle = bounds.center();
        let (x, y) = (middle.x * self.width as f32, middle.y * height as f32);
        self.marks.get(y as usize * self.width + x as usize).copied().unwrap_or(false)
    }
}
