//! The random draws by which the scheduler chooses among equals.

use crate::engine::RandomStream;
use crate::scheduler::framework::TieBreak;
use rand::Rng;

/// The draws that break ties. A draw stays current until a choice was made by it: an attempt that fails uses none up, so that
/// the choices do not depend on how often a pod that finds no node is tried.
#[derive(Debug)]
pub struct TieDraws {
    stream: RandomStream,
    current: u64,
}

impl TieDraws {
    pub fn new(mut stream: RandomStream) -> Self {
        let current = stream.next_u64();
        Self { stream, current }
    }

    pub const fn current(&self) -> TieBreak {
        TieBreak::Random(self.current)
    }

    /// A choice was made by the current draw.
    pub fn advance(&mut self) {
        self.current = self.stream.next_u64();
    }
}
