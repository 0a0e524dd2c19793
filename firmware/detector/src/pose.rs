//! The pose estimator: a place of a picture to one person's joints.
//!
//! Promises: one fixed small input whatever the place and the picture; joints are in the picture's
//! coordinates. Refuses: finding people, which is the detector's, and saying what they do.

use analytics::geometry::{NormBox, Point};
use analytics::pose::{KeyPoint, Pose};

use crate::backend::{InputTensor, Network, NetworkPlan};
use crate::choice::{self, Choice, Options};
use crate::detector::DetectorError;
use crate::head::ShapeError;
use crate::letterbox::{Fit, Letterbox, Window};
use crate::manifest::{PoseManifest, Precision};
use crate::picture::{Picture, PictureError};
use crate::prepared::{self, PreparedModel};

mod decode;

use decode::Maps;

/// A prepared pose estimator on an engine.
pub struct PoseEstimator {
    manifest: PoseManifest,
    choice: Choice,
    network: Box<dyn Network>,
}

impl PoseEstimator {
    /// The model's name, which is its folder's in the root of prepared models.
    pub const MODEL: &'static str = "movenet-lightning";

    /// Opens the estimator on the engine that `options` ask for; `None` when it is not prepared.
    /// Its weights are fp32 whatever precision is asked for.
    pub fn open(options: &Options) -> Result<Option<Self>, DetectorError> {
        let folder = options.root.path().join(Self::MODEL);
        let path = folder.join(PreparedModel::MANIFEST);
        if !path.is_file() {
            return Ok(None);
        }
        let manifest = PoseManifest::read(&path).map_err(prepared::PreparedError::from)?;
        let onnx = prepared::checked(&folder.join(&manifest.file), &manifest.sha256)?;
        let (engine, why) = choice::cpu_engine(options)?;
        let side = manifest.input.long_side_px;
        let network = engine.load(&NetworkPlan {
            model: &onnx,
            input: &manifest.input.tensor,
            outputs: &manifest.outputs,
            size: (side, side),
            threads: options.threads,
        })?;
        check_shapes(&manifest, network.shapes())?;
        let choice = Choice {
            model: manifest.name.clone(),
            model_sha256: manifest.sha256.clone(),
            backend: engine.kind(),
            backend_version: engine.version().to_owned(),
            precision: Precision::Fp32,
            threads: engine.threads(options.threads),
            reason: why,
        };
        Ok(Some(Self { manifest, choice, network }))
    }

    /// The joints of the person in the middle of `area`, which is widened to a square, as far as the
    /// picture goes.
    pub fn estimate(
        &mut self,
        picture: &Picture<'_>,
        area: &NormBox,
    ) -> Result<Pose, DetectorError> {
        let place = Place::around(area, picture);
        let part = place.part(picture)?;
        let mut letterbox = Letterbox::new(place.size.0, place.size.1, &self.manifest.input);
        let window = Window::whole(letterbox.fit());
        let InputTensor::Planes(planes) = self.network.input() else {
            return Err(DetectorError::NeedsCpu);
        };
        letterbox.paint(&part, &window, planes);
        self.network.run()?;
        let cell = self.cell(letterbox.fit());
        let middle = Point { x: place.middle.x / cell, y: place.middle.y / cell };
        let joints = self.maps()?.pose(middle);
        Ok(Pose::new(joints.map(|joint| place.to_picture(joint, cell, picture))))
    }

    /// What runs and why.
    #[must_use]
    pub const fn choice(&self) -> &Choice {
        &self.choice
    }

    /// How many pixels of the part one cell of the maps stands for.
    fn cell(&self, fit: &Fit) -> f32 {
        let (long, scaled) =
            (fit.picture().0.max(fit.picture().1), self.manifest.input.long_side_px);
        (self.manifest.stride * long) as f32 / scaled as f32
    }

    fn maps(&self) -> Result<Maps<'_>, DetectorError> {
        let cells = self.manifest.input.long_side_px / self.manifest.stride;
        Ok(Maps {
            columns: cells,
            rows: cells,
            centers: self.network.output(0)?,
            joints: self.network.output(1)?,
            heat: self.network.output(2)?,
            offsets: self.network.output(3)?,
        })
    }
}

/// A part of a picture, in pixels; its corner lies on whole chroma samples.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Place {
    corner: (usize, usize),
    size: (usize, usize),
    /// Where in it the person should be.
    middle: Point,
}

impl Place {
    /// The square around the middle of `area`, cut to the picture.
    fn around(area: &NormBox, picture: &Picture<'_>) -> Self {
        let (width, height) = (picture.width() as f32, picture.height() as f32);
        let side = (area.width() * width).max(area.height() * height);
        let at = Point { x: area.center().x * width, y: area.center().y * height };
        let (left, across) = span(at.x, side, picture.width());
        let (top, down) = span(at.y, side, picture.height());
        let middle = Point { x: at.x - left as f32, y: at.y - top as f32 };
        Self { corner: (left, top), size: (across, down), middle }
    }

    fn part<'a>(&self, picture: &Picture<'a>) -> Result<Picture<'a>, PictureError> {
        picture.part(self.corner, self.size)
    }

    /// A joint in cells of `cell` pixels as one of the picture.
    fn to_picture(self, joint: KeyPoint, cell: f32, picture: &Picture<'_>) -> KeyPoint {
        let x = (self.corner.0 as f32 + joint.at.x * cell) / picture.width() as f32;
        let y = (self.corner.1 as f32 + joint.at.y * cell) / picture.height() as f32;
        KeyPoint { at: Point { x, y }, ..joint }
    }
}

/// Where a span of about `side` pixels around `middle` begins, on an even pixel, and how long it is
/// inside `0..length`, no less than a picture may be.
fn span(middle: f32, side: f32, length: usize) -> (usize, usize) {
    // Below zero the conversion gives zero.
    let first = ((middle - side / 2.0) as usize).min(length - Picture::MIN_SIDE) & !1;
    let last = ((middle + side / 2.0).ceil() as usize).clamp(first + Picture::MIN_SIDE, length);
    (first, last - first)
}

/// Every map has the channels and cells its place in the manifest promises.
fn check_shapes(manifest: &PoseManifest, shapes: &[Vec<usize>]) -> Result<(), DetectorError> {
    let cells = manifest.input.long_side_px / manifest.stride;
    let channels = [1, 2 * Pose::JOINTS, Pose::JOINTS, 2 * Pose::JOINTS];
    for ((output, shape), channels) in manifest.outputs.iter().zip(shapes).zip(channels) {
        if *shape != [1, channels, cells, cells] {
            let (name, got) = (output.clone(), shape.clone());
            let error = ShapeError { name, got, channels, rows: cells, columns: cells };
            return Err(DetectorError::Shape { model: manifest.name.clone(), error });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{PixelLayout, Plane};

    #[test]
    fn a_place_is_a_square_as_far_as_the_picture_goes() {
        let data = vec![128; 640 * 360];
        let planes = [&data[..], &data[..], &data[..]].map(|data| Plane { data, stride: 640 });
        let picture = Picture::new(PixelLayout::Nv12, 640, 360, planes).unwrap();
        let table = [
            ([0.45, 0.4, 0.55, 0.6], (284, 144), (72, 72)),
            ([0.9, 0.5, 1.0, 1.0], (518, 180), (122, 180)),
            ([0.0, 0.0, 1.0, 1.0], (0, 0), (640, 360)),
            ([0.999, 0.999, 1.0, 1.0], (624, 344), (16, 16)),
        ];
        for ([left, top, right, bottom], corner, size) in table {
            let area = NormBox::new(left, top, right, bottom).unwrap();
            let place = Place::around(&area, &picture);
            assert_eq!((place.corner, place.size), (corner, size), "{area:?}");
            assert!(place.part(&picture).is_ok());
            let middle = KeyPoint { at: place.middle, ..KeyPoint::default() };
            let back = place.to_picture(middle, 1.0, &picture).at;
            let expected = area.center();
            assert!((back.x - expected.x).abs() < 1e-5 && (back.y - expected.y).abs() < 1e-5);
        }
    }
}
