//! The main story: a stranger on the lawn, from the camera's RTSP to the control room's disk.
#![allow(clippy::unwrap_used, reason = "the functions shared by these tests are tests too")]

use hil_tests::chain::Chain;
use hil_tests::media::{self, Probe};
use hil_tests::room::{Media, StoredAlarm};

/// Opens the alarm's still and clip as they lie in the room's store.
fn pictures(chain: &Chain, alarm: &StoredAlarm) -> (Probe, Probe) {
    let still = chain.room.wait_for_media(Media::Still, alarm, Chain::LIMIT).unwrap();
    let clip = chain.room.wait_for_media(Media::Clip, alarm, Chain::LIMIT).unwrap();
    (media::open(&still).unwrap(), media::open(&clip).unwrap())
}

fn check_pictures(chain: &Chain, alarm: &StoredAlarm) {
    let (still, clip) = pictures(chain, alarm);
    assert_eq!((still.streams, still.width, still.height), (vec!["video mjpeg".into()], 768, 576));
    // The camera sends a tone beside the picture: none of it may be here.
    assert_eq!(clip.streams, ["video h264"], "{alarm:?}");
    assert_eq!((clip.width, clip.height), (768, 576));
    // Five seconds before and five after the alarm; it starts at a key frame, one a second.
    let whole_s = 9.0..=60.0;
    assert!(whole_s.contains(&clip.duration_s), "{} s: {alarm:?}", clip.duration_s);
}

#[test]
fn a_stranger_on_the_lawn_is_told_as_intrusion_and_then_as_loitering() {
    let chain = Chain::start(&["--audio"]).unwrap();
    let intrusion = chain.room.wait_for_begin("intrusion", Chain::LIMIT).unwrap();
    let loitering = chain.room.wait_for_begin("loitering", Chain::LIMIT).unwrap();

    assert_eq!(intrusion.rule, "lawn-intrusion");
    assert_eq!(loitering.rule, "lawn-loitering");
    for alarm in [&intrusion, &loitering] {
        assert_eq!(alarm.zone.as_deref(), Some("lawn"));
        assert_eq!(alarm.camera, "역삼로 12");
        assert!(alarm.onset_unix_ms <= alarm.detected_unix_ms, "{alarm:?}");
        check_pictures(&chain, alarm);
    }
    // By eye 10 s lie between the two; each was labelled to a second, and may be told 10 s late.
    let between_s = (loitering.onset_unix_ms - intrusion.onset_unix_ms) / 1000;
    assert!((5..=20).contains(&between_s), "{between_s} s");
    // One event, one alarm: in the whole of this the lawn was entered and lingered on once.
    assert_eq!(chain.room.begins("intrusion").unwrap().len(), 1);
    assert_eq!(chain.room.begins("loitering").unwrap().len(), 1);
}
