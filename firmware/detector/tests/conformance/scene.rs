//! Pictures to detect in: drawn, made of noise, or three frames of vtest.avi.

use std::path::Path;
use std::process::{Command, Stdio};

use analytics::detection::ObjectClass;
use analytics::geometry::NormBox;
use detector::{Picture, PixelLayout, Plane};

/// Footage of Debian's `opencv-doc`: a path with five to ten walkers.
const STREET: &str = "/usr/share/doc/opencv-doc/examples/data/vtest.avi";

/// A picture with its memory, I420 without row padding.
pub(crate) struct Scene {
    name: String,
    width: usize,
    height: usize,
    planes: [Vec<u8>; 3],
}

impl Scene {
    /// What `models/tiny` looks for: a white block (a person) and a blue one (a car) on dark.
    pub(crate) fn blocks() -> Self {
        let mut scene = Self::grey("blocks", 320, 240, 30);
        scene.draw([64, 64, 104, 120], [235, 128, 128]);
        scene.draw([192, 96, 248, 136], [41, 240, 110]);
        scene
    }

    /// Where the blocks are.
    pub(crate) fn blocks_expected() -> [(ObjectClass, NormBox); 2] {
        let norm = |[left, top, right, bottom]: [f32; 4]| {
            NormBox::new(left / 320.0, top / 240.0, right / 320.0, bottom / 240.0).unwrap()
        };
        [
            (ObjectClass::Person, norm([64.0, 64.0, 104.0, 120.0])),
            (ObjectClass::Car, norm([192.0, 96.0, 248.0, 136.0])),
        ]
    }

    /// Noise, the same each time (a linear congruential generator).
    pub(crate) fn noise(width: usize, height: usize) -> Self {
        let mut scene = Self::grey("noise", width, height, 0);
        let mut state = 1_u32;
        for sample in scene.planes.iter_mut().flatten() {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *sample = 16 + ((state >> 24) as u8 % 220);
        }
        scene
    }

    /// Three frames of the footage; none when it or `ffmpeg` is not here.
    pub(crate) fn street() -> Vec<Self> {
        if !Path::new(STREET).is_file() {
            return Vec::new();
        }
        ["5", "25", "60"].into_iter().filter_map(Self::frame).collect()
    }

    /// The same from a camera of twice the resolution, with nothing more to see.
    pub(crate) fn doubled(&self) -> Self {
        let width = |plane: usize| if plane == 0 { self.width } else { self.width.div_ceil(2) };
        let double = |plane: usize| {
            let lines = self.planes[plane].chunks(width(plane));
            let wide = |line: &[u8]| line.iter().flat_map(|&v| [v, v]).collect::<Vec<u8>>();
            lines.map(wide).flat_map(|line| [line.clone(), line]).flatten().collect()
        };
        let planes = [double(0), double(1), double(2)];
        let name = format!("{}, doubled", self.name);
        Self { name, width: 2 * self.width, height: 2 * self.height, planes }
    }

    /// Those frames of the footage, by index; none when it or `ffmpeg` is not here.
    pub(crate) fn street_frames(indices: &[usize]) -> Vec<Self> {
        if !Path::new(STREET).is_file() {
            return Vec::new();
        }
        let wanted: Vec<String> = indices.iter().map(|index| format!("eq(n\\,{index})")).collect();
        let select = format!("select={}", wanted.join("+"));
        let arguments = ["-i", STREET, "-vf", &select, "-fps_mode", "passthrough"];
        let scenes = Self::decoded("vtest.avi", &arguments).unwrap_or_default();
        assert!(scenes.is_empty() || scenes.len() == indices.len(), "{} frames", scenes.len());
        scenes
    }

    fn frame(second: &str) -> Option<Self> {
        let arguments = ["-ss", second, "-i", STREET, "-frames:v", "1"];
        Self::decoded(&format!("vtest.avi at {second} s"), &arguments)?.pop()
    }

    /// What ffmpeg makes of the footage with `arguments`.
    fn decoded(name: &str, arguments: &[&str]) -> Option<Vec<Self>> {
        let (width, height) = (768, 576);
        let decoded = Command::new("ffmpeg")
            .args(["-v", "error"])
            .args(arguments)
            .args(["-pix_fmt", "yuv420p", "-f", "rawvideo", "-"])
            .stdin(Stdio::null())
            .output()
            .ok()?
            .stdout;
        let frame_bytes = width * height * 3 / 2;
        assert_eq!(decoded.len() % frame_bytes, 0, "ffmpeg's answer");
        let scene = |mut rest: &[u8]| {
            let mut scene = Self::grey(name, width, height, 0);
            for plane in &mut scene.planes {
                let (samples, after) = rest.split_at(plane.len());
                plane.copy_from_slice(samples);
                rest = after;
            }
            scene
        };
        Some(decoded.chunks(frame_bytes).map(scene).collect())
    }

    fn grey(name: &str, width: usize, height: usize, luma: u8) -> Self {
        let chroma = vec![128; width * height / 4];
        let planes = [vec![luma; width * height], chroma.clone(), chroma];
        Self { name: name.to_owned(), width, height, planes }
    }

    fn draw(&mut self, [left, top, right, bottom]: [usize; 4], colour: [u8; 3]) {
        for (plane, (samples, value)) in self.planes.iter_mut().zip(colour).enumerate() {
            let shrink = if plane == 0 { 1 } else { 2 };
            for row in top / shrink..bottom / shrink {
                let start = row * (self.width / shrink);
                samples[start + left / shrink..start + right / shrink].fill(value);
            }
        }
    }

    /// Width and height in pixels.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// The chroma as NV12 has it.
    pub(crate) fn interleaved_chroma(&self) -> Vec<u8> {
        let [_, blue, red] = &self.planes;
        blue.iter().zip(red).flat_map(|(&blue, &red)| [blue, red]).collect()
    }

    /// The picture as three planes.
    pub(crate) fn i420(&self) -> Picture<'_> {
        let [luma, blue, red] = &self.planes;
        let chroma = |data| Plane { data, stride: self.width / 2 };
        let luma = Plane { data: luma, stride: self.width };
        self.picture(PixelLayout::I420, [luma, chroma(blue), chroma(red)])
    }

    /// The picture as luma and the given interleaved chroma.
    pub(crate) fn nv12<'p>(&'p self, chroma: &'p [u8]) -> Picture<'p> {
        let chroma = Plane { data: chroma, stride: self.width };
        let luma = Plane { data: &self.planes[0], stride: self.width };
        self.picture(PixelLayout::Nv12, [luma, chroma, chroma])
    }

    fn picture<'p>(&self, layout: PixelLayout, planes: [Plane<'p>; 3]) -> Picture<'p> {
        Picture::new(layout, self.width, self.height, planes).unwrap()
    }
}

impl std::fmt::Display for Scene {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}x{}", self.name, self.width, self.height)
    }
}
