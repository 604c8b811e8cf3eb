//! kube-scheduler: framework, plugins, queue.
