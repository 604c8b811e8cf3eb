//! Karpenter's kinds: `karpenter.sh/v1`, and the classes of the providers.

mod common;
pub mod node_claim;
pub mod node_class;
pub mod node_pool;
#[cfg(test)]
mod tests;
