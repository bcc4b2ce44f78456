//! Places on the globe.

/// A place in degrees.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Place {
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
}

impl Place {
    /// Great-circle distance in kilometres.
    pub fn km_to(self, other: Place) -> f64 {
        const EARTH_KM: f64 = 6_371.0;
        let (lat_a, lat_b) = (self.lat.to_radians(), other.lat.to_radians());
        let lat = ((lat_b - lat_a) / 2.0).sin();
        let lon = ((other.lon - self.lon).to_radians() / 2.0).sin();
        let chord = lat * lat + lat_a.cos() * lat_b.cos() * lon * lon;
        2.0 * EARTH_KM * chord.sqrt().min(1.0).asin()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shanghai_to_beijing() {
        let shanghai = Place { lat: 31.2222, lon: 121.4581 };
        let beijing = Place { lat: 39.9075, lon: 116.3972 };
        let km = shanghai.km_to(beijing);
        assert!((1_060.0..1_080.0).contains(&km), "{km}");
        assert_eq!(shanghai.km_to(shanghai), 0.0);
    }
}
