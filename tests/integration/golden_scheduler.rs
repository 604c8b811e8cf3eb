//! Decisions recorded from kube-scheduler are reproduced, every field of them.
