//! A zone: a named piece of ground in the picture.

use std::sync::Arc;

use crate::polygon::Polygon;

/// A named polygon that rules refer to.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    /// The configured name, unique among the zones of a camera.
    pub name: Arc<str>,
    /// Where it lies.
    pub area: Polygon,
}
