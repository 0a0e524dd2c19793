//! The analysis: frames in, events out. Detector, tracker and rules as one value.
//!
//! Promises: the same frames give the same events, live or from a file; what the detector cost is
//! counted apart from the rest. Refuses: knowing where frames come from and what an alarm is.

mod pace;
mod poses;
mod things;

use std::time::Duration;

use analytics::Analyzer;
use analytics::candidate::Candidate;
use analytics::detection::Detection;
use analytics::event::Event;
use analytics::geometry::NormBox;
use analytics::luma::Luma;
use analytics::pose::Pose;
use analytics::question::Question;
use analytics::scene::light::Light;
use analytics::scene::{Observations, Observer, Sight};
use analytics::schedule::WeekTime;
use analytics::settings::{RuleKind, Settings, SettingsError, TrackerSettings};
use analytics::time::FrameTime;
use detector::attention::{Attention, Look};
use detector::saturation::saturation;
use detector::{Choice, DetectorError, Failover, ModelRoot, Options, Picture, grey};

use crate::clock;
use crate::config::{Config, Looking};
use crate::video::Frame;
pub use pace::{DetectorBoard, DetectorStatus, Pace};
pub use poses::PoseState;
use poses::{Need, Poses};
use things::Things;

/// The longer side of the grey picture: what moves by one of its pixels moves by two or three of the
/// network's.
const GREY_PX: usize = 320;

/// Detector, tracker and rules for one camera.
pub struct Analysis {
    detector: Failover,
    looking: Looking,
    attention: Attention,
    observer: Observer,
    analyzer: Analyzer,
    poses: Poses,
    /// What the last answers to the rules' questions were.
    closer: Vec<Detection>,
    pose: Option<Pose>,
    /// The newest frame, for whoever looks at pixels; kept for its memory.
    grey: Luma,
    /// Looks for things left behind, when a rule asks for them.
    things: Option<Things>,
    /// The last frame's.
    light: Light,
    costs: Costs,
    last: FrameTime,
}

/// What one frame came to.
#[derive(Clone, Debug)]
pub struct Step<'a> {
    /// What the detector sees.
    pub detections: &'a [Detection],
    /// What a closer look at one place of the frame found, when a rule asked for one; the rules take
    /// it in with the next frame.
    pub closer: &'a [Detection],
    /// The pose a rule asked for in this frame; the rules take it in with the next.
    pub pose: Option<&'a Pose>,
    /// What the pixels say besides.
    pub observations: Observations,
    /// What the rules decided.
    pub events: Vec<Event>,
}

/// What the analysis has done since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Costs {
    /// Frames analysed.
    pub frames: u64,
    /// How many whole pictures the network's looks at them add up to: parts count by their area,
    /// closer looks at candidates do not count.
    pub looked: f64,
    /// Poses estimated.
    pub poses: u64,
    /// CPU time of the networks alone, closer looks and poses included. This and what follows is the
    /// analysing thread's.
    pub inference: Duration,
    /// CPU time of the closer looks rules asked for.
    pub closer: Duration,
    /// CPU time of the poses rules asked for.
    pub posing: Duration,
    /// CPU time of what the pixels say besides objects, attention included.
    pub scene: Duration,
    /// CPU time of tracker and rules.
    pub rules: Duration,
}

/// Why there is no analysis.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// The model or its engine.
    #[error(transparent)]
    Detector(#[from] DetectorError),
    /// Zones, rules and thresholds do not go together.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

impl Analysis {
    /// Opens the configured detector for pictures of `size` (width and height in pixels; others
    /// are taken too, at the price of a new plan) and the configured rules.
    ///
    /// # Errors
    /// One line that names the model file, library, rule or threshold that cannot be used.
    pub fn open(config: &Config, size: (usize, usize)) -> Result<Self, AnalysisError> {
        let options = options(config);
        let detector = Failover::open(&options, size.0, size.1)?;
        let poses = Poses::open(&options, need(config))?;
        let settings = settings(config, detector.thresholds().believed)?;
        Ok(Self {
            detector,
            looking: config.looking,
            attention: Attention::default(),
            observer: Observer::default(),
            grey: Luma::default(),
            things: wants_things(config).then(Things::default),
            analyzer: Analyzer::new(&settings),
            poses,
            closer: Vec::new(),
            pose: None,
            light: Light::default(),
            costs: Costs::default(),
            last: FrameTime::default(),
        })
    }

    /// What is seen in `frame`, taken at `local` time if that is known, and what the rules make of
    /// it.
    ///
    /// # Errors
    /// The engine failed on this frame; the next one may be tried.
    pub fn step(
        &mut self,
        frame: &Frame,
        local: Option<WeekTime>,
    ) -> Result<Step<'_>, DetectorError> {
        let (now, picture) = (frame.time(), frame.picture());
        self.last = now;
        let began = clock::thread_cpu();
        grey::shrink(&picture, GREY_PX, &mut self.grey);
        let look = match self.looking {
            Looking::Changes => self.attention.look(now, &self.grey),
            Looking::Whole => Some(Look::Whole),
        };
        self.costs.scene += since(began);
        if let Some(look) = look {
            let looked = self.look(now, &picture, look);
            match looked {
                Err(error) if self.detector.takes_over(now, &error) => {
                    self.look(now, &picture, look)?;
                }
                looked => looked?,
            }
        }
        self.costs.frames += 1;
        let observations = self.observe(now, local, &picture);
        self.light = observations.light;
        let began = clock::thread_cpu();
        let events = self.analyzer.step(now, self.attention.detections(), &observations);
        self.costs.rules += since(began);
        self.closer.clear();
        self.pose = None;
        if let Some(question) = self.analyzer.question() {
            self.answer(&picture, &question);
        }
        let (detections, closer) = (self.attention.detections(), &self.closer[..]);
        Ok(Step { detections, closer, pose: self.pose.as_ref(), observations, events })
    }

    /// What the rules make of no frame having come by `now`, which is `local` time.
    pub fn silence(&mut self, now: FrameTime, local: Option<WeekTime>) -> Vec<Event> {
        self.analyzer.silence(now, local)
    }

    /// Ends what is still going on: no more frames will come.
    pub fn finish(&mut self) -> Vec<Event> {
        self.analyzer.finish(self.last)
    }

    /// Whom the rules had an eye on and let go since this was last asked.
    pub fn take_candidates(&mut self) -> Vec<Candidate> {
        self.analyzer.take_candidates()
    }

    /// Which engine and weights run, and why.
    #[must_use]
    pub fn choice(&self) -> &Choice {
        self.detector.choice()
    }

    /// The scores from which on the detector is believed, the same for as long as this lives.
    #[must_use]
    pub fn tracker(&self) -> TrackerSettings {
        self.detector.thresholds().believed
    }

    /// What is the matter with the NPU, while the CPU stands in for it.
    #[must_use]
    pub fn trouble(&self) -> Option<&str> {
        self.detector.trouble()
    }

    /// The least time there should be between two frames.
    #[must_use]
    pub fn least_interval(&self) -> Duration {
        self.detector.least_interval()
    }

    /// What is done about poses.
    #[must_use]
    pub fn poses(&self) -> PoseState {
        self.poses.state()
    }

    /// What it has cost so far.
    #[must_use]
    pub const fn costs(&self) -> Costs {
        self.costs
    }

    /// What the pixels say besides objects.
    fn observe(
        &mut self,
        now: FrameTime,
        local: Option<WeekTime>,
        picture: &Picture<'_>,
    ) -> Observations {
        let began = clock::thread_cpu();
        let sight = Sight { luma: &self.grey, saturation: saturation(picture) };
        let aspect = picture.width() as f32 / picture.height() as f32;
        let mut observations = Observations { local, aspect, ..self.observer.step(now, &sight) };
        if let Some(things) = &mut self.things {
            things.step(now, picture, &self.analyzer, &mut observations);
        }
        self.costs.scene += since(began);
        observations
    }

    fn look(
        &mut self,
        now: FrameTime,
        picture: &Picture<'_>,
        look: Look,
    ) -> Result<(), DetectorError> {
        let look = self.detector.letterbox(now, picture, look)?;
        let began = clock::thread_cpu();
        self.detector.infer()?;
        self.costs.inference += since(began);
        self.costs.looked += f64::from(self.detector.share());
        let keep = self.tracker().in_light(self.light).keep;
        let found = self.detector.decode()?;
        let believed = found.partition_point(|seen| seen.confidence >= keep);
        self.attention.saw(now, look, &found[..believed]);
        Ok(())
    }

    /// Answers the rules' question; the answer counts at the next frame.
    fn answer(&mut self, picture: &Picture<'_>, question: &Question) {
        let began = clock::thread_cpu();
        let answered = match question {
            Question::Bodies { area } => self.look_closer(picture, area),
            Question::Pose { area, .. } => self.look_at_pose(picture, area),
        };
        let spent = since(began);
        self.costs.inference += spent;
        match question {
            Question::Bodies { .. } => self.costs.closer += spent,
            Question::Pose { .. } => self.costs.posing += spent,
        }
        // What the rules decided on this frame must not be lost for it.
        if let Err(error) = answered {
            tracing::warn!("closer look: {error}");
        }
    }

    fn look_closer(&mut self, picture: &Picture<'_>, area: &NormBox) -> Result<(), DetectorError> {
        let seen = self.detector.look_closer(picture, area)?;
        self.closer.extend_from_slice(seen);
        self.analyzer.answer(seen);
        Ok(())
    }

    fn look_at_pose(&mut self, picture: &Picture<'_>, area: &NormBox) -> Result<(), DetectorError> {
        self.pose = self.poses.estimate(picture, area)?;
        if let Some(pose) = &self.pose {
            self.costs.poses += 1;
            self.analyzer.answer_pose(pose);
        }
        Ok(())
    }
}

/// The thread's CPU time since it was `began`.
fn since(began: Duration) -> Duration {
    clock::thread_cpu().saturating_sub(began)
}

fn wants_things(config: &Config) -> bool {
    config.rules.iter().any(|rule| matches!(rule.kind, RuleKind::Abandonment { .. }))
}

fn need(config: &Config) -> Need {
    let falls = config.rules.iter().any(|rule| matches!(rule.kind, RuleKind::Falldown { .. }));
    if falls { Need::Falls } else { Need::None }
}

/// What the configuration asks of the detector.
pub(crate) fn options(config: &Config) -> Options {
    let detector = &config.detector;
    Options {
        model: detector.model.clone(),
        backend: detector.backend,
        precision: detector.precision,
        threads: detector.threads,
        onnxruntime_library: detector.onnxruntime_library.clone(),
        root: ModelRoot::from_environment(),
        npu: detector.npu.clone(),
    }
}

/// What the rules are told at the start.
pub(crate) fn settings(
    config: &Config,
    tracker: TrackerSettings,
) -> Result<Settings, SettingsError> {
    let (zones, lines) = (config.zones.clone(), config.lines.clone());
    Settings::with_lines(tracker, zones, lines, config.rules.clone())
}
