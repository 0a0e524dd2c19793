//! Faults of the camera, one after the other, while somebody steps onto the lawn every half minute.
//!
//! Promises: the shipped daemon, control room and mosquitto, and a real RTSP stream; the camera and its
//! film are simulated. Each fault is over only when the room has heard what it should, and intrusions
//! come again. Refuses: judging alarms the film does not decide.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde::Serialize;

use super::plan::Draws;
use crate::chain::Chain;
use crate::daemon::lawn_config;
use crate::deadline::wait_for;
use crate::lawn;
use crate::room::StoredAlarm;

/// How long a fault lasts before it is an alarm; the stream of a camera that is back takes some
/// seconds of the end.
const RULE: &str = r#"
[[rule]]
name = "camera"
kind = "camera_fault"
faults = ["lost", "frozen"]
after = "4s"
"#;
const LIMIT: Duration = Duration::from_secs(90);
/// How long no alarm need come for one to count as absent.
const ABSENT: Duration = Duration::from_secs(8);

/// What happens to the camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Trouble {
    /// It is killed, and started again.
    Gone,
    /// It keeps the connection open and sends nothing.
    Silent,
    /// It sends one picture over and over.
    Frozen,
    /// Its picture has another size from one key picture to the next.
    Resized,
}

impl Trouble {
    const ALL: [Self; 4] = [Self::Gone, Self::Silent, Self::Frozen, Self::Resized];

    /// What the rule calls it; a camera that sends pictures of another size has no fault.
    const fn word(self) -> Option<&'static str> {
        match self {
            Self::Gone | Self::Silent => Some("lost"),
            Self::Frozen => Some("frozen"),
            Self::Resized => None,
        }
    }
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The seed of the order of the faults.
    pub seed: u64,
    /// What happened, in this order.
    pub troubles: Vec<Trouble>,
    /// Alarms that began a camera fault, each the right one and ended.
    pub faults_told: usize,
    /// Alarms that began an intrusion.
    pub intrusions: usize,
    /// Lines of the room's store that repeat a record.
    pub duplicates: usize,
}

/// Does `troubles` faults to the camera; `progress` is told of each.
///
/// # Errors
/// When a part does not start, or the room does not hear what it should.
pub fn run(seed: u64, troubles: usize, mut progress: impl FnMut(Trouble)) -> Result<Outcome> {
    let [film, other] = lawn::intrusion_films()?;
    let other = other.display().to_string();
    let config = |camera: &str, broker: &str| lawn_config(camera, broker) + RULE;
    let mut chain = Chain::watching(&film, &["--other", &other], config)?;
    let mut draws = Draws::of_seed(seed);
    let mut left = Vec::new();
    let mut done = Vec::new();
    wait_for_another_intrusion(&chain)?;
    while done.len() < troubles {
        if left.is_empty() {
            left = Trouble::ALL.to_vec();
        }
        let trouble = left.swap_remove(draws.below(left.len() as u64) as usize);
        progress(trouble);
        suffer(&mut chain, trouble)?;
        wait_for_another_intrusion(&chain)?;
        done.push(trouble);
    }
    outcome(&mut chain, seed, done)
}

fn suffer(chain: &mut Chain, trouble: Trouble) -> Result<()> {
    let before = chain.room.begins("camera_fault")?.len();
    match trouble {
        Trouble::Gone => chain.camera.kill()?,
        Trouble::Silent => chain.camera.order("stall")?,
        Trouble::Frozen => chain.camera.order("freeze")?,
        Trouble::Resized => {
            chain.camera.order("swap")?;
            // Long enough for any fault to have become an alarm.
            std::thread::sleep(ABSENT);
            let told = chain.room.begins("camera_fault")?.len();
            ensure!(told == before, "another size of the picture was told as a fault");
            return Ok(());
        }
    }
    let begin = wait_for(&format!("the alarm of a camera that is {trouble:?}"), LIMIT, || {
        Ok(chain.room.begins("camera_fault")?.into_iter().nth(before))
    })?;
    let (quantity, word) = (begin.quantity(), trouble.word());
    ensure!(quantity == word, "{trouble:?} was told as {quantity:?}, expected {word:?}");
    match trouble {
        Trouble::Gone => chain.camera.start_again()?,
        _ => chain.camera.order("resume")?,
    }
    wait_for(&format!("the end of {trouble:?}"), LIMIT, || {
        Ok(ends(&chain.room.alarms()?, &begin).then_some(()))
    })
}

/// Whether the event `begin` begins has ended.
fn ends(alarms: &[StoredAlarm], begin: &StoredAlarm) -> bool {
    alarms.iter().any(|alarm| alarm.phase == "end" && alarm.event() == begin.event())
}

fn wait_for_another_intrusion(chain: &Chain) -> Result<()> {
    let before = chain.room.begins("intrusion")?.len();
    wait_for("another intrusion", LIMIT, || {
        Ok((chain.room.begins("intrusion")?.len() > before).then_some(()))
    })
}

fn outcome(chain: &mut Chain, seed: u64, troubles: Vec<Trouble>) -> Result<Outcome> {
    if let Some(daemon) = &mut chain.daemon {
        ensure!(daemon.process().is_running()?, "the daemon has ended");
    }
    let alarms = chain.room.alarms()?;
    let begins = chain.room.begins("camera_fault")?;
    let open = begins.iter().filter(|begin| !ends(&alarms, begin)).count();
    ensure!(open == 0, "{open} camera faults have no end");
    let expected = troubles.iter().filter(|trouble| trouble.word().is_some()).count();
    ensure!(begins.len() == expected, "{} camera faults told, expected {expected}", begins.len());
    Ok(Outcome {
        seed,
        troubles,
        faults_told: begins.len(),
        intrusions: chain.room.begins("intrusion")?.len(),
        duplicates: chain.room.duplicates()?,
    })
}
