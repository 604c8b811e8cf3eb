//! What became of the calls that traffic entries make.

use smol_str::SmolStr;

/// The calls of one place: of a traffic entry to another, or of an entry's users who try again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallRecord {
    /// Name of the entry that calls; of users, the one that they call.
    pub caller: SmolStr,
    /// Name of the entry that is called.
    pub callee: SmolStr,
    /// Whether users call.
    pub by_users: bool,
    /// Calls that were made.
    pub calls: u64,
    /// Calls that were answered.
    pub served: u64,
    /// Calls that failed.
    pub failed: u64,
    /// Calls whose caller needed no answer any more.
    pub abandoned: u64,
    /// Attempts that were sent.
    pub attempts: u64,
    /// Attempts after one that failed.
    pub retries: u64,
    /// Attempts beside one that had no answer yet.
    pub hedges: u64,
    /// Attempts that timed out.
    pub timeouts: u64,
    /// Attempts that were not sent because their client had too many in flight.
    pub circuit_open: u64,
    /// Retries that the budget did not allow.
    pub over_budget: u64,
    /// Ejections of pods.
    pub ejections: u64,
}
