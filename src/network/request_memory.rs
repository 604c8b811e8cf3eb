//! The memory of a pod that its requests take, and when there is too much of it.

/// Memory by requests, in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RequestMemory {
    /// Of each request as long as it is in the pod.
    pub per_request: f64,
    /// That each request leaves behind.
    pub leak: f64,
    /// What the requests may take: the container's limit without what the pod uses whatever its requests; infinite
    /// without a limit.
    pub room: f64,
    /// Requests that came.
    pub had: f64,
}

impl RequestMemory {
    /// A request has come, with which so many are in the pod. Says whether the container has reached its limit.
    pub fn is_full_with(&mut self, in_flight: usize) -> bool {
        self.had += 1.0;
        self.of_requests(in_flight) >= self.room
    }

    /// What requests take when so many are in the pod.
    pub fn of_requests(&self, in_flight: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "counts of requests at a pod are far below 2^53")]
        let in_flight = in_flight as f64;
        self.per_request * in_flight + self.leak * self.had
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_what_they_leave_fill_the_room() {
        let empty = RequestMemory { per_request: 10.0, leak: 1.0, room: 45.0, had: 0.0 };
        let mut memory = empty;
        let full: Vec<bool> = (1..=5).map(|in_flight| memory.is_full_with(in_flight)).collect();
        assert_eq!(full, [false, false, false, false, true], "10 n + n");
        let mut memory = empty;
        let came = (1..100).find(|_| memory.is_full_with(1));
        assert_eq!(came, Some(35), "one at a time, it leaks");
        let mut open = RequestMemory { room: f64::INFINITY, ..empty };
        assert!((0..1000).all(|in_flight| !open.is_full_with(in_flight)), "no limit");
    }
}
