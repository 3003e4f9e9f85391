//! Places on the map: GCJ-02 against WGS-84, distances, and rings of (longitude, latitude) in degrees.
use std::f64::consts::PI;

/// Longitude and latitude in degrees.
pub type Point = (f64, f64);

const EARTH_M: f64 = 6_371_008.8;
/// Semi-major axis and squared eccentricity of the Krasovsky ellipsoid, on which GCJ-02 is defined.
const AXIS_M: f64 = 6_378_245.0;
const ECCENTRICITY: f64 = 0.006_693_421_622_965_823;
/// A tenth of a millimetre: so near a point counts as on the line.
const ON_LINE_DEG: f64 = 1e-9;

/// The shifted coordinate that maps in China show; outside China the same.
pub fn wgs84_to_gcj02((lng, lat): Point) -> Point {
    if !(72.004..=137.8347).contains(&lng) || !(0.8293..=55.8271).contains(&lat) {
        return (lng, lat);
    }
    let (x, y) = (lng - 105.0, lat - 35.0);
    let waves = (20.0 * (6.0 * x * PI).sin() + 20.0 * (2.0 * x * PI).sin()) * 2.0 / 3.0;
    let north = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * x.abs().sqrt()
        + waves
        + (20.0 * (y * PI).sin() + 40.0 * (y / 3.0 * PI).sin()) * 2.0 / 3.0
        + (160.0 * (y / 12.0 * PI).sin() + 320.0 * (y * PI / 30.0).sin()) * 2.0 / 3.0;
    let east = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * x.abs().sqrt()
        + waves
        + (20.0 * (x * PI).sin() + 40.0 * (x / 3.0 * PI).sin()) * 2.0 / 3.0
        + (150.0 * (x / 12.0 * PI).sin() + 300.0 * (x / 30.0 * PI).sin()) * 2.0 / 3.0;
    let lat_rad = lat.to_radians();
    let magic = 1.0 - ECCENTRICITY * lat_rad.sin().powi(2);
    let metres_north = AXIS_M * (1.0 - ECCENTRICITY) / (magic * magic.sqrt());
    let metres_east = AXIS_M / magic.sqrt() * lat_rad.cos();
    (lng + (east / metres_east).to_degrees(), lat + (north / metres_north).to_degrees())
}

/// The true coordinate of a shifted one, by iteration, to less than a centimetre.
pub fn gcj02_to_wgs84(gcj: Point) -> Point {
    let mut wgs = gcj;
    // the shift hardly differs over 700 m, so every step gains two to three digits
    for _ in 0..10 {
        let shifted = wgs84_to_gcj02(wgs);
        let (lng, lat) = (shifted.0 - gcj.0, shifted.1 - gcj.1);
        wgs = (wgs.0 - lng, wgs.1 - lat);
        if lng.abs() < 1e-6 && lat.abs() < 1e-6 {
            break;
        }
    }
    wgs
}

/// Metres between two points over the sphere.
pub fn distance_m(from: Point, to: Point) -> f64 {
    let half = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
    let along = from.1.to_radians().cos() * to.1.to_radians().cos() * half(to.0 - from.0);
    2.0 * EARTH_M * (half(to.1 - from.1) + along).sqrt().min(1.0).asin()
}

/// Whether a point lies in a ring, closed or not; the boundary counts as inside.
pub fn contains(ring: &[Point], point: Point) -> bool {
    let mut inside = false;
    for (from, to) in edges(ring) {
        if off_line(point, from, to, (1.0, 1.0)) <= ON_LINE_DEG {
            return true;
        }
        let crosses = (from.1 > point.1) != (to.1 > point.1);
        if crosses && point.0 < (to.0 - from.0) * (point.1 - from.1) / (to.1 - from.1) + from.0 {
            inside = !inside;
        }
    }
    inside
}

/// Metres from a point to a ring: 0 inside; infinite for an empty ring.
pub fn distance_to_ring_m(ring: &[Point], point: Point) -> f64 {
    if contains(ring, point) {
        return 0.0;
    }
    let degree = EARTH_M.to_radians();
    let scale = (degree * point.1.to_radians().cos(), degree);
    edges(ring).map(|(from, to)| off_line(point, from, to, scale)).fold(f64::INFINITY, f64::min)
}

/// The centre of a ring's area, or the mean of its points where it has no area; none for an empty ring.
pub fn centroid(ring: &[Point]) -> Option<Point> {
    let &origin = ring.first()?;
    let (mut double_area, mut sum) = (0.0, (0.0, 0.0));
    for (from, to) in edges(ring) {
        let (from, to) = (minus(from, origin), minus(to, origin));
        let cross = from.0 * to.1 - to.0 * from.1;
        double_area += cross;
        sum = (sum.0 + (from.0 + to.0) * cross, sum.1 + (from.1 + to.1) * cross);
    }
    if double_area.abs() > 1e-15 {
        return Some((origin.0 + sum.0 / (3.0 * double_area), origin.1 + sum.1 / (3.0 * double_area)));
    }
    let count = ring.len() as f64;
    let sum = ring.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
    Some((sum.0 / count, sum.1 / count))
}

/// All edges, the closing one included.
fn edges(ring: &[Point]) -> impl Iterator<Item = (Point, Point)> {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1))
}

/// How far a point is from a line between two points, with axes scaled to the unit wanted.
fn off_line(point: Point, from: Point, to: Point, scale: Point) -> f64 {
    let scaled = |(x, y): Point| (x * scale.0, y * scale.1);
    let (line, point) = (scaled(minus(to, from)), scaled(minus(point, from)));
    let length = line.0 * line.0 + line.1 * line.1;
    let along = if length > 0.0 { ((point.0 * line.0 + point.1 * line.1) / length).clamp(0.0, 1.0) } else { 0.0 };
    (point.0 - along * line.0).hypot(point.1 - along * line.1)
}

fn minus(point: Point, origin: Point) -> Point {
    (point.0 - origin.0, point.1 - origin.1)
}

#[cfg(test)]
mod tests;
