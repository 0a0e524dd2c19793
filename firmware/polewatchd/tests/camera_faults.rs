//! Camera faults made on real footage: which are told of, when, and what must not be.
//!
//! The footage is Debian's vtest.avi (package opencv-doc) and, where it lies beside the repository,
//! the development clips. No detector is needed: faults are read off the pixels. Run with
//! `--nocapture` for the table.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that shows its table")]

#[path = "camera_faults/film.rs"]
mod film;
#[path = "camera_faults/made.rs"]
mod made;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use analytics::Analyzer;
use analytics::event::{Event, Phase};
use analytics::luma::Luma;
use analytics::scene::fault::{Fault, Faults};
use analytics::scene::{Observer, Sight};
use analytics::settings::{RuleKind, RuleSettings, Settings, TrackerSettings};
use analytics::time::FrameTime;
use detector::{grey, saturation};
use film::{FPS, Film};
use made::{Change, noise};

const VTEST: &str = "/usr/share/doc/opencv-doc/examples/data/vtest.avi";
const CLIPS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/dev");
/// How much later than its own time a fault may be told of, in seconds.
const LATE_S: f64 = 2.0;

/// Lasting to the end.
const ON: f64 = f64::INFINITY;
/// Each development clip gets one in so many of the faults, in turn, so that the test stays short;
/// vtest.avi gets all. 1 gives the whole table.
const IN_TURN: usize = 3;

/// The faults that are made, each suddenly and over some seconds.
const FAULTS: [(&str, Change, &[Fault]); 18] = [
    ("grey sheet", Change::Sheet(110), &[Fault::Covered]),
    // No light through a black sheet, no light at all: the pixels cannot tell.
    ("black sheet", Change::Sheet(16), &[Fault::Covered, Fault::Dark]),
    ("hand", Change::Blotches, &[Fault::Covered]),
    ("blur 5/1000", Change::Blur(5.0), &[Fault::Defocused]),
    ("blur 10/1000", Change::Blur(10.0), &[Fault::Defocused]),
    ("blur 20/1000", Change::Blur(20.0), &[Fault::Defocused]),
    ("shift 10 % right", Change::Shift(0.1, 0.0), &[Fault::Moved]),
    ("shift 10 % down", Change::Shift(0.0, 0.1), &[Fault::Moved]),
    ("shift 20 %", Change::Shift(0.2, 0.1), &[Fault::Moved]),
    ("shift 30 %", Change::Shift(0.3, 0.2), &[Fault::Moved]),
    ("shift 40 % down", Change::Shift(0.0, 0.4), &[Fault::Moved]),
    ("shift 40 %", Change::Shift(0.4, 0.2), &[Fault::Moved]),
    ("turn 10 deg", Change::Turn(10.0), &[Fault::Moved]),
    ("turn 20 deg", Change::Turn(20.0), &[Fault::Moved]),
    ("dark x0.05", Change::Dim(0.05), &[Fault::Dark]),
    ("saturated", Change::Flood(3.0), &[Fault::Blinded]),
    ("frozen", Change::Freeze, &[Fault::Frozen]),
    ("silent", Change::Silence, &[Fault::Lost]),
];

/// What happens before a camera that is well: from second 8, growing so long, lasting so long.
const HARMLESS: [(&str, Change, f64, f64); 8] = [
    ("night falls, infrared", Change::Infrared, 1.0, ON),
    ("night falls slowly", Change::Infrared, 10.0, ON),
    ("exposure x0.5", Change::Exposure(0.5), 1.0, ON),
    ("exposure x1.6", Change::Exposure(1.6), 1.0, ON),
    ("exposure x0.6 slowly", Change::Exposure(0.6), 10.0, ON),
    ("lorry stops", Change::Lorry(0.6), 0.0, ON),
    ("lorry stops, near", Change::Lorry(0.7), 0.0, ON),
    ("headlights for six seconds", Change::Headlights, 0.0, 6.0),
];

/// What is done to a film, and when.
#[derive(Clone, Copy)]
struct Script {
    change: Change,
    onset_s: f64,
    /// From nothing to full strength.
    growing_s: f64,
    lasting_s: f64,
    length_s: f64,
    seed: u64,
}

impl Script {
    fn strength(&self, second: f64) -> f32 {
        let since = second - self.onset_s;
        let grown = if self.growing_s > 0.0 { since / self.growing_s } else { 1.0 };
        if (0.0..self.lasting_s).contains(&since) { grown.min(1.0) as f32 } else { 0.0 }
    }

    /// Every event of this film, as the daemon would tell it.
    fn run(&self, film: &Film) -> Vec<Event> {
        let (mut observer, mut analyzer) = (Observer::default(), analyzer());
        let (mut luma, mut events) = (Luma::default(), Vec::new());
        for frame in 0..(self.length_s * FPS) as usize {
            let second = frame as f64 / FPS;
            let now = FrameTime::default().plus(Duration::from_secs_f64(second));
            let strength = self.strength(second);
            if self.change == Change::Silence && strength > 0.0 {
                events.extend(analyzer.silence(now, None));
                continue;
            }
            let frozen = self.change == Change::Freeze && strength > 0.0;
            let shown = if frozen { (self.onset_s * FPS) as usize } else { frame };
            let still = self.change.make(film.at(shown), strength, self.seed + shown as u64);
            let picture = still.picture();
            grey::shrink(&picture, 320, &mut luma);
            let saturation = saturation::saturation(&picture);
            let observations = observer.step(now, &Sight { luma: &luma, saturation });
            events.extend(analyzer.step(now, &[], &observations));
        }
        events
    }
}

fn analyzer() -> Analyzer {
    let kind = RuleKind::CameraFault { faults: Faults::ALL, after: None };
    let rule = RuleSettings { name: "camera".into(), zone: None, schedule: None, kind };
    Analyzer::new(&Settings::new(TrackerSettings::default(), vec![], vec![rule]).unwrap())
}

/// Clips that show one scene from a camera at rest, for long enough to learn it.
fn films() -> Vec<Film> {
    let films = clips().into_iter().map(|path| Film::open(&path));
    films.filter(|film| film.len() >= (5.0 * FPS) as usize && film.name != HAND_HELD).collect()
}

/// A clip whose camera is never at rest: nothing to learn, and nothing to tell of.
const HAND_HELD: &str = "pass_brick_plaza";

fn clips() -> Vec<PathBuf> {
    let mut clips = vec![PathBuf::from(VTEST)];
    if let Ok(folder) = Path::new(CLIPS).read_dir() {
        clips.extend(folder.map(|entry| entry.unwrap().path()));
    }
    clips.retain(|path| path.extension().is_some_and(|end| end == "mp4" || end == "avi"));
    clips.sort();
    clips
}

fn words(events: &[Event]) -> Vec<String> {
    let begins = events.iter().filter(|event| event.phase == Phase::Begin);
    begins
        .map(|event| {
            let (onset, decided) = (event.onset.as_secs_f64(), event.decided.as_secs_f64());
            let measured = event.measurement;
            format!(
                "{} {:.2} onset {onset:.1} decided {decided:.1}",
                measured.quantity, measured.value
            )
        })
        .collect()
}

/// Whether exactly one fault was told of, of the right kind and in its time.
fn is_told(script: &Script, expected: &[Fault], events: &[Event]) -> bool {
    let begins: Vec<_> = events.iter().filter(|event| event.phase == Phase::Begin).collect();
    let [event] = begins[..] else { return false };
    let Some(fault) = expected.iter().find(|fault| fault.word() == event.measurement.quantity)
    else {
        return false;
    };
    let decided = event.decided.as_secs_f64() - script.onset_s;
    let time = fault.usual_time().as_secs_f64();
    decided >= time - 1.0 && decided <= script.growing_s + time + LATE_S
}

/// Whether `film` gets the change of this index.
fn is_its_turn(film: &Film, number: usize, index: usize) -> bool {
    film.name == "vtest" || (index + number).is_multiple_of(IN_TURN)
}

/// The change of this index made on the film of this number: when and how fast is left to chance.
fn by_chance(change: Change, number: usize, index: usize) -> Script {
    let seed = number as u64;
    let chance = f64::from(noise(seed, index as f32, 0.5));
    let slow = change.grows() && noise(seed, index as f32, 1.5) < 0.5;
    let growing_s = if slow { 4.0 } else { 0.0 };
    let onset_s = 8.0 + 6.0 * chance;
    let length_s = onset_s + growing_s + 20.0;
    Script { change, onset_s, growing_s, lasting_s: ON, length_s, seed }
}

#[test]
fn faults_are_told_of_in_their_time() {
    let mut told: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for (number, film) in films().iter().enumerate() {
        let turns = |(index, _): &(usize, _)| is_its_turn(film, number, *index);
        for (index, (name, change, expected)) in FAULTS.iter().enumerate().filter(turns) {
            let script = by_chance(*change, number, index);
            let events = script.run(film);
            let row = told.entry(name).or_default();
            row.1 += 1;
            if is_told(&script, expected, &events) {
                row.0 += 1;
            } else {
                let (onset, growing) = (script.onset_s, script.growing_s);
                let said = words(&events);
                println!("{}: {name} from {onset:.1} s in {growing} s: {said:?}", film.name);
            }
        }
    }
    println!("| fault | told of in time |\n|---|---|");
    for (name, _, _) in FAULTS {
        println!("| {name} | {} of {} |", told[name].0, told[name].1);
    }
    let (right, all) = told.values().fold((0, 0), |sum, row| (sum.0 + row.0, sum.1 + row.1));
    println!("| all | {right} of {all} |");
    assert!(f64::from(right) >= 0.95 * f64::from(all), "{right} of {all}");
}

#[test]
fn nothing_is_told_of_what_is_no_fault() {
    let mut wrong = Vec::new();
    for (number, film) in films().iter().enumerate() {
        let turns = |(index, _): &(usize, _)| is_its_turn(film, number, *index);
        for (_, (name, change, growing_s, lasting_s)) in
            HARMLESS.into_iter().enumerate().filter(turns)
        {
            let script =
                Script { change, onset_s: 8.0, growing_s, lasting_s, length_s: 40.0, seed: 7 };
            let said = words(&script.run(film));
            wrong.extend(said.into_iter().map(|said| format!("{}: {name}: {said}", film.name)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_is_told_of_untouched_clips() {
    for path in clips() {
        let film = Film::open(&path);
        let script = Script {
            change: Change::Nothing,
            onset_s: 0.0,
            growing_s: 0.0,
            lasting_s: 0.0,
            length_s: film.len() as f64 / FPS,
            seed: 0,
        };
        assert_eq!(words(&script.run(&film)), [""; 0], "{}", film.name);
    }
}
