#![no_main]
use libfuzzer_sys::fuzz_target;
use linksmith_ntfs::boot::Geometry;

fuzz_target!(|sector: &[u8]| {
    if let Ok(geometry) = Geometry::parse(sector) {
        assert!(geometry.cluster_size.is_power_of_two() && geometry.cluster_size <= 2 << 20);
        assert!(geometry.record_size.is_power_of_two() && geometry.record_size <= 65536);
        assert!(geometry.clusters.checked_mul(geometry.cluster_size.into()).is_some());
        assert!(geometry.mft_lcn < geometry.clusters);
    }
});
