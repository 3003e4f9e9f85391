'use strict';
// Shows the messages that stayed inside, again every two seconds, and the demo people by role.
var CHANNELS = { sms: '短信', wecom: '企微群', app: '应用内' };
var EMPTY = '还没有消息。请求一个验证码试试：POST /v1/session-codes {"phone": "…"}';
var seen = '';

function element(name, className, text) {
  var node = document.createElement(name);
  node.className = className || '';
  if (text !== undefined) { node.textContent = text; }
  return node;
}

function copyButton(text) {
  var button = element('button', 'quiet', '复制');
  button.title = text;
  button.addEventListener('click', function () {
    var done = function () {
      button.textContent = '已复制 ✓';
      setTimeout(function () { button.textContent = '复制'; }, 1200);
    };
    if (navigator.clipboard) { navigator.clipboard.writeText(text).then(done); return; }
    var area = element('textarea');
    area.value = text;
    document.body.appendChild(area);
    area.select();
    document.execCommand('copy');
    document.body.removeChild(area);
    done();
  });
  return button;
}

function message(one) {
  var box = element('div', 'message');
  var head = element('div', 'head');
  head.appendChild(element('span', 'badge', CHANNELS[one.channel] || one.channel));
  head.appendChild(element('span', '', '→ ' + one.to));
  head.appendChild(element('span', '', new Date(one.at).toLocaleString('zh-CN', { timeZone: 'Asia/Shanghai', hour12: false })));
  box.appendChild(head);
  if (one.code) {
    var line = element('div', 'code', one.code + ' ');
    line.appendChild(copyButton(one.code));
    box.appendChild(line);
  }
  box.appendChild(element('div', 'text', one.text));
  return box;
}

function showMessages(list) {
  var wanted = document.getElementById('filter').value.trim();
  var shown = list.filter(function (one) { return !wanted || (one.to + ' ' + one.text).indexOf(wanted) >= 0; });
  var now = JSON.stringify([wanted, shown]);
  if (now === seen) { return; }
  seen = now;
  var root = document.getElementById('messages');
  root.textContent = '';
  if (!shown.length) { root.appendChild(element('p', 'hint', list.length ? '没有符合的消息。' : EMPTY)); }
  shown.slice(0, 100).forEach(function (one) { root.appendChild(message(one)); });
}

function refresh() {
  fetch('/sandbox/messages.json').then(function (response) { return response.json(); }).then(function (answer) {
    document.getElementById('state').textContent = '每 2 秒刷新';
    showMessages(answer.messages || []);
  }).catch(function () { document.getElementById('state').textContent = '连接中断，正在重试'; });
}

function row(person) {
  var line = element('tr');
  line.appendChild(element('td', '', person.name));
  line.appendChild(element('td', '', person.place_name + (person.district_name ? '（' + person.district_name + '）' : '')));
  var phone = element('td');
  phone.appendChild(element('code', '', person.phone + ' '));
  phone.appendChild(copyButton(person.phone));
  line.appendChild(phone);
  var at = person.location;
  line.appendChild(element('td', 'hint', at ? at.lng.toFixed(5) + ', ' + at.lat.toFixed(5) + ' ' + at.crs : ''));
  return line;
}

function showPeople(people, roles) {
  var root = document.getElementById('people');
  root.textContent = '';
  roles.forEach(function (role) {
    var own = people.filter(function (person) { return person.role === role.role; });
    if (!own.length) { return; }
    root.appendChild(element('h3', '', role.name + ' ' + role.role));
    var table = element('table');
    own.slice(0, 8).forEach(function (person) { table.appendChild(row(person)); });
    root.appendChild(table);
  });
}

function people() {
  Promise.all(['/sandbox/people.json?per_role=4', '/openapi.json'].map(function (address) {
    return fetch(address).then(function (response) {
      if (!response.ok) { throw new Error(response.status); }
      return response.json();
    });
  })).then(function (answers) { showPeople(answers[0].people || [], answers[1]['x-role-names']); }).catch(function () { setTimeout(people, 3000); });
}

// What members do with their WeChat, and what may happen to a notice.
var ACTIONS = [
  ['用户确认', 'confirm', {}, ['WAIT_USER_CONFIRM']],
  ['24 小时过期', 'expire', {}, ['WAIT_USER_CONFIRM']],
  ['余额补足', 'top-up', {}, ['PROCESSING']],
  ['重复通知', 'notify', { times: 5 }, null],
  ['错误签名', 'notify', { forged: true }, null],
  ['重放旧通知', 'notify', { minutes_old: 60 }, null]
];
var TRANSFER_STATES = {
  ACCEPTED: '已受理', PROCESSING: '处理中', WAIT_USER_CONFIRM: '待用户确认', TRANSFERING: '转账中', CANCELING: '撤销中',
  SUCCESS: '成功', FAIL: '失败', CANCELLED: '已撤销'
};
var seenTransfers = '';

function act(one, action, line) {
  var button = element('button', 'quiet', action[0]);
  button.addEventListener('click', function () {
    var body = { out_bill_no: one.out_bill_no };
    Object.keys(action[2]).forEach(function (key) { body[key] = action[2][key]; });
    fetch('/sandbox/wechat/' + action[1], {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body)
    }).then(function (response) { return response.json(); }).then(function (answer) {
      line.textContent = answer.statuses ? '回应 ' + answer.statuses.join('、') : TRANSFER_STATES[answer.state] || answer.message;
      setTimeout(transfers, 1500);
    }).catch(function () { line.textContent = '连接中断'; });
  });
  return button;
}

function transfer(one) {
  var box = element('div', 'message');
  var head = element('div', 'head');
  head.appendChild(element('span', 'badge', TRANSFER_STATES[one.state] || one.state));
  head.appendChild(element('span', '', (one.transfer_amount / 100).toFixed(2) + ' 元'));
  head.appendChild(element('span', '', one.out_bill_no));
  box.appendChild(head);
  box.appendChild(element('div', 'text', one.transfer_remark + (one.fail_reason ? '（' + one.fail_reason + '）' : '')));
  var line = element('span', 'hint');
  var buttons = element('div', 'head');
  ACTIONS.forEach(function (action) {
    if (!action[3] || action[3].indexOf(one.state) >= 0) { buttons.appendChild(act(one, action, line)); }
  });
  buttons.appendChild(line);
  box.appendChild(buttons);
  return box;
}

function transfers() {
  fetch('/sandbox/wechat/transfers').then(function (response) { return response.json(); }).then(function (answer) {
    var now = JSON.stringify(answer.transfers);
    if (now === seenTransfers) { return; }
    seenTransfers = now;
    var root = document.getElementById('transfers');
    root.textContent = '';
    if (!answer.transfers.length) { root.appendChild(element('p', 'hint', '还没有转账。')); }
    answer.transfers.slice(0, 50).forEach(function (one) { root.appendChild(transfer(one)); });
  }).catch(function () { seenTransfers = ''; });
}

document.getElementById('filter').addEventListener('input', refresh);
refresh();
transfers();
setInterval(refresh, 2000);
setInterval(transfers, 2000);
people();
