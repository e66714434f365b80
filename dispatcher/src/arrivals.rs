//! How often one address may come.
//!
//! A whole department may sit behind one address, so the rate is generous; what it stops is one
//! machine that opens connections for nothing. Whoever forges addresses must not use up the rate of
//! those whose addresses they are: so connections are counted apart until their address has proved
//! that it receives, and an address beyond its rate is only asked to prove itself then.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

use protocol::session::{Rate, Used};

use crate::limits::ADDRESSES_MAX;

/// What becomes of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Its handshake may go on.
    Welcome,
    /// Its address is to prove itself first, which costs nothing here (QUIC Retry).
    Prove,
    /// It has proved itself, and has come too often.
    Refused,
}

/// Connections of late, by address.
#[derive(Debug)]
pub(crate) struct Arrivals {
    unproven: Counts,
    proven: Counts,
}

impl Arrivals {
    pub(crate) fn new(rate: Rate) -> Arrivals {
        Arrivals {
            unproven: Counts::new(rate),
            proven: Counts::new(rate),
        }
    }

    /// Counts a connection from `from` at `now_us`; `is_proven` if that address has answered.
    pub(crate) fn admit(&mut self, from: IpAddr, is_proven: bool, now_us: i64) -> Admission {
        let house = house(from);
        match is_proven {
            true if self.proven.take(house, now_us) => Admission::Welcome,
            true => Admission::Refused,
            false if self.unproven.take(house, now_us) => Admission::Welcome,
            false => Admission::Prove,
        }
    }
}

/// Two generations of counts: when the younger is full, the elder is forgotten. That an address
/// begins anew then costs one more burst, and the memory stays bounded without a look at the rest.
#[derive(Debug)]
struct Counts {
    rate: Rate,
    young: HashMap<IpAddr, Used>,
    old: HashMap<IpAddr, Used>,
}

impl Counts {
    fn new(rate: Rate) -> Counts {
        let (young, old) = Default::default();
        Counts { rate, young, old }
    }

    fn take(&mut self, house: IpAddr, now_us: i64) -> bool {
        if self.young.len() >= ADDRESSES_MAX && !self.young.contains_key(&house) {
            self.old = std::mem::take(&mut self.young);
        }
        let before = self.old.get(&house).copied();
        let used = self
            .young
            .entry(house)
            .or_insert(before.unwrap_or_default());
        used.take(self.rate, now_us).is_ok()
    }
}

/// Who is counted together: an IPv4 address, or the 64 bits that one IPv6 household is given.
fn house(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
        IpAddr::V4(address) => IpAddr::V4(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_US: i64 = 1_700_000_000_000_000;
    const RATE: Rate = Rate {
        burst: 2,
        per_minute: 60,
    };

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn an_address_that_comes_too_often_must_prove_itself_and_is_then_refused() {
        let mut arrivals = Arrivals::new(RATE);
        let often = address("192.0.2.7");
        let mut come = |is_proven, at_us| arrivals.admit(often, is_proven, NOW_US + at_us);
        assert_eq!([come(false, 0), come(false, 0)], [Admission::Welcome; 2]);
        assert_eq!(come(false, 0), Admission::Prove);
        assert_eq!([come(true, 0), come(true, 0)], [Admission::Welcome; 2]);
        assert_eq!(come(true, 0), Admission::Refused);
        assert_eq!(come(true, 1_000_000), Admission::Welcome, "after a second");
        let other = arrivals.admit(address("192.0.2.8"), false, NOW_US);
        assert_eq!(other, Admission::Welcome, "nobody else is touched");
    }

    #[test]
    fn forged_addresses_do_not_lock_out_their_owner() {
        let mut arrivals = Arrivals::new(RATE);
        let owner = address("192.0.2.7");
        for _ in 0..1_000 {
            arrivals.admit(owner, false, NOW_US);
        }
        let (first, second) = (
            arrivals.admit(owner, false, NOW_US),
            arrivals.admit(owner, true, NOW_US),
        );
        assert_eq!((first, second), (Admission::Prove, Admission::Welcome));
    }

    #[test]
    fn a_household_is_counted_together() {
        let mut arrivals = Arrivals::new(RATE);
        let mut come = |text| arrivals.admit(address(text), false, NOW_US);
        come("2001:db8:1:2::1");
        come("2001:db8:1:2:ffff::2");
        assert_eq!(come("2001:db8:1:2::3"), Admission::Prove);
        assert_eq!(come("2001:db8:1:3::1"), Admission::Welcome);
        come("::ffff:192.0.2.7");
        come("192.0.2.7");
        assert_eq!(come("::ffff:192.0.2.7"), Admission::Prove, "one machine");
    }

    #[test]
    fn memory_is_bounded_and_who_came_lately_is_remembered() {
        let mut counts = Counts::new(RATE);
        let numbered = |number: usize| IpAddr::V4((number as u32).into());
        let busy = address("192.0.2.7");
        assert!(counts.take(busy, NOW_US) && counts.take(busy, NOW_US));
        for number in 0..ADDRESSES_MAX {
            counts.take(numbered(number), NOW_US);
        }
        assert!(!counts.take(busy, NOW_US), "one generation is kept");
        for number in 0..5 * ADDRESSES_MAX {
            counts.take(numbered(number), NOW_US);
            assert!(counts.young.len() <= ADDRESSES_MAX && counts.old.len() <= ADDRESSES_MAX);
        }
    }
}
