//! The `wavetank` command.

fn main() {
    let path = std::env::args().nth(1).unwrap_or_default();
    let mut options = wavetank::sim::PrepareOptions::default();
    options.traces = std::env::args().nth(2).map(Into::into);
    match wavetank::sim::prepare(path.as_ref(), &options) {
        Err(diagnostics) => {
            for diagnostic in diagnostics.iter() {
                eprintln!("{diagnostic}");
            }
        }
        Ok((prepared, warnings)) => {
            for diagnostic in warnings.iter() {
                eprintln!("{diagnostic}");
            }
            let facts = wavetank::sim::simulate(&prepared, &wavetank::sim::RunOptions{ check_invariants: std::env::args().nth(3).is_some(), ..Default::default()}).unwrap();
            println!("events {} attempts {} pods {} nodes {} checksum {:x}", facts.events_handled, facts.scheduling_attempts, facts.pods.len(), facts.nodes.len(), facts.checksum);
            let mut outcomes = std::collections::BTreeMap::new();
            for pod in &facts.pods { *outcomes.entry(format!("{:?}", pod.outcome)).or_insert(0) += 1; }
            println!("{outcomes:?}");
            for e in facts.events.iter().take(80) { println!("{} {} {} {}/{} {}", e.first, e.reason, e.kind, e.namespace, e.name, e.message); }
            for w in &facts.workloads { println!("{} desired {:?}\n ready {:?}", w.name, w.desired.points(), w.ready.points()); }
            for a in facts.autoscaling.iter().filter(|a| a.current_replicas != a.desired_replicas) { println!("{} {}->{} prop {:?} {:?} {} {}", a.at, a.current_replicas, a.desired_replicas, a.proposed_replicas, a.metrics, a.able_to_scale_reason, a.scaling_limited_reason); }
            for r in &facts.recoveries { println!("{r:?}"); }
            for r in &facts.remarks { println!("{r}"); }
        }
    }
}
