//! The cloud: node pools, prices, node and zone faults.
