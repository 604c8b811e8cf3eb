//! The queue under a clock that the test sets.

use super::places::backoff;
use super::*;
use crate::scheduler::plugins::Plugin;

#[test]
fn the_backoff_doubles_up_to_its_maximum() {
    let (initial, max) = (SimDuration::from_secs(1), SimDuration::from_secs(10));
    let delays: Vec<i64> = (1..=6).map(|failures| backoff(failures, initial, max).whole_seconds()).collect();
    assert_eq!(delays, [1, 2, 4, 8, 10, 10]);
    assert_eq!(backoff(500, initial, max), max);
}

fn pod(index: usize, priority: i32) -> Arc<PodInfo> {
    use crate::api::KubernetesVersion;
    use crate::api::{Pod, PodSpec, PodTemplate};
    use crate::scheduler::view::PodTraits;
    let spec = PodSpec { priority, ..PodSpec::default() };
    let traits = Arc::new(PodTraits::of(&spec));
    let template = Arc::new(PodTemplate { spec, ..PodTemplate::default() });
    let pod = Pod { template, ..Pod::default() };
    Arc::new(PodInfo::new(PodId::from_index(index), &pod, traits, KubernetesVersion::V1_36))
}

#[test]
fn the_queue_wakes_up_when_something_is_due_and_not_before() {
    let (listers, profiles) = (crate::scheduler::view::Listers::default(), [crate::scheduler::Profile::default()]);
    let context = HintContext { listers: &listers, profiles: &profiles };
    let mut queue = SchedulingQueue::new(&SchedulerConfig::default());
    assert_eq!(queue.next_wakeup(SimTime::ZERO), None, "an empty queue never wakes up");
    queue.add(pod(0, 0), SimTime::from_millis(100));
    queue.add(pod(1, 5), SimTime::from_millis(200));
    assert_eq!(queue.next_wakeup(SimTime::from_millis(200)), None, "active pods need no timer");
    let first = queue.pop().unwrap();
    assert_eq!(first.pod.id, PodId::from_index(1), "priority comes first");
    queue.fail(first.pod.id, SimTime::from_millis(300));
    let error_wakeup = SimTime::from_secs(2);
    assert_eq!(queue.next_wakeup(SimTime::from_millis(300)), Some(error_wakeup), "1.3 s counts as second 1");
    let second = queue.pop().unwrap();
    queue.reject(second.pod.id, PluginSet::of(&[Plugin::NodeResourcesFit]), &context, SimTime::from_millis(400));
    assert!(queue.pop().is_none(), "error back-off is not cut short");
    queue.flush(error_wakeup);
    assert_eq!(queue.place(first.pod.id), Some(Place::Active));
    let leftover = SimTime::from_secs(330);
    assert_eq!(queue.next_wakeup(error_wakeup), Some(leftover), "5 min passed at 300.4 s, the timer runs every 30 s");
    queue.flush(leftover);
    assert_eq!(queue.place(second.pod.id), Some(Place::Active));
    assert_eq!(queue.next_wakeup(leftover), None);
}

#[test]
fn an_event_moves_only_pods_whose_rejectors_listen() {
    let (listers, profiles) = (crate::scheduler::view::Listers::default(), [crate::scheduler::Profile::default()]);
    let context = HintContext { listers: &listers, profiles: &profiles };
    let mut queue = SchedulingQueue::new(&SchedulerConfig::default());
    for (index, plugin) in [Plugin::NodeResourcesFit, Plugin::NodeAffinity].into_iter().enumerate() {
        queue.add(pod(index, 0), SimTime::ZERO);
        let popped = queue.pop().unwrap();
        queue.reject(popped.pod.id, PluginSet::of(&[plugin]), &context, SimTime::ZERO);
    }
    queue.on_event(&ClusterEvent::AssignedPodDelete(pod(9, 0)), &context, SimTime::from_millis(1));
    assert_eq!(queue.place(PodId::from_index(0)), Some(Place::Backoff), "room was made during its back-off");
    assert_eq!(queue.place(PodId::from_index(1)), Some(Place::Unschedulable), "no node changed");
    assert!(queue.pop().is_some(), "an idle scheduler cuts the back-off short");
}

#[test]
fn an_event_may_concern_low_priorities_only() {
    let (listers, profiles) = (crate::scheduler::view::Listers::default(), [crate::scheduler::Profile::default()]);
    let context = HintContext { listers: &listers, profiles: &profiles };
    let mut queue = SchedulingQueue::new(&SchedulerConfig::default());
    for (index, priority) in [10, 20, 30].into_iter().enumerate() {
        queue.add(pod(index, priority), SimTime::ZERO);
        let popped = queue.pop().unwrap();
        queue.reject(popped.pod.id, PluginSet::of(&[Plugin::NodeResourcesFit]), &context, SimTime::ZERO);
    }
    let event = ClusterEvent::AssignedPodDelete(pod(9, 20));
    queue.on_event_up_to(20, &event, &context, SimTime::from_millis(1));
    let places: Vec<_> = (0..3).map(|index| queue.place(PodId::from_index(index)).unwrap()).collect();
    assert_eq!(places, [Place::Backoff, Place::Backoff, Place::Unschedulable]);
}
