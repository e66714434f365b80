//! Schools and venues.

use rkyv::{Archive, Deserialize, Serialize};

use super::{AgencyId, Code};

/// A school or venue.
#[derive(Archive, Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Site {
    /// Short code.
    pub code: Code,
    /// Full name.
    pub name: Box<str>,
    /// The agency responsible for it.
    pub lead: AgencyId,
    /// IANA time zone: the only local time that matters for work here.
    pub zone: Box<str>,
    /// Where it is.
    pub position: Position,
    /// Radius in metres inside which a punch counts as on site.
    pub geofence_m: u32,
    /// School district.
    pub district: Box<str>,
    /// Kind of site.
    pub kind: SiteKind,
    /// Whether the state department of education funds its officer.
    pub ade_funded: bool,
}

/// What kind of school or venue a site is.
#[derive(
    Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub enum SiteKind {
    /// A public school.
    Public,
    /// A charter school.
    Charter,
    /// A private school; treated as public where the state funds its officer (rule 1).
    Private,
    /// Anything that is not a school.
    Venue,
}

/// A position in millionths of a degree (WGS 84).
#[derive(Archive, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Position {
    /// Millionths of a degree north.
    pub latitude_udeg: i32,
    /// Millionths of a degree east.
    pub longitude_udeg: i32,
}

impl Position {
    /// Whether this is a place on the map.
    pub fn is_on_the_map(self) -> bool {
        self.latitude_udeg.unsigned_abs() <= 90_000_000
            && self.longitude_udeg.unsigned_abs() <= 180_000_000
    }

    /// Whether `other` lies within `radius_m` metres.
    ///
    /// Distances of a geofence are small, so the earth is taken as flat around `self`; integers
    /// keep the answer the same on every machine. The error is below 1 % up to 20 km.
    pub fn is_within(self, other: Position, radius_m: u32) -> bool {
        // One millionth of a degree of latitude is 0.1113 m; longitude shrinks by the cosine of
        // the latitude, taken from a table in steps of one degree, in thousandths.
        let north_mm = (i128::from(self.latitude_udeg) - i128::from(other.latitude_udeg)) * 111;
        let degrees = (self.latitude_udeg.unsigned_abs() / 1_000_000).min(90) as usize;
        let east = i128::from(self.longitude_udeg) - i128::from(other.longitude_udeg);
        let east_mm = east * 111 * i128::from(COSINE_MILLI[degrees]) / 1_000;
        let radius_mm = i128::from(radius_m) * 1_000;
        north_mm * north_mm + east_mm * east_mm <= radius_mm * radius_mm
    }
}

/// Cosines of 0° to 90° in thousandths.
const COSINE_MILLI: [u16; 91] = [
    1000, 1000, 999, 999, 998, 996, 995, 993, 990, 988, 985, 982, 978, 974, 970, 966, 961, 956,
    951, 946, 940, 934, 927, 921, 914, 906, 899, 891, 883, 875, 866, 857, 848, 839, 829, 819, 809,
    799, 788, 777, 766, 755, 743, 731, 719, 707, 695, 682, 669, 656, 643, 629, 616, 602, 588, 574,
    559, 545, 530, 515, 500, 485, 469, 454, 438, 423, 407, 391, 375, 358, 342, 326, 309, 292, 276,
    259, 242, 225, 208, 191, 174, 156, 139, 122, 105, 87, 70, 52, 35, 17, 0,
];
