use proptest::prelude::*;

use super::*;

const SQUARE: [Point; 4] = [(130.0, 47.0), (130.01, 47.0), (130.01, 47.01), (130.0, 47.01)];

#[test]
fn the_shift_is_as_large_as_measured() {
    let shift = |point| distance_m(point, wgs84_to_gcj02(point));
    assert!((shift((130.2763, 47.3318)) - 646.0).abs() < 6.0, "Hegang {}", shift((130.2763, 47.3318)));
    assert!((shift((116.3974, 39.9093)) - 555.0).abs() < 6.0, "Beijing {}", shift((116.3974, 39.9093)));
}

#[test]
fn the_known_vector_comes_out() {
    // the example that the open implementations share
    let (lng, lat) = wgs84_to_gcj02((116.404, 39.915));
    assert!((lng - 116.410_244_499_169_38).abs() < 1e-9 && (lat - 39.916_404_281_501_64).abs() < 1e-9, "{lng} {lat}");
}

#[test]
fn outside_china_nothing_is_shifted() {
    for point in [(2.35, 48.86), (139.7, 35.7), (-74.0, 40.7), (0.0, 0.0)] {
        assert_eq!((wgs84_to_gcj02(point), gcj02_to_wgs84(point)), (point, point));
    }
}

proptest! {
    #[test]
    fn there_and_back_is_less_than_a_centimetre(lng in 73.0..137.0, lat in 1.5..55.0) {
        let back = gcj02_to_wgs84(wgs84_to_gcj02((lng, lat)));
        prop_assert!(distance_m(back, (lng, lat)) < 0.01);
    }

    #[test]
    fn inside_is_at_no_distance_and_outside_at_some(lng in 129.99..130.02, lat in 46.99..47.02) {
        let inside = (130.0..=130.01).contains(&lng) && (47.0..=47.01).contains(&lat);
        prop_assert_eq!(contains(&SQUARE, (lng, lat)), inside);
        prop_assert_eq!(distance_to_ring_m(&SQUARE, (lng, lat)) == 0.0, inside);
    }
}

#[test]
fn a_degree_of_latitude_is_111_km() {
    assert!((distance_m((130.0, 47.0), (130.0, 48.0)) - 111_195.0).abs() < 1.0);
    assert!((distance_m((0.0, 0.0), (180.0, 0.0)) - PI * EARTH_M).abs() < 1.0);
    assert_eq!(distance_m((130.0, 47.0), (130.0, 47.0)), 0.0);
}

#[test]
fn the_boundary_counts_as_inside_however_the_ring_is_written() {
    let mut closed = SQUARE.to_vec();
    closed.push(SQUARE[0]);
    let backwards: Vec<Point> = SQUARE.into_iter().rev().collect();
    for ring in [&SQUARE[..], &closed, &backwards] {
        for point in [(130.0, 47.0), (130.005, 47.0), (130.01, 47.005), (130.01, 47.01), (130.005, 47.005)] {
            assert!(contains(ring, point), "{point:?}");
        }
        assert!(!contains(ring, (130.010_1, 47.005)) && !contains(ring, (130.02, 47.0)));
    }
}

#[test]
fn a_hollow_does_not_belong_to_the_ring() {
    let hollow = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (2.0, 1.0), (0.0, 4.0)];
    assert!(!contains(&hollow, (2.0, 2.0)) && contains(&hollow, (0.5, 2.0)) && contains(&hollow, (3.5, 2.0)));
}

#[test]
fn the_distance_to_a_ring_is_that_to_its_nearest_edge() {
    let north = distance_to_ring_m(&SQUARE, (130.005, 47.011));
    assert!((north - 111.195).abs() < 0.01, "{north}");
    let east = distance_to_ring_m(&SQUARE, (130.011, 47.005));
    assert!((east - distance_m((130.01, 47.005), (130.011, 47.005))).abs() < 0.01, "{east}");
    assert_eq!(distance_to_ring_m(&[], (130.0, 47.0)), f64::INFINITY);
}

#[test]
fn the_centre_is_that_of_the_area() {
    let near = |ring: &[Point], (lng, lat): Point| {
        let centre = centroid(ring).unwrap();
        assert!((centre.0 - lng).abs() < 1e-9 && (centre.1 - lat).abs() < 1e-9, "{centre:?}");
    };
    near(&SQUARE, (130.005, 47.005));
    near(&[SQUARE[0], SQUARE[1], SQUARE[2], SQUARE[3], SQUARE[0]], (130.005, 47.005));
    near(&[SQUARE[0], (130.005, 47.0), SQUARE[1], SQUARE[2], SQUARE[3]], (130.005, 47.005));
    near(&[(130.0, 47.0)], (130.0, 47.0));
    near(&[(130.0, 47.0), (131.0, 48.0)], (130.5, 47.5));
    assert_eq!(centroid(&[]), None);
}
