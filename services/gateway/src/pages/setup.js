'use strict';
// Sends the form with the one-time token of the link.
var given = new URLSearchParams(location.search).get('token') || '';
var FIELDS = ['district_name', 'district_code', 'name', 'phone'];
var outcome = document.getElementById('outcome');

function say(kind, text) {
  outcome.className = kind;
  outcome.textContent = text;
}

function line(text, link, address) {
  var paragraph = document.createElement('p');
  paragraph.appendChild(document.createTextNode(text));
  if (link) {
    var anchor = document.createElement('a');
    anchor.href = address;
    anchor.textContent = link;
    paragraph.appendChild(anchor);
  }
  document.getElementById('next').appendChild(paragraph);
}

function label(field) {
  var own = document.querySelector('label[for="' + field + '"]');
  return own ? own.firstChild.textContent.trim() : '';
}

function done(body, answer) {
  history.replaceState(null, '', '/setup/');
  document.getElementById('form').querySelectorAll('input, button').forEach(function (node) { node.disabled = true; });
  say('good', '已完成。管理员可以用手机号 ' + body.phone + ' 登录。');
  line('区编号 district_id：' + answer.district_id);
  fetch('/sandbox/messages.json').then(function (response) {
    if (response.ok) { line('登录验证码在这里看：', '外发收件箱', '/sandbox/'); }
  });
  line('下一步，导入地点与人员：hemei import … --district ' + body.district_code);
}

function refused(answer) {
  if (answer.code === 'FIELD_INVALID' && (answer.fields || []).some(function (one) { return one.field === 'token'; })) {
    return say('wrong', '链接不完整或已失效，请用启动时显示的完整链接重新打开。');
  }
  var labels = (answer.fields || []).map(function (one) { return label(one.field) || one.field; });
  say('wrong', answer.message + (labels.length ? '（' + labels.join('、') + '）' : ''));
}

document.getElementById('form').addEventListener('submit', function (event) {
  event.preventDefault();
  var body = { token: given };
  FIELDS.forEach(function (name) { body[name] = document.getElementById(name).value.trim(); });
  say('', '……');
  fetch('/v1/setup', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }).then(function (response) {
    return response.json().then(function (answer) { if (response.ok) { done(body, answer); } else { refused(answer); } });
  }).catch(function (error) { say('wrong', '没有连上：' + error); });
});

if (!given) {
  say('wrong', '链接不完整：缺少 token。请复制启动时显示的完整链接 /setup/?token=…。This link is incomplete.');
  document.getElementById('form').querySelector('button').disabled = true;
}
