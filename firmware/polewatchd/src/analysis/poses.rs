//! Poses: the estimator, where a rule tells of falls and it is prepared.
//!
//! Promises: without it everything else goes on, and it is said that falls are told from boxes alone.

use analytics::geometry::NormBox;
use analytics::pose::Pose;
use detector::{DetectorError, Options, Picture, PoseEstimator};

/// The estimator, or why there is none.
pub(super) enum Poses {
    Unneeded,
    NotPrepared,
    Ready(Box<PoseEstimator>),
}

/// What is done about poses. `Display` is one sentence for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PoseState {
    /// No rule tells of falls.
    Unneeded,
    /// The model is not there: falls are told from boxes alone.
    NotPrepared,
    /// What runs, and why that.
    Running(String),
}

impl Poses {
    /// The estimator, when a rule needs it and it is prepared.
    pub(super) fn open(options: &Options, needed: Need) -> Result<Self, DetectorError> {
        match needed {
            Need::Falls => Ok(match PoseEstimator::open(options)? {
                Some(estimator) => Self::Ready(Box::new(estimator)),
                None => Self::NotPrepared,
            }),
            Need::None => Ok(Self::Unneeded),
        }
    }

    /// The pose of who is in the middle of `area`; `None` without an estimator.
    pub(super) fn estimate(
        &mut self,
        picture: &Picture<'_>,
        area: &NormBox,
    ) -> Result<Option<Pose>, DetectorError> {
        match self {
            Self::Ready(estimator) => estimator.estimate(picture, area).map(Some),
            Self::Unneeded | Self::NotPrepared => Ok(None),
        }
    }

    pub(super) fn state(&self) -> PoseState {
        match self {
            Self::Unneeded => PoseState::Unneeded,
            Self::NotPrepared => PoseState::NotPrepared,
            Self::Ready(estimator) => PoseState::Running(estimator.choice().to_string()),
        }
    }
}

/// What poses are needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    None,
    Falls,
}

impl std::fmt::Display for PoseState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unneeded => f.write_str("not needed: no rule tells of falls"),
            Self::NotPrepared => {
                write!(
                    f,
                    "{} is not prepared: falls are told from boxes alone",
                    PoseEstimator::MODEL
                )
            }
            Self::Running(choice) => f.write_str(choice),
        }
    }
}
