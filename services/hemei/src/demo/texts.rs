//! What people report in a northern winter, and how it is put right.

/// A kind of report. The codes are those of the shipped categories.
#[derive(Debug)]
pub struct Subject {
    pub category: &'static str,
    pub department: &'static str,
    /// The category's time to resolve.
    pub hours: i64,
    /// Of a hundred reports.
    pub weight: u32,
    pub reports: [&'static str; 3],
    pub resolution: &'static str,
}

const fn subject(
    (category, department, hours, weight): (&'static str, &'static str, i64, u32),
    reports: [&'static str; 3],
    resolution: &'static str,
) -> Subject {
    Subject { category, department, hours, weight, reports, resolution }
}

pub static SUBJECTS: [Subject; 12] = [
    subject(
        ("10001", "urban_management", 24, 26),
        ["楼前台阶结冰，老人下楼很滑", "小区主路积雪没人清，车打滑", "单元门口冰面，昨天有人摔倒"],
        "已组织人员破冰除雪并撒防滑料。",
    ),
    subject(
        ("01037", "urban_management", 48, 11),
        ["小区路灯三盏不亮，晚上看不清路", "大门口路灯一闪一闪", "楼后一排路灯都灭了"],
        "已更换灯头并检修线路，夜间复查正常。",
    ),
    subject(
        ("01002", "housing", 24, 7),
        ["人行道井盖破了一角", "井盖松动，车过就响", "井盖下沉，有坑"],
        "已更换井盖并加固井圈。",
    ),
    subject(
        ("81010", "housing", 24, 12),
        ["家里只有十五度，暖气不热", "顶楼暖气片上热下凉", "整个单元温度不够，有老人孩子"],
        "已上门测温、排气并调整阀门，室温达标。",
    ),
    subject(
        ("81003", "housing", 72, 8),
        ["三楼楼道堆满纸箱", "楼道里放了旧沙发，通道很窄", "楼道堆杂物，担心着火"],
        "已与住户沟通清走杂物，楼道畅通。",
    ),
    subject(
        ("85001", "fire", 24, 7),
        ["有人从窗户拉线给电动车充电", "飞线充电，雪天更危险", "一楼窗口两根插线板拖到车棚"],
        "已拆除飞线，告知集中充电点位置。",
    ),
    subject(
        ("06042", "urban_management", 12, 8),
        ["垃圾箱满了两天没清", "垃圾点溢出来，风一吹到处都是", "垃圾箱旁边堆了装修垃圾"],
        "已清运并冲洗点位，加密清运频次。",
    ),
    subject(
        ("81007", "housing", 24, 5),
        ["楼下下水返味往外冒水", "单元门口污水结冰", "地下室管道漏水"],
        "已疏通管道、更换破损管段，清除冰面。",
    ),
    subject(
        ("09012", "fire", 12, 6),
        ["消防通道被面包车堵住", "消防通道画线上停满车", "通道口堆了建材"],
        "已劝离车辆、清走占道物，恢复通道。",
    ),
    subject(
        ("06013", "housing", 120, 4),
        ["路面有个大坑，骑车差点摔", "路面破损，雪盖住看不见", "井边路面塌了一圈"],
        "已用冷补料临时修补并设提示，开春复修。",
    ),
    subject(
        ("06028", "public_security", 48, 2),
        ["半夜装修噪声大", "楼下音响放到很晚", "凌晨有人放鞭炮"],
        "已上门劝导，约定时段。",
    ),
    subject(
        ("99999", "urban_management", 48, 4),
        ["小区里有三只流浪狗追人", "宣传栏玻璃碎了", "健身器材旁边铁丝露出来"],
        "已到场处理，隐患消除。",
    ),
];
