//! A closer look: one place of a picture, enlarged, upright and turned by a quarter either way.
//!
//! Detectors learn from people who stand, and score people who lie low or not at all; turned by a
//! quarter, somebody lying across the view stands.
//!
//! Promises: one fixed small input whatever the place and the picture, and no second network where
//! the engine can do without; detections are in the picture's coordinates, as if the whole of it had
//! been looked at. Refuses: deciding where to look.

use analytics::detection::Detection;
use analytics::geometry::NormBox;

use crate::backend::InputTensor;
use crate::detector::{Detector, DetectorError, Plan, View};
use crate::head::suppress;
use crate::letterbox::{Fit, Letterbox, Window};
use crate::manifest::Input;
use crate::picture::{Picture, PictureError};

/// The side of the network's square input in pixels: somebody who fills half of it is as large as
/// the people the model was trained on.
const SIDE: usize = 256;
/// The smallest place looked at, in pixels: smaller ones hold nothing to enlarge.
const SMALLEST: usize = 48;

/// What closer looks are made with.
pub(super) struct Closer {
    /// The network planned for the square, where the picture's own cannot take it.
    own: Option<Plan>,
    /// The place as it is.
    upright: Vec<f32>,
    found: Vec<Detection>,
}

/// How a place is turned before it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Upright,
    Clockwise,
    Anticlockwise,
}

/// A square of a picture, in pixels; its corner lies on whole chroma samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Square {
    left: usize,
    top: usize,
    side: usize,
}

impl Detector {
    /// Looks closer at `area` of `picture`, widened to a square: the best detections of the three
    /// turns, surest first, each at least the lowest score of
    /// [`Thresholds::believed`](crate::Thresholds). It costs half a [`detect`](Self::detect) of
    /// 640 x 480.
    pub fn look_closer(
        &mut self,
        picture: &Picture<'_>,
        area: &NormBox,
    ) -> Result<&[Detection], DetectorError> {
        if self.engine.takes_pixels() {
            return Err(DetectorError::NeedsCpu);
        }
        let square = Square::around(area, picture);
        let part = square.part(picture)?;
        let input = Input { long_side_px: SIDE, ..self.model.manifest().input.clone() };
        if self.closer.is_none() {
            self.closer = Some(Closer::new(self.plan_closer(&input)?));
        }
        let closer = self.closer.as_mut().ok_or(DetectorError::NoPlan)?;
        let plan = closer.own.as_mut().or(self.plan.as_mut()).ok_or(DetectorError::NoPlan)?;
        let mut letterbox = Letterbox::new(square.side, square.side, &input);
        let window = Window::whole(letterbox.fit());
        letterbox.paint(&part, &window, &mut closer.upright);
        closer.found.clear();
        for turn in [Turn::Upright, Turn::Clockwise, Turn::Anticlockwise] {
            plan.network.resize(window.size());
            let InputTensor::Planes(turned) = plan.network.input() else {
                return Err(DetectorError::NeedsCpu);
            };
            turn.paint(&closer.upright, turned);
            plan.network.run()?;
            let seen = plan.decode(&window, letterbox.fit(), &self.choice.model)?;
            let back = |seen: &Detection| {
                let bounds = square.to_picture(&turn.back(&seen.bounds)?, picture)?;
                Some(Detection { bounds, ..*seen })
            };
            closer.found.extend(seen.iter().filter_map(back));
        }
        closer.found.sort_by(|a, b| b.confidence.get().total_cmp(&a.confidence.get()));
        suppress(&mut closer.found, self.thresholds.suppression_iou);
        Ok(&closer.found)
    }

    /// A plan for the square, unless the picture's own can take it.
    fn plan_closer(&self, input: &Input) -> Result<Option<Plan>, DetectorError> {
        let (width, height) = self.fit().map_or((0, 0), Fit::network);
        if self.engine.takes_windows() && width * height >= SIDE * SIDE {
            return Ok(None);
        }
        let view = View::new(&self.engine, input, (SIDE, SIDE));
        Plan::new(&self.model, &self.engine, &self.choice, view).map(Some)
    }
}

impl Closer {
    fn new(own: Option<Plan>) -> Self {
        Self { own, upright: vec![0.0; 3 * SIDE * SIDE], found: Vec::new() }
    }
}

impl Turn {
    /// Copies three square planes of [`SIDE`], turned.
    fn paint(self, upright: &[f32], turned: &mut [f32]) {
        let planes = upright.chunks_exact(SIDE * SIDE).zip(turned.chunks_exact_mut(SIDE * SIDE));
        for (from, to) in planes {
            for (y, line) in to.chunks_exact_mut(SIDE).enumerate() {
                for (x, value) in line.iter_mut().enumerate() {
                    *value = from[match self {
                        Self::Upright => y * SIDE + x,
                        Self::Clockwise => (SIDE - 1 - x) * SIDE + y,
                        Self::Anticlockwise => x * SIDE + SIDE - 1 - y,
                    }];
                }
            }
        }
    }

    /// A box of the turned place, 0 to 1, as one of the place as it is.
    fn back(self, seen: &NormBox) -> Option<NormBox> {
        let (left, top, right, bottom) = (seen.left(), seen.top(), seen.right(), seen.bottom());
        match self {
            Self::Upright => Some(*seen),
            Self::Clockwise => NormBox::new(top, 1.0 - right, bottom, 1.0 - left),
            Self::Anticlockwise => NormBox::new(1.0 - bottom, left, 1.0 - top, right),
        }
    }
}

impl Square {
    /// The smallest square around `area` that fits into the picture, moved inside it.
    fn around(area: &NormBox, picture: &Picture<'_>) -> Self {
        let (width, height) = (picture.width(), picture.height());
        let shorter = width.min(height);
        let long = (area.width() * width as f32).max(area.height() * height as f32);
        let side = (long.ceil() as usize).clamp(SMALLEST.min(shorter), shorter) & !1;
        let middle = area.center();
        let corner = |middle: f32, length: usize| {
            let middle = (middle * length as f32) as usize;
            middle.saturating_sub(side / 2).min(length - side) & !1
        };
        Self { left: corner(middle.x, width), top: corner(middle.y, height), side }
    }

    /// The square as a picture of its own, over the same planes.
    fn part<'a>(&self, picture: &Picture<'a>) -> Result<Picture<'a>, PictureError> {
        picture.part((self.left, self.top), (self.side, self.side))
    }

    /// A box of the square, 0 to 1, as one of the picture; `None` when an edge of the square cuts it
    /// where the picture goes on: a part of something larger is what a closer look gets wrong.
    fn to_picture(self, seen: &NormBox, picture: &Picture<'_>) -> Option<NormBox> {
        let cut = seen.cut_by();
        let (right, bottom) = (self.left + self.side, self.top + self.side);
        if (cut.left && self.left > 0)
            || (cut.top && self.top > 0)
            || (cut.right && right < picture.width() - 1)
            || (cut.bottom && bottom < picture.height() - 1)
        {
            return None;
        }
        let side = self.side as f32;
        let x = |x: f32| (self.left as f32 + x * side) / picture.width() as f32;
        let y = |y: f32| (self.top as f32 + y * side) / picture.height() as f32;
        NormBox::new(x(seen.left()), y(seen.top()), x(seen.right()), y(seen.bottom()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{PixelLayout, Plane};

    fn bounds(left: f32, top: f32, right: f32, bottom: f32) -> NormBox {
        NormBox::new(left, top, right, bottom).unwrap()
    }

    #[test]
    fn a_mark_is_found_again_where_it_was_whatever_the_turn() {
        // One bright sample at column 40, row 200.
        let mut upright = vec![0.0; 3 * SIDE * SIDE];
        upright[SIDE * SIDE + 200 * SIDE + 40] = 1.0;
        for turn in [Turn::Upright, Turn::Clockwise, Turn::Anticlockwise] {
            let mut turned = vec![0.0; 3 * SIDE * SIDE];
            turn.paint(&upright, &mut turned);
            let at = turned[SIDE * SIDE..2 * SIDE * SIDE].iter().position(|&v| v > 0.0).unwrap();
            let pixel = |at: usize| at as f32 / SIDE as f32;
            let (x, y) = (at % SIDE, at / SIDE);
            let seen = bounds(pixel(x), pixel(y), pixel(x + 1), pixel(y + 1));
            let expected = bounds(pixel(40), pixel(200), pixel(41), pixel(201));
            assert_eq!(turn.back(&seen), Some(expected), "{turn:?}");
        }
    }

    #[test]
    fn a_square_lies_in_the_picture_and_leads_back_to_it() {
        let data = vec![128; 640 * 360];
        let planes = [&data[..], &data[..], &data[..]].map(|data| Plane { data, stride: 640 });
        let picture = Picture::new(PixelLayout::Nv12, 640, 360, planes).unwrap();
        let table = [
            (bounds(0.45, 0.45, 0.55, 0.55), Square { left: 288, top: 148, side: 64 }),
            (bounds(0.9, 0.9, 1.0, 1.0), Square { left: 576, top: 296, side: 64 }),
            (bounds(0.0, 0.0, 1.0, 1.0), Square { left: 140, top: 0, side: 360 }),
            (bounds(0.001, 0.001, 0.002, 0.002), Square { left: 0, top: 0, side: 48 }),
        ];
        for (area, expected) in table {
            let square = Square::around(&area, &picture);
            assert_eq!(square, expected);
            assert!(square.part(&picture).is_ok());
        }
        let square = Square { left: 320, top: 180, side: 64 };
        let back = square.to_picture(&bounds(0.25, 0.25, 0.75, 0.75), &picture).unwrap();
        assert!((back.left() - 0.525).abs() < 1e-6 && (back.right() - 0.575).abs() < 1e-6);
        assert_eq!(square.to_picture(&bounds(0.0, 0.25, 0.75, 0.75), &picture), None);
        let square = Square { left: 576, top: 296, side: 64 };
        assert!(square.to_picture(&bounds(0.25, 0.25, 1.0, 1.0), &picture).is_some());
    }
}
