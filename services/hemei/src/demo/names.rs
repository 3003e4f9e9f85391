//! Invented names, drawn from fixed lists: nobody and nothing real is meant.
use rand::{Rng, rngs::StdRng};

const SURNAMES: &str = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕";
const FIRST: &str = "志文建国明晓春秀丽海德永玉桂淑立新家振伟宏少启子雨思嘉俊";
const LAST: &str = "强华平军芳兰英杰梅涛宇鹏辉娜静霞波刚磊洋婷燕玲龙凤成林生山民";

/// A name of two or three characters.
pub fn person(random: &mut StdRng) -> String {
    let surname = draw(random, SURNAMES);
    let last = draw(random, LAST);
    if random.random_bool(0.2) { format!("{surname}{last}") } else { format!("{surname}{}{last}", draw(random, FIRST)) }
}

fn draw(random: &mut StdRng, characters: &str) -> char {
    let index = random.random_range(0..characters.chars().count());
    characters.chars().nth(index).unwrap_or('明')
}

/// Code and name of every street, the first district's five first.
pub const STREETS: [(&str, &str); 8] = [
    ("xy", "向阳街道"),
    ("hq", "红旗街道"),
    ("tj", "团结街道"),
    ("xn", "新南街道"),
    ("yc", "育才街道"),
    ("sl", "松林街道"),
    ("hd", "河东街道"),
    ("lb", "岭北街道"),
];

/// The communities, four a street and in the last two streets three.
pub const COMMUNITIES: [&str; 30] = [
    "朝晖", "永安", "和顺", "长青", "北苑", "清泉", "光明", "兴华", "安康", "春和", "锦绣", "瑞祥", "同心", "福临",
    "康宁", "翠湖", "书香", "文昌", "启明", "育英", "松鹤", "云杉", "白桦", "林语", "河湾", "柳岸", "长堤", "北坡",
    "望岭", "青石",
];

const COMPOUND_STEMS: [&str; 30] = [
    "松涛", "金秋", "丽景", "华府", "阳光", "紫薇", "银杏", "丁香", "玉兰", "海棠", "枫林", "碧水", "蓝湾", "佳和",
    "祥云", "天润", "鑫源", "龙泽", "鹤鸣", "百合", "梧桐", "康桥", "吉祥", "如意", "嘉禾", "沁园", "怡景", "旭日",
    "星光", "远山",
];
const COMPOUND_KINDS: [&str; 5] = ["小区", "花园", "家园", "新村", "苑"];

/// The name of one of 150 compounds, none twice.
pub fn compound(index: usize) -> String {
    format!("{}{}", COMPOUND_STEMS[index % 30], COMPOUND_KINDS[index / 30 % 5])
}

/// The departments of a district: code and name. The codes are those the categories of reports name.
pub const DEPARTMENTS: [(&str, &str); 18] = [
    ("urban_management", "城市管理局"),
    ("housing", "住房和城乡建设局"),
    ("fire", "消防救援大队"),
    ("traffic_police", "交警大队"),
    ("market", "市场监督管理局"),
    ("emergency", "应急管理局"),
    ("ecology", "生态环境局"),
    ("public_security", "公安分局"),
    ("justice", "司法局"),
    ("civil_affairs", "民政局"),
    ("party_building", "区委组织部"),
    ("heating", "供热公司"),
    ("water", "供水公司"),
    ("power", "供电公司"),
    ("health", "卫生健康局"),
    ("education", "教育局"),
    ("social_security", "人力资源和社会保障局"),
    ("business", "营商环境建设监督局"),
];
