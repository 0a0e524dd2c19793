//! Pictures from end to end, on recordings made here by GStreamer's own elements: `openh264enc`
//! (Debian package gstreamer1.0-plugins-bad) is needed, and `ffmpeg` and `ffprobe` (Debian package
//! ffmpeg) for what GStreamer cannot make and for a second opinion on our clips.

#[path = "pictures/clip.rs"]
mod clip;
#[path = "pictures/footage.rs"]
mod footage;
#[path = "pictures/recording.rs"]
mod recording;
