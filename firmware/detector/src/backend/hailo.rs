//! Hailo-8 and Hailo-8L, through libhailort 4.x loaded at run time.
//!
//! Promises: a library, driver, chip or HEF that do not go together are one sentence that says what
//! to change; a frame allocates nothing and costs two copies beside the library's own; after a run
//! that failed no further one is tried, because a late answer would be taken for the next picture's.
//! Refuses: HEFs that end in non-maximum suppression, and HailoRT 5, which has dropped these chips.
//!
//! A simulation of the library marks itself by exporting `polewatch_simulated_version`, since
//! `hailo_get_library_version` has only numbers. Nothing here has run on silicon yet.
#![allow(unsafe_code, reason = "the reader is given streams that it must not outlive")]

use std::time::Duration;

use super::npu::{NpuError, NpuModel, NpuPlan, NpuReport, PixelForm};

pub mod abi;
mod head_map;
mod library;
mod reader;
mod session;
mod status;

use head_map::HeadMap;
use library::Library;
use reader::Reader;
use session::Session;

/// A HEF on a Hailo chip.
pub struct HailoModel {
    form: PixelForm,
    pixels: Vec<u8>,
    /// The dimensions and the stream of each output, in the plan's order.
    shapes: Vec<Vec<usize>>,
    streams: Vec<usize>,
    report: NpuReport,
    /// The first failure of a run.
    spent: Option<NpuError>,
    // Ends before the streams it reads from.
    reader: Reader,
    session: Session,
}

/// How long the library may take for a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// One of many, in milliseconds: the library's own time-out.
    frame_ms: u32,
    /// How many such times the first may take, while the chip is still being set up.
    first_tries: u32,
}

/// How a HEF begins. Source: `hef_internal.hpp` of HailoRT, big-endian 0x01484546.
const MAGIC: [u8; 4] = *b"\x01HEF";

/// Loads the plan's HEF onto the first Hailo chip of this box.
pub fn open(plan: &NpuPlan<'_>, patience: Patience) -> Result<Box<dyn NpuModel>, NpuError> {
    Ok(Box::new(HailoModel::open(plan, patience)?))
}

impl Patience {
    /// Four fifths of what whoever waits outside allows for a picture and for the first, so that a chip
    /// that does not answer is told from a library that hangs.
    #[must_use]
    pub fn within((deadline, first): (Duration, Duration)) -> Self {
        let part = |whole: Duration| u32::try_from(whole.as_millis() * 4 / 5).unwrap_or(u32::MAX);
        let frame_ms = part(deadline).max(1);
        Self { frame_ms, first_tries: (part(first) / frame_ms).max(1) }
    }
}

impl HailoModel {
    /// As [`open`], for whoever wants the chip's temperature too.
    pub fn open(plan: &NpuPlan<'_>, patience: Patience) -> Result<Self, NpuError> {
        let library = Library::open(plan.library, plan.simulated)?;
        check_magic(plan.model)?;
        let session = Session::open(library, plan, patience.frame_ms)?;
        let streams = head_map::matched(session.maps(), plan.outputs)?;
        let shapes = streams.iter().map(|&at| session.maps()[at].dimensions()).collect();
        let read = session.library().functions.hailo_vstream_read_raw_buffer;
        // SAFETY: the session outlives the reader (see the order of the fields), and its frames are
        // of the sizes that were compared with the library's.
        let reader = unsafe {
            Reader::start(read, session.streams(), session.frames(), patience.first_tries)
        };
        let reader = reader.map_err(|error| NpuError::Library {
            path: plan.library.to_owned(),
            reason: format!("cannot start a thread to read from it: {error}"),
        })?;
        let (width, height) = plan.size;
        let form = PixelForm { width, height, row_bytes: 3 * width };
        let (pixels, report) = (vec![0; form.bytes()], session.report());
        Ok(Self { form, pixels, shapes, streams, report, spent: None, reader, session })
    }

    /// The chip's temperature in degrees Celsius, the higher of its two sensors. Source: the chip's
    /// own answer to `hailo_get_chip_temperature`; its firmware throttles by itself when too hot.
    pub fn temperature_celsius(&self) -> Result<f32, NpuError> {
        self.session.temperature()
    }

    fn exchange(&self) -> Result<(), NpuError> {
        self.reader.ask();
        // A refused picture is never answered, so its reader is not waited for.
        self.session.write(&self.pixels)?;
        self.session.library().check("hailo_vstream_read_raw_buffer", self.reader.answer())
    }

    fn map(&self, index: usize) -> (usize, &HeadMap) {
        let stream = self.streams[index];
        (stream, &self.session.maps()[stream])
    }
}

impl NpuModel for HailoModel {
    fn input(&self) -> PixelForm {
        self.form
    }

    fn pixels(&mut self) -> &mut [u8] {
        &mut self.pixels
    }

    fn shapes(&self) -> &[Vec<usize>] {
        &self.shapes
    }

    fn run(&mut self) -> Result<(), NpuError> {
        if let Some(error) = &self.spent {
            return Err(error.clone());
        }
        self.exchange().inspect_err(|error| self.spent = Some(error.clone()))
    }

    fn read(&mut self, index: usize, values: &mut [f32]) -> Result<(), NpuError> {
        if let Some(error) = &self.spent {
            return Err(error.clone());
        }
        let (stream, map) = self.map(index);
        self.reader.with_frame(stream, |frame| map.unpack(frame, values));
        Ok(())
    }

    fn report(&self) -> &NpuReport {
        &self.report
    }
}

fn check_magic(model: &[u8]) -> Result<(), NpuError> {
    if model.starts_with(&MAGIC) {
        return Ok(());
    }
    Err(NpuError::Unfit {
        what: "the model file's head",
        got: model.iter().take(MAGIC.len()).map(|byte| format!("{byte:02x}")).collect(),
        expected: "01484546, that of a HEF".to_owned(),
        remedy: "install the model's .hef file for Hailo-8 or Hailo-8L",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_librarys_time_out_ends_before_that_of_whoever_waits_for_it() {
        for (deadline, first, frame_ms, first_tries) in
            [(500, 3000, 400, 6), (1500, 3000, 1200, 2), (20, 3000, 16, 150), (0, 0, 1, 1)]
        {
            let times = (Duration::from_millis(deadline), Duration::from_millis(first));
            assert_eq!(Patience::within(times), Patience { frame_ms, first_tries });
        }
    }

    #[test]
    fn a_model_of_another_vendor_is_refused_before_the_library_sees_it() {
        for (model, got) in [(&b"RKNN\0\0"[..], "524b4e4e"), (b"\x01HE", "014845"), (b"", "")] {
            let error = check_magic(model).unwrap_err().to_string();
            assert!(error.contains(&format!("head is {got}, expected 01484546")), "{error}");
        }
        assert!(check_magic(b"\x01HEF\0\0\0\x02").is_ok());
    }
}
