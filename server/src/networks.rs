//! Networks of addresses, as settings name them.

use std::net::IpAddr;
use std::str::FromStr;

/// The addresses that begin with the same bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Network {
    address: IpAddr,
    /// How many bits these are: 32 or 128 for one address.
    bits: u8,
}

impl FromStr for Network {
    type Err = &'static str;

    /// Reads an address (`10.0.0.7`), or an address and the number of its leading bits that count (`10.0.0.0/8`).
    fn from_str(text: &str) -> Result<Network, &'static str> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| "it is no IP address")?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        match bits.map_or(Some(most), |bits| bits.parse().ok()) {
            Some(0) => Err("it names every address"),
            Some(bits) if bits <= most => Ok(Network { address, bits }),
            _ => Err("behind the / stands the number of bits: 1 to 32, or to 128 for IPv6"),
        }
    }
}

impl Network {
    /// Whether an address is one of them. An IPv4 address that is written as IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                (network.to_bits() ^ address.to_bits()).leading_zeros() >= u32::from(self.bits)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                (network.to_bits() ^ address.to_bits()).leading_zeros() >= u32::from(self.bits)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_an_address_and_the_bits_that_count() {
        let contains =
            |network: &str, address: &str| network.parse::<Network>().unwrap().contains(address.parse().unwrap());
        assert!(contains("10.1.0.0/16", "10.1.255.7") && !contains("10.1.0.0/16", "10.2.0.1"));
        assert!(contains("10.1.2.3", "10.1.2.3") && !contains("10.1.2.3", "10.1.2.4"));
        assert!(contains("10.1.2.3/1", "127.0.0.1") && !contains("10.1.2.3/1", "128.0.0.1"));
        assert!(contains("10.1.0.0/16", "::ffff:10.1.0.1"), "a listener on [::] sees it like this");
        assert!(contains("2001:db8::/32", "2001:db8:ff::1") && !contains("2001:db8::/32", "2001:db9::1"));
        assert!(!contains("::1", "127.0.0.1") && !contains("127.0.0.1", "::1"));
        for odd in
            ["", "proxy", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "0.0.0.0/0", "::/129", "::/0"]
        {
            assert!(odd.parse::<Network>().is_err(), "{odd}");
        }
    }
}
