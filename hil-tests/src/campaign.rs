//! A campaign of faults against a whole chain under load: kills, bad lines, restarts, by a plan.
//!
//! Promises: real processes throughout, the shipped daemon and control room and mosquitto; what is
//! simulated is the camera's file, the cabinet's door that raises the alarms, and the line between
//! box and broker. Afterwards everything is up again and has had the time to deliver. Refuses: judging;
//! it counts, and whoever runs it decides what may be.

pub mod camera;
pub mod clock;
pub mod full_disk;
pub mod ledger;
pub mod outage;
pub mod plan;
pub mod reconnects;
mod scene;
pub mod subject;

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;

use self::ledger::Balance;
use self::plan::{Fault, Plan, Point, Victim};
use self::scene::Stage;
use self::subject::Kind;
use crate::deadline::wait_for;
use crate::proxy::Treatment;

/// How often the campaign looks at what is due.
const TICK: Duration = Duration::from_millis(10);
/// How long a kill at a named point waits for that point before it happens anyway.
const POINT_WITHIN: Duration = Duration::from_secs(3);
/// How long delivery may take once everything is up again.
const DELIVERED_WITHIN: Duration = Duration::from_secs(600);
/// How long nothing need arrive for what is missing to count as lost: longer than any of the box's waits.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(90);

/// What a campaign is run against.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Which box.
    pub kind: Kind,
    /// What the box and the control room speak to the broker.
    pub security: Security,
}

/// What is spoken to the broker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Security {
    /// Plain MQTT.
    #[default]
    Plain,
    /// MQTT over TLS with certificates of `scripts/test-ca` and the documented configuration of
    /// mosquitto.
    Tls,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The seed of its plan.
    pub seed: u64,
    /// Processes killed.
    pub kills: usize,
    /// Of these, the box, the broker, the control room.
    pub kills_of: [usize; 3],
    /// Of the box's, those at a named point.
    pub kills_at_points: usize,
    /// Other faults: lines treated badly or dropped.
    pub line_faults: usize,
    /// Alarms.
    #[serde(flatten)]
    pub balance: Balance,
    /// Files of the spool that were set aside as damaged, and starts of the box that failed.
    pub spools_unreadable: usize,
    /// How long it took, delivery included.
    pub seconds: f64,
}

/// Runs the plan of `seed` in this `setting` until `kills` processes were killed; `progress` is told after each.
///
/// # Errors
/// When a part cannot be started again, or what was raised is not delivered in time.
pub fn run(
    setting: Setting,
    seed: u64,
    kills: usize,
    mut progress: impl FnMut(usize, &Fault),
) -> Result<Outcome> {
    let began = Instant::now();
    let mut campaign = Campaign::start(setting, seed)?;
    while campaign.kills.len() < kills {
        let (pause, fault) = campaign.plan.draw();
        campaign.let_pass(pause)?;
        campaign.strike(fault)?;
        progress(campaign.kills.len(), &fault);
    }
    campaign.recover()?;
    let of = |victim| campaign.kills.iter().filter(|killed| **killed == victim).count();
    Ok(Outcome {
        seed,
        kills: campaign.kills.len(),
        kills_of: Victim::ALL.map(of),
        kills_at_points: campaign.at_points,
        line_faults: campaign.line_faults,
        balance: campaign.stage.balance()?,
        spools_unreadable: campaign.stage.spools_unreadable()?,
        seconds: began.elapsed().as_secs_f64(),
    })
}

struct Campaign {
    kind: Kind,
    plan: Plan,
    stage: Stage,
    /// Who is away, and until when.
    away: Vec<(Victim, Instant)>,
    line_bad_until: Option<Instant>,
    door_moves_at: Instant,
    kills: Vec<Victim>,
    at_points: usize,
    line_faults: usize,
}

impl Campaign {
    fn start(setting: Setting, seed: u64) -> Result<Self> {
        Ok(Self {
            kind: setting.kind,
            plan: Plan::of_seed(seed),
            stage: Stage::set(setting)?,
            away: Vec::new(),
            line_bad_until: None,
            door_moves_at: Instant::now(),
            kills: Vec::new(),
            at_points: 0,
            line_faults: 0,
        })
    }

    /// Lets time pass: moves the door, brings back who has been away for long enough.
    fn let_pass(&mut self, pause: Duration) -> Result<()> {
        let until = Instant::now() + pause;
        loop {
            self.tick()?;
            if Instant::now() >= until {
                return Ok(());
            }
            thread::sleep(TICK);
        }
    }

    fn tick(&mut self) -> Result<()> {
        let now = Instant::now();
        if now >= self.door_moves_at {
            self.stage.provoke()?;
            self.door_moves_at = now + self.plan.door();
        }
        if self.line_bad_until.is_some_and(|until| now >= until) {
            self.line_bad_until = None;
            self.stage.line.treat(Treatment::Pass);
        }
        let back = self.away.iter().position(|(_, until)| now >= *until);
        if let Some(index) = back {
            let (victim, _) = self.away.remove(index);
            self.stage.bring_back(victim)?;
        }
        Ok(())
    }

    fn strike(&mut self, fault: Fault) -> Result<()> {
        match fault {
            Fault::Drop => {
                self.line_faults += 1;
                self.stage.line.drop_all();
            }
            Fault::Line { treatment, lasting } => {
                self.line_faults += 1;
                self.stage.line.treat(treatment);
                self.line_bad_until = Some(Instant::now() + lasting);
            }
            Fault::Kill { victim, away } => self.kill(victim, away)?,
            // Only the shipped box tells of its points.
            Fault::KillAt { away, .. } if self.kind != Kind::Shipped => {
                self.kill(Victim::Daemon, away)?;
            }
            Fault::KillAt { point, away } => {
                if self.reach(point)? {
                    self.at_points += 1;
                    self.kill(Victim::Daemon, away)?;
                }
            }
        }
        Ok(())
    }

    /// Kills whoever is there to be killed.
    fn kill(&mut self, victim: Victim, away: Duration) -> Result<()> {
        if !self.is_away(victim) {
            self.stage.kill(victim)?;
            self.kills.push(victim);
            self.away.push((victim, Instant::now() + away));
        }
        Ok(())
    }

    fn is_away(&self, victim: Victim) -> bool {
        self.away.iter().any(|(who, _)| *who == victim)
    }

    /// Brings the daemon to `point`, the alarms going on meanwhile; says whether it got there.
    fn reach(&mut self, point: Point) -> Result<bool> {
        let before = self.stage.log_bytes();
        match point {
            Point::Starting | Point::SpoolOpen => self.kill(Victim::Daemon, Duration::ZERO)?,
            Point::Connected => self.stage.line.drop_all(),
            Point::AlarmOnDisk => {}
        }
        let deadline = Instant::now() + POINT_WITHIN;
        while Instant::now() < deadline {
            if self.stage.has_said(point.line(), before) {
                return Ok(!self.is_away(Victim::Daemon));
            }
            self.tick()?;
            thread::sleep(TICK);
        }
        Ok(false)
    }

    /// Brings everybody back and waits until the room has what the box had on its disk.
    fn recover(&mut self) -> Result<()> {
        self.stage.line.treat(Treatment::Pass);
        for (victim, _) in std::mem::take(&mut self.away) {
            self.stage.bring_back(victim)?;
        }
        let (mut stored, mut since) = (0, Instant::now());
        wait_for("everything to be delivered", DELIVERED_WITHIN, || {
            let balance = self.stage.balance()?;
            if balance.stored > stored {
                (stored, since) = (balance.stored, Instant::now());
            }
            // What nobody sends any more is the balance's to tell.
            Ok((balance.lost == 0 || since.elapsed() >= GIVEN_UP_AFTER).then_some(()))
        })
    }
}
