//! A result file: what the system under test said of one clip.
//!
//! Promises: one `Alarm` for each event KISA tests, in the order of their starts, whole seconds from
//! the clip's beginning. Refuses: events KISA has no word for, such as a camera's fault.

use std::fmt::Write;
use std::time::Duration;

use analytics::event::{Event, EventId, EventKind, Phase};
use analytics::time::FrameTime;

/// The alarms of one clip, as they come.
#[derive(Clone, Debug, Default)]
pub struct Results {
    alarms: Vec<Alarm>,
}

#[derive(Clone, Debug)]
struct Alarm {
    event: EventId,
    description: &'static str,
    start: FrameTime,
    end: FrameTime,
}

impl Results {
    /// Notes what a rule decided.
    pub fn note(&mut self, event: &Event) {
        let Some(description) = description(event.kind) else { return };
        if event.phase == Phase::Begin {
            let (start, end) = (event.onset, event.decided);
            self.alarms.push(Alarm { event: event.id, description, start, end });
        } else if let Some(alarm) = self.alarms.iter_mut().find(|alarm| alarm.event == event.id) {
            alarm.end = event.decided;
        }
    }

    /// The file for the recording of this name.
    #[must_use]
    pub fn file(&self, recording: &str) -> String {
        let mut alarms: Vec<&Alarm> = self.alarms.iter().collect();
        alarms.sort_by_key(|alarm| alarm.start);
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let _ = write!(
            xml,
            "<KisaLibraryIndex>\n  <Library>\n    <Clip>\n      <Header>\n        \
             <AlarmEvents>{}</AlarmEvents>\n        <Filename>{}</Filename>\n      </Header>\n      \
             <Alarms>\n",
            alarms.len(),
            escaped(recording)
        );
        for alarm in alarms {
            let _ = write!(
                xml,
                "        <Alarm>\n          <StartTime>{}</StartTime>\n          \
                 <AlarmDescription>{}</AlarmDescription>\n          \
                 <AlarmDuration>{}</AlarmDuration>\n        </Alarm>\n",
                clock_of(Duration::from_micros(alarm.start.as_micros())),
                alarm.description,
                clock_of(alarm.end.since(alarm.start))
            );
        }
        xml += "      </Alarms>\n    </Clip>\n  </Library>\n</KisaLibraryIndex>\n";
        xml
    }
}

/// KISA's AlarmDescription, case-sensitive; `None` for what KISA does not test.
const fn description(kind: EventKind) -> Option<&'static str> {
    match kind {
        EventKind::Intrusion => Some("Intrusion"),
        EventKind::Loitering => Some("Loitering"),
        EventKind::Falldown => Some("Falldown"),
        EventKind::Abandonment => Some("Abandonment"),
        EventKind::CameraFault | EventKind::Parking => None,
    }
}

/// `hh:mm:ss`, to the nearest second.
fn clock_of(time: Duration) -> String {
    let seconds = (time + Duration::from_millis(500)).as_secs();
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Text for an element; characters XML cannot hold are left out.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().filter(|c| !c.is_control()) {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use analytics::event::Measurement;
    use analytics::scene::light::Light;

    use super::*;

    fn event(number: u64, phase: Phase, kind: EventKind, onset_ms: u64, decided_ms: u64) -> Event {
        let at = |ms: u64| FrameTime::from_micros(ms * 1000);
        Event {
            id: EventId(number),
            phase,
            kind,
            rule: Arc::from("r"),
            zone: None,
            onset: at(onset_ms),
            decided: at(decided_ms),
            measurement: Measurement { quantity: "dwell", value: 0.0, threshold: 0.0, unit: "s" },
            light: Light::Day,
            participants: Vec::new(),
        }
    }

    #[test]
    fn alarms_stand_in_order_with_kisas_words() {
        let mut results = Results::default();
        for event in [
            event(1, Phase::Begin, EventKind::Loitering, 3_661_600, 3_662_000),
            event(2, Phase::Begin, EventKind::CameraFault, 1_000, 2_000),
            event(3, Phase::Begin, EventKind::Intrusion, 52_400, 52_900),
            event(1, Phase::Update, EventKind::Loitering, 3_661_600, 3_670_000),
            event(1, Phase::End, EventKind::Loitering, 3_661_600, 3_722_100),
            event(3, Phase::End, EventKind::Intrusion, 52_400, 60_400),
        ] {
            results.note(&event);
        }
        let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<KisaLibraryIndex>
  <Library>
    <Clip>
      <Header>
        <AlarmEvents>2</AlarmEvents>
        <Filename>C00_001 &lt;&amp;&gt;.mp4</Filename>
      </Header>
      <Alarms>
        <Alarm>
          <StartTime>00:00:52</StartTime>
          <AlarmDescription>Intrusion</AlarmDescription>
          <AlarmDuration>00:00:08</AlarmDuration>
        </Alarm>
        <Alarm>
          <StartTime>01:01:02</StartTime>
          <AlarmDescription>Loitering</AlarmDescription>
          <AlarmDuration>00:01:01</AlarmDuration>
        </Alarm>
      </Alarms>
    </Clip>
  </Library>
</KisaLibraryIndex>
";
        assert_eq!(results.file("C00_001 <&>.mp4"), expected);
    }

    #[test]
    fn a_clip_without_alarms_says_so() {
        let xml = Results::default().file("C00_002.mp4");
        assert!(xml.contains("<AlarmEvents>0</AlarmEvents>"));
        assert!(xml.contains("<Alarms>\n      </Alarms>"), "{xml}");
    }
}
