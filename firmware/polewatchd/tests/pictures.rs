//! Pictures from end to end, on recordings made here by GStreamer's own elements: `openh264enc`
//! (Debian package gstreamer1.0-plugins-bad) is needed.

#[path = "pictures/footage.rs"]
mod footage;
#[path = "pictures/recording.rs"]
mod recording;
