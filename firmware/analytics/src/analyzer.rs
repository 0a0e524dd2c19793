//! The whole of analysis as one value: detections in, events out.

use core::time::Duration;

use crate::candidate::Candidate;
use crate::detection::{Detection, ObjectClass};
use crate::event::{Event, TrackId};
use crate::geometry::NormBox;
use crate::pose::Pose;
use crate::question::Question;
use crate::rule::{EventIds, Scene, Sentry};
use crate::scene::Observations;
use crate::scene::light::Light;
use crate::schedule::WeekTime;
use crate::settings::Settings;
use crate::time::FrameTime;
use crate::tracker::{Standing, Track, Tracker};
use crate::vehicles::Vehicles;

/// How far time may go back before it is another timeline: frames out of order lie closer.
const REORDERED: Duration = Duration::from_secs(1);

/// How long what looks like a person may have stood without a move or a plain sight.
const SHOWS_ITSELF: Duration = Duration::from_secs(5);

/// Follows what one camera's detector sees and tells what the rules decide.
///
/// A frame stamped up to a second before the last one counts as taken with it. One stamped earlier
/// still opens a new timeline: open events end at the last known time and everything starts afresh,
/// but for the ids, which go on.
#[derive(Clone, Debug)]
pub struct Analyzer {
    tracker: Tracker,
    vehicles: Vehicles,
    rules: Vec<Sentry>,
    ids: EventIds,
    now: FrameTime,
    light: Light,
    candidates: Vec<Candidate>,
    /// What was seen closer since the last frame.
    closer: Vec<Detection>,
    /// Whose pose was seen since the last frame.
    pose: Option<(TrackId, Pose)>,
}

impl Analyzer {
    /// The most candidates kept until somebody asks.
    pub const MAX_CANDIDATES: usize = 64;

    /// An analyzer that has seen nothing yet.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let rules = settings.rules().iter();
        Self {
            tracker: Tracker::new(settings.tracker()),
            vehicles: Vehicles::default(),
            rules: rules.map(|rule| Sentry::new(rule, settings)).collect(),
            ids: EventIds::default(),
            now: FrameTime::default(),
            light: Light::default(),
            candidates: Vec::new(),
            closer: Vec::new(),
            pose: None,
        }
    }

    /// Takes in everything detected and observed in the frame taken at `now`; gives what was
    /// decided, in the order of the configured rules; a new timeline first ends what was open.
    pub fn step(
        &mut self,
        now: FrameTime,
        detections: &[Detection],
        observations: &Observations,
    ) -> Vec<Event> {
        let mut events = Vec::new();
        if self.now.since(now) > REORDERED {
            events = self.finish(self.now);
            self.tracker.restart(now);
            self.vehicles.restart(now);
            self.now = now;
        }
        self.now = self.now.max(now);
        self.light = observations.light;
        self.tracker.step(self.now, self.light, detections);
        self.vehicles.step(self.now, self.tracker.believed(), detections);
        let scene = Scene {
            now: self.now,
            // Each rule's own matter.
            duty: None,
            tracks: self.tracker.tracks(),
            vehicles: self.vehicles.all(),
            detections,
            observations,
            seen: self.tracker.seen(),
            closer: &self.closer,
            pose: self.pose.as_ref(),
            start_confidence: self.tracker.believed().start,
        };
        let decided = self.rules.iter_mut().flat_map(|rule| rule.step(&scene, &mut self.ids));
        events.extend(decided);
        self.closer.clear();
        self.pose = None;
        self.lit(events)
    }

    /// Takes in that no frame has come by `now`, on the frames' own axis, when the local time is
    /// `local` as in [`Observations::local`]: a camera that is gone is told of while it is gone.
    pub fn silence(&mut self, now: FrameTime, local: Option<WeekTime>) -> Vec<Event> {
        let now = self.now.max(now);
        let rules = self.rules.iter_mut();
        let events = rules.filter_map(|rule| rule.silence(now, local, &mut self.ids)).collect();
        self.lit(events)
    }

    /// What it would like to know of the frame last taken in, at most one thing a frame and a few a
    /// second. Never answering costs sight of people who are down, nothing else: a rule asks again,
    /// and goes by what it has.
    #[must_use]
    pub fn question(&self) -> Option<Question> {
        self.rules.iter().find_map(Sentry::question)
    }

    /// Takes the answer to [`Question::Bodies`]: the persons a closer look at its place found, in the
    /// picture's coordinates. It counts at the next step, and once.
    pub fn answer(&mut self, seen: &[Detection]) {
        let start = self.tracker.believed().start;
        let sure =
            |seen: &&Detection| seen.class == ObjectClass::Person && seen.confidence >= start;
        self.closer = seen.iter().filter(sure).take(Tracker::MAX_TRACKS).copied().collect();
    }

    /// Takes the answer to [`Question::Pose`]. It counts at the next step, and once; when no pose was
    /// asked for it is nobody's.
    pub fn answer_pose(&mut self, pose: &Pose) {
        if let Some(Question::Pose { of, .. }) = self.question() {
            self.pose = Some((of, *pose));
        }
    }

    /// Ends every open event at `now`, when no more frames will come.
    pub fn finish(&mut self, now: FrameTime) -> Vec<Event> {
        let now = self.now.max(now);
        let events = self.rules.iter_mut().flat_map(|rule| rule.finish(now)).collect();
        self.lit(events)
    }

    /// Where people are or may be, the ones waited for included: what is behind them cannot be seen.
    /// Whatever looks like a person is one until it has had the time to show that it is a thing.
    pub fn people(&self) -> impl Iterator<Item = NormBox> {
        let start = self.tracker.believed().start;
        let people = self.tracker.tracks().iter().filter(move |track| {
            let new = self.now.since(track.first_seen()) < SHOWS_ITSELF;
            track.standing() != Standing::Tentative && (new || track.is_person(start))
        });
        people.map(|track| *track.bounds())
    }

    /// Whom the rules had an eye on and let go without an event since this was last asked, at most
    /// [`Analyzer::MAX_CANDIDATES`], the oldest forgotten first.
    pub fn take_candidates(&mut self) -> Vec<Candidate> {
        self.gather();
        core::mem::take(&mut self.candidates)
    }

    /// Events know the light they were decided in; rules need not.
    fn lit(&mut self, mut events: Vec<Event>) -> Vec<Event> {
        for event in &mut events {
            event.light = self.light;
        }
        self.gather();
        events
    }

    fn gather(&mut self) {
        self.candidates.extend(self.rules.iter_mut().flat_map(Sentry::take_candidates));
        let spare = self.candidates.len().saturating_sub(Self::MAX_CANDIDATES);
        self.candidates.drain(..spare);
    }

    /// Everything followed after the last step, the tentative and the lost included, oldest first.
    #[must_use]
    pub fn tracks(&self) -> &[Track] {
        self.tracker.tracks()
    }
}
