//! Boxes, points and polygons in normalized picture coordinates: x and y from 0 to 1, origin at
//! the top left.

/// A point in normalized picture coordinates.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// From the left edge, 0 to 1.
    pub x: f32,
    /// From the top edge, 0 to 1.
    pub y: f32,
}

/// Some of the picture's four edges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Edges {
    /// x = 0.
    pub left: bool,
    /// y = 0.
    pub top: bool,
    /// x = 1.
    pub right: bool,
    /// y = 1.
    pub bottom: bool,
}

/// An axis-aligned box in normalized coordinates: finite, inside the picture, with an area.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormBox {
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
}

impl NormBox {
    /// The box cut to the picture, or `None` when a side is not a number or nothing is left.
    #[must_use]
    pub fn new(left: f32, top: f32, right: f32, bottom: f32) -> Option<Self> {
        if ![left, top, right, bottom].iter().all(|v| v.is_finite()) {
            return None;
        }
        let (left, right) = (left.clamp(0.0, 1.0), right.clamp(0.0, 1.0));
        let (top, bottom) = (top.clamp(0.0, 1.0), bottom.clamp(0.0, 1.0));
        (right > left && bottom > top).then_some(Self { left, top, right, bottom })
    }

    /// Left edge, 0 to 1.
    #[must_use]
    pub const fn left(&self) -> f32 {
        self.left
    }

    /// Top edge, 0 to 1.
    #[must_use]
    pub const fn top(&self) -> f32 {
        self.top
    }

    /// Right edge, 0 to 1.
    #[must_use]
    pub const fn right(&self) -> f32 {
        self.right
    }

    /// Bottom edge, 0 to 1.
    #[must_use]
    pub const fn bottom(&self) -> f32 {
        self.bottom
    }

    /// Width as a fraction of the picture's width.
    #[must_use]
    pub fn width(&self) -> f32 {
        self.right - self.left
    }

    /// Height as a fraction of the picture's height.
    #[must_use]
    pub fn height(&self) -> f32 {
        self.bottom - self.top
    }

    /// Area as a fraction of the picture.
    #[must_use]
    pub fn area(&self) -> f32 {
        self.width() * self.height()
    }

    /// Where a standing person touches the ground: the middle of the bottom edge.
    #[must_use]
    pub fn foot(&self) -> Point {
        Point { x: f32::midpoint(self.left, self.right), y: self.bottom }
    }

    /// The middle of the box.
    #[must_use]
    pub fn center(&self) -> Point {
        Point { x: f32::midpoint(self.left, self.right), y: f32::midpoint(self.top, self.bottom) }
    }

    /// Which of the picture's edges cut the box: beyond those there may be more of the object. A
    /// box counts as cut from 1 % of the picture on, since detectors stop a little short.
    #[must_use]
    pub fn cut_by(&self) -> Edges {
        const SHORT: f32 = 0.01;
        Edges {
            left: self.left <= SHORT,
            top: self.top <= SHORT,
            right: self.right >= 1.0 - SHORT,
            bottom: self.bottom >= 1.0 - SHORT,
        }
    }

    /// Whether `point` lies inside; its left and top edges belong to a box, the others do not.
    #[must_use]
    pub fn contains(&self, point: Point) -> bool {
        (self.left..self.right).contains(&point.x) && (self.top..self.bottom).contains(&point.y)
    }

    /// The smallest box around this one and `other`.
    #[must_use]
    pub fn around(&self, other: &Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// How much of this box lies in `whole`, 0 to 1.
    #[must_use]
    pub fn share_inside(&self, whole: &Self) -> f32 {
        let across = self.right.min(whole.right) - self.left.max(whole.left);
        let down = self.bottom.min(whole.bottom) - self.top.max(whole.top);
        let area = self.area();
        if area > 0.0 { across.max(0.0) * down.max(0.0) / area } else { 0.0 }
    }

    /// The area both boxes cover, as a fraction of the picture.
    #[must_use]
    pub fn shared(&self, other: &Self) -> f32 {
        let width = (self.right.min(other.right) - self.left.max(other.left)).max(0.0);
        let height = (self.bottom.min(other.bottom) - self.top.max(other.top)).max(0.0);
        width * height
    }

    /// Intersection over union with `other`, 0 to 1.
    #[must_use]
    pub fn iou(&self, other: &Self) -> f32 {
        let shared = self.shared(other);
        let union = self.area() + other.area() - shared;
        if union > 0.0 { shared / union } else { 0.0 }
    }
}
