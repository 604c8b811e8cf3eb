//! Host ports: no two pods of a node may have the same (`pkg/scheduling/hostportusage.go`).

use crate::api::{Container, HostPortProtocol, Name};
use core::net::IpAddr;

/// A port of a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// The address; `None` if it is not one.
    ip: Option<IpAddr>,
    port: u16,
    protocol: HostPortProtocol,
}

impl HostPort {
    /// The ports that containers ask for.
    pub fn of_containers(containers: &[Container]) -> Vec<Self> {
        let ports = containers.iter().flat_map(|container| &container.ports).filter(|port| port.host_port != 0);
        let address = |ip: &Name| if ip.is_empty() { "0.0.0.0".parse().ok() } else { ip.parse().ok() };
        ports.map(|port| Self { ip: address(&port.host_ip), port: port.host_port, protocol: port.protocol }).collect()
    }

    /// Whether both cannot be had on one node.
    pub fn conflicts_with(&self, taken: &Self) -> bool {
        let anywhere = |ip: Option<IpAddr>| ip.is_some_and(|ip| ip.is_unspecified());
        self.protocol == taken.protocol
            && self.port == taken.port
            && (self.ip == taken.ip || anywhere(self.ip) || anywhere(taken.ip))
    }
}

/// Whether one of the ports is taken.
pub fn conflict<'a>(asked: &[HostPort], mut taken: impl Iterator<Item = &'a HostPort>) -> bool {
    !asked.is_empty() && taken.any(|taken| asked.iter().any(|asked| asked.conflicts_with(taken)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ContainerPort;

    #[test]
    fn ports_conflict_on_the_same_address_or_on_any() {
        let of = |ip: &str, port, protocol| {
            let ports = vec![ContainerPort { host_port: port, host_ip: ip.into(), protocol, ..Default::default() }];
            HostPort::of_containers(&[Container { ports, ..Default::default() }])
        };
        use HostPortProtocol::{Tcp, Udp};
        let taken = of("10.0.0.1", 80, Tcp);
        let cases = [
            (of("", 80, Tcp), true),
            (of("::", 80, Tcp), true),
            (of("10.0.0.1", 80, Tcp), true),
            (of("10.0.0.2", 80, Tcp), false),
            (of("", 80, Udp), false),
            (of("", 81, Tcp), false),
            (of("", 0, Tcp), false),
        ];
        for (asked, conflicts) in cases {
            assert_eq!(conflict(&asked, taken.iter()), conflicts, "{asked:?}");
        }
    }
}
