//! Chinese cities: where the customers of the generated day live. Coordinates and populations are those of GeoNames
//! (geonames.org, CC BY 4.0); provinces are numbered as in GB/T 2260.

use crate::invent::Place;

/// A city.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct City {
    /// Its name.
    pub name: &'static str,
    /// The zone it lies in: its province.
    pub zone: &'static str,
    /// Where it is.
    pub place: Place,
    /// People who live there.
    pub population: u32,
}

const fn city(name: &'static str, zone: &'static str, lat: f64, lon: f64, population: u32) -> City {
    City { name, zone, place: Place { lat, lon }, population }
}

/// The largest of the country, and of every province at least one; the largest first.
pub const CITIES: [City; 57] = [
    city("Shanghai", "CN-31", 31.2222, 121.4581, 24_874_500),
    city("Beijing", "CN-11", 39.9075, 116.3972, 18_960_744),
    city("Shenzhen", "CN-44", 22.5455, 114.0683, 17_494_398),
    city("Guangzhou", "CN-44", 23.1167, 113.25, 16_096_724),
    city("Chengdu", "CN-51", 30.6667, 104.0667, 13_568_357),
    city("Tianjin", "CN-12", 39.1422, 117.1767, 11_090_314),
    city("Wuhan", "CN-42", 30.5833, 114.2667, 10_392_693),
    city("Dongguan", "CN-44", 23.018, 113.7487, 9_644_871),
    city("Xi'an", "CN-61", 34.2583, 108.9286, 9_600_000),
    city("Nanjing", "CN-32", 32.0617, 118.7778, 9_314_685),
    city("Hangzhou", "CN-33", 30.2936, 120.1614, 9_236_032),
    city("Foshan", "CN-44", 23.0268, 113.1315, 9_042_509),
    city("Chongqing", "CN-50", 29.5603, 106.5577, 7_457_599),
    city("Qingdao", "CN-37", 36.0649, 120.3804, 7_172_451),
    city("Shenyang", "CN-21", 41.7922, 123.4328, 7_050_000),
    city("Suzhou", "CN-32", 31.3041, 120.5954, 6_715_559),
    city("Harbin", "CN-23", 45.75, 126.65, 5_242_897),
    city("Hefei", "CN-34", 31.8639, 117.2808, 5_050_000),
    city("Dalian", "CN-21", 38.9122, 121.6022, 4_913_879),
    city("Changchun", "CN-22", 43.88, 125.3228, 4_714_996),
    city("Xiamen", "CN-35", 24.4798, 118.0819, 4_617_251),
    city("Wuxi", "CN-32", 31.5689, 120.2886, 4_396_835),
    city("Jinan", "CN-37", 36.6683, 116.9972, 4_335_989),
    city("Taiyuan", "CN-14", 37.8694, 112.5603, 4_303_673),
    city("Zhengzhou", "CN-41", 34.7578, 113.6486, 4_253_913),
    city("Shijiazhuang", "CN-13", 38.0414, 114.4786, 3_938_513),
    city("Kunming", "CN-53", 25.0389, 102.7183, 3_855_346),
    city("Zhongshan", "CN-44", 22.5231, 113.3791, 3_841_873),
    city("Nanning", "CN-45", 22.8167, 108.3167, 3_839_800),
    city("Shantou", "CN-44", 23.3549, 116.6788, 3_838_900),
    city("Fuzhou", "CN-35", 26.0614, 119.3061, 3_740_000),
    city("Ningbo", "CN-33", 29.8782, 121.5494, 3_731_203),
    city("Tangshan", "CN-13", 39.6438, 118.1832, 3_372_102),
    city("Lüliang", "CN-14", 37.5192, 111.1444, 3_346_500),
    city("Changzhou", "CN-32", 31.7736, 119.954, 3_290_918),
    city("Zibo", "CN-37", 36.7906, 118.0633, 3_129_228),
    city("Changsha", "CN-43", 28.1987, 112.9709, 3_093_980),
    city("Guiyang", "CN-52", 26.5833, 106.7167, 3_037_159),
    city("Ürümqi", "CN-65", 43.801, 87.6005, 3_029_372),
    city("Lanzhou", "CN-62", 36.057, 103.8399, 3_000_000),
    city("Huizhou", "CN-44", 23.1115, 114.4152, 2_900_113),
    city("Haikou", "CN-46", 20.0342, 110.3465, 2_873_358),
    city("Linyi", "CN-37", 35.0631, 118.3428, 2_743_843),
    city("Baoding", "CN-13", 38.8729, 115.4625, 2_739_887),
    city("Wenzhou", "CN-33", 27.9994, 120.6668, 2_650_000),
    city("Huai'an", "CN-32", 33.5886, 119.0192, 2_494_013),
    city("Nanchang", "CN-36", 28.684, 115.8531, 2_357_839),
    city("Hohhot", "CN-15", 40.8106, 111.6522, 2_350_000),
    city("Shaoxing", "CN-33", 30.0024, 120.5786, 2_300_000),
    city("Nantong", "CN-32", 32.0303, 120.8747, 2_273_326),
    city("Yantai", "CN-37", 37.4765, 121.4408, 2_227_733),
    city("Zhuhai", "CN-44", 22.2769, 113.5678, 2_207_090),
    city("Baotou", "CN-15", 40.6516, 109.8439, 2_150_000),
    city("Weifang", "CN-37", 36.71, 119.1019, 2_044_028),
    city("Xining", "CN-63", 36.6255, 101.7574, 1_677_177),
    city("Yinchuan", "CN-64", 38.4681, 106.2731, 1_487_579),
    city("Lhoka", "CN-54", 29.243, 91.7724, 353_700),
];
