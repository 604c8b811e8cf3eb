//! The beginning of a run: nodes join, objects are applied, everything is planned that is known from the start.

use super::error::SimError;
use super::event::Event;
use super::prepared_arrivals::PreparedArrivals;
use super::world::World;
use crate::engine::Priority;
use crate::units::SimTime;
use std::sync::Arc;

impl World<'_> {
    pub(super) fn populate(&mut self) -> Result<(), SimError> {
        let prepared = self.prepared;
        for (index, pool) in prepared.scenario.spec.node_pools.iter().enumerate() {
            self.add_pool_nodes(index, pool.count);
        }
        for (stream, source) in prepared.scenario.arrivals.iter().zip(&prepared.arrivals) {
            let PreparedArrivals::Trace { nodes, .. } = source else { continue };
            for node in nodes {
                let at = stream.start + node.created.since_start();
                if at <= SimTime::ZERO {
                    self.cluster.add_node(Arc::new(node.node()), None, SimTime::ZERO);
                } else {
                    let index = u32::try_from(self.joining.len()).unwrap_or(u32::MAX);
                    self.joining.push((index, node.node()));
                    self.queue.schedule_with(at, Priority::First, Event::NodeJoins { index });
                }
            }
        }
        self.remarks = self.cluster.apply(&prepared.objects, SimTime::ZERO);
        for (index, action) in prepared.scenario.actions.iter().enumerate() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            self.queue.schedule_with(action.at, Priority::First, Event::Action { index });
        }
        self.traffic.start(&mut self.queue);
        self.faults.start(&mut self.queue);
        self.settle();
        for stream in 0..self.arrivals.len() {
            self.plan_arrival(u32::try_from(stream).unwrap_or(u32::MAX))?;
        }
        Ok(())
    }

    /// Adds nodes to a pool.
    pub(super) fn add_pool_nodes(&mut self, pool: usize, count: u32) {
        let now = self.queue.now();
        for _ in 0..count {
            let node = self.pools[pool].next_node();
            self.cluster.add_node(Arc::new(node), u32::try_from(pool).ok(), now);
        }
    }
}
