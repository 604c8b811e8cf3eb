//! The machines below the nodes.

/// What the machine behind a node does, whatever the control plane believes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Machine {
    /// It runs and is connected.
    #[default]
    Up,
    /// It runs but cannot reach the control plane.
    CutOff,
    /// It is down: its containers are gone.
    Down,
}
