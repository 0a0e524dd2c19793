//! The files a replay writes; each is one JSON object a line but for the explanation, which is for
//! people, and KISA's, which is XML.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use analytics::candidate::Candidate;
use analytics::event::Event;
use analytics::settings::TrackerSettings;
use analytics::time::FrameTime;
use serde::Serialize;

use super::event_line::EventLine;
use super::explanation::Explanation;
use super::seen::{Opening, SeenLine};
use super::{Outputs, ReplayError};
use crate::analysis::Step;
use crate::kisa::Results;

/// What is written while something is decided.
pub(super) struct Written {
    events: Lines,
    seen: Option<Lines>,
    explanation: Option<Explaining>,
    results: Results,
}

impl Written {
    pub(super) fn create(out: &Outputs) -> Result<Self, ReplayError> {
        Ok(Self {
            events: Lines::create(&out.events)?,
            seen: out.detections.as_deref().map(Lines::create).transpose()?,
            explanation: out.explanation.as_deref().map(Explaining::create).transpose()?,
            results: Results::default(),
        })
    }

    /// Says of which recording it is, and by which thresholds.
    pub(super) fn opening(
        &mut self,
        recording: &str,
        tracker: TrackerSettings,
    ) -> Result<(), ReplayError> {
        let Some(lines) = &mut self.seen else { return Ok(()) };
        lines.write(&Opening::new(recording, tracker))
    }

    pub(super) fn seen(&mut self, at: FrameTime, step: &Step<'_>) -> Result<(), ReplayError> {
        let Some(lines) = &mut self.seen else { return Ok(()) };
        lines.write(&SeenLine::new(at, step))
    }

    pub(super) fn decided(
        &mut self,
        events: &[Event],
        nearly: Vec<Candidate>,
    ) -> Result<(), ReplayError> {
        for event in events {
            self.results.note(event);
            self.events.write(&EventLine::from(event))?;
        }
        let Some(explanation) = &mut self.explanation else { return Ok(()) };
        explanation.add(events, nearly)
    }

    pub(super) fn finish(self, recording: &str, kisa: Option<&Path>) -> Result<(), ReplayError> {
        self.events.finish()?;
        self.explanation.map(Explaining::finish).transpose()?;
        self.seen.map(Lines::finish).transpose()?;
        let Some(path) = kisa else { return Ok(()) };
        std::fs::write(path, self.results.file(recording)).map_err(|source| output(path, source))
    }
}

/// A file of JSON lines.
pub(super) struct Lines {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Lines {
    pub(super) fn create(path: &Path) -> Result<Self, ReplayError> {
        Ok(Self { path: path.to_owned(), file: create(path)? })
    }

    pub(super) fn write(&mut self, line: &impl Serialize) -> Result<(), ReplayError> {
        serde_json::to_writer(&mut self.file, line)
            .map_err(io::Error::from)
            .and_then(|()| self.file.write_all(b"\n"))
            .map_err(|source| output(&self.path, source))
    }

    pub(super) fn finish(mut self) -> Result<(), ReplayError> {
        self.file.flush().map_err(|source| output(&self.path, source))
    }
}

/// An explanation on its way to a file.
struct Explaining {
    path: PathBuf,
    file: BufWriter<File>,
    explanation: Explanation,
}

impl Explaining {
    fn create(path: &Path) -> Result<Self, ReplayError> {
        let file = create(path)?;
        Ok(Self { path: path.to_owned(), file, explanation: Explanation::default() })
    }

    fn add(&mut self, events: &[Event], let_go: Vec<Candidate>) -> Result<(), ReplayError> {
        self.explanation.let_go(let_go);
        let mut told = events.iter().map(|event| self.explanation.event(event, &mut self.file));
        told.try_for_each(|told| told).map_err(|source| output(&self.path, source))
    }

    fn finish(mut self) -> Result<(), ReplayError> {
        let told = self.explanation.finish(&mut self.file).and_then(|()| self.file.flush());
        told.map_err(|source| output(&self.path, source))
    }
}

fn create(path: &Path) -> Result<BufWriter<File>, ReplayError> {
    File::create(path).map(BufWriter::new).map_err(|source| output(path, source))
}

fn output(path: &Path, source: io::Error) -> ReplayError {
    ReplayError::Output { path: path.to_owned(), source }
}
