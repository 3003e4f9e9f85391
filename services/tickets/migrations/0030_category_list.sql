-- The suite's own lists live here and nowhere else: what a release brings comes by a migration, what operators change by `hemei categories`.
insert into tickets.category (
    district_id, category_code, name, english_name, level, priority, resolve_hours, clock,
    after_photo, department_code, tile, source, duplicate_metres, duplicate_hours)
select '00000000-0000-0000-0000-000000000000', l.* from (values
    ('01002', '污水井盖异常', 'sewer manhole cover abnormal', 2, 1, 24, 'NATURAL', false, 'housing', '井盖', 'GB/T 47678.5-2026, one public transcription, to be verified', 30, 168),
    ('01003', '雨水井盖异常', 'storm-drain manhole cover abnormal', 2, 1, 24, 'NATURAL', false, 'housing', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 30, 168),
    ('01005', '电力井盖异常', 'power manhole cover abnormal', 2, 1, 24, 'NATURAL', false, 'housing', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 30, 168),
    ('01007', '通信井盖异常', 'telecom manhole cover abnormal', 2, 1, 24, 'NATURAL', false, 'housing', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 30, 168),
    ('01010', '热力井盖异常', 'heating manhole cover abnormal', 2, 1, 24, 'NATURAL', false, 'housing', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 30, 168),
    ('01011', '燃气井盖异常', 'gas manhole cover abnormal', 2, 1, 24, 'NATURAL', false, 'housing', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 30, 168),
    ('01037', '路灯异常', 'street lamp abnormal', 2, 2, 48, 'NATURAL', false, 'urban_management', '路灯', 'GB/T 47678.5-2026, one public transcription, to be verified', 30, 168),
    ('01046', '户外健身设施异常', 'outdoor fitness equipment abnormal', 3, 2, 72, 'NATURAL', false, 'urban_management', '设施损坏', 'GB/T 47678.5-2026, one public transcription, to be verified', 30, 168),
    ('01048', '变压器（箱）异常', 'transformer box abnormal', 1, 1, 24, 'NATURAL', false, 'emergency', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 30, 168),
    ('01054', '充电桩异常', 'charging point abnormal', 2, 2, 48, 'NATURAL', false, 'urban_management', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 30, 168),
    ('01061', '露天供热管道异常', 'outdoor heating pipe abnormal', 1, 1, 24, 'NATURAL', false, 'housing', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 30, 168),
    ('01076', '公用电梯异常', 'public lift abnormal', 1, 1, 24, 'NATURAL', false, 'market', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 30, 168),
    ('02010', '交通标志牌及标线异常', 'traffic sign or marking abnormal', 1, 2, 72, 'NATURAL', false, 'traffic_police', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 30, 168),
    ('02014', '交通信号灯异常', 'traffic light abnormal', 1, 1, 24, 'NATURAL', false, 'traffic_police', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 30, 168),
    ('02017', '交通护栏异常', 'traffic guard rail abnormal', 1, 2, 72, 'NATURAL', false, 'traffic_police', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 30, 168),
    ('02034', '无障碍设施异常', 'accessibility facility abnormal', 2, 2, 72, 'NATURAL', false, 'urban_management', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 30, 168),
    ('03001', '公共厕所异常', 'public toilet abnormal', 2, 2, 48, 'NATURAL', false, 'urban_management', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 30, 168),
    ('03005', '垃圾箱异常', 'litter bin abnormal', 3, 3, 48, 'NATURAL', false, 'urban_management', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 30, 168),
    ('04002', '行道树异常', 'street tree abnormal', 2, 2, 72, 'NATURAL', false, 'urban_management', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 30, 168),
    ('06001', '私搭乱建', 'unauthorised structures', 2, 2, 130, 'WORKING', true, 'urban_management', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 50, 72),
    ('06004', '建筑物外立面污损', 'soiled or damaged facade', 2, 3, 120, 'NATURAL', false, 'urban_management', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 50, 72),
    ('06008', '擅自架设管线、杆线设施', 'unauthorised pipes, poles or lines', 2, 2, 120, 'NATURAL', false, 'urban_management', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 50, 72),
    ('06010', '暴露垃圾', 'exposed rubbish', 3, 2, 24, 'NATURAL', false, 'urban_management', '垃圾脏乱', 'GB/T 47678.5-2026, one public transcription, to be verified', 50, 72),
    ('06011', '积存垃圾渣土', 'accumulated rubbish or spoil', 3, 2, 24, 'NATURAL', false, 'urban_management', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 50, 72),
    ('06012', '道路不洁', 'dirty road', 3, 3, 24, 'NATURAL', false, 'urban_management', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 50, 72),
    ('06013', '道路破损', 'damaged road', 2, 2, 120, 'NATURAL', false, 'housing', '道路破损', 'GB/T 47678.5-2026, one public transcription, to be verified', 50, 72),
    ('06017', '绿地脏乱', 'littered green space', 3, 3, 48, 'NATURAL', false, 'urban_management', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 50, 72),
    ('06020', '焚烧垃圾、树叶', 'burning rubbish or leaves', 2, 1, 12, 'NATURAL', false, 'urban_management', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 100, 12),
    ('06027', '油烟污染', 'cooking-fume pollution', 2, 2, 72, 'NATURAL', false, 'ecology', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 50, 72),
    ('06028', '噪声扰民', 'noise nuisance', 2, 2, 48, 'NATURAL', false, 'public_security', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 100, 24),
    ('06030', '乱倒乱排污水、废水', 'illegal discharge of waste water', 2, 1, 24, 'NATURAL', false, 'ecology', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 50, 72),
    ('06034', '废弃车辆', 'abandoned vehicle', 2, 3, 120, 'NATURAL', false, 'urban_management', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 50, 72),
    ('06036', '乱堆杂物', 'objects piled in public space', 3, 2, 48, 'NATURAL', false, 'urban_management', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 50, 72),
    ('06037', '动物尸体', 'dead animal', 3, 1, 12, 'NATURAL', false, 'urban_management', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 50, 72),
    ('06040', '私设地锁、阻车桩', 'private parking lock or bollard', 3, 2, 72, 'NATURAL', false, 'urban_management', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 50, 72),
    ('06042', '垃圾站（箱）满溢', 'overflowing bin or station', 3, 2, 12, 'NATURAL', false, 'urban_management', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 50, 72),
    ('06045', '非法占绿毁绿', 'occupied or destroyed green space', 2, 2, 120, 'NATURAL', false, 'urban_management', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 50, 72),
    ('06049', '台阶破损', 'damaged steps', 3, 2, 120, 'NATURAL', false, 'housing', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 50, 72),
    ('06052', '无障碍坡道破损', 'damaged accessible ramp', 3, 2, 120, 'NATURAL', false, 'housing', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 50, 72),
    ('07001', '非法小广告', 'illegal small ads', 3, 3, 48, 'NATURAL', false, 'urban_management', '小广告', 'GB/T 47678.5-2026, one public transcription, to be verified', 50, 168),
    ('07003', '违规户外广告', 'illegal outdoor advertising', 2, 3, 33, 'WORKING', false, 'urban_management', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 50, 168),
    ('08001', '施工扰民', 'construction nuisance', 2, 2, 24, 'NATURAL', false, 'housing', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 100, 72),
    ('08002', '施工占道', 'construction occupying road', 2, 2, 48, 'NATURAL', false, 'housing', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 100, 72),
    ('08004', '工地扬尘', 'site dust', 1, 2, 24, 'NATURAL', false, 'ecology', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 100, 72),
    ('08007', '施工工地围挡问题', 'site hoarding problem', 2, 2, 48, 'NATURAL', false, 'housing', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 100, 72),
    ('09001', '无照经营游商', 'unlicensed mobile vendor', 2, 3, 24, 'NATURAL', false, 'urban_management', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 50, 12),
    ('09005', '店外经营', 'trading outside shop', 2, 3, 24, 'NATURAL', false, 'urban_management', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 50, 12),
    ('09006', '占道经营', 'trading on the road', 2, 2, 24, 'NATURAL', false, 'urban_management', '占道经营', 'GB/T 47678.5-2026, one public transcription, to be verified', 50, 12),
    ('09009', '机动车乱停放', 'illegal car parking', 2, 2, 24, 'NATURAL', false, 'traffic_police', '乱停乱放', 'GB/T 47678.5-2026, one public transcription, to be verified', 50, 12),
    ('09010', '非机动车乱停放', 'illegal bicycle or e-bike parking', 3, 3, 24, 'NATURAL', false, 'urban_management', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 50, 12),
    ('09012', '占用消防通道', 'fire lane blocked', 2, 1, 12, 'NATURAL', true, 'fire', '消防通道', 'GB/T 47678.5-2026, one public transcription, to be verified', 50, 12),
    ('09019', '占用无障碍通道', 'accessible route blocked', 3, 2, 24, 'NATURAL', false, 'urban_management', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 50, 12),
    ('10001', '道路积雪、结冰', 'snow or ice on road', 2, 1, 24, 'NATURAL', false, 'urban_management', '积雪结冰', 'GB/T 47678.5-2026, one public transcription, to be verified', 100, 24),
    ('10002', '架空线缆脱落', 'fallen overhead cable', 1, 1, 12, 'NATURAL', false, 'emergency', '', 'GB/T 47678.5-2026, one public transcription, to be verified', 100, 24),
    ('80001', '供水管道破裂', 'burst water pipe', 1, 0, 2, 'NATURAL', false, 'housing', '', 'local extension', 200, 24),
    ('80002', '供热、燃气管道破裂', 'burst heating or gas pipe', 1, 0, 2, 'NATURAL', false, 'housing', '', 'local extension', 200, 24),
    ('80003', '停水停电停热', 'outage of water, power or heating', 1, 0, 24, 'NATURAL', false, 'housing', '', 'local extension', 1000, 24),
    ('80004', '路面塌陷', 'road collapse', 1, 0, 2, 'NATURAL', false, 'housing', '', 'local extension', 200, 24),
    ('80005', '积水内涝', 'flooding', 1, 0, 2, 'NATURAL', false, 'emergency', '', 'local extension', 200, 24),
    ('80006', '火情', 'fire', 1, 0, 2, 'NATURAL', false, 'fire', '', 'local extension', 200, 24),
    ('80007', '电梯困人', 'people trapped in a lift', 1, 0, 2, 'NATURAL', false, 'fire', '', 'local extension', 200, 24),
    ('80008', '高空坠物', 'falling objects', 1, 0, 2, 'NATURAL', false, 'emergency', '', 'local extension', 200, 24),
    ('80009', '其他突发事件', 'other emergency', 1, 0, 2, 'NATURAL', false, 'emergency', '', 'local extension', 200, 24),
    ('81001', '小区物业：保洁', 'compound property service: cleaning', 4, 2, 48, 'NATURAL', false, 'housing', '小区物业', 'local extension', 100, 72),
    ('81002', '小区物业：垃圾清运', 'compound property service: rubbish collection', 4, 2, 24, 'NATURAL', false, 'housing', '', 'local extension', 100, 72),
    ('81003', '小区物业：楼道堆物', 'compound property service: objects piled in stairwell', 4, 2, 72, 'NATURAL', false, 'housing', '', 'local extension', 100, 72),
    ('81004', '小区物业：楼道照明', 'compound property service: stairwell lighting', 4, 2, 72, 'NATURAL', false, 'housing', '', 'local extension', 100, 72),
    ('81005', '小区物业：单元门', 'compound property service: entrance door', 4, 2, 72, 'NATURAL', false, 'housing', '', 'local extension', 100, 72),
    ('81006', '小区物业：电梯', 'compound property service: lift', 4, 1, 24, 'NATURAL', false, 'housing', '', 'local extension', 100, 72),
    ('81007', '小区物业：下水堵塞', 'compound property service: blocked drain', 4, 2, 24, 'NATURAL', false, 'housing', '', 'local extension', 100, 72),
    ('81008', '小区物业：屋面渗漏', 'compound property service: leaking roof', 4, 2, 240, 'NATURAL', false, 'housing', '', 'local extension', 100, 72),
    ('81009', '小区物业：外墙脱落', 'compound property service: falling outer wall', 4, 1, 24, 'NATURAL', false, 'housing', '', 'local extension', 100, 72),
    ('81010', '小区物业：供热不达标', 'compound property service: heating below standard', 4, 1, 24, 'NATURAL', false, 'housing', '', 'local extension', 200, 48),
    ('81011', '小区物业：绿化养护', 'compound property service: care of greenery', 4, 2, 120, 'NATURAL', false, 'housing', '', 'local extension', 100, 72),
    ('81012', '小区物业：停车秩序', 'compound property service: parking order', 4, 2, 72, 'NATURAL', false, 'housing', '', 'local extension', 100, 72),
    ('83001', '邻里纠纷：噪声', 'neighbour dispute: noise', 3, 3, 120, 'NATURAL', false, 'justice', '', 'local extension', 50, 168),
    ('83002', '邻里纠纷：漏水', 'neighbour dispute: leaking water', 3, 2, 120, 'NATURAL', false, 'justice', '', 'local extension', 50, 168),
    ('84001', '民生服务：助老', 'livelihood: help for the old', 3, 2, 13, 'WORKING', false, 'civil_affairs', '', 'local extension', 50, 168),
    ('84005', '民生服务：政策咨询', 'livelihood: advice on policies', 3, 3, 13, 'WORKING', false, 'civil_affairs', '', 'local extension', 50, 168),
    ('85001', '安全隐患：电动车飞线充电', 'safety hazard: e-bike charged by a wire from a window', 3, 1, 24, 'NATURAL', true, 'fire', '', 'local extension', 50, 72),
    ('85002', '安全隐患：消防设施', 'safety hazard: fire equipment', 3, 1, 24, 'NATURAL', true, 'fire', '', 'local extension', 50, 72),
    ('85003', '安全隐患：燃气', 'safety hazard: gas', 2, 0, 5, 'NATURAL', false, 'housing', '', 'local extension', 50, 72),
    ('85004', '安全隐患：自建房', 'safety hazard: self-built house', 2, 1, 72, 'NATURAL', false, 'housing', '', 'local extension', 50, 72),
    ('86001', '冰雪：人行道积雪', 'ice and snow: snow on the pavement', 3, 1, 24, 'NATURAL', false, 'urban_management', '', 'local extension', 100, 24),
    ('86002', '冰雪：楼前清雪', 'ice and snow: snow before the building', 4, 2, 24, 'NATURAL', false, 'urban_management', '', 'local extension', 100, 24),
    ('86003', '冰雪：冰溜', 'ice and snow: icicles', 3, 1, 12, 'NATURAL', false, 'urban_management', '', 'local extension', 100, 24),
    ('86004', '冰雪：防滑', 'ice and snow: slippery ground', 4, 1, 12, 'NATURAL', false, 'urban_management', '', 'local extension', 100, 24),
    ('87003', '党建共建：意见建议', 'co-building: suggestion', 3, 3, 33, 'WORKING', false, 'party_building', '', 'local extension', 50, 72),
    ('99999', '待分类', 'to be classified', 2, 2, 48, 'NATURAL', false, 'urban_management', '其他', 'suite', 50, 72)
) as l (category_code, name, english_name, level, priority, resolve_hours, clock, after_photo, department_code, tile, source, duplicate_metres, duplicate_hours)
on conflict on constraint category_key do update set
    name = excluded.name, english_name = excluded.english_name, level = excluded.level, priority = excluded.priority,
    resolve_hours = excluded.resolve_hours, clock = excluded.clock, after_photo = excluded.after_photo, department_code = excluded.department_code,
    tile = excluded.tile, source = excluded.source, duplicate_metres = excluded.duplicate_metres, duplicate_hours = excluded.duplicate_hours;

-- Their first version, so that the next one does not hide it.
insert into tickets.category_version (
    district_id, category_code, version, name, english_name, level, priority, resolve_hours, clock, after_photo,
    department_code, tile, source, retired, duplicate_metres, duplicate_hours, changed_by, changed_at)
select district_id, category_code, version, name, english_name, level, priority, resolve_hours, clock, after_photo,
    department_code, tile, source, retired, duplicate_metres, duplicate_hours, district_id, now()
from tickets.category where district_id = '00000000-0000-0000-0000-000000000000';

-- A row changes only by its next version. The build before wrote its own list at every start: beside this schema that leaves the rows alone.
create function tickets.leave_row() returns trigger language plpgsql as $$ begin return null; end $$;
create trigger category_goes_forward before update on tickets.category
    for each row when (new.version <= old.version) execute function tickets.leave_row();

-- What the class of some categories is called: the first two digits of their codes. A district's own name wins over the suite's.
create table tickets.category_class (
    district_id uuid not null,
    class text not null constraint category_class_digits check (class ~ '^[0-9]{2}$'),
    name text not null,
    source text not null,
    -- 0: as the suite came. Each version is in the log of actions.
    version integer not null default 0,
    constraint category_class_key primary key (district_id, class)
);
insert into tickets.category_class (district_id, class, name, source)
select '00000000-0000-0000-0000-000000000000', l.* from (values
    ('01', '公用设施', 'GB/T 47678.5-2026, one public transcription, to be verified'),
    ('02', '交通设施', 'GB/T 47678.5-2026, one public transcription, to be verified'),
    ('03', '市容环境设施', 'GB/T 47678.5-2026, one public transcription, to be verified'),
    ('04', '园林绿化设施', 'GB/T 47678.5-2026, one public transcription, to be verified'),
    ('06', '市容环境', 'GB/T 47678.5-2026, one public transcription, to be verified'),
    ('07', '宣传广告', 'GB/T 47678.5-2026, one public transcription, to be verified'),
    ('08', '施工管理', 'GB/T 47678.5-2026, one public transcription, to be verified'),
    ('09', '街面秩序', 'GB/T 47678.5-2026, one public transcription, to be verified'),
    ('10', '突发事件', 'GB/T 47678.5-2026, one public transcription, to be verified'),
    ('80', '紧急事件', 'the suite''s own'),
    ('81', '小区物业', 'the suite''s own'),
    ('83', '邻里纠纷', 'the suite''s own'),
    ('84', '民生服务', 'the suite''s own'),
    ('85', '安全隐患', 'the suite''s own'),
    ('86', '冰雪清理', 'the suite''s own'),
    ('87', '党建共建', 'the suite''s own'),
    ('99', '待分类', 'the suite''s own')
) as l (class, name, source);
