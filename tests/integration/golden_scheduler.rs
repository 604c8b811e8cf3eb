//! Recorded kube-scheduler decisions are reproduced.
