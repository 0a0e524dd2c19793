//! How long one picture takes.
use detector::{
    Picture, PixelLayout, Plane,
    letterbox::Letterbox,
    manifest::{ChannelOrder, Input},
};
use std::time::Instant;
fn main() {
    for (w, h) in [
        (768usize, 576usize),
        (1280, 720),
        (1920, 1080),
        (640, 480),
        (640, 360),
        (352, 288),
        (1600, 1200),
    ] {
        for layout in [PixelLayout::I420, PixelLayout::Nv12] {
            let y: Vec<u8> = (0..w * h).map(|i| (i * 7 % 251) as u8).collect();
            let c: Vec<u8> = (0..w * h / 2).map(|i| (i * 5 % 241) as u8).collect();
            let planes = match layout {
                PixelLayout::I420 => [
                    Plane { data: &y, stride: w },
                    Plane { data: &c[..w * h / 4], stride: w / 2 },
                    Plane { data: &c[w * h / 4..], stride: w / 2 },
                ],
                PixelLayout::Nv12 => [
                    Plane { data: &y, stride: w },
                    Plane { data: &c, stride: w },
                    Plane { data: &c, stride: w },
                ],
            };
            let p = Picture::new(layout, w, h, planes).unwrap();
            let input = Input {
                tensor: "data".into(),
                multiple: 32,
                long_side_px: 640,
                channel_order: ChannelOrder::Bgr,
                mean: [103.53, 116.28, 123.675],
                std: [57.375, 57.12, 58.395],
                pad: 0.0,
            };
            let mut l = Letterbox::new(w, h, &input);
            let (nw, nh) = l.fit().network();
            let mut t = vec![0f32; 3 * nw * nh];
            l.pad(&mut t);
            let mut best = f64::MAX;
            for _ in 0..200 {
                let s = Instant::now();
                l.paint(&p, &mut t);
                best = best.min(s.elapsed().as_secs_f64() * 1e3);
            }
            println!("{w}x{h} {layout:?} -> {nw}x{nh}: {best:.3} ms  {}", t.iter().sum::<f32>());
        }
    }
}
