//! A drawn picture: bytes of a test's own as what a decoder would hand on.
//!
//! Promises: I420, its planes one behind the other without gaps. Refuses: bytes of another number than the
//! size needs.

use detector::{Picture, PictureError, PixelLayout, Plane};

/// The picture of `width` x `height` pixels, both even, that `bytes` are.
///
/// # Errors
/// When there are too few.
///
/// # Panics
/// When there are fewer than the luma needs.
pub fn i420(bytes: &[u8], (width, height): (usize, usize)) -> Result<Picture<'_>, PictureError> {
    let (luma, chroma) = bytes.split_at(width * height);
    let (blue, red) = chroma.split_at(chroma.len() / 2);
    let plane = |data, stride| Plane { data, stride };
    let planes = [plane(luma, width), plane(blue, width / 2), plane(red, width / 2)];
    Picture::new(PixelLayout::I420, width, height, planes)
}
