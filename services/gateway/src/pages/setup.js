'use strict';
// Sends the form with the one-time token of the link.
document.getElementById('form').addEventListener('submit', function (event) {
  event.preventDefault();
  var outcome = document.getElementById('outcome');
  var given = new URLSearchParams(location.search).get('token') || new URLSearchParams(location.search).get('t') || '';
  var body = { token: given };
  ['district_name', 'district_code', 'name', 'phone'].forEach(function (name) { body[name] = document.getElementById(name).value.trim(); });
  outcome.className = '';
  outcome.textContent = '……';
  fetch('/v1/setup', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }).then(function (response) {
    return response.json().then(function (answer) {
      if (response.ok) {
        history.replaceState(null, '', '/setup/');
        outcome.className = 'good';
        outcome.textContent = '已完成。现在可以用手机号 ' + body.phone + ' 登录。district_id: ' + answer.district_id;
      } else {
        var fields = (answer.fields || []).map(function (one) { return one.field + ': ' + one.description; }).join('; ');
        outcome.className = 'wrong';
        outcome.textContent = answer.message + (fields ? '（' + fields + '）' : '');
      }
    });
  }).catch(function (error) {
    outcome.className = 'wrong';
    outcome.textContent = '没有连上：' + error;
  });
});
